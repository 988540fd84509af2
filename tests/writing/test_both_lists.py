"""Dumps with both lists of memory, as LLDB writes them: stacks in the one of 32 bits, all else in the other. The debugger takes them with neither flag."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import List, Tuple

import pytest

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.writing import DumpBuilder
from dumpscope.writing.mend import FIXED, mend

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
STACK = 0x7000_0000_0000


def both_lists(flags: int, ranges: List[Tuple[int, bytes]]) -> bytes:
    """A dump of full memory, and a MemoryListStream of other ranges at the end, in an entry of the directory that was unused."""
    data = bytearray((SAMPLES / "full-memory-list-without-flag.dmp").read_bytes())
    struct.pack_into("<Q", data, 24, flags)
    rows = [struct.pack("<I", len(ranges))]
    for address, content in ranges:
        rows.append(struct.pack("<QII", address, len(content), len(data)))
        data += content
    with Minidump.open(bytes(data)) as dump:
        unused = next(stream for stream in dump.streams if not stream.type)
    struct.pack_into("<III", data, unused.offset, 5, sum(map(len, rows)), len(data))
    return bytes(data) + b"".join(rows)


@pytest.mark.parametrize("flags", [0, 0x2])
def test_the_memory_of_both_lists_is_in_the_mended_dump(flags: int) -> None:
    with Minidump.open(str(SAMPLES / "full-memory-list-without-flag.dmp")) as dump:
        before = [(item.start, item.size) for item in dump.memory64_list]
        first, size = before[0]
        content = dump.memory.read(first, size)
    stack = bytes(range(256)) * 16
    data = both_lists(flags, [(STACK, stack), (first - 0x100, b"\xee" * 0x180), (first + size - 8, b"\xdd" * 24)])
    assert not EngineView(Source(data, "lldb.dmp")).opening.ok
    mending = mend(Source(data, "lldb.dmp"))
    assert {repair.kind for repair in mending.repairs} == {FIXED}
    assert "its 3 ranges go into the Memory64ListStream" in mending.repairs[-1].what
    out = io.BytesIO()
    mending.write_to(out)
    result = Minidump(Source(out.getvalue(), "mended.dmp"))
    assert EngineView(result.source).opening.ok
    assert result.stream(5) is None
    assert result.memory.read(STACK, len(stack)) == stack
    assert result.memory.read(first, size) == content, "what both hold is that of the full list"
    assert result.memory.read(first - 0x100, 0x100) == b"\xee" * 0x100
    assert result.memory.read(first + size, 16) == b"\xdd" * 16
    found = sorted((item.start, item.size) for item in result.memory64_list)
    assert found == sorted([*before, (STACK, len(stack)), (first - 0x100, 0x100), (first + size, 16)])


def test_a_dump_of_both_lists_is_built_anew_with_each_byte_once() -> None:
    with Minidump.open(str(SAMPLES / "full-memory-list-without-flag.dmp")) as dump:
        first = dump.memory64_list[0]
        content = dump.memory.read(first.start, 0x40)
        total = dump.memory64_list.total
    with Minidump.open(both_lists(0x2, [(first.start, content)])) as dump:
        result = Minidump(Source(DumpBuilder.of(dump).to_bytes(), "anew.dmp"))
    assert result.memory64_list.total == total


def test_an_empty_second_list_is_left_out() -> None:
    mending = mend(Source(both_lists(0x2, []), "empty.dmp"))
    assert [repair.kind for repair in mending.repairs] == ["left out"]
