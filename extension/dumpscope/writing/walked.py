"""What the debugger's engine reads of memory for call stacks, though it is no pointer: what a scrubbed dump keeps so that ``~*k`` stays the same.

Where the engine has no unwind data for an instruction, it takes the word at the stack pointer for the return address, whatever it is, and
goes on with the next word, until one is 0 (observed: dbgeng 10.0.15063). On x86 it follows frame pointers as well. Which images it has at
hand is not known here, so such words are kept after every return address whose unwind data the dump does not have.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_left
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..dump.absence import Absent
from ..dump.contexts import Registers, wow64_registers
from ..dump.minidump import Minidump
from ..dump.streams.threads import Thread
from ..stacks.memory import StackMemory
from ..stacks.x64.functions import Regions
from ..stacks.x64.unwindinfo import CHAININFO, HANDLERS, BadUnwind, Row, UnwindInfo, read_unwind_info
from ..symbols.images import Images
from .ranges import Sieve

MOST_WORDS = 1 << 12
"""Words of one stack that are kept though they are no pointers. The engine shows 256 frames unless it is told otherwise."""
MAX_LIVE = 1 << 24
"""Bytes of one stack that are looked at, from the stack pointer on."""
OUTSIDE = 1 << 12
"""Bytes after a stack pointer that are looked at where it lies in no stack."""
MOST_KNOWN = 1 << 18
"""Instructions of which it is remembered whether the dump has their unwind data."""
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
        self._known: Set[int] = set()
        self._unwound: Set[int] = set()
        system = dump.system
        self._unwinds = not isinstance(system, Absent) and system.is_windows and dump.pointer_size == 8

    def ranges(self) -> Iterator[Tuple[int, int]]:
        """The words that are kept, those that follow each other together (address, address after them)."""
        for walk in self._walks():
            memory = self._memories.get(walk.width)
            if memory is None:
                memory = self._memories[walk.width] = StackMemory(self._dump, walk.width)
            memory.enter(walk.thread)
            yield from self._words(walk, memory)

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

    def _words(self, walk: Walk, memory: StackMemory) -> Iterator[Tuple[int, int]]:
        """Address ranges of the words of one stack that the engine may take for return addresses."""
        width = walk.width
        end = self._end_of(walk.sp)
        size = min(end - walk.sp, MAX_LIVE) if end is not None else OUTSIDE
        data = memory.some(walk.sp, size)
        data = data[: len(data) // width * width]
        words = struct.unpack(f"<{len(data) // width}{'Q' if width == 8 else 'I'}", data)
        for first, last in self._chains(words, data, width):
            yield walk.sp + first * width, walk.sp + last * width
        frame, before, left = walk.frame, walk.sp - 1, MOST_WORDS
        while width == 4 and before < frame < 1 << 32 and left > 0:
            before, left = frame, left - 2
            value = memory.word(frame)
            if value is None:
                break
            yield frame, frame + 8
            frame = value

    def _chains(self, words: Sequence[int], data: bytes, width: int) -> Iterator[Tuple[int, int]]:
        """The words (first, after the last) that are taken one after the other: from the stack pointer, and from each return address, on.

        A chain ends with a 0, with a return address whose unwind data the dump has, and before a text.
        """
        returns = self._code.among(words)
        unwound = self._unwound_of({words[index] for index in returns}) if width == 8 and self._unwinds else set()
        ends = [index for index in returns if words[index] in unwound] if unwound else []
        texts = _text_words(data, width, set(returns))
        count = len(words)
        index, zero, left, chained = 0, -1, MOST_WORDS, True  # the word at the stack pointer is taken for the return address
        while index < count and left > 0:
            if not chained:  # on to the next return address
                at = bisect_left(returns, index)
                if at == len(returns):
                    return
                chained = words[returns[at]] not in unwound
                index = returns[at] + 1
                continue
            if zero < index:
                zero = _next_zero(words, index, count)
            stop = min(_next(ends, index, count), zero)
            text = _next(texts, index, count)
            behind = min(text if text <= stop else stop + 1, count, index + left)
            if behind > index:
                yield index, behind
                left -= behind - index
            index, chained = (text if text <= stop else stop) + 1, False

    def _unwound_of(self, addresses: Set[int]) -> Set[int]:
        """Those of some instructions whose unwind data the dump itself has."""
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
            self._unwound.clear()
        fresh = addresses - self._known
        self._known |= fresh
        self._unwound.update(address for address in fresh if self._has_row(address))
        return addresses & self._unwound

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


def _walk(thread: Optional[Thread], registers: Registers) -> Walk:
    width = registers.pointer_size
    return Walk(thread, registers.sp, registers.values.get("ebp", 0), width)


def _next(places: Sequence[int], index: int, count: int) -> int:
    """The first of sorted places from an index on; ``count`` where there is none."""
    at = bisect_left(places, index)
    return places[at] if at < len(places) else count


def _next_zero(words: Sequence[int], index: int, count: int) -> int:
    try:
        return words.index(0, index)
    except ValueError:
        return count


def _text_words(data: bytes, width: int, code: Set[int]) -> List[int]:
    """The words of a stack that have a byte of a text, and are no code: they are not kept, whatever the engine would make of them."""
    found: Set[int] = set()
    for match in _TEXT.finditer(data):
        found.update(range(match.start() // width, (match.end() - 1) // width + 1))
    return sorted(found - code)


def unwind_ranges(dump: Minidump) -> Iterator[Tuple[int, int]]:
    """Captured ranges inside modules that are nothing but UNWIND_INFO.

    Wine's writer captures them one by one, without the headers of the image that would tell what they are.
    """
    if dump.pointer_size != 8:
        return
    for start, end, rva in dump.memory.spans():
        if end - start <= MAX_UNWIND and not start % 4 and dump.modules.at(start) is not None and is_unwind_info(dump.source.some(rva, end - start)):
            yield start, end


def _unwind_info(data: bytes) -> UnwindInfo:
    """The UNWIND_INFO that bytes begin with. Raises BadUnwind."""
    return read_unwind_info(lambda _, size: data[:size], Row(0, 1 << 31, 0, -1, 0))


def is_unwind_info(data: bytes) -> bool:
    """Whether bytes are whole UNWIND_INFO structures of x64, one or more, and nothing else."""
    at = 0
    while at < len(data):
        part = data[at:]
        if len(part) < 4 or part[0] >> 3 > (CHAININFO | HANDLERS):
            return False
        try:
            info = _unwind_info(part)
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
