"""Three ways to lay colour and links over the same text: not at all, with ANSI escapes, or in the debugger's DML.

Whatever paints, the text underneath is the same: taking the escapes or tags away gives the plain text again.
"""

from __future__ import annotations

from typing import Callable, Dict

from .escape import dml

ROLES = (
    "title",
    "header",
    "label",
    "number",
    "address",
    "handle",
    "id",
    "offset",
    "code",
    "name",
    "type",
    "path",
    "symbol",
    "time",
    "note",
    "good",
    "warning",
    "error",
    "dim",
    "emphasis",
)


class Paint:
    """Plain text: nothing is added."""

    plain = True

    def text(self, text: str, role: str = "", link: str = "") -> str:
        """``text`` in the colour of ``role``; ``link`` is a command line that a click runs, where clicks exist."""
        return text


PLAIN = Paint()

DARK: Dict[str, str] = {
    "title": "1",
    "header": "4",
    "label": "36",
    "address": "33",
    "handle": "33;1",
    "id": "35",
    "offset": "2",
    "code": "35",
    "name": "32",
    "type": "34;1",
    "path": "32",
    "symbol": "32",
    "time": "36",
    "note": "36",
    "good": "32",
    "warning": "33;1",
    "error": "31;1",
    "dim": "2",
    "emphasis": "1",
}
LIGHT: Dict[str, str] = {**DARK, "address": "34", "handle": "34;1", "type": "35", "warning": "33", "name": "32", "label": "34"}


class Ansi(Paint):
    """SGR escapes of a terminal."""

    plain = False

    def __init__(self, theme: Dict[str, str]) -> None:
        self._theme = theme

    def text(self, text: str, role: str = "", link: str = "") -> str:
        """``text`` between the escapes of its role."""
        code = self._theme.get(role)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


_DML_COLOURS = {
    "title": "emphfg",
    "header": "subfg",
    "label": "subfg",
    "address": "srcnum",
    "handle": "srcnum",
    "id": "srcid",
    "offset": "subfg",
    "code": "srcid",
    "name": "srcstr",
    "type": "srckw",
    "path": "srcstr",
    "symbol": "srcstr",
    "time": "verbfg",
    "note": "verbfg",
    "good": "srccmnt",
    "warning": "warnfg",
    "error": "errfg",
    "dim": "subfg",
    "emphasis": "emphfg",
}


_INERT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_ .:`+-*/\\@~[]=,?|!#()")
"""What a link's command may hold: nothing that ends a command, opens a quotation or stands for something else."""


class Dml(Paint):
    """Debugger markup: named colours, and links.

    ``command`` turns a command line of ours into one for the debugger, or into an empty string where there is none. Links to
    the debugger's own commands are left out unless ``native``: they would speak of the dump that the debugger has open.
    """

    plain = False

    def __init__(self, command: Callable[[str], str], *, native: bool = True) -> None:
        self._command = command
        self._native = native

    def text(self, text: str, role: str = "", link: str = "") -> str:
        """``text`` escaped, in its colour, as a link where it has one."""
        escaped = dml(text)
        target = self._target(link, text) if link and text else ""
        if target:
            return f'<link cmd="{dml(target)}">{escaped}</link>'
        colour = _DML_COLOURS.get(role)
        return f'<col fg="{colour}">{escaped}</col>' if colour and text else escaped

    def _target(self, link: str, text: str) -> str:
        """The debugger's command for a link; none if text of the dump in it could be more than an argument."""
        if not _INERT.issuperset(link):
            return ""
        if link[0] in "!.~":
            return link if self._native else ""
        if " " in text and link.endswith(" " + text):
            link = f'{link[: -len(text)]}"{text}"'
        return self._command(link)


_ANSI = r"\x1b\[[0-9;]*m"
_TAG = r"</?(?:link|col|b|i|u|exec|altlink)(?: [^<>]*)?>"


def strip_ansi(text: str) -> str:
    """``text`` without the escapes that :class:`Ansi` adds."""
    import re  # most of those who paint never ask for this

    return re.sub(_ANSI, "", text)


def strip_dml(text: str) -> str:
    """``text`` without the tags and entities that :class:`Dml` adds."""
    import re

    plain = re.sub(_TAG, "", text)
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        plain = plain.replace(entity, char)
    return plain
