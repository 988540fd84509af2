"""Rows of .pdata of ARM64: two words each, without an end."""

from __future__ import annotations

import struct

from tests.symbols.pe_builder import Part, build_pe

from dumpscope.dump.absence import EMPTY, Absent
from dumpscope.dump.source import Source
from dumpscope.stacks.arm64.functions import read_rows
from dumpscope.stacks.x64.functions import MAX_IMAGE, Rows
from dumpscope.stacks.x64.unwindinfo import Row
from dumpscope.symbols.image import Image, image_file

DATA = struct.pack("<4I", 0x1000, 0x3000, 0x1100, 0x3010)


def image_of(machine: int, size: int = len(DATA)) -> Image:
    found = image_file(Source.from_object(build_pe([Part(b".pdata", 0x2000, DATA)], {3: (0x2000, size)}, machine=machine)))
    assert isinstance(found, Image)
    return found


def test_a_row_goes_up_to_the_next_one() -> None:
    rows = read_rows(image_of(0xAA64))
    assert isinstance(rows, Rows)
    assert rows.at(0xFFF) is None
    assert rows.at(0x10FF) == Row(0x1000, MAX_IMAGE, 0x3000, 0, 0x2000)
    assert rows.at(0x1100) == rows.at(0x7FFF) == Row(0x1100, MAX_IMAGE, 0x3010, 1, 0x2008)


def test_other_machines_and_directories_without_a_row_have_none() -> None:
    for image, word in ((image_of(0x8664), "0x8664"), (image_of(0xAA64, 7), ".pdata")):
        found = read_rows(image)
        assert isinstance(found, Absent)
        assert found.kind == EMPTY
        assert word in found.message
