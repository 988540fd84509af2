"""The texts of rules with the values of a match filled in."""

from __future__ import annotations

import string
from typing import Any, Dict

from ...format.counted import by_count, counted


class Template(string.Formatter):
    """``str.format`` that knows numbers with their words.

    ``{count:thread has|threads have}`` is ``1 thread has`` or ``2 threads have``; with ``=`` before the words they stand without the
    number: ``{count:=is|are}``.
    """

    def fill(self, text: str, values: Dict[str, Any]) -> str:
        """A text with its places filled in; most have none, and need no formatting."""
        return self.format(text, **values) if "{" in text or "}" in text else text

    def format_field(self, value: Any, format_spec: str) -> str:
        """One filled-in place."""
        if "|" not in format_spec:
            return str(super().format_field(value, format_spec))
        one, _, many = format_spec.lstrip("=").partition("|")
        return by_count(value, one, many) if format_spec.startswith("=") else counted(value, one, many)


TEMPLATE = Template()
