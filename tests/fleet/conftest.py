"""A folder of files for runs, and runs without processes."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from tests.fleet.threads import use_threads

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SMALL = SAMPLES / "everything-small.dmp"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files, one of them no dump, and an archive with two members."""
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    shutil.copy(SMALL, dumps / "a.dmp")
    shutil.copy(SAMPLES / "tokens-process-and-thread.dmp", dumps / "b.dmp")
    (dumps / "note.txt").write_text("no dump\n", "utf-8")
    with zipfile.ZipFile(dumps / "more.zip", "w") as archive:
        archive.write(SMALL, "inner/c.dmp")
        archive.writestr("readme", "no dump either")
    return dumps


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """``triage`` uses threads: for tests of what it does with rows, however they were made."""
    use_threads(monkeypatch)
