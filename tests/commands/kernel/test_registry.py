"""Which function answers a command on a kernel dump: its own, the common one, or one that says that there is none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, List

import pytest
from tests.commands.made import notes
from tests.conftest import SAMPLES

from dumpscope.commands.index import find_command
from dumpscope.commands.kernel.registry import ANSWERS, FOR_ALL, answer_for, kernel_of, works
from dumpscope.commands.opening import session_of
from dumpscope.dump.source import Source
from dumpscope.session.session import Session


@pytest.mark.parametrize("name", ANSWERS)
def test_a_command_with_an_answer_of_its_own(name: str) -> None:
    command = find_command(name)
    assert works(name)
    function: Any = answer_for(command)
    assert function is not command.function
    assert function.__module__.startswith("dumpscope.commands.kernel.")


@pytest.mark.parametrize("name", FOR_ALL)
def test_a_command_that_answers_the_same_with_any_dump(name: str) -> None:
    command = find_command(name)
    assert works(name)
    assert answer_for(command) is command.function


def refused(name: str) -> List[str]:
    """What is said in place of an answer."""
    session = Session()
    command = find_command(name)
    assert not works(name)
    blocks = list(answer_for(command)(session, SimpleNamespace()))
    assert session.status == 1
    return notes(blocks)


def test_another_command_says_what_works() -> None:
    words = refused("handles")
    assert words[0] == "handles is for dumps of a process, and this is a kernel dump."
    assert len(words) == 2
    assert {"bugcheck", *ANSWERS} == set(words[1].partition(": ")[2].rstrip(".").split(", "))


def test_scrub_says_what_to_do_instead() -> None:
    words = refused("scrub")
    assert len(words) == 3
    assert "strings" in words[1]


def test_the_kernel_dump_of_a_session() -> None:
    path = str(SAMPLES / "not-a-dump-kernel-triage-64.dmp")
    session = session_of(Source.from_object((SAMPLES / "not-a-dump-kernel-triage-64.dmp").read_bytes()), path)
    assert kernel_of(session) is session.kernel
    with pytest.raises(AssertionError):
        kernel_of(Session())
