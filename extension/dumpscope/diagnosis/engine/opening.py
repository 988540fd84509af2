"""Whether the engine opens a file: its checks in their order, each with the HRESULT and the text that it prints.

Observed: dbgeng 10.0.15063, on more than ten thousand files that differ from a good one in one place.
"""

from __future__ import annotations

import struct
from itertools import islice
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ...dump.absence import Absent
from ...dump.kernel.kerneldump import KernelDump, is_kernel_dump
from ...dump.source import Source
from ...dump.userdump import COUNTS, OFFSETS, UserDump
from ...errors import DumpError
from ...format.flags import MiniDumpWithFullMemory
from ...format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_SIGNATURE, MINIDUMP_VERSION
from ...format.kernel import (
    BITMAP_DUMP,
    BITMAP_SIGNATURES,
    FILL,
    HAS_DEBUGGER_DATA,
    HEADER_SIZE32,
    HEADER_SIZE64,
    PHYSICAL_MEMORY_RUN32,
    PHYSICAL_MEMORY_RUN64,
    SIGNATURE32,
    SIGNATURE64,
    SUMMARY,
    SUMMARY_DUMP32,
    SUMMARY_DUMP64,
    TRIAGE_DATA_BLOCK,
    TRIAGE_VALID,
)
from ...format.kernel import TRIAGE as TRIAGE_KIND
from ...format.layout import Structure
from ...format.misc import MINIDUMP_MISC_INFO
from ...format.processors import PROCESSORS
from ...format.system import MINIDUMP_SYSTEM_INFO
from ...format.userdump import (
    CRASH_THREAD32,
    CRASH_THREAD64,
    MEMORY_BASIC_INFORMATION32,
    MEMORY_BASIC_INFORMATION64,
    USERMODE_CRASHDUMP_HEADER32,
    USERMODE_CRASHDUMP_HEADER64,
)
from .answers import E_FAIL, E_INVALIDARG, E_UNEXPECTED, FILE_CORRUPT, S_OK, Opening
from .archives import CANNOT, FILE_NOT_FOUND, TAKEN, extracted
from .memory import MASK64, Captured
from .streams import LINES, Streams, Taken
from .strict import NARROW
from .threads import WINDOWS

TRIAGE = 0x100000
FILE_INVALID = 0xD000011E
"""STATUS_MAPPED_FILE_SIZE_ZERO as an HRESULT."""
READ_FAULT = 0x10000000
"""What a call gives that has touched memory after the mapped file."""
MAPPED_LEAST = 24
"""The size of file below which the engine does not look at the first bytes."""

KNOWN = frozenset(row.number for row in PROCESSORS.values() if row.known)
"""ProcessorArchitecture values that the engine knows."""
WIDE = frozenset(row.number for row in PROCESSORS.values() if row.machine is not None and row.pointer_size == 8)
"""Those of them with 64 bits."""
DEAD_MACHINES = frozenset(row.number for row in PROCESSORS.values() if row.known and row.machine is None)
"""Those of them (both Alpha) for which it has no machine any more."""

UNSEEN = "the member is taken out; whether the debugger opens it depends on its bytes, which are not unpacked here"
TRUNCATED = "WARNING: Dump file has been truncated.  Data may be missing."
STARS = "*" * 60
BANNER = "User Mini Dump File: Only registers, stack and portions of memory are available"
BANNER_TRIAGE = "User Mini Triage Dump File: Only registers, stack and portions of memory are available"
BANNER_FULL = "User Mini Dump File with Full Memory: Only application data is available"

_TEXTS = {
    E_FAIL: "Unspecified error",
    E_INVALIDARG: "The parameter is incorrect.",
    FILE_CORRUPT: "The file or directory is corrupted and unreadable.",
    FILE_NOT_FOUND: "The system cannot find the file specified.",
    FILE_INVALID: "{Bad File} The attributes of the specified mapping file for a section of zero length cannot be read.",
}
_LEGACY = {b"USERDU64": USERMODE_CRASHDUMP_HEADER64, b"USERDUMP": USERMODE_CRASHDUMP_HEADER32}
_LEGACY_MACHINES = frozenset((0x14C, 0x166, 0x1C0, 0x1C4, 0x200, 0x8664, 0xAA64))
BANNER_LEGACY = "User Dump File: Only application data is available"
THREADS_CUT = 0x8007001E
"""ERROR_READ_FAULT as an HRESULT: the records of threads of an old user dump are cut."""
HANDLE_EOF = 0x80070026
_KERNEL_TEXTS = {
    1: "Kernel Complete Dump File: Full address space is available",
    SUMMARY: "Kernel Summary Dump File: Kernel address space is available, User address space may not be available.",
    FILL: "Kernel Complete Dump File: Full address space is available",
    5: "Kernel Bitmap Dump File: Full address space is available",
    6: "Kernel Bitmap Dump File: Kernel address space is available, User address space may not be available.",
}
"""What the engine says of each DumpType that it opens, besides triage; a header that was not filled in is one of a full dump."""
BITMAP_ROOM = 8
"""Bytes of the bitmap that the engine counts to BITMAP_DUMP."""
_TRUNCATED = ["*" * 72, "WARNING: Dump header physical memory block has been truncated.", "Some valid physical pages may be inaccessible.", "*" * 72]
_KERNEL_MACHINES = {SIGNATURE64: (0x8664, 0xAA64, 0x200), SIGNATURE32: (0x14C, 0x1C4)}

_MISC = MINIDUMP_MISC_INFO.select("Flags1", "ProcessId")


class Opened(NamedTuple):
    """A file after the engine's attempt: the answer, the lines that were printed, and the streams where they were reached."""

    opening: Opening
    lines: List[str]
    streams: Optional[Streams] = None
    captured: Optional[Captured] = None
    kernel: bool = False
    machine: int = 0


def error_words(hresult: int) -> str:
    """An error number as the engine words it."""
    if hresult >> 28 in (1, 0xD):
        return f"NTSTATUS 0x{hresult & ~0x10000000:08X}"
    if hresult >> 16 == 0x8007:
        return f"Win32 error 0n{hresult & 0xFFFF}"
    return f"HRESULT 0x{hresult:08X}"


def _refused(source: Source, hresult: int, lines: List[str], cause: str, named: bool = True, streams: Optional[Streams] = None, kernel: bool = False) -> Opened:
    message = cause
    if named:
        if cause:
            lines = [*lines, cause]
        final = f"Could not open dump file [{source.name}], {error_words(hresult)}"
        lines = [*lines, final, f'    "{_TEXTS[hresult]}"']
        message = f"{cause}\nCould not open dump file, {error_words(hresult)}".lstrip("\n")
    return Opened(Opening(False, hresult, message, E_UNEXPECTED), lines, streams, kernel=kernel)


def _faulted(source: Source) -> Opened:
    """A kernel dump on whose way the engine touches memory after the mapped file: it calls that a success, and has nothing open."""
    line = f"Could not open dump file [{source.name}], {error_words(READ_FAULT)}"
    return Opened(Opening(False, READ_FAULT, f"Could not open dump file, {error_words(READ_FAULT)}", E_UNEXPECTED), [line], kernel=True)


def _directory(source: Source, count: int, rva: int) -> str:
    """The line about a directory that is not in the file; empty when it is."""
    size = count * MINIDUMP_DIRECTORY.size & 0xFFFFFFFF
    if rva < MINIDUMP_HEADER.size:
        return f"ERROR: Invalid Rva value {rva:x}, it should larger than the dump header ({MINIDUMP_HEADER.size:x})."
    if rva >= source.size:
        return f"ERROR: Directory not present in dump (RVA 0x{rva:X})"
    if rva + size > 0xFFFFFFFF:
        return f"ERROR: Directory RVA overflows 32 bits (RVA 0x{rva:X}, size 0x{size:X})"
    if rva + size > source.size:
        return f"ERROR: Directory only partially present in dump (RVA 0x{rva:X}, size 0x{size:X})"
    return ""


_NEEDED = ("ContextOffset", "ExceptionOffset", "PrcbOffset", "CallStackOffset")
_X86_SIZES = {"PrcbOffset": 0x9F0, "ThreadOffset": 0x260}
"""What the engine takes for the size of structures of x86 without KDDEBUGGER_DATA64 (observed); of other machines it takes their first byte."""
_MEMORY_COUNTERS = 0x34
"""Bytes of the memory manager's counters of x86, whose place is computed with 32 bits (observed); those of other machines are not looked at."""
_SIZES = {"PrcbOffset": "SizePrcb", "ProcessOffset": "SizeEProcess", "ThreadOffset": "SizeEThread"}


def _mapped(source: Source) -> int:
    """The end of the file's last page in memory: the engine reads zeros there, and faults after it."""
    return -(-source.size // 0x1000) * 0x1000


def _parts(dump: KernelDump, triage: Dict[str, Any]) -> Iterator[Tuple[int, int]]:
    """Offset and size of what must lie in the file. A block of which only the first 8 bytes are there is one of size 0 at 0."""
    data = dump.debugger_data
    for name, field in _SIZES.items():
        known = not isinstance(data, Absent)
        size = data[field] if not isinstance(data, Absent) else _X86_SIZES.get(name, 1) if dump.machine == 0x14C else 1
        if triage[name] and (known or dump.wide or name != "ProcessOffset"):
            yield triage[name], max(1, size)
    yield triage["CallStackOffset"], triage["SizeOfCallStack"]
    if dump.machine == 0x14C and triage["MmOffset"]:
        yield triage["MmOffset"] + _MEMORY_COUNTERS & 0xFFFFFFFF, 0
    if dump.parts & HAS_DEBUGGER_DATA:
        yield triage["DebuggerDataOffset"], max(1, triage["DebuggerDataSize"])
    count, first = dump.data_blocks, triage["DataBlocksOffset"]
    if not count:
        return
    yield first, 8
    for at in range(first, min(first + count * TRIAGE_DATA_BLOCK.size, _mapped(dump.source)), TRIAGE_DATA_BLOCK.size):
        block = dump.source.some(at, TRIAGE_DATA_BLOCK.size)
        values = TRIAGE_DATA_BLOCK.unpack(block.ljust(TRIAGE_DATA_BLOCK.size, b"\0"))
        yield values["Offset"], values["Size"]


def missing_parts(dump: KernelDump) -> List[Tuple[str, int]]:
    """Members of TRIAGE_DUMP without which the engine does not open a small kernel dump and that are 0, with their file offsets."""
    triage = dump.triage
    if isinstance(triage, Absent):
        return []
    shape, base = dump.triage_layout, dump.header_layout.size
    return [(f"{shape.name}.{name}", base + shape.offset_of(name)) for name in _NEEDED if not triage[name]]


def _triage(source: Source, dump: KernelDump) -> Opened:
    """A triage dump: the engine wants the mark TRGD as the last of SizeOfDump bytes (ValidOffset is not looked at), four parts, and parts and
    data blocks inside the file. Observed: dbgeng 10.0.15063."""
    triage = dump.triage
    if isinstance(triage, Absent):  # the file ends inside TRIAGE_DUMP
        return _refused(source, FILE_CORRUPT, [], "", kernel=True)
    end = triage["SizeOfDump"]
    if end < 4 or source.some(end - 4, 4) != TRIAGE_VALID.to_bytes(4, "little"):
        return _refused(source, FILE_CORRUPT, [], "", kernel=True)
    if not all(triage[name] for name in _NEEDED):
        return _refused(source, E_FAIL, [], "Mini Kernel Dump does not contain enough information to be debugged", kernel=True)
    if any(offset + size > source.size for offset, size in _parts(dump, triage)):
        return _refused(source, FILE_CORRUPT, [], "", kernel=True)
    if dump.data_blocks and triage["DataBlocksOffset"] + dump.data_blocks * TRIAGE_DATA_BLOCK.size > _mapped(source):
        return _faulted(source)
    text = "Mini Kernel Dump File: Only registers and stack trace are available"
    return Opened(Opening(True, S_OK, text, S_OK), [text], kernel=True)


def _bitmap(source: Source, dump: KernelDump) -> Optional[Opened]:
    """A dump with a bitmap that the engine refuses; None for one that it opens. It maps the file as far as the first page; for a summary dump
    it adds a bit for each page between those of the machine (observed: dbgeng 10.0.15063)."""
    base = dump.header_layout.size
    old = dump.kind == SUMMARY
    shape = (SUMMARY_DUMP64 if dump.wide else SUMMARY_DUMP32) if old else BITMAP_DUMP
    head = source.some(base, shape.size)
    if head[:4] not in (BITMAP_SIGNATURES[:1] if old else BITMAP_SIGNATURES) or source.size - base < shape.size + (0 if old else BITMAP_ROOM):
        return _refused(source, FILE_CORRUPT, [], "", kernel=True)
    mapped = shape.unpack(head)["HeaderSize"]
    lines: List[str] = []
    if old:
        count, extra = _gaps(dump)
        if not count:
            return _faulted(source)
        mapped += extra
        lines = _TRUNCATED if count > _run_limit(dump) else []
    if mapped > source.size:
        return _refused(source, E_INVALIDARG, lines, "Dump file is too large to map", kernel=True)
    return None


def _run_limit(dump: KernelDump) -> int:
    """How many runs of physical memory the header has room for."""
    size = len(dump.header["PhysicalMemoryBlock"])
    return (size - 16) // PHYSICAL_MEMORY_RUN64.size if dump.wide else (size - 8) // PHYSICAL_MEMORY_RUN32.size


def _gaps(dump: KernelDump) -> Tuple[int, int]:
    """NumberOfRuns of the header, and the bytes of bitmap for pages between the runs: from the end of the last run, as the engine counts."""
    data: bytes = dump.header["PhysicalMemoryBlock"]
    word, first, run = (8, 16, PHYSICAL_MEMORY_RUN64) if dump.wide else (4, 8, PHYSICAL_MEMORY_RUN32)
    count = int.from_bytes(data[:4], "little")
    if not count:
        return 0, 0
    pages = int.from_bytes(data[first - word : first], "little")
    last = run.unpack(data, first + (min(count, _run_limit(dump)) - 1) * run.size)
    highest = (last["BasePage"] + last["PageCount"]) & ((1 << 8 * word) - 1)
    return count, (highest - pages + 7) // 8 if highest > pages else 0


def _images(source: Source) -> bool:
    """Whether every module of a 32-bit user dump begins with MZ in the captured memory: else the engine takes the list for corrupt."""
    try:
        dump = UserDump(source)
    except DumpError:
        return True  # a processor that is not read here
    modules = dump.modules
    return len(modules) == dump.header["ModuleCount"] and all(dump.memory(module.base, 2) == b"MZ" for module in modules)


def _legacy(source: Source, layout: Structure) -> Opened:
    """A user dump of the old format. Observed: dbgeng 10.0.15063, on files that differ in one place."""
    wide = layout is USERMODE_CRASHDUMP_HEADER64
    head = layout.unpack(source.some(0, layout.size))
    corrupt = "\nThe dump file is probably corrupt."
    if not all(head[name] for name in COUNTS):
        return _refused(source, FILE_CORRUPT, [], "Thread, module or memory region count is zero." + corrupt)
    if not all(head[name] for name in OFFSETS):
        return _refused(source, FILE_CORRUPT, [], "A dump header data offset is zero." + corrupt)
    region = MEMORY_BASIC_INFORMATION64 if wide else MEMORY_BASIC_INFORMATION32
    if head["MemoryRegionOffset"] + head["MemoryRegionCount"] * region.size > source.size:
        return _refused(source, E_INVALIDARG, [], "Dump file is too large to map")
    if head["MachineImageType"] not in _LEGACY_MACHINES:
        line = "Unable to initialize target machine information, Win32 error 0n87"
        return _refused(source, E_INVALIDARG, [BANNER_LEGACY, line], line, False)
    if head["DebugEventOffset"] >= source.size:
        line = f"Unable to read debug event at offset {head['DebugEventOffset']:x}"
        return _refused(source, HANDLE_EOF, [BANNER_LEGACY, line], line, False)
    if not wide and not _images(source):
        return _refused(source, FILE_CORRUPT, [BANNER_LEGACY, "Module list is corrupt"], "Module list is corrupt", False)
    states = head["ThreadStateOffset"]
    thread = CRASH_THREAD64 if wide else CRASH_THREAD32
    cut = states + head["ThreadCount"] * thread.size > source.size
    waited = HANDLE_EOF if states >= source.size else THREADS_CUT if cut else S_OK
    return Opened(Opening(True, S_OK, BANNER_LEGACY, waited), [BANNER_LEGACY])


def _other(source: Source, head: bytes) -> Opened:
    """A file whose first bytes are not those of a minidump."""
    kind = head[:8]
    layout = _LEGACY.get(kind)
    if layout is not None and source.size >= layout.size:
        return _legacy(source, layout)
    if is_kernel_dump(head) and source.size >= (HEADER_SIZE64 if kind == SIGNATURE64 else HEADER_SIZE32):
        dump = KernelDump(source)
        if dump.machine in _KERNEL_MACHINES[kind]:
            if dump.kind == TRIAGE_KIND:
                return _triage(source, dump)
            if dump.kind not in _KERNEL_TEXTS:
                return _refused(source, E_INVALIDARG, [], "Could not match Dump File signature - invalid file format", kernel=True)
            if dump.kind in (SUMMARY, 5, 6):
                refused = _bitmap(source, dump)
                if refused is not None:
                    return refused
            text = _KERNEL_TEXTS[dump.kind]
            return Opened(Opening(True, S_OK, text, S_OK), [text], kernel=True)
        return _refused(
            source,
            E_INVALIDARG,
            ["Unable to initialize target machine information, Win32 error 0n87"],
            "Unable to initialize target machine information, Win32 error 0n87",
            False,
            kernel=True,
        )
    return _refused(source, E_INVALIDARG, [], "Could not match Dump File signature - invalid file format")


def open_dump(source: Source) -> Opened:
    """What OpenDumpFile does with a file. Reads the header, the directory, the streams' heads, and the list of memory ranges.

    Of a file whose name ends in .zip or .cab it is the dump inside that is opened.
    """
    return _archived(source) if TAKEN.search(source.name) else _open(source)


def _archived(source: Source) -> Opened:
    found = extracted(source)
    if not found.name:
        return Opened(Opening(False, found.hresult, CANNOT, E_UNEXPECTED), [CANNOT])
    lines = [f"Extracted {found.name} from", f" {source.name}", ""]
    if found.hresult != S_OK:
        return _refused(source, found.hresult, lines, "")
    if found.source is None:
        return Opened(Opening(True, S_OK, UNSEEN, S_OK), lines)
    opened = _open(found.source)
    rest = [line.replace(f"Could not open dump file [{found.name}]", f"Could not open dump file [{source.name}]") for line in opened.lines]
    return opened._replace(lines=[*lines, *rest])


def _open(source: Source) -> Opened:
    if not source.size:
        return _refused(source, FILE_INVALID, [], "")
    if source.size < MAPPED_LEAST:
        return _refused(source, E_INVALIDARG, [], "Dump file is too large to map")
    head = source.some(0, MINIDUMP_HEADER.size)
    signature, version = struct.unpack_from("<II", head)
    if signature != MINIDUMP_SIGNATURE or version & 0xFFFF != MINIDUMP_VERSION or len(head) < MINIDUMP_HEADER.size:
        return _other(source, head)
    count, rva = struct.unpack_from("<II", head, MINIDUMP_HEADER.offset_of("NumberOfStreams"))
    line = _directory(source, count, rva)
    if line:
        return _refused(source, FILE_CORRUPT, [], line)
    if count * MINIDUMP_DIRECTORY.size > 0xFFFFFFFF:
        return _refused(source, READ_FAULT, [], "", False)  # it computes the size in 32 bits, and reads on after the file
    return _streams(source, Streams(source))


def _streams(source: Source, streams: Streams) -> Opened:
    view = streams.view
    lines = list(islice(streams.first_lines(), LINES))
    full = bool(streams.header.flags & MiniDumpWithFullMemory)
    system = streams.taken(7)
    if system is None:
        return _refused(source, E_FAIL, lines, "Minidump does not have system info", streams=streams)
    machine = view.u16(system.rva)
    if machine not in KNOWN:
        return _refused(source, E_FAIL, lines, f"Minidump has unrecognized processor architecture 0x{machine:x}", streams=streams)
    captured = Captured(streams, full, machine in NARROW)
    if full and (captured.taken is None or not captured.base):
        return _refused(source, E_FAIL, lines, "Full-memory minidump must have a Memory64ListStream", streams=streams)
    if captured.base > source.size:
        return _refused(source, E_INVALIDARG, lines, "Dump file is too large to map", streams=streams)
    banner = BANNER_FULL if full else BANNER_TRIAGE if streams.header.flags & TRIAGE else BANNER
    if full:
        # The engine maps the file once more, and looks again.
        lines.extend(islice(streams.first_lines(), LINES))
        lines.append(banner)
    lines.extend(islice(streams.second_lines(full), LINES))
    cause = ""
    if streams.listed(5 if full else 9):
        cause = "Full memory minidumps can't have MemoryListStreams" if full else "Partial memory minidumps can't have Memory64ListStreams"
        hresult = FILE_CORRUPT
    else:
        lines.extend(_oddities(streams, system, machine))
        if machine in DEAD_MACHINES:
            cause, hresult = "Unable to initialize target machine information, Win32 error 0n87", E_INVALIDARG
    if cause:
        lines.append(cause)
    if not full:
        lines.append(banner)
    if cause:
        return _refused(source, hresult, lines, cause, False, streams=streams)
    message = banner
    if full:
        if captured.end & MASK64 > source.size:
            lines.extend((STARS, TRUNCATED, STARS))
            message = TRUNCATED
    else:
        refusal = captured.refusal()
        if refusal is not None:
            return _refused(source, refusal[0], [*lines, refusal[1]], refusal[1], False, streams=streams)
        lines.extend(islice(captured.oddities(), LINES))
    threads = streams.taken(3)
    waited = S_OK if threads is not None and threads.number else E_UNEXPECTED
    return Opened(Opening(True, S_OK, message, waited), lines, streams, captured, machine=machine)


def _oddities(streams: Streams, system: Taken, machine: int) -> Iterator[str]:
    """What the engine remarks on system, process and event."""
    view = streams.view
    line = view.string(view.u32(system.rva + MINIDUMP_SYSTEM_INFO.offset_of("CSDVersionRva")))[0]
    if line:
        yield line.rstrip("\n")
    platform = view.u32(system.rva + MINIDUMP_SYSTEM_INFO.offset_of("PlatformId"))
    build = view.u32(system.rva + MINIDUMP_SYSTEM_INFO.offset_of("BuildNumber"))
    if machine in WIDE and (platform not in WINDOWS or not build):
        yield "64-bit machine not using 64-bit API"
    misc, event = streams.taken(15), streams.taken(6)
    if misc is not None:
        flags, process = _MISC.unpack(view.read(misc.rva, _MISC.size))
        if flags & 1 and not process:
            yield "WARNING: Ignoring invalid event process ID 0"
    if event is not None and not view.u32(event.rva):
        yield "WARNING: Ignoring invalid thread ID 0"
