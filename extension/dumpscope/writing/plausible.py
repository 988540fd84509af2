"""Whether bytes look like what a directory or a record says they are: what mending goes by where numbers contradict each other."""

from __future__ import annotations

import struct
from typing import Any, Callable, Container, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ..dump.minidump import Minidump
from ..dump.source import Source
from ..errors import DumpError
from ..format.handles import (
    AVRF_HANDLE_OPERATION,
    MINIDUMP_HANDLE_DATA_STREAM,
    MINIDUMP_HANDLE_DESCRIPTOR,
    MINIDUMP_HANDLE_DESCRIPTOR_2,
    MINIDUMP_HANDLE_OPERATION_LIST,
)
from ..format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64
from ..format.layout import Structure
from ..format.memory import MINIDUMP_MEMORY64_LIST, MINIDUMP_MEMORY_INFO, MINIDUMP_MEMORY_INFO_LIST
from ..format.modules import MINIDUMP_MODULE, MINIDUMP_UNLOADED_MODULE, MINIDUMP_UNLOADED_MODULE_LIST
from ..format.processors import debugger_name
from ..format.streams import LAST_RESERVED_STREAM, STREAMS, SystemInfoStream, UnusedStream
from ..format.system import MINIDUMP_SYSTEM_INFO
from ..format.threads import MINIDUMP_THREAD, MINIDUMP_THREAD_INFO, MINIDUMP_THREAD_INFO_LIST

MOST_ENTRIES = 1 << 10
"""Directory entries that a directory found by looking for it may have."""
LOOKED_AT = 1 << 24
"""Bytes at the beginning and at the end of a file in which a directory is looked for."""
MOST_PLACES = 10_000
"""Places that are looked at for a list."""
CHECKED = 1 << 16
"""Records of a list that are looked at."""
WIDE_CONTEXT, NARROW_CONTEXT, ARM64_CONTEXT = 1232, 716, 912
_ENTRY = MINIDUMP_DIRECTORY.select("StreamType", "Location.DataSize", "Location.Rva")
_UNUSED = (0, 0, 0)
_SYSTEM_ENTRY = struct.pack("<II", 7, MINIDUMP_SYSTEM_INFO.size)


class Entry(NamedTuple):
    """A directory entry as numbers."""

    type: int
    size: int
    rva: int


def entries(source: Source, rva: int, count: int) -> List[Entry]:
    """Directory entries as far as the file has them."""
    return list(_walk(source, rva, count))


def _walk(source: Source, rva: int, count: int) -> Iterator[Entry]:
    count = min(count, MOST_ENTRIES, max(0, source.size - rva) // _ENTRY.size)
    return map(Entry._make, _ENTRY.iter_unpack(source.some(rva, count * _ENTRY.size))) if count > 0 else iter(())


def known(kind: int) -> bool:
    """Whether a stream type has a name."""
    return kind in STREAMS and kind != LAST_RESERVED_STREAM


def _good(entry: Entry, source: Source) -> bool:
    if entry.type == UnusedStream:
        return entry.rva <= source.size
    return (known(entry.type) or entry.type > LAST_RESERVED_STREAM) and MINIDUMP_HEADER.size <= entry.rva < source.size and entry.size <= 1 << 31


def directory_length(source: Source, rva: int) -> int:
    """How many entries at ``rva`` look like those of a directory: known types, inside the file, up to where the first stream begins."""
    found = 0
    least = source.size
    for index, entry in enumerate(_walk(source, rva, MOST_ENTRIES)):
        at = rva + index * _ENTRY.size
        if at + _ENTRY.size > least or not _good(entry, source):
            break
        if entry.type and entry.rva >= rva:
            least = min(least, entry.rva)
        if entry.type:
            found = index + 1
    return found


def system_fits(source: Source, entry: Entry) -> bool:
    """Whether an entry leads to a SystemInfo: its processor is one that the debugger knows, or one that Breakpad names."""
    if entry.type != SystemInfoStream:
        return False
    head = source.some(entry.rva, MINIDUMP_SYSTEM_INFO.size)
    if len(head) < 32:
        return False
    architecture, processors, major = int.from_bytes(head[:2], "little"), head[6], int.from_bytes(head[8:12], "little")
    return (debugger_name(architecture) != "" or architecture in (0x8001, 0x8002, 0x8003)) and processors > 0 and major < 1000


def looks_like_directory(source: Source, rva: int, count: int) -> bool:
    """Whether ``count`` entries at ``rva`` are a directory that leads to a SystemInfo, all of them good."""
    rows = entries(source, rva, count)
    return len(rows) == count > 0 and all(_good(row, source) for row in rows) and any(system_fits(source, row) for row in rows)


def find_directory(source: Source) -> Optional[Tuple[int, int]]:
    """RVA and number of entries of a directory, looked for by its entry for SystemInfo; the one at 0x20 counts first. None where there is none."""
    for place in _system_entries(source):
        first = at = place
        while at - _ENTRY.size >= MINIDUMP_HEADER.size and place - at < MOST_ENTRIES * _ENTRY.size:
            at -= _ENTRY.size
            row = Entry(*_ENTRY.unpack(source.some(at, _ENTRY.size)))
            if row == _UNUSED:  # writers leave such entries between others, but no directory begins with one
                continue
            if not _good(row, source) or not row.type or row.size == 0:
                break
            first = at
        count = directory_length(source, first)
        if first + count * _ENTRY.size > place and looks_like_directory(source, first, count):
            return first, count
    return None


def _system_entries(source: Source) -> Iterator[int]:
    size = source.size
    seen = 0
    for low, high in ((0, min(size, LOOKED_AT)), (max(LOOKED_AT, size - LOOKED_AT), size)):
        data = source.some(low, high - low) if high > low else b""
        at = data.find(_SYSTEM_ENTRY)
        while at >= 0 and seen < 1000 and low + at + _ENTRY.size <= size:
            seen += 1
            row = source.some(low + at, _ENTRY.size)
            if low + at >= MINIDUMP_HEADER.size and len(row) == _ENTRY.size and system_fits(source, Entry(*_ENTRY.unpack(row))):
                yield low + at
            at = data.find(_SYSTEM_ENTRY, at + 4)


def places(dump: Minidump, drop: Container[int]) -> List[int]:
    """Where the things of a file begin that its directory leads to, but for streams in ``drop``: streams, registers, stacks, ranges, names; sorted."""
    found = {stream.rva for stream in dump.streams if stream.type and stream.index not in drop}
    for thread in dump.threads.walk():
        found.update((thread.context_rva, thread.stack_rva))
    for module in dump.modules.walk():
        found.update((module.name_rva, module.cv_rva, module.misc_rva))
    for handle in dump.handles.walk():
        found.update((handle.type_rva, handle.name_rva))
    found.update(item.rva for item in dump.memory_list.walk())
    if dump.memory64_list:
        found.add(dump.memory64_list.base_rva)
    return sorted(found)


# -- records ---------------------------------------------------------------------------------------------------------------------------


def text_fits(source: Source, rva: int, *, needed: bool = False) -> bool:
    """Whether an RVA leads to a MINIDUMP_STRING, or is 0 where it is not ``needed``."""
    if not rva:
        return not needed
    head = source.some(rva, 4)
    size = int.from_bytes(head, "little")
    return len(head) == 4 and not size % 2 and size <= 0x10000 and rva + 4 + size <= source.size


def _thread(source: Source, data: bytes) -> bool:
    tid, suspended, _, _, teb = struct.unpack_from("<IIIIQ", data)
    size, rva = struct.unpack_from("<II", data, 40)
    if not tid or tid == 0xFFFFFFFF or suspended > 0x10000 or teb >> 48:
        return False
    return not rva or (rva >= MINIDUMP_HEADER.size and rva + size <= source.size and 0x100 <= size <= 0x10000)


def _module(source: Source, data: bytes) -> bool:
    base, size, _, _, name = struct.unpack_from("<QIIII", data)
    return base != 0 and size != 0 and text_fits(source, name, needed=True)


def _memory(source: Source, data: bytes) -> bool:
    start, size, rva = struct.unpack_from("<QII", data)
    return bool(size > 0 and start + size <= 1 << 64 and rva >= 32 and rva + size <= source.size)


def _memory64(source: Source, data: bytes) -> bool:
    start, size = struct.unpack_from("<QQ", data)
    return bool(size) and start + size <= 1 << 64


def _handle(source: Source, data: bytes) -> bool:
    handle, kind, name = struct.unpack_from("<QII", data)
    return handle < 1 << 32 and not handle % 4 and text_fits(source, kind) and text_fits(source, name)


def _unloaded(source: Source, data: bytes) -> bool:
    base, size, _, _, name = struct.unpack_from("<QIIII", data)
    return base != 0 and size != 0 and text_fits(source, name)


def _thread_info(source: Source, data: bytes) -> bool:
    tid, flags = struct.unpack_from("<II", data)
    return bool(tid != 0 and flags < 0x100)


def _region(source: Source, data: bytes) -> bool:
    base, _, _, _, size, state = struct.unpack_from("<QQIIQI", data)
    return not base % 0x1000 and not size % 0x1000 and bool(size) and state in (0x1000, 0x2000, 0x10000)


def _operation(source: Source, data: bytes) -> bool:
    return True


class Listed(NamedTuple):
    """How a list says its count: at ``counter`` with ``width`` bytes; ``sizes`` are where header and record size stand, None for a plain count."""

    record: int
    head: Optional[Structure]
    fits: Callable[[Source, bytes], bool]
    counter: int = 0
    width: int = 4
    plain_head: int = 4
    least: int = 0
    names: Tuple[str, str] = ("", "")


def _headed(record: Structure, head: Structure, fits: Callable[[Source, bytes], bool], size: str, count: str, least: int = 0) -> Listed:
    leaf = head.leaf(count)
    return Listed(record.size, head, fits, leaf.offset, leaf.field.size, head.size, least or record.size, (size, count))


LISTS: Dict[int, Listed] = {
    3: Listed(MINIDUMP_THREAD.size, None, _thread),
    4: Listed(MINIDUMP_MODULE.size, None, _module),
    5: Listed(MINIDUMP_MEMORY_DESCRIPTOR.size, None, _memory),
    9: Listed(MINIDUMP_MEMORY_DESCRIPTOR64.size, None, _memory64, 0, 8, MINIDUMP_MEMORY64_LIST.size),
    12: _headed(MINIDUMP_HANDLE_DESCRIPTOR_2, MINIDUMP_HANDLE_DATA_STREAM, _handle, "SizeOfDescriptor", "NumberOfDescriptors", MINIDUMP_HANDLE_DESCRIPTOR.size),
    14: _headed(MINIDUMP_UNLOADED_MODULE, MINIDUMP_UNLOADED_MODULE_LIST, _unloaded, "SizeOfEntry", "NumberOfEntries"),
    16: _headed(MINIDUMP_MEMORY_INFO, MINIDUMP_MEMORY_INFO_LIST, _region, "SizeOfEntry", "NumberOfEntries"),
    17: _headed(MINIDUMP_THREAD_INFO, MINIDUMP_THREAD_INFO_LIST, _thread_info, "SizeOfEntry", "NumberOfEntries"),
    18: _headed(AVRF_HANDLE_OPERATION, MINIDUMP_HANDLE_OPERATION_LIST, _operation, "SizeOfEntry", "NumberOfEntries"),
}
"""The lists that mending corrects."""


def records_fit(source: Source, kind: int, first: int, stride: int, count: int, skip: int = 0) -> bool:
    """Whether the records of a list from ``skip`` on look like records, and lie inside the file."""
    if stride < 8 or count < 0 or first + count * stride > source.size:
        return False
    fits = LISTS[kind].fits
    at = first + skip * stride
    for _ in range(min(count - skip, CHECKED)):
        data = source.some(at, min(stride, LISTS[kind].record))
        try:
            if not fits(source, data):
                return False
        except struct.error:
            return False
        at += stride
    return True


def find_list(source: Source, kind: int, size: int, free: Callable[[int, int], bool]) -> Optional[int]:
    """Where the one list of this type and size stands, by its head and records; None where there is none, or more than one.

    ``free`` says whether nothing else claims the bytes from an offset on.
    """
    row = LISTS[kind]
    head = row.plain_head
    count, rest = divmod(size - head, row.record)
    if rest or count < (1 if kind == 3 or row.head is not None else 2):
        return None
    if row.head is None:
        needle = count.to_bytes(row.width, "little")
    else:
        needle = struct.pack("<II", head, row.record) + (count.to_bytes(row.width, "little") if row.counter == 8 else b"")
    found: List[int] = []
    for low, high in ((0, min(source.size, LOOKED_AT)), (max(LOOKED_AT, source.size - LOOKED_AT), source.size)):
        data = source.some(low, high - low) if high > low else b""
        at = data.find(needle)
        seen = 0
        while at >= 0 and seen < MOST_PLACES and len(found) < 2:
            seen += 1
            place = low + at
            claimed = source.some(place + row.counter, row.width) == count.to_bytes(row.width, "little")
            if claimed and place >= MINIDUMP_HEADER.size and free(place, size) and records_fit(source, kind, place + head, row.record, count):
                found.append(place)
            at = data.find(needle, at + 1)
    return found[0] if len(found) == 1 else None


def processor_of(source: Source, contexts: List[Tuple[int, int]]) -> Optional[int]:
    """ProcessorArchitecture by the registers of threads (RVA and size), where all of them agree; None where nothing can be said."""
    found = {_processor(source, rva, size) for rva, size in contexts if rva}
    return found.pop() if len(found) == 1 else None


def _processor(source: Source, rva: int, size: int) -> Any:
    data = source.some(rva, min(size, 0x400))
    if len(data) < 0x34:
        return None
    narrow, wide = struct.unpack_from("<I", data)[0], struct.unpack_from("<I", data, 0x30)[0]
    if size >= WIDE_CONTEXT and wide & 0xFFFF0000 == 0x100000 and wide & 0x3:
        return 9
    if size >= NARROW_CONTEXT and narrow & 0xFFFFFF00 == 0x10000 and narrow & 0x3:
        return 0
    if size >= ARM64_CONTEXT and narrow & 0xFFFF0000 == 0x400000 and narrow & 0x3:
        return 12
    return 5 if narrow & 0xFFFF0000 == 0x200000 and narrow & 0x3 and size >= 0x100 else None


_RANGE64 = struct.Struct("<QQ")


def full_number(source: Source, rva: int, listed: int, claimed: int) -> Optional[int]:
    """How many ranges of full memory there are: as many as the count (``claimed``) or the directory's size (``listed``) says.

    The one whose bytes end with the file, else the one whose bytes are all in the file and do not begin inside the list at ``rva``; None where
    neither or both are so.
    """
    head = MINIDUMP_MEMORY64_LIST.size
    base = int.from_bytes(source.some(rva + MINIDUMP_MEMORY64_LIST.offset_of("BaseRva"), 8), "little")
    possible = []
    for number in dict.fromkeys((claimed, (listed - head) // _RANGE64.size)):
        end = rva + head + number * _RANGE64.size
        if number <= 0 or end > source.size or rva < base < end:
            continue
        total = sum(length for _, length in _RANGE64.iter_unpack(source.some(rva + head, number * _RANGE64.size)))
        if base + total == source.size:
            return number
        if base + total < source.size:
            possible.append(number)
    return possible[0] if len(possible) == 1 else None


def too_far(place: int) -> DumpError:
    """That a directory stands where nothing can lead to it."""
    return DumpError(
        f"this cannot be mended: the directory is at 0x{place:x}, beyond 4 GiB, where no RVA of 32 bits leads",
        "write the dump again, with header, directory and all streams first and the memory last",
    )
