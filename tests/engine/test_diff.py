"""The changes of handles that ``diff`` tells are those of the engine's lists of both dumps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.fleet.compare import handle_changes
from dumpscope.writing import DumpBuilder

from .bench import Answer, Bench

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "everything-small.dmp"
PAIR = os.environ.get("DUMPSCOPE_HANDLE_PAIR", "").split(os.pathsep)
"""Two dumps of one process that do not belong to the project."""
Object = Tuple[str, str]


def listed(answer: Answer) -> Dict[int, Object]:
    """Type and name of each handle that the engine finds; empty where it has none."""
    return {row.handle: (row.type if row.type_hr >= 0 else "", row.name if row.name_hr >= 0 else "") for row in answer.handles}


def compare(bench: Bench, first: Path, last: Path) -> List[Tuple[str, int]]:
    """Compare the changes with those between the engine's lists; the changes."""
    before, after = (listed(answer) for answer in bench.ask([first, last], what="h"))
    expected: Dict[int, Tuple[str, Optional[Object], Optional[Object]]] = {}
    for handle in {**before, **after}:
        old, new = before.get(handle), after.get(handle)
        if old != new:
            expected[handle] = ("new" if old is None else "gone" if new is None else "reused", old, new)
    with Minidump.open(first) as one, Minidump.open(last) as two:
        found = {item.handle: (item.kind, item.before, item.after) for item in handle_changes(one, two)}
    assert before
    assert after
    assert found == expected
    return sorted((kind, handle) for handle, (kind, _, _) in found.items())


def test_the_changes_of_handles_are_those_of_the_engine(bench: Bench, tmp_path: Path) -> None:
    last = tmp_path / "later.dmp"
    with Minidump.open(SAMPLE) as dump:
        old = [(handle.handle, handle.type, handle.name) for handle in dump.handles]
        builder = DumpBuilder.of(dump)
        builder.drop(12)
        for value, kind, name in [(old[1][0], "Event", "another"), *old[2:], (0x5000, "File", "\\Device\\new"), (0x5004, "Key", "")]:
            builder.add("HandleDataStream", Handle=value, TypeName=kind, ObjectName=name)
        builder.write(str(last))
    assert compare(bench, SAMPLE, last) == [("gone", old[0][0]), ("new", 0x5000), ("new", 0x5004), ("reused", old[1][0])]


@pytest.mark.skipif(len(PAIR) != 2, reason="DUMPSCOPE_HANDLE_PAIR names no two dumps")
def test_the_changes_of_a_pair(bench: Bench) -> None:
    assert compare(bench, Path(PAIR[0]), Path(PAIR[1]))
