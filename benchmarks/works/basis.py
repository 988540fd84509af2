"""What the works share: their register, and the floor's way to open a dump."""

from __future__ import annotations

import mmap
import struct
from typing import Any, Callable, Dict, Iterator, List, Tuple

WORKS: Dict[str, Callable[[str], Callable[[], Any]]] = {}
PAGE = 4096
READS = 100_000
KEPT: List[Any] = []


def work(function: Callable[[str], Callable[[], Any]]) -> Callable[[str], Callable[[], Any]]:
    """Register: the function imports what it needs and returns what is to be timed."""
    WORKS[function.__name__] = function
    return function


def mapped(path: str) -> Tuple[mmap.mmap, Dict[int, Tuple[int, int]]]:
    """The floor's way to open a dump: the file mapped, and streams as (rva, size) by type."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    count, directory = struct.unpack_from("<II", data, 8)
    streams = {}
    for at in range(directory, directory + 12 * count, 12):
        kind, size, rva = struct.unpack_from("<III", data, at)
        streams[kind] = (rva, size)
    return data, streams


def addresses(starts: List[int], sizes: List[int], count: int) -> Iterator[int]:
    """Addresses all over the ranges, the same ones each time."""
    number = 12345
    for _ in range(count):
        number = (number * 1103515245 + 12345) & 0x7FFFFFFF
        place = number % len(starts)
        yield starts[place] + (number >> 8) % max(1, sizes[place] - PAGE + 1)


def full_ranges(path: str) -> Tuple[List[int], List[int]]:
    """Starts and sizes of Memory64ListStream; not part of what is timed."""
    data, streams = mapped(path)
    rva, _ = streams[9]
    count = struct.unpack_from("<Q", data, rva)[0]
    rows = list(struct.iter_unpack("<QQ", data[rva + 16 : rva + 16 + 16 * count]))
    return [row[0] for row in rows], [row[1] for row in rows]
