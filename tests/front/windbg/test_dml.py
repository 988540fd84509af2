"""Markup: taken away it leaves the text, links are inert, hostile names stay names. Over all commands and samples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Tuple

import pytest
from tests.amount import some

from dumpscope import DumpError, DumpscopeError, Minidump
from dumpscope.commands.index import all_commands
from dumpscope.session.registry import DUMP_NONE
from dumpscope.session.running import parse, run
from dumpscope.session.session import Session
from dumpscope.view.paint import Dml, strip_dml
from dumpscope.view.text import render_text

SAMPLES = sorted((Path(__file__).resolve().parents[3] / "samples").glob("*.dmp"))
WORDS = {"explain": ["HND001"], "plan": ["!handle"], "flags": ["0x1105"], "read": ["7ffe0000"], "address": ["7ffe0000"], "bytes": ["header"], "whatis": ["20"]}
WRITE_FILES = {"atlas", "redact", "diff"}
_LINK = re.compile(r'<link cmd="([^"<>]*)">')
_ALLOWED = re.compile(r'<link cmd="[^"<>]*">|<col fg="\w+">|</col>|</link>')


def commands() -> List[str]:
    return [found.name for found in all_commands() if found.debugger and found.dump != DUMP_NONE and found.name not in WRITE_FILES]


def draw(name: str, dump: Minidump, words: List[str]) -> Tuple[str, str]:
    """The answer as text and as markup, both up to the same error if there is one."""
    found = next(item for item in all_commands() if item.name == name)
    drawn = []
    for markup in (False, True):
        parts: List[str] = []
        session = Session(dump)
        paint = Dml(lambda line: "!py " + line)
        try:
            blocks = run(session, found, parse(found, words))
            for chunk in render_text(blocks, paint) if markup else render_text(blocks):
                parts.append(chunk)
        except DumpscopeError as error:
            parts.append(f"error: {error.message}\n".replace("<", "(") if markup else f"error: {error.message}\n")
        drawn.append("".join(parts))
    return drawn[0], drawn[1]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_markup_taken_away_leaves_the_text(path: Path) -> None:
    """Of every command, or of a twelfth of them for each sample."""
    try:
        dump = Minidump.open(path)
    except DumpError:
        pytest.skip("not readable as a minidump")
    with dump:
        for name in some(commands(), SAMPLES.index(path), 12):
            plain, marked = draw(name, dump, WORDS.get(name, []))
            if "error: " not in plain:
                assert strip_dml(marked) == plain, name
            rest = _ALLOWED.sub("", marked)
            assert "<" not in rest, (name, rest[max(0, rest.find("<") - 40) :][:160])
            for target in _LINK.findall(marked):
                plain_target = strip_dml(target)
                assert plain_target[:4] == "!py " or plain_target[0] in ".!~", (name, target)
                assert not re.search(r"[;${}%\n]", plain_target), (name, target)
                assert plain_target.count('"') in (0, 2), (name, target)


@pytest.mark.parametrize(
    "name",
    ['<exec cmd="q">', 'a"b', "x; q", "x\nq", "${arg}", "a&b", "%TEMP%", "{0}", "\u03b2", "`q`; .shell x", "'; q"],
)
def test_a_hostile_name_in_a_link_is_only_text(name: str) -> None:
    marked = Dml(lambda line: "!py " + line).text(name, "name", f"modules {name}")
    assert "<link" not in marked
    assert strip_dml(marked) == name


def test_a_name_with_blanks_is_one_word() -> None:
    assert Dml(lambda line: "!py " + line).text("my app", "name", "modules my app") == '<link cmd="!py modules &quot;my app&quot;">my app</link>'


def test_links_of_the_debugger_itself_can_be_left_out() -> None:
    assert "<link" in Dml(str).text("1a", "id", "~~[1a]s")
    assert "<link" not in Dml(str, native=False).text("1a", "id", "~~[1a]s")


def test_a_command_without_a_script_is_no_link() -> None:
    assert Dml(lambda line: "").text("1a", "id", "nothing 1a") == '<col fg="srcid">1a</col>'
