"""The history: lines each once, the newest first; what cannot be kept is done without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prompt_toolkit.history import InMemoryHistory

from dumpscope.front.repl.history import KEPT_LINES, LONGEST, KeptHistory, open_history, typed_lines


def test_lines_are_kept_each_once_the_newest_first(tmp_path: Path) -> None:
    kept = open_history(str(tmp_path / "a" / "state"))
    assert isinstance(kept, KeptHistory)
    for line in ("why", "handles", "why", "why !handle"):
        kept.store_string(line)
    assert list(kept.load_history_strings()) == ["why !handle", "why", "handles"]
    again = open_history(str(tmp_path / "a" / "state"))
    assert list(again.load_history_strings()) == ["why !handle", "why", "handles"], "opening it empties nothing"


def test_a_line_that_is_too_long_is_not_kept(tmp_path: Path) -> None:
    kept = open_history(str(tmp_path))
    kept.store_string("x" * LONGEST)
    kept.store_string("y" * (LONGEST + 1))
    assert list(kept.load_history_strings()) == ["x" * LONGEST]


def test_the_oldest_lines_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_bytes(b"".join(b"\n# 2026\n+line %d\n" % index for index in range(KEPT_LINES + 3)))
    rows = list(KeptHistory(str(path)).load_history_strings())
    assert (len(rows), rows[0], rows[-1]) == (KEPT_LINES, f"line {KEPT_LINES + 2}", "line 3")


def test_a_place_that_is_no_file_stops_nothing(tmp_path: Path) -> None:
    kept = KeptHistory(str(tmp_path))
    kept.store_string("why")
    assert list(kept.load_history_strings()) == []


def test_a_session_without_a_folder_has_a_history_of_its_own(tmp_path: Path) -> None:
    assert type(open_history("")) is InMemoryHistory
    (tmp_path / "file").write_bytes(b"")
    assert type(open_history(str(tmp_path / "file"))) is InMemoryHistory


@pytest.mark.skipif(os.name == "nt", reason="the bits of a file's mode mean little on Windows")
def test_the_file_is_for_its_user_alone(tmp_path: Path) -> None:
    open_history(str(tmp_path))
    assert (tmp_path / "history").stat().st_mode & 0o777 == 0o600


def test_lines_of_the_session_are_the_oldest_first() -> None:
    history = InMemoryHistory()
    history.append_string("first")
    history.append_string("second")
    assert typed_lines(history) == ["first", "second"]
