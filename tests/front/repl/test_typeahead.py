"""Keys that come while a command runs: the terminal does not echo them, and the next prompt has them."""

from __future__ import annotations

import io
import os
import sys
from types import SimpleNamespace
from typing import Any, Iterator, Tuple

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.output import DummyOutput

from dumpscope.front.cli.environment import Environment
from dumpscope.front.repl.settings import Settings
from dumpscope.front.repl.terminal import Terminal
from dumpscope.front.repl.typeahead import Typed, unechoed

if sys.platform != "win32":
    import pty
    import termios

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no termios")


class Ended(Exception):
    """Raised by a test."""


@pytest.fixture
def terminal() -> Iterator[Tuple[int, int]]:
    """The two ends of a terminal: the keyboard's, and ours."""
    keyboard, ours = pty.openpty()
    yield keyboard, ours
    os.close(keyboard)
    os.close(ours)


@on_posix
@pytest.mark.parametrize("way", [None, Ended(), KeyboardInterrupt(), SystemExit(143)], ids=["done", "error", "Ctrl-C", "SIGTERM"])
def test_the_terminal_is_quiet_and_then_as_it_was(terminal: Tuple[int, int], way: Any) -> None:
    keyboard, ours = terminal
    source: Any = SimpleNamespace(fileno=lambda: ours)
    before = termios.tcgetattr(ours)
    assert before[3] & termios.ECHO
    assert before[3] & termios.ICANON
    left: Any = None
    try:
        with unechoed(source):
            within = termios.tcgetattr(ours)
            os.write(keyboard, b"lm\x04")
            assert os.read(ours, 1) + os.read(ours, 1) + os.read(ours, 1) == b"lm\x04", "each key waits for whoever reads next"
            if way is not None:
                raise way
    except BaseException as error:  # noqa: BLE001 - SystemExit too
        left = error
    assert left is way
    assert not within[3] & (termios.ECHO | termios.ECHONL | termios.ICANON)
    assert within[3] & termios.ISIG, "Ctrl-C stays a signal"
    assert [within[6][termios.VMIN], within[6][termios.VTIME]] == [1, 0]
    assert termios.tcgetattr(ours) == before


@on_posix
def test_a_terminal_that_is_gone_is_no_error(terminal: Tuple[int, int]) -> None:
    ours = os.dup(terminal[1])
    source: Any = SimpleNamespace(fileno=lambda: ours)
    with unechoed(source):
        os.close(ours)


def test_a_system_without_termios_has_no_echo_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "termios", None)
    source: Any = SimpleNamespace(fileno=lambda: 0)
    with unechoed(source):
        pass


def test_what_is_no_terminal_stays_as_it_is() -> None:
    with create_pipe_input() as pipe, unechoed(pipe):
        pass

    def none() -> int:
        raise NotImplementedError

    source: Any = SimpleNamespace(fileno=none)
    with unechoed(source):
        pass


def test_keys_typed_into_the_progress_line_are_in_the_next_prompt() -> None:
    out = io.StringIO()
    with create_pipe_input() as pipe:
        output = DummyOutput()
        screen = Terminal(Environment(out, out, {}), Settings(), input=pipe, output=output)
        screen.begin()
        screen._begin_bar(100)
        pipe.send_text("lm\x1b[D!\r")
        screen.end()
        pipe.send_text("another line\r")
        prompt: PromptSession[str] = PromptSession(input=pipe, output=output)
        assert prompt.prompt() == "l!m"


def kept(typed: Typed, *keys: str) -> None:
    for key in keys:
        typed._keep(SimpleNamespace(key_sequence=[KeyPress(key)]))  # type: ignore[arg-type]


def test_keys_are_kept_in_their_order_and_given_once() -> None:
    with create_pipe_input() as pipe:
        typed = Typed()
        kept(typed, "a", "b")
        typed.give_to(pipe)
        typed.give_to(pipe)
        pipe.send_text("\r")
        prompt: PromptSession[str] = PromptSession(input=pipe, output=DummyOutput())
        assert prompt.prompt() == "ab"


def test_ctrl_c_drops_what_was_typed() -> None:
    out = io.StringIO()
    with create_pipe_input() as pipe:
        screen = Terminal(Environment(out, out, {}), Settings(), input=pipe, output=DummyOutput())
        typed = screen._typed = Typed()
        kept(typed, "a", "b")
        screen._cancel()
        typed.give_to(pipe)
        pipe.send_text("c\r")
        prompt: PromptSession[str] = PromptSession(input=pipe, output=DummyOutput())
        assert prompt.prompt() == "c"
        with pytest.raises(KeyboardInterrupt):
            screen.progress(1, 2)
