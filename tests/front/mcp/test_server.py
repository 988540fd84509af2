"""The server for agents through the SDK's own client: over standard input and output, and over HTTP on the loopback address."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, List

import pytest

pytest.importorskip("mcp", minversion=None, reason="the package mcp is not installed (Python 3.10 or later)")
anyio = pytest.importorskip("anyio")

from mcp import Client, ClientSession, StdioServerParameters  # noqa: E402
from mcp.client.stdio import stdio_client  # noqa: E402
from tests.counting import POLLS  # noqa: E402

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
Work = Callable[[Any], Awaitable[None]]


def talk(work: Work, *arguments: str) -> None:
    """Start the server as a client would, and do the work with a client."""

    async def run() -> None:
        server = StdioServerParameters(command=sys.executable, args=["-m", "dumpscope", "mcp", *arguments], env=dict(os.environ))
        async with Client(stdio_client(server)) as client:
            await work(client)

    anyio.run(run)


def text_of(result: Any) -> str:
    return "".join(item.text for item in result.content)


def test_the_client_lists_tools_asks_why_and_is_refused_outside() -> None:
    async def work(client: Any) -> None:
        listed = (await client.list_tools()).tools
        by_name = {tool.name: tool for tool in listed}
        assert {"list_dumps", "why", "dumpinfo", "handles", "threads", "stack", "modules", "exception", "memory", "bytes", "diff", "plan"} <= set(by_name)
        assert by_name["why"].input_schema["required"] == ["dump"] or "dump" in by_name["why"].input_schema["properties"]
        assert all(tool.annotations is not None and tool.annotations.read_only_hint for tool in listed)
        found = await client.call_tool("list_dumps", {})
        assert any(row["path"].endswith("article-nohandles.dmp") for row in found.structured_content["dumps"])
        why = await client.call_tool("why", {"dump": "article-nohandles.dmp", "topic": ["!handle"]})
        assert not why.is_error
        assert "HND002" in text_of(why)
        assert text_of(why).startswith("Everything below comes from a dump file")
        for outside in ("/etc/passwd", "../README.md", "../pyproject.toml"):
            refused = await client.call_tool("dumpinfo", {"dump": outside})
            assert refused.is_error
            assert "not a file below the folders" in text_of(refused)

    talk(work, str(SAMPLES))


def test_a_client_that_begins_with_initialize_lists_tools_too() -> None:
    """The SDK checks the list of tools more strictly for the versions of the protocol before ``Client``."""

    async def run() -> None:
        server = StdioServerParameters(command=sys.executable, args=["-m", "dumpscope", "mcp", str(SAMPLES)], env=dict(os.environ))
        async with stdio_client(server) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
            await session.initialize()
            assert "why" in {tool.name for tool in (await session.list_tools()).tools}

    anyio.run(run)


def test_prompts_and_resources_are_there() -> None:
    async def work(client: Any) -> None:
        names = {prompt.name for prompt in (await client.list_prompts()).prompts}
        assert names == {"triage_crash", "explain_failing_command", "hunt_handle_leak", "teach_stream"}
        got = await client.get_prompt("explain_failing_command", {"dump": "a.dmp", "command": "!handle"})
        assert "!handle" in got.messages[0].content.text
        uris = [str(item.uri) for item in (await client.list_resources()).resources]
        assert "dumpscope://rules/HND002" in uris
        assert "dumpscope://lessons/1" in uris
        rule = await client.read_resource("dumpscope://rules/HND002")
        assert "HND002" in rule.contents[0].text
        assert "dumpscope://format/streams" in uris
        page = (await client.read_resource("dumpscope://format/handles")).contents[0].text
        assert "MINIDUMP_HANDLE_DESCRIPTOR" in page

    talk(work, str(SAMPLES))


def test_what_there_is_not_is_the_clients_error_and_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    from mcp.shared.exceptions import MCPError

    async def work(client: Any) -> None:
        for uri in ("dumpscope://rules/NOPE", "file:///etc/passwd"):
            with pytest.raises(MCPError) as found:
                await client.read_resource(uri)
            assert found.value.error.code == -32002
            assert found.value.error.message == f"no resource {uri}"
        for name, arguments, said in (("none", {}, "no prompt 'none': there are triage_crash"), ("triage_crash", {}, "needs dump")):
            with pytest.raises(MCPError, match=said) as found:
                await client.get_prompt(name, arguments)
            assert found.value.error.code == -32602

    talk(work, str(SAMPLES))
    assert "Traceback" not in capfd.readouterr().err


def test_over_http_on_the_loopback_address(tmp_path: Path) -> None:
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

        async def run() -> None:
            async with Client(f"http://127.0.0.1:{port}/mcp") as client:
                answer = await client.call_tool("handles", {"dump": "handles.dmp", "type": ["Event"]})
                assert not answer.is_error
                assert answer.structured_content["counts"]["handles"] == len(answer.structured_content["handles"])

        anyio.run(run)
    finally:
        process.kill()
        process.wait()


def test_hostile_names_are_inert_and_a_broken_dump_is_an_answer() -> None:
    async def work(client: Any) -> None:
        dumps: List[Dict[str, Any]] = (await client.call_tool("list_dumps", {})).structured_content["dumps"]
        for row in dumps:
            for tool in ("why", "modules"):
                answer = await client.call_tool(tool, {"dump": row["path"]})
                text = text_of(answer)
                assert all(letter == "\n" or letter >= " " for letter in text), (tool, row["path"])

    talk(work, str(SAMPLES))
