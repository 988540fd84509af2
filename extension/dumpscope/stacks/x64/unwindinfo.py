"""UNWIND_INFO, decoded: its codes, its chain, and the epilogues that version 2 names."""

from __future__ import annotations

import struct
from typing import Callable, List, NamedTuple, Tuple, Union

from ...format.counted import by_count, counted

PUSH_NONVOL, ALLOC_LARGE, ALLOC_SMALL, SET_FPREG, SAVE_NONVOL, SAVE_NONVOL_FAR, EPILOG, SPARE, SAVE_XMM128, SAVE_XMM128_FAR, PUSH_MACHFRAME = range(11)
CHAININFO = 0x4
HANDLERS = 0x3
MAX_CHAIN = 32
"""Links of a chain that are followed; compilers make one or two."""

_SLOTS = (1, 2, 1, 1, 2, 3, 2, 3, 2, 3, 1)


class Code(NamedTuple):
    """One unwind code. ``offset`` is where its instruction ends in the prologue, ``value`` its size or offset in bytes."""

    offset: int
    op: int
    info: int
    value: int


class Row(NamedTuple):
    """One RUNTIME_FUNCTION of x64: offsets from the image's base; ``number`` counts from 0, below 0 for one outside the table.

    ``place`` is where the row itself stands, counted from the base too, or from the start of the dump file for a table of run-time code.
    """

    begin: int
    end: int
    unwind: int
    number: int
    place: int


class UnwindInfo(NamedTuple):
    """One UNWIND_INFO. ``rva`` is its own place; ``epilogues`` are (first, after the last) offsets from the base, of version 2 only."""

    rva: int
    version: int
    flags: int
    prologue: int
    slots: int
    frame_register: int
    frame_offset: int
    codes: Tuple[Code, ...]
    epilogues: Tuple[Tuple[int, int], ...]
    chained: Union[Row, None]
    handler: int

    @property
    def size(self) -> int:
        """Bytes of the head and the codes, what follows them not counted."""
        return 4 + 2 * (self.slots + 1 & ~1)


class BadUnwind(Exception):
    """Unwind data that cannot be read or make no sense; the message says where."""


class MissingUnwind(BadUnwind):
    """Unwind data whose bytes are not at hand."""


def read_unwind_info(read: Callable[[int, int], bytes], row: Row) -> UnwindInfo:
    """The UNWIND_INFO of a function. ``read`` gives bytes by offset from the base. Raises BadUnwind."""
    rva = row.unwind
    data = read(rva, 4 + 2 * 256 + 12)
    if len(data) < 4:
        raise MissingUnwind(f"UNWIND_INFO at +0x{rva:x} is not at hand")
    first, prologue, slots, frame = data[:4]
    version, flags = first & 7, first >> 3
    if version not in (1, 2):
        raise BadUnwind(f"UNWIND_INFO at +0x{rva:x} has version {version}")
    behind = 4 + 2 * (slots + 1 & ~1)
    if len(data) < 4 + 2 * slots:
        raise MissingUnwind(f"UNWIND_INFO at +0x{rva:x} has {slots} slots, 0x{len(data):x} bytes of it are at hand")
    codes, epilogues = _codes(data, rva, version, slots, row)
    chained = None
    handler = 0
    if flags & CHAININFO:
        if len(data) < behind + 12:
            raise MissingUnwind(f"UNWIND_INFO at +0x{rva:x} is chained to a function that is not at hand")
        begin, end, unwind = struct.unpack_from("<III", data, behind)
        chained = Row(begin, end, unwind, -1, rva + behind)
    elif flags & HANDLERS and len(data) >= behind + 4:
        handler = int.from_bytes(data[behind : behind + 4], "little")
    return UnwindInfo(rva, version, flags, prologue, slots, frame & 15, (frame >> 4) * 16, codes, epilogues, chained, handler)


def _codes(data: bytes, rva: int, version: int, slots: int, row: Row) -> Tuple[Tuple[Code, ...], Tuple[Tuple[int, int], ...]]:
    codes: List[Code] = []
    epilogues: List[Tuple[int, int]] = []
    size = 0
    at = 0
    while at < slots:
        offset, both = data[4 + 2 * at], data[5 + 2 * at]
        op, info = both & 15, both >> 4
        if op > PUSH_MACHFRAME:
            raise BadUnwind(f"UNWIND_INFO at +0x{rva:x}: slot {at} has the code {op}, which is not one")
        if op == EPILOG and version == 2:
            # The first gives the size of every epilogue and whether one ends the function, each of the others where one begins.
            if not epilogues and not size:
                size = offset
                if info & 1:
                    epilogues.append((row.end - size, row.end))
            elif offset or info:
                begin = row.end - (info << 8 | offset)
                epilogues.append((begin, begin + size))
            at += 1
            continue
        need = 3 if op == ALLOC_LARGE and info else _SLOTS[op]
        if at + need > slots:
            raise BadUnwind(
                f"UNWIND_INFO at +0x{rva:x}: the code in slot {at} needs {counted(need, 'slot')}, {slots - at} {by_count(slots - at, 'is', 'are')} left"
            )
        word = int.from_bytes(data[6 + 2 * at : 4 + 2 * (at + need)], "little")
        if op == ALLOC_SMALL:
            value = info * 8 + 8
        elif op == ALLOC_LARGE:
            value = word if info else word * 8
        elif op == SAVE_NONVOL:
            value = word * 8
        elif op == SAVE_XMM128:
            value = word * 16
        else:
            value = word
        codes.append(Code(offset, op, info, value))
        at += need
    return tuple(codes), tuple(epilogues)


def read_chain(read: Callable[[int, int], bytes], row: Row) -> List[Tuple[Row, UnwindInfo]]:
    """The UNWIND_INFO of a function and of those that it is chained to. Raises BadUnwind."""
    found: List[Tuple[Row, UnwindInfo]] = []
    while True:
        if row.unwind & 1:
            # The row stands for another one: its address without the low bit.
            data = read(row.unwind & ~1, 12)
            if len(data) < 12:
                raise MissingUnwind(f"the RUNTIME_FUNCTION at +0x{row.unwind & ~1:x} is not at hand")
            begin, end, unwind = struct.unpack("<III", data)
            if unwind & 1:
                raise BadUnwind(f"the RUNTIME_FUNCTION at +0x{row.unwind & ~1:x} stands for yet another one")
            info = read_unwind_info(read, Row(begin, end, unwind, row.number, row.unwind & ~1))
            row = row._replace(begin=begin, end=max(end, row.end)) if begin <= row.begin else row
        else:
            info = read_unwind_info(read, row)
        found.append((row, info))
        if info.chained is None:
            return found
        if len(found) >= MAX_CHAIN:
            raise BadUnwind(f"UNWIND_INFO at +0x{info.rva:x}: a chain of more than {MAX_CHAIN} links")
        row = info.chained
