"""Conversations with the server for agents, as YAML, held by the SDK's own client over standard input and output and over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, TextIO

import pytest
from tests.amount import some
from tests.front.mcp.client import Talk, needs_sdk, serving, started, talking, text_of

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
pytestmark = [needs_sdk, pytest.mark.xdist_group("mcp")]

HERE = Path(__file__).resolve().parent
SCENARIOS: Dict[str, Dict[str, Any]] = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((HERE / "scenarios").glob("*.yaml"))}


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


async def ask_for_what_there_is_not(client: Any) -> None:
    """It is the client's error."""
    from mcp.shared.exceptions import MCPError

    for uri in ("dumpscope://rules/NOPE", "file:///etc/passwd"):
        with pytest.raises(MCPError) as found:
            await client.read_resource(uri)
        assert found.value.error.code == -32002
        assert found.value.error.message == f"no resource {uri}"
    for name, arguments, said in (("none", {}, "no prompt 'none': there are triage_crash"), ("triage_crash", {}, "needs dump")):
        with pytest.raises(MCPError, match=said) as found:
            await client.get_prompt(name, arguments)
        assert found.value.error.code == -32602


@pytest.mark.parametrize("initialize", some([True, False], 0, 2))
def test_over_standard_input_and_output(initialize: bool, tmp_path: Path) -> None:
    """All of them, one after the other: no conversation breaks the server for the next one, and what there is not is no traceback.

    A client that begins with ``initialize`` speaks a version of the protocol before ``Client``: the SDK checks the list of tools more strictly there.
    The other client does the same, if all is asked for; else it does so over HTTP alone.
    """
    import anyio
    from mcp import Client, ClientSession

    async def work(client: Any) -> None:
        assert "why" in {tool.name for tool in (await client.list_tools()).tools}
        await ask_for_what_there_is_not(client)
        for name, scenario in SCENARIOS.items():
            await play(client, scenario["steps"], name)

    async def run(errors: TextIO) -> None:
        if initialize:
            async with started(errors) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
                await session.initialize()
                await work(session)
        else:
            async with Client(started(errors)) as client:
                await work(client)

    with open(tmp_path / "errors.txt", "w", encoding="utf-8") as errors:
        anyio.run(run, errors)
    assert "Traceback" not in (tmp_path / "errors.txt").read_text("utf-8")


@pytest.mark.parametrize("name", SCENARIOS)
def test_over_http(name: str, over_http: Talk) -> None:
    async def work(client: Any) -> None:
        await play(client, SCENARIOS[name]["steps"], name)

    over_http(work)


def test_what_there_is_not_is_the_clients_error(over_http: Talk) -> None:
    over_http(ask_for_what_there_is_not)


def test_a_file_is_written_below_the_folder_that_was_named_and_nowhere_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "there.dmp").write_bytes(b"x")

    async def work(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert not tools["shrink"].annotations.read_only_hint
        assert "output" in tools["shrink"].input_schema["required"]
        made = await client.call_tool("shrink", {"dump": "everything-small.dmp", "output": "small.dmp", "wanted": ["!handle"]})
        assert not made.is_error, text_of(made)
        for name in ("../small.dmp", "/tmp/x.dmp", "there.dmp", "", "no/such/folder.dmp"):
            refused = await client.call_tool("shrink", {"dump": "everything-small.dmp", "output": name, "wanted": ["!handle"]})
            assert refused.is_error, name
        assert (await client.call_tool("shrink", {"dump": "everything-small.dmp", "wanted": ["!handle"]})).is_error

    with serving("--write", str(out)) as address, talking(address) as talk:
        talk(work)
    assert sorted(path.name for path in out.iterdir()) == ["small.dmp", "there.dmp"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert (out / "there.dmp").read_bytes() == b"x"


def test_a_call_tells_its_progress(over_http: Talk) -> None:
    seen: List[float] = []

    async def told(progress: float, total: Any, message: Any) -> None:
        seen.append(progress)

    async def work(client: Any) -> None:
        await client.call_tool("dumpinfo", {"dump": "handles.dmp"}, progress_callback=told)

    over_http(work)
    assert seen
    assert max(seen) == 1.0
