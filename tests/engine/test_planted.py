"""A dump full of secrets, and the same scrubbed: the secrets are gone (tests/writing/test_planted.py), and the engine answers the same."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import List, Tuple

import pytest
from tests.writing.planting import USER, left, plant
from tests.writing.test_planted import planted_dumps

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.minidump import Minidump
from dumpscope.writing.scrub import Scrubbed

from .bench import Bench
from .test_scrub import COMMANDS, shown

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CORPUS = os.environ.get("DUMPSCOPE_CORPUS", "")
"""A folder of real dumps, which do not belong to the project."""


TOKEN = re.compile(r"(?<=\\)user\d+_*(?=\\)")
UNSTEADY = ("hostile-", "xstate-avx-x86", "thread-context-too-small", "exception-wow64-32-bit-code")
"""Their names break the rows of the bench, the engine reads registers behind their end, or secrets are planted over the 32-bit registers."""


def compare(bench: Bench, folder: Path, work: Path, *, wider: bool) -> int:
    """Plant secrets, scrub, and ask the engine about the dump with the secrets and the one without; how many."""
    pairs: List[Tuple[Path, Path]] = []
    for path in planted_dumps(folder):
        if path.name.startswith(UNSTEADY):
            continue
        planted = plant(path.read_bytes(), wider=wider, frames=False)
        with Minidump.open(planted.data) as dump:
            if not EngineView(dump.source).opening.ok or len(dump.threads) >= 100:
                continue
            before, after = work / f"{len(pairs)}-planted-{path.name}", work / f"{len(pairs)}-scrubbed-{path.name}"
            before.write_bytes(planted.data)
            Scrubbed(dump).write(str(after))
        assert left(planted, after.read_bytes()) == [], path.name
        pairs.append((before, after))
    faults = []
    old, new = (bench.ask([pair[side] for pair in pairs], COMMANDS) for side in (0, 1))
    for (path, _), one, two in zip(pairs, old, new):
        if one.faulted or two.faulted:
            continue
        said = [(command, shown(one, command).replace(USER, "user"), TOKEN.sub("user", shown(two, command))) for command in COMMANDS]
        faults += [(path.name, *rows) for rows in said if rows[1] != rows[2]]
        if (two.open_hr, two.wait_hr, two.handle_count) != (one.open_hr, one.wait_hr, one.handle_count):
            faults.append((path.name, "opening", str(one.wait_hr), str(two.wait_hr)))
    assert not faults, "\n\n".join("\n".join(fault) for fault in faults)
    return len(pairs)


@pytest.mark.parametrize("wider", [False, True])
def test_samples_full_of_secrets_answer_the_same_without_them(bench: Bench, tmp_path: Path, wider: bool) -> None:
    assert compare(bench, SAMPLES, tmp_path, wider=wider) > 150


@pytest.mark.skipif(not CORPUS, reason="DUMPSCOPE_CORPUS names no folder of real dumps")
@pytest.mark.parametrize("wider", [False, True])
def test_real_dumps_full_of_secrets_answer_the_same_without_them(bench: Bench, tmp_path: Path, wider: bool) -> None:
    assert compare(bench, Path(CORPUS), tmp_path, wider=wider) > 0
