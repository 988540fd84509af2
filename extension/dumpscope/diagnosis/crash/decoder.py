"""The instruction at an exception by iced-x86, where that package is installed (``dumpscope[instructions]``); docs/decisions/instruction-decoder.md.

It knows every instruction of x86 and x64, the memory that one uses without naming it (the stack of a push), and its text. Without it
:mod:`.operand` answers, which knows the usual forms.
"""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional, Tuple

from .operand import Operand

_NAMES_64 = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", *(f"r{number}" for number in range(8, 16)))
_NAMES_32 = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")


class Instruction(NamedTuple):
    """One instruction: its text as Intel writes it, how long it is, and the memory that it uses."""

    text: str
    length: int
    operands: Tuple[Operand, ...]


def decoded(code: bytes, address: int, wide: bool) -> Optional[Instruction]:
    """The instruction that ``code`` begins with; None where the package is missing, or the bytes are none."""
    try:
        import iced_x86 as iced
    except Exception:  # noqa: BLE001 - an extra that is broken must not end an answer that needs it not
        return None
    found = iced.Decoder(64 if wide else 32, code, ip=address).decode()
    if found.is_invalid:
        return None
    names = _names(iced)
    operands = []
    for used in iced.InstructionInfoFactory().info(found).used_memory():
        if used.access == iced.OpAccess.NO_MEM_ACCESS or used.vsib_size:
            continue
        base, scaled = names.get(used.base), names.get(used.index)
        if base is None or scaled is None:
            continue
        displacement = used.displacement
        bits = 64 if wide else 32
        if displacement >> (bits - 1):
            displacement -= 1 << bits
        segment = {iced.Register.FS: "fs", iced.Register.GS: "gs"}.get(used.segment, "")
        item = Operand(base, scaled, used.scale if scaled else 1, displacement, segment)
        if item not in operands:
            operands.append(item)
    text = iced.Formatter(iced.FormatterSyntax.INTEL).format(found)
    return Instruction(text, found.len, tuple(operands))


def _names(iced: Any) -> Dict[int, str]:
    """Names of the registers that addresses are made of, by iced's numbers; its number for none is an empty name."""
    found = {iced.Register.NONE: ""}
    for name in (*_NAMES_64, *_NAMES_32):
        found[getattr(iced.Register, name.upper())] = name
    return found
