"""One thing that can be typed next."""

from __future__ import annotations

from typing import NamedTuple


class Offer(NamedTuple):
    """A text that can be typed, and what it is."""

    text: str
    about: str = ""
