"""Threads in the place of the workers of ``triage``: each worker is a process, which imports the package first. The rows are the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dumpscope.fleet.workers import DEFAULT_MEMORY, DEFAULT_TIME


class Threads(ThreadPoolExecutor):
    """What is asked of ``Workers``, without their limits."""

    def __init__(self, jobs: int = 1, seconds: float = DEFAULT_TIME, memory: int = DEFAULT_MEMORY) -> None:
        super().__init__(jobs)
        self.jobs = jobs


def use_threads(patch: pytest.MonkeyPatch) -> None:
    """Have ``triage`` use threads."""
    patch.setattr("dumpscope.fleet.run.Workers", Threads)
    patch.setattr("dumpscope.commands.triage.Workers", Threads)
