"""Keys of the prompt: F1 help, F2 why. Both end the line with a question, and what was typed comes back after the answer."""

from __future__ import annotations

import re
from typing import NamedTuple

from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from ...errors import UsageError
from ...session.parsing import split_line
from ..spellings import completed, is_debuggers
from .line import parse_line
from .runner import Runner


class Question(NamedTuple):
    """A statement that a key asks, and the text that the prompt begins with again."""

    statement: str
    text: str
    cursor: int


_CODE = re.compile(r"[A-Z]{3}\d{3}$", re.IGNORECASE)
_STATUS = re.compile(r"0x[89c][0-9a-f]{7}$", re.IGNORECASE)


def word_at(text: str, cursor: int) -> str:
    """The word that the cursor stands on or after."""
    begin = cursor
    while begin and not text[begin - 1].isspace():
        begin -= 1
    end = cursor
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[begin:end].strip("'\";")


def help_statement(text: str, cursor: int, runner: Runner) -> str:
    """What F1 asks: for the word under the cursor, else for the command that the line begins with, else for everything."""
    word = word_at(text, cursor)
    if _CODE.match(word):
        return f"explain {word.upper()}"
    if _STATUS.match(word):
        return f"why {word}"
    statement = text[text.rfind(";", 0, cursor) + 1 :].strip()
    if not statement:
        return "help"
    first = statement.split(None, 1)[0]
    word, first = completed(word) if word else word, completed(first)
    if word and (word in runner.names() or word.lstrip("!.") in runner.names() or (word[:1] in "!.~|" and len(word) > 1)):
        return f"help {word}"
    return f"help {first}"


def why_statement(text: str) -> str:
    """What F2 asks: for the debugger command that the line is about, else for the whole dump."""
    try:
        words = split_line(parse_line(text.strip()).text)
    except UsageError:
        words = text.split()
    if not words or words[0] in ("why", "help"):
        return "why" if len(words) < 2 else f"why {' '.join(words[1:])}"
    if words[0][:1] in "!.~":
        name = " ".join(words[:2]) if words[0] == ".exr" else words[0]
        return f"why {name}"
    found = _spelling(words[0])
    if found:
        return f"why {found}"
    return f"why {words[0]}" if is_debuggers(words[0]) else "why"


def _spelling(name: str) -> str:
    """The first spelling of a command of ours that the debugger would know."""
    from ...commands.index import MODULES, find_command

    if name.lower() not in MODULES:
        return ""
    return next((item for item in find_command(name.lower()).spellings if is_debuggers(item)), "")


def bindings(runner: Runner) -> KeyBindings:
    """The keys."""
    keys = KeyBindings()

    @keys.add("f1")
    def _help(event: KeyPressEvent) -> None:
        """Help for the word under the cursor."""
        buffer = event.current_buffer
        event.app.exit(result=Question(help_statement(buffer.text, buffer.cursor_position, runner), buffer.text, buffer.cursor_position))

    @keys.add("f2")
    def _why(event: KeyPressEvent) -> None:
        """Why the command on the line fails, or everything that is wrong."""
        buffer = event.current_buffer
        event.app.exit(result=Question(why_statement(buffer.text), buffer.text, buffer.cursor_position))

    return keys


__all__ = ["Question", "bindings", "help_statement", "why_statement", "word_at"]
