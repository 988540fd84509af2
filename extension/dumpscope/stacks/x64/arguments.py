"""What a function was called with, as far as the code of its caller proves it.

x64 passes the first arguments in registers, which the callee is free to change. What the caller put there is known where the instructions
before the call, in one straight line, take it from a register that calls preserve, from a constant, or from an address relative to the
code: such a register is restored by unwinding. What they take from memory is only known as long as nobody wrote there since.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Set, Tuple, Union

from ...dump.absence import Absent
from ...dump.minidump import Minidump
from ...format.unwind import X64_NONVOLATILE, X64_REGISTERS
from ...symbols.images import Images
from ..frames import Frame, Proof
from .functions import Region, Regions
from .instructions import Instruction, decode, written
from .kept import NOWHERE, copied_at, holders
from .unwindinfo import BadUnwind, Row, read_chain

RCX, RDX, RSP, R8, R9 = 1, 2, 4, 8, 9
PARAMETERS = (RCX, RDX, R8, R9)
"""The registers of the first four arguments."""
MAX_FUNCTION = 1 << 16
"""Bytes of a function that are gone through."""
MAX_PARTS = 8
"""Parts of a function elsewhere whose jumps back into it are looked for."""
MAX_PASSED = 8
"""Functions in a row that pass an argument on untouched."""
_PRESERVED = frozenset((*X64_NONVOLATILE, RSP))
_ALL = (1 << 64) - 1


class Argument(NamedTuple):
    """The value of an argument. ``certain`` is False for what was read from memory, which may have changed since the call."""

    value: int
    words: str
    certain: bool
    proofs: Tuple[Proof, ...]


class _Function(NamedTuple):
    """A function as a line of instructions, by offset; and the offsets that jumps lead to. ``switch`` says that some are not known.

    ``outside`` are those that jumps of its parts elsewhere lead to.
    """

    begin: int
    instructions: Tuple[Tuple[int, Instruction], ...]
    targets: Set[int]
    switch: bool
    outside: FrozenSet[int] = NOWHERE


class Arguments:
    """Finds arguments of the calls on a stack of one dump; keeps what it learns of functions."""

    def __init__(self, dump: Minidump, images: Images) -> None:
        self._dump = dump
        self._regions = Regions(dump, images)
        self._functions: Dict[Tuple[int, int], Optional[_Function]] = {}
        self._holders: Dict[Tuple[int, int, int], List[FrozenSet[int]]] = {}

    def region(self, address: int) -> Optional[Tuple[Region, Row]]:
        """The code that an address lies in, and its row; None where no unwind data cover it."""
        module = self._regions.module(address)
        region = self._regions.dynamic(address) if module is None else self._regions.of(module)
        if region is None or isinstance(region, Absent):
            return None
        row = region.rows.at(address - region.base)
        return None if row is None or isinstance(row, Absent) else (region, row)

    def _code(self, region: Region, rva: int, size: int) -> bytes:
        data = self._dump.memory.some(region.base + rva, size)
        if len(data) < size:
            other = region.read(rva, size)
            if len(other) > len(data):
                return other
        return data

    def _function(self, region: Region, row: Row) -> Optional[_Function]:
        key = (region.base, row.begin)
        if key not in self._functions:
            if len(self._functions) >= 1 << 12:
                self._functions.clear()
            self._functions[key] = self._read(region, row)
        return self._functions[key]

    def _read(self, region: Region, row: Row) -> Optional[_Function]:
        found = self._line(region, row)
        if found is None:
            return None
        # A part that the compiler put elsewhere may jump back into the middle.
        parts: Dict[int, Row] = {}
        for target in found.targets:
            if not row.begin <= target < row.end:
                other = region.rows.at(target)
                if isinstance(other, Row):
                    parts[other.begin] = other
        if len(parts) > MAX_PARTS:
            return None
        outside: Set[int] = set()
        for other in parts.values():
            line = self._line(region, other)
            if line is None:
                return None
            outside |= line.targets
        return found._replace(targets=found.targets | outside, outside=frozenset(outside))

    def _line(self, region: Region, row: Row) -> Optional[_Function]:
        size = row.end - row.begin
        if not 0 < size <= MAX_FUNCTION:
            return None
        code = self._code(region, row.begin, size)
        if len(code) < size:
            return None
        instructions: List[Tuple[int, Instruction]] = []
        targets: Set[int] = set()
        switch = False
        at = 0
        while at < size:
            found = decode(code, at)
            if found is None:
                switch = True  # data among code: what follows is not gone through
                break
            instructions.append((row.begin + at, found))
            at += found.length
            if found.branch is not None:
                targets.add(row.begin + at + found.branch)
            switch = switch or found.jumps_by_register
        return _Function(row.begin, tuple(instructions), targets, switch)

    def at_call(self, frames: Sequence[Frame], callee: int, register: int) -> Optional[Argument]:
        """What frame ``callee`` was called with in a register; None where nothing proves it.

        ``frames`` are those of one x64 stack, innermost first; the caller is the frame after the callee.
        """
        wanted, added = register, 0
        proofs: Tuple[Proof, ...] = ()
        for frame in frames[callee + 1 : callee + 1 + MAX_PASSED]:
            where = self.region(frame.ip - 1) if frame.certain and frame.calls else None
            if where is None:
                return None
            found = self._in_caller(frame, where, _Trace(wanted, added, proofs))
            if not isinstance(found, _Trace):
                return found
            wanted, added, proofs = found.register, found.added, found.proofs  # the function's own argument, which it passes on
        return None

    def kept(self, frames: Sequence[Frame], number: int, register: int) -> Optional[Argument]:
        """What the function of a frame was called with in a register, where it keeps that in one that calls preserve; else as :meth:`at_call`."""
        frame = frames[number]
        where = self.region(frame.ip - 1) if frame.certain and frame.calls else None
        found = None if where is None else self._kept(frame, *where, register)
        return found or self.at_call(frames, number, register)

    def _kept(self, frame: Frame, region: Region, row: Row, register: int) -> Optional[Argument]:
        function = self._function(region, row)
        index = -1 if function is None else _index_of_call(function, frame.ip - region.base)
        if function is None or index < 0:
            return None
        for holder in sorted(self._held(region, row, function, register)[index] & frozenset(X64_NONVOLATILE)):
            copied = copied_at(function.instructions, holder, index)
            if copied is not None:
                at, found = function.instructions[copied]
                source = X64_REGISTERS[found.reg if found.opcode == 0x89 else found.rm]
                words = f"{X64_REGISTERS[register]} of the call, which the function keeps in {X64_REGISTERS[holder]}"
                value = frame.registers[holder]
                code = Proof("code", f"mov {X64_REGISTERS[holder]}, {source}, on every way to the call", *region.place(at), address=region.base + at)
                return Argument(value, words, True, (code, Proof(f"{X64_REGISTERS[holder]} of frame {frame.number:02x}", f"0x{value:x}")))
        return None

    def _held(self, region: Region, row: Row, function: _Function, register: int) -> List[FrozenSet[int]]:
        """The registers that hold a parameter before each instruction; none in a part of a function."""
        key = (region.base, row.begin, register)
        if key not in self._holders:
            try:
                whole = not function.switch and len(read_chain(region.read, row)) == 1
            except BadUnwind:
                whole = False
            held = holders(function.instructions, function.outside, register) if whole else [NOWHERE] * len(function.instructions)
            if len(self._holders) >= 1 << 8:
                self._holders.clear()
            self._holders[key] = held
        return self._holders[key]

    def _in_caller(self, frame: Frame, where: Tuple[Region, Row], trace: _Trace) -> Union[Argument, _Trace, None]:
        region, row = where
        function = self._function(region, row)
        if function is None or function.switch:
            return None
        index = _index_of_call(function, frame.ip - region.base)
        if index < 0:
            return None
        found = self._back(frame, region, function, index, trace)
        if found is None and trace.register in PARAMETERS and trace.register in self._held(region, row, function, trace.register)[index]:
            return trace  # on no way to the call is it written
        return found

    def _back(self, frame: Frame, region: Region, function: _Function, index: int, trace: _Trace) -> Union[Argument, _Trace, None]:
        """Go back from a call to what set the register; a _Trace again where that is an argument of the function itself."""
        wanted, added, proofs = trace.register, trace.added, trace.proofs
        changed: Set[int] = set()
        upper = _ALL
        while function.instructions[index][0] not in function.targets:  # else more than one way leads here
            index -= 1
            if index < 0:
                return _Trace(wanted, added, proofs) if wanted in PARAMETERS and upper == _ALL else None
            at, found = function.instructions[index]
            writes = None if found.is_call or found.ends else written(found)
            if writes is None:
                return None
            if wanted in writes:
                step = _source(found, wanted)
                if step is None or (step.narrow and added):
                    return None
                proofs = (*proofs, Proof("code", step.words, *region.place(at), address=region.base + at))
                upper = 0xFFFFFFFF if step.narrow else upper
                if step.register < 0:
                    start = region.base + at + found.length if step.relative else 0
                elif step.register not in _PRESERVED:
                    if step.loads:
                        return None
                    wanted, added = step.register, added + step.added
                    changed |= writes
                    continue
                elif step.register in changed | (writes - {wanted}):
                    return None
                else:
                    start = frame.registers[step.register]
                    proofs = (*proofs, Proof(f"{X64_REGISTERS[step.register]} of frame {frame.number:02x}", f"0x{start:x}"))
                if step.loads:
                    return self._loaded(start + step.added & _ALL, added, step, upper, proofs)
                kept = f", and {X64_REGISTERS[step.register]} is preserved across calls" if step.register >= 0 else ""
                return Argument((start + step.added + added) & upper, step.words + kept, True, proofs)
            changed |= writes
        return None

    def _loaded(self, address: int, added: int, step: _Step, upper: int, proofs: Tuple[Proof, ...]) -> Optional[Argument]:
        data = self._dump.memory.some(address, 4 if step.narrow else 8)
        if len(data) < (4 if step.narrow else 8):
            return None
        value = int.from_bytes(data, "little")
        place = self._dump.memory.locate(address)
        proof = Proof("memory", f"0x{value:x}", "", place[0] if place else None, address)
        return Argument((value + added) & upper, f"{step.words}: read from memory, which may have changed since the call", False, (*proofs, proof))


def _index_of_call(function: _Function, behind: int) -> int:
    """The index of the call that ends at an offset, -1 if there is none."""
    index = next((n for n, (at, item) in enumerate(function.instructions) if at + item.length == behind), -1)
    return index if index >= 0 and function.instructions[index][1].is_call else -1


class _Trace(NamedTuple):
    """A register whose value is looked for, a number that is added to it, and what led there."""

    register: int
    added: int
    proofs: Tuple[Proof, ...]


class _Step(NamedTuple):
    """Where a register's value came from: another register (-1: none) plus a number.

    ``relative`` is to the end of the instruction; ``loads`` takes what stands there in memory; ``narrow`` only 32 bits.
    """

    words: str
    register: int
    added: int = 0
    relative: bool = False
    loads: bool = False
    narrow: bool = False


def _source(found: Instruction, wanted: int) -> Optional[_Step]:
    """What an instruction that writes a register puts there, where it is one of the few forms that say so."""
    if not found.plain or b"\x64" in found.prefixes or b"\x65" in found.prefixes or b"\x66" in found.prefixes or b"\x67" in found.prefixes:
        return None
    opcode = found.opcode
    to = X64_REGISTERS[wanted] if found.wide else _narrow_name(wanted)
    narrow = not found.wide
    if 0xB8 <= opcode < 0xC0 and found.low == wanted:
        return _Step(f"mov {to}, 0x{found.immediate & _ALL if found.wide else found.immediate & 0xFFFFFFFF:x}", -1, found.immediate, narrow=narrow)
    if opcode == 0xC7 and found.rm == wanted:
        return _Step(f"mov {to}, 0x{found.immediate & (_ALL if found.wide else 0xFFFFFFFF):x}", -1, found.immediate, narrow=narrow)
    if opcode in (0x31, 0x33, 0x29, 0x2B) and found.rm == found.reg == wanted:
        return _Step(f"{'xor' if opcode & 0x10 else 'sub'} {to}, {to}", -1)
    source = -1
    if opcode == 0x89 and found.rm == wanted:
        source = found.reg
    elif opcode == 0x8B and found.reg == wanted and not found.memory:
        source = found.rm
    if source >= 0:
        return _Step(f"mov {to}, {X64_REGISTERS[source] if found.wide else _narrow_name(source)}", source, narrow=narrow)
    if opcode in (0x8B, 0x8D) and found.memory and found.reg == wanted and found.scaled < 0 and found.base >= 0:
        if opcode == 0x8D and narrow:
            return None
        base = "rip" if found.base == 16 else X64_REGISTERS[found.base]
        sign = "-" if found.displacement < 0 else "+"
        place = f"[{base}{f'{sign}0x{abs(found.displacement):x}' if found.displacement else ''}]"
        register = -1 if found.base == 16 else found.base
        return _Step(f"{'lea' if opcode == 0x8D else 'mov'} {to}, {place}", register, found.displacement, found.base == 16, opcode == 0x8B, narrow)
    return None


def _narrow_name(number: int) -> str:
    name = X64_REGISTERS[number]
    return f"{name}d" if number >= 8 else f"e{name[1:]}"
