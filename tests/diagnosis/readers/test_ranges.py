"""Ranges of addresses by the rules of Breakpad's RangeMap (range_map-inl.h): none over another, cut only where the map allows it."""

from __future__ import annotations

from dumpscope.diagnosis.readers.ranges import LAST, Ranges


def test_a_range_holds_its_first_and_its_last_address() -> None:
    found = Ranges(False)
    assert found.store(0x1000, 0x100, 7)
    assert [found.find(address) for address in (0xFFF, 0x1000, 0x10FF, 0x1100)] == [None, 7, 7, None]


def test_ranges_side_by_side_are_kept() -> None:
    found = Ranges(False)
    assert found.store(0x2000, 0x100, 1)
    assert found.store(0x2100, 0x100, 2)
    assert found.store(0x1F00, 0x100, 3)
    assert [found.find(address) for address in (0x1FFF, 0x2000, 0x20FF, 0x2100)] == [3, 1, 1, 2]


def test_an_overlap_is_refused_where_nothing_may_be_cut() -> None:
    found = Ranges(False)
    assert found.store(0x1000, 0x100, 1)
    for base, size in ((0x10FF, 0x10), (0xF01, 0x100), (0x1010, 0x10), (0xF00, 0x400), (0x1000, 0x100)):
        assert not found.store(base, size, 2), hex(base)
    assert found.find(0x10FF) == 1
    assert found.find(0x1100) is None


def test_the_lower_of_two_is_cut() -> None:
    found = Ranges(True)
    assert found.store(0x1000, 0x100, 1)
    assert found.store(0x1080, 0x100, 2)  # the first one ends where this begins
    assert [found.find(address) for address in (0x107F, 0x1080, 0x117F, 0x1180)] == [1, 2, 2, None]
    assert found.store(0xF80, 0x100, 3)  # and this ends where the first one begins
    assert [found.find(address) for address in (0xF7F, 0xF80, 0xFFF, 0x1000)] == [None, 3, 3, 1]


def test_two_of_one_base_are_refused_even_then() -> None:
    found = Ranges(True)
    assert found.store(0x1000, 0x100, 1)
    assert not found.store(0x1000, 0x200, 2)
    assert found.find(0x10FF) == 1


def test_sizes_that_no_range_has() -> None:
    found = Ranges(True)
    assert not found.store(0x1000, 0, 1)
    assert not found.store(LAST, 2, 1)
    assert found.store(LAST, 1, 1)
    assert found.find(LAST) == 1
