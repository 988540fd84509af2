"""The engine's answers about memory against a slow reading of the same rules, and how often lists are decoded for them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest
from tests.cases import each

from dumpscope import Minidump
from dumpscope.commands.index import find_command
from dumpscope.diagnosis import promises
from dumpscope.diagnosis.engine import memory
from dumpscope.diagnosis.engine.answers import E_NOINTERFACE, S_OK
from dumpscope.diagnosis.engine.memory import MASK32, MASK64, AddressMap, Captured, EngineMemory, Region
from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.source import Source
from dumpscope.dump.streams.memory import MemoryList
from dumpscope.session.running import parse, run
from dumpscope.session.session import Session
from dumpscope.view.blocks import Data

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
Extent = Tuple[int, int]


class Listed(memory._Regions):
    """A list that is given, not decoded."""

    def __init__(self, rows: List[Extent], mask: int, ties_last: bool) -> None:
        super().__init__(mask)
        self.rows = rows
        self.ties_last = ties_last

    @property
    def count(self) -> int:
        return len(self.rows)

    def extents(self) -> Iterator[Extent]:
        return iter(self.rows)

    def extent(self, index: int) -> Extent:
        return self.rows[index]

    def region(self, index: int) -> Region:
        base, size = self.rows[index]
        return Region(base, size, 0, 0, 0, 0, base, False)


def slow_place(rows: List[Extent], mask: int, ties_last: bool, address: int) -> int:
    """The first entry of the list that holds the address, else the (first or last) one with the next higher base; -1 without one."""
    address &= mask
    bounds = [(base & mask, base + size & mask) for base, size in rows]
    for index, (base, end) in enumerate(bounds):
        if base <= address < end:
            return index
    above = [base for base, _ in bounds if base > address]
    if not above:
        return -1
    equal = [index for index, (base, _) in enumerate(bounds) if base == min(above)]
    return equal[-1] if ties_last else equal[0]


def slow_walk(lists: List[Tuple[List[Extent], bool]], mask: int) -> Tuple[int, int, int, int]:
    """QueryVirtual from 0 on, one address at a time: first and last HRESULT, how many answers went on, and where they ended."""
    at = count = end = 0
    first: Optional[int] = None
    steps_behind = 0
    while True:
        if at > mask:
            steps_behind += 1
            if steps_behind == memory.BEHIND_TOP:
                break
        found = next(((rows, place) for rows, ties in lists for place in [slow_place(rows, mask, ties, at)] if place >= 0), None)
        if found is None:
            break
        first = S_OK
        base, size = found[0][found[1]]
        stop = base + size & MASK64
        if not size or stop <= at:
            return S_OK, S_OK, count, end
        count, end, at = count + 1, stop, stop
    return E_NOINTERFACE if first is None else first, E_NOINTERFACE, count, end


def some_rows(random_: random.Random, mask: int) -> List[Extent]:
    """Entries apart, in any order, over each other, empty, and some that end at the top, wrap, or lie above the top."""
    rows: List[Extent] = []
    at = 0
    for _ in range(random_.randrange(9)):
        size = random_.choice((1, 4, 16))
        rows.append((at, size))
        at += size + random_.choice((0, 0, 8))
    if random_.random() < 0.5:
        for _ in range(random_.randrange(4)):
            rows.append((random_.randrange(64), random_.choice((0, 2, 40))))
        random_.shuffle(rows)
    if random_.random() < 0.3:
        rows.append((mask - 7, random_.choice((4, 8, 16))))
    if mask == MASK32 and random_.random() < 0.3:
        rows.insert(random_.randrange(len(rows) + 1), (mask + 1 + random_.randrange(64), random_.choice((4, 16, mask))))
    return rows


def engine_memory(first: Optional[Listed], second: Listed) -> EngineMemory:
    """Both lists as the engine asks them."""
    made: Any = EngineMemory.__new__(EngineMemory)
    made.map, made.captured = first, second
    return made  # type: ignore[no-any-return]


@pytest.mark.parametrize("kept", [memory.KEPT, 0])
@pytest.mark.parametrize("mask", [MASK32, MASK64])
def test_places_and_walks_are_those_of_a_slow_reading(kept: int, mask: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "KEPT", kept)
    random_ = random.Random(kept ^ mask)
    seen = set()
    for _ in range(300):
        rows, others = some_rows(random_, mask), some_rows(random_, mask)
        for ties_last in (False, True):
            listed = Listed(rows, mask, ties_last)
            for address in [*range(0, 110, 3), mask - 9, mask - 7, mask, mask + 9 & MASK64]:
                assert listed.place(address) == slow_place(rows, mask, ties_last, address), (rows, address)
        for first in (None, rows):
            lists = [(others, True)] if first is None else [(rows, False), (others, True)]
            both = engine_memory(None if first is None else Listed(rows, mask, False), Listed(others, mask, True))
            wanted = slow_walk(lists, mask)
            assert tuple(both.regions()) == wanted, (lists, mask)
            assert sum(more for _, more in both.rows()) == wanted[2]
            seen.add((wanted[0], wanted[1], wanted[2] > 3))
    assert len(seen) >= 4  # nothing at all, walks to the end, walks that stop


@each("sample", sorted(path.name for path in SAMPLES.glob("*.dmp")))
def test_the_range_that_holds_an_address(sample: str) -> None:
    """Halving finds the range that a walk through the list finds."""
    source = Source.from_path(str(SAMPLES / sample))
    try:
        captured = EngineView(source).opened.captured
        if captured is None or not 0 < captured.count <= 300:
            return
        probes = {address for start, size, _ in captured.walk() for address in (start - 1, start, start + size // 2, start + size - 1, start + size)}
        found = {address: captured.containing(address) for address in probes}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(memory, "KEPT", 0)
            slow = Captured(captured.streams, captured.full, captured.mask == MASK32)
            assert slow._kept is None
            assert found == {address: slow.containing(address) for address in probes}
    finally:
        source.close()


def test_why_decodes_and_judges_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each list of memory is decoded once for all rules, commands and tables of an answer, and each flag is judged once."""
    counts: Dict[str, int] = {}

    def count(owner: Any, name: str) -> None:
        inner = getattr(owner, name)

        def counted(*args: Any) -> Any:
            key = f"{getattr(owner, '__name__', owner)}.{name}"
            counts[key] = counts.get(key, 0) + 1
            return inner(*args)

        monkeypatch.setattr(owner, name, counted)

    for owner, name in ((Captured, "_decoded"), (AddressMap, "_decoded"), (MemoryList, "_columns"), (promises, "promise")):
        count(owner, name)
    with Minidump.open(str(SAMPLES / "everything-small.dmp")) as dump:
        assert len(dump.memory_list) > 1
        assert len(dump.regions) > 1
        session = Session(dump)
        why = find_command("why")
        blocks = list(run(session, why, parse(why, [])))
        assert "AddressMap._decoded" not in counts  # an answer in text has no need of it
        for block in blocks:
            if isinstance(block, Data) and block.make is not None:
                block.make()  # what a document of JSON has besides
    assert counts == {"Captured._decoded": 1, "AddressMap._decoded": 1, "MemoryList._columns": 1, "dumpscope.diagnosis.promises.promise": 27}
