"""Atlases beside the page about a fleet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict
from zipfile import ZipFile

import pytest
from tests.fleet.test_report import _row, _Tags
from tests.fleet.threads import use_threads

from dumpscope.fleet.lines import Output


def test_atlases_are_made_of_minidumps_and_linked(
    tmp_path: Path, cli: Callable[..., Any], run_json: Callable[..., Dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = Path(__file__).resolve().parents[2] / "samples"
    with ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.write(samples / "crash-null-call.dmp", "in.dmp")
    page = tmp_path / "a page.html"
    made = run_json(
        "triage", samples / "crash-delphi.dmp", samples / "not-a-dump-kernel-64.dmp", tmp_path / "more.zip", "--html", page, "--atlases", "--jobs", "2"
    )
    folder = tmp_path / "a page.atlases"
    assert made["atlases"] == {"folder": str(folder), "written": 2, "not_made": {}}
    parser = _Tags()
    parser.feed(page.read_text("utf-8"))
    assert sorted(parser.links) == sorted(f"a%20page.atlases/{path.name}" for path in folder.iterdir())
    assert all(path.read_bytes().lower().startswith(b"<!doctype html>") for path in folder.iterdir())
    use_threads(monkeypatch)
    again = run_json("triage", samples / "crash-delphi.dmp", folder, "--html", page, "--atlases", "--force")
    assert again["files"] == 1, "the atlases are no dumps of the fleet"
    assert cli("triage", samples / "crash-delphi.dmp", "--html", tmp_path / "b.html", "--atlases").code == 0
    (tmp_path / "b.html").unlink()
    assert cli("triage", samples / "crash-delphi.dmp", "--html", tmp_path / "b.html", "--atlases").code == 2, "the folder is there"
    assert cli("triage", samples / "crash-delphi.dmp", "--atlases").code == 2


@pytest.mark.usefixtures("threads")
def test_a_dump_that_is_gone_has_no_atlas_and_the_page_is_written(tmp_path: Path, run_json: Callable[..., Dict[str, Any]]) -> None:
    with Output(str(tmp_path / "rows.jsonl")) as output:
        output.add(_row(str(tmp_path / "gone.dmp")))
    made = run_json("triage", "--rows", tmp_path / "rows.jsonl", "--html", tmp_path / "page.html", "--atlases")
    assert made["atlases"]["written"] == 0
    (reason,) = made["atlases"]["not_made"]
    assert "cannot open" in reason
    assert b"gone.dmp" in (tmp_path / "page.html").read_bytes()
