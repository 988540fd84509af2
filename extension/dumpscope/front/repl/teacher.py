"""Lessons at the prompt: questions are asked one by one, answers checked, and what was finished is kept in a file of the user's."""

from __future__ import annotations

import json
import os
from typing import Any, Iterator, List, Optional

from prompt_toolkit import PromptSession
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.styles import DynamicStyle

from ...errors import EXIT_DONE
from ...learning.lessons import Lesson
from ...learning.tutor import Progress, Tutor
from ...session.session import Session
from ...view.blocks import Block
from .terminal import AGAIN, Terminal

LEAVE = ("q", "quit", "exit")
LARGEST = 1 << 16
"""Bytes of a file of progress that are read; what is longer is none of ours."""


class KeptProgress:
    """Progress in a file. One that cannot be read counts as empty; where none can be written, it lasts as long as the session."""

    def __init__(self, folder: str = "") -> None:
        self.path = os.path.join(folder, "lessons.json") if folder else ""
        self._progress: Optional[Progress] = None

    def load(self) -> Progress:
        """What is known now; another session may have added to the file."""
        from ...learning.tutor import Progress

        kept = Progress(self._read())
        if self._progress is not None:
            _add(kept, self._progress)
        self._progress = kept
        return kept

    def add(self, progress: Progress) -> str:
        """Keep what was finished, the best of each lesson; returns a remark where it could not be written."""
        kept = self.load()
        _add(kept, progress)
        if not self.path:
            return "there is no folder of yours to keep the progress in: it lasts as long as this session"
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            part = f"{self.path}.{os.getpid()}"
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(kept.data(), file, indent=1, sort_keys=True)
                file.write("\n")
            os.replace(part, self.path)
        except OSError as error:
            return f"the progress lasts as long as this session: {self.path} cannot be written ({error.strerror or error})"
        return ""

    def _read(self) -> Any:
        if not self.path:
            return None
        try:
            with open(self.path, "rb") as file:
                return json.loads(file.read(LARGEST))
        except (OSError, ValueError, RecursionError):
            return None


def _add(kept: Progress, other: Progress) -> None:
    for name, item in other.data().items():
        kept.finished(name, item.get("right", 0), item.get("of", 0))


class Teacher:
    """Takes a learner through lessons on a terminal."""

    def __init__(self, screen: Terminal, kept: KeptProgress, *, input: Any = None, output: Any = None) -> None:
        self.screen = screen
        self.kept = kept
        self._input = input
        self._output = output
        self._prompt: Optional[PromptSession[str]] = None

    def teach(self, word: str, session: Session) -> int:
        """One lesson, on the open dump or on its sample, until its end or until the learner leaves. Raises UsageError for none."""
        from ...commands.learn import Classroom, suits
        from ...learning.lessons import find_lesson
        from ...learning.tutor import Tutor

        lesson = find_lesson(word)
        session.progress = self.screen.progress
        own = suits(lesson, session)
        room = Classroom(lesson, session if own else None)
        tutor = Tutor(room)
        try:
            self._show(_where(lesson, session, own))
            self._step(tutor, tutor.advance())
            while not tutor.finished:
                typed = self._ask()
                if typed is None or (typed.strip().casefold() in LEAVE and not self._is_answer(tutor, typed)):
                    self._show(_left(lesson, tutor))
                    return EXIT_DONE
                self._step(tutor, tutor.reply(typed))
        finally:
            room.close()
        remark = self.kept.add(tutor.progress)
        if remark:
            self._show(_hint(remark))
        return EXIT_DONE

    @staticmethod
    def _is_answer(tutor: Tutor, typed: str) -> bool:
        return tutor.question is not None and tutor.question.check(typed)

    # -- showing -----------------------------------------------------------------------------------------------------------

    def _step(self, tutor: Tutor, blocks: Iterator[Block]) -> None:
        """Show what comes up to the next question, in pages where it is long, and the question after it, whatever was paged."""
        number = tutor.number
        asked: List[Block] = []

        def before() -> Iterator[Block]:
            for block in blocks:
                if tutor.number != number or tutor.finished:
                    asked.append(block)
                else:
                    yield block

        rows = before()
        self._show(rows)
        for _ in rows:  # the page was left before its end
            pass
        if asked:
            self._show(iter(asked))

    def _show(self, blocks: Iterator[Block]) -> None:
        from ...view.text import render_text

        self.screen.begin()
        self.screen.again = ""  # `last` is no answer
        try:
            self.screen.show(render_text(blocks, self.screen.paint(), self.screen.width))
        finally:
            self.screen.again = AGAIN
            self.screen.end()

    # -- asking ------------------------------------------------------------------------------------------------------------

    def _ask(self) -> Optional[str]:
        """What is answered; None when the learner leaves. Answers are no commands: they do not go into the history."""
        if self._prompt is None:
            self._prompt = PromptSession(
                message=[("class:prompt", "answer> ")],
                history=InMemoryHistory(),
                style=DynamicStyle(self.screen.style),
                color_depth=self.screen.depth,
                reserve_space_for_menu=0,
                input=self._input,
                output=self._output,
            )
        bar = " ? a hint │ skip shows the answer │ q or Ctrl-D leaves the lesson"
        while True:
            try:
                return self._prompt.prompt(bottom_toolbar=bar if self.screen.settings["toolbar"] == "on" else None)
            except KeyboardInterrupt:
                continue  # empties the line, as at the other prompt
            except EOFError:
                return None


def _hint(text: str) -> Iterator[Block]:
    from ...view.blocks import Note

    yield Note(text, "hint")


def _where(lesson: Lesson, session: Session, own: bool) -> Iterator[Block]:
    """What the lesson runs on, and how it is taken."""
    from ...view.blocks import Lines
    from .workspace import short_name

    how = "Type an answer; ? gives a hint, skip shows it, q leaves."
    if not own:
        yield Lines("", [f"On the sample {lesson.file}. {how}"], role="dim")
        return
    yield Lines("", [f"On {short_name(session.path)}. {how}"], role="dim")
    left_out = sum(question.on_sample for question in lesson.questions)
    if left_out:
        what = "a question is" if left_out == 1 else f"{left_out} questions are"
        yield from _hint(f"{what} about the bytes of the sample alone and left out here; with no dump open the lesson runs on the sample")


def _left(lesson: Lesson, tutor: Tutor) -> Iterator[Block]:
    yield from _hint(f"left lesson {lesson.number} at question {tutor.number}; `learn {lesson.number}` begins it again")


__all__ = ["KeptProgress", "Teacher"]
