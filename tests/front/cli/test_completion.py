"""Completion: each shell that is here runs its text and offers what the registry has; the texts of all four name everything."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Dict, List

import pytest

from dumpscope.commands.index import all_commands
from dumpscope.front.cli.completion import WRITERS, entries, script
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main
from dumpscope.front.cli.shells import SHELLS
from dumpscope.front.options import COMMON

COMMANDS = [*all_commands(), *SHELLS.values()]
LINES: Dict[str, List[str]] = {
    "han": ["handle", "handles"],
    "handles a.dmp --so": ["--sort"],
    "handles a.dmp --sort ": ["handle", "type", "name", "access", "handles", "pointers"],
    "handle a.dmp --na": ["--name", "--named"],
    "--color never dumpd": ["dumpdebug"],
    "--color ne": ["never"],
    "handles a.dmp --width ": [],
    "explain HND00": [f"HND00{number}" for number in range(1, 10)],
    "completion ": ["bash", "zsh", "fish", "powershell"],
    "help triag": ["triage"],
    "why a.dmp !hand": ["!handle"],
    "dumpinfo --jso": ["--json"],
}
"""What stands behind ``dumpscope``, and what is offered; files are not, as none begins so."""


def complete(shell: str, line: str, folder: Path) -> List[str]:
    """What a shell offers at the end of a line, in a folder."""
    text = folder.parent / f"completion.{shell}"
    text.write_text(script(shell), "utf-8")
    words = ["dumpscope", *line.split(" ")]
    if shell == "bash":
        listed = " ".join(map(shlex.quote, words))
        program = f"source {text}; COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _dumpscope; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        command = ["bash", "--norc", "-c", program]
    elif shell == "zsh":
        listed = " ".join(map(shlex.quote, words))
        told = (
            '_describe() { local n=${@[-1]}; print -rl -- ${${(P)n}%%:*}; }; compadd() { shift; print -rl -- "$@"; }; _files() { print -rl -- *(N); };'
            "compdef() { :; };"
        )
        command = ["zsh", "-fc", f"{told} source {text}; words=({listed}); CURRENT={len(words)}; _dumpscope"]
    else:
        command = ["fish", "--no-config", "-c", f"source {text}; complete -C {shlex.quote('dumpscope ' + line)}"]
    variables = {**os.environ, "HOME": str(folder.parent), "XDG_CONFIG_HOME": str(folder.parent), "XDG_DATA_HOME": str(folder.parent)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=variables, check=False)
    assert done.stderr == ""
    offered = [row.split("\t")[0] for row in done.stdout.splitlines() if row]
    return [row for row in offered if row.startswith(words[-1])]  # zsh itself filters what it is given


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "here"
    made.mkdir()
    return made


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_offers_what_the_registry_has(shell: str, folder: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    for line, wanted in LINES.items():
        assert sorted(complete(shell, line, folder)) == sorted(wanted), line


def test_bash_offers_dumps_and_folders_and_other_files_only_without_dumps(folder: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    (folder / "app one.dmp").write_bytes(b"")
    (folder / "app.txt").write_bytes(b"")
    (folder / "apps").mkdir()
    (folder / "note.txt").write_bytes(b"")
    assert sorted(complete("bash", "handles a", folder)) == ["app one.dmp", "apps"]
    assert complete("bash", "handles n", folder) == ["note.txt"]
    assert sorted(complete("bash", "shrink x -o a", folder)) == ["app one.dmp", "app.txt", "apps"]
    assert complete("bash", "explain n", folder) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_parse_it(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    text = tmp_path / "completion"
    text.write_text(script(shell), "utf-8")
    assert subprocess.run([shell, "-n", str(text)], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("shell", WRITERS)
def test_every_command_option_and_choice_is_in_the_text(shell: str) -> None:
    text = script(shell)
    words = set(re.findall(r"[\w.!~*-]+", text))
    for row in entries(COMMANDS):
        assert set(row.names) <= words
        for option in row.options:
            names = {name.lstrip("-") for name in option.names} if shell == "fish" else set(option.names)
            assert names | set(option.words) <= words, (row.names, option)
    for item in COMMON:
        assert {name.lstrip("-") if shell == "fish" else name for name in item.names} <= words


def test_the_table_is_the_registry() -> None:
    rows = {row.names[0]: row for row in entries(COMMANDS)}
    assert set(rows) == {item.name for item in COMMANDS}
    for item in COMMANDS:
        options = [argument.names for argument in item.arguments if not argument.positional]
        assert [option.names for option in rows[item.name].options] == options


def test_quotes_and_brackets_in_powershell_are_balanced() -> None:
    text = re.sub(r"'(?:[^']|'')*'", "''", re.sub(r"^\s*#.*$", "", script("powershell"), flags=re.MULTILINE))
    for opening, closing in ("()", "{}", "[]"):
        assert text.count(opening) == text.count(closing)


def test_the_command_line_writes_it() -> None:
    out, err = io.StringIO(), io.StringIO()
    assert main(["completion", "fish"], Environment(out, err, {})) == 0
    assert out.getvalue() == script("fish")
    assert main(["completion", "tcsh"], Environment(out, err, {})) == 2
    assert "powershell" in err.getvalue()
