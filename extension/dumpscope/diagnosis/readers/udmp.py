"""udmp-parser: ``UserDumpParser.Parse``. From 0vercl0k/udmp-parser src/lib/udmp-parser.h."""

from __future__ import annotations

from typing import Dict, Optional, Set

from .verdict import HEADER_SIZE, SIGNATURE, Entry, File, Reader, refuse

THREADS, MODULES, EXCEPTION, SYSTEM_INFO, MEMORY64, MEMORY_INFO = 3, 4, 6, 7, 9, 16
FLAGS = 0x1FFFFF
CONTEXTS = {0: 0x2CC, 9: 0x4D0}
"""Bytes of a context by the processor; of other processors it looks at none."""
PRINTABLE = range(0x20, 0x7F)


def check(file: File) -> None:
    """Header, directory, then the streams that it knows in its own order."""
    if file.size < HEADER_SIZE:
        refuse("UDMP01", "the file ends within the header", "file size", file.size, None)
    if file.u32(0) != SIGNATURE:
        refuse("UDMP02", "the signature is not MDMP", "Signature", file.u32(0), 0)
    if file.u32(28) & ~FLAGS:
        refuse("UDMP03", "Flags has bits that it does not know: those above 0x1fffff", "Flags", file.u32(28), 28)
    count, rva = file.u32(8), file.u32(12)
    if not count:
        refuse("UDMP04", "there is no stream", "NumberOfStreams", 0, 8)
    streams: Dict[int, Entry] = {}
    whole = 0
    for entry in file.entries(count, rva):
        whole += 1
        if not entry.type:
            continue
        if entry.type in streams:
            refuse("UDMP05", f"streams {streams[entry.type].position} and {entry.position} have the same type", "StreamType", entry.type, entry.at)
        streams[entry.type] = entry
    if whole < count:
        refuse("UDMP06", f"entry {whole} of the directory is not in the file", "NumberOfStreams", count, 8)
    _streams(file, streams)


def _within(file: File, entry: Entry, offset: int, size: int) -> bool:
    """Whether it reads so many bytes of a stream: inside the stream's size, and inside the file."""
    # An RVA of 0 counts as an overflow where nothing is added to it.
    return offset + size <= entry.size and entry.rva + offset > offset and file.have(entry.rva + offset, size)


def _streams(file: File, streams: Dict[int, Entry]) -> None:
    processor: Optional[int] = None
    foreground: Optional[int] = None
    system, exception = streams.get(SYSTEM_INFO), streams.get(EXCEPTION)
    if system is not None:
        if not _within(file, system, 0, 32):
            refuse("UDMP07", "it cannot read 32 bytes of SystemInfoStream", "DataSize", system.size, system.at + 4)
        processor = file.u16(system.rva)
    if exception is not None:
        if not _within(file, exception, 0, 168):
            refuse("UDMP08", "it cannot read 168 bytes of ExceptionStream", "DataSize", exception.size, exception.at + 4)
        foreground = file.u32(exception.rva)
    regions = _regions(file, streams.get(MEMORY_INFO))
    _ranges(file, streams.get(MEMORY64), regions)
    threads = _threads(file, streams.get(THREADS), processor)
    _modules(file, streams.get(MODULES))
    if foreground is not None and foreground not in threads:
        assert exception is not None
        refuse("UDMP20", "the exception names a thread that the thread list does not have", "ThreadId", foreground, exception.rva)


def _regions(file: File, entry: Optional[Entry]) -> Set[int]:
    if entry is None:
        return set()
    if not _within(file, entry, 0, 16):
        refuse("UDMP09", "it cannot read the header of MemoryInfoListStream", "DataSize", entry.size, entry.at + 4)
    header, size, count = file.u32(entry.rva), file.u32(entry.rva + 4), file.u64(entry.rva + 8)
    if header < 16:
        refuse("UDMP10", "SizeOfHeader of MemoryInfoListStream is below 16", "SizeOfHeader", header, entry.rva)
    if size < 48:
        refuse("UDMP11", "SizeOfEntry of MemoryInfoListStream is below 48", "SizeOfEntry", size, entry.rva + 4)
    if header + size * count != entry.size:
        refuse("UDMP12", "header and entries of MemoryInfoListStream are not as long as the stream", "DataSize", entry.size, entry.at + 4)
    found: Set[int] = set()
    for index in range(count):
        place = header + size * index
        if not _within(file, entry, place, 48):
            refuse("UDMP13", f"region {index} of MemoryInfoListStream is not in the file", "NumberOfEntries", count, entry.rva + 8)
        base = file.u64(entry.rva + place)
        if base in found:
            refuse("UDMP14", f"region {index} has the base of another", "BaseAddress", base, entry.rva + place)
        found.add(base)
    return found


def _ranges(file: File, entry: Optional[Entry], regions: Set[int]) -> None:
    if entry is None:
        return
    if not _within(file, entry, 0, 16):
        refuse("UDMP15", "it cannot read the header of Memory64ListStream", "DataSize", entry.size, entry.at + 4)
    count = file.u64(entry.rva)
    index = 0
    for at, (start, _) in file.records(entry.rva + 16, min(count, max(0, entry.size - 16) // 16), "QQ"):
        if start not in regions:
            refuse("UDMP17", f"no region of MemoryInfoListStream begins where range {index} does", "StartOfMemoryRange", start, at)
        index += 1
    if index < count:
        refuse("UDMP16", f"range {index} of Memory64ListStream is not in the stream", "NumberOfMemoryRanges", count, entry.rva)


def _threads(file: File, entry: Optional[Entry], processor: Optional[int]) -> Set[int]:
    found: Set[int] = set()
    if entry is None:
        return found
    if not _within(file, entry, 0, 4):
        refuse("UDMP18", "it cannot read the count of ThreadListStream", "DataSize", entry.size, entry.at + 4)
    count = file.u32(entry.rva)
    needed = CONTEXTS.get(processor, 0) if processor is not None else 0
    index = 0
    for at, values in file.records(entry.rva + 4, min(count, max(0, entry.size - 4) // 48), "IIIIQQIIII"):
        if needed and (values[8] < needed or not file.have(values[9], needed)):
            refuse("UDMP19", f"the context of thread {index} has fewer than 0x{needed:x} bytes, or is not in the file", "ThreadContext", values[8], at + 40)
        found.add(values[0])
        index += 1
    if index < count:
        refuse("UDMP21", f"thread {index} of ThreadListStream is not in the stream", "NumberOfThreads", count, entry.rva)
    return found


def _modules(file: File, entry: Optional[Entry]) -> None:
    if entry is None:
        return
    if not _within(file, entry, 0, 4):
        refuse("UDMP22", "it cannot read the count of ModuleListStream", "DataSize", entry.size, entry.at + 4)
    count = file.u32(entry.rva)
    index = 0
    for at, values in file.records(entry.rva + 4, min(count, max(0, entry.size - 4) // 108), "20xI52xIIII16x"):
        name, cv_size, cv_rva, misc_size, misc_rva = values
        _name(file, index, at + 20, name)
        for words, size, rva, place in (("CvRecord", cv_size, cv_rva, at + 76), ("MiscRecord", misc_size, misc_rva, at + 84)):
            if size and (not rva or size == 0xFFFFFFFF or not file.have(rva, size)):
                refuse("UDMP26", f"{words} of module {index} is not in the file", words, size, place)
        index += 1
    if index < count:
        refuse("UDMP23", f"module {index} of ModuleListStream is not in the stream", "NumberOfModules", count, entry.rva)


def _name(file: File, index: int, at: int, rva: int) -> None:
    if not file.have(rva, 4):
        refuse("UDMP24", f"the name of module {index} is not in the file", "ModuleNameRva", rva, at)
    length = file.u32(rva)
    # Of an even length it reads one byte less; of an empty name the span wraps, and reading fails.
    if length % 2 or not length or not file.have(rva + 4, length - 1):
        refuse("UDMP24", f"the name of module {index} has an odd length, or is empty, or is not in the file", "Length", length, rva)
    data = file.bytes(rva + 4, length)
    for place in range(0, length, 2):
        if data[place] not in PRINTABLE:
            refuse("UDMP25", f"the name of module {index} has a character that is not ASCII and printable", "Buffer", data[place], rva + 4 + place)


UDMP = Reader("udmp-parser", "udmp-parser", "0.7.0", "UserDumpParser.Parse is true", "0vercl0k/udmp-parser src/lib/udmp-parser.h", True, check)
