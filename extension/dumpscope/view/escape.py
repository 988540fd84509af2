"""Text from a dump is hostile until it has been here. One function for each place that text can end up in."""

from __future__ import annotations

_DML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def printable(text: str) -> str:
    """``text`` on one line, with everything that could steer a terminal as an escape (``\\x1b``, ``\\u202e``, ``\\ud800``).

    Control characters, line ends, bidirectional overrides, other format characters, lone surrogates and unassigned code
    points are escaped; what is left is what :meth:`str.isprintable` allows.
    """
    if text.isprintable():
        return text
    return text.translate(_ESCAPES)


class _Escapes(dict[int, str]):
    """What becomes of each character, by its code; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        shown = char if char.isprintable() else _escape(code)
        if len(self) < MAX_ESCAPES:
            self[code] = shown
        return shown


MAX_ESCAPES = 4096
"""Characters that are remembered; a dump may hold every one there is."""

_ESCAPES = _Escapes()


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def dml(text: str) -> str:
    """``text`` for the debugger's markup language; it must have been through :func:`printable` if it came from a dump."""
    return text.translate(_DML)


def csv_cell(text: str) -> str:
    """``text`` for a spreadsheet: what a formula begins with is kept from being one."""
    text = printable(text)
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text
