"""A lesson taken step by step: for a front that can ask. It neither reads nor writes; the front hands it what was typed."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Protocol

from ..view.blocks import Block, Lines, Note, Paragraph
from .lessons import NAMES, Lesson, Prose, Question, Run, Step


class Room(Protocol):
    """What a lesson runs on, such as a :class:`~dumpscope.commands.learn.Classroom`."""

    lesson: Lesson

    def steps(self) -> Iterator[Step]:
        """The lesson's steps."""

    def line(self, step: Run) -> str:
        """The command of a step as it is typed here."""

    def blocks(self, step: Run) -> Iterator[Block]:
        """What the command of a step answers."""

    def close(self) -> None:
        """Let go of what the lesson ran on."""


HINT = ("?", "hint", "h")
SKIP = ("skip", "s", "next")


class Progress:
    """Which lessons were finished, and how many questions were answered right at the first try. Plain data to keep in a file."""

    def __init__(self, data: Optional[Any] = None) -> None:
        self.lessons: Dict[str, Dict[str, int]] = {}
        if isinstance(data, dict):
            for name, item in data.items():
                if name in NAMES and isinstance(item, dict):
                    self.lessons[name] = {key: value for key, value in item.items() if key in ("right", "of") and isinstance(value, int)}

    def data(self) -> Dict[str, Dict[str, int]]:
        """What to keep; :class:`Progress` takes it back."""
        return {name: dict(item) for name, item in self.lessons.items()}

    def finished(self, name: str, right: int, of: int) -> None:
        """Note that a lesson was finished; the best result is kept."""
        best = self.lessons.get(name, {}).get("right", -1)
        if right >= best:
            self.lessons[name] = {"right": right, "of": of}

    def words(self, name: str) -> str:
        """``done, 2 of 3``, or nothing for a lesson that was not finished."""
        item = self.lessons.get(name)
        return f"done, {item.get('right', 0)} of {item.get('of', 0)}" if item else ""


class Tutor:
    """One lesson with one learner.

    :meth:`advance` yields what is to be shown up to the next question, which then is :attr:`question`; :meth:`reply` takes what
    was typed, says whether it is right, and goes on if so. ``?`` asks for a hint, ``skip`` for the answer.
    """

    def __init__(self, room: Room, progress: Optional[Progress] = None) -> None:
        self.room = room
        self.progress = progress if progress is not None else Progress()
        self.question: Optional[Question] = None
        self.finished = False
        self.number = 0
        self.right = 0
        self._tries = 0
        self._hints = 0
        self._steps: List[Step] = list(room.steps())
        self._total = sum(isinstance(step, Question) for step in self._steps)
        self._at = 0

    def advance(self) -> Iterator[Block]:
        """The lesson up to the next question, or to its end."""
        lesson = self.room.lesson
        if not self._at:
            yield Lines("", [f"Lesson {lesson.number}: {lesson.title}", lesson.summary], role="emphasis")
        while self._at < len(self._steps):
            step = self._steps[self._at]
            self._at += 1
            if isinstance(step, Prose):
                if step.text.startswith("#"):
                    yield Lines("", ["", step.text.lstrip("# ")], role="title")
                else:
                    yield Paragraph(step.text)
            elif isinstance(step, Run):
                on = f"   (on {step.on})" if step.sample else ""
                yield Lines("", ["", f"> {self.room.line(step)}{on}"], role="label")
                yield from self.room.blocks(step)
            else:
                self.question = step
                self.number += 1
                self._tries = self._hints = 0
                yield Paragraph(f"Question {self.number} of {self._total}. {step.text}", "emphasis")
                return
        if not self.finished:
            self.finished = True
            self.progress.finished(lesson.name, self.right, self._total)
            yield Paragraph(f"The end of lesson {lesson.number}: {self.right} of {self._total} answered at the first try.", "good")
            if lesson.number < len(NAMES):
                yield Note(f"`learn {lesson.number + 1}` is the next one", "hint")
            self.room.close()

    def reply(self, text: str) -> Iterator[Block]:
        """What to say to an answer; after a right one, or ``skip``, the lesson goes on."""
        question = self.question
        if question is None:
            yield from self.advance()
            return
        word = text.strip().casefold()
        if word in SKIP and not question.check(text):
            yield Paragraph(f"{question.answers[0]}. {question.because}")
        elif word in HINT and not question.check(text):
            yield from self._hint(question)
            return
        elif question.check(text):
            self.right += not self._tries
            yield Paragraph("Right. " + question.because, "good")
        else:
            self._tries += 1
            yield Paragraph("No, that is not it." if word else "Type an answer, ? for a hint, or skip.", "warning")
            if self._tries > 1:
                yield from self._hint(question)
            return
        self.question = None
        yield from self.advance()

    def _hint(self, question: Question) -> Iterator[Block]:
        self._tries = max(self._tries, 1)  # with a hint it is no first try any more
        if self._hints < len(question.hints):
            yield Paragraph(f"Hint: {question.hints[self._hints]}")
            self._hints += 1
        else:
            yield Paragraph("There is no other hint; skip shows the answer.")
