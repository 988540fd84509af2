"""Numbers as people write them."""

from __future__ import annotations


def is_decimal(text: str) -> bool:
    """Whether a word is a plain number: ASCII digits (``int`` does not take all that str.isdigit does), and not thousands of them."""
    return text.isascii() and text.isdigit() and len(text) < 19
