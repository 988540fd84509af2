"""``scrub``: what it shows, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
