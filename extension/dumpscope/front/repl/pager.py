"""A pager of our own: it reads an answer as far as it is looked at, searches it, and leaves the page that was last seen."""

from __future__ import annotations

import asyncio
import subprocess
from typing import Any, Iterable, Iterator, List, Optional

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Point
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.styles import BaseStyle
from prompt_toolkit.utils import get_cwidth

from ...view.paint import strip_ansi
from .filters import lines_of

AHEAD = 200
"""Lines that are read beyond the page, so that the end of a short answer is known."""
STEP = 2000
"""Lines that are read at a time while an end or a match is looked for."""


class Pager:
    """Pages through chunks of painted text. ``run`` returns when it is left; ``lines`` and ``top`` then tell what was seen."""

    def __init__(self, chunks: Iterable[str], style: BaseStyle, *, input: Any = None, output: Any = None) -> None:
        self.lines: List[str] = []
        self.top = 0
        self.done = False
        self.failure: Optional[BaseException] = None
        self._source: Iterator[str] = lines_of(chunks)
        self._typing: Optional[str] = None
        self._wanted = ""
        self._message = ""
        self._work: Optional[asyncio.Task[None]] = None
        self._text = FormattedTextControl(self._shown, focusable=True, show_cursor=False, get_cursor_position=lambda: Point(0, 0))
        body = Window(self._text, wrap_lines=True, always_hide_cursor=True)
        bar = Window(FormattedTextControl(self._bar), height=1, style="class:pager.bar")
        self.app: Application[None] = Application(
            layout=Layout(HSplit([body, bar]), focused_element=body),
            key_bindings=self._keys(),
            full_screen=True,
            style=style,
            input=input,
            output=output,
        )

    # -- reading -----------------------------------------------------------------------------------------------------------

    def fill(self, count: int) -> None:
        """Read until there are ``count`` lines, or no more."""
        while len(self.lines) < count and not self.done:
            try:
                self.lines.append(next(self._source).rstrip("\r\n"))
            except StopIteration:
                self.done = True
            except BaseException as error:  # noqa: BLE001 - told when the pager is left, where errors become words
                self.failure = error
                self.done = True

    @property
    def height(self) -> int:
        """Rows of the page."""
        return max(1, self.app.output.get_size().rows - 1)

    @property
    def width(self) -> int:
        """Columns of the page."""
        return max(1, self.app.output.get_size().columns)

    def page(self, top: int) -> int:
        """How many lines fit on a page that begins with line ``top``."""
        rows = count = 0
        self.fill(top + self.height)
        for line in self.lines[top : top + self.height]:
            rows += max(1, -(-get_cwidth(strip_ansi(line)) // self.width))
            if rows > self.height and count:
                break
            count += 1
        return max(1, count)

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def _shown(self) -> StyleAndTextTuples:
        out: StyleAndTextTuples = []
        self.fill(self.top + self.height + AHEAD)
        for line in self.lines[self.top : self.top + self.height]:
            out.extend(self._marked(line))
            out.append(("", "\n"))
        return out

    def _marked(self, line: str) -> StyleAndTextTuples:
        pieces: StyleAndTextTuples = to_formatted_text(ANSI(line) if "\x1b" in line else line)
        if not self._wanted:
            return pieces
        text = fragment_list_to_text(pieces)
        low, wanted = text.lower(), self._wanted.lower()
        if wanted not in low or len(low) != len(text):
            return pieces
        out: StyleAndTextTuples = []
        hits = []
        at = low.find(wanted)
        while at >= 0:
            hits.append((at, at + len(wanted)))
            at = low.find(wanted, at + len(wanted))
        place = 0
        for item in pieces:
            for char in item[1]:
                inside = any(begin <= place < end for begin, end in hits)
                out.append(("class:pager.found" if inside else item[0], char))
                place += 1
        return out

    def _bar(self) -> StyleAndTextTuples:
        if self._typing is not None:
            return [("", f" /{self._typing}█")]
        last = min(len(self.lines), self.top + self.page(self.top))
        total = str(len(self.lines)) if self.done else f"{len(self.lines)}+"
        words = f" {self._message} │" if self._message else ""
        keys = " q leaves  Space on  b back  / search  n next  g top  G end"
        text = f" {self.top + 1}-{last} of {total} │{words}{keys}"
        return [("", text[: self.width])]

    # -- keys --------------------------------------------------------------------------------------------------------------

    def _move(self, top: int) -> None:
        self._message = ""
        self.fill(max(0, top) + self.height)
        last = max(0, len(self.lines) - 1)
        if self.done:
            last = self._last_top()
        self.top = max(0, min(top, last))

    def _last_top(self) -> int:
        """The top line of the last page."""
        rows, at = 0, len(self.lines)
        while at and rows < self.height:
            rows += max(1, -(-get_cwidth(strip_ansi(self.lines[at - 1])) // self.width))
            if rows > self.height:
                break
            at -= 1
        return at

    def _start(self, work: Any) -> None:
        self._stop()
        self._work = self.app.create_background_task(work)

    def _stop(self) -> None:
        if self._work is not None:
            self._work.cancel()
            self._work = None
        self._message = ""

    async def _to_end(self) -> None:
        while not self.done:
            self.fill(len(self.lines) + STEP)
            self._message = "reading, any key stops"
            self.app.invalidate()
            await asyncio.sleep(0)
        self._message = ""
        self.top = self._last_top()
        self.app.invalidate()

    async def _search(self, begin: int, step: int) -> None:
        wanted = self._wanted.lower()
        at = begin
        while True:
            if step > 0 and at >= len(self.lines):
                if self.done:
                    break
                self.fill(len(self.lines) + STEP)
                self._message = "searching, any key stops"
                self.app.invalidate()
                await asyncio.sleep(0)
                continue
            if at < 0:
                break
            if wanted in strip_ansi(self.lines[at]).lower():
                self._message = ""
                self.top = at
                self.app.invalidate()
                return
            at += step
            if at % STEP == 0:
                await asyncio.sleep(0)
        self._message = f"no {'more ' if begin else ''}{self._wanted!r}"
        self.app.invalidate()

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add(Keys.Any)
        def _any(event: KeyPressEvent) -> None:
            """Characters of a search; otherwise commands of one key."""
            char = event.data if len(event.data) == 1 else "\0"
            if self._typing is not None:
                self._typing += char if char.isprintable() else ""
                return
            self._stop()
            if char in "qQ":
                event.app.exit()
            elif char in " f":
                self._move(self.top + self.page(self.top))
            elif char == "b":
                self._move(self.top - self.height)
            elif char in "je":
                self._move(self.top + 1)
            elif char in "ky":
                self._move(self.top - 1)
            elif char == "d":
                self._move(self.top + self.height // 2)
            elif char == "u":
                self._move(self.top - self.height // 2)
            elif char in "g<":
                self._move(0)
            elif char in "G>":
                self._start(self._to_end())
            elif char == "/":
                self._typing = ""
            elif char == "n" and self._wanted:
                self._start(self._search(self.top + 1, 1))
            elif char == "N" and self._wanted:
                self._start(self._search(self.top - 1, -1))
            elif char.isprintable():
                self._message = f"{char} means nothing here"

        @keys.add("enter")
        def _enter(event: KeyPressEvent) -> None:
            """Begin the search that was typed; otherwise a line on."""
            if self._typing is None:
                self._stop()
                self._move(self.top + 1)
                return
            typed, self._typing = self._typing, None
            self._wanted = typed or self._wanted
            if self._wanted:
                self._start(self._search(self.top, 1))

        @keys.add("backspace")
        def _backspace(event: KeyPressEvent) -> None:
            """Take back a character of the search; on an empty one, the search."""
            if self._typing is not None:
                self._typing = self._typing[:-1] if self._typing else None

        @keys.add("escape", eager=True)
        def _escape(event: KeyPressEvent) -> None:
            """Leave the search, then the marks, then the pager."""
            self._stop()
            if self._typing is not None:
                self._typing = None
            elif self._wanted:
                self._wanted = ""
            else:
                event.app.exit()

        @keys.add("c-c")
        @keys.add("c-d")
        def _leave(event: KeyPressEvent) -> None:
            """Leave."""
            event.app.exit()

        for name, move in (
            ("down", lambda: self.top + 1),
            ("up", lambda: self.top - 1),
            ("pagedown", lambda: self.top + self.page(self.top)),
            ("pageup", lambda: self.top - self.height),
            ("home", lambda: 0),
        ):

            @keys.add(name)
            def _by(event: KeyPressEvent, move: Any = move) -> None:
                """Move."""
                self._stop()
                self._move(move())

        @keys.add("end")
        def _end(event: KeyPressEvent) -> None:
            """To the end, however far it is."""
            self._start(self._to_end())

        @keys.add("c-l")
        def _redraw(event: KeyPressEvent) -> None:
            """Draw again."""
            event.app.renderer.clear()

        return keys

    def run(self) -> None:
        """Page until it is left. Raises what went wrong while the answer was made."""
        self.app.run()
        if self.failure is not None:
            raise self.failure

    @property
    def seen(self) -> List[str]:
        """The lines of the page that was last seen."""
        return self.lines[self.top : self.top + self.page(self.top)]


def through_less(chunks: Iterable[str]) -> bool:
    """Page through less; False where there is none."""
    try:
        process = subprocess.Popen(["less", "-R", "-S"], stdin=subprocess.PIPE, text=True, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return False
    assert process.stdin is not None
    try:
        for chunk in chunks:
            process.stdin.write(chunk)
    except (BrokenPipeError, KeyboardInterrupt):
        pass
    finally:
        try:
            process.stdin.close()
        except OSError:
            pass
        while True:
            try:
                process.wait()
                break
            except KeyboardInterrupt:
                continue  # less takes it as the end of a search, and stays
    return True


__all__ = ["Pager", "through_less"]
