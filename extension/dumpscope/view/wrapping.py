"""Prose in lines of a width."""

from __future__ import annotations

from typing import List, Optional


def wrap(text: str, width: int, indent: str = "", first: Optional[str] = None) -> List[str]:
    """``text`` in lines of at most ``width`` columns, broken at spaces; a word longer than a line is broken hard."""
    lines: List[str] = []
    prefix = indent if first is None else first
    room = max(10, width - len(prefix))
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(prefix + line)
            prefix = indent
            room = max(10, width - len(prefix))
            line = ""
        while len(word) > room:
            if line:
                lines.append(prefix + line)
                prefix, line = indent, ""
            lines.append(prefix + word[:room])
            prefix = indent
            word = word[room:]
        line = f"{line} {word}" if line else word
    lines.append(prefix + line)
    return lines
