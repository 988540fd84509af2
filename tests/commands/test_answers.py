"""Whole answers of commands on samples, word for word, read and checked when they were added.

``answers/COMMAND.txt`` holds them as a transcript: ``$ COMMAND WORDS…``, what it prints, what it prints as errors (``! …``), and its exit code where that
is not 0 (``[1]``). What a sample holds stands in ``samples/README.md``. After a change that is meant, ``python -m tests.commands.test_answers`` writes
what the commands say now; look at the difference before it is committed.
"""

from __future__ import annotations

import io
import os
import shlex
from difflib import unified_diff
from pathlib import Path
from typing import Iterator, List, NamedTuple, Sequence

import pytest
from docs.extras import without_extras
from tests.conftest import Result

from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main

ANSWERS = Path(__file__).with_name("answers")
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


class Answer(NamedTuple):
    """A line as it is typed, and what follows it."""

    file: str
    line: str
    text: str


def answers(path: Path) -> Iterator[Answer]:
    """The answers of a transcript."""
    line, said = "", []
    for text in path.read_text("utf-8").splitlines():
        if text.startswith("$ "):
            if line:
                yield Answer(path.stem, line, "\n".join(said))
            line, said = text[2:], []
        else:
            said.append(text)
    yield Answer(path.stem, line, "\n".join(said))


def asked(words: Sequence[str]) -> Result:
    """What the words of a line give in the folder of samples, so that no answer is wrapped by where the checkout lies; without extras."""
    out, err = io.StringIO(), io.StringIO()
    here = os.getcwd()
    os.chdir(SAMPLES)
    try:
        with without_extras():
            code = main(list(words), Environment(out, err, {}))
    finally:
        os.chdir(here)
    return Result(code, out.getvalue(), err.getvalue())


def spoken(result: Result) -> str:
    """What a command did, as a transcript has it. Folders are left out of names of samples: they are others elsewhere."""
    lines = [*result.out.splitlines(), *("! " + text for text in result.err.splitlines())]
    if result.code:
        lines.append(f"[{result.code}]")
    text = "\n".join(line.rstrip() for line in lines)
    for folder in (f"{SAMPLES}/", f"{SAMPLES}\\", f"{SAMPLES}\\".replace("\\", "\\\\")):  # the last as JSON and messages quote it
        text = text.replace(folder, "")
    return text


ALL: List[Answer] = [one for path in sorted(ANSWERS.glob("*.txt")) for one in answers(path)]


def difference(one: Answer) -> str:
    """What is answered now against what was checked, as a patch; empty where both are the same."""
    checked, now = one.text.rstrip("\n").split("\n"), spoken(asked(shlex.split(one.line))).split("\n")
    return "" if now == checked else "\n".join([f"$ {one.line}", *unified_diff(checked, now, "checked", "now", n=1, lineterm="")])


@pytest.mark.parametrize("command", sorted({one.file for one in ALL}))
def test_answers_of_a_command_are_those_that_were_checked(command: str) -> None:
    changed = [found for found in (difference(one) for one in ALL if one.file == command) if found]
    assert changed == [], "\n\n".join(changed)


def test_a_transcript_holds_answers_of_one_command() -> None:
    assert len(ALL) > 100
    assert [one.line for one in ALL if one.line.split()[0] != one.file] == []
    assert all(one.text.strip() for one in ALL)


def _write() -> None:
    for path in sorted(ANSWERS.glob("*.txt")):
        parts = [f"$ {one.line}\n{spoken(asked(shlex.split(one.line)))}".rstrip() + "\n" for one in answers(path)]
        path.write_bytes("\n".join(parts).encode())


if __name__ == "__main__":
    _write()
