"""Ranges that overlap, against a search at each address."""

from __future__ import annotations

import random
from bisect import bisect_right
from typing import List, Tuple

from tests.cases import each

from dumpscope.dump.intervals import holders


def held(rows: List[Tuple[int, int]], ranks: List[int]) -> List[Tuple[int, int]]:
    return list(zip(*holders([base for base, _ in rows], [end for _, end in rows], ranks)))


def test_the_lowest_rank_counts_and_gaps_are_told() -> None:
    assert held([(10, 20), (15, 30), (40, 50)], [1, 0, 2]) == [(10, 0), (15, 1), (30, -1), (40, 2), (50, -1)]


def test_a_range_goes_on_after_one_inside_it() -> None:
    assert held([(0, 100), (10, 20)], [1, 0]) == [(0, 0), (10, 1), (20, 0), (100, -1)]


def test_a_place_where_the_holder_stays_is_not_told() -> None:
    assert held([(0, 100), (10, 20)], [0, 1]) == [(0, 0), (100, -1)]


def test_neighbours_leave_no_gap_and_nothing_has_no_place() -> None:
    assert held([(0, 8), (8, 16)], [1, 0]) == [(0, 0), (8, 1), (16, -1)]
    assert holders([], [], []) == ([], [])


@each("seed", range(20))
def test_as_a_search_at_each_address(seed: int) -> None:
    chance = random.Random(seed)
    rows = [(base, base + chance.randrange(1, 20)) for base in (chance.randrange(60) for _ in range(8))]
    ranks = chance.sample(range(100), len(rows))
    places, found = holders([base for base, _ in rows], [end for _, end in rows], ranks)
    for address in range(90):
        inside = [(rank, index) for index, ((base, end), rank) in enumerate(zip(rows, ranks)) if base <= address < end]
        at = bisect_right(places, address) - 1
        assert (found[at] if at >= 0 else -1) == (min(inside)[1] if inside else -1), address
