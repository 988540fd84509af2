"""What an expert would remark about an exception of Windows: each remark with how sure it is and with its evidence."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from ...dump.absence import Absent
from ...dump.contexts import Registers
from ...dump.minidump import Minidump
from ...dump.streams.exception import ExceptionInfo
from ..facts import Facts
from ..rules.rule import Proof
from .event import ACCESS_VIOLATION, FAST_FAILED, STACK_OVERFLOW, code_at, code_proof, parameter_proof
from .operand import Operand, memory_operands
from .patterns import NEAR, pattern_of
from .places import address_text, exception_stack, narrow, place_of
from .statement import CERTAIN, GUESS, LIKELY, REMARK, Statement

ALL_ONES = {4: 0xFFFFFFFF, 8: 0xFFFFFFFFFFFFFFFF}
_READ, _WRITE, _EXECUTE = 0, 1, 8
_NULL_PAGE = 0x10000
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
_POINTERS = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
_POINTERS_32 = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp")


def remarks(facts: Facts) -> Iterator[Statement]:
    """The remarks; none where the dump has no exception of Windows."""
    dump = facts.dump
    found = dump.exception
    if isinstance(found, Absent) or not isinstance(dump.fault, Absent):
        return
    held = dump.registers(found)
    registers = None if isinstance(held, Absent) else held
    yield from _address(dump, found, registers)
    yield from _registers(dump, found, registers)
    yield from _stack(facts, found, registers)
    yield from _instruction(dump, found, registers)
    yield from _codes(dump, found)


def accessed(dump: Minidump, found: ExceptionInfo) -> int:
    """The address of an access violation; that of a 32-bit process stands in the record with its sign extended."""
    return narrow(dump, found.parameters[1])


def _register_names(registers: Registers) -> Tuple[str, ...]:
    return _POINTERS if registers.pointer_size == 8 else _POINTERS_32


def _register_proof(found: ExceptionInfo, registers: Registers, name: str) -> Proof:
    """Where a register stands in the context of the exception."""
    layout = registers.layout
    rows = [register for row in layout.rows for register in row]
    path = layout.sp.path if name == "sp" else next(register.path for register in rows if register.name == name)
    value = registers.sp if name == "sp" else registers.values[name]
    return Proof(f"register {name} of the exception", f"0x{value:x}", found.context_rva + layout.structure.leaf(path).offset)


def _canonical(value: int) -> bool:
    """Whether the upper 17 bits are equal, as x64 and ARM64 demand of an address of the usual 48 bits."""
    return value >> 47 in (0, 0x1FFFF)


def _is_x64(dump: Minidump) -> bool:
    return not isinstance(dump.system, Absent) and dump.system.architecture == 9


# -- the address that was used -------------------------------------------------------------------------------------------------


class _Used(NamedTuple):
    """The memory operand that faulted: which one, the address it makes, and what proves it."""

    operand: Operand
    address: int
    evidence: Tuple[Proof, ...]


def _used(dump: Minidump, found: ExceptionInfo, registers: Optional[Registers]) -> Optional[_Used]:
    """The operand of the instruction that makes the address of the violation, or that is non-canonical where the processor told none."""
    if registers is None or isinstance(dump.system, Absent) or dump.system.architecture not in (0, 9):
        return None
    target, width = accessed(dump, found), registers.pointer_size
    data, offset = code_at(dump, narrow(dump, found.address), 15)
    for operand in memory_operands(data, width == 8):
        address = operand.address(registers.values, width, found.address + 15)
        if address is None or operand.base == "rip":
            continue
        if address == target or (target == ALL_ONES[width] and width == 8 and not _canonical(address)):
            names = [name for name in (operand.base, operand.scaled) if name]
            code = Proof(f"code at {address_text(dump, found.address)}", data[:8].hex(" "), offset)
            return _Used(operand, address, (code, *(_register_proof(found, registers, name) for name in names)))
    return None


def _address(dump: Minidump, found: ExceptionInfo, registers: Optional[Registers]) -> Iterator[Statement]:
    if found.code != ACCESS_VIOLATION or len(found.parameters) < 2:
        return
    kind, target = found.parameters[0], accessed(dump, found)
    proof = parameter_proof(found, 1)
    used = _used(dump, found, registers)
    unknown = target == ALL_ONES[dump.pointer_size]
    if unknown:
        yield from _minus_one(dump, found, registers, used, proof)
    elif target < _NULL_PAGE:
        yield _null(kind, target, used, proof)
    hit = pattern_of(target if used is None else used.address, dump.pointer_size, NEAR)
    if hit is not None:
        row, distance = hit
        more = f" plus 0x{distance:x}" if distance else ""
        words = f"the address is the fill pattern {row.value:08x}{more}: {row.meaning} was taken for a pointer"
        yield Statement(REMARK, words, LIKELY, (proof,) if used is None else used.evidence, row.source)
    if used is not None and not unknown and (used.operand.base or used.operand.scaled):
        assert registers is not None
        names = [name for name in (used.operand.base, used.operand.scaled) if name]
        values = ", ".join(f"{name}={address_text(dump, registers.values[name])}" for name in names)
        yield Statement(REMARK, f"the instruction used {used.operand.text}, {values}", CERTAIN, used.evidence)
    place = place_of(dump, target)
    if kind == _EXECUTE and place.module is not None:
        yield Statement(REMARK, f"data of {place.words} were executed: a damaged function pointer or return address", LIKELY, (proof,))
    if place.gone:
        yield Statement(REMARK, f"the address belongs to a module that was unloaded: {place.words}", CERTAIN, (proof,))


def _null(kind: int, target: int, used: Optional[_Used], proof: Proof) -> Statement:
    if used is not None and not used.operand.base and not used.operand.scaled:
        words = "the address stands in the instruction itself: the program crashed on purpose (a failed assertion, or a crash that was asked for)"
        return Statement(REMARK, words, LIKELY, used.evidence)
    if kind == _EXECUTE:
        words = "a null function pointer was called" if not target else f"a function pointer of 0x{target:x} was called: null plus an offset"
    elif target:
        words = f"a null pointer plus 0x{target:x}: a member of an object, or an element of an array, that is not there"
    else:
        words = "a null pointer was used"
    return Statement(REMARK, words, LIKELY, (proof,))


def _minus_one(dump: Minidump, found: ExceptionInfo, registers: Optional[Registers], used: Optional[_Used], proof: Proof) -> Iterator[Statement]:
    """An address of all ones: on x64 the processor's way not to tell an address that is non-canonical."""
    if not _is_x64(dump) or found.parameters[0] != _READ:
        yield Statement(REMARK, "the address is -1: an error value was taken for a pointer", LIKELY, (proof,))
        return
    wild: List[Tuple[str, int]] = []
    words = "the address is non-canonical, so the processor did not tell it (-1 stands in its place), nor whether it was read or written"
    if used is not None:
        words += f"; the instruction used {used.operand.text}, which is {address_text(dump, used.address)}"
        yield Statement(REMARK, words, CERTAIN, (proof, *used.evidence))
        return
    if registers is not None:
        wild = [(name, registers.values[name]) for name in _register_names(registers) if name in registers.values]
        wild = [(name, value) for name, value in wild if not _canonical(value)]
    if wild:
        words += "; " + ", ".join(f"{name}={address_text(dump, value)}" for name, value in wild[:3]) + (" is" if len(wild) == 1 else " are") + " no address"
    proofs = [proof] + [_register_proof(found, registers, name) for name, _ in wild[:3] if registers is not None]
    # A true access at -1 looks the same, but no pointer of a program lies there; a wild register settles it.
    yield Statement(REMARK, words, CERTAIN if wild else LIKELY, tuple(proofs))


# -- registers -----------------------------------------------------------------------------------------------------------------


def _registers(dump: Minidump, found: ExceptionInfo, registers: Optional[Registers]) -> Iterator[Statement]:
    """Registers that hold a fill pattern, where memory was misused."""
    if found.code != ACCESS_VIOLATION or registers is None or len(found.parameters) < 2:
        return
    target = accessed(dump, found)
    if target < _NULL_PAGE or pattern_of(target, dump.pointer_size, NEAR) is not None:
        return
    unknown = target == ALL_ONES[dump.pointer_size]
    used = _used(dump, found, registers)
    if used is not None and pattern_of(used.address, dump.pointer_size, NEAR) is not None:
        return  # said already, of the address itself
    by_meaning: Dict[int, List[str]] = {}
    for name in _register_names(registers):
        value = registers.values.get(name)
        hit = None if value is None else pattern_of(value, registers.pointer_size)
        if hit is not None:
            by_meaning.setdefault(hit[0].value, []).append(name)
    for value, names in list(by_meaning.items())[:3]:
        hit = pattern_of(value, 4)
        if hit is None:
            continue
        row = hit[0]
        verb = "holds" if len(names) == 1 else "hold"
        proofs = tuple(_register_proof(found, registers, name) for name in names[:4])
        text = f"{', '.join(names)} {verb} the fill pattern {row.value:08x}: {row.meaning}"
        yield Statement(REMARK, text, LIKELY if unknown else GUESS, proofs, row.source)


# -- the stack -----------------------------------------------------------------------------------------------------------------


def _stack_limits(facts: Facts, found: ExceptionInfo) -> Optional[Tuple[int, int, str, Optional[int]]]:
    """Lower and upper end of the thread's stack, where that is known from, and where it stands in the file."""
    dump = facts.dump
    thread = dump.threads.find(found.thread_id)
    if thread is None:
        return None
    teb = dump.process.teb(thread)
    if not isinstance(teb, Absent):
        limit, base = teb.stack_limit, teb.stack_base
        if isinstance(limit, int) and isinstance(base, int) and 0 < limit < base:
            place = dump.memory.locate(thread.teb)
            return limit, base, "StackLimit and StackBase of the TEB", place[0] if place else None
    return None


def _stack(facts: Facts, found: ExceptionInfo, registers: Optional[Registers]) -> Iterator[Statement]:
    """A stack pointer that is not in the thread's stack, and a stack that is used up."""
    dump = facts.dump
    if registers is None or registers.pointer_size != dump.pointer_size:
        return
    sp = registers.sp
    limits = _stack_limits(facts, found)
    held = _register_proof(found, registers, "sp")
    if found.code == STACK_OVERFLOW:
        yield from _recursion(dump, found)
    if limits is None:
        yield from _stack_by_list(dump, found, sp, held)
        return
    limit, base, source, offset = limits
    proofs = (held, Proof(source, f"{address_text(dump, limit)} to {address_text(dump, base)}", offset))
    if found.code == STACK_OVERFLOW:
        yield Statement(
            REMARK, f"0x{base - sp:x} bytes of stack are in use: look for a function that calls itself, or for large local variables", CERTAIN, proofs
        )
    elif sp > base or sp < limit - 0x100000:
        yield Statement(
            REMARK, f"the stack pointer {address_text(dump, sp)} is outside the thread's stack: a fiber, a switched or a damaged stack", CERTAIN, proofs
        )
    elif found.code == ACCESS_VIOLATION and len(found.parameters) > 1:
        target = accessed(dump, found)
        if limit - NEAR <= target < limit + 0x1000 and abs(target - sp) < NEAR:
            yield Statement(REMARK, "the address is at the lower end of the thread's stack: the stack is used up (stack overflow)", LIKELY, proofs)


def _stack_by_list(dump: Minidump, found: ExceptionInfo, sp: int, held: Proof) -> Iterator[Statement]:
    """Without a TEB: the stack that the thread list has is the used part of it, up to its upper end."""
    thread = dump.threads.find(found.thread_id)
    if thread is None or not thread.stack_size:
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
    for value, times in Counter(word for word in words if word >= _NULL_PAGE).most_common(32):
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
    data, offset = code_at(dump, narrow(dump, found.address))
    if place.gone:
        yield Statement(REMARK, f"the code belonged to a module that was unloaded: {place.words}", CERTAIN, (where,))
    elif place.module is None and found.address >= _NULL_PAGE and len(dump.modules):
        yield from _outside(dump, found, where)
    if found.code == 0xC000001D and data[:2] in (b"\x0f\x0b", b"\x0f\xff", b"\x0f\xb9"):
        proofs = (code_proof(found), Proof("code", data.hex(" "), offset))
        yield Statement(
            REMARK, "the instruction is ud2: the compiler put it where the program must not go on (abort, unreachable code, a failed check)", LIKELY, proofs
        )


def _outside(dump: Minidump, found: ExceptionInfo, where: Proof) -> Iterator[Statement]:
    """An instruction in no module: code made at run time, or no code at all."""
    runtime = next((_MANAGED[name] for name in (module.file_name.lower() for module in dump.modules.walk(0, 2000)) if name in _MANAGED), "")
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


def _codes(dump: Minidump, found: ExceptionInfo) -> Iterator[Statement]:
    """What is known of a code, where that is not what its name says."""
    proof = (code_proof(found),)
    names = {module.file_name.lower() for module in dump.modules.walk(0, 2000)}
    if found.code == 0xC0000374:
        words = "the heap was damaged before this moment: the thread that found it need not be the one that did it (page heap finds the culprit)"
        yield Statement(REMARK, words, CERTAIN, proof)
    elif found.code == 0xC000008F and "msvbvm60.dll" in names:
        words = "Visual Basic 6 raises its run-time errors with this code"
        yield Statement(REMARK, words, LIKELY, proof, "msvbvm60.dll is loaded")
    elif found.code == FAST_FAILED and found.parameters[:1] == (7,):
        python = next((name for name in sorted(names) if name.startswith("python3") or name.startswith("python2")), "")
        if python:
            yield Statement(REMARK, f"in a program with Python, abort() is mostly Py_FatalError: its words went to stderr ({python} is loaded)", GUESS, proof)
    elif found.code == ACCESS_VIOLATION and "jvm.dll" in names and place_of(dump, found.address).module is None:
        words = "Java uses access violations in its own code for null checks and handles them: this one may be one of those"
        yield Statement(REMARK, words, GUESS, proof, "OpenJDK os_windows.cpp")
