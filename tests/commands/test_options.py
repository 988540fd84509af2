"""Each option of each command stands in a transcript of ``answers/``, and changes what is answered there."""

from __future__ import annotations

import shlex
from typing import Dict, Iterator, List, NamedTuple, Tuple

import pytest
from tests.cases import each
from tests.commands.test_answers import ALL, Answer, asked, spoken

from dumpscope.commands.index import all_commands
from dumpscope.session.registry import Argument

ELSEWHERE: Dict[str, str] = {
    "atlas": "tests/atlas: an answer is a page",
    "learn": "tests/learning: asks questions",
    "windbg": "tests/front/windbg: names folders of this machine",
    "writedump": "tests/commands/test_writedump.py: needs Windows",
    "triage": "tests/fleet: starts processes",
}
"""Commands whose answers no transcript holds, and where their options are tested."""

FILES = {
    "-o",
    "--write",
    "--report",
    "--all-modules",
    "--force",
    "--anew",
    "--resume",
    "--policy",
    "-i",
    "-y",
    "--download",
    "--loose",
    "--find",
    "--lines",
    "--parameters",
    "--parameter-lines",
}
"""Options that need files beside the dump, or write them: their tests have folders of their own."""

LONGER: Dict[Tuple[str, str], str] = {("annotations", "--full"): "tests/commands/test_annotations.py: no sample has a text that is long enough"}
"""Options that change nothing on any sample, and where they are tested."""

SAME = {("handles", "--sort", "handle"), ("read", "--form", "b"), ("scrub", "--stacks", "frames"), ("scrub", "--show", "")}
"""What a command does without the option too (``--show``: as long as no ``-o`` is given): the answer must be the same."""


class Use(NamedTuple):
    """An option of a command, and a value if it takes one of a few."""

    command: str
    option: Argument
    value: str


def _uses() -> Iterator[Use]:
    for one in all_commands():
        if one.name not in ELSEWHERE and one.category != "session":
            for option in one.arguments:
                if not option.positional and not FILES & set(option.names) and (one.name, option.names[-1]) not in LONGER:
                    for value in option.choices or ("",):
                        yield Use(one.name, option, value)


def _places(words: List[str], use: Use) -> Iterator[Tuple[int, int]]:
    """Where an option stands in a line, from its name to behind its value."""
    for number, word in enumerate(words):
        if word in use.option.names:
            end = number + (1 if use.option.switch else 2)
            if not use.value or words[end - 1] == use.value:
                yield number, end


@each("use", list(_uses()), ids=lambda use: " ".join([use.command, use.option.names[-1], use.value]).strip())
def test_an_option_changes_an_answer(use: Use) -> None:
    lines: List[Answer] = [one for one in ALL if one.file == use.command]
    with_it = [(one, shlex.split(one.line), *place) for one in lines for place in _places(shlex.split(one.line), use)]
    assert with_it, f"no line of tests/commands/answers/{use.command}.txt has it"
    changed = [spoken(asked([*words[:start], *words[end:]])).strip() != one.text.strip() for one, words, start, end in with_it]
    if (use.command, use.option.names[-1], use.value) in SAME:
        assert not any(changed)
    else:
        assert any(changed)


@pytest.mark.parametrize("form", ["", "--json", "--csv"])
def test_a_command_has_answers_in_each_form(form: str) -> None:
    without = []
    for one in all_commands():
        if one.name not in ELSEWHERE and one.category != "session":
            lines = [shlex.split(answer.line) for answer in ALL if answer.file == one.name]
            if not any(form in line if form else not {"--json", "--csv"} & set(line) for line in lines):
                without.append(one.name)
    assert without == []
