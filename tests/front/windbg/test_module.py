"""``!py -m dumpscope.windbg``: every command from the package that pip installed, and the folder that ``windbg --install`` writes."""

from __future__ import annotations

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import List, Tuple

import pytest
from tests.front.windbg.fake_host import Engine, Output, blocks_of

from dumpscope.commands.windbg.scripts import alias_names, script_files, start_lines
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main
from dumpscope.front.windbg.host import Host
from dumpscope.front.windbg.main import run_module
from dumpscope.view.paint import strip_dml

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "samples" / "article-handles.dmp"


def typed(*words: str, engine: Engine) -> Tuple[int, str]:
    """``!py -m dumpscope.windbg WORDS``."""
    output = Output()
    status = run_module(list(words), Host(output, engine))
    return status, "".join(blocks_of(output))


def line(*words: str) -> Tuple[int, str]:
    pipe = StringIO()
    return main(list(words), Environment(pipe, pipe, {})), pipe.getvalue()


@pytest.fixture
def engine() -> Engine:
    return Engine(f"User mini dump: {SAMPLE}")


def test_a_command_answers_as_elsewhere_and_its_links_need_no_script(engine: Engine) -> None:
    status, marked = typed("handles", engine=engine)
    assert (status, strip_dml(marked)) == line("handles", str(SAMPLE))
    targets = re.findall(r'<link cmd="([^"<>]*)">', marked)
    assert targets
    assert all(re.match(r"!py(?: -3\.\d)? -m dumpscope\.windbg \w|~~\[", target) for target in targets), targets[:3]
    assert strip_dml(typed("!threads", engine=engine)[1]) == line("threads", str(SAMPLE))[1]


def test_help_and_mistakes_name_what_can_be_typed(engine: Engine) -> None:
    status, text = typed("handles", "--help", engine=engine)
    assert status == 0
    assert "!py -m dumpscope.windbg handles" in strip_dml(text)
    status, text = typed("handels", engine=engine)
    assert status == 2
    assert "did you mean handles?" in strip_dml(text)
    status, text = typed(engine=engine)
    assert status == 0
    assert "handles" in text


def test_aliases_are_explained(engine: Engine) -> None:
    for word in ("-h", "--help"):
        status, text = typed("aliases", word, engine=engine)
        assert status == 0
        assert "usage: !py aliases [off]" in text
    assert not [command for command in engine.commands if command.startswith(("as ", "ad "))]


def test_aliases_lead_to_the_package(engine: Engine) -> None:
    engine.answers["al"] = " !annotations     !py -m dumpscope.windbg annotations \n"
    status, text = typed("aliases", engine=engine)
    assert status == 0, text
    set_ = [command for command in engine.commands if command.startswith("as ")]
    assert len(set_) == len(alias_names())
    assert all(re.fullmatch(r"as !([\w-]+) !py(?: -3\.\d)? -m dumpscope\.windbg \1", command) for command in set_)
    engine.commands.clear()
    typed("aliases", "off", engine=engine)
    assert not [command for command in engine.commands if command.startswith("as ")]


def test_the_start_file_without_scripts_leads_to_the_package() -> None:
    lines = start_lines()
    assert "aS !handles !py -m dumpscope.windbg handles" in lines
    assert lines[-1] == ".load pykd"
    assert lines[0].startswith("ad /q ")


def test_install_writes_scripts_that_run(tmp_path: Path) -> None:
    folder = tmp_path / "in here"
    status, text = line("windbg", "--install", str(folder))
    assert status == 0, text
    wanted = script_files("x", "y")
    assert {path.name for path in folder.iterdir()} == set(wanted)
    assert f'!py "{folder}' in text
    done = subprocess.run([sys.executable, "-S", "-I", str(folder / "handles.py"), str(SAMPLE)], capture_output=True, cwd=tmp_path)
    assert done.stderr == b""
    assert done.stdout.replace(b"\r\n", b"\n").decode() == line("handles", str(SAMPLE))[1]


def test_install_replaces_nothing_unless_told(tmp_path: Path) -> None:
    (tmp_path / "why.py").write_text("mine")
    status, text = line("windbg", "--install", str(tmp_path))
    assert status == 2
    assert "why.py" in text
    assert "--force" in text
    assert [path.name for path in tmp_path.iterdir()] == ["why.py"]
    assert line("windbg", "--install", str(tmp_path), "--force")[0] == 0
    assert "run(" in (tmp_path / "why.py").read_text()


@pytest.mark.parametrize(
    "words", [["--install", ""], ["--install", "x;y"], ["--install", "\u03b2"], ["--force"], ["--install", "x", "--script"], ["--install", "x", "y"]]
)
def test_what_makes_no_sense_is_refused(words: List[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert line("windbg", *words)[0] == 2
    assert not list(tmp_path.iterdir())
