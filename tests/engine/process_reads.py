"""What ``!peb`` and ``!teb`` read of a process, as debugger commands that show the same bytes: those extensions are not on the bench.

The offsets are those of the public symbols of ntdll, written down by hand: nothing here knows what ``shrink`` keeps.
"""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Optional, Tuple

from dumpscope.dump.minidump import Minidump

MOST_MODULES = 300
MOST_THREADS = 40
MOST_BYTES = 0x8000


class Offsets(NamedTuple):
    """Sizes of TEB and PEB that are shown, and offsets in PEB, process parameters, loader data and its entries."""

    width: int
    teb: int
    peb: int
    of_peb: int
    ldr: int
    parameters: int
    texts: Tuple[int, ...]
    environment: int
    environment_size: int
    parameters_size: int
    list: int
    base: int
    names: Tuple[int, ...]
    entry: int


WIDE = Offsets(8, 0x1838, 0x7C8, 0x60, 0x18, 0x20, (0x38, 0x50, 0x60, 0x70, 0xB0, 0xC0, 0xD0, 0xE0), 0x80, 0x3F0, 0x410, 0x10, 0x30, (0x48, 0x58), 0x90)
NARROW = Offsets(4, 0x1000, 0x480, 0x30, 0x0C, 0x10, (0x24, 0x30, 0x38, 0x40, 0x70, 0x78, 0x80, 0x88), 0x48, 0x290, 0x298, 0x0C, 0x18, (0x24, 0x2C), 0x50)


def reads(dump: Minidump) -> List[str]:
    """The commands for one dump, in the order of the addresses that ``!teb`` and ``!peb`` follow."""
    offsets = WIDE if dump.pointer_size == 8 else NARROW
    found: List[Tuple[int, int]] = []
    peb: Optional[int] = None
    for _, thread in zip(range(MOST_THREADS), dump.threads):
        if thread.teb:
            found.append((thread.teb, offsets.teb))
            peb = peb or _number(dump, thread.teb + offsets.of_peb, offsets.width)
    if peb:
        found.append((peb, offsets.peb))
        found += _parameters(dump, _number(dump, peb + offsets.parameters, offsets.width), offsets)
        found += _loader(dump, _number(dump, peb + offsets.ldr, offsets.width), offsets)
    return [f"db {address:x} L?{min(size, MOST_BYTES):x}" for address, size in found]


def _number(dump: Minidump, address: int, size: int) -> int:
    return int.from_bytes(dump.memory.some(address, size), "little")


def _text(dump: Minidump, address: int, width: int) -> Iterator[Tuple[int, int]]:
    size, buffer = _number(dump, address, 2), _number(dump, address + width, width)
    if size and buffer:
        yield buffer, size


def _parameters(dump: Minidump, address: int, offsets: Offsets) -> Iterator[Tuple[int, int]]:
    if not address:
        return
    yield address, min(_number(dump, address + 4, 4), offsets.parameters_size) or offsets.texts[-1] + 2 * offsets.width
    for place in offsets.texts:
        yield from _text(dump, address + place, offsets.width)
    start = _number(dump, address + offsets.environment, offsets.width)
    size = _number(dump, address + offsets.environment_size, offsets.width)
    if start:
        data = dump.memory.some(start, MOST_BYTES)
        end = next((at + 4 for at in range(0, len(data) - 3, 2) if data[at : at + 4] == b"\0\0\0\0"), len(data))
        yield start, size if 0 < size < MOST_BYTES else max(end, 2)


def _loader(dump: Minidump, address: int, offsets: Offsets) -> Iterator[Tuple[int, int]]:
    if not address:
        return
    yield address, 0x30 if offsets.width == 4 else 0x58
    head = address + offsets.list
    entry = _number(dump, head, offsets.width)
    for _ in range(MOST_MODULES):
        if entry in (0, head):
            return
        yield entry, offsets.entry
        for place in offsets.names:
            yield from _text(dump, entry + place, offsets.width)
        entry = _number(dump, entry, offsets.width)
