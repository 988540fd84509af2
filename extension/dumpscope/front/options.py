"""The options of every command: one table, and one parser for the command line, the REPL and WinDbg."""

from __future__ import annotations

from functools import lru_cache
from itertools import takewhile
from typing import List, NamedTuple, Optional, Sequence

from ..errors import UsageError
from ..session.parsing import Parser, looks_like_option
from ..session.registry import arg

COMMON = (
    arg("--json", switch=True, help="one JSON document instead of text"),
    arg("--csv", switch=True, help="the answer's table as CSV"),
    arg("--redact", switch=True, help="with --json: without names of users, SIDs, environment, command line, memory, comments"),
    arg("--color", "--colour", choices=("auto", "always", "never"), default="auto", help="colour (auto: on a terminal, unless NO_COLOR is set)"),
    arg("--text", switch=True, help="text without colours and links"),
    arg("--width", metavar="N", help="wrap to N columns"),
    arg("--debug", switch=True, help="on a fault of dumpscope itself, show where it happened"),
)
OWN_REDACT = ("atlas",)
"""Commands that have an option ``--redact`` of their own."""


class Options(NamedTuple):
    """What every command understands; ``words`` is the rest."""

    words: List[str]
    json: bool = False
    csv: bool = False
    color: str = "auto"
    width: Optional[int] = None
    debug: bool = False
    redact: bool = False

    def as_text(self) -> Options:
        """The same for an answer that has no form but text, such as help."""
        return self._replace(json=False, csv=False, redact=False)


@lru_cache(maxsize=1)
def _parser() -> Parser:
    """One parser, asked before the command's own: the options may stand before the name of the command too, which is not known then."""
    return Parser("", COMMON)


def parse_options(argv: Sequence[str], command: str = "") -> Options:
    """Take the options of every command out of the words, wherever they stand before ``--``.

    ``command`` is the command that the words are for, where its name is not the first of them. Raises UsageError.
    """
    values, words = _parser().options(argv)
    if values.json and values.csv:
        raise UsageError("--json and --csv exclude each other")
    color = "never" if values.text else values.color
    width = None if values.width is None else _width(values.width)
    options = Options(words, values.json, values.csv, color, width, values.debug)
    return _redacted(options, command or "".join(words[:1])) if values.redact else options


def _width(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 4 or not 20 <= int(value) <= 1000:
        raise UsageError(f"--width takes a number from 20 to 1000, not {value!r}")
    return int(value)


def _redacted(options: Options, command: str) -> Options:
    """``--redact`` was given. Raises UsageError where it would do nothing."""
    command = command.lstrip("!.").lower()
    if command in OWN_REDACT:
        words = options.words
        end = words.index("--") if "--" in words else len(words)
        return options._replace(words=[*words[:end], "--redact", *words[end:]])
    if not options.json:
        raise UsageError("--redact is for --json, and for atlas", "add --json")
    if command == "learn":
        raise UsageError("a lesson shows bytes as they are: it cannot be redacted", "give it a sample")
    return options._replace(redact=True)


def asks_debug(words: Sequence[str]) -> bool:
    """Whether words that need not be right ask for tracebacks: ``--debug`` in front of a ``--``."""
    return "--debug" in takewhile(lambda word: word != "--", words)


def unknown_option(word: str) -> Optional[UsageError]:
    """What is wrong with an option that stands where a command should; None for a word that is no option."""
    if not looks_like_option(word):
        return None
    from difflib import get_close_matches

    near = get_close_matches(word.partition("=")[0], [item.names[0] for item in COMMON], 1, 0.6)
    hint = f"did you mean {near[0]}?" if near else "options of a command follow its name; `help COMMAND` lists them"
    return UsageError(f"there is no option {word!r} that stands before a command", hint)


__all__ = ["COMMON", "Options", "parse_options", "unknown_option"]
