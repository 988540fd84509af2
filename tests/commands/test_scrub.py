"""``scrub``: what it shows, writes and refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def test_the_result_has_the_same_size_and_no_secret(cli: Any, tmp_path: Path) -> None:
    target = tmp_path / "public.dmp"
    before = (SAMPLES / "comment-procdump.dmp").read_bytes()
    document = json.loads(cli("scrub", "comment-procdump.dmp", "-o", target, "--find", "procdump", "--json").out)
    assert document["scrubbed"] is True
    assert document["found"] == []
    assert len(document["limits"]) > 3
    assert document["written"]["size"] == target.stat().st_size == len(before)
    assert (SAMPLES / "comment-procdump.dmp").read_bytes() == before
    assert "procdump".encode("utf-16-le") in before.lower()


def test_show_lists_what_would_go_and_writes_nothing(cli: Any, tmp_path: Path) -> None:
    target = tmp_path / "public.dmp"
    result = cli("scrub", "handles.dmp", "--show", "-o", target)
    assert result.code == 0
    assert "names of handles' objects" in result.out
    assert "Nothing was written" in result.out
    assert not target.exists()


def test_a_text_that_stays_is_found_and_nothing_is_written(cli: Any, tmp_path: Path) -> None:
    target = tmp_path / "public.dmp"
    result = cli("scrub", "handles.dmp", "-o", target, "--find", "ntdll", "--find", "no-such-text", "--json")
    document = json.loads(result.out)
    assert result.code == 1
    assert document["scrubbed"] is False
    assert {row["how"] for row in document["found"]} <= {"ASCII", "UTF-16"}
    assert {row["text"] for row in document["found"]} == {"ntdll"}
    assert not target.exists()


def test_an_existing_file_needs_force_and_the_dump_is_never_written_over(cli: Any, tmp_path: Path) -> None:
    target = tmp_path / "there.dmp"
    target.write_bytes(b"mine")
    assert cli("scrub", "handles.dmp", "-o", target).code == 2
    assert target.read_bytes() == b"mine"
    assert cli("scrub", "handles.dmp", "-o", target, "--force").code == 0
    once = target.read_bytes()
    assert cli("scrub", target, "-o", target, "--force").code == 2
    assert target.read_bytes() == once
    assert list(tmp_path.iterdir()) == [target]


def test_a_refused_dump_is_sent_to_mend(cli: Any) -> None:
    result = cli("scrub", "full-memory-flag-without-list.dmp", "--show")
    assert result.code == 3
    assert "mend" in result.err


def test_names_that_go_are_shown_only_when_asked_for(cli: Any, tmp_path: Path) -> None:
    from dumpscope.dump.minidump import Minidump
    from dumpscope.view.redact import user_names

    found = 0
    for path in sorted(SAMPLES.glob("*.dmp"))[::7] + [SAMPLES / "process-thread-data.dmp", SAMPLES / "self-dump.dmp"]:
        hidden, shown = cli("scrub", path.name, "--show"), cli("scrub", path.name, "--show", "--reveal")
        if hidden.code:
            continue
        rows = [row for row in json.loads(cli("scrub", path.name, "--show", "--reveal", "--json").out)["items"] if row["what"].startswith("the name ")]
        with Minidump.open(str(path)) as dump:
            names = [name for name in user_names(dump) if len(name) >= 5]
        for row in rows:
            name = row["what"].split("'")[1]
            assert f"the name '{name}'" in shown.out
            assert f"'{name}'" not in hidden.out
            assert f"a name of {len(name)} characters" in " ".join(hidden.out.split())
            found += 1
        assert not any(f"'{name}'" in hidden.out for name in names)
    assert found >= 2


def test_the_report_says_what_was_done_and_quotes_nothing(cli: Any, tmp_path: Path) -> None:
    target, report = tmp_path / "public.dmp", tmp_path / "public.json"
    assert cli("scrub", "self-dump.dmp", "-o", target, "--report", report, "--find", "hunter2-secret").code == 0
    text = report.read_text("ascii")
    document = json.loads(text)
    assert document["command"] == "scrub"
    assert document["source"] == {"name": "self-dump.dmp", "size": (SAMPLES / "self-dump.dmp").stat().st_size}
    assert document["result"] == {"name": "public.dmp", "size": target.stat().st_size}
    assert document["written"] is True
    assert document["searched"] == [{"characters": 14, "places": 0}]
    assert {"what", "offset", "count", "size", "becomes"} == set(document["items"][0])
    assert "hunter2" not in text
    assert "the name '" not in text
    assert "the name '" not in cli("scrub", "self-dump.dmp", "--report", tmp_path / "r2.json", "--reveal").out or "the name '" not in (
        tmp_path / "r2.json"
    ).read_text("ascii")


def test_a_report_that_cannot_be_written_is_told_before_anything_is(cli: Any, tmp_path: Path) -> None:
    target, report = tmp_path / "public.dmp", tmp_path / "public.json"
    report.write_text("mine")
    assert cli("scrub", "handles.dmp", "-o", target, "--report", report).code == 2
    assert cli("scrub", "handles.dmp", "-o", target, "--report", target).code == 2
    assert cli("scrub", "handles.dmp", "-o", target, "--report", SAMPLES / "handles.dmp", "--force").code == 2
    assert not target.exists()
    assert report.read_text() == "mine"
    assert cli("scrub", "handles.dmp", "-o", target, "--report", report, "--force").code == 0
    assert json.loads(report.read_text())["written"] is True


def test_a_policy_file_is_used(cli: Any, tmp_path: Path) -> None:
    pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    policy = tmp_path / "team.toml"
    policy.write_text('keep = ["handle-names"]\nstacks = "none"\nfind = ["ntdll"]\n')
    document = json.loads(cli("scrub", "handles.dmp", "--policy", policy, "--json").out)
    assert document["stacks"] == "none"
    assert {row["text"] for row in document["found"]} == {"ntdll"}
    assert not any("names of handles" in row["what"] for row in document["items"])
    assert json.loads(cli("scrub", "handles.dmp", "--policy", policy, "--stacks", "all", "--json").out)["stacks"] == "all"
    policy.write_text("keep = [")
    result = cli("scrub", "handles.dmp", "--policy", policy)
    assert result.code == 2
    assert "TOML" in result.err
    for name in (tmp_path / "none.toml", tmp_path):
        result = cli("scrub", "handles.dmp", "--policy", name)
        assert result.code == 2
        assert f"the policy {str(name)!r} cannot be read" in result.err
