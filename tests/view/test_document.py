"""JSON documents of answers that fail: whole all the same."""

from __future__ import annotations

import json
from typing import Any, Iterator, List

import pytest

from dumpscope.errors import DumpError, DumpscopeError, NotInDump, UsageError
from dumpscope.view.blocks import Column, Note, Table
from dumpscope.view.document import render_csv, render_json

ERRORS = [
    DumpError("cut", "open it again", offset=16, needed=4, available=1),
    UsageError("what?", "say it otherwise"),
]


def keep(chunks: Iterator[str], kept: List[str]) -> None:
    """Each chunk as it comes: what was written before an error is what a reader has."""
    for chunk in chunks:
        kept.append(chunk)


def answer(error: DumpscopeError, *, rows: bool) -> Iterator[Any]:
    def numbers() -> Iterator[Any]:
        yield (1,)
        if rows:
            raise error

    yield Note("first")
    yield Table("numbers", [Column("number", "number", "int")], numbers())
    raise error


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_document_is_completed_with_the_error(error: DumpscopeError, rows: bool) -> None:
    chunks: List[str] = []
    with pytest.raises(type(error)) as raised:
        keep(render_json(answer(error, rows=rows), {"schema": 1}), chunks)
    assert raised.value is error
    document = json.loads("".join(chunks))
    assert document["numbers"] == [{"number": 1}]
    assert document["error"]["message"] == error.message
    assert document["error"]["hint"] == error.hint
    assert document["error"].get("offset") == (16 if isinstance(error, DumpError) else None)
    assert [note["text"] for note in document["notes"]] == ["first"]


def test_wrong_arguments_write_nothing() -> None:
    def blocks() -> Iterator[Any]:
        raise UsageError("no such thing")
        yield

    chunks: List[str] = []
    with pytest.raises(UsageError):
        keep(render_json(blocks(), {"schema": 1}), chunks)
    assert not chunks


def test_what_is_not_in_the_dump_is_an_answer() -> None:
    chunks: List[str] = []
    with pytest.raises(NotInDump):
        keep(render_json(answer(NotInDump("nothing there"), rows=True), {"schema": 1}), chunks)
    document = json.loads("".join(chunks))
    assert document["reason"]["message"] == "nothing there"
    assert "error" not in document


def test_csv_passes_over_tables_without_names() -> None:
    layout = Table("", [Column("", "for the eye")], [("a",)])
    table = Table("numbers", [Column("number", "number", "int")], [(1,)])
    assert "".join(render_csv([layout, table])) == "number\r\n1\r\n"
    with pytest.raises(UsageError, match="not a table"):
        list(render_csv([layout]))


def test_csv_of_what_is_missing_says_so() -> None:
    with pytest.raises(NotInDump, match="no handles"):
        list(render_csv([Note("no handles: not asked for", "warning")], lambda: True))
    with pytest.raises(UsageError):
        list(render_csv([Note("beware", "warning")], lambda: False))
