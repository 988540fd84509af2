"""The table of stream types."""

from __future__ import annotations

import pytest
from tests.cases import each

from dumpscope.format.catalogue import structure
from dumpscope.format.flags import MINIDUMP_TYPE_BITS
from dumpscope.format.streams import (
    BREAKPAD,
    CRASHPAD,
    DEBUGGER_NAMES,
    LAST_RESERVED_STREAM,
    MICROSOFT,
    MINIDUMP_STREAM_TYPE,
    STREAMS,
    WINDOWS_CE,
    is_user_stream,
)

NAMES = {
    0: "UnusedStream",
    1: "ReservedStream0",
    2: "ReservedStream1",
    3: "ThreadListStream",
    4: "ModuleListStream",
    5: "MemoryListStream",
    6: "ExceptionStream",
    7: "SystemInfoStream",
    8: "ThreadExListStream",
    9: "Memory64ListStream",
    10: "CommentStreamA",
    11: "CommentStreamW",
    12: "HandleDataStream",
    13: "FunctionTableStream",
    14: "UnloadedModuleListStream",
    15: "MiscInfoStream",
    16: "MemoryInfoListStream",
    17: "ThreadInfoListStream",
    18: "HandleOperationListStream",
    19: "TokenStream",
    20: "JavaScriptDataStream",
    21: "SystemMemoryInfoStream",
    22: "ProcessVmCountersStream",
    23: "IptTraceStream",
    24: "ThreadNamesStream",
    25: "CompressedMemoryStream",
    0x7000: "CompressedMemoryStreamSQL",
    0x8000: "ceStreamNull",
    0x8001: "ceStreamSystemInfo",
    0x8002: "ceStreamException",
    0x8003: "ceStreamModuleList",
    0x8004: "ceStreamProcessList",
    0x8005: "ceStreamThreadList",
    0x8006: "ceStreamThreadContextList",
    0x8007: "ceStreamThreadCallStackList",
    0x8008: "ceStreamMemoryVirtualList",
    0x8009: "ceStreamMemoryPhysicalList",
    0x800A: "ceStreamBucketParameters",
    0x800B: "ceStreamProcessModuleMap",
    0x800C: "ceStreamDiagnosisList",
    0xFFFF: "LastReservedStream",
}


def test_microsofts_names() -> None:
    assert {number: MINIDUMP_STREAM_TYPE.label(number) for number in NAMES} == NAMES
    assert {row.type for row in STREAMS.values() if row.vendor in (MICROSOFT, WINDOWS_CE)} == set(NAMES)


def test_names_and_numbers_are_unique() -> None:
    assert len({row.name for row in STREAMS.values()}) == len(STREAMS)
    assert all(number == row.type for number, row in STREAMS.items())
    assert MINIDUMP_STREAM_TYPE.value("HandleDataStream") == 12
    assert MINIDUMP_STREAM_TYPE.label(26) is None


@pytest.mark.parametrize(
    ("number", "vendor"),
    [(0x43500001, CRASHPAD), (0x47670001, BREAKPAD), (0x4767000A, BREAKPAD), (0x4B6B0002, "Chromium"), (0x4D7A0001, "Mozilla"), (0x4D7A0004, "Mozilla")]
    + [(0xFFF0, "Wine"), (0x800C, WINDOWS_CE), (0xFACECAFA, "Facebook")],
)
def test_whose_stream_it_is(number: int, vendor: str) -> None:
    assert STREAMS[number].vendor == vendor


def test_the_debugger_has_another_word_for_tokens_only() -> None:
    others = {number: name for number, name in DEBUGGER_NAMES.items() if number < 0x8000 and name != STREAMS[number].name}
    assert others == {19: "TokenInformationStream"}
    assert DEBUGGER_NAMES[0x8000] == "NullStream"
    assert {23, 24, 25, 0x800B, 0xFFF0}.isdisjoint(DEBUGGER_NAMES)


@each("number", sorted(STREAMS))
def test_row_is_complete(number: int) -> None:
    row = STREAMS[number]
    assert row.meaning
    assert row.source
    for name in (row.structure, row.header):
        assert not name or structure(name) is not None


def test_flags_and_streams_name_each_other() -> None:
    asked = {12: 0x4, 18: 0x4, 9: 0x2, 14: 0x20, 16: 0x800, 17: 0x1000, 19: 0x40000, 23: 0x400000, 25: 0x04000000}
    assert {row.type: row.flag for row in STREAMS.values() if row.flag} == asked
    for number, bit in asked.items():
        if number != 18:  # needs Application Verifier too
            assert number in MINIDUMP_TYPE_BITS[bit].streams


def test_users_own_numbers() -> None:
    assert not is_user_stream(LAST_RESERVED_STREAM)
    assert is_user_stream(0x10000)
    assert is_user_stream(0x43500001)
    assert not is_user_stream(0xFFF0)
