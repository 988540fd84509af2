"""A lesson as a page: its commands with the output that they have on the lesson's sample, its questions with the answers folded away."""

from __future__ import annotations

from typing import Iterator

from dumpscope.learning.lessons import Lesson, Question, Run

from ..transcripts import output, workplace

LINES = 60
"""Lines of output that a page shows of one command."""


def sample_path(lesson: Lesson, step: Run) -> str:
    """The path of what a command runs on, as someone in a clone types it."""
    name = step.on or lesson.file
    return f"samples/{name}" if name.endswith(".dmp") and "!" not in name else f"samples/archives/{name}"


def _run(lesson: Lesson, step: Run) -> Iterator[str]:
    sample = sample_path(lesson, step)
    lines = output(["run", sample, "-c", step.filled()])
    yield "```console"
    yield f"$ dumpscope run {sample} -c '{step.filled()}'"
    yield from lines[:LINES]
    if len(lines) > LINES:
        yield f"… {len(lines) - LINES} more lines"
    yield "```"


def _question(step: Question) -> Iterator[str]:
    yield f"**Question.** {step.text}"
    yield ""
    for number, hint in enumerate(step.hints, 1):
        yield f'??? tip "Hint {number}"'
        yield ""
        yield f"    {hint}"
        yield ""
    yield '??? success "Answer"'
    yield ""
    yield f"    `{step.answers[0]}`"
    if step.because:
        yield ""
        yield f"    {step.because}"


def lesson_page(lesson: Lesson) -> str:
    """The page of a lesson, in Markdown."""
    lines = [f"# {lesson.title}", "", f"{lesson.summary} In a terminal: `dumpscope learn {lesson.number}`.", ""]
    with workplace():
        for step in lesson.steps:
            if isinstance(step, Run):
                lines += _run(lesson, step)
            elif isinstance(step, Question):
                lines += _question(step)
            else:
                lines.append(f"#{step.text}" if step.text.startswith("#") else step.text)
            lines.append("")
    return "\n".join(lines)
