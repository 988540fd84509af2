"""The server for agents through the SDK's own client, over HTTP on the loopback address."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from tests.amount import some
from tests.front.mcp.client import Talk, needs_sdk, text_of

pytestmark = [needs_sdk, pytest.mark.xdist_group("mcp")]


def test_the_client_lists_tools_asks_why_and_is_refused_outside(over_http: Talk) -> None:
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

    over_http(work)


def test_prompts_and_resources_are_there(over_http: Talk) -> None:
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

    over_http(work)


def test_over_http_on_the_loopback_address(over_http: Talk) -> None:
    async def work(client: Any) -> None:
        answer = await client.call_tool("handles", {"dump": "handles.dmp", "type": ["Event"]})
        assert not answer.is_error
        assert answer.structured_content["counts"]["handles"] == len(answer.structured_content["handles"])

    over_http(work)


def test_hostile_names_are_inert_and_a_broken_dump_is_an_answer(over_http: Talk) -> None:
    async def work(client: Any) -> None:
        dumps: List[Dict[str, Any]] = (await client.call_tool("list_dumps", {})).structured_content["dumps"]
        for row in some(dumps, 0, 6):
            for tool in ("why", "modules"):
                answer = await client.call_tool(tool, {"dump": row["path"]})
                text = text_of(answer)
                assert all(letter == "\n" or letter >= " " for letter in text), (tool, row["path"])

    over_http(work)
