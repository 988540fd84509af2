"""What ``mend`` writes opens in the engine, and has the threads that its model said."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

import pytest

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.mend import Mending, mend

from .bench import Bench

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
