"""Ranges of a dump to be written: which are left out, cut and kept where they overlap."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from dumpscope.dump.source import Source
from dumpscope.errors import UsageError
from dumpscope.writing import memory
from dumpscope.writing.memory import MemoryPlan

END = 1 << 64


def settled(*pieces: Tuple[int, bytes]) -> Tuple[List[Tuple[int, bytes]], List[str]]:
    plan = MemoryPlan()
    for start, data in pieces:
        plan.add(start, data)
    plan.settle()
    assert plan.total == sum(item.size for item in plan.ranges)
    return [(item.start, item.some(0, item.size)) for item in plan.ranges], plan.notes


def test_ranges_keep_their_order_and_empty_ones_go() -> None:
    assert settled((0x30, b"cc"), (0x10, b"aa"), (0x12, b"bb")) == ([(0x30, b"cc"), (0x10, b"aa"), (0x12, b"bb")], [])
    assert settled((0x10, b"aa"), (0x11, b"")) == ([(0x10, b"aa")], ["1 memory range without bytes are left out"])


def test_ranges_that_overlap_with_the_same_bytes_stay() -> None:
    assert settled((0x10, b"abcd"), (0x12, b"cdef"), (0x11, b"bc")) == ([(0x10, b"abcd"), (0x12, b"cdef"), (0x11, b"bc")], [])


def test_of_ranges_with_other_bytes_the_later_is_cut() -> None:
    found, notes = settled((0x10, b"abcd"), (0x12, b"XXef"), (0x11, b"Y"))
    assert found == [(0x10, b"abcd"), (0x14, b"ef")]
    assert notes == ["2 memory ranges overlap others and hold other bytes: 0x3 bytes of the later ones are cut"]


def test_beyond_the_bytes_that_are_compared_a_range_is_cut_and_one_of_the_same_file_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "COMPARED", 1)
    assert settled((0x10, b"abcd"), (0x12, b"cdef"))[0] == [(0x10, b"abcd"), (0x14, b"ef")]
    plan, source = MemoryPlan(), Source.from_object(b"..abcdef")
    plan.add_copied(0x10, 4, source, 2)
    plan.add_copied(0x12, 4, source, 4)
    plan.settle()
    assert [(item.start, item.some(0, item.size)) for item in plan.ranges] == [(0x10, b"abcd"), (0x12, b"cdef")]
    assert plan.ranges[1].part(0x13, 0x15).some(0, 9)[:2] == b"de"


@pytest.mark.parametrize("start", [-1, END, END - 1])
def test_ranges_that_leave_the_address_space_are_refused(start: int) -> None:
    plan = MemoryPlan()
    for add in (lambda: plan.add(start, b"ab"), lambda: plan.add_copied(start, 2, Source.from_object(b"ab"), 0)):
        with pytest.raises(UsageError, match="leave the address space"):
            add()
    plan.add(END - 2, b"ab")
    assert plan.total == 2
