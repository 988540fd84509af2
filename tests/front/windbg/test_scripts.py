"""``scripts/``: one for each command that makes sense in a debugger, alike but for the name."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.front.windbg.make_scripts import OTHERS, expected

from dumpscope.commands.windbg.scripts import DEBUGGERS_OWN, alias_lines, alias_names

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "scripts"
SAMPLE = ROOT / "samples" / "article-handles.dmp"
AGAIN = "python -m tests.front.windbg.make_scripts writes them"


def test_each_command_has_its_script_and_they_differ_in_the_name_only() -> None:
    wanted = expected()
    there = {path.name for path in SCRIPTS.iterdir() if path.is_file()} - {f"{name}.py" for name in OTHERS}
    assert there == set(wanted), AGAIN
    for name, text in wanted.items():
        assert (SCRIPTS / name).read_bytes() == text.encode(), f"{name}: {AGAIN}"


def test_the_model_is_as_the_debugger_wants_it() -> None:
    model = (SCRIPTS / "handles.py").read_text("utf-8")
    assert re.match(r"^#!\s*python([2,3])(?:\.(\d))?$", model.split("\n")[0])
    assert "__file__" not in model


def test_no_script_hides_a_module() -> None:
    hidden = {path.name.split(".")[0] for path in (ROOT / "extension").iterdir()}
    if sys.version_info >= (3, 10):
        hidden |= set(sys.stdlib_module_names)
    else:
        hidden |= set(sys.builtin_module_names)
    hidden |= {"pykd", "prompt_toolkit", "pygments", "wcwidth"}
    assert not hidden & {path.stem for path in SCRIPTS.glob("*.py")}


@pytest.mark.parametrize("name", ["handles", "dumpinfo"])
def test_a_script_runs_in_a_plain_python_too(name: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-S", str(SCRIPTS / f"{name}.py"), str(SAMPLE)], capture_output=True, cwd=tmp_path)
    line = subprocess.run([sys.executable, "-S", "-m", "dumpscope", name, str(SAMPLE)], capture_output=True, cwd=ROOT / "extension")
    assert done.stderr == b""
    assert done.stdout == line.stdout
    missing = subprocess.run([sys.executable, "-S", str(SCRIPTS / f"{name}.py"), "no.dmp"], capture_output=True, cwd=tmp_path)
    assert missing.returncode == 3


def test_the_alias_file_survives_the_debugger() -> None:
    for line in alias_lines():
        assert ";" not in line, "the debugger joins the lines with it"
        assert "\\" not in line or '"' not in line, "a quoted value loses its backslashes"
    lines = alias_lines()
    assert lines[0].startswith("ad /q "), "as long as the joined line begins so, old aliases in it are not replaced"


def test_aliases_hide_nothing_of_the_debugger() -> None:
    assert {"dumpinfo", "handles", "threads", "why"} <= set(alias_names())
    assert not set(alias_names()) & DEBUGGERS_OWN
    assert not {"handle", "address", "help", "teb", "peb", "analyze", "process"} & set(alias_names())


def test_writedump_says_that_it_needs_windows(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("this is Windows")
    done = subprocess.run([sys.executable, "-S", str(SCRIPTS / "writedump.py"), "4711", "x.dmp"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "needs Windows" in done.stderr
    assert not list(tmp_path.iterdir())
