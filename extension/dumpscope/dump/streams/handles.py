"""HandleDataStream: the process's handle table, and HandleOperationListStream: who opened and closed what."""

from __future__ import annotations

from itertools import chain, compress, repeat
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...format.handles import (
    AVRF_HANDLE_OPERATION,
    MINIDUMP_HANDLE_DATA_STREAM,
    MINIDUMP_HANDLE_DESCRIPTOR,
    MINIDUMP_HANDLE_DESCRIPTOR_2,
    MINIDUMP_HANDLE_OBJECT_INFORMATION,
    MINIDUMP_HANDLE_OPERATION_LIST,
    OBJECT_INFORMATION,
)
from ..absence import Absent, Damage
from ..directory import Stream
from ..lists import NOTHING, RecordList, described, described_records
from ..source import Source
from ..strings import MAX_TEXTS, StringTable

_FIELDS = ("Handle", "TypeNameRva", "ObjectNameRva", "Attributes", "GrantedAccess", "HandleCount", "PointerCount")
_INFO = MINIDUMP_HANDLE_OBJECT_INFORMATION.select("NextInfoRva", "InfoType", "SizeOfInfo")
MAX_CHAIN = 4
"""Blocks of object information followed for one handle; writers make two at the most. All handles may share a chain, so it is not many."""


class ObjectInfo(NamedTuple):
    """One MINIDUMP_HANDLE_OBJECT_INFORMATION block.

    ``values`` are the numbers of its payload by C name, empty when the payload's size is not one that we know;
    ``offset`` is where the block starts, the payload follows 12 bytes on.
    """

    type: int
    size: int
    values: Dict[str, Any]
    offset: int
    payload: bytes


class Handle(NamedTuple):
    """One MINIDUMP_HANDLE_DESCRIPTOR or MINIDUMP_HANDLE_DESCRIPTOR_2.

    ``type`` and ``name`` are empty where the writer could not ask (TypeNameRva 0) or did not (file names); ``offset`` is
    where the descriptor stands in the file.
    """

    handle: int
    type: str
    name: str
    attributes: int
    granted_access: int
    handle_count: int
    pointer_count: int
    object_info_rva: int
    offset: int
    type_rva: int
    name_rva: int
    table: HandleList

    @property
    def object_info(self) -> List[ObjectInfo]:
        """What is known of the object itself, in the order of the chain."""
        return self.table.object_info(self.object_info_rva)[0] if self.object_info_rva else []


class HandleList(RecordList[Handle]):
    """The descriptors of HandleDataStream in file order.

    ``extended`` says that they are MINIDUMP_HANDLE_DESCRIPTOR_2, which have object information; ``strings`` gives their names.
    """

    def __init__(self, source: Source, stream: Optional[Stream], strings: StringTable, absence: Optional[Absent]) -> None:
        span = NOTHING
        reader = None
        self._strings = self.strings = strings
        self.extended = False
        if stream is not None:
            span = described(
                source,
                stream,
                MINIDUMP_HANDLE_DATA_STREAM,
                MINIDUMP_HANDLE_DESCRIPTOR.size,
                count_path="NumberOfDescriptors",
                size_path="SizeOfDescriptor",
            )
            if span.count:
                self.extended = span.stride >= MINIDUMP_HANDLE_DESCRIPTOR_2.end_of("ObjectInfoRva")
                if self.extended:
                    reader = MINIDUMP_HANDLE_DESCRIPTOR_2.select(*_FIELDS, "ObjectInfoRva", stride=span.stride)
                else:
                    reader = MINIDUMP_HANDLE_DESCRIPTOR.select(*_FIELDS, stride=span.stride)
        super().__init__(source, stream, span, reader, absence)

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> Handle:
        handle, type_rva, name_rva, attributes, access, handles, pointers = values[:7]
        info = values[7] if self.extended else 0
        get = self.strings.get
        return Handle(handle, get(type_rva), get(name_rva), attributes, access, handles, pointers, info, offset, type_rva, name_rva, self)

    def _types(self, data: bytes) -> Sequence[int]:
        """The TypeNameRva of many descriptors."""
        return self._one_column(data, _FIELDS.index("TypeNameRva"))

    def _made(self, columns: Iterable[Sequence[int]], offsets: Iterable[int]) -> Iterator[Handle]:
        """Handles by whole columns: nothing but the decoding of a new name runs in Python for each of them."""
        handles, types, names, attributes, access, counts, pointers, *info = columns
        get = self.strings.get
        infos: Iterable[int] = info[0] if info else repeat(0)
        rows = zip(handles, map(get, types), map(get, names), attributes, access, counts, pointers, infos, offsets, types, names, repeat(self))
        return map(tuple.__new__, repeat(Handle), rows)

    def _block(self, data: bytes, offset: int, index: int) -> Iterator[Handle]:
        return self._made(self._columns(data), range(offset, offset + len(data), self.span.stride))

    def walk(self, start: int = 0, stop: Optional[int] = None, *, types: Optional[Callable[[str], bool]] = None) -> Iterator[Handle]:
        """The handles from ``start`` to before ``stop``, one at a time; negative numbers count from the end, as in a slice.

        ``types`` picks by type name, before anything else of a handle is decoded.
        """
        if types is None:
            return super().walk(start, stop)
        start, stop, _ = slice(start, stop).indices(self.span.count)
        return chain.from_iterable(self._picked(types, start, stop))

    def _picked(self, types: Callable[[str], bool], start: int, stop: int) -> Iterator[Iterator[Handle]]:
        get = self.strings.get
        picked: Dict[int, bool] = {}
        for data, offset, _ in self._chunks(start, stop):
            kinds = self._types(data)
            if len(picked) > MAX_TEXTS:  # a writer that repeats the type's name for each handle
                picked.clear()
            try:
                wanted = list(map(picked.__getitem__, kinds))
            except KeyError:  # types that were not met yet: few blocks have any
                for rva in set(kinds).difference(picked):
                    picked[rva] = bool(types(get(rva)))
                wanted = list(map(picked.__getitem__, kinds))
            number = wanted.count(True)
            if not number:
                continue
            stride = self.span.stride
            columns: Iterable[Sequence[int]]
            if number * 3 < len(wanted) and self._reader is not None:  # few: by rows, the others are not decoded
                places = compress(range(0, len(data), stride), wanted)
                columns = zip(*map(self._reader.unpack_from, repeat(data), places))
            else:
                columns = (list(compress(column, wanted)) for column in self._columns(data))
            yield self._made(columns, compress(range(offset, offset + len(data), stride), wanted))

    def count_types(self) -> Dict[str, int]:
        """How many handles there are of each type, most first; handles without a type count under an empty name."""
        from collections import Counter

        by_rva: Counter[int] = Counter()
        counts: Dict[str, int] = {}
        get = self.strings.get
        for data, _, _ in self._chunks(0, self.span.count):
            by_rva.update(self._types(data))
            if len(by_rva) >= MAX_TEXTS:  # a writer that repeats the type's name for each handle
                self._fold(by_rva, counts, get)
        self._fold(by_rva, counts, get)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def untyped(self) -> int:
        """How many handles have no type: the writer could not ask."""
        return sum(self._types(data).count(0) for data, _, _ in self._chunks(0, self.span.count))

    @staticmethod
    def _fold(by_rva: Dict[int, int], counts: Dict[str, int], get: Callable[[int], str]) -> None:
        for rva, number in by_rva.items():
            name = get(rva)
            counts[name] = counts.get(name, 0) + number
        by_rva.clear()

    def find(self, value: int) -> Optional[Handle]:
        """The handle with this value, or None. As in the debugger, the two low bits do not count (they are the caller's)."""
        value &= ~3
        count = self.span.count
        for index, (values, offset) in enumerate(self._rows(0, count)):
            if values[0] & ~3 == value:
                return self._build(values, offset, index)
        return None

    def object_info(self, rva: int) -> Tuple[List[ObjectInfo], List[Damage]]:
        """The chain of blocks from ``rva`` on, MAX_CHAIN at the most, and what is wrong with it. Loops and blocks outside the file end it."""
        blocks: List[ObjectInfo] = []
        damage: List[Damage] = []
        seen = set()
        source = self.source
        while rva:
            if rva in seen:
                damage.append(Damage("object-info-loop", f"the chain of object information comes back to 0x{rva:x}", rva))
                break
            if len(blocks) >= MAX_CHAIN:
                message = f"the chain of object information has more than {MAX_CHAIN} blocks: what follows, from 0x{rva:x} on, is not looked at"
                damage.append(Damage("object-info-loop", message, rva))
                break
            seen.add(rva)
            head = source.some(rva, _INFO.size)
            if len(head) < _INFO.size:
                damage.append(Damage("object-info-outside-file", f"object information at 0x{rva:x} is outside the file", rva, _INFO.size, len(head)))
                break
            following, kind, size = _INFO.unpack(head)
            held = source.available(rva + _INFO.size, size)
            if held < size:  # no such block: what stands there belongs to other streams, and the chain is not followed
                message = f"object information at 0x{rva:x} claims 0x{size:x} bytes, the file holds 0x{held:x}: no block of the writer's"
                damage.append(Damage("object-info-cut", message, rva, size, held))
                blocks.append(ObjectInfo(kind, size, {}, rva, b""))
                break
            payload = source.some(rva + _INFO.size, min(size, 0x1000))
            structure = OBJECT_INFORMATION.get(kind, {}).get(size)
            values = structure.unpack(payload) if structure is not None and len(payload) >= structure.size else {}
            blocks.append(ObjectInfo(kind, size, values, rva, payload))
            rva = following
        return blocks, damage


class HandleOperation(NamedTuple):
    """One AVRF_HANDLE_OPERATION: ``operation`` 1 open, 2 close, 3 use of a bad handle; ``stack`` the return addresses."""

    handle: int
    process_id: int
    thread_id: int
    operation: int
    depth: int
    index: int  # type: ignore[assignment]
    stack: Sequence[int]
    offset: int


class HandleOperationList(RecordList[HandleOperation]):
    """Application Verifier's trace of handle operations, in file order."""

    def __init__(self, source: Source, stream: Optional[Stream], absence: Optional[Absent]) -> None:
        span, reader = described_records(
            source,
            stream,
            MINIDUMP_HANDLE_OPERATION_LIST,
            AVRF_HANDLE_OPERATION,
            (
                "Handle",
                "ProcessId",
                "ThreadId",
                "OperationType",
                "BackTraceInformation.Depth",
                "BackTraceInformation.Index",
                "BackTraceInformation.ReturnAddresses",
            ),
        )
        super().__init__(source, stream, span, reader, absence)

    def _build(self, values: Tuple[Any, ...], offset: int, index: int) -> HandleOperation:
        handle, process, thread, operation, depth, number = values[:6]
        return HandleOperation(handle, process, thread, operation, depth, number, values[6 : 6 + min(depth, 32)], offset)
