"""TEB, PEB and what hangs on them: 64-bit, 32-bit, WOW64, partly captured, and looping."""

import struct

import pytest
from samples.writer import DumpBuilder, Thread
from tests.fuzz.test_bombs import BOMBS

from dumpscope.dump.absence import DAMAGED, NOT_APPLICABLE, NOT_CAPTURED, NOT_THERE, Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.process import MAX_LOADED_MODULES, LoaderList
from samples import process


def built(bits, fill=None, misc=True, without=(), **memory_options):
    builder = DumpBuilder(arch="amd64" if bits == 64 else "x86")
    builder.add_system_info()
    if misc:
        builder.add_misc_info()
    memory = process.memory_64(**memory_options) if bits == 64 else process.memory_32(**memory_options)
    specs = process.THREADS_64 if bits == 64 else process.THREADS_32
    builder.add_thread_list(process.threads_64() if bits == 64 else process.threads_32())
    if "peb" not in without:
        builder.add_memory(memory.peb, memory.peb_bytes)
    if "parameters" not in without:
        builder.add_memory(memory.arena.address, memory.arena.bytes())
    if "teb" not in without:
        for spec in specs:
            builder.add_memory(spec.teb, memory.teb(spec))
    if fill:
        fill(builder, memory)
    builder.add_memory_list()
    return Minidump.open(builder.build()), memory, specs


@pytest.mark.parametrize("bits", [64, 32])
def test_tebs(bits):
    dump, memory, specs = built(bits)
    for thread, spec in zip(dump.threads, specs):
        teb = dump.process.teb(thread)
        assert teb.is_genuine
        assert (teb.address, teb.self_address, teb.peb) == (spec.teb, spec.teb, memory.peb)
        assert (teb.process_id, teb.thread_id) == (process.PID, spec.tid)
        assert (teb.last_error, teb.last_status) == (spec.last_error, spec.last_status)
        assert (teb.stack_base, teb.stack_limit) == (spec.stack_base, (spec.sp & ~0xFFF) - 0x1000)
        assert teb.deallocation_stack == spec.stack_base - 0x100000
        assert teb.tls_slots == (0,) * 64
        assert teb.owned_locks == 0
        assert dump.process.wow64_teb(thread).kind == NOT_APPLICABLE


@pytest.mark.parametrize("bits", [64, 32])
def test_peb_and_parameters(bits):
    dump, memory, _ = built(bits)
    found = dump.process
    peb = found.peb
    assert peb.address == memory.peb
    assert peb.image_base == process.modules("amd64" if bits == 64 else "x86")[0].base
    assert peb.being_debugged is False
    assert (peb.session_id, peb.os_version, peb.processors) == (1, (10, 0, 19045), 8)
    assert peb.heaps == []
    assert found.parameters.address == memory.parameters
    assert found.command_line == ('"C:\\demo\\demo.exe" --serve 8080' if bits == 64 else "C:\\demo\\demo32.exe /quiet")
    assert found.image_path.endswith(".exe")
    assert found.current_directory == "C:\\demo\\"
    assert found.window_title == found.image_path
    assert found.parameters.desktop == "Winsta0\\Default"
    assert found.parameters.dll_path == ""
    assert found.parameters.standard_handles == (0x50, 0x54, 0x58)
    assert found.environment == dict(entry.split("=", 1) for entry in process.ENVIRONMENT)
    assert not found.is_wow64


@pytest.mark.parametrize("bits", [64, 32])
def test_modules_of_the_loader(bits):
    dump, _memory, _ = built(bits)
    loaded = dump.process.loaded_modules
    assert isinstance(loaded, LoaderList)
    assert loaded.incomplete is None
    expected = process.modules("amd64" if bits == 64 else "x86")
    assert [(entry.base, entry.size, entry.path, entry.timestamp) for entry in loaded] == [(m.base, m.size, m.name, m.timestamp) for m in expected]
    assert loaded[0].name == expected[0].name.rpartition("\\")[2]
    assert loaded[0].load_count == 0xFFFF


def test_process_id_and_times():
    dump, _, _ = built(64)
    assert (dump.process.pid, dump.process.user_time, dump.process.kernel_time) == (0x1A2C, 12, 3)
    dump, _, _ = built(64, misc=False)
    assert dump.process.pid == process.PID
    assert dump.process.create_time.kind == NOT_THERE
    dump, _, _ = built(64, misc=False, without=("teb",))
    assert dump.process.pid.kind == NOT_THERE


def test_process_id_of_a_linux_process():
    builder = DumpBuilder(version_high=0)
    builder.add_system_info(platform=0x8201)
    builder.add_linux_text("status", b"Name:\tdemo\nPid:\t4711\nPPid:\t1\n")
    assert Minidump.open(builder.build()).process.pid == 4711


def test_nothing_captured_names_the_address():
    dump, _, specs = built(64, without=("teb", "peb", "parameters"))
    teb = dump.process.teb(dump.threads[0])
    assert teb.kind == NOT_CAPTURED
    assert f"0x{specs[0].teb:x}" in teb.message
    for value in (dump.process.peb, dump.process.parameters, dump.process.command_line, dump.process.environment, dump.process.loaded_modules):
        assert value.kind == NOT_CAPTURED
        assert f"0x{specs[0].teb:x}" in value.message


def test_peb_without_its_parameters():
    dump, memory, _ = built(64, without=("parameters",))
    assert dump.process.peb.session_id == 1
    assert dump.process.command_line.kind == NOT_CAPTURED
    assert f"0x{memory.parameters:x}" in dump.process.command_line.message
    assert dump.process.loaded_modules.kind == NOT_CAPTURED


def test_a_teb_that_is_cut_gives_what_it_has():
    def fill(builder, memory):
        for spec in process.THREADS_64:
            builder.add_memory(spec.teb, memory.teb(spec, size=0x70))

    dump, _memory, specs = built(64, fill, without=("teb",))
    teb = dump.process.teb(dump.threads[1])
    assert teb.last_error == specs[1].last_error
    assert teb.last_status.kind == NOT_CAPTURED
    assert f"0x{specs[1].teb + 0x1250:x}" in teb.last_status.message
    assert teb.tls_slots.kind == NOT_CAPTURED


def test_a_thread_without_a_teb():
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_thread_list([Thread(5, 0)])
    dump = Minidump.open(builder.build())
    assert dump.process.teb(dump.threads[0]).kind == NOT_THERE
    assert "thread 0x5" in dump.process.peb.message


def test_another_operating_system():
    builder = DumpBuilder()
    builder.add_system_info(platform=0x8201, csd="Linux 5")
    builder.add_thread_list([Thread(5, 0x7000)])
    dump = Minidump.open(builder.build())
    assert dump.process.teb(dump.threads[0]).kind == NOT_APPLICABLE
    assert dump.process.peb.kind == NOT_APPLICABLE
    assert dump.process.shared_data.kind == NOT_APPLICABLE


def test_wow64():
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_module_list(process.modules("wow64"))
    builder.add_thread_list(process.threads_wow64())
    process.add_wow64_memory(builder)
    builder.add_memory_list()
    dump = Minidump.open(builder.build())
    found = dump.process
    assert found.is_wow64
    for thread, spec in zip(dump.threads, process.WOW_SPECS_32):
        inner = found.wow64_teb(thread)
        assert (inner.address, inner.pointer_size, inner.last_error) == (spec.teb, 4, spec.last_error)
        assert found.teb(thread).pointer_size == 8
    assert found.wow64_peb.address == process.WOW_PEB32
    assert found.peb.address != found.wow64_peb.address
    assert len(found.wow64_loaded_modules) == len(process.modules("x86"))
    assert found.command_line == "C:\\demo\\demo32.exe /quiet"


def loader_dump(edit):
    """A 64-bit dump whose loader list has been edited in memory."""

    memory = process.memory_64()
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_thread_list(process.threads_64())
    edit(memory)
    process.add_process_memory(builder, memory, process.THREADS_64)
    builder.add_memory_list()
    return Minidump.open(builder.build()).process.loaded_modules


def test_a_loop_in_the_loader_list_ends():
    def edit(memory):
        head = memory.loader + 0x10
        offset = head - memory.arena.address
        first = struct.unpack_from("<Q", memory.arena.data, offset)[0]
        struct.pack_into("<Q", memory.arena.data, first - memory.arena.address, first)

    loaded = loader_dump(edit)
    assert len(loaded) == 1
    assert "not its head" in loaded.incomplete.message


def test_a_link_that_leads_out_of_the_captured_memory():
    def edit(memory):
        offset = memory.loader + 0x10 - memory.arena.address
        first = struct.unpack_from("<Q", memory.arena.data, offset)[0]
        struct.pack_into("<Q", memory.arena.data, first - memory.arena.address, 0xDEAD0000)

    loaded = loader_dump(edit)
    assert len(loaded) == 1
    assert loaded.incomplete.kind == NOT_CAPTURED


def test_an_endless_list_is_cut_off():
    def edit(memory):
        memory.arena.put(memory.loader + 0x10, struct.pack("<Q", 0x500000000))

    count = MAX_LOADED_MODULES + 5
    rows = bytearray(0x90 * count)
    for index in range(count):
        struct.pack_into("<Q", rows, 0x90 * index, 0x500000000 + 0x90 * (index + 1))
    memory = process.memory_64()
    edit(memory)
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_thread_list(process.threads_64())
    process.add_process_memory(builder, memory, process.THREADS_64)
    builder.add_memory(0x500000000, bytes(rows))
    builder.add_memory_list()
    loaded = Minidump.open(builder.build()).process.loaded_modules
    assert len(loaded) == MAX_LOADED_MODULES
    assert "more than" in loaded.incomplete.message


def test_entries_whose_texts_lie_over_each_other_end_the_list():
    """An entry of 8 bytes with two texts of up to 64 KiB: texts are decoded only as far as the file's size can account for."""
    data = BOMBS["overlapping-loader-entries"]
    loaded = Minidump.open(data).process.loaded_modules
    assert 0 < sum(2 * len(module.path) + 2 * len(module.name) for module in loaded) <= 2 * len(data)
    assert loaded.incomplete.kind == DAMAGED
    assert "lie over each other" in loaded.incomplete.message


def test_strings_that_are_not_normalised_have_offsets():
    memory = process.memory_64()
    base = memory.parameters - memory.arena.address
    flags = struct.unpack_from("<I", memory.arena.data, base + 8)[0]
    struct.pack_into("<I", memory.arena.data, base + 8, flags & ~1)
    command = struct.unpack_from("<Q", memory.arena.data, base + 0x78)[0]
    struct.pack_into("<Q", memory.arena.data, base + 0x78, command - memory.parameters & 0xFFFFFFFFFFFFFFFF)
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_thread_list(process.threads_64())
    process.add_process_memory(builder, memory, process.THREADS_64)
    builder.add_memory_list()
    assert Minidump.open(builder.build()).process.command_line.startswith('"C:\\demo')


def test_a_command_line_that_is_partly_captured_says_how_much():
    memory = process.memory_64()
    base = memory.parameters - memory.arena.address
    struct.pack_into("<H", memory.arena.data, base + 0x70, 0xFFFE)
    builder = DumpBuilder()
    builder.add_system_info()
    builder.add_thread_list(process.threads_64())
    process.add_process_memory(builder, memory, process.THREADS_64)
    builder.add_memory_list()
    found = Minidump.open(builder.build()).process.command_line
    assert found.kind == NOT_CAPTURED
    assert "of its 65534 bytes" in found.message


def test_hidden_variables_and_broken_ones():
    entries = ("=C:=C:\\demo", "A=1", "a=2", "A=3", "EMPTY=", "NOEQUALS", "EQ=a=b")
    dump, _, _ = built(64, environment=entries)
    assert dump.process.environment == {"=C:": "C:\\demo", "A": "1", "a": "2", "EMPTY": "", "EQ": "a=b"}


@pytest.mark.parametrize("size", [0x2000, 0x10, 8])
def test_shared_data(size):
    dump, _, _ = built(64, lambda builder, memory: builder.add_memory(0x7FFE0000, process.kuser_shared_data(boot_minutes=90)[:size]))
    shared = dump.process.shared_data
    assert shared
    if size > 8:
        assert dump.process.system_uptime == 90 * 600_000_000
    else:
        assert dump.process.system_uptime.kind == NOT_CAPTURED
    if size == 0x2000:
        assert shared.build == 19045
        assert shared.system_time == (1709294400 + 11644473600) * 10_000_000
    else:
        assert isinstance(shared.build, Absent)


def test_no_shared_data():
    dump, _, _ = built(64)
    assert dump.process.system_uptime.kind == NOT_CAPTURED
    assert "0x7ffe0000" in dump.process.system_uptime.message
