"""What an expert would remark about an exception: each remark with how sure it is and with its evidence."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Iterator, List, Optional, Tuple

from ...dump.absence import Absent
from ...dump.contexts import Registers
from ...dump.minidump import Minidump
from ...dump.streams.exception import ExceptionInfo
from ..evidence import Proof
from ..facts import Facts
from .event import ACCESS_VIOLATION, FAST_FAILED, STACK_OVERFLOW, code_at, code_proof
from .patterns import NEAR
from .places import address_text, exception_stack, narrow, place_of
from .statement import CERTAIN, GUESS, LIKELY, REMARK, Statement
from .violation import NULL_PAGE, address_remarks, register_proof

COUNTED = 0x40000
"""Bytes of a stack whose words are counted."""
REPEATED = 16
"""How often a return address must be there to tell a recursion."""
_MANAGED = {
    "coreclr.dll": ".NET",
    "clr.dll": ".NET Framework",
    "mscorwks.dll": ".NET Framework 2.0",
    "jvm.dll": "Java",
    "mono-2.0-bdwgc.dll": "Mono (Unity)",
    "mono-2.0-sgen.dll": "Mono",
    "v8.dll": "V8",
    "node.exe": "V8",
    "libcef.dll": "V8",
    "chrome.dll": "V8",
    "msedge.dll": "V8",
    "electron.exe": "V8",
    "lua51.dll": "LuaJIT",
}
"""Modules of runtimes that make code while they run."""


LOOKED_AT = 2000
"""Modules whose names are looked at."""


def remarks(facts: Facts) -> Iterator[Statement]:
    """The remarks; for other systems than Windows those about the address alone."""
    dump = facts.dump
    found = dump.exception
    if isinstance(found, Absent):
        return
    held = dump.registers(found)
    registers = None if isinstance(held, Absent) else held
    yield from address_remarks(dump, found, registers)
    if not isinstance(dump.fault, Absent):
        if dump.fault.name in ("SIGILL", "SIGTRAP", "EXC_BAD_INSTRUCTION", "EXC_BREAKPOINT") and registers is not None:
            yield from _stopped(dump, found, registers.ip)
        return
    yield from _stack(facts, found, registers)
    yield from _instruction(dump, found, registers)
    yield from _codes(facts, found)


# -- the stack -----------------------------------------------------------------------------------------------------------------


_LIMITS = "StackLimit and StackBase of the TEB"


def _stack_limits(facts: Facts, found: ExceptionInfo, sp: int) -> Optional[Tuple[int, int, str, Optional[int]]]:
    """Lower and upper end of the thread's stack, where that is known from, and where it stands in the file.

    A thread of a 32-bit program in a dump of a 64-bit writer has two stacks: the one that ``sp`` lies in counts, if one does.
    """
    dump = facts.dump
    thread = dump.threads.find(found.thread_id)
    if thread is None:
        return None
    known: List[Tuple[int, int, str, Optional[int]]] = []
    for teb in (dump.process.teb(thread), dump.process.wow64_teb(thread)):
        if isinstance(teb, Absent):
            continue
        limit, base = teb.stack_limit, teb.stack_base
        if isinstance(limit, int) and isinstance(base, int) and 0 < limit < base:
            place = dump.memory.locate(teb.address)
            known.append((limit, base, _LIMITS, place[0] if place else None))
    if not known or (dump.process.is_wow64 and len(known) < 2):
        return None  # one of two stacks tells nothing of the other
    return next((row for row in known if row[0] - 0x100000 <= sp <= row[1]), known[0])


def _stack(facts: Facts, found: ExceptionInfo, registers: Optional[Registers]) -> Iterator[Statement]:
    """A stack pointer that is not in the thread's stack, and a stack that is used up."""
    dump = facts.dump
    if registers is None or registers.pointer_size != dump.pointer_size:
        return
    sp = registers.sp
    limits = _stack_limits(facts, found, sp)
    held = register_proof(found, registers, "sp")
    if found.code == STACK_OVERFLOW:
        yield from _recursion(dump, found)
    if limits is None:
        yield from _stack_by_list(dump, found, sp, held)
        return
    limit, base, source, offset = limits
    proofs = (held, Proof(source, f"{address_text(dump, limit)} to {address_text(dump, base)}", offset))
    if found.code == STACK_OVERFLOW and sp <= base:
        yield Statement(
            REMARK, f"0x{base - sp:x} bytes of stack are in use: look for a function that calls itself, or for large local variables", CERTAIN, proofs
        )
    elif sp > base or sp < limit - 0x100000:
        yield Statement(
            REMARK, f"the stack pointer {address_text(dump, sp)} is outside the thread's stack: a fiber, a switched or a damaged stack", CERTAIN, proofs
        )
    elif found.code == ACCESS_VIOLATION and len(found.parameters) > 1:
        target = narrow(dump, found.parameters[1])
        if limit - NEAR <= target < limit + 0x1000 and abs(target - sp) < NEAR:
            yield Statement(REMARK, "the address is at the lower end of the thread's stack: the stack is used up (stack overflow)", LIKELY, proofs)


def _stack_by_list(dump: Minidump, found: ExceptionInfo, sp: int, held: Proof) -> Iterator[Statement]:
    """Without a TEB: the stack that the thread list has is the used part of it, up to its upper end."""
    thread = dump.threads.find(found.thread_id)
    if thread is None or not thread.stack_size or dump.process.is_wow64:
        return
    end = thread.stack_start + thread.stack_size
    if found.code == STACK_OVERFLOW:
        if sp < end:
            where = Proof("stack in the thread list", f"{address_text(dump, thread.stack_start)} to {address_text(dump, end)}", thread.offset)
            yield Statement(REMARK, f"at least 0x{end - sp:x} bytes of stack are in use", CERTAIN, (held, where))
        return
    # The thread may have gone on after the exception, deeper or less deep; but its stack ends where it ends.
    if sp > end or sp < thread.stack_start - 0x100000:
        where = Proof("stack in the thread list", f"{address_text(dump, thread.stack_start)} to {address_text(dump, end)}", thread.offset)
        yield Statement(
            REMARK, f"the stack pointer {address_text(dump, sp)} is not in the stack that the thread list has for this thread", LIKELY, (held, where)
        )


def _recursion(dump: Minidump, found: ExceptionInfo) -> Iterator[Statement]:
    """A return address that comes again and again on a stack that is used up: a function that calls itself."""
    start, size = exception_stack(dump, found)
    width = dump.pointer_size
    data = dump.memory.some(start, min(size, COUNTED))
    words = struct.unpack(f"<{len(data) // width}{'Q' if width == 8 else 'I'}", data[: len(data) // width * width])
    for value, times in Counter(word for word in words if word >= NULL_PAGE).most_common(32):
        module = dump.modules.at(value) if times >= REPEATED else None
        if module is None or value - module.base < 0x1000:
            continue
        place = dump.memory.locate(start + words.index(value) * width)
        proof = Proof(f"stack at {address_text(dump, start + words.index(value) * width)}", f"0x{value:x}", place[0] if place else None)
        text = f"{dump.modules.symbol(value)} is {times} times on the stack: a function that calls itself without an end"
        yield Statement(REMARK, text, LIKELY, (proof,))
        return


# -- the instruction -----------------------------------------------------------------------------------------------------------


def _instruction(dump: Minidump, found: ExceptionInfo, registers: Optional[Registers]) -> Iterator[Statement]:
    """Where the instruction is, and what it is."""
    place = place_of(dump, narrow(dump, found.address))
    where = Proof("ExceptionRecord.ExceptionAddress", address_text(dump, found.address), found.offset + 24)
    told = found.code == ACCESS_VIOLATION and len(found.parameters) > 1 and found.parameters[1] == found.address
    if place.gone and not told:
        yield Statement(REMARK, f"the code belonged to a module that was unloaded: {place.words}", CERTAIN, (where,))
    elif not place.gone and place.module is None and found.address >= NULL_PAGE and len(dump.modules):
        yield from _outside(dump, found, where)
    if found.code == 0xC000001D:
        yield from _stopped(dump, found, narrow(dump, found.address))


def _stopped(dump: Minidump, found: ExceptionInfo, address: int) -> Iterator[Statement]:
    """An instruction that compilers put where a program must not go on: ud2 of x86 and x64, with and without int 3 before it."""
    data, offset = code_at(dump, address)
    if data[:2] in (b"\x0f\x0b", b"\x0f\xb9") or data[:3] == b"\xcc\x0f\x0b":
        proofs = (code_proof(found), Proof("code", data.hex(" "), offset))
        words = "the instruction is ud2: the compiler put it where the program must not go on (abort, unreachable code, a failed check)"
        yield Statement(REMARK, words, LIKELY, proofs)


def _outside(dump: Minidump, found: ExceptionInfo, where: Proof) -> Iterator[Statement]:
    """An instruction in no module: code made at run time, or no code at all."""
    runtime = next((_MANAGED[name] for name in (module.file_name.lower() for module in dump.modules.walk(0, LOOKED_AT)) if name in _MANAGED), "")
    region = dump.regions.at(narrow(dump, found.address))
    if region is not None and region.state != 0x1000:
        yield Statement(REMARK, "the instruction pointer leads to memory that is not there: a damaged function pointer or return address", CERTAIN, (where,))
    elif runtime:
        yield Statement(REMARK, f"the code lies in no module: code that {runtime} made at run time", LIKELY, (where,))
    elif region is not None and not region.protect & 0xF0:
        yield Statement(REMARK, "the instruction pointer leads to memory that is no code: a damaged function pointer or return address", CERTAIN, (where,))
    else:
        words = "the code lies in no module: made at run time, or injected, or the instruction pointer is wild"
        yield Statement(REMARK, words, GUESS, (where,))


# -- codes ---------------------------------------------------------------------------------------------------------------------


def _codes(facts: Facts, found: ExceptionInfo) -> Iterator[Statement]:
    """What is known of a code, where that is not what its name says."""
    dump = facts.dump
    proof = (code_proof(found),)
    if found.code == 0xC0000374:
        words = "the heap was damaged before this moment: the thread that found it need not be the one that did it (page heap finds the culprit)"
        yield Statement(REMARK, words, CERTAIN, proof)
    elif found.code == 0xC000008F and facts.named(("msvbvm60.dll",), LOOKED_AT) is not None:
        words = "Visual Basic 6 raises its run-time errors with this code"
        yield Statement(REMARK, words, LIKELY, proof, "msvbvm60.dll is loaded")
    elif found.code == FAST_FAILED and found.parameters[:1] == (7,):
        names = sorted({module.file_name.lower() for module in facts.modules(LOOKED_AT)})
        python = next((name for name in names if name.startswith("python3") or name.startswith("python2")), "")
        if python:
            yield Statement(REMARK, f"in a program with Python, abort() is mostly Py_FatalError: its words went to stderr ({python} is loaded)", GUESS, proof)
    elif found.code == ACCESS_VIOLATION and facts.named(("jvm.dll",), LOOKED_AT) is not None and place_of(dump, found.address).module is None:
        words = "Java uses access violations in its own code for null checks and handles them: this one may be one of those"
        yield Statement(REMARK, words, GUESS, proof, "OpenJDK os_windows.cpp")
