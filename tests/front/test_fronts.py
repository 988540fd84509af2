"""The same line on the command line, in the REPL and in WinDbg: the same answer, the same words for an error, the same exit code."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.amount import some
from tests.cases import each
from tests.front.windbg.fake_host import Engine, Output

from dumpscope import __version__
from dumpscope.commands.index import all_commands
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main
from dumpscope.front.repl.runner import Runner
from dumpscope.front.repl.screen import Screen
from dumpscope.front.repl.settings import Settings
from dumpscope.front.repl.workspace import Workspace
from dumpscope.front.windbg.host import Host
from dumpscope.front.windbg.main import run
from dumpscope.session.parsing import split_line
from dumpscope.session.registry import DUMP_ANY, DUMP_NEEDED
from dumpscope.view.paint import strip_dml

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"


class Said(NamedTuple):
    """What a front end did with a line: exit code, and all that it wrote."""

    code: int
    text: str


def command_line(path: str, line: str) -> Said:
    name, *rest = split_line(line)
    out = io.StringIO()
    words = [*rest, path] if name == "flags" else rest if name in ("plan", "rules") else [path, *rest]
    code = main([name, *words], Environment(out, out, {}))
    return Said(code, _plain(out.getvalue()))


def repl(path: str, line: str) -> Said:
    out = io.StringIO()
    settings, workspace = Settings(), Workspace()
    runner = Runner(Screen(Environment(out, out, {}), settings), workspace, settings)
    workspace.open(path)
    try:
        code = runner.run(line)
    finally:
        workspace.close_all()
    return Said(code, _plain(out.getvalue()))


def windbg(path: str, line: str) -> Said:
    name, *rest = split_line(line)
    output = Output()
    code = run(name, rest, Host(output, Engine(f"User mini dump: {path}")), str(ROOT / "scripts"))
    return Said(code, _plain("".join(strip_dml(text) if marked else text for marked, text in output._parts)))


def _plain(text: str) -> str:
    """Without what names the place: how a command is called there, and who complains."""
    text = re.sub(r"^dumpscope: ", "", text, flags=re.MULTILINE)
    return re.sub(r"`(?:dumpscope|!py) (?=\S+ --help`)", "`", text)


FRONTS = (repl, windbg)
FORMS = ("", "--json", "--csv", "--json --redact", "--width 60", "--text")
DUMPS = ("article-nohandles.dmp", "everything-small.dmp", "not-a-dump-text.dmp", "not-a-dump-kernel-64.dmp")
LINES = (
    "dumpinfo",
    "streams",
    "handles",
    "handles 9999",
    "handles --summary",
    "threads",
    "threads 77",
    "modules",
    "regions",
    "exception",
    "process",
    "comments",
    "annotations",
    "read 0x10",
    "address 0x7ffe0000",
    "bytes directory",
    "stack",
    "dumpdebug",
    "why",
    "why !handle",
    "flags 0x1105",
    "plan !handle",
    "evaluate @$peb",
    "rules",
    "bugcheck",
)


@each("dump", DUMPS)
@each("form", FORMS)
def test_answers_and_exit_codes_are_the_same(dump: str, form: str) -> None:
    path = str(SAMPLES / dump)
    for line in some(LINES, FORMS.index(form) + DUMPS.index(dump)):
        if line.startswith("flags") and dump == "not-a-dump-text.dmp":
            continue  # in a session, the file that is open is no matter to what needs none
        line = f"{line} {form}".strip()
        expected = command_line(path, line)
        for front in FRONTS:
            assert front(path, line) == expected, (front.__name__, line)


WRITES = ("atlas", "mend", "scrub", "shrink", "diff", "triage")
"""Commands that need more than the open dump."""


DOCUMENTS = ["--json", "--csv", "--json --redact"]


@pytest.mark.parametrize("form", DOCUMENTS)
def test_every_command_has_the_same_document(form: str) -> None:
    """Each command in each form, or a sixth of them in each."""
    path = str(SAMPLES / "everything-small.dmp")
    found = [item for item in all_commands() if item.dump in (DUMP_NEEDED, DUMP_ANY) and item.name not in WRITES]
    assert len(found) > 20
    for item in some(found, DOCUMENTS.index(form), 6):
        lines = {item.name, *(example.line for example in item.examples if not {">", "--write", "-o", "--check"} & set(example.line.split()))}
        for line in sorted(lines):
            full = line if "--json" in line else f"{line} {form}"
            expected = command_line(path, full)
            for front in FRONTS:
                assert front(path, full) == expected, (front.__name__, full)


WRONG = {
    "handles --nonsense": 2,
    "handles --json --csv": 2,
    "handles --width 5": 2,
    "handles --width": 2,
    "handles --color blue": 2,
    "handles --redact": 2,
    "handles --csv": 1,
    "handles zz": 2,
    "handles --sort colour": 2,
    "dumpdebug --csv": 2,
    "bytes nowhere": 2,
    "what-if 'flags = 0' --write /no/such/folder/a.dmp": 4,
    "what-if 'flags = 0' --write /": 2,
    "atlas -o /no/such/folder/a.html --redact": 4,
    "atlas --redact --memory -o a.html": 2,
}


@pytest.mark.parametrize("line", WRONG)
def test_errors_have_the_same_words_and_codes(line: str) -> None:
    path = str(SAMPLES / "article-nohandles.dmp")
    expected = command_line(path, line)
    assert expected.code == WRONG[line], expected.text
    for front in FRONTS:
        assert front(path, line) == expected, front.__name__


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ZeroDivisionError("oops"), 70, "internal error: ZeroDivisionError: oops"),
        (OSError(28, "No space left on device"), 4, "the answer could not be written: No space left on device"),
        (MemoryError(), 70, "out of memory"),
    ],
)
def test_faults_have_the_same_words_and_codes(monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, said: str) -> None:
    import dumpscope.commands.handles as module

    def broken(*_: Any) -> Any:
        raise error

    path = str(SAMPLES / "handles.dmp")
    expected = command_line(path, "threads")
    assert expected.code == 0
    monkeypatch.setattr(module, "_parse", broken)
    for front in (command_line, *FRONTS):
        got = front(path, "handles")
        assert (got.code, got.text.split(";")[0].split("\n")[0]) == (code, said), front.__name__
        got = front(path, "handles --debug")
        assert got.code == code
        assert "Traceback" in got.text, front.__name__


def test_an_option_is_no_command() -> None:
    path = str(SAMPLES / "handles.dmp")
    for word in ("--no-such", "-x", "--jsn"):
        out = io.StringIO()
        code = main([word], Environment(out, out, {}))
        typed = repl(path, word)
        assert Said(code, _plain(out.getvalue())) == typed
        assert typed.code == 2
        assert f"there is no option {word!r}" in typed.text
    assert "did you mean --json?" in typed.text
    for word in ("-V", "--version"):
        out = io.StringIO()
        assert main([word, "handles"], Environment(out, out, {})) == 0
        assert out.getvalue() == f"dumpscope {__version__}\n"


def test_an_answer_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dumpscope.dump.streams.handles as module

    target, dump = tmp_path / "out.txt", str(SAMPLES / "handles.dmp")
    assert repl(dump, f"handles --nonsense > {target}").code == 2
    assert not list(tmp_path.iterdir())
    walk = module.HandleList.walk

    def broken(*words: Any, **options: Any) -> Any:
        yield from list(walk(*words, **options))[:2]
        raise ZeroDivisionError("oops")

    with monkeypatch.context() as patch:
        patch.setattr(module.HandleList, "walk", broken)
        assert repl(dump, f"handles > {target}").code == 70
        assert not list(tmp_path.iterdir())
        target.write_text("before\n")
        assert repl(dump, f"handles >> {target}").code == 70
        assert repl(dump, f"handles > {target} --force").code == 70
    assert target.read_text() == "before\n"
    assert [item.name for item in tmp_path.iterdir()] == ["out.txt"]


def test_what_is_not_in_the_dump_is_an_answer_for_a_file_too(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    said = repl(str(SAMPLES / "damaged-no-streams.dmp"), f"bytes directory --json > {target}")
    assert said.code == 1
    assert json.loads(target.read_text())["reason"]["message"] in said.text
    assert repl(str(SAMPLES / "handles.dmp"), f"handles --json > {target}").code == 2
    assert "reason" in json.loads(target.read_text())
