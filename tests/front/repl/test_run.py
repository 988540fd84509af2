"""``dumpscope run`` and plain sessions: transcripts, exit codes, files, filters, several dumps."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Callable, List, Tuple

import pytest
from tests.conftest import SAMPLES

from dumpscope.errors import DumpError, UsageError
from dumpscope.front.cli.environment import Environment
from dumpscope.front.repl.plain import run_plain
from dumpscope.front.repl.runner import Runner
from dumpscope.front.repl.screen import Screen
from dumpscope.front.repl.script import run_script
from dumpscope.front.repl.settings import Settings
from dumpscope.front.repl.workspace import Workspace

Made = Tuple[Runner, io.StringIO]


@pytest.fixture
def session() -> Any:
    """Makes a runner over samples; its output is in the stream."""
    workspaces: List[Workspace] = []

    def make(*samples: str) -> Made:
        out = io.StringIO()
        settings = Settings()
        workspace = Workspace()
        workspaces.append(workspace)
        runner = Runner(Screen(Environment(out, out, {}), settings), workspace, settings)
        for sample in samples:
            workspace.open(str(SAMPLES / sample))
        if samples:
            workspace.use(0)
        return runner, out

    yield make
    for workspace in workspaces:
        workspace.close_all()


def answer(made: Made, text: str) -> str:
    runner, out = made
    out.seek(0)
    out.truncate()
    runner.run(text)
    return out.getvalue()


# -- run -------------------------------------------------------------------------------------------------------------------


def test_a_transcript(cli: Callable[..., Any]) -> None:
    result = cli("run", "article-nohandles.dmp", "-c", "!handle; why !handle | grep HND002")
    assert result.code == 1
    assert result.err == ""
    assert result.out.startswith("0:000> !handle\nwarning: no handles")
    assert "\n\n0:000> why !handle | grep HND002\n" in result.out
    assert cli("run", "article-nohandles.dmp", "-c", "threads | count", "--quiet").out.strip().isdigit()


def test_the_worst_exit_code_and_where_it_stops(cli: Callable[..., Any]) -> None:
    stopped = cli("run", "handles.dmp", "-c", "handels; threads")
    assert stopped.code == 2
    assert "did you mean" in stopped.out
    assert "0:000> threads" not in stopped.out
    going = cli("run", "handles.dmp", "--keep-going", "-c", "handels; threads")
    assert going.code == 2
    assert "0:000> threads" in going.out
    assert cli("run", "handles.dmp", "-c", "handles 24 | head 1").code == 0
    assert cli("run", "handles.dmp", "-c", "quit; handels").code == 0


def test_a_file_and_standard_input(cli: Callable[..., Any], tmp_path: Path) -> None:
    script = tmp_path / "commands.txt"
    script.write_text('# comment\nhandles --summary\n\nERROR: !handle: extension exception 0x80004002.\n    "Unable to read handle information"\n', "utf-8")
    result = cli("run", "article-nohandles.dmp", script)
    assert "0:000> why 'ERROR: !handle: extension exception 0x80004002. \"Unable to read handle information\"'" in result.out
    assert "HND002" in result.out
    assert "comment" not in result.out

    class Args:
        dump = str(SAMPLES / "handles.dmp")
        script = "-"
        commands = None
        keep_going = quiet = False

    out = io.StringIO()
    assert run_script(Args, Environment(out, out, {}), stdin=io.StringIO("threads | head 1\n")) == 0
    assert out.getvalue().startswith("0:000> threads | head 1\n#")


def test_what_run_does_not_take(cli: Callable[..., Any], tmp_path: Path) -> None:
    assert cli("run", "handles.dmp", tmp_path / "none.txt").code == 2
    assert cli("run", "handles.dmp", "x.txt", "-c", "why").code == 2
    assert cli("run", tmp_path / "none.dmp", "-c", "why").code == 3
    assert cli("run", "not-a-dump-text.dmp", "-c", "why").code == 3
    assert cli("run", "not-a-dump-text.dmp", "-c", "handles").code == 3
    assert "usage: dumpscope run DUMP [FILE]" in cli("run", "--help").out
    assert "repl" in cli("--help").out


def test_without_a_terminal_the_usage_stays(cli: Callable[..., Any]) -> None:
    result = cli()
    assert result.code == 2
    assert "usage: dumpscope COMMAND DUMP" in result.err


# -- sessions --------------------------------------------------------------------------------------------------------------


def test_several_dumps(session: Callable[..., Made]) -> None:
    made = session("handles.dmp", "article-nohandles.dmp")
    runner, _ = made
    assert runner.workspace.prompt == "||0:0:000> "
    assert ".  0  minidump" in answer(made, "dumps")
    assert "article-nohandles.dmp" in answer(made, "use 1")
    assert "no handles" in answer(made, "handles")
    assert "26" in answer(made, "use handles.dmp; handles | tail 1") or "handles" in answer(made, "handles | tail 1")
    assert "now article" in answer(made, "||0s; close")
    assert runner.workspace.prompt == "0:000> "
    answer(made, "close")
    assert runner.workspace.prompt == "dumpscope> "
    assert "none is open" in answer(made, "handles")
    assert "none is open" in answer(made, "why")
    assert "HND002" in answer(made, "why '!handle'")
    assert "ERROR_PARTIAL_COPY" in answer(made, "why MiniDumpWriteDump failed with 8007012b")
    assert "no dump is open" in answer(made, "close")
    assert "no dump is open" in answer(made, "dumps")
    assert "handles.dmp: Windows" in answer(made, f"open '{SAMPLES / 'handles.dmp'}'")
    assert "cannot open" in answer(made, "open nowhere.dmp")
    assert "no open dump" in answer(made, "use 9")
    assert str(SAMPLES / "handles.dmp") not in answer(made, "switch 1")
    assert runner.workspace.prompt == "0:001> "


def test_a_path_alone_opens_it(session: Callable[..., Made]) -> None:
    made = session()
    assert "handles.dmp: Windows" in answer(made, f"'{SAMPLES / 'handles.dmp'}'")


def test_a_kernel_dump_is_opened_as_one(session: Callable[..., Made]) -> None:
    made = session()
    opened = answer(made, f"open '{SAMPLES / 'not-a-dump-kernel-triage-64.dmp'}'")
    assert "a kernel dump (triage" in opened
    assert "stopped by 0xd1 DRIVER_IRQL_NOT_LESS_OR_EQUAL" in " ".join(opened.split())
    assert "is no minidump" not in opened
    assert "kernel dump" in answer(made, "dumps")
    assert "names no bug check" in " ".join(answer(made, f"open '{SAMPLES / 'not-a-dump-kernel-32.dmp'}'").split())


def test_an_old_user_dump_is_opened_as_one(session: Callable[..., Made]) -> None:
    made = session()
    opened = " ".join(answer(made, f"open '{SAMPLES / 'not-a-dump-user-full-64.dmp'}'").split())
    assert "a user dump of the old format (USERDU64)" in opened
    assert "2 threads; 2 modules" in opened
    assert "flags" not in opened
    assert "handle" not in opened


def test_a_file_that_is_no_minidump(session: Callable[..., Made]) -> None:
    made = session("not-a-dump-text.dmp")
    assert "does not open this file" in answer(made, "why")
    assert "?:???> " in made[0].workspace.prompt
    assert "internal error" not in answer(made, "handles; threads; streams; ~3s; k; db @rsp; ? 1; !heap; help !handle; dumps")


def test_last(session: Callable[..., Made]) -> None:
    made = session("handles.dmp")
    assert "no answer yet" in answer(made, "last")
    whole = answer(made, "handles")
    assert answer(made, "last") == whole
    assert answer(made, "last | grep Event | count") == answer(made, "handles | grep Event | count")
    document = json.loads(answer(made, "handles --summary; last --json").split("\n{", 1)[1].join(["{", ""]))
    assert document["command"] == "handles"


def test_output_to_a_file(session: Callable[..., Made], tmp_path: Path, cli: Callable[..., Any]) -> None:
    made = session("handles.dmp")
    place = tmp_path / "out.txt"
    assert "lines written to" in answer(made, f"handles > {place}")
    assert place.read_text("utf-8") == cli("handles", "handles.dmp").out
    answer(made, f"threads | head 1 >> {place}")
    assert place.read_text("utf-8").startswith(cli("handles", "handles.dmp").out + "#")
    added = place.read_text("utf-8")
    assert "exists already" in answer(made, f"last > {place}")
    assert place.read_text("utf-8") == added
    answer(made, f"last > {place} --force")
    assert place.read_text("utf-8") == cli("threads", "handles.dmp").out
    assert "is a folder" in answer(made, f"handles > {tmp_path}")
    assert "could not be written" in answer(made, f"handles > {tmp_path / 'no' / 'such'}")
    copy = tmp_path / "copy.dmp"
    copy.write_bytes((SAMPLES / "handles.dmp").read_bytes())
    answer(made, f"open {copy}")
    assert "is an open dump" in answer(made, f"handles > {copy}")
    assert copy.read_bytes() == (SAMPLES / "handles.dmp").read_bytes()


def test_help_and_what_is_unknown(session: Callable[..., Made]) -> None:
    made = session("article-nohandles.dmp")
    assert "Where to begin" in answer(made, "help")
    assert "In the debugger !handle fails on this dump" in answer(made, "help !handle")
    assert "HND002" in answer(made, "help !handle")
    assert "usage: handles [HANDLE]" in answer(made, "help handles")
    assert "usage: open PATH" in answer(made, "help open")
    assert answer(made, "handles --help") == answer(made, "help handles")
    assert "only lines that match" in answer(made, "help grep")
    assert "is a command of the debugger's" in answer(made, "!heap -s")
    assert "is a command of the debugger's" in answer(made, "help .dump")
    assert "did you mean handle or handles" in answer(made, "handel")
    assert "did you mean" in answer(made, "help handel")
    assert "usage: read ADDRESS" in answer(made, "HELP read")


def test_errors_are_words(session: Callable[..., Made], monkeypatch: pytest.MonkeyPatch) -> None:
    made = session("handles.dmp")
    assert "not closed" in answer(made, "handles 'a")
    assert "a command is missing" in answer(made, "| grep x")
    assert "there is no setting" in answer(made, "set pagr off")
    assert "exclude each other" in answer(made, "handles --json --csv")

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(made[0], "words", broken)
    assert "internal error: ZeroDivisionError: oops" in answer(made, "handles")

    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(made[0], "words", stopped)
    assert answer(made, "handles; threads") == "interrupted\n"


def test_a_filter_that_there_is_not_is_named(session: Callable[..., Made]) -> None:
    made = session("handles.dmp")
    for typed in ("handles | sort", "k | sort", "modules | sort", "!handle | sort", "handles | grep e | sort"):
        assert "there is no filter 'sort'" in answer(made, typed), typed
        assert "filters are grep, head, tail, count" in answer(made, typed)
    assert "a filter is missing after the bar" in answer(made, "handles |")
    assert "'zz' is not a number" in answer(made, "? 1 | zz")
    assert "'xyz' is not a handle" in answer(made, "handles xyz | count")


def test_a_message_is_wrapped_at_words(session: Callable[..., Made]) -> None:
    made = session("handles.dmp")
    made[0].settings.set("width", "40", keep=False)
    said = answer(made, "open '/nowhere/there is a file'")
    assert max(map(len, said.splitlines())) <= 40
    assert " ".join(said.split()) == "cannot open '/nowhere/there is a file': No such file or directory check the path and the rights on the file"
    assert all(line.startswith("  ") for line in said.splitlines()[1:])
    made[0].screen.complain("one\n    two", "three\n    four")
    assert made[1].getvalue().endswith("one\n    two\n  three\n      four\n")


def test_a_thread_that_is_none(session: Callable[..., Made]) -> None:
    for typed in ("stack k", "threads zz", "switch ~*k"):
        assert "an index is decimal: 3 or ~3; an id is 0x4554 or tid:4554" in answer(session("handles.dmp"), typed)


def test_settings_and_history(session: Callable[..., Made]) -> None:
    made = session()
    assert "pager" in answer(made, "set")
    answer(made, "set pager off")
    assert made[0].settings["pager"] == "off"
    assert "off" in answer(made, "set pager")
    made[0].history = lambda: ["handles", "why"]
    assert answer(made, "history wh") == "why\n"


def test_json_and_csv(session: Callable[..., Made], cli: Callable[..., Any]) -> None:
    made = session("handles.dmp")
    assert json.loads(answer(made, "handles --json"))["handles"] == json.loads(cli("handles", "handles.dmp", "--json").out)["handles"]
    assert answer(made, "handles --csv") == cli("handles", "handles.dmp", "--csv").out


def test_plain_lines(session: Callable[..., Made]) -> None:
    runner, out = session("handles.dmp")
    assert run_plain(runner, io.StringIO("threads | head 1\nhandels\n"), asking=False) == 2
    runner, out = session("handles.dmp")
    assert run_plain(runner, io.StringIO("threads | head 1\nquit\nhandles\n"), asking=True) == 0
    assert out.getvalue().startswith("0:000> #")
    assert out.getvalue().count("0:000> ") == 2


def test_a_session_that_is_not_told_a_dump_that_exists() -> None:
    with pytest.raises(DumpError):
        Workspace().open("nowhere.dmp")
    with pytest.raises(UsageError):
        Workspace().use(3)


@pytest.mark.parametrize("name", ["not-a-dump-kernel-triage-64.dmp", "not-a-dump-user-full-64.dmp"])
def test_own_commands_work_whatever_dump_is_open(session: Callable[..., Made], name: str) -> None:
    made = session()
    answer(made, f"open '{SAMPLES / name}'")
    assert name in answer(made, "dumps")
    opened = answer(made, f"open '{SAMPLES / 'handles.dmp'}'")
    assert "handles.dmp" in opened
    assert "is for dumps" not in opened
    assert "old format" not in opened
    assert "1a30" in answer(made, "threads")
