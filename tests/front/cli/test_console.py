"""A dump that is dropped on the program: what is shown, and that the window stays until it was read."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest

from dumpscope.front.cli.console import is_own, made_for_us, own_programs
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
LAUNCHER = r"C:\Python\Scripts\dumpscope"
PYTHON = r"C:\venv\Scripts\python.exe"
SHELL = r"C:\Windows\System32\cmd.exe"


class Window(Environment):
    """Streams of a console; counts how often Enter is waited for."""

    def __init__(self, *, own: bool) -> None:
        self.out, self.err, self.own, self.waited = io.StringIO(), io.StringIO(), own, 0
        super().__init__(self.out, self.err, {})

    def closes(self) -> bool:
        return self.own

    def wait(self) -> None:
        self.waited += 1


@pytest.mark.parametrize(
    ("words", "waits", "shown"),
    [
        (["handles.dmp"], 1, "what happened"),
        (["not-a-dump-text.dmp"], 1, "a text file"),
        (["handles.dmp", "handles-leak.dmp"], 1, "dumpscope diff"),
        (["nosuch.dmp"], 0, "cannot open"),
        (["threads", "handles.dmp"], 0, "thread"),
    ],
)
def test_a_window_of_its_own_stays_for_what_is_dropped_on_the_program(words: Sequence[str], waits: int, shown: str) -> None:
    argv = [str(SAMPLES / word) if word.endswith(".dmp") else word for word in words]
    for own in (True, False):
        window = Window(own=own)
        main(argv, window)
        assert window.waited == (waits if own else 0)
        assert shown in window.out.getvalue() + window.err.getvalue()


def test_the_launchers_of_a_script_are_ours_and_a_shell_is_not() -> None:
    own = own_programs(LAUNCHER, PYTHON, environment=True)
    images: Dict[int, str] = {1: "", 2: LAUNCHER + ".EXE", 3: PYTHON.upper(), 4: SHELL, 5: ""}
    cases: List[Any] = [([1], True), ([1, 2], True), ([1, 2, 3], True), ([1, 4], False), ([1, 2, 3, 4], False), ([1, 5], False), ([2, 3], False), ([], False)]
    for processes, expected in cases:
        assert made_for_us(processes, lambda number: images[number], 1, own) is expected, processes
    assert not made_for_us([1, 3], lambda number: images[number], 1, own_programs(LAUNCHER, PYTHON, environment=False))
    assert not made_for_us([*range(1, 40)], lambda number: PYTHON, 1, own)


def _not_allowed(*_: Any) -> int:
    return 0


class Kernel:
    """kernel32 with a console of some processes, all without a name."""

    def __init__(self, *processes: int) -> None:
        self.processes = processes
        self.OpenProcess = _not_allowed

    def GetConsoleProcessList(self, room: Any, size: int) -> int:
        for index, number in enumerate(self.processes[:size]):
            room[index] = number
        return len(self.processes)


def test_the_console_is_asked_for_its_processes() -> None:
    for processes, expected in (((os.getpid(),), True), ((os.getpid(), 1), False), ((), False), (tuple(range(1, 60)), False)):
        assert is_own(Kernel(*processes)) is expected
    assert isinstance(is_own(), bool)  # what this system itself says


def test_enter_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = io.StringIO("\nmore")
    monkeypatch.setattr(sys, "stdin", typed)
    err = io.StringIO()
    env = Environment(io.StringIO(), err, {})
    env.wait()
    assert "Enter" in err.getvalue()
    assert typed.read() == "more"
    assert env.closes() is False  # its output is no terminal


@pytest.mark.parametrize("name", ["nosuch.txt", "nosuch.ips", "no such.dmp", "nosuch.DMP", "handles.dmpx"])
def test_a_wrong_path_is_a_path(cli: Any, name: str) -> None:
    found = cli(name)
    assert found.code == 3
    assert "cannot open" in found.err
    assert "`dumpscope demo`" in found.err or "did you mean" in found.err


@pytest.mark.parametrize("name", ["nosuch", "!nosuch.x", ".nosuch"])
def test_a_wrong_command_is_a_command(cli: Any, name: str) -> None:
    found = cli(name)
    assert found.code == 2
    assert "no command" in found.err
