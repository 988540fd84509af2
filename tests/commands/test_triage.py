"""``triage`` as a command, without processes of its own: what its options do, what it refuses, and what it says. The run itself is tested in tests/fleet."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, List, NamedTuple, Optional

import pytest
from tests.commands.made import notes

import dumpscope.commands.triage as module
from dumpscope.commands import triage
from dumpscope.commands.triage import _files, _kind, _value
from dumpscope.errors import UsageError
from dumpscope.fleet.output import read_rows
from dumpscope.fleet.run import triage as run
from dumpscope.view.blocks import Data

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NAMES = ("crash-null-call", "crash-null-member", "everything-small", "article-nohandles", "not-a-dump-text", "not-a-dump-empty")


class Fleet(NamedTuple):
    """A folder of six files, and what was asked of each run over it."""

    folder: Path
    asked: List[Any]


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    folder = tmp_path / "fleet"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(SAMPLES / f"{name}.dmp", folder / f"{name}.dmp")
    made = Fleet(folder, [])

    def inside(paths, *, settings, jobs, seconds, skip, executor=None, batch=1):
        made.asked.append((jobs, seconds, settings))
        with ThreadPoolExecutor(1) as pool:
            yield from run(paths, settings=settings, executor=pool, skip=skip)

    monkeypatch.setattr(module, "run", inside)
    return made


def test_files_groups_and_advice(fleet, run_json, cli):
    document = run_json("triage", fleet.folder)
    assert (document["files"], document["interrupted"], document["without_signature"]) == (6, False, 3)
    assert document["kinds"] == {"minidump": 4, "text": 1, "empty": 1}
    assert [Path(row["path"]).stem for row in document["rows"]] == sorted(NAMES)
    assert sum(group["count"] for group in document["groups"]) == 3
    assert [group["count"] for group in document["groups"]] == sorted((group["count"] for group in document["groups"]), reverse=True)
    assert all(group["signature"] and group["why"] and group["processes"] for group in document["groups"])
    assert document["errors"] == {}
    advice = {item["command"]: item for item in document["advice"]}
    assert advice["!handle"]["fails"] == 3
    assert int(advice["!handle"]["flags"], 16) & 4
    text = cli("triage", fleet.folder).out
    assert text.startswith("6 files: ")
    assert "groups by signature" in text
    assert "Without a signature, because they are no dumps or have no exception: 3 files." in text
    assert "were in the output already" not in text
    assert "not read: " not in text
    assert "more group" not in text
    assert fleet.asked[0][:2] == (None, 60)


def test_one_file(fleet, cli):
    assert cli("triage", fleet.folder / "crash-null-call.dmp").out.startswith("1 file: 1 ")
    assert [_files(number) for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


@pytest.mark.parametrize(
    ("words", "asked"),
    [(["--jobs", "1"], (1, 60)), (["--jobs", "256"], (256, 60)), (["--seconds", "1"], (None, 1)), (["--seconds", "86400"], (None, 86400))],
)
def test_limits_of_a_run(fleet, cli, words, asked):
    assert cli("triage", fleet.folder, *words).code == 0
    assert fleet.asked[0][:2] == asked


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--jobs", "0"], "--jobs must be a number from 1 to 256, not '0'"),
        (["--jobs", "257"], "--jobs must be a number from 1 to 256"),
        (["--jobs", "x"], "--jobs must be"),
        (["--jobs", "0000000001"], "--jobs must be"),
        (["--seconds", "86401"], "--seconds must be a number from 1 to 86400"),
        (["--resume"], "--resume goes on with an output"),
        (["--group-by", "nothing"], "there is no column 'nothing'"),
        (["--rows", "x.jsonl"], "no dumps are read and none is written"),
        (["--atlases"], "--atlases are beside a page"),
        (["missing-folder"], "there is no 'missing-folder'"),
    ],
)
def test_what_cannot_be_meant_is_refused(fleet, cli, words, message):
    result = cli("triage", fleet.folder, *words)
    assert (result.code, message in result.err, fleet.asked) == (2, True, [])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "triage needs something to read"),
        (["--rows", "gone.jsonl"], "there is no 'gone.jsonl'"),
        (["--rows", "folder.jsonl"], "is a folder"),
        (["--rows", "rows.txt"], "ends in neither .jsonl, .csv nor .parquet"),
        (["--rows", "rows.jsonl", "-o", "other.jsonl"], "leave out PATH, -o and --resume"),
        (["--rows", "rows.jsonl", "--resume"], "leave out PATH, -o and --resume"),
    ],
)
def test_rows_that_cannot_be_read_are_refused(cli, words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "rows.txt").write_text("", "utf-8")
    (tmp_path / "rows.jsonl").write_text("", "utf-8")
    result = cli("triage", *words)
    assert (result.code, message in result.err) == (2, True)


def test_rows_are_kept_and_a_run_goes_on(fleet, run_json, cli, tmp_path):
    rows = tmp_path / "rows.jsonl"
    document = run_json("triage", fleet.folder / "crash-null-call.dmp", "-o", rows)
    assert document["output"] == {"path": str(rows), "rows": 1, "kept": 0}
    assert "rows" not in document
    again = cli("triage", fleet.folder, "-o", rows)
    assert (again.code, "exists already" in again.err) == (2, True)
    document = run_json("triage", fleet.folder, "-o", rows, "--resume")
    assert document["output"] == {"path": str(rows), "rows": 6, "kept": 1}
    assert document["files"] == 6
    text = cli("triage", fleet.folder, "-o", rows, "--resume").out
    assert "6 of them were in the output already." in text
    assert f"{rows}: 6." in text.replace("\n", "")
    assert len(list(read_rows(str(rows)))) == 6
    document = run_json("triage", fleet.folder / "everything-small.dmp", "-o", rows, "--force")
    assert document["output"]["rows"] == 1
    assert [Path(row["path"]).stem for row in read_rows(str(rows))] == ["everything-small"]


def test_the_output_itself_is_no_dump(fleet, run_json):
    rows = fleet.folder / "rows.jsonl"
    run_json("triage", fleet.folder, "-o", rows)
    assert run_json("triage", fleet.folder, "-o", rows, "--resume")["output"]["rows"] == 6


def test_another_file_is_not_written_over(fleet, cli, tmp_path):
    other = tmp_path / "rows.jsonl"
    other.write_text("my notes\n", "utf-8")
    assert cli("triage", fleet.folder, "-o", other, "--force").code != 0
    assert other.read_text("utf-8") == "my notes\n"


def test_rows_of_an_earlier_run(fleet, run_json, cli, tmp_path):
    rows = tmp_path / "rows.jsonl"
    first = run_json("triage", fleet.folder, "-o", rows)
    later = run_json("triage", "--rows", rows)
    for name in ("files", "kinds", "errors", "groups", "without_signature", "advice"):
        assert later[name] == first[name], name
    assert len(fleet.asked) == 1
    assert "were in the output already" not in cli("triage", "--rows", rows).out


def test_rows_are_counted_by_columns(fleet, run_json, cli, tmp_path):
    rows = tmp_path / "rows.jsonl"
    run_json("triage", fleet.folder, "-o", rows)
    document = run_json("triage", "--rows", rows, "--group-by", "process")
    counts = {row["process"]: row["dumps"] for row in document["counts"]}
    assert document["files"] == 6
    assert sum(counts.values()) == 6
    assert counts["demo.exe"] == 3
    assert "groups" not in document
    assert cli("triage", "--rows", rows, "--group-by", "process").out.startswith("6 files.")
    assert run_json("triage", fleet.folder, "--group-by", "process")["counts"] == document["counts"]


def test_an_interruption_is_said(fleet, run_json, cli, tmp_path, monkeypatch):
    def interrupted(paths, **_more):
        with ThreadPoolExecutor(1) as pool:
            yield from run([str(fleet.folder / "crash-null-call.dmp")], executor=pool)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run", interrupted)
    document = run_json("triage", fleet.folder)
    assert (document["interrupted"], document["exit"], document["files"]) == (True, 130, 1)
    assert "Interrupted after 1 file: with -o OUT what is done is kept" in " ".join(cli("triage", fleet.folder).out.split())
    assert "Interrupted after 1 file: --resume goes on" in " ".join(cli("triage", fleet.folder, "-o", tmp_path / "rows.jsonl").out.split())


def test_values_of_an_answer():
    assert _value([1, (2.5, None), {3: float("inf")}]) == [1, [2.5, None], {"3": "inf"}]
    assert _value(b"x") == "b'x'"
    assert [_value(value) for value in (None, True, 7, "a")] == [None, True, 7, "a"]
    assert [_kind(((None, None), (value, 1)), 0) for value in (True, 3, 2.5, "a")] == ["bool", "int", "value", "value"]
    assert _kind(((None,),), 0) == "value"


@pytest.mark.parametrize(
    ("text", "least", "most", "value"),
    [
        ("1", 1, 9, 1),
        ("9", 1, 9, 9),
        ("0", 1, 9, None),
        ("10", 1, 9, None),
        ("007", 1, 9, 7),
        ("999999999", 1, 10**12, 999999999),
        ("000000001", 1, 9, 1),
        ("0000000001", 1, 10**12, None),
        ("1000000000", 1, 10**12, None),
        ("", 0, 9, None),
        ("-1", -5, 9, None),
        ("x", 0, 9, None),
        ("٣", 0, 9, None),
        ("²", 0, 9, None),
    ],
)
def test_a_number_of_triage(text: str, least: int, most: int, value: Optional[int]) -> None:
    assert triage._number(None, "--jobs", least, most) is None
    if value is not None:
        assert triage._number(text, "--jobs", least, most) == value
        return
    with pytest.raises(UsageError) as raised:
        triage._number(text, "--jobs", least, most)
    assert raised.value.message == f"--jobs must be a number from {least} to {most}, not {text!r}"
    assert raised.value.hint == f"such as --jobs {least}"


def test_atlases_that_could_not_be_made_are_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Nobody:
        def __init__(self, *words: Any) -> None: ...

        def __enter__(self) -> Nobody:
            return self

        def __exit__(self, *words: Any) -> None: ...

    made = [("a", "a.html", ""), ("b", "", "no dump"), ("c", "", "too slow"), ("d", "", "no dump"), ("e", "e.html", ""), ("f", "", "no dump")]
    monkeypatch.setattr(triage, "Workers", Nobody)
    monkeypatch.setattr(triage, "write_atlases", lambda examples, name, workers: iter(made))
    summary: Any = triage._summary(SimpleNamespace(html="page.html"))
    args = SimpleNamespace(atlases=True, html=str(tmp_path / "page.html"), output=None, rows=None, force=False, jobs="1", seconds="5")
    blocks = list(triage._page(summary, args))
    assert summary.atlases == {"a": "a.html", "e": "e.html"}
    (data,) = [block for block in blocks if isinstance(block, Data)]
    assert (data.value["written"], data.value["not_made"]) == (2, {"no dump": 3, "too slow": 1})
    assert notes(blocks)[1:] == ["3 dumps without an atlas: no dump", "1 dump without an atlas: too slow"]


def test_what_a_run_writes_is_not_read_by_it(fleet, run_json):
    """The rows, the page, and what lies in the page's folder of atlases; what lies below that, and beside it, is read."""
    page = fleet.folder / "page.html"
    folder = fleet.folder / "page.atlases"
    (folder / "deep").mkdir(parents=True)
    (fleet.folder / "page2.atlases").mkdir()
    for place in (folder, folder / "deep", fleet.folder / "page2.atlases"):
        shutil.copy(SAMPLES / "crash-null-call.dmp", place / f"{place.name}.dmp")
    rows = fleet.folder / "rows.jsonl"
    for words in ((), ("--force",)):
        document = run_json("triage", fleet.folder, "--html", page, "-o", rows, *words)
        assert page.exists()
        assert rows.exists()
        kept = {Path(row["path"]).name for row in read_rows(str(rows))}
        assert kept == {f"{name}.dmp" for name in NAMES} | {"deep.dmp", "page2.atlases.dmp"}
        assert document["files"] == len(kept)


def test_atlases_of_an_earlier_run_are_not_written_over(fleet, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.atlases").mkdir()
    result = cli("triage", fleet.folder, "--html", "page.html", "--atlases")
    assert (result.code, fleet.asked) == (2, [])
    assert "'page.atlases', where the atlases go, exists already" in " ".join(result.err.split())
    assert not (tmp_path / "page.html").exists()


def test_jobs_are_not_for_a_cluster(fleet, cli):
    result = cli("triage", fleet.folder, "--dask", "tcp://127.0.0.1:9", "--jobs", "2")
    assert (result.code, fleet.asked) == (2, [])
    assert "--jobs is about processes of this machine, and --dask about a cluster" in " ".join(result.err.split())
