"""A node of the anatomy: one structure of the file, and the kinds of them."""

from __future__ import annotations

from typing import NamedTuple, Optional

from ..format.layout import Structure

HEADER = "header"
DIRECTORY = "directory"
STREAM = "stream"
RECORD = "record"
STRING = "string"
CONTEXT = "context"
CODEVIEW = "codeview"
OBJECT = "object-info"
MEMORY = "memory"
BLOB = "data"

MAX_NESTED = 100_000
"""Annotations and the like that are followed in one dump."""


class Node(NamedTuple):
    """One structure in the file.

    ``what`` says what it is in words, with everything that leads to it, outermost first, separated by `` > ``.
    ``structure`` is its layout, None for text and opaque bytes; ``pointer`` the offset of the RVA field that leads to it, None
    where a position does. ``leaf`` is true unless other nodes lie inside it by design.
    """

    offset: int
    size: int
    kind: str
    what: str
    structure: Optional[Structure]
    pointer: Optional[int]
    leaf: bool

    @property
    def end(self) -> int:
        """Offset just after the node."""
        return self.offset + self.size
