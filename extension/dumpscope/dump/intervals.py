"""Ranges of addresses that may overlap: which of them holds each address."""

from __future__ import annotations

from typing import List, Sequence, Tuple


def holders(bases: Sequence[int], ends: Sequence[int], ranks: Sequence[int]) -> Tuple[List[int], List[int]]:
    """Where, from the lowest address up, another range begins to hold what follows, and its number; -1 where none does.

    Of ranges that hold an address together, the one of the lowest rank counts.
    """
    from heapq import heappop, heappush

    order = sorted(range(len(bases)), key=bases.__getitem__)
    places: List[int] = []
    found: List[int] = []
    inside: List[Tuple[int, int]] = []
    coming = 0
    for place in sorted({*bases, *ends}):
        while coming < len(order) and bases[order[coming]] == place:
            heappush(inside, (ranks[order[coming]], order[coming]))
            coming += 1
        while inside and ends[inside[0][1]] <= place:
            heappop(inside)
        holder = inside[0][1] if inside else -1
        if not found or found[-1] != holder:
            places.append(place)
            found.append(holder)
    return places, found
