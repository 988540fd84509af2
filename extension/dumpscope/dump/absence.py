"""Absence as a value with a reason, and damage as a value with a place."""

from __future__ import annotations

from typing import NamedTuple, Optional

NOT_ASKED = "not-asked"
"""The header's flags do not ask for it."""
NOT_THERE = "not-there"
"""The flags ask for it, and the file does not hold it."""
EMPTY = "empty"
"""It is there and holds nothing."""
DAMAGED = "damaged"
"""It is there and cannot be read."""
NOT_APPLICABLE = "not-applicable"
"""It makes no sense for this dump, such as x86 registers of an ARM process."""
NOT_KNOWN = "not-known"
"""It is there in a form that dumpscope does not decode."""
NOT_CAPTURED = "not-captured"
"""It is in the process's memory, at an address whose bytes are not in the file."""

KINDS = (NOT_ASKED, NOT_THERE, EMPTY, DAMAGED, NOT_APPLICABLE, NOT_KNOWN, NOT_CAPTURED)


class Absent(NamedTuple):
    """Stands where a value is missing; false in a condition. ``kind`` is one of the constants above."""

    kind: str
    message: str

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return self.message


class Damage(NamedTuple):
    """One thing that is wrong with the file.

    ``code`` is stable and in kebab case. ``offset`` (from the start of the file), ``needed`` and ``available`` are in bytes;
    None where they mean nothing.
    """

    code: str
    message: str
    offset: Optional[int] = None
    needed: Optional[int] = None
    available: Optional[int] = None
