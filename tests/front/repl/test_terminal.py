"""A real terminal (tmux): keys are typed, words completed, answers paged, a search interrupted, the window resized."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Dict, Iterator

import pytest
from tests.conftest import SAMPLES
from tests.counting import PATIENCE, POLLS

EXTENSION = SAMPLES.parent / "extension"
BARE_PROMPT = re.compile(r"(\|\|\d+:)?[0-9?]+:[0-9?]{3}> *$")
PRESS_AGAIN = 60
"""Polls after which a key that did nothing is pressed again."""

TMUX = shutil.which("tmux")

pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed here; apt-get install tmux makes these tests run")


class Screen:
    """A tmux window with a session of dumpscope in it."""

    def __init__(self, folder: Path, variables: Dict[str, str]) -> None:
        self.variables = variables
        self.name = f"dumpscope-{uuid.uuid4().hex[:12]}"
        self.folder = folder
        self.socket = str(folder / "tmux")

    def tmux(self, *words: str) -> str:
        assert TMUX is not None
        done = subprocess.run([TMUX, "-S", self.socket, "-f", os.devnull, *words], capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *words: str, width: int = 100, height: int = 30, **variables: str) -> Screen:
        given = {
            "PYTHONPATH": str(EXTENSION),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "LC_ALL": "C.UTF-8",
        }
        given.update(self.variables)
        given.update(variables)
        line = shlex.join(["env", *(f"{name}={value}" for name, value in given.items()), sys.executable, "-m", "dumpscope", *words])
        self.tmux("new-session", "-d", "-s", self.name, "-x", str(width), "-y", str(height), f"{line}; echo LEFT-WITH-$?; sleep 600")
        return self

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", self.name, *keys)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-t", self.name, "-l", text)

    def text(self, *, painted: bool = False) -> str:
        return self.tmux("capture-pane", "-p", *(["-e"] if painted else []), "-t", self.name)

    def wait(self, wanted: str) -> str:
        """The screen once it shows ``wanted``."""
        wanted = wanted.rstrip()  # tmux leaves out blanks at the end of a line
        shown = ""
        for _ in range(POLLS):
            shown = self.text()
            if wanted in shown:
                return shown
            time.sleep(0.05)
        raise AssertionError(f"{wanted!r} did not appear:\n{shown}")

    def leave(self) -> None:
        """Ctrl-D at an empty prompt, and the session's end.

        Between two prompts the terminal is not in raw mode, and a Ctrl-D that comes there is lost: so it waits for the prompt,
        and presses again where that prompt was the one before.
        """
        shown = ""
        pressed = -PRESS_AGAIN
        for poll in range(POLLS):
            shown = self.text()
            if "LEFT-WITH-0" in shown:
                return
            if poll - pressed >= PRESS_AGAIN and any(BARE_PROMPT.match(line) for line in shown.splitlines()):
                self.keys("C-d")
                pressed = poll
            time.sleep(0.05)
        raise AssertionError(f"the session did not end:\n{shown}")

    def press(self, key: str, wanted: str) -> None:
        """A key, and the screen with ``wanted``.

        Completions are found beside the typing: a Tab that comes while those of the letter before are looked for is lost, and pressed again.
        """
        shown = ""
        for poll in range(POLLS):
            shown = self.text()
            if any(line.rstrip() == wanted for line in shown.splitlines()):
                return
            if poll % PRESS_AGAIN == 0:
                self.keys(key)
            time.sleep(0.05)
        raise AssertionError(f"{wanted!r} did not appear:\n{shown}")

    def wait_gone(self, unwanted: str) -> str:
        """The screen once it does not show ``unwanted`` any more."""
        shown = ""
        for _ in range(POLLS):
            shown = self.text()
            if unwanted not in shown:
                return shown
            time.sleep(0.05)
        raise AssertionError(f"{unwanted!r} did not go:\n{shown}")


@pytest.fixture(scope="module")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, str]:
    """Variables with which a session finds what the one before compiled, where the tests run without: compiling takes longer than the rest of a start."""
    if not sys.dont_write_bytecode:
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("bytecode"))}


@pytest.fixture
def screen(bytecode: Dict[str, str]) -> Iterator[Screen]:
    # A socket's path must be short.
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ds") as folder:
        made = Screen(Path(folder), bytecode)
        try:
            yield made
        finally:
            subprocess.run([str(TMUX), "-S", made.socket, "kill-server"], capture_output=True)


def sample(name: str) -> str:
    return str(SAMPLES / name)


def test_a_newcomer_finds_why_handle_fails(screen: Screen) -> None:
    screen.start("repl", sample("article-nohandles.dmp"), height=40)
    assert "F1 helps" in screen.wait("0:000> ")
    screen.wait("1 error")
    screen.type("why ")
    screen.wait("fails on this dump")
    screen.type("!han")
    screen.wait("!handle  fails on this dump: the file has no handle stream")
    screen.keys("F1")
    shown = screen.wait("HND002")
    assert "In the debugger !handle fails on this dump" in shown
    screen.wait("0:000> why !han")
    screen.press("Tab", "0:000> why !handle")
    screen.keys("Enter")
    screen.wait("PROCESS_DUP_HANDLE")
    screen.leave()


def test_paging_searching_and_leaving_the_pager(screen: Screen) -> None:
    screen.start("repl", sample("handles.dmp"), height=20)
    screen.wait("0:000> ")
    screen.type("handles")
    screen.keys("Enter")
    shown = screen.wait("q leave")
    assert "1-1" in shown
    screen.keys("Space")
    screen.wait_gone(" 1-1")
    screen.type("g/Event")
    screen.wait("/Event")
    screen.keys("Enter")
    screen.wait_gone("/Event█")
    screen.keys("G")
    screen.wait("26 handles")
    screen.keys("q")
    shown = screen.wait("`last` shows it all again")
    assert "26 handles" in shown
    screen.type("set pager off; last | grep -c event")
    screen.keys("Enter")
    screen.wait("grep -c event\n")


def test_ctrl_c_ends_the_search_and_not_the_session(screen: Screen, tmp_path: Path) -> None:
    big = tmp_path / "big.dmp"
    sparse(big, 24 << 30)
    screen.start("repl", str(big))
    screen.wait("?:???> ")
    screen.type("search zzzz")
    screen.keys("Enter")
    screen.wait("Ctrl-C stops")
    screen.keys("C-c")
    screen.wait("interrupted")
    screen.type("memory --summary | head 3")
    screen.keys("Enter")
    screen.wait("captured")
    screen.keys("C-c")
    screen.leave()


def sparse(path: Path, size: int) -> None:
    """A full-memory dump of one range that takes no room on the disk."""
    import struct

    head = struct.pack("<4sIIIIIQ", b"MDMP", 0xA793, 2, 32, 0, 0, 2)
    system = struct.pack("<HHHBBIIIIIHH24x", 9, 6, 0, 1, 1, 10, 0, 19045, 2, 0, 0, 0)
    at = 32 + 24
    memory = struct.pack("<QQQQ", 1, at + len(system) + 32, 0x10000, size)
    directory = struct.pack("<III", 7, len(system), at) + struct.pack("<III", 9, len(memory), at + len(system))
    with open(path, "wb") as file:
        file.write(head + directory + system + memory)
        file.truncate(at + len(system) + 32 + size)


def test_resizing_to_sixty_columns(screen: Screen) -> None:
    screen.start("repl", sample("article-nohandles.dmp"), width=120, height=30)
    screen.wait("0:000> ")
    screen.wait("1 error")
    screen.tmux("resize-window", "-t", screen.name, "-x", "60", "-y", "20")
    screen.type("threads")
    screen.wait("0:000> threads")
    screen.keys("Enter")
    shown = screen.wait("2 threads") if "q leave" not in screen.text() else screen.text()
    assert all(len(line) <= 60 for line in shown.splitlines())
    assert "F1 help" in screen.wait("article-nohandles.dmp")


def test_a_paste_in_a_terminal(screen: Screen) -> None:
    screen.start("repl", sample("article-nohandles.dmp"), height=50)
    screen.wait("0:000> ")
    screen.tmux("set-buffer", 'ERROR: !handle: extension exception 0x80004002.\n    "Unable to read handle information"')
    screen.tmux("paste-buffer", "-p", "-t", screen.name)
    screen.wait("Unable to read handle information")
    screen.keys("Enter")
    screen.wait("On this dump it means:")


def test_history_comes_back(screen: Screen) -> None:
    screen.start("repl", sample("handles.dmp"))
    screen.wait("0:000> ")
    screen.type("threads | count")
    screen.keys("Enter")
    screen.wait("count\n5")
    screen.leave()
    screen.name += "-again"
    screen.start("repl", sample("handles.dmp"))
    screen.wait("0:000> ")
    screen.type("thr")
    screen.wait("0:000> threads | count")


def test_a_dumb_terminal_gets_plain_lines(screen: Screen) -> None:
    screen.start("repl", sample("handles.dmp"), TERM="dumb")
    screen.wait("0:000> ")
    screen.type("handles | tail 1")
    screen.keys("Enter")
    screen.wait("26 handles")
    assert "F1" not in screen.text()
    screen.leave()


def test_without_a_dump_it_asks_for_one(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLES)
    screen.start()
    screen.wait("Tab completes, Enter opens")
    screen.type("article-no")
    screen.wait_gone("article-handles.dmp")  # the list of all files, before the one that fits
    screen.wait("article-nohandles.dmp")
    screen.press("Tab", "dump: article-nohandles.dmp")
    screen.keys("Enter")
    screen.wait("article-nohandles.dmp: Windows 10")
    screen.wait("0:000> ")
    screen.leave()


def test_no_colour_where_none_is_wanted(screen: Screen) -> None:
    screen.start("repl", sample("handles.dmp"), NO_COLOR="1")
    screen.wait("0:000> ")
    screen.type("threads")
    screen.wait("0:000> threads")
    screen.keys("Enter")
    screen.wait("3 threads")
    painted = screen.text(painted=True)
    assert "\x1b[3" not in painted.replace("\x1b[39m", "")


def test_two_dumps(screen: Screen) -> None:
    screen.start("repl", sample("handles.dmp"), sample("article-nohandles.dmp"))
    screen.wait("||0:0:000> ")
    screen.type("||1s")
    screen.keys("Enter")
    screen.wait("||1:0:000> ")
