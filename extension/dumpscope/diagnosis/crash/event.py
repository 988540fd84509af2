"""What the dump was written for, in one line: the exception by name and what it was about, or what the dump is where there is none."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ...dump.absence import NOT_THERE, Absent
from ...dump.minidump import Minidump
from ...dump.streams.exception import ExceptionInfo
from ...format.codes import describe_code
from ...format.codes.exceptions import EXCEPTIONS, FAST_FAIL, exception_name
from ...format.codes.foreign import foreign_code
from ...format.exception import MINIDUMP_EXCEPTION_STREAM
from ...format.faults import UNKNOWN
from ...format.streams import ExceptionStream
from ..breaks import breakpoint_of, has_moved
from ..evidence import Proof
from ..facts import Facts
from .places import address_text, is_system, narrow, place_of
from .statement import ASSERTION, BREAKPOINT, CRASH, DEBUGGER, HANG, NONE, OUT_OF_MEMORY, REQUESTED, UNREADABLE, Event

ACCESS_VIOLATION, IN_PAGE_ERROR, GUARD_PAGE, STACK_OVERFLOW = 0xC0000005, 0xC0000006, 0x80000001, 0xC00000FD
BREAK, WAKE, HUNG, FAST_FAILED = 0x80000003, 0x80000007, 0xCFFFFFFF, 0xC0000409
SINGLE_STEP = 0x80000004
OTHER_BREAKS = (0x4000001F, SINGLE_STEP)
_ASSERTIONS = (0xC0000420, 0x4000, 0x20000000)
_OUT_OF_MEMORY = (0xE0000008, 0xC000, 0xC0000017)
_ACCESS = {0: "read from", 1: "write to", 8: "execute at"}

_ON_DEMAND = ("Task Manager", "dotnet-dump", "procdump")

_CUSTOMER = 0x20000000
"""Bit 29 of a code: not one of Microsoft's (winerror.h)."""
CODE = MINIDUMP_EXCEPTION_STREAM.offset_of("ExceptionRecord.ExceptionCode")
PARAMETERS = MINIDUMP_EXCEPTION_STREAM.offset_of("ExceptionRecord.ExceptionInformation")


def code_proof(found: ExceptionInfo) -> Proof:
    """Where the exception's code stands."""
    return Proof("ExceptionRecord.ExceptionCode", f"0x{found.code:08x}", found.offset + CODE)


def parameter_proof(found: ExceptionInfo, index: int) -> Proof:
    """Where a parameter of the exception stands."""
    return Proof(f"ExceptionInformation[{index}]", f"0x{found.parameters[index]:x}", found.offset + PARAMETERS + 8 * index)


def event_of(facts: Facts) -> Event:
    """What the dump was written for."""
    dump = facts.dump
    found = dump.exception
    if isinstance(found, Absent):
        return _without(facts, found)
    if not isinstance(dump.fault, Absent):
        return _of_another_system(facts, found)
    if found.code == BREAK or found.code in OTHER_BREAKS:
        return _breakpoint(facts, found)
    if found.code == WAKE:
        return Event(DEBUGGER, "a debugger broke in and wrote the dump (Wake debugger, 80000007): the program raised nothing", (code_proof(found),))
    if found.code == HUNG:
        return Event(HANG, "the program hung, and Windows Error Reporting took the dump (cfffffff): it raised nothing", (code_proof(found),))
    foreign = foreign_code(found.code) if found.code not in EXCEPTIONS else None
    if foreign is not None and not foreign.crashed:
        return Event(REQUESTED, f"{foreign.owner}: {foreign.words} ({found.code:08x}); nothing crashed", (code_proof(found),))
    if found.code == 0xFFFFFFFF:
        return Event(REQUESTED, "a dump was requested without a crash (ffffffff, as Breakpad marks it)", (code_proof(found),))
    kind = OUT_OF_MEMORY if found.code in _OUT_OF_MEMORY else ASSERTION if found.code in _ASSERTIONS else CRASH
    detail = _detail(dump, found)
    name = _name(found.code)
    if foreign is not None and found.code <= 0xFFFF and facts.writer.tool == foreign.owner:
        name = f"{foreign.owner}: {foreign.words}"  # the crash context proves whose code it is
    return Event(kind, f"{name} ({found.code:08x})" + (f": {detail}" if detail else ""), (code_proof(found),))


def _name(code: int) -> str:
    """The name of an exception code; what can be said of one that has none."""
    name = exception_name(code)
    if code in EXCEPTIONS or name != "Unknown exception":
        return name
    meaning = next(iter(describe_code(code)), None)
    if meaning is not None and code > 0xFFFF:
        return f"Unknown exception, {meaning.symbol} as {meaning.kind}"
    return "An exception of the program's own" if code & _CUSTOMER and code >> 28 != 0 else name


def _detail(dump: Minidump, found: ExceptionInfo) -> str:
    """What the parameters say."""
    code, parameters = found.code, found.parameters
    if code in (ACCESS_VIOLATION, IN_PAGE_ERROR, GUARD_PAGE) and len(parameters) > 1 and parameters[0] in _ACCESS:
        where = address_text(dump, parameters[1])
        if code == IN_PAGE_ERROR and len(parameters) > 2:
            return f"the page of {where} could not be read, I/O error {_code_name(parameters[2] & 0xFFFFFFFF)}"
        return f"{_ACCESS[parameters[0]]} {where}"
    if code == FAST_FAILED:
        # Before fast fails, the same code stood for a stack cookie; Windows 7 and earlier give no parameter.
        number = parameters[0] & 0xFFFFFFFF if parameters else None
        if number in FAST_FAIL:
            symbol, meaning = FAST_FAIL[number]
            return f"{symbol} ({number}), {meaning}"
        return "" if number is None else f"fast-fail code {number}"
    if code == 0xE0000008 and parameters:
        return f"0x{parameters[0]:x} bytes were asked for"
    if code in (0xE0434352, 0xE0434F4D) and parameters:
        return f"HRESULT {_code_name(parameters[0] & 0xFFFFFFFF)}"
    if code == 0xC0000008 and parameters:
        handle = dump.handles.find(parameters[0]) if len(dump.handles) else None
        known = "" if handle is None else f", {handle.type or 'of an unknown type'} when the dump was written"
        return f"handle {parameters[0]:x}{known}"
    if code == 0xC0000421 and parameters:
        return f"stop code {parameters[0]:x}"
    if code in (0x40080201, 0x40080202) and parameters:
        return f"HRESULT {_code_name(parameters[-1] & 0xFFFFFFFF)}"
    return ""


def _code_name(value: int) -> str:
    found = describe_code(value)
    return f"{value:08x}" + (f" {found[0].symbol}" if found else "")


def _of_another_system(facts: Facts, found: ExceptionInfo) -> Event:
    fault = facts.dump.fault
    assert not isinstance(fault, Absent)
    if fault.kind == UNKNOWN:
        return Event(CRASH, f"exception {found.code:08x} of another system than Windows", (code_proof(found),))
    words = "; ".join(text for text in (fault.meaning, fault.detail_meaning) if text)
    title = (fault.label or f"{fault.kind} 0x{found.code:x}") + (f": {words}" if words else "")
    if not fault.crashed:
        return Event(REQUESTED, f"{title}; nothing crashed", (code_proof(found),))
    return Event(ASSERTION if fault.name == "SIGABRT" else CRASH, title, (code_proof(found),))


# -- breakpoints -------------------------------------------------------------------------------------------------------------


def code_at(dump: Minidump, address: int, size: int = 4) -> Tuple[bytes, Optional[int]]:
    """The bytes of the process at an address as far as they are captured, and where they stand in the file."""
    place = dump.memory.locate(address)
    return dump.memory.some(address, size), place[0] if place else None


def _breakpoint(facts: Facts, found: ExceptionInfo) -> Event:
    """A breakpoint: a debugger's own, or the program's way to end itself."""
    dump = facts.dump
    name = f"{exception_name(found.code)} ({found.code:08x})"
    proofs: List[Proof] = [code_proof(found)]
    address = narrow(dump, found.address)
    data, offset = code_at(dump, address)
    place = place_of(dump, address)
    if data:
        proofs.append(Proof(f"code at {address_text(dump, found.address)}", data.hex(" "), offset))
    if data[:3] == b"\xcc\x0f\x0b":
        return Event(ASSERTION, f"{name}: the program stopped itself (int 3, ud2: a failed CHECK or assertion)", tuple(proofs))
    stepped = found.code == SINGLE_STEP
    debugger = facts.writer.family == "dbgeng"
    if debugger and not address:
        return Event(DEBUGGER, f"{name} at address 0: a debugger made it up and wrote the dump", tuple(proofs))
    if debugger:
        return Event(BREAKPOINT, f"{name}: a debugger had stopped the program there, and wrote the dump", tuple(proofs))
    moved = has_moved(dump, found)
    if place.module is not None and place.module.file_name.lower() == "ntdll.dll" and not stepped:
        known = breakpoint_of(dump)
        if known is not None and known.by_debugger:
            return Event(DEBUGGER, f"{name} in ntdll: a debugger broke in", tuple(proofs))
        return Event(BREAKPOINT, f"{name} in ntdll: a check of the heap or of the loader, or DbgBreakPoint", tuple(proofs))
    if stepped:
        return Event(BREAKPOINT, name, tuple(proofs))
    if place.module is not None and not is_system(place.module):
        return Event(ASSERTION, f"{name} in the program's own code: an abort, a failed assertion or DebugBreak", tuple(proofs))
    if moved:
        return Event(ASSERTION, f"{name}: the program called DebugBreak, or an abort or assertion did", tuple(proofs))
    return Event(BREAKPOINT, f"{name}: DebugBreak, an abort or an assertion", tuple(proofs))


# -- no exception ------------------------------------------------------------------------------------------------------------


def _without(facts: Facts, absence: Absent) -> Event:
    """What a dump without an exception is."""
    if absence.kind != NOT_THERE:
        stream = facts.stream(ExceptionStream)
        proofs = () if stream is None else (Proof(f"directory entry {stream.index}", f"ExceptionStream, size 0x{stream.size:x}", stream.offset),)
        return Event(UNREADABLE, absence.message, proofs)
    directory = facts.directory_proof(ExceptionStream)
    writer = facts.writer
    comment = next((item for item in facts.dump.comments if item), "")
    lowered = comment.lower()
    if "hung window" in lowered:
        return Event(HANG, "the program's window hung, and procdump took the dump; no exception is stored", (directory,))
    if "manual dump" in lowered:
        return Event(NONE, "dump of a running process, taken by hand; no exception is stored", (directory,))
    if lowered.startswith("***"):
        return Event(NONE, "dump of a running process by procdump, whose comment says when; no exception is stored", (directory,))
    if writer.family == "dbgeng":
        return Event(NONE, "dump of a stopped or running process, written by a debugger; no exception is stored", (directory,))
    if any(name in writer.tool for name in _ON_DEMAND):
        return Event(NONE, f"dump of a running process, probably by {writer.tool} ({writer.tool_confidence}); no exception is stored", (directory,))
    return Event(NONE, "no exception is stored: the dump was asked for without a crash, or its writer was not given the exception", (directory,))
