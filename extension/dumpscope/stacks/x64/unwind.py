"""One frame of x64 code undone.

How the caller's registers follow from those of a frame depends only on the instruction that the frame stands at, so it is worked
out once for each and kept as a :class:`Recipe`.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple, Union

from ...dump.absence import Absent
from ...dump.contexts import Registers
from ...dump.minidump import Minidump
from ...dump.streams.threads import Thread
from ...format.counted import counted
from ...format.unwind import UNWIND_OPS, X64_NONVOLATILE, X64_REGISTERS
from ...symbols.images import Images
from ..frames import (
    DAMAGED,
    EPILOGUE,
    INSTRUCTIONS,
    LEAF,
    NO_IMAGE,
    NO_MODULE,
    NO_UNWIND_DATA,
    NOT_A_CALL,
    NOT_CAPTURED,
    UNWIND_DATA,
    End,
    Origin,
    Proof,
    Step,
)
from ..memory import StackMemory
from .epilogue import MAX_EPILOGUE, Epilogue, follow, follows_call
from .functions import Region, Regions
from .returning import follow_to_return
from .unwindinfo import (
    ALLOC_LARGE,
    ALLOC_SMALL,
    CHAININFO,
    PUSH_MACHFRAME,
    PUSH_NONVOL,
    SAVE_NONVOL,
    SAVE_NONVOL_FAR,
    SAVE_XMM128,
    SAVE_XMM128_FAR,
    SET_FPREG,
    BadUnwind,
    MissingUnwind,
    Row,
    UnwindInfo,
    read_chain,
)

RSP, RIP = 4, 16
NAMES: Tuple[str, ...] = (*X64_REGISTERS, "rip")
PRESERVED: Tuple[int, ...] = (*X64_NONVOLATILE, RSP, RIP)
ADDRESS_END = 1 << 64
ENTERED = frozenset(("KiUserApcDispatcher", "KiUserCallbackDispatcher", "KiUserExceptionDispatcher"))
"""Functions of ntdll that the kernel enters. Windows describes what they were given as a machine frame; Wine as words that a call would leave."""


class Recipe(Origin):
    """How the caller's registers follow from a frame's: each word is at register ``base`` plus an offset.

    ``saves`` are (register, offset), ``xmm`` the same for XMM registers; the return address is at ``return_address``. With ``machine``
    the words there are RIP, CS, EFLAGS and RSP as the processor pushes them. ``elsewhere`` are (register, other base, offset): what was
    pushed after the function set its frame register.
    """

    def __init__(
        self,
        found_by: str,
        base: int,
        saves: Tuple[Tuple[int, int], ...],
        return_address: int,
        region: Optional[Region] = None,
        chain: Sequence[Tuple[Row, UnwindInfo]] = (),
    ) -> None:
        self.found_by = found_by
        self.base = base
        self.saves = saves
        self.return_address = return_address
        self.region = region
        self.chain = tuple(chain)
        self.xmm: Tuple[Tuple[int, int], ...] = ()
        self.elsewhere: Tuple[Tuple[int, int, int], ...] = ()
        self.machine = False
        self.verify = False
        self.note = ""
        self.certain = True

    @property
    def words(self) -> str:
        """One line: how, and the function."""
        if not self.chain or self.region is None:
            return f"{self.found_by}: {self.note}" if self.note else self.found_by
        row = self.chain[0][0]
        name = self.region.name or f"0x{self.region.base:x}"
        return f"{self.found_by} of {name}+0x{row.begin:x}-0x{row.end:x}" + (f"; {self.note}" if self.note else "")

    def proofs(self) -> List[Proof]:
        """The rows and the unwind data that say so, and where they stand."""
        found: List[Proof] = []
        region = self.region
        if region is None:
            return [Proof("no unwind data", self.note)] if self.note else []
        name = region.name or f"0x{region.base:x}"
        for row, info in self.chain:
            number = f"row {row.number} of {name}: " if row.number >= 0 else f"chained row of {name}: "
            value = f"{number}+0x{row.begin:x} to +0x{row.end:x}, UNWIND_INFO +0x{row.unwind:x}"
            if region.image is None and row.number >= 0:
                found.append(Proof("RUNTIME_FUNCTION", value, "", row.place))  # a row of FunctionTableStream
            else:
                found.append(Proof("RUNTIME_FUNCTION", value, *region.place(row.place), address=region.base + row.place))
            words = f"version {info.version}, prologue 0x{info.prologue:x}, {counted(len(info.codes), 'code')}"
            if info.frame_register:
                words += f", frame register {X64_REGISTERS[info.frame_register]} - 0x{info.frame_offset:x}"
            found.append(Proof("UNWIND_INFO", words, *region.place(info.rva), address=region.base + info.rva))
        if self.note:
            found.append(Proof(self.found_by, self.note))
        return found


class _Stacked(NamedTuple):
    """What the undone codes say: like a Recipe, without where it comes from."""

    base: int
    saves: Dict[int, int]
    xmm: Dict[int, int]
    return_address: int
    machine: bool
    elsewhere: Dict[int, Tuple[int, int]]


def undo(chain: Sequence[Tuple[Row, UnwindInfo]], passed: int) -> _Stacked:
    """Undo the codes of a function and of those that it is chained to. Raises BadUnwind.

    ``passed`` is the offset of the instruction in the first function: only codes up to there have run. A part that is chained
    stands after the whole prologue of what it is a part of. What is pushed after the frame register was set is popped from the stack
    pointer, what was pushed before it from the frame register; registers that are moved to the frame are found from the frame register.
    """
    base, offset = RSP, 0
    saves: Dict[int, Tuple[int, int]] = {}
    xmm: Dict[int, Tuple[int, int]] = {}
    machine = False
    for depth, (_, info) in enumerate(chain):
        reached = passed if depth == 0 else 1 << 32
        frame_base, frame = base, offset
        if info.frame_register and _established(info, reached):
            frame_base, frame = info.frame_register, -info.frame_offset
            if frame_base in saves:
                raise BadUnwind(f"UNWIND_INFO at +0x{info.rva:x}: the frame register was restored before")
        for code in info.codes:
            if code.offset > reached:
                continue
            op = code.op
            if op == PUSH_NONVOL:
                saves[code.info] = base, offset
                offset += 8
            elif op in (ALLOC_LARGE, ALLOC_SMALL):
                offset += code.value
            elif op == SET_FPREG:
                if not info.frame_register:
                    raise BadUnwind(f"UNWIND_INFO at +0x{info.rva:x} sets a frame register and names none")
                if frame_base in saves:
                    raise BadUnwind(f"UNWIND_INFO at +0x{info.rva:x}: the frame register was restored before")
                base, offset = frame_base, frame
            elif op in (SAVE_NONVOL, SAVE_NONVOL_FAR):
                saves[code.info] = frame_base, frame + code.value
            elif op in (SAVE_XMM128, SAVE_XMM128_FAR):
                xmm[code.info] = frame_base, frame + code.value
            elif op == PUSH_MACHFRAME:
                offset += 8 * (code.info & 1)
                machine = True
                break
        if machine:
            break
    near = {register: at for register, (through, at) in saves.items() if through == base}
    elsewhere = {register: place for register, place in saves.items() if place[0] != base}
    return _Stacked(base, near, {register: at for register, (through, at) in xmm.items() if through == base}, offset, machine, elsewhere)


def _established(info: UnwindInfo, reached: int) -> bool:
    """Whether the frame register holds the frame's address already."""
    if reached >= info.prologue or info.flags & CHAININFO:
        return True
    return any(code.op == SET_FPREG and code.offset <= reached for code in info.codes)


class X64Unwinder:
    """Unwinds x64 frames of one dump."""

    names = NAMES
    architecture = "AMD64"
    preserved = PRESERVED
    ip, sp = RIP, RSP

    def __init__(self, dump: Minidump, images: Images) -> None:
        self._dump = dump
        self.memory = StackMemory(dump, 8)
        self.regions = Regions(dump, images)
        self._recipes: Dict[Tuple[int, bool], Union[Recipe, End]] = {}
        self._bodies: Dict[int, Optional[Recipe]] = {}
        self._calls: Dict[int, bool] = {}
        self._seen: Dict[int, bool] = {}
        self._entries: Dict[int, FrozenSet[int]] = {}

    def begin(self, registers: Registers, thread: Optional[Thread]) -> List[int]:
        """The registers of frame 0. Says whose stack is walked."""
        self.memory.enter(thread)
        values = registers.values
        return [values[name] for name in NAMES]

    def code(self, region: Optional[Region], address: int, size: int) -> bytes:
        """Bytes of code: as captured, else from the image."""
        data = self._dump.memory.some(address, size)
        if len(data) < size and region is not None:
            other = region.read(address - region.base, size)
            if len(other) > len(data):
                return other
        return data

    def caller(self, registers: Sequence[int], first: bool) -> Union[Step, End]:
        """The frame that called this one, or why it is not known. ``first`` says that ``registers`` are of an interrupted function."""
        key = (registers[RIP], first)
        recipe = self._recipes.get(key)
        if recipe is None:
            recipe = self._recipes[key] = self._recipe(registers[RIP], first)
        if isinstance(recipe, End):
            return recipe
        word = self.memory.word
        base = registers[recipe.base]
        place = base + recipe.return_address
        ip = word(place)
        if ip is None:
            return End(NOT_CAPTURED, f"the return address at 0x{place:x} is not in the dump", place)
        if recipe.verify and not self._is_call(ip):
            return End(NOT_A_CALL, f"{recipe.note}, and 0x{ip:x}, found at 0x{place:x}, does not follow a call", registers[RIP])
        if first and recipe.chain and not recipe.machine and not (ip == 0 or self._call_seen(ip)):
            other = self._better(recipe, registers)
            if other is not None:
                recipe, base = other, registers[other.base]
                place = base + other.return_address
                ip = word(place) or 0
        found = list(registers)
        for register, offset in recipe.saves:
            value = word(base + offset)
            if value is None:
                return End(NOT_CAPTURED, f"{X64_REGISTERS[register]}, saved at 0x{base + offset:x}, is not in the dump", base + offset)
            found[register] = value
        for register, other_base, offset in recipe.elsewhere:
            at = registers[other_base] + offset
            value = word(at)
            if value is None:
                return End(NOT_CAPTURED, f"{X64_REGISTERS[register]}, saved at 0x{at:x}, is not in the dump", at)
            found[register] = value
        if recipe.machine:
            sp = word(place + 24)
            if sp is None:
                return End(NOT_CAPTURED, f"the machine frame at 0x{place:x} is not in the dump", place + 24)
            found[RSP] = sp
        else:
            found[RSP] = place + 8
        found[RIP] = ip
        return Step(found, recipe, place, recipe.machine or self._is_call(ip) or self._was_interrupted(recipe, ip))

    def interrupted(self, step: Step) -> bool:
        """Whether the frame that was found had been interrupted, and had not called: after a machine frame, or below a function that the kernel enters."""
        recipe = step.origin
        return isinstance(recipe, Recipe) and (recipe.machine or (step.certain and self._was_interrupted(recipe, step.registers[RIP])))

    def _was_interrupted(self, recipe: Recipe, ip: int) -> bool:
        """Whether a function that the kernel enters with the registers of another one was undone: they are those of what it interrupted."""
        region = recipe.region
        if recipe.found_by != UNWIND_DATA or region is None or not recipe.chain or self._call_seen(ip) or region.name.lower() != "ntdll":
            return False
        return recipe.chain[0][0].begin in self._entries_of(region)

    def _entries_of(self, region: Region) -> FrozenSet[int]:
        """Where the functions begin that the kernel enters in place of what a thread does, by the exports of ntdll."""
        found = self._entries.get(region.base)
        if found is None:
            exports = () if region.image is None else region.image.exports
            found = self._entries[region.base] = frozenset(export.rva for export in exports if export.name in ENTERED)
        return found

    def _better(self, recipe: Recipe, registers: Sequence[int]) -> Optional[Recipe]:
        """Another way to undo an interrupted function, one that leads to a return address whose call is seen where ``recipe`` does not."""
        ip = registers[RIP]
        for other in (self._in_body(ip, recipe), self._followed(ip, recipe)):
            if other is not None:
                back = self.memory.word(registers[other.base] + other.return_address)
                if back and self._call_seen(back):
                    return other
        return None

    # -- recipes -------------------------------------------------------------------------------------------------------------

    def _recipe(self, ip: int, first: bool) -> Union[Recipe, End]:
        look = ip if first else ip - 1
        region: Union[Region, Absent, None] = self.regions.dynamic(look)
        module = None
        if region is None:
            module = self.regions.module(look)
            if module is None:
                return self._bare(ip, first, f"0x{ip:x} is in no module", NO_MODULE, "")
            region = self.regions.of(module)
        if isinstance(region, Absent):
            assert module is not None
            kind = NO_UNWIND_DATA if "unwind data" in region.message else NO_IMAGE
            return End(kind, region.message, ip, module.name)
        row = region.rows.at(look - region.base)
        if isinstance(row, Absent):
            return End(NO_UNWIND_DATA, f"no unwind data for 0x{ip:x}: {row.message}", ip, region.name)
        if row is None:
            name = region.name or f"0x{region.base:x}"
            return self._bare(ip, first, f"no row of {name} covers +0x{look - region.base:x}", NO_UNWIND_DATA, region.name, region)
        try:
            return self._undone(region, row, ip, first)
        except MissingUnwind as missing:
            return End(NOT_CAPTURED, f"{region.name}: {missing}", ip, region.name)
        except BadUnwind as bad:
            return End(DAMAGED, f"{region.name}: {bad}", ip, region.name)

    def _bare(self, ip: int, first: bool, note: str, kind: str, name: str, region: Optional[Region] = None) -> Union[Recipe, End]:
        """A function without unwind data. Only one that was interrupted can be a leaf: another one has called, so it has a frame.

        One that changes the stack pointer nevertheless is undone by its instructions, where they can be followed to the end.
        """
        if not first:
            return End(kind, f"{note}: how its frame is undone is not known", ip, name)
        followed = follow_to_return(lambda at, size: self.code(region, at, size), ip, lambda target: self._leaves(region, target))
        if followed is not None and followed.moves:
            recipe = Recipe(INSTRUCTIONS, followed.base, followed.saves, followed.return_address, region)
            recipe.note = f"{note}; {counted(followed.instructions, 'instruction')} followed to ret"
            recipe.verify = True
            return recipe
        recipe = Recipe(LEAF, RSP, (), 0, region)
        recipe.note = note
        recipe.verify = True
        recipe.certain = region is not None
        return recipe

    def _in_body(self, ip: int, epilogue: Recipe) -> Optional[Recipe]:
        """What the unwind data say of an instruction that was taken for the end of its function."""
        region = epilogue.region
        if epilogue.found_by != EPILOGUE or region is None:
            return None
        try:
            return self._by_codes(region, epilogue.chain, ip - region.base - epilogue.chain[0][0].begin)
        except BadUnwind:
            return None

    @staticmethod
    def _by_codes(region: Region, chain: Sequence[Tuple[Row, UnwindInfo]], passed: int) -> Recipe:
        """What the codes say of an instruction at an offset in its function. Raises BadUnwind."""
        done = undo(chain, passed)
        recipe = Recipe(UNWIND_DATA, done.base, tuple(done.saves.items()), done.return_address, region, chain)
        recipe.xmm = tuple(done.xmm.items())
        recipe.elsewhere = tuple((register, through, offset) for register, (through, offset) in done.elsewhere.items())
        recipe.machine = done.machine
        return recipe

    def _followed(self, ip: int, by_data: Recipe) -> Optional[Recipe]:
        """What the instructions of a function say where its unwind data lead to no return address: the body pushes something for a while."""
        if ip not in self._bodies:
            self._bodies[ip] = None
            region = by_data.region
            if region is not None and by_data.chain:
                row = by_data.chain[0][0]
                function = range(region.base + row.begin, region.base + row.end)
                found = follow_to_return(
                    lambda at, size: self.code(region, at, size),
                    ip,
                    lambda target: False if target in function else self._leaves(region, target) or None,
                    function,
                )
                if found is not None:
                    recipe = self._bodies[ip] = Recipe(INSTRUCTIONS, found.base, found.saves, found.return_address, region, by_data.chain)
                    count = counted(found.instructions, "instruction")
                    recipe.note = f"the unwind data lead to no return address; {count} followed to ret"
        return self._bodies[ip]

    def _leaves(self, region: Optional[Region], target: int) -> Optional[bool]:
        """Whether a function with unwind data begins at the target of a jump; None if it is in the middle of one, or in another module."""
        if region is None:
            return False if self.regions.module(target) is None else None
        if not region.base <= target < region.end:
            return None
        row = region.rows.at(target - region.base)
        if row is None:
            return False
        return True if isinstance(row, Row) and row.begin == target - region.base else None

    def _undone(self, region: Region, row: Row, ip: int, first: bool) -> Recipe:
        chain = read_chain(region.read, row)
        row, info = chain[0]
        passed = ip - region.base - row.begin
        unproven = ""
        if first and (passed >= info.prologue or info.flags & CHAININFO) and _may_end(info, ip - region.base):
            code = self.code(region, ip, MAX_EPILOGUE)
            left = follow(code, ip - region.base, info.frame_register)
            if left is not None and (info.epilogues or self._ends(region, chain, left)):
                recipe = Recipe(EPILOGUE, left.base, left.saves, left.return_address, region, chain)
                recipe.note = left.words
                return recipe
            if not code:
                unproven = "the code is not at hand: whether this is an epilogue is not known"
        recipe = self._by_codes(region, chain, passed)
        recipe.note = unproven
        recipe.certain = not unproven
        if first and passed < info.prologue:
            ran = sum(1 for code in info.codes if code.offset <= passed)
            recipe.note = f"0x{passed:x} of 0x{info.prologue:x} bytes of the prologue, {ran} of {len(info.codes)} codes"
        return recipe

    def _ends(self, region: Region, chain: Sequence[Tuple[Row, UnwindInfo]], left: Epilogue) -> bool:
        """Whether a jump leaves the function: one within it, or to a part of it, ends no epilogue."""
        if left.target is None:
            return True
        row, root = chain[0][0], chain[-1][0]
        target = left.target
        if row.begin <= target < row.end:
            # Behind a prologue a jump to its begin is a call of itself in place of a return; a part without one may loop there.
            return target == row.begin and len(chain) == 1 and not (left.bare and chain[0][1].codes and not chain[0][1].prologue)
        other = region.rows.at(target)
        if not isinstance(other, Row):
            return True
        try:
            there = read_chain(region.read, other)
        except BadUnwind:
            return True
        if there[-1][0].begin == root.begin:
            return False
        # A function that the compiler split keeps its frame across the jump: its other part begins with the codes of a prologue that it has not.
        apart = target != other.begin or (there[0][1].prologue == 0 and bool(there[0][1].codes))
        return not (left.bare and apart and bool(chain[0][1].codes))

    def _is_call(self, address: int) -> bool:
        """Whether an address can be one that a call returns to; True where neither the dump nor an image has the code of its module."""
        known = self._calls.get(address)
        if known is None:
            known = self._calls[address] = self._follows_call(address)
        return known

    def _follows_call(self, address: int) -> bool:
        if address == 0:
            return True  # the bottom of a stack
        seen = self._bytes_before(address)
        if seen is not None:
            return seen
        module = self.regions.module(address - 1)
        if module is None:
            return False
        region = self.regions.of(module)
        # Where the image is at hand and has neither bytes nor a row, as in front of its first section, there is no function that calls.
        return not isinstance(region, Region) or region.rows.at(address - 1 - region.base) is not None

    def _call_seen(self, address: int) -> bool:
        """Whether the code shows a call before an address: False also where no code is at hand."""
        known = self._seen.get(address)
        if known is None:
            known = self._seen[address] = bool(self._bytes_before(address))
        return known

    def _bytes_before(self, address: int) -> Optional[bool]:
        """Whether a call stands before an address; None where no code is at hand."""
        module = self.regions.module(address - 1)
        region = self.regions.dynamic(address - 1) if module is None else self.regions.of(module)
        known = region if isinstance(region, Region) else None
        return follows_call(address, 8, lambda at, size: self.code(known, at, size))


def _may_end(info: UnwindInfo, rva: int) -> bool:
    """Whether an offset can be in an epilogue: version 2 names them, unless it names none at all."""
    if info.version < 2 or not info.epilogues:
        return True
    return any(begin <= rva < end for begin, end in info.epilogues)


def code_words(info: UnwindInfo) -> List[str]:
    """The codes of an UNWIND_INFO for people, one line each."""
    lines = []
    for code in info.codes:
        name = UNWIND_OPS.label(code.op) or str(code.op)
        if code.op in (PUSH_NONVOL, SAVE_NONVOL, SAVE_NONVOL_FAR):
            name += f" {X64_REGISTERS[code.info]}"
        elif code.op in (SAVE_XMM128, SAVE_XMM128_FAR):
            name += f" xmm{code.info}"
        elif code.op == SET_FPREG:
            name += f" {X64_REGISTERS[info.frame_register]} = rsp + 0x{info.frame_offset:x}"
        if code.value:
            name += f" 0x{code.value:x}"
        lines.append(f"+0x{code.offset:x}: {name}")
    return lines


__all__ = ["Recipe", "X64Unwinder", "code_words", "undo"]
