"""What pyproject says of the package, and that a packed archive has the same bytes whenever and by whomever it is packed."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import tarfile
from pathlib import Path
from typing import Any, List

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "pyproject.toml").read_text("utf-8")


def packaging() -> Any:
    spec = importlib.util.spec_from_file_location("ci_package", ROOT / ".ci" / "package.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def packed(path: Path, names: List[str], mtime: int, owner: str, mode: int) -> bytes:
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname, member.mode = len(name), mtime, owner, mode
            archive.addfile(member, io.BytesIO(name.encode()))
    packaging().repack(path, 1_700_000_000)
    return path.read_bytes()


def test_a_source_archive_has_the_same_bytes_wherever_it_was_packed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = packed(tmp_path / "a" / "x.tar.gz", ["x/one", "x/two"], 5, "me", 0o644)
    other = packed(tmp_path / "b" / "x.tar.gz", ["x/two", "x/one"], 9, "you", 0o664)
    assert one == other
    with tarfile.open(tmp_path / "a" / "x.tar.gz") as archive:
        assert archive.getnames() == ["x/one", "x/two"]
        assert archive.getmember("x/one").mtime == 1_700_000_000
        content = archive.extractfile("x/two")
        assert content is not None
        assert content.read() == b"x/two"
    assert packed(tmp_path / "b" / "x.tar.gz", ["x/two", "x/three"], 9, "you", 0o664) != one


def test_all_takes_every_extra_for_users() -> None:
    block = TEXT.split("[project.optional-dependencies]")[1].split("\n[project")[0]
    extras = set(re.findall(r"^(\w+) = \[", block, re.MULTILINE)) - {"all", "dev", "site", "windbg"}
    found = re.search(r'^all = \["dumpscope\[([\w,]+)\]"\]', block, re.MULTILINE)
    assert found is not None
    assert set(found[1].split(",")) == extras


def test_the_floor_is_the_first_of_the_classifiers() -> None:
    minors = [int(minor) for minor in re.findall(r'"Programming Language :: Python :: 3\.(\d+)"', TEXT)]
    floor = re.search(r'requires-python = ">=3\.(\d+)"', TEXT)
    assert floor is not None
    assert minors == list(range(int(floor[1]), minors[-1] + 1))


def test_pythons_are_found_on_the_path_and_among_pyenvs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.name == "nt":
        pytest.skip("programs of POSIX systems")
    ours = packaging()

    def program(path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    program(tmp_path / "shims" / "python3.9", "echo no such version >&2; exit 127")
    program(tmp_path / "shims" / "python3.10", "echo 3.11")
    program(tmp_path / "shims" / "python3.8", "echo 3.8")
    eleven = program(tmp_path / "bin" / "python3.11", "echo 3.11")
    nine = program(tmp_path / "root" / "versions" / "3.9.18" / "bin" / "python", "echo 3.9")
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}{os.pathsep}{os.pathsep}{tmp_path / 'bin'}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "root"))
    assert ours.pythons() == {(3, 9): nine, (3, 11): eleven}
