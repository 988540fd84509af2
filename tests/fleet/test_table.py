"""Rows in Parquet, queries in SQL, counts by columns; the ten queries of the page are asked of the samples."""

from __future__ import annotations

import re
import shutil
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from dumpscope.errors import UsageError
from dumpscope.fleet import table, triage
from dumpscope.fleet.facts import COLUMNS, empty_row
from dumpscope.fleet.groups import Counted, group_columns
from dumpscope.fleet.lines import Output
from dumpscope.fleet.output import read_rows, resume
from dumpscope.fleet.run import row_of, tasks

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
QUERIES = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "fleet-queries.md").read_text("utf-8"), re.DOTALL)

needs_tables = pytest.mark.usefixtures("packages")


@pytest.fixture
def packages() -> None:
    """Skip where pyarrow and duckdb are not installed."""
    pytest.importorskip("pyarrow")
    pytest.importorskip("duckdb")


@pytest.fixture(scope="module")
def rows() -> List[Dict[str, Any]]:
    """The rows of some samples, and of a file that is no dump."""
    names = sorted(SAMPLES.glob("*.dmp"))[::5]
    with ThreadPoolExecutor(1) as pool:
        return sorted(triage([*map(str, names), str(SAMPLES / "README.md")], executor=pool), key=lambda row: str(row["path"]))


@needs_tables
def test_rows_come_back_as_they_were_and_the_schema_is_the_page(rows: List[Dict[str, Any]], tmp_path: Path) -> None:
    import pyarrow.parquet

    path = str(tmp_path / "rows.parquet")
    with Output(path) as output:
        for row in rows:
            output.add(row)
    assert list(read_rows(path)) == rows
    assert [name.name for name in tmp_path.iterdir()] == ["rows.parquet"]
    schema = pyarrow.parquet.read_schema(path)
    assert schema.names == [column.name for column in COLUMNS]
    page = (ROOT / "docs" / "fleet.md").read_text("utf-8")
    for column in COLUMNS:
        field = schema.field(column.name)
        assert field.metadata[b"meaning"].decode() == column.meaning
        assert re.sub(r"element: |item: ", "", str(field.type)).replace(
            "map<string, string ('" + column.name + "')>", "map<string, string>"
        ) == table.column_type(column.name, column.kind)
        assert column.name not in table.NESTED or f"| `{column.name}` | `{table.NESTED[column.name]}` |" in page


@needs_tables
def test_what_parquet_cannot_hold_is_written_as_it_can(tmp_path: Path) -> None:
    path = str(tmp_path / "rows.parquet")
    row = empty_row("a\udcff.dmp")
    row.update(process="\ud800 \0 \"'", memory=1 << 63, handles=(1 << 63) - 1, commands={"!x": "works"}, frames=[])
    table.write(path, [row])
    (found,) = read_rows(path)
    assert found["path"] == "a\\udcff.dmp"
    assert found["process"] == "\\ud800 \0 \"'"
    assert (found["memory"], found["handles"], found["commands"], found["frames"], found["mends"]) == (None, (1 << 63) - 1, {"!x": "works"}, [], None)
    assert table.clean_key(("a\udcff.dmp", "")) == (found["path"], found["member"])


@needs_tables
def test_more_rows_than_a_batch_are_all_there(tmp_path: Path) -> None:
    path = str(tmp_path / "rows.parquet")
    table.write(path, (empty_row(str(number)) for number in range(2 * table.BATCH + 1)))
    assert [row["path"] for row in read_rows(path)] == [str(number) for number in range(2 * table.BATCH + 1)]
    with table.Questions(read_rows(path)) as asked:
        assert asked.ask("select count(*) from rows", 1).rows == [(2 * table.BATCH + 1,)]
        assert len(list(asked.where("path::int % 2 = 0"))) == table.BATCH + 1
        answer = asked.ask("select path, path from rows", 3)
        assert (answer.columns, len(answer.rows), answer.more) == (["path", "path_2"], 3, True)


@needs_tables
def test_a_run_that_was_ended_by_force_goes_on(tmp_path: Path) -> None:
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    for name in "abc":
        shutil.copy(SAMPLES / "everything-small.dmp", dumps / f"{name}.dmp")
    work = list(tasks([str(dumps)]))
    path = str(tmp_path / "rows.parquet")
    table.write(path, [row_of(work[0])])
    assert len(resume(path, lambda row: None)) == 1
    output = Output(path, append=True)
    output.add(row_of(work[1]))
    output._file.close()  # the process is gone: the table is as it was, the lines have both
    assert len(list(read_rows(path))) == 1
    with open(dumps / "a.dmp", "ab") as changed:
        changed.write(b"more")
    assert resume(path, lambda row: None) == {work[1].key}
    with Output(path, append=True) as output:
        for task in tasks([str(dumps)]):
            if task.key != work[1].key:
                output.add(row_of(task))
    assert sorted(Path(row["path"]).name for row in read_rows(path)) == ["a.dmp", "b.dmp", "c.dmp"]
    assert not Path(table.journal(path)).exists()


@needs_tables
def test_what_is_no_table_of_ours_is_not_taken_for_one(tmp_path: Path, cli: Callable[..., Any]) -> None:
    import pyarrow
    import pyarrow.parquet

    other, broken = tmp_path / "other.parquet", tmp_path / "broken.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), other)
    broken.write_bytes(b"PAR1 no table PAR1")
    for path in (other, broken):
        data = path.read_bytes()
        for words in (["--force"], ["--resume"]):
            answer = cli("triage", SAMPLES / "everything-small.dmp", "-o", path, *words)
            assert (answer.code, path.read_bytes()) == (2, data)
            assert "is no output of triage" in answer.err


def test_counts_by_columns_need_no_package(rows: List[Dict[str, Any]]) -> None:
    names = group_columns("process, architecture,process")
    assert names == ("process", "architecture")
    counts = Counted(names)
    for row in rows:
        counts.add(row)
    expected = Counter((row["process"], row["architecture"]) for row in rows)
    assert {values: count for count, values in counts.most()} == expected
    assert [count for count, _ in counts.most()] == sorted(expected.values(), reverse=True)
    for text in ("", "nothing", "process,frames"):
        with pytest.raises(UsageError):
            group_columns(text)


@needs_tables
@pytest.mark.usefixtures("threads")
def test_the_command_asks_and_chooses(rows: List[Dict[str, Any]], tmp_path: Path, run_json: Callable[..., Dict[str, Any]], cli: Callable[..., Any]) -> None:
    out = tmp_path / "rows.parquet"
    names = [row["path"] for row in rows]
    first = run_json("triage", *names, "-o", out, "--jobs", "1")
    assert first["output"] == {"path": str(out), "rows": len(rows), "kept": 0}
    assert sorted(read_rows(str(out)), key=lambda row: str(row["path"])) == rows
    again = run_json("triage", *names, "-o", out, "--resume", "--jobs", "1")
    assert again["output"]["kept"] == len(rows)
    chosen = [row for row in rows if row["handles"]]
    assert chosen
    assert run_json("triage", "--rows", out, "--where", "handles > 0 -- some")["files"] == len(chosen)
    counted = run_json("triage", "--rows", out, "--where", "handles > 0", "--group-by", "architecture")
    assert {item["architecture"]: item["dumps"] for item in counted["counts"]} == Counter(row["architecture"] for row in chosen)
    answer = run_json("triage", "--rows", out, "--sql", "select count(*) as n, max(size) as size, list(path order by path) as paths, null as none from rows")
    assert answer["answer"] == [{"n": len(rows), "size": max(row["size"] for row in rows), "paths": sorted(names), "none": None}]
    text = cli(
        "triage", "--rows", out, "--sql", "select 1.5::double as half, [1, 2] as list, date '2020-02-03' as day, 'nan'::float as nan, 'x' || chr(27) as bad"
    )
    assert text.code == 0
    assert "[1, 2]" in text.out
    assert "2020-02-03" in text.out
    assert "\x1b" not in text.out
    live = run_json("triage", names[0], "--sql", "select path from rows", "--jobs", "1")
    assert live["answer"] == [{"path": names[0]}]
    for words in (["--sql", "select nothing from rows"], ["--where", "1 = "], ["--group-by", "x"], ["-o", tmp_path / "new.jsonl"]):
        assert cli("triage", "--rows", out, *words).code == 2
    assert cli("triage").code == 2
    assert cli("triage", "--rows", tmp_path / "none.parquet").code == 2


@needs_tables
@pytest.mark.parametrize(
    "sql",
    [
        "copy rows to '{place}/leak.csv'",
        "select * from read_text('{place}/secret.txt')",
        "attach '{place}/other.duckdb' as other",
        "set enable_external_access=true",
    ],
)
def test_a_question_reads_and_writes_no_other_file(rows: List[Dict[str, Any]], sql: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    with table.Questions(rows) as asked, pytest.raises(UsageError):
        asked.ask(sql.format(place=tmp_path), 10)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]


@needs_tables
def test_the_ten_queries_answer(rows: List[Dict[str, Any]]) -> None:
    assert len(QUERIES) == 10
    with table.Questions(rows) as asked:
        answers = [asked.ask(sql, 10_000) for sql in QUERIES]
    for sql, answer in zip(QUERIES, answers):
        assert answer.rows, sql
    signatures = Counter(row["signature"] for row in rows if row["signature"])
    assert [(row[0], row[1]) for row in answers[0].rows] == sorted(signatures.items(), key=lambda item: (-item[1], item[0]))[:20]
    assert sum(row[3] for row in answers[1].rows) == sum(signatures.values())
    assert sum(row[1] for row in answers[3].rows) == sum(1 for row in rows if row["time"])
    answering = [row for row in rows if row["kind"] == "minidump" and row["commands"]]
    assert sum(row[1] for row in answers[4].rows) == len(answering)
    assert sum(row[2] for row in answers[4].rows) == sum(row["commands"].get("!handle") == "fails" for row in answering)
    assert sum(row[3] for row in answers[4].rows) == sum("!handle" in (row["mends"] or {}) for row in answering)
    assert {(row[0], row[1]): row[2] for row in answers[5].rows} == Counter(item for row in rows for item in (row["commands"] or {}).items())
    findings = Counter(code for row in rows for code in row["findings"] or ())
    assert all(findings[code] == count for code, count in answers[6].rows)
    assert {row[0] for row in answers[7].rows} == {
        row["path"] for row in rows if any(frame["certain"] and "ntdll" in frame["text"].lower() for frame in row["frames"] or ())
    }
    assert max(row[4] for row in answers[8].rows) == max(row["handles"] or 0 for row in rows)
    assert sum(row[2] for row in answers[9].rows) == sum(row["error"] is not None or row["opens"] is False for row in rows)


@needs_tables
def test_the_query_about_the_latest_version_compares_versions_as_numbers() -> None:
    def row(signature: str, version: str) -> Dict[str, Any]:
        found = empty_row(signature + version)
        found.update(signature=signature, process="a.exe", process_version=version)
        return found

    with table.Questions([row("old", "1.9.0.0"), row("both", "1.9.0.0"), row("both", "1.10.0.0"), row("new", "1.10.0.0")]) as asked:
        assert asked.ask(QUERIES[2], 10).rows == [("a.exe", "new", 1)]


def test_without_the_packages_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cli: Callable[..., Any]) -> None:
    for name in ("pyarrow", "pyarrow.parquet", "duckdb"):
        monkeypatch.setitem(sys.modules, name, None)
    for words in (["-o", tmp_path / "rows.parquet"], ["--sql", "select 1"], ["--where", "true"]):
        answer = cli("triage", SAMPLES / "everything-small.dmp", *words)
        assert answer.code == 2
        assert "dumpscope[fleet]" in answer.err
    assert not list(tmp_path.iterdir())
