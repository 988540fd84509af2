"""FunctionTableStream: unwind tables of code that was made at run time."""

from __future__ import annotations

import struct
from typing import Iterator, NamedTuple, Optional, Tuple

from ...format.counted import counted
from ...format.functions import MINIDUMP_FUNCTION_TABLE_DESCRIPTOR, MINIDUMP_FUNCTION_TABLE_STREAM
from ..absence import Absent, Damage
from ..directory import Stream
from ..lists import SteppedList
from ..source import Source

_HEAD = MINIDUMP_FUNCTION_TABLE_STREAM.select(
    "SizeOfHeader", "SizeOfDescriptor", "SizeOfNativeDescriptor", "SizeOfFunctionEntry", "NumberOfDescriptors", "SizeOfAlignPad"
)
_TABLE = MINIDUMP_FUNCTION_TABLE_DESCRIPTOR.select("MinimumAddress", "MaximumAddress", "BaseAddress", "EntryCount", "SizeOfAlignPad")
ENGINE_LIMIT = 2000
"""Entries of one table that dbgeng 10.0.15063 accepts (observed)."""


class FunctionEntry(NamedTuple):
    """One RUNTIME_FUNCTION: offsets from the table's base. ``end`` is 0 where the entry has 8 bytes (ARM), ``unwind`` raw."""

    begin: int
    end: int
    unwind: int
    offset: int


class FunctionTable(NamedTuple):
    """One MINIDUMP_FUNCTION_TABLE_DESCRIPTOR; its entries are decoded when walked.

    ``native_offset`` is where the system's own descriptor stands, ``first`` where the entries begin, ``held`` how many of
    ``entry_count`` are in the stream.
    """

    index: int  # type: ignore[assignment]
    minimum: int
    maximum: int
    base: int
    entry_count: int
    offset: int
    native_offset: int
    native_size: int
    first: int
    entry_size: int
    held: int
    source: Source
    damage: Tuple[Damage, ...]

    def entries(self) -> Iterator[FunctionEntry]:
        """The entries that the file holds, one at a time."""
        words = min(self.entry_size // 4, 3)
        reader = struct.Struct(f"<{words}I")
        for index in range(self.held if words else 0):
            offset = self.first + index * self.entry_size
            data = self.source.some(offset, reader.size)
            if len(data) < reader.size:
                return
            values = reader.unpack(data)
            if words == 3:
                yield FunctionEntry._make((*values, offset))
            else:
                yield FunctionEntry(values[0], 0, values[1] if words == 2 else 0, offset)

    def native(self) -> bytes:
        """The system's own descriptor (DYNAMIC_FUNCTION_TABLE), up to 4 KiB of it."""
        return self.source.some(self.native_offset, min(self.native_size, 4096))


class FunctionTableList(SteppedList[FunctionTable]):
    """The tables of the stream.

    ``descriptor_size``, ``native_size`` and ``entry_size`` are the members of MINIDUMP_FUNCTION_TABLE_STREAM, sizes in bytes, 0 where
    it cannot be read.
    """

    _least = _TABLE.size

    def __init__(self, source: Source, stream: Optional[Stream], absence: Optional[Absent]) -> None:
        super().__init__(source, stream, absence)
        self.descriptor_size = self.native_size = self.entry_size = 0
        if stream is not None:
            self._open(stream)

    def _open(self, stream: Stream) -> None:
        head = self.source.some(stream.rva, _HEAD.size)
        if len(head) < _HEAD.size or stream.size < _HEAD.size:
            message = f"{stream.name}: no room for its header"
            self._damage.append(Damage("stream-too-small", message, stream.rva, _HEAD.size, min(len(head), stream.size)))
            return
        self.header_size, self.descriptor_size, self.native_size, self.entry_size, self.claimed, pad = _HEAD.unpack(head)
        held = self._held(stream)
        if self.header_size < _HEAD.size:
            message = f"{stream.name}: SizeOfHeader is 0x{self.header_size:x}, at least 0x{_HEAD.size:x} is needed"
            self._damage.append(Damage("header-too-small", message, stream.rva, _HEAD.size, self.header_size))
            self.header_size = _HEAD.size
        if self.claimed and self.descriptor_size < _TABLE.size:
            message = f"{stream.name}: SizeOfDescriptor is 0x{self.descriptor_size:x}, at least 0x{_TABLE.size:x} is needed"
            self._damage.append(Damage("record-too-small", message, stream.rva + 4, _TABLE.size, self.descriptor_size))
            return
        self._first = stream.rva + self.header_size + pad
        self._end = stream.rva + held

    def walk(self) -> Iterator[FunctionTable]:
        """The tables, one at a time. Ends at the end of the stream, whatever the counts say."""
        position = self._first
        for index in range(self.claimed if position else 0):
            if position + _TABLE.size > self._end:
                return
            minimum, maximum, base, count, pad = _TABLE.unpack(self.source.some(position, _TABLE.size))
            native = position + self.descriptor_size
            first = native + self.native_size
            room = max(0, self._end - first) // self.entry_size if self.entry_size else 0
            held = min(count, room)
            damage: Tuple[Damage, ...] = ()
            where = f"function table {index} at 0x{minimum:x}"
            if held < count:
                message = f"{where} claims {counted(count, 'entry')}, the stream holds {held}"
                damage += (Damage("function-table-cut", message, position, count * self.entry_size, held * self.entry_size),)
            if count > ENGINE_LIMIT:
                message = f"{where} has {counted(count, 'entry')}; the debugger's engine accepts {ENGINE_LIMIT} and leaves the stream out"
                damage += (Damage("function-table-too-many", message, position, count, ENGINE_LIMIT),)
            yield FunctionTable(index, minimum, maximum, base, count, position, native, self.native_size, first, self.entry_size, held, self.source, damage)
            position = first + count * self.entry_size + pad

    def find(self, address: int) -> Optional[Tuple[FunctionTable, Optional[FunctionEntry]]]:
        """The table that covers an address, and its entry where the entries say where they end."""
        for table in self._all():
            if table.minimum <= address < table.maximum:
                offset = address - table.base
                for entry in table.entries():
                    if entry.begin <= offset < entry.end:
                        return table, entry
                return table, None
        return None
