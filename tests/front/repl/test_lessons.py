"""Lessons at the prompt, on a pipe for keys: questions, answers, hints, leaving, and what is kept of them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Callable, Iterator, List, Tuple

import pytest
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from tests.amount import some
from tests.conftest import SAMPLES

from dumpscope.front.cli.environment import Environment
from dumpscope.front.repl.loop import Loop
from dumpscope.front.repl.plain import run_plain
from dumpscope.front.repl.runner import Runner
from dumpscope.front.repl.screen import Screen
from dumpscope.front.repl.settings import Settings
from dumpscope.front.repl.teacher import KeptProgress
from dumpscope.front.repl.terminal import Terminal
from dumpscope.front.repl.workspace import Workspace
from dumpscope.learning.lessons import all_lessons, load
from dumpscope.learning.tutor import Progress

CTRL_C, CTRL_D = "\x03", "\x04"
FIRST = "learn 1\rMDMP\r0x4\r0x1824\r"
Play = Callable[..., Tuple[str, Loop]]


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Type keys into a session; its output and the loop. The state folder is the test's own."""
    workspaces: List[Workspace] = []

    def run(keys: str, sample: str = "", *, pager: str = "off") -> Tuple[str, Loop]:
        out = io.StringIO()
        settings = Settings()
        workspace = Workspace()
        workspaces.append(workspace)
        if sample:
            workspace.open(str(SAMPLES / sample))
        with create_pipe_input() as pipe:
            output = DummyOutput()
            screen = Terminal(Environment(out, out, {"XDG_STATE_HOME": str(tmp_path)}), settings, input=pipe, output=output)
            settings.set("pager", pager, keep=False)
            settings.set("findings", "off", keep=False)
            loop = Loop(Runner(screen, workspace, settings), screen, InMemoryHistory(), input=pipe, output=output)
            pipe.send_text(keys)
            loop.run()
        return out.getvalue(), loop

    yield run
    for workspace in workspaces:
        workspace.close_all()


def kept(folder: Path) -> Any:
    return json.loads((folder / "dumpscope" / "lessons.json").read_text("utf-8"))


def test_a_lesson_from_beginning_to_end(play: Play, tmp_path: Path) -> None:
    shown, loop = play(FIRST + "learn\r" + CTRL_D)
    assert "On the sample article-handles.dmp." in shown
    assert shown.count("Right. ") == 3
    assert shown.index("Question 1 of 3") < shown.index("Right. ") < shown.index("Question 2 of 3")
    assert "The end of lesson 1: 3 of 3 answered at the first try." in shown
    assert "done, 3 of 3" in shown
    assert loop.status == 0
    assert kept(tmp_path) == {"01-header-and-flags": {"of": 3, "right": 3}}
    assert (tmp_path / "dumpscope" / "lessons.json").stat().st_mode & 0o077 == 0
    assert loop.runner.history() == ["learn 1", "learn"]  # answers are no commands


def test_hints_skipping_and_empty_answers(play: Play, tmp_path: Path) -> None:
    shown, _ = play("learn 1\r?\r\rPK\rskip\r0x100\r4\rskip\r" + CTRL_D)
    question = load("01-header-and-flags").questions[0]
    assert f"Hint: {question.hints[0]}" in shown
    assert "Type an answer, ? for a hint, or skip." in shown
    assert "No, that is not it." in shown
    assert "MDMP. Every user-mode minidump begins" in shown
    assert kept(tmp_path)["01-header-and-flags"] == {"of": 3, "right": 0}


@pytest.mark.parametrize("leaving", [CTRL_D, "q\r", "quit\r"])
def test_leaving_a_lesson_stays_in_the_session(play: Play, tmp_path: Path, leaving: str) -> None:
    shown, _ = play("learn 1\rMDMP\r" + leaving + "threads | count\r" + CTRL_D, "handles.dmp")
    assert "left lesson 1 at question 2; `learn 1` begins it again" in shown
    assert shown.rstrip().split("\n")[-1].isdigit()
    assert not (tmp_path / "dumpscope" / "lessons.json").exists()


def test_ctrl_c_empties_the_answer(play: Play) -> None:
    shown, _ = play("learn 1\rMDM" + CTRL_C + "MDMP\rq\r" + CTRL_D)
    assert "No, that is not it." not in shown
    assert "Right. " in shown


OWN = ("", "handles.dmp", "hostile-everywhere.dmp")


@pytest.mark.parametrize(("number", "sample"), [(number, sample) for number in range(len(all_lessons())) for sample in some(OWN, number)])
def test_every_lesson_on_samples_and_on_dumps_of_ones_own(play: Play, tmp_path: Path, sample: str, number: int) -> None:
    """Each with all three, or with one of them."""
    lesson = all_lessons()[number]
    if lesson.on_kernel_dumps or lesson.on_old_user_dumps or lesson.on_samples_alone:
        own = ""  # neither dump is one that the lesson walks through
    else:
        own = sample
    asked = [question for question in lesson.questions if not (own and question.on_sample)]
    shown, loop = play(f"learn {lesson.number}\r" + "".join(question.answers[0] + "\r" for question in asked) + CTRL_D, sample)
    assert f"The end of lesson {lesson.number}: {len(asked)} of {len(asked)}" in shown
    assert ("left out here" in shown) == (len(asked) < len(lesson.questions))
    assert f"On {own or 'the sample ' + lesson.file}." in shown
    assert kept(tmp_path) == {lesson.name: {"of": len(asked), "right": len(asked)}}
    assert loop.status == 0


def test_the_best_result_is_kept_over_sessions(play: Play, tmp_path: Path) -> None:
    play(FIRST + CTRL_D)
    play("learn 1\rskip\rskip\rskip\r" + CTRL_D)
    assert kept(tmp_path)["01-header-and-flags"]["right"] == 3
    shown, _ = play("learn\r" + CTRL_D)
    assert "done, 3 of 3" in shown


BROKEN = ["", "{", "[1]", "null", '{"01-header-and-flags": 7}', '{"01-header-and-flags": {}}', "[" * 60000, "\udcff", '"' + "x" * 100_000 + '"']


@pytest.mark.parametrize("text", some(BROKEN, 0))
def test_a_broken_file_counts_as_empty(play: Play, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "dumpscope"
    folder.mkdir()
    (folder / "lessons.json").write_text(text, "utf-8", "surrogateescape")
    shown, loop = play("learn\r" + FIRST + CTRL_D)
    assert "The end of lesson 1" in shown
    assert loop.status == 0
    assert kept(tmp_path) == {"01-header-and-flags": {"of": 3, "right": 3}}


def test_progress_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = Progress({"02-directory": {"right": 1, "of": 2}})
    for folder in ("", str(tmp_path / "file" / "below")):
        progress = KeptProgress(folder)
        assert "as long as this session" in progress.add(done)
        assert progress.load().words("02-directory") == "done, 1 of 2"


def test_two_sessions_add_to_one_file(tmp_path: Path) -> None:
    one, other = KeptProgress(str(tmp_path)), KeptProgress(str(tmp_path))
    one.load()
    assert other.add(Progress({"02-directory": {"right": 1, "of": 2}})) == ""
    assert one.add(Progress({"01-header-and-flags": {"right": 3, "of": 3}})) == ""
    assert set(KeptProgress(str(tmp_path)).load().data()) == {"01-header-and-flags", "02-directory"}
    assert [path.name for path in tmp_path.iterdir()] == ["lessons.json"]


def test_a_page_that_is_left_does_not_lose_the_question(play: Play) -> None:
    shown, _ = play("learn 7\r" + 3 * CTRL_D, pager="on")  # the page, the lesson, the session
    assert "`last` shows it all again" not in shown
    assert shown.index("(lines 1 to ") < shown.index("Question 1 of") < shown.index("left lesson 7 at question 1")


def test_filters_files_and_other_forms_print_the_lesson(play: Play, tmp_path: Path) -> None:
    shown, _ = play(f"learn 1 | grep -c x\rlearn 1 --json\rlearn 1 --answers\rlearn 1 > {tmp_path / 'lesson.txt'}\rlearn nowhere\r" + CTRL_D)
    assert '"steps"' in shown
    assert "answers\n" in shown
    assert "Question 3." in (tmp_path / "lesson.txt").read_text("utf-8")
    assert "there is no lesson 'nowhere'" in shown
    assert "Right." not in shown


def test_plain_sessions_print_the_lesson(cli: Callable[..., Any]) -> None:
    out = io.StringIO()
    settings = Settings()
    runner = Runner(Screen(Environment(out, out, {}), settings), Workspace(), settings)
    run_plain(runner, io.StringIO("learn 1\n"), asking=True)
    assert "Question 3." in out.getvalue()
    assert cli("learn", "1").out in out.getvalue()
