"""What a breakpoint exception is: a debugger that broke in, or ``int 3`` that the program ran itself.

Both have the code 80000003. A debugger breaks in at a function of ntdll (DbgBreakPoint, on a thread of its own; LdrpDoDebuggerBreak when
the program starts), and the thread stays there until the dump is written. ``int 3`` in any other module is an abort, a failed assertion
or DebugBreak, which compilers put into the program's own code; the thread that ran it is the one that matters.
"""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..dump.origin import DBGENG
from ..dump.streams.exception import ExceptionInfo
from ..format.exception import MINIDUMP_EXCEPTION_STREAM
from .evidence import Proof
from .rules.rule import INFERRED, PROVEN

BREAKPOINT = 0x80000003
WX86_BREAKPOINT = 0x4000001F
WAKE_DEBUGGER = 0x80000007
NTDLL = "ntdll.dll"

INSTRUCTIONS: Tuple[Tuple[bytes, str], ...] = (
    (b"\xcc\x0f\x0b", "int 3, ud2: Chromium's CHECK and other failed assertions of clang"),
    (b"\xcc", "int 3"),
    (b"\xcd\x03", "int 3, the long form"),
    (b"\xcd\x2c", "int 2c: an assertion"),
    (b"\x0f\x0b", "ud2"),
)


class Break(NamedTuple):
    """One breakpoint exception. ``by_debugger``: whether a debugger broke in; ``confidence`` as in rules; ``place`` is ``module+offset``."""

    by_debugger: bool
    confidence: str
    place: str
    evidence: Tuple[Proof, ...]


def code_at(dump: Minidump, address: int) -> Optional[Tuple[bytes, str, int]]:
    """The bytes of a breakpoint at an address, in words, and their file offset; None where they are not captured or are another instruction."""
    for pattern, words in INSTRUCTIONS:
        place = dump.memory.locate(address)
        if place is not None and dump.memory.some(address, len(pattern)) == pattern:
            return pattern, words, place[0]
    return None


def has_moved(dump: Minidump, found: ExceptionInfo) -> bool:
    """Whether the thread was no longer at the exception when its registers were taken: a handler of the program ran."""
    thread = dump.threads.find(found.thread_id)
    if thread is None or not thread.context_rva or thread.context_rva == found.context_rva:
        return False
    fault, now = dump.registers(found), dump.registers(thread)
    return not isinstance(fault, Absent) and not isinstance(now, Absent) and fault.ip != now.ip


def breakpoint_of(dump: Minidump) -> Optional[Break]:
    """What the dump's breakpoint or wake-up is; None where its exception is another one, or the process ran on another system."""
    found = dump.exception
    if isinstance(found, Absent) or not isinstance(dump.fault, Absent) or found.code not in (BREAKPOINT, WX86_BREAKPOINT, WAKE_DEBUGGER):
        return None
    code = MINIDUMP_EXCEPTION_STREAM.offset_of("ExceptionRecord.ExceptionCode")
    where = MINIDUMP_EXCEPTION_STREAM.offset_of("ExceptionRecord.ExceptionAddress")
    evidence = [Proof("ExceptionRecord.ExceptionCode", f"0x{found.code:08x}", found.offset + code)]
    if found.code == WAKE_DEBUGGER:
        return Break(True, PROVEN, "", tuple(evidence))
    address = found.address & 0xFFFFFFFF if dump.pointer_size == 4 else found.address
    module = dump.modules.at(address)
    place = dump.symbol(address)
    evidence.append(Proof("ExceptionRecord.ExceptionAddress", f"0x{address:x}" + (f": {place}" if place else ", in no module"), found.offset + where))
    writer = dump.writer
    debugger = writer.family == DBGENG
    if debugger and writer.evidence:
        evidence.append(Proof(f"writer: {writer.evidence[0].what}", writer.evidence[0].value, writer.evidence[0].offset))
    if not address:  # nothing runs at 0: a debugger that wrote a dump of a dump without an exception stored the one that it had made up
        return Break(True, PROVEN, place, tuple(evidence)) if debugger else None
    moved = has_moved(dump, found)
    if module is not None and module.file_name.lower() == NTDLL and not moved:
        return Break(True, PROVEN if debugger else INFERRED, place, tuple(evidence))
    instruction = code_at(dump, address)
    if instruction is not None:
        evidence.append(Proof("bytes at the address", f"{instruction[0].hex(' ')}: {instruction[1]}", instruction[2]))
    if moved and found.context_rva:
        evidence.append(Proof("registers of the exception", "its thread had gone on into a handler when the dump was written", found.context_rva))
    certain = module is not None and not debugger and (instruction is not None or moved)
    return Break(False, PROVEN if certain else INFERRED, place or f"0x{address:x}", tuple(evidence))
