"""The man page names every command and option, and roff reads it without a warning."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from docs import build, man
from dumpscope import errors
from dumpscope.commands.index import all_commands

PAGE = build.DOCS / "dumpscope.1"


def test_every_command_and_option_is_there() -> None:
    text = PAGE.read_text("ascii")
    for item in all_commands():
        assert f".SS {man.escaped(item.name)}\n" in text
        for argument in item.arguments:
            assert f"{man.named(argument)}\n" in text
    for code in (value for name, value in vars(errors).items() if name.startswith("EXIT_")):
        assert f".B {code}\n" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".exr -1", "\\&.exr \\-1"),
        ("'quoted'", "\\&'quoted'"),
        ("C:\\dumps", "C:\\edumps"),
        ("EDIT…", "EDIT\\[u2026]"),
    ],
)
def test_text_is_no_request(text: str, expected: str) -> None:
    assert man.escaped(text) == expected


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff here")
def test_roff_has_nothing_to_warn_of() -> None:
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", str(PAGE)], capture_output=True, text=True, encoding="utf-8")
    assert done.stderr == ""
    assert "why debugger commands fail" in " ".join(done.stdout.split())
