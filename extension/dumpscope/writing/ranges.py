"""Ranges of addresses and pieces of a file, in which what touches a window is found quickly."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import Iterable, Iterator, List, Optional, Sequence, Set, Tuple


class Ranges:
    """Sorted ranges without overlaps, made from any."""

    def __init__(self, ranges: Iterable[Tuple[int, int]]) -> None:
        self.starts: List[int] = []
        self.ends: List[int] = []
        for start, end in sorted(ranges):
            if start >= end:
                continue
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(self.ends[-1], end)
            else:
                self.starts.append(start)
                self.ends.append(end)

    def __contains__(self, value: int) -> bool:
        at = bisect_right(self.starts, value) - 1
        return at >= 0 and value < self.ends[at]

    def end_of(self, value: int) -> Optional[int]:
        """Where the range ends that a value lies in; None where it lies in none."""
        at = bisect_right(self.starts, value) - 1
        return self.ends[at] if at >= 0 and value < self.ends[at] else None

    def within(self, low: int, high: int) -> Iterator[Tuple[int, int]]:
        """The parts that lie between two places."""
        at = bisect_right(self.ends, low)
        while at < len(self.starts) and self.starts[at] < high:
            yield max(self.starts[at], low), min(self.ends[at], high)
            at += 1

    def without(self, low: int, high: int) -> Iterator[Tuple[int, int]]:
        """Start and size of the parts between two places that are in no range."""
        for start, end in self.within(low, high):
            if start > low:
                yield low, start - low
            low = end
        if high > low:
            yield low, high - low

    @property
    def total(self) -> int:
        """Places in all ranges together."""
        return sum(self.ends) - sum(self.starts)


MOST_BLOCKS = 1 << 17
"""Blocks of addresses that :class:`Sieve` knows at the most."""


class Sieve:
    """Tells which of many words lie in ranges. Addresses are known by blocks, so that the ranges themselves are looked at for few words."""

    def __init__(self, *ranges: Ranges) -> None:
        self._ranges = ranges
        shift = 12
        spans = [(start, end) for each in ranges for start, end in zip(each.starts, each.ends)]
        while sum((end - 1 >> shift) - (start >> shift) + 1 for start, end in spans) > MOST_BLOCKS and shift < 64:
            shift += 1
        self._shift = shift
        self._inside: Set[int] = set()
        self._edges: Set[int] = set()
        for start, end in spans:
            low, high = -(-start >> shift), end >> shift
            self._inside.update(range(low, high))
            self._edges.update((start >> shift, end - 1 >> shift))
        self._edges -= self._inside
        self._blocks = self._inside | self._edges

    def __contains__(self, value: int) -> bool:
        block = value >> self._shift
        return block in self._inside or (block in self._edges and any(value in each for each in self._ranges))

    def among(self, words: Sequence[int]) -> List[int]:
        """The numbers, from 0, of the words that lie in the ranges."""
        shift, blocks, edges = self._shift, self._blocks, self._edges
        found = [index for index, word in enumerate(words) if word >> shift in blocks]
        if not edges:
            return found
        return [index for index in found if words[index] >> shift not in edges or words[index] in self]


class Spans:
    """Pieces of the file with a number each, sorted, which may overlap: those that touch a window are found quickly."""

    def __init__(self, rows: Iterable[Tuple[int, int, int]], *, in_order: bool = False) -> None:
        self.starts, self.sizes, self.values, self.reach = array("Q"), array("Q"), array("Q"), array("Q")
        reach = 0
        for start, size, value in rows if in_order else sorted(rows):
            reach = max(reach, start + size)
            self.starts.append(start)
            self.sizes.append(size)
            self.values.append(value)
            self.reach.append(reach)

    def touching(self, low: int, high: int) -> Iterator[Tuple[int, int, int]]:
        """Start, size and number of each piece that has a byte between two places of the file."""
        for at in range(bisect_right(self.reach, low), bisect_left(self.starts, high)):
            if self.starts[at] + self.sizes[at] > low:
                yield self.starts[at], self.sizes[at], self.values[at]


def packed(start: int, size: int, value: int) -> int:
    """A piece as one number, which sorts as the three do. ``size`` is below 2**48, ``value`` below 256."""
    return (start << 48 | size) << 8 | value


def unpacked(number: int) -> Tuple[int, int, int]:
    """The piece that :func:`packed` made a number of."""
    return number >> 56, number >> 8 & 0xFFFFFFFFFFFF, number & 0xFF
