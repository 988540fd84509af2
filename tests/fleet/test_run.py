"""The run over many files: archives, workers that die, resuming, interruption."""

from __future__ import annotations

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from tests.amount import some
from tests.fleet.threads import use_threads

from dumpscope.fleet import triage
from dumpscope.fleet.lines import NAMES, Output
from dumpscope.fleet.output import read_rows
from dumpscope.fleet.run import row_of, tasks

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SMALL = SAMPLES / "everything-small.dmp"


def names(rows: List[Dict[str, Any]]) -> List[str]:
    return sorted(os.path.basename(row["path"]) + (":" + row["member"] if row["member"] else "") for row in rows)


ALL = ["a.dmp", "b.dmp", "more.zip:inner/c.dmp", "more.zip:readme", "note.txt"]


def test_every_sample_is_one_row() -> None:
    """Every sample, or a third of them."""
    files = some(sorted(SAMPLES.glob("*.dmp")), 0)
    with ThreadPoolExecutor(1) as pool:
        rows = list(triage([str(path) for path in files], executor=pool))
    assert sorted(row["path"] for row in rows) == [str(path) for path in files]
    assert [row["path"] for row in rows if str(row["error"]).startswith(("internal", "the worker"))] == []


def test_files_folders_and_members_of_archives(folder: Path) -> None:
    rows = list(triage([str(folder), str(folder / "a.dmp")], jobs=2))
    assert names(rows) == ALL, "each once"
    plain, packed = (next(row for row in rows if (row["member"] or row["path"]).endswith(name)) for name in ("a.dmp", "c.dmp"))
    same = [name for name in NAMES if name not in ("path", "member", "mtime")]
    assert [plain[name] for name in same] == [packed[name] for name in same]


def test_a_broken_archive_and_a_wrong_member_are_rows(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\3\4 nothing")
    (row,) = [row_of(task) for task in tasks([str(tmp_path)])]
    assert "archive" in row["error"]
    path = tmp_path / "good.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.write(SMALL, "c.dmp")
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    (row,) = [row_of(task) for task in tasks([str(path)])]
    assert row["member"] == "c.dmp"
    assert row["error"].startswith("cannot be unpacked")


@pytest.mark.parametrize("name", ["stored.cab", "packed.cab", "packed.zip", "two-dumps.zip", "memory.dmp.gz", "memory.tar.gz", "nested.zip"])
def test_members_of_every_archive_are_rows(name: str) -> None:
    path = str(Path(__file__).resolve().parents[2] / "samples" / "archives" / name)
    rows = [row_of(task) for task in tasks([path])]
    kinds = [row["kind"] for row in rows]
    assert all(row["path"] == path and row["member"] for row in rows)
    assert kinds == {
        "packed.cab": ["text", "minidump"],
        "two-dumps.zip": ["text", "minidump", "minidump"],
        "nested.zip": ["zip"],
    }.get(name, ["minidump"])
    if name == "memory.tar.gz":
        assert rows[0]["member"] == "memory.tar!memory.dmp"


def test_an_encrypted_member_is_a_row_that_says_so() -> None:
    path = str(Path(__file__).resolve().parents[2] / "samples" / "archives" / "encrypted.zip")
    (row,) = [row_of(task) for task in tasks([path])]
    assert "is encrypted" in row["error"]


@pytest.mark.usefixtures("threads")
def test_the_command_writes_resumes_and_answers(folder: Path, tmp_path: Path, run_json: Callable[..., Dict[str, Any]], cli: Callable[..., Any]) -> None:
    out = str(folder / "rows.jsonl")
    first = run_json("triage", folder, "-o", out, "--jobs", "1")
    assert first["files"] == 5
    assert first["output"]["kept"] == 0
    assert "rows" not in first
    assert cli("triage", folder, "-o", out).code == 2, "it is not written over"
    (folder / "new.dmp").write_bytes(SMALL.read_bytes())
    again = run_json("triage", folder, "-o", out, "--resume", "--jobs", "1")
    assert again["files"] == 6
    assert again["output"]["kept"] == 5
    assert names(list(read_rows(out))) == sorted([*ALL, "new.dmp"])
    group = again["groups"][0]
    assert group["count"] == 3
    assert group["signature"].startswith("demo.exe+0x")
    shown = cli("triage", folder / "b.dmp", "--jobs", "1")
    assert "100 % of these dumps cannot answer `!handle`; flag 0x4 in the writer would mend 100 %" in " ".join(shown.out.split())
    whole = run_json("triage", folder / "a.dmp", "--jobs", "1")
    assert whole["rows"][0]["kind"] == "minidump"
    assert whole["rows"][0]["commands"]["!handle"] == "works"


def test_an_interruption_keeps_what_is_done(folder: Path, tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    out = str(tmp_path / "rows.jsonl")
    add = Output.add
    count = [0]

    def stop(self: Output, row: Dict[str, Any]) -> None:
        if count[0] == 2:
            raise KeyboardInterrupt
        count[0] += 1
        add(self, row)

    monkeypatch.setattr(Output, "add", stop)
    answer = cli("triage", folder, "-o", out, "--jobs", "1")
    assert answer.code == 130
    assert "Interrupted after 2 files" in answer.out
    assert len(list(read_rows(out))) == 2
    monkeypatch.undo()
    use_threads(monkeypatch)
    assert cli("triage", folder, "-o", out, "--resume", "--jobs", "1").code == 0
    assert names(list(read_rows(out))) == ALL


@pytest.mark.usefixtures("threads")
def test_an_error_of_a_row_is_told_whole(cli: Callable[..., Any]) -> None:
    out = " ".join(cli("triage", SAMPLES / "archives" / "deflate64.zip", "--jobs", "1").out.split())
    assert "is packed with Deflate64, which is not unpacked here" in out


def test_a_folder_without_a_file_is_told(cli, tmp_path):
    found = cli("triage", tmp_path)
    assert found.code == 1
    assert "There is no file to read in" in " ".join(found.out.split())
