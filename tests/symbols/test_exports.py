"""Exports of an image: ordinals, forwarders, the last one before an address, and directories that claim too much."""

from __future__ import annotations

import struct
from typing import Dict, Tuple

from tests.symbols.test_image import Counting, opened

from dumpscope.symbols.exports import MAX_EXPORTS, read_exports

from .pe_builder import EXPORTS, Named, example, export_directory


def test_exports_with_ordinals_and_forwarders() -> None:
    image = opened(example()[0])
    exports = image.exports
    assert exports.name == "example.dll"
    assert len(exports) == len(EXPORTS)
    by_ordinal: Dict[int, Tuple[str, int, str]] = {export.ordinal: (export.name, export.rva, export.forwarder) for export in exports}
    for ordinal, expected in enumerate(EXPORTS, 1):
        name, rva, forwarder = by_ordinal[ordinal]
        assert (name, forwarder) == (expected.name, expected.forwarder)
        assert forwarder or rva == expected.rva
    assert exports.aliases(0x1000) == ["alpha", "zeta"]


def test_the_last_export_before_an_address() -> None:
    exports = opened(example()[0]).exports
    assert exports.at(0xFFF) is None
    for address, ordinal in ((0x1020, 3), (0x103F, 3), (0x1065, 5), (0x1FFF, 10), (0x2FFF, 9)):
        found = exports.at(address)
        assert found is not None
        assert found.ordinal == ordinal


def test_a_bomb_of_exports_is_bounded() -> None:
    head = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, 0x100, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0x200, 0x300, 0x400)
    reader = Counting(head)
    exports = read_exports(reader.read, 0, 0x1000)
    assert len(exports) == MAX_EXPORTS
    assert reader.given < 11 * MAX_EXPORTS
    found = exports.at(0x01010101)
    assert found is not None
    assert len(found.name) <= 4096


def test_names_that_lie_over_each_other_cost_their_numbers() -> None:
    """65,536 names that share one long text: only what is asked for is decoded."""
    reader = Counting(struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, 0x100, 1, MAX_EXPORTS, MAX_EXPORTS, 0x200, 0x200, 0x200))
    exports = read_exports(reader.read, 0, 0x10)
    before = reader.given
    exports.at(0x01010101)
    assert reader.given - before < 0x10000


def test_the_builder_places_forwarders_inside_the_directory() -> None:
    blob = export_directory(0x3000, "a.dll", (Named("f", 0, "B.g"),))
    assert b"B.g\0" in blob
