"""``run``: parse, open, answer, and never an exception into the debugger."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, List, Optional, Tuple

import pytest
from tests.front.windbg.fake_host import Engine, Output, PlainOutput, blocks_of

from dumpscope.errors import EXIT_INTERRUPTED
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main as cli_main
from dumpscope.front.windbg.host import Host
from dumpscope.front.windbg.main import run, take_path
from dumpscope.view.paint import strip_dml

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "samples"
SAMPLE = str(SAMPLES / "article-handles.dmp")
SCRIPTS = str(ROOT / "scripts")


def call(name: str, *argv: str, engine: Optional[Any] = None, dump: str = SAMPLE, output: Optional[Output] = None) -> Tuple[int, str]:
    """Exit code and what was written, as the debugger would see it."""
    output = output or Output()
    engine = Engine(f"User mini dump: {dump}") if engine is None and dump else engine
    status = run(name, list(argv), Host(output, engine), SCRIPTS)
    return status, "".join(blocks_of(output))


class _Pipe:
    def __init__(self) -> None:
        self.parts: List[str] = []

    def write(self, text: str) -> None:
        self.parts.append(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


def command_line(*argv: str) -> Tuple[int, str]:
    """The same from the command line, its two streams together."""
    pipe = _Pipe()
    status = cli_main(list(argv), Environment(pipe, pipe, {}))
    return status, "".join(pipe.parts)


@pytest.mark.parametrize(
    ("name", "words"), [("handles", ["--summary"]), ("handles", ["24"]), ("threads", []), ("modules", []), ("dumpinfo", ["-v"]), ("streams", [])]
)
def test_it_answers_as_the_command_line_does(name: str, words: List[str]) -> None:
    expected = command_line(name, SAMPLE, *words)
    status, marked = call(name, *words)
    assert (status, strip_dml(marked)) == expected
    assert "<link " in marked or "<col " in marked
    assert call(name, *words, "--text") == expected
    assert call(name, *words, "--color", "never") == expected
    assert call(name, *words, output=PlainOutput()) == expected


def test_json_is_the_same_document() -> None:
    assert json.loads(call("handles", "--json")[1]) == json.loads(command_line("handles", SAMPLE, "--json")[1])


def test_width_counts() -> None:
    assert strip_dml(call("handles", "--width", "60")[1]) == command_line("handles", SAMPLE, "--width", "60")[1]


def test_a_path_that_is_given_wins_and_stays_in_the_links() -> None:
    other = str(SAMPLES / "full-memory.dmp")
    status, marked = call("threads", other)
    assert (status, strip_dml(marked)) == command_line("threads", other)
    assert f"threads.py {other} 0" in marked
    assert 'cmd="~~' not in marked, "the debugger's own thread is another dump's"


def test_a_path_works_without_pykd() -> None:
    status, marked = call("handles", SAMPLE, dump="")
    assert (status, strip_dml(marked)) == command_line("handles", SAMPLE)


def test_without_pykd_and_path_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    status, text = call("handles", dump="")
    assert status == 2
    assert "has no pykd" in strip_dml(text)


def test_optional_dumps_are_the_open_one() -> None:
    status, marked = call("flags", "0x1105")
    assert (status, strip_dml(marked)) == command_line("flags", "0x1105", SAMPLE)
    assert call("flags", "0x1105", "--text", dump="", output=PlainOutput()) == command_line("flags", "0x1105")


@pytest.mark.parametrize(
    ("word", "is_path"), [("C:\\x\\y.dmp", True), ("x.DMP", True), ("24", False), ("--summary", False), ("\\\\server\\share\\a", True), ("ntdll", False)]
)
def test_what_a_path_is(word: str, is_path: bool) -> None:
    assert take_path([word, "b"]) == ((word, ["b"]) if is_path else ("", [word, "b"]))


@pytest.mark.parametrize(
    ("name", "words", "status", "said"),
    [
        ("handles", ["--nonsense"], 2, "--nonsense"),
        ("handles", ["xyz"], 2, "'xyz' is not a handle"),
        ("nosuchcommand", [], 2, "there is no command"),
        ("handles", ["C:\\no\\such.dmp"], 3, "cannot open"),
        ("handles", ["C:\\no\\??.dmp"], 3, "ANSI code page"),
        ("handles", ["--width", "3"], 2, "--width"),
        ("handles", ["--json", "--csv"], 2, "exclude"),
    ],
)
def test_errors_are_words(name: str, words: List[str], status: int, said: str) -> None:
    got, text = call(name, *words)
    assert got == status
    assert said in strip_dml(text)
    assert "Traceback" not in text
    assert 'fg="warnfg"' in text


def test_a_broken_dump_gives_the_command_lines_message(tmp_path: Path) -> None:
    broken = tmp_path / "broken.dmp"
    broken.write_bytes(b"MDMP" + b"\xff" * 10)
    status, text = call("handles", dump=str(broken))
    assert (status, strip_dml(text)) == command_line("handles", str(broken))
    assert status == 3


def test_hostile_names_in_errors_stay_names() -> None:
    _, text = call("handles", '<exec cmd="q">x</exec>')
    assert "<exec" not in text
    assert "&lt;exec" in text


def test_the_line_for_a_live_process_is_a_link() -> None:
    status, text = call("handles", engine=Engine("Live user mode: <Local>", pid=77, exe="app.exe"))
    assert status == 2
    assert '<link cmd=".dump /mh ' in text


def test_interrupting_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    from dumpscope.commands import handles

    def interrupted(*_: Any, **__: Any) -> Any:
        raise SystemExit

    monkeypatch.setattr(handles.HandleList, "walk", interrupted)
    status, text = call("handles")
    assert status == EXIT_INTERRUPTED
    assert "dumpscope:" not in text


def test_a_fault_of_ours_ends_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from dumpscope.commands import handles

    def fault(*_: Any, **__: Any) -> Any:
        raise KeyError("oops")

    monkeypatch.setattr(handles.HandleList, "walk", fault)
    status, text = call("handles")
    assert status == 70
    assert "internal error: KeyError" in strip_dml(text)
    assert "Traceback" in call("handles", "--debug")[1]


def test_an_output_that_fails_does_not_end_the_debugger() -> None:
    class Broken(Output):
        __slots__ = ()

        def writedml(self, text: str) -> None:
            raise RuntimeError("no output")

    assert call("handles", output=Broken())[0] == 70


def test_help_is_about_the_script() -> None:
    status, text = call("handles", "--help")
    assert status == 0
    assert "!py handles" in strip_dml(text)


def test_links_use_an_alias_when_there_is_one() -> None:
    engine = Engine(f"User mini dump: {SAMPLE}", {"al": " !handles         !py x \n"})
    text = call("handles", engine=engine)[1]
    assert '<link cmd="!handles 0x4">' in text


def test_a_new_interpreter_with_500_frames_loads_little_and_has_no_file() -> None:
    code = f"""
import sys
sys.setrecursionlimit(500)
sys.argv = [{str(ROOT / "scripts" / "handles.py")!r}, {SAMPLE!r}]
sys.path[0] = {SCRIPTS!r}
real = sys.stdout
class Output:
    __slots__ = ()
    encoding = "ascii"
    closed = False
    def write(self, text): real.write("T" + text)
    def writedml(self, text): real.write("D" + text)
    def flush(self): pass
    def isatty(self): return False
sys.stdout = Output()
exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), {{"__name__": "__main__"}})
sys.stdout = real
print(",".join(sorted({{name.split(".")[0] for name in sys.modules}} & {{"prompt_toolkit", "pygments", "asyncio", "inspect", "dataclasses", "ctypes"}})))
"""
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, encoding="utf-8", cwd=SCRIPTS)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == ""
    assert done.stdout.startswith("D")
