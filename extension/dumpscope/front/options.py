"""The options of every command: one table, and one parser for the command line, the REPL and WinDbg."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence

from ..errors import UsageError
from ..session.parsing import looks_like_option

COLORS = ("auto", "always", "never")
OWN_REDACT = ("atlas",)
"""Commands that have an option ``--redact`` of their own."""


class Common(NamedTuple):
    """An option of every command: what it is called, what follows it, and what it does."""

    names: str
    help: str

    @property
    def name(self) -> str:
        """The name alone, as it is completed."""
        return self.names.split()[0]


COMMON = (
    Common("--json", "one JSON document instead of text"),
    Common("--csv", "the answer's table as CSV"),
    Common("--redact", "with --json: without names of users, SIDs, environment, command line, memory, comments"),
    Common("--color auto|always|never", "colour (auto: on a terminal, unless NO_COLOR is set)"),
    Common("--text", "text without colours and links"),
    Common("--width N", "wrap to N columns"),
    Common("--debug", "on a fault of dumpscope itself, show where it happened"),
)


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


def parse_options(argv: Sequence[str], command: str = "") -> Options:
    """Take the options of every command out of the words, wherever they stand before ``--``.

    ``command`` is the command that the words are for, where its name is not the first of them. Raises UsageError.
    """
    words: List[str] = []
    seen = set()
    color = "auto"
    width: Optional[int] = None
    at = 0
    while at < len(argv):
        word = argv[at]
        at += 1
        name, equals, value = word.partition("=")
        if word == "--":
            words.extend(argv[at - 1 :])
            break
        if word in ("--json", "--csv", "--debug", "--redact", "--text"):
            seen.add(word)
        elif name in ("--color", "--colour", "--width"):
            if not equals:
                if at >= len(argv):
                    raise UsageError(f"{name} needs a value")
                value = argv[at]
                at += 1
            if name == "--width":
                width = _width(value)
            elif value not in COLORS:
                raise UsageError(f"--color takes auto, always or never, not {value!r}")
            else:
                color = value
        else:
            words.append(word)
    if "--text" in seen:
        color = "never"
    if "--json" in seen and "--csv" in seen:
        raise UsageError("--json and --csv exclude each other")
    options = Options(words, "--json" in seen, "--csv" in seen, color, width, "--debug" in seen)
    return _redacted(options, command or "".join(words[:1])) if "--redact" in seen else options


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


def unknown_option(word: str) -> Optional[UsageError]:
    """What is wrong with an option that stands where a command should; None for a word that is no option."""
    if not looks_like_option(word):
        return None
    from difflib import get_close_matches

    near = get_close_matches(word.partition("=")[0], [item.name for item in COMMON], 1, 0.6)
    hint = f"did you mean {near[0]}?" if near else "options of a command follow its name; `help COMMAND` lists them"
    return UsageError(f"there is no option {word!r} that stands before a command", hint)


__all__ = ["COMMON", "Options", "parse_options", "unknown_option"]
