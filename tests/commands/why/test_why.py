"""``why`` with codes, rules and words; suggestions for names that are none; what the prompt makes of a bare code."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dumpscope.commands import why
from dumpscope.commands.index import find_command
from dumpscope.errors import UsageError

DUMP = "article-nohandles.dmp"


@pytest.mark.parametrize(
    "text",
    ["0x80004002", "80004002", "error 0x80004002", "E_NOINTERFACE", "HND002", "unable to read handel informations", "Failed to read handles"],
)
def test_leads_to_the_finding(text: str, cli: Any) -> None:
    assert "HND002  error" in cli("why", DUMP, text).out


@pytest.mark.parametrize("text", ["1392", "0n1392", "Win32 error 1392", "Win32 error 0n1392", "error 1392", "0x80070570"])
def test_one_code_in_every_spelling(text: str, cli: Any) -> None:
    out = cli("why", DUMP, text).out
    assert "ERROR_FILE_CORRUPT" in out
    assert "OPN007" in out


def test_a_symbol_without_causes(cli: Any) -> None:
    out = cli("why", DUMP, "STATUS_PARTIAL_COPY").out
    assert "0x8000000d" in out
    assert "no message" not in out


def test_a_rule_that_does_not_fire(cli: Any) -> None:
    out = cli("why", DUMP, "HND001").out
    assert "HND001 is not found in this dump" in out
    assert "what to do" in out


def test_unknown_commands(cli: Any) -> None:
    assert "did you mean !handle?" in cli("why", DUMP, "!handel").out
    out = cli("why", DUMP, "!foo").out
    assert "no debugger command" in out
    assert "did you mean" not in out


def test_an_unknown_code(cli: Any) -> None:
    assert "no message that dumpscope knows" in cli("why", DUMP, "99999").out


def test_findings_with_the_words_come_first(cli: Any) -> None:
    out = cli("why", "thread-teb-zero.dmp", "InitTypeRead").out
    assert 0 < out.find("THR006  warning") < out.find("MEM002  warning")
    out = cli("why", "thread-teb-zero.dmp", "!teb: error InitTypeRead( TEB )").out
    assert out.find("THR006  warning") > 0
    assert "MEM002" not in out


def test_suggestions() -> None:
    with pytest.raises(UsageError) as raised:
        find_command("handel")
    assert raised.value.hint.startswith("did you mean handles")
    assert "handle or" not in raised.value.hint
    with pytest.raises(UsageError) as raised:
        find_command("frob")
    assert "did you mean" not in raised.value.hint


@pytest.mark.parametrize(
    ("line", "words"), [("0x80004002", "HND002"), ("c0000005", "STATUS_ACCESS_VIOLATION"), ("InitTypeRead", "MEM002"), ("HND002", "HND002")]
)
def test_a_bare_code_at_the_prompt(line: str, words: str, cli: Any) -> None:
    assert words in cli("run", DUMP, "-c", line).out


def test_a_slip_at_the_prompt(cli: Any) -> None:
    out = cli("run", DUMP, "-c", "!handel").out
    assert "did you mean !handle?" in out
    assert "command of the debugger's" not in out
    assert "command of the debugger's" in cli("run", DUMP, "-c", "!exchain").out


@pytest.mark.parametrize(("outcome", "works"), [("works", True), ("partial", False), ("fails", False)])
def test_which_findings_explain_a_command(outcome: str, works: bool) -> None:
    def finding(code: str, *commands: str) -> Any:
        return SimpleNamespace(code=code, rule=SimpleNamespace(commands=commands))

    answer: Any = SimpleNamespace(command="!handle", outcome=outcome)
    found = [finding("FLG001", "!handle"), finding("HND001", "!handle", "k"), finding("HND002", "k"), finding("HND003", "!handle")]
    assert why._codes_for(answer, found) == ([] if works else ["HND001", "HND003"])
    assert why._codes_for(answer, found[:1]) == ([] if works else ["FLG001"])
    assert why._codes_for(answer, found[2:3]) == []
