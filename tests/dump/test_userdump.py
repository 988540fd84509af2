"""User dumps of the old format: what is read of them, as themselves and as minidumps, and that damage ends in words."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
from tests.amount import some

from dumpscope.diagnosis.engine.opening import open_dump
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.dump.userdump import COUNTS, OFFSETS, UserDump
from dumpscope.errors import DumpError

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from samples.user_dumps import OldRegion, narrow_dump, wide_dump  # noqa: E402

BUILDERS: Any = [pytest.param(wide_dump, id="64"), pytest.param(narrow_dump, id="32")]
Build = Callable[..., bytes]


def opened(data: bytes) -> Minidump:
    return Minidump.open(data)


@pytest.mark.parametrize("build", BUILDERS)
def test_threads_modules_and_event(build: Build) -> None:
    wide = build is wide_dump
    with opened(build()) as dump:
        assert [(thread.tid, thread.suspend_count, thread.priority) for thread in dump.threads] == [(0x1A30, 0, 0), (0x1B44, 1, 2)]
        assert [thread.teb for thread in dump.threads] == ([0x7FF000, 0x7FD000] if wide else [0x7FFDE000, 0x7FFDD000])
        assert [(module.base, module.size) for module in dump.modules] == (
            [(0x140000000, 0x3000), (0x7FFC10000000, 0x2000)] if wide else [(0x400000, 0x3000), (0x77F00000, 0x2000)]
        )
        assert dump.modules[0].path == "C:\\demo\\demo.exe"
        assert [module.timestamp for module in dump.modules] == [0x5C3A1D20, 0x4A5BC007]
        assert dump.modules[0].checksum == 0x1234
        event = dump.exception
        assert (event.code, event.thread_id, event.address) == (0xC0000005, 0x1A30, 0x140001024 if wide else 0x401024)  # type: ignore[union-attr]
        assert tuple(event.parameters) == (0, 0x28)  # type: ignore[union-attr]
        assert dump.process.pid == 0x1A2C
        assert dump.system.build == (7601 if wide else 2195)  # type: ignore[union-attr]
        assert not list(dump.check())


@pytest.mark.parametrize("build", BUILDERS)
def test_registers_and_memory_are_those_of_the_file(build: Build) -> None:
    data = build()
    old = UserDump(Source(data, "x.dmp"))
    with Minidump(old.as_minidump()) as dump:
        for thread, record in zip(dump.threads, old.threads):
            assert dump.source.bytes(thread.context_rva, old.context_size, "registers") == data[record.context : record.context + old.context_size]
        assert dump.memory.total == sum(region.size for region in old.regions)
        for region in old.regions:
            assert region.place is not None
            assert dump.memory.read(region.base, region.size) == data[region.place : region.place + region.size]
        assert len(dump.regions) == len(old.regions)
        assert bytes(dump.source.buffer[0x60 : len(data)]) == data[0x60:]


def test_guard_pages_have_no_bytes() -> None:
    regions = [OldRegion(0x10000, b"A" * 64), OldRegion(0x23000, b"", 0x104), OldRegion(0x30000, b"F" * 64)]
    data = bytearray(wide_dump(regions=regions))
    place = data.index(struct.pack("<QQ", 0x23000, 0x23000))
    struct.pack_into("<Q", data, place + 24, 0x1000)
    with opened(bytes(data)) as dump:
        assert dump.memory.read(0x30000, 64) == b"F" * 64
        assert dump.memory.total == 128
        assert [region.size for region in dump.regions] == [64, 0x1000, 64]


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("name", [*COUNTS, *OFFSETS])
def test_a_header_that_is_not_filled_in_is_refused(build: Build, name: str) -> None:
    data = bytearray(build())
    layout = UserDump(Source(bytes(data), "x.dmp")).header_layout
    size = layout.leaf(name).field.size
    data[layout.offset_of(name) : layout.offset_of(name) + size] = bytes(size)
    with pytest.raises(DumpError, match=f"{name} is zero"):
        opened(bytes(data))
    opening = open_dump(Source(bytes(data), "x.dmp")).opening
    assert opening.hresult == 0x80070570
    assert opening.line.startswith("Thread, module" if name in COUNTS else "A dump header")


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [1, 0xFFFFFFFF])
def test_a_count_that_lies_is_bounded_by_the_file(build: Build, name: str, value: int) -> None:
    data = bytearray(build())
    layout = UserDump(Source(bytes(data), "x.dmp")).header_layout
    struct.pack_into("<I", data, layout.offset_of(name), value)
    with opened(bytes(data)) as dump:
        assert len(dump.threads) + len(dump.modules) + len(dump.regions) <= len(data) // 12
        old = UserDump(Source(bytes(data), "x.dmp"))
        assert any((old.threads, old.modules, old.regions))
        assert bool(old.damage) == (value == 0xFFFFFFFF)


def test_a_dump_that_is_cut_says_what_is_not_there() -> None:
    data = wide_dump()
    old = UserDump(Source(data[:-0x700], "x.dmp"))
    assert old.regions
    assert "beyond the end of the file" in old.damage[0]
    with Minidump(old.as_minidump()) as dump:
        assert len(dump.threads) == 2
        assert dump.memory.read(0x14FE00, 16) == data[old.regions[0].place : old.regions[0].place + 16]  # type: ignore[operator]


@pytest.mark.parametrize("build", BUILDERS)
def test_no_change_of_a_byte_ends_in_anything_but_words(build: Build) -> None:
    data = build()
    end = UserDump(Source(data, "x.dmp")).header["DataOffset"]
    for place in some(range(8, end, 7), 0):
        for value in (0x00, 0xFF, data[place] ^ 0x80):
            changed = data[:place] + bytes((value,)) + data[place + 1 :]
            open_dump(Source(changed, "x.dmp"))
            try:
                with opened(changed) as dump:
                    len(dump.threads), len(dump.modules), len(dump.regions), dump.memory.total, dump.exception, dump.process.pid
                    dump.memory.some(0x14FE00, 64)
            except DumpError:
                continue


def test_names_that_never_end_are_no_memory() -> None:
    data = bytearray(wide_dump())
    place = UserDump(Source(bytes(data), "x.dmp")).header["ModuleOffset"]
    struct.pack_into("<I", data, place + 12, 0xFFFFFFF0)
    old = UserDump(Source(bytes(data), "x.dmp"))
    assert old.modules == []
    assert "modules" in old.damage[0]
