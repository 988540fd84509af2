"""Values of variables in frames: from the registers of a frame and captured memory, where a PDB says that they are there.

A register that calls may change is believed in the frame where the processor stood only. What is relative to the stack pointer or to a frame register is
taken from the place where those are in the body of the function, also inside a prologue or an epilogue: symbol records mean that place.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

from ..dump.minidump import Minidump
from ..dump.streams.threads import Thread
from ..format.pe import IMAGE_SCN_MEM_WRITE
from ..symbols.image import Image
from ..symbols.images import Images
from ..symbols.pdb.functions import BAD, REGISTER, Function, Variable, Where
from .frames import LEAF, Frame, Stack
from .memory import StackMemory
from .x64.unwind import Recipe, undo
from .x64.unwindinfo import BadUnwind

NOT_HERE = "the symbols say nowhere at this instruction"
OPTIMIZED = "the compiler left it out"
_ALL = 1 << 32
_MASK = (1 << 64) - 1
_SPILLED = ("S_REGREL32", "S_BPREL32")
"""Records without ranges: the variable is there once the prologue has stored it."""


class Value(NamedTuple):
    """What a variable holds. ``data`` is None where that is not known, and ``reason`` says why; ``where`` is the register or the address in words.

    ``address`` is that of a variable in memory; ``readable`` is False where the dump does not have that memory. ``part`` is set where only a part of
    the variable is in a place that is known.
    """

    data: Optional[bytes]
    where: str
    reason: str = ""
    address: Optional[int] = None
    readable: bool = True
    part: bool = False


class Variables:
    """Reads variables of the frames of one stack. ``vectors`` are the xmm registers of frame 0."""

    def __init__(self, dump: Minidump, images: Images, stack: Stack, thread: Optional[Thread], vectors: Dict[str, int]) -> None:
        self.stack = stack
        self._images = images
        self._memory = StackMemory(dump, 4 if stack.architecture == "x86" else 8)
        self._memory.enter(thread)
        self._vectors = vectors
        self._index = {name: index for index, name in enumerate(stack.names)}

    def memory(self, address: int, size: int) -> bytes:
        """As many of ``size`` bytes at an address as are captured; what no program can have written also from the image, as the engine does."""
        data = self._memory.some(address, size)
        while len(data) < size:
            more = self._constant(address + len(data), size - len(data))
            if not more:
                break
            data += more
        return data

    def _constant(self, address: int, size: int) -> bytes:
        """Bytes of a section that cannot be written."""
        found = self._images.at(address)
        if found is None or not isinstance(found[1], Image):
            return b""
        module, image = found[0], found[1]
        rva = address - module.base
        section = image.section_at(rva)
        if section is None or section.characteristics & IMAGE_SCN_MEM_WRITE:
            return b""
        return image.read(rva, min(size, section.rva + section.size - rva))

    def value(self, frame: Frame, function: Function, variable: Variable, size: int) -> Value:
        """What a variable of the function of a frame holds."""
        if not variable.where:
            return Value(None, "", OPTIMIZED)
        at = function.at
        found = next((where for where in variable.where if where.covers(at)), None)
        if found is None:
            return Value(None, "", NOT_HERE)
        if found.kind == BAD or found.register is None:
            register = f"register {found.number}" if found.number else "the frame's address"
            return Value(None, "", f"{register} is not known")
        if found.part:
            return Value(None, f"{found.register.name}", "only a part of it is in a register", part=True)
        if found.kind == REGISTER:
            return self._in_register(frame, found, size)
        stored = variable.record not in _SPILLED or not frame.interrupted or at >= function.body[0]
        return self._in_memory(frame, found, size, stored)

    def _known(self, frame: Frame, name: str) -> bool:
        return frame.number == 0 or self._index.get(name) in self.stack.preserved

    def _in_register(self, frame: Frame, where: Where, size: int) -> Value:
        place = where.register
        assert place is not None
        if place.name.startswith("xmm"):
            return self._vector(frame, place.name, size)
        index = self._index.get(place.name)
        if index is None:
            return Value(None, place.name, f"{place.name} is not among the registers of frames")
        if not self._known(frame, place.name):
            return Value(None, place.name, f"{place.name} is not preserved by the functions that were called")
        value = frame.registers[index] >> place.shift & (1 << 8 * place.size) - 1
        return Value(value.to_bytes(place.size, "little").ljust(size, b"\0")[:size], place.name)

    def _vector(self, frame: Frame, name: str, size: int) -> Value:
        """An xmm register: that of frame 0, unless a function between has saved it; 6 to 15 are preserved on x64."""
        number = int(name[3:])
        position = frame.number
        if position and number < 6:
            return Value(None, name, f"{name} is not preserved by the functions that were called")
        for below in range(position - 1, -1, -1):
            recipe = self.stack.frames[below + 1].origin
            if not isinstance(recipe, Recipe):
                return Value(None, name, f"what frame {below:x} did with {name} is not known")
            for register, offset in recipe.xmm:
                if register == number:
                    address = self.stack.frames[below].registers[recipe.base] + offset
                    return self._read(address, min(size, 16), f"{name}, saved at 0x{address:x}")
        if name not in self._vectors:
            return Value(None, name, f"{name} is not in the dump")
        return Value(self._vectors[name].to_bytes(16, "little")[:size], name)

    def _in_memory(self, frame: Frame, where: Where, size: int, stored: bool) -> Value:
        place = where.register
        assert place is not None
        index = self._index.get(place.name)
        if index is None:
            return Value(None, place.name, f"{place.name} is not among the registers of frames")
        base, low, entry = frame.registers[index], frame.sp, None
        settled = self._settled(frame)
        if settled is not None:
            register, value, entry = settled
            if register == index:
                base = value
        words = f"{place.name}{'-' if where.offset < 0 else '+'}0x{abs(where.offset):x}"
        if settled is None and not self._known(frame, place.name):
            return Value(None, words, f"{place.name} is not preserved by the functions that were called")
        if settled is None and frame.interrupted and not self._plain(frame):
            return Value(None, words, "how much of the function's frame is there is not known")
        address = base + where.offset & _MASK
        words = f"[{words}] = 0x{address:x}"
        if frame.interrupted and entry is not None and address < low <= entry:
            return Value(None, words, "it is below the stack pointer: the epilogue has given it up, or the prologue has not made it", address)
        if not stored and (entry is None or address < entry + 0x28):
            return Value(None, words, "the prologue has not stored it yet", address)
        return self._read(address, size, words)

    def _plain(self, frame: Frame) -> bool:
        """Whether the registers of a frame are those of the body: a leaf of x64 has no other; elsewhere that is not known of an interrupted function."""
        above = frame.number + 1
        return self.stack.architecture == "AMD64" and above < len(self.stack.frames) and self.stack.frames[above].found_by == LEAF

    def _settled(self, frame: Frame) -> Optional[Tuple[int, int, int]]:
        """The register that the body of the function of an x64 frame counts from, its value there, and the address of the return address."""
        above = frame.number + 1
        if above >= len(self.stack.frames):
            return None
        recipe, place = self.stack.frames[above].origin, self.stack.frames[above].place
        if place is None or not isinstance(recipe, Recipe) or not recipe.chain or recipe.machine:
            return None
        try:
            done = undo(recipe.chain, _ALL)
        except BadUnwind:
            return None
        return done.base, place - done.return_address, place

    def _read(self, address: int, size: int, words: str) -> Value:
        data = self._memory.some(address, size)
        if len(data) < size:
            return Value(None, words, f"the memory at 0x{address:x} is not in the dump", address, readable=False)
        return Value(data, words, "", address)
