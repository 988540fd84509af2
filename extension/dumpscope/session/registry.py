"""The registry: what a command must say of itself so that help, completion and documentation can be made from it."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

from ..view.blocks import Block
from .session import Session

Function = Callable[[Session, Any], Iterator[Block]]

CATEGORIES = ("overview", "handles", "threads", "modules", "memory", "failure", "process", "bytes", "learning", "session")

DUMP_NEEDED = "needed"
DUMP_ANY = "any"  # needed, and any file will do: the command explains those that are no minidump
DUMP_OPTIONAL = "optional"  # given last, if at all
DUMP_NONE = "none"
DUMP_FIRST = "first"  # the first word, if it is a file; the command answers without one too


class Argument(NamedTuple):
    """One argument of a command.

    ``names`` is one name for a positional argument or option strings (``-s``, ``--sort``). ``completes`` says what values
    the completer offers: handle, type, tid, module, stream, address, rule, command, flag, path, or nothing.
    """

    names: Tuple[str, ...]
    help: str
    nargs: Optional[str] = None
    choices: Optional[Tuple[str, ...]] = None
    default: Any = None
    metavar: Optional[str] = None
    switch: bool = False
    repeat: bool = False
    completes: str = ""

    @property
    def positional(self) -> bool:
        """True unless it is an option."""
        return not self.names[0].startswith("-")

    @property
    def value(self) -> str:
        """The word that help shows for a value: ``HANDLE``, ``handle|type``. Empty for a switch."""
        if self.switch:
            return ""
        if self.choices and not self.positional:
            return "|".join(self.choices)
        return self.metavar or self.names[-1].lstrip("-").upper()

    @property
    def words(self) -> str:
        """The argument as it is typed: ``-s, --sort handle|type``, ``HANDLE``."""
        return self.value if self.positional else " ".join(filter(None, (", ".join(self.names), self.value)))


class Example(NamedTuple):
    """A line that can be typed (without ``dumpscope`` and the dump), and what it is for."""

    line: str
    purpose: str


class Command(NamedTuple):
    """A registered command. ``spellings`` are the debugger commands that it stands for, such as ``!handle``."""

    name: str
    summary: str
    category: str
    function: Function
    arguments: Tuple[Argument, ...]
    examples: Tuple[Example, ...]
    aliases: Tuple[str, ...]
    spellings: Tuple[str, ...]
    description: str
    dump: str
    debugger: bool

    def usage(self, prefix: str = "", *, with_dump: bool = True) -> str:
        """One line: the name and its arguments."""
        words = [prefix + self.name]
        if with_dump and self.dump in (DUMP_NEEDED, DUMP_ANY):
            words.append("DUMP")
        if with_dump and self.dump == DUMP_FIRST:
            words.append("[DUMP]")
        optional = [argument for argument in self.arguments if not argument.positional]
        for argument in self.arguments:
            if argument.positional:
                form = {"?": "[{}]", "*": "[{}…]", "+": "{}…"}.get(argument.nargs or "", "{}")
                words.append(form.format(argument.value))
        if with_dump and self.dump == DUMP_OPTIONAL:
            words.append("[DUMP]")
        if optional:
            words.append("[options]")
        return " ".join(words)


COMMANDS: Dict[str, Command] = {}


def arg(
    *names: str,
    help: str,
    nargs: Optional[str] = None,
    choices: Optional[Sequence[str]] = None,
    default: Any = None,
    metavar: Optional[str] = None,
    switch: bool = False,
    repeat: bool = False,
    completes: str = "",
) -> Argument:
    """An argument of a command; see :class:`Argument`."""
    return Argument(names, help, nargs, tuple(choices) if choices else None, default, metavar, switch, repeat, completes)


def command(
    name: str,
    *,
    summary: str,
    category: str,
    arguments: Sequence[Argument] = (),
    examples: Sequence[Tuple[str, str]],
    aliases: Sequence[str] = (),
    spellings: Sequence[str] = (),
    description: str = "",
    dump: str = DUMP_NEEDED,
    debugger: bool = True,
) -> Callable[[Function], Function]:
    """Register a function ``(session, args) -> blocks`` as a command. Raises ValueError for a name taken or a help left out."""

    def register(function: Function) -> Function:
        if name in COMMANDS:
            raise ValueError(f"the command {name!r} is registered twice")
        if not summary or not examples or category not in CATEGORIES:
            raise ValueError(f"the command {name!r} needs a summary, an example and a category of {CATEGORIES}")
        COMMANDS[name] = Command(
            name,
            summary,
            category,
            function,
            tuple(arguments),
            tuple(Example(*example) for example in examples),
            tuple(aliases),
            tuple(spellings),
            description,
            dump,
            debugger,
        )
        return function

    return register
