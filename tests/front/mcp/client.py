"""The SDK's own client, which is imported only when a test talks: it takes a second."""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, AsyncIterator, Awaitable, Callable

import pytest

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
Work = Callable[[Any], Awaitable[None]]

needs_sdk = pytest.mark.skipif(find_spec("mcp") is None, reason="the package mcp is not installed (Python 3.10 or later)")


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Any]:
    """The two streams of a server that is started as a client would."""
    from mcp import StdioServerParameters
    from mcp.client.stdio import stdio_client

    server = StdioServerParameters(command=sys.executable, args=["-m", "dumpscope", "mcp", str(SAMPLES), *arguments], env=dict(os.environ))
    async with stdio_client(server) as streams:
        yield streams


def talk(work: Work, *arguments: str) -> None:
    """Start the server on the samples, with these options, and do the work with a client."""
    import anyio
    from mcp import Client

    async def run() -> None:
        async with Client(started(*arguments)) as client:
            await work(client)

    anyio.run(run)


def talk_over_http(work: Work, address: str) -> None:
    """Do the work with a client of a server that is there already."""
    import anyio
    from mcp import Client

    async def run() -> None:
        async with Client(address) as client:
            await work(client)

    anyio.run(run)


def text_of(result: Any) -> str:
    """The text of an answer."""
    return "".join(item.text for item in result.content)
