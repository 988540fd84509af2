"""User dumps of the old format that were changed: every command answers or explains, in work that the file's size bounds."""

from __future__ import annotations

import random
import struct
from typing import Callable, Dict, List

import pytest
from samples.user_dumps import narrow_dump, wide_dump
from tests.amount import part, some
from tests.cases import each
from tests.fuzz.driver import Checker

from dumpscope.format.userdump import USERMODE_CRASHDUMP_HEADER32, USERMODE_CRASHDUMP_HEADER64

BASES: Dict[str, Callable[[], bytes]] = {"wide": wide_dump, "narrow": narrow_dump}
VALUES = (0, 1, 2, 0x60, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
TOP = 0xFFFFFFFF
HEADERS = {"wide": USERMODE_CRASHDUMP_HEADER64, "narrow": USERMODE_CRASHDUMP_HEADER32}


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


def header(name: str, data: bytes) -> Dict[str, int]:
    return HEADERS[name].unpack(data)


def fields(name: str, data: bytes) -> List[int]:
    """Offsets of numbers that lead somewhere: of the header, of the event, of threads, modules and regions."""
    head = header(name, data)
    found = [*range(8, HEADERS[name].size, 4)]
    for place, size in (
        (head["DebugEventOffset"], 0x60),
        (head["ThreadStateOffset"], 0x60),
        (head["ModuleOffset"], 0x40),
        (head["MemoryRegionOffset"], 0x90),
        (head["DataOffset"], 0x10),
    ):
        found += range(place, min(len(data) - 4, place + size), 4)
    return found


@pytest.mark.parametrize("name", sorted(BASES))
def test_numbers_at_their_edges(checker: Checker, name: str) -> None:
    data = BASES[name]()
    chance = random.Random(name)
    broken: List[str] = []
    for offset in chance.sample(fields(name, data), part(40)):
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


def bomb(kind: str, name: str) -> bytes:
    """Tables that fill the file, or lie over each other, each row of which claims all of it."""
    data = bytearray(BASES[name]())
    shape = HEADERS[name]
    word = "Q" if name == "wide" else "I"
    start = len(data)

    def put(field: str, value: int) -> None:
        struct.pack_into("<I" if field.endswith("Count") else f"<{word}", data, shape.offset_of(field), value)

    if kind == "regions":
        rows = [
            struct.pack("<QQIIQIIII", n << 16, 0, 4, 0, 1 << 62, 0x1000, 4, 0x20000, 0)
            if name == "wide"
            else struct.pack("<7I", n << 16, 0, 4, TOP, 0x1000, 4, 0x20000)
            for n in range(part(2000))
        ]
        data += b"".join(rows)
        put("MemoryRegionOffset", start)
        put("MemoryRegionCount", TOP)
        put("DataOffset", 1)
    elif kind == "small regions":
        data += b"".join(
            struct.pack("<QQIIQIIII", n << 4, 0, 4, 0, 1, 0x1000, 4, 0x20000, 0) if name == "wide" else struct.pack("<7I", n << 4, 0, 4, 1, 0x1000, 4, 0x20000)
            for n in range(part(4000))
        )
        put("MemoryRegionOffset", start)
        put("MemoryRegionCount", part(4000))
    elif kind == "same region":
        data += b"".join(
            struct.pack("<QQIIQIIII", 0x10000, 0, 4, 0, 8, 0x1000, 4, 0x20000, 0)
            if name == "wide"
            else struct.pack("<7I", 0x10000, 0, 4, 8, 0x1000, 4, 0x20000)
            for _ in range(part(4000))
        )
        put("MemoryRegionOffset", start)
        put("MemoryRegionCount", part(4000))
        put("DataOffset", 0x60)
    elif kind == "modules":
        data += b"".join(struct.pack(f"<{word}II", n << 16, TOP, 0) for n in range(part(4000)))
        put("ModuleOffset", start)
        put("ModuleCount", TOP)
    elif kind == "long names":
        data += b"".join(struct.pack(f"<{word}II", n << 16, 0x1000, 1024) + b"\x01" * 1024 for n in range(part(200)))
        put("ModuleOffset", start)
        put("ModuleCount", part(200))
    elif kind == "threads":
        put("ThreadCount", TOP)
        put("ThreadStateOffset", 0x60)
        put("ThreadOffset", 0x60)
        data += bytes(part(1 << 18))
    else:
        for field in ("ThreadOffset", "ModuleOffset", "DataOffset", "MemoryRegionOffset", "DebugEventOffset", "ThreadStateOffset"):
            put(field, 1)
        for field in ("ThreadCount", "ModuleCount", "MemoryRegionCount"):
            put(field, TOP)
        data += bytes(range(256)) * part(512)
    return bytes(data)


COMMANDS = ["dumpinfo", "map", "memory", "regions", "modules", "threads", "why", "dumpdebug", "exception", "whatis", "bytes", "read", "strings", "stack"]
BOMBS = ["regions", "small regions", "same region", "modules", "long names", "threads", "one place for all"]


@each("command", COMMANDS)
@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("name", sorted(BASES))
def test_bombs(checker: Checker, name: str, kind: str, command: str) -> None:
    data = bomb(kind, name)
    call = checker.by_command[command][-1 if kind in ("regions", "modules") else 0]
    for renderer in some(("text", "json"), BOMBS.index(kind) + COMMANDS.index(command), 2):
        checker.check(data, call, renderer)
