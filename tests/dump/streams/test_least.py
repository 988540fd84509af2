"""Streams of one structure: how many bytes must be there at the least, in the stream and in the file."""

from __future__ import annotations

import struct
from typing import Any, Callable, NamedTuple

import pytest
from samples.writer import DumpBuilder

from dumpscope.dump.absence import DAMAGED, EMPTY, NOT_THERE, Absent
from dumpscope.dump.minidump import Minidump


class Case(NamedTuple):
    """A stream, the size that is enough for a reader of it, and how it is read."""

    kind: int
    least: int
    what: str
    read: Callable[[Minidump], Any]


CASES = [
    Case(0x43500001, 4, "Crashpad information", lambda dump: dump.annotations),
    Case(0x4D7A0002, 12, "macOS boot arguments", lambda dump: dump.mozilla.boot_arguments),
    Case(0x47670001, 4, "Breakpad information", lambda dump: dump.breakpad.info),
    Case(0x47670002, 8, "assertion", lambda dump: dump.breakpad.assertion),
    Case(0x4767000A, 40, "dynamic linker's list", lambda dump: dump.breakpad.shared_objects),
]


def opened(kind: int, data: bytes, size: int) -> Minidump:
    """A dump of a 64-bit Linux process that ends with these bytes of a stream that claims a size."""
    builder = DumpBuilder(slots=2)
    builder.add_system_info(platform=0x8201)
    builder.add_entry(kind, size, builder.append(data))
    return Minidump.open(builder.build())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what.replace(" ", "-"))
def test_the_least_that_a_stream_needs(case: Case) -> None:
    body = bytes(struct.pack("<11I", *range(1, 12)))
    for size in (case.least, case.least + 1):
        assert not isinstance(case.read(opened(case.kind, body, size)), Absent)
    for size in (1, case.least - 1):
        found = case.read(opened(case.kind, body, size))
        assert isinstance(found, Absent)
        assert found.kind == DAMAGED
        assert found.message.startswith(f"{case.what} cannot be read: ")
        assert found.message.endswith(f": 0x{size:x} bytes are too few")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what.replace(" ", "-"))
def test_a_stream_that_the_file_cuts(case: Case) -> None:
    held = bytes(range(1, case.least))
    dump = opened(case.kind, held, case.least)
    found = case.read(dump)
    assert isinstance(found, Absent)
    stream = dump.stream(case.kind)
    assert stream is not None
    assert found.message.endswith(f"of 0x{case.least:x} bytes at 0x{stream.rva:x}, the file holds 0x{len(held):x}")
    assert not isinstance(case.read(opened(case.kind, bytes(range(1, case.least + 1)), case.least + 100)), Absent)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what.replace(" ", "-"))
def test_no_stream_and_one_without_bytes(case: Case) -> None:
    empty = case.read(opened(case.kind, b"", 0))
    assert (empty.kind, empty.message.startswith(f"no {case.what}: ")) == (EMPTY, True)
    none = case.read(opened(0x12345678, b"1234", 4))
    assert (none.kind, none.message) == (NOT_THERE, f"no {case.what}: the file holds no such stream")
