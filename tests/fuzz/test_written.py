"""Mutated dumps through ``scrub`` and ``mend``: what is written opens, or there is a reason; never another exception, never a half file."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest
from tests.amount import part
from tests.fuzz.driver import corpus
from tests.fuzz.mutator import mutate

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.mend import mend
from dumpscope.writing.scrub import Scrubbed

MUTANTS = 250
LARGEST = 24 << 10
"""Bytes of a sample that is mutated, at the most."""


def mutants(number: int, seed: str = "written") -> Iterator[Tuple[str, bytes]]:
    """The same mutants each time."""
    bases = corpus(LARGEST)
    names = sorted(bases)
    for count in range(number):
        chance = random.Random(f"{seed}/{count}")
        name = chance.choice(names)
        mutant = mutate(bases[name], chance)
        yield f"{seed}/{count}: {name}: {mutant.story}", mutant.data


def scrubbed(data: bytes, folder: Path) -> None:
    """Scrub a mutant; what is written has the same size and opens."""
    try:
        result = Scrubbed(Minidump.open(data), random.Random(len(data)).choice(["none", "frames", "all"]))
        result.write(str(folder / "scrubbed.dmp"), force=True)
    except DumpError as error:
        if not error.message:
            raise
        return
    finally:
        assert {path.name for path in folder.iterdir()} <= {"scrubbed.dmp", "mended.dmp"}
    source = Source.from_path(str(folder / "scrubbed.dmp"))
    try:
        assert source.size == len(data)
        assert EngineView(source).opening.ok
    finally:
        source.close()


def mended(data: bytes, folder: Path) -> None:
    """Mend a mutant; what is written opens and needs no more mending."""
    for invent in (False, True):
        try:
            mending = mend(Source(data, "mutant.dmp"), invent=invent)
            mending.write(str(folder / "mended.dmp"), force=True)
        except DumpError as error:
            if not error.message:
                raise
            continue
        finally:
            assert {path.name for path in folder.iterdir()} <= {"scrubbed.dmp", "mended.dmp"}
        source = Source.from_path(str(folder / "mended.dmp"))
        try:
            opening = EngineView(source).opening
            assert opening.ok
            assert mending.threadless or not opening.wait_hresult
        finally:
            source.close()


@pytest.mark.parametrize("write", [scrubbed, mended])
def test_what_is_written_of_a_mutant_opens_or_is_refused_with_a_reason(write: object, tmp_path: Path) -> None:
    found = run(write, part(MUTANTS), tmp_path)
    assert not found, f"{len(found)} broken, first of them:\n" + "\n".join(found[:5])


def run(write: object, number: int, folder: Path, seed: str = "written") -> List[str]:
    """The mutants that break something."""
    found = []
    for story, data in mutants(number, seed):
        try:
            write(data, folder)  # type: ignore[operator]
        except Exception as error:  # noqa: BLE001
            found.append(f"{story}\n{type(error).__name__}: {error}")
    return found


if __name__ == "__main__":  # more of them: python -m tests.fuzz.test_written NUMBER SEED
    import sys

    with tempfile.TemporaryDirectory() as place:
        for write in (scrubbed, mended):
            broken = run(write, int(sys.argv[1]), Path(place), sys.argv[2])
            print(write.__name__, len(broken), "broken")
            for row in broken:
                print(row)
