"""Files cut inside their captured memory: what is mended has the bytes that the file has at their addresses, and no others."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import List, Tuple

import pytest

from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.format.system import MINIDUMP_SYSTEM_INFO
from dumpscope.writing.mend import CUT, mend

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def held(dump: Minidump) -> List[Tuple[int, bytes]]:
    """Address and bytes of each range, as far as the file has them."""
    return sorted((item.start, dump.memory.read(item.start, item.held)) for items in (dump.memory_list, dump.memory64_list) for item in items if item.held)


def mended(data: bytes) -> Minidump:
    out = io.BytesIO()
    mending = mend(Source(data, "cut.dmp"))
    mending.write_to(out)
    assert CUT in {repair.kind for repair in mending.repairs}
    return Minidump(Source(out.getvalue(), "mended.dmp"))


@pytest.mark.parametrize("cut", [1, 0x80, 0x3FF, 0x400])
def test_registers_that_are_added_are_not_taken_for_memory(cut: int) -> None:
    """The registers of an older Breakpad's ARM64 dump are converted behind the end of the file, where the ranges that were cut would go on."""
    data = bytearray((SAMPLES / "breakpad-arm64-old.dmp").read_bytes())
    with Minidump.open(bytes(data)) as dump:
        (item,) = dump.memory_list
        assert item.size == 0x400
        stream = dump.stream(5)
        assert stream is not None
    where, content = len(data), bytes(range(1, 256)) * 5
    struct.pack_into("<I", data, stream.rva + 4 + 12, where)
    data += content[: 0x400 - cut]
    with Minidump.open(bytes(data)) as dump:
        before = held(dump)
    assert sum(len(part) for _, part in before) == 0x400 - cut
    assert held(mended(bytes(data))) == before


@pytest.mark.parametrize(("size", "short"), [(16, 16), (64, 64), (64, 16), (64, 3)])
def test_a_base_behind_a_text_is_not_moved_over_the_text(size: int, short: int) -> None:
    """A text lies between the list and the memory, and the file is cut by no more bytes: the sizes alone speak for memory that begins in the text."""
    data = bytearray((SAMPLES / "full-memory.dmp").read_bytes())
    with Minidump.open(bytes(data)) as dump:
        base, stream, system = dump.memory64_list.base_rva, dump.stream(9), dump.stream(7)
        assert stream is not None
        assert system is not None
        assert dump.memory64_list.expected_file_size == len(data)
    text = struct.pack("<I", size - 6) + "service pack".encode("utf-16-le")[: size - 6].ljust(size - 4, b"\0")
    struct.pack_into("<Q", data, stream.rva + 8, base + size)
    struct.pack_into("<I", data, system.rva + MINIDUMP_SYSTEM_INFO.offset_of("CSDVersionRva"), base)
    data = data[:base] + text + data[base:]
    cut = bytes(data[:-short])
    with Minidump.open(cut) as dump:
        before = held(dump)
        assert Facts.of(dump.source).right_base is None
    assert held(mended(cut)) == before
