"""Aliases set through pykd: for the scripts of a folder or the package, with blanks in paths, and taken away again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, Tuple

import pytest
from tests.front.windbg.fake_host import Engine, Output, PlainOutput, blocks_of

from dumpscope.commands.windbg.scripts import MODULE
from dumpscope.errors import UsageError
from dumpscope.front.windbg.aliases import set_aliases
from dumpscope.front.windbg.host import Host

TAKEN = {"al": " !handles     !py something \n !why  !py something \n"}


def folder_with(place: Path, *names: str) -> str:
    """A folder of scripts of these names."""
    place.mkdir()
    for name in names:
        (place / f"{name}.py").write_text("")
    return str(place)


def run(folder: str, words: List[str], engine: Engine, output: Output) -> Tuple[int, str]:
    """The exit code and what was written."""
    host = Host(output, engine)
    code = set_aliases(host, folder, words)
    host.flush()
    return code, "".join(blocks_of(output))


def test_an_alias_for_each_script_that_is_there(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "scripts", "handles", "why", "handle", "other")
    engine = Engine("x", TAKEN)
    code, text = run(folder, [], engine, PlainOutput())
    assert code == 0
    names = [command.split()[1] for command in engine.commands if command.startswith("as ")]
    assert sorted(names) == ["!handles", "!why"], "none hides the debugger's own !handle, none is for a script that is not ours"
    handles = os.path.join(folder, "handles.py")
    assert any(command.startswith("as !handles !py") and handles in command for command in engine.commands)
    assert engine.commands.index("ad /q !handles") < next(index for index, command in enumerate(engine.commands) if command.startswith("as !handles"))
    assert "Now understood:" in text
    assert "<link" not in text


def test_a_path_with_a_blank_is_quoted(tmp_path: Path) -> None:
    engine = Engine("x", TAKEN)
    folder = folder_with(tmp_path / "my scripts", "handles")
    run(folder, [], engine, Output())
    assert next(command for command in engine.commands if command.startswith("as ")).endswith(f' "{os.path.join(folder, "handles.py")}"')


def test_the_names_are_links_where_markup_is_taken() -> None:
    _, text = run(MODULE, [], Engine("x", TAKEN), Output())
    assert '<link cmd="!handles">!handles</link>' in text


def test_off_takes_them_away(tmp_path: Path) -> None:
    engine = Engine("x")
    code, text = run(folder_with(tmp_path / "s", "why"), ["off"], engine, PlainOutput())
    assert (code, text) == (0, "The aliases of dumpscope are gone.\n")
    assert "ad /q !why" in engine.commands
    assert not [command for command in engine.commands if command.startswith("as ")]


def test_aliases_that_the_debugger_did_not_take(tmp_path: Path) -> None:
    code, text = run(folder_with(tmp_path / "s", "why"), [], Engine("x", {"al": "No aliases\n"}), PlainOutput())
    assert code == 2
    assert text.endswith("The debugger did not take them.\n")


@pytest.mark.parametrize("words", [["on"], ["off", "off"], ["-h", "off"]])
def test_other_words_are_refused(words: List[str]) -> None:
    with pytest.raises(UsageError, match="takes no argument"):
        run(MODULE, words, Engine("x"), Output())


def test_without_pykd_or_scripts_it_says_what_helps(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as module:
        set_aliases(Host(Output(), None), MODULE, [])
    assert module.value.hint == f"!py -3.9 -m {MODULE} aliases"
    with pytest.raises(UsageError) as scripts:
        set_aliases(Host(Output(), None), str(tmp_path), [])
    assert "dumpscope_aliases.txt" in scripts.value.hint
    with pytest.raises(UsageError, match="no scripts in"):
        run(str(tmp_path), [], Engine("x"), Output())
