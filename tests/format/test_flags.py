"""MINIDUMP_TYPE: names, normalisation, known values."""

from __future__ import annotations

import pytest
from tests.cases import each

from dumpscope.format.flags import DUMP_ALWAYS, DUMP_LETTERS, KNOWN_MASKS, MINIDUMP_TYPE, MINIDUMP_TYPE_BITS, VALID_TYPE_FLAGS, normalise, refused, writers_of
from dumpscope.format.streams import STREAMS

NAMES = {
    0x00000000: "MiniDumpNormal",
    0x00000001: "MiniDumpWithDataSegs",
    0x00000002: "MiniDumpWithFullMemory",
    0x00000004: "MiniDumpWithHandleData",
    0x00000008: "MiniDumpFilterMemory",
    0x00000010: "MiniDumpScanMemory",
    0x00000020: "MiniDumpWithUnloadedModules",
    0x00000040: "MiniDumpWithIndirectlyReferencedMemory",
    0x00000080: "MiniDumpFilterModulePaths",
    0x00000100: "MiniDumpWithProcessThreadData",
    0x00000200: "MiniDumpWithPrivateReadWriteMemory",
    0x00000400: "MiniDumpWithoutOptionalData",
    0x00000800: "MiniDumpWithFullMemoryInfo",
    0x00001000: "MiniDumpWithThreadInfo",
    0x00002000: "MiniDumpWithCodeSegs",
    0x00004000: "MiniDumpWithoutAuxiliaryState",
    0x00008000: "MiniDumpWithFullAuxiliaryState",
    0x00010000: "MiniDumpWithPrivateWriteCopyMemory",
    0x00020000: "MiniDumpIgnoreInaccessibleMemory",
    0x00040000: "MiniDumpWithTokenInformation",
    0x00080000: "MiniDumpWithModuleHeaders",
    0x00100000: "MiniDumpFilterTriage",
    0x00200000: "MiniDumpWithAvxXStateContext",
    0x00400000: "MiniDumpWithIptTrace",
    0x00800000: "MiniDumpScanInaccessiblePartialPages",
    0x01000000: "MiniDumpFilterWriteCombinedMemory",
    0x02000000: "MiniDumpNoIgnoreInaccessibleMemory",
    0x04000000: "MiniDumpWithMemoryCompression",
}


def test_names() -> None:
    assert {bit: name for bit, (name, _) in MINIDUMP_TYPE.members.items()} == NAMES
    assert VALID_TYPE_FLAGS == 0x01FFFFFF
    assert MINIDUMP_TYPE.labels(0x40004) == ["MiniDumpWithHandleData", "MiniDumpWithTokenInformation"]
    assert MINIDUMP_TYPE.labels(0) == ["MiniDumpNormal"]
    assert MINIDUMP_TYPE.labels(0x08000002) == ["MiniDumpWithFullMemory", "0x8000000"]


@each("bit", sorted(NAMES))
def test_row_is_complete(bit: int) -> None:
    row = MINIDUMP_TYPE_BITS[bit]
    assert row.bit == bit
    assert row.asks
    assert row.since
    assert row.cost
    assert all(number in STREAMS for number in row.streams)


def test_dump_letters_agree_with_the_table() -> None:
    assert {row.letter: bit for bit, row in MINIDUMP_TYPE_BITS.items() if row.letter not in ("", "m", "A")} == {
        letter: bits for letter, bits in DUMP_LETTERS.items() if letter not in "aA"
    }
    letters = DUMP_LETTERS
    assert letters["a"] == letters["f"] | letters["F"] | letters["h"] | letters["u"] | letters["t"]
    assert letters["A"] == letters["a"] | 0x20000


@pytest.mark.parametrize(
    ("options", "header"),
    [("", 0x40000), ("h", 0x40004), ("a", 0x41826), ("fht", 0x41006), ("htu", 0x41024), ("i", 0x40040), ("w", 0x40200), ("R", 0x40080)],
)
def test_dump_options_as_seen_in_files(options: str, header: int) -> None:
    asked = DUMP_ALWAYS
    for letter in options:
        asked |= DUMP_LETTERS[letter]
    assert asked == header


@pytest.mark.parametrize(
    ("asked", "header"),
    [
        (0x0, 0x0),
        (0x1005, 0x1005),
        (0x61907, 0x61806),  # seen: dbghelp 6.3.9600
        (0x41827, 0x61826),
        (0x2, 0x20002),
        (0x02000002, 0x02000002),
        (0x0019A35B, 0x20002),
        (0x400 | 0x200 | 0x40, 0x400),
        (0x402, 0x400),
        (0x140000, 0x100080),
        (0x04000002, 0x04020000),
        (0x04000001, 0x04000000),
    ],
)
def test_normalise(asked: int, header: int) -> None:
    after, reasons = normalise(asked)
    assert after == header
    assert bool(reasons) == (asked != header)
    again, more = normalise(after)
    assert (again, more) == (after, [])


def test_shadow_stack_brings_extended_registers() -> None:
    assert normalise(0) == (0, [])
    flags, reasons = normalise(0, shadow_stack=True)
    assert flags == 0x200000
    assert len(reasons) == 1
    assert normalise(0x200000, shadow_stack=True) == (0x200000, [])


@pytest.mark.parametrize(("flags", "count"), [(0x41826, 0), (0x300000, 1), (0x02020000, 1), (0x08000000, 1), (0x07FFFFFF & ~0x120000, 0)])
def test_refused(flags: int, count: int) -> None:
    assert len(refused(flags)) == count


def test_unknown_bits_are_named() -> None:
    assert refused(0x18000000) == ["0x18000000 is no known bit"]


@pytest.mark.parametrize(
    ("flags", "writer"),
    [
        (0x421826, "Task Manager"),
        (0x461826, "procdump -ma"),
        (0x41826, ".dump /ma"),
        (0x61826, "createdump --full"),
        (0x121, "WER LocalDumps"),
        (0x1205AC, "createdump --triage"),
        (0x6, "comsvcs.dll"),
    ],
)
def test_known_writers(flags: int, writer: str) -> None:
    assert any(writer in row.writer for row in writers_of(flags))


def test_a_value_that_nobody_is_known_for() -> None:
    assert writers_of(0x12345) == []


def test_asked_values_are_found_by_what_the_header_shows() -> None:
    heap = next(row for row in KNOWN_MASKS if row.flags == 0x41827)
    assert heap.asked
    assert heap in writers_of(0x61826)
