"""How much the tests do that could go on for ever, or that do the same on every sample: mutants, rows of hostile files, samples, commands."""

from __future__ import annotations

import os
from typing import List, Sequence, TypeVar

T = TypeVar("T")

ALL = os.environ.get("DUMPSCOPE_TESTS") == "all"
"""Whether everything is to be done, as ``.ci/run`` says; else each of these tests does a part, the same one each time."""


def part(number: int, of: int = 10) -> int:
    """So many of so many: all, or one ``of`` so many, a tenth if nothing is said."""
    return number if ALL else max(1, number // of)


def some(things: Sequence[T], which: int, of: int = 3) -> List[T]:
    """All of them, or each third, or each ``of`` so many: round ``which`` begins at another one, so that as many rounds leave none out."""
    return list(things) if ALL else list(things[which % of :: of])
