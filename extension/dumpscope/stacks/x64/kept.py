"""Which registers hold what a function was called with, at each of its instructions, whatever way leads there."""

from __future__ import annotations

from typing import FrozenSet, List, Optional, Sequence, Tuple

from ...format.unwind import X64_NONVOLATILE
from .instructions import Instruction, written

RSP = 4
NOWHERE: FrozenSet[int] = frozenset()
MAX_ROUNDS = 1 << 16
"""Instructions that are gone through, again where ways meet, until nothing changes."""


def _after(found: Instruction, holds: FrozenSet[int]) -> FrozenSet[int]:
    """The registers that hold the value after an instruction."""
    if found.is_call:
        return holds & frozenset(X64_NONVOLATILE)
    if found.ends:
        return holds  # a jump
    writes = written(found)
    if writes is None:
        return NOWHERE
    left = holds - writes
    if found.plain and found.wide and b"\x66" not in found.prefixes and not found.memory:
        to, source = (found.rm, found.reg) if found.opcode == 0x89 else (found.reg, found.rm) if found.opcode == 0x8B else (-1, -1)
        if source in holds and to != RSP:
            left |= {to}
    return left


def holders(instructions: Sequence[Tuple[int, Instruction]], outside: FrozenSet[int], parameter: int) -> List[FrozenSet[int]]:
    """The registers that hold a parameter's value before each instruction of a function; none where a way leads that is not known.

    ``instructions`` begin at the function's first; ``outside`` are the offsets that jumps of its parts elsewhere lead to.
    """
    place = {at: index for index, (at, _) in enumerate(instructions)}
    holds: List[Optional[FrozenSet[int]]] = [None] * len(instructions)
    waiting: List[int] = []

    def reach(index: int, value: FrozenSet[int]) -> None:
        before = holds[index]
        joined = value if before is None else before & value
        if joined != before:
            holds[index] = joined
            waiting.append(index)

    if instructions:
        reach(0, frozenset((parameter,)))
    for target in outside:
        if target in place:
            reach(place[target], NOWHERE)
    for _ in range(MAX_ROUNDS):
        if not waiting:
            return [value or NOWHERE for value in holds]
        index = waiting.pop()
        at, found = instructions[index]
        value = _after(found, holds[index] or NOWHERE)
        if found.branch is not None:
            target = at + found.length + found.branch
            if target in place:
                reach(place[target], value)
        if not found.ends and index + 1 < len(instructions):
            reach(index + 1, value)
    return [NOWHERE] * len(instructions)


def copied_at(instructions: Sequence[Tuple[int, Instruction]], register: int, before: int) -> Optional[int]:
    """The index of the last instruction before one that copies a register into ``register``."""
    for index in range(before - 1, -1, -1):
        found = instructions[index][1]
        if (
            found.plain
            and found.wide
            and not found.memory
            and ((found.opcode == 0x89 and found.rm == register) or (found.opcode == 0x8B and found.reg == register))
        ):
            return index
    return None
