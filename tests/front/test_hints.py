"""The words of an error: command lines as they are typed in the front end, and rows that fit a terminal."""

from __future__ import annotations

import io
from typing import Any, Callable, Dict, Optional

import pytest
from tests.conftest import SAMPLES
from tests.front.windbg.test_main import call

from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main
from dumpscope.front.hints import message_rows, spelled
from dumpscope.front.repl.runner import Runner
from dumpscope.front.repl.screen import Screen
from dumpscope.front.repl.settings import Settings
from dumpscope.front.repl.workspace import Workspace
from dumpscope.view.paint import strip_dml

HANDLES = str(SAMPLES / "handles.dmp")


def py(name: str) -> str:
    return f"!py {name}" if name in ("help", "why", "plan", "modules", "mend", "windbg-like") else ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`dumpscope --help` lists the commands", "`!py help` lists the commands"),
        ("dumpscope why app.dmp --readers", "!py why app.dmp --readers"),
        ("try it: `dumpscope plan '!handle'` names flags", "try it: `!py plan '!handle'` names flags"),
        ("`dumpscope why DUMP 'MESSAGE'` looks at the file", "`!py why 'MESSAGE'` looks at the file"),
        ("`dumpscope why DUMPS`", "`!py why DUMPS`"),
        ("`dumpscope mend a.dmp -o b.dmp` first", "`!py mend a.dmp -o b.dmp` first"),
        ("dumpscope windbg --install FOLDER writes them", "dumpscope windbg --install FOLDER writes them"),
        ("`dumpscope why-not` and `dumpscope` are no commands", "`dumpscope why-not` and `dumpscope` are no commands"),
        ("the debugger and dumpscope why", "the debugger and dumpscope why"),
        ("`dumpscope why` and `dumpscope plan`", "`!py why` and `!py plan`"),
        ("`modules` lists them", "`modules` lists them"),
        ("", ""),
    ],
)
def test_a_command_line_is_spelled_as_it_is_typed(text: str, expected: str) -> None:
    assert spelled(text, py) == expected


WRONG: Dict[str, Callable[[str], str]] = {
    "help nosuch": lambda prefix: f"`{prefix}help` lists the commands",
    "shrink --for !nosuch": lambda prefix: f"`{prefix}plan` lists those that are known",
    "why --readers x": lambda prefix: f"{prefix}why app.dmp --readers",
}
"""Lines that are refused, and the hint by what is typed in front of a command."""


def in_session(line: str) -> str:
    out = io.StringIO()
    workspace = Workspace()
    workspace.open(HANDLES)
    try:
        assert Runner(Screen(Environment(out, out, {}), Settings()), workspace, Settings()).run(line) == 2
    finally:
        workspace.close_all()
    return out.getvalue()


@pytest.mark.parametrize("line", ["help nosuch", "shrink --for !nosuch", "why --readers x"])
def test_no_front_end_names_what_cannot_be_typed_there(line: str) -> None:
    code, marked = call(*line.split())
    assert code == 2
    assert WRONG[line]("!py ") in strip_dml(marked)
    assert "dumpscope " not in strip_dml(marked).split("\n", 1)[1]
    told = in_session(line)
    assert WRONG[line]("") in told or (line == "help nosuch" and "`help` lists the commands" in told)
    assert "dumpscope " not in told


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def refused(err: Any, columns: Optional[str] = "40") -> str:
    out = io.StringIO()
    words = ["mend", HANDLES, "--redact-everything-that-there-is", "-o", "x.dmp"]
    assert main(words, Environment(out, err, {} if columns is None else {"COLUMNS": columns})) == 2
    return str(err.getvalue())


def test_an_error_is_wrapped_on_a_terminal_and_nowhere_else() -> None:
    rows = refused(Terminal()).splitlines()
    assert max(map(len, rows)) <= 40
    piped = refused(io.StringIO()).splitlines()
    assert len(piped) == 2 < len(rows)
    assert " ".join(" ".join(rows).split()) == " ".join(" ".join(piped).split())
    assert rows[0].startswith("dumpscope: ")
    assert all(row.startswith("  ") for row in rows[1:])
    assert len(refused(Terminal(), None).splitlines()[0]) <= 80, "a terminal that does not say how wide it is has 80 columns"


def test_rows_of_a_message() -> None:
    assert list(message_rows("one two three", 11)) == ["one two", "  three"]
    assert list(message_rows("one two three", None, "  ")) == ["  one two three"]
    assert list(message_rows("one two three", 11, "  ")) == ["  one two", "  three"]
    assert list(message_rows("a\n    as it stands, however long\n\x1b[1m", 12)) == ["a", "    as it stands, however long", "\\x1b[1m"]
