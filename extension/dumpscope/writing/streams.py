"""The streams of a dump that is being written: opaque bytes, one record, or a list; made of numbers, copied from an open dump, or both."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from ..anatomy.node import MEMORY as MEMORY_NODE
from ..anatomy.walker import stream_anatomy
from ..dump.directory import Stream
from ..dump.lists import RecordList
from ..dump.minidump import Minidump
from ..dump.source import Source, Window
from ..errors import DumpError, UsageError
from ..format.handles import MINIDUMP_HANDLE_OBJECT_INFORMATION
from ..format.layout import Scalar, Structure
from .memory import MemoryPlan
from .output import Output
from .records import BLOB, CHAIN, MEMORY, TEXT, Reference, pack, references, split

KEPT = 1 << 15
"""Places of the copied file whose new place is kept, so that what records share stays shared."""
MOST_CHAINED = 4
_INFO = MINIDUMP_HANDLE_OBJECT_INFORMATION.select("NextInfoRva", "InfoType", "SizeOfInfo")


class Fixup(NamedTuple):
    """An RVA that can be put only when the memory has its place: at ``place``, for ``size`` bytes at address ``start``."""

    place: int
    start: int
    size: int
    source: Optional[Source]
    offset: int


class Work:
    """What the streams of one dump share while they are written."""

    def __init__(self, out: Output, plan: MemoryPlan) -> None:
        self.out = out
        self.plan = plan
        self.fixups: List[Fixup] = []
        self.notes: List[str] = []
        self._copiers: Dict[int, Copier] = {}

    def copier(self, source: Source) -> Copier:
        """What copies from a file: one for all streams, since they share strings."""
        return self._copiers.setdefault(id(source), Copier(source, self))

    def finish(self) -> None:
        """Put the RVAs of the memory."""
        for fixup in self.fixups:
            rva = self.plan.rva_of(fixup.start, fixup.size, fixup.source, fixup.offset)
            if rva:
                self.out.put(fixup.place, rva.to_bytes(4, "little"))
        for copier in self._copiers.values():
            if copier.lost:
                self.notes.append(f"{copier.lost} references lead outside the file: they are cleared (RVA 0)")


class Copier:
    """Moves what records of one file lead to. Every place is copied once, as far as places are remembered, and no more in all than twice the file."""

    def __init__(self, source: Source, work: Work) -> None:
        self.source = source
        self.out = work.out
        self.window = Window(source)
        self.lost = 0
        self._left = 2 * source.size + (1 << 20)
        self._texts: Dict[int, int] = {0: 0}
        self._blobs: Dict[Tuple[int, int], int] = {}
        self._chains: Dict[int, int] = {0: 0}

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise DumpError("strings or registers of this file are laid over each other: they amount to several times the file", "the file was made to be so")

    def _nowhere(self) -> int:
        self.lost += 1
        return 0

    def text(self, rva: int) -> int:
        """A MINIDUMP_STRING."""
        found = self._texts.get(rva)
        if found is None:
            if len(self._texts) >= KEPT:
                self._texts = {0: 0}
            found = self._texts[rva] = self._text(rva)
        return found

    def _text(self, rva: int) -> int:
        data, at = self.window.see(rva, 4)
        if len(data) < at + 4:
            return self._nowhere()
        size: int = struct.unpack_from("<I", data, at)[0]
        if rva + 4 + size > self.source.size:
            return self._nowhere()
        self._take(size)
        data, at = self.window.see(rva, 4 + size)
        return self.out.encoded(data[at + 4 : at + 4 + size])

    def blob(self, rva: int, size: int, align: int = 16) -> int:
        """``size`` bytes; RVA 0 where the file does not hold all of them."""
        if not rva:
            return 0
        found = self._blobs.get((rva, size))
        if found is not None:
            return found
        if rva + size > self.source.size:
            return self._nowhere()
        self._take(size)
        place = self.out.reserve(size, align)
        self.out.copy(self.source, rva, size, place)
        if len(self._blobs) >= KEPT:
            self._blobs.clear()
        self._blobs[rva, size] = place
        return place

    def chain(self, rva: int) -> int:
        """The blocks of an object's information, as far as they are whole."""
        found = self._chains.get(rva)
        if found is not None:
            return found
        blocks: List[Tuple[int, bytes]] = []
        at, seen = rva, set()
        while at and at not in seen and len(blocks) < MOST_CHAINED:
            seen.add(at)
            head = self.source.some(at, _INFO.size)
            if len(head) < _INFO.size:
                break
            following, kind, size = _INFO.unpack(head)
            if at + _INFO.size + size > self.source.size:
                break
            self._take(size)
            blocks.append((kind, self.source.some(at + _INFO.size, size)))
            at = following
        new = write_chain(self.out, blocks) if blocks else self._nowhere()
        if len(self._chains) >= KEPT:
            self._chains = {0: 0}
        self._chains[rva] = new
        return new


def write_chain(out: Output, blocks: List[Tuple[int, bytes]]) -> int:
    """Object information as a chain of blocks; the RVA of the first."""
    following = 0
    for kind, payload in reversed(blocks):
        following = out.append(_INFO.pack(following, kind, len(payload)) + payload)
    return following


class RawStream:
    """Bytes that nobody looks into."""

    def __init__(self, kind: int, data: bytes = b"", source: Optional[Source] = None, offset: int = 0, size: int = 0) -> None:
        self.kind = kind
        self.data = data
        self.source = source
        self.offset = offset
        self.size = size if source is not None else len(data)

    def emit(self, work: Work) -> Tuple[int, int]:
        """Write the stream; its RVA and size."""
        if self.source is None:
            return work.out.append(self.data, 8), self.size
        place = work.out.reserve(self.size, 8)
        work.out.copy(self.source, self.offset, self.size, place)
        return place, self.size


class ReachedStream(RawStream):
    """A stream of another writer with all that it leads to, as far as its fields are known."""

    def __init__(self, dump: Minidump, stream: Stream) -> None:
        super().__init__(stream.type, b"", dump.source, stream.rva, dump.source.available(stream.rva, stream.size))
        self.dump = dump
        self.stream = stream

    def emit(self, work: Work) -> Tuple[int, int]:
        """Write the stream, and the structures that it leads to after it, with the RVAs that lead there."""
        nodes = [node for node in stream_anatomy(self.dump, self.stream.index) if node.kind != MEMORY_NODE]
        parts: List[Tuple[int, int]] = []
        for low, high in sorted([(self.offset, self.offset + self.size), *((node.offset, node.end) for node in nodes)]):
            if parts and low <= parts[-1][1]:
                parts[-1] = (parts[-1][0], max(high, parts[-1][1]))
            else:
                parts.append((low, high))
        moved: List[Tuple[int, int, int]] = []
        for low, high in parts:
            place = work.out.reserve(high - low, 8)
            work.out.copy(self.dump.source, low, high - low, place)
            moved.append((low, high, place))
        starts = [low for low, _, _ in moved]

        def new(offset: int) -> int:
            from bisect import bisect_right

            index = bisect_right(starts, offset) - 1
            return moved[index][2] + offset - moved[index][0] if index >= 0 and offset < moved[index][1] else 0

        widths = {node.offset + leaf.offset: leaf.field.size for node in nodes if node.structure is not None for leaf in node.structure.leaves}
        for node in nodes:
            place = new(node.pointer) if node.pointer is not None else 0
            if place:
                work.out.put(place, new(node.offset).to_bytes(8 if node.pointer is not None and widths.get(node.pointer) == 8 else 4, "little"))
        return new(self.offset), self.size


class RecordStream:
    """A stream that is one structure: SystemInfo, MiscInfo, the exception.

    ``data`` are its bytes, ``values`` what its RVA fields lead to (by the names of :func:`~dumpscope.writing.records.references`) where
    that is not copied from ``source``.
    """

    def __init__(self, kind: int, structure: Structure, data: bytes, values: Optional[Dict[str, Any]] = None, source: Optional[Source] = None) -> None:
        self.kind = kind
        self.structure = structure
        self.data = bytearray(data)
        self.values = values or {}
        self.source = source
        self.tail = b""
        """Bytes right after the stream that belong to it without being counted: Wine's marker."""

    def emit(self, work: Work) -> Tuple[int, int]:
        """Write the stream; its RVA and size."""
        place = work.out.reserve(len(self.data), 8)
        if self.tail:
            work.out.append(self.tail, 1)
        data = bytearray(self.data)
        for item in references(self.structure):
            if item.offset + item.width <= len(data):
                _lead(work, data, 0, item, self.values, self.source, place)
        work.out.put(place, data)
        return place, len(data)


Part = Mapping[str, Any]


def _lead(work: Work, data: bytearray, base: int, item: Reference, values: Part, source: Optional[Source], place: int) -> None:
    """Let one RVA of a record lead to a given value, or to the copy of what it leads to in ``source``. ``place``: where the record will stand."""
    at = base + item.offset
    rva = int.from_bytes(data[at : at + item.width], "little")
    if item.name in values:
        rva = _given(work, data, at, item, values[item.name], place)
    elif source is None:
        return
    elif item.kind == TEXT:
        rva = work.copier(source).text(rva)
    elif item.kind == CHAIN:
        rva = work.copier(source).chain(rva)
    elif item.kind == BLOB:
        rva = work.copier(source).blob(rva, int.from_bytes(data[at - 4 : at], "little"))
    elif rva or (not work.plan.wide and any(data[at - 4 : at])):  # the RVA of a stack is 0 in a dump of full memory; in a small one it leads to the range
        start, size = struct.unpack_from("<QI", data, at - 12)
        work.fixups.append(Fixup(place + item.offset, start, size, source, rva))
        rva = 0
    data[at : at + item.width] = rva.to_bytes(item.width, "little")


def _given(work: Work, data: bytearray, at: int, item: Reference, value: Any, place: int) -> int:
    """Write what a caller gave for an RVA field; the RVA. Raises UsageError."""
    if item.kind == TEXT and isinstance(value, str):
        return work.out.text(value)
    if item.kind == BLOB and isinstance(value, (bytes, bytearray)):
        data[at - 4 : at] = len(value).to_bytes(4, "little")
        return work.out.append(value, 16) if value else 0
    if item.kind == CHAIN:
        return write_chain(work.out, [(kind, bytes(payload)) for kind, payload in value]) if value else 0
    if item.kind == MEMORY:
        start, size = value
        data[at - 12 : at] = struct.pack("<QI", start, size)
        work.fixups.append(Fixup(place + item.offset, start, size, None, 0))
        return 0
    raise UsageError(f"{item.name}: {type(value).__name__} is not what it takes", {TEXT: "give a str", BLOB: "give bytes"}.get(item.kind, ""))


_HEADS = ("SizeOfHeader", "SizeOfDescriptor", "SizeOfEntry", "NumberOfDescriptors", "NumberOfEntries")
BLOCK = 4096


class ListStream:
    """A list of records: those of an open dump, then those that were added.

    ``head`` is the structure in front of the records, None for a plain count of 32 bits.
    """

    def __init__(self, kind: int, structure: Structure, head: Optional[Structure], copied: Optional[RecordList[Any]] = None) -> None:
        self.kind = kind
        self.structure = structure
        self.head = head
        self.copied = copied if copied is not None and len(copied) else None
        self.stride = self.copied.span.stride if self.copied is not None else structure.size
        self.added: List[Dict[str, Any]] = []

    @property
    def count(self) -> int:
        """How many records there will be."""
        return (len(self.copied) if self.copied is not None else 0) + len(self.added)

    def _header(self) -> bytearray:
        head = self.head
        if head is None:
            return bytearray(self.count.to_bytes(4, "little"))
        data = bytearray()
        if self.copied is not None and head.size <= self.copied.span.header_size <= 0x1000:
            data += self.copied.source.some(self.copied.span.header, self.copied.span.header_size)
        data.extend(bytes(max(0, head.size - len(data))))
        for field in head.fields:
            if field.name in _HEADS:
                value = len(data) if field.name == "SizeOfHeader" else self.stride if field.name.startswith("Size") else self.count
                data[field.offset : field.offset + field.size] = value.to_bytes(field.size, "little")
        return data

    def emit(self, work: Work) -> Tuple[int, int]:
        """Write the stream; its RVA and size."""
        head = self._header()
        size = len(head) + self.count * self.stride
        place = work.out.reserve(size, 8)
        work.out.put(place, head)
        at = place + len(head)
        leads = [item for item in references(self.structure) if item.offset + item.width <= self.stride]
        if self.copied is not None:
            copier = work.copier(self.copied.source)
            for data, _, _ in self.copied._chunks(0, len(self.copied)):
                block = bytearray(data)
                for item in leads:
                    self._move(work, copier, block, item, at)
                work.out.put(at, block)
                at += len(block)
        for values in self.added:
            numbers, led = split(self.structure, values)
            record = pack(self.structure, numbers).ljust(self.stride, b"\0")
            for item in leads:
                _lead(work, record, 0, item, led, None, at)
            work.out.put(at, record)
            at += self.stride
        return place, size

    def _move(self, work: Work, copier: Copier, block: bytearray, item: Reference, place: int) -> None:
        """One RVA field of many records."""
        stride = self.stride
        if item.kind == MEMORY or item.kind == BLOB:
            for base in range(0, len(block), stride):
                _lead(work, block, base, item, {}, copier.source, place + base)
            return
        move = copier.text if item.kind == TEXT else copier.chain
        code = struct.Struct("<I" if item.width == 4 else "<Q")
        for at in range(item.offset, len(block), stride):
            rva = code.unpack_from(block, at)[0]
            if rva:
                code.pack_into(block, at, move(rva))


AnyStream = Union[RawStream, RecordStream, ListStream]

__all__ = ["AnyStream", "ListStream", "RawStream", "ReachedStream", "RecordStream", "Scalar", "Work"]
