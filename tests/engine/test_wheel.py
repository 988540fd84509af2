"""A newcomer with nothing but a wheel: the package as pip installs it, in the real engine with the real pykd and a Python that knows no clone."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest
from tests.engine.bench import Bench, windows_path
from tests.engine.inside import ROOT, command_line

from dumpscope.view.paint import strip_dml

ARTICLE = ROOT / "samples" / "article-handles.dmp"
NO_HANDLES = ROOT / "samples" / "article-nohandles.dmp"
LONG = ROOT / "samples" / "everything-small.dmp"
BUILT_FROM = ("extension/dumpscope", "pyproject.toml", "README.md", "LICENSE", "docs/dumpscope.1")
AS_MODULE = """\
import sys
sys.setrecursionlimit(500)
sys.argv = [""] + {words!r}
import runpy
runpy.run_module("dumpscope.windbg", run_name="__main__", alter_sys=True)
"""
"""What pykd's extension does for ``!py -m dumpscope.windbg WORDS``; the stand-in of the bench takes no -m."""
BROKEN_OFF = """\
import ctypes, sys, threading
from dumpscope.front.windbg.main import run_module

real = sys.stdout

class Counted:
    encoding, closed = real.encoding, real.closed
    left = 3
    def write(self, text):
        real.write(text)
        self.left -= 1
        if self.left == 0:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(threading.get_ident()), ctypes.py_object(SystemExit))
    def flush(self):
        real.flush()
    def isatty(self):
        return False

sys.stdout = Counted()
status = run_module(["map", "--text"])
sys.stdout = real
print("\\n@#@status %d" % status)
status = run_module(["handles", "--text"])
print("@#@then %d" % status)
"""
"""Ctrl+Break as pykd's extension delivers it: SystemExit at the next instruction of Python. Here it comes after the third block of a long answer."""


class Newcomer(Bench):
    """The bench, with one more folder where its Python looks for packages: what ``!pip install`` fills."""

    site = ""

    def _environment(self) -> Dict[str, str]:
        return {**super()._environment(), "PYTHONPATH": self.site}


@pytest.fixture(scope="module")
def newcomer(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """A bench whose Python has the wheel of this tree, built and installed by pip."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    for name in BUILT_FROM:
        source, place = ROOT / name, tree / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, place)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(folder), str(tree)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--no-compile", "--target", str(folder / "site"), str(wheel)], check=True, capture_output=True)
    shutil.rmtree(tree)
    made = Newcomer(bench.root)
    made.site = windows_path(folder / "site")
    return made


def extension_of(bench: Bench) -> str:
    return ".load " + windows_path(bench.root / "python" / "Lib" / "site-packages" / "pykd" / "pykd.pyd")


def as_module(bench: Newcomer, dump: Path, folder: Path, words: List[str], *, before: List[str]) -> str:
    script = folder / f"module_{'_'.join(re.sub('[^a-z0-9]', '', word.lower()) for word in words) or 'alone'}.py"
    script.write_text(AS_MODULE.format(words=words), "utf-8")
    call = "!py " + windows_path(script)
    answer = bench.ask_one(dump, [extension_of(bench), *before, call, "al"], what="wx", fresh=True, timeout=120)
    assert not answer.died, answer.died
    return answer.commands[call].text + "\n---\n" + answer.commands["al"].text


def test_the_package_alone_answers_as_the_command_line_does(newcomer: Newcomer, tmp_path: Path) -> None:
    for dump, words in ((ARTICLE, ["handles", "--text"]), (NO_HANDLES, ["why", "!handle", "--text"]), (ARTICLE, ["!threads", "--text"])):
        text, _, _ = as_module(newcomer, dump, tmp_path, words, before=[]).partition("\n---\n")
        assert text.rstrip("\n") == command_line(words[0].lstrip("!"), dump, words[1:]).rstrip("\n"), words


def test_its_links_need_no_scripts(newcomer: Newcomer, tmp_path: Path) -> None:
    script = tmp_path / "links.py"
    script.write_text(AS_MODULE.format(words=["handles"]), "utf-8")
    raw = newcomer.run_inside(ARTICLE, script, dml=True).raw
    links = [strip_dml(link) for link in re.findall(r'<link cmd="([^"<>]*)">', raw)]
    assert links
    assert all(link.startswith("!py -m dumpscope.windbg ") for link in links), links[:5]


def test_handles_can_be_typed_after_the_aliases_of_the_package(newcomer: Newcomer, tmp_path: Path) -> None:
    text = as_module(newcomer, ARTICLE, tmp_path, ["aliases"], before=[])
    assert "Now understood: " in text
    for name in ("handles", "threads", "why", "dumpinfo"):
        assert re.search(rf"^ !{name} +!py -m dumpscope\.windbg {name} *$", text, re.MULTILINE), text


def test_handles_can_be_typed_after_windbg_install(newcomer: Newcomer, tmp_path: Path) -> None:
    """The whole way: pip, `dumpscope windbg --install FOLDER`, `!py FOLDER\\aliases.py`, `!handles`."""
    folder = tmp_path / "my-scripts"
    made = newcomer.windows_python("-m", "dumpscope", "windbg", "--install", windows_path(folder))
    assert made.returncode == 0, made.stdout + made.stderr
    assert (folder / "handles.py").exists()
    aliases = "!py " + windows_path(folder / "aliases.py")
    answer = newcomer.ask_one(ARTICLE, [extension_of(newcomer), aliases, "!handles", aliases, "!threads"], what="wx", fresh=True)
    assert answer.commands["!handles"].text.rstrip("\n") == command_line("handles", ARTICLE, []).rstrip("\n")
    assert answer.commands["!threads"].text.rstrip("\n") == command_line("threads", ARTICLE, []).rstrip("\n")
    again = newcomer.windows_python("-m", "dumpscope", "windbg", "--install", windows_path(folder))
    assert "0 files" in again.stdout, again.stdout


def test_the_start_file_of_an_installation_defines_the_aliases(newcomer: Newcomer, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    newcomer.windows_python("-m", "dumpscope", "windbg", "--install", windows_path(folder))
    run = "$$><" + windows_path(folder / "dumpscope_start.txt")
    answer = newcomer.ask_one(ARTICLE, [extension_of(newcomer), run, run + " ", "!handles"], what="wx", fresh=True)
    assert answer.commands["!handles"].text.rstrip("\n") == command_line("handles", ARTICLE, []).rstrip("\n")


def test_a_python_without_the_package_runs_the_scripts_of_another(bench: Bench, newcomer: Newcomer, tmp_path: Path) -> None:
    """pip ran in one Python and the debugger has another: the scripts know where the package lies."""
    folder = tmp_path / "s"
    newcomer.windows_python("-m", "dumpscope", "windbg", "--install", windows_path(folder))
    answer = bench.run_inside(ARTICLE, folder / "handles.py", ["--text"])
    assert answer.text.rstrip("\n") == command_line("handles", ARTICLE, []).rstrip("\n")


def test_a_long_answer_arrives_whole(newcomer: Newcomer, tmp_path: Path) -> None:
    script = tmp_path / "long.py"
    script.write_text(AS_MODULE.format(words=["map", "--text"]), "utf-8")
    text = newcomer.run_inside(LONG, script).text
    assert text.rstrip("\n") == command_line("map", LONG, []).rstrip("\n")
    assert len(text) > 4000


def test_ctrl_break_ends_a_long_answer_and_the_next_one_is_whole(newcomer: Newcomer, tmp_path: Path) -> None:
    script = tmp_path / "broken_off.py"
    script.write_text(BROKEN_OFF, "utf-8")
    text = newcomer.run_inside(LONG, script).text
    first, _, rest = text.partition("\n@#@status ")
    status, _, second = rest.partition("\n")
    assert status == "130"
    whole = command_line("map", LONG, [])
    assert whole.startswith(first.rstrip("\n"))
    assert 0 < len(first) < len(whole) // 2
    assert "Traceback" not in text
    assert second.partition("\n@#@then ")[0].rstrip("\n") == command_line("handles", LONG, []).rstrip("\n")
