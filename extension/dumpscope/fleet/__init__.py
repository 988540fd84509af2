"""More than one dump: what changed between them, and one row of facts for each of many."""

from __future__ import annotations

from . import compare
from .facts import facts
from .run import triage

__all__ = ["compare", "facts", "triage"]
