"""A process that is told to end: nothing half written stays behind, and the exit code says which signal it was."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import SAMPLES
from tests.counting import PATIENCE

from dumpscope import __main__ as entry
from dumpscope.writing import output

WRITER = """
import sys
from dumpscope.front.cli.ending import end_in_order
from dumpscope.writing.output import write_whole

def fill(file):
    file.write(b"half")
    file.flush()
    print("writes", flush=True)
    sys.stdin.read()

end_in_order()
write_whole(sys.argv[1], fill)
"""
"""Writes half a file, says so, and waits."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals that another process sends")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_half_a_file_goes_when_the_process_is_ended(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(SAMPLES.parent / 'extension')!r}); exec({WRITER!r})", str(tmp_path / "out")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=lambda: signal.signal(number, signal.SIG_DFL)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writes\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(number)
        assert process.wait(PATIENCE) == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_sees_to_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    monkeypatch.setattr("dumpscope.front.cli.ending.end_in_order", lambda: told.append(True))
    assert entry.main(["flags", "0x4"]) == 0
    assert told == [True]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is never sent there")
def test_signals_that_are_ignored_stay_ignored() -> None:
    from dumpscope.front.cli.ending import end_in_order

    before = {name: signal.getsignal(getattr(signal, name)) for name in ("SIGTERM", "SIGHUP")}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup has it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        end_in_order()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(signal.SIGTERM)
        assert ended.value.code == 128 + signal.SIGTERM
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL  # a second one ends it at once
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def test_an_interruption_while_it_is_loaded_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dumpscope.front.cli.ending.end_in_order", interrupted)
    assert entry.main(["flags", "0x4"]) == 130
    assert capsys.readouterr() == ("", "")


def test_an_interruption_right_after_the_file_was_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*words: Any, **more: Any) -> Any:
        open(*words, **more).close()
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "open", made, raising=False)
    with pytest.raises(KeyboardInterrupt):
        output.write_whole(str(tmp_path / "out"), lambda file: None)
    assert list(tmp_path.iterdir()) == []
