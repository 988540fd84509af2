"""``why`` on archives: what the debugger does with the file as it is given, and never that it refuses one that it opens."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from samples.archives import cabinet

FOLDER = Path(__file__).resolve().parents[3] / "samples" / "archives"
REFUSED = ("memory.dmp.gz", "memory.tar.gz", "nested.zip")


@pytest.mark.parametrize("name", ["stored.zip", "packed.zip", "stored.cab", "packed.cab"])
def test_an_archive_that_the_debugger_opens_is_no_finding(cli: Any, name: str) -> None:
    found = cli("why", FOLDER / name)
    assert found.code == 0
    assert "The debugger opens this file." in found.out
    assert "OPN0" not in found.out


@pytest.mark.parametrize("name", REFUSED)
def test_an_archive_that_only_dumpscope_opens_is_said(cli: Any, name: str) -> None:
    found = cli("why", FOLDER / name)
    assert found.code == 0
    assert "OPN029" in found.out
    assert "read out of" in found.out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("deflate64.zip", ["does not open this file: HRESULT 0x80004001", "packed with Deflate64", "7z x FILE"]),
        ("two-dumps.zip", ["The debugger opens this file.", "takes out 'second.mdmp'", "There are 2 dumps", "two-dumps.zip!b/first.dmp"]),
        ("encrypted.zip", ["does not open this file: HRESULT 0x8007000d", "is encrypted", "with its password"]),
        ("text-only.zip", ["does not open this file: HRESULT 0x80004005", "None of the 2 files"]),
        ("empty.zip", ["does not open this file: HRESULT 0x80070057", "without a file"]),
    ],
)
def test_an_archive_that_is_not_read_is_explained(cli: Any, name: str, words: Any) -> None:
    found = cli("why", FOLDER / name)
    text = " ".join(found.out.replace(str(FOLDER), "").split())
    assert "OPN029" in text
    assert "OPN001" not in text
    assert "kernel dump" not in text
    for word in words:
        assert word in text
    assert cli("threads", FOLDER / name).code == 3


def test_another_member_than_the_debugger_takes_is_said(cli: Any) -> None:
    found = cli("why", f"{FOLDER / 'two-dumps.zip'}!first.dmp")
    assert "takes out another member: 'second.mdmp'" in " ".join(found.out.split())
    found = cli("why", f"{FOLDER / 'two-dumps.zip'}!second.mdmp")
    assert "OPN029" not in found.out


def test_a_packing_that_the_debugger_may_know(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "quantum.cab").write_bytes(cabinet([("memory.dmp", b"whatever it is")], 0x1502))
    found = cli("why", tmp_path / "quantum.cab")
    text = " ".join(found.out.split())
    for word in ("The debugger opens this file.", "takes out 'memory.dmp'", "is packed with Quantum", "cabextract FILE"):
        assert word in text
    assert cli("threads", tmp_path / "quantum.cab").code == 3
    found = cli("why", tmp_path / "quantum.cab", "!handle")
    assert "depends on the dump that the debugger takes out" in found.out
    assert "will" not in found.out.split("OPN029")[0]


def test_a_minidump_called_zip_does_not_open_in_the_debugger(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    shutil.copy(FOLDER.parent / "handles.dmp", path)
    found = cli("why", path)
    assert "Unable to extract dump file from CAB file" in found.out
    assert "called like an archive" in found.out
    assert cli("handles", path).code == 0


def test_json_says_what_the_debugger_says(run_json: Any) -> None:
    found = run_json("why", FOLDER / "encrypted.zip")
    assert found["opens"] == {"ok": False, "hresult": "0x8007000d", "message": "Unable to extract dump file from CAB file"}
    assert [item["code"] for item in found["findings"]] == ["OPN029"]
