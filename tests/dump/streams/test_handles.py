"""The table of handles: every way to ask for its rows gives the same rows, whatever size they have; and how much is decoded for it."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder
from tests.cases import each
from tests.fuzz.dumps import Dump

from dumpscope.dump import lists
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams import handles as module
from dumpscope.dump.streams.handles import Handle, HandleList

STRIDES = [32, 33, 35, 36, 39, 40, 41, 44, 48]
"""Sizes of a descriptor: MINIDUMP_HANDLE_DESCRIPTOR, some between, MINIDUMP_HANDLE_DESCRIPTOR_2, and larger ones than we know."""
EXTENDED = 36
"""So many bytes have room for ObjectInfoRva."""


class Made(NamedTuple):
    """A list, and its rows as they must be."""

    handles: HandleList
    rows: List[Tuple[Any, ...]]


def listed(kinds: Sequence[int], stride: int = 40, header: int = 16) -> Made:
    """A list with a handle for each number of a type; 0 is a handle without one."""
    made = Dump(4).basics()
    texts = {kind: made.string(f"Type{kind}") if kind else 0 for kind in {*kinds}}
    names = [made.string(f"name {number}") if number % 3 else 0 for number in range(len(kinds))]
    data = struct.pack("<IIII", header, stride, len(kinds), 0).ljust(header, b"\xcc")
    for number, kind in enumerate(kinds):
        values = (4 * number + 4, texts[kind], names[number], 0x10000 + number, 0x20000 + number, 0x30000 + number, 0x40000 + number)
        data += (struct.pack("<Q6I", *values) + (struct.pack("<I", 0x50000 + number) if stride >= EXTENDED else b"")).ljust(stride, b"\xdd")
    first = made.stream(12, data) + header
    handles = Minidump.open(made.build()).handles
    rows = []
    for number, kind in enumerate(kinds):
        own = (0x10000 + number, 0x20000 + number, 0x30000 + number, 0x40000 + number, 0x50000 + number if stride >= EXTENDED else 0, first + stride * number)
        name = f"name {number}" if names[number] else ""
        rows.append((4 * number + 4, f"Type{kind}" if kind else "", name, *own, texts[kind], names[number], handles))
    return Made(handles, rows)


def plain(found: Iterator[Handle]) -> List[Tuple[Any, ...]]:
    rows = list(found)
    assert all(type(row) is Handle for row in rows)
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("block", [1, 5, 1000])
def test_each_way_to_the_rows_gives_the_same(stride: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks of a few rows, so that there are seams, and in one."""
    monkeypatch.setattr(lists, "BLOCK", block * stride)
    kinds = [1, 2, 1, 0, 1, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 1, 1, 2, 1, 1, 1, 4]
    handles, rows = listed(kinds, stride)
    assert handles.extended is (stride >= EXTENDED)
    assert plain(iter(handles)) == rows == [tuple(handles[number]) for number in range(len(kinds))] == [tuple(row) for row in handles[:]]
    picks: List[Callable[[str], Any]] = [lambda name: False, lambda name: True, lambda name: not name, lambda name: name and "x"]
    picks += [lambda name: name == "Type1", lambda name: name == "Type2", lambda name: name == "Type4", lambda name: name in ("Type1", "Type3")]
    for pick in picks:
        for start, stop in ((0, None), (1, None), (0, 21), (3, 17), (-6, None), (-6, -1), (5, 10), (4, 11), (9, 9), (22, 30)):
            assert plain(handles.walk(start, stop, types=pick)) == [row for row in rows[start:stop] if pick(row[1])]
            assert plain(handles.walk(start, stop)) == rows[start:stop]
    counts = Counter(row[1] for row in rows)
    assert list(handles.count_types().items()) == sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    assert handles.untyped == counts[""] == 6


def test_an_empty_list_has_no_types() -> None:
    handles, _ = listed([])
    assert (list(handles), handles.count_types(), handles.untyped, handles.find(4), handles.extended) == ([], {}, 0, None, False)
    assert list(handles.walk(types=lambda name: True)) == []
    nothing = Minidump.open(Dump(4).basics().build()).handles
    assert (list(nothing), nothing.count_types(), nothing.untyped, nothing.find(4), nothing.extended) == ([], {}, 0, None, False)


@pytest.mark.parametrize("header", [16, 17, 20, 64])
def test_a_longer_header_is_stepped_over(header: int) -> None:
    handles, rows = listed([1, 0, 2], header=header)
    assert plain(iter(handles)) == rows
    assert handles.damage == ()


@pytest.mark.parametrize(("stride", "code"), [(0, "record-too-small"), (31, "record-too-small")])
def test_a_descriptor_that_is_too_small(stride: int, code: str) -> None:
    made = Dump(4).basics()
    at = made.stream(12, struct.pack("<IIII", 16, stride, 2, 0) + bytes(80), 16 + 2 * stride)
    handles = Minidump.open(made.build()).handles
    assert [(item.code, item.offset, item.needed, item.available) for item in handles.damage] == [(code, at + 4, 32, stride)]
    assert (len(handles), handles.extended, handles.count_types()) == (0, False, {})


class Decoder:
    """The reader of a list, which counts the rows that are decoded one by one."""

    def __init__(self, reader: struct.Struct) -> None:
        self.size, self.format = reader.size, reader.format
        self.reader, self.rows = reader, 0

    def unpack_from(self, data: bytes, offset: int) -> Tuple[Any, ...]:
        self.rows += 1
        return self.reader.unpack_from(data, offset)


@pytest.mark.parametrize(
    ("picked", "of", "by_rows"),
    [
        (0, 30, 0),
        (1, 30, 1),
        (2, 30, 2),
        (9, 30, 9),
        (10, 30, 0),
        (11, 30, 0),
        (30, 30, 0),
        (1, 3, 0),
        (1, 4, 1),
        (2, 6, 0),
        (2, 7, 2),
        (3, 9, 0),
        (1, 1, 0),
        (1, 2, 0),
    ],
)
def test_few_of_a_block_are_decoded_by_rows(picked: int, of: int, by_rows: int) -> None:
    """Fewer than a third: only these are decoded. More: whole columns, without a row for each."""
    handles, rows = listed([1] * picked + [2] * (of - picked))
    decoder: Any = Decoder(handles._reader)  # type: ignore[arg-type]
    handles._reader = decoder
    assert plain(handles.walk(types=lambda name: name == "Type1")) == rows[:picked]
    assert decoder.rows == by_rows


class Asked:
    """Picks some types, and notes which it was asked for."""

    def __init__(self, *wanted: str) -> None:
        self.wanted = wanted
        self.names: List[str] = []

    def __call__(self, name: str) -> bool:
        self.names.append(name)
        return name in self.wanted


def test_a_type_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many handles have it, in however many blocks, as long as there are not too many types."""
    monkeypatch.setattr(lists, "BLOCK", 5 * 40)
    handles, rows = listed([1, 2, 3, 0, 1, 2] * 8)
    asked = Asked("Type1", "Type3")
    assert plain(handles.walk(types=asked)) == [row for row in rows if row[1] in ("Type1", "Type3")]
    assert sorted(asked.names) == ["", "Type1", "Type2", "Type3"]


@pytest.mark.parametrize(("most", "again"), [(2, True), (3, True), (4, False), (5, False)])
def test_so_many_types_are_remembered(most: int, again: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may name another place for each handle's type: what is kept of them has a bound. The second block repeats the first with its five."""
    monkeypatch.setattr(lists, "BLOCK", 5 * 40)
    monkeypatch.setattr(module, "MAX_TEXTS", most)
    handles, rows = listed([1, 2, 3, 4, 4, 1, 2, 3, 4, 4])
    asked = Asked("Type1", "Type2", "Type3", "Type4")
    assert plain(handles.walk(types=asked)) == rows
    assert Counter(asked.names) == Counter(dict.fromkeys(("Type1", "Type2", "Type3", "Type4"), 2 if again else 1))


@pytest.mark.parametrize(("most", "folds"), [(1, 3), (3, 3), (4, 3), (5, 1), (6, 1)])
def test_so_many_types_are_counted_at_a_time(most: int, folds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "BLOCK", 5 * 40)
    monkeypatch.setattr(module, "MAX_TEXTS", most)
    handles, _ = listed([1, 2, 3, 4, 4, 1, 2, 3, 4, 4])
    sizes: List[int] = []
    fold = HandleList._fold

    def noted(by_rva: Dict[int, int], counts: Dict[str, int], get: Callable[[int], str]) -> None:
        sizes.append(len(by_rva))
        fold(by_rva, counts, get)

    monkeypatch.setattr(HandleList, "_fold", staticmethod(noted))
    assert handles.count_types() == {"Type4": 4, "Type1": 2, "Type2": 2, "Type3": 2}
    assert sizes == ([4, 4, 0] if folds == 3 else [4])


def test_types_of_one_name_count_together() -> None:
    """The writer repeated the text: the name counts, not its place."""
    made = Dump(4).basics()
    rows = b"".join(struct.pack("<Q8I", 4 * number, made.string(name), *[0] * 7) for number, name in enumerate(["B", "A", "A", "C", "B"]))
    made.stream(12, struct.pack("<IIII", 16, 40, 5, 0) + rows)
    handles = Minidump.open(made.build()).handles
    assert list(handles.count_types().items()) == [("A", 2), ("B", 2), ("C", 1)]
    assert [row.handle for row in handles.walk(types=lambda name: name == "A")] == [4, 8]


@pytest.mark.parametrize("value", range(3, 17))
def test_the_two_low_bits_of_a_handle_are_the_callers(value: int) -> None:
    """Of several with a value the first in the file counts."""
    made = Dump(4).basics()
    values = [5, 8, 11, 14]
    made.stream(12, struct.pack("<IIII", 16, 32, 4, 0) + b"".join(struct.pack("<Q6I", one, *[number] * 6) for number, one in enumerate(values)))
    found = Minidump.open(made.build()).handles.find(value)
    wanted = {4: 0, 8: 1, 12: 3}.get(value & ~3)
    assert (found.handle_count if found is not None else None) == wanted
    if found is not None and wanted is not None:
        assert found == found.table[wanted]


# --- what is known of the object ---------------------------------------------------------------------------------------


def test_object_information_is_asked_for_where_there_is_some() -> None:
    made = Dump(4).basics()
    block = made.put(struct.pack("<III", 0, 8, 8) + struct.pack("<II", 3, 9))
    made.stream(12, struct.pack("<IIII", 16, 40, 2, 0) + struct.pack("<Q8I", 4, *[0] * 6, block, 0) + struct.pack("<Q8I", 8, *[0] * 8))
    with_it, without = Minidump.open(made.build()).handles
    assert without.object_info == []
    (info,) = with_it.object_info
    assert (info.type, info.size, info.offset, info.payload) == (8, 8, block, struct.pack("<II", 3, 9))
    assert list(info.values.values()) == [3, 9]


@pytest.mark.parametrize(("size", "known"), [(0, False), (7, False), (8, True), (9, False), (0xFFF, False), (0x1000, False), (0x1001, False)])
def test_a_payload_is_decoded_if_its_size_is_known(size: int, known: bool) -> None:
    """At most 4 KiB of it are kept."""
    builder = DumpBuilder(flags=4, slots=1)
    payload = bytes(1 + place % 255 for place in range(size))
    rva = builder.append(struct.pack("<III", 0, 8, size) + payload)
    builder.append(b"\xff" * 16)
    builder.add_stream(12, struct.pack("<IIII", 16, 40, 0, 0))
    (info,), damage = Minidump.open(builder.build()).handles.object_info(rva)
    assert (info.type, info.size, info.offset, info.payload) == (8, size, rva, payload[:0x1000])
    assert (info.values != {}) is known
    assert damage == []


# --- HandleOperationListStream -----------------------------------------------------------------------------------------


@each("depth", [0, 1, 2, 31, 32, 33, 0xFFFFFFFF])
@each("stride", [288, 289, 296])
def test_a_recorded_operation(depth: int, stride: int) -> None:
    """Its stack has as many addresses as it says, and room for 32."""
    stack = [0x7FF600000000 + 0x111 * number for number in range(32)]
    rows = b""
    for number in range(2):
        row = struct.pack("<QIIIIIIII", 0x44 + number, 0x1111, 0x2222 + number, 2, 0xEE, depth, 7 + number, 0xEE, 0xEE)
        rows += (row[:32] + struct.pack("<32Q", *stack)).ljust(stride, b"\xdd")
    made = Dump(4).basics()
    first = made.stream(18, struct.pack("<IIII", 16, stride, 2, 0) + rows) + 16
    found = Minidump.open(made.build()).handle_operations
    assert [tuple(item) for item in found] == [
        (0x44 + number, 0x1111, 0x2222 + number, 2, depth, 7 + number, tuple(stack[:depth]), first + stride * number) for number in range(2)
    ]
