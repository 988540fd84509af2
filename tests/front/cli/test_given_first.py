"""Commands whose dump comes last take it first too, as all others do; reports that cannot be written are told before the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

KERNEL = "not-a-dump-kernel-triage-64.dmp"


def test_a_lesson_on_a_dump_in_either_order(cli: Callable[..., Any]) -> None:
    one = cli("learn", "blue-screen", KERNEL)
    other = cli("learn", KERNEL, "blue-screen")
    assert one.code == other.code == 0
    assert one.out == other.out
    assert "On your dump." in other.out
    assert cli("flags", "handles.dmp", "0x4").out == cli("flags", "0x4", "handles.dmp").out
    assert "--answers" not in cli("learn", "--answers", KERNEL, "blue-screen").out


def test_a_report_without_a_folder_is_refused_before_anything_is_written(cli: Callable[..., Any], tmp_path: Path) -> None:
    for words in (("shrink", "full-memory.dmp"), ("mend", "version-spoilt.dmp"), ("scrub", "full-memory.dmp")):
        found = cli(*words, "-o", tmp_path / "out.dmp", "--report", tmp_path / "none" / "report.json")
        assert found.code == 2
        assert "there is no folder" in found.err
        assert "nothing was written" in found.err
        assert list(tmp_path.iterdir()) == []


def test_dumps_of_other_kinds_are_not_compared(cli: Callable[..., Any]) -> None:
    found = cli("diff", "handles.dmp", KERNEL)
    assert found.code == 2
    assert "is a kernel dump, and the first dump is of a process" in found.err
    assert "bugcheck" not in found.err
    found = cli("diff", "handles.dmp", "not-a-dump-user-full-64.dmp")
    assert found.code == 2
    assert ".dump /ma" in found.err
    found = cli("diff", "not-a-dump-user-full-64.dmp", KERNEL)
    assert found.code == 1
    assert "diff works on minidumps" in found.out


def test_no_bytes_are_nothing_to_keep(cli: Callable[..., Any]) -> None:
    found = cli("shrink", "full-memory.dmp", "--memory", "0x7ffe0000:0")
    assert found.code == 2
    assert "0 bytes are nothing to keep" in found.err
