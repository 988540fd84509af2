"""What the debugger's engine reads of memory for call stacks, though it is no pointer: what a scrubbed dump keeps so that ``~*k`` stays the same.

Where the engine has no unwind data for an instruction, it takes the word at the stack pointer for the return address, whatever it is, and
goes on with the next word, until one is 0 (observed: dbgeng 10.0.15063). On x86 it follows frame pointers as well. Which images it has at
hand is not known here, so such words are kept behind every return address whose unwind data the dump does not have.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..dump.absence import Absent
from ..dump.contexts import Registers, wow64_registers
from ..dump.minidump import Minidump
from ..dump.streams.threads import Thread
from ..stacks.memory import StackMemory
from ..stacks.x64.functions import Regions
from ..stacks.x64.unwindinfo import CHAININFO, HANDLERS, BadUnwind, Row, read_unwind_info
from ..symbols.images import Images
from .ranges import Sieve

MOST_WORDS = 1 << 12
"""Words of one stack that are kept though they are no pointers. The engine shows 256 frames unless it is told otherwise."""
MAX_LIVE = 1 << 24
"""Bytes of one stack that are looked at, from the stack pointer on."""
OUTSIDE = 1 << 12
"""Bytes behind a stack pointer that are looked at where it lies in no stack."""
MAX_UNWIND = 4 + 2 * 256 + 16

_TEXT = re.compile(rb"[\x20-\x7e]{5,}|(?:[\x20-\x7e]\x00){4,}")


class Walk(NamedTuple):
    """Where a walk begins: whose stack, its registers' stack pointer and frame pointer (0: none), and the size of its words."""

    thread: Optional[Thread]
    sp: int
    frame: int
    width: int


class Walked:
    """Finds what the engine reads of the stacks of one dump.

    ``code`` are the addresses of code; ``end_of`` says where the stack ends that an address lies in (None: no stack).
    """

    def __init__(self, dump: Minidump, code: Sieve, end_of: Callable[[int], Optional[int]]) -> None:
        self._dump = dump
        self._code = code
        self._end_of = end_of
        self._memories: Dict[int, StackMemory] = {}
        self._regions = Regions(dump, Images(dump, []))
        self._known: Dict[int, bool] = {}
        system = dump.system
        self._unwinds = not isinstance(system, Absent) and system.is_windows and dump.pointer_size == 8

    def ranges(self) -> Iterator[Tuple[int, int]]:
        """The words that are kept, those that follow each other together (address, address behind them)."""
        for walk in self._walks():
            memory = self._memories.get(walk.width)
            if memory is None:
                memory = self._memories[walk.width] = StackMemory(self._dump, walk.width)
            memory.enter(walk.thread)
            yield from _runs(self._words(walk, memory), walk.width)

    def _walks(self) -> Iterator[Walk]:
        dump = self._dump
        exception = dump.exception
        if not isinstance(exception, Absent):
            registers = dump.registers(exception)
            if not isinstance(registers, Absent):
                yield _walk(dump.threads.find(exception.thread_id), registers)
        narrow = dump.process.is_wow64
        for thread in dump.threads.walk():
            registers = dump.registers(thread)
            if isinstance(registers, Absent):
                continue
            yield _walk(thread, registers)
            if narrow:
                registers = wow64_registers(dump, thread)
                if not isinstance(registers, Absent):
                    yield _walk(thread, registers)

    def _words(self, walk: Walk, memory: StackMemory) -> Iterable[int]:
        """Addresses of the words of one stack that the engine may take for return addresses."""
        width = walk.width
        end = self._end_of(walk.sp)
        size = min(end - walk.sp, MAX_LIVE) if end is not None else OUTSIDE
        data = memory.some(walk.sp, size)
        data = data[: len(data) // width * width]
        found: Set[int] = set()
        words = struct.unpack(f"<{len(data) // width}{'Q' if width == 8 else 'I'}", data)
        returns = self._code.among(words)
        texts = _Texts(data, width)
        returns.append(len(words))
        index = following = 0
        chained = True  # the word at the stack pointer is taken for the return address
        while index < len(words) and len(found) < MOST_WORDS:
            while returns[following] < index:
                following += 1
            if not chained:  # on to the next return address
                index = returns[following]
                if index == len(words):
                    break
            is_code = returns[following] == index
            value = words[index]
            if chained:
                if not is_code and index * width in texts:
                    chained = False
                    index += 1
                    continue
                found.add(walk.sp + index * width)
            if not value:
                chained = False
            elif is_code:
                chained = width == 4 or not self._is_unwound(value)
            index += 1
        frame, last = walk.frame, walk.sp - 1
        while width == 4 and last < frame < 1 << 32 and len(found) < MOST_WORDS:
            last = frame
            value = memory.word(frame)
            if value is None:
                break
            found.update((frame, frame + 4))
            frame = value
        return found

    def _is_unwound(self, address: int) -> bool:
        """Whether the dump itself has the unwind data for an instruction."""
        if not self._unwinds:
            return False
        known = self._known.get(address)
        if known is None:
            if len(self._known) > 1 << 16:
                self._known.clear()
            known = self._known[address] = self._has_row(address)
        return known

    def _has_row(self, address: int) -> bool:
        module = self._regions.module(address)
        if module is None:
            return self._regions.dynamic(address) is not None
        region = self._regions.of(module)
        if isinstance(region, Absent):
            return False
        row = region.rows.at(address - region.base)
        if row is None or isinstance(row, Absent):
            return False
        try:
            read_unwind_info(region.read, row)
        except BadUnwind:
            return False
        return True


def _runs(places: Iterable[int], width: int) -> Iterator[Tuple[int, int]]:
    """Words at places as ranges."""
    start = end = -1
    for place in sorted(places):
        if place != end:
            if end > start:
                yield start, end
            start = place
        end = place + width
    if end > start:
        yield start, end


def _walk(thread: Optional[Thread], registers: Registers) -> Walk:
    width = registers.pointer_size
    return Walk(thread, registers.sp, registers.values.get("ebp", 0), width)


class _Texts:
    """Where text stands in a stack: a word that overlaps one is not kept, whatever the engine would make of it."""

    def __init__(self, data: bytes, width: int) -> None:
        self._width = width
        self.starts: List[int] = []
        self.ends: List[int] = []
        for match in _TEXT.finditer(data):
            self.starts.append(match.start())
            self.ends.append(match.end())

    def __contains__(self, place: int) -> bool:
        """Whether a byte of the word at ``place`` belongs to a text."""
        at = bisect_right(self.starts, place + self._width - 1) - 1
        return at >= 0 and place < self.ends[at]


def unwind_ranges(dump: Minidump) -> Iterator[Tuple[int, int]]:
    """Captured ranges inside modules that are nothing but UNWIND_INFO.

    Wine's writer captures them one by one, without the headers of the image that would tell what they are.
    """
    if dump.pointer_size != 8:
        return
    for start, end, rva in dump.memory.spans():
        if end - start <= MAX_UNWIND and not start % 4 and dump.modules.at(start) is not None and is_unwind_info(dump.source.some(rva, end - start)):
            yield start, end


def is_unwind_info(data: bytes) -> bool:
    """Whether bytes are whole UNWIND_INFO structures of x64, one or more, and nothing else."""
    at = 0
    while at < len(data):
        part = data[at:]
        if len(part) < 4 or part[0] >> 3 > (CHAININFO | HANDLERS):
            return False
        try:
            info = read_unwind_info(lambda _, size, part=part: part[:size], Row(0, 1 << 31, 0, -1, 0))  # type: ignore[misc]
        except BadUnwind:
            return False
        if any(code.offset > info.prologue for code in info.codes):
            return False
        size = 4 + 2 * info.slots
        if info.flags & CHAININFO:
            size = info.size + 12
        elif info.flags & HANDLERS and len(part) > size:
            size = info.size + 4
        behind = min(-(-size // 4) * 4, len(part))
        if any(part[size:behind]):
            return False
        at += behind
    return bool(data)
