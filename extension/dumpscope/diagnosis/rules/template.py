"""The texts of rules with the values of a match filled in."""

from __future__ import annotations

import string
from typing import Any

from ...format.counted import by_count, counted


class Template(string.Formatter):
    """``str.format`` that knows numbers with their words.

    ``{count:thread has|threads have}`` is ``1 thread has`` or ``2 threads have``; with ``=`` before the words they stand without the
    number: ``{count:=is|are}``.
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        """One filled-in place."""
        if "|" not in format_spec:
            return str(super().format_field(value, format_spec))
        one, _, many = format_spec.lstrip("=").partition("|")
        return by_count(value, one, many) if format_spec.startswith("=") else counted(value, one, many)


TEMPLATE = Template()
