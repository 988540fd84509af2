"""A terminal's screen as an SVG picture: text with SGR sequences (ECMA-48) in, markup out. The same text gives the same bytes."""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple, Tuple
from unicodedata import east_asian_width
from xml.sax.saxutils import escape, quoteattr

CELL = 8.4
"""Width of a column in pixels; a run of text is stretched to its columns, whatever font the reader has."""
LINE = 18
PAD = 14
BAR = 30
"""Height of the window's title."""

BACKGROUND, FOREGROUND, TITLE = "#1b1f27", "#d7dae0", "#8b93a1"
PALETTE = (
    *("#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0"),
    *("#7f8896", "#ff7b86", "#b5e890", "#ffd68a", "#82c4ff", "#dd9bf0", "#7fd6e0", "#ffffff"),
)
"""The sixteen colours that have numbers."""
NO_BREAK = "\u00a0"
"""Blanks in a row are drawn as one, unless they are of this kind."""
_SGR = re.compile(r"\x1b\[([\d;]*)m")
_OTHER = re.compile(r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|\[[\d;?]*[A-Za-ln-z])|[\x0e\x0f\r]")


class Style(NamedTuple):
    """How a run of text is drawn."""

    color: str = ""
    back: str = ""
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underlined: bool = False
    reverse: bool = False


def _numbered(number: int) -> str:
    """One of the 256 colours: sixteen of the terminal's, a cube of 6 × 6 × 6, and greys."""
    if number < 16:
        return PALETTE[number]
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    steps = (0, 95, 135, 175, 215, 255)
    number -= 16
    return f"#{steps[number // 36]:02x}{steps[number // 6 % 6]:02x}{steps[number % 6]:02x}"


def _changed(style: Style, codes: List[int]) -> Style:
    """The style after one SGR sequence."""
    switches = {1: {"bold": True}, 2: {"dim": True}, 3: {"italic": True}, 4: {"underlined": True}, 7: {"reverse": True}, 22: {"bold": False, "dim": False}}
    switches.update({23: {"italic": False}, 24: {"underlined": False}, 27: {"reverse": False}, 39: {"color": ""}, 49: {"back": ""}})
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = Style()
        elif code in (38, 48):
            where = "color" if code == 38 else "back"
            kind = codes.pop(0) if codes else 0
            if kind == 5 and codes:
                style = style._replace(**{where: _numbered(codes.pop(0))})
            elif kind == 2 and len(codes) >= 3:
                style = style._replace(**{where: f"#{codes.pop(0):02x}{codes.pop(0):02x}{codes.pop(0):02x}"})
        elif code in switches:
            style = style._replace(**switches[code])
        else:
            for first, where, bright in ((30, "color", 0), (40, "back", 0), (90, "color", 8), (100, "back", 8)):
                if first <= code < first + 8:
                    style = style._replace(**{where: PALETTE[code - first + bright]})
    return style


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def runs(text: str) -> Iterator[List[Tuple[Style, str]]]:
    """Line by line, the runs of one style."""
    style = Style()
    for line in _OTHER.sub("", text).split("\n"):
        found: List[Tuple[Style, str]] = []
        at = 0
        for match in _SGR.finditer(line):
            if match.start() > at:
                found.append((style, line[at : match.start()]))
            style = _changed(style, [int(code or 0) for code in match.group(1).split(";")])
            at = match.end()
        if at < len(line):
            found.append((style, line[at:]))
        yield found


def _drawn(style: Style, text: str, column: int, row: int) -> Iterator[str]:
    """One run: its background, and its words stretched to their columns."""
    color, back = style.color or FOREGROUND, style.back
    if style.reverse:
        color, back = back or BACKGROUND, color
    top = BAR + PAD + row * LINE
    if back:
        yield f'<rect x="{PAD + column * CELL:.1f}" y="{top}" width="{_columns(text) * CELL:.1f}" height="{LINE}" fill="{back}"/>'
    words = text.strip(" ").replace(" ", NO_BREAK)
    if not words:
        return
    column += len(text) - len(text.lstrip(" "))
    attributes = [f'x="{PAD + column * CELL:.1f}" y="{top + 13}" textLength="{_columns(words) * CELL:.1f}" lengthAdjust="spacingAndGlyphs" fill="{color}"']
    attributes += ['font-weight="bold"'] * style.bold + ['opacity="0.65"'] * style.dim
    attributes += ['font-style="italic"'] * style.italic + ['text-decoration="underline"'] * style.underlined
    yield f"<text {' '.join(attributes)}>{escape(words)}</text>"


def svg(text: str, title: str, columns: int, label: str) -> str:
    """A window with this text; ``label`` is what it shows, for those who cannot see it."""
    lines = list(runs(text.rstrip("\n")))
    width, height = round(2 * PAD + columns * CELL), BAR + 2 * PAD + len(lines) * LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label={quoteattr(label)}>',
        f"<title>{escape(label)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
        *(f'<circle cx="{18 + 18 * at}" cy="16" r="5.5" fill="{color}"/>' for at, color in enumerate(("#e06c75", "#e5c07b", "#98c379"))),
        f'<text x="{width / 2:g}" y="20" text-anchor="middle" font-family="sans-serif" font-size="12" fill="{TITLE}">{escape(title)}</text>',
        "<g font-family=\"ui-monospace,'Cascadia Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"14\">",
    ]
    for row, line in enumerate(lines):
        column = 0
        for style, words in line:
            parts.extend(_drawn(style, words, column, row))
            column += _columns(words)
    return "\n".join([*parts, "</g>", "</svg>", ""])
