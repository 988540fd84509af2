"""Filters after a bar: ``| grep``, ``| head``, ``| tail``, ``| count``. They take chunks of text and give chunks of text."""

from __future__ import annotations

import re
from collections import deque
from typing import Callable, Deque, Dict, Iterable, Iterator, List, Sequence

from ...errors import UsageError
from ...view.paint import strip_ansi
from ...wording.numbers import is_decimal

Chunks = Iterable[str]
_ROWS = 10


def lines_of(chunks: Chunks) -> Iterator[str]:
    """The lines of a text that comes in chunks, each with its line end."""
    rest = ""
    for chunk in chunks:
        pieces = (rest + chunk if rest else chunk).splitlines(keepends=True)
        if pieces and not pieces[-1].endswith("\n"):
            rest = pieces.pop()
        else:
            rest = ""
        yield from pieces
    if rest:
        yield rest


def _rows(words: Sequence[str], name: str) -> int:
    plain = [word.lstrip("-") if is_decimal(word.lstrip("-")) else word for word in words if word != "-n"]
    if not plain:
        return _ROWS
    if len(plain) > 1 or not is_decimal(plain[0]):
        raise UsageError(f"| {name} takes a number of lines, not {' '.join(words)!r}", f"handles | {name} 20")
    return int(plain[0])


def _grep(words: Sequence[str]) -> Callable[[Chunks], Iterator[str]]:
    options = {letter for word in words if re.fullmatch(r"-[ivcFE]+", word) for letter in word[1:]}
    texts = [word for word in words if not re.fullmatch(r"-[ivcFE]+", word)]
    if not texts:
        raise UsageError(
            "| grep takes what to look for", "handles | grep Event; -v leaves out what matches, -c counts; upper case in the pattern makes case matter"
        )
    unknown = [word for word in texts[:-1] if re.fullmatch(r"-[A-Za-z]\w*|--[a-z-]+", word)]
    if unknown:
        raise UsageError(f"| grep has no {unknown[0]}", f"it has -i, -v, -c and -F; for a text put it in quotes: handles | grep '{' '.join(texts)}'")
    text = " ".join(texts)
    flags = 0 if text != text.lower() and "i" not in options else re.IGNORECASE
    try:
        pattern = re.compile(re.escape(text) if "F" in options else text, flags)
    except re.error:
        pattern = re.compile(re.escape(text), flags)  # `*` and `(` are looked for as they are
    wanted = "v" not in options

    def run(chunks: Chunks) -> Iterator[str]:
        found = (line for line in lines_of(chunks) if (pattern.search(strip_ansi(line).rstrip("\n")) is not None) is wanted)
        if "c" in options:
            yield f"{sum(1 for _ in found)}\n"
        else:
            yield from found

    return run


def _head(words: Sequence[str]) -> Callable[[Chunks], Iterator[str]]:
    count = _rows(words, "head")

    def run(chunks: Chunks) -> Iterator[str]:
        if not count:
            return
        for number, line in enumerate(lines_of(chunks), 1):
            yield line
            if number >= count:
                return

    return run


def _tail(words: Sequence[str]) -> Callable[[Chunks], Iterator[str]]:
    count = _rows(words, "tail")

    def run(chunks: Chunks) -> Iterator[str]:
        kept: Deque[str] = deque(maxlen=count)
        kept.extend(lines_of(chunks))
        yield from kept

    return run


def _count(words: Sequence[str]) -> Callable[[Chunks], Iterator[str]]:
    if words:
        raise UsageError("| count takes nothing", "handles | grep Event | count")

    def run(chunks: Chunks) -> Iterator[str]:
        yield f"{sum(1 for line in lines_of(chunks) if line.strip())}\n"

    return run


_FILTERS: Dict[str, Callable[[Sequence[str]], Callable[[Chunks], Iterator[str]]]] = {"grep": _grep, "head": _head, "tail": _tail, "count": _count}
NAMES = tuple(_FILTERS)
SUMMARIES = {
    "grep": "only lines that match; -v those that do not, -c how many",
    "head": "the first lines (10, or a number)",
    "tail": "the last lines (10, or a number)",
    "count": "how many lines there are",
}


def apply(name: str, words: List[str]) -> Callable[[Chunks], Iterator[str]]:
    """The filter of that name with its words. Raises UsageError when it does not understand them."""
    return _FILTERS[name](words)
