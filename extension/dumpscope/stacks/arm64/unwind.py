"""One frame of ARM64 code undone, by the codes of its function.

Which codes are undone depends only on the instruction that the frame stands at, so they are looked for once for each.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple, Union

from ...dump.absence import Absent
from ...dump.contexts import Registers
from ...dump.minidump import Minidump
from ...dump.streams.threads import Thread
from ...symbols.images import Images
from ..frames import DAMAGED, EPILOGUE, LEAF, NO_IMAGE, NO_MODULE, NO_UNWIND_DATA, NOT_A_CALL, NOT_CAPTURED, UNWIND_DATA, End, Origin, Proof, Step
from ..memory import StackMemory
from ..x64.functions import Region
from ..x64.unwindinfo import BadUnwind, MissingUnwind, Row
from .codes import ALLOC, CONTEXT, END, FP, LOAD, LR, MACHINE_FRAME, PC, SET_FP, SIGNED, SP, UNWOUND_TO_CALL, Code, Unwind, read_record, register_name, unpack
from .functions import Arm64Regions

NAMES: Tuple[str, ...] = (*(f"x{number}" for number in range(29)), "fp", "lr", "sp", "pc")
PRESERVED: Tuple[int, ...] = (*range(19, 29), FP, SP, PC)
MASK = (1 << 64) - 1
CONTEXT_X0 = 8
"""Where X0 stands in ARM64_NT_CONTEXT; the others follow it in the order of ``NAMES``."""
INTERRUPTIONS = (MACHINE_FRAME, CONTEXT, UNWOUND_TO_CALL)


class Recipe(Origin):
    """The codes to undo at one instruction, and the row and record that they come from. ``words`` and ``proofs`` as for x64."""

    def __init__(
        self, found_by: str, codes: Sequence[Code], region: Optional[Region] = None, row: Optional[Row] = None, unwind: Optional[Unwind] = None
    ) -> None:
        self.found_by = found_by
        self.codes = tuple(codes)
        self.region = region
        self.row = row
        self.unwind = unwind
        self.note = ""
        self.certain = True
        self.interrupted = any(code.action in INTERRUPTIONS for code in codes)

    @property
    def words(self) -> str:
        """One line: how, and the function."""
        note = f"; {self.note}" if self.note else ""
        if self.region is None or self.row is None or self.unwind is None:
            return f"{self.found_by}: {self.note}" if self.note else self.found_by
        begin = self.row.begin
        return f"{self.found_by} of {self.region.name or hex(self.region.base)}+0x{begin:x}-0x{begin + self.unwind.length:x}{note}"

    def proofs(self) -> List[Proof]:
        """The row, the record where there is one, and the codes that were undone."""
        region, row, unwind = self.region, self.row, self.unwind
        if region is None or row is None or unwind is None:
            return [Proof("no unwind data", self.note)] if self.note else []
        name = region.name or f"0x{region.base:x}"
        how = f"packed unwind data 0x{row.unwind:08x}" if unwind.rva < 0 else f".xdata record +0x{unwind.rva:x}"
        value = f"row {row.number} of {name}: +0x{row.begin:x} to +0x{row.begin + unwind.length:x}, {how}"
        if region.image is None:
            found = [Proof("RUNTIME_FUNCTION", value, "", row.place)]
        else:
            found = [Proof("RUNTIME_FUNCTION", value, *region.place(row.place), address=region.base + row.place)]
        text = "; ".join(code.words for code in self.codes)
        if unwind.rva >= 0:
            found.append(Proof("unwind codes", text, *region.place(unwind.rva), address=region.base + unwind.rva))
        else:
            found.append(Proof("unwind codes", text))
        if self.note:
            found.append(Proof(self.found_by, self.note))
        return found


def stripped(address: int) -> int:
    """A return address without the signature in its upper bits, as the instruction xpaclri leaves it."""
    return address & (1 << 48) - 1 if not address >> 55 & 1 else address | (MASK ^ (1 << 48) - 1)


def follows_call(code: bytes) -> bool:
    """Whether the 4 bytes before a return address are bl, blr, or one of the blr that authenticate."""
    word = int.from_bytes(code, "little")
    return word >> 26 == 0x25 or word & 0xFFFFFC1F == 0xD63F0000 or word & 0xFEFFF800 == 0xD63F0800


class Arm64Unwinder:
    """Unwinds ARM64 frames of one dump."""

    names = NAMES
    architecture = "ARM64"
    preserved = PRESERVED
    ip, sp = PC, SP

    def __init__(self, dump: Minidump, images: Images) -> None:
        self._dump = dump
        self.memory = StackMemory(dump, 8)
        self.regions = Arm64Regions(dump, images)
        self._recipes: Dict[Tuple[int, bool], Union[Recipe, End]] = {}
        self._unwinds: Dict[Tuple[int, int], Unwind] = {}
        self._calls: Dict[int, bool] = {}

    def begin(self, registers: Registers, thread: Optional[Thread]) -> List[int]:
        """The registers of frame 0. Says whose stack is walked."""
        self.memory.enter(thread)
        values = registers.values
        return [values[name] for name in NAMES]

    def interrupted(self, step: Step) -> bool:
        """Whether the frame that was found had been interrupted, and had not called."""
        return isinstance(step.origin, Recipe) and step.origin.interrupted

    def caller(self, registers: Sequence[int], first: bool) -> Union[Step, End]:
        """The frame that called this one, or why it is not known. ``first`` says that ``registers`` are of an interrupted function."""
        pc = registers[PC]
        recipe = self._recipes.get((pc, first))
        if recipe is None:
            recipe = self._recipes[pc, first] = self._recipe(pc, first)
        if isinstance(recipe, End):
            return recipe
        found = list(registers)
        place, missing = self._undo(recipe.codes, found)
        if missing is not None:
            return End(NOT_CAPTURED, f"{missing[0]}, saved at 0x{missing[1]:x}, is not in the dump", missing[1])
        back = found[PC]
        if place is None and not first:
            return End(NO_UNWIND_DATA, f"the unwind data of the caller at 0x{pc:x} restore no return address", pc)
        follows = recipe.interrupted or self._is_call(back)
        if recipe.found_by == LEAF and not follows:
            return End(NOT_A_CALL, f"{recipe.note}, and 0x{back:x}, in lr, does not follow a call", pc)
        return Step(found, recipe, place, follows)

    def _undo(self, codes: Sequence[Code], values: List[int]) -> Tuple[Optional[int], Optional[Tuple[str, int]]]:
        """Undo codes on registers. Gives where the return address was read, None if it is in lr; or which register is not captured where."""
        word = self.memory.word
        place: Optional[int] = None
        for code in codes:
            action = code.action
            if action == LOAD:
                at = values[SP] + code.offset
                for number in code.registers:
                    if number < 64:
                        value = word(at)
                        if value is None:
                            return None, (register_name(number), at)
                        values[number] = value
                        if number == LR:
                            place = at
                    at += 8
                values[SP] = values[SP] + code.freed & MASK
            elif action == ALLOC:
                values[SP] = values[SP] + code.freed & MASK
            elif action == SET_FP:
                values[SP] = values[FP] - code.offset & MASK
            elif action == SIGNED:
                values[LR] = stripped(values[LR])
            elif action in (MACHINE_FRAME, CONTEXT):
                return self._frame(action, values)
            elif action == END:
                break
        values[PC] = values[LR]
        return place, None

    def _frame(self, action: int, values: List[int]) -> Tuple[Optional[int], Optional[Tuple[str, int]]]:
        """Registers that an exception stored: SP and PC of a machine frame, all of them of a context."""
        base = values[SP]
        wanted = [(SP, base), (PC, base + 8)]
        if action == CONTEXT:
            wanted = [(number, base + CONTEXT_X0 + 8 * number) for number in range(len(NAMES))]
        for number, at in wanted:
            value = self.memory.word(at)
            if value is None:
                return None, (NAMES[number], at)
            values[number] = value
        return wanted[-1][1], None

    def _recipe(self, pc: int, first: bool) -> Union[Recipe, End]:
        look = pc if first else pc - 4
        region: Union[Region, Absent, None] = self.regions.dynamic(look)
        module = None
        if region is None:
            module = self.regions.module(look)
            if module is None:
                return self._bare(pc, first, f"0x{pc:x} is in no module", NO_MODULE, None)
            region = self.regions.of(module)
        if isinstance(region, Absent):
            assert module is not None
            kind = NO_UNWIND_DATA if "unwind data" in region.message else NO_IMAGE
            return End(kind, region.message, pc, module.name)
        row = region.rows.at(look - region.base)
        if isinstance(row, Absent):
            return End(NO_UNWIND_DATA, f"no unwind data for 0x{pc:x}: {row.message}", pc, region.name)
        try:
            unwind = None if row is None else self._unwind(region, row)
        except MissingUnwind as missing:
            return End(NOT_CAPTURED, f"{region.name}: {missing}", pc, region.name)
        except BadUnwind as bad:
            return End(DAMAGED, f"{region.name}: {bad}", pc, region.name)
        if row is None or unwind is None or look - region.base - row.begin >= unwind.length:
            name = region.name or f"0x{region.base:x}"
            return self._bare(pc, first, f"no row of {name} covers +0x{look - region.base:x}", NO_UNWIND_DATA, region)
        codes, note = unwind.at(look - region.base - row.begin)
        recipe = Recipe(EPILOGUE if "epilogue" in note else UNWIND_DATA, codes, region, row, unwind)
        recipe.note = note
        return recipe

    def _unwind(self, region: Region, row: Row) -> Unwind:
        """The codes of a row, decoded once. Raises BadUnwind."""
        key = (region.base, row.unwind)
        found = self._unwinds.get(key)
        if found is None:
            found = unpack(row.unwind) if row.unwind & 3 else read_record(region.read, row.unwind)
            self._unwinds[key] = found
        return found

    def _bare(self, pc: int, first: bool, note: str, kind: str, region: Optional[Region]) -> Union[Recipe, End]:
        """A function without unwind data: if it was interrupted, a leaf, whose return address is in lr."""
        if not first:
            return End(kind, f"{note}: how its frame is undone is not known", pc, region.name if region is not None else "")
        recipe = Recipe(LEAF, ())
        recipe.note = note
        recipe.certain = region is not None
        return recipe

    def _is_call(self, address: int) -> bool:
        """Whether an address can be one that a call returns to; True where no code of its module is at hand."""
        known = self._calls.get(address)
        if known is None:
            known = self._calls[address] = self._follows(address)
        return known

    def _follows(self, address: int) -> bool:
        if address == 0:
            return True  # the bottom of a stack
        if address < 4 or address & 3:
            return False
        module = self.regions.module(address - 4)
        region = self.regions.dynamic(address - 4) if module is None else self.regions.of(module)
        code = self._dump.memory.some(address - 4, 4)
        if len(code) < 4 and isinstance(region, Region):
            code = region.read(address - 4 - region.base, 4)
        return follows_call(code) if len(code) == 4 else module is not None
