"""Arguments as words: a parser that raises, and numbers as the debugger reads them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Dict, List, NoReturn, Optional, Sequence

from ..errors import UsageError
from .registry import DUMP_ANY, DUMP_FIRST, DUMP_NEEDED, DUMP_OPTIONAL, Argument, Command


class Parser:
    """The words of a command as a namespace. Never prints and never ends the host: whatever is wrong is a UsageError.

    The grammar is argparse's, options and positionals in any order, without abbreviations. argparse itself would take half of
    the time that a small command takes.
    """

    def __init__(self, prog: str, arguments: Sequence[Argument]) -> None:
        self.prog = prog
        self._positionals = [argument for argument in arguments if argument.positional]
        self._options = {name: argument for argument in arguments if not argument.positional for name in argument.names}
        self._arguments = arguments

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{self.prog.rpartition(' ')[2]}: {message}", f"`{self.prog} --help` shows how it is used")

    def parse_words(self, words: Sequence[str]) -> Any:
        """Parse all words; the namespace has a member for each argument."""
        values: Dict[str, Any] = {_member(argument): False if argument.switch else argument.default for argument in self._arguments}
        plain: List[str] = []
        unknown: List[str] = []
        at = 0
        while at < len(words):
            word = words[at]
            at += 1
            if word == "--":
                plain += words[at:]
                break
            name, equals, value = word.partition("=")
            argument = self._options.get(word) or (self._options.get(name) if equals else None)
            if argument is None:
                (unknown if looks_like_option(word) else plain).append(word)
                continue
            if argument.switch:
                if equals:
                    self.error(f"argument {'/'.join(argument.names)}: ignored explicit argument {value!r}")
                values[_member(argument)] = True
                continue
            found = [value] if equals and word not in self._options else []
            while not found or argument.nargs in ("+", "*"):
                if at >= len(words) or words[at] in self._options or looks_like_option(words[at]):
                    break
                found.append(words[at])
                at += 1
            self._take(argument, found, values)
        self._share_out(plain, values, unknown)
        return SimpleNamespace(**values)

    def _take(self, argument: Argument, found: List[str], values: Dict[str, Any]) -> None:
        """The values that follow an option."""
        many = argument.nargs in ("+", "*")
        if not found and argument.nargs != "*":
            self.error(f"argument {'/'.join(argument.names)}: expected {'at least one' if many else 'one'} argument")
        for value in found:
            self._check(argument, value)
        name = _member(argument)
        if argument.repeat:
            values[name] = [*(values[name] or ()), found if many else found[0]]
        else:
            values[name] = found if many else found[0]

    def _share_out(self, plain: List[str], values: Dict[str, Any], unknown: List[str]) -> None:
        """Give the words that are no options to the positionals, in order; those that must have one come first."""
        needed = sum(argument.nargs in (None, "+") for argument in self._positionals)
        if len(plain) < needed:
            names = [argument.metavar or argument.names[0] for argument in self._positionals if argument.nargs in (None, "+")]
            self.error(f"the following arguments are required: {', '.join(names[len(plain) :])}")
        for argument in self._positionals:
            must = argument.nargs in (None, "+")
            needed -= must
            spare = len(plain) - needed
            take = 1 if argument.nargs is None else min(spare, 1) if argument.nargs == "?" else spare
            taken, plain = plain[:take], plain[take:]
            for word in taken:
                self._check(argument, word)
            if argument.nargs in ("*", "+"):
                values[_member(argument)] = taken or argument.default or []
            elif taken:
                values[_member(argument)] = taken[0]
        if unknown or plain:
            self.error(f"unrecognized arguments: {' '.join(unknown + plain)}")

    def _check(self, argument: Argument, value: str) -> None:
        if argument.choices and value not in argument.choices:
            name = "/".join(argument.names) if not argument.positional else argument.metavar or argument.names[0]
            self.error(f"argument {name}: invalid choice: {value!r} (choose from {', '.join(map(repr, argument.choices))})")


def _member(argument: Argument) -> str:
    """``--object-type`` is ``object_type``; the first long name counts."""
    name = next((name for name in argument.names if name.startswith("--")), argument.names[0])
    return name.lstrip("-").replace("-", "_")


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
        raise UsageError(f"{text!r} is not a {what}", "numbers are hexadecimal; 0n10 is decimal, 0y binary, 0t octal") from None
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


def build_parser(found: Command, prog: str, *, with_dump: bool) -> Parser:
    """A parser of the command's arguments that raises UsageError and never ends the process."""
    arguments = list(found.arguments)
    if with_dump and found.dump in (DUMP_NEEDED, DUMP_ANY, DUMP_FIRST):
        arguments.insert(0, Argument(("dump",), "the dump", metavar="DUMP"))
    elif with_dump and found.dump == DUMP_OPTIONAL:
        arguments.append(Argument(("dump",), "the dump", nargs="?", metavar="DUMP"))
    return Parser(prog, arguments)
