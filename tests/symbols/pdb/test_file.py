"""Records of a PDB that follow one another, and where the parts of its DBI stream lead."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import List, Tuple

import pytest

from dumpscope.dump.source import Source
from dumpscope.symbols.pdb.file import TPI, Pdb, records

DATA = Path(__file__).resolve().parents[1] / "data"


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", 2 + len(body), kind) + body


WHOLE = record(0x1101, b"ab") + record(6, b"")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (WHOLE, [(0x1101, b"ab"), (6, b"")]),
        (WHOLE[:-1], [(0x1101, b"ab")]),
        (WHOLE[:6] + struct.pack("<HH", 1, 6) + WHOLE, [(0x1101, b"ab")]),  # too small for its kind
        (WHOLE[:6] + struct.pack("<HH", 3, 6), [(0x1101, b"ab")]),  # its body is not there
        (b"\x02\0\x06", []),
        (b"", []),
    ],
)
def test_records_end_where_one_does_not_fit(data: bytes, found: List[Tuple[int, bytes]]) -> None:
    assert list(records(data, 0)) == found
    assert list(records(b"\4\0\0\0" + data, 4)) == found


def test_places_and_symbols_of_a_program() -> None:
    source = Source.from_path(str(DATA / "tiny.pdb"))
    try:
        file = Pdb(source)
        assert (file.machine, file.pointer_size) == (0x8664, 8)
        assert file.place(0x1000) == (1, 0)
        assert file.place(0x1001) == (1, 1)
        assert file.place(0xFFF) is None, "in front of the first section"
        assert file.place(0x7FFF0000) is None
        symbols = file.symbols_at(1, 0)
        assert symbols[:4] == b"\4\0\0\0"  # CV_SIGNATURE_C13
        assert {kind for kind, _ in records(symbols, 4)} & {0x1110, 0x1147}  # a procedure
        assert file.symbols_at(99, 0) == b""
        first = 0x1000  # indexes below stand for types of the language
        assert file.record(TPI, first)[0]
        assert file.record(TPI, first - 1) == file.record(TPI, 1 << 30) == file.record(77, first) == (0, b"")
    finally:
        source.close()
