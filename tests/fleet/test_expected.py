"""How many files a run will read."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from dumpscope.fleet.expected import AT_ONCE, Expected, files_in
from dumpscope.fleet.facts import empty_row


def test_nothing_is_known_before_all_is_counted() -> None:
    expected = Expected(["a", "b", "c", "more.zip"], ["a"])
    expected.add(empty_row("b"))
    assert expected.total == 0
    expected.count()
    assert expected.total == 3


def test_members_count_when_they_are_known_and_the_whole_is_never_less_than_what_is_done() -> None:
    expected = Expected(["more.zip", "b"])
    expected.count()
    for member in ("x", "y", "z"):
        expected.add(empty_row("more.zip", member))
    assert (expected.done, expected.total) == (3, 4)
    for _ in range(5):
        expected.add(empty_row("b"))
    assert expected.total == expected.done == 8


def test_counting_ends_with_the_run_and_survives_an_error() -> None:
    taken = []

    def endless() -> Iterator[str]:
        while True:
            taken.append(1)
            yield "x"

    expected = Expected(endless())
    expected.end()
    expected.count()
    assert len(taken) == AT_ONCE
    assert expected.total == 0

    def broken() -> Iterator[str]:
        yield "x"
        raise OSError("gone")

    expected = Expected(broken())
    expected.count()
    assert expected.total == 0


def test_files_in_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "in/b"):
        (tmp_path / name).write_bytes(b"")
    assert sorted(files_in([str(tmp_path), str(tmp_path / "a")])) == sorted([str(tmp_path / "a")] * 2 + [str(tmp_path / "in" / "b")])
