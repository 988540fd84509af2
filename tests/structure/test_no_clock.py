"""No test passes or fails by the clock: work is counted (tests/counting.py). The fuzzing program and benchmarks/ measure time."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator, Sequence, Tuple

import pytest

TESTS = Path(__file__).resolve().parents[1]
CLOCKS = {"time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime"}
DATES = {"now", "utcnow", "today"}
PROGRAMS = {"fuzz/clock.py", "fuzz/__main__.py", "mutants/running.py"}
"""The fuzzing program, which promises times, and the program that tries mutants, which ends those that take too much of the processor."""
OTHER_PROGRAMS = {"engine/bench.py"}
"""Waits for the debugger engine, and gives it up when it hangs."""


def is_number(values: Sequence[ast.expr]) -> bool:
    """Whether there is one value, and it is written out as a number."""
    return len(values) == 1 and isinstance(values[0], ast.Constant) and isinstance(values[0].value, (int, float))


def sleeps(loop: ast.For) -> bool:
    """Whether a loop waits: one that polls gives up after so many rounds."""
    return any(isinstance(node, ast.Attribute) and node.attr == "sleep" for node in ast.walk(loop))


def clocks(source: str) -> Iterator[Tuple[int, str]]:
    """Where a module looks at a clock, or gives up after a time of its own: line and words."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "timeit"):
            for name in node.names:
                if name.name != "sleep":
                    yield node.lineno, f"from {node.module} import {name.name}"
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name == "timeit" or (name.name == "time" and name.asname):
                    yield node.lineno, f"import {name.name}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner, name = node.value.id, node.attr
            if (owner == "time" and name.replace("_ns", "") in CLOCKS) or (owner in ("datetime", "date") and name in DATES):
                yield node.lineno, f"{owner}.{name}"
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "timeout" and isinstance(keyword.value, ast.Constant) and keyword.value.value is not None:
                    yield node.lineno, f"timeout={keyword.value.value}"
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("wait", "join", "result") and is_number(node.args):
                yield node.lineno, f"{node.func.attr}({ast.unparse(node.args[0])})"
        elif isinstance(node, ast.For) and sleeps(node):
            rounds = node.iter
            if isinstance(rounds, ast.Call) and isinstance(rounds.func, ast.Name) and rounds.func.id == "range" and is_number(rounds.args[-1:]):
                yield node.lineno, f"for … in {ast.unparse(rounds)} with a sleep in it"


def test_nothing_looks_at_a_clock() -> None:
    wrong = []
    for path in sorted(TESTS.rglob("*.py")):
        name = path.relative_to(TESTS).as_posix()
        if name not in PROGRAMS | OTHER_PROGRAMS:
            found = clocks(path.read_text("utf-8"))
            wrong += [f"{name}:{line} {words}" for line, words in found if not (words.startswith("timeout=") and name.startswith("engine/"))]
    assert not wrong, "count work instead (tests/counting.py), or wait with PATIENCE or POLLS"


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("import time\ntime.sleep(1)", 0),
        ("from time import sleep", 0),
        ("from time import perf_counter", 1),
        ("import time\nassert time.monotonic() < time.perf_counter_ns()", 2),
        ("import time as t", 1),
        ("import timeit", 1),
        ("from datetime import datetime\ndatetime.now()", 1),
        ("run(command, timeout=60)", 1),
        ("told.wait(10)", 1),
        ("told.wait(PATIENCE)\nprocess.wait()", 0),
        ("thread.join(2.5)\nfuture.result(3)", 2),
        ("', '.join(names)", 0),
        ("for _ in range(600):\n    time.sleep(0.1)", 1),
        ("for _ in range(POLLS):\n    time.sleep(0.1)\nfor _ in range(600):\n    pass", 0),
        ("run(command, timeout=PATIENCE)", 0),
        ("run(command, timeout=None)", 0),
    ],
)
def test_what_counts_as_a_clock(source: str, count: int) -> None:
    assert len(list(clocks(source))) == count
