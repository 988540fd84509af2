"""The engine answers the same on a scrubbed dump: stacks, exception, last event, threads, modules, handles and their types."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import List

import pytest

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.scrub import Scrubbed

from .bench import Answer, Bench

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CORPUS = os.environ.get("DUMPSCOPE_CORPUS", "")
"""A folder of real dumps, which do not belong to the project."""
COMMANDS = ("~", ".exr -1", ".lastevent", "lm", "~*k")


@pytest.mark.parametrize("stacks", ["frames", "none", "all"])
def test_the_engine_answers_the_same_on_scrubbed_samples(bench: Bench, tmp_path: Path, stacks: str) -> None:
    paths = [path for path in sorted(SAMPLES.glob("*.dmp")) if not path.name.startswith("hostile-")]  # their names break the rows of the bench
    assert compare(bench, paths, tmp_path, stacks) > 150


@pytest.mark.skipif(not CORPUS, reason="DUMPSCOPE_CORPUS names no folder of real dumps")
def test_the_engine_answers_the_same_on_scrubbed_real_dumps(bench: Bench, tmp_path: Path) -> None:
    assert compare(bench, sorted(Path(CORPUS).rglob("*.dmp")), tmp_path) > 0


def compare(bench: Bench, paths: List[Path], folder: Path, stacks: str = "frames") -> int:
    """Scrub each dump that opens, and ask the engine about both; how many. Without stacks, `~*k` is another, and `lm` marks fewer modules as loaded."""
    commands = COMMANDS[:3] if stacks == "none" else COMMANDS
    sources, targets = [], []
    for number, path in enumerate(paths):
        source = Source.from_path(str(path))
        try:
            dump = Minidump(source)
            if EngineView(source).opening.ok and len(dump.threads) < 100:
                target = folder / f"{number}-{path.name}"
                Scrubbed(dump, stacks).write(str(target))
                sources.append(path)
                targets.append(target)
        except DumpError:
            continue
        finally:
            source.close()
    before, after = bench.ask(sources, commands), bench.ask(targets, commands)
    faults = []
    for path, old, new in zip(sources, before, after):
        if old.faulted or new.faulted:
            continue
        for command in commands:
            if shown(old, command) != shown(new, command):
                faults.append((path.name, command, shown(old, command), shown(new, command)))
        if (new.open_hr, new.wait_hr, new.handle_count) != (old.open_hr, old.wait_hr, old.handle_count):
            faults.append((path.name, "opening", str(old.wait_hr), str(new.wait_hr)))
        if Counter(row.type for row in new.handles) != Counter(row.type for row in old.handles):
            faults.append((path.name, "types", "", ""))
    assert not faults, "\n\n".join("\n".join(fault) for fault in faults)
    return len(targets)


def shown(answer: Answer, command: str) -> str:
    """What a command printed."""
    text = answer.commands[command].text if command in answer.commands else ""
    return "\n".join(line for line in text.split("\n") if "debugger time:" not in line)
