"""Going on with an output: what has not changed stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest
from tests.fleet.test_run import ALL, names

from dumpscope.fleet.lines import Output
from dumpscope.fleet.output import read_rows, resume
from dumpscope.fleet.run import row_of, tasks


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_resuming_keeps_what_is_unchanged_and_drops_what_is_cut_or_changed(folder: Path, tmp_path: Path, ending: str) -> None:
    out = str(tmp_path / f"rows.{ending}")
    with Output(out) as output:
        for task in tasks([str(folder)]):
            output.add(row_of(task))
    if ending == "jsonl":
        with open(out, "a", encoding="utf-8") as file:
            file.write('{"path": "half')
    with open(folder / "b.dmp", "ab") as changed:
        changed.write(b"more")
    seen: List[Dict[str, Any]] = []
    kept = resume(out, seen.append)
    assert names(seen) == [name for name in ALL if name != "b.dmp"]
    assert names(list(read_rows(out))) == names(seen)
    assert len(kept) == len(seen)
