"""The structures that bytes of a page are read with."""

from __future__ import annotations

from typing import Any, List

import pytest

from dumpscope.anatomy.node import BLOB, CODEVIEW, OBJECT, RECORD, Node
from dumpscope.atlas.shapes import ShapeTable, parts_of
from dumpscope.dump.source import Source
from dumpscope.format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER


def names(data: bytes, kind: str, what: str = "x", structure: Any = None) -> List[Any]:
    node = Node(0, len(data), kind, what, structure, None, True)
    return [(shape.name, at) for shape, at in parts_of(node, Source.from_object(data))]


@pytest.mark.parametrize(
    ("data", "what", "found"),
    [
        (b"RSDS" + bytes(24), "CodeView", ["CV_INFO_PDB70"]),
        (b"NB10" + bytes(16), "CodeView", ["CV_INFO_PDB20"]),
        (b"BpEL" + bytes(20), "CodeView", ["CV_INFO_ELF"]),
        (b"ZZZZ" + bytes(20), "CodeView", []),
        (b"RSDS" + bytes(24), "IMAGE_DEBUG_MISC", ["IMAGE_DEBUG_MISC"]),
    ],
)
def test_symbols_by_their_signature(data: bytes, what: str, found: List[str]) -> None:
    assert [name for name, at in names(data, CODEVIEW, what) if at == 0] == found


def test_object_information_has_a_head_and_what_its_type_says() -> None:
    # NextInfoRva, InfoType, SizeOfInfo: MiniEvent1 (3) is told in 8 or in 16 bytes, and in no other size.
    head = "MINIDUMP_HANDLE_OBJECT_INFORMATION"
    for size, count in ((16, 2), (8, 2), (9, 1)):
        found = names(bytes(4) + b"\3\0\0\0" + bytes([size, 0, 0, 0]) + bytes(size), OBJECT)
        assert found[0] == (head, 0)
        assert len(found) == count
        assert all(at == 12 for _, at in found[1:])
    assert names(bytes(4) + b"\x63\0\0\0\x10\0\0\0", OBJECT) == names(bytes(5), OBJECT) == [(head, 0)]


def test_a_head_of_a_list_is_its_count() -> None:
    assert names(bytes(4), RECORD, "list > header") == [("ULONG32", 0)]
    assert names(bytes(8), RECORD, "list > header") == [("ULONG32[2]", 0)]
    assert names(bytes(12), RECORD, "list > header") == names(bytes(4), BLOB, "list > header") == names(bytes(4), RECORD, "list > record") == []
    assert names(bytes(32), RECORD, "list > header", MINIDUMP_HEADER) == [("MINIDUMP_HEADER", 0)]


def test_each_structure_and_combination_has_one_number() -> None:
    table = ShapeTable()
    assert table.combination([]) == -1
    assert table.combination([(MINIDUMP_HEADER, 0)]) == 0
    assert table.combination([(MINIDUMP_HEADER, 0), (MINIDUMP_DIRECTORY, 32)]) == 1
    assert table.combination([(MINIDUMP_HEADER, 0)]) == 0
    assert table.combination([(MINIDUMP_HEADER, 4)]) == 2
    assert table.parts == [[0, 0], [0, 0, 1, 32], [0, 4]]
    assert [(shape["name"], shape["size"]) for shape in table.shapes] == [("MINIDUMP_HEADER", 32), ("MINIDUMP_DIRECTORY", 12)]
    flags = next(leaf for leaf in table.shapes[0]["leaves"] if leaf[0] == "Flags")
    assert flags[1:4] == [24, 8, "Q"]
    assert table.values[flags[8]]["flags"]
