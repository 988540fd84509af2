"""What rows say together: groups by signature, what to change in the writer, and counts by columns."""

from __future__ import annotations

from typing import Any

import pytest

from dumpscope.errors import UsageError
from dumpscope.fleet import groups
from dumpscope.fleet.facts import Row, empty_row
from dumpscope.fleet.groups import Advice, Counted, Group, Summary, group_columns


def row(**values: Any) -> Row:
    made = empty_row()
    made.update({"path": "a.dmp", "member": "", "kind": "minidump", **values})
    return made


def summary(*rows: Row) -> Summary:
    made = Summary()
    for item in rows:
        made.add(item)
    return made


def test_a_group_has_its_first_dump_its_times_and_its_processes() -> None:
    found = summary(
        row(path="z.zip", member="in.dmp", signature="b", signature_why="first", time=50, process="app.exe", process_version="2"),
        row(signature="b", signature_why="later", time=None, process="app.exe"),
        row(signature="b", time=20, process="app.exe", process_version="2"),
        row(signature="a"),
        row(signature="c"),
        row(signature=""),
    )
    assert found.groups() == [
        Group("b", 3, 20, 50, ("app.exe", "app.exe 2"), "first", "z.zip:in.dmp"),
        Group("a", 1, None, None, (), "", "a.dmp"),
        Group("c", 1, None, None, (), "", "a.dmp"),
    ]
    assert (found.rows, found.unsigned, found.beyond) == (6, 1, 0)


def test_signatures_beyond_the_limit_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MAX_GROUPS", 1)
    found = summary(row(signature="a"), row(signature="b"), row(signature="a"), row(signature="c"))
    assert [(group.signature, group.count) for group in found.groups()] == [("a", 2)]
    assert found.beyond == 2


def test_errors_are_counted_where_a_file_was_not_read_and_are_cut() -> None:
    long = "x" * 301
    found = summary(
        row(kind=None, error="broken"), row(kind=None, error="broken"), row(error="a warning"), row(kind=None, error=long), row(kind=None, error=long[1:])
    )
    assert found.kinds == {"not read": 4, "minidump": 1}
    assert found.errors == {"broken": 2, "x" * 299 + "…": 1, "x" * 300: 1}


def test_advice_has_what_can_be_mended_first_and_all_flags_that_are_lacking() -> None:
    found = summary(
        row(commands={"handles": "fails", "k": "works", "tokens": "fails"}, mends={"handles": "0x4"}),
        row(commands={"handles": "fails", "k": "works", "tokens": "fails"}, mends={"handles": "0x1000"}),
        row(commands={"handles": "works", "k": "fails", "tokens": "fails"}),
        row(commands=None),
    )
    assert found.advice() == [Advice("handles", 3, 2, 0x1004, 2), Advice("tokens", 3, 3, 0, 0), Advice("k", 3, 1, 0, 0)]
    assert found.advice()[0].words == "67 % of these dumps cannot answer `handles`; flag 0x1004 in the writer would mend 67 %"
    assert found.advice()[1].words == "100 % of these dumps cannot answer `tokens`"


@pytest.mark.parametrize(("part", "whole", "words"), [(1, 101, "less than 1 %"), (1, 100, "1 %"), (0, 5, "0 %"), (0, 0, "0 %")])
def test_a_share_that_is_small_is_not_none(part: int, whole: int, words: str) -> None:
    assert Advice("k", whole, part, 0, 0).failing == words


def test_counts_by_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MAX_GROUPS", 2)
    counted = Counted(["process", "kind"])
    for process in ("b", None, "b", "c", None, "b"):
        counted.add(row(process=process))
    assert counted.most() == [(3, ("b", "minidump")), (2, (None, "minidump"))]
    assert counted.beyond == 1


def test_columns_that_a_text_names() -> None:
    assert group_columns(" process, kind,process") == ("process", "kind")
    with pytest.raises(UsageError, match="no column 'nothing'"):
        group_columns("process,nothing")
    with pytest.raises(UsageError, match="commands holds many values"):
        group_columns("commands")
