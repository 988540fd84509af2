"""Ranges of addresses as Breakpad's RangeMap keeps them: each by its last address, and none over another."""

from __future__ import annotations

from bisect import bisect_left
from typing import Dict, List, Optional, Tuple

MOST_CUTS = 100_000
LAST = 0xFFFFFFFFFFFFFFFF


class Ranges:
    """``lower`` cuts the range with the lower base where two overlap; else the later one is refused."""

    def __init__(self, lower: bool) -> None:
        self.lower = lower
        self._ends: List[int] = []
        self._rows: Dict[int, Tuple[int, int]] = {}
        self._cuts = 0

    def find(self, address: int) -> Optional[int]:
        """The entry of the range that holds an address."""
        at = bisect_left(self._ends, address)
        if at == len(self._ends):
            return None
        base, entry = self._rows[self._ends[at]]
        return entry if base <= address else None

    def store(self, base: int, size: int, entry: int) -> bool:
        """Keep a range; whether that is allowed."""
        while self._cuts < MOST_CUTS:
            high = base + size - 1
            if size <= 0 or high > LAST:
                return False
            first, last = bisect_left(self._ends, base), bisect_left(self._ends, high)
            if first != last:
                other = self._ends[first]
            elif last < len(self._ends) and self._rows[self._ends[last]][0] <= high:
                other = self._ends[last]
            else:
                if last == len(self._ends) or self._ends[last] != high:
                    self._ends.insert(last, high)
                    self._rows[high] = (base, entry)
                return True
            if not self.lower:
                return False
            self._cuts += 1
            other_base, other_entry = self._rows[other]
            if base < other_base:
                size = other_base - base
            elif other_base < base:
                self._ends.remove(other)
                del self._rows[other]
                if base - 1 not in self._rows:
                    self._ends.insert(bisect_left(self._ends, base - 1), base - 1)
                    self._rows[base - 1] = (other_base, other_entry)
            else:
                return False
        return False


__all__ = ["Ranges"]
