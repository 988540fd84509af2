"""Files of a folder: all of them or none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict

import pytest

from dumpscope.errors import UsageError
from dumpscope.writing import folder as module
from dumpscope.writing.folder import write_files

FILES = {"a.py": b"a", "b.py": b"b", "c.txt": b"c"}


def held(folder: Path) -> Dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_new_folder_is_made_with_all_of_them(tmp_path: Path) -> None:
    place = tmp_path / "one" / "two"
    assert write_files(str(place), FILES) == ["a.py", "b.py", "c.txt"]
    assert held(place) == FILES


def test_what_is_the_same_stays_and_what_is_not_ours_too(tmp_path: Path) -> None:
    write_files(str(tmp_path), FILES)
    (tmp_path / "mine.txt").write_bytes(b"mine")
    (tmp_path / "b.py").unlink()
    assert write_files(str(tmp_path), FILES) == ["b.py"]
    assert held(tmp_path) == {**FILES, "mine.txt": b"mine"}


def test_other_files_are_in_the_way_until_force(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"b\.py") as raised:
        write_files(str(tmp_path), FILES)
    assert "--force" in raised.value.hint
    assert held(tmp_path) == {"b.py": b"mine"}
    assert write_files(str(tmp_path), FILES, force=True) == ["a.py", "b.py", "c.txt"]
    assert held(tmp_path) == FILES


def test_a_folder_with_the_name_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").mkdir()
    with pytest.raises(UsageError, match="not a regular file"):
        write_files(str(tmp_path), FILES, force=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="not a folder"):
        write_files(str(tmp_path / "file"), FILES)


@pytest.mark.parametrize("fails_at", [1, 2, 3, 4])
def test_a_failure_on_the_way_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    place = tmp_path / "there"
    place.mkdir()
    before = {"a.py": b"old a", "c.txt": b"old c", "mine.txt": b"mine"}
    for name, data in before.items():
        (place / name).write_bytes(data)
    calls = []
    real = os.replace

    def replace(source: Any, target: Any) -> None:
        calls.append(source)
        if len(calls) == fails_at:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(module.os, "replace", replace)
    with pytest.raises(OSError, match="No space"):
        write_files(str(place), FILES, force=True)
    assert held(place) == before


def test_a_folder_that_was_made_goes_when_nothing_could_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Any, target: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_files(str(tmp_path / "x" / "y"), FILES)
    assert not list(tmp_path.iterdir())
