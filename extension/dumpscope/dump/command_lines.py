"""Command lines of dumpscope about one file, as hints give them: they work when they are typed as they stand."""

from __future__ import annotations

import os
import shlex

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:")
_LIVE = frozenset('"$`\\!')
"""What POSIX shells still see between double quotation marks."""


def mend_line(name: str, invents: bool = False) -> str:
    """``dumpscope mend small.dmp -o small-mended.dmp``; DUMP and OUT stand for the names of a file that has none."""
    if not name:
        return "dumpscope mend DUMP -o OUT" + (" --invent" if invents else "")
    stem, extension = os.path.splitext(os.path.basename(name))
    return f"dumpscope mend {file_word(name)} -o {file_word(f'{stem}-mended{extension}')}" + (" --invent" if invents else "")


def file_word(path: str, *, windows: bool = os.name == "nt") -> str:
    """A path as it is typed in the system's shell and in a session: quoted where something else would be made of it, and never an option."""
    if path.startswith("-"):
        path = f".{os.sep}{path}"
    if path and all(char in _PLAIN or (char == "\\" and windows) for char in path):
        return path
    if windows or not set(path) & _LIVE:  # no name has a quotation mark on Windows
        return f'"{path}"'
    return shlex.quote(path)


__all__ = ["file_word", "mend_line"]
