"""What is typed while a command runs: it is not echoed into the answer, and is in the next prompt."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, List

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys


@contextmanager
def unechoed(source: Input) -> Iterator[None]:
    """The terminal without echo, and without lines of its own: what comes between two prompts waits, key by key, until the next one reads it.

    Ctrl-C stays a signal. The terminal is as it was when this is left, in whatever way. Nothing happens where the input is no terminal, and on
    Windows, whose console echoes nothing that nobody reads.
    """
    try:
        import termios
    except ImportError:
        yield
        return
    try:
        number = source.fileno()
        before = termios.tcgetattr(number)
    except (NotImplementedError, OSError, ValueError, termios.error):
        number = -1
    if number < 0:
        yield
        return
    quiet: List[Any] = list(before)
    quiet[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON)
    quiet[6] = list(before[6])
    quiet[6][termios.VMIN], quiet[6][termios.VTIME] = 1, 0
    try:
        termios.tcsetattr(number, termios.TCSANOW, quiet)
        yield
    finally:
        try:
            termios.tcsetattr(number, termios.TCSANOW, before)
        except (OSError, termios.error):
            pass  # the terminal is gone


class Typed:
    """The keys that come while progress is shown, which reads them because of Ctrl-C."""

    def __init__(self) -> None:
        self._keys: List[KeyPress] = []
        self.bindings = KeyBindings()
        self.bindings.add(Keys.Any)(self._keep)

    def _keep(self, event: KeyPressEvent) -> None:
        self._keys += event.key_sequence

    def forget(self) -> None:
        """Ctrl-C: what was typed before it goes, as a terminal has it."""
        self._keys.clear()

    def give_to(self, source: Input) -> None:
        """Let the next prompt on ``source`` begin with these keys."""
        if self._keys:
            store_typeahead(source, self._keys)
            self._keys = []


__all__ = ["Typed", "unechoed"]
