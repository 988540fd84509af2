"""Answers as they are where no extra is installed, whatever is installed here: pages and checked answers say the same wherever they are made."""

from __future__ import annotations

import contextlib
import sys
from typing import Iterator

_MENTIONED = "iced_x86"
"""The package whose findings answers quote: the decoder of instructions."""


@contextlib.contextmanager
def without_extras() -> Iterator[None]:
    """Without the extra that answers mention. Other modules stay loaded, since commands register themselves once."""
    had = sys.modules.get(_MENTIONED)
    sys.modules[_MENTIONED] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[_MENTIONED]
        if had is not None:
            sys.modules[_MENTIONED] = had
