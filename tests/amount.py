"""How much the tests do that could go on for ever: mutants, rows of hostile files, places of a page that are looked at."""

from __future__ import annotations

import os

ALL = os.environ.get("DUMPSCOPE_TESTS") == "all"
"""Whether everything is to be done, as ``.ci/run`` says; else each of these tests does a part, the same one each time."""


def part(number: int) -> int:
    """So many of so many: all, or a tenth."""
    return number if ALL else max(1, number // 10)
