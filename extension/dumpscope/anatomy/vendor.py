"""The anatomy of streams that are not Microsoft's: their fields say what their RVAs lead to, and that is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, Optional

from ..dump.directory import Stream
from ..format.catalogue import structure as named
from ..format.header import MINIDUMP_LOCATION_DESCRIPTOR
from ..format.layout import RVA_KIND, Field, Structure
from ..format.vendor.breakpad import MDRawDebug32, MDRawDebug64, MDRawLinkMap32, MDRawLinkMap64
from ..format.vendor.crashpad import MinidumpByteArray, MinidumpCrashpadInfo, MinidumpUTF8String
from ..format.vendor.mozilla import MINIDUMP_MAC_BOOTARGS, MINIDUMP_MAC_CRASH_INFO
from .node import BLOB, MAX_NESTED, RECORD, STRING, Node

if TYPE_CHECKING:
    from .walker import _Walker

MAX_LINKED = 4096
MAX_DEPTH = 8
MAX_TEXT = 1 << 20


class _Follower:
    """Follows RVAs by what the fields say of their targets. Each place is followed once; the number of places is bounded."""

    def __init__(self, walker: _Walker) -> None:
        self.walker = walker
        self.source = walker.source
        self.left = min(MAX_NESTED, walker.source.size // 4)  # no part of an honest dump takes less than 4 bytes

    def number(self, offset: int, size: int = 4) -> int:
        return int.from_bytes(self.source.some(offset, size), "little")

    def counted(self, rva: int, what: str, pointer: int, shape: Structure) -> Iterator[Node]:
        """A length of 4 bytes and that many bytes, with the NUL after a text."""
        if not rva or self.source.available(rva, 4) < 4:
            return
        length = min(self.number(rva), MAX_TEXT)
        nul = 1 if shape is MinidumpUTF8String and self.source.some(rva + 4 + length, 1) == b"\0" else 0
        yield from self.walker.node(rva, 4 + length + nul, STRING, what, shape, pointer)

    def structure(self, offset: int, size: int, what: str, shape: Structure, pointer: Optional[int], depth: int = 0) -> Iterator[Node]:
        """A structure of ``size`` bytes and all that it leads to. A list is its count and its entries, a node each."""
        last = shape.fields[-1]
        flexible = last.array and not last.count
        if flexible and isinstance(last.type, Structure):
            yield from self.walker.node(offset, size, RECORD, what, shape, pointer, False)
            yield from self.walker.node(offset, min(size, last.offset), RECORD, f"{what} > count", shape)
            yield from self.entries(offset, size, what, last, depth)
            return
        yield from self.walker.node(offset, size, RECORD, what, shape, pointer)
        for field in shape.fields:
            if field.offset + field.size > size or not field.target:
                continue
            if field.array and not field.count:
                count = min(self.number(offset), max(0, size - field.offset) // field.type.size, self.left)
                for index in range(count):
                    place = offset + field.offset + index * field.type.size
                    yield from self.field(place, f"{what} > {field.name} {index}", field, depth)
            else:
                yield from self.field(offset + field.offset, f"{what} > {field.name}", field, depth)

    def entries(self, offset: int, size: int, what: str, field: Field, depth: int) -> Iterator[Node]:
        shape = field.type
        assert isinstance(shape, Structure)
        count = min(self.number(offset), max(0, size - field.offset) // shape.size, self.left)
        for index in range(count):
            self.left -= 1
            yield from self.structure(offset + field.offset + index * shape.size, shape.size, f"{what} > {field.name} {index}", shape, None, depth)

    def field(self, place: int, what: str, field: Field, depth: int) -> Iterator[Node]:
        """What the RVA in a field leads to."""
        shape = named(field.target)
        if self.left <= 0 or depth > MAX_DEPTH or shape is None:
            return
        self.left -= 1
        if field.type is MINIDUMP_LOCATION_DESCRIPTOR:
            size, rva = self.number(place), self.number(place + 4)
            if rva and size:
                yield from self.structure(rva, size, what, shape, place + 4, depth + 1)
        elif field.kind == RVA_KIND:
            rva = self.number(place, field.type.size)
            if field.target == "MINIDUMP_STRING":
                yield from self.walker.string(rva, what, place)
            elif shape is MinidumpUTF8String or shape is MinidumpByteArray:
                yield from self.counted(rva, what, place, shape)


def _crashpad(walker: _Walker, stream: Stream, path: str) -> Iterator[Node]:
    return _Follower(walker).structure(stream.rva, stream.size, f"{path} > record", MinidumpCrashpadInfo, None)


def _boot_arguments(walker: _Walker, stream: Stream, path: str) -> Iterator[Node]:
    return _Follower(walker).structure(stream.rva, stream.size, f"{path} > record", MINIDUMP_MAC_BOOTARGS, None)


def _mac_crash_info(walker: _Walker, stream: Stream, path: str) -> Iterator[Node]:
    """A table of twenty places; the records and their texts after each other are opaque."""
    yield from walker.node(stream.rva, stream.size, RECORD, f"{path} > record", MINIDUMP_MAC_CRASH_INFO)
    follower = _Follower(walker)
    table = MINIDUMP_MAC_CRASH_INFO.field("records")
    count = min(follower.number(stream.rva + MINIDUMP_MAC_CRASH_INFO.offset_of("record_count")), table.count)
    for index in range(count):
        place = stream.rva + table.offset + index * 8
        if place + 8 <= stream.end:
            size, rva = follower.number(place), follower.number(place + 4)
            if rva:
                yield from walker.node(rva, size, BLOB, f"{path} > crash information {index}", None, place + 4)


def _linker(walker: _Walker, stream: Stream, path: str) -> Iterator[Node]:
    """The dynamic linker's list: the head, the copy of the program's dynamic section after it, and the objects with their names."""
    wide = walker.dump.pointer_size == 8
    shape, link = (MDRawDebug64, MDRawLinkMap64) if wide else (MDRawDebug32, MDRawLinkMap32)
    follower = _Follower(walker)
    yield from walker.node(stream.rva, min(shape.size, stream.size), RECORD, f"{path} > record", shape)
    if stream.size > shape.size:
        yield from walker.node(stream.rva + shape.size, stream.size - shape.size, BLOB, f"{path} > copy of the dynamic section")
    pointer = stream.rva + shape.offset_of("map")
    if shape.end_of("dso_count") > stream.size or walker.source.available(stream.rva, shape.size) < shape.size:
        return
    rva, count = follower.number(pointer), follower.number(stream.rva + shape.offset_of("dso_count"))
    for index in range(min(count, walker.source.available(rva, count * link.size) // link.size, MAX_LINKED)):
        place = rva + index * link.size
        what = f"{path} > shared object {index}"
        yield from walker.node(place, link.size, RECORD, what, link, pointer if not index else None)
        name = link.offset_of("name")
        yield from walker.string(follower.number(place + name), f"{what} > name", place + name)


WALKERS: Dict[int, Callable[[_Walker, Stream, str], Iterator[Node]]] = {
    0x43500001: _crashpad,
    0x4767000A: _linker,
    0x4D7A0001: _mac_crash_info,
    0x4D7A0002: _boot_arguments,
}
"""Stream types that lead to other places."""

__all__: List[str] = ["WALKERS"]
