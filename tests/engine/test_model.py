"""``EngineView`` against the engine itself: every sample, and hundreds of variants of some of them."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Dict, Iterator, List, Sequence, Tuple

import pytest
from tests.engine.bench import Answer, Bench, CommandAnswer
from tests.engine.dump_image import DRESSES
from tests.engine.mutations import Variant, mutations, random_mutations

from dumpscope.diagnosis.engine.answers import FAILS, S_OK
from dumpscope.diagnosis.engine.event import NO_THREAD
from dumpscope.diagnosis.engine.opening import READ_FAULT
from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.source import Source

COMMANDS = (".exr -1", ".lastevent", ".ttime", ".time", "~*", "~", "|", "lm", "vertarget", "k", "r", ".ecxr")
OTHER_FORMATS = ("not-a-dump-kernel-", "not-a-dump-user-full-")
"""Dumps without streams: test_kernel.py and test_userdump.py ask the engine about what they hold."""
NO_CURRENT = ("WARNING: The debugger does not have", "WARNING: Many commands will not work")
Pair = Tuple[str, object, object]


def has_failed(command: str, answer: CommandAnswer) -> bool:
    """Whether a command has not given what it is for."""
    lines = [line for line in answer.text.split("\n") if line.strip() and not line.startswith(NO_CURRENT)]
    if answer.hr != S_OK or not lines:
        return True
    if command in (".ecxr", "r"):
        registers = sum(1 for line in lines if re.match(r"\s*(\w+=[0-9a-f]+ +)+", line))
        return registers == 0 or "Unable to get current machine context" in answer.text or "Unable to retrieve register information" in answer.text
    signs = {".exr -1": "Last event was not an exception", ".lastevent": "<no event>", ".ttime": "Thread times not available"}
    return signs.get(command, "\0") in answer.text or (command == "k" and "Unable to get current machine context" in answer.text)


def handle_pairs(answer: Answer, view: EngineView) -> Iterator[Pair]:
    yield "handles", (answer.handle_count_hr, answer.handle_count), tuple(view.handles)
    engine = {row.handle: (row.attributes, row.granted_access, row.handle_count, row.pointer_count, row.type_hr, row.name_hr) for row in answer.handles}
    ours = {
        row.handle: (row.attributes, row.access, row.handle_count, row.pointer_count, row.type_hresult, row.name_hresult)
        for row in view.handle_rows()
        if 4 <= row.handle < 0x10000
    }
    yield "handle rows", engine, ours


def thread_pairs(answer: Answer, view: EngineView) -> Iterator[Pair]:
    names = ("exit", "class", "prio", "create", "exitt", "kernel", "user", "start", "aff")
    engine = [(row.index, row.id, row.hr, row.info["valid"], row.teb_hr, row.teb, *(row.info[name] for name in names)) for row in answer.threads]
    ours = []
    for item, row in zip(view.threads, view.thread_rows()):
        values: Sequence[int] = (0,) * len(names)
        if item.valid and row.times is not None:
            values = (row.times.exit_status, row.priority_class, row.priority, *row.times[1:])
        ours.append((*item, *values))
    yield "threads", engine, ours


def memory_pairs(answer: Answer, view: EngineView) -> Iterator[Pair]:
    regions = view.regions
    yield "regions", (answer.region_count, answer.regions_last_hr, answer.regions_end), (regions.count, regions.last_hresult, regions.end)
    engine = [(row.base, row.size, row.state, row.protect, row.type, row.allocation_protect) for row in answer.regions]
    yield "region rows", engine, [tuple(row)[:6] for row in view.region_rows() if row.size]


def event_pairs(answer: Answer, view: EngineView) -> Iterator[Pair]:
    facts = answer.facts
    stored, last = facts["STORED_EVENT"], facts["LAST_EVENT"]
    yield "exception", int(stored["hr"], 16), view.exception.hresult
    if view.exception.hresult == S_OK and stored.get("bytes"):
        thread = NO_THREAD if view.current is None else view.current.index
        yield "stored thread", int(stored["thread"], 16), thread
        yield "stored code", int.from_bytes(bytes.fromhex(stored["bytes"][:8]), "little"), view.exception.code
    yield "last event", (int(last["type"], 16), int(last["thread"], 16), last.get("text", "")), tuple(view.last_event)[1:3] + (view.last_event.text,)
    process = facts.get("PROCESS", {})
    if view.has_process and view.current is not None and "system_id" in process and "peb_hr" in process and "Teb" not in process["system_id"]:
        yield "process", process["system_id"], f"{view.process_id:x}"
        yield "peb", int(process["peb_hr"], 16), view.peb.hresult


def pairs(name: str, answer: Answer, view: EngineView) -> Iterator[Pair]:
    """What the engine said and what we say, by what was asked."""
    yield "opening", answer.open_hr, view.opening.hresult
    if not answer.opened or not view.opening.ok or answer.wait_hr is None:
        return
    yield "waiting", answer.wait_hr, view.opening.wait_hresult
    if answer.handle_count_hr is not None:
        yield from handle_pairs(answer, view)
    if name.startswith(OTHER_FORMATS):
        return
    yield from thread_pairs(answer, view)
    yield from memory_pairs(answer, view)
    yield from event_pairs(answer, view)


def ask(bench: Bench, paths: Sequence[Path]) -> Iterator[Tuple[Path, EngineView, Answer]]:
    """Both sides. Handles whose names would break the bench's lines are not asked for."""
    views = [EngineView(Source(path.read_bytes(), path.name)) for path in paths]
    broken = [any(re.search(r"[\t\n\r]", row.type + row.name) for row in view.handle_rows()) for view in views]
    for chosen, what in ((False, "fhtre"), (True, "ftre")):
        some = [(path, view) for path, view, odd in zip(paths, views, broken) if odd == chosen]
        for (path, view), answer in zip(some, bench.ask([path for path, _ in some], COMMANDS, what=what)):
            yield path, view, answer


def compare(bench: Bench, paths: Sequence[Path]) -> Tuple[int, Dict[str, List[str]]]:
    """How many answers were compared, and the dumps that differ, by what was asked."""
    compared = 0
    wrong: Dict[str, List[str]] = {}
    for path, view, answer in ask(bench, paths):
        if answer.died:
            continue
        for what, engine, ours in pairs(path.stem, answer, view):
            compared += 1
            if engine != ours:
                wrong.setdefault(what, []).append(f"{path.stem}: {str(engine)[:300]} != {str(ours)[:300]}")
        if not answer.opened or view.accepted is None or answer.faulted:
            continue
        for command in COMMANDS:
            if command in answer.commands:
                compared += 1
                ours = view.commands[command]
                if has_failed(command, answer.commands[command]) != (ours.outcome == FAILS):
                    wrong.setdefault(command, []).append(f"{path.stem}: {answer.commands[command].text[:300]!r} != {ours}")
    return compared, wrong


def test_every_sample(bench: Bench, samples: Path) -> None:
    compared, wrong = compare(bench, sorted(samples.rglob("*.dmp")))
    assert compared > 3000
    assert wrong == {}


def variants(data: bytes, *, every: int, random: int) -> List[Variant]:
    """Some of the planned variants of a dump, and random ones."""
    return [*islice(mutations(data), 0, None, every), *random_mutations(data, random, seed=11)]


@pytest.mark.parametrize(
    ("name", "dress", "every", "random"),
    [
        ("everything-small", "plain", 9, 100),
        ("everything-small", "full", 13, 60),
        ("everything-small-x86", "plain", 13, 60),
        ("dbgeng10-mFhut", "dressed", 17, 60),
        ("stacks-only", "plain", 19, 40),
    ],
)
def test_variants(bench: Bench, samples: Path, tmp_path: Path, name: str, dress: str, every: int, random: int) -> None:
    paths = []
    data = DRESSES[dress](next(samples.rglob(f"{name}.dmp")).read_bytes())
    for number, variant in enumerate(variants(data, every=every, random=random)):
        if re.search(r"chain-loop|^functions-", variant.name):
            continue  # on those the engine hangs or dies
        paths.append(tmp_path / f"{number}-{variant.name}.dmp")
        paths[-1].write_bytes(variant.data)
    compared, wrong = compare(bench, paths)
    assert compared > 5 * len(paths)
    assert sum(map(len, wrong.values())) <= compared // 1000, wrong


def test_the_directory_whose_size_wraps(bench: Bench, samples: Path, tmp_path: Path) -> None:
    """Found by chance: the engine computes the directory's size in 32 bits, and then reads beyond the file."""
    data = bytearray((samples / "stacks-only.dmp").read_bytes())
    data[8:12] = (0x40000001).to_bytes(4, "little")
    path = tmp_path / "wraps.dmp"
    path.write_bytes(data)
    assert bench.ask_one(path, what="h").open_hr == EngineView(Source(bytes(data), "wraps")).opening.hresult == READ_FAULT
