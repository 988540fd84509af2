"""The engine answers the same on a scrubbed dump: stacks, exception, last event, threads, modules, handles and their types."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.scrub import Scrubbed

from .bench import Answer, Bench

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
COMMANDS = ("~", ".exr -1", ".lastevent", "lm", "~*k")


def test_the_engine_answers_the_same_on_scrubbed_samples(bench: Bench, tmp_path: Path) -> None:
    sources, targets = [], []
    for path in sorted(SAMPLES.glob("*.dmp")):
        if path.name.startswith("hostile-"):  # their names break the rows of the bench
            continue
        source = Source.from_path(str(path))
        try:
            dump = Minidump(source)
            if EngineView(source).opening.ok and len(dump.threads) < 100:
                target = tmp_path / path.name
                Scrubbed(dump).write(str(target))
                sources.append(path)
                targets.append(target)
        except DumpError:
            continue
        finally:
            source.close()
    assert len(targets) > 150
    before, after = bench.ask(sources, COMMANDS), bench.ask(targets, COMMANDS)
    faults = []
    for path, old, new in zip(sources, before, after):
        for command in COMMANDS:
            if shown(old, command) != shown(new, command):
                faults.append((path.name, command, shown(old, command), shown(new, command)))
        if (new.open_hr, new.wait_hr, new.handle_count) != (old.open_hr, old.wait_hr, old.handle_count):
            faults.append((path.name, "opening", str(old.wait_hr), str(new.wait_hr)))
        if Counter(row.type for row in new.handles) != Counter(row.type for row in old.handles):
            faults.append((path.name, "types", "", ""))
    assert not faults, "\n\n".join("\n".join(fault) for fault in faults)


def shown(answer: Answer, command: str) -> str:
    """What a command printed; of each stack the first frames."""
    text = answer.commands[command].text if command in answer.commands else ""
    if command != "~*k":
        return "\n".join(line for line in text.split("\n") if "debugger time:" not in line)
    stacks = re.split(r"\n(?=[.# ]+ *\d+ +Id: )", text)
    return "\n".join("\n".join(stack.split("\n")[:4]) for stack in stacks)
