"""The verdicts of ``why --readers`` held against the readers themselves, on the samples and on variants of them.

``setup.sh`` installs the readers; without them the tests are skipped, with the reason. DUMPSCOPE_REQUIRE_READERS makes that a failure.
DUMPSCOPE_CORPUS names a folder of more dumps.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest
from tests.engine.mutations import mutations, random_mutations

from dumpscope.diagnosis.readers.catalogue import READERS
from dumpscope.diagnosis.readers.verdict import OPENS, File, Reader
from dumpscope.dump.source import Source

ROOT = Path(__file__).resolve().parents[3]
WHERE = Path(os.environ.get("DUMPSCOPE_READERS_DIR") or Path.home() / ".cache" / "dumpscope-readers")
ASK = Path(__file__).resolve().parent / "ask.py"
SEED = 18
BASES = ("handles", "everything-small-x86", "breakpad-linux-arm", "crashpad-annotations", "full-memory", "exception-cpp")
SLOW = {"lldb": 60, "minidump": 60}
"""Samples that a slow reader is asked about, chosen by SEED; the others get all."""
VARIANTS = {"lldb": 4, "minidump": 4}
"""Variants of each base that a slow reader is asked about; the others get MANY."""
MANY = 40
TOGETHER = 400
BATCH = 25
PATIENCE = 900
"""Seconds for a batch: only a reader that sleeps for ever needs them. One that computes is ended by the limit of CPU time in ask.py."""


def why_not(reader: Reader) -> str:
    """Why a reader is not there; empty when it is."""
    if sys.platform == "win32":
        return "the readers are installed on Linux"
    program = WHERE / "breakpad" / reader.name if reader.name.startswith("minidump_") else WHERE / "python" / "bin" / "python"
    return "" if program.exists() else f"{program} is missing: tests/diagnosis/readers/setup.sh installs it"


def real(reader: Reader, paths: List[Path]) -> Dict[Path, bool]:
    """Whether the reader itself opens each file."""
    if reader.name.startswith("minidump_"):
        program = str(WHERE / "breakpad" / reader.name)
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return {path: subprocess.run([program, str(path)], check=False, **silent).returncode == 0 for path in paths}  # type: ignore[call-overload]
    words = [str(WHERE / "python" / "bin" / "python"), "-I", str(ASK), reader.name]
    found: Dict[Path, bool] = {}
    left = list(paths)
    while left:
        asked = "".join(f"{path}\n" for path in left[:BATCH])
        try:
            out = subprocess.run(words, input=asked.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, timeout=PATIENCE).stdout
        except subprocess.TimeoutExpired as late:  # it hangs: what it said before counts
            out = late.stdout or b""
        rows = [line.partition("\t") for line in out.decode().splitlines()]
        found.update((Path(path), verdict == "opens") for verdict, _, path in rows)
        if len(rows) < min(BATCH, len(left)):
            found[left[len(rows)]] = False  # it did not survive this one
        left = left[len(rows) + (len(rows) < min(BATCH, len(left))) :]
    return found


def ours(reader: Reader, path: Path) -> bool:
    source = Source.from_path(str(path))
    try:
        return reader.verdict(File(source)).outcome == OPENS
    finally:
        source.close()


def held_against(reader: Reader, paths: List[Path]) -> None:
    wrong = [path.name for path, opens in real(reader, paths).items() if ours(reader, path) != opens]
    assert not wrong, f"{reader.name}: {len(wrong)} of {len(paths)} are not as predicted: {wrong[:20]}"


@pytest.fixture(params=[reader for reader in READERS if reader.judged], ids=lambda reader: str(reader.name))
def reader(request: pytest.FixtureRequest) -> Reader:
    found: Reader = request.param
    missing = why_not(found)
    if missing and os.environ.get("DUMPSCOPE_REQUIRE_READERS"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    return found


def test_each_sample_is_judged_as_the_reader_itself_does(reader: Reader) -> None:
    paths = sorted((ROOT / "samples").glob("*.dmp"))
    held_against(reader, random.Random(SEED).sample(paths, min(SLOW.get(reader.name, len(paths)), len(paths))))


def test_variants_are_judged_as_the_reader_itself_does(reader: Reader, tmp_path: Path) -> None:
    generator = random.Random(SEED)
    paths: List[Path] = []
    for base in BASES:
        data = (ROOT / "samples" / f"{base}.dmp").read_bytes()
        variants = [*mutations(data), *random_mutations(data, 60, SEED)]
        for variant in generator.sample(variants, VARIANTS.get(reader.name, MANY)):
            path = tmp_path / f"{len(paths)}.dmp"
            path.write_bytes(variant.data)
            paths.append(path)
    held_against(reader, paths)


def test_other_dumps_are_judged_as_the_reader_itself_does(reader: Reader) -> None:
    corpus = os.environ.get("DUMPSCOPE_CORPUS")
    if not corpus:
        pytest.skip("DUMPSCOPE_CORPUS names no folder")
    found = sorted(path for path in Path(corpus).rglob("*.dmp") if path.stat().st_size < 1 << 20)
    held_against(reader, random.Random(SEED).sample(found, min(TOGETHER, len(found))))
