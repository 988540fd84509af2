"""Command lines about files, as hints give them: what a shell and a session make of them is the file's name again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dumpscope.dump.command_lines import file_word, mend_line
from dumpscope.session.parsing import split_line

NAMES = [
    "app.dmp",
    "a b.dmp",
    "it's.dmp",
    'the "dump".dmp',
    "$HOME.dmp",
    "`date`.dmp",
    "a\\b.dmp",
    "c!1.dmp",
    "a;b&c(d).dmp",
    "*.dmp",
    "ä ö.dmp",
    "~x",
    'a\'b "c" $d',
]


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_a_posix_shell_makes_the_name_of_it() -> None:
    line = "printf '%s\\n' " + " ".join(file_word(name) for name in NAMES)
    done = subprocess.run(["sh", "-c", line], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines() == NAMES


@pytest.mark.parametrize("name", NAMES[:-1])  # a session has no word with both kinds of quotation marks
def test_a_session_makes_the_name_of_it(name: str) -> None:
    assert split_line("mend " + file_word(name, windows=False)) == ["mend", name]


@pytest.mark.parametrize("name", [r"C:\dumps\app.dmp", r"C:\my dumps\app.dmp", r"\\server\share\a&b (1).dmp", "it's.dmp", "$HOME.dmp"])
def test_windows_has_double_quotation_marks_alone(name: str) -> None:
    word = file_word(name, windows=True)
    assert word == (name if name == r"C:\dumps\app.dmp" else f'"{name}"')
    assert split_line(word) == [name]


def test_a_name_is_never_an_option() -> None:
    assert file_word("-x.dmp") in ("./-x.dmp", '".\\-x.dmp"', ".\\-x.dmp")
    assert mend_line("-x.dmp").count(" -") == 1


def test_the_line_to_mend() -> None:
    assert mend_line("app.dmp") == "dumpscope mend app.dmp -o app-mended.dmp"
    assert mend_line("my app.dmp", True) == 'dumpscope mend "my app.dmp" -o "my app-mended.dmp" --invent'
    assert mend_line("") == "dumpscope mend DUMP -o OUT"
    assert mend_line("", True) == "dumpscope mend DUMP -o OUT --invent"


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")
def test_the_line_of_a_refused_dump_works_in_a_shell(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.conftest import SAMPLES

    monkeypatch.chdir(tmp_path)
    name = 'my $HOME\'s "dump".dmp'
    Path(name).write_bytes((SAMPLES / "not-a-dump-signature-spoilt.dmp").read_bytes())
    told = cli("shrink", name, "-o", "x.dmp").err
    line = mend_line(name)
    assert f"`{line}`" in told
    words = subprocess.run(["sh", "-c", "printf '%s\\n' " + line], capture_output=True, encoding="utf-8", check=True).stdout.splitlines()
    assert words == ["dumpscope", "mend", name, "-o", 'my $HOME\'s "dump"-mended.dmp']
    assert cli(*words[1:]).code == 0
