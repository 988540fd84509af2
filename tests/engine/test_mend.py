"""What ``mend`` writes opens in the engine, and has the threads that its model said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Tuple

import pytest
from tests.writing.test_arm64 import NAMES, old_context, with_threads

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.mend import Mending, mend

from .bench import Bench
from .mutations import mutations, random_mutations
from .test_shrink import strange, told

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def mended(folder: Path, *, invent: bool) -> List[Tuple[str, Path, Mending]]:
    """Every sample that can be mended and needs it, written."""
    found = []
    for path in sorted(SAMPLES.glob("*.dmp")):
        source = Source.from_path(str(path))
        try:
            mending = mend(source, invent=invent)
            if mending.sound:
                continue
            target = folder / path.name
            mending.write(str(target))
            found.append((path.stem, target, mending))
        except DumpError:
            continue
        finally:
            source.close()
    return found


@pytest.mark.parametrize("invent", [False, True])
def test_each_mended_sample_opens(bench: Bench, tmp_path: Path, invent: bool) -> None:
    cases = mended(tmp_path, invent=invent)
    assert len(cases) > 40
    answers = bench.ask([target for _, target, _ in cases])
    faults = []
    for (name, target, mending), answer in zip(cases, answers):
        view = EngineView(Source(target.read_bytes(), target.name))
        if answer.open_hr != 0 or (answer.wait_hr == 0) != (view.opening.wait_hresult == 0) or (answer.wait_hr != 0 and not mending.threadless):
            faults.append((name, answer.open_hr, answer.wait_hr))
    assert not faults


@pytest.mark.parametrize("base", ["handles", "handles-x86", "full-memory"])
def test_mended_mutations_open_and_answer_nothing_new(bench: Bench, tmp_path: Path, base: str) -> None:
    """Every variant of a dump, with one thing wrong, that the engine refuses: mended, it opens and says nothing that the sound dump would not."""
    original = SAMPLES / f"{base}.dmp"
    cases: List[Tuple[str, Path, bool, bool]] = []
    unmended = []
    for variant in mutations(original.read_bytes()):
        source = Source(variant.data, variant.name)
        opening = EngineView(source).opening
        if opening.ok and not opening.wait_hresult:
            continue
        for invent in (False, True):
            try:
                mending = mend(source, invent=invent)
            except DumpError:
                if invent:
                    unmended.append(variant.name)
                continue
            assert mending.repairs, variant.name
            target = tmp_path / f"{len(cases)}.dmp"
            mending.write(str(target))
            cases.append((variant.name, target, invent, mending.threadless))
            if not mending.threadless:
                break
    assert len(cases) > 150
    # What cannot be mended: a cut before the registers, a directory or thread list that is gone, processors that the engine does not know.
    others = [name for name in unmended if not name.startswith("cut-")]
    assert len(others) <= 6, others
    whole = bench.ask_one(original, what="htm")
    faults = []
    for (name, _, invent, threadless), answer in zip(cases, bench.ask([target for _, target, _, _ in cases], what="htm")):
        if answer.open_hr or (answer.wait_hr and not threadless):
            faults.append(f"{name}: {answer.open_hr:x} {answer.wait_hr:x}")
        if set(answer.handles) - set(whole.handles):
            faults.append(f"{name}: handles")
        if not invent and {(row.id, row.teb) for row in answer.threads} - {(row.id, row.teb) for row in whole.threads}:
            faults.append(f"{name}: threads")
        if {(row.base, row.size, row.image) for row in answer.modules} - {(row.base, row.size, row.image) for row in whole.modules}:
            faults.append(f"{name}: modules")
        lost = len(answer.threads) < len(whole.threads) or len(answer.modules) < len(whole.modules)
        if lost and not invent and not threadless and not name.startswith("cut-"):
            faults.append(f"{name}: of {len(whole.threads)} threads {len(answer.threads)}, of {len(whole.modules)} modules {len(answer.modules)}")
    assert not faults, "\n".join(faults)


CONTENT = ("ranges-", "range-last-", "exception-")
"""Mutations that put something into the dump that it had not: memory at another address, another exception."""


@pytest.mark.parametrize(
    "base",
    ["breakpad-linux", "breakpad-windows", "crashpad-annotations", "everything-small-x86", "self-dump", "process-thread-data-wow64", "tokens", "arm64-process"],
)
def test_mended_mutations_of_other_writers_open_and_answer_nothing_new(bench: Bench, tmp_path: Path, base: str) -> None:
    """Some two hundred refused variants of each, and random ones: mended, they open; regions, event, threads and handles are those of the sound dump."""
    original = SAMPLES / f"{base}.dmp"
    cases: List[Tuple[str, Path, bool, bool]] = []
    for variant in (*mutations(original.read_bytes()), *random_mutations(original.read_bytes(), 300, 15)):
        source = Source(variant.data, variant.name)
        opening = EngineView(source).opening
        if opening.ok and not opening.wait_hresult:
            continue
        for invent in (False, True):
            try:
                mending = mend(source, invent=invent)
            except DumpError:
                continue
            target = tmp_path / f"{len(cases)}.dmp"
            mending.write(str(target))
            cases.append((variant.name, target, invent, mending.threadless))
            if not mending.threadless:
                break
    assert len(cases) > 150
    whole = bench.ask_one(original, what="htmer")
    faults = []
    for (name, _, invent, threadless), answer in zip(cases, bench.ask([target for _, target, _, _ in cases], what="htmer")):
        if answer.open_hr or answer.died or (answer.wait_hr and not threadless):
            faults.append(f"{name}: {answer.open_hr:x} {answer.wait_hr:x} {answer.died}")
        if name.startswith("random-"):  # what they changed is told as they changed it
            continue
        if set(answer.handles) - set(whole.handles):
            faults.append(f"{name}: handles")
        if not invent and {(row.id, row.teb, *row.info.items()) for row in answer.threads} - {(row.id, row.teb, *row.info.items()) for row in whole.threads}:
            faults.append(f"{name}: threads")
        if {(row.base, row.size, row.image) for row in answer.modules} - {(row.base, row.size, row.image) for row in whole.modules}:
            faults.append(f"{name}: modules")
        if name.startswith(CONTENT):
            continue
        if strange(whole, answer, False):
            faults.append(f"{name}: regions {strange(whole, answer, False)[:1]}")
        event = told(answer, "STORED_EVENT")["bytes"]
        if event and event != told(whole, "STORED_EVENT")["bytes"]:
            faults.append(f"{name}: event")
    assert not faults, "\n".join(faults)


def test_registers_of_an_older_breakpad_are_those_that_the_engine_shows(bench: Bench, tmp_path: Path) -> None:
    """Processor 0x8003 is refused; mended, each register has its value in the engine, of the thread and of the exception."""
    sample = tmp_path / "old.dmp"
    sample.write_bytes(with_threads([old_context()]))
    assert bench.ask_one(sample).open_hr
    source = Source.from_path(str(sample))
    target = tmp_path / "mended.dmp"
    mend(source).write(str(target))
    source.close()
    answer = bench.ask_one(target, ["r", ".ecxr", "~", "lm"])
    assert (answer.open_hr, answer.wait_hr) == (0, 0)
    for command in ("r", ".ecxr"):
        found = dict(re.findall(r"\b(x\d+|fp|lr|sp|pc)=([0-9a-f]{16})", answer.commands[command].text))
        assert found == {name: f"{0x1111000000000000 + number:016x}" for number, name in enumerate(NAMES)}
        assert "psr=60000000" in answer.commands[command].text
    assert ".64 " in answer.commands["~"].text
    assert "demo" in answer.commands["lm"].text
