"""Work that is counted, not timed: calls of functions, reads of a file and their bytes. No test passes or fails by the clock."""

from __future__ import annotations

import cProfile
from typing import Callable, NamedTuple, Tuple, TypeVar

from dumpscope.dump.source import Source

T = TypeVar("T")

PATIENCE = 900
"""Seconds after which a test gives up on another program that hangs. It is no verdict on its speed: no machine that works is so busy."""

POLLS = 9000
"""How often a test looks for what another program or thread is to do, a short sleep each time, before it gives up."""


class Work(NamedTuple):
    """What a piece of work took: calls of functions (Python's own too, a generator's every step), reads of the source, and their bytes."""

    calls: int
    reads: int
    bytes: int


class CountingSource(Source):
    """The bytes of a dump, which count what is read of them."""

    reads = 0
    read_bytes = 0

    def fetch(self, offset: int, size: int) -> bytes:
        """A read, counted."""
        self.reads += 1
        self.read_bytes += size
        return super().fetch(offset, size)


def calls_of(function: Callable[[], T]) -> Tuple[T, int]:
    """What a function gives, and how many calls it took: the same number on any machine, however busy."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        result = function()
    finally:
        profile.disable()
    return result, sum(entry.callcount for entry in profile.getstats())
