"""What mending finds by looking: lists that stand elsewhere, directories, memory that lies on the directory."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from tests.cases import each

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.format.header import MINIDUMP_DIRECTORY
from dumpscope.writing.mend import CUT, INFERRED, mend

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RVA = MINIDUMP_DIRECTORY.offset_of("Location.Rva")


def mended(data: bytes) -> Minidump:
    out = io.BytesIO()
    mend(Source(data, "made.dmp")).write_to(out)
    result = Minidump(Source(out.getvalue(), "mended.dmp"))
    assert EngineView(result.source).opening.ok
    return result


@each("kind", [3, 4, 5, 12, 17])
@each("rva", [0, 0x10, 0x41, 0x7FFFFFFF])
def test_a_list_is_found_where_it_stands(kind: int, rva: int) -> None:
    data = bytearray((SAMPLES / "handles.dmp").read_bytes())
    with Minidump.open(bytes(data)) as dump:
        stream = dump.stream(kind)
        assert stream is not None
        struct.pack_into("<I", data, stream.offset + RVA, rva)
        mending = mend(Source(bytes(data), "made.dmp"))
        assert [(item.kind, item.offset, item.after) for item in mending.repairs if "RVA in the directory" in item.what] == [
            (INFERRED, stream.offset + RVA, f"0x{stream.rva:x}")
        ]
        result = mended(bytes(data))
        assert [thread[:5] for thread in result.threads] == [thread[:5] for thread in dump.threads]
        assert [row.name for row in result.handles] == [row.name for row in dump.handles]
        assert [module.path for module in result.modules] == [module.path for module in dump.modules]


def test_of_two_lists_that_would_fit_none_is_taken() -> None:
    data = bytearray((SAMPLES / "handles.dmp").read_bytes())
    with Minidump.open(bytes(data)) as dump:
        stream = dump.stream(4)
        assert stream is not None
        data += data[stream.rva : stream.end]
        struct.pack_into("<I", data, stream.offset + RVA, 0x7FFFFFFF)
    assert not any("RVA in the directory" in item.what for item in mend(Source(bytes(data), "made.dmp")).repairs)


@pytest.mark.parametrize("count", [0, 1, 3, 1000, 0xFFFFFFFF])
def test_a_directory_with_unused_entries_between_others_is_counted_whole(count: int) -> None:
    data = bytearray((SAMPLES / "handles.dmp").read_bytes())
    with Minidump.open(bytes(data)) as dump:
        system = dump.stream(7)
        assert system is not None
        names = [module.path for module in dump.modules]
        threads = [thread.tid for thread in dump.threads]
        used = [stream.index for stream in dump.streams if stream.type]
    spare = next(index for index in used if index not in (0, 1) and index < system.index and index != 2)
    data[0x20 + 12 * spare : 0x20 + 12 * spare + 12] = bytes(12)
    for rva in (0x20, 0x7FFFFFFF):
        struct.pack_into("<II", data, 8, count, rva)
        result = mended(bytes(data))
        assert [thread.tid for thread in result.threads] == threads
        assert [module.path for module in result.modules] == names


def test_memory_on_the_directory_is_cut_and_told() -> None:
    data = bytearray((SAMPLES / "handles.dmp").read_bytes())
    with Minidump.open(bytes(data)) as dump:
        end = dump.header.directory_rva + 12 * dump.header.stream_count
        first = next(item for item in dump.memory_list if item.rva == end)  # right behind the directory
        before = first.size
    struct.pack_into("<I", data, 8, dump.header.stream_count + 1)  # one entry more, which takes the first bytes of the range
    data[end : end + 12] = bytes(12)
    mending = mend(Source(bytes(data), "made.dmp"))
    assert not mending.sound
    assert any(item.kind == CUT and item.code == "OPN017" and "0xc bytes" in item.what for item in mending.repairs)
    result = mended(bytes(data))
    assert [item.size for item in result.memory_list if item.start == first.start + 12] == [before - 12]
