"""All structures of the format by name. Modules are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Dict, Iterator, Optional

from .layout import Structure

MODULES = (
    "header",
    "threads",
    "modules",
    "memory",
    "exception",
    "system",
    "misc",
    "handles",
    "tokens",
    "functions",
    "pe",
    "unwind",
    "counters",
    "contexts",
    "guid",
    "vendor.crashpad",
    "vendor.breakpad",
    "vendor.mozilla",
    "vendor.wine",
    "teb",
    "stowed",
    "kernel",
    "machine.objects",
    "machine.whea",
    "userdump",
)
"""Modules of this package that declare structures, in the order of the format reference."""

_by_name: Dict[str, Structure] = {}


def of_module(module: str) -> Iterator[Structure]:
    """The structures that one module declares, in the order of their declaration."""
    package = __name__.rpartition(".")[0]
    seen = set()
    for value in vars(import_module(f"{package}.{module}")).values():
        if isinstance(value, Structure) and value.name not in seen:
            seen.add(value.name)
            yield value


def structures() -> Iterator[Structure]:
    """Every structure of the package once, in the order of MODULES."""
    seen = set()
    for module in MODULES:
        for value in of_module(module):
            if value.name not in seen:
                seen.add(value.name)
                yield value


def structure(name: str) -> Optional[Structure]:
    """The structure with this C name, or None. Case must match."""
    if name not in _by_name:
        for module in MODULES:
            for value in of_module(module):
                _by_name.setdefault(value.name, value)
            if name in _by_name:
                break
    return _by_name.get(name)


def adopt(shape: Structure) -> None:
    """Add a structure that another package declares. Raises ValueError where another one has its name."""
    if structure(shape.name) not in (None, shape):
        raise ValueError(f"there is another structure called {shape.name}")
    _by_name[shape.name] = shape
