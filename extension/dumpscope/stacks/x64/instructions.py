"""Instructions of x64 code: how long each is, where it branches to, and which general registers it can write.

Only as much is known as it takes to go through a function from its begin and to say that a register was not touched. What a register holds
is said of a few forms of ``mov``, ``lea`` and ``xor``; see :mod:`.arguments`. Intel SDM, volume 2: chapter 2 and appendix A.
"""

from __future__ import annotations

from typing import FrozenSet, NamedTuple, Optional

_PREFIXES = frozenset(b"\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3")
_BARE_0F = frozenset((*range(0x05, 0x0A), 0x0B, 0x0E, *range(0x30, 0x38), 0x77, *range(0x80, 0x90), *range(0xA0, 0xA3), *range(0xA8, 0xAB), *range(0xC8, 0xD0)))
_BYTE_0F = frozenset((0x0F, *range(0x70, 0x74), 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6))
_INVALID = frozenset((0x06, 0x07, 0x0E, 0x16, 0x17, 0x1E, 0x1F, 0x27, 0x2F, 0x37, 0x3F, 0x60, 0x61, 0x82, 0x9A, 0xCE, 0xD4, 0xD5, 0xD6, 0xEA))
_MODRM = frozenset((0x63, 0x69, 0x6B, *range(0x80, 0x90), 0xC0, 0xC1, 0xC6, 0xC7, *range(0xD0, 0xD4), *range(0xD8, 0xE0), 0xF6, 0xF7, 0xFE, 0xFF))
_BYTE = frozenset(
    (0x6A, 0x6B, *range(0x70, 0x81), 0x83, 0xA8, *range(0xB0, 0xB8), 0xC0, 0xC1, 0xC6, 0xCD, *range(0xE0, 0xE8), 0xEB, *(low | 4 for low in range(0, 0x40, 8)))
)
_WORD = frozenset((0x68, 0x69, 0x81, 0xA9, 0xC7, 0xE8, 0xE9, *(low | 5 for low in range(0, 0x40, 8))))
_RAX, _RCX, _RDX, _RSP, _RSI, _RDI = 0, 1, 2, 4, 6, 7
MOST = 15
"""Bytes of the longest instruction."""
NONE: FrozenSet[int] = frozenset()

PLAIN, VEX, EVEX = range(3)


class Instruction(NamedTuple):
    """One instruction. ``table`` is 0 for one-byte opcodes, 1 for 0F, 2 for 0F 38, 3 for 0F 3A (of EVEX others as well).

    ``modrm`` is -1 without such a byte. ``base`` and ``scaled`` are numbers of registers, -1 without, ``base`` 16 for rip; both count only
    where ``memory`` is set. ``immediate`` is signed.
    """

    length: int
    encoding: int
    table: int
    opcode: int
    rex: int
    prefixes: bytes
    modrm: int
    base: int
    scaled: int
    displacement: int
    immediate: int
    vvvv: int

    @property
    def memory(self) -> bool:
        """Whether the r/m operand is memory."""
        return 0 <= self.modrm < 0xC0

    @property
    def reg(self) -> int:
        """The register of the reg field."""
        return (self.modrm >> 3 & 7) | (self.rex & 4) << 1

    @property
    def rm(self) -> int:
        """The register of the r/m field; -1 for memory."""
        return -1 if self.modrm < 0xC0 else (self.modrm & 7) | (self.rex & 1) << 3

    @property
    def low(self) -> int:
        """The register in the low bits of the opcode."""
        return (self.opcode & 7) | (self.rex & 1) << 3

    @property
    def wide(self) -> bool:
        """Whether the operation is one of 64 bits."""
        return bool(self.rex & 8)

    @property
    def plain(self) -> bool:
        """Whether it has a one-byte opcode."""
        return self.encoding == PLAIN and self.table == 0

    @property
    def is_call(self) -> bool:
        """Whether it calls."""
        return self.plain and (self.opcode == 0xE8 or (self.opcode == 0xFF and self.modrm >> 3 & 7 in (2, 3)))

    @property
    def branch(self) -> Optional[int]:
        """How far a direct jump goes from the end of the instruction; None for everything else, calls included."""
        if self.encoding == PLAIN and ((self.table == 1 and 0x80 <= self.opcode < 0x90) or (self.table == 0 and self._jumps())):
            return self.immediate
        return None

    def _jumps(self) -> bool:
        return 0x70 <= self.opcode < 0x80 or 0xE0 <= self.opcode < 0xE4 or self.opcode in (0xE9, 0xEB)

    @property
    def jumps_by_register(self) -> bool:
        """Whether it jumps to where a register or a computed place in memory says: a switch. A jump through an import is none."""
        return self.plain and self.opcode == 0xFF and self.modrm >> 3 & 7 in (4, 5) and self.base != 16

    @property
    def ends(self) -> bool:
        """Whether what follows it does not follow from it."""
        if not self.plain:
            return self.encoding == PLAIN and self.table == 1 and self.opcode == 0x0B
        return self.opcode in (0xC2, 0xC3, 0xCB, 0xCC, 0xCF, 0xE9, 0xEB) or (self.opcode == 0xFF and self.modrm >> 3 & 7 in (4, 5))

    @property
    def moves_32_bits(self) -> bool:
        """Whether the operation is one of 32 bits, which clears the upper half of its destination."""
        return not self.wide and b"\x66" not in self.prefixes


def decode(code: bytes, at: int) -> Optional[Instruction]:
    """The instruction at an offset; None where bytes are missing or there is none."""
    first = at
    end = min(len(code), at + MOST)
    while at < end and code[at] in _PREFIXES:
        at += 1
    prefixes = code[first:at]
    rex = 0
    if at < end and code[at] & 0xF0 == 0x40:
        rex = code[at] & 15 | 16  # a prefix without bits names other 8-bit registers, too
        at += 1
    if at >= end or (rex and (code[at] in _PREFIXES or code[at] & 0xF0 == 0x40)):
        return None  # a REX that is not right before the opcode does not count; compilers write none
    opcode = code[at]
    at += 1
    encoding, table, vvvv = PLAIN, 0, -1
    if opcode == 0x0F:
        if at >= end:
            return None
        table, opcode = 1, code[at]
        at += 1
        if opcode in (0x38, 0x3A):
            if at >= end:
                return None
            table, opcode = (2 if opcode == 0x38 else 3), code[at]
            at += 1
    elif opcode in (0xC4, 0xC5, 0x62):
        size = {0xC5: 1, 0xC4: 2, 0x62: 3}[opcode]
        if at + size >= end:
            return None
        encoding = EVEX if opcode == 0x62 else VEX
        bits = code[at] ^ 0xFF
        if opcode == 0xC5:
            rex, table, vvvv = (bits >> 5) & 4, 1, (bits >> 3) & 15
        else:
            table = code[at] & (7 if opcode == 0x62 else 31)
            rex = (bits >> 5) & 7 | (code[at + 1] >> 4) & 8
            vvvv = (code[at + 1] ^ 0xFF) >> 3 & 15
            if not 1 <= table <= 7:
                return None
        opcode = code[at + size]
        at += size + 1
    elif opcode in _INVALID:
        return None
    return _rest(code, first, at, end, Instruction(0, encoding, table, opcode, rex, prefixes, -1, -1, -1, 0, 0, vvvv))


def _has_modrm(found: Instruction) -> bool:
    if found.encoding != PLAIN:
        return not (found.table == 1 and found.opcode == 0x77)
    if found.table == 0:
        return (found.opcode < 0x40 and found.opcode & 7 < 4) or found.opcode in _MODRM
    return found.table > 1 or found.opcode not in _BARE_0F


def _immediate_size(found: Instruction, modrm: int) -> int:
    opcode, small = found.opcode, b"\x66" in found.prefixes and not found.wide
    if found.encoding != PLAIN:
        return 1 if found.table == 3 or (found.table == 1 and opcode in _BYTE_0F) else 0
    if found.table:
        if found.table == 1:
            return 4 if 0x80 <= opcode < 0x90 else 1 if opcode in _BYTE_0F else 0
        return 1 if found.table == 3 else 0
    if opcode in (0xF6, 0xF7):
        return 0 if modrm >> 3 & 7 > 1 else 1 if opcode == 0xF6 else 2 if small else 4
    if opcode in (0xE8, 0xE9):
        return 4
    if opcode in _BYTE:
        return 1
    if opcode in _WORD:
        return 2 if small else 4
    if 0xB8 <= opcode < 0xC0:
        return 8 if found.wide else 2 if small else 4
    if 0xA0 <= opcode < 0xA4:
        return 4 if b"\x67" in found.prefixes else 8
    return {0xC2: 2, 0xCA: 2, 0xC8: 3}.get(opcode, 0)


def _rest(code: bytes, first: int, at: int, end: int, found: Instruction) -> Optional[Instruction]:
    """ModRM, SIB, displacement and immediate."""
    modrm = base = index = -1
    displacement = 0
    if _has_modrm(found):
        if at >= end:
            return None
        modrm = code[at]
        at += 1
        if found.plain and found.opcode == 0x8F and modrm >> 3 & 7:
            return None  # XOP
        mode, low = modrm >> 6, modrm & 7
        if found.encoding == PLAIN and found.table == 1 and 0x20 <= found.opcode < 0x24:
            mode = 3
        if mode != 3:
            size = {0: 0, 1: 1, 2: 4}[mode]
            base = low | (found.rex & 1) << 3
            if low == 4:
                if at >= end:
                    return None
                sib = code[at]
                at += 1
                index = (sib >> 3 & 7) | (found.rex & 2) << 2
                index = -1 if index == 4 else index
                base = (sib & 7) | (found.rex & 1) << 3
                if sib & 7 == 5 and mode == 0:
                    base, size = -1, 4
            elif low == 5 and mode == 0:
                base, size = 16, 4
            if at + size > end:
                return None
            displacement = int.from_bytes(code[at : at + size], "little", signed=True)
            at += size
    wanted = _immediate_size(found, modrm)
    if at + wanted > end:
        return None
    immediate = int.from_bytes(code[at : at + wanted], "little", signed=True)
    return found._replace(length=at + wanted - first, modrm=modrm, base=base, scaled=index, displacement=displacement, immediate=immediate)


def _byte(found: Instruction, number: int) -> int:
    """The register that holds an 8-bit one: ah, ch, dh and bh are parts of the first four."""
    return number - 4 if 4 <= number < 8 and not found.rex else number


def written(found: Instruction) -> Optional[FrozenSet[int]]:
    """The general registers that an instruction may write: never too few. None where it is not known, as of system calls.

    What a call writes is not included: it is another function's.
    """
    if found.encoding != PLAIN or found.table > 1:
        return frozenset(number for number in (found.reg, found.rm, found.vvvv) if number >= 0)
    rm = frozenset() if found.memory or found.modrm < 0 else frozenset((found.rm,))
    return _written_0f(found, rm) if found.table else _written_plain(found, rm)


def _written_plain(found: Instruction, rm: FrozenSet[int]) -> Optional[FrozenSet[int]]:
    opcode, kind = found.opcode, found.modrm >> 3 & 7
    byte_rm = NONE if not rm else frozenset((_byte(found, found.rm),))
    if opcode < 0x40:
        if opcode >= 0x38:
            return NONE
        if opcode & 7 < 2:
            return rm if opcode & 1 else byte_rm
        return frozenset((_RAX,)) if opcode & 7 > 3 else frozenset((found.reg if opcode & 1 else _byte(found, found.reg),))
    if 0x50 <= opcode < 0x58 or opcode in (0x68, 0x6A, 0x9C, 0x9D):
        return frozenset((_RSP,))
    if 0x58 <= opcode < 0x60:
        return frozenset((_RSP, found.low))
    if opcode in (0x63, 0x69, 0x6B, 0x8B, 0x8D):
        return frozenset((found.reg,))
    if 0x70 <= opcode < 0x80 or opcode in (0x84, 0x85, 0xA8, 0xA9, 0xCC, 0xE9, 0xEB, 0xF4, 0xF5, *range(0xF8, 0xFE), *range(0xD8, 0xDF)):
        return NONE
    if opcode in (0x80, 0x81, 0x83):
        return NONE if kind == 7 else byte_rm if opcode == 0x80 else rm
    if opcode in (0x86, 0x87):
        return frozenset((found.reg, _byte(found, found.reg))) | rm | byte_rm
    if opcode in (0x88, 0xC6, 0xC0, 0xD0, 0xD2, 0xFE):
        return byte_rm
    if opcode in (0x89, 0x8C, 0xC7, 0xC1, 0xD1, 0xD3):
        return rm
    if opcode == 0x8A:
        return frozenset((_byte(found, found.reg),))
    if opcode == 0x8F:
        return rm | {_RSP}
    if 0x90 <= opcode < 0x98:
        return NONE if opcode == 0x90 and not found.rex & 1 else frozenset((_RAX, found.low))
    if opcode == 0x98:
        return frozenset((_RAX,))
    if opcode == 0x99:
        return frozenset((_RDX,))
    if 0xA4 <= opcode < 0xB0:
        return frozenset((_RAX, _RCX, _RSI, _RDI))
    if 0xB0 <= opcode < 0xB8:
        return frozenset((_byte(found, found.low),))
    if 0xB8 <= opcode < 0xC0:
        return frozenset((found.low,))
    if 0xE0 <= opcode < 0xE4:
        return frozenset((_RCX,))
    if opcode in (0xF6, 0xF7):
        return NONE if kind < 2 else (byte_rm if opcode == 0xF6 else rm) if kind < 4 else frozenset((_RAX, _RDX))
    if opcode == 0xFF:
        return rm if kind < 2 else frozenset((_RSP,)) if kind == 6 else NONE
    if opcode == 0xE8 or opcode in (0xC2, 0xC3):
        return NONE
    return None


def _written_0f(found: Instruction, rm: FrozenSet[int]) -> Optional[FrozenSet[int]]:
    opcode, kind = found.opcode, found.modrm >> 3 & 7
    reg = frozenset((found.reg,))
    if opcode in (0x2C, 0x2D, 0x50, 0xC5, 0xD7, 0xAF, 0xB6, 0xB7, 0xB8, 0xBC, 0xBD, 0xBE, 0xBF) or 0x40 <= opcode < 0x50:
        return reg
    if opcode == 0x7E:
        return rm
    if 0x90 <= opcode < 0xA0:
        return NONE if found.memory else frozenset((_byte(found, found.rm),))
    if opcode in (0xA4, 0xA5, 0xAB, 0xAC, 0xAD, 0xB3, 0xBB):
        return rm
    if opcode == 0xBA:
        return NONE if kind == 4 else rm
    if opcode in (0xB0, 0xB1):
        return rm | {_RAX} | ({_byte(found, found.rm)} if rm else NONE)
    if opcode in (0xC0, 0xC1):
        return rm | reg | {_byte(found, found.reg)} | ({_byte(found, found.rm)} if rm else NONE)
    if opcode == 0xC7:
        return rm | {_RAX, _RDX}
    if 0xC8 <= opcode < 0xD0:
        return frozenset((found.low,))
    if opcode == 0xAE:
        return rm
    if opcode == 0x0B or opcode in (0x0D, 0xA3, 0xC2, 0xC3, 0xC4, 0xC6) or 0x10 <= opcode < 0x20 or 0x28 <= opcode < 0x30 or 0x51 <= opcode < 0x78:
        return NONE
    if opcode in (0x7C, 0x7D, 0x7F) or 0x80 <= opcode < 0x90 or opcode >= 0xD0:
        return NONE
    return None
