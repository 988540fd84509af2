"""Kernel dumps as the reader sees them: header, triage parts, drivers, memory, and damage."""

from __future__ import annotations

import struct

import pytest
from samples.kernel_dumps import DRIVERS32, DRIVERS64, triage32, triage64
from tests.cases import each
from tests.counting import calls_of

from dumpscope.dump.absence import Absent
from dumpscope.dump.contexts import Registers
from dumpscope.dump.kernel.kerneldump import KernelDump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError


def opened(data: bytes) -> KernelDump:
    return KernelDump(Source(data, "mini.dmp"))


def test_the_header_of_a_64_bit_dump() -> None:
    dump = opened(triage64())
    assert (dump.architecture, dump.pointer_size, dump.kind_name, dump.build) == ("x64", 8, "triage", 19041)
    assert (dump.code, dump.parameters) == (0xD1, (0x28, 2, 0, 0xFFFFF80315001234))
    assert (dump.system_time, dump.uptime) == (0x01D707F23DBB3399, 37_470_697)
    assert dump.header["NumberProcessors"] == 8
    assert isinstance(dump.comment, Absent)
    assert isinstance(dump.physical_runs, Absent)
    assert (dump.complete, dump.damage) == (True, [])


def test_the_header_of_a_32_bit_dump() -> None:
    dump = opened(triage32())
    assert (dump.architecture, dump.pointer_size, dump.kind_name, dump.build) == ("x86", 4, "triage", 7601)
    assert (dump.code, dump.parameters) == (0x50, (0xDEAD0000, 1, 0x8B001234, 0))
    assert (dump.uptime, dump.complete, dump.unloaded) == (466_062_936, True, [])


@pytest.mark.parametrize(("data", "drivers"), [(triage64(), DRIVERS64), (triage32(), DRIVERS32)], ids=["64", "32"])
def test_drivers(data: bytes, drivers: tuple) -> None:
    dump = opened(data)
    found = dump.drivers
    assert isinstance(found, list)
    assert [(item.base, item.size, item.path, item.timestamp) for item in found] == list(drivers)
    assert {item.checksum for item in found} == {0x1234}
    assert dump.names[drivers[0][0]] == "nt"
    assert dump.symbol(drivers[2][0] + 0x1234).endswith("+0x1234")
    assert dump.symbol(drivers[2][0] - 1) == ""


def test_a_name_with_a_minus_is_the_debuggers() -> None:
    assert opened(triage64()).names[DRIVERS64[2][0]] == "demo_drv"


def test_unloaded_drivers() -> None:
    (item,) = opened(triage64()).unloaded or ()
    assert (item.name, item.start, item.end, item.cut) == ("dam.sys", 0xFFFFF80317000000, 0xFFFFF8031701C000, False)


def test_memory_is_read_from_blocks_and_the_stack() -> None:
    dump = opened(triage64())
    assert dump.read(DRIVERS64[0][0], 4) == b"MZ\x90\0"
    assert dump.read(0xFFFF850429891010, 16) == bytes(range(16, 32))
    assert len(dump.read(0xFFFF850429891000, 0x1000)) == 256
    assert dump.read(0xFFFF850429890E28, 8) == struct.pack("<Q", 0xFFFFF80315001234)
    assert dump.read(0x1000, 8) == b""


def test_registers_are_those_of_the_processor_else_of_the_header() -> None:
    wide, narrow = opened(triage64()), opened(triage32())
    assert isinstance(wide.registers, Registers)
    assert isinstance(narrow.registers, Registers)
    assert (wide.registers.ip, wide.header_registers.ip, narrow.registers.ip) == (0xFFFFF80312FF5A80, 0xFFFFF80315001234, 0x8B001234)
    assert (wide.registers.values["rax"], wide.registers.sp, narrow.registers.sp) == (0xD1, 0xFFFF850429890E00, 0x8078A000)
    assert "processor 0" in wide.registers_from
    assert narrow.registers_from == "the header's ContextRecord"


@pytest.mark.parametrize("field", [0x218, 0x338, 0x14])
def test_debugger_data_that_leads_nowhere_leaves_the_registers_of_the_header(field: int) -> None:
    data = bytearray(triage64())
    start = int.from_bytes(data[0x2070:0x2074], "little")
    struct.pack_into("<H", data, start + field, 0xFFF0)
    dump = opened(bytes(data))
    assert isinstance(dump.processor, Absent)
    assert dump.registers.ip == 0xFFFFF80315001234


def test_the_exception_record() -> None:
    exception = opened(triage64()).exception
    assert not isinstance(exception, Absent)
    assert (exception.code, exception.flags, exception.address, exception.parameters, exception.offset) == (0x80000003, 1, 0xFFFFF80312FF5A80, (), 0xF00)


def test_a_dump_that_was_not_finished() -> None:
    dump = opened(triage64(valid=False))
    assert dump.complete is False
    assert "TRGD" in dump.damage[0]


@pytest.mark.parametrize("data", [triage64(), triage32()], ids=["64", "32"])
def test_a_file_cut_anywhere_is_read_as_far_as_it_goes(data: bytes) -> None:
    whole = len(data)
    for size in (*range(0, whole, 97), whole - 1):
        cut = data[:size]
        header = 0x2000 if data.startswith(b"PAGEDU64") else 0x1000
        if size < header:
            with pytest.raises(DumpError):
                opened(cut)
            continue
        dump = opened(cut)
        assert dump.damage
        for _ in (dump.drivers, dump.unloaded, dump.exception, dump.registers, dump.names):
            pass
        assert sum(len(dump.read(block.address, block.size)) for block in dump.blocks) <= 2 * size


@each("offset", [0x2000 + 4 * n for n in range(32)], ids=hex)
@each("value", [0xFFFFFFFF, 0x7FFFFFFF, 0, 1])
def test_counts_and_offsets_are_bounded_by_the_file(offset: int, value: int) -> None:
    data = bytearray(triage64())
    struct.pack_into("<I", data, offset, value)
    dump = opened(bytes(data))
    drivers, unloaded = dump.drivers, dump.unloaded
    assert isinstance(drivers, Absent) or len(drivers) <= len(data) // 0x90
    assert isinstance(unloaded, Absent) or len(unloaded) <= len(data) // 0x38
    assert len(dump.blocks) <= len(data) // 0x10 + 1
    assert len(dump.read(0xFFFF850429891000, 1 << 20)) <= len(data)


def test_what_is_no_kernel_dump() -> None:
    with pytest.raises(DumpError, match="not a kernel dump"):
        opened(b"MDMP" + bytes(0x3000))


def test_a_header_that_was_not_filled_in_has_no_bug_check() -> None:
    data = bytearray(triage64())
    data[0x38:0x3C] = b"PAGE"
    assert opened(bytes(data)).code == 0


def many(count: int) -> KernelDump:
    """A dump whose lists claim ``count`` drivers and blocks, each of which spans all that follow."""
    data = bytearray(triage64())
    drivers = len(data)
    for index in range(count):
        entry = bytearray(0x90)
        struct.pack_into("<QQI", entry, 0x38, 0x10000 + index * 16, 0, 0xFFFFFFFF)
        data += entry
    blocks = len(data)
    data += b"".join(struct.pack("<QII", 0x10000 + index * 16, 0, 0x2000) for index in range(count))
    struct.pack_into("<II", data, 0x2000 + 12 * 4, drivers, count)
    struct.pack_into("<II", data, 0x2078, blocks, count)
    return opened(bytes(data))


def test_drivers_and_blocks_that_overlap_are_not_searched_one_by_one() -> None:
    def ask(count: int) -> int:
        dump = many(count)

        def work() -> None:
            for index in range(count):
                assert dump.driver_at(0x10008 + index * 16) is not None
                assert dump.block_at(0x10008 + index * 16) is not None

        return calls_of(work)[1]

    few, more = ask(200), ask(2000)
    assert more < 15 * few


def test_of_drivers_that_overlap_the_first_in_the_file_counts_and_of_blocks_the_one_that_begins_last() -> None:
    dump = many(50)
    driver, block = dump.driver_at(0x10000 + 16 * 40), dump.block_at(0x10000 + 16 * 40)
    assert driver is not None
    assert block is not None
    assert (driver.index, block.address) == (0, 0x10000 + 16 * 40)
    assert dump.driver_at(0xFFFF) is None
    assert dump.block_at(0xFFFF) is None
