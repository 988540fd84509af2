"""Who opened the handles that are new: Application Verifier's trace of three dumps."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

import pytest
from samples.writer import Operation
from tests.fleet.test_compare import SMALL

from dumpscope.dump.minidump import Minidump
from dumpscope.fleet.openings import openings, rights_growth, trace_of
from dumpscope.writing import DumpBuilder

STACK = [0x7FFC3A78D0F4, 0x7FFC37F5A8DE, 0x7FF6A1B21490]
OTHER = [0x7FFC3A78D0F4, 0x1234]


def packed(operations: Sequence[Operation]) -> bytes:
    """The stream, without the package's tables."""
    rows = []
    for index, row in enumerate(operations):
        stack = [*row.stack, *[0] * (32 - len(row.stack))]
        rows.append(struct.pack("<QIIIIII32Q", row.handle, row.pid, row.tid, row.kind, 0, len(row.stack), index, *stack))
    return struct.pack("<IIII", 16, 288, len(rows), 0) + b"".join(rows)


def made(path: Path, handles: Sequence[Tuple[int, int]], operations: Sequence[Operation] = (), *, time: int = 1) -> Path:
    """The sample with these handles, each an event with rights, and these operations."""
    with Minidump.open(SMALL) as dump:
        builder = DumpBuilder.of(dump)
        builder.drop(12)
        for value, rights in handles:
            builder.add("HandleDataStream", Handle=value, TypeName="Event", ObjectName="", GrantedAccess=rights)
        builder.timestamp = time
        if operations:
            builder.raw(18, packed(operations))
        path.write_bytes(builder.to_bytes())
    return path


def opened(handle: int, stack: Sequence[int] = STACK, kind: int = 1, thread: int = 7) -> Operation:
    return Operation(handle, 1, thread, kind, stack)


def test_new_handles_by_the_stack_that_opened_them(tmp_path: Path) -> None:
    first = made(tmp_path / "a.dmp", [(4, 3)])
    operations = [opened(4, OTHER), opened(8), opened(12), opened(16, OTHER, thread=9), opened(16, OTHER, 2), opened(16, STACK), opened(99), opened(8, kind=3)]
    last = made(tmp_path / "b.dmp", [(4, 3), (8, 3), (12, 3), (16, 1), (20, 1)], operations)
    with Minidump.open(first) as before, Minidump.open(last) as after:
        found = openings(before, after)
        offsets = [operation.offset for operation in after.handle_operations]
        assert rights_growth(before, after, ["Event", ("Event", "")]) == {"Event": [(1, 2), (3, 2)], ("Event", ""): [(1, 2), (3, 2)]}
        assert openings(after, before) == []
    assert [(item.count, item.stack, item.handle) for item in found] == [(3, tuple(STACK), 16), (1, (), 20)]
    assert found[0].offset == offsets[5], "the last open one, not that before the close"
    assert found[0].thread_id == 7
    assert found[1].offset is None


def test_the_order_of_the_trace_is_told_by_handles_that_are_open(tmp_path: Path) -> None:
    newest_first = [opened(8, STACK), opened(8, kind=2), opened(8, OTHER), opened(12)]
    with Minidump.open(made(tmp_path / "a.dmp", [(8, 3), (12, 3)], newest_first[:1] + newest_first[1:2])) as dump:
        trace = trace_of(dump)
        assert (trace.newest_first, trace.known) == (True, True)
        assert trace.latest == {8: 0}
    with Minidump.open(made(tmp_path / "b.dmp", [(8, 3)], [opened(8, kind=2), opened(8, STACK)])) as dump:
        assert trace_of(dump) == ({8: 1}, False, True)
    with Minidump.open(made(tmp_path / "c.dmp", [(12, 3)], newest_first)) as dump:
        assert (trace_of(dump).newest_first, trace_of(dump).known) == (False, False), "nothing tells it: as it is written"


@pytest.fixture
def leak(tmp_path: Path) -> List[Path]:
    """Three dumps of one process: two events more in each."""
    dumps = []
    for step in range(3):
        handles = [(4 * number, 0x1F0003) for number in range(1, 3 + 2 * step)]
        dumps.append(made(tmp_path / f"{step}.dmp", handles, [opened(value) for value, _ in handles[1:]], time=1700000000 + step))
    return dumps


def test_diff_tells_rights_and_stacks_of_what_leaks(leak: List[Path], run_json: Callable[..., Dict[str, Any]], cli: Callable[..., Any]) -> None:
    document = run_json("diff", *leak)
    (suspect,) = [item for item in document["leaks"] if item["type"] == "Event"]
    assert suspect["counts"] == [2, 4, 6]
    assert suspect["rights"] == [{"mask": "0x1f0003", "change": 4}]
    assert [(item["count"], len(item["stack"])) for item in suspect["opened_by"]] == [(4, 3)]
    assert suspect["not_in_trace"] == 0
    (row,) = document["opened_by"]
    assert row["count"] == 4
    assert "ntdll" in row["stack"]
    text = cli("diff", *leak).out
    assert "4 of the new ones opened by ntdll" in text
    assert "with rights 0x1f0003 (+4)" in text


def test_without_a_trace_nothing_is_said_of_stacks(tmp_path: Path, run_json: Callable[..., Dict[str, Any]]) -> None:
    dumps = [made(tmp_path / f"{step}.dmp", [(4 * number, 1) for number in range(1, 3 + step)], time=1700000000 + step) for step in range(3)]
    document = run_json("diff", *dumps)
    assert document["opened_by"] == []
    (suspect,) = [item for item in document["leaks"] if item["type"] == "Event"]
    assert suspect["opened_by"] == []
    assert suspect["not_in_trace"] is None
