"""LLDB: ``target create --core``, ``SBTarget.LoadCore``. From llvm/lib/Object/Minidump.cpp and lldb's ProcessMinidump and MinidumpParser."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Tuple

from ...format.streams import UnusedStream
from .verdict import DIES, ENTRY_SIZE, HEADER_SIZE, SIGNATURE, VERSION, Entry, File, Reader, refuse

THREADS, MODULES, EXCEPTION, SYSTEM_INFO = 3, 4, 6, 7
SYSTEM_INFO_SIZE, EXCEPTION_SIZE = 56, 168
DUMP_REQUESTED = 0xFFFFFFFF
PAGE = 4096
PROCESSORS = {0: 716, 5: 4, 9: 736, 12: 4, 0x8003: 4}
"""x86, ARM, x64, ARM64, and Breakpad's number for ARM64, with the size of a context below which it reads none of it (observed)."""
THREAD, CONTEXT_OF_THREAD, CONTEXT_OF_EXCEPTION = 48, 40, 160
WOW64 = "wow64.dll"


def check(file: File) -> None:
    """Header, every stream within the file, no type twice, and a processor that it knows."""
    if _another_core(file):
        return
    if file.size < 4 or file.u32(0) != SIGNATURE:
        refuse("LLDB01", "it takes a file for a minidump by its first four bytes", "Signature", file.u32(0), 0)
    if file.size < HEADER_SIZE:
        refuse("LLDB02", "the file ends within the header", "file size", file.size, None)
    if file.u16(4) != VERSION:
        refuse("LLDB03", "the low half of Version is not 0xa793", "Version", file.u16(4), 4)
    count, rva = file.u32(8), file.u32(12)
    if not file.have(rva, count * ENTRY_SIZE):
        refuse("LLDB04", "the directory reaches beyond the end of the file", "NumberOfStreams", count, 8)
    seen: Dict[int, Entry] = {}
    exceptions: List[Entry] = []
    for entry in file.entries(count, rva):
        if not file.have(entry.rva, entry.size):
            refuse("LLDB05", f"stream {entry.position} (type {entry.type}) reaches beyond the end of the file", "DataSize", entry.size, entry.at + 4)
        if entry.type == EXCEPTION:
            exceptions.append(entry)
        if (entry.type == UnusedStream and not entry.size) or entry.type == EXCEPTION:
            continue
        if entry.type in seen:
            refuse("LLDB06", f"streams {seen[entry.type].position} and {entry.position} have the same type", "StreamType", entry.type, entry.at)
        seen[entry.type] = entry
    _processor(file, seen.get(SYSTEM_INFO))
    _once_a_thread(file, exceptions)
    _codeview(file, seen.get(MODULES))
    _stop(file, exceptions, seen.get(THREADS))
    if not any(name.lower().endswith(WOW64) for name in _names(file, seen.get(MODULES))):
        _context(file, exceptions, seen.get(THREADS), PROCESSORS[file.u16(seen[SYSTEM_INFO].rva)])


def _processor(file: File, system: Optional[Entry]) -> None:
    if system is None:
        refuse("LLDB07", "without SystemInfoStream the processor is not known", "streams", "no type 7", None)
    if system.size < SYSTEM_INFO_SIZE:
        refuse("LLDB08", "SystemInfoStream has fewer than 56 bytes", "DataSize", system.size, system.at + 4)
    if file.u16(system.rva) not in PROCESSORS:
        refuse("LLDB09", "the processor is none of x86, x64, ARM and ARM64", "ProcessorArchitecture", file.u16(system.rva), system.rva)


def _another_core(file: File) -> bool:
    """Whether it is a core of ELF or Mach-O, which LLDB opens by other plug-ins."""
    if file.bytes(0, 4) == b"\x7fELF":
        return file.u16(16) == 4
    return file.u32(0) in (0xFEEDFACE, 0xFEEDFACF) and file.u32(12) == 4


def _once_a_thread(file: File, exceptions: List[Entry]) -> None:
    """Several exceptions must be of several threads."""
    seen: Dict[int, Entry] = {}
    for entry in exceptions:
        if entry.size < EXCEPTION_SIZE:
            continue
        thread = file.u32(entry.rva)
        if thread in seen:
            first = seen[thread].position
            refuse("LLDB11", f"the exceptions in streams {first} and {entry.position} are of the same thread", "ThreadId", thread, entry.rva)
        seen[thread] = entry


def _modules(file: File, modules: Optional[Entry]) -> Iterator[Tuple[int, int, int, int]]:
    """The entries of the module list: where each stands, RVA of its name, size and RVA of its CodeView record; none where the list is not read."""
    if modules is None or modules.size < 4:
        return
    count = file.u32(modules.rva)
    begin = 4 if 4 + 108 * count >= modules.size else 8
    if begin + 108 * count <= modules.size:
        for at, (name, size, rva) in file.records(modules.rva + begin, count, "20xI52xII24x"):
            yield at, name, size, rva


def _names(file: File, modules: Optional[Entry]) -> Iterator[str]:
    """The last letters of the modules' names that it can read."""
    for _, name, _, _ in _modules(file, modules):
        length = file.u32(name)
        if not length % 2 and file.have(name, 4) and file.have(name + 4, length):
            tail = min(length, 2 * len(WOW64))
            yield file.bytes(name + 4 + length - tail, tail).decode("utf-16-le", "replace")


def _codeview(file: File, modules: Optional[Entry]) -> None:
    """It reads a CodeView record wherever the RVA leads (observed: 23.1): far beyond the end of the file that ends the process."""
    for at, name, size, rva in _modules(file, modules):
        if size >= 4 and rva > file.size + PAGE and file.have(name, 4):
            length = file.u32(name)
            if not length % 2 and file.have(name + 4, length):
                refuse("LLDB12", "a CodeView record lies beyond the end of the file: LLDB ends with a fault", "CvRecord.Rva", rva, at + 80, DIES)


def _stop(file: File, exceptions: List[Entry], threads: Optional[Entry]) -> None:
    """With an exception and no thread that could have stopped for it, LLDB ends (observed: 23.1)."""
    wanted = [entry for entry in exceptions if entry.size >= EXCEPTION_SIZE and file.u32(entry.rva + 8) != DUMP_REQUESTED]
    if not wanted:
        return
    count = file.u32(threads.rva) if threads is not None and threads.size >= 4 else 0
    if threads is not None and count and 4 + 48 * count <= threads.size:
        return
    where = wanted[0].at if threads is None else threads.rva
    refuse("LLDB10", "there is an exception and no thread that it can read: LLDB ends with a fault", "NumberOfThreads", count, where, DIES)


def _context(file: File, exceptions: List[Entry], threads: Optional[Entry], least: int) -> None:
    """It adds RVA and size of a context as 32-bit numbers (observed: 19.1 and 23.1): a sum that starts again at zero passes for a place in the file.

    It reads the registers of a thread that stopped, for which the context of the exception counts; without an exception those of the first thread.
    """
    count = file.u32(threads.rva) if threads is not None and threads.size >= 4 else 0
    if threads is None or not count or 4 + THREAD * count > threads.size:
        return
    begin = threads.rva + (4 if 4 + THREAD * count >= threads.size else 8)
    places = {tid: at for at, (tid,) in file.records(begin, count, "I44x")}
    raised = {file.u32(entry.rva): entry for entry in exceptions if entry.size >= EXCEPTION_SIZE}
    stopped = [tid for tid, entry in raised.items() if file.u32(entry.rva + 8) != DUMP_REQUESTED] or [file.u32(begin)]
    for tid in stopped:
        if tid not in places:
            continue
        at = raised[tid].rva + CONTEXT_OF_EXCEPTION if tid in raised else places[tid] + CONTEXT_OF_THREAD
        size, rva = file.u32(at), file.u32(at + 4)
        if size >= least and rva > file.size + PAGE and (rva + size) % (1 << 32) <= file.size:
            words = "RVA and size of the registers of the thread that stopped add up to more than 32 bits: LLDB ends with a fault"
            refuse("LLDB13", words, "ThreadContext.Rva", rva, at + 4, DIES)


LLDB = Reader("lldb", "LLDB", "23.1", "SBTarget.LoadCore gives a process", "llvm/llvm-project llvm/lib/Object/Minidump.cpp", True, check)
