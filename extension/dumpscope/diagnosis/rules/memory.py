"""Why ``!address``, ``!heap``, ``!peb``, ``!teb`` and plain reads find nothing."""

from __future__ import annotations

from typing import Optional

from ...dump.absence import Absent
from ...format.flags import (
    MiniDumpWithCodeSegs,
    MiniDumpWithFullMemory,
    MiniDumpWithFullMemoryInfo,
    MiniDumpWithMemoryCompression,
    MiniDumpWithPrivateReadWriteMemory,
    MiniDumpWithProcessThreadData,
)
from ...format.streams import ExceptionStream, Memory64ListStream, MemoryInfoListStream, MemoryListStream
from ...format.threads import MINIDUMP_THREAD
from ..evidence import Proof
from ..facts import Facts
from .rule import ERROR, INFO, PROVEN, WARNING, Match, Rule

_OBSERVED = "observed: dbgeng 10.0.15063 on edited dumps"
_TEB = MINIDUMP_THREAD.offset_of("Teb")
_SHARED = 0x7FFE0000
_LOOK = 20_000


def _no_map(facts: Facts) -> Optional[Match]:
    if facts.stream(MemoryInfoListStream) is not None:
        return None
    return Match((facts.flags_proof(MiniDumpWithFullMemoryInfo), facts.directory_proof(MemoryInfoListStream)))


def _heap(facts: Facts) -> Optional[Match]:
    process = facts.dump.process
    peb = process.peb
    if facts.stream(Memory64ListStream) is not None:
        return None
    if isinstance(peb, Absent):
        return Match(
            (facts.flags_proof(MiniDumpWithFullMemory), facts.flags_proof(MiniDumpWithPrivateReadWriteMemory)),
            {"where": "the PEB that leads to them is not captured either"},
        )
    heap = peb.process_heap
    if isinstance(heap, Absent) or facts.has(heap, 0x100):
        return None
    return Match(
        (Proof("PEB.ProcessHeap", f"0x{heap:x}: not in captured memory"), facts.flags_proof(MiniDumpWithFullMemory)),
        {"where": f"the process heap at 0x{heap:x} lies in none of the captured ranges"},
    )


def _teb(facts: Facts) -> Optional[Match]:
    threads = [thread for thread in facts.threads(_LOOK) if thread.teb]
    lost = [thread for thread in threads if not facts.has(thread.teb, 0x80)]
    if not lost or not facts.dump.system:
        return None
    proofs = [Proof(f"Teb of thread {thread.tid:x}", f"0x{thread.teb:x}: in none of the captured ranges", thread.offset + _TEB) for thread in lost[:3]]
    return Match((facts.flags_proof(MiniDumpWithProcessThreadData), *proofs), {"count": len(lost), "all": len(threads)})


def _peb(facts: Facts) -> Optional[Match]:
    peb = facts.dump.process.peb
    if not isinstance(peb, Absent) or not len(facts.dump.threads):
        return None
    return Match((facts.flags_proof(MiniDumpWithProcessThreadData), Proof("PEB", peb.message)), {"why": peb.message})


def _captured(facts: Facts) -> Optional[Match]:
    peb = facts.dump.process.peb
    if isinstance(peb, Absent) or not facts.has(peb.address, 0x40):
        return None
    return Match((Proof("PEB", f"0x{peb.address:x}: captured"),), {"peb": f"0x{peb.address:x}"})


def _no_memory(facts: Facts) -> Optional[Match]:
    if len(facts.dump.memory) or facts.dump.stream(Memory64ListStream) is not None:
        return None
    registers = facts.dump.stream(ExceptionStream) is not None or any(thread.context_rva and thread.context_size for thread in facts.dump.threads)
    proofs = (facts.directory_proof(MemoryListStream), facts.directory_proof(Memory64ListStream))
    return Match(proofs, {"registers": " The file holds registers." if registers else ""})


def _uptime(facts: Facts) -> Optional[Match]:
    system = facts.dump.system
    if facts.has(_SHARED + 8, 8) or isinstance(system, Absent) or not system.is_windows:
        return None
    return Match((Proof("0x7FFE0000 (KUSER_SHARED_DATA)", "in none of the captured ranges"),))


def _stacks(facts: Facts) -> Optional[Match]:
    if facts.stream(MemoryListStream) is None and facts.stream(Memory64ListStream) is None:
        return None
    lost = []
    for thread in facts.threads(_LOOK):
        if thread.stack_size and not facts.has(thread.stack_start, 8):
            lost.append(thread)
    if not lost:
        return None
    where = MINIDUMP_THREAD.offset_of("Stack")
    proofs = tuple(
        Proof(f"stack of thread {thread.tid:x}", f"0x{thread.stack_size:x} bytes at 0x{thread.stack_start:x}: not captured", thread.offset + where)
        for thread in lost[:4]
    )
    return Match(proofs, {"count": len(lost)})


def _code(facts: Facts) -> Optional[Match]:
    modules = facts.dump.modules
    if not len(modules) or facts.stream(Memory64ListStream) is not None:
        return None
    lost = sum(1 for module in facts.modules(_LOOK) if not facts.has(module.base + 0x1000, 0x200))
    if not lost:
        return None
    return Match(
        (facts.flags_proof(MiniDumpWithCodeSegs), Proof("modules whose code is not in the file", f"{lost} of {len(modules)}")),
        {"count": lost, "all": len(modules)},
    )


def _compressed(facts: Facts) -> Optional[Match]:
    for kind, name in ((25, "CompressedMemoryStream"), (0x7000, "CompressedMemoryStreamSQL")):
        if facts.stream(kind) is not None:
            return Match((facts.flags_proof(MiniDumpWithMemoryCompression), facts.directory_proof(kind, name)))
    return None


RULES = (
    Rule(
        code="MEM001",
        severity=WARNING,
        title="there is no map of the address space",
        symptoms=(
            'ERROR: !vprot: extension exception 0x80004002.\n    "QueryVirtual failed"',
            "QueryVirtual failed",
            "No containing memory region found",
        ),
        commands=("!address", "!vprot", "!mapped_file"),
        checks="a MemoryInfoListStream in the directory",
        verdict="The dump has no memory map. The debugger then makes regions up from the captured ranges: committed, read-write, private, whatever they "
        "really were, and the next "
        "higher one for an address that lies between. What !address says is no evidence here.",
        confidence=PROVEN,
        remedy=(
            "write the dump again with 0x800 (MiniDumpWithFullMemoryInfo): `.dump /mF FILE` or `/ma`, procdump -ma",
            "`memory` and `address` of dumpscope say what was captured and no more",
        ),
        sources=(_OBSERVED, "Microsoft Learn: !address"),
        fires="stacks-only",
        silent="memory-map",
        test=_no_map,
    ),
    Rule(
        code="MEM002",
        severity=WARNING,
        title="heap memory was not captured",
        symptoms=("!heap lists nothing", "error 5 InitTypeRead", "HEAP at 0x... is not readable"),
        commands=("!heap", "!locks", "!cs", "SOS"),
        checks="PEB.ProcessHeap in the captured ranges, flags 0x2 and 0x200",
        verdict="The heaps are not in this dump: {where}.",
        confidence=PROVEN,
        remedy=(
            "write a full dump: `.dump /ma FILE`, `procdump -ma PID`",
            "smaller: 0x2 replaced by 0x301 (private read-write memory, data segments, process data): `.dump /mwdp FILE`",
        ),
        sources=("Microsoft Learn: !heap", _OBSERVED),
        fires="process-thread-data",
        silent="full-memory",
        test=_heap,
        needs_memory=True,
    ),
    Rule(
        code="MEM003",
        severity=WARNING,
        title="TEBs were not captured",
        symptoms=("error InitTypeRead( TEB )...", "Unable to get last error", "error 1 InitTypeRead( nt!_TEB"),
        commands=("!teb", "!gle", "!peb", "!dlls", ".tls"),
        checks="each thread's Teb in the captured ranges",
        verdict="{count} of {all:TEB|TEBs} {count:=is|are} not in the file, so the last error, stack limits and thread local storage of "
        "{count:=this thread|these threads} are unknown.",
        confidence=PROVEN,
        remedy=("write the dump again with 0x100 (MiniDumpWithProcessThreadData): `.dump /mp FILE`, or a full one",),
        sources=(_OBSERVED, "Microsoft Learn: MINIDUMP_TYPE"),
        fires="stacks-only",
        silent="full-memory",
        test=_teb,
        needs_memory=True,
    ),
    Rule(
        code="MEM004",
        severity=WARNING,
        title="the PEB was not captured",
        symptoms=(
            "error 1 InitTypeRead( nt!_PEB at 00000000`00000000)...",
            "*** unable to read Ldr table at",
            "Unable to get the current process data",
            "PEB NULL...",
        ),
        commands=("!peb", "!dlls", "!heap", "|"),
        checks="whether the captured ranges have the PEB's address, which a TEB contains",
        verdict="The debugger finds the PEB by reading a TEB, and cannot here: {why}. Command line, environment and the loader's lists are not in this dump.",
        confidence=PROVEN,
        remedy=("write the dump again with 0x100 (MiniDumpWithProcessThreadData): `.dump /mp FILE`, or a full one",),
        sources=(_OBSERVED + ": GetCurrentProcessPeb answers 0x8007001E",),
        fires="stacks-only",
        silent="process-thread-data",
        test=_peb,
        needs_memory=True,
    ),
    Rule(
        code="MEM005",
        severity=INFO,
        title="PEB and TEB are in the dump: if !peb fails, symbols are missing",
        symptoms=("error 3 InitTypeRead( nt!_PEB at", "Either you specified an unqualified symbol", "Type referenced: ntdll!_PEB"),
        commands=("!peb", "!teb", "!dlls", "!gle"),
        checks="the PEB in the captured ranges",
        verdict="The PEB at {peb} is in the file. InitTypeRead error 3 means that ntdll's type information is missing, not memory.",
        confidence=PROVEN,
        remedy=("`.symfix`, `.reload /f ntdll.dll`", "`process --env` of dumpscope reads the PEB without symbols"),
        sources=("Microsoft Learn: dumpchk",),
        fires="process-thread-data",
        silent="stacks-only",
        test=_captured,
        needs_memory=True,
        when_asked=True,
    ),
    Rule(
        code="MEM006",
        severity=ERROR,
        title="no memory at all was captured",
        symptoms=("Memory access error", "????????`????????", "WARNING: Stack unwind information not available"),
        commands=("k", "!teb", "!peb", "dv", "u"),
        checks="MemoryListStream and Memory64ListStream",
        verdict="Not one byte of the process's memory is in the file: stacks cannot be walked.{registers}",
        confidence=PROVEN,
        remedy=("write the dump again; every Microsoft writer stores at least the stacks", "if a program of yours wrote it: add a MemoryListStream"),
        sources=(_OBSERVED,),
        fires="missing-memory",
        silent="stacks-only",
        test=_no_memory,
        needs_memory=True,
    ),
    Rule(
        code="MEM007",
        severity=INFO,
        title="the system's uptime is not in the dump",
        symptoms=("System Uptime: not available",),
        commands=(".time", "vertarget"),
        checks="address 0x7FFE0000 in the captured ranges",
        verdict="The debugger reads the uptime from the page at 0x7FFE0000 (KUSER_SHARED_DATA). Partial dumps do not contain this page, except some from "
        "Windows 10 2004 and later.",
        confidence=PROVEN,
        remedy=("nothing is wrong; a full dump has it", "process times are in MiscInfo: `process`"),
        sources=(_OBSERVED,),
        fires="stacks-only",
        silent="full-memory",
        test=_uptime,
        needs_memory=True,
    ),
    Rule(
        code="MEM008",
        severity=WARNING,
        title="stacks of some threads were not captured",
        symptoms=("WARNING: Stack unwind information not available. Following frames may be wrong.", "Memory access error"),
        commands=("k", "dv"),
        checks="each thread's Stack in the captured ranges",
        verdict="{count:thread's stack is|threads' stacks are} described and not in the file.",
        confidence=PROVEN,
        remedy=("compare the file's size with the original and copy it again",),
        sources=(_OBSERVED,),
        fires="full-memory-none-left",
        silent="stacks-only",
        test=_stacks,
        needs_memory=True,
    ),
    Rule(
        code="MEM009",
        severity=INFO,
        title="code is not in the dump",
        symptoms=("Unable to load image ..., Win32 error 0n2", "*** WARNING: Unable to verify timestamp for", "???"),
        commands=("u", "k", "dt"),
        checks="the first code page of each module in the captured ranges, flags 0x2 and 0x2000",
        verdict="The code of {count} of {all:module|modules} is not in the file; the debugger takes it from the binaries, which it must find by path or on "
        "the symbol path.",
        confidence=PROVEN,
        remedy=(
            "`.sympath+` and `.exepath+` to where the binaries are, then `.reload`; `modules` shows the keys that a symbol server wants",
            "or write the dump with code: `.dump /mc FILE`",
        ),
        sources=(_OBSERVED, "Microsoft Learn: MINIDUMP_TYPE"),
        fires="stacks-only",
        silent="full-memory",
        test=_code,
        needs_memory=True,
    ),
    Rule(
        code="MEM010",
        severity=WARNING,
        title="the memory is compressed",
        symptoms=("??? stream has unknown stream type 25", "Minidump contains unknown stream type 0x19"),
        commands=("k", "!heap", "!address", "!peb", "dt"),
        checks="a CompressedMemoryStream in the directory",
        verdict="The memory is there in a compressed form that dumpscope and older debuggers do not read.",
        confidence=PROVEN,
        remedy=("open it in a current WinDbg and write it anew: `.dump /ma FILE`", "or write the dump without 0x04000000"),
        sources=("Microsoft Learn: MINIDUMP_STREAM_TYPE", _OBSERVED),
        fires="compressed-memory",
        silent="full-memory",
        test=_compressed,
    ),
)
