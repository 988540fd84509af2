"""How wide a text is on a terminal."""

from __future__ import annotations


def test_wide_names_do_not_shift_a_table():
    from dumpscope.view.widths import padded, width_of

    assert width_of("日本語.dll") == 10
    assert padded("日本", 6, True) == "日本  "
    assert padded("e\u0301", 3, False) == "  e\u0301"
