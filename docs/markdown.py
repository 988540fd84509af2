"""Text of the tables, rules and docstrings as Markdown, in which nothing is taken for markup that is none."""

from __future__ import annotations

import re

_SPAN = re.compile(r"(?:(?<=\s)|(?<=\()|^)(`[^`\s][^`]*`)(?=[\s.,;:)]|$)")


def plain(text: str) -> str:
    """Text for Markdown: nothing of it is markup, except what stands between backticks."""
    parts = _SPAN.split(" ".join(text.split()))
    for at in range(0, len(parts), 2):
        for char in "\\`*_<>|[]":
            parts[at] = parts[at].replace(char, "\\" + char)
    return "".join(part.replace("|", "\\|") if at % 2 else part for at, part in enumerate(parts))


def code(text: str) -> str:
    """Text as code, fit for a table cell."""
    return "`" + " ".join(text.split()).replace("|", "\\|").replace("`", "'") + "`"


def anchor(heading: str) -> str:
    """The anchor that a heading gets on code hosting sites."""
    kept = [char for char in heading.lower() if char.isalnum() or char in "-_ "]
    return "".join(kept).replace(" ", "-")
