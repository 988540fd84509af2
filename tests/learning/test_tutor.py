"""A lesson taken step by step: questions, hints, answers, progress."""

from __future__ import annotations

from typing import Iterable

import pytest

from dumpscope.commands.learn import Classroom
from dumpscope.learning.lessons import all_lessons, load
from dumpscope.learning.tutor import Progress, Tutor
from dumpscope.view.text import render_text


def said(blocks: Iterable[object]) -> str:
    return "".join(render_text(blocks))  # type: ignore[arg-type]


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.name)
def test_a_lesson_can_be_taken_to_its_end(lesson: object) -> None:
    tutor = Tutor(Classroom(lesson))  # type: ignore[arg-type]
    said(tutor.advance())
    while not tutor.finished:
        assert tutor.question is not None
        assert "Right." in said(tutor.reply(tutor.question.answers[0]))
    assert tutor.progress.words(tutor.room.lesson.name) == f"done, {tutor.number} of {tutor.number}"


def test_hints_wrong_answers_and_skipping() -> None:
    tutor = Tutor(Classroom(load("01-header-and-flags")))
    assert "Question 1 of 3" in said(tutor.advance())
    question = tutor.question
    assert question is not None
    assert "No, that is not it." in said(tutor.reply("XXXX"))
    assert question.hints[0] in said(tutor.reply("YYYY"))
    assert question.hints[1] in said(tutor.reply("?"))
    assert "no other hint" in said(tutor.reply("hint"))
    assert "Type an answer" in said(tutor.reply("  "))
    assert tutor.question is question
    out = said(tutor.reply("mdmp"))
    assert "Right." in out
    assert "Question 2 of 3" in out
    assert "0x4" in said(tutor.reply("skip"))
    assert "Right." in said(tutor.reply("1824"))
    assert tutor.finished
    assert tutor.progress.data() == {"01-header-and-flags": {"right": 1, "of": 3}}


def test_progress_is_plain_data() -> None:
    progress = Progress({"01-header-and-flags": {"right": 2, "of": 3}, "no-lesson": {"right": 1}, "02-directory": 7})
    assert progress.data() == {"01-header-and-flags": {"right": 2, "of": 3}}
    progress.finished("01-header-and-flags", 1, 3)
    assert progress.words("01-header-and-flags") == "done, 2 of 3"
    assert progress.words("02-directory") == ""
    assert Progress([1, 2]).data() == {}
