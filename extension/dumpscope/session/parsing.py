"""Arguments as words: a parser that raises, and numbers as the debugger reads them."""

from __future__ import annotations

import argparse
import re
from functools import lru_cache
from typing import Any, Dict, List, NoReturn, Optional, Sequence, Tuple

from ..errors import UsageError
from .registry import DUMP_ANY, DUMP_FIRST, DUMP_NEEDED, DUMP_OPTIONAL, Argument, Command

_NUMBER = re.compile(r"-(?:\d+\.?\d*|\.\d+|0[xX].*)$")
"""What begins with a dash and is a number, so that it can be the value of an option."""
_DASHES = "\0--"
"""Stands for a word ``--`` after the first one, which argparse would take out."""


class Parser(argparse.ArgumentParser):
    """An argparse parser made from the registry. Never prints and never ends the host: whatever is wrong is a UsageError.

    Options and positionals stand in any order; nothing is abbreviated; what follows ``--`` is no option.
    """

    def __init__(self, prog: str, arguments: Sequence[Argument]) -> None:
        super().__init__(prog=prog, add_help=False, allow_abbrev=False, formatter_class=_formatter)
        self._negative_number_matcher = _NUMBER
        # A second parser: argparse has nothing left for Event in `handles 24 --sort name Event`, because by then it has served all
        # positionals.
        self._positionals_parser = _Positionals(self, prog)
        for argument in arguments:
            if argument.positional:
                _add(self._positionals_parser, argument)
            else:
                _add(self, argument)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        if not self.prog:
            raise UsageError(message)
        raise UsageError(f"{self.prog.rpartition(' ')[2]}: {message}", f"`{self.prog} --help` shows how it is used")

    def options(self, words: Sequence[str]) -> Tuple[argparse.Namespace, List[str]]:
        """The values of the options, and the words that are none of them, with ``--`` and what follows it. Raises UsageError."""
        end = words.index("--") if "--" in words else len(words)
        values, rest = self.parse_known_args(list(words[:end]))
        return values, [*rest, *words[end:]]

    def parse_words(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse all words; the namespace has a member for each argument. Raises UsageError."""
        values, rest = self.options(words)
        end = rest.index("--") if "--" in rest else len(rest)
        unknown = [word for word in rest[:end] if looks_like_option(word)]
        plain = [word for word in rest[:end] if not looks_like_option(word)]
        plain += [_DASHES if word == "--" else word for word in rest[end + 1 :]]
        values, left = self._positionals_parser.parse_known_args(plain, values)
        if unknown or left:
            self.error(f"unrecognized arguments: {' '.join(unknown + _dashed(left))}")
        if _DASHES in plain:
            for name, value in vars(values).items():
                setattr(values, name, _dashed(value))
        return values


def _dashed(value: Any) -> Any:
    """A value, or a list of them, with ``--`` where it stood."""
    if isinstance(value, list):
        return [_dashed(item) for item in value]
    return "--" if value == _DASHES else value


class _Positionals(argparse.ArgumentParser):
    """A parser of positionals alone, whose complaints are its owner's. No word begins with its prefix character, so none is an option."""

    def __init__(self, owner: Parser, prog: str) -> None:
        super().__init__(prog=prog, add_help=False, prefix_chars="\1", formatter_class=_formatter)
        self._owner = owner

    def error(self, message: str) -> NoReturn:
        self._owner.error(message)


def _formatter(prog: str) -> argparse.HelpFormatter:
    """argparse makes one for each argument; one that knows its width does not ask for the terminal's."""
    return argparse.HelpFormatter(prog, width=80)


def _add(parser: argparse.ArgumentParser, argument: Argument) -> None:
    """Declare one argument."""
    options: Dict[str, Any] = {}
    if argument.switch:
        options["action"] = "store_true"
    else:
        options.update(default=argument.default, nargs=argument.nargs, choices=argument.choices, metavar=argument.metavar)
        if argument.repeat:
            options["action"] = "append"
        elif argument.completes == "path" and not argument.positional:
            options["type"] = _file_name
    if argument.positional:
        parser.add_argument(argument.names[0].replace("-", "_"), **{**options, "metavar": argument.metavar or argument.names[0]})
    else:
        parser.add_argument(*argument.names, **options)


def _file_name(text: str) -> str:
    """The name of a file for an option. An empty one comes from a variable that is not set, and is not the same as no option."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name of a file is empty")
    return text


def looks_like_option(word: str) -> bool:
    """A dash and more, unless it is a negative number or holds a blank."""
    return len(word) > 1 and word[0] == "-" and " " not in word and not word[1:].replace(".", "", 1).isdigit() and not word.lower().startswith("-0x")


def number(text: str, what: str = "number") -> int:
    """A number as the debugger reads it: hexadecimal unless it says otherwise.

    ``1f``, ``0x1f``, ``1fh``, ``0n31`` (decimal), ``0t37`` (octal), ``0y11111`` (binary), ``00007ff8`890d1000``.
    Raises UsageError.
    """
    plain = text.strip().replace("`", "").replace("_", "").lower()
    base = 16
    for prefix, radix in (("0x", 16), ("0n", 10), ("0t", 8), ("0y", 2)):
        if plain.startswith(prefix):
            plain, base = plain[2:], radix
            break
    else:
        if plain.endswith("h") and len(plain) > 1:
            plain = plain[:-1]
    try:
        value = int(plain, base)
        if plain[:1] in "+-":
            raise ValueError
    except ValueError:
        raise UsageError(
            f"{text!r} is not {'an' if what[:1] in 'aeio' else 'a'} {what}", "numbers are hexadecimal; 0n10 is decimal, 0y binary, 0t octal"
        ) from None
    if value >= 1 << 64:
        raise UsageError(f"{text!r} has more than 64 bits")
    return value


def split_line(line: str) -> List[str]:
    """Words of a command line: blanks separate, double or single quotes group, a backslash is only a backslash.

    Raises UsageError for a quote that is not closed.
    """
    words = []
    word: Optional[str] = None
    quote = ""
    for char in line:
        if quote:
            if char == quote:
                quote = ""
            else:
                word = (word or "") + char
        elif char in "\"'" and word is None:
            quote = char
            word = ""
        elif char in " \t\r\n":
            if word is not None:
                words.append(word)
                word = None
        else:
            word = (word or "") + char
    if quote:
        raise UsageError(f"a quotation mark ({quote}) is not closed")
    if word is not None:
        words.append(word)
    return words


@lru_cache(maxsize=256)
def build_parser(found: Command, prog: str, *, with_dump: bool) -> Parser:
    """A parser of the command's arguments that raises UsageError and never ends the process: made once for each command."""
    arguments = list(found.arguments)
    if with_dump and found.dump in (DUMP_NEEDED, DUMP_ANY, DUMP_FIRST):
        arguments.insert(0, Argument(("dump",), "the dump", metavar="DUMP"))
    elif with_dump and found.dump == DUMP_OPTIONAL:
        arguments.append(Argument(("dump",), "the dump", nargs="?", metavar="DUMP"))
    return Parser(prog, arguments)
