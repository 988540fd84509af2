"""Command lines of dumpscope about one file, as hints give them: they work when they are typed as they stand."""

from __future__ import annotations

import os

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/\\:")


def mend_line(name: str, invents: bool = False) -> str:
    """``dumpscope mend small.dmp -o small-mended.dmp``; DUMP and OUT stand for the names of a file that has none."""
    if not name:
        return "dumpscope mend DUMP -o OUT" + (" --invent" if invents else "")
    stem, extension = os.path.splitext(os.path.basename(name))
    return f"dumpscope mend {_quoted(name)} -o {_quoted(f'{stem}-mended{extension}')}" + (" --invent" if invents else "")


def _quoted(text: str) -> str:
    if text and all(char in _PLAIN for char in text):
        return text
    return '"' + text.replace('"', '\\"') + '"'
