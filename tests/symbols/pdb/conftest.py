"""PDB files of a program with parameters of many types, as two settings of the compiler make them."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "stacks" / "parameters" / "data"


@pytest.fixture(params=["clang-O0", "clang-O2"])
def pdb(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(DATA / f"{request.param}.tar.xz") as archive:
        file = archive.extractfile("parameters.pdb")
        assert file is not None
        path = tmp_path / "parameters.pdb"
        path.write_bytes(file.read())
    return path
