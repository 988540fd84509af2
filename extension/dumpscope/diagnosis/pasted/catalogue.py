"""The catalogue of known messages, and which of them a text holds."""

from __future__ import annotations

import re
from typing import Iterator, List

from . import debugger, managed, readers, writers
from .known import KINDS, Known, squeezed


def everything() -> Iterator[Known]:
    """The whole catalogue; the more particular messages of a speaker stand before the more general."""
    yield from writers.MESSAGES
    yield from readers.MESSAGES
    yield from managed.MESSAGES
    yield from debugger.MESSAGES


def known_in(text: str) -> List[Known]:
    """The known messages in a text, those that decide first: by kind, then in the catalogue's order."""
    plain = squeezed(text)
    found = [item for item in everything() if re.search(item.pattern, plain, re.IGNORECASE)]
    found = [item for item in found if not item.general] or found
    return sorted(found, key=lambda item: KINDS.index(item.kind))
