"""Copying from file to file: by the system where it can, piece by piece where it cannot; holes stay holes, and errors are told."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest

from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing import output
from dumpscope.writing.output import PIECE, Output

SIZE = 5 * PIECE + 123


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a hole in its middle and one at its end."""
    path = tmp_path / "in.bin"
    with open(path, "wb") as made:
        made.write(os.urandom(PIECE + 17))
        made.seek(3 * PIECE)
        made.write(os.urandom(PIECE))
        made.truncate(SIZE)
    return path


def copied(source: Source, target: Any) -> None:
    out = Output(target)
    out.reserve(100)
    place = out.reserve(SIZE, 1)
    out.put(0, b"head")
    out.copy(source, 0, SIZE, place)
    out.append(b"tail", 1)
    out.finish()


@pytest.mark.parametrize("how", ["system", "no system", "other file systems", "holes unknown"])
def test_a_copy_is_the_same_however_it_is_made(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    def refused(*_: Any) -> int:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    if how == "no system":
        monkeypatch.setattr(output, "_copy_range", None)
    elif how == "other file systems":
        monkeypatch.setattr(output, "_copy_range", refused)
    elif how == "holes unknown" and hasattr(os, "SEEK_DATA"):
        monkeypatch.setattr(output, "_next_data", lambda _, offset, size: (0, size))
    source = Source.from_path(str(file))
    with open(tmp_path / "out.bin", "w+b") as target:
        copied(source, target)
    source.close()
    data = (tmp_path / "out.bin").read_bytes()
    assert data == b"head".ljust(100, b"\0") + file.read_bytes() + b"tail"
    if os.name == "posix" and how == "system":
        assert (tmp_path / "out.bin").stat().st_blocks <= file.stat().st_blocks + 32


def test_memory_is_copied_to_as_well(file: Path) -> None:
    source, target = Source.from_path(str(file)), io.BytesIO()
    copied(source, target)
    source.close()
    assert target.getvalue()[100:-4] == file.read_bytes()


@pytest.mark.skipif(not hasattr(os, "copy_file_range"), reason="the system copies no ranges")
def test_a_full_disk_is_told(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(output, "_copy_range", full)
    source = Source.from_path(str(file))
    with open(tmp_path / "out.bin", "w+b") as target, pytest.raises(OSError, match="No space left"):
        copied(source, target)
    source.close()


@pytest.mark.skipif(os.name != "posix", reason="Windows does not let an open file be cut")
def test_a_file_that_is_cut_meanwhile_is_told(file: Path, tmp_path: Path) -> None:
    source = Source.from_path(str(file))
    os.truncate(file, PIECE)
    with open(tmp_path / "out.bin", "w+b") as target, pytest.raises(DumpError, match="was cut"):
        copied(source, target)
    source.close()


@pytest.mark.parametrize("command", ["scrub", "shrink", "mend"])
def test_a_folder_that_is_not_there_is_told_before_the_work(cli: Any, tmp_path: Path, command: str) -> None:
    result = cli(command, "handles.dmp", "-o", tmp_path / "nosuch" / "x.dmp")
    assert result.code == 4
    assert result.out == ""
    assert "nosuch" in result.err
    assert not list(tmp_path.iterdir())
