"""Comments, counters and function tables."""

import struct

import pytest
from samples.writer import DumpBuilder, FunctionTable, find_entry
from tests.cases import each

from dumpscope.dump.absence import NOT_THERE, Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.comments import MAX_COMMENT, comment_streams


def opened(*calls, **options):
    builder = DumpBuilder(**options)
    for name, *arguments in calls:
        getattr(builder, name)(*arguments)
    return Minidump.open(builder.build())


# --- comments --------------------------------------------------------------------------------------------------------


def test_ansi_comes_before_unicode():
    dump = opened(("add_comment_w", "größer \ud800"), ("add_comment_a", "first"))
    assert dump.comments == ["first", "größer \ud800"]
    assert [(comment.type, comment.truncated) for comment in comment_streams(dump)] == [(10, False), (11, False)]


def test_ansi_that_is_not_utf8():
    assert opened(("add_comment_a", "caf\xe9".encode("cp1252"))).comments == ["café"]
    assert opened(("add_comment_a", "café".encode())).comments == ["café"]


def test_comments_that_are_empty_cut_odd_or_long():
    assert opened().comments == []
    assert opened(("add_stream", 10, b""), ("add_stream", 11, b"\0")).comments == []
    assert opened(("add_stream", 11, b"a\0b")).comments == ["a"]
    long = opened(("add_comment_w", "x" * MAX_COMMENT))
    assert len(long.comments[0]) == MAX_COMMENT // 2
    assert comment_streams(long)[0].truncated


# --- counters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
def test_counters_of_the_machine(version):
    found = opened(("add_system_memory_info", version)).system_memory
    assert found.version == version
    assert found["BasicInfo.PageSize"] == 4096
    assert found["BasicPerfInfo.CommitLimit"] == 4915200
    assert found["PerfInfo.SharedCommittedPages"] == 65536
    newest = found.get("PerfInfo.ContiguousPagesAllocated")
    assert newest == 33 if version == 2 else isinstance(newest, Absent)
    with pytest.raises(KeyError):
        found["Nothing"]


@pytest.mark.parametrize("version", [1, 2])
def test_counters_of_the_process(version):
    found = opened(("add_vm_counters", version)).vm_counters
    assert found.revision == version
    assert found["WorkingSetSize"] == 0x1900000
    assert found["PrivateUsage"] == 0xC00000
    values = found.as_dict()
    assert next(iter(values)) == "PageFaultCount"
    if version == 1:
        assert found.flags == 0
        assert isinstance(found.get("VirtualSize"), Absent)
    else:
        assert found["VirtualSize"] == 0x20200000000
        assert "0x10" in found["JobTotalCommitLimit"].message
        assert opened(("add_vm_counters", 2, 0x5000)).vm_counters["JobTotalCommitLimit"] == 0x5000


def test_counters_know_their_places_and_units():
    dump = opened(("add_vm_counters",))
    for counter in dump.vm_counters:
        if isinstance(counter.value, int):
            assert int.from_bytes(dump.source.some(counter.offset, counter.field.type.size), "little") == counter.value


def test_bits_guard_the_parts_of_the_machines_counters():
    builder = DumpBuilder(slots=1)
    builder.add_system_memory_info()
    data = bytearray(builder.build())
    struct.pack_into("<H", data, find_entry(bytes(data), 21)[2] + 2, 0)
    found = Minidump.open(bytes(data)).system_memory
    guarded = [counter.name for counter in found if isinstance(counter.value, Absent)]
    assert len(guarded) == 2 + 4 + 2 + 2 + 2 + 2
    assert "BasicPerfInfo.AvailablePages" in guarded


@pytest.mark.parametrize(("stream", "name", "call"), [(21, "system_memory", "add_system_memory_info"), (22, "vm_counters", "add_vm_counters")])
def test_counters_that_are_cut(stream, name, call):
    builder = DumpBuilder(slots=1)
    getattr(builder, call)()
    data = builder.build()
    start = find_entry(data, stream)[2]
    for end in range(start, len(data), 3):
        found = getattr(Minidump.open(data[:end]), name)
        if end - start < 4:
            assert isinstance(found, Absent)
        else:
            held = [counter for counter in found if isinstance(counter.value, int)]
            assert all(counter.offset + counter.field.type.size <= end for counter in held)


def test_no_counters():
    assert opened().system_memory.kind == NOT_THERE
    assert opened().vm_counters.kind == NOT_THERE


# --- function tables -------------------------------------------------------------------------------------------------


def entry(begin, end, unwind=0):
    return struct.pack("<III", begin, end, unwind)


TABLES = [
    FunctionTable(0x10000, 0x12000, 0x10000, [entry(0x10, 0x50, 0x900), entry(0x60, 0x80)]),
    FunctionTable(0x20000, 0x21000, 0x20000, [], pad=0),
    FunctionTable(0x30000, 0x31000, 0x30000, [entry(0, 0x1000)], pad=12),
]


def test_tables_and_entries():
    functions = opened(("add_function_tables", TABLES)).functions
    assert functions.absence is None
    assert functions.damage == ()
    assert [(table.minimum, table.entry_count, table.held) for table in functions] == [(0x10000, 2, 2), (0x20000, 0, 0), (0x30000, 1, 1)]
    first = list(functions[0].entries())
    assert [(item.begin, item.end, item.unwind) for item in first] == [(0x10, 0x50, 0x900), (0x60, 0x80, 0)]
    assert functions[0].native() == b"\xee" * 112
    assert functions.find(0x10020)[1] == first[0]
    assert functions.find(0x10055) == (functions[0], None)
    assert functions.find(0x50000) is None


def test_places_are_those_of_the_file():
    dump = opened(("add_function_tables", TABLES))
    for table in dump.functions:
        assert int.from_bytes(dump.source.some(table.offset, 8), "little") == table.minimum
        for item in table.entries():
            assert int.from_bytes(dump.source.some(item.offset, 4), "little") == item.begin


def test_entries_of_eight_bytes():
    table = FunctionTable(0x1000, 0x2000, 0x1000, [struct.pack("<II", 0x10, 0x1234)])
    functions = opened(("add_function_tables", [table], 64, 8)).functions
    assert [(item.begin, item.end, item.unwind) for item in functions[0].entries()] == [(0x10, 0, 0x1234)]


def test_more_entries_than_the_engine_takes():
    table = FunctionTable(0x1000, 0x2000, 0x1000, [entry(1, 2)] * 2001)
    functions = opened(("add_function_tables", [table])).functions
    assert [damage.code for damage in functions[0].damage] == ["function-table-too-many"]
    assert sum(1 for _ in functions[0].entries()) == 2001


@each("at", range(0, 24, 4))
@each("value", [0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF])
def test_any_number_of_the_header_may_lie(at, value):
    builder = DumpBuilder(slots=1)
    builder.add_function_tables(TABLES)
    data = bytearray(builder.build())
    struct.pack_into("<I", data, find_entry(bytes(data), 13)[2] + at, value)
    dump = Minidump.open(bytes(data))
    for table in dump.functions:
        assert table.held <= len(data)
        for item in table.entries():
            assert item.offset < len(data)
        table.native()
    list(dump.check())


def test_tables_that_are_cut():
    builder = DumpBuilder(slots=1)
    builder.add_function_tables(TABLES)
    data = builder.build()
    start = find_entry(data, 13)[2]
    for end in range(start, len(data), 7):
        dump = Minidump.open(data[:end])
        assert dump.functions.damage
        assert len(dump.functions) <= 3
