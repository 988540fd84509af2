"""Help from the registry: what stands in it, and where the dump stands in examples."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Iterable, List

import pytest
from tests.commands.made import notes

from dumpscope.commands import help as help_module
from dumpscope.commands.help import broken_plugins, command_help, command_list, help_command
from dumpscope.commands.index import all_commands, find_command
from dumpscope.errors import UsageError
from dumpscope.session.registry import CATEGORIES, DUMP_ANY, DUMP_FIRST, DUMP_NEEDED, DUMP_NONE, Command, Example, arg
from dumpscope.session.session import Session
from dumpscope.view.blocks import Block, Lines, Table


def made(dump: str = DUMP_NEEDED, **changes: Any) -> Command:
    """A command that only help is asked of."""
    arguments = (arg("text", help="what to look for"),)
    examples = (Example("probe", "all"), Example("probe a b", "some"))
    command = Command("probe", "looks", CATEGORIES[0], lambda session, args: iter(()), arguments, examples, (), (), "", dump, False)
    return command._replace(**changes)


def lines(blocks: Iterable[Block]) -> List[str]:
    """The lines of text among blocks."""
    return [line for block in blocks if isinstance(block, Lines) for line in block.lines]


def rows(blocks: Iterable[Block], key: str) -> List[Any]:
    """The rows of a table; none where it is not there."""
    return [tuple(row) for block in blocks if isinstance(block, Table) and block.key == key for row in block.rows]


@pytest.mark.parametrize(("dump", "place"), [(DUMP_NEEDED, " DUMP"), (DUMP_ANY, " DUMP"), (DUMP_FIRST, ""), (DUMP_NONE, "")])
def test_examples_have_the_dump_after_the_name_where_one_is_needed(dump: str, place: str) -> None:
    blocks = list(command_help(made(dump), "dumpscope "))
    assert rows(blocks, "examples") == [(f"dumpscope probe{place}", "all"), (f"dumpscope probe{place} a b", "some")]
    assert rows(command_help(made(dump), with_dump=False), "examples") == [("probe", "all"), ("probe a b", "some")]


def test_what_a_command_does_not_have_is_not_there() -> None:
    blocks = list(command_help(made(arguments=())))
    assert lines(blocks) == ["probe: looks", "usage: " + made(arguments=()).usage()]
    assert notes(blocks) == []
    assert [block.key for block in blocks if isinstance(block, Table)] == ["examples"]


def test_other_names_and_words() -> None:
    blocks = list(command_help(made(aliases=("p", "pr"), spellings=("!probe",), description="Longer words.")))
    assert lines(blocks)[2:] == ["also: p, pr", "in the debugger: !probe"]
    assert notes(blocks) == ["Longer words."]
    assert rows(blocks, "arguments") == [(made().arguments[0].words, "what to look for")]


def test_the_list_has_each_command_once_and_no_empty_category() -> None:
    blocks = list(command_list([made(), made(name="second")]))
    assert [block.key for block in blocks if isinstance(block, Table)] == [f"commands_{CATEGORIES[0]}"]
    assert rows(blocks, f"commands_{CATEGORIES[0]}") == [("probe", "looks"), ("second", "looks")]
    whole = [row[0] for category in CATEGORIES for row in rows(command_list(all_commands()), f"commands_{category}")]
    assert sorted(whole) == sorted(command.name for command in all_commands())


@pytest.mark.parametrize("name", ["handles", "!handles", ".handles"])
def test_help_on_a_command_by_its_names(name: str) -> None:
    assert lines(help_command(Session(), SimpleNamespace(name=name))) == lines(command_help(find_command("handles"), with_dump=False))


def test_help_on_a_name_that_is_none() -> None:
    with pytest.raises(UsageError):
        list(help_command(Session(), SimpleNamespace(name="nosuchthing")))


def test_help_without_a_name_tells_of_plugins_that_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(help_module, "BROKEN", [SimpleNamespace(words="plug-in x: it failed")])
    assert notes(broken_plugins()) == ["plug-in x: it failed"]
    assert notes(help_command(Session(), SimpleNamespace(name=None))) == ["plug-in x: it failed", "`help COMMAND` explains one of them"]
