"""Rows of .pdata: which one covers an address, and what is said where they are missing or cannot be."""

from __future__ import annotations

import struct
from typing import List, Optional, Tuple

import pytest
from tests.symbols.pe_builder import Part, build_pe

from dumpscope.dump.absence import DAMAGED, EMPTY, NOT_CAPTURED, Absent
from dumpscope.dump.source import Source
from dumpscope.stacks.x64.functions import MAX_IMAGE, Rows, read_columns, read_rows
from dumpscope.stacks.x64.unwindinfo import Row
from dumpscope.symbols.image import Image, image_file

ROWS = [(0x1000, 0x1010, 0x3000), (0x1020, 0x1030, 0x3004)]


def image_of(data: bytes, *, size: Optional[int] = None, machine: int = 0, rva: int = 0x2000) -> Image:
    """An image with these bytes at 0x2000, and its exception directory."""
    held = len(data) if size is None else size
    found = image_file(Source.from_object(build_pe([Part(b".pdata", 0x2000, data)], {3: (rva, held)}, machine=machine, file_alignment=4)))
    assert isinstance(found, Image)
    return found


def packed(rows: List[Tuple[int, int, int]]) -> bytes:
    return b"".join(struct.pack("<III", *row) for row in rows)


@pytest.mark.parametrize(
    ("rva", "number"),
    [(0xFFF, None), (0x1000, 0), (0x100F, 0), (0x1010, None), (0x101F, None), (0x1020, 1), (0x102F, 1), (0x1030, None)],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_row_that_covers_an_address_whatever_their_order(rva: int, number: Optional[int], turned: bool) -> None:
    rows = read_rows(image_of(packed(ROWS[::-1] if turned else ROWS)))
    assert isinstance(rows, Rows)
    assert len(rows) == 2
    if number is None:
        assert rows.at(rva) is None
    else:
        index = 1 - number if turned else number
        assert rows.at(rva) == Row(*ROWS[number], index, 0x2000 + 12 * index)


def test_zeros_behind_the_rows_are_none() -> None:
    rows = read_rows(image_of(packed(ROWS) + bytes(24)))
    assert isinstance(rows, Rows)
    assert len(rows) == 2
    assert rows.whole


def test_behind_the_last_row_at_hand_nothing_is_claimed() -> None:
    rows = read_rows(image_of(packed(ROWS), size=36))
    assert isinstance(rows, Rows)
    assert not rows.whole
    assert rows.at(0x1018) is None, "between rows that are at hand there is none"
    behind = rows.at(0x5000)
    assert isinstance(behind, Absent)
    assert (behind.kind, behind.message) == (NOT_CAPTURED, "the rows of .pdata after number 1 are not at hand")


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (image_of(packed(ROWS), rva=0), EMPTY),
        (image_of(packed(ROWS), size=11), EMPTY),
        (image_of(packed(ROWS), machine=0xAA64), EMPTY),
        (image_of(packed(ROWS), size=MAX_IMAGE + 1), DAMAGED),
        (image_of(packed(ROWS), rva=MAX_IMAGE + 1), DAMAGED),
        (image_of(packed(ROWS), rva=0x9000), NOT_CAPTURED),
    ],
    ids=["no directory", "less than a row", "another machine", "too large", "too far", "not at hand"],
)
def test_why_there_are_no_rows(image: Image, kind: str) -> None:
    found = read_rows(image)
    assert isinstance(found, Absent)
    assert found.kind == kind


def test_a_part_of_a_row_is_left_out() -> None:
    found = read_columns(image_of(packed(ROWS) + b"\x40\x10\0\0"), 12)
    assert not isinstance(found, Absent)
    assert [list(field) for field in found.fields] == [[0x1000, 0x1020], [0x1010, 0x1030], [0x3000, 0x3004]]
    assert found.whole, "the directory has no whole third row"
