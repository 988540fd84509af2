"""Every command of every lesson runs and shows what the lesson says; every question can be answered."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, List, Tuple

import pytest
from tests.cases import each

from dumpscope.commands.learn import Classroom
from dumpscope.dump.minidump import Minidump
from dumpscope.errors import UsageError
from dumpscope.learning.lessons import NAMES, Lesson, Question, Run, all_lessons, find_lesson, load, parse_lesson, sample_bytes, sample_file
from dumpscope.session.session import Session
from dumpscope.view.text import render_text

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "extension" / "dumpscope" / "lessons"
SAMPLES = ROOT / "samples"
COMMANDS: List[Tuple[Lesson, Run]] = [(lesson, step) for lesson in all_lessons() for step in lesson.commands]
QUESTIONS: List[Tuple[Lesson, Question]] = [(lesson, step) for lesson in all_lessons() for step in lesson.questions]


def flat(text: str) -> str:
    return " ".join(text.split())


def name_of(item: Any) -> str:
    return f"{item.number}" if isinstance(item, Lesson) else re.sub(r"\W+", "-", item.line if isinstance(item, Run) else item.text)[:50]


@each(("lesson", "step"), COMMANDS, ids=name_of)
def test_a_command_shows_what_the_lesson_says(lesson: Lesson, step: Run) -> None:
    room = Classroom(lesson)
    out = "".join(render_text(room.blocks(step)))
    room.close()
    assert step.expect, "a command without a claim about its output"
    for line in step.expect:
        assert flat(line) in flat(out)
    assert not re.search(r"(?m)^warning: .*(takes|there is no|nothing that)", out)


@each(("lesson", "question"), QUESTIONS, ids=name_of)
def test_a_question_can_be_answered(lesson: Lesson, question: Question) -> None:
    for answer in question.answers:
        assert question.check(answer)
        assert question.check(f"  `{answer.upper()}` ")
    assert not question.check("")
    assert not question.check("something else")
    assert question.hints
    assert question.because


def test_numbers_may_be_written_in_many_ways() -> None:
    question = Question("which bit?", ("0x4", "MiniDumpWithHandleData"), ("a hint",), "because", False)
    for reply in ("4", "0x4", "0x0004", "04", "0n4", "4h", "minidumpwithhandledata", "'0x4'"):
        assert question.check(reply), reply
    for reply in ("5", "0x40", "MiniDumpWithFullMemory", "x", "-"):
        assert not question.check(reply), reply


def test_the_list_of_lessons_is_the_folder() -> None:
    assert sorted(NAMES) == sorted(path.stem for path in FOLDER.glob("*.md"))
    assert [lesson.number for lesson in all_lessons()] == list(range(1, 20))


def test_samples_of_the_lessons_are_those_of_the_project() -> None:
    shipped = {path.name for path in FOLDER.iterdir() if path.suffix not in (".md", ".py") and path.is_file()}
    for name in shipped:
        folder = SAMPLES if name.endswith(".dmp") else SAMPLES / "archives"
        assert (FOLDER / name).read_bytes() == (folder / name).read_bytes(), name
    used = {lesson.sample for lesson in all_lessons()} | {step.sample for _, step in COMMANDS if step.sample}
    assert {sample_file(name) for name in used} == shipped


def test_the_package_data_names_them() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for ending in {path.suffix for path in FOLDER.iterdir() if path.is_file()}:
        assert f'"lessons/*{ending}"' in text


@pytest.mark.parametrize("number", range(1, 13))
def test_a_lesson_runs_on_its_sample_and_on_a_dump_of_ones_own(number: int, cli: Any, run_json: Any) -> None:
    result = cli("learn", number)
    assert result.code == 0
    assert f"Lesson {number}: " in result.out
    assert "Question 1." in result.out
    assert "\nanswers\n" not in result.out
    for sample in ("stacks-only.dmp", "everything-small-x86.dmp", "damaged-cut-in-half.dmp"):
        own = run_json("learn", number, sample)
        assert own["exit"] in (0, 1)
        assert own["lesson"]["number"] == number
        assert any("command" in step for step in own["steps"])


def test_the_lesson_on_kernel_dumps_runs_on_those_alone(cli: Any) -> None:
    own = cli("learn", "blue-screen", "not-a-dump-kernel-triage-32.dmp")
    assert own.code == 0
    assert "On your dump." in own.out
    assert "PAGE_FAULT_IN_NONPAGED_AREA" in own.out
    other = cli("learn", "blue-screen", "everything-small-x86.dmp")
    assert "this lesson walks through kernel dumps only" in " ".join(other.out.split())
    assert "DRIVER_IRQL_NOT_LESS_OR_EQUAL" in other.out


def test_the_lesson_on_old_user_dumps_runs_on_those_alone(cli: Any) -> None:
    own = cli("learn", "old-user-dump", "not-a-dump-user-full-32.dmp")
    assert own.code == 0
    assert "On your dump." in own.out
    assert "USERMODE_CRASHDUMP_HEADER32" in own.out
    other = cli("learn", "old-user-dump", "handles.dmp")
    assert "this lesson walks through user dumps of the old format only" in " ".join(other.out.split())
    assert "USERMODE_CRASHDUMP_HEADER64" in other.out


def test_the_lesson_on_archives_runs_on_its_samples_alone(cli: Any) -> None:
    other = cli("learn", "archives", "handles.dmp")
    assert "this lesson runs on its samples only" in " ".join(other.out.split())
    assert "On the sample two-dumps.zip." in other.out
    assert "> threads   (on two-dumps.zip!first.dmp)" in other.out


@pytest.mark.parametrize("name", ["../secret.zip", "no-such-sample", "two-dumps.zip/x", "", "a..zip"])
def test_a_sample_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        sample_bytes(name)


def test_answers_are_at_the_end(cli: Any) -> None:
    out = cli("learn", "8", "--answers").out
    assert out.rindex("PROCESS_DUP_HANDLE") > out.rindex("Question 6.")
    assert "HND001" in out
    assert "HND008" in out


def test_the_eight_causes_are_built() -> None:
    lesson = find_lesson("handle-fails")
    shown = {word for step in lesson.commands for line in step.expect for word in re.findall(r"HND00[1-8]", line)}
    assert shown == {f"HND00{number}" for number in range(1, 9)}


def test_on_a_dump_of_ones_own_variables_are_its_own() -> None:
    lesson = load("07-handle-data")
    with Minidump.open(SAMPLES / "handles-x86.dmp") as dump:
        room = Classroom(lesson, Session(dump))
        step = next(step for step in lesson.commands if "{handle" in step.line)
        named = next(handle for handle in dump.handles if handle.name)
        assert room.line(step) == f"bytes handle {named.handle:x} --follow"
        assert not any(isinstance(step, Question) and step.on_sample for step in room.steps())
    assert step.filled() == "bytes handle 8 --follow"


def test_the_list(cli: Any, run_json: Any) -> None:
    assert "Why !handle fails" in cli("learn").out
    assert len(run_json("learn")["lessons"]) == 19
    assert cli("learn", "20").code == 2
    assert cli("learn", "--width", "60").out.split("\n")[0].startswith("lesson")
    with pytest.raises(UsageError):
        find_lesson("nothing-of-the-kind")


@pytest.mark.parametrize(
    "text",
    [
        "no title\n",
        "# T\n\nSummary: s\nSample: x\n\n```run\na\nb\n```\n",
        "# T\n\nSummary: s\nSample: x\n\n```expect\na\n```\n",
        "# T\n\nSummary: s\nSample: x\n\n```question\nwhy?\n= a\n```\n",
        "# T\n\nSummary: s\nSample: x\n\n```run\na\n",
        "# T\n\nSample: x\n\nwords\n",
        "# T\n\nSummary: s\nSample: x\n\n```python\na\n```\n",
    ],
)
def test_a_file_that_is_no_lesson_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_lesson(1, "x", text)
