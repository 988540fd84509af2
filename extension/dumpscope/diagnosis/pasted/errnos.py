"""Error numbers of the C library in a sentence: what createdump on Linux, Python and others print is no Win32 error."""

from __future__ import annotations

import re
from typing import List, NamedTuple

from ...format.codes.errno import ERRNO

_NAMED = re.compile(r"\berrno\b[ :=(\[]{0,4}(?:is |was |code )?(\d{1,3})\b(?![.\w])", re.IGNORECASE)
"""``[Errno 13]``, ``errno=2``, ``errno: 24``."""
_CREATEDUMP = re.compile(r"\bcreatedump\b.{0,300}?\bfail\w*[ :=(]{1,3}(\d{1,3})\b(?![.\w])", re.IGNORECASE | re.DOTALL)
"""createdump prints errno as a plain number; on Windows it prints hexadecimal HRESULTs and Win32 errors."""
_BESIDE = re.compile(r"(?:\((?:os error |errno |error |code )?(\d{1,3})\))")
"""A number in brackets, which is errno where the words before it are what strerror() says of it: ``Permission denied (os error 13)``."""


class ErrorNumber(NamedTuple):
    """An errno in a text: the number, and where its digits stand."""

    value: int
    start: int
    end: int


def errnos_in(text: str) -> List[ErrorNumber]:
    """The errno values of a text in their order, each place once."""
    found = {match.start(1): ErrorNumber(int(match.group(1)), *match.span(1)) for shape in (_NAMED, _CREATEDUMP) for match in shape.finditer(text)}
    for match in _BESIDE.finditer(text):
        value = int(match.group(1))
        if value in ERRNO and text[: match.start()].rstrip(" :'\"").lower().endswith(ERRNO[value].phrase.lower()):
            found[match.start(1)] = ErrorNumber(value, *match.span(1))
    return [found[start] for start in sorted(found)]
