"""What the code of a reason means, such as LLDB05: read from the calls of ``refuse`` in this package, so that it stands in one place alone."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from importlib import import_module
from typing import Dict, NamedTuple, Optional

from .breakpad import DUMP, STACKWALK
from .lldb import LLDB
from .pypi import PYPI
from .rust import RUST
from .udmp import UDMP
from .verdict import Reader

PREFIXES: Dict[str, Reader] = {"LLDB": LLDB, "BPSW": STACKWALK, "BPMD": DUMP, "RUST": RUST, "PYPI": PYPI, "UDMP": UDMP}
"""Readers by the first four letters of their codes."""

_CODE = re.compile(r"(?:" + "|".join(PREFIXES) + r")\d\d")


class Known(NamedTuple):
    """A code, its reader, and why the reader refuses: ``…`` for what a dump fills in. ``words`` and ``what`` are empty where they depend on the dump."""

    code: str
    reader: Reader
    words: str
    what: str


def reason_of(code: str) -> Optional[Known]:
    """What a code means, in upper or lower case. None for a code of no reader, and where Python has no source of this package."""
    reader = PREFIXES.get(code[:4].upper())
    if reader is None:
        return None
    return _known(reader.check.__module__).get(code.upper())


@cache
def _known(module: str) -> Dict[str, Known]:
    """The codes of one module."""
    found: Dict[str, Known] = {}
    try:
        tree = ast.parse(inspect.getsource(import_module(module)))
    except OSError:
        return found
    of_module = [prefix for prefix, reader in PREFIXES.items() if reader.check.__module__ == module]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            found.setdefault(node.value, Known(node.value, PREFIXES[node.value[:4]], "", ""))
        if not isinstance(node, ast.Call) or len(node.args) < 4:
            continue
        code, words, what = _text(node.args[0]), _text(node.args[1]), _text(node.args[2])
        for full in [prefix + code[-2:] for prefix in of_module] if re.fullmatch(r"…\d\d", code) else [code]:
            if not _CODE.fullmatch(full):
                continue
            before = found.get(full)
            if before is not None and before.words and words not in before.words:
                words = f"{before.words}; or {words}"
            found[full] = Known(full, PREFIXES[full[:4]], words, what.replace("…", ""))
    return found


def _text(node: ast.expr) -> str:
    """A text as the source has it, with ``…`` for each value."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else "…"
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return "…"


__all__ = ["PREFIXES", "Known", "reason_of"]
