"""Code without unwind data, followed to where it returns.

A function that calls nothing and keeps the stack pointer needs no unwind data. Some that change it have none either: ``___chkstk_ms`` of
MinGW pushes two registers. From an instruction of such a function its code says exactly where the return address stands: every way from there
to a ``ret`` is followed, and all of them must agree. What is not known of an instruction, a call, and a jump to a place that is not known end the attempt.

In a function with unwind data the same is done where these do not lead to a return address: in ``pushfq`` … ``popfq`` of inline assembler. Its calls
keep the stack pointer and the registers that calls preserve.
"""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from ...format.unwind import X64_NONVOLATILE
from .instructions import Instruction, decode, written

RAX, RCX, RSP, RBP, R11 = 0, 1, 4, 5, 11
MAX_INSTRUCTIONS = 256
"""Different instructions that are followed."""
MAX_STEPS = 2048
"""Instructions that are followed, those of loops each time."""
LONGEST = 15
_READS = frozenset((0x63, 0x69, 0x6B, 0x84, 0x85, 0x8A, 0x8B, 0x8D))
"""Opcodes that do not write their memory operand, besides those of arithmetic."""

_SAVED = {(0xAE, 0): 512, (0xAE, 4): 4096, (0xAE, 6): 4096, (0xC7, 4): 4096, (0xC7, 5): 4096}
"""Bytes that fxsave, and at most xsave, xsaveopt, xsavec and xsaves, write."""


class Value(NamedTuple):
    """What a register or a word of memory holds: what register ``base`` held at the first instruction, plus a number; ``loaded``: the word there."""

    base: int
    offset: int
    loaded: bool = False


class Returns(NamedTuple):
    """Where the return address stands and what is restored from the stack before it is used, as offsets from register ``base``.

    ``moves`` says whether an instruction in between changes the stack pointer; ``instructions`` counts those that were followed.
    """

    base: int
    return_address: int
    saves: Tuple[Tuple[int, int], ...]
    moves: bool
    instructions: int


class _State(NamedTuple):
    registers: Tuple[Optional[Value], ...]
    memory: Dict[Tuple[int, int], Tuple[int, Optional[Value]]]
    """What was written: size and value by (register, offset)."""


def _merged(one: _State, other: _State) -> Optional[_State]:
    """What holds on both ways; None if the stack pointer differs."""
    if one.registers[RSP] != other.registers[RSP]:
        return None
    registers = tuple(a if a == b else None for a, b in zip(one.registers, other.registers))
    memory = dict(one.memory)
    for key, stored in other.memory.items():
        mine = memory.get(key)
        memory[key] = stored if mine == stored else (max(stored[0], mine[0] if mine else 0), None)
    for key in one.memory.keys() - other.memory.keys():
        memory[key] = (memory[key][0], None)
    return _State(registers, memory)


class _Unknown(Exception):
    """Something that cannot be followed."""


class _Machine:
    """One way through the code: registers and memory, changed by one instruction after the other."""

    def __init__(self, state: _State) -> None:
        self.registers: List[Optional[Value]] = list(state.registers)
        self.memory = dict(state.memory)
        self.moved = False

    def state(self) -> _State:
        return _State(tuple(self.registers), dict(self.memory))

    def load(self, at: Value) -> Optional[Value]:
        """The 8 bytes at an address."""
        same = self.memory.get((at.base, at.offset))
        if same is not None and same[0] == 8 and not self._written(at, at.offset):
            return same[1]
        return None if self._written(at, None) else Value(at.base, at.offset, True)

    def _written(self, at: Value, but: Optional[int]) -> bool:
        return any(
            base == at.base and offset != but and offset < at.offset + 8 and at.offset < offset + size for (base, offset), (size, _) in self.memory.items()
        )

    def store(self, at: Value, size: int, value: Optional[Value]) -> None:
        """Put a value into memory."""
        overlapping = [key for key, (other, _) in self.memory.items() if key[0] == at.base and key[1] < at.offset + size and at.offset < key[1] + other]
        for key in overlapping:
            self.memory[key] = (self.memory[key][0], None)
        self.memory[(at.base, at.offset)] = (size, value)

    def address(self, found: Instruction) -> Optional[Value]:
        """Where a memory operand is; None where that is not known."""
        if found.scaled == RSP or (found.scaled >= 0 and found.base == RSP):
            raise _Unknown
        if found.base < 0 or found.base == 16 or found.scaled >= 0 or b"\x64" in found.prefixes or b"\x65" in found.prefixes or b"\x67" in found.prefixes:
            return None
        base = self.registers[found.base]
        return None if base is None or base.loaded else Value(base.base, base.offset + found.displacement)

    def stack_pointer(self) -> Value:
        """What the stack pointer is."""
        found = self.registers[RSP]
        if found is None or found.loaded:
            raise _Unknown
        return found

    def push(self, value: Optional[Value]) -> None:
        """Push 8 bytes."""
        sp = self.stack_pointer()
        self.registers[RSP] = below = Value(sp.base, sp.offset - 8)
        self.store(below, 8, value)

    def pop(self) -> Optional[Value]:
        """Pop 8 bytes."""
        sp = self.stack_pointer()
        value = self.load(sp)
        self.registers[RSP] = Value(sp.base, sp.offset + 8)
        return value

    def run(self, found: Instruction) -> None:
        """One instruction that is no jump and no return. Raises _Unknown."""
        before = self.registers[RSP]
        if not (found.plain and self._stack(found)) and not (found.plain and self._moves(found)):
            self._other(found)
        self.moved = self.moved or self.registers[RSP] != before

    def _stack(self, found: Instruction) -> bool:
        """Pushes, pops and ``leave``."""
        opcode = found.opcode
        if not (0x50 <= opcode < 0x60 or opcode in (0x68, 0x6A, 0x8F, 0x9C, 0x9D, 0xC9) or (opcode == 0xFF and found.modrm >> 3 & 7 == 6)):
            return False
        if b"\x66" in found.prefixes:
            raise _Unknown
        if opcode < 0x58:
            self.push(self.registers[found.low])
        elif opcode < 0x60:
            value = self.pop()
            self.registers[found.low] = value
        elif opcode == 0x9D:
            self.pop()
        elif opcode == 0x8F:
            value = self.pop()
            if not found.memory:
                self.registers[found.rm] = value
            else:
                at = self.address(found)  # relative to the stack pointer that the pop leaves
                if at is not None:
                    self.store(at, 8, value)
        elif opcode == 0xC9:
            self.registers[RSP] = self.registers[RBP]
            self.registers[RBP] = self.pop()
        else:
            self.push(None)
        return True

    def _moves(self, found: Instruction) -> bool:
        """Moves of 8 bytes, addresses, and numbers added to a register."""
        opcode, kind = found.opcode, found.modrm >> 3 & 7
        if not found.wide or b"\x66" in found.prefixes:
            return False
        if opcode in (0x89, 0x8B):
            if not found.memory:
                to, source = (found.rm, found.reg) if opcode == 0x89 else (found.reg, found.rm)
                self.registers[to] = self.registers[source]
                return True
            at = self.address(found)
            if opcode == 0x8B:
                self.registers[found.reg] = None if at is None else self.load(at)
            elif at is not None:
                self.store(at, 8, self.registers[found.reg])
            return True
        if opcode == 0x8D and found.memory:
            self.registers[found.reg] = self.address(found)
            return True
        if opcode in (0x81, 0x83) and not found.memory and kind in (0, 5):
            value = self.registers[found.rm]
            added = found.immediate if kind == 0 else -found.immediate
            self.registers[found.rm] = None if value is None or value.loaded else Value(value.base, value.offset + added)
            return True
        return False

    def _other(self, found: Instruction) -> None:
        """What else there is: registers that it writes are not known any more, and neither is the memory that it may write."""
        if found.encoding == 0 and found.table == 1 and found.opcode == 0x05:  # syscall
            writes = frozenset((RAX, RCX, R11))
        else:
            known = written(found)
            if known is None or RSP in known:
                raise _Unknown
            writes = known
        if found.memory:
            at = self.address(found)
            if at is not None and not _only_reads(found):
                self.store(at, 8 if found.plain else _SAVED.get((found.opcode, found.modrm >> 3 & 7), 64), None)
        for register in writes:
            self.registers[register] = None


def _only_reads(found: Instruction) -> bool:
    if not found.plain:
        return False
    opcode, kind = found.opcode, found.modrm >> 3 & 7
    if opcode < 0x40:
        return opcode & 7 in (2, 3) or opcode >= 0x38
    if opcode in (0x80, 0x81, 0x83):
        return kind == 7
    if opcode in (0xF6, 0xF7):
        return kind not in (2, 3)
    return opcode in _READS


def _returned(machine: _Machine) -> Optional[Tuple[int, int, Tuple[Tuple[int, int], ...]]]:
    """What holds at a return: where its address stands, and the registers that were restored."""
    sp = machine.stack_pointer()
    if machine.load(sp) != Value(sp.base, sp.offset, True):
        return None
    saves: List[Tuple[int, int]] = []
    for register in X64_NONVOLATILE:
        value = machine.registers[register]
        if value == Value(register, 0):
            continue
        if value is None or not value.loaded or value.base != sp.base:
            return None
        saves.append((register, value.offset))
    return sp.base, sp.offset, tuple(saves)


def _freed(sp: Value) -> bool:
    """Whether some of the frame is gone since the first instruction."""
    return sp.base != RSP or sp.offset > 0


def follow_to_return(
    read: Callable[[int, int], bytes], start: int, leaves: Callable[[int], Optional[bool]], function: Optional[range] = None
) -> Optional[Returns]:
    """Follow code from ``start`` on to every ``ret`` that it can reach; None where a way is not known or two of them do not agree.

    ``read`` gives as many bytes at an address as are at hand. ``leaves`` says of the target of a jump whether another function begins there (True: the
    jump ends this one, as a return does), whether it is code like this (False), or neither (None). ``function`` is where a function with unwind
    data stands, which may call; a call at its very end does not return.
    """
    first = _State(tuple(Value(number, 0) for number in range(16)), {})
    states: Dict[int, _State] = {start: first}
    waiting = [start]
    steps, moves = 0, False
    answers: Dict[int, Tuple[int, int, Tuple[Tuple[int, int], ...]]] = {}
    decoded: Dict[int, Optional[Instruction]] = {}
    while waiting:
        at = waiting.pop()
        steps += 1
        if at not in decoded:
            decoded[at] = decode(read(at, LONGEST), 0)
        found = decoded[at]
        if found is None or steps > MAX_STEPS or len(decoded) > MAX_INSTRUCTIONS:
            return None
        machine = _Machine(states[at])
        try:
            after = _step(machine, found, at, leaves, function)
            answer = _returned(machine) if after is None else None
        except _Unknown:
            return None
        moves = moves or machine.moved
        if after is None:
            if answer is None:
                return None
            answers[at] = answer
            continue
        state = machine.state()
        for target in after:
            known = states.get(target)
            joined = state if known is None else _merged(known, state)
            if joined is None:
                return None
            if joined != known:
                states[target] = joined
                waiting.append(target)
    if len(set(answers.values())) != 1:
        return None
    base, offset, saves = next(iter(answers.values()))
    return Returns(base, offset, saves, moves, len(decoded))


def _step(machine: _Machine, found: Instruction, at: int, leaves: Callable[[int], Optional[bool]], function: Optional[range]) -> Optional[List[int]]:
    """Run one instruction. Gives where it goes on; None for a return, or a jump out of the function. Raises _Unknown."""
    behind = at + found.length
    if found.plain and found.opcode == 0xC3:
        return None
    if found.is_call and function is not None:
        for register in range(16):
            if register != RSP and register not in X64_NONVOLATILE:
                machine.registers[register] = None
        return [behind] if behind in function else []
    if found.jumps_by_register and function is not None and _freed(machine.stack_pointer()):
        return None  # a call in place of a return; the jump of a switch keeps the frame
    if found.is_call or found.jumps_by_register:
        raise _Unknown
    if found.plain and found.opcode == 0xFF and found.modrm >> 3 & 7 == 4:
        return None  # through an import
    if found.branch is not None:
        target = behind + found.branch
        away = leaves(target)
        if away is None or (away and not found.ends):
            raise _Unknown
        if found.plain and 0xE0 <= found.opcode < 0xE3:
            machine.registers[RCX] = None  # loop
        return None if away else [target] if found.ends else [behind, target]
    if found.ends:
        if (found.plain and found.opcode == 0xCC) or not found.plain:
            return []  # int3, ud2: nothing comes back from there
        raise _Unknown
    machine.run(found)
    return [behind]


__all__ = ["Returns", "follow_to_return"]
