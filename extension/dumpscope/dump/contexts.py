"""Thread contexts: the registers of a thread, for each processor that minidumps are written on.

SystemInfo.ProcessorArchitecture decides the layout; ContextFlags must agree with it. A 32-bit process that a 64-bit tool dumped
has 64-bit contexts; its 32-bit registers are in captured memory (:func:`wow64_registers`).
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING, Callable, Dict, Iterable, List, Optional, Tuple, Union

from ..format.contexts import (
    CONTEXT_LAYOUTS,
    CONTEXT_X86_FULL,
    CONTEXT_XSTATE,
    CS_32_BIT,
    EFLAGS_WORDS,
    EFLAGS_WORDS_AMD64,
    WOW64_CONTEXT_OFFSET,
    WOW64_CONTEXT_TLS_SLOT,
    ContextLayout,
    Register,
)
from ..format.layout import Scalar, Structure
from ..format.processors import NARROW_IMAGES
from .absence import DAMAGED, NOT_APPLICABLE, NOT_CAPTURED, NOT_KNOWN, NOT_THERE, Absent, Damage
from .source import Buffer, Source, Window
from .streams.exception import ExceptionInfo
from .streams.misc import MiscInfo
from .streams.system import AMD64, ARM64, X86
from .streams.threads import Thread
from .xstate import XStateArea, read_xstate

if TYPE_CHECKING:
    from .minidump import Minidump

KEPT = 16
"""Registers of a dump that are kept: those of the exception and of the first threads are asked for again and again."""
MAX_CONTEXT = 1 << 16
"""Bytes of one context that are looked at: the largest, with AVX-512 and AMX, are below 12 KiB."""


class _Group:
    """Registers that are read together: one decoder for all of them, and their names in the order to show."""

    def __init__(self, places: List[Tuple[str, int, struct.Struct]]) -> None:
        shown = dict.fromkeys([name for name, _, _ in places], 0)
        by_offset = sorted(places, key=lambda place: place[1])
        code = ["<"]
        end = 0
        for _, offset, one in by_offset:
            code.append(f"{offset - end}x{one.format[1:]}")
            end = offset + one.size
        unpack = struct.Struct("".join(code)).unpack_from
        names = [name for name, _, _ in by_offset]

        def values(data: bytes) -> Dict[str, int]:
            # Filling in a copy keeps its order, and is faster than making a dictionary of pairs.
            found = shown.copy()
            found.update(zip(names, unpack(data)))
            return found

        self.values: Callable[[bytes], Dict[str, int]] = values
        """Numbers by their register names, from the bytes of a context."""


class _Reader:
    """The decoder of one layout: where each number stands."""

    def __init__(self, layout: ContextLayout) -> None:
        self.layout = layout
        self.size = layout.structure.size
        self.flags = self._place("ContextFlags")
        self.status = self._place(layout.flags.path)
        self._ip, self._sp = self._place(layout.ip.path), self._place(layout.sp.path)

    def _place(self, path: str) -> Tuple[int, struct.Struct]:
        leaf = self.layout.structure.leaf(path)
        assert isinstance(leaf.field.type, Scalar)
        return leaf.offset, struct.Struct("<" + leaf.field.type.code)

    def matches(self, buffer: Buffer, offset: int) -> bool:
        """Whether ContextFlags of the context at ``offset`` name this processor."""
        at, code = self.flags
        return bool(code.unpack_from(buffer, offset + at)[0] & self.layout.family)

    def ip_sp(self, buffer: Buffer, offset: int) -> Tuple[int, int]:
        """Instruction and stack pointer of the context at ``offset``."""
        at, code = self._ip
        below, word = self._sp
        return code.unpack_from(buffer, offset + at)[0], word.unpack_from(buffer, offset + below)[0]

    @cached_property
    def general(self) -> _Group:
        """Where the general registers stand, in the debugger's order."""
        return self._group(register for row in self.layout.rows for register in row if register != self.layout.flags)

    @cached_property
    def segments(self) -> _Group:
        """Where the segment registers stand."""
        return self._group(self.layout.segments)

    @cached_property
    def debug(self) -> _Group:
        """Where the debug registers stand."""
        return self._group(self.layout.debug)

    def _group(self, registers: Iterable[Register]) -> _Group:
        return _Group([(register.name, *self._place(register.path)) for register in registers])


_READERS: Dict[int, Tuple[_Reader, ...]] = {}


def _readers(architecture: int) -> Tuple[_Reader, ...]:
    """The decoders that can be right for a ProcessorArchitecture; none for one that is not known."""
    found = _READERS.get(architecture)
    if found is None:
        found = _READERS[architecture] = tuple(_Reader(layout) for layout in CONTEXT_LAYOUTS.get(architecture, ()))
    return found


class Registers:
    """The registers of one context.

    ``values`` holds the general registers in the order in which the debugger's ``r`` prints them; ``offset`` is where the
    context stands in the file, ``size`` how many bytes it has there.
    """

    def __init__(self, reader: _Reader, data: bytes, offset: int, misc: Union[MiscInfo, Absent]) -> None:
        self._reader = reader
        self.offset = offset
        self._data = data
        self._misc = misc

    @property
    def layout(self) -> ContextLayout:
        """How this kind of context is laid out."""
        return self._reader.layout

    @property
    def size(self) -> int:
        """Bytes that the context has in the file."""
        return len(self._data)

    def __repr__(self) -> str:
        return f"<Registers {self.architecture}: ip 0x{self.ip:x}, sp 0x{self.sp:x}>"

    @property
    def architecture(self) -> str:
        """``x86``, ``AMD64``, ``ARM``, ``ARM64``, or one of Breakpad's own."""
        return self.layout.name

    @property
    def pointer_size(self) -> int:
        """4 or 8 bytes."""
        return self.layout.pointer_size

    @property
    def context_flags(self) -> int:
        """ContextFlags: which parts are valid."""
        at, code = self._reader.flags
        value: int = code.unpack_from(self._data, at)[0]
        return value

    @cached_property
    def values(self) -> Dict[str, int]:
        """The general registers by their names."""
        return self._reader.general.values(self._data)

    @cached_property
    def segments(self) -> Dict[str, int]:
        """Segment registers; empty on processors without them."""
        return self._reader.segments.values(self._data)

    @cached_property
    def debug(self) -> Dict[str, int]:
        """Debug registers of x86 and AMD64; empty elsewhere."""
        return self._reader.debug.values(self._data)

    def __getitem__(self, name: str) -> int:
        """A general, segment, flags or debug register by the debugger's name. Raises KeyError."""
        if name == self.layout.flags.name:
            return self.flags
        for table in (self.values, self.segments, self.debug):
            if name in table:
                return table[name]
        raise KeyError(name)

    @property
    def ip(self) -> int:
        """Instruction pointer."""
        return self.values[self.layout.ip.name]

    @property
    def sp(self) -> int:
        """Stack pointer."""
        return self.values[self.layout.sp.name]

    @property
    def fp(self) -> int:
        """Frame pointer: ebp, rbp, x29, or r11 on ARM."""
        return self.values[self.layout.fp.name]

    @property
    def flags(self) -> int:
        """EFlags, or Cpsr on ARM."""
        at, code = self._reader.status
        value: int = code.unpack_from(self._data, at)[0]
        return value

    @property
    def flag_names(self) -> List[str]:
        """Names of the flags that are set."""
        return self.layout.status.labels(self.flags & sum(self.layout.status.members))

    @property
    def flag_words(self) -> List[str]:
        """The flags as the debugger prints them: ``iopl=0 nv up ei pl zr na pe nc``, or ``-Z--`` on ARM."""
        flags = self.flags
        if self.layout.flags.path == "Cpsr":
            return ["".join(letter if flags >> bit & 1 else "-" for letter, bit in (("N", 31), ("Z", 30), ("C", 29), ("V", 28)))]
        words = EFLAGS_WORDS_AMD64 if self.architecture == "AMD64" else EFLAGS_WORDS
        return [f"iopl={flags >> 12 & 3}"] + [on if flags & bit else off for bit, on, off in words]

    @property
    def runs_32_bit(self) -> bool:
        """Whether an AMD64 context was taken in 32-bit code of a WOW64 process: cs is 0x23, the selector of such code."""
        return self.architecture == "AMD64" and self.segments.get("cs", 0) & 0xFFFF == CS_32_BIT

    @property
    def vectors(self) -> Dict[str, int]:
        """xmm, q or v registers by name, 128-bit numbers; empty where the layout has none."""
        if not self.layout.vectors:
            return {}
        structure = self.layout.structure
        start = structure.offset_of(self.layout.vectors)
        name, _, rest = self.layout.vectors.partition(".")
        field = structure.field(name)
        if rest and isinstance(field.type, Structure):
            field = field.type.field(rest)
        data = self._data
        places = enumerate(range(start, start + 16 * field.count, 16))
        return {f"{self.layout.vector}{index}": int.from_bytes(data[at : at + 16], "little") for index, at in places}

    @cached_property
    def xstate(self) -> Union[XStateArea, Absent]:
        """Extended state after the context: AVX, shadow stack, …"""
        if self.architecture not in ("x86", "AMD64"):
            return Absent(NOT_APPLICABLE, f"{self.architecture} contexts have no extended state")
        return read_xstate(self._data, self._reader.size, self.offset, bool(self.context_flags & CONTEXT_XSTATE), self._misc)

    @property
    def ymm(self) -> Union[Dict[str, int], Absent]:
        """ymm registers by name, 256-bit numbers."""
        xstate = self.xstate
        high = xstate if isinstance(xstate, Absent) else xstate.ymm_high
        if isinstance(high, Absent):
            return high
        return {f"ymm{index}": upper << 128 | lower for index, (upper, lower) in enumerate(zip(high, self.vectors.values()))}

    @property
    def ssp(self) -> Union[int, Absent]:
        """Shadow stack pointer (CET)."""
        xstate = self.xstate
        pair = xstate if isinstance(xstate, Absent) else xstate.shadow_stack
        return pair if isinstance(pair, Absent) else pair[1]


def _choose(dump: Minidump, rva: int, size: int) -> Union[_Reader, Absent]:
    """The layout of the context at ``rva``, or why there is none to read."""
    if not rva or not size:
        if dump.source.made_of:
            return Absent(NOT_THERE, f"no registers: the record of the thread, or its registers, are not in the file ({dump.source.made_of})")
        return Absent(NOT_THERE, "no registers: the writer stored none" + (" (RVA 0)" if size else ""))
    system = dump.system
    if isinstance(system, Absent):
        return Absent(NOT_KNOWN, "no registers: without SystemInfoStream their layout is not known")
    candidates = _readers(system.architecture)
    if not candidates:
        return Absent(NOT_KNOWN, f"no registers: the layout for {system.architecture_name} is not known")
    source = dump.source
    held = source.available(rva, size)
    if not held:
        return Absent(DAMAGED, f"no registers: 0x{size:x} bytes at 0x{rva:x} are outside the file")
    for reader in candidates:
        if held >= reader.size and reader.matches(source.fetch(rva, reader.size), 0):
            return reader
    return _unfit(dump, candidates, rva, size, held)


def _unfit(dump: Minidump, candidates: Tuple[_Reader, ...], rva: int, size: int, held: int) -> Absent:
    least = min(reader.size for reader in candidates)
    name = candidates[0].layout.name
    if held < least:
        if held < size:
            return Absent(DAMAGED, f"no registers: 0x{size:x} bytes at 0x{rva:x}, the file holds 0x{held:x} of them")
        return Absent(DAMAGED, f"no registers: 0x{size:x} bytes at 0x{rva:x}, a context of {name} needs 0x{least:x}")
    at, code = candidates[0].flags
    flags = code.unpack(dump.source.fetch(rva + at, code.size))[0]
    return Absent(DAMAGED, f"no registers: ContextFlags 0x{flags:x} at 0x{rva + at:x} are not those of {name}")


def register_reader(dump: Minidump) -> Callable[[int, int], Union[Registers, Absent]]:
    """What reads the context of some bytes at an RVA: what does not change from thread to thread is asked for once.

    It returns Absent when there is none, it is outside the file, or is not for the processor.
    """
    system = dump.system
    readers = () if isinstance(system, Absent) else _readers(system.architecture)
    tests = [(reader.size, reader.flags[1].unpack_from, reader.flags[0], reader.layout.family, reader, reader.general.values) for reader in readers]
    misc = dump.misc
    window = Window(dump.source)
    kept: Dict[int, Registers] = {}

    def read(rva: int, size: int) -> Union[Registers, Absent]:
        looked = size if size < MAX_CONTEXT else MAX_CONTEXT
        known = kept.get(rva)
        if known is not None and known.size == looked:
            return known
        if rva and tests:
            low, data = window.view
            start = rva - low
            if start < 0 or start + looked > len(data):
                data, start = window.see(rva, looked)
            data = data[start : start + looked]
            for least, flags, at, family, reader, values in tests:
                if len(data) >= least and flags(data, at)[0] & family:
                    found = Registers(reader, data, rva, misc)
                    found.values = values(data)  # at once: everybody who asks for registers asks for these
                    if len(kept) < KEPT:
                        kept[rva] = found
                    return found
        why = _choose(dump, rva, size)
        assert isinstance(why, Absent)
        return why

    return read


def registers_at(source: Source, architecture: int, offset: int, size: int) -> Union[Registers, Absent]:
    """The context of ``size`` bytes at an offset, for a ProcessorArchitecture; Absent when its flags are not those of the processor."""
    data = source.some(offset, min(size, MAX_CONTEXT))
    for reader in _readers(architecture):
        if len(data) >= reader.size and reader.matches(data, 0):
            return Registers(reader, data, offset, Absent(NOT_THERE, "a kernel dump has no MiscInfoStream"))
    return Absent(DAMAGED, f"no registers: the 0x{size:x} bytes at 0x{offset:x} are not a context of this processor")


def registers_of(architecture: int, read: Callable[[int], bytes], offset: int, least: int = 0) -> Union[Registers, Absent]:
    """The context that ``read`` gives the bytes of, whatever its flags; ``least`` bytes of it are enough, and those after them are 0 then."""
    reader = next(iter(_readers(architecture)), None)
    if reader is None:
        return Absent(NOT_APPLICABLE, f"no registers: processor architecture {architecture} is not known here")
    data = read(reader.size)
    if len(data) < (least or reader.size):
        return Absent(DAMAGED, f"no registers: {len(data)} of {reader.size} bytes of the context are in the dump")
    return Registers(reader, data.ljust(reader.size, b"\0"), offset, Absent(NOT_THERE, "a kernel dump has no MiscInfoStream"))


def ip_sp(dump: Minidump, rva: int, size: int) -> Union[Tuple[int, int], Absent]:
    """Instruction and stack pointer only: the fast path for walking many threads."""
    reader = _choose(dump, rva, size)
    return reader if isinstance(reader, Absent) else reader.ip_sp(dump.source.fetch(rva, reader.size), 0)


def context_damage(dump: Minidump, rva: int, size: int, what: str) -> Optional[Damage]:
    """What is wrong with a context that lies in the file: too small, or not for the processor. None if nothing is."""
    system = dump.system
    candidates = () if isinstance(system, Absent) else _readers(system.architecture)
    if not candidates:
        return None
    least = min(reader.size for reader in candidates)
    if size < least:
        return Damage("context-too-small", f"{what}: 0x{size:x} bytes, a context of {candidates[0].layout.name} needs 0x{least:x}", rva, least, size)
    if isinstance(_choose(dump, rva, size), Absent):
        at, code = candidates[0].flags
        flags = code.unpack(dump.source.fetch(rva + at, code.size))[0]
        return Damage("context-mismatch", f"{what}: ContextFlags 0x{flags:x} are not those of {candidates[0].layout.name}", rva + at, code.size, code.size)
    return None


def narrowed(registers: Registers) -> Registers:
    """An AMD64 context that was taken in 32-bit code as the x86 registers that it holds; see :attr:`Registers.runs_32_bit`."""
    layout = _readers(X86)[0].layout
    image = bytearray(layout.structure.size)
    for register in layout.registers:
        wide = register.name if register in layout.segments or register == layout.flags else f"r{register.name[1:]}"
        struct.pack_into("<I", image, layout.structure.offset_of(register.path), registers[wide] & 0xFFFFFFFF)
    struct.pack_into("<I", image, layout.structure.offset_of("ContextFlags"), CONTEXT_X86_FULL)
    return Registers(_readers(X86)[0], bytes(image), registers.offset, Absent(NOT_APPLICABLE, "no extended state"))


def wow64_registers(dump: Minidump, thread: Union[Thread, ExceptionInfo]) -> Union[Registers, Absent]:
    """The 32-bit registers of a thread of a 32-bit process that a 64-bit tool dumped.

    Where the thread was stopped in 32-bit code (cs is 0x23) its own context holds them. Elsewhere TLS slot 1 of the 64-bit TEB points
    to a machine word (flags, then IMAGE_FILE_MACHINE_*), and the 32-bit context follows it: those of the last transition to 64 bits.
    """
    from ..format.teb import TEB64

    system = dump.system
    if isinstance(system, Absent) or system.architecture not in (AMD64, ARM64):
        return Absent(NOT_APPLICABLE, "32-bit registers beside the contexts exist only in 64-bit dumps of 32-bit processes")
    native = dump.registers(thread)
    if not isinstance(native, Absent) and native.runs_32_bit:
        return narrowed(native)
    if isinstance(thread, ExceptionInfo):
        found = dump.threads.find(thread.thread_id)
        if found is None:
            return Absent(NOT_THERE, f"thread 0x{thread.thread_id:x} is not in the thread list")
        thread = found
    if not thread.teb:
        return Absent(NOT_THERE, f"thread 0x{thread.tid:x} has no TEB")
    slot = thread.teb + TEB64.offset_of("TlsSlots") + 8 * WOW64_CONTEXT_TLS_SLOT
    memory = dump.memory
    pointer = memory.some(slot, 8)
    if len(pointer) < 8:
        return Absent(NOT_CAPTURED, f"TLS slot {WOW64_CONTEXT_TLS_SLOT} of the TEB, at 0x{slot:x}, is not in the dump")
    address = int.from_bytes(pointer, "little")
    if not address:
        return Absent(NOT_APPLICABLE, f"thread 0x{thread.tid:x} has no 32-bit side: its TLS slot {WOW64_CONTEXT_TLS_SLOT} is 0")
    head = memory.some(address, 4)
    if len(head) < 4:
        return Absent(NOT_CAPTURED, f"the 32-bit registers at 0x{address:x} are not in the dump")
    machine = int.from_bytes(head[2:], "little")
    architecture = NARROW_IMAGES.get(machine)
    if architecture is None:
        return Absent(NOT_APPLICABLE, f"thread 0x{thread.tid:x} has no 32-bit side: no machine word at 0x{address:x}")
    reader = _readers(architecture)[0]
    address += WOW64_CONTEXT_OFFSET
    data = memory.some(address, reader.size)
    if len(data) < reader.size:
        return Absent(NOT_CAPTURED, f"the 32-bit registers at 0x{address:x} are not all in the dump")
    if not reader.matches(data, 0):
        return Absent(DAMAGED, f"the 32-bit registers at 0x{address:x} have no ContextFlags of {reader.layout.name}")
    place = memory.locate(address)
    return Registers(reader, data, place[0] if place else 0, Absent(NOT_APPLICABLE, "no extended state"))
