"""Critical sections in captured memory: who owns one, and which threads stand in RtlEnterCriticalSection for it."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

from ...dump.minidump import Minidump
from ...format.teb import PROCESS_LAYOUTS
from ...symbols.names import Namer
from ..code import Code
from ..frames import Proof, Stack
from ..x64.arguments import RCX, Argument, Arguments

ENTER = "RtlEnterCriticalSection"
"""The function in which a thread waits for a critical section; EnterCriticalSection is another name of it."""
MAX_FRAMES = 12
"""Frames in which it is looked for: the wait itself takes four to six."""


class Section(NamedTuple):
    """An RTL_CRITICAL_SECTION of the process.

    ``owner`` is the id of the thread that owns it, None where nobody does. ``lock_count`` is as stored, -1 for a free one; ``depth`` is
    how often its owner entered it.
    """

    address: int
    lock_count: int
    depth: int
    owner: Optional[int]
    proofs: Tuple[Proof, ...]


class Sections:
    """Reads critical sections and finds those that threads wait for."""

    def __init__(self, dump: Minidump, code: Code, namer: Namer, arguments: Arguments) -> None:
        self._dump = dump
        self._code = code
        self._namer = namer
        self._arguments = arguments

    def read(self, address: int, pointer_size: int) -> Optional[Section]:
        """The section at an address; None where it is not captured, or what is there can be none."""
        structure = PROCESS_LAYOUTS[pointer_size].critical_section
        data = self._dump.memory.some(address, structure.size) if address else b""
        if len(data) < structure.size:
            return None
        values = structure.unpack(data)
        owner, depth = values["OwningThread"], values["RecursionCount"]
        if depth < 0 or owner > 0xFFFFFFFF or (depth > 0) != (owner != 0):
            return None
        proofs = []
        for name, text in (("LockCount", str(values["LockCount"])), ("RecursionCount", str(depth)), ("OwningThread", f"0x{owner:x}")):
            at = address + structure.offset_of(name)
            place = self._dump.memory.locate(at)
            proofs.append(Proof(f"RTL_CRITICAL_SECTION.{name}", text, "", place[0] if place else None, at))
        return Section(address, values["LockCount"], depth, owner or None, tuple(proofs))

    def awaited(self, stack: Stack) -> Optional[Tuple[Section, Argument, int]]:
        """The section that a stack waits to enter, how it is known, and the number of the frame; None where nothing proves one."""
        x64 = stack.architecture == "AMD64"
        if not x64 and stack.architecture != "x86":
            return None
        for number in range(1, min(len(stack.frames) - 1, MAX_FRAMES)):
            if not stack.frames[number + 1].certain:
                return None
            if x64 and self._x64_begin(stack, number):
                return self._x64(stack, number)
            if not x64 and self._x86_target(stack, number):
                return self._x86(stack, number)
        return None

    def _is_enter(self, address: int) -> bool:
        return any(name.symbol == ENTER and not name.displacement for name in self._namer.name(address))

    def _x64_begin(self, stack: Stack, number: int) -> bool:
        frame = stack.frames[number]
        where = self._arguments.region(frame.ip - 1)
        return where is not None and self._is_enter(where[0].base + where[1].begin)

    def _x64(self, stack: Stack, number: int) -> Optional[Tuple[Section, Argument, int]]:
        """What its caller gave it; where that is not proven, what it gave on to the function in which it waits, if that is an owned section."""
        given = self._arguments.at_call(stack.frames, number, RCX)
        if given is None or not given.certain:
            passed = self._arguments.at_call(stack.frames, number - 1, RCX)
            if passed is not None and passed.certain and (given is None or given.value == passed.value):
                given = passed
        section = None if given is None else self.read(given.value, 8)
        return None if given is None or section is None or section.owner is None else (section, given, number)

    def _x86_target(self, stack: Stack, number: int) -> bool:
        """Whether the call before the return address of a frame leads to it: x86 code has no rows that say where a function begins."""
        back = stack.frames[number].return_address
        if back is None or back < 6:
            return False
        code = self._code.read(back - 6, 6).data
        if len(code) < 6:
            return False
        target = None
        if code[1] == 0xE8:
            target = (back + int.from_bytes(code[2:], "little", signed=True)) & 0xFFFFFFFF
        elif code[:2] == b"\xff\x15":
            word = self._dump.memory.some(int.from_bytes(code[2:], "little"), 4)
            target = int.from_bytes(word, "little") if len(word) == 4 else None
        return target is not None and self._is_enter(target)

    def _x86(self, stack: Stack, number: int) -> Optional[Tuple[Section, Argument, int]]:
        place = stack.frames[number + 1].place
        data = self._dump.memory.some(place + 4, 4) if place is not None else b""
        if place is None or len(data) < 4:
            return None
        value = int.from_bytes(data, "little")
        section = self.read(value, 4)
        where = self._dump.memory.locate(place + 4)
        proof = Proof("argument", f"0x{value:x}", "", where[0] if where else None, place + 4)
        argument = Argument(value, "the stack, above the return address", True, (proof,))
        return None if section is None or section.owner is None else (section, argument, number)
