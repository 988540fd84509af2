"""Parts of a dump by its structures: lengths of texts that cannot be, and the parts of an image that a program cannot write."""

from __future__ import annotations

import pytest
from samples.writer import DumpBuilder
from tests.symbols.pe_builder import BASE64, Part, build_pe

from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.writing.parts import fixed_parts, text_length

TEXT = "ab".encode("utf-16-le")


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"\4\0\0\0" + TEXT + b"\0\0", 4),
        (b"\5\0\0\0" + TEXT + b"\0\0", 4),  # half a character
        (b"\0\0\0\0" + TEXT, 0),
        (b"\xff\0\0\0" + TEXT + b"\0\0zz", 4),  # longer than the file: up to the terminator
        (b"\0\0\1\0" + TEXT + b"\0\0" + bytes(1 << 16), 4),  # longer than a UNICODE_STRING can be
        (b"\xff\0\0\0" + TEXT, 0),
        (b"\4\0", 0),
    ],
    ids=["plain", "half a character", "empty", "longer than the file", "longer than a text can be", "without a terminator", "cut"],
)
def test_length_of_a_text(data: bytes, length: int) -> None:
    assert text_length(Source.from_object(data), 0) == length


def image(captured: int = 0x1000) -> Minidump:
    file = build_pe([Part(b".text", 0x1000, b"\xcc" * 0x200, 0x60000020), Part(b".data", 0x2000, bytes(64), 0xC0000040), Part(b".rdata", 0x3000, bytes(48))])
    builder = DumpBuilder("amd64")
    builder.add_system_info()
    builder.add_memory(BASE64, file[:0x400].ljust(0x1000, b"\0")[:captured])
    builder.add_memory_list()
    return Minidump.open(builder.build())


def test_headers_and_sections_that_cannot_be_written() -> None:
    with image() as dump:
        assert fixed_parts(dump, BASE64, BASE64 + 0x5000) == [
            (BASE64, BASE64 + 0x1000), (BASE64 + 0x1000, BASE64 + 0x1200), (BASE64 + 0x3000, BASE64 + 0x3030),
        ]  # fmt: skip
        assert fixed_parts(dump, BASE64, BASE64 + 0x1100)[1] == (BASE64 + 0x1000, BASE64 + 0x1100), "no part goes beyond the module"
        assert fixed_parts(dump, BASE64 + 0x100, BASE64 + 0x5000) == []


@pytest.mark.parametrize("captured", [0x20, 0x3F, 0x90])
def test_headers_that_are_not_captured_have_no_parts(captured: int) -> None:
    with image(captured) as dump:
        assert fixed_parts(dump, BASE64, BASE64 + 0x5000) == []
