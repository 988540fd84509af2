"""Crashpad's annotations and chains of object information made byte by byte: places, counts and sizes at their edges, and the damage that is told."""

from __future__ import annotations

import struct
from typing import List, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder

from dumpscope.dump.absence import DAMAGED, EMPTY, Damage
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.crashpad import MAX_ANNOTATIONS, MAX_VALUE, AnnotationObject, CrashpadInfo, ModuleAnnotations
from dumpscope.dump.streams.handles import MAX_CHAIN, HandleList

IDS = bytes(range(1, 33))
REPORT, CLIENT = "04030201-0605-0807-090a-0b0c0d0e0f10", "14131211-1615-1817-191a-1b1c1d1e1f20"


def info(simple: Tuple[int, int] = (0, 0), links: Tuple[int, int] = (0, 0)) -> bytes:
    """MinidumpCrashpadInfo."""
    return struct.pack("<I", 0x71727374) + IDS + struct.pack("<IIIIIQ", *simple, *links, 0x41424344, 0x8182838485868788)


def counted(rows: Sequence[bytes]) -> bytes:
    return struct.pack("<I", len(rows)) + b"".join(rows)


def read(builder: DumpBuilder, body: bytes) -> CrashpadInfo:
    builder.add_stream(0x43500001, body)
    found = Minidump.open(builder.build()).annotations
    assert isinstance(found, CrashpadInfo)
    return found


def pairs(builder: DumpBuilder, count: int) -> List[bytes]:
    return [struct.pack("<II", builder.utf8(f"k{index}"), builder.utf8(f"v{index}")) for index in range(count)]


@pytest.mark.parametrize(("size", "count"), [(1, 0), (4, 0), (11, 0), (12, 1), (19, 1), (20, 2), (27, 2), (28, 3), (29, 3), (99, 3)])
def test_the_size_of_a_dictionary_bounds_it(size: int, count: int) -> None:
    builder = DumpBuilder(slots=1)
    rva = builder.append(counted(pairs(builder, 3)))
    found = read(builder, info((size, rva)))
    assert found.simple == {f"k{index}": f"v{index}" for index in range(count)}
    words = f"annotations of the process claims 3 entries, {count} {'is' if count == 1 else 'are'} there"
    assert found.damage == (() if count == 3 else (Damage("annotation-outside-file", words, rva, 28, 4 + 8 * count),))
    assert found.offset == builder.entries[0][2]


@pytest.mark.parametrize("missing", [1, 7, 8, 9, 16, 23, 24])
def test_a_dictionary_that_the_file_cuts(missing: int) -> None:
    builder = DumpBuilder(slots=1)
    rows = counted(pairs(builder, 3))
    rva = builder.tell() + len(info())
    builder.add_stream(0x43500001, info((28, rva)))
    assert builder.append(rows) == rva
    found = Minidump.open(builder.build()[:-missing]).annotations
    count = (24 - missing) // 8
    assert len(found.simple) == count
    assert [(item.code, item.offset, item.needed, item.available) for item in found.damage] == [("annotation-outside-file", rva, 28, 4 + 8 * count)]


@pytest.mark.parametrize("held", [0, 1, 3])
def test_a_dictionary_without_its_count(held: int) -> None:
    builder = DumpBuilder(slots=1)
    rva = builder.tell() + len(info())
    builder.add_stream(0x43500001, info((0x123, rva)))
    found = Minidump.open(builder.build() + b"\1\0\0"[:held]).annotations
    assert found.simple == {}
    assert found.damage == (Damage("annotation-outside-file", f"annotations of the process at 0x{rva:x} is outside the file", rva, 0x123, held),)


@pytest.mark.parametrize("place", [(0, 0x50), (5, 0), (0, 0)])
def test_a_dictionary_of_no_size_or_no_place_is_none(place: Tuple[int, int]) -> None:
    found = read(DumpBuilder(slots=1), info(place))
    assert (found.simple, found.damage, found.modules) == ({}, (), [])
    assert (found.version, found.report_id, found.client_id, found.address_mask) == (0x71727374, REPORT, CLIENT, 0x8182838485868788)


@pytest.mark.parametrize(("size", "kind"), [(0, EMPTY), (3, DAMAGED), (4, ""), (35, ""), (52, ""), (200, "")])
def test_the_stream_needs_its_version(size: int, kind: str) -> None:
    builder = DumpBuilder(slots=1)
    builder.add_entry(0x43500001, size, builder.append(info().ljust(200, b"\0")))
    found = Minidump.open(builder.build()).annotations
    assert getattr(found, "kind", "") == kind
    if not kind:
        assert (found.version, found.client_id == CLIENT, found.report_id == REPORT) == (0x71727374, size >= 36, size >= 20)


def module(builder: DumpBuilder, size: int = 28) -> Tuple[int, int, int, int]:
    """A module with one annotation of each form: size and place of its structure, and the places of two objects."""
    strings = builder.append(counted([struct.pack("<I", builder.utf8("one")), struct.pack("<I", builder.utf8("two"))]))
    simple = builder.append(counted(pairs(builder, 2)))
    values = [builder.append(struct.pack("<I", 5) + b"Demo\xff"), builder.append(struct.pack("<I", 2) + b"\1\2")]
    names = [builder.utf8("text"), builder.utf8("blob")]
    objects = builder.append(counted([struct.pack("<IHHI", names[0], 1, 0xEEEE, values[0]), struct.pack("<IHHI", names[1], 0x8001, 0xEEEE, values[1])]))
    body = struct.pack("<7I", 0x31323334, 12, strings, 20, simple, 28, objects)
    return size, builder.append(body), objects + 4, objects + 16


def linked(builder: DumpBuilder, rows: Sequence[Tuple[int, int, int]]) -> CrashpadInfo:
    data = counted([struct.pack("<III", *row) for row in rows])
    return read(builder, info(links=(len(data), builder.append(data))))


def test_every_field_of_a_modules_annotations() -> None:
    builder = DumpBuilder(slots=1)
    builder.append(b"\xdd" * 3)
    size, rva, first, second = module(builder)
    found = linked(builder, [(0x21222324, size, rva), (7, size, rva)])
    objects = [AnnotationObject("text", 1, b"Demo\xff", first), AnnotationObject("blob", 0x8001, b"\1\2", second)]
    simple = {"k0": "v0", "k1": "v1"}
    assert found.modules == [ModuleAnnotations(index, 0x31323334, ["one", "two"], simple, objects, rva) for index in (0x21222324, 7)]
    assert found.damage == ()
    assert found.all() == {"k0": "v0", "k1": "v1", "text": "Demo\udcff"}


@pytest.mark.parametrize("size", [0, 4, 12, 16, 20, 21, 24, 28, 29])
def test_the_size_of_a_modules_structure(size: int) -> None:
    """20 bytes are the old form, without the objects."""
    builder = DumpBuilder(slots=1)
    _, rva, _, _ = module(builder)
    found = linked(builder, [(5, size, rva)])
    (one,) = found.modules
    words = f"annotations of module 5 at 0x{rva:x} are cut"
    assert [item for item in found.damage if item.offset == rva] == ([Damage("annotation-outside-file", words, rva, 20, size)] if size < 20 else [])
    assert (one.version, len(one.strings), len(one.simple), len(one.objects)) == (
        0x31323334 if size >= 4 else 0,
        2 if size >= 12 else 0,
        2 if size >= 20 else 0,
        2 if size >= 28 else 0,
    )


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_values_are_kept_up_to_their_limit(more: int) -> None:
    builder = DumpBuilder(slots=1)
    data = bytes(range(1, 129)) * (MAX_VALUE // 128) + b"\xfe"
    value = builder.append(struct.pack("<I", MAX_VALUE + more) + data)
    objects = builder.append(counted([struct.pack("<IHHI", builder.utf8("name"), 2, 0, value)]))
    found = linked(builder, [(0, 28, builder.append(struct.pack("<7I", 1, 0, 0, 0, 0, 16, objects)))])
    assert found.modules[0].objects[0].data == data[: MAX_VALUE + min(more, 0)]


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_as_many_annotations_as_the_limit(more: int) -> None:
    """The limit is one for all lists: of the second, which has one, nothing is left behind a full first."""
    builder = DumpBuilder(slots=1)
    (pair,) = pairs(builder, 1)
    count = MAX_ANNOTATIONS + more
    rva = builder.append(counted([pair] * count))
    links = builder.append(counted([struct.pack("<III", 4, 28, rva)]))
    found = read(builder, info((4 + 8 * count, rva), (16, links)))
    wanted = []
    if more == 1:
        words = f"annotations of the process has 20001 entries; {MAX_ANNOTATIONS} are read"
        wanted.append(Damage("annotation-too-many", words, rva, count, MAX_ANNOTATIONS))
    if more >= 0:
        wanted.append(Damage("annotation-too-many", "list of annotated modules has 1 entry; 0 are read", links, 1, 0))
    assert list(found.damage)[: len(wanted)] == wanted
    assert len(found.modules) == (more < 0)


@pytest.mark.parametrize(("before", "told"), [(5, False), (4, False), (3, True), (1, True), (0, True), (-9, True)])
def test_a_text_near_the_end_of_the_file(before: int, told: bool) -> None:
    builder = DumpBuilder(slots=1)
    key = builder.utf8("key")
    rows = builder.append(counted([struct.pack("<II", key, 0)]))
    builder.add_stream(0x43500001, info((12, rows)))
    builder.append(bytes(8))
    image = bytearray(builder.build())
    text = len(image) - before
    struct.pack_into("<I", image, rows + 8, text)
    found = Minidump.open(bytes(image)).annotations
    words = f"annotations of the process: its text at 0x{text:x} is outside the file"
    assert found.damage == ((Damage("string-outside-file", words, text, 4, 0),) if told else ())
    assert found.simple == {"key": ""}


# --- object information of handles -----------------------------------------------------------------------------------------


def handles(blocks: bytes) -> Tuple[HandleList, int]:
    """The list of a dump that ends with ``blocks``, and where they begin. NextInfoRva of a block counts from there in this file."""
    builder = DumpBuilder(flags=4, slots=1)
    builder.add_stream(12, struct.pack("<IIII", 16, 40, 0, 0))
    return Minidump.open(builder.build() + blocks).handles, builder.tell()


def block(following: int, kind: int, payload: bytes, size: int = -1) -> bytes:
    return struct.pack("<III", following, kind, len(payload) if size < 0 else size) + payload


def test_a_chain_of_blocks() -> None:
    start = handles(b"")[1]
    data = block(start + 15, 0x101, b"\1\2\3") + block(0, 0x102, b"\4" * 5)
    found, place = handles(data)
    blocks, damage = found.object_info(place)
    assert [(item.type, item.size, item.offset) for item in blocks] == [(0x101, 3, start), (0x102, 5, start + 15)]
    assert damage == []
    assert found.object_info(0) == ([], [])


@pytest.mark.parametrize("missing", [0, 1, 3, 4, 11, 12])
def test_a_block_that_the_file_cuts(missing: int) -> None:
    data = block(0, 0x101, b"\1\2\3")
    found, place = handles(data[: len(data) - missing])
    blocks, damage = found.object_info(place)
    held = 15 - missing
    if held < 12:
        assert blocks == []
        assert damage == [Damage("object-info-outside-file", f"object information at 0x{place:x} is outside the file", place, 12, held)]
        return
    words = f"object information at 0x{place:x} claims 0x3 bytes, the file holds 0x{held - 12:x}: no block of the writer's"
    assert [(item.type, item.size, item.offset, item.values) for item in blocks] == [(0x101, 3, place, {})]
    assert damage == ([Damage("object-info-cut", words, place, 3, held - 12)] if missing else [])


@pytest.mark.parametrize("back", [0, 1, 2])
def test_a_chain_that_comes_back(back: int) -> None:
    start = handles(b"")[1]
    data = block(start + 13, 0x101, b"a") + block(start + 26, 0x102, b"b") + block(start + 13 * back, 0x103, b"c")
    found, place = handles(data)
    blocks, damage = found.object_info(place)
    assert [item.type for item in blocks] == [0x101, 0x102, 0x103]
    assert damage == [Damage("object-info-loop", f"the chain of object information comes back to 0x{start + 13 * back:x}", start + 13 * back)]


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_chain_as_long_as_the_limit(more: int) -> None:
    start = handles(b"")[1]
    count = MAX_CHAIN + more
    data = b"".join(block(start + 12 * (index + 1) if index + 1 < count else 0, index, b"") for index in range(count))
    found, place = handles(data)
    blocks, damage = found.object_info(place)
    assert [item.type for item in blocks] == list(range(min(count, MAX_CHAIN)))
    assert [(item.code, item.offset) for item in damage] == ([("object-info-loop", start + 12 * MAX_CHAIN)] if more > 0 else [])
