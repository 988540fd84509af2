"""The same line gives the same text on the command line, in the REPL and in WinDbg: all commands on several samples."""

from __future__ import annotations

import io
import re
from typing import Any, Callable, Dict, List, Tuple

import pytest
from tests.amount import some
from tests.conftest import SAMPLES
from tests.front.windbg.fake_host import Engine, Output, PlainOutput, blocks_of

from dumpscope.commands.index import all_commands
from dumpscope.front.cli.environment import Environment
from dumpscope.front.repl.runner import Runner
from dumpscope.front.repl.screen import Screen
from dumpscope.front.repl.settings import Settings
from dumpscope.front.repl.workspace import Workspace
from dumpscope.front.windbg.host import Host
from dumpscope.front.windbg.main import run
from dumpscope.session.parsing import split_line
from dumpscope.session.registry import DUMP_ANY, DUMP_NEEDED, DUMP_NONE, Command
from dumpscope.view.paint import strip_dml

DUMPS = (
    "handles.dmp",
    "article-nohandles.dmp",
    "process-thread-data.dmp",
    "handles-x86.dmp",
    "handles-count-huge.dmp",
    "hostile-everywhere.dmp",
    "missing-everything-but-system-info.dmp",
    "thread-list-empty.dmp",
)
# Commands that act on the machine or the session rather than answer about a dump; help, which each front has its own keys for.
NOT_COMPARED = {"writedump", "windbg", "help", "switch", "atlas"}
LINES: Dict[str, List[str]] = {
    "explain": ["explain HND001"],
    "plan": ["plan !handle", "plan !handle !runaway"],
    "flags": ["flags 0x1105"],
    "evaluate": ["evaluate 1+1", "evaluate @rsp"],
    "read": ["read @rsp 20", "read @$teb 10 --form s"],
    "address": ["address @rsp", "address 7ffe0000"],
    "search": ["search demo", "search --bytes 4d5a"],
    "handles": ["handles", "handles 0 f", "handles --summary", "handles 24"],
    "threads": ["threads", "threads 0", "threads --times"],
    "why": ["why", "why !handle", "why 0x80004002"],
    "learn": ["learn 1"],
}


def needs_words(found: Command) -> bool:
    return any(item.positional and item.nargs in (None, "+") for item in found.arguments)


def rows() -> List[Tuple[str, str]]:
    out = []
    for found in all_commands():
        if found.name in NOT_COMPARED:
            continue
        lines = LINES.get(found.name) or ([] if needs_words(found) else [found.name])
        if not lines:  # a command that came later: its own examples say what it takes
            lines = [item.line for item in found.examples if not set(item.line) & set("<>|;\\")][:2]
        out.extend((found.name, line) for line in lines)
    return out


ROWS = rows()


def in_repl(path: str, line: str) -> Tuple[int, str]:
    out = io.StringIO()
    settings = Settings()
    workspace = Workspace()
    workspace.open(path)
    try:
        code = Runner(Screen(Environment(out, out, {}), settings), workspace, settings).run(line)
    finally:
        workspace.close_all()
    return code, out.getvalue()


def in_windbg(path: str, line: str, output: Any) -> Tuple[int, str]:
    name, *words = split_line(line)
    engine = Engine(f"User mini dump: {path}")
    code = run(name, words, Host(output, engine), scripts="")
    return code, "".join(blocks_of(output))


def plain(text: str) -> str:
    """An answer or an error without what names the front it was given in."""
    text = re.sub(r"^dumpscope: ", "", text, flags=re.MULTILINE)
    return re.sub(r"(?:dumpscope|!py) (?=\w+[ :])", "", text)


@pytest.mark.parametrize("dump", DUMPS)
def test_the_same_line_gives_the_same_text(dump: str, cli: Callable[..., Any]) -> None:
    path = str(SAMPLES / dump)
    commands = {item.name: item for item in all_commands()}
    for name, line in some(ROWS, DUMPS.index(dump)):
        found = commands[name]
        words = split_line(line)[1:]
        given = [path] if found.dump in (DUMP_NEEDED, DUMP_ANY) else []
        last = [path] if found.dump not in (DUMP_NEEDED, DUMP_ANY, DUMP_NONE) else []
        command_line = cli(name, *given, *words, *last)
        expected = plain(command_line.out + command_line.err)
        code, shown = in_repl(path, line)
        assert plain(shown) == expected, f"{line!r} in the REPL"
        assert code == command_line.code, f"{line!r} in the REPL"
        if not found.debugger:
            continue
        code, shown = in_windbg(path, line, PlainOutput())
        assert plain(shown) == expected, f"{line!r} in WinDbg without markup"
        assert code == command_line.code, f"{line!r} in WinDbg"
        _, marked = in_windbg(path, line, Output())
        assert plain(strip_dml(marked)) == expected, f"{line!r} in WinDbg with markup"


def test_every_command_is_compared() -> None:
    assert {name for name, _ in ROWS} | NOT_COMPARED >= {item.name for item in all_commands()}


@pytest.mark.parametrize(
    ("typed", "ours"),
    [
        ("!handle 0 f Event", "handles 0 f Event"),
        ("~", "threads"),
        (".dumpdebug", "dumpdebug"),
        ("lm", "modules"),
        ("? 1+1", "evaluate 1+1"),
        (".exr -1", "exception"),
    ],
)
def test_a_spelling_gives_what_our_line_gives(typed: str, ours: str) -> None:
    for dump in DUMPS[:3]:
        path = str(SAMPLES / dump)
        assert in_repl(path, typed) == in_repl(path, ours)


def test_json_and_csv_too(cli: Callable[..., Any]) -> None:
    path = str(SAMPLES / "handles.dmp")
    for line in ("handles --json", "threads --json", "handles --csv", "streams --csv"):
        name, option = line.split()
        assert in_repl(path, line)[1] == cli(name, path, option).out
        assert in_windbg(path, line, PlainOutput())[1] == cli(name, path, option).out
