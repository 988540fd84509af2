"""What proves a finding."""

from __future__ import annotations

from typing import NamedTuple, Optional


class Proof(NamedTuple):
    """What proves a finding: a field or fact, its value as text, and the file offset where it can be seen (None if computed)."""

    what: str
    value: str
    offset: Optional[int] = None
