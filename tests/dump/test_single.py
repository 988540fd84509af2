"""Streams of one structure: how much of it is read, and why there is none."""

from __future__ import annotations

from typing import Optional

import pytest

from dumpscope.dump.absence import DAMAGED, EMPTY, NOT_THERE, Absent
from dumpscope.dump.directory import Stream
from dumpscope.dump.single import Single, read_single
from dumpscope.dump.source import Source

FILE = bytes(range(1, 33))


def stream(size: int, rva: int) -> Stream:
    return Stream(0, 15, size, rva, 0)


@pytest.mark.parametrize(
    ("size", "rva", "data", "held"),
    [
        (8, 4, FILE[4:12], 8),
        (20, 4, FILE[4:12], 8),
        (4, 4, FILE[4:8] + bytes(4), 4),
        (8, 27, FILE[27:] + bytes(3), 5),
        (8, 28, FILE[28:] + bytes(4), 4),
    ],
)
def test_what_stream_and_file_have_is_read(size: int, rva: int, data: bytes, held: int) -> None:
    assert read_single(Source.from_object(FILE), stream(size, rva), 8, 4, "thing") == Single(data, held, rva)


@pytest.mark.parametrize(
    ("where", "kind", "words"),
    [
        (None, NOT_THERE, "no thing: the file holds no such stream"),
        (stream(0, 4), EMPTY, "with a size of 0"),
        (stream(3, 4), DAMAGED, "0x3 bytes are too few"),
        (stream(8, 29), DAMAGED, "of 0x8 bytes at 0x1d, the file holds 0x3"),
        (stream(8, 32), DAMAGED, "of 0x8 bytes at 0x20, the file holds none"),
    ],
)
def test_why_there_is_none(where: Optional[Stream], kind: str, words: str) -> None:
    found = read_single(Source.from_object(FILE), where, 8, 4, "thing")
    assert isinstance(found, Absent)
    assert found.kind == kind
    assert found.message.endswith(words)
