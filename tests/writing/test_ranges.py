"""Ranges: a sieve finds the same words as the ranges themselves, however many blocks of addresses they have."""

from __future__ import annotations

import random

import pytest
from tests.amount import part

from dumpscope.writing.ranges import MOST_BLOCKS, Ranges, Sieve

CASES = {
    "pages": [(0x10000, 0x12000), (0x7FF800000000, 0x7FF800200000)],
    "parts of pages": [(0x10008, 0x10010), (0x10FF8, 0x11008), (0x20000, 0x20001)],
    "all addresses": [(0, 1 << 64)],
    "more blocks than are known": [(0x1000 * 7 * number, 0x1000 * 7 * number + 0x800) for number in range(MOST_BLOCKS + 5)],
    "a few that are far apart": [(1 << shift, (1 << shift) + 0x1000) for shift in range(13, 64)],
    "the last byte": [((1 << 64) - 1, 1 << 64)],
    "none": [],
}


@pytest.mark.parametrize("name", CASES)
def test_a_sieve_finds_the_words_that_lie_in_the_ranges(name: str) -> None:
    ranges = Ranges(CASES[name])
    draw = random.Random(1)
    borders = [place + step for start, end in CASES[name][: part(2000, 4)] for place in (start, end) for step in (-4096, -1, 0, 1, 4095, 4096)]
    words = [word for word in borders if 0 <= word < 1 << 64] + [draw.getrandbits(draw.randrange(1, 65)) for _ in range(part(2000, 4))]
    sieve = Sieve(ranges)
    assert sieve.among(words) == [index for index, word in enumerate(words) if word in ranges]
    assert [word for word in words if word in sieve] == [word for word in words if word in ranges]


def test_a_sieve_of_two_takes_what_is_in_either() -> None:
    sieve = Sieve(Ranges([(0x1000, 0x1800)]), Ranges([(0x1900, 0x1A00), (0x5000, 0x7000)]))
    assert sieve.among([0xFFF, 0x1000, 0x17FF, 0x1800, 0x1900, 0x1A00, 0x5000, 0x6FFF, 0x7000]) == [1, 2, 4, 6, 7]
