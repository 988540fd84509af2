"""Why ``.ecxr``, ``.exr -1`` and ``!analyze`` have no exception, or the wrong one."""

from __future__ import annotations

from typing import Callable, Optional

from ...dump.absence import Absent
from ...dump.origin import DBGENG
from ...format.counted import counted
from ...format.exception import MINIDUMP_EXCEPTION_STREAM
from ...format.streams import ExceptionStream
from ..breaks import breakpoint_of
from ..evidence import Proof
from ..facts import Facts
from .rule import ERROR, INFERRED, INFO, PROVEN, WARNING, Match, Rule

_COMMANDS = (".ecxr", ".exr -1", "!analyze", ".lastevent")
_OBSERVED = "observed: dbgeng 10.0.15063 on edited dumps"
_CODE = MINIDUMP_EXCEPTION_STREAM.offset_of("ExceptionRecord.ExceptionCode")
_CONTEXT = MINIDUMP_EXCEPTION_STREAM.offset_of("ThreadContext")
_PARAMETERS = MINIDUMP_EXCEPTION_STREAM.offset_of("ExceptionRecord.NumberParameters")


def _none(facts: Facts) -> Optional[Match]:
    if facts.stream(ExceptionStream) is not None:
        return None
    comment = next((text for text in facts.dump.comments if "Manual dump" in text or "manual" in text.lower()), "")
    proofs = [facts.directory_proof(ExceptionStream)]
    if comment:
        proofs.append(Proof("comment", comment[:80]))
    return Match(tuple(proofs))


def _code(*codes: int) -> Callable[[Facts], Optional[Match]]:
    def test(facts: Facts) -> Optional[Match]:
        exception = facts.dump.exception
        if isinstance(exception, Absent) or exception.code not in codes:
            return None
        return Match((Proof("ExceptionRecord.ExceptionCode", f"0x{exception.code:08x}", exception.offset + _CODE),), {"code": f"{exception.code:08x}"})

    return test


def _break(by_debugger: bool) -> Callable[[Facts], Optional[Match]]:
    def test(facts: Facts) -> Optional[Match]:
        found = breakpoint_of(facts.dump)
        exception = facts.dump.exception
        if found is None or found.by_debugger is not by_debugger or isinstance(exception, Absent):
            return None
        under = " A debugger wrote the dump: the breakpoint may also be one that it had set." if facts.writer.family == DBGENG else ""
        return Match(
            found.evidence, {"code": f"{exception.code:08x}", "place": found.place, "tid": f"{exception.thread_id:x}", "under": under}, found.confidence
        )

    return test


def _no_context(facts: Facts) -> Optional[Match]:
    exception = facts.dump.exception
    if isinstance(exception, Absent) or (exception.context_rva and exception.context_size):
        return None
    where = exception.offset + _CONTEXT
    return Match((Proof("ExceptionStream.ThreadContext", f"size 0x{exception.context_size:x}, RVA 0x{exception.context_rva:x}", where),))


def _unknown_thread(facts: Facts) -> Optional[Match]:
    exception = facts.dump.exception
    if isinstance(exception, Absent) or not len(facts.dump.threads) or facts.dump.threads.find(exception.thread_id) is not None:
        return None
    tid = f"{exception.thread_id:x}"
    return Match(
        (
            Proof("ExceptionStream.ThreadId", f"0x{tid}", exception.offset),
            Proof("ThreadListStream", f"{counted(len(facts.dump.threads), 'thread')}, none with this id", facts.dump.threads.span.header),
        ),
        {"tid": tid},
    )


def _context_outside(facts: Facts) -> Optional[Match]:
    exception = facts.dump.exception
    if isinstance(exception, Absent) or not exception.context_rva:
        return None
    held = facts.source.available(exception.context_rva, exception.context_size)
    if held >= exception.context_size:
        return None
    where = exception.offset + _CONTEXT
    return Match(
        (Proof("ExceptionStream.ThreadContext", f"0x{exception.context_size:x} bytes at RVA 0x{exception.context_rva:x}; the file holds {held}", where),)
    )


def _too_many(facts: Facts) -> Optional[Match]:
    exception = facts.dump.exception
    if isinstance(exception, Absent) or exception.parameter_count <= 15:
        return None
    count = exception.parameter_count
    return Match((Proof("ExceptionRecord.NumberParameters", str(count), exception.offset + _PARAMETERS),), {"count": count})


def _from_handler(facts: Facts) -> Optional[Match]:
    exception = facts.dump.exception
    if isinstance(exception, Absent):
        return None
    thread = facts.dump.threads.find(exception.thread_id)
    if thread is None or not thread.context_rva or thread.context_rva == exception.context_rva:
        return None
    fault = facts.dump.registers(exception)
    now = facts.dump.registers(thread)
    if isinstance(fault, Absent) or isinstance(now, Absent) or fault.ip == now.ip:
        return None
    symbol = facts.dump.symbol
    return Match(
        (
            Proof(
                "exception's instruction pointer",
                symbol(fault.ip) or f"0x{fault.ip:x}",
                exception.context_rva + fault.layout.structure.offset_of(fault.layout.ip.path),
            ),
            Proof(
                f"thread {thread.tid:x}'s instruction pointer",
                symbol(now.ip) or f"0x{now.ip:x}",
                thread.context_rva + now.layout.structure.offset_of(now.layout.ip.path),
            ),
        ),
        {"tid": f"{thread.tid:x}"},
    )


RULES = (
    Rule(
        code="EXC001",
        severity=WARNING,
        title="no exception was stored",
        symptoms=(
            "Minidump doesn't have an exception context",
            "Unable to get exception context, HRESULT 0x80004002",
            "Last event was not an exception",
            "ExceptionAddress: 0000000000000000\n   ExceptionCode: 80000003 (Break instruction exception)",
        ),
        commands=_COMMANDS,
        checks="an ExceptionStream in the directory",
        verdict="The dump holds no exception: it was taken of a running process (Task Manager, Process Explorer, procdump without -e, dotnet-dump), or "
        "the caller passed no "
        "ExceptionParam. `.exr -1` then shows a made-up breakpoint at address 0: do not take it for a crash.",
        confidence=PROVEN,
        remedy=(
            "`~*k`: look for KiUserExceptionDispatcher, UnhandledExceptionFilter or WerpReportFault, and `.cxr` on the CONTEXT that they were given",
            "capture the crash itself: `procdump -e -ma PID`, WER LocalDumps, or pass MINIDUMP_EXCEPTION_INFORMATION to MiniDumpWriteDump",
        ),
        sources=(_OBSERVED, "Microsoft Learn: .ecxr"),
        fires="stacks-only",
        silent="exception-write-violation",
        test=_none,
    ),
    Rule(
        code="EXC002",
        severity=INFO,
        title="the stored exception is a debugger's break-in, not a crash",
        symptoms=("Wake debugger - code 80000007", "Break instruction exception - code 80000003"),
        commands=_COMMANDS,
        checks="ExceptionCode 80000007, or 80000003 (4000001f) at an address in ntdll.dll while the thread is still there",
        verdict="The exception is {code}: somebody broke into the process with a debugger and wrote the dump then. Nothing crashed.",
        confidence=PROVEN,
        remedy=("look at all threads (`~*k`, `threads`), not at this one",),
        sources=("observed: dumps of .dump",),
        fires="exception-wake-debugger",
        silent="exception-breakpoint",
        test=_break(True),
    ),
    Rule(
        code="EXC003",
        severity=INFO,
        title="the exception is Windows Error Reporting's word for a hang",
        symptoms=("code cfffffff",),
        commands=_COMMANDS,
        checks="ExceptionCode CFFFFFFF",
        verdict="The exception is {code}: Windows Error Reporting took this dump because the program did not answer. "
        "The code marks the hung thread; that thread did not crash.",
        confidence=PROVEN,
        remedy=("`~*k`: find what the window's thread waits for",),
        sources=("Windows Error Reporting, application hang reports",),
        fires="exception-hang-report",
        silent="exception-write-violation",
        test=_code(0xCFFFFFFF),
    ),
    Rule(
        code="EXC004",
        severity=WARNING,
        title="the exception's registers were not stored",
        symptoms=("the registers of .ecxr are those of the thread",),
        commands=(".ecxr", "!analyze", "k"),
        checks="ThreadContext of ExceptionStream",
        verdict="The exception record is there, its registers are not. The debugger silently shows the thread's registers instead, which may be those "
        "of the crash handler.",
        confidence=PROVEN,
        remedy=("take the address from the record (`.exr -1`), not the registers", "if a program of yours wrote it: pass ContextRecord in EXCEPTION_POINTERS"),
        sources=(_OBSERVED,),
        fires="exception-without-context",
        silent="exception-write-violation",
        test=_no_context,
    ),
    Rule(
        code="EXC005",
        severity=ERROR,
        title="the exception's thread is not in the dump",
        symptoms=(
            "ERROR: Unable to find system thread 9999",
            "ERROR: Exception 80000007 occurred on unknown thread 9999",
            "WARNING: The debugger does not have a current process or thread",
        ),
        commands=("~", "r", "k", ".ecxr", "!analyze", ".lastevent"),
        checks="ExceptionStream.ThreadId in ThreadListStream",
        verdict="The exception happened on thread {tid}, which the thread list does not have. The session ends up without a current thread.",
        confidence=PROVEN,
        remedy=(
            "`~0s` makes a thread current; `.exr -1` and `exception` of dumpscope still show the record",
            "the thread ended meanwhile, or a callback left it out",
        ),
        sources=(_OBSERVED,),
        fires="exception-thread-unknown",
        silent="exception-write-violation",
        test=_unknown_thread,
    ),
    Rule(
        code="EXC006",
        severity=ERROR,
        title="the exception's registers lie outside the file",
        symptoms=("GetContextState failed, 0x80070026", "Unable to get exception context"),
        commands=(".ecxr", "!analyze"),
        checks="RVA and size of the exception's context against the size of the file",
        verdict="The registers of the exception lie outside the file: it was cut, or the RVA is wrong.",
        confidence=PROVEN,
        remedy=("compare the file's size with the original and copy it again",),
        sources=(_OBSERVED,),
        fires="exception-context-beyond-end",
        silent="exception-write-violation",
        test=_context_outside,
    ),
    Rule(
        code="EXC007",
        severity=WARNING,
        title="the record claims more parameters than there are",
        symptoms=("NumberParameters: 15",),
        commands=(".exr -1",),
        checks="NumberParameters against 15",
        verdict="The record says {count:parameter|parameters}; a record has room for 15, and the debugger shows no more.",
        confidence=PROVEN,
        remedy=("the writer filled the record wrongly; the first parameters are mostly right",),
        sources=(_OBSERVED,),
        fires="exception-parameters-too-many",
        silent="exception-write-violation",
        test=_too_many,
    ),
    Rule(
        code="EXC008",
        severity=INFO,
        title="the thread had gone on when the dump was written",
        symptoms=("the stack shows only WerpReportFault, UnhandledExceptionFilter or a crash handler",),
        commands=("k", "r", "!analyze"),
        checks="the instruction pointer of the exception against that of its thread",
        verdict="Thread {tid} was no longer at the fault: it ran in a crash handler when its registers were taken. The exception's registers are "
        "those that count.",
        confidence=PROVEN,
        remedy=("`.ecxr` first, then `k`",),
        sources=("goldshtn/msos issue 49", "minidumpapiset.h: MINIDUMP_EXCEPTION_STREAM.ThreadContext"),
        fires="exception-seen-from-its-handler",
        silent="stacks-only",
        test=_from_handler,
    ),
    Rule(
        code="EXC009",
        severity=INFO,
        title="the exception is a managed one",
        symptoms=("CLR exception - code e0434352", "CLR exception - code e0434f4d"),
        commands=("!analyze", ".ecxr", "SOS"),
        checks="ExceptionCode E0434352 or E0434F4D",
        verdict="The exception is {code}: .NET code threw it and did not catch it. Its type and message are objects on the managed heap, which native "
        "commands do not show.",
        confidence=INFERRED,
        remedy=("`.loadby sos coreclr` (or `clr`), then `!pe` and `!clrstack`; they need the heap in the dump (`why SOS`)",),
        sources=("Microsoft Learn: SOS debugging extension",),
        fires="exception-clr",
        silent="exception-write-violation",
        test=_code(0xE0434352, 0xE0434F4D),
    ),
    Rule(
        code="EXC010",
        severity=INFO,
        title="the program stopped itself: int 3 in code that is not the debugger's",
        symptoms=("Break instruction exception - code 80000003", "WOW64 breakpoint - code 4000001f"),
        commands=_COMMANDS,
        checks="ExceptionCode 80000003 or 4000001f at an address outside ntdll.dll, or whose thread had gone on into a handler",
        verdict="The exception is {code} at {place}: the program ran into an int 3 of its own, as abort, a failed assertion, Chromium's CHECK and "
        "DebugBreak make it. This is what went wrong, and thread {tid} is the one to look at.{under}",
        confidence=PROVEN,
        remedy=(
            "`.ecxr`, then `k`: the frame above the breakpoint made the check that failed",
            "the assertion's message is in the program's log or in streams of its own (`annotations`)",
        ),
        sources=("observed: dumps of MariaDB, Unreal Engine and Chromium", "Microsoft Learn: __debugbreak, DebugBreak"),
        fires="exception-breakpoint",
        silent="exception-wake-debugger",
        test=_break(False),
    ),
)
