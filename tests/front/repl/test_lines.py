"""Typed lines: statements, filters, targets, pasted messages; and settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

import pytest

from dumpscope.commands.index import MODULES
from dumpscope.errors import UsageError
from dumpscope.front.repl.filters import apply, lines_of
from dumpscope.front.repl.line import Filter, is_message, message_text, missing_filter, parse_line, split_statements
from dumpscope.front.repl.settings import SETTINGS, Settings, config_folder, state_folder


@pytest.mark.parametrize(
    ("typed", "statements"),
    [
        ("handles; why", ["handles", "why"]),
        ("handles --name 'a;b'; why", ["handles --name 'a;b'", "why"]),
        ('search "a;b"', ['search "a;b"']),
        ("# a comment\nhandles\n\n$$ another\nwhy", ["handles", "why"]),
        ("handles;;why;", ["handles", "why"]),
        ("search don't; why", ["search don't", "why"]),
        ("", []),
    ],
)
def test_statements(typed: str, statements: List[str]) -> None:
    assert split_statements(typed) == statements


def test_filters_and_targets() -> None:
    line = parse_line("handles --type Event | grep -v 'a | b' | head 5 > 'my file.txt'")
    assert line.text == "handles --type Event"
    assert line.filters == (Filter("grep", ["-v", "a | b"]), Filter("head", ["5"]))
    assert line.target == "my file.txt"
    assert not line.append
    assert parse_line("handles >> all.txt") == ("handles", (), "all.txt", True, False)
    assert parse_line("handles > all.txt --force") == ("handles", (), "all.txt", False, True)
    assert parse_line("handles >all.txt").target == "all.txt"
    assert parse_line("handles|head 2|count") == ("handles", (Filter("head", ["2"]), Filter("count", [])), "", False, False)
    assert parse_line("||count").filters == ()


@pytest.mark.parametrize(
    "typed", ["||", "|", "||1s", "flags 1|4", "? 1 | 2", "? 1 >> 2", "? (1 << 4) | 3", "evaluate 8 >> 1", "why 'a > b'", "why 'x | grep y'"]
)
def test_what_is_no_filter_and_no_target(typed: str) -> None:
    assert parse_line(typed) == (typed, (), "", False, False)


def test_a_target_needs_one_name() -> None:
    for typed in ("handles >", "handles > a b", "handles > 'a"):
        with pytest.raises(UsageError):
            parse_line(typed)


MESSAGE = 'ERROR: !handle: extension exception 0x80004002.\n    "Unable to read handle information"'


@pytest.mark.parametrize(
    "text",
    [
        MESSAGE,
        "0:000> !handle\n" + MESSAGE,
        MESSAGE.split("\n")[0],
        "Unable to read handle information",
        "Could not open dump file [c:\\a.dmp], HRESULT 0x80004002",
        "Minidump does not have system info.\nCould not match Dump File signature - invalid file format",
    ],
)
def test_a_pasted_message_is_one(text: str) -> None:
    assert is_message(text, MODULES)
    assert "\n" not in message_text(text)
    assert "0:000>" not in message_text(text)


@pytest.mark.parametrize("text", ["handles", "why Unable to read", "handles\nwhy", "!handle", "? 1+1", "0x80004002", "!handle\n.exr -1", "", "why 'ERROR: x'"])
def test_commands_are_none(text: str) -> None:
    assert not is_message(text, {*MODULES, "exr"})


def run(name: str, words: List[str], text: str) -> str:
    return "".join(apply(name, words)(iter([text[:3], text[3:7], text[7:]])))


TEXT = "Event one\n\x1b[32mMutant\x1b[0m two\nevent three\n\nlast"


def test_filters() -> None:
    assert run("grep", ["event"], TEXT) == "Event one\nevent three\n"
    assert run("grep", ["Event"], TEXT) == "Event one\n"
    assert run("grep", ["-i", "Event"], TEXT) == "Event one\nevent three\n"
    assert run("grep", ["Mutant two"], TEXT) == "\x1b[32mMutant\x1b[0m two\n"
    assert run("grep", ["-v", "e"], TEXT).count("\n") == 2
    assert run("grep", ["-c", "event"], TEXT) == "2\n"
    assert run("grep", ["*("], "a*(b\nc\n") == "a*(b\n"
    assert run("head", ["1"], TEXT) == "Event one\n"
    assert run("head", ["-n", "1"], TEXT) == "Event one\n"
    assert run("head", ["-1"], TEXT) == "Event one\n"
    assert run("head", ["0"], TEXT) == ""
    assert run("tail", ["1"], TEXT) == "last"
    assert run("count", [], TEXT) == "4\n"
    assert "".join(lines_of(["a", "b\nc", "\n"])) == "ab\nc\n"


@pytest.mark.parametrize(("name", "words"), [("grep", []), ("grep", ["-v"]), ("head", ["x"]), ("tail", ["1", "2"]), ("count", ["x"])])
def test_filters_that_are_not_complete(name: str, words: List[str]) -> None:
    with pytest.raises(UsageError):
        apply(name, words)


def test_grep_names_an_option_that_it_has_not() -> None:
    with pytest.raises(UsageError, match="grep has no -n") as found:
        apply("grep", ["-n", "Event"])
    assert "'-n Event'" in found.value.hint
    assert run("grep", ["-n Event"], "a -n Event\nb\n") == "a -n Event\n"
    assert run("grep", ["-n"], "a -n\nb\n") == "a -n\n"


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("handles | sort", "sort"),
        ("handles | sort -n | uniq", "sort"),
        ("handles |", "|"),
        ("k | less", "less"),
        ("handles", ""),
        ("handles 'a | b'", ""),
        ("flags 1|4", ""),
        ("? 1 | zz", ""),
        ("evaluate 1 | zz", ""),
        ("dd 10 | 20", ""),
        ("| zz", ""),
    ],
)
def test_a_filter_that_is_none(typed: str, word: str) -> None:
    assert missing_filter(typed) == word


# -- settings --------------------------------------------------------------------------------------------------------------


def test_settings_are_kept(tmp_path: Path) -> None:
    settings = Settings(str(tmp_path / "new"))
    assert settings["pager"] == "on"
    assert not os.path.exists(settings.path)
    assert settings.set("pager", "off") == ""
    assert settings.set("width", "100") == ""
    again = Settings(str(tmp_path / "new"))
    assert again["pager"] == "off"
    assert again.width == 100
    assert again.problem == ""
    again.set("PAGER", "yes")
    assert not Settings(str(tmp_path / "new")).is_set("pager")


@pytest.mark.parametrize(("name", "value"), [("pagr", "on"), ("pager", "maybe"), ("width", "wide"), ("width", "5"), ("theme", "")])
def test_settings_that_are_none(name: str, value: str) -> None:
    with pytest.raises(UsageError):
        Settings().set(name, value)


def test_a_settings_file_that_is_wrong_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "settings.ini").write_text("[x]\n# c\npager = off\ntheme = pink\nnonsense\n", "utf-8")
    settings = Settings(str(tmp_path))
    assert settings["pager"] == "off"
    assert "pink" in settings.problem
    (tmp_path / "settings.ini").write_bytes(b"\xff\xfe\x00")
    assert Settings(str(tmp_path)).problem
    (tmp_path / "file").write_text("")
    assert "cannot be written" in Settings(str(tmp_path / "file" / "below")).set("pager", "off") or os.name == "nt"


def test_settings_without_a_folder_last_as_long_as_the_session() -> None:
    settings = Settings()
    assert "as long as this session" in settings.set("pager", "off")
    assert settings["pager"] == "off"


def test_defaults_are_values() -> None:
    for item in SETTINGS:
        Settings().set(item.name, item.default)


def test_folders() -> None:
    assert config_folder({"XDG_CONFIG_HOME": os.path.abspath("/c")}) == os.path.join(os.path.abspath("/c"), "dumpscope")
    assert config_folder({"XDG_CONFIG_HOME": "relative"}) == ""
    assert state_folder({}) == ""
    if os.name != "nt":
        assert state_folder({"HOME": "/h"}) == "/h/.local/state/dumpscope"
