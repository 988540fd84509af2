"""One server for agents over HTTP, and one client of it, for all tests that need no other."""

from __future__ import annotations

from typing import Iterator

import pytest
from tests.front.mcp.client import Talk, serving, talking


@pytest.fixture(scope="session")
def over_http() -> Iterator[Talk]:
    """Do some work with that client."""
    with serving() as address, talking(address) as talk:
        yield talk
