"""Prose in lines of a width."""

from __future__ import annotations

from typing import List, Optional


def wrap(text: str, width: int, indent: str = "", first: Optional[str] = None) -> List[str]:
    """``text`` in lines of at most ``width`` columns, broken at spaces; a word longer than a line is broken hard."""
    if text[:1] == " " or "  " in text:
        return _by_words(text, width, indent, first)
    lines: List[str] = []
    prefix = indent if first is None else first
    room = max(10, width - len(prefix))
    while len(text) > room:
        end = text.rfind(" ", 0, room + 1)
        if end < 0:
            lines.append(prefix + text[:room])
            text = text[room:]
        else:
            lines.append(prefix + text[:end])
            text = text[end + 1 :]
            room = max(10, width - len(indent))
        prefix = indent
    lines.append(prefix + text)
    return lines


def _by_words(text: str, width: int, indent: str, first: Optional[str]) -> List[str]:
    """As :func:`wrap`, of a text with blanks that follow each other or come first: word by word."""
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
