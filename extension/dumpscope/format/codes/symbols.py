"""The symbols of codes by number, from the tables beside this module."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Dict


@cache
def table(name: str) -> Dict[int, str]:
    """Symbols by number: ``win32``, ``hresult`` or ``ntstatus``."""
    text: str = import_module(f".{name}", __package__).TABLE
    symbols: Dict[int, str] = {}
    for line in text.split("\n"):
        number, _, symbol = line.partition(" ")
        if symbol:
            symbols[int(number, 16)] = symbol
    return symbols


def ntstatus_name(value: int) -> str:
    """The symbol of an NTSTATUS, or an empty string."""
    return table("ntstatus").get(value & 0xFFFFFFFF, "")
