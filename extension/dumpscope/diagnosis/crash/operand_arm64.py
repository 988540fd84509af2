"""The memory operand of an ARM64 load or store: which registers made the address that was used.

Arm Architecture Reference Manual, C4.1: loads and stores. What has no register in its address (literals) has no operand here.
"""

from __future__ import annotations

from typing import Optional, Tuple

from .operand import Operand

_EXTENDS = {2: "uxtw", 3: "", 6: "sxtw", 7: ""}
_SP, _ZERO = 31, 31


def _name(number: int, base: bool) -> str:
    if number == _SP:
        return "sp" if base else ""
    return {29: "fp", 30: "lr"}.get(number, f"x{number}")


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def memory_operands(code: bytes) -> Tuple[Operand, ...]:
    """The memory operand of the instruction that ``code`` begins with; none where it has none."""
    if len(code) < 4:
        return ()
    found = _operand(int.from_bytes(code[:4], "little"))
    return () if found is None else (found,)


def _operand(word: int) -> Optional[Operand]:
    base = _name(word >> 5 & 31, True)
    plain = Operand(base, "", 1, 0)
    size = word >> 30
    vector = word >> 26 & 1
    group = word >> 27 & 7
    if word >> 24 & 0x3F == 0b001000:  # exclusive, ordered, compare and swap
        return plain
    if word >> 23 & 0x7F in (0b0011000, 0b0011001, 0b0011010, 0b0011011) and not word >> 31:  # vectors of several structures
        return plain
    if group == 5 and not word >> 25 & 1:  # pairs
        scale = (2 + size if vector else 2 + (size >> 1)) if size < 3 else 4
        post = word >> 23 & 3 == 1
        return plain if post else plain._replace(displacement=_signed(word >> 15 & 0x7F, 7) << scale)
    if group != 7 or word >> 25 & 1:
        return None
    shift = 4 if vector and word >> 23 & 1 else size
    if word >> 24 & 1:  # unsigned immediate
        return plain._replace(displacement=(word >> 10 & 0xFFF) << shift)
    kind = word >> 10 & 3
    if not word >> 21 & 1:
        return plain if kind == 1 else plain._replace(displacement=_signed(word >> 12 & 0x1FF, 9))
    if kind == 0:  # atomic
        return plain
    if kind == 2:
        extend = _EXTENDS.get(word >> 13 & 7)
        index = _name(word >> 16 & 31, False)
        if extend is None:
            return None
        return Operand(base, index, 1 << (shift if word >> 12 & 1 else 0), 0, "", extend) if index else plain
    return None
