"""The engine answers the same on a shrunk dump: stacks, exception, last event, threads row by row, modules, handles row by row, memory."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, List, Tuple

import pytest

from dumpscope.dump.absence import Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.mend import mend
from dumpscope.writing.shrink import Shrunk

from .bench import Answer, Bench, windows_path
from .test_writedump import Target, target

__all__ = ["target"]

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CORPUS = os.environ.get("DUMPSCOPE_CORPUS", "")
"""A folder of real dumps, which do not belong to the project."""
UNSOUND = frozenset(
    (
        "handles-name-beyond-end",
        "handles-name-length-huge",
        "memory-list-ranges-conflict",
        "thread-context-beyond-end",
        "thread-context-too-small",
        "missing-memory",
    )
)
"""Samples that the debugger misreads, and no longer when they are written anew: in the last, no list of memory has the stacks."""
COMMANDS = ("~", ".exr -1", ".lastevent", "lm", "~*k")


def test_the_engine_answers_the_same_on_shrunk_samples(bench: Bench, tmp_path: Path) -> None:
    paths = [path for path in sorted(SAMPLES.glob("*.dmp")) if not path.name.startswith("hostile-")]  # their names break the rows of the bench
    assert compare(bench, paths, tmp_path) > 150


@pytest.mark.parametrize("microsoft", [False, True], ids=["wine", "dbghelp63"])
def test_a_full_dump_of_a_running_process(target: Target, bench: Bench, tmp_path: Path, microsoft: bool) -> None:
    full, folder = tmp_path / "full.dmp", tmp_path / "small"
    folder.mkdir()
    done = target.writedump(str(target.pid), windows_path(full), "--flags", "0x61826", microsoft=microsoft)
    assert done.returncode == 0, done.stdout + done.stderr
    assert compare(bench, [full], folder) == 1
    small = folder / "0-full.dmp"
    assert small.stat().st_size * 20 < full.stat().st_size


@pytest.mark.skipif(not CORPUS, reason="DUMPSCOPE_CORPUS names no folder of real dumps")
def test_the_engine_answers_the_same_on_shrunk_real_dumps(bench: Bench, tmp_path: Path) -> None:
    assert compare(bench, sorted(Path(CORPUS).rglob("*.dmp")), tmp_path) > 0


def compare(bench: Bench, paths: List[Path], folder: Path) -> int:
    """Shrink each sound dump, and ask the engine about both; how many."""
    sources, targets = [], []
    for number, path in enumerate(paths):
        source = Source.from_path(str(path))
        try:
            dump = Minidump(source)
            if mend(source).sound and path.stem not in UNSOUND and len(dump.threads) < 100:  # what is mended by being written anew answers more than before
                target = folder / f"{number}-{path.name}"
                Shrunk(dump).write(str(target))
                sources.append(path)
                targets.append(target)
                with Minidump.open(str(target)) as made:
                    assert process(made) == process(dump), path.name
        except DumpError:
            continue
        finally:
            source.close()
    before, after = bench.ask(sources, COMMANDS), bench.ask(targets, COMMANDS)
    faults: List[Tuple[str, ...]] = []
    for path, old, new in zip(sources, before, after):
        for command in COMMANDS:
            if shown(old, command) != shown(new, command):
                faults.append((path.name, command, shown(old, command), shown(new, command)))
        for name in ("open_hr", "wait_hr", "handle_count", "handles", "threads"):
            if getattr(old, name) != getattr(new, name):
                faults.append((path.name, name, str(getattr(old, name)), str(getattr(new, name))))
    assert not faults, "\n\n".join("\n".join(fault) for fault in faults)
    return len(targets)


def process(dump: Minidump) -> List[Any]:
    """What ``!peb`` and ``!teb`` show."""
    found: List[Any] = []
    peb, parameters = dump.process.peb, dump.process.parameters
    if not isinstance(peb, Absent):
        found.append(dump.memory.some(peb.address, peb.structure.size))
    if not isinstance(parameters, Absent):
        found.append(dump.memory.some(parameters.address, parameters.structure.size))
        found += [parameters.command_line, parameters.image_path, parameters.dll_path, parameters.environment]
    modules = dump.process.loaded_modules
    found += [] if isinstance(modules, Absent) else [(item.base, item.path) for item in modules]
    for thread in dump.threads:
        teb = dump.process.teb(thread)
        if not isinstance(teb, Absent):
            found += [teb.stack_base, teb.last_error, teb.last_status]
    return found


def shown(answer: Answer, command: str) -> str:
    """What a command printed."""
    text = answer.commands[command].text if command in answer.commands else ""
    text = re.sub("_{3,}", "", text)  # of names without a NUL the engine shows what follows in the file
    return "\n".join(" ".join(line.split()) for line in text.split("\n") if "debugger time:" not in line)
