"""Colours of the editor: which background it is, and one style for each."""

from __future__ import annotations

from typing import Dict

import pytest

from dumpscope.front.repl.theme import background, style


@pytest.mark.parametrize(
    ("setting", "variables", "expected"),
    [
        ("light", {"DUMPSCOPE_THEME": "dark"}, "light"),
        ("auto", {"DUMPSCOPE_THEME": "light", "COLORFGBG": "15;0"}, "light"),
        ("auto", {"DUMPSCOPE_THEME": "pink"}, "dark"),
        ("auto", {"COLORFGBG": "0;15"}, "light"),
        ("auto", {"COLORFGBG": "0;default;7"}, "light"),
        ("auto", {"COLORFGBG": "15;0"}, "dark"),
        ("auto", {}, "dark"),
    ],
)
def test_the_background_is_what_is_set_or_what_the_terminal_says(setting: str, variables: Dict[str, str], expected: str) -> None:
    assert background(setting, variables) == expected


def test_a_style_is_made_once() -> None:
    """The editor asks for it several times for each key, and a new one costs it some milliseconds."""
    styles = [style("dark"), style("light"), style("dark", color=False)]
    assert [style("dark"), style("light"), style("dark", color=False)] == styles
    assert len({each.invalidation_hash() for each in styles}) == 3


def test_without_colours_the_pager_shows_its_bar_by_reversed_letters() -> None:
    plain, dark = (style("dark", color=color).get_attrs_for_style_str("class:pager.bar") for color in (False, True))
    assert (plain.reverse, plain.bgcolor) == (True, "")
    assert not dark.reverse
    assert dark.bgcolor
    assert plain.color == ""


def test_the_prompt_is_bold_on_both_backgrounds() -> None:
    assert all(style(theme).get_attrs_for_style_str("class:prompt").bold for theme in ("dark", "light"))
    assert style("dark", color=False).get_attrs_for_style_str("class:prompt").color == ""
