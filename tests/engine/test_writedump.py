"""``writedump.py`` writing real dumps of a running process: with Wine's writer and with Microsoft's dbghelp 6.3, opened by the engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Iterator, List

import pytest
from tests.counting import PATIENCE, POLLS
from tests.engine.bench import WINE, Bench, Finished, windows_path
from tests.engine.inside import ROOT, command_line

from dumpscope import Minidump

SCRIPT = windows_path(ROOT / "scripts" / "writedump.py")
BUILT_IN = {"WINEDLLOVERRIDES": "mscoree,mshtml="}
NO_INTERFACE = 0x80004002


class Target:
    """A running process with many kinds of handles, under a name of its own."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        self.name = f"target{folder.stat().st_ino % 100000}"
        program = folder / f"{self.name}.exe"
        shutil.copyfile(next((bench.root / "prefix").rglob("demo/target.exe")), program)
        pid = folder / "pid"
        environment = {**bench._environment(), **BUILT_IN}
        self.process = subprocess.Popen(
            [WINE, windows_path(program), "600", windows_path(pid)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(POLLS):
            if pid.exists() and pid.read_text().strip():
                break
            time.sleep(0.1)
        time.sleep(0.5)
        self.pid = int(pid.read_text())

    def writedump(self, *words: str, microsoft: bool = False) -> Finished:
        """Run the script in Windows Python, with Wine's dbghelp or Microsoft's."""
        arguments = [SCRIPT, *words]
        if microsoft:
            arguments += ["--dll", windows_path(self.bench.root / "engine63" / "dbghelp.dll")]
            return self.bench.windows_python(*arguments, env={"WINEDLLOVERRIDES": "mscoree,mshtml=;dbghelp=n"})
        return self.bench.windows_python(*arguments, env=BUILT_IN)


@pytest.fixture(scope="module")
def target(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    running = Target(bench, tmp_path_factory.mktemp("target"))
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.wait(PATIENCE)


def test_processes_are_listed(target: Target) -> None:
    done = target.writedump("--list")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^ *{target.pid} +\d+ +4 +64  {target.name}\.exe$", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize("microsoft", [False, True], ids=["wine", "dbghelp63"])
@pytest.mark.parametrize("flags", ["0x0", "0x1105", "handles,threadinfo", "0x2", "0x61907", "/mFhut"])
def test_a_dump_is_written_opened_and_explained(target: Target, bench: Bench, tmp_path: Path, flags: str, microsoft: bool) -> None:
    out = tmp_path / "out.dmp"
    done = target.writedump(str(target.pid), windows_path(out), "--flags", flags, microsoft=microsoft)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "opened with  PROCESS_QUERY_INFORMATION, PROCESS_VM_READ" in done.stdout
    answer = bench.ask_one(out)
    with Minidump.open(out) as dump:
        asked = dump.header.flags
        handles = len(dump.handles)
        opened_with = re.search(r"^opened with  (.*)$", done.stdout, re.MULTILINE)
        assert opened_with
        assert ("PROCESS_DUP_HANDLE" in opened_with.group(1)) == bool(asked & 4)
        assert [thread.tid for thread in dump.threads] == [thread.id for thread in answer.threads]
        assert len(dump.threads) == 4
    assert answer.opened
    # Both writers leave the handles out here: Wine's has no code for them, Microsoft's is told by Wine that there are none.
    assert (handles, answer.handle_count_hr) == (0, NO_INTERFACE)
    explained = command_line("why", out, ["!handle"])
    assert cause(asked, microsoft) in explained, explained


def cause(asked: int, microsoft: bool) -> str:
    """The rule that explains why the handles are not there."""
    return ("HND002" if asked & 4 else "HND001") if microsoft else "HND004"


@pytest.mark.parametrize("microsoft", [False, True], ids=["wine", "dbghelp63"])
def test_flags_for_commands_are_planned_and_the_answer_explained(target: Target, tmp_path: Path, microsoft: bool) -> None:
    out = tmp_path / "out.dmp"
    done = target.writedump(target.name, windows_path(out), "--for", "!handle", "!runaway", microsoft=microsoft)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "flags        0x1004  MiniDumpWithHandleData | MiniDumpWithThreadInfo" in done.stdout
    assert "!handle" in done.stdout
    assert cause(4, microsoft) in done.stdout


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["nosuchprogram", "OUT"], 2, "no process is called 'nosuchprogram'"),
        (["99999998", "OUT"], 2, "there is no process 99999998"),
        (["PID", "OUT", "--flags", "0x300000"], 2, "no writer accepts"),
        (["PID", "OUT", "--flags", "0x400000"], 1, "HRESULT 0x80070057"),
        (["PID", "OUT", "--flags", "handels"], 2, "did you mean"),
        (["PID", "OUT", "--for", "!nonsense"], 2, "nothing is known of"),
        (["PID", "OUT", "--dll", "C:\\no.dll"], 2, "there is no DLL"),
        (["PID", "C:\\no\\such\\folder\\x.dmp"], 2, "cannot be written"),
        ([], 2, "needs a process"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_no_file(target: Target, tmp_path: Path, words: List[str], status: int, said: str) -> None:
    out = tmp_path / "out.dmp"
    words = [{"PID": str(target.pid), "OUT": windows_path(out)}.get(word, word) for word in words]
    done = target.writedump(*words, microsoft="--dll" not in words)
    assert said in done.stderr, done.stdout + done.stderr
    assert done.returncode == status
    assert not out.exists()


def test_an_existing_file_is_kept_unless_told(target: Target, tmp_path: Path) -> None:
    out = tmp_path / "out.dmp"
    out.write_text("mine")
    done = target.writedump(str(target.pid), windows_path(out))
    assert (done.returncode, out.read_text()) == (2, "mine")
    done = target.writedump(str(target.pid), windows_path(out), "--force")
    assert done.returncode == 0, done.stderr
    assert out.read_bytes()[:4] == b"MDMP"


def test_a_dll_without_the_function_is_told_apart(target: Target, tmp_path: Path) -> None:
    done = target.writedump(str(target.pid), windows_path(tmp_path / "out.dmp"), "--dll", "C:\\windows\\system32\\kernel32.dll")
    assert done.returncode == 1
    assert "has no MiniDumpWriteDump" in done.stderr
