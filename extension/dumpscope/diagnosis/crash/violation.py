"""The address of an access violation, and what it tells: null pointers, fill patterns, addresses that are none, the registers behind it.

On Windows it stands in the exception's parameters, elsewhere in its address. x64 tells no address that is non-canonical: Windows then has -1
and "read", Linux 0 and SI_KERNEL, macOS EXC_I386_GPFLT.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from ...dump.absence import Absent
from ...dump.contexts import Registers
from ...dump.minidump import Minidump
from ...dump.streams.exception import ExceptionInfo
from ...format import mach, signals
from ...format.exception import MINIDUMP_EXCEPTION_STREAM
from ...format.faults import ACCESSED
from ..evidence import Proof
from .decoder import decoded
from .event import ACCESS_VIOLATION, code_at, parameter_proof
from .operand import Operand, memory_operands
from .operand_arm64 import memory_operands as arm64_operands
from .patterns import NEAR, PATTERNS, pattern_of
from .places import address_text, narrow, place_of
from .statement import CERTAIN, GUESS, LIKELY, REMARK, Statement

ALL_ONES = {4: 0xFFFFFFFF, 8: 0xFFFFFFFFFFFFFFFF}
NULL_PAGE = 0x10000
CS_32 = 0x23
"""The code segment of 32-bit code on x64 Windows; its instructions are those of x86 although the context is one of x64."""
ARM64 = (12, 0x8003)
"""Windows' number of the processor, and that of older Breakpads."""
PAGE = 0x1000
MOST_BYTES = 64
"""Bytes of one access at the most."""
_READ, _WRITE, _EXECUTE = 0, 1, 8
_GENERAL_PROTECTION = 13
_POINTERS = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
_POINTERS_32 = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp")
_ADDRESS = MINIDUMP_EXCEPTION_STREAM.offset_of("ExceptionRecord.ExceptionAddress")


class Violation(NamedTuple):
    """Memory that was used and may not be.

    ``kind`` is 0 for a read, 1 for a write, 8 for a jump, None where nobody says; ``target`` the address, None where the processor did not
    tell it; ``code`` the address of the instruction; ``proof`` where the address stands.
    """

    kind: Optional[int]
    target: Optional[int]
    code: int
    proof: Proof
    sure: bool = True
    """False where the writer may not have kept the address: older Breakpads leave 0."""


def violation_of(dump: Minidump, found: ExceptionInfo, registers: Optional[Registers]) -> Optional[Violation]:
    """The access violation that an exception is; None for any other."""
    fault = dump.fault
    if isinstance(fault, Absent):
        if found.code != ACCESS_VIOLATION or len(found.parameters) < 2:
            return None
        kind, target = found.parameters[0], narrow(dump, found.parameters[1])
        untold = target == ALL_ONES[8] and dump.pointer_size == 8 and is_x64(dump) and kind == _READ
        return Violation(kind, None if untold else target, narrow(dump, found.address), parameter_proof(found, 1))
    code = 0 if registers is None else registers.ip
    proof = Proof("ExceptionRecord.ExceptionAddress", f"0x{found.address:x}", found.offset + _ADDRESS)
    if fault.address_is == ACCESSED:
        return Violation(None, found.address, code, proof, bool(found.address or found.flags))
    if is_x64(dump) and (
        (fault.name == "SIGSEGV" and found.flags == signals.SI_KERNEL and not found.address)
        or (fault.kind == "Mach exception" and found.code == mach.BAD_ACCESS and found.flags == _GENERAL_PROTECTION)
    ):
        return Violation(None, None, code, proof)
    return None


def register_names(registers: Registers) -> Tuple[str, ...]:
    """The registers of x86 or x64 that hold pointers."""
    return _POINTERS if registers.pointer_size == 8 else _POINTERS_32


def register_proof(found: ExceptionInfo, registers: Registers, name: str) -> Proof:
    """Where a register stands in the context of the exception."""
    layout = registers.layout
    rows = [register for row in layout.rows for register in row]
    path = layout.sp.path if name == "sp" else next(register.path for register in rows if register.name == name)
    value = registers.sp if name == "sp" else registers.values[name]
    return Proof(f"register {name} of the exception", f"0x{value:x}", found.context_rva + layout.structure.leaf(path).offset)


def _canonical(value: int) -> bool:
    """Whether the upper 17 bits are equal, as x64 demands of an address of the usual 48 bits."""
    return value >> 47 in (0, 0x1FFFF)


def is_x64(dump: Minidump) -> bool:
    """Whether the dump is one of an x64 machine."""
    return not isinstance(dump.system, Absent) and dump.system.architecture == 9


class _Used(NamedTuple):
    """The memory operand that faulted: which one, the address it makes, and what proves it."""

    operand: Operand
    address: int
    evidence: Tuple[Proof, ...]
    text: str = ""
    """The whole instruction, empty where it is not known."""


def _used(dump: Minidump, found: ExceptionInfo, registers: Optional[Registers], what: Violation) -> Optional[_Used]:
    """The operand of the instruction that makes the address of the violation, or that is non-canonical where the processor told none."""
    if registers is None:
        return None
    width = registers.pointer_size
    data, offset = code_at(dump, what.code, 15)
    operands, text = _operands(dump, registers, data, what.code)
    for operand in operands:
        address = operand.address(registers.values, width, what.code + 15)
        if address is None or operand.base == "rip":
            continue
        if _is_target(address, what.target) or (what.target is None and not _canonical(address)):
            names = [name for name in (operand.base, operand.scaled) if name]
            code = Proof(f"code at {address_text(dump, what.code)}", data[:8].hex(" "), offset)
            return _Used(operand, address, (code, *(register_proof(found, registers, name) for name in names)), text)
    return None


def _operands(dump: Minidump, registers: Registers, data: bytes, address: int) -> Tuple[Tuple[Operand, ...], str]:
    """The memory operands of the instruction, and its text where the package that knows all of them is installed."""
    architecture = None if isinstance(dump.system, Absent) else dump.system.architecture
    if architecture in ARM64:
        return arm64_operands(data), ""
    if architecture not in (0, 9):
        return (), ""
    wide = registers.pointer_size == 8 and registers.segments.get("cs") != CS_32
    known = decoded(data, address, wide)
    if known is None:
        return memory_operands(data, wide), ""
    return known.operands, f"{known.text}, by iced-x86"


def _is_target(address: int, target: Optional[int]) -> bool:
    """Whether an access at an address faults at the target: there, or at the page that its last bytes are in."""
    return address == target or (target is not None and not target % PAGE and 0 < target - address < MOST_BYTES)


def address_remarks(dump: Minidump, found: ExceptionInfo, registers: Optional[Registers]) -> Iterator[Statement]:
    """What the address of an access violation tells, and the registers."""
    what = violation_of(dump, found, registers)
    if what is None:
        return
    used = _used(dump, found, registers, what)
    address = used.address if used is not None else what.target
    hit = None if address is None else pattern_of(address, dump.pointer_size, NEAR)
    if what.target is None:
        yield _untold(dump, found, registers, used, what)
    elif what.target == ALL_ONES[dump.pointer_size]:
        yield Statement(REMARK, "the address is -1: an error value was taken for a pointer", LIKELY, (what.proof,))
    elif what.target < NULL_PAGE:
        yield _null(what, used)
    if hit is not None:
        row, distance = hit
        more = f" plus 0x{distance:x}" if distance else ""
        words = f"the address is the fill pattern {row.value:08x}{more}: {row.meaning} was taken for a pointer"
        yield Statement(REMARK, words, LIKELY, (what.proof,) if used is None else used.evidence, row.source)
    if used is not None and what.target is not None and (used.operand.base or used.operand.scaled):
        assert registers is not None
        names = [name for name in (used.operand.base, used.operand.scaled) if name]
        values = ", ".join(f"{name}={address_text(dump, registers.values[name])}" for name in names)
        yield Statement(REMARK, f"the instruction used {used.operand.text}, {values}", CERTAIN, used.evidence, used.text)
    if what.target is not None:
        place = place_of(dump, what.target)
        if what.kind == _EXECUTE and place.module is not None:
            yield Statement(REMARK, f"data of {place.words} were executed: a damaged function pointer or return address", LIKELY, (what.proof,))
        if place.gone:
            yield Statement(REMARK, f"the address belongs to a module that was unloaded: {place.words}", CERTAIN, (what.proof,))
    if hit is None and registers is not None and (what.target is None or what.target >= NULL_PAGE):
        yield from _filled(found, registers, what.target is None)


def _null(what: Violation, used: Optional[_Used]) -> Statement:
    target = what.target
    if used is not None and not used.operand.base and not used.operand.scaled:
        words = "the address is in the instruction itself: the program crashed on purpose (a failed assertion, or a crash that was asked for)"
        return Statement(REMARK, words, LIKELY, used.evidence)
    if what.kind == _EXECUTE or (what.kind is None and what.code == target):
        words = "a null function pointer was called" if not target else f"a function pointer of 0x{target:x} was called: null plus an offset"
    elif target:
        words = f"a null pointer plus 0x{target:x}: a member of an object, or an element of an array, that is not there"
    else:
        words = "a null pointer was used"
    return Statement(REMARK, words, LIKELY if what.sure or used is not None else GUESS, (what.proof,))


def _untold(dump: Minidump, found: ExceptionInfo, registers: Optional[Registers], used: Optional[_Used], what: Violation) -> Statement:
    """An address that the processor did not tell: it is non-canonical, as far as anybody knows."""
    minus = "-1 stands in its place" if found.parameters else "0 stands in its place"
    words = f"the address is non-canonical, so the processor did not tell it ({minus}), nor whether it was read or written"
    if used is not None:
        words += f"; the instruction used {used.operand.text}, which is {address_text(dump, used.address)}"
        return Statement(REMARK, words, CERTAIN, (what.proof, *used.evidence), used.text)
    wild: List[Tuple[str, int]] = []
    if registers is not None:
        wild = [(name, registers.values[name]) for name in register_names(registers) if name in registers.values]
        wild = [(name, value) for name, value in wild if not _canonical(value)]
    if registers is None or not wild:
        return Statement(REMARK, words, LIKELY, (what.proof,))
    # A true access at -1 looks the same, but no pointer of a program lies there; a wild register settles it.
    words += "; " + ", ".join(f"{name}={address_text(dump, value)}" for name, value in wild[:3]) + (" is" if len(wild) == 1 else " are") + " no address"
    return Statement(REMARK, words, CERTAIN, (what.proof, *(register_proof(found, registers, name) for name, _ in wild[:3])))


def _filled(found: ExceptionInfo, registers: Registers, unknown: bool) -> Iterator[Statement]:
    """Registers that hold a fill pattern, where memory was misused."""
    by_value: Dict[int, List[str]] = {}
    for name in register_names(registers):
        value = registers.values.get(name)
        hit = None if value is None else pattern_of(value, registers.pointer_size)
        if hit is not None:
            by_value.setdefault(hit[0].value, []).append(name)
    for value, names in list(by_value.items())[:3]:
        row = next(row for row in PATTERNS if row.value == value)
        proofs = tuple(register_proof(found, registers, name) for name in names[:4])
        text = f"{', '.join(names)} {'holds' if len(names) == 1 else 'hold'} the fill pattern {row.value:08x}: {row.meaning}"
        yield Statement(REMARK, text, LIKELY if unknown else GUESS, proofs, row.source)
