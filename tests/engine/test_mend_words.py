"""What the debugger's commands print of a mended dump: no line that it would not print of the sound one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, Set, Tuple

import pytest

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.mend import mend

from .bench import Answer, Bench
from .mutations import mutations

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
COMMANDS = ("lm", "~", ".exr -1", ".lastevent", "!handle")
ADDED = ("exception-", "ranges-", "range-last-")
"""Mutations that put something into the dump that it had not."""
NO_PROCESS = "f0f0f0f0"
"""The process id that the engine makes up where a cut took MiscInfoStream away."""
NO_EXCEPTION = ("ExceptionAddress: 0000000000000000", "ExceptionCode: 80000003 (Break instruction exception)", "NumberParameters: 0")
"""What the engine makes up where a cut took ExceptionStream away."""
STATE = re.compile(r"\s+(?:[A-Z]\s+)?\((?:deferred|no symbols|export symbols|pdb symbols).*$")


def lines(answer: Answer) -> Dict[str, Set[str]]:
    """Lines of each command without times, the debugger's remarks on symbols, and totals."""
    found = {}
    for command in COMMANDS:
        rows = [STATE.sub("", row.strip()) for row in answer.commands[command].text.splitlines()]
        found[command] = {row for row in rows if row and "debugger time" not in row and not re.match(r"\d+ Handles|Type +Count|\w+\s+\d+$", row)}
    return found


@pytest.mark.parametrize("base", ["handles", "full-memory", "breakpad-windows", "crashpad-annotations"])
def test_a_mended_dump_says_nothing_that_the_sound_one_would_not(bench: Bench, tmp_path: Path, base: str) -> None:
    original = SAMPLES / f"{base}.dmp"
    cases: List[Tuple[str, Path]] = []
    for variant in mutations(original.read_bytes()):
        source = Source(variant.data, variant.name)
        opening = EngineView(source).opening
        if variant.name.startswith(ADDED) or (opening.ok and not opening.wait_hresult):
            continue
        try:
            mending = mend(source)
        except DumpError:
            continue
        if not mending.threadless:
            target = tmp_path / f"{len(cases)}.dmp"
            mending.write(str(target))
            cases.append((variant.name, target))
    assert len(cases) > 90
    whole = lines(bench.ask_one(original, list(COMMANDS)))
    assert whole["lm"]
    assert whole["~"]
    faults = []
    for (name, _), answer in zip(cases, bench.ask([target for _, target in cases], list(COMMANDS))):
        for command, rows in lines(answer).items():
            fresh = rows - whole[command]
            if name.startswith("cut-"):  # what is cut away cannot be told, and the engine has words of its own for it
                fresh = {row for row in fresh if NO_PROCESS not in row and row not in NO_EXCEPTION and "80000003" not in row}
                fresh = {row for row in fresh if command != "~" or re.sub(r"^\W*", "", row) not in {re.sub(r"^\W*", "", other) for other in whole["~"]}}
            if fresh:
                faults.append(f"{name} {command}: {sorted(fresh)[:2]}")
    assert not faults, "\n".join(faults)
