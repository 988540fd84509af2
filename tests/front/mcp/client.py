"""Servers for agents, and the SDK's own client, which is imported only when a test talks: it takes a second."""

from __future__ import annotations

import io
import os
import socket
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any, AsyncIterator, Awaitable, Callable, Iterator, List, TextIO

import pytest
from tests.counting import PATIENCE, POLLS

from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
Work = Callable[[Any], Awaitable[None]]
Talk = Callable[[Work], None]

needs_sdk = pytest.mark.skipif(find_spec("mcp") is None, reason="the package mcp is not installed (Python 3.10 or later)")


@asynccontextmanager
async def started(errors: TextIO) -> AsyncIterator[Any]:
    """The two streams of a server that is started as a client would; its standard error goes to a file."""
    from mcp import StdioServerParameters
    from mcp.client.stdio import stdio_client

    server = StdioServerParameters(command=sys.executable, args=["-m", "dumpscope", "mcp", str(SAMPLES)], env=dict(os.environ))
    async with stdio_client(server, errlog=errors) as streams:
        yield streams


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The address of a server over HTTP. The command line starts it, in a thread: a process would import the SDK once more."""
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made: List[Any] = []

    class Kept(uvicorn.Server):
        def __init__(self, *words: Any, **named: Any) -> None:
            super().__init__(*words, **named)
            made.append(self)

    codes: List[int] = []
    line = ["mcp", str(SAMPLES), "--http", "--port", str(port), *arguments]
    thread = Thread(target=lambda: codes.append(main(line, Environment(io.StringIO(), io.StringIO(), {}))), daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("uvicorn.main"), "Server", Kept)  # `uvicorn.main` itself is a function
        thread.start()
        for _ in range(POLLS):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert thread.is_alive()
            time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        made[0].should_exit = True
        thread.join(PATIENCE)
    assert codes == [0]


@contextmanager
def talking(address: str) -> Iterator[Talk]:
    """Do some work with a client of the server at this address. It is one client for all: it checks the schema of each tool once."""
    from anyio.from_thread import start_blocking_portal
    from mcp import Client

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Client(address)) as client:
        yield lambda work: portal.call(work, client)


def text_of(result: Any) -> str:
    """The text of an answer."""
    return "".join(item.text for item in result.content)
