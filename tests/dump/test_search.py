"""Search against the plainest answer there is: a dictionary of all captured bytes."""

from __future__ import annotations

import random
import struct
from typing import Any, Dict, List, Tuple

import pytest
from tests.amount import part
from tests.fuzz.dumps import Dump

from dumpscope import Minidump
from dumpscope.dump import search

PATTERNS = (b"a", b"ab", b"aa", b"aba", b"bbab")


def made(chance: random.Random) -> Tuple[bytes, Dict[int, int]]:
    """A dump of tiny ranges, some adjacent in memory, some in the file, some in both; and its bytes by address."""
    dump = Dump().basics()
    rows: List[Tuple[int, int, int]] = []
    memory: Dict[int, int] = {}
    address = 0x1000
    for _ in range(chance.randrange(1, 6)):
        data = bytes(chance.choice(b"ab") for _ in range(chance.randrange(1, 7)))
        rows.append((address, len(data), dump.put(data)))
        if chance.random() < 0.3:
            dump.put(b"a" * chance.randrange(3))
        memory.update(enumerate(data, address))
        address += len(data) + (chance.randrange(1, 3) if chance.random() < 0.4 else 0)
    chance.shuffle(rows)
    dump.stream(5, struct.pack("<I", len(rows)) + b"".join(struct.pack("<QII", *row) for row in rows))
    return dump.build(), memory


def made_of_little(chance: random.Random) -> Tuple[bytes, Dict[int, int]]:
    """A dump whose ranges hold more than the file: they share its bytes, and most of them go on where the one before ends."""
    dump = Dump().basics()
    data = bytes(chance.choice(b"aab") for _ in range(96))
    rva = dump.put(data)
    rows: List[Tuple[int, int, int]] = []
    memory: Dict[int, int] = {}
    address = 0x1000
    for _ in range(100):
        at = chance.randrange(90)
        size = chance.choice((1, 2, 96)) if chance.random() < 0.8 else chance.randrange(1, 96)
        size = min(size, 96 - at)
        rows.append((address, size, rva + at))
        memory.update(enumerate(data[at : at + size], address))
        address += size + (chance.randrange(1, 9) if chance.random() < 0.4 else 0)
    dump.stream(5, struct.pack("<I", len(rows)) + b"".join(struct.pack("<QII", *row) for row in rows))
    return dump.build(), memory


@pytest.mark.parametrize("in_place", [False, True])
def test_search_finds_all_and_nothing_else(monkeypatch: Any, in_place: bool) -> None:
    monkeypatch.setattr(search, "IN_PLACE", in_place)
    chance = random.Random(3)
    for number in range(part(240, 4)):
        monkeypatch.setattr(search, "CHUNK", chance.choice((1, 3, 8, 1 << 20)))
        monkeypatch.setattr(search, "SHORT", chance.choice((1, 3, 8, 1 << 10)))
        monkeypatch.setattr(search, "WINDOW", chance.choice((1, 3, 8, 1 << 20)))
        data, memory = made(chance) if number % 6 else made_of_little(chance)
        with Minidump.open(data) as dump:
            for pattern in PATTERNS:
                wanted = [at for at in sorted(memory) if all(memory.get(at + number) == byte for number, byte in enumerate(pattern))]
                assert list(search.find(dump.memory, pattern)) == wanted
                assert list(search.find(dump.memory, pattern, align=4)) == [at for at in wanted if not at % 4]


def test_progress_ends_at_the_total() -> None:
    data, memory = made(random.Random(1))
    told: List[Tuple[int, int]] = []
    with Minidump.open(data) as dump:
        list(search.find(dump.memory, b"ab", progress=lambda done, total: told.append((done, total))))
    assert told[-1] == (len(memory), len(memory))


@pytest.mark.parametrize("pattern", [b"", b"x" * 70000], ids=["empty", "too long"])
def test_patterns_that_are_none(pattern: bytes) -> None:
    data, _ = made(random.Random(1))
    with Minidump.open(data) as dump, pytest.raises(ValueError):
        list(search.find(dump.memory, pattern))
