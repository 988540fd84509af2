"""Processors by number, winnt.h's PROCESSOR_ARCHITECTURE and Breakpad's own."""

from __future__ import annotations

import pytest

from dumpscope.format.processors import NARROW_IMAGES, PROCESSORS, debugger_name, family


@pytest.mark.parametrize(
    ("number", "like", "name"),
    [(9, 0, "AMD64"), (12, 5, "ARM64"), (0x8003, 12, ""), (0x1234, -1, "")],
)
def test_families_and_the_debuggers_names(number: int, like: int, name: str) -> None:
    assert family(number) == family(like)
    assert debugger_name(number) == name


def test_families_differ_and_an_unknown_processor_has_none() -> None:
    assert len({family(0), family(1), family(3), family(5)}) == 4
    assert family(-1) == ""
    assert family(0xFFFF) == ""


def test_numbers_are_those_of_the_rows_and_images_those_of_32_bits() -> None:
    assert all(row.number == number for number, row in PROCESSORS.items())
    assert NARROW_IMAGES[0x14C] == 0
    assert 0x8664 not in NARROW_IMAGES
    assert 0xAA64 not in NARROW_IMAGES
