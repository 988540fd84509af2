"""Kernel dumps that were changed: every command answers or explains, in work that the file's size bounds."""

from __future__ import annotations

import random
import struct
from typing import Callable, Dict, List

import pytest
from samples.kernel_dumps import bitmap_dump, full_dump, triage32, triage64, with_blobs
from tests.amount import part, some
from tests.fuzz.driver import Checker

BASES: Dict[str, Callable[[], bytes]] = {
    "triage-64": lambda: with_blobs(triage64(), [b"abc", bytes(40)]),
    "triage-32": triage32,
    "full": lambda: full_dump([(1, 2), (8, 1)]),
    "full-32": lambda: full_dump([(1, 2)], wide=False),
    "bitmap": lambda: bitmap_dump([1, 2, 9], 64),
    "bitmap-32": lambda: bitmap_dump([1, 9], 64, wide=False),
}
VALUES = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x45474150, 0x1000, 0x2000)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


def fields(data: bytes) -> List[int]:
    """Offsets of numbers that lead somewhere: of the header, of what follows it, and of lists."""
    base = 0x2000 if data[4:8] == b"DU64" else 0x1000
    found = [*range(0, 0x88, 4), *range(base - 0x70, base, 4), *range(base, min(len(data) - 4, base + 0x84), 4)]
    return [*found, *range(base + 0x84, min(len(data) - 4, base + 0x2000), 52)]


@pytest.mark.parametrize("name", sorted(BASES))
def test_numbers_at_their_edges(checker: Checker, name: str) -> None:
    data = BASES[name]()
    chance = random.Random(name)
    broken: List[str] = []
    for offset in chance.sample(fields(data), part(40)):
        made = bytearray(data)
        value = chance.choice(VALUES)
        struct.pack_into("<I", made, offset, value)
        broken += [f"0x{offset:x} = 0x{value:x}: {error}" for error in checker.some(bytes(made), chance, 8)]
    assert not broken, broken[0]


@pytest.mark.parametrize("name", sorted(BASES))
def test_cut_anywhere(checker: Checker, name: str) -> None:
    data = BASES[name]()
    chance = random.Random(name)
    broken: List[str] = []
    for _ in range(part(20)):
        size = chance.randrange(len(data))
        broken += [f"cut at 0x{size:x}: {error}" for error in checker.some(data[:size], chance, 8)]
    assert not broken, broken[0]


@pytest.mark.parametrize("command", ["dumpinfo", "map", "memory", "stack", "modules", "why", "dumpdebug", "exception", "whatis", "bytes", "read"])
@pytest.mark.parametrize("bomb", ["drivers", "blocks", "blobs", "strings", "unloaded", "bits"])
def test_bombs(checker: Checker, bomb: str, command: str) -> None:
    """Lists that fill the file, each entry of which claims all of it."""
    data = bytearray(triage64())
    start = len(data)
    if bomb == "drivers":
        data += b"".join(struct.pack("<I52xQQI64x4x", 0x2010, n << 12, 0, 0xFFFFFFFF) for n in range(part(2000)))
        struct.pack_into("<II", data, 0x2030, start, 0xFFFFFFFF)
    elif bomb == "blocks":
        data += b"".join(struct.pack("<QII", n << 12, 0, 0xFFFFFFFF) for n in range(part(8000)))
        struct.pack_into("<II", data, 0x2078, start, 0xFFFFFFFF)
    elif bomb == "blobs":
        data = bytearray(with_blobs(bytes(data), [b""] * part(4000)))
    elif bomb == "strings":
        data += b"".join(struct.pack("<I52xQQI64x4x", start + 144 * part(1000), n << 32, 0, 0x1000) for n in range(part(1000)))
        data += struct.pack("<I", 0xFFFFFFFF) + "x".encode("utf-16-le") * 600
        struct.pack_into("<II", data, 0x2030, start, part(1000))
    elif bomb == "unloaded":
        data += struct.pack("<Q", 0xFFFFFFFF) + struct.pack("<HHIQ24sQQ", 0xFFFF, 0xFFFF, 0, 0, b"x\0" * 12, 0, (1 << 64) - 1) * part(2000)
        struct.pack_into("<I", data, 0x2018, start)
    else:
        data = bytearray(bitmap_dump(range(0, 1 << 16, 2), 1 << 16)[: 0x2000 + 0x38 + (1 << 13)])
    for call in checker.by_command[command][:2]:
        for renderer in some(("text", "json"), len(bomb) + len(command), 2):
            checker.check(bytes(data), call, renderer)
