"""The memory operand of an instruction of x86 or x64: which registers made the address that was used.

Only as much of the encoding is known as that needs: prefixes, opcode, ModRM, SIB and displacement (Intel SDM, volume 2, chapter 2).
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

_NAMES_64 = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
_NAMES_32 = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")
_LEGACY = frozenset(b"\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3")
_SEGMENT = {0x64: "fs", 0x65: "gs"}
_MODRM = frozenset((*range(0x62, 0x64), 0x69, 0x6B, *range(0x80, 0x90), 0xC0, 0xC1, 0xC6, 0xC7, *range(0xD0, 0xD4), *range(0xD8, 0xE0), 0xF6, 0xF7, 0xFE, 0xFF))
_NO_MODRM_0F = frozenset((*range(0x05, 0x0D), 0x0E, *range(0x30, 0x38), 0x77, *range(0x80, 0x90), *range(0xA0, 0xA3), *range(0xA8, 0xAB), *range(0xC8, 0xD0)))
_STRINGS = {0xA4: ("rsi", "rdi"), 0xA5: ("rsi", "rdi"), 0xA6: ("rsi", "rdi"), 0xA7: ("rsi", "rdi"), 0xAA: ("rdi",), 0xAB: ("rdi",)}
_STRINGS.update({0xAC: ("rsi",), 0xAD: ("rsi",), 0xAE: ("rdi",), 0xAF: ("rdi",)})


class Operand(NamedTuple):
    """A memory operand: base register and scaled register (empty: none), the factor of the latter, the displacement, and the segment if it is fs or gs.

    ``extend`` is ``uxtw`` or ``sxtw`` where ARM64 takes 32 bits of the scaled register.
    """

    base: str
    scaled: str
    scale: int
    displacement: int
    segment: str = ""
    extend: str = ""

    @property
    def text(self) -> str:
        """``[rcx+rax*8+0x10]``."""
        parts = [self.base] if self.base else []
        if self.scaled:
            scaled = f"{self.extend}({self.scaled})" if self.extend else self.scaled
            parts.append(f"{scaled}*{self.scale}" if self.scale > 1 else scaled)
        if self.displacement or not parts:
            parts.append(f"{'-' if self.displacement < 0 else ''}0x{abs(self.displacement):x}")
        body = parts[0]
        for part in parts[1:]:
            body += part if part.startswith("-") else f"+{part}"
        return f"{self.segment + ':' if self.segment else ''}[{body}]"

    def address(self, registers: Dict[str, int], width: int, behind: int) -> Optional[int]:
        """The address with these register values; ``behind`` is the instruction's end, for operands relative to it. None for fs and gs."""
        if self.segment:
            return None
        total = self.displacement
        for name, factor, extend in ((self.base, 1, ""), (self.scaled, self.scale, self.extend)):
            if name == "rip":
                total += behind
            elif name:
                value = registers.get(name)
                if value is None:
                    return None
                if extend:
                    value = (value & 0xFFFFFFFF) - (1 << 32 if extend == "sxtw" and value >> 31 & 1 else 0)
                total += value * factor
        return total & ((1 << 8 * width) - 1)


def memory_operands(code: bytes, wide: bool) -> Tuple[Operand, ...]:
    """The memory operands of the instruction that ``code`` begins with; none where it has none, or where its encoding is not known here."""
    at = rex = 0
    segment = ""
    while at < min(len(code), 14) and code[at] in _LEGACY:
        segment = _SEGMENT.get(code[at], segment)
        if code[at] == 0x67:
            return ()
        at += 1
    if wide and at < len(code) and code[at] & 0xF0 == 0x40:
        rex = code[at]
        at += 1
    if at >= len(code):
        return ()
    opcode = code[at]
    at += 1
    if opcode in _STRINGS:
        names = _STRINGS[opcode] if wide else tuple("e" + name[1:] for name in _STRINGS[opcode])
        return tuple(Operand(name, "", 1, 0, segment) for name in names)
    if opcode == 0x0F:
        if at >= len(code):
            return ()
        second = code[at]
        at += 1
        if second in (0x38, 0x3A):
            at += 1
        elif second in _NO_MODRM_0F:
            return ()
    elif opcode in (0xC4, 0xC5, 0x62) and (wide or (at < len(code) and code[at] >> 6 == 3)):
        if opcode == 0x62 or at + 2 > len(code):
            return ()  # EVEX scales its displacement
        inverted = code[at] ^ 0xFF
        rex = (inverted & 0x40) >> 5 | (inverted & 0x20) >> 5 if opcode == 0xC4 else 0
        at += 3 if opcode == 0xC4 else 2
    elif not (opcode < 0x40 and opcode & 7 < 4) and opcode not in _MODRM:
        return ()
    found = _modrm(code, at, rex, wide, segment)
    return () if found is None else (found,)


def _modrm(code: bytes, at: int, rex: int, wide: bool, segment: str) -> Optional[Operand]:
    """The operand of a ModRM byte at ``at``; None for a register, or where bytes are missing."""
    if at >= len(code) or code[at] >> 6 == 3:
        return None
    names = _NAMES_64 if wide else _NAMES_32
    mode, low = code[at] >> 6, code[at] & 7
    at += 1
    base, index, scale = "", "", 1
    plain = low == 5 and mode == 0
    if low == 4:
        if at >= len(code):
            return None
        sib = code[at]
        at += 1
        scale = 1 << (sib >> 6)
        number = (sib >> 3 & 7) | (rex & 2) << 2
        index = "" if number == 4 else names[number]
        plain = sib & 7 == 5 and mode == 0
        base = "" if plain else names[(sib & 7) | (rex & 1) << 3]
    elif not plain:
        base = names[low | (rex & 1) << 3]
    elif wide:
        base = "rip"
    size = 4 if plain or mode == 2 else mode
    if at + size > len(code):
        return None
    return Operand(base, index, scale if index else 1, int.from_bytes(code[at : at + size], "little", signed=True), segment)
