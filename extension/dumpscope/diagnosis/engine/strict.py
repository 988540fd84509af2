"""The strict reading of a dump's bytes, as dbgeng 10.0.15063 does it: what it accepts, and the line that it prints where it does not.

Everything here was found by giving the engine dumps that differ in one number and reading its answer. The engine maps the whole
file; what it reads after a stream is the next bytes of the file, and zeros beyond the file's end up to the end of the page.
"""

from __future__ import annotations

import struct
from itertools import chain
from itertools import count as iter_count
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ...dump.directory import Directory, Header, Stream
from ...dump.lists import columns_of, places_of
from ...dump.source import Source, Window
from ...format.counters import MINIDUMP_PROCESS_VM_COUNTERS_1, MINIDUMP_SYSTEM_MEMORY_INFO_1
from ...format.exception import MINIDUMP_EXCEPTION_STREAM
from ...format.functions import MINIDUMP_FUNCTION_TABLE_DESCRIPTOR, MINIDUMP_FUNCTION_TABLE_STREAM
from ...format.handles import (
    AVRF_HANDLE_OPERATION,
    MINIDUMP_HANDLE_DATA_STREAM,
    MINIDUMP_HANDLE_DESCRIPTOR,
    MINIDUMP_HANDLE_OPERATION_LIST,
)
from ...format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64
from ...format.memory import MINIDUMP_MEMORY64_LIST, MINIDUMP_MEMORY_INFO, MINIDUMP_MEMORY_INFO_LIST, MINIDUMP_MEMORY_LIST
from ...format.modules import MINIDUMP_MODULE, MINIDUMP_MODULE_LIST, MINIDUMP_UNLOADED_MODULE, MINIDUMP_UNLOADED_MODULE_LIST
from ...format.processors import PROCESSORS
from ...format.system import MINIDUMP_SYSTEM_INFO
from ...format.threads import (
    MINIDUMP_THREAD,
    MINIDUMP_THREAD_EX,
    MINIDUMP_THREAD_EX_LIST,
    MINIDUMP_THREAD_INFO,
    MINIDUMP_THREAD_INFO_LIST,
    MINIDUMP_THREAD_LIST,
)
from ...format.tokens import MINIDUMP_TOKEN_INFO_LIST, TOKEN_PARTS

PAGE = 0x1000
BLOCK = 1 << 16
LINE_LIMIT = 16383
"""Characters that one print of the engine can have; the rest, the end of the line included, is lost."""

CACHED = 4096
CACHED_LENGTH = 1024
"""Strings that are kept, and the longest of them: type names recur, and memory is bounded."""

NO_DESCRIPTOR = "<Unable to access string descriptor>"
NO_CONTENT = "<Unable to access string content>"

_u16 = struct.Struct("<H").unpack_from
_u32 = struct.Struct("<I").unpack_from

Number = Union[int, Tuple[int, int]]
"""A number itself, or the offset and the size of the number in the stream."""


class Check(NamedTuple):
    """What the engine demands of a stream before it reads it.

    ``header`` and ``element`` are sizes or where the stream says them, with the least that is accepted. ``counter`` says where
    the number of elements stands; None: as many as fit. ``exact`` is False where bytes may be left over.
    """

    least: int
    header: Number
    least_header: int
    element: Number
    least_element: int
    counter: Optional[Tuple[int, int]]
    most: int
    exact: bool = True


class Extent(NamedTuple):
    """What a checked stream consists of."""

    header: int
    element: int
    number: int


def _counted(head: Any, element: Any, most: int, wide: bool = False) -> Check:
    size = 8 if wide else 4
    least: int = head.size
    return Check(least, least, 0, element.size, 0, (0, size), most)


def _described(head: Any, header: str, element: str, count: str, least_element: int, most: int, exact: bool = True) -> Check:
    counter = head.leaf(count)
    where = (head.offset_of(header), 4)
    return Check(head.size, where, head.size, (head.offset_of(element), 4), least_element, (counter.offset, counter.field.size), most, exact)


def _single(size: int, exact: bool = True) -> Check:
    return Check(size, 0, 0, size, 0, None, 1, exact)


def _own_size(size: int, width: int) -> Check:
    return Check(size, 0, 0, (0, width), size, None, 1)


def _ce_list(header: int, most: int) -> Check:
    return Check(header, (0, 2), header, (2, 2), 16, (4, 4), most)


_ANY = 0xFFFFFFFF
_TEXT = Check(1, 0, 0, 1, 0, None, _ANY)

CHECKS = {
    3: _counted(MINIDUMP_THREAD_LIST, MINIDUMP_THREAD, 0x80000),
    4: _counted(MINIDUMP_MODULE_LIST, MINIDUMP_MODULE, 100000),
    5: _counted(MINIDUMP_MEMORY_LIST, MINIDUMP_MEMORY_DESCRIPTOR, 10000000),
    6: _single(MINIDUMP_EXCEPTION_STREAM.size),
    7: _single(MINIDUMP_SYSTEM_INFO.size),
    8: _counted(MINIDUMP_THREAD_EX_LIST, MINIDUMP_THREAD_EX, 0x80000),
    9: _counted(MINIDUMP_MEMORY64_LIST, MINIDUMP_MEMORY_DESCRIPTOR64, 10000000, wide=True),
    10: _TEXT,
    11: _TEXT._replace(least=2, element=2),
    12: _described(MINIDUMP_HANDLE_DATA_STREAM, "SizeOfHeader", "SizeOfDescriptor", "NumberOfDescriptors", MINIDUMP_HANDLE_DESCRIPTOR.size, 0x400000),
    13: _described(
        MINIDUMP_FUNCTION_TABLE_STREAM, "SizeOfHeader", "SizeOfDescriptor", "NumberOfDescriptors", MINIDUMP_FUNCTION_TABLE_DESCRIPTOR.size, 2000, False
    ),
    14: _described(MINIDUMP_UNLOADED_MODULE_LIST, "SizeOfHeader", "SizeOfEntry", "NumberOfEntries", MINIDUMP_UNLOADED_MODULE.size, 10000),
    15: _own_size(24, 4),
    16: _described(MINIDUMP_MEMORY_INFO_LIST, "SizeOfHeader", "SizeOfEntry", "NumberOfEntries", MINIDUMP_MEMORY_INFO.size, 10000000),
    17: _described(MINIDUMP_THREAD_INFO_LIST, "SizeOfHeader", "SizeOfEntry", "NumberOfEntries", MINIDUMP_THREAD_INFO.size, 0x80000),
    18: _described(MINIDUMP_HANDLE_OPERATION_LIST, "SizeOfHeader", "SizeOfEntry", "NumberOfEntries", AVRF_HANDLE_OPERATION.size, 1000000000),
    19: _described(MINIDUMP_TOKEN_INFO_LIST, "ListHeaderSize", "ElementHeaderSize", "TokenListEntries", TOKEN_PARTS.size, 0x80001, False),
    20: _TEXT,
    21: _single(MINIDUMP_SYSTEM_MEMORY_INFO_1.size, exact=False),
    22: _single(MINIDUMP_PROCESS_VM_COUNTERS_1.size, exact=False),
    0x8001: _own_size(0x40, 2),
    0x8002: Check(0x20, (0, 2), 0x20, 0, 0, None, _ANY, exact=False),
    0x8003: _ce_list(16, 200),
    0x8004: _ce_list(16, 200),
    0x8005: _ce_list(16, 200),
    0x8006: _ce_list(16, 200),
    0x8007: _ce_list(8, 50000),
    0x8008: _ce_list(8, 10000),
    0x8009: _ce_list(8, 10000),
    0x800A: _own_size(0x40, 2),
    0x800B: _ce_list(16, 200),
}
"""By stream type. A type that is neither here nor a user's is unknown to the engine."""

_CP1252 = frozenset(
    list(range(0x80))
    + [0x81, 0x8D, 0x8F, 0x90, 0x9D]
    + list(range(0xA0, 0x100))
    + [ord(bytes((code,)).decode("cp1252")) for code in range(0x80, 0xA0) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)]
)


def ansi(text: str) -> str:
    """What is left of a text in Windows code page 1252: a question mark for each UTF-16 unit that it does not have."""
    if text.isascii():
        return text
    return "".join(char if ord(char) in _CP1252 else "?" if char <= "\uffff" else "??" for char in text)


NARROW = frozenset(row.number for row in PROCESSORS.values() if row.machine is not None and row.pointer_size == 4)
"""ProcessorArchitecture values that the engine takes for machines of 32 bits."""


class View:
    """A dump's bytes, and the engine's checks of places in it."""

    def __init__(self, source: Source, header: Header, directory: Directory, *, narrow: bool) -> None:
        self.source = source
        self.size = source.size
        self.end = (source.size + PAGE - 1) // PAGE * PAGE
        self.header = header
        self.directory_end = header.directory_rva + header.stream_count * MINIDUMP_DIRECTORY.size
        self.wide = True  # how wide addresses are shown: as the effective machine has them
        self.wide_columns = True  # the head above ranges: as the dump's machine has them
        self._narrow = narrow
        self._window = Window(source)
        self._texts: Dict[int, Tuple[str, str]] = {}
        system = self.accepted(directory, 7)
        if system is not None:
            self.wide = self.wide_columns = self.u16(system.rva) not in NARROW

    # -- bytes -----------------------------------------------------------------------------------------------------------

    def read(self, offset: int, size: int) -> bytes:
        """``size`` bytes (few), zeros where the file has none."""
        data, at = self._window.see(offset, size)
        return data[at : at + size].ljust(size, b"\0")

    def u16(self, offset: int) -> int:
        """The 16-bit number at an offset."""
        value: int = _u16(self.read(offset, 2))[0]
        return value

    def u32(self, offset: int) -> int:
        """The 32-bit number at an offset."""
        value: int = _u32(self.read(offset, 4))[0]
        return value

    def number(self, offset: int, where: Tuple[int, int]) -> int:
        """The number at ``where`` in the structure at ``offset``."""
        return int.from_bytes(self.read(offset + where[0], where[1]), "little")

    def rows(self, reader: struct.Struct, offset: int, stride: int, count: int) -> Iterator[Tuple[int, Tuple[Any, ...]]]:
        """Offset and numbers of ``count`` elements that lie in the file."""
        return zip(iter_count(offset, stride), self.values(reader, offset, stride, count))

    def values(self, reader: struct.Struct, offset: int, stride: int, count: int) -> Iterator[Tuple[Any, ...]]:
        """The numbers of ``count`` elements that lie in the file."""
        fetch = self.source.fetch
        if stride == reader.size:
            step = max(1, BLOCK // stride)
            return chain.from_iterable(
                reader.iter_unpack(fetch(offset + low * stride, (min(low + step, count) - low) * stride)) for low in range(0, count, step)
            )
        return (reader.unpack(fetch(offset + index * stride, reader.size)) for index in range(count))

    def columns(self, reader: struct.Struct, offset: int, count: int) -> List[Sequence[int]]:
        """The numbers of ``count`` elements that lie in the file, by field."""
        step = max(1, BLOCK // reader.size)
        places = places_of(reader)
        blocks = [
            columns_of(reader, places, self.source.fetch(offset + low * reader.size, (min(low + step, count) - low) * reader.size))
            for low in range(0, count, step)
        ]
        return [list(chain.from_iterable(column)) for column in zip(*blocks)] if len(blocks) != 1 else blocks[0]

    # -- checks ----------------------------------------------------------------------------------------------------------

    def misplaced(self, what: str, rva: int, size: int) -> str:
        """The line that the engine prints when something is not in the file; empty when it is."""
        if rva < MINIDUMP_HEADER.size:
            return f"ERROR: Invalid Rva value {rva:x}, it should larger than the dump header ({MINIDUMP_HEADER.size:x}).\n"
        if rva < self.directory_end:
            header = self.header
            place = f"({header.directory_rva:x},{header.stream_count:x},{MINIDUMP_DIRECTORY.size:x})"
            return f"ERROR: Invalid Rva value {rva:x}, it should be after the minidump directory {place}.\n"
        if rva >= self.size:
            return f"ERROR: {what} not present in dump (RVA 0x{rva:X})\n"
        if rva + size > 0xFFFFFFFF:
            return f"ERROR: {what} RVA overflows 32 bits (RVA 0x{rva:X}, size 0x{size:X})\n"
        if rva + size > self.size:
            return f"ERROR: {what} only partially present in dump (RVA 0x{rva:X}, size 0x{size:X})\n"
        return ""

    def extent(self, check: Check, what: str, rva: int, size: int) -> Union[str, Extent]:
        """The extent of a stream, or the line that says why it is not read. The engine stops at the first defect."""
        if size < check.least:
            return f"{what} below minimum size (0x{size:x} < 0x{check.least:x})\n"
        line = self.misplaced(what, rva, size)
        if line:
            return line
        header = check.header if isinstance(check.header, int) else self.number(rva, check.header)
        if header < check.least_header:
            return f"{what} header size below minimum size (0x{header:x} < 0x{check.least_header:x})\n"
        if header > size:
            return f"{what} header size exceeds stream size (0x{header:x} > 0x{size:x})\n"
        element = check.element if isinstance(check.element, int) else self.number(rva, check.element)
        if element < check.least_element:
            return f"{what} element size below minimum size (0x{element:x} < 0x{check.least_element:x})\n"
        if check.counter is not None:
            count = self.number(rva, check.counter)
        else:
            count = size // element if element else 0
        if count > check.most:
            return f"{what} has too many elements (0x{count:x} > 0x{check.most:x})\n"
        needed = header + count * element
        if check.exact and size != needed:
            return f"{what} stream size mismatch (0x{size:x} != 0x{needed:x})\n"
        if size < needed:
            return f"{what} stream size too small (0x{size:x} < 0x{needed:x})\n"
        return Extent(header, element, count)

    def accepted(self, directory: Directory, *kinds: int) -> Optional[Stream]:
        """The stream of these types that the engine uses: the first one that passes its checks."""
        found = sorted(stream for kind in kinds for stream in directory.all(kind))
        for stream in found:
            if not isinstance(self.extent(CHECKS[stream.type], "", stream.rva, stream.size), str):
                return stream
        return None

    # -- text ------------------------------------------------------------------------------------------------------------

    def shown(self, text: str) -> str:
        """A text as it comes out of the engine: up to its first NUL, in the code page of the output."""
        text = text.partition("\0")[0]
        return ansi(text) if self._narrow else text

    def string(self, rva: int) -> Tuple[str, str]:
        """The line that the engine prints about a MINIDUMP_STRING (mostly none), and the text that it then uses."""
        if rva == 0:
            return "", ""
        found = self._texts.get(rva)
        if found is None:
            found = self._string(rva)
            if len(self._texts) < CACHED and len(found[1]) <= CACHED_LENGTH:
                self._texts[rva] = found
        return found

    def _string(self, rva: int) -> Tuple[str, str]:
        line = self.misplaced("String", rva, 4)
        if line:
            return line, NO_DESCRIPTOR
        length = self.u32(rva)
        line = self.misplaced("String", rva + 4, length)
        if line:
            return line, NO_CONTENT
        length = min(length, 2 * LINE_LIMIT) & ~1
        data, at = self._window.see(rva + 4, length)
        return "", self.shown(data[at : at + length].decode("utf-16-le", "surrogatepass"))

    def zero_ended(self, rva: int, unit: int) -> Optional[str]:
        """The text from ``rva`` to a NUL of ``unit`` bytes, wherever that is; None where there is none in the mapped file."""
        limit = unit * LINE_LIMIT
        data = self.source.some(rva, limit)
        if unit == 1:
            text = data.decode("latin-1")
        else:
            text = data[: len(data) & ~1].decode("utf-16-le", "surrogatepass")
        if "\0" not in text and len(data) < limit and self.end - self.size < unit:
            return None
        return self.shown(text)

    def address(self, value: int) -> str:
        """An address as the engine shows it for the dump's processor."""
        if self.wide:
            return f"{value >> 32 & 0xFFFFFFFF:08x}`{value & 0xFFFFFFFF:08x}"
        return f"{value & 0xFFFFFFFF:08x}"
