"""Annotated bytes, pictures and prose: the same text however it is painted, within its width, harmless, and whole in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, List

import pytest
from tests.amount import some

from dumpscope.commands.index import find_command
from dumpscope.dump.minidump import Minidump
from dumpscope.errors import DumpscopeError
from dumpscope.session.running import parse, run
from dumpscope.session.session import Session
from dumpscope.view.annotated import ByteRow, Bytes
from dumpscope.view.blocks import Column, Evidence, Finding, Paragraph, Table
from dumpscope.view.document import render_json
from dumpscope.view.paint import DARK, PLAIN, Ansi, Dml, strip_ansi, strip_dml
from dumpscope.view.picture import Picture, Share, strip
from dumpscope.view.text import render_text

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
LINES = [
    ["bytes", "range", "0", "ffff"],
    ["bytes", "handle", "4", "--follow", "--c"],
    ["map"],
    ["whatis", "1000"],
    ["what-if", "flags = 4"],
    ["learn", "8"],
    ["learn"],
]


def drawn(words: List[str], paint: Any, width: Any) -> str:
    with Minidump.open(SAMPLES / "hostile-everywhere.dmp") as dump:
        found = find_command(words[0])
        try:
            return "".join(render_text(run(Session(dump), found, parse(found, words[1:])), paint, width))
        except DumpscopeError as error:
            return repr(error)


@pytest.mark.parametrize(
    ("words", "width"),
    [pytest.param(words, width, id=f"{' '.join(words)}-{width}") for number, words in enumerate(LINES) for width in some([None, 60, 80, 120], number, 2)],
)
def test_paint_adds_nothing_to_the_text(words: List[str], width: Any) -> None:
    """In each width, or in two of them."""
    text = drawn(words, PLAIN, width)
    assert strip_ansi(drawn(words, Ansi(DARK), width)) == text
    assert strip_dml(drawn(words, Dml(lambda line: line), width)) == text
    assert all(char.isprintable() or char == "\n" for char in text)


def row(name: str, data: bytes, **more: Any) -> ByteRow:
    values = {"depth": 0, "type": "ULONG32", "value": "", "meaning": "", **more}
    return ByteRow(0x10, len(data), data, values["depth"], values["type"], name, name, values["value"], values["meaning"], notes=values.get("notes", ()))


def test_two_columns_flow_side_by_side() -> None:
    rows = [row("Name", bytes(range(12)), value="7", meaning="what it is", notes=("0x1 ONE: first",))]
    text = "".join(render_text([Bytes("x", "title", 0x10, 12, "SHAPE", rows)], PLAIN, 80))
    assert text.split("\n") == [
        "title (SHAPE, 0xc bytes at 0x10)",
        "0010  00 01 02 03 04 05 06 07  ULONG32 Name = 7  what it is",
        "      08 09 0a 0b                  0x1 ONE: first",
        "",
    ]


@pytest.mark.parametrize("width", [40, 60, 76, 80, 140])
def test_long_things_wrap(width: int) -> None:
    rows = [row("A" * 30, bytes(8), value="v " * 40, meaning="word " * 30, type="T" * 44, notes=("note " * 30,), depth=2)]
    text = "".join(render_text([Bytes("x", "t " * 60, 0, 8, "S", rows)], PLAIN, width))
    assert max(len(line) for line in text.split("\n")) <= max(width, 58)


def test_hostile_names_are_escaped() -> None:
    text = "".join(render_text([Bytes("x", "a\x1b[2J", 0, 4, "", [row("n\u202e", b"\0" * 4, value='"\r\n"')])], PLAIN, 80))
    assert "\x1b" not in text
    assert "\\x1b" in text
    assert "\\u202e" in text


def test_json_has_the_rows() -> None:
    block = Bytes("view", "t", 0, 4, "S", [row("Name", b"\1\2\3\4")])
    document = json.loads("".join(render_json([block, Paragraph("prose")], {"schema": 1})))
    assert document["view"]["fields"][0]["hex"] == "01020304"
    assert "prose" not in json.dumps(document)


def test_the_strip_has_most_of_each_cell() -> None:
    pieces = [(0, 10, "a"), (10, 60, "b"), (70, 30, "c")]
    assert strip(pieces, 100, 10) == ["a", *"bbbbbb", *"ccc"]
    assert strip(pieces, 100, 4) == ["b", "b", "b", "c"]
    assert strip([], 0, 10) == []
    assert len(strip([(0, 3, "a")], 3, 512)) == 3


def test_small_shares_are_seen() -> None:
    shares = [Share("much", 999_999, "m"), Share("little", 1, "l")]
    text = "".join(render_text([Picture("all", 1_000_000, ["m"] * 64, shares)], PLAIN, 80))
    assert "l little  #" in text
    assert text.split("\n")[1].startswith("00000  mmmm")


def test_prose_is_broken_at_blanks_only() -> None:
    words = "the session has no thread and hardly a command works on it, which is trouble on the debugger's side"
    finding = Finding("AAA001", "warning", words, words, "proven", (Evidence("header Flags", words, 24),), (words,), ("!handle", "!heap"))
    columns = [Column("a", "a"), Column("b", "b")]
    blocks = [finding, finding._replace(brief=True), Table("t", columns, [("x", words)]), Table("u", columns, [("x" * 36, words)])]
    for width in (40, 60, 100):
        text = "".join(render_text(blocks, PLAIN, width))
        assert max(map(len, text.splitlines())) <= width
        assert " ".join(text.split()).count(words) == 7
        assert strip_ansi("".join(render_text(blocks, Ansi(DARK), width))) == text
    assert not list(render_text([Table("t", columns, [], title="nothing under it")]))
