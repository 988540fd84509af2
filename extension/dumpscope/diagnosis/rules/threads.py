"""Why thread times, TEBs and registers are missing or wrong."""

from __future__ import annotations

from typing import Callable, Iterator, List, Optional, Tuple

from ...dump.absence import Absent
from ...dump.streams.threads import Thread, ThreadInfo
from ...format.threads import MINIDUMP_THREAD, MINIDUMP_THREAD_INFO
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
    if facts.stream(17) is not None or facts.asked(0x1000) or not facts.flags_count:
        return None
    return Match((facts.flags_proof(0x1000, "MiniDumpWithThreadInfo"), facts.directory_proof(17, "ThreadInfoListStream")), {"flags": f"0x{facts.flags:x}"})


def _never_written(facts: Facts) -> Optional[Match]:
    if facts.stream(17) is not None or facts.asked(0x1000) or facts.flags_count:
        return None
    name = "the writer" if facts.writer.name == "unknown" else facts.writer.name
    return Match((facts.directory_proof(17, "ThreadInfoListStream"), facts.version_proof(), facts.writer_proof()), {"writer": name})


def _asked_absent(facts: Facts) -> Optional[Match]:
    if facts.stream(17) is not None or not facts.asked(0x1000):
        return None
    proofs = (facts.flags_proof(0x1000, "MiniDumpWithThreadInfo"), facts.directory_proof(17, "ThreadInfoListStream"), facts.version_proof())
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
        if not thread.context_rva and (info is None or not info.dump_flags & 0x15):
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
    for damage in facts.damage:
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
        flags = facts.source.some(thread.context_rva + 0x30, 4) if thread.context_rva else b""
        if len(flags) == 4 and flags[0] & 0x40 and int.from_bytes(flags, "little") & 0x100000:
            proof = Proof(f"ContextFlags of thread {thread.tid:x}", f"0x{int.from_bytes(flags, 'little'):x}: extended registers", thread.context_rva + 0x30)
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
    found, _ = _infos(facts, 2)
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
    return Match((facts.directory_proof(24, "ThreadNamesStream"),), {"count": len(names)})


RULES = (
    Rule(
        "THR001",
        WARNING,
        "thread times were not asked for",
        _NO_TIMES,
        _TIMES,
        "no ThreadInfoListStream, flag 0x1000 clear",
        "Nobody asked for thread information: the flags are {flags}, without 0x1000 (MiniDumpWithThreadInfo). Times, start addresses and "
        "affinities are not in the file.",
        PROVEN,
        (_AGAIN, "`process` of dumpscope shows the process's own user and kernel time, which most dumps have"),
        (_OBSERVED, "Microsoft Learn: !runaway; MINIDUMP_TYPE"),
        "stacks-only",
        "thread-times",
        _not_asked,
    ),
    Rule(
        "THR002",
        ERROR,
        "thread times were asked for, and are not there",
        _NO_TIMES,
        _TIMES,
        "no ThreadInfoListStream, flag 0x1000 set",
        "The flags ask for thread information, but the file has no ThreadInfoListStream. {who}",
        INFERRED,
        ("put the current dbghelp.dll of the Debugging Tools beside the writing program, or use another tool", _AGAIN),
        (_OBSERVED, "Microsoft Learn: MINIDUMP_TYPE (DbgHelp versions)"),
        "thread-info-flag-without-stream",
        "thread-times",
        _asked_absent,
    ),
    Rule(
        "THR003",
        WARNING,
        "times of some threads are invalid",
        _NO_TIMES,
        _TIMES,
        "DumpFlags of each ThreadInfo entry for 0x08 (INVALID_INFO)",
        "The writer could not ask {count} threads for their times (first: {tid}); the debugger gives none for them, and !runaway stops at the first one.",
        PROVEN,
        ("`threads --sort time` of dumpscope lists the others", _RIGHTS),
        (_OBSERVED,),
        "thread-invalid-info",
        "thread-times",
        _flagged(8),
    ),
    Rule(
        "THR004",
        ERROR,
        "the thread information is damaged",
        (*_NO_TIMES, "ThreadInfoListStream stream element size below minimum size"),
        _TIMES,
        "sizes and count of ThreadInfoListStream",
        "ThreadInfoListStream is there, but the debugger does not take it: {what}.",
        PROVEN,
        ("compare the file's size with the original and copy it again", "dumpscope shows what can be read"),
        (_OBSERVED,),
        "thread-info-size-wrong",
        "thread-times",
        _refused,
    ),
    Rule(
        "THR005",
        WARNING,
        "threads without an entry in the thread information",
        _NO_TIMES,
        _TIMES,
        "each thread of ThreadListStream in ThreadInfoListStream, by id",
        "{count} threads are in the thread list and not in the thread information (first: {tid}); the debugger gives no times for them.",
        PROVEN,
        ("nothing to repair: they began or ended while the dump was written, or a callback left them out",),
        (_OBSERVED,),
        "thread-info-missing-one",
        "thread-times",
        _missing_entries,
    ),
    Rule(
        "THR006",
        WARNING,
        "threads without a TEB",
        (
            "WARNING: Teb 0 pointer is NULL - defaulting to 00000000`7ffde000",
            "WARNING: 00000000`7ffde000 does not appear to be a TEB",
            "error InitTypeRead( TEB )",
        ),
        ("!teb", "!gle", "~", "!peb"),
        "Teb of each thread",
        "{count} threads have a TEB address of 0 (first: index {index}); the debugger makes one up and warns. {cause}",
        PROVEN,
        (_RIGHTS, "look at the other threads: the dump as a whole is usable"),
        ("observed: dbgeng 10.0.15063 on edited dumps; two public dumps",),
        "thread-teb-zero",
        "thread-times",
        _teb_zero,
    ),
    Rule(
        "THR007",
        WARNING,
        "threads that the writer could not open",
        ("WARNING: Thread 1afc access failure during dump writing, NTSTATUS 0xC0000022", "access failure during dump writing, Win32 error 0n5"),
        ("r", "k", "~", "!teb", "!runaway"),
        "DumpFlags of each ThreadInfo entry for 0x01 (ERROR_THREAD), and DumpError",
        "The writer could not open or suspend {count} threads (first: {tid}, {error}). Of these only the id is real: no registers, stack or TEB.",
        PROVEN,
        (_RIGHTS, "security software and injected threads may refuse even an administrator"),
        ("observed: dbgeng 10.0.15063", "DebugPrivilege/InsightEngineering, walkthrough of a WER dump"),
        "thread-access-denied",
        "thread-times",
        _flagged(1),
    ),
    Rule(
        "THR008",
        INFO,
        "threads that ended while the dump was written",
        ("WARNING: Thread 1afc exited during dump writing (open status",),
        ("r", "k", "~", "!teb"),
        "DumpFlags of each ThreadInfo entry for 0x04 (EXITED_THREAD)",
        "{count} threads were listed and had ended before the writer could open them (first: {tid}). They have no registers or stack.",
        PROVEN,
        ("nothing to repair; a dump of a snapshot or of a suspended process avoids it",),
        ("observed: dbgeng 10.0.15063",),
        "thread-exited",
        "thread-times",
        _flagged(4),
    ),
    Rule(
        "THR009",
        WARNING,
        "threads whose registers could not be read",
        ("WARNING: Thread 1afc context retrieval failure during dump writing,",),
        ("r", "k", "!analyze"),
        "DumpFlags of each ThreadInfo entry for 0x10 (INVALID_CONTEXT)",
        "The writer opened {count} threads but could not read their registers (first: {tid}, {error}); the debugger shows zeros.",
        PROVEN,
        (_RIGHTS,),
        ("observed: dbgeng 10.0.15063",),
        "thread-invalid-context",
        "thread-times",
        _flagged(16),
    ),
    Rule(
        "THR010",
        WARNING,
        "threads whose TEB could not be captured",
        ("error InitTypeRead( TEB )", "WARNING: Teb pointer is NULL"),
        ("!teb", "!gle"),
        "DumpFlags of each ThreadInfo entry for 0x20 (INVALID_TEB)",
        "The writer could not read the TEB of {count} threads (first: {tid}).",
        PROVEN,
        (_RIGHTS,),
        ("minidumpapiset.h: MINIDUMP_THREAD_INFO_INVALID_TEB",),
        "thread-invalid-teb",
        "thread-times",
        _flagged(32),
    ),
    Rule(
        "THR011",
        WARNING,
        "registers are zero, and nothing says why",
        ("rax=0000000000000000 rbx=0000000000000000 rcx=0000000000000000", "00000000`00000000 ??"),
        ("r", "k"),
        "ThreadContext.Rva of each thread, and its ThreadInfo entry",
        "{count} threads have no stored registers (first: {tid}) and no entry that explains it; the debugger shows zeros without a warning.",
        PROVEN,
        (_RIGHTS, "ask for thread information (0x1000) too: it records what failed"),
        ("observed: dbgeng 10.0.15063 on edited dumps",),
        "thread-context-missing",
        "thread-times",
        _silent_context,
    ),
    Rule(
        "THR012",
        ERROR,
        "the registers belong to another processor than the header says",
        ("garbage in all registers", "Unable to get program counter"),
        ("r", "k", ".ecxr", "!analyze"),
        "ContextFlags against SystemInfo.ProcessorArchitecture",
        "The stored contexts are not of the kind that SystemInfo names ({name}); the debugger reads them wrongly and shows nonsense.",
        PROVEN,
        ("if a program of yours wrote it: ProcessorArchitecture must be that of the contexts (9 for AMD64 CONTEXT, 0 for x86)",),
        ("observed: dbgeng 10.0.15063 on edited dumps",),
        "system-info-architecture-mismatch",
        "thread-times",
        _mismatch,
    ),
    Rule(
        "THR013",
        INFO,
        "extended registers are not described",
        (
            "ReadVirtual() failed in GetXStateConfiguration() first read attempt (error == 0.)",
            "Invalid mini-dump Miscellaneous information in InitializeConfiguration()",
            "Misellaneous information in GetConfigDatafromDump()",
        ),
        ("r",),
        "the XSTATE bit of ContextFlags, MiscInfo.XStateData, and address 0x7FFE03D8",
        "The contexts say that they have extended registers (AVX), but neither MiscInfo nor captured memory describes them. Only AVX registers are lost.",
        PROVEN,
        ("harmless; for AVX registers write the dump with MiniDumpWithAvxXStateContext (0x200000)",),
        ("observed: dbgeng 10.0.15063 on WER and Crashpad dumps",),
        "xstate-flag-only",
        "xstate-avx",
        _xstate,
    ),
    Rule(
        "THR014",
        ERROR,
        "registers lie outside the file",
        ("GetContextState failed, 0x80070026", "Unable to get current machine context, Win32 error 0n38"),
        ("r", "k", ".ecxr", "!analyze"),
        "RVA and size of every ThreadContext against the size of the file",
        "The registers of {count} threads lie outside the file: it was cut, or its RVAs are wrong.",
        PROVEN,
        ("compare the file's size with the original and copy it again",),
        ("dumpanalysis.org, truncated dump pattern", "observed: dbgeng 10.0.15063"),
        "thread-context-beyond-end",
        "thread-times",
        _context_outside,
    ),
    Rule(
        "THR015",
        INFO,
        "the process dumped itself",
        ("the current thread is inside MiniDumpWriteDump",),
        ("k", "r"),
        "DumpFlags of each ThreadInfo entry for 0x02 (WRITING_THREAD)",
        "Thread {tid} called MiniDumpWriteDump on its own process: its registers and stack are those of the writer at work, not of the moment that matters.",
        PROVEN,
        ("look at the other threads, or at the exception's registers (.ecxr)", "write dumps from another process or from a thread made for it"),
        ("minidumpapiset.h: MINIDUMP_THREAD_INFO_WRITING_THREAD", "Microsoft Learn: MiniDumpWriteDump, remarks"),
        "self-dump",
        "thread-times",
        _self_dump,
    ),
    Rule(
        "THR016",
        WARNING,
        "the writer noted a failure in the header",
        ("Failure flags:  4",),
        (".dumpdebug", "~", "r"),
        "the header's CheckSum, which Microsoft's writers use for failure flags",
        "The header's CheckSum is {value}: Microsoft's writer leaves it 0 unless something failed; 4 was seen where a thread could not be captured.",
        INFERRED,
        (_RIGHTS,),
        ("observed: 115 dumps of Microsoft's writers, 2 of them with 4",),
        "thread-access-denied",
        "thread-times",
        _failure_flags,
    ),
    Rule(
        "THR017",
        INFO,
        "thread names that older debuggers do not show",
        ("Stream: type ??? (24)", "??? stream has unknown stream type 24"),
        ("~", ".dumpdebug"),
        "a ThreadNamesStream (type 24)",
        "{count} threads have names in a stream that debuggers before 2018 do not know; they ignore it.",
        PROVEN,
        ("`threads` of dumpscope shows them, and so does a current WinDbg",),
        ("observed: dbgeng 10.0.15063",),
        "thread-names",
        "thread-times",
        _names,
    ),
    Rule(
        "THR018",
        WARNING,
        "the writer, not one of Microsoft's, stored no thread times",
        _NO_TIMES,
        _TIMES,
        "no ThreadInfoListStream, flag 0x1000 clear, and a writer whose flags say nothing",
        "There are no thread times, start addresses and affinities in the file. It was written by {writer}, which stores none of them; the flags "
        "do not say what was asked for.",
        PROVEN,
        (_AGAIN, "`process` of dumpscope shows the process's own user and kernel time, which most dumps have"),
        ("observed: files of Crashpad, Breakpad and others",),
        "crashpad-annotations",
        "stacks-only",
        _never_written,
    ),
)
