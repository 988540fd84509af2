"""Workers of a run: one that dies, takes too long or too much memory is one row, and the others are done."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Callable

import pytest
from tests.fleet.test_run import ALL, names

from dumpscope.fleet import triage
from dumpscope.fleet.workers import WorkerDied, Workers, WorkerTimeout


class Deadly(Workers):
    """Workers that die of one file."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(os._exit, 9) if args[0].path.endswith("a.dmp") else super().submit(fn, *args, **kwargs)


def test_a_worker_that_dies_is_a_row_and_the_others_are_done(folder: Path) -> None:
    with Deadly(2) as pool:
        rows = list(triage([str(folder)], executor=pool))
    assert names(rows) == ALL
    assert {os.path.basename(row["path"]): row["error"] for row in rows if str(row["error"]).startswith("the worker")} == {
        "a.dmp": "the worker ended with code 9"
    }


def test_a_call_that_takes_too_long_is_ended_and_the_next_one_is_done() -> None:
    with Workers(1, seconds=0.2) as pool:
        assert isinstance(pool.submit(time.sleep, 3600).exception(), WorkerTimeout)
    with Workers(1) as pool:
        assert isinstance(pool.submit(os._exit, 1).exception(), WorkerDied)
        assert pool.submit(len, "four").result() == 4
        assert isinstance(pool.submit(int, "x").exception(), ValueError)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit on memory is held on Linux")
def test_a_call_that_takes_too_much_memory_fails_alone() -> None:
    with Workers(1, memory=256 << 20) as pool:
        assert isinstance(pool.submit(bytearray, 1 << 30).exception(), MemoryError)
        assert pool.submit(len, "four").result() == 4
