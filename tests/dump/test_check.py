"""Damage: every code has its meaning, what is wrong is found, and what is right is left alone."""

import re
import struct
from pathlib import Path

import pytest
from samples.writer import DumpBuilder, Handle, Module, Region, Thread, ThreadInfo, UnloadedModule, find_entry, patch
from tests.cases import each

import dumpscope.dump
from dumpscope.dump.check import DAMAGE_CODES, MAX_OF_A_CODE, MAX_OVERLAPS
from dumpscope.dump.minidump import Minidump
from samples import blocks, process

GOOD = blocks.context_amd64(rip=1, rsp=2)


ONE_THREAD = (Thread(1, 0x7000, GOOD),)
ONE_MODULE = (Module(0x400000, 0x1000, "a.exe"),)


def base(threads=ONE_THREAD, modules=ONE_MODULE, **options):
    builder = DumpBuilder(slots=24, **options)
    builder.add_system_info()
    builder.add_thread_list(threads)
    builder.add_module_list(modules)
    return builder


def codes(builder, data=None):
    dump = Minidump.open(builder.build() if data is None else data)
    found = list(dump.check())
    for damage in found:
        assert damage.code in DAMAGE_CODES
        assert damage.message
    assert {damage.code for damage in dump.damage} <= {damage.code for damage in found}
    return [damage.code for damage in found]


def test_every_code_in_the_sources_is_in_the_table():
    folder = Path(dumpscope.dump.__file__).parent
    used = set()
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'Damage\(\s*"([a-z0-9-]+)"', text))
        used |= set(re.findall(r'Damage\(\s*"([a-z0-9-]+)" if .+ else "[a-z0-9-]+"', text))
        used |= set(re.findall(r'Damage\(\s*"[a-z0-9-]+" if .+ else "([a-z0-9-]+)"', text))
        for stem in re.findall(r'_block\(dump, "([a-z-]+)"', text):
            used |= {f"{stem}-outside-file", f"{stem}-cut"}
        used |= set(re.findall(r'_shared\(\w+, "([a-z-]+)"', text))
    assert len(used) > 40
    assert used - set(DAMAGE_CODES) == set()
    assert set(DAMAGE_CODES) - used == set()


def test_a_sound_dump_has_none():
    builder = base()
    builder.add_exception(1, 0xC0000005, 0x401000, (0, 0), GOOD)
    builder.add_misc_info()
    builder.add_handles([Handle(4, "Event", "\\x", info=(blocks.event_information(True, False),))])
    builder.add_memory_info(process.regions_64())
    builder.add_thread_info([ThreadInfo(1)])
    builder.add_thread_names([(1, "main")])
    builder.add_unloaded_modules([UnloadedModule(0x500000, 0x1000, "old.dll")])
    builder.add_system_memory_info()
    builder.add_vm_counters()
    builder.add_memory(0x10000, b"x" * 32)
    builder.add_memory_list()
    assert codes(builder) == []


def test_a_sound_full_dump_has_none():
    builder = base(flags=0x2)
    builder.add_full_memory(0x10000, b"x" * 4096)
    builder.add_memory64_list()
    assert codes(builder) == []


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([("<H", 4, 0xA794)], "bad-version"),
        ([("<I", 12, 0x7FFFFFFF)], "directory-outside-file"),
        ([("<I", 8, 0xFFFF)], "directory-cut"),
    ],
)
def test_header_and_directory(edits, code):
    assert code in codes(None, patch(base().build(), *edits))


def test_a_count_of_streams_beyond_reason():
    data = base().build() + b"\0" * (12 * 0x10000)
    dump = Minidump.open(patch(data, ("<I", 8, 0xFFFFFFFF)))
    assert len(dump.streams) == 0x10000
    assert "directory-too-long" in [damage.code for damage in dump.damage]


def test_a_zeroed_directory():
    data = DumpBuilder().build() + b"rest"
    found = codes(None, data)
    assert found[0] == "directory-zeroed"
    assert {"no-system-info", "no-thread-list", "no-module-list"} <= set(found)


def test_places_of_streams():
    builder = base()
    builder.add_entry(15, 24, 0xFFFFFF00)
    builder.add_entry(0x10000, 100, 8)
    builder.add_entry(6, 0, 0)
    found = codes(builder)
    assert found.count("stream-outside-file") == 1
    assert "stream-in-header" in found
    assert "stream-too-small" in found
    assert "stream-overlap" in found


def test_a_directory_outside_the_file_has_no_consequences_of_its_own():
    assert codes(None, patch(base().build(), ("<I", 12, 0x7FFFFFFF))) == ["directory-outside-file"]


@pytest.mark.parametrize("kind", [3, 4, 5, 9, 12, 14, 16, 17, 18, 24])
def test_a_list_outside_the_file_cut_or_too_small(kind):
    def found(size, rva):
        builder = DumpBuilder(slots=None)
        builder.append(b"x" * 64)
        builder.add_entry(kind, size, rva)
        data = builder.build()
        return [damage.code for damage in Minidump.open(data).check() if damage.code.startswith("stream-")]

    assert found(400, 0xFFFFFF00) == ["stream-outside-file"]
    assert "stream-cut" in found(400, 106)
    assert found(1, 40)[0] in ("stream-too-small", "stream-size-mismatch")


def test_a_stream_that_is_cut():
    builder = base()
    builder.add_stream(0x10000, b"x" * 100)
    data = builder.build()
    dump = Minidump.open(data[:-10])
    damage = next(damage for damage in dump.damage if damage.code == "stream-cut")
    assert (damage.needed, damage.available) == (100, 90)
    assert damage.offset == find_entry(data, 0x10000)[2]


def test_a_second_stream_of_a_type():
    builder = base()
    builder.add_comment_a("one")
    builder.add_comment_a("two")
    dump = Minidump.open(builder.build())
    assert dump.comments == ["one"]
    assert codes(builder) == ["duplicate-stream"]


def test_overlaps_are_counted_and_bounded():
    builder = base(flags=0)
    builder.slots = None
    rva = builder.append(b"x" * 64)
    for index in range(500):
        builder.add_entry(0x10000 + index, 64, rva)
    found = codes(builder)
    assert found.count("stream-overlap") == MAX_OVERLAPS
    assert found.count("more-damage") == 1


def test_full_memory():
    assert codes(base(flags=0x2)) == ["full-memory-missing"]
    builder = base(flags=0)
    builder.add_full_memory(0x10000, b"x" * 4096)
    builder.add_memory64_list()
    assert codes(builder) == ["full-memory-flag-clear"]
    builder = base(flags=0x2)
    builder.add_memory_list()
    builder.add_full_memory(0x10000, b"x" * 4096)
    builder.add_memory64_list()
    assert codes(builder) == ["two-memory-lists"]


def test_compressed_memory_is_full_memory_too():
    builder = base(flags=0x04000002)
    builder.add_compressed_memory(b"z" * 100)
    assert codes(builder) == []


def test_memory_that_is_cut():
    builder = base(flags=0x2)
    builder.add_full_memory(0x10000, b"x" * 4096)
    builder.add_full_memory(0x20000, b"x" * 4096)
    builder.add_memory64_list()
    data = builder.build()[:-5000]
    dump = Minidump.open(data)
    damage = next(damage for damage in dump.damage if damage.code == "memory-cut")
    assert (damage.needed, damage.available) == (8192, 3192)
    found = codes(None, data)
    assert found.count("range-cut") == found.count("range-outside-file") == 1


def test_threads():
    threads = [
        Thread(1, 0, GOOD),
        Thread(1, 0, GOOD),
        Thread(2, 0, location=(1232, 0xFFFFFF00)),
        Thread(3, 0, location=(100, 64)),
        Thread(4, 0, blocks.context_x86() + bytes(600)),
        Thread(5, 0, location=(1232, 0)),
    ]
    builder = base(threads)
    builder.add_thread_info([ThreadInfo(1), ThreadInfo(77), ThreadInfo(78, flags=4)])
    assert sorted(codes(builder)) == ["context-mismatch", "context-outside-file", "context-too-small", "thread-duplicate", "thread-info-unknown-thread"]


def test_stacks():
    data = base([Thread(1, 0, GOOD, 0x1000, b"s" * 64), Thread(2, 0, GOOD)]).build()
    first = find_entry(data, 3)[2] + 4
    assert codes(None, patch(data, ("<I", first + 36, 0xFFFFFF00))) == ["stack-outside-file"]
    assert codes(None, patch(data, ("<I", first + 32, 0x7FFFFFFF))) == ["stack-cut"]


def test_exception():
    builder = base()
    builder.add_exception(9999, 1, 2, (), location=(1232, 0xFFFFFFF0), count=16)
    assert codes(builder) == ["exception-unknown-thread", "exception-parameters", "exception-context-outside-file"]


def test_modules():
    modules = [
        Module(0x400000, 0x2000, "a.exe"),
        Module(0x401000, 0x1000, "b.dll"),
        Module(0x600000, 0, "c.dll"),
        Module(0xFFFFFFFFFFFFF000, 0x2000, "d.dll"),
        Module(0x700000, 0x1000, None),
        Module(0x800000, 0x1000, None, name_rva=0xFFFFFF00),
    ]
    builder = base(modules=modules)
    builder.add_unloaded_modules([UnloadedModule(1, 2, None)])
    found = codes(builder)
    assert sorted(found) == [
        "module-empty",
        "module-overlap",
        "module-without-name",
        "module-wraps",
        "string-outside-file",
        "unloaded-module-without-name",
    ]


def test_records_of_modules():
    data = base(modules=[Module(0x400000, 0x1000, "a.exe", cv=b"RSDS" + bytes(30), misc=bytes(16))]).build()
    first = find_entry(data, 4)[2] + 4
    edits = [("<I", first + 80, 0xFFFFFF00), ("<I", first + 84, 0x7FFFFFFF)]
    assert codes(None, patch(data, *edits)) == ["codeview-outside-file", "misc-record-cut"]


def test_handles():
    rows = [
        Handle(4, "Event", info_rva=0xFFFFFFF0),
        Handle(4, "Event", name_rva=0xFFFFFFF0),
    ]
    builder = base()
    builder.add_handles(rows)
    assert sorted(codes(builder)) == ["handle-duplicate", "object-info-outside-file", "string-outside-file"]


def test_a_chain_of_object_information_that_loops():
    builder = base()
    place = builder.tell()
    builder.append(struct.pack("<III", place, 6, 8) + bytes(8))
    builder.add_handles([Handle(4, "Event", info_rva=place)])
    assert codes(builder) == ["object-info-loop"]


def test_a_chain_of_object_information_that_is_too_long():
    builder = base()
    place = 0
    for _ in range(5):
        following, place = place, builder.tell()
        builder.append(struct.pack("<III", following, 6, 8) + bytes(8))
    builder.add_handles([Handle(4, "Event", info_rva=place), Handle(8, "Event", info_rva=place)])
    with Minidump.open(builder.build()) as dump:
        damage = [item for item in dump.check() if item.code.startswith("object-info")]
        assert len(damage) == 1
        assert "more than 4 blocks" in damage[0].message
        assert len(dump.handles[0].object_info) == 4


def test_memory_ranges_and_regions():
    builder = base()
    builder.add_memory(0xFFFFFFFFFFFFFFF0, b"x" * 32)
    builder.add_memory(0x1000, b"")
    builder.add_memory_list()
    builder.add_memory_info([Region(0x1000, 0x2000), Region(0x2000, 0x1000), Region(0xFFFFFFFFFFFFF000, 0x2000)])
    assert sorted(codes(builder)) == ["range-empty", "range-wraps", "region-overlap", "region-wraps"]


def test_odd_strings():
    builder = base()
    builder.add_thread_names([(1, b"abc")])
    assert codes(builder) == ["string-odd"]


def test_a_flood_of_one_code_is_counted():
    builder = base(modules=[Module(0x1000 * index, 0x1000, None) for index in range(1, MAX_OF_A_CODE + 51)])
    dump = Minidump.open(builder.build())
    found = list(dump.check())
    assert len(found) == MAX_OF_A_CODE + 1
    assert found[-1].code == "more-damage"
    assert found[-1].message.startswith("50 more of module-without-name")


def test_the_structural_part_walks_no_list():
    builder = base(modules=[Module(0x1000 * index, 0x1000, None) for index in range(1, 100)])
    assert Minidump.open(builder.build()).damage == ()


def test_every_truncation_of_a_dump_is_survived():
    builder = base()
    builder.add_exception(1, 0xC0000005, 0x401000, (0, 0), GOOD)
    builder.add_misc_info()
    builder.add_handles([Handle(4, "Event", "\\x", info=(blocks.event_information(True, False),))])
    builder.add_thread_names([(1, "größe")])
    builder.add_memory(0x10000, b"x" * 32)
    builder.add_memory_list()
    data = builder.build()
    for end in range(32, len(data), 3):
        dump = Minidump.open(data[:end])
        assert list(dump.check())
        for handle in dump.handles:
            assert handle.object_info is not None
        for entry in dump.thread_names:
            assert entry.name in ("größe"[: len(entry.name)], "")


@each("length", [0, 2, 3, 8, 9, 10, 0xFFFE, 0x10000, 0x10002, 0x30000, 0xFFFFFFFF])
@each("rva", [32, 0x20000])
def test_a_sound_string_is_one_that_nothing_is_wrong_with(length, rva):
    data = base().build()
    data += bytes(0x20000 + 12 - len(data))
    data = data[:rva] + struct.pack("<I", length) + data[rva + 4 :]
    if rva == 32:
        data = data[:12] + struct.pack("<I", 0x1000) + data[16:]  # the directory is elsewhere
    strings = Minidump.open(data).strings
    assert strings.is_sound(rva) == (strings.inspect(rva, "name").damage is None)
    for end in range(len(data) - 4, len(data) + 3):
        assert strings.is_sound(end) == (strings.inspect(end, "name").damage is None)
