"""``bytes image MODULE``: PE headers in captured memory, structure by structure."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from tests.stacks.emulation import load
from tests.stacks.test_walk import APP, dump_of

from dumpscope.__main__ import main

ARCHIVE = Path(__file__).resolve().parents[2] / "stacks" / "data" / "x86" / "shapes-O2.tar.xz"


@pytest.fixture
def image(tmp_path: Path) -> bytes:
    """A program of ours as it lies in memory, from its preferred base 0x400000 on."""
    with tarfile.open(ARCHIVE) as archive:
        file = archive.extractfile("shapes.exe")
        assert file is not None
        (tmp_path / "shapes.exe").write_bytes(file.read())
    return load(tmp_path / "shapes.exe").image


def test_headers_sections_and_directories(image: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "image.dmp"
    path.write_bytes(dump_of("x86", {"eip": APP + 0x1000, "esp": 0x7000}, [0] * 8, memory=[(APP, image)]))
    assert main(["bytes", str(path), "image", "app", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["bytes"]
    names = [item["structure"] for item in shown]
    assert names[:2] == ["IMAGE_DOS_HEADER", "IMAGE_NT_HEADERS32"]
    assert names[-1] == "IMAGE_DEBUG_DIRECTORY"
    sections = [item for item in shown if item["structure"] == "IMAGE_SECTION_HEADER"]
    assert [item["what"] for item in sections][:2] == ["section 0: .text", "section 1: .rdata"]
    data = path.read_bytes()
    assert data[shown[0]["offset"] :][:2] == b"MZ"
    assert data[shown[1]["offset"] :][:4] == b"PE\0\0"
    assert data[sections[0]["offset"] :][:6] == b".text\0"


def test_a_cut_image_shows_what_is_there(image: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "image.dmp"
    path.write_bytes(dump_of("x86", {"eip": APP + 0x1000, "esp": 0x7000}, [0] * 8, memory=[(APP, image[:0x400])]))
    assert main(["bytes", str(path), "image", "0", "--json"]) == 0
    names = [item["structure"] for item in json.loads(capsys.readouterr().out)["bytes"]]
    assert "IMAGE_SECTION_HEADER" in names
    assert "IMAGE_DEBUG_DIRECTORY" not in names


def test_without_headers_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none.dmp"
    path.write_bytes(dump_of("x86", {"eip": APP + 0x1000, "esp": 0x7000}, [0] * 8))
    assert main(["bytes", str(path), "image", "app"]) == 1
    assert "does not hold the image's headers" in capsys.readouterr().err
    assert main(["bytes", str(path), "image", "other"]) == 1
