"""Slim reader/writer locks, condition variables and addresses: threads that stand in the functions of ntdll that wait for them.

None of these stores an owner, so nothing says who has to act. What a thread waits for is the first argument of the function, where the code
of its caller proves it, or the function keeps it in a register that calls preserve.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional

from ...dump.minidump import Minidump
from ...symbols.names import Namer
from ..frames import Proof, Stack
from ..x64.arguments import RCX, Argument, Arguments

MAX_FRAMES = 12
"""Frames in which such a function is looked for, as for critical sections."""


class LockCall(NamedTuple):
    """A function that waits: what its first argument is, and what for."""

    kind: str
    words: str


LOCK, CONDITION, ADDRESS = "SRW lock", "condition variable", "address"
CALLS: Dict[str, LockCall] = {
    "RtlAcquireSRWLockExclusive": LockCall(LOCK, "to own it alone"),
    "RtlAcquireSRWLockShared": LockCall(LOCK, "to share it"),
    "RtlSleepConditionVariableSRW": LockCall(CONDITION, "until it is woken"),
    "RtlSleepConditionVariableCS": LockCall(CONDITION, "until it is woken"),
    "RtlWaitOnAddress": LockCall(ADDRESS, "until what is there changes"),
}
"""Exports of ntdll (synchapi.h has them under the names without Rtl). The others may wait by RtlWaitOnAddress, as Wine's do."""


class Lock(NamedTuple):
    """What a stack waits for. ``argument`` is None where the address is not proven; ``number`` is the frame of the function."""

    function: str
    call: LockCall
    argument: Optional[Argument]
    number: int

    @property
    def meaning(self) -> str:
        """What is waited for, without its address."""
        article = "an" if self.call.kind[0] in "aS" else "a"
        return f"for {article} {self.call.kind}, {self.call.words}"


class Locks:
    """Finds the locks that stacks of x64 threads wait for."""

    def __init__(self, dump: Minidump, namer: Namer, arguments: Arguments) -> None:
        self._dump = dump
        self._namer = namer
        self._arguments = arguments

    def awaited(self, stack: Stack) -> Optional[Lock]:
        """The innermost such function on a stack; an address only where no other function waits by it. None where there is none."""
        if stack.architecture != "AMD64":
            return None
        last: Optional[Lock] = None
        for number in range(1, min(len(stack.frames) - 1, MAX_FRAMES)):
            if not stack.frames[number + 1].certain:
                break
            name = self._function(stack, number)
            call = CALLS.get(name)
            if call is None:
                continue
            last = Lock(name, call, self._argument(stack, number), number)
            if call.kind != ADDRESS:
                break
        return last

    def _function(self, stack: Stack, number: int) -> str:
        """The exported name of the function of a frame, an empty string where its beginning has none."""
        where = self._arguments.region(stack.frames[number].ip - 1)
        if where is None:
            return ""
        for name in self._namer.name(where[0].base + where[1].begin):
            if name.symbol in CALLS and not name.displacement and name.module.lower() == "ntdll":
                return name.symbol
        return ""

    def _argument(self, stack: Stack, number: int) -> Optional[Argument]:
        given = self._arguments.kept(stack.frames, number, RCX)
        if given is None or not given.certain or not given.value:
            return None
        data = self._dump.memory.some(given.value, 8)
        if len(data) < 8:
            return given
        place = self._dump.memory.locate(given.value)
        word = int.from_bytes(data, "little")
        return given._replace(proofs=(*given.proofs, Proof("what is there", f"0x{word:x}", "", place[0] if place else None, given.value)))
