"""The man page, docs/dumpscope.1, made from the registry of commands. Written in man(7) macros, which groff and mandoc read."""

from __future__ import annotations

from typing import Iterator, List, Sequence

from dumpscope import __version__
from dumpscope.front.options import COMMON
from dumpscope.session.registry import CATEGORIES, Argument, Command

EXIT_CODES = (
    ("0", "Done."),
    ("1", "What was asked for is not in the dump; the answer says why."),
    ("2", "The command line is not right."),
    ("3", "The file cannot be read as a dump."),
    ("4", "The answer could not be written."),
    ("70", "A fault of dumpscope itself."),
    ("130", "Interrupted."),
)
VARIABLES = (
    ("_NT_SYMBOL_PATH", "Where symbol files are looked for if \\fB\\-y\\fR is not given."),
    ("_NT_EXECUTABLE_IMAGE_PATH", "Where images are looked for if \\fB\\-i\\fR is not given."),
    ("NO_COLOR", "No colours."),
)


def escaped(text: str) -> str:
    """Text in which roff takes nothing for a request or an escape; hyphens are those of the keyboard."""
    plain = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-").replace("`", "\\`")
    plain = "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in plain)
    return "\\&" + plain if plain.startswith((".", "'")) else plain


def named(argument: Argument) -> str:
    """An argument as the page shows it: names bold, values in italics."""
    names = "" if argument.positional else ", ".join(f"\\fB{escaped(name)}\\fR" for name in argument.names)
    value = f"\\fI{escaped(argument.value)}\\fR" if argument.value else ""
    return " ".join(filter(None, (names, value)))


def rows(arguments: Sequence[Argument]) -> Iterator[str]:
    """Arguments with what they mean."""
    for argument in arguments:
        yield ".TP"
        yield named(argument)
        yield escaped(argument.help[:1].upper() + argument.help[1:]) + "."


def command_section(item: Command) -> Iterator[str]:
    """One command."""
    yield f".SS {escaped(item.name)}"
    yield f".B dumpscope {escaped(item.usage())}"
    yield ".PP"
    yield escaped(item.summary[:1].upper() + item.summary[1:]) + "."
    if item.description:
        yield ".PP"
        yield escaped(item.description)
    yield from rows(item.arguments)


def man_page(commands: Sequence[Command]) -> str:
    """The whole page."""
    lines: List[str] = [
        '.\\" Made by `python -m docs.build` from the registry of commands.',
        f'.TH DUMPSCOPE 1 "" "dumpscope {__version__}" "User Commands"',
        ".SH NAME",
        "dumpscope \\- read Windows minidumps, and say why debugger commands fail on them",
        ".SH SYNOPSIS",
        ".B dumpscope",
        "\\fICOMMAND\\fR \\fIDUMP\\fR [\\fIoptions\\fR]",
        ".br",
        ".B dumpscope repl",
        "[\\fIDUMP\\fR]",
        ".br",
        ".B dumpscope",
        "\\fICOMMAND\\fR \\fB\\-\\-help\\fR",
        ".SH DESCRIPTION",
        "Says what is in a dump, why a command of the debugger fails on it, what should have been asked for when it was written, and which bytes say so.",
        "Dumps of user mode and of the kernel are read on any system. Nothing leaves the machine unless \\fB\\-\\-download\\fR is given.",
        ".SH OPTIONS OF EVERY COMMAND",
        *rows(COMMON),
    ]
    for category in CATEGORIES:
        some = sorted((item for item in commands if item.category == category), key=lambda item: item.name)
        if some:
            lines.append(f".SH COMMANDS: {escaped(str(category).upper())}")
            for item in some:
                lines += command_section(item)
    lines.append(".SH EXIT STATUS")
    for code, meaning in EXIT_CODES:
        lines += [".TP", f".B {code}", meaning]
    lines.append(".SH ENVIRONMENT")
    for name, meaning in VARIABLES:
        lines += [".TP", f".B {escaped(name)}", meaning]
    lines += [".SH SEE ALSO", "\\fBdumpscope \\-\\-help\\fR, and docs/commands.md, which is made of the same registry."]
    return "\n".join(lines) + "\n"
