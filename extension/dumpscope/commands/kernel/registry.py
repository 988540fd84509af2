"""Which function answers a command on a kernel dump. A command that has no answer here says that it is for dumps of a process."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator

from ...session.session import Session
from ...view.blocks import Data, Note

if TYPE_CHECKING:
    from ...dump.kernel.kerneldump import KernelDump
    from ...session.registry import Command, Function
    from ...view.blocks import Block

FOR_ALL = ("bugcheck", "help", "rules", "explain", "flags", "plan", "learn", "windbg", "writedump")
"""Commands that answer the same with any dump, or without one."""
_MODULES: Dict[str, str] = {
    **dict.fromkeys(
        ("dumpinfo", "system", "dumpdebug", "modules", "unloaded", "exception", "threads", "memory", "read", "strings", "why", "address"), "answers"
    ),
    "stack": "stack",
    "atlas": "atlas",
    **dict.fromkeys(("map", "bytes", "whatis"), "anatomy"),
}
"""The module that answers a command."""
ANSWERS = tuple(_MODULES)
"""Commands that have an answer of their own on a kernel dump."""
_FUNCTIONS: Dict[str, Function] = {}


def answer(name: str) -> Callable[[Function], Function]:
    """Register a function as the answer of a command on a kernel dump."""

    def register(function: Function) -> Function:
        _FUNCTIONS[name] = function
        return function

    return register


def works(name: str) -> bool:
    """Whether a command works on a kernel dump."""
    return name in FOR_ALL or name in _MODULES


def answer_for(command: Command) -> Function:
    """The function that answers a command on a kernel dump."""
    if command.name in FOR_ALL:
        return command.function
    module = _MODULES.get(command.name)
    if module is None:
        return _not_here(command.name)
    import_module(f"{__package__}.{module}")
    return _FUNCTIONS[command.name]


_INSTEAD = {
    "scrub": "No command takes personal data out of a kernel dump. `strings` and `memory` show what is in it before it is handed on.",
}
"""What to do in place of a command that people ask for all the same."""


def _not_here(name: str) -> Function:
    def refuse(session: Session, args: Any) -> Iterator[Block]:
        session.not_in_dump()
        yield Data(name.replace("-", "_"), None)
        yield Note(f"{name} is for dumps of a process, and this is a kernel dump.", "warning")
        if name in _INSTEAD:
            yield Note(_INSTEAD[name], "hint")
        yield Note("These commands work on it: " + ", ".join(sorted([*ANSWERS, "bugcheck"])) + ".", "hint")

    return refuse


def kernel_of(session: Session) -> KernelDump:
    """The open kernel dump."""
    assert session.kernel is not None
    return session.kernel
