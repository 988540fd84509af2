"""Stretches of addresses in any order: which of them answers for an address, by halving and by a sweep."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from heapq import heappop, heappush
from itertools import accumulate, islice, zip_longest
from operator import gt, lt
from typing import List, Optional, Sequence


class Sorted:
    """Stretches of addresses by where they begin: ``order`` has their numbers, ``bases`` and ``ends`` are as they were given.

    Who has the order already gives it. ``reaches`` are the ends with 0 for a stretch of which ``bases`` and ``ends`` are only the low
    bits, where there are such.
    """

    def __init__(self, bases: Sequence[int], ends: Sequence[int], order: Optional[List[int]] = None, reaches: Optional[Sequence[int]] = None) -> None:
        self.bases = bases
        self.ends = ends
        self._reaches = ends if reaches is None else reaches
        self.order = sorted(range(len(bases)), key=bases.__getitem__) if order is None else order

    @cached_property
    def starts(self) -> List[int]:
        """Where they begin, by address."""
        return list(map(self.bases.__getitem__, self.order))

    @cached_property
    def _reached(self) -> List[int]:
        """How far the stretches reach up to each of them, by address."""
        return list(accumulate(map(self.ends.__getitem__, self.order), max))

    @cached_property
    def clashes(self) -> List[int]:
        """Places, by address, of the stretches that are empty, wrap, or reach over the next one; after them how many stretches there are."""
        starts, ends = self.starts, list(map(self._reaches.__getitem__, self.order))
        good = list(map(lt, starts, ends))
        reaching = list(map(gt, ends, islice(starts, 1, None)))
        if all(good) and not any(reaching):
            return [len(ends)]
        return [*(at for at, (fine, over) in enumerate(zip_longest(good, reaching)) if over or not fine), len(ends)]

    def holder(self, address: int) -> int:
        """The number of the first stretch, as they were given, that holds an address; -1 where none does."""
        found = -1
        at = bisect_right(self.starts, address) - 1
        while at >= 0 and self._reached[at] > address:
            index = self.order[at]
            if self.ends[index] > address and (found < 0 or index < found):
                found = index
            at -= 1
        return found

    def following(self, address: int, last: bool) -> int:
        """The number of the first (or the last) of those that begin next above an address; -1 where none does."""
        at = bisect_right(self.starts, address)
        if at == len(self.starts):
            return -1
        return self.order[bisect_right(self.starts, self.starts[at]) - 1 if last else at]


class Unordered:
    """Answers from entries in any order."""

    def __init__(self, entries: Sorted, ties_last: bool) -> None:
        self._entries = entries
        self._order, self._starts, self._ends = entries.order, entries.starts, entries.ends
        self._ties_last = ties_last
        self._next = 0
        self._open: List[int] = []

    def find(self, at: int) -> Sequence[int]:
        """The entry that answers for an address not below the last one, and those that answer after it, each of them once, as long as none
        lies over another one; nothing where none answers."""
        order, starts, ends, opened = self._order, self._starts, self._ends, self._open
        following = self._next
        while following < len(order) and starts[following] <= at:
            if ends[order[following]] > at:
                heappush(opened, order[following])
            following += 1
        self._next = following
        while opened and ends[opened[0]] <= at:
            heappop(opened)
        if opened:
            return opened[:1]
        clashes = self._entries.clashes
        clash = clashes[bisect_left(clashes, following)]
        if clash > following:
            self._next = clash
            return order[following:clash]
        if following == len(order):
            return ()
        if self._ties_last:
            base = starts[following]
            while following + 1 < len(order) and starts[following + 1] == base:
                following += 1
        return (order[following],)
