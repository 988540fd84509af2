"""A typed line: statements, filters after a bar, a file after an arrow, and pasted messages that are no command at all."""

from __future__ import annotations

import re
from typing import Container, Iterator, List, NamedTuple, Tuple

from ...errors import UsageError
from ...session.parsing import split_line
from .filters import NAMES

_PROMPT = re.compile(r"^(?:\|\|\d+:)?\d+:\d{3}(?::\w+)?> ?")
_MESSAGE = re.compile(
    r"^\s*(?:ERROR|WARNING|\*\*\* ?(?:ERROR|WARNING)|Unable to|Could not|Cannot|The call to|No export|Minidump does not|"
    r"Error: |error \d* ?InitTypeRead|Failure|Dump file)\b|extension exception (?:0x)?[0-9a-f]{8}|HRESULT 0x|Win32 error 0n|NTSTATUS 0x",
    re.IGNORECASE | re.MULTILINE,
)
_COMMENT = ("#", "$$", "* ")


class Filter(NamedTuple):
    """One filter after a bar."""

    name: str
    words: List[str]


class Line(NamedTuple):
    """One statement: the command as typed, the filters that its answer goes through, and the file it goes to."""

    text: str
    filters: Tuple[Filter, ...] = ()
    target: str = ""
    append: bool = False
    force: bool = False


def _outside(text: str) -> Iterator[Tuple[int, str]]:
    """Characters outside quotation marks, with their places. A quotation begins where a word begins."""
    quote = ""
    before = " "
    for at, char in enumerate(text):
        if quote:
            if char == quote:
                quote = ""
        elif char in "\"'" and before in " \t\r\n":
            quote = char
        else:
            yield at, char
        before = char


def split_statements(text: str) -> List[str]:
    """The statements of a text: one a line, or several with semicolons between them. Comments and blank ones are left out."""
    out: List[str] = []
    for row in text.splitlines():
        cuts = [at for at, char in _outside(row) if char == ";"]
        if row.lstrip().startswith(_COMMENT):
            continue
        at = 0
        for cut in [*cuts, len(row)]:
            piece = row[at:cut].strip()
            if piece and not piece.startswith(_COMMENT):
                out.append(piece)
            at = cut + 1
    return out


def parse_line(text: str) -> Line:
    """Take filters and a target off a statement. Raises UsageError for a filter or target that is not complete."""
    outside = {at for at, _ in _outside(text)}
    target, append, force = "", False, False
    body = text
    if not body.lstrip().startswith("?") and not body.lstrip().lower().startswith("evaluate"):
        arrows = [found for found in re.finditer(r"(?<=\s)(>{1,2})(?=\s|$|[\w\"'./\\~])", text) if found.start() in outside]
    else:
        arrows = [found for found in re.finditer(r"(?<=\s)(>)(?=\s)", text) if found.start() in outside]
    if arrows:
        arrow = arrows[-1]
        words = split_line(text[arrow.end() :])
        force = "--force" in words
        words = [word for word in words if word != "--force"]
        if len(words) != 1:
            raise UsageError("one file name goes after >", "handles > C:\\answer.txt; >> adds to a file, --force after the name replaces it")
        target, append = words[0], arrow.group(1) == ">>"
        body = text[: arrow.start()]
    bars = [at for at, char in _outside(body) if char == "|" and (not at or body[at - 1] != "|") and _is_filter(body[at + 1 :])]
    pieces = []
    begin = 0
    for at in [*bars, len(body)]:
        pieces.append(body[begin:at].strip())
        begin = at + 1
    filters = []
    for piece in pieces[1:]:
        word = missing_filter(piece)
        if word:
            raise no_filter(word)
        words = split_line(piece)
        filters.append(Filter(words[0], words[1:]))
    return Line(pieces[0], tuple(filters), target, append, force)


def missing_filter(text: str) -> str:
    """The word after the first bar that stands alone outside quotation marks, "|" where none follows; "" where the bar can belong to the command.

    Only for a line that has failed: `flags handles | threads` has a bar of its own.
    """
    if text.lower().startswith(("?", "evaluate", ".formats")):
        return ""
    for at, char in _outside(text):
        if char == "|" and at and text[at - 1] in " \t" and text[at + 1 : at + 2] in ("", " ", "\t"):
            words = text[at + 1 :].split(None, 1)
            return "|" if not words else words[0] if words[0].isalpha() else ""
    return ""


def no_filter(word: str) -> UsageError:
    """What is said of a word that :func:`missing_filter` gave."""
    message = "a filter is missing after the bar" if word == "|" else f"there is no filter {word!r}"
    return UsageError(message, f"filters are {', '.join(NAMES)}; > FILE writes the answer to a file")


def _is_filter(text: str) -> bool:
    words = text.split(None, 1)
    return bool(words) and words[0] in NAMES


def is_message(text: str, commands: Container[str]) -> bool:
    """Whether a text is something that a debugger printed, pasted here to be explained.

    ``commands`` holds the names that are commands: a text of which each line begins with one is none.
    """
    rows = [_PROMPT.sub("", row) for row in text.splitlines() if row.strip()]
    if not rows:
        return False
    first = rows[0].split()
    if not first:
        return False
    if len(rows) == 1:
        return first[0].lower() not in commands and _MESSAGE.search(rows[0]) is not None and not first[0].startswith(("?", "!", ".", "~"))
    if all(row.split() and row.split()[0].lstrip("!.").lower() in commands for row in rows):
        return False
    return _MESSAGE.search("\n".join(rows)) is not None or rows[1][:1] in " \t"


def message_text(text: str) -> str:
    """A pasted message on one line, without copied prompts."""
    return " ".join(_PROMPT.sub("", row).strip() for row in text.splitlines() if row.strip())
