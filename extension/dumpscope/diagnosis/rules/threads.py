"""Why thread times, TEBs and registers are missing or wrong."""

from __future__ import annotations

from typing import Callable, Iterator, List, Optional, Tuple

from ...dump.absence import Absent
from ...dump.streams.threads import Thread, ThreadInfo
from ...format.contexts import CONTEXT_AMD64, CONTEXT_AMD64_FAMILY, CONTEXT_XSTATE
from ...format.flags import MiniDumpWithThreadInfo
from ...format.streams import ThreadInfoListStream, ThreadNamesStream
from ...format.threads import (
    ERROR_THREAD,
    EXITED_THREAD,
    INVALID_CONTEXT,
    INVALID_INFO,
    INVALID_TEB,
    MINIDUMP_THREAD,
    MINIDUMP_THREAD_INFO,
    WRITING_THREAD,
)
from ..evidence import Proof
from ..facts import CHECKSUM_OFFSET, Facts
from .rule import ERROR, INFERRED, INFO, PROVEN, WARNING, Match, Rule

_NO_TIMES = (
    'ERROR: !runaway: extension exception 0x80004002.\n    "Unable to get thread times - dumps may not have time information"',
    "Unable to get thread times - dumps may not have time information",
    "Thread times not available",
)
_TIMES = ("!runaway", ".ttime", "~*")
_OBSERVED = "observed: dbgeng 10.0.15063, GetSystemObjectInformation on edited dumps"
_AGAIN = "write the dump again with thread information (0x1000): `.dump /mt FILE` or `/ma`, `procdump -ma PID FILE`"
_RIGHTS = "let the writer run elevated with SeDebugPrivilege; MiniDumpWriteDump wants THREAD_ALL_ACCESS on every thread"
_TEB = MINIDUMP_THREAD.offset_of("Teb")
_CONTEXT = MINIDUMP_THREAD.offset_of("ThreadContext")
_FLAGS = MINIDUMP_THREAD_INFO.offset_of("DumpFlags")
_CONTEXT_FLAGS = CONTEXT_AMD64.offset_of("ContextFlags")
_WITHOUT_CONTEXT = ERROR_THREAD | EXITED_THREAD | INVALID_CONTEXT
"""Flags that say why a thread has no registers."""
_LOOK = 20_000


def _infos(facts: Facts, bit: int) -> Tuple[List[ThreadInfo], int]:
    """The first entries of ThreadInfo that have a bit of DumpFlags, and how many there are."""
    found: List[ThreadInfo] = []
    count = 0
    for info in facts.dump.thread_infos.walk(0, _LOOK):
        if info.dump_flags & bit:
            count += 1
            if len(found) < 4:
                found.append(info)
    return found, count


def dump_error_text(error: int) -> str:
    """DumpError as the debugger prints it: by facility NTSTATUS, Win32 error or HRESULT."""
    if error & 0x10000000:
        return f"NTSTATUS 0x{error & ~0x10000000:08X}"
    if error >> 16 == 0x8007:
        return f"Win32 error 0n{error & 0xFFFF}"
    return f"HRESULT 0x{error:08x}"


def _info_proofs(found: List[ThreadInfo]) -> Iterator[Proof]:
    for info in found:
        error = f", DumpError 0x{info.dump_error:08x} ({dump_error_text(info.dump_error)})" if info.dump_error else ""
        yield Proof(f"ThreadInfo of thread {info.tid:x}", f"DumpFlags 0x{info.dump_flags:x}{error}", info.offset + _FLAGS)


def _flagged(bit: int) -> Callable[[Facts], Optional[Match]]:
    def test(facts: Facts) -> Optional[Match]:
        found, count = _infos(facts, bit)
        if not found:
            return None
        first = found[0]
        return Match(tuple(_info_proofs(found)), {"count": count, "tid": f"{first.tid:x}", "error": dump_error_text(first.dump_error)})

    return test


def _not_asked(facts: Facts) -> Optional[Match]:
    if facts.stream(ThreadInfoListStream) is not None or facts.asked(MiniDumpWithThreadInfo) or not facts.flags_count:
        return None
    return Match((facts.flags_proof(MiniDumpWithThreadInfo), facts.directory_proof(ThreadInfoListStream)), {"flags": f"0x{facts.flags:x}"})


def _never_written(facts: Facts) -> Optional[Match]:
    if facts.stream(ThreadInfoListStream) is not None or facts.asked(MiniDumpWithThreadInfo) or facts.flags_count:
        return None
    name = "a writer that is not known" if facts.writer.name == "unknown" else facts.writer.name
    return Match((facts.directory_proof(ThreadInfoListStream), facts.version_proof(), facts.writer_proof()), {"writer": name})


def _asked_absent(facts: Facts) -> Optional[Match]:
    if facts.stream(ThreadInfoListStream) is not None or not facts.asked(MiniDumpWithThreadInfo):
        return None
    proofs = (facts.flags_proof(MiniDumpWithThreadInfo), facts.directory_proof(ThreadInfoListStream), facts.version_proof())
    who = (
        "Its writer is not Microsoft's, and its flags mean little."
        if not facts.flags_count
        else "Microsoft's writers since 6.2 always write it when asked; an older dbghelp.dll beside the writing program does not."
    )
    return Match(proofs, {"who": who})


def _refused(facts: Facts) -> Optional[Match]:
    infos = facts.dump.thread_infos
    if not infos.span.refused:
        return None
    return Match(tuple(Proof(item.code.replace("-", " "), item.message, item.offset) for item in infos.damage), {"what": infos.damage[0].message})


def _missing_entries(facts: Facts) -> Optional[Match]:
    infos = facts.dump.thread_infos
    if not len(infos) or infos.span.refused:
        return None
    missing = [thread for thread in facts.threads(_LOOK) if infos.find(thread.tid) is None]
    if not missing:
        return None
    proofs = tuple(Proof(f"thread {thread.tid:x}", "no entry in ThreadInfoListStream", thread.offset) for thread in missing[:4])
    return Match(proofs, {"count": len(missing), "tid": f"{missing[0].tid:x}"})


def _teb_zero(facts: Facts) -> Optional[Match]:
    bare = [thread for thread in facts.threads(_LOOK) if not thread.teb]
    if not bare:
        return None
    proofs = [Proof(f"thread {thread.tid:x} (index {thread.index})", "Teb 0", thread.offset + _TEB) for thread in bare[:4]]
    if facts.header.checksum & 4:
        proofs.append(Proof("header CheckSum (failure flags)", f"0x{facts.header.checksum:x}", CHECKSUM_OFFSET))
    told = [info for info in (facts.dump.thread_infos.find(thread.tid) for thread in bare[:4]) if info is not None and (info.dump_flags or info.dump_error)]
    if not facts.flags_count:
        cause = "The writer is not Microsoft's and does not know TEBs."
    elif told:
        proofs.extend(_info_proofs(told))
        cause = "Its ThreadInfo entry says what went wrong."
    else:
        cause = "Mostly the writer could not open the thread, or the thread ended meanwhile."
    return Match(tuple(proofs), {"count": len(bare), "index": bare[0].index, "cause": cause})


def _silent_context(facts: Facts) -> Optional[Match]:
    infos = facts.dump.thread_infos
    empty: List[Thread] = []
    for thread in facts.threads(_LOOK):
        info = infos.find(thread.tid)
        if not thread.context_rva and (info is None or not info.dump_flags & _WITHOUT_CONTEXT):
            empty.append(thread)
    if not empty:
        return None
    proofs = tuple(Proof(f"thread {thread.tid:x}", f"ThreadContext size 0x{thread.context_size:x}, RVA 0", thread.offset + _CONTEXT) for thread in empty[:4])
    return Match(proofs, {"count": len(empty), "tid": f"{empty[0].tid:x}"})


def _mismatch(facts: Facts) -> Optional[Match]:
    system = facts.dump.system
    if isinstance(system, Absent):
        return None
    proofs = [Proof("SystemInfo.ProcessorArchitecture", f"{system.architecture} ({system.architecture_name})", system.offset)]
    for damage in facts.record_damage:
        if damage.code == "context-mismatch":
            proofs.append(Proof("ContextFlags", damage.message, damage.offset))
            if len(proofs) == 4:
                break
    return Match(tuple(proofs), {"name": system.architecture_name}) if len(proofs) > 1 else None


def _xstate(facts: Facts) -> Optional[Match]:
    misc = facts.dump.misc
    described = not isinstance(misc, Absent) and not isinstance(misc.xstate, Absent)
    if described or not facts.is_64 or facts.has(0x7FFE03D8, 8):
        return None
    for thread in facts.threads(256):
        flags = facts.source.some(thread.context_rva + _CONTEXT_FLAGS, 4) if thread.context_rva else b""
        bits = int.from_bytes(flags, "little")
        if len(flags) == 4 and bits & CONTEXT_XSTATE and bits & CONTEXT_AMD64_FAMILY:
            proof = Proof(f"ContextFlags of thread {thread.tid:x}", f"0x{bits:x}: extended registers", thread.context_rva + _CONTEXT_FLAGS)
            where = Proof("MiscInfo.XStateData", "not filled", None if isinstance(misc, Absent) else misc.offset)
            return Match((proof, where))
    return None


def _context_outside(facts: Facts) -> Optional[Match]:
    lost = [
        thread
        for thread in facts.threads(_LOOK)
        if thread.context_rva and facts.source.available(thread.context_rva, thread.context_size) < thread.context_size
    ]
    if not lost:
        return None
    first = lost[0]
    proofs = (
        Proof(f"ThreadContext of thread {first.tid:x}", f"0x{first.context_size:x} bytes at RVA 0x{first.context_rva:x}", first.offset + _CONTEXT),
        Proof("size of the file", f"0x{facts.source.size:x}"),
    )
    return Match(proofs, {"count": len(lost)})


def _self_dump(facts: Facts) -> Optional[Match]:
    found, _ = _infos(facts, WRITING_THREAD)
    return Match(tuple(_info_proofs(found)), {"tid": f"{found[0].tid:x}"}) if found else None


def _failure_flags(facts: Facts) -> Optional[Match]:
    if not facts.header.checksum or not facts.header.implementation:
        return None
    return Match(
        (Proof("header CheckSum", f"0x{facts.header.checksum:x}: .dumpdebug prints it as Failure flags", CHECKSUM_OFFSET),),
        {"value": f"0x{facts.header.checksum:x}"},
    )


def _names(facts: Facts) -> Optional[Match]:
    names = facts.dump.thread_names
    if not len(names):
        return None
    return Match((facts.directory_proof(ThreadNamesStream),), {"count": len(names)})


RULES = (
    Rule(
        code="THR001",
        severity=WARNING,
        title="thread times were not asked for",
        symptoms=_NO_TIMES,
        commands=_TIMES,
        checks="no ThreadInfoListStream, flag 0x1000 clear",
        verdict="Nobody asked for thread information: the flags are {flags}, without 0x1000 (MiniDumpWithThreadInfo). Times, start addresses and "
        "affinities are not in the file.",
        confidence=PROVEN,
        remedy=(_AGAIN, "`process` of dumpscope shows the process's own user and kernel time, which most dumps have"),
        sources=(_OBSERVED, "Microsoft Learn: !runaway; MINIDUMP_TYPE"),
        fires="stacks-only",
        silent="thread-times",
        test=_not_asked,
    ),
    Rule(
        code="THR002",
        severity=ERROR,
        title="thread times were asked for, and are not there",
        symptoms=_NO_TIMES,
        commands=_TIMES,
        checks="no ThreadInfoListStream, flag 0x1000 set",
        verdict="The flags ask for thread information, but the file has no ThreadInfoListStream. {who}",
        confidence=INFERRED,
        remedy=("put the current dbghelp.dll of the Debugging Tools beside the writing program, or use another tool", _AGAIN),
        sources=(_OBSERVED, "Microsoft Learn: MINIDUMP_TYPE (DbgHelp versions)"),
        fires="thread-info-flag-without-stream",
        silent="thread-times",
        test=_asked_absent,
    ),
    Rule(
        code="THR003",
        severity=WARNING,
        title="times of some threads are invalid",
        symptoms=_NO_TIMES,
        commands=_TIMES,
        checks="DumpFlags of each ThreadInfo entry for 0x08 (INVALID_INFO)",
        verdict="The writer could not ask {count:thread|threads} for {count:=its|their} times (first: {tid}); the debugger gives none for "
        "{count:=it|them}, and !runaway stops at the "
        "first one.",
        confidence=PROVEN,
        remedy=("`threads --sort time` of dumpscope lists the others", _RIGHTS),
        sources=(_OBSERVED,),
        fires="thread-invalid-info",
        silent="thread-times",
        test=_flagged(INVALID_INFO),
    ),
    Rule(
        code="THR004",
        severity=ERROR,
        title="the thread information is damaged",
        symptoms=(*_NO_TIMES, "ThreadInfoListStream stream element size below minimum size"),
        commands=_TIMES,
        checks="sizes and count of ThreadInfoListStream",
        verdict="ThreadInfoListStream is there, but the debugger does not take it: {what}.",
        confidence=PROVEN,
        remedy=("compare the file's size with the original and copy it again", "dumpscope shows what can be read"),
        sources=(_OBSERVED,),
        fires="thread-info-size-wrong",
        silent="thread-times",
        test=_refused,
    ),
    Rule(
        code="THR005",
        severity=WARNING,
        title="threads without an entry in the thread information",
        symptoms=_NO_TIMES,
        commands=_TIMES,
        checks="each thread of ThreadListStream in ThreadInfoListStream, by id",
        verdict="{count:thread is|threads are} in the thread list and not in the thread information "
        "(first: {tid}); the debugger gives no times for {count:=it|them}.",
        confidence=PROVEN,
        remedy=("nothing to repair: they began or ended while the dump was written, or a callback left them out",),
        sources=(_OBSERVED,),
        fires="thread-info-missing-one",
        silent="thread-times",
        test=_missing_entries,
    ),
    Rule(
        code="THR006",
        severity=WARNING,
        title="threads without a TEB",
        symptoms=(
            "WARNING: Teb 0 pointer is NULL - defaulting to 00000000`7ffde000",
            "WARNING: 00000000`7ffde000 does not appear to be a TEB",
            "error InitTypeRead( TEB )",
        ),
        commands=("!teb", "!gle", "~", "!peb"),
        checks="Teb of each thread",
        verdict="{count:thread has|threads have} a TEB address of 0 (first: index {index}); the debugger makes one up and warns. {cause}",
        confidence=PROVEN,
        remedy=(_RIGHTS, "look at the other threads: the dump as a whole is usable"),
        sources=("observed: dbgeng 10.0.15063 on edited dumps; two public dumps",),
        fires="thread-teb-zero",
        silent="thread-times",
        test=_teb_zero,
    ),
    Rule(
        code="THR007",
        severity=WARNING,
        title="threads that the writer could not open",
        symptoms=("WARNING: Thread 1afc access failure during dump writing, NTSTATUS 0xC0000022", "access failure during dump writing, Win32 error 0n5"),
        commands=("r", "k", "~", "!teb", "!runaway"),
        checks="DumpFlags of each ThreadInfo entry for 0x01 (ERROR_THREAD), and DumpError",
        verdict="The writer could not open or suspend {count:thread|threads} "
        "(first: {tid}, {error}). Of {count:=it|these} only the id is real: no registers, stack or TEB.",
        confidence=PROVEN,
        remedy=(_RIGHTS, "security software and injected threads may refuse even an administrator"),
        sources=("observed: dbgeng 10.0.15063", "DebugPrivilege/InsightEngineering, walkthrough of a WER dump"),
        fires="thread-access-denied",
        silent="thread-times",
        test=_flagged(ERROR_THREAD),
    ),
    Rule(
        code="THR008",
        severity=INFO,
        title="threads that ended while the dump was written",
        symptoms=("WARNING: Thread 1afc exited during dump writing (open status",),
        commands=("r", "k", "~", "!teb"),
        checks="DumpFlags of each ThreadInfo entry for 0x04 (EXITED_THREAD)",
        verdict="{count:thread was|threads were} listed and had ended before the writer could open {count:=it|them} "
        "(first: {tid}). {count:=It has|They have} no registers or stack.",
        confidence=PROVEN,
        remedy=("nothing to repair; a dump of a snapshot or of a suspended process avoids it",),
        sources=("observed: dbgeng 10.0.15063",),
        fires="thread-exited",
        silent="thread-times",
        test=_flagged(EXITED_THREAD),
    ),
    Rule(
        code="THR009",
        severity=WARNING,
        title="threads whose registers could not be read",
        symptoms=("WARNING: Thread 1afc context retrieval failure during dump writing,",),
        commands=("r", "k", "!analyze"),
        checks="DumpFlags of each ThreadInfo entry for 0x10 (INVALID_CONTEXT)",
        verdict="The writer opened {count:thread|threads} but could not read {count:=its|their} registers (first: {tid}, {error}); the debugger shows zeros.",
        confidence=PROVEN,
        remedy=(_RIGHTS,),
        sources=("observed: dbgeng 10.0.15063",),
        fires="thread-invalid-context",
        silent="thread-times",
        test=_flagged(INVALID_CONTEXT),
    ),
    Rule(
        code="THR010",
        severity=WARNING,
        title="threads whose TEB could not be captured",
        symptoms=("error InitTypeRead( TEB )", "WARNING: Teb pointer is NULL"),
        commands=("!teb", "!gle"),
        checks="DumpFlags of each ThreadInfo entry for 0x20 (INVALID_TEB)",
        verdict="The writer could not read the TEB of {count:thread|threads} (first: {tid}).",
        confidence=PROVEN,
        remedy=(_RIGHTS,),
        sources=("minidumpapiset.h: MINIDUMP_THREAD_INFO_INVALID_TEB",),
        fires="thread-invalid-teb",
        silent="thread-times",
        test=_flagged(INVALID_TEB),
    ),
    Rule(
        code="THR011",
        severity=WARNING,
        title="registers are zero, and nothing says why",
        symptoms=("rax=0000000000000000 rbx=0000000000000000 rcx=0000000000000000", "00000000`00000000 ??"),
        commands=("r", "k"),
        checks="ThreadContext.Rva of each thread, and its ThreadInfo entry",
        verdict="{count:thread has|threads have} no stored registers (first: {tid}) and no entry that explains it; the debugger shows zeros without a warning.",
        confidence=PROVEN,
        remedy=(_RIGHTS, "ask for thread information (0x1000) too: it records what failed"),
        sources=("observed: dbgeng 10.0.15063 on edited dumps",),
        fires="thread-context-missing",
        silent="thread-times",
        test=_silent_context,
    ),
    Rule(
        code="THR012",
        severity=ERROR,
        title="the registers belong to another processor than the header says",
        symptoms=("garbage in all registers", "Unable to get program counter"),
        commands=("r", "k", ".ecxr", "!analyze"),
        checks="ContextFlags against SystemInfo.ProcessorArchitecture",
        verdict="The stored contexts are not of the kind that SystemInfo names ({name}); the debugger reads them wrongly and shows nonsense.",
        confidence=PROVEN,
        remedy=("if a program of yours wrote it: ProcessorArchitecture must be that of the contexts (9 for AMD64 CONTEXT, 0 for x86)",),
        sources=("observed: dbgeng 10.0.15063 on edited dumps",),
        fires="system-info-architecture-mismatch",
        silent="thread-times",
        test=_mismatch,
    ),
    Rule(
        code="THR013",
        severity=INFO,
        title="extended registers are not described",
        symptoms=(
            "ReadVirtual() failed in GetXStateConfiguration() first read attempt (error == 0.)",
            "Invalid mini-dump Miscellaneous information in InitializeConfiguration()",
            "Misellaneous information in GetConfigDatafromDump()",
        ),
        commands=("r",),
        checks="the XSTATE bit of ContextFlags, MiscInfo.XStateData, and address 0x7FFE03D8",
        verdict="The contexts say that they have extended registers (AVX), but neither MiscInfo nor captured memory describes them. Only AVX "
        "registers are lost.",
        confidence=PROVEN,
        remedy=("harmless; for AVX registers write the dump with MiniDumpWithAvxXStateContext (0x200000)",),
        sources=("observed: dbgeng 10.0.15063 on WER and Crashpad dumps",),
        fires="xstate-flag-only",
        silent="xstate-avx",
        test=_xstate,
    ),
    Rule(
        code="THR014",
        severity=ERROR,
        title="registers lie outside the file",
        symptoms=("GetContextState failed, 0x80070026", "Unable to get current machine context, Win32 error 0n38"),
        commands=("r", "k", ".ecxr", "!analyze"),
        checks="RVA and size of every ThreadContext against the size of the file",
        verdict="The registers of {count:thread|threads} lie outside the file: it was cut, or its RVAs are wrong.",
        confidence=PROVEN,
        remedy=("compare the file's size with the original and copy it again",),
        sources=("dumpanalysis.org, truncated dump pattern", "observed: dbgeng 10.0.15063"),
        fires="thread-context-beyond-end",
        silent="thread-times",
        test=_context_outside,
    ),
    Rule(
        code="THR015",
        severity=INFO,
        title="the process dumped itself",
        symptoms=("the current thread is inside MiniDumpWriteDump",),
        commands=("k", "r"),
        checks="DumpFlags of each ThreadInfo entry for 0x02 (WRITING_THREAD)",
        verdict="Thread {tid} called MiniDumpWriteDump on its own process: its registers and stack are those of the writer at work, not of the moment "
        "that matters.",
        confidence=PROVEN,
        remedy=("look at the other threads, or at the exception's registers (.ecxr)", "write dumps from another process or from a thread made for it"),
        sources=("minidumpapiset.h: MINIDUMP_THREAD_INFO_WRITING_THREAD", "Microsoft Learn: MiniDumpWriteDump, remarks"),
        fires="self-dump",
        silent="thread-times",
        test=_self_dump,
    ),
    Rule(
        code="THR016",
        severity=WARNING,
        title="the writer noted a failure in the header",
        symptoms=("Failure flags:  4",),
        commands=(".dumpdebug", "~", "r"),
        checks="the header's CheckSum, which Microsoft's writers use for failure flags",
        verdict="The header's CheckSum is {value}: Microsoft's writer leaves it 0 unless something failed; 4 was seen where a thread could not be captured.",
        confidence=INFERRED,
        remedy=(_RIGHTS,),
        sources=("observed: 115 dumps of Microsoft's writers, 2 of them with 4",),
        fires="thread-access-denied",
        silent="thread-times",
        test=_failure_flags,
    ),
    Rule(
        code="THR017",
        severity=INFO,
        title="thread names that older debuggers do not show",
        symptoms=("Stream: type ??? (24)", "??? stream has unknown stream type 24"),
        commands=("~", ".dumpdebug"),
        checks="a ThreadNamesStream (type 24)",
        verdict="{count:thread has its name|threads have names} in a stream that debuggers before 2018 do not know; they ignore it.",
        confidence=PROVEN,
        remedy=("`threads` of dumpscope shows them, and so does a current WinDbg",),
        sources=("observed: dbgeng 10.0.15063",),
        fires="thread-names",
        silent="thread-times",
        test=_names,
    ),
    Rule(
        code="THR018",
        severity=WARNING,
        title="the writer, not one of Microsoft's, stored no thread times",
        symptoms=_NO_TIMES,
        commands=_TIMES,
        checks="no ThreadInfoListStream, flag 0x1000 clear, and a writer whose flags say nothing",
        verdict="There are no thread times, start addresses and affinities in the file. It was written by {writer}, which stores none of them; the flags "
        "do not say what was asked for.",
        confidence=PROVEN,
        remedy=(_AGAIN, "`process` of dumpscope shows the process's own user and kernel time, which most dumps have"),
        sources=("observed: files of Crashpad, Breakpad and others",),
        fires="crashpad-annotations",
        silent="stacks-only",
        test=_never_written,
    ),
)
