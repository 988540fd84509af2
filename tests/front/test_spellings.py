"""The debugger's spellings, one row each: what is typed, and our line for it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cases import each
from tests.conftest import SAMPLES

from dumpscope.commands.index import MODULES, find_command
from dumpscope.dump.minidump import Minidump
from dumpscope.errors import UsageError
from dumpscope.front.spellings import NEAREST, SESSION_WORDS, is_debuggers, not_ours, outlook, translate
from dumpscope.session.running import parse
from dumpscope.session.session import Session
from dumpscope.view.text import render_text

TABLE = [
    ("!handle", "handles"),
    ("!handle 0 f Event", "handles 0 f Event"),
    ("!handle 0 0", "handles --summary"),
    ("!handle 24 f", "handles 24 f"),
    ("!ext.handle 24", "handles 24"),
    ("0:000> !handle 24", "handles 24"),
    ("||0:0:003> ~", "threads"),
    ("!py handles 24", "handles 24"),
    ("!py -3.9 C:\\tools\\handles.py 24", "handles 24"),
    ('!py "C:\\my tools\\why.py" !handle', "why !handle"),
    ("!why !handle", "why !handle"),
    (".why", "why"),
    ("~", "threads"),
    ("~*", "threads"),
    ("~3", "threads 3"),
    ("~.", "threads ."),
    ("~#", "threads #"),
    ("~3s", "switch 3"),
    ("~3 s", "switch 3"),
    ("~~[4554]s", "switch 0x4554"),
    ("~~[4554]", "threads 0x4554"),
    ("lm", "modules"),
    ("lmvm ntdll", "modules ntdll"),
    ("lm v m ntdll", "modules ntdll"),
    ("lm m ms*", "modules ms*"),
    ("lm a 7ff8`1234", "modules 7ff8`1234"),
    ("lmu", "unloaded"),
    ("db @rsp", "read @rsp --form b"),
    ("dd @rsp L4", "read @rsp L4 --form d"),
    ("dps @rsp l8", "read @rsp l8 --form s"),
    ("dqs @rsp L 10", "read @rsp L10 --form s"),
    ("da poi(@rsp)", "read poi(@rsp) --form a"),
    ("du 7ff6`10002000", "read 7ff6`10002000 --form u"),
    ("k", "stack --lines"),
    ("kb", "stack --lines --arguments"),
    ("kvn 3", "stack --lines --fpo --limit 3"),
    ("~*kvL", "stack --all --fpo"),
    ("~3kb", "stack 3 --lines --arguments"),
    ("kn 10", "stack --lines --limit 16"),
    ("kL 0n20", "stack --limit 20"),
    ("~*k", "stack --all --lines"),
    ("~3kL 5", "stack 3 --limit 5"),
    ("k5", "stack --lines --limit 5"),
    ("k1f", "stack --lines --limit 31"),
    ("k0n10", "stack --lines --limit 10"),
    ("kb5", "stack --lines --arguments --limit 5"),
    ("k L5", "stack --limit 5"),
    ("k L 5", "stack --limit 5"),
    ("k L", "stack"),
    ("kL5", "stack --limit 5"),
    ("~2k5", "stack 2 --lines --limit 5"),
    ("~k", "stack --lines"),
    ("~*e k 1", "stack --all --lines --limit 1"),
    ("~* e kbL", "stack --all --arguments"),
    ("~2e k", "stack 2 --lines"),
    ("~e k 1", "stack --lines --limit 1"),
    ("~~[4554]e k5", "stack 0x4554 --lines --limit 5"),
    ("~2r", "threads 2"),
    ("~2 e r", "threads 2"),
    ("~e !gle", "threads ."),
    ("!locks", "waits"),
    ("!locks -v", "waits"),
    ("!cs -l", "waits"),
    ("!cs -s -o", "waits"),
    ("!uniqstack -bn", "stack --unique --arguments"),
    ("!uniqstack -vb", "stack --unique --fpo"),
    ("!uniqstack", "stack --unique"),
    ("!uniqstack -b", "stack --unique --arguments"),
    ("!uniqstack -v -n", "stack --unique --fpo"),
    ("!findstack ntdll", "stack --find ntdll"),
    ("r", "threads ."),
    ("r rax", "evaluate @rax"),
    ("r @$teb", "evaluate @$teb"),
    (".dumpdebug", "dumpdebug"),
    (".exr -1", "exception"),
    (".ecxr", "exception"),
    (".lastevent", "exception"),
    ("!analyze -v", "why"),
    ("!runaway", "threads --sort time"),
    ("!runaway 7", "threads --sort time"),
    (".ttime", "threads --times"),
    (".time", "process"),
    ("!peb", "process"),
    ("!teb", "threads ."),
    ("!gle", "threads ."),
    ("!gle -all", "threads --errors"),
    ("!ext.gle -all", "threads --errors"),
    ("~*e !gle", "threads --errors"),
    ("~* e !gle", "threads --errors"),
    ("~2e !gle", "threads 2"),
    ("!envvar PATH", "process --var PATH"),
    ("!envvar", "process --env"),
    ("!address", "regions"),
    ("!address -summary", "regions --summary"),
    ("!address -f:MEM_PRIVATE,PAGE_READWRITE", "regions --type MEM_PRIVATE --protect PAGE_READWRITE"),
    ("!address @rsp", "address @rsp"),
    ("!vprot 7ff6`10002000", "address 7ff6`10002000"),
    ("ln @rip", "address @rip"),
    ("vertarget", "system"),
    ("version", "system"),
    ("||", "dumps"),
    ("||1s", "use 1"),
    ("|", "process"),
    ("? 1+1", "evaluate 1+1"),
    ("?1+1", "evaluate 1+1"),
    ("? -1", "evaluate (-1)"),
    ("?", "help"),
    (".formats 0x41", "evaluate 0x41"),
    ("!error c0000005", "why 0xc0000005"),
    ("!token", "tokens"),
    ("!dlls", "process --modules"),
    (".help", "help"),
    ("q", "quit"),
    (".opendump C:\\a.dmp", "open C:\\a.dmp"),
    ("s -a 0 L?7fffffff kernel32", "search --ascii kernel32"),
    ('s -u 0 L?100 "two words"', "search --utf16 two words"),
    ("s -b 0 L?100 4d 5a", "search --bytes 4d5a"),
    ("s -[1]d 0 L?100 00905a4d", "search --bytes 4d5a9000"),
]


@each(("typed", "ours"), TABLE, ids=[row[0] for row in TABLE])
def test_a_spelling_becomes_a_line_of_ours(typed: str, ours: str) -> None:
    made = translate(typed)
    assert made is not None
    assert " ".join(made.words) == ours
    name = made.words[0]
    if name in SESSION_WORDS:
        return
    parse(find_command(name), made.words[1:])  # raises for words that the command does not take


@pytest.mark.parametrize("typed", ["handles", "handles --summary", "why !handle", "", "   ", "memory", "!heap -s", ".dump /mh x", "dx @$curprocess", "u @rip"])
def test_what_needs_no_translation_or_has_none(typed: str) -> None:
    assert translate(typed) is None


def test_every_spelling_that_a_command_claims_leads_to_it_or_its_like() -> None:
    for module_name in sorted({real for _, real in MODULES.values()}):
        found = find_command(module_name)
        for spelling in found.spellings:
            if spelling in ("s", "?", "~3s", "~~[4554]s", ".opendump", "!vadump", "!cpuinfo"):
                continue
            line = {"!vprot": "!vprot 1000", ".formats": ".formats 1", ".exr": ".exr -1"}.get(spelling, spelling)
            if spelling.startswith("d") and len(spelling) <= 3:
                line += " 1000"
            made = translate(line)
            assert made is not None, f"{spelling} of {module_name}"


def test_the_nearest_are_commands() -> None:
    for word, ours in NEAREST.items():
        for line in ours:
            assert line.split()[0] in (*MODULES, *SESSION_WORDS, "repl"), (word, line)


def test_kp_shows_parameters() -> None:
    for typed, option in (
        ("kp", "--parameters"),
        ("kP", "--parameter-lines"),
        ("~3kp", "--parameters"),
        ("~*kP", "--parameter-lines"),
        ("!uniqstack -p", "--parameters"),
    ):
        translated = translate(typed)
        assert translated is not None
        assert option in translated.words
        assert not translated.note
    plain = translate("kn")
    assert plain is not None
    assert not {"--parameters", "--parameter-lines"} & set(plain.words)


REFUSED = [
    "~zz k",
    "~zz",
    "~*zz",
    "~2zz",
    "~*r",
    "~*e r rip",
    "~*e lm",
    "~2e lm",
    "!locks zz",
    "!cs 7ff612340000",
    "k5 3",
    "k l5",
    "!uniqstack -bx",
]


@pytest.mark.parametrize("typed", ["!locks -v", "!cs -l", "!cs -s -t"])
def test_options_that_change_nothing_are_named(typed: str) -> None:
    made = translate(typed)
    assert made is not None
    assert made.note == f"`waits` shows all locks that it knows of: {typed.split(' ', 1)[1]} changes nothing"


@each("typed", [".exr 1234", "s -a", "db", "~~[zz]s", "k zz", "k 2 zz", "k =rsp 3", "~*k zz", "!uniqstack 2", *REFUSED])
def test_what_cannot_be_read_says_so(typed: str) -> None:
    with pytest.raises(UsageError):
        translate(typed)


@pytest.fixture
def session() -> Any:
    with Minidump.open(SAMPLES / "process-thread-data.dmp") as dump:
        yield Session(dump, "process-thread-data.dmp")


def test_ranges_and_going_on(session: Session) -> None:
    made = translate("db @$peb @$peb+f", session)
    assert made is not None
    assert made.words == ["read", "@$peb", "10", "--form", "b"]
    following = translate("db", session)
    assert following is not None
    first = translate("? @$peb", session)
    assert first is not None
    from dumpscope.session.expression import evaluate

    assert int(following.words[1], 16) == evaluate(session, "@$peb") + 0x10
    with pytest.raises(UsageError):
        translate("db 2000 1000", session)


def test_a_teb_leads_to_its_thread(session: Session) -> None:
    teb = session.dump.threads[1].teb
    made = translate(f"!teb {teb:x}", session)
    assert made is not None
    assert made.words == ["threads", "1"]


def text(blocks: Any) -> str:
    return "".join(render_text(blocks))


def test_an_unknown_debugger_command_names_the_nearest_and_what_becomes_of_it(session: Session) -> None:
    shown = text(not_ours(session, "!heap -s"))
    assert "!heap is a command of the debugger's" in shown
    assert "`regions --summary`" in shown
    assert "fails on this dump" in shown
    assert "MEM002" in shown
    assert "`why !heap`" in shown
    assert text(not_ours(Session(), "!mex.tasklist")).startswith(
        "warning: !mex.tasklist is neither a command of dumpscope nor one of the debugger's that it knows"
    )
    assert text(outlook(session, "!nothing")) == ""


@pytest.mark.parametrize(("word", "is_one"), [("!heap", True), (".frame", True), ("dt", True), ("~5", True), ("handlez", False), ("foo", False)])
def test_the_debuggers_names_are_told_from_slips(word: str, is_one: bool) -> None:
    assert is_debuggers(word) is is_one
