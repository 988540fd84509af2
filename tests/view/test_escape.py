"""Text from a dump on its way to a terminal, the debugger's markup, and a spreadsheet."""

import pytest

from dumpscope.view.escape import MAX_ESCAPES, _Escapes, csv_cell, dml, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße \u4e00 \U0001f600", "Grüße \u4e00 \U0001f600"),
        ("a\r\n\tb", "a\\x0d\\x0a\\x09b"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("\u0100\u202e", "\u0100\\u202e"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("", ""),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown
    assert printable(text).isprintable()


def test_the_memory_of_escapes_is_bounded():
    known = _Escapes()
    text = "".join(map(chr, range(0xE000, 0xE000 + MAX_ESCAPES + 10)))  # for private use: not printable
    assert text.translate(known).isprintable()
    assert len(known) == MAX_ESCAPES


def test_dml():
    assert dml('<link cmd="&lt;">') == "&lt;link cmd=&quot;&amp;lt;&quot;&gt;"


@pytest.mark.parametrize(
    ("text", "cell"), [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@sum", "'@sum"), ("1=1", "1=1"), ("", ""), ("\t=1", "\\x09=1"), ("a\nb", "a\\x0ab")]
)
def test_csv_cells_begin_no_formula(text, cell):
    assert csv_cell(text) == cell
