"""Function tables made byte by byte: sizes that the header tells, padding, ends in the middle of everything, and the damage that is told."""

from __future__ import annotations

import struct
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder
from tests.cases import each

from dumpscope.dump.absence import Damage
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.functions import ENGINE_LIMIT, FunctionEntry, FunctionTableList

HEAD, TABLE = 24, 32
"""Bytes of MINIDUMP_FUNCTION_TABLE_STREAM and of MINIDUMP_FUNCTION_TABLE_DESCRIPTOR."""


class Table(NamedTuple):
    """A table of a stream: its code, how many entries it has and claims, the bytes behind them."""

    minimum: int = 0x10000
    maximum: int = 0x20000
    base: int = 0x8000
    entries: int = 2
    claimed: Optional[int] = None
    pad: int = 0


class Sizes(NamedTuple):
    """What the header says of sizes."""

    header: int = HEAD
    descriptor: int = TABLE
    native: int = 16
    entry: int = 12
    pad: int = 0


USUAL = Sizes()


def entry(table: int, number: int) -> bytes:
    """An entry of words that are all different."""
    return struct.pack("<4I", *(0x1000 * (table + 1) + 0x40 * number + 0x10 * word for word in range(4)))


def stream(tables: Sequence[Table], sizes: Sizes = USUAL, claimed: Optional[int] = None) -> bytes:
    data = struct.pack("<6I", *sizes[:4], len(tables) if claimed is None else claimed, sizes.pad).ljust(sizes.header, b"\xaa") + b"\xbb" * sizes.pad
    for number, table in enumerate(tables):
        count = table.entries if table.claimed is None else table.claimed
        data += struct.pack("<QQQII", table.minimum, table.maximum, table.base, count, table.pad).ljust(sizes.descriptor, b"\xcc")
        data += bytes(number + 1 + place % 7 for place in range(sizes.native))
        data += b"".join(entry(number, index)[: sizes.entry].ljust(sizes.entry, b"\xee") for index in range(table.entries)) + b"\xdd" * table.pad
    return data


def opened(data: bytes, size: Optional[int] = None, behind: bytes = b"\xff" * 64) -> Tuple[FunctionTableList, int]:
    """The tables of a stream, and where it stands; ``size`` is what the directory says of it."""
    builder = DumpBuilder(slots=1)
    builder.append(b"\x99" * 5)
    rva = builder.append(data)
    builder.add_entry(13, len(data) if size is None else size, rva)
    return Minidump.open(builder.build() + behind).functions, rva


def specs(damage: Sequence[Damage], start: int) -> List[Tuple[Any, ...]]:
    return [(item.code, (item.offset or 0) - start, item.needed, item.available) for item in damage]


TABLES = [
    Table(),
    Table(0x30000, 0x30001, 0x30000, entries=0, pad=5),
    Table(0x40000, 0x50000, 0x40000, entries=3, pad=4),
    Table(0x7FFF00000000, 0x7FFF00000010),
]


@each("size", [8, 12, 16, 17])
@each("native", [0, 16, 112])
@each("more", [0, 1, 8])
@each("pad", [0, 3])
def test_places_follow_from_the_sizes(size: int, native: int, more: int, pad: int) -> None:
    """Headers, descriptors and entries that are longer than we know are stepped over."""
    sizes = Sizes(HEAD + more, TABLE + more, native, size, pad)
    functions, start = opened(stream(TABLES, sizes))
    assert (functions.damage, functions.claimed, functions.header_size) == ((), 4, sizes.header)
    assert (functions.descriptor_size, functions.native_size, functions.entry_size) == sizes[1:4]
    assert functions.span[:6] == (start + sizes.header + pad, TABLE, 4, 4, start, sizes.header)
    place = start + sizes.header + pad
    assert len(functions) == 4
    for number, (found, table) in enumerate(zip(functions, TABLES)):
        first = place + sizes.descriptor + native
        assert found[:6] == (number, table.minimum, table.maximum, table.base, table.entries, place)
        assert found[6:11] == (place + sizes.descriptor, native, first, size, table.entries)
        assert found.damage == ()
        assert found.native() == bytes(number + 1 + byte % 7 for byte in range(native))
        words = [struct.unpack("<4I", entry(number, index)) for index in range(table.entries)]
        wanted = [(row[0], row[1], row[2]) if size >= 12 else (row[0], 0, row[1]) for row in words]
        assert list(found.entries()) == [FunctionEntry._make((*row, first + size * index)) for index, row in enumerate(wanted)]
        place = first + size * table.entries + table.pad


@pytest.mark.parametrize(("size", "words"), [(0, 0), (3, 0), (4, 1), (7, 1), (8, 2), (11, 2), (12, 3), (13, 3), (16, 3)])
def test_the_size_of_an_entry(size: int, words: int) -> None:
    """Without room for one word there is no entry that could be read."""
    functions, _ = opened(stream([Table(entries=2)], Sizes(entry=size)))
    (found,) = functions
    rows = [struct.unpack("<4I", entry(0, index)) for index in range(2)]
    wanted = [(row[0], row[1] if words == 3 else 0, (0, 0, row[1], row[2])[words]) for row in rows] if words else []
    assert [(item.begin, item.end, item.unwind, item.offset) for item in found.entries()] == [
        (*row, found.first + size * index) for index, row in enumerate(wanted)
    ]
    assert found.held == (2 if size else 0)
    assert [item.code for item in found.damage] == ([] if size else ["function-table-cut"])


@pytest.mark.parametrize("native", [0, 1, 4095, 4096, 4097])
def test_4_kib_of_the_systems_own_descriptor(native: int) -> None:
    functions, _ = opened(stream([Table()], Sizes(native=native)))
    assert functions[0].native() == bytes(1 + byte % 7 for byte in range(min(native, 4096)))
    assert functions[0].native_size == native


@pytest.mark.parametrize("header", [0, 1, 23])
def test_a_header_that_claims_too_little(header: int) -> None:
    """It is read as if it had its whole size."""
    data = bytearray(stream([Table()]))
    struct.pack_into("<I", data, 0, header)
    functions, start = opened(bytes(data))
    assert specs(functions.damage, start) == [("header-too-small", 0, HEAD, header)]
    assert functions.damage[0].message == f"FunctionTableStream: SizeOfHeader is 0x{header:x}, at least 0x18 is needed"
    assert [(table.offset, table.held) for table in functions] == [(start + HEAD, 2)]
    assert functions.header_size == HEAD


@pytest.mark.parametrize("descriptor", [0, 1, 31])
@pytest.mark.parametrize("claimed", [0, 1])
def test_a_descriptor_that_claims_too_little(descriptor: int, claimed: int) -> None:
    data = bytearray(stream([Table()], claimed=claimed))
    struct.pack_into("<I", data, 4, descriptor)
    functions, start = opened(bytes(data))
    assert specs(functions.damage, start) == ([("record-too-small", 4, TABLE, descriptor)] if claimed else [])
    if claimed:
        assert functions.damage[0].message == f"FunctionTableStream: SizeOfDescriptor is 0x{descriptor:x}, at least 0x20 is needed"
    assert (list(functions), functions.find(0x10000), functions.descriptor_size) == ([], None, descriptor)


@pytest.mark.parametrize("size", [1, 4, 23, 24, 25])
@pytest.mark.parametrize("cut", [False, True])
def test_a_stream_without_room_for_its_header(size: int, cut: bool) -> None:
    """The directory says so few bytes, or the file ends there."""
    data = stream([], claimed=0)
    functions, start = opened(data[:size] if cut else data, size=HEAD if cut else size, behind=b"" if cut else b"\xff" * 64)
    held = min(size, HEAD)
    wanted = [("stream-too-small", 0, HEAD, held)] if held < HEAD else []
    assert [item for item in specs(functions.damage, start) if item[0] == "stream-too-small"] == wanted
    if wanted:
        assert functions.damage[-1].message == "FunctionTableStream: no room for its header"
        assert (functions.header_size, functions.claimed, functions.span[:4]) == (0, 0, (0, TABLE, 0, 0))
    assert list(functions) == []


@pytest.mark.parametrize("by_file", [False, True])
def test_a_stream_that_ends_anywhere(by_file: bool) -> None:
    """Of each table as many entries as the stream has whole; a table without its whole descriptor is none."""
    tables = [Table(pad=3), Table(0x30000, 0x40000, entries=1), Table(0x50000, 0x60000)]
    data = stream(tables)
    places = []
    place = HEAD
    for table in tables:
        places.append(place)
        place += TABLE + 16 + 12 * table.entries + table.pad
    assert place == len(data)
    for size in range(HEAD, len(data)):
        functions, start = opened(data[:size], len(data), behind=b"") if by_file else opened(data, size)
        assert specs(functions.damage, start) == ([("stream-cut", 0, len(data), size)] if by_file else [])
        whole = [(at, table, max(0, size - at - TABLE - 16) // 12) for at, table in zip(places, tables) if at + TABLE <= size]
        assert [(found.offset - start, found.entry_count, found.held) for found in functions] == [
            (at, table.entries, min(table.entries, held)) for at, table, held in whole
        ]
        for found, (at, table, held) in zip(functions, whole):
            cut = [("function-table-cut", at, 12 * table.entries, 12 * held)] if held < table.entries else []
            assert specs(found.damage, start) == cut
            assert len(list(found.entries())) == min(held, table.entries)
            if cut:
                words = "1 entry" if table.entries == 1 else f"{table.entries} entries"
                assert found.damage[0].message == f"function table {found.index} at 0x{table.minimum:x} claims {words}, the stream holds {held}"


@pytest.mark.parametrize("claimed", [0, 1, 2, 3, 99])
def test_the_count_of_tables_bounds_them(claimed: int) -> None:
    functions, _ = opened(stream([Table(), Table()], claimed=claimed), behind=b"")
    assert [table.index for table in functions] == list(range(min(claimed, 2)))
    assert functions.claimed == claimed


@pytest.mark.parametrize("count", [ENGINE_LIMIT - 1, ENGINE_LIMIT, ENGINE_LIMIT + 1])
@pytest.mark.parametrize("there", [True, False])
def test_as_many_entries_as_the_engine_accepts(count: int, there: bool) -> None:
    functions, start = opened(stream([Table(entries=count if there else 1, claimed=count)]))
    (found,) = functions
    wanted: List[Tuple[Any, ...]] = [] if there else [("function-table-cut", HEAD, 12 * count, 12)]
    if count > ENGINE_LIMIT:
        wanted.append(("function-table-too-many", HEAD, count, ENGINE_LIMIT))
        words = f"function table 0 at 0x10000 has {count} entries; the debugger's engine accepts {ENGINE_LIMIT} and leaves the stream out"
        assert found.damage[-1].message == words
    assert specs(found.damage, start) == wanted


def test_the_table_and_the_entry_of_an_address() -> None:
    """Entry 0 is code from 0x1000 to before 0x1010 of the base, entry 1 from 0x1040 to before 0x1050."""
    base = 0x8000
    functions, _ = opened(stream([Table(base + 0x1000, base + 0x1060, base), Table(base + 0x1058, base + 0x2000, base, entries=1)]))
    first, second = functions
    one, two = first.entries()
    assert (one.begin, one.end, two.begin, two.end) == (0x1000, 0x1010, 0x1040, 0x1050)
    found = {
        address: functions.find(base + address) for address in (0xFFF, 0x1000, 0x100F, 0x1010, 0x103F, 0x1040, 0x104F, 0x1050, 0x105F, 0x1060, 0x1FFF, 0x2000)
    }
    assert found == {
        0xFFF: None,
        0x1000: (first, one),
        0x100F: (first, one),
        0x1010: (first, None),
        0x103F: (first, None),
        0x1040: (first, two),
        0x104F: (first, two),
        0x1050: (first, None),
        0x105F: (first, None),
        0x1060: (second, None),
        0x1FFF: (second, None),
        0x2000: None,
    }


def test_no_stream_of_tables() -> None:
    functions = Minidump.open(DumpBuilder().build()).functions
    assert (list(functions), functions.damage, functions.find(0)) == ([], (), None)
    assert (functions.descriptor_size, functions.native_size, functions.entry_size, functions.header_size, functions.claimed) == (0, 0, 0, 0, 0)
