"""What is started besides commands: the texts for other programs, and the port of the server."""

from __future__ import annotations

import io
import json
from typing import List

import pytest

from dumpscope.errors import UsageError
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.shells import COMPLETION, MCP, SCHEMA
from dumpscope.front.cli.starting import run_shell
from dumpscope.session.registry import Command


def never(words: List[str], env: Environment) -> int:
    """No command line is run here."""
    raise AssertionError(words)


def started(found: Command, *words: str) -> str:
    """What it writes."""
    out = io.StringIO()
    assert run_shell(found, list(words), "never", Environment(out, out, {}), never, debug=False) == 0
    return out.getvalue()


def test_the_texts_for_other_programs_are_written() -> None:
    assert "complete" in started(COMPLETION, "bash")
    assert started(COMPLETION, "bash") != started(COMPLETION, "zsh")
    assert json.loads(started(SCHEMA, "handles"))["$schema"].startswith("https://json-schema.org/")


def test_a_word_too_many_is_refused() -> None:
    with pytest.raises(UsageError):
        started(SCHEMA, "handles", "threads")


@pytest.mark.parametrize("port", ["0", "65536", "080000", "x", "-1", "\u0661", ""])
def test_ports_that_are_none(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpscope.front.mcp.server.serve", never)
    with pytest.raises(UsageError, match="from 1 to 65535"):
        started(MCP, "--http", f"--port={port}")


@pytest.mark.parametrize(("words", "port"), [(["--port", "1"], 1), (["--port", "65535"], 65535), ([], None)])
def test_the_server_gets_its_port_and_folders(words: List[str], port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from dumpscope.front.mcp import server

    heard = []

    def serve(folders: List[str], line: object, **rest: object) -> int:
        heard.append((folders, rest))
        return 0

    monkeypatch.setattr(server, "serve", serve)
    started(MCP, "here", "--http", *words)
    folders, rest = heard[0]
    assert folders == ["here"]
    assert rest == {"http": True, "port": server.HTTP_PORT if port is None else port, "redact": True, "write": ""}
