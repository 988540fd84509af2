"""``writedump`` in front of a stand-in for Windows: what it asks for, what it says, and that the process is always let go.

The real thing is tested with Windows Python and the engine (tests/engine/test_writedump.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dumpscope.capture import windows
from dumpscope.capture.rights import Right
from dumpscope.errors import DumpscopeError

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
READ, DUP = Right("PROCESS_VM_READ", 0x10, True, "no memory"), Right("PROCESS_DUP_HANDLE", 0x40, False, "no handles")


class Windows:
    """A machine with a few processes, one of which can be written."""

    def __init__(self) -> None:
        self.own = 64
        self.process = windows.Process(4711, 1, 3, 64, "demo.exe")
        self.opened = windows.Opened(99, [READ, DUP], [], False)
        self.asked, self.closed, self.attempts = [], [], 1
        self.fails = False

    def write_dump(self, handle, pid, path, flags, dll, *, overwrite=False):
        self.asked.append((handle, pid, path, flags, dll, overwrite))
        if self.fails:
            raise windows.WriteFailed("the disk is full")
        Path(path).write_bytes((SAMPLES / "article-handles.dmp").read_bytes())
        return windows.Written(Path(path).stat().st_size, "dbgcore.dll", self.attempts)

    def open_process(self, pid, flags):
        self.opened_with = (pid, flags)
        return self.opened


@pytest.fixture
def machine(monkeypatch):
    made = Windows()
    listed = [made.process, windows.Process(0, 0, 8, 64, "idle"), windows.Process(8, 4, 90, 0, "secret"), windows.Process(5, 4, 1, 32, "old.exe")]
    monkeypatch.setattr(windows, "require_windows", lambda: None)
    monkeypatch.setattr(windows, "processes", lambda: iter(listed))
    monkeypatch.setattr(windows, "find_process", lambda text: made.process)
    monkeypatch.setattr(windows, "own_bits", lambda: made.own)
    monkeypatch.setattr(windows, "open_process", made.open_process)
    monkeypatch.setattr(windows, "write_dump", made.write_dump)
    monkeypatch.setattr(windows, "close", made.closed.append)
    monkeypatch.setattr(windows, "dll_version", lambda path: "10.0.1.2")
    return made


def test_a_dump_is_written_and_explained(machine, run_json, cli, tmp_path):
    path = tmp_path / "out.dmp"
    document = run_json("writedump", "demo", path)
    assert machine.asked == [(99, 4711, str(path), 0x1105, "auto", False)]
    assert (machine.opened_with, machine.closed, document["exit"]) == ((4711, 0x1105), [99], 0)
    said = document["written"]
    assert (said["path"], said["process"], said["process_id"], said["flags"]) == (str(path), "demo.exe", 4711, "0x1105")
    assert (said["size"], said["rights"], said["dll"]) == (path.stat().st_size, ["PROCESS_VM_READ", "PROCESS_DUP_HANDLE"], "dbgcore.dll")
    text = cli("writedump", "demo", path, "--force").out
    assert "id 4711, 64 bits" in text
    assert "MiniDumpWithDataSegs | MiniDumpWithHandleData" in text
    assert "10.0.1.2" in text
    assert "attempts" not in text
    assert machine.asked[-1][-1] is True
    for words in ("SeDebugPrivilege", "was refused", "A 32-bit process"):
        assert words not in text


def test_what_was_in_the_way_is_said(machine, cli, tmp_path):
    machine.opened = windows.Opened(7, [READ], [DUP], True)
    machine.process = machine.process._replace(bits=32)
    machine.attempts = 3
    text = " ".join(cli("writedump", "demo", tmp_path / "out.dmp").out.split())
    assert "SeDebugPrivilege was turned on" in text
    assert "PROCESS_DUP_HANDLE was refused: no handles" in text
    assert "A 32-bit process was written by a 64-bit program" in text
    assert "attempts 3" in text
    machine.own = 32
    assert "A 32-bit process was written" not in cli("writedump", "demo", tmp_path / "two.dmp").out


def test_bits_that_are_not_known_are_left_out(machine, cli, tmp_path):
    machine.process = machine.process._replace(bits=0)
    assert "id 4711\n" in cli("writedump", "demo", tmp_path / "out.dmp").out


def test_a_process_is_let_go_when_the_writing_fails(machine, cli, tmp_path):
    machine.fails = True
    assert "the disk is full" in cli("writedump", "demo", tmp_path / "out.dmp").err
    assert machine.closed == [99]


def test_a_name_is_made_of_program_and_id(machine, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cli("writedump", "demo")
    assert [path.name for path in tmp_path.iterdir()] == ["demo_4711.dmp"]


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ([], 0x1105),
        (["--flags", "0x2"], 0x2),
        (["--flags", "handles"], 0x4),
        (["--for", "!handle"], 0x4),
        (["--flags", "0x20", "--for", "!handle", "!runaway"], 0x1024),
    ],
)
def test_flags(machine, cli, tmp_path, words, flags):
    cli("writedump", "demo", tmp_path / "out.dmp", *words)
    assert machine.asked[0][3] == flags


def test_each_command_that_is_wanted_is_explained(machine, cli, tmp_path):
    text = cli("writedump", "demo", tmp_path / "out.dmp", "--for", "!handle", "!runaway").out
    assert "HND008" in text
    assert text.index("!handle") < text.rindex("!runaway")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["demo", "--for", "!nonsense"], "nothing is known of the debugger command '!nonsense'"),
        ([], "writedump needs a process"),
        (["demo", "--flags", "0x80000000"], "no writer accepts 0x80000000"),
    ],
)
def test_what_cannot_be_meant_is_refused(machine, cli, words, message):
    result = cli("writedump", *words)
    assert (result.code, message in result.err, machine.asked) == (2, True, [])


def test_a_small_program_cannot_write_a_large_process(machine, cli):
    machine.own = 32
    result = cli("writedump", "demo")
    assert (result.code, "demo.exe is a 64-bit process" in result.err, machine.asked) == (2, True, [])


def test_the_processes_that_can_be_written(machine, run_json, cli):
    rows = run_json("writedump", "--list")["processes"]
    assert [(row["pid"], row["parent"], row["threads"], row["bits"], row["name"]) for row in rows] == [
        (5, 4, 1, 32, "old.exe"),
        (8, 4, 90, None, "secret"),
        (4711, 1, 3, 64, "demo.exe"),
    ]
    assert "- under bits" in cli("writedump", "--list").out


def test_elsewhere_it_says_that_windows_is_needed(cli, monkeypatch):
    monkeypatch.setattr(windows, "on_windows", lambda: False)
    result = cli("writedump", "--list")
    assert (result.code, "needs Windows" in result.err) == (2, True)
    assert issubclass(windows.WriteFailed, DumpscopeError)
