"""Decorated names of exports as the debugger shows them."""

from __future__ import annotations

import re

_SCOPES = re.compile(r"\?(\?[01])?((?:[A-Za-z_$][\w$]*@|\?A0x[0-9a-fA-F]+@)+)@(?:[^@]|$)")
_ANONYMOUS = "`anonymous namespace'"


def undecorate(name: str) -> str:
    """A name without its decoration.

    Of C names one leading ``_`` or ``@`` goes, and ``@8`` at the end (observed: dbgeng 10.0.15063, with names from exports). Of C++
    names the scopes and the name stay, as UNDNAME_NAME_ONLY gives them; those with templates or operators are left as they are.
    """
    if name.startswith("?"):
        return _scopes(name)
    bare = name[1:] if name[:1] in ("_", "@") else name
    stem, at, digits = bare.rpartition("@")
    return stem if at and stem and digits.isdigit() else bare


def _scopes(name: str) -> str:
    """``Class::method`` for ``?method@Class@@QEAAHH@Z``."""
    match = _SCOPES.match(name)
    if match is None:
        return name
    parts = [_ANONYMOUS if part.startswith("?A") else part for part in match.group(2)[:-1].split("@")]
    special = match.group(1)
    if special == "?0":
        parts.insert(0, parts[0])
    elif special == "?1":
        parts.insert(0, f"~{parts[0]}")
    return "::".join(reversed(parts))
