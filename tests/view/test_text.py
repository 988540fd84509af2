"""What is painted is the plain text with something over it: taking the colours away gives that text again."""

from __future__ import annotations

from tests.cases import each

from dumpscope.view.blocks import Fields, Item
from dumpscope.view.paint import DARK, Ansi, Dml, strip_ansi, strip_dml
from dumpscope.view.text import render_text


@each("note", ["", "a note", "a note that has no room beside the value " * 4])
@each("value", ["", " ", "value", "value  ", " value", "a value of several words " * 8, "x" * 150 + " "])
def test_blanks_at_the_end_of_a_value(value: str, note: str) -> None:
    items = [Item("", "title", value, "text", note=note), Item("", "a longer label ", value, "path", note=note, link="read {}")]

    def drawn(*paint: object) -> str:
        return "".join(render_text([Fields("", items)], *paint))  # type: ignore[arg-type]

    plain = drawn()
    assert strip_ansi(drawn(Ansi(DARK))) == plain
    assert strip_dml(drawn(Dml(lambda line: f"!py {line}"))) == plain
    assert note or len(value) > 20 or not any(line.endswith(" ") for line in plain.splitlines())
