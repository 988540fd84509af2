"""Tables where there is no room for their columns beside each other, and numbers below zero as hex strings."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from dumpscope.view.blocks import Column, Table
from dumpscope.view.kinds import KINDS
from dumpscope.view.paint import PLAIN
from dumpscope.view.text import render_text
from dumpscope.view.widths import width_of


@pytest.mark.parametrize("width", [20, 24, 40])
@pytest.mark.parametrize("words", [("handles", "handles.dmp"), ("threads", "handles.dmp"), ("memory", "handles.dmp"), ("modules", "module-names.dmp")])
def test_no_row_is_wider_than_asked_for(cli: Callable[..., Any], words: Any, width: int) -> None:
    out = cli(*words, "--width", str(width)).out.split("\n\n")[0]
    assert max(map(width_of, out.split("\n"))) <= width
    wide = cli(*words, "--width", "1000").out.split("\n\n")[0]
    assert "".join(out.split()) == "".join(wide.split())  # all of it is there, in its order


def test_wide_characters_count_twice() -> None:
    table = Table("", [Column("a", "a"), Column("b", "b"), Column("c", "c")], [("日本語日本語", "日本語日本語日本語日本語日本語", "x")])
    lines = "".join(render_text([table], PLAIN, 20)).splitlines()
    assert "".join("".join(lines).split()) == "abc日本語日本語日本語日本語日本語日本語日本語x"
    assert max(map(width_of, lines)) <= 20


def test_a_table_that_has_room_keeps_its_columns(cli: Callable[..., Any]) -> None:
    assert cli("handles", "handles.dmp", "--width", "80").out.startswith("handle  type ")


def test_the_sign_of_a_hex_string_comes_first() -> None:
    assert KINDS["hex"].json(-60) == "-0x3c"
    assert int(KINDS["hex"].json(-60), 16) == -60
    assert KINDS["hex"].text(-60) == "-0x3c"
    many = KINDS["hex"].many
    assert many is None or list(many([-60, 60])) == ["-0x3c", "0x3c"]
