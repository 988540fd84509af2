"""Unwind codes of ARM64: the records of .xdata and packed words of .pdata, both as lists of codes, one for each instruction.

Microsoft Learn: ARM64 exception handling. The reserved codes that assembler routines use, and save_any_reg, are described there by name;
what they restore is the layout of ARM64_NT_CONTEXT and of a machine frame (winnt.h).
"""

from __future__ import annotations

import struct
from typing import Callable, List, NamedTuple, Sequence, Tuple

from ...format.counted import by_count, counted
from ..x64.unwindinfo import BadUnwind, MissingUnwind

FP, LR, SP, PC = 29, 30, 31, 32

NOP, ALLOC, SET_FP, LOAD, SIGNED, END, END_C, MACHINE_FRAME, CONTEXT, UNWOUND_TO_CALL = range(10)
"""What undoing a code does: nothing; free stack; take the stack pointer from the frame pointer; load registers; remove a signature from lr."""

SAVE_NEXT = -1
MAX_EPILOGUES = 1024
"""Epilogues of one record that are read; a record can claim 65535."""
_SIZES = {0xDF: 2, 0xE0: 4, 0xE2: 2, 0xE7: 3, 0xF8: 2, 0xF9: 3, 0xFA: 4, 0xFB: 5}


class Code(NamedTuple):
    """One unwind code, which stands for one instruction of 4 bytes.

    ``registers`` are loaded from ``offset`` bytes above the stack pointer on, 8 bytes each, or 16 for vectors; numbers from 64 on are of
    registers d or q, which a walk does not need. Then ``freed`` bytes of the stack are given back.
    """

    name: str
    action: int
    registers: Tuple[int, ...] = ()
    offset: int = 0
    freed: int = 0

    @property
    def words(self) -> str:
        """The code for people."""
        text = self.name
        if self.registers:
            text += " " + ",".join(register_name(number) for number in self.registers)
        if self.action == SET_FP and self.offset:
            text += f" fp-0x{self.offset:x}"
        elif self.offset:
            text += f" [sp+0x{self.offset:x}]"
        return text + (f" +0x{self.freed:x}" if self.freed else "")


class Epilogue(NamedTuple):
    """One epilogue: where it begins in the function, and its codes from its first instruction on."""

    start: int
    codes: Tuple[Code, ...]


class Unwind(NamedTuple):
    """How one function, or a part of one, is undone. ``rva`` is the place of its .xdata record, -1 for packed data.

    ``codes`` undo the whole prologue, last instruction first; ``prologue`` of them stand for instructions of this part.
    """

    rva: int
    length: int
    codes: Tuple[Code, ...]
    prologue: int
    epilogues: Tuple[Epilogue, ...]

    def at(self, offset: int) -> Tuple[Sequence[Code], str]:
        """The codes to undo at an offset in the function, and where that is in words."""
        number = offset // 4
        if number < self.prologue:
            return self.codes[self.prologue - number :], f"{number} of {counted(self.prologue, 'instruction')} of the prologue"
        for epilogue in self.epilogues:
            passed = (offset - epilogue.start) // 4
            if 0 <= passed <= instructions(epilogue.codes):
                return epilogue.codes[passed:], f"instruction {passed} of an epilogue"
        return self.codes, ""


def register_name(number: int) -> str:
    """x19, fp, lr, d8."""
    return f"d{number - 64}" if number >= 64 else {FP: "fp", LR: "lr"}.get(number, f"x{number}")


def instructions(codes: Sequence[Code]) -> int:
    """Instructions that the codes up to the first end stand for, the return not counted."""
    for count, code in enumerate(codes):
        if code.action in (END, END_C):
            return count
    return len(codes)


def _pair(first: int) -> Tuple[int, int]:
    return first, first + 1


def _one(data: bytes, at: int, size: int) -> Code:
    first = data[at]
    second = data[at + 1] if size > 1 else 0
    both = first << 8 | second
    register, low = both >> 6 & 15, second & 63
    if first < 0x20:
        return Code("alloc_s", ALLOC, freed=16 * first)
    if first < 0x40:
        return Code("save_r19r20_x", LOAD, (19, 20), 0, 8 * (first & 31))
    if first < 0x80:
        return Code("save_fplr", LOAD, (FP, LR), 8 * (first & 63))
    if first < 0xC0:
        return Code("save_fplr_x", LOAD, (FP, LR), 0, 8 * (first & 63) + 8)
    if first < 0xC8:
        return Code("alloc_m", ALLOC, freed=16 * (both & 0x7FF))
    if first < 0xCC:
        return Code("save_regp", LOAD, _pair(19 + register), 8 * low)
    if first < 0xD0:
        return Code("save_regp_x", LOAD, _pair(19 + register), 0, 8 * low + 8)
    if first < 0xD4:
        return Code("save_reg", LOAD, (19 + register,), 8 * low)
    if first < 0xD6:
        return Code("save_reg_x", LOAD, (19 + (both >> 5 & 15),), 0, 8 * (second & 31) + 8)
    if first < 0xD8:
        return Code("save_lrpair", LOAD, (19 + 2 * (both >> 6 & 7), LR), 8 * low)
    if first < 0xDA:
        return Code("save_fregp", LOAD, _pair(72 + (both >> 6 & 7)), 8 * low)
    if first < 0xDC:
        return Code("save_fregp_x", LOAD, _pair(72 + (both >> 6 & 7)), 0, 8 * low + 8)
    if first < 0xDE:
        return Code("save_freg", LOAD, (72 + (both >> 6 & 7),), 8 * low)
    if first == 0xDE:
        return Code("save_freg_x", LOAD, (72 + (second >> 5),), 0, 8 * (second & 31) + 8)
    if first == 0xE0:
        return Code("alloc_l", ALLOC, freed=16 * int.from_bytes(data[at + 1 : at + 4], "big"))
    if first == 0xE2:
        return Code("add_fp", SET_FP, offset=8 * second)
    if first == 0xE7:
        return _any(second, data[at + 2])
    plain = _PLAIN.get(first)
    if plain is None:
        raise BadUnwind(f"byte {at} of the unwind codes, 0x{first:02x}, is a code that is reserved or not published")
    return plain


_PLAIN = {
    0xE1: Code("set_fp", SET_FP),
    0xE3: Code("nop", NOP),
    0xE4: Code("end", END),
    0xE5: Code("end_c", END_C),
    0xE6: Code("save_next", SAVE_NEXT),
    0xE9: Code("MSFT_OP_MACHINE_FRAME", MACHINE_FRAME),
    0xEA: Code("MSFT_OP_CONTEXT", CONTEXT),
    0xEC: Code("MSFT_OP_CLEAR_UNWOUND_TO_CALL", UNWOUND_TO_CALL),
    0xFC: Code("pac_sign_lr", SIGNED),
}


def _any(second: int, third: int) -> Code:
    """save_any_reg: one register or two of any kind."""
    kind = third >> 6
    if second & 0x80 or kind == 3:
        raise BadUnwind(f"unwind code 0xe7 0x{second:02x} 0x{third:02x} is reserved")
    paired, indexed = bool(second & 0x40), bool(second & 0x20)
    number = second & 31
    if not kind and number + paired > LR:
        raise BadUnwind(f"save_any_reg of x{number + paired}, which is no register that is saved")
    if kind:
        number += 64
    amount = (third & 63) + indexed
    amount *= 16 if paired or indexed or kind == 2 else 8
    registers = _pair(number) if paired else (number,)
    return Code("save_any_reg", LOAD, registers, 0, amount) if indexed else Code("save_any_reg", LOAD, registers, amount)


def decode(data: bytes, start: int = 0) -> Tuple[Code, ...]:
    """The codes from a byte on to the end code, or to the end of the bytes. Raises BadUnwind."""
    found: List[Code] = []
    at = start
    while at < len(data):
        first = data[at]
        size = _SIZES.get(first, 2 if 0xC0 <= first < 0xDF else 1)
        if at + size > len(data):
            raise BadUnwind(f"byte {at} of the unwind codes needs {counted(size, 'byte')}, {len(data) - at} {by_count(len(data) - at, 'is', 'are')} left")
        code = _one(data, at, size)
        if code.action == LOAD and any(LR < number < 64 for number in code.registers):
            raise BadUnwind(f"byte {at} of the unwind codes saves a register that there is not")
        found.append(code)
        at += size
        if code.action == END:
            break
    return tuple(_nexts(found))


def _nexts(codes: Sequence[Code]) -> List[Code]:
    """The codes with each save_next replaced by the pair that it means: the one after that of the code after it."""
    found: List[Code] = []
    for code in reversed(codes):
        if code.action == SAVE_NEXT:
            below = found[-1] if found else code
            if below.action != LOAD or len(below.registers) != 2 or LR in below.registers:
                raise BadUnwind("save_next stands before no pair of registers that can have a next one")
            first = below.registers[0] + 2
            if 28 <= first < 64:
                first = 72  # after x27 and x28 comes d8
            code = Code("save_next", LOAD, _pair(first), below.offset + 16)
        found.append(code)
    found.reverse()
    return found


def read_record(read: Callable[[int, int], bytes], rva: int) -> Unwind:
    """The .xdata record at an offset from the image's base. Raises BadUnwind."""
    head = read(rva, 8)
    if len(head) < 4:
        raise MissingUnwind(f".xdata record at +0x{rva:x} is not at hand")
    word = int.from_bytes(head[:4], "little")
    if word >> 18 & 3:
        raise BadUnwind(f".xdata record at +0x{rva:x} has version {word >> 18 & 3}")
    length = 4 * (word & 0x3FFFF)
    packed = bool(word >> 21 & 1)
    scopes, words, at = word >> 22 & 31, word >> 27, 4
    if not scopes and not words:
        if len(head) < 8:
            raise MissingUnwind(f"the second word of the .xdata record at +0x{rva:x} is not at hand")
        more = int.from_bytes(head[4:], "little")
        scopes, words, at = more & 0xFFFF, more >> 16 & 0xFF, 8
    listed = 0 if packed else scopes
    if listed > MAX_EPILOGUES:
        raise BadUnwind(f".xdata record at +0x{rva:x} has {listed} epilogues, more than the {MAX_EPILOGUES} that are read")
    need = 4 * (listed + words)
    data = read(rva + at, need)
    if len(data) < need:
        raise MissingUnwind(f".xdata record at +0x{rva:x} needs 0x{at + need:x} bytes, 0x{at + len(data):x} are at hand")
    table = data[4 * listed :]
    codes = decode(table)
    epilogues: List[Epilogue] = []
    known = {0: codes}

    def sequence(index: int) -> Tuple[Code, ...]:
        if index not in known:
            if index >= len(table):
                raise BadUnwind(f".xdata record at +0x{rva:x}: an epilogue begins with code byte {index}, there are {len(table)}")
            known[index] = decode(table, index)
        return known[index]

    if packed:
        own = sequence(scopes)
        epilogues.append(Epilogue(length - 4 * (instructions(own) + 1), own))
    for (scope,) in struct.iter_unpack("<I", data[: 4 * listed]):
        epilogues.append(Epilogue(4 * (scope & 0x3FFFF), sequence(scope >> 22)))
    return Unwind(rva, length, codes, instructions(codes), tuple(epilogues))


def unpack(word: int) -> Unwind:
    """The codes that a packed word of .pdata stands for. Raises BadUnwind."""
    flag = word & 3
    length = 4 * (word >> 2 & 0x7FF)
    floats, integers, homes, chain = word >> 13 & 7, word >> 16 & 15, word >> 20 & 1, word >> 21 & 3
    frame = 16 * (word >> 23)
    if flag == 3:
        raise BadUnwind(f"packed unwind data 0x{word:08x} has the flag 3, which is reserved")
    if integers > 10:
        raise BadUnwind(f"packed unwind data 0x{word:08x} saves {integers} integer registers, there are 10")
    if chain == 1 and integers == 1:
        raise BadUnwind(f"packed unwind data 0x{word:08x} saves x19 and lr alone, which no unwind code describes")
    floats += floats > 0
    own_size = 8 * (integers + (chain == 1))
    saved = (own_size + 8 * floats + 64 * homes + 15) & ~15
    local = frame - saved
    if local < 0:
        raise BadUnwind(f"packed unwind data 0x{word:08x} saves 0x{saved:x} bytes in a frame of 0x{frame:x}")
    done = _saves(integers, floats, own_size, saved, bool(homes), chain)
    tail: List[Code] = []  # instructions of the prologue that its epilogue does not mirror
    if homes:
        first = [] if any(code.freed for code in done) else [Code("alloc", ALLOC, freed=saved)]
        done += first
        tail = [Code("nop", NOP)] * (4 - len(first))
    ending = list(done)
    done += tail
    local_codes: List[Code] = []
    if local and (chain < 2 or local > 512):
        if local > 4080:
            local_codes = [Code("alloc_m", ALLOC, freed=4080), Code("alloc_m", ALLOC, freed=local - 4080)]
        else:
            local_codes = [Code("alloc_m", ALLOC, freed=local)]
    if chain >= 2:
        local_codes.append(Code("save_fplr", LOAD, (FP, LR)) if local > 512 or not local else Code("save_fplr_x", LOAD, (FP, LR), 0, local))
    done += local_codes
    ending += local_codes
    if chain >= 2:
        done.append(Code("set_fp", SET_FP))
    end = Code("end", END)
    codes = (*reversed(done), end)
    epilogue = (*reversed(ending), end)
    if flag == 2:
        return Unwind(-1, length, codes, 0, ())
    return Unwind(-1, length, codes, len(done), (Epilogue(length - 4 * len(epilogue), epilogue),))


def _saves(integers: int, floats: int, own_size: int, saved: int, homes: bool, chain: int) -> List[Code]:
    """The instructions of a canonical prologue that save registers, in the order in which they run. The first one allocates the area."""
    done: List[Tuple[str, Tuple[int, ...], int]] = []
    for number in range(0, integers, 2):
        if number + 1 < integers:
            done.append(("save_regp", _pair(19 + number), 8 * number))
        elif chain == 1:
            done.append(("save_lrpair", (19 + number, LR), 8 * number))
        else:
            done.append(("save_reg", (19 + number,), 8 * number))
    if chain == 1 and integers % 2 == 0:
        done.append(("save_reg", (LR,), own_size - 8))
    for number in range(0, floats, 2):
        if number + 1 < floats:
            done.append(("save_fregp", _pair(72 + number), own_size + 8 * number))
        else:
            done.append(("save_freg", (72 + number,), own_size + 8 * number))
    found = [Code("pac_sign_lr", SIGNED)] if chain == 2 else []
    for index, (name, registers, offset) in enumerate(done):
        found.append(Code(name, LOAD, registers, offset) if index else Code(name + "_x", LOAD, registers, 0, saved))
    return found
