"""Where the type checker is told to look away: each place says of what, and only for a reason that stands here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "extension" / "dumpscope"
IGNORED = re.compile(r"#\s*type:\s*ignore(?:\[([^\]]*)\])?")
HIDING = re.compile(r"\s+(?:index|count): .*# type: ignore\[assignment\]$")
"""A field of a named tuple with the name of a method of tuple: index of a record, count of what is counted."""


def ignored(text: str) -> List[Tuple[int, str]]:
    """Lines that the checker passes over without being a field that hides a method of tuple."""
    lines = text.splitlines()
    return [(number, line.strip()) for number, line in enumerate(lines, 1) if IGNORED.search(line) and not HIDING.match(line)]


def test_nothing_else_is_ignored_in_the_package() -> None:
    found: Dict[str, List[Tuple[int, str]]] = {}
    for path in PACKAGE.rglob("*.py"):
        lines = ignored(path.read_text("utf-8"))
        if lines:
            found[path.relative_to(PACKAGE).as_posix()] = lines
    assert found == {}, "give it the type that it has; a package without types stands in pyproject.toml"


@pytest.mark.parametrize(
    ("line", "passes"),
    [
        ("    index: int  # type: ignore[assignment]", True),
        ("    count: Optional[int] = None  # type: ignore[assignment]", True),
        ("    index: int  # type: ignore", False),
        ("    number: int  # type: ignore[assignment]", False),
        ("    index = 5  # type: ignore[assignment]", False),
        ("import pykd  # type: ignore[import-not-found]", False),
        ("value = found[0]", True),
    ],
)
def test_the_check_can_fail(line: str, passes: bool) -> None:
    assert (ignored(line) == []) is passes
