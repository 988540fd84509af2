"""The engine answers the same on a shrunk dump: stacks, exception, last event, threads with their times, modules, handles, regions, PEB and TEBs.

Threads, handles and regions are compared row by row, as `!runaway`, `!handle` and `!address` ask for them; of what `!peb` and `!teb` read, the bytes.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from dumpscope.dump.absence import Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.mend import mend
from dumpscope.writing.shrink import Shrunk

from .bench import Answer, Bench, RegionAnswer, windows_path
from .process_reads import reads
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
        "exception-context-beyond-end",
        "missing-memory",
    )
)
"""Samples that the debugger misreads, and no longer when they are written anew: in the last, no list of memory has the stacks."""
MINIDUMP_EXCEPTION_SIZE = 152
COMMANDS = ("~", ".exr -1", ".lastevent", "lm", "~*k", ".ttime", ".time", ".ecxr", "r")


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
    with Minidump.open(str(small)) as dump:
        asked = reads(dump)
    assert len(asked) > 10  # TEBs, the PEB, the parameters and their texts, the loader's lists
    shown_bytes = bench.ask_one(small, asked, what="")
    lines = [line for words in asked for line in shown_bytes.commands[words].text.split("\n") if line]
    data = [bytes.fromhex(line[19:66].replace("-", " ")) for line in lines if "??" not in line[19:66]]
    assert len(data) > len(lines) * 9 // 10
    assert "PATH=".encode("utf-16-le") in b"".join(data).upper()  # the environment


@pytest.mark.skipif(not CORPUS, reason="DUMPSCOPE_CORPUS names no folder of real dumps")
def test_the_engine_answers_the_same_on_shrunk_real_dumps(bench: Bench, tmp_path: Path) -> None:
    assert compare(bench, sorted(Path(CORPUS).rglob("*.dmp")), tmp_path) > 0


def compare(bench: Bench, paths: List[Path], folder: Path) -> int:
    """Shrink each sound dump, and ask the engine about both; how many."""
    sources, targets, memory, mapped = [], [], [], set()
    for number, path in enumerate(paths):
        source = Source.from_path(str(path))
        try:
            dump = Minidump(source)
            if mend(source).sound and path.stem not in UNSOUND and len(dump.threads) < 100:  # what is mended by being written anew answers more than before
                target = folder / f"{number}-{path.name}"
                Shrunk(dump).write(str(target))
                sources.append(path)
                targets.append(target)
                memory.append(reads(dump))
                mapped.update([path] if dump.regions.stream is not None else [])
                with Minidump.open(str(target)) as made:
                    assert process(made) == process(dump), path.name
        except DumpError:
            continue
        finally:
            source.close()
    before, after = bench.ask(sources, COMMANDS, each=memory, what="htre"), bench.ask(targets, COMMANDS, each=memory, what="htre")
    faults: List[Tuple[str, ...]] = []
    for path, old, new, own in zip(sources, before, after, memory):
        if old.faulted or new.faulted:
            continue
        for command in (*COMMANDS, *own):
            if shown(old, command) != shown(new, command):
                faults.append((path.name, command, shown(old, command), shown(new, command)))
        for name in ("open_hr", "wait_hr", "handle_count", "handles", "threads"):
            if getattr(old, name) != getattr(new, name):
                faults.append((path.name, name, str(getattr(old, name)), str(getattr(new, name))))
        for name in ("STORED_EVENT", "LAST_EVENT", "PROCESS", "THREAD", "PROCESSOR", "UPTIME"):
            if told(old, name) != told(new, name):
                faults.append((path.name, name, str(told(old, name)), str(told(new, name))))
        if strange(old, new, path in mapped):
            faults.append((path.name, "regions", *map(str, strange(old, new, path in mapped)[:9])))
    assert not faults, "\n\n".join("\n".join(fault) for fault in faults)
    return len(targets)


def told(answer: Answer, name: str) -> Dict[str, str]:
    """One row of facts, without the place of the registers in the file, and what the engine shows behind a name without a NUL."""
    facts = dict(answer.facts.get(name, {}))
    facts["bytes"] = facts.get("bytes", "")[: 2 * MINIDUMP_EXCEPTION_SIZE]
    for peb in ("peb_hr", "data_hr"):
        facts[peb] = "failed" if facts.get(peb, "0") > "8" else "0"
    facts["exe"] = facts.get("exe", "").rstrip("?")
    return facts


def kind(row: RegionAnswer) -> Tuple[int, ...]:
    """What a region is, without its place."""
    return row.state, row.protect, row.type, row.allocation_protect


def strange(old: Answer, new: Answer, mapped: bool) -> List[RegionAnswer]:
    """Regions of the shrunk dump that are not those of the dump. Without a memory map the engine makes a region of each captured range: they are fewer then."""
    if mapped:
        return [row for row in (*old.regions, *new.regions) if row not in old.regions or row not in new.regions] if old.regions != new.regions else []
    return [
        row
        for row in new.regions
        if not any(one.base <= row.base and row.base + row.size <= one.base + one.size and kind(one) == kind(row) for one in old.regions)
    ]


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
