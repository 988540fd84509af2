"""Walking: frame by frame from the registers of a thread to the end of its stack."""

from __future__ import annotations

from typing import Dict, List, Optional, Protocol, Sequence, Tuple, Union

from ..dump.absence import Absent
from ..dump.contexts import Registers, wow64_registers
from ..dump.minidump import Minidump
from ..dump.streams.exception import ExceptionInfo
from ..dump.streams.threads import Thread
from ..symbols.images import Images
from .code import Code
from .frames import BOTTOM, CONTEXT, EXCEPTION_CONTEXT, LIMIT, LOOP, NO_REGISTERS, NOT_SUPPORTED, ContextOrigin, End, Frame, Stack, Step
from .records import MACHINES, Finder, NativeUnwinder, RecordUnwinder

MAX_FRAMES = 100_000
"""Frames of one stack at the most: more than a stack of a megabyte can hold of ordinary calls."""


class Unwinder(Protocol):
    """Finds the caller of a frame on one kind of processor. ``ip`` and ``sp`` are indexes into a frame's registers."""

    names: Tuple[str, ...]
    architecture: str
    preserved: Tuple[int, ...]
    ip: int
    sp: int

    def begin(self, registers: Registers, thread: Optional[Thread]) -> List[int]:
        """The registers of frame 0. Says whose stack is walked."""

    def caller(self, registers: Sequence[int], first: bool) -> Union[Step, End]:
        """The frame that called this one, or why it is not known. ``first`` says that ``registers`` are of an interrupted function."""

    def interrupted(self, step: Step) -> bool:
        """Whether the frame that was found had been interrupted, and had not called."""


class Walker:
    """Walks the stacks of one dump. What it learns of code on the way is kept for the next stack.

    ``records`` gives the STACK records of a module's symbol file. With ``scan`` a stack that would end is searched for the next value that
    may be a return address; such frames are guesses.

    >>> walker = Walker(dump, Images(dump, ["C:\\\\images"]))      # doctest: +SKIP
    >>> for frame in walker.exception().frames:                 # doctest: +SKIP
    ...     print(hex(frame.ip), frame.found_by)
    """

    def __init__(self, dump: Minidump, images: Images, records: Optional[Finder] = None, *, scan: bool = False) -> None:
        self.dump = dump
        self.images = images
        self._records = records
        self._scan = scan
        self._code = Code(dump, images)
        self._unwinders: Dict[str, Optional[Unwinder]] = {}

    def _make(self, architecture: str) -> Optional[Unwinder]:
        """The unwinder for one kind of context; None if there is none."""
        system = self.dump.system
        windows = isinstance(system, Absent) or system.is_windows
        native: Optional[NativeUnwinder] = None
        if architecture == "AMD64" and windows:
            from .x64.unwind import X64Unwinder

            native = x64 = X64Unwinder(self.dump, self.images)
            if self._records is None and not self._scan:
                return x64
        elif architecture == "ARM64" and windows:
            from .arm64.unwind import Arm64Unwinder

            native = Arm64Unwinder(self.dump, self.images)
        elif architecture == "x86" and windows:
            from .x86.epilogue import X86Unwinder

            native = X86Unwinder(self.dump, self._code)
        name = architecture.partition(" ")[0]  # "ARM (Breakpad)"
        if name not in MACHINES:
            return None
        chain = name not in ("AMD64", "ARM") or (native is None and name != "ARM")
        return RecordUnwinder(self.dump, self._code, name, self._records, native, chain=chain, scan=self._scan)

    def place(self, address: int) -> Optional[int]:
        """Where an address of the process stands in the dump file."""
        found = self.dump.memory.locate(address)
        return None if found is None else found[0]

    def exception(self, limit: int = MAX_FRAMES) -> Stack:
        """The stack of the thread that raised the exception, from the registers that the exception stores."""
        exception = self.dump.exception
        if isinstance(exception, Absent):
            return Stack((), End(NO_REGISTERS, exception.message), (), "")
        return self.walk(self._registers(exception), self.dump.threads.find(exception.thread_id), EXCEPTION_CONTEXT, limit)

    def thread(self, thread: Thread, limit: int = MAX_FRAMES) -> Stack:
        """The stack of a thread: for the one that raised the exception from the exception's registers, where they can be read."""
        exception = self.dump.exception
        if not isinstance(exception, Absent) and exception.thread_id == thread.tid:
            registers = self._registers(exception)
            if not isinstance(registers, Absent):
                return self.walk(registers, thread, EXCEPTION_CONTEXT, limit)
        return self.walk(self._registers(thread), thread, CONTEXT, limit)

    def _registers(self, of: Union[Thread, ExceptionInfo]) -> Union[Registers, Absent]:
        """The registers of a thread or exception: in a 64-bit dump those of the 32-bit side, where they were taken in 32-bit code."""
        registers = self.dump.registers(of)
        if not isinstance(registers, Absent) and registers.runs_32_bit:
            return wow64_registers(self.dump, of)
        return registers

    def walk(self, registers: Union[Registers, Absent], thread: Optional[Thread], origin: str = CONTEXT, limit: int = MAX_FRAMES) -> Stack:
        """The stack that begins with these registers, ``limit`` frames of it at the most; 0: the innermost one, whose caller is not looked for."""
        if isinstance(registers, Absent):
            return Stack((), End(NO_REGISTERS, registers.message), (), "")
        name = registers.architecture
        if name not in self._unwinders:
            self._unwinders[name] = self._make(name)
        unwinder = self._unwinders[name]
        if unwinder is None:
            return Stack((), End(NOT_SUPPORTED, f"stacks of {name} are not walked", registers.ip), (), name)
        first = ContextOrigin(origin, registers.offset, registers.size)
        frames, end = _frames(unwinder, unwinder.begin(registers, thread), first, min(limit, MAX_FRAMES))
        return Stack(tuple(frames), end, unwinder.names, name, unwinder.preserved)


def _frames(unwinder: Unwinder, registers: Sequence[int], first: ContextOrigin, limit: int) -> Tuple[List[Frame], End]:
    frames: List[Frame] = []
    step = Step(registers, first, None)
    certain = True
    ip, sp = unwinder.ip, unwinder.sp
    caller = unwinder.caller
    fresh = True  # the frame was interrupted rather than called from
    number = 0
    while True:
        registers, origin, place, seen = step
        below = registers[sp]
        if not limit:
            return [Frame(0, registers[ip], below, None, origin, origin.certain, place, registers, fresh)], End(LIMIT, "the limit of 0 frames is reached")
        found = caller(registers, fresh)
        certain = certain and seen and origin.certain
        if isinstance(found, End):
            frames.append(Frame(number, registers[ip], below, None, origin, certain, place, registers, fresh))
            return frames, found
        back = found.registers[ip]
        frames.append(Frame(number, registers[ip], below, back, origin, certain, place, registers, fresh))
        number += 1
        if back == 0:
            return frames, End(BOTTOM, "the return address is 0: the bottom of the stack", found.place, place=found.place)
        above = found.registers[sp]
        # An interrupted function whose return address is still in a register may not have moved the stack pointer.
        if above < below or (above == below and not (fresh and found.place is None)):
            return frames, End(LOOP, f"the stack pointer of the next frame, 0x{above:x}, is not above 0x{below:x}", above, place=found.place)
        if number >= limit:
            return frames, End(LIMIT, f"the limit of {limit} frames is reached", back, place=found.place)
        fresh = unwinder.interrupted(found)
        step = found
