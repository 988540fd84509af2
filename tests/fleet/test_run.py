"""The run over many files: archives, workers that die, resuming, interruption."""

from __future__ import annotations

import csv
import os
import shutil
import sys
import time
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from dumpscope.errors import UsageError
from dumpscope.fleet import triage
from dumpscope.fleet.lines import NAMES, Output
from dumpscope.fleet.output import read_rows, resume
from dumpscope.fleet.run import row_of, tasks
from dumpscope.fleet.workers import WorkerDied, Workers, WorkerTimeout

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


def names(rows: List[Dict[str, Any]]) -> List[str]:
    return sorted(os.path.basename(row["path"]) + (":" + row["member"] if row["member"] else "") for row in rows)


ALL = ["a.dmp", "b.dmp", "more.zip:inner/c.dmp", "more.zip:readme", "note.txt"]


def test_every_sample_is_one_row() -> None:
    files = sorted(SAMPLES.glob("*.dmp"))
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


class Deadly(Workers):
    """Workers that die of one file."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(os._exit, 9) if args[0].path.endswith("a.dmp") else super().submit(fn, *args, **kwargs)


def test_a_worker_that_dies_is_a_row_and_the_others_are_done(folder: Path) -> None:
    with Deadly(2) as pool:
        rows = list(triage([str(folder)], executor=pool))
    assert names(rows) == ALL
    assert {os.path.basename(row["path"]): row["error"] for row in rows if str(row["error"]).startswith("the worker")} == {
        "a.dmp": "the worker ended with code 9"
    }


def test_a_call_that_takes_too_long_is_ended_and_the_next_one_is_done() -> None:
    with Workers(1, seconds=0.2) as pool:
        assert isinstance(pool.submit(time.sleep, 3600).exception(), WorkerTimeout)
    with Workers(1) as pool:
        assert isinstance(pool.submit(os._exit, 1).exception(), WorkerDied)
        assert pool.submit(len, "four").result() == 4
        assert isinstance(pool.submit(int, "x").exception(), ValueError)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit on memory is held on Linux")
def test_a_call_that_takes_too_much_memory_fails_alone() -> None:
    with Workers(1, memory=256 << 20) as pool:
        assert isinstance(pool.submit(bytearray, 1 << 30).exception(), MemoryError)
        assert pool.submit(len, "four").result() == 4


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_rows_come_back_from_the_output_as_they_were(folder: Path, tmp_path: Path, ending: str) -> None:
    out = str(tmp_path / f"rows.{ending}")
    rows = [row_of(task) for task in tasks([str(folder)])]
    rows[0]["process"] = "=1+1,\n'"
    rows[1]["process"] = 'a\r\nb \ud800 \udcff "c"'  # halves of surrogate pairs come from files and from names of files
    with Output(out) as output:
        for row in rows:
            output.add(row)
    assert list(read_rows(out)) == rows
    if ending == "csv":
        with open(out, encoding="utf-8", errors="surrogatepass", newline="") as file:
            assert next(csv.DictReader(file))["process"].startswith("'=")


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_resuming_keeps_what_is_unchanged_and_drops_what_is_cut_or_changed(folder: Path, tmp_path: Path, ending: str) -> None:
    out = str(tmp_path / f"rows.{ending}")
    with Output(out) as output:
        for task in tasks([str(folder)]):
            output.add(row_of(task))
    if ending == "jsonl":
        with open(out, "a", encoding="utf-8") as file:
            file.write('{"path": "half')
    with open(folder / "b.dmp", "ab") as changed:
        changed.write(b"more")
    seen: List[Dict[str, Any]] = []
    kept = resume(out, seen.append)
    assert names(seen) == [name for name in ALL if name != "b.dmp"]
    assert names(list(read_rows(out))) == names(seen)
    assert len(kept) == len(seen)


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
    assert cli("triage", folder, "-o", out, "--resume", "--jobs", "1").code == 0
    assert names(list(read_rows(out))) == ALL


def test_what_is_no_output_is_not_taken_for_one(folder: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    other = tmp_path / "mine.csv"
    other.write_text("a,b\n1,2\n", "utf-8")
    for words in (["--force"], ["--resume"]):
        answer = cli("triage", folder, "-o", other, *words)
        assert answer.code == 2
        assert other.read_text("utf-8") == "a,b\n1,2\n"
    binary = tmp_path / "mine.jsonl"
    binary.write_bytes(b"\xff\xfe\x00\n")
    assert cli("triage", folder, "-o", binary, "--resume").code == 2
    assert binary.read_bytes() == b"\xff\xfe\x00\n"
    assert cli("triage", folder, "-o", tmp_path / "rows.txt").code == 2
    assert cli("triage", tmp_path / "none").code == 2
    with pytest.raises(UsageError):
        list(triage([str(tmp_path / "none")]))


def test_rows_that_are_no_output_are_refused_with_words_about_rows(folder: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    for name, words in ((folder, "is a folder"), (folder / "b.dmp", "ends in neither .jsonl, .csv nor .parquet")):
        answer = cli("triage", "--rows", name)
        assert answer.code == 2
        assert words in answer.err
        assert "--rows takes a file that `triage -o` wrote" in answer.err


def test_an_error_of_a_row_is_told_whole(cli: Callable[..., Any]) -> None:
    out = " ".join(cli("triage", SAMPLES / "archives" / "deflate64.zip", "--jobs", "1").out.split())
    assert "is packed with Deflate64, which is not unpacked here" in out


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_rows_that_are_cut_are_told(cli, tmp_path, ending):
    """A last line without its end is no row; a file without a row is no answer."""
    rows = tmp_path / f"rows{ending}"
    assert cli("triage", SAMPLES / "handles.dmp", SAMPLES / "exception-cpp.dmp", "-o", rows, "--jobs", "1").code == 0
    data = rows.read_bytes()
    found = cli("triage", "--rows", rows)
    assert found.code == 0
    assert "2 files: 2 minidump." in found.out
    assert "not whole" not in found.out
    cut = tmp_path / f"cut{ending}"
    cut.write_bytes(data[:-9])
    found = cli("triage", "--rows", cut)
    assert found.code == 0
    assert "1 file: 1 minidump." in found.out
    assert "is not whole, and was left out" in " ".join(found.out.split())
    head = data.index(b"\n") if ending == ".jsonl" else data.index(b"\n", data.index(b"\n") + 1)
    cut.write_bytes(data[: head - 20])
    found = cli("triage", "--rows", cut)
    assert found.code == 1
    assert "is not whole, and was left out" in " ".join(found.out.split())
    assert "holds no row" in " ".join(found.out.split())
    assert "none." not in found.out
    cut.write_bytes(b"")
    found = cli("triage", "--rows", cut)
    assert found.code == 1
    assert "holds no row" in " ".join(found.out.split())


def test_a_folder_without_a_file_is_told(cli, tmp_path):
    found = cli("triage", tmp_path)
    assert found.code == 1
    assert "There is no file to read in" in " ".join(found.out.split())
