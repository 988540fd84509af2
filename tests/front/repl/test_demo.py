"""``demo``: the tour as a transcript, and where ``dumpscope`` alone or a wrong path leads."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Any, List, Tuple

import pytest

from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main
from dumpscope.front.repl.demo import TOUR


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(*argv: str) -> Tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = main(list(argv), Environment(out, err, {}))
    return code, out.getvalue(), err.getvalue()


def test_without_a_terminal_the_tour_is_a_transcript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code, out, err = run("demo")
    assert (code, err) == (0, "")
    for line, about in TOUR:
        assert f"{about}\n\n0:000> {line}\n" in out
    assert "HND002" in out
    assert "MINIDUMP_HEADER" in out
    assert "did you mean" not in out
    assert "\x1b" not in out
    assert os.listdir(tmp_path) == []


def test_on_a_terminal_it_is_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: List[Any] = []

    def start(paths: List[str], env: Environment, *, debug: bool) -> int:
        opened.append([Path(path).read_bytes()[:4] for path in paths])
        return 0

    monkeypatch.setattr("dumpscope.front.repl.start.start", start)
    monkeypatch.setattr(Environment, "interactive", lambda self: True)
    out: Any = Terminal()
    assert main(["demo"], Environment(out, io.StringIO(), {})) == 0
    assert opened == [[b"MDMP"]]
    for line, _ in TOUR:
        assert f"\n  {line} " in out.getvalue()


def test_no_words_and_a_wrong_path_name_the_next_command(tmp_path: Path) -> None:
    assert "dumpscope demo" in run()[2]
    (tmp_path / "crash.dmp").write_bytes(b"")
    code, out, err = run(str(tmp_path / "crahs.dmp"))
    assert (code, out) == (3, "")
    assert "did you mean" in err
    assert "crash.dmp" in err
    assert "dumpscope demo" in run(str(tmp_path / "nowhere" / "app.dmp"))[2]
