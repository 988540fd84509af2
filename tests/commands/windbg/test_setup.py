"""``windbg``: the lines to type, for a folder of scripts and for the package that pip installed."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.commands.made import flat

from dumpscope.commands.windbg import setup


def test_lines_for_a_folder_of_scripts(cli: Any, run_json: Any) -> None:
    out = cli("windbg", "C:\\scripts").out
    for line in (
        "  !py C:\\scripts\\handles.py\n",
        "  !py C:\\scripts\\aliases.py     from here on",
        "  .load pykd\n",
        "!pip install pykd     for the Python marked *",
    ):
        assert line in out
    assert "dumpscope[windbg]" not in out
    assert "of its own: ours is !py " in flat(out)
    document = run_json("windbg", "C:\\scripts")
    python = document["python"]
    assert python["version"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert python["bits"] == struct.calcsize("P") * 8
    assert python["windows"] is (sys.platform == "win32")
    assert python["scripts"] == "C:\\scripts"


def test_a_folder_with_a_space_is_quoted(cli: Any) -> None:
    out = cli("windbg", "C:\\my scripts").out
    assert '  !py "C:\\my scripts\\handles.py"\n' in out
    assert '  !py "C:\\my scripts\\aliases.py"     from here on' in out


def test_without_a_folder_the_package_is_meant(monkeypatch: pytest.MonkeyPatch, cli: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(setup, "_place", lambda: str(tmp_path / "extension"))
    out = cli("windbg").out
    assert "  !py -m dumpscope.windbg handles\n" in out
    assert "  !py -m dumpscope.windbg aliases     from here on" in out
    assert "!pip install dumpscope[windbg]     for the Python marked *" in out
    assert "ours is !py -m dumpscope.windbg " in flat(out)
    (tmp_path / "scripts").mkdir()
    assert "!py -m dumpscope.windbg handles\n" in cli("windbg").out
    (tmp_path / "scripts" / "handles.py").write_text("")
    assert f"{tmp_path / 'scripts'}" in cli("windbg").out.replace("\\\\", "\\")


def test_only_the_lines_of_a_script(cli: Any) -> None:
    out = cli("windbg", "--script", "C:\\scripts").out
    assert out.splitlines()[0].startswith("ad /q !")
    assert "checks" not in out
    assert "C:\\scripts" in out
    assert out != cli("windbg", "--script", "C:\\other").out


@pytest.mark.parametrize("name", ["plain", "with space"])
def test_scripts_in_a_folder(cli: Any, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    result = cli("windbg", "--install", folder)
    assert result.code == 0
    made = {path.name for path in folder.iterdir()}
    assert {"handles.py", "aliases.py", "why.py"} <= made
    line = next(line for line in result.out.splitlines() if "aliases.py" in line)
    quoted = f'"{folder}' in line
    assert quoted is (" " in str(folder))
    assert cli("windbg", "--install", folder).code == 0  # the same files again
    (folder / "handles.py").write_text("another")
    assert cli("windbg", "--install", folder).code != 0
    assert (folder / "handles.py").read_text() == "another"
    assert cli("windbg", "--install", folder, "--force").code == 0
    assert (folder / "handles.py").read_text() != "another"
