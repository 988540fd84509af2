"""Conversations with the server for agents, as YAML, held by the SDK's own client over standard input and output and over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest
from tests.front.mcp.client import needs_sdk, talk, talk_over_http, text_of

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


def test_over_standard_input_and_output() -> None:
    """All of them, one after the other: no conversation breaks the server for the next one."""

    async def work(client: Any) -> None:
        for name, scenario in SCENARIOS.items():
            await play(client, scenario["steps"], name)

    talk(work)


@pytest.mark.parametrize("name", SCENARIOS)
def test_over_http(name: str, address: str) -> None:
    async def work(client: Any) -> None:
        await play(client, SCENARIOS[name]["steps"], name)

    talk_over_http(work, address)


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

    talk(work, "--write", str(out))
    assert sorted(path.name for path in out.iterdir()) == ["small.dmp", "there.dmp"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert (out / "there.dmp").read_bytes() == b"x"


def test_a_call_tells_its_progress(address: str) -> None:
    seen: List[float] = []

    async def told(progress: float, total: Any, message: Any) -> None:
        seen.append(progress)

    async def work(client: Any) -> None:
        await client.call_tool("dumpinfo", {"dump": "handles.dmp"}, progress_callback=told)

    talk_over_http(work, address)
    assert seen
    assert max(seen) == 1.0
