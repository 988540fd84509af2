"""The lists of memory and of regions: their bounds and the damage that is told, places in the file, and the view over all ranges, compared byte by byte."""

from __future__ import annotations

import struct
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder
from tests.cases import each

from dumpscope import Minidump, NotInDump
from dumpscope.dump.absence import Damage
from dumpscope.dump.streams import memory
from dumpscope.dump.streams.memory import ADDRESS_END, Piece, Range, Region

Spec = Tuple[str, int, int, int]  # code, offset in the stream, needed, available


def stream_of(kind: int, data: bytes, *, size: Optional[int] = None, behind: bytes = b"", rva: Optional[int] = None, flags: int = 2) -> Minidump:
    """A dump of one stream with ``behind`` as the end of the file; its entry may say another size and place."""
    builder = DumpBuilder(flags=flags, slots=3)
    builder.append(b"\xdd" * 5)
    at = builder.append(data)
    builder.add_entry(kind, len(data) if size is None else size, at if rva is None else rva)
    return Minidump.open(builder.build() + behind)


def specs(damage: Iterable[Damage], start: int) -> List[Spec]:
    return [(item.code, (item.offset or 0) - start, item.needed or 0, item.available or 0) for item in damage]


# --- MemoryListStream --------------------------------------------------------------------------------------------------


def small(rows: Sequence[Tuple[int, int, int]], claimed: Optional[int] = None, padding: bytes = b"") -> bytes:
    return struct.pack("<I", len(rows) if claimed is None else claimed) + padding + b"".join(struct.pack("<QII", *row) for row in rows)


ROWS = [(0x0102030405060708, 0x21, 0x20), (0x1112131415161718, 0x22, 0x30), (0x7172737475767778, 0x23, 0x40)]


@pytest.mark.parametrize("padding", [b"", b"\xee" * 4])
def test_the_ranges_of_a_small_list(padding: bytes) -> None:
    found = stream_of(5, small(ROWS, padding=padding), behind=bytes(0x60), flags=0).memory_list
    assert found.stream is not None
    start, first = found.stream.rva, found.stream.rva + 4 + len(padding)
    assert list(found) == [Range(index, address, size, rva, size, first + 16 * index, 5) for index, (address, size, rva) in enumerate(ROWS)]
    assert [found[index] for index in range(3)] == list(found) == found[:]
    assert [item.end for item in found] == [address + size for address, size, _ in ROWS]
    assert found.span[:6] == (first, 16, 3, 3, start, 4 + len(padding))
    assert specs(found.damage, start) == ([("padded-list", 0, 52, 56)] if padding else [])


@pytest.mark.parametrize(
    ("size", "count", "damage"),
    [
        (0, 3, [("stream-size-mismatch", 0, 52, 0)]),
        (1, 0, [("stream-too-small", 0, 4, 1)]),
        (3, 0, [("stream-too-small", 0, 4, 3)]),
        (4, 0, [("stream-size-mismatch", 0, 52, 4)]),
        (19, 0, [("stream-size-mismatch", 0, 52, 19)]),
        (20, 1, [("stream-size-mismatch", 0, 52, 20)]),
        (51, 2, [("stream-size-mismatch", 0, 52, 51)]),
        (52, 3, []),
        (53, 3, [("stream-size-mismatch", 0, 52, 53)]),
        (57, 3, [("stream-size-mismatch", 0, 52, 57)]),
    ],
)
def test_the_size_of_a_small_list(size: int, count: int, damage: List[Spec]) -> None:
    found = stream_of(5, small(ROWS), size=size, behind=bytes(0x60), flags=0).memory_list
    assert found.stream is not None
    assert specs(found.damage, found.stream.rva) == damage
    assert [item.start for item in found] == [address for address, _, _ in ROWS[:count]]
    assert found.span.claimed == (3 if size not in (1, 3) else 0)


@pytest.mark.parametrize("missing", [1, 2, 15, 16, 17, 33, 48, 49, 51, 52])
def test_a_small_list_that_the_file_cuts(missing: int) -> None:
    builder = DumpBuilder(slots=1)
    data = small(ROWS)
    rva = builder.append(data)
    builder.add_entry(5, len(data), rva)
    found = Minidump.open(builder.build()[:-missing]).memory_list
    held = len(data) - missing
    message = f"MemoryListStream: 0x34 bytes at 0x{rva:x}, the file holds " + (f"0x{held:x} of them" if held else "none of them")
    assert found.damage == (Damage("stream-cut" if held else "stream-outside-file", message, rva, 52, held),)
    assert len(found) == max(0, held - 4) // 16


@pytest.mark.parametrize(("before", "held"), [(33, 32), (32, 32), (31, 31), (1, 1), (0, 0), (-1, 0), (-0x100, 0)])
@pytest.mark.parametrize("kind", [5, 9])
def test_a_range_holds_what_the_file_has(before: int, held: int, kind: int) -> None:
    """The bytes of a range of 32 begin ``before`` bytes in front of the end of the file."""
    if kind == 5:
        data = small([(0x1000, 32, 0), (0x2000, 32, 0)])
        end = stream_of(5, data).source.size
        dump = stream_of(5, small([(0x1000, 32, end - before), (0x2000, 32, end - before)]))
        ranges = dump.memory_list
        rva = end - before
    else:
        end = stream_of(9, bytes(32)).source.size
        dump = stream_of(9, struct.pack("<QQQQ", 1, end - before, 0x1000, 32))
        ranges = dump.memory64_list
        rva = end - before
    assert [(item.rva, item.size, item.held) for item in ranges] == [(rva, 32, held)] * len(ranges)
    assert [(item.rva, item.size, item.held) for item in (ranges[0], ranges[-1])] == [(rva, 32, held)] * 2
    assert dump.memory.captured(0x1000, 99) == held
    assert dump.memory.total == held * len(ranges)
    assert dump.memory.some(0x1000, 99) == bytes(dump.source.some(rva, 32))


# --- Memory64ListStream ------------------------------------------------------------------------------------------------

FULL = [(0x1000, 0x21), (0x0102030405060708, 0x22), (0x1112131415161718, 0x23)]


def full(rows: Sequence[Tuple[int, int]], base: int = 0x31, claimed: Optional[int] = None) -> bytes:
    return struct.pack("<QQ", len(rows) if claimed is None else claimed, base) + b"".join(struct.pack("<QQ", *row) for row in rows)


def test_the_ranges_of_a_full_list() -> None:
    dump = stream_of(9, full(FULL), behind=bytes(0x80))
    found = dump.memory64_list
    assert found.stream is not None
    start = found.stream.rva
    wanted = [Range(index, *row, rva, row[1], start + 16 + 16 * index, 9) for index, (row, rva) in enumerate(zip(FULL, (0x31, 0x52, 0x74)))]
    assert list(found) == wanted == [found[index] for index in range(3)]
    for low in range(-4, 5):
        for high in (None, *range(-4, 5)):
            assert list(found.walk(low, high)) == wanted[low:high]
    assert (found.base_rva, found.total, found.total, found.expected_file_size) == (0x31, 0x66, 0x66, 0x97)
    assert (found.span, found.damage) == ((start + 16, 16, 3, 3, start, 16, ()), ())


@pytest.mark.parametrize(
    ("size", "count", "damage"),
    [
        (9, 0, [("stream-too-small", 0, 16, 9)]),
        (15, 0, [("stream-too-small", 0, 16, 15)]),
        (16, 0, [("stream-size-mismatch", 0, 64, 16)]),
        (31, 0, [("stream-size-mismatch", 0, 64, 31)]),
        (32, 1, [("stream-size-mismatch", 0, 64, 32)]),
        (48, 2, [("stream-size-mismatch", 0, 64, 48)]),
        (63, 2, [("stream-size-mismatch", 0, 64, 63)]),
        (64, 3, []),
        (65, 3, [("stream-size-mismatch", 0, 64, 65)]),
        (72, 3, [("stream-size-mismatch", 0, 64, 72)]),
        (80, 3, [("stream-size-mismatch", 0, 64, 80)]),
    ],
)
def test_the_size_of_a_full_list(size: int, count: int, damage: List[Spec]) -> None:
    found = stream_of(9, full(FULL), size=size, behind=bytes(0x80)).memory64_list
    assert found.stream is not None
    assert specs(found.damage, found.stream.rva) == damage
    words = f"the directory says 0x{size:x} bytes, 3 records need 0x40" if size >= 16 else "no room for its count"
    assert [item.message for item in found.damage] == [f"Memory64ListStream: {words}"] * len(damage)
    assert [item.start for item in found] == [address for address, _ in FULL[:count]]


@pytest.mark.parametrize("missing", [1, 7, 8, 9, 15, 16, 17, 32, 33, 47, 48])
def test_a_full_list_that_the_file_cuts(missing: int) -> None:
    builder = DumpBuilder(flags=2, slots=1)
    data = full(FULL)
    rva = builder.append(data)
    builder.add_entry(9, len(data), rva)
    found = Minidump.open(builder.build()[:-missing]).memory64_list
    held = 64 - missing
    assert found.damage == (Damage("stream-cut", f"Memory64ListStream: 0x40 bytes at 0x{rva:x}, the file holds 0x{held:x} of them", rva, 64, held),)
    assert [item.start for item in found] == [address for address, _ in FULL[: (held - 16) // 16]]
    assert found.total == sum(item.size for item in found)


@pytest.mark.parametrize("held", [0, 1, 7, 8, 9, 15])
def test_a_full_list_without_its_header(held: int) -> None:
    builder = DumpBuilder(flags=2, slots=1)
    rva = builder.append(full(FULL))
    builder.add_entry(9, 64, rva)
    dump = Minidump.open(builder.build()[: rva + held])
    message = f"Memory64ListStream: 0x40 bytes at 0x{rva:x}, the file holds " + (f"0x{held:x} of them" if held else "none of them")
    found = dump.memory64_list
    assert found.damage == (Damage("stream-cut" if held else "stream-outside-file", message, rva, 64, held),)
    assert (list(found), found.base_rva, found.total, found.expected_file_size, found.span.header) == ([], 0, 0, 0, rva)
    assert (len(dump.memory), bool(dump.memory), dump.memory.total) == (0, False, 0)


@pytest.mark.parametrize("held", [1, 15])
def test_a_full_list_too_small_for_its_header(held: int) -> None:
    builder = DumpBuilder(flags=2, slots=1)
    rva = builder.append(full(FULL))
    builder.add_entry(9, held, rva)
    found = Minidump.open(builder.build()[: rva + held]).memory64_list
    assert found.damage == (Damage("stream-too-small", "Memory64ListStream: no room for its header", rva, 16, held),)


# --- all ranges as one ---------------------------------------------------------------------------------------------------


def memory_of(ranges: Sequence[Tuple[int, bytes]], *, in_full: bool, extra: Sequence[Tuple[int, bytes]] = ()) -> Minidump:
    """A dump with the ranges in one of the lists, and ``extra`` in the small one."""
    builder = DumpBuilder(flags=2 if in_full else 0, slots=3)
    for start, data in extra if in_full else ranges:
        builder.add_memory(start, data)
    if extra or not in_full:
        builder.add_memory_list()
    if in_full:
        rows = [(start, len(data)) for start, data in ranges]
        at = builder.add_stream(9, full(rows))
        image = bytearray(builder.build())
        rva = builder.entries[at][2]
        struct.pack_into("<Q", image, rva + 8, len(image))
        return Minidump.open(bytes(image) + b"".join(data for _, data in ranges))
    return Minidump.open(builder.build())


def marked(number: int, size: int) -> bytes:
    return bytes((number * 53 + 7 * place) % 251 + 1 for place in range(size))


SHAPES: Dict[str, List[Tuple[int, int]]] = {
    "one": [(8, 8)],
    "apart": [(4, 4), (12, 4), (20, 8)],
    "adjacent": [(4, 4), (8, 4), (12, 4)],
    "out of order": [(20, 4), (4, 4), (12, 4)],
    "overlapping": [(4, 8), (8, 8), (14, 6)],
    "nested": [(4, 16), (8, 4), (18, 6)],
    "the same start": [(4, 4), (4, 8), (4, 2)],
    "the same range": [(4, 8), (4, 8)],
    "empty ones": [(4, 4), (8, 0), (6, 0), (12, 4)],
    "from zero": [(0, 4), (8, 4)],
    "one byte": [(4, 1), (5, 1), (7, 1)],
    "touching ends": [(4, 8), (10, 2), (12, 4)],
}


def plain(dump: Minidump) -> Dict[int, int]:
    """Each address with its byte's place in the file: the range that begins first serves it, of two that begin together the shorter one."""
    places: Dict[int, int] = {}
    for item in sorted([*dump.memory_list, *dump.memory64_list], key=lambda item: (item.start, item.start + item.held, item.rva)):
        for place in range(item.held):
            places.setdefault(item.start + place, item.rva + place)
    return places


@each("shape", SHAPES)
@each("in_full", [False, True])
@each("extra", [(), ((2, b"\xf1\xf2\xf3"), (16, b"\xf4" * 3))])
@each("base", [0, 0x7FFFFFFFFFFFFFE8, ADDRESS_END - 64])
def test_every_address_of_the_view(shape: str, in_full: bool, extra: Sequence[Tuple[int, bytes]], base: int) -> None:
    ranges = [(base + start, marked(number, size)) for number, (start, size) in enumerate(SHAPES[shape])]
    dump = memory_of(ranges, in_full=in_full, extra=[(base + start, data) for start, data in extra])
    memory, places = dump.memory, plain(dump)
    assert memory.total == len(places)
    spans = list(memory.spans())
    assert {address: rva + address - start for start, end, rva in spans for address in range(start, end)} == places
    assert len(memory) == len(spans)
    assert memory.source is dump.source
    assert all(one[1] <= other[0] for one, other in zip(spans, spans[1:]))
    for address in range(base, base + 36):
        found = memory.locate(address)
        assert (found[0] if found else None) == places.get(address)
        if found:
            assert found[1] == next(end for start, end, _ in spans if start <= address < end) - address
        below, above = memory.neighbours(address)
        assert below == max(((start, end) for start, end, _ in spans if start <= address), default=None)
        assert above == min(((start, end) for start, end, _ in spans if start > address), default=None)
        for size in (0, 1, 2, 5, 9, 28):
            got = 0
            while got < size and address + got in places:
                got += 1
            data = bytes(dump.source.some(places[address + place], 1)[0] for place in range(got))
            assert memory.captured(address, size) == got
            assert memory.some(address, size) == data
            pieces = list(memory.pieces(address, size))
            check(pieces, address, size, places, dump)
            if got == size:
                assert memory.read(address, size) == data
            else:
                with pytest.raises(NotInDump, match=f"^0x{address + got:x} is not in the dump"):
                    memory.read(address, size)
        assert memory.captured(address) == (address in places)


def check(pieces: Sequence[Piece], address: int, size: int, places: Dict[int, int], dump: Minidump) -> None:
    """Pieces follow each other, cover what was asked, and are what the file has, or gaps of the whole size."""
    assert sum(piece.size for piece in pieces) == size
    for piece in pieces:
        assert piece.address == address
        wanted = [places.get(address + place) for place in range(piece.size)]
        if piece.data is None:
            assert wanted == [None] * piece.size
        else:
            assert bytes(piece.data) == bytes(dump.source.some(place, 1)[0] for place in wanted if place is not None)
            assert len(piece.data) == piece.size
        address += piece.size
    assert all(one.data is not None or other.data is not None for one, other in zip(pieces, pieces[1:]))


@pytest.mark.parametrize("first", ["read", "some", "captured", "locate", "pieces", "neighbours", "total", "spans", "len", "bool"])
def test_any_question_may_be_the_first(first: str) -> None:
    """The view is made by whatever is asked first, and stays as it is."""
    dump = memory_of([(0x1000, marked(1, 16)), (0x2000, marked(2, 16))], in_full=True)
    memory = dump.memory
    asked = {
        "read": lambda: memory.read(0x2004, 4) == marked(2, 16)[4:8],
        "some": lambda: memory.some(0x200C, 8) == marked(2, 16)[12:],
        "captured": lambda: memory.captured(0x100F, 8) == 1,
        "locate": lambda: memory.locate(0x2001) == (dump.memory64_list[1].rva + 1, 15),
        "pieces": lambda: [piece.size for piece in memory.pieces(0x100C, 0x1000)] == [4, 0xFF0, 12],
        "neighbours": lambda: memory.neighbours(0x1800) == ((0x1000, 0x1010), (0x2000, 0x2010)),
        "total": lambda: memory.total == 32,
        "spans": lambda: [span[:2] for span in memory.spans()] == [(0x1000, 0x1010), (0x2000, 0x2010)],
        "len": lambda: len(memory) == 2,
        "bool": lambda: bool(memory),
    }
    for name in (first, *asked, first):
        assert asked[name]()


@pytest.mark.parametrize(("address", "size", "good"), [(-16, 16, True), (-16, 17, False), (-1, 1, True), (-1, 2, False), (-17, 2, False), (-32, 1, False)])
@pytest.mark.parametrize("in_full", [False, True])
def test_reads_at_the_end_of_the_address_space(address: int, size: int, good: bool, in_full: bool) -> None:
    place = ADDRESS_END + address
    for _ in range(2):
        memory = memory_of([(0x1000, marked(2, 4)), (ADDRESS_END - 16, marked(1, 16))], in_full=in_full).memory
        if good:
            assert memory.read(place, size) == marked(1, 16)[16 + address : 16 + address + size]
        else:
            words = f"^0x{size:x} bytes at 0x{place:x} go beyond the end of the address space" if address + size > 0 else f"^0x{place:x} is not in the dump"
            with pytest.raises(NotInDump, match=words):
                memory.read(place, size)
        assert [piece.size for piece in memory.pieces(place, 99)] == ([1, 16] if address == -17 else [16, 16] if address == -32 else [-address])


def test_reading_nothing() -> None:
    memory = memory_of([], in_full=False).memory
    assert (memory.total, len(memory), list(memory.spans()), memory.locate(0), memory.captured(0), memory.some(0, 9)) == (0, 0, [], None, 0, b"")
    assert list(memory.pieces(5, 3)) == [Piece(5, 3, None)]
    assert memory.neighbours(5) == (None, None)
    assert memory.read(5, 0) == b""
    with pytest.raises(NotInDump, match=r"^0x5 is not in the dump"):
        memory.read(5, 1)


# --- MemoryInfoListStream ------------------------------------------------------------------------------------------------


def region(base: int, size: int, state: int = 0x1000, kind: int = 0x20000) -> bytes:
    return struct.pack("<QQIIQIIII", base, 0xA1A2A3A4A5A6A7A8, 0xB1B2B3B4, 0xEEEEEEEE, size, state, 0xC1C2C3C4, kind, 0xEEEEEEEE)


def regions(rows: Sequence[bytes], *, header: int = 16, stride: int = 48, claimed: Optional[int] = None) -> bytes:
    head = struct.pack("<IIQ", header, stride, len(rows) if claimed is None else claimed).ljust(header, b"\xee")
    return head + b"".join(row.ljust(stride, b"\xee")[:stride] for row in rows)


THREE = [region(0x1000, 0x1000), region(0x3000, 0x2000, 0x10000, 0), region(0x5000, 0x1000, 0x2000, 0x40000)]


@pytest.mark.parametrize("header", [16, 17, 24])
@pytest.mark.parametrize("stride", [48, 49, 56])
def test_the_sizes_in_a_list_of_regions_rule(header: int, stride: int) -> None:
    found = stream_of(16, regions(THREE, header=header, stride=stride), flags=0x800).regions
    assert found.stream is not None
    start = found.stream.rva
    same = (0xA1A2A3A4A5A6A7A8, 0xB1B2B3B4)
    wanted = [
        Region(0, 0x1000, *same, 0x1000, 0x1000, 0xC1C2C3C4, 0x20000, start + header),
        Region(1, 0x3000, *same, 0x2000, 0x10000, 0xC1C2C3C4, 0, start + header + stride),
        Region(2, 0x5000, *same, 0x1000, 0x2000, 0xC1C2C3C4, 0x40000, start + header + 2 * stride),
    ]
    assert list(found) == wanted == [found[index] for index in range(3)]
    assert [item.end for item in found] == [0x2000, 0x5000, 0x6000]
    assert found.span == (start + header, stride, 3, 3, start, header, ())
    for address, index in (
        (0, None),
        (0xFFF, None),
        (0x1000, 0),
        (0x1FFF, 0),
        (0x2000, None),
        (0x2FFF, None),
        (0x3000, 1),
        (0x4FFF, 1),
        (0x5000, 2),
        (0x6000, None),
    ):
        assert found.at(address) == (None if index is None else wanted[index])


@pytest.mark.parametrize(
    ("header", "stride", "claimed", "cut", "damage", "count"),
    [
        (15, 48, 3, 0, [("header-too-small", 0, 16, 15)], 3),
        (0, 48, 3, 0, [("header-too-small", 0, 16, 0)], 3),
        (16, 47, 3, 0, [("record-too-small", 4, 48, 47)], 0),
        (16, 0, 3, 0, [("record-too-small", 4, 48, 0)], 0),
        (16, 48, 4, 0, [("stream-size-mismatch", 0, 208, 160)], 3),
        (16, 48, 2, 0, [("stream-size-mismatch", 0, 112, 160)], 2),
        (16, 48, 0, 0, [("stream-size-mismatch", 0, 16, 160)], 0),
        (16, 48, 3, 1, [("stream-cut", 0, 160, 159)], 2),
        (16, 48, 3, 144, [("stream-cut", 0, 160, 16)], 0),
        (16, 48, 3, 145, [("stream-cut", 0, 160, 15)], 0),
        (16, 48, 3, 160, [("stream-outside-file", 0, 160, 0)], 0),
    ],
)
def test_damage_of_a_list_of_regions(header: int, stride: int, claimed: int, cut: int, damage: List[Spec], count: int) -> None:
    builder = DumpBuilder(flags=0x800, slots=1)
    data = struct.pack("<IIQ", header, stride, claimed) + b"".join(THREE)
    rva = builder.append(data)
    builder.add_entry(16, len(data), rva)
    image = builder.build()
    found = Minidump.open(image[: len(image) - cut]).regions
    assert specs(found.damage, rva) == damage
    assert len(found) == count
    assert [item.base for item in found] == [0x1000, 0x3000, 0x5000][:count]


@pytest.mark.parametrize("stop", range(6))
def test_regions_of_a_kind(stop: int) -> None:
    rows = [region(0x1000 * index, 0x1000, state, kind) for index, (state, kind) in enumerate([(0x1000, 1), (0x1000, 2), (0x2000, 1), (0x1000, 1)])]
    found = stream_of(16, regions(rows), flags=0x800).regions
    assert list(found.of_kind(0x1000, 1, stop)) == [found[index] for index in (0, 3) if index < stop]
    assert list(found.of_kind(0x2000, 1, stop)) == [found[2]] * (stop > 2)
    assert list(found.of_kind(0x2000, 2, stop)) == []
    for state, kind in ((0x1000, 1), (0x2000, 1), (0x2000, 2)):
        assert list(found._stretches(state, kind, stop)) == [(item.protect, item.base, item.size) for item in found.of_kind(state, kind, stop)]


@pytest.mark.parametrize(
    ("extents", "apart"),
    [
        ([], True),
        ([(0x1000, 0x1000)], True),
        ([(0x1000, 0x1000), (0x2000, 1)], True),
        ([(0x1000, 0x1001), (0x2000, 1)], False),
        ([(0x2000, 1), (0x1000, 1)], False),
        ([(0x1000, 0)], False),
        ([((1 << 63) - 2, 1)], True),
        ([((1 << 63) - 1, 1)], False),
        ([(1 << 63, 1)], False),
    ],
)
def test_regions_that_stand_apart(extents: List[Tuple[int, int]], apart: bool) -> None:
    found = stream_of(16, regions([region(base, size) for base, size in extents]), flags=0x800).regions
    assert found.apart is apart
    for base, size in extents:
        for address in (base - 1, base, base + size - 1, base + size):
            holding = [index for index, (start, length) in enumerate(extents) if start <= address < start + length]
            assert found.at(address) == (found[holding[0]] if holding else None)


@pytest.mark.parametrize("kept", [0, 8192])
def test_ranges_by_columns(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starts and sizes of the first ranges, and how many stretches are captured, are those of the ranges one by one."""
    monkeypatch.setattr(memory, "KEPT", kept)
    dump = stream_of(5, small([(0x100, 0x21, 0x20), (0x121, 0x22, 0x30), (0x200, 0x23, 0x40), (0x210, 0, 0x40)]), behind=bytes(0x60), flags=0)
    ranges = list(dump.memory_list)
    for stop in range(6):
        assert list(dump.memory_list._extents(stop)) == [(item.start, item.size) for item in ranges[:stop]]
    stretches = [(start, size) for start in range(0xF0, 0x240) for size in (0, 1, 0x21, 0x43, 0x44)]
    assert dump.memory._count_captured(stretches) == sum(dump.memory.captured(start, size) >= size for start, size in stretches)
    assert dump.memory._count_captured([(0x100, 0x43), (0x100, 0x44), (0x50, 0)]) == 2


@pytest.mark.parametrize(
    ("row", "well"),
    [
        ((0x1000, 16, 40), True),
        ((0x1000, 0, 40), False),
        ((0x1000, 16, 39), False),
        ((0x1000, 0xFFFF, 40), False),
        ((ADDRESS_END - 16, 16, 40), True),
        ((ADDRESS_END - 15, 16, 40), False),
    ],
)
@pytest.mark.parametrize("kept", [0, 8192])
def test_whether_ranges_lie_well(row: Tuple[int, int, int], well: bool, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A range without bytes, outside the part of the file that is asked for, or beyond the last address does not."""
    monkeypatch.setattr(memory, "KEPT", kept)
    assert stream_of(5, small([(0x2000, 16, 48), row]), behind=bytes(0x60), flags=0).memory_list._lies_well(40) is well
