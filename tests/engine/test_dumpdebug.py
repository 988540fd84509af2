"""``dumpdebug_lines`` against the engine itself: every sample, and variants of some of them."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import pytest
from tests.engine.bench import Answer, Bench
from tests.engine.mutations import Variant, mutations, random_mutations

from dumpscope.diagnosis.dumpdebug.lines import dumpdebug_lines
from dumpscope.dump.minidump import Minidump
from dumpscope.errors import DumpError

HEAD = "----- User Mini Dump Analysis"
ABOUT_THE_THREAD = ("ERROR: ", "WARNING: ", "GetContextState failed", "Unable to get current machine context", "Failed validating")
WITH_CARRIAGE_RETURNS = ("hostile-control-characters", "hostile-newlines")
"""The bench takes those for line ends."""
SIDES = Tuple[List[str], List[str]]


def comparable(lines: Sequence[str]) -> List[str]:
    """Without what depends on the engine's machine: where it mapped the file, and what it says about images before the first line."""
    lines = [re.sub(r"^(JS Stream present in the dump at ).*", r"\1", line) for line in lines]
    if HEAD in lines:
        start = lines.index(HEAD)
        faulted = any(line.startswith("Exception 0x") for line in lines[:start])  # on memory of its own: not in every run
        lines[:start] = [line for line in lines[:start] if line.startswith(ABOUT_THE_THREAD) and not faulted]
    return lines


def bench_bytes(text: str) -> bytes:
    """A text of code page 1252, whose five holes stand for themselves, as the engine gives it to the bench."""
    return b"".join(bytes((ord(char),)) if char in "\x81\x8d\x8f\x90\x9d" else char.encode("cp1252", "replace") for char in text)


def two_sides(answer: Answer, path: Path, *, narrow: bool) -> Optional[SIDES]:
    """The engine's lines and ours, or None where the engine has none: it refused the dump, or ended in the middle."""
    command = answer.commands.get(".dumpdebug")
    if command is None or not answer.opened or HEAD not in command.text.split("\n"):
        return None
    with Minidump.open(path) as dump:
        ours = "\n".join(dumpdebug_lines(dump, narrow=narrow))
    # what is no text in UTF-8 comes out of the bench as U+FFFD
    ours = bench_bytes(ours).decode("utf-8", "replace") if narrow else re.sub("[\ud800-\udfff]", "\ufffd", ours)
    return comparable(command.text.rstrip("\n").split("\n")), comparable(ours.rstrip("\n").split("\n"))


def difference(sides: SIDES) -> str:
    for number, (engine, ours) in enumerate(zip(*sides)):
        if engine != ours:
            return f"line {number}: {engine[:120]!r} != {ours[:120]!r}"
    return f"{len(sides[0])} lines != {len(sides[1])}"


def compare(bench: Bench, paths: Sequence[Path], *, narrow: bool) -> Tuple[int, Dict[str, str]]:
    """How many dumps were compared, and which of them differ."""
    compared, wrong = 0, {}
    for path, answer in zip(paths, bench.ask(paths, [".dumpdebug"], what="f" if narrow else "fw")):
        try:
            sides = two_sides(answer, path, narrow=narrow)
        except DumpError:
            continue
        if sides is not None:
            compared += 1
            if sides[0] != sides[1]:
                wrong[path.stem] = difference(sides)
    return compared, wrong


@pytest.mark.parametrize("narrow", [True, False], ids=["narrow", "unicode"])
def test_every_sample(bench: Bench, samples: Path, narrow: bool) -> None:
    paths = [path for path in sorted(samples.rglob("*.dmp")) if path.stem not in WITH_CARRIAGE_RETURNS]
    compared, wrong = compare(bench, paths, narrow=narrow)
    assert compared > 100
    assert wrong == {}


def variants(data: bytes, *, every: int, random: int) -> List[Variant]:
    """Some of the planned variants of a dump, and random ones."""
    return [*islice(mutations(data), 0, None, every), *random_mutations(data, random, seed=7)]


@pytest.mark.parametrize(("name", "every", "random"), [("everything-small", 12, 80), ("everything-small-x86", 19, 60), ("stacks-only", 23, 40)])
def test_variants(bench: Bench, samples: Path, tmp_path: Path, name: str, every: int, random: int) -> None:
    paths = []
    for number, variant in enumerate(variants((samples / f"{name}.dmp").read_bytes(), every=every, random=random)):
        paths.append(tmp_path / f"{number}-{variant.name}.dmp")
        paths[-1].write_bytes(variant.data)
    compared, wrong = compare(bench, paths, narrow=True)
    assert compared > len(paths) // 4
    assert len(wrong) <= compared // 100, wrong
