"""What of the unwind data of x64 is refused, and chains of it."""

from __future__ import annotations

import struct

import pytest
from tests.stacks.x64.test_unwind import ROW, info, reader

from dumpscope.stacks.x64.unwind import code_words, undo
from dumpscope.stacks.x64.unwindinfo import BadUnwind, MissingUnwind, read_chain, read_unwind_info


def test_a_row_may_stand_for_another() -> None:
    other = struct.pack("<III", 0x1000, 0x1050, 0x2100)
    chain = read_chain(reader(x2100=info(bytes.fromhex("0132")), x3300=other), ROW._replace(unwind=0x3301))
    assert chain[0][1].rva == 0x2100


def test_epilogues_of_version_2() -> None:
    # size 6, one at the end of the function and one that begins 0x123 before the end
    data = info(bytes.fromhex("0616 2316 0130".replace(" ", "")), version=2)
    found = read_unwind_info(reader(x2000=data), ROW._replace(end=0x1200))
    assert found.epilogues == ((0x11FA, 0x1200), (0x1200 - 0x123, 0x1200 - 0x123 + 6))
    assert [code.op for code in found.codes] == [0]
    assert code_words(found) == ["+0x1: UWOP_PUSH_NONVOL rbx"]


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", MissingUnwind, "not at hand"),
        (info(b"\0\0", version=7), BadUnwind, "version 7"),
        (info(b"\x01\x0f"), BadUnwind, "which is not one"),
        (info(b"\x01\x11"), BadUnwind, "needs 3 slots"),
        (bytes([1, 0, 9, 0]) + b"\0\0", MissingUnwind, "9 slots"),
        (info(b"", flags=4), MissingUnwind, "chained"),
        (info(b"\x01\x03"), BadUnwind, "names none"),
    ],
)
def test_bad_unwind_data(data: bytes, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        undo(read_chain(reader(x2000=data), ROW), 0x20)


def test_a_chain_that_never_ends() -> None:
    loop = info(b"", flags=4, behind=struct.pack("<III", 0x1000, 0x1100, 0x2000))
    with pytest.raises(BadUnwind, match="more than 32"):
        read_chain(reader(x2000=loop), ROW)
