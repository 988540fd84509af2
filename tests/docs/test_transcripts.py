"""The outputs on the pages of docs/guides and docs/cases are those of today."""

from __future__ import annotations

import sys

import pytest

from docs import transcripts

LINES = ["one", "two", "three", "four", "five"]


@pytest.mark.skipif(sys.platform == "win32", reason="paths are written in another way")
def test_outputs_are_up_to_date() -> None:
    made = transcripts.pages()
    assert len(made) > 12
    assert [path.name for path, text in made.items() if path.read_text("utf-8") != text] == [], "run `python -m docs.transcripts`"


@pytest.mark.parametrize(
    ("picks", "shown"),
    [
        ("", LINES),
        ("1-2", ["one", "two", "…"]),
        ("2-2 4-9", ["…", "two", "…", "four", "five"]),
        ("/thr/+1", ["…", "three", "four", "…"]),
        ("1-1 /five/+3", ["one", "…", "five"]),
    ],
)
def test_lines_are_picked(picks: str, shown: list) -> None:
    assert transcripts.pick(LINES, picks) == shown


@pytest.mark.parametrize("picks", ["/six/+1", "2", "/two/"])
def test_what_picks_nothing_is_an_error(picks: str) -> None:
    with pytest.raises(LookupError):
        transcripts.pick(LINES, picks)


def test_a_command_that_is_wrong_is_an_error() -> None:
    page = "```console\n$ dumpscope streams samples/handles.dmp --no-such\nold\n```\n"
    with pytest.raises(LookupError, match="ended with 2"):
        transcripts.filled(page)
    with pytest.raises(LookupError, match="rm is not dumpscope"):
        transcripts.filled("```console\n$ rm x\n```\n")


def test_a_stale_output_is_replaced() -> None:
    page = "# T\n\n```console 1-1\n$ dumpscope flags 4\nold\n```\nend\n"
    new = transcripts.filled(page)
    assert "old" not in new
    assert new.startswith("# T\n\n```console 1-1\n$ dumpscope flags 4\n")
    assert new.endswith("```\nend\n")
    assert transcripts.filled(new) == new
