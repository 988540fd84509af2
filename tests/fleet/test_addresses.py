"""How the address spaces of two dumps differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

from tests.fleet.test_compare import SMALL

from dumpscope.dump.minidump import Minidump
from dumpscope.fleet.addresses import kind_text, region_changes
from dumpscope.writing import DumpBuilder

COMMIT, RESERVE, FREE = 0x1000, 0x2000, 0x10000
PRIVATE, IMAGE = 0x20000, 0x1000000
READ, WRITE = 2, 4
Row = Tuple[int, int, int, int, int]


def made(rows: Sequence[Row]) -> bytes:
    """The sample with these regions: base, size, state, type, protection."""
    with Minidump.open(SMALL) as dump:
        builder = DumpBuilder.of(dump)
        builder.drop(16)
        for base, size, state, kind, protect in rows:
            builder.add("MemoryInfoListStream", BaseAddress=base, AllocationBase=base, RegionSize=size, State=state, Type=kind, Protect=protect)
        return builder.to_bytes()


FIRST: List[Row] = [
    (0x0, 0x10000, FREE, 0, 1),
    (0x10000, 0x4000, COMMIT, PRIVATE, WRITE),
    (0x14000, 0x2000, RESERVE, PRIVATE, 0),
    (0x20000, 0x1000, COMMIT, IMAGE, READ),
    (0x30000, 0x1000, COMMIT, PRIVATE, WRITE),
]
LAST: List[Row] = [
    (0x10000, 0x2000, COMMIT, PRIVATE, WRITE),
    (0x12000, 0x2000, COMMIT, PRIVATE, READ),
    (0x14000, 0x1000, COMMIT, PRIVATE, WRITE),
    (0x15000, 0x1000, RESERVE, PRIVATE, 4),
    (0x20000, 0x1000, COMMIT, IMAGE, READ),
    (0x30000, 0x8000, FREE, 0, 1),
    (0x40000, 0x1000, COMMIT, PRIVATE, WRITE),
    (0x41000, 0x1000, COMMIT, PRIVATE, WRITE),
]


def test_each_range_that_changed_once() -> None:
    with Minidump.open(made(FIRST)) as first, Minidump.open(made(LAST)) as last:
        found = [(item.address, item.size, item.kind) for item in region_changes(first, last)]
        back = [(item.address, item.size, item.kind) for item in region_changes(last, first)]
        assert list(region_changes(first, first)) == []
    assert found == [(0x12000, 0x2000, "protection"), (0x14000, 0x1000, "state"), (0x30000, 0x1000, "freed"), (0x40000, 0x2000, "allocated")]
    assert [(address, size) for address, size, _ in back] == [(address, size) for address, size, _ in found]
    assert [kind for _, _, kind in back] == ["protection", "state", "allocated", "freed"]


def test_regions_that_overlap_or_reach_beyond_the_end_do_not_break_it() -> None:
    wild = [(0x10000, 0x4000, COMMIT, PRIVATE, WRITE), (0x8000, 0x10000, COMMIT, PRIVATE, READ), ((1 << 64) - 0x1000, 0x4000, COMMIT, PRIVATE, READ)]
    with Minidump.open(made(FIRST[1:2])) as first, Minidump.open(made(wild)) as last:
        found = list(region_changes(first, last))
    assert [(item.address, item.size, item.kind) for item in found] == [(0x14000, 0x4000, "allocated"), ((1 << 64) - 0x1000, 0x1000, "allocated")]


def test_words_of_a_region() -> None:
    assert kind_text(None) == "free"
    assert kind_text((COMMIT, PRIVATE, WRITE)) == "commit private PAGE_READWRITE"
    assert kind_text((RESERVE, PRIVATE, 0)) == "reserve private"


def test_the_command_says_it(tmp_path: Path, run_json: Callable[..., Dict[str, Any]], cli: Callable[..., Any]) -> None:
    paths = [tmp_path / "a.dmp", tmp_path / "b.dmp"]
    for path, rows in zip(paths, (FIRST, LAST)):
        path.write_bytes(made(rows))
    rows = run_json("diff", *paths)["region_changes"]
    assert rows[0] == {
        "address": "0x12000",
        "size": 0x2000,
        "kind": "protection",
        "before": "commit private PAGE_READWRITE",
        "after": "commit private PAGE_READONLY",
    }
    text = cli("diff", *paths).out
    assert "Address ranges that changed: 8192 " in text
    assert "0x40000" not in text
    assert "allocated" in cli("diff", *paths, "--memory").out
    assert run_json("diff", paths[0], SMALL)["region_changes"] is not None
