"""The session's own commands: help by the debugger's names, the line on a dump that was opened, lists of dumps, settings and history."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any, Iterable, Iterator, List

import pytest
from tests.commands.made import notes, opened
from tests.conftest import SAMPLES

from dumpscope.errors import UsageError
from dumpscope.front.cli.environment import Environment
from dumpscope.front.repl.own import help_on, opened_blocks
from dumpscope.front.repl.runner import Runner
from dumpscope.front.repl.screen import Screen
from dumpscope.front.repl.settings import SETTINGS, Settings
from dumpscope.front.repl.workspace import Workspace
from dumpscope.session.session import Session
from dumpscope.view.blocks import Block, Lines, Table


@pytest.fixture
def runner() -> Iterator[Runner]:
    """A session over two dumps, the second one current."""
    out, settings, workspace = io.StringIO(), Settings(), Workspace()
    made = Runner(Screen(Environment(out, out, {}), settings), workspace, settings)
    for name in ("handles.dmp", "not-a-dump-text.dmp"):
        workspace.open(str(SAMPLES / name))
    yield made
    workspace.close_all()


def asked(runner: Runner, command: str, **words: Any) -> List[Block]:
    """What a command of the session's own answers."""
    return list(runner.own[command].function(runner.workspace.session, SimpleNamespace(**words)))


def rows(blocks: Iterable[Block]) -> List[Any]:
    """The rows of the tables."""
    return [tuple(row) for block in blocks if isinstance(block, Table) for row in block.rows]


def test_the_list_of_dumps_marks_the_current_one(runner: Runner) -> None:
    assert [row[:3] for row in rows(asked(runner, "dumps"))] == [("", 0, "minidump"), (".", 1, "not a minidump")]
    assert notes(asked(runner, "use", dump="0"))[0].startswith("handles.dmp: Windows")
    assert [row[0] for row in rows(asked(runner, "dumps"))] == [".", ""]


def test_closing_says_which_is_current_now(runner: Runner) -> None:
    assert notes(asked(runner, "close", dump=None)) == ["closed not-a-dump-text.dmp; now handles.dmp"]
    assert notes(asked(runner, "close", dump="0")) == ["closed handles.dmp; no dump is open"]
    assert notes(asked(runner, "dumps")) == ["no dump is open: `open PATH` opens one"]


def test_settings_are_listed_one_by_one_or_all(runner: Runner) -> None:
    assert [row[0] for row in rows(asked(runner, "set", name=None, value=None))] == [item.name for item in SETTINGS]
    assert [row[:2] for row in rows(asked(runner, "set", name="PAGER", value=None))] == [("pager", runner.settings["pager"])]
    with pytest.raises(UsageError):
        asked(runner, "set", name="pagr", value=None)


def test_the_history_is_narrowed_whatever_the_case_and_its_end_is_shown(runner: Runner) -> None:
    runner.history = lambda: ["Why", "handles", *map(str, range(499))]
    (found,) = asked(runner, "history", text="wh")
    assert isinstance(found, Lines)
    assert list(found.lines) == ["Why"]
    (found,) = asked(runner, "history", text=None)
    assert isinstance(found, Lines)
    shown = list(found.lines)
    assert (len(shown), shown[0]) == (500, "handles")


def test_leaving(runner: Runner) -> None:
    assert not runner.leaving
    assert asked(runner, "quit") == []
    assert runner.leaving


def test_help_on_filters_and_on_names_of_the_debuggers(runner: Runner) -> None:
    for word in ("grep", "|grep"):
        assert notes(help_on(runner, word))[0].startswith("| grep: ")
    assert notes(help_on(runner, "lmvm ntdll"))[0].startswith("lmvm is `modules")
    assert not any(" here" in text for text in notes(help_on(runner, "!handles")))
    assert any("command of the debugger's" in text for text in notes(help_on(runner, "!heap -s")))
    with pytest.raises(UsageError):
        list(help_on(runner, "nosuchthing"))


def test_the_line_on_a_dump_counts_in_the_right_number() -> None:
    session = Session(opened("comment-procdump"), "/folder/made.dmp")
    assert (len(session.dump.threads), len(session.dump.modules), len(session.dump.handles)) == (1, 5, 0)
    (line,) = notes(opened_blocks(session, 0))
    assert line.startswith("made.dmp: ")
    assert line.endswith("; 1 thread; 5 modules; 0 handles")
