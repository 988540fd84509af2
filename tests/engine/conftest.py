"""The `bench` fixture: the real engine, or a skip with the reason (a failure when DUMPSCOPE_REQUIRE_ENGINE=1, as CI sets it)."""

from __future__ import annotations

import os
from pathlib import Path

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
