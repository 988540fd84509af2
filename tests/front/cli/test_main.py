"""The command line: exit codes, options, help, errors, pipes."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, List, Tuple

import pytest
from tests.cases import each

from dumpscope import __version__
from dumpscope.commands.index import MODULES, all_commands
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main
from dumpscope.front.options import parse_options
from dumpscope.session.registry import COMMANDS
from dumpscope.view.paint import strip_ansi

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "samples"
HANDLES = str(SAMPLES / "handles.dmp")
NO_HANDLES = str(SAMPLES / "article-nohandles.dmp")
TEXT = str(SAMPLES / "not-a-dump-text.dmp")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(*argv: str, terminal: bool = False, **variables: str) -> Tuple[int, str, str]:
    out: Any = Terminal() if terminal else io.StringIO()
    err = io.StringIO()
    code = main(list(argv), Environment(out, err, variables))
    return code, out.getvalue(), err.getvalue()


@each(
    ("argv", "code"),
    [
        (["handles", HANDLES], 0),
        ([HANDLES], 0),
        (["handles", NO_HANDLES], 1),
        (["handles", HANDLES, "999"], 1),
        (["handles"], 2),
        ([], 2),
        (["handels", HANDLES], 2),
        (["handles", HANDLES, "--sort", "colour"], 2),
        (["handles", HANDLES, "--no-such-option"], 2),
        (["handles", HANDLES, "zz"], 2),
        (["handles", HANDLES, "--json", "--csv"], 2),
        (["handles", HANDLES, "--width", "5"], 2),
        (["dumpdebug", HANDLES, "--csv"], 2),
        (["handles", TEXT], 3),
        (["dumpinfo", "/no/such/file.dmp"], 3),
        (["dumpinfo", str(SAMPLES)], 3),
        (["why", TEXT], 3),
        (["--help"], 0),
        (["handles", "--help"], 0),
        (["--version"], 0),
    ],
)
def test_exit_codes(argv: List[str], code: int) -> None:
    got, out, err = run(*argv)
    assert got == code, (out, err)
    assert "Traceback" not in err
    if code in (2, 3) and argv != ["why", TEXT]:
        assert err.startswith(("dumpscope: ", "usage: "))
        assert not out


def test_a_dump_is_not_read_from_standard_input() -> None:
    code, _, err = run("handles", "-")
    assert code == 3
    assert "standard input is not read" in err
    code, _, err = run("handles", "")
    assert code == 3
    assert "the name of the dump is empty" in err


def test_an_error_says_what_to_do() -> None:
    _, _, err = run("handels", HANDLES)
    assert "did you mean handles" in err
    _, _, err = run("handles", str(SAMPLES / "not-a-dump-zip.dmp"))
    assert "ZIP" in err
    assert "call it .zip" in err
    _, _, err = run("handles")
    assert "dumpscope handles DUMP" in err


def test_a_path_alone_means_dumpinfo() -> None:
    assert run(HANDLES)[1] == run("dumpinfo", HANDLES)[1]


def test_an_unknown_word_that_is_a_path_is_a_path() -> None:
    code, _, err = run("missing.dmp")
    assert code == 3
    assert "missing.dmp" in err


@each("name", sorted({real for _, real in MODULES.values()}))
def test_help_of_every_command(name: str) -> None:
    """`COMMAND --help`, `-h` and `help COMMAND` say the same of usage, and show an example that can be typed."""
    code, out, _ = run(name, "--help")
    assert code == 0
    assert out == run(name, "-h")[1]
    assert out.startswith(f"{name}: ")
    assert "usage: dumpscope " + name in out
    assert "examples" in out
    inside = run("help", name)[1]
    assert inside.startswith(f"{name}: ")


def test_the_index_names_every_command_and_alias() -> None:
    names = {command.name for command in all_commands()}
    assert names == {real for _, real in MODULES.values()}
    for command in COMMANDS.values():
        for alias in command.aliases:
            assert MODULES[alias][1] == command.name, alias
        assert command.function.__module__ == f"dumpscope.commands.{MODULES[command.name][0]}"
        assert command.function.__doc__
    for name, (_, real) in MODULES.items():
        assert name == real or name in COMMANDS[real].aliases


def test_the_list_of_commands_has_them_all() -> None:
    out = run("--help")[1]
    for command in all_commands():
        assert command.name in out
        assert command.summary[:40] in out
    assert "exit codes" in out


def test_examples_can_be_parsed() -> None:
    from dumpscope.session.parsing import split_line
    from dumpscope.session.running import parse

    for command in all_commands():
        for example in command.examples:
            words = split_line(example.line)
            assert words[0] == command.name
            rest = [word for word in words[1:] if word not in ("--json", "--csv")]
            rest = rest[: rest.index(">")] if ">" in rest else rest  # the shell's
            parse(command, rest)


def test_version() -> None:
    assert run("--version")[1] == f"dumpscope {__version__}\n"
    done = subprocess.run([sys.executable, "-m", "dumpscope", "--version"], capture_output=True, text=True, check=True, cwd=ROOT / "extension")
    assert done.stdout == f"dumpscope {__version__}\n"


def test_colour_only_where_it_is_wanted() -> None:
    plain = run("handles", HANDLES)[1]
    assert "\x1b" not in plain
    assert "\x1b" in run("handles", HANDLES, "--color", "always")[1]
    assert strip_ansi(run("handles", HANDLES, "--color=always")[1]) == plain
    assert "\x1b" in run("handles", HANDLES, terminal=True, COLUMNS="200", TERM="xterm")[1]
    assert "\x1b" not in run("handles", HANDLES, terminal=True, NO_COLOR="1", COLUMNS="200")[1]
    assert "\x1b" not in run("handles", HANDLES, terminal=True, TERM="dumb", COLUMNS="200")[1]
    assert "\x1b" not in run("handles", HANDLES, "--color", "never", terminal=True)[1]


@pytest.mark.parametrize("command", ["dumpinfo", "why", "threads", "exception", "process", "streams"])
def test_a_narrow_terminal_loses_nothing(command: str) -> None:
    dump = str(SAMPLES / "everything-small.dmp")
    wide = "".join(run(command, dump, "--width", "1000")[1].split())
    narrow = run(command, dump, "--width", "60")[1]
    assert sorted(wide) == sorted("".join(narrow.split())) or len("".join(narrow.split())) >= len(wide)


def test_options_may_stand_anywhere() -> None:
    first = run("--json", "handles", HANDLES, "24")
    assert first == run("handles", "--json", HANDLES, "24") == run("handles", HANDLES, "24", "--json")


def test_options_end_at_two_dashes() -> None:
    assert parse_options(["why", "x", "--", "--json"]).words == ["why", "x", "--", "--json"]


def test_json_is_one_document_with_the_fixed_members() -> None:
    for command in ("dumpinfo", "handles", "threads", "regions", "why", "streams", "modules", "memory", "exception", "system", "process"):
        code, out, _ = run(command, str(SAMPLES / "everything-small.dmp"), "--json")
        assert code == 0
        document = json.loads(out)
        assert document["schema"] == 1
        assert document["command"] == command
        assert document["dump"]["size"] == os.path.getsize(SAMPLES / "everything-small.dmp")


def test_json_of_what_is_absent() -> None:
    code, out, _ = run("handles", NO_HANDLES, "--json")
    document = json.loads(out)
    assert code == 1
    assert document["handles"] is None
    assert document["handles_reason"]["kind"] == "not-there"
    assert document["findings"][0]["code"] == "HND002"


def test_json_where_a_command_has_nothing_to_show() -> None:
    code, out, err = run("bytes", str(SAMPLES / "damaged-no-streams.dmp"), "directory", "--json")
    document = json.loads(out)
    assert code == 1
    assert document["reason"]["message"] in err


def test_dumpinfo_json() -> None:
    document = json.loads(run("dumpinfo", NO_HANDLES, "--json")[1])
    header = document["header"]
    assert header["version"] == "0xa793"
    assert header["implementation"] == "0xa063"
    assert header["streams"] == 15
    assert header["flags"] == "0x1105"
    assert header["flag_names"][1] == "MiniDumpWithHandleData"
    assert document["writer"]["name"]
    assert document["writer"]["evidence"][0]["what"]
    assert set(document["streams"][0]) >= {"index", "type", "name", "size", "rva", "count"}
    assert document["damage"] == []


def test_csv_of_a_table() -> None:
    code, out, _ = run("handles", HANDLES, "--csv")
    lines = out.split("\r\n")
    assert code == 0
    assert lines[0].startswith("handle,type,")
    assert lines[1].startswith("0x4,Event,")


def test_a_closed_pipe_is_no_error() -> None:
    if shutil.which("bash") is None:
        pytest.skip("no bash on this system")
    code = f"{sys.executable} -m dumpscope dumpdebug {HANDLES} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, cwd=ROOT / "extension")
    assert done.returncode == 0
    assert done.stderr == ""


def test_a_full_disk_is_said() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full on this system")
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "dumpscope", "handles", HANDLES], stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT / "extension")
    assert done.returncode == 4
    assert "could not be written" in done.stderr


def test_a_name_that_no_encoding_can_print() -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for sample in ("hostile-lone-surrogates", "hostile-look-alikes", "hostile-bidi-overrides"):
        done = subprocess.run(
            [sys.executable, "-m", "dumpscope", "handles", str(SAMPLES / f"{sample}.dmp")], capture_output=True, cwd=ROOT / "extension", env=env
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode("ascii")


def test_a_fault_of_ours_is_words_and_70(monkeypatch: pytest.MonkeyPatch) -> None:
    import dumpscope.commands.handles as module

    def broken(*args: Any) -> Any:
        raise ZeroDivisionError("test")

    monkeypatch.setattr(module, "_parse", broken)
    code, _, err = run("handles", HANDLES)
    assert code == 70
    assert "fault of dumpscope" in err
    assert "Traceback" not in err
    code, _, err = run("handles", HANDLES, "--debug")
    assert code == 70
    assert "Traceback" in err
    assert "ZeroDivisionError: test" in err
    code, _, err = run("handles", "--", HANDLES, "--debug")  # a word, not an option
    assert code == 70
    assert "Traceback" not in err


def test_a_file_that_cannot_be_read_has_a_document_too() -> None:
    for name, path in (("handles", TEXT), ("why", "/no/such/file.dmp")):
        code, out, err = run(name, path, "--json")
        document = json.loads(out)
        assert code == 3
        assert err.startswith("dumpscope: ")
        assert (document["schema"], document["command"], document["dump"]) == (1, name, {"path": path})
        assert set(document["error"]) == {"message", "hint", "offset", "needed", "available"}
        assert document["error"]["message"] in err
    code, out, _ = run("handles", HANDLES, "--sort", "colour", "--json")
    assert code == 2
    assert not out


def test_errors_name_the_program_once() -> None:
    _, _, err = run("handles", HANDLES, "--sort", "colour")
    assert err.startswith("dumpscope: handles: argument --sort")
    assert "`dumpscope handles --help`" in err


def test_a_handle_that_is_not_there_is_named_as_it_was_typed() -> None:
    _, out, _ = run("handles", HANDLES, "9999")
    assert "no handle 0x9999 (0x9998: the two low bits are ignored)" in out
    _, out, _ = run("handles", HANDLES, "0", "f", "evnt")
    assert "did you mean Event?" in out


def test_the_reasons_of_a_refusal_are_lines() -> None:
    _, out, _ = run("why", TEXT)
    assert "\\x0a" not in out
    assert "\nCould not open dump file, Win32 error 0n87\n" in out


@pytest.mark.parametrize("width", [60, 100])
def test_pages_of_rules_are_within_the_width(width: int) -> None:
    for code in ("HND002", "OPN001", "THR003", "EXC001"):
        _, out, _ = run("explain", code, "--width", str(width))
        assert max(map(len, out.splitlines())) <= width
        assert "{" not in out


def test_hresults_have_eight_digits_in_json() -> None:
    _, out, _ = run("why", HANDLES, "--json")
    assert {len(item["hresult"]) for item in json.loads(out)["commands"]} == {10}


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")
def test_a_terminal_that_tells_no_size() -> None:
    """One made by a program says that it has 0 columns: answers are as wide as on an ordinary one."""
    import pty

    master, terminal = pty.openpty()
    try:
        out = os.fdopen(os.dup(terminal), "w")
        assert Environment(out, io.StringIO(), {}).width() == 80
        out.close()
    finally:
        os.close(terminal)
        os.close(master)
