"""Whole answers of commands on samples, word for word, read and checked when they were added.

``answers/COMMAND.txt`` holds them as a transcript: ``$ COMMAND WORDS…``, what it prints, what it prints as errors (``! …``), and its exit code where that
is not 0 (``[1]``). What a sample holds stands in ``samples/README.md``. After a change that is meant, ``python -m tests.commands.test_answers`` writes
what the commands say now; look at the difference before it is committed.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Callable, Iterator, List, NamedTuple

import pytest
from tests.extras import without_extras

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


def spoken(result: object) -> str:
    """What a command did, as a transcript has it. Folders are left out of names of samples: they are others elsewhere."""
    lines = [*result.out.splitlines(), *("! " + text for text in result.err.splitlines())]
    if result.code:
        lines.append(f"[{result.code}]")
    text = "\n".join(line.rstrip() for line in lines)
    for folder in (f"{SAMPLES}/", f"{SAMPLES}\\", f"{SAMPLES}\\".replace("\\", "\\\\")):  # the last as JSON and messages quote it
        text = text.replace(folder, "")
    return text


ALL: List[Answer] = [one for path in sorted(ANSWERS.glob("*.txt")) for one in answers(path)]


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.line)
def test_an_answer_is_the_one_that_was_checked(one: Answer, cli: Callable[..., object]) -> None:
    with without_extras():
        told = cli(*shlex.split(one.line))
    assert spoken(told).split("\n") == one.text.rstrip("\n").split("\n")


def test_a_transcript_holds_answers_of_one_command() -> None:
    assert len(ALL) > 100
    assert [one.line for one in ALL if one.line.split()[0] != one.file] == []
    assert all(one.text.strip() for one in ALL)


def _write() -> None:
    import io

    from tests.conftest import Result, _path

    from dumpscope.front.cli.environment import Environment
    from dumpscope.front.cli.main import main

    for path in sorted(ANSWERS.glob("*.txt")):
        parts = []
        for one in answers(path):
            out, err = io.StringIO(), io.StringIO()
            with without_extras():
                code = main([_path(word) for word in shlex.split(one.line)], Environment(out, err, {}))
            parts.append(f"$ {one.line}\n{spoken(Result(code, out.getvalue(), err.getvalue()))}".rstrip() + "\n")
        path.write_text("\n".join(parts), "utf-8", newline="\n") if sys.version_info >= (3, 10) else path.write_bytes("\n".join(parts).encode())


if __name__ == "__main__":
    _write()
