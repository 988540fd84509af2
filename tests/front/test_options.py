"""The options of every command: where they may stand, which exclude each other, and what is wrong with a word."""

from __future__ import annotations

from typing import List

import pytest

from dumpscope.errors import UsageError
from dumpscope.front.options import Options, asks_debug, parse_options, unknown_option


def test_the_options_are_taken_out_wherever_they_stand_before_two_dashes() -> None:
    found = parse_options(["--json", "handles", "--width", "100", "x.dmp", "--debug", "--", "--csv"])
    assert found == Options(["handles", "x.dmp", "--", "--csv"], json=True, width=100, debug=True)
    assert parse_options(["handles", "--type", "Event"]).words == ["handles", "--type", "Event"]


def test_text_is_text_without_colour() -> None:
    assert parse_options(["why", "--color", "always"]).color == "always"
    assert parse_options(["why", "--color", "always", "--text"]).color == "never"
    assert Options(["help"], json=True, csv=True, redact=True, width=80).as_text() == Options(["help"], width=80)


@pytest.mark.parametrize(("text", "width"), [("20", 20), ("1000", 1000), ("0080", 80)])
def test_widths(text: str, width: int) -> None:
    assert parse_options(["why", "--width", text]).width == width


@pytest.mark.parametrize("text", ["19", "1001", "00080", "x", "", "8\u0660", "\u00b2\u00b2"])
def test_widths_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="from 20 to 1000"):
        parse_options(["why", "--width", text])


def test_json_and_csv_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="exclude"):
        parse_options(["why", "--json", "--csv"])


def test_redact_is_for_json_and_goes_to_a_command_that_has_its_own() -> None:
    assert parse_options(["why", "x", "--redact", "--json"]).redact
    own = parse_options(["atlas", "--redact", "x", "--", "y"])
    assert own.words == ["atlas", "x", "--redact", "--", "y"]
    assert not own.redact
    assert parse_options(["x", "--redact"], "!Atlas").words == ["x", "--redact"], "the name need not be among the words"
    with pytest.raises(UsageError) as caught:
        parse_options(["why", "x", "--redact"])
    assert caught.value.hint == "add --json"
    with pytest.raises(UsageError, match="lesson"):
        parse_options(["learn", "header", "--redact", "--json"])


@pytest.mark.parametrize(("words", "asked"), [(["why", "--debug"], True), (["why", "--", "--debug"], False), (["why"], False), ([], False)])
def test_tracebacks_are_asked_for_before_two_dashes(words: List[str], asked: bool) -> None:
    assert asks_debug(words) is asked


def test_an_option_before_a_command() -> None:
    assert unknown_option("handles") is None
    near = unknown_option("--jsn")
    assert near is not None
    assert near.hint == "did you mean --json?"
    valued = unknown_option("--widht=80")
    assert valued is not None
    assert valued.hint == "did you mean --width?", "its value does not count"
    far = unknown_option("--zzzz")
    assert far is not None
    assert "help COMMAND" in far.hint
