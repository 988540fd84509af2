"""The `bench` fixture: the real engine, or a skip with the reason (a failure when DUMPSCOPE_REQUIRE_ENGINE=1, as CI sets it)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

import pytest
from tests.engine.bench import Bench

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(scope="session")
def bench() -> Bench:
    found = Bench.find()
    if found is None:
        reason = Bench.why_not()
        if os.environ.get("DUMPSCOPE_REQUIRE_ENGINE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Give all tests that ask the engine to one worker of pytest-xdist: Wine is started once, and answers are kept for all of them.

    They come first: they take longer than all others, which the other workers do meanwhile.
    """
    asking = {item for item in items if item.nodeid.startswith("tests/engine/") and "bench" in getattr(item, "fixturenames", ())}
    for item in asking:
        item.add_marker(pytest.mark.xdist_group("engine"))
    items.sort(key=lambda item: item not in asking)
