"""Help, made from the registry: of one command, and the list of all."""

from __future__ import annotations

from typing import Any, Iterator, List

from ..dump.plugins import BROKEN
from ..session.registry import CATEGORIES, DUMP_ANY, DUMP_NEEDED, DUMP_NONE, Command, arg, command
from ..session.session import Session
from ..view.blocks import Block, Column, Lines, Note, Table
from .index import all_commands, find_command


def command_help(found: Command, prefix: str = "", *, with_dump: bool = True) -> Iterator[Block]:
    """How one command is used. ``prefix`` is what stands before its name where it is typed."""
    yield Lines("", [f"{found.name}: {found.summary}"], role="emphasis")
    lines = ["usage: " + found.usage(prefix, with_dump=with_dump)]
    if found.aliases:
        lines.append("also: " + ", ".join(found.aliases))
    if found.spellings:
        lines.append("in the debugger: " + ", ".join(found.spellings))
    yield Lines("", lines)
    if found.description:
        yield Note(found.description)
    if found.arguments:
        rows = [(argument.words, argument.help) for argument in found.arguments]
        yield Table("arguments", [Column("argument", "argument", role="label"), Column("help", "meaning")], rows, title="arguments", compact=True)
    place = " DUMP" if with_dump and found.dump in (DUMP_NEEDED, DUMP_ANY) else ""
    rows = []
    for example in found.examples:
        name, _, rest = example.line.partition(" ")
        rows.append((f"{prefix}{name}{place}{' ' + rest if rest else ''}", example.purpose))
    yield Table("examples", [Column("line", "line", role="name"), Column("purpose", "purpose")], rows, title="examples", compact=True)


def command_list(commands: List[Command]) -> Iterator[Block]:
    """All commands with their summaries, by category."""
    for category in CATEGORIES:
        rows = [(item.name, item.summary) for item in commands if item.category == category]
        if rows:
            yield Table(
                f"commands_{category}",
                [Column("name", "command", role="name", link="help {}"), Column("summary", "what it answers")],
                rows,
                title=category,
                compact=True,
            )


def broken_plugins() -> Iterator[Block]:
    """The plug-ins that could not be used so far."""
    for item in BROKEN:
        yield Note(item.words, "warning")


@command(
    "help",
    summary="how a command is used, or the list of commands",
    category="session",
    arguments=[arg("name", nargs="?", metavar="COMMAND", help="the command to explain", completes="command")],
    examples=[("help", "list the commands"), ("help handles", "explain one")],
    dump=DUMP_NONE,
)
def help_command(session: Session, args: Any) -> Iterator[Block]:
    """Help from the registry."""
    if args.name:
        yield from command_help(find_command(args.name.lstrip("!.")), with_dump=False)
    else:
        yield from command_list(all_commands())
        yield from broken_plugins()
        yield Note("`help COMMAND` explains one of them", "hint")
