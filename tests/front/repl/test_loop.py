"""The loop itself, on a pipe for keys and an output that shows nothing; the pager and the progress of a search likewise."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List, Tuple

import pytest
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from tests.conftest import SAMPLES
from tests.counting import PATIENCE, POLLS

from dumpscope.front.cli.environment import Environment
from dumpscope.front.repl.bindings import help_statement, why_statement, word_at
from dumpscope.front.repl.history import KeptHistory, open_history
from dumpscope.front.repl.loop import Loop, ask_for_dump
from dumpscope.front.repl.pager import Pager
from dumpscope.front.repl.runner import Runner
from dumpscope.front.repl.settings import Settings
from dumpscope.front.repl.terminal import Terminal
from dumpscope.front.repl.theme import style
from dumpscope.front.repl.toolbar import Findings, toolbar
from dumpscope.front.repl.workspace import Workspace

F1, F2 = "\x1bOP", "\x1bOQ"
CTRL_C, CTRL_D, CTRL_R = "\x03", "\x04", "\x12"
Play = Callable[..., Tuple[str, Loop]]


@pytest.fixture
def play() -> Iterator[Play]:
    """Type keys into a session over samples; its output and the loop."""
    workspaces: List[Workspace] = []

    def run(keys: str, *samples: str, variables: Any = None, history: Any = None) -> Tuple[str, Loop]:
        out = io.StringIO()
        settings = Settings()
        workspace = Workspace()
        workspaces.append(workspace)
        for sample in samples or ("article-nohandles.dmp",):
            workspace.open(str(SAMPLES / sample))
        workspace.use(0)
        with create_pipe_input() as pipe:
            output = DummyOutput()
            screen = Terminal(Environment(out, out, variables or {}), settings, input=pipe, output=output)
            settings.set("pager", "off", keep=False)
            settings.set("findings", "off", keep=False)
            runner = Runner(screen, workspace, settings)
            loop = Loop(runner, screen, history or InMemoryHistory(), input=pipe, output=output)
            pipe.send_text(keys)
            loop.run()
        return out.getvalue(), loop

    yield run
    for workspace in workspaces:
        workspace.close_all()


def test_a_line_and_its_answer(play: Play, cli: Callable[..., Any]) -> None:
    shown, _ = play("why !handle\r" + CTRL_D)
    assert shown == cli("why", "article-nohandles.dmp", "!handle").out


def test_several_lines_settings_and_leaving(play: Play) -> None:
    shown, loop = play("threads | count\rset keys vi\rset keys emacs\rset toolbar off\rquit\rhandles\r" + CTRL_D)
    assert shown.split("\n")[0].isdigit()
    assert "did you mean" not in shown
    assert loop.runner.leaving


def test_ctrl_c_empties_the_line_and_stays(play: Play) -> None:
    shown, _ = play("handels" + CTRL_C + "threads | count\r" + CTRL_D)
    assert shown.strip().isdigit()


def test_an_empty_line_and_an_unknown_command(play: Play) -> None:
    shown, loop = play("\r  \rhandels\r" + CTRL_D)
    assert "did you mean" in shown
    assert loop.status == 2


def test_f1_helps_and_gives_the_line_back(play: Play) -> None:
    shown, _ = play("!handle" + F1 + " | head 1\r" + CTRL_D)
    assert "▸ help !handle" in shown
    assert "In the debugger !handle fails on this dump" in shown
    assert shown.endswith("warning: no handles: the flags (0x1105) ask for them, the file holds no such stream\n")


def test_f1_on_nothing_lists_everything(play: Play) -> None:
    shown, _ = play(F1 + CTRL_D)
    assert "▸ help\nWhere to begin" in shown


def test_f2_asks_why(play: Play) -> None:
    shown, _ = play("!handle" + F2 + CTRL_C + F2 + CTRL_D)
    assert "▸ why !handle\n" in shown
    assert "HND002" in shown
    assert "▸ why\nwhat happened\n" in shown


def test_a_pasted_message_goes_to_why(play: Play) -> None:
    message = 'ERROR: !handle: extension exception 0x80004002.\n    "Unable to read handle information"'
    shown, _ = play(f"\x1b[200~{message}\x1b[201~\r" + CTRL_D)
    assert "On this dump it means:" in shown
    assert "HND002" in shown


def test_pasted_commands_run_one_by_one(play: Play) -> None:
    shown, _ = play("\x1b[200~threads | count\nmodules | count\x1b[201~\r" + CTRL_D)
    assert len(shown.split()) == 2


def test_history_and_reverse_search(play: Play, tmp_path: Path) -> None:
    history = open_history(str(tmp_path / "state"))
    play("threads | count\rmodules | count\r" + CTRL_D, history=history)
    again = open_history(str(tmp_path / "state"))
    shown, _ = play(CTRL_R + "thr\r\r" + CTRL_D, history=again)
    assert shown.strip().isdigit()
    shown, _ = play("\x1b[A\r" + "history count\r" + CTRL_D, history=open_history(str(tmp_path / "state")))
    assert shown.endswith("modules | count\nthreads | count\nhistory count\n")  # each once, where it was typed last
    assert (tmp_path / "state" / "history").stat().st_mode & 0o077 == 0


def test_history_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not isinstance(open_history(str(tmp_path / "file" / "below")), KeptHistory)
    assert not isinstance(open_history(""), KeptHistory)
    kept = KeptHistory(str(tmp_path / "none" / "history"))
    assert list(kept.load_history_strings()) == []
    kept.store_string("x" * 5000)
    kept.store_string("nowhere to go")


def test_what_f1_asks(play: Play) -> None:
    _, loop = play(CTRL_D)
    runner = loop.runner

    def ask(text: str) -> str:
        place = text.index("^")
        return help_statement(text.replace("^", ""), place, runner)

    assert ask("^") == "help"
    assert ask("han^dles 24") == "help handles"
    assert ask("handles 24^") == "help handles"
    assert ask("handles; thre^ads") == "help threads"
    assert ask("why !hand^le") == "help !handle"
    assert ask("explain hnd0^02") == "explain HND002"
    assert ask("why 0x80004002^") == "why 0x80004002"
    assert ask("!heap -s^") == "help !heap"
    assert ask("open^") == "help open"
    assert ask("!han^") == "help !handle"
    assert word_at("a 'bc' d", 4) == "bc"


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("", "why"),
        ("!handle 0 f Event", "why !handle"),
        ("handles | grep x", "why !handle"),
        (".exr -1", "why .exr -1"),
        ("threads", "why ~"),
        ("why !peb", "why !peb"),
        ("why", "why"),
        ("flags 0x1105", "why"),
        ("handles 'x", "why !handle"),
    ],
)
def test_what_f2_asks(typed: str, asked: str) -> None:
    assert why_statement(typed) == asked


# -- what stands around the line -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_the_toolbar_fits(width: int) -> None:
    workspace = Workspace()
    assert "no dump" in fragment_list_to_text(toolbar(workspace, None, width))
    for sample in ("article-nohandles.dmp", "hostile-everywhere.dmp", "not-a-dump-text.dmp", "thread-list-empty.dmp"):
        workspace.open(str(SAMPLES / sample))
        text = fragment_list_to_text(toolbar(workspace, None, width))
        assert len(text) <= max(width, len(sample) + 2)
        assert text.isprintable()
        assert sample in text
    workspace.close_all()


def test_the_toolbar_tells_a_kernel_dump_from_other_files() -> None:
    workspace = Workspace()
    for sample, words in (("not-a-dump-kernel-triage-64.dmp", "kernel dump (triage, x64, bug check 0xd1)"), ("not-a-dump-text.dmp", "not a minidump")):
        workspace.open(str(SAMPLES / sample))
        assert words in fragment_list_to_text(toolbar(workspace, None, 200))
    workspace.close_all()


def test_findings_are_counted_in_the_background() -> None:
    told = threading.Event()
    findings = Findings(told.set)
    workspace = Workspace()
    session = workspace.open(str(SAMPLES / "article-nohandles.dmp")).session
    findings.ask(session)
    assert findings.of(session) is None
    assert told.wait(PATIENCE)
    assert "error" in fragment_list_to_text(toolbar(workspace, findings, 200))
    findings.close()
    workspace.close_all()


def test_findings_of_a_large_dump_are_counted_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpscope.front.repl.toolbar.LARGE", 0)
    monkeypatch.setattr("dumpscope.front.repl.toolbar.DELAY", 0)
    told = threading.Event()
    findings = Findings(told.set)
    workspace = Workspace()
    session = workspace.open(str(SAMPLES / "article-nohandles.dmp")).session
    findings.ask(session)
    assert told.wait(PATIENCE)
    found = findings.of(session)
    assert found is not None
    assert found[0] >= 1
    findings.close()
    workspace.close_all()


def test_colour_follows_settings_and_variables() -> None:
    settings = Settings()
    out = io.StringIO()
    screen = Terminal(Environment(out, out, {}), settings)
    assert not screen.colored
    settings.set("color", "always", keep=False)
    assert screen.colored
    dark = screen.paint().text("x", "address")
    settings.set("theme", "light", keep=False)
    assert screen.paint().text("x", "address") != dark
    assert screen.paint("never").plain


def test_asking_for_a_dump() -> None:
    out = io.StringIO()
    with create_pipe_input() as pipe:
        screen = Terminal(Environment(out, out, {}), Settings(), input=pipe, output=DummyOutput())
        pipe.send_text("'app.dmp'\r")
        assert ask_for_dump(screen, input=pipe, output=DummyOutput()) == "app.dmp"
        pipe.send_text(CTRL_D)
        assert ask_for_dump(screen, input=pipe, output=DummyOutput()) == ""


# -- the pager -------------------------------------------------------------------------------------------------------------


def page(keys: str, chunks: Any) -> Pager:
    with create_pipe_input() as pipe:
        pager = Pager(chunks, style("dark"), input=pipe, output=DummyOutput())
        pipe.send_text(keys)
        pager.run()
    return pager


def counted(count: int, taken: List[int]) -> Iterator[str]:
    for number in range(count):
        taken.append(number)
        yield f"line {number}\n"


def test_the_pager_reads_no_more_than_it_shows() -> None:
    taken: List[int] = []
    pager = page(" q", counted(1_000_000, taken))
    assert pager.top == 39  # DummyOutput has 40 rows, one of which is the bar
    assert len(taken) < 400
    assert pager.seen[0] == "line 39"


def test_moving_and_searching() -> None:
    assert page("jjjkq", counted(100, [])).top == 2
    assert page(" bq", counted(100, [])).top == 0
    assert page("\x1b[Bq", counted(100, [])).top == 1
    assert page("      q", counted(100, [])).top == 61


def paged_slowly(steps: List[str], chunks: Any) -> Pager:
    """Keys, each group typed once those before it were taken and what they began is done."""
    with create_pipe_input() as pipe:
        pager = Pager(chunks, style("dark"), input=pipe, output=DummyOutput())
        pressed: List[object] = []
        pager.app.key_processor.after_key_press += pressed.append

        def type_keys() -> None:
            typed = 0
            for step in steps:
                for _ in range(POLLS):
                    if len(pressed) >= typed and (pager._work is None or pager._work.done()):
                        break
                    time.sleep(0.01)
                pipe.send_text(step)
                typed += len(step)

        typist = threading.Thread(target=type_keys)
        typist.start()
        pager.run()
        typist.join()
    return pager


def test_searching_far_ahead_and_going_to_the_end() -> None:
    assert paged_slowly(["/line 7777\r", "q"], counted(20_000, [])).top == 7777
    assert paged_slowly(["/line 77\r", "n", "N", "q"], counted(2_000, [])).top == 77
    assert paged_slowly(["G", "q"], counted(10_000, [])).top == 10_000 - 39
    assert paged_slowly(["/nowhere\r", "q"], counted(5_000, [])).top == 0
    assert paged_slowly(["/x\x7f\x7f", "q"], counted(50, [])).top == 0


def test_a_failure_in_the_answer_comes_out() -> None:
    def failing() -> Iterator[str]:
        yield "one\n"
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        page("q", failing())


# -- progress --------------------------------------------------------------------------------------------------------------


def test_a_long_work_is_shown_and_can_be_stopped() -> None:
    out = io.StringIO()
    with create_pipe_input() as pipe:
        screen = Terminal(Environment(out, out, {}), Settings(), input=pipe, output=DummyOutput())

        def work() -> Iterator[str]:
            yield "first\n"
            for done in range(POLLS):
                screen.progress(done, POLLS)
                if done == 5:
                    time.sleep(0.6)
                if done == 10:
                    pipe.send_text(CTRL_C)
                if done > 10:
                    time.sleep(0.01)
            yield "never\n"

        screen.begin()
        with pytest.raises(KeyboardInterrupt):
            screen.show(work())
        screen.end()
    assert out.getvalue() == "first\n"
    screen.begin()
    screen.show(iter(["a\n", "b\n"]))
    screen.end()
    assert out.getvalue() == "first\na\nb\n"


def test_short_work_shows_nothing() -> None:
    out = io.StringIO()
    screen = Terminal(Environment(out, out, {}), Settings())
    screen.begin()
    screen.progress(1, 10)
    assert screen._bar is None
    screen.end()
