"""What an error is for whoever typed the command: exit codes as docs have them, words without a traceback unless it is asked for."""

from __future__ import annotations

import errno
from typing import Callable, List

import pytest

from dumpscope.errors import DumpError, NotInDump, UsageError
from dumpscope.front.boundary import Told, guarded, silence, told


def raising(error: BaseException) -> Callable[[], int]:
    """Work that fails so."""

    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UsageError("no such command", "try help"), Told(2, "no such command", "try help")),
        (DumpError("cut"), Told(3, "cut")),
        (NotInDump("no handles"), Told(1, "no handles")),
        (KeyboardInterrupt(), Told(130, "interrupted")),
        (OSError(errno.ENOSPC, "disk full", "out.txt"), Told(4, "the answer could not be written: disk full: 'out.txt'")),
    ],
)
def test_an_error_that_is_foreseen(error: BaseException, expected: Told) -> None:
    assert told(error) == expected


def test_a_fault_of_ours_asks_to_be_reported_and_shows_its_place_on_demand() -> None:
    try:
        raise ValueError("seven")
    except ValueError as error:
        short, long = told(error), told(error, debug=True)
    assert (short.code, short.message) == (70, "internal error: ValueError: seven")
    assert "--debug" in short.hint
    assert long.code == 70
    assert long.message.startswith("Traceback")
    assert long.message.endswith("ValueError: seven")
    assert not long.hint


@pytest.mark.parametrize(("error", "word"), [(RecursionError(), "stack"), (MemoryError(), "memory")])
def test_what_runs_out_is_named_with_where_there_is_more(error: BaseException, word: str) -> None:
    found = told(error, roomier="use 64 bits")
    assert found.code == 70
    assert found.message.startswith(f"out of {word};")
    assert found.hint == "use 64 bits"


def test_debug_leaves_an_error_of_use_as_it_is() -> None:
    assert told(UsageError("wrong"), debug=True) == Told(2, "wrong")


def test_guarded_work_gives_its_code_or_that_of_its_error() -> None:
    heard: List[Told] = []
    assert guarded(lambda: 5, heard.append) == 5
    assert heard == []
    assert guarded(raising(UsageError("wrong")), heard.append) == 2
    assert guarded(raising(MemoryError()), heard.append, roomier="there") == 70
    assert [item.hint for item in heard] == ["", "there"]


@pytest.mark.parametrize("error", [BrokenPipeError(), SystemExit(3)])
def test_what_leaves_the_boundary(error: BaseException) -> None:
    heard: List[Told] = []
    with pytest.raises(type(error)):
        guarded(raising(error), heard.append)
    assert heard == []


def test_a_stream_without_a_descriptor_is_left_alone() -> None:
    silence(None)
    silence(object())
