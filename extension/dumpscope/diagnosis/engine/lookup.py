"""Stretches of addresses in any order: which of them answers for an address, by halving and by a sweep."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from heapq import heappop, heappush
from itertools import accumulate
from typing import List, Sequence


class Sorted:
    """Stretches of addresses by where they begin: ``order`` has their numbers, ``bases`` and ``ends`` are as they were given."""

    def __init__(self, bases: Sequence[int], ends: Sequence[int]) -> None:
        self.bases = bases
        self.ends = ends
        self.order = sorted(range(len(bases)), key=bases.__getitem__)

    @cached_property
    def _starts(self) -> List[int]:
        return [self.bases[index] for index in self.order]

    @cached_property
    def _reached(self) -> List[int]:
        """How far the stretches reach up to each of them, by address."""
        return list(accumulate((self.ends[index] for index in self.order), max))

    def holder(self, address: int) -> int:
        """The number of the first stretch, as they were given, that holds an address; -1 where none does."""
        found = -1
        at = bisect_right(self._starts, address) - 1
        while at >= 0 and self._reached[at] > address:
            index = self.order[at]
            if self.ends[index] > address and (found < 0 or index < found):
                found = index
            at -= 1
        return found

    def following(self, address: int, last: bool) -> int:
        """The number of the first (or the last) of those that begin next above an address; -1 where none does."""
        at = bisect_right(self._starts, address)
        if at == len(self._starts):
            return -1
        return self.order[bisect_right(self._starts, self._starts[at]) - 1 if last else at]


class Unordered:
    """Answers from entries in any order."""

    def __init__(self, entries: Sorted, ties_last: bool) -> None:
        self._order, self._bases, self._ends = entries.order, entries.bases, entries.ends
        self._ties_last = ties_last
        self._next = 0
        self._open: List[int] = []

    def find(self, at: int) -> int:
        """The entry that answers for an address not below the last one; -1 where none does."""
        order, bases, ends = self._order, self._bases, self._ends
        while self._next < len(order) and bases[order[self._next]] <= at:
            heappush(self._open, order[self._next])
            self._next += 1
        while self._open and ends[self._open[0]] <= at:
            heappop(self._open)
        if self._open:
            return self._open[0]
        index = self._next
        if index == len(order):
            return -1
        if self._ties_last:
            while index + 1 < len(order) and bases[order[index + 1]] == bases[order[self._next]]:
                index += 1
        return order[index]
