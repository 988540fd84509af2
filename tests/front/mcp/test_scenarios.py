"""Conversations with the server for agents, as YAML, held by the SDK's own client over standard input and output and over HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
pytest.importorskip("mcp", minversion=None, reason="the package mcp is not installed (Python 3.10 or later)")
anyio = pytest.importorskip("anyio")

from mcp import Client, StdioServerParameters  # noqa: E402
from mcp.client.stdio import stdio_client  # noqa: E402
from tests.counting import POLLS  # noqa: E402

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parents[2] / "samples"
SCENARIOS: Dict[str, Dict[str, Any]] = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((HERE / "scenarios").glob("*.yaml"))}


def text_of(result: Any) -> str:
    return "".join(item.text for item in result.content)


async def play(client: Any, steps: List[Dict[str, Any]], name: str) -> None:
    """Each step: a tool, what it is called with, whether it fails, what its text has and lacks, and members of its document."""
    for number, step in enumerate(steps):
        where = f"{name}, step {number}, {step['tool']}"
        result = await client.call_tool(step["tool"], step.get("with", {}))
        text = text_of(result)
        if step.get("optional"):
            continue
        assert bool(result.is_error) == step.get("fails", False), f"{where}: {text[:300]}"
        for wanted in step.get("has", []):
            assert wanted in text, f"{where}: {wanted!r} is not in {text[:600]}"
        for barred in step.get("lacks", []):
            assert barred not in text, f"{where}: {barred!r} is in the answer"
        for name, value in step.get("document", {}).items():
            assert result.structured_content[name] == value, where


def test_over_standard_input_and_output() -> None:
    """All of them, one after the other: no conversation breaks the server for the next one."""

    async def run() -> None:
        server = StdioServerParameters(command=sys.executable, args=["-m", "dumpscope", "mcp", str(SAMPLES)], env=dict(os.environ))
        async with Client(stdio_client(server)) as client:
            for name, scenario in SCENARIOS.items():
                await play(client, scenario["steps"], name)

    anyio.run(run)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server on a port of the loopback address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dumpscope", "mcp", str(SAMPLES), "--http", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(POLLS):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", SCENARIOS)
def test_over_http(name: str, address: str) -> None:
    async def run() -> None:
        async with Client(address) as client:
            await play(client, SCENARIOS[name]["steps"], name)

    anyio.run(run)


def test_a_file_is_written_below_the_folder_that_was_named_and_nowhere_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "there.dmp").write_bytes(b"x")

    async def run() -> None:
        server = StdioServerParameters(command=sys.executable, args=["-m", "dumpscope", "mcp", str(SAMPLES), "--write", str(out)], env=dict(os.environ))
        async with Client(stdio_client(server)) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert not tools["shrink"].annotations.read_only_hint
            assert "output" in tools["shrink"].input_schema["required"]
            made = await client.call_tool("shrink", {"dump": "everything-small.dmp", "output": "small.dmp", "wanted": ["!handle"]})
            assert not made.is_error, text_of(made)
            for name in ("../small.dmp", "/tmp/x.dmp", "there.dmp", "", "no/such/folder.dmp"):
                refused = await client.call_tool("shrink", {"dump": "everything-small.dmp", "output": name, "wanted": ["!handle"]})
                assert refused.is_error, name
            assert (await client.call_tool("shrink", {"dump": "everything-small.dmp", "wanted": ["!handle"]})).is_error

    anyio.run(run)
    assert sorted(path.name for path in out.iterdir()) == ["small.dmp", "there.dmp"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert (out / "there.dmp").read_bytes() == b"x"


def test_a_call_tells_its_progress() -> None:
    seen: List[float] = []

    async def told(progress: float, total: Any, message: Any) -> None:
        seen.append(progress)

    async def run() -> None:
        server = StdioServerParameters(command=sys.executable, args=["-m", "dumpscope", "mcp", str(SAMPLES)], env=dict(os.environ))
        async with Client(stdio_client(server)) as client:
            await client.call_tool("dumpinfo", {"dump": "handles.dmp"}, progress_callback=told)

    anyio.run(run)
    assert seen
    assert max(seen) == 1.0
