"""Rows in a file: as they come back, and what is not taken for such a file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Callable

import pytest

from dumpscope.errors import UsageError
from dumpscope.fleet import triage
from dumpscope.fleet.lines import Output
from dumpscope.fleet.output import read_rows
from dumpscope.fleet.run import row_of, tasks

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


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
