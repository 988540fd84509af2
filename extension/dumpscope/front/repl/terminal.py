"""The screen of a real terminal: pages long answers, shows how far a long work is, clears."""

from __future__ import annotations

import os
import sys
import time
from itertools import chain
from typing import Any, Iterable, List, Optional, Tuple

from prompt_toolkit.output import ColorDepth

from ...view.paint import LIGHT, PLAIN, Ansi, Paint, strip_ansi
from ..cli.environment import Environment
from .screen import Screen
from .settings import Settings
from .theme import background, style

PATIENCE = 0.5
"""Seconds of work before its progress is shown."""
AGAIN = "; `last` shows it all again"
"""What is said of a page that was left before its end."""


class Terminal(Screen):
    """A screen that somebody looks at."""

    def __init__(self, env: Environment, settings: Settings, *, input: Any = None, output: Any = None) -> None:
        super().__init__(env, settings)
        self._input = input
        self._output = output
        self._began = 0.0
        self._bar: Optional[Any] = None
        self._counter: Optional[Any] = None
        self._typed: Optional[Any] = None
        self._quiet = False
        self._stopped = False
        self.again = AGAIN

    # -- how it looks ------------------------------------------------------------------------------------------------------

    @property
    def theme(self) -> str:
        """``dark`` or ``light``."""
        return background(self.settings["theme"], self.env.variables)

    @property
    def colored(self) -> bool:
        """Whether colours are wanted."""
        return not self.paint().plain

    def paint(self, color: str = "auto") -> Paint:
        """The paint for an answer, in the theme's colours."""
        made = super().paint(color)
        if made.plain:
            return PLAIN
        return Ansi(LIGHT) if self.theme == "light" else made

    def style(self) -> Any:
        """The editor's style."""
        return style(self.theme, color=self.colored)

    @property
    def depth(self) -> Optional[ColorDepth]:
        """The editor's colours: none where none are wanted."""
        return None if self.colored else ColorDepth.DEPTH_1_BIT

    # -- writing -----------------------------------------------------------------------------------------------------------

    def write(self, text: str) -> None:
        """Write a piece of an answer; an old Windows console is spoken to through its own functions."""
        if sys.platform == "win32" and "\x1b" in text:
            from prompt_toolkit import print_formatted_text
            from prompt_toolkit.formatted_text import ANSI

            self.env.flush()
            print_formatted_text(ANSI(text), end="")
            return
        super().write(text)

    def clear(self) -> None:
        """Empty the screen."""
        from prompt_toolkit.shortcuts import clear

        clear()

    def _size(self) -> Tuple[int, int]:
        """Columns and rows as they are now: COLUMNS and LINES do not know of a window that was resized."""
        try:
            found = os.get_terminal_size(sys.stdout.fileno())
            return max(20, found.columns or 80), found.lines or 24  # a terminal that was told no size says 0
        except (OSError, ValueError, AttributeError):
            return 80, 24

    @property
    def width(self) -> Optional[int]:
        """Columns that answers are wrapped to, None where there is no terminal."""
        if self.settings.width or self.env.width() is None:
            return self.settings.width
        return self._size()[0]

    @property
    def rows(self) -> int:
        """Rows of the terminal."""
        return int(self._output.get_size().rows) if self._output is not None else self._size()[1]

    def show(self, chunks: Iterable[str]) -> None:
        """Write an answer, in pages where it is longer than the terminal."""
        source = iter(chunks)
        paging = self.settings["pager"] != "off"
        room = max(5, self.rows - 1)
        width = self._size()[0]
        held: List[str] = []
        rows = 0
        try:
            for chunk in source:
                held.append(chunk)
                if paging:
                    rows += _rows(chunk, width)
                    if rows > room:
                        self._end_bar()
                        self._quiet = True
                        self._page(chain(held, source))
                        return
                elif self._bar is None:
                    self.write("".join(held))
                    held.clear()
        except KeyboardInterrupt:
            self._end_bar()
            self.write("".join(held))
            raise
        self._end_bar()
        self.write("".join(held))
        self.flush()

    def _page(self, chunks: Iterable[str]) -> None:
        from .pager import Pager, through_less

        self.flush()
        if self.settings["pager"] == "less":
            source = iter(chunks)
            if through_less(source):
                return
            chunks = source
        pager = Pager(chunks, self.style(), input=self._input, output=self._output)
        try:
            pager.run()
        finally:
            seen = pager.seen
            self.write("".join(line + "\n" for line in seen))
            if len(seen) < len(pager.lines) or not pager.done:
                last = pager.top + len(seen)
                total = str(len(pager.lines)) if pager.done else "more"
                self.write(self.paint().text(f"(lines {pager.top + 1} to {last} of {total}{self.again})", "dim") + "\n")
            self.flush()

    # -- progress ----------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A command begins: its clock runs."""
        self._began = time.monotonic()
        self._quiet = self._stopped = False

    def end(self) -> None:
        """The command has ended."""
        self._end_bar()
        self._quiet = True

    def progress(self, done: int, total: int) -> None:
        """Show how far it is once it takes long. Raises KeyboardInterrupt after Ctrl-C."""
        if self._stopped:
            raise KeyboardInterrupt
        if self._quiet or not total:
            return
        if self._bar is None:
            if done >= total or time.monotonic() - self._began < PATIENCE:
                return
            self._begin_bar(total)
        if self._counter is not None:
            self._counter.total = total
            self._counter.items_completed = done

    def _begin_bar(self, total: int) -> None:
        from prompt_toolkit.shortcuts import ProgressBar
        from prompt_toolkit.shortcuts.progress_bar import formatters

        from .typeahead import Typed

        made = [
            formatters.Percentage(),
            formatters.Text(" "),
            formatters.Bar(),
            formatters.Text(" "),
            formatters.TimeLeft(),
            formatters.Text(" left; Ctrl-C stops "),
        ]
        self.flush()
        self._typed = Typed()
        self._bar = ProgressBar(
            formatters=made,
            key_bindings=self._typed.bindings,
            cancel_callback=self._cancel,
            style=self.style(),
            color_depth=self.depth,
            input=self._input,
            output=self._output,
        )
        self._bar.__enter__()
        self._bar.app.erase_when_done = True
        self._counter = self._bar(total=total)

    def _cancel(self) -> None:
        self._stopped = True
        if self._typed is not None:
            self._typed.forget()

    def _end_bar(self) -> None:
        bar, self._bar, self._counter = self._bar, None, None
        if bar is not None:
            bar.__exit__(None, None, None)
            if self._typed is not None:
                self._typed.give_to(bar.input)


def _rows(chunk: str, width: int) -> int:
    """Rows that a piece of text takes on the terminal."""
    count = chunk.count("\n")
    if len(chunk) > width:
        count += sum((len(strip_ansi(line)) - 1) // width for line in chunk.split("\n") if len(line) > width)
    return count


__all__ = ["PATIENCE", "Terminal"]
