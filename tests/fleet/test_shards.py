"""Rows in a folder of Parquet files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from dumpscope.fleet.facts import empty_row
from dumpscope.fleet.output import output_of, read_rows, resume
from dumpscope.fleet.shards import Shards, is_shards

pytest.importorskip("pyarrow")
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def names(folder: Path) -> List[str]:
    return sorted(os.listdir(folder))


def paths(folder: Path) -> List[str]:
    return [row["path"] for row in read_rows(str(folder))]


def test_each_file_is_whole_when_it_has_enough_rows(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    output = Shards(str(folder), most=3)
    for number in range(7):
        output.add(empty_row(str(number)))
    assert names(folder) == ["part-00000.parquet", "part-00001.parquet", "part-00002.part.jsonl"]
    assert paths(folder) == list("0123456"), "rows that are in no Parquet file yet are there"
    output.close()
    assert names(folder) == [f"part-0000{number}.parquet" for number in range(3)]
    assert paths(folder) == list("0123456")


def test_lines_that_are_in_a_parquet_file_already_do_not_count_twice(tmp_path: Path) -> None:
    output = Shards(str(tmp_path / "rows"))
    output.add(empty_row("a"))
    shutil.copy(tmp_path / "rows" / "part-00000.part.jsonl", tmp_path / "kept")
    output.close()
    shutil.copy(tmp_path / "kept", tmp_path / "rows" / "part-00000.part.jsonl")
    assert paths(tmp_path / "rows") == ["a"]
    assert resume(str(tmp_path / "rows"), lambda row: None) == {("a", "")}
    assert names(tmp_path / "rows") == ["part-00000.parquet"]


def test_resume_drops_changed_files_and_makes_parquet_of_lines(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    for name in "abc":
        (tmp_path / name).write_bytes(b"1")
    output = Shards(str(folder), most=2)
    for name in "abc":
        found = os.stat(tmp_path / name)
        output.add(empty_row(str(tmp_path / name), "", found.st_size, found.st_mtime_ns))
    output._lines._file.close()  # the run is ended by force
    (tmp_path / "b").write_bytes(b"12")
    seen: List[Any] = []
    kept = resume(str(folder), seen.append)
    assert kept == {(str(tmp_path / "a"), ""), (str(tmp_path / "c"), "")}
    assert len(seen) == 2
    assert names(folder) == ["part-00000.parquet", "part-00001.parquet"]
    with output_of(str(folder), append=True) as more:
        more.add(empty_row("d"))
    assert [os.path.basename(path) for path in paths(folder)] == ["a", "c", "d"]


def test_the_command_takes_a_folder_and_removes_only_its_own(tmp_path: Path, cli: Callable[..., Any], run_json: Callable[..., Dict[str, Any]]) -> None:
    folder = tmp_path / "rows"
    dump = SAMPLES / "everything-small.dmp"
    assert not is_shards(str(folder))
    assert run_json("triage", dump, "-o", f"{folder}/")["files"] == 1
    (folder / "note.txt").write_text("mine", "utf-8")
    assert cli("triage", dump, "-o", folder).code == 2
    assert cli("triage", dump, "-o", folder, "--force").code == 0
    assert names(folder) == ["note.txt", "part-00000.parquet"]
    assert run_json("triage", "--rows", folder, "--group-by", "process")["counts"][0]["dumps"] == 1
    assert run_json("triage", "--rows", folder, "--sql", "select count(*) as n from rows")["answer"] == [{"n": 1}]
    assert cli("triage", "--rows", tmp_path).code == 2, "a folder without rows"
