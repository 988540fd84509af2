"""What ``!py -m dumpscope.windbg`` starts: the words that were typed, and an exit code only where somebody sees it."""

from __future__ import annotations

import runpy
import sys
from typing import Any, List

import pytest

from dumpscope import windbg
from dumpscope.front.windbg import main as front


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> List[List[str]]:
    """What the front end was asked; it answers 2."""
    found: List[List[str]] = []

    def run_module(words: List[str]) -> int:
        found.append(words)
        return 2

    monkeypatch.setattr(front, "run_module", run_module)
    monkeypatch.setattr(sys, "argv", ["windbg.py", "why", "!handle"])
    monkeypatch.delitem(sys.modules, "dumpscope.windbg", raising=False)
    return found


def test_the_words_are_those_that_were_typed_or_given(asked: List[List[str]]) -> None:
    assert windbg.main() == 2
    assert windbg.main([]) == 2
    assert asked == [["why", "!handle"], []]


def test_the_exit_code_leaves_it_outside_the_debugger(asked: List[List[str]]) -> None:
    with pytest.raises(SystemExit) as left:
        runpy.run_module("dumpscope.windbg", run_name="__main__")
    assert left.value.code == 2
    assert asked == [["why", "!handle"]]


def test_the_debugger_sees_no_exit(asked: List[List[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    class Output:
        def writedml(self, text: str) -> None:
            """The debugger's output object has this."""

        def write(self, text: str) -> int:
            return len(text)

        def flush(self) -> None:
            """Nothing is held back."""

    output: Any = Output()
    monkeypatch.setattr(sys, "stdout", output)
    assert runpy.run_module("dumpscope.windbg", run_name="__main__")["status"] == 2
    assert asked == [["why", "!handle"]]
