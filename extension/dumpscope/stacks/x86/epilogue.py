"""Epilogues of x86 code, simulated: what is left of one is followed to its ``ret``.

FPO and frame data describe the body of a function, with everything pushed that its prologue pushes; in an epilogue they lead to a wrong
place. The instructions that are left say what holds (observed: dbgeng 10.0.15063 takes them into account as well). Only those that give
stack back are followed, so whatever is followed to a ``ret`` is what the processor will do.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from ...dump.contexts import Registers
from ...dump.minidump import Minidump
from ...dump.streams.threads import Thread
from ..code import Code, CodeBytes
from ..frames import EPILOGUE, End, Origin, Proof, Step
from ..memory import StackMemory

NAMES = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip")
"""In the order of their numbers in instructions, then eip."""
ESP, EBP, ESI, EDI, EIP = 4, 5, 6, 7, 8
MAX_EPILOGUE = 48
"""Bytes that are looked at."""
_MASK = 0xFFFFFFFF


class Epilogue(NamedTuple):
    """What the rest of an epilogue does: registers that it pops and the return address, as offsets from register ``base`` (esp or ebp).

    ``pops`` is how many bytes of parameters its ``ret n`` takes off the stack.
    """

    base: int
    saves: Tuple[Tuple[int, int], ...]
    return_address: int
    pops: int
    size: int


def follow(code: bytes) -> Optional[Epilogue]:
    """The epilogue that ``code`` begins with, or None if its instructions are none."""
    base, offset, at = ESP, 0, 0
    saves: Dict[int, int] = {}
    while at < len(code):
        one, rest = code[at], code[at : at + 7]
        if 0x58 <= one <= 0x5F and one != 0x58 + ESP:
            saves[one - 0x58] = offset
            offset += 4
            at += 1
        elif one == 0xC9 or rest[:2] in (b"\x89\xec", b"\x8b\xe5"):  # leave; mov esp, ebp
            if saves:
                return None  # popped before esp was set anew: not what compilers write
            base, offset = EBP, 0
            if one == 0xC9:
                saves[EBP] = 0
                offset = 4
            at += 1 if one == 0xC9 else 2
        elif rest[:2] == b"\x83\xc4" and len(rest) >= 3:  # add esp, n
            offset += int.from_bytes(rest[2:3], "little", signed=True)
            at += 3
        elif rest[:2] == b"\x81\xc4" and len(rest) >= 6:
            offset += int.from_bytes(rest[2:6], "little", signed=True)
            at += 6
        elif rest[:3] == b"\x8d\x64\x24" and len(rest) >= 4:  # lea esp, [esp + n]
            offset += int.from_bytes(rest[3:4], "little", signed=True)
            at += 4
        elif rest[:2] == b"\x8d\x65" and len(rest) >= 3 and not saves:  # lea esp, [ebp + n]
            base, offset = EBP, int.from_bytes(rest[2:3], "little", signed=True)
            at += 3
        elif rest[:2] == b"\x8d\xa5" and len(rest) >= 6 and not saves:
            base, offset = EBP, int.from_bytes(rest[2:6], "little", signed=True)
            at += 6
        elif one == 0xC3 or rest[:2] in (b"\xf3\xc3", b"\xf2\xc3"):
            return Epilogue(base, tuple(saves.items()), offset, 0, at + (1 if one == 0xC3 else 2))
        elif one == 0xC2 and len(rest) >= 3:
            return Epilogue(base, tuple(saves.items()), offset, int.from_bytes(rest[1:3], "little"), at + 3)
        else:
            return None
    return None


class EpilogueOrigin(Origin):
    """A frame found by the rest of an epilogue."""

    found_by = EPILOGUE

    def __init__(self, module: str, address: int, code: CodeBytes) -> None:
        self._module = module
        self._address = address
        self._code = code

    @property
    def words(self) -> str:
        return f"{EPILOGUE} of {self._module}" if self._module else EPILOGUE

    def proofs(self) -> List[Proof]:
        return [Proof("code", self._code.data.hex(" "), self._code.file, self._code.offset, self._address)]


class X86Unwinder:
    """Undoes the frame of a function that was interrupted in its epilogue; all others are left to symbol files and frame pointers."""

    def __init__(self, dump: Minidump, code: Code) -> None:
        self._dump = dump
        self._code = code
        self.memory = StackMemory(dump, 4)

    def begin(self, registers: Registers, thread: Optional[Thread]) -> List[int]:
        """The registers of frame 0. Says whose stack is walked."""
        self.memory.enter(thread)
        return [registers.values[name] for name in NAMES]

    def caller(self, registers: Sequence[int], first: bool) -> Union[Step, End, None]:
        """The frame that called this one; None where the code is not at hand or is no epilogue."""
        if not first:
            return None
        ip = registers[EIP]
        code = self._code.read(ip, MAX_EPILOGUE)
        left = follow(code.data)
        if left is None:
            return None
        base = registers[left.base]
        place = base + left.return_address & _MASK
        back = self.memory.word(place)
        if back is None or not (back == 0 or (self._dump.modules.at(back) is not None and self._code.follows_call(back) is not False)):
            return None
        found = list(registers)
        for register, at in left.saves:
            value = self.memory.word(base + at & _MASK)
            if value is None:
                return None
            found[register] = value
        found[ESP] = place + 4
        found[EIP] = back
        module = self._dump.modules.at(ip)
        origin = EpilogueOrigin(module.name if module is not None else "", ip, code._replace(data=code.data[: left.size]))
        return Step(found, origin, place)

    def interrupted(self, step: Step) -> bool:
        """Frames further out have called."""
        return False


__all__ = ["Epilogue", "X86Unwinder", "follow"]
