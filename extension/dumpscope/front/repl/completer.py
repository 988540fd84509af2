"""Completion that knows the dump: commands, options, choices, and values of the open dump. Runs in a thread, apart from the prompt."""

from __future__ import annotations

import os
import re
import threading
from itertools import islice
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from ...commands.index import all_commands
from ...commands.opening import session_of
from ...dump.named import source_at
from ...errors import DumpscopeError
from ...session.offer import Offer
from ...session.offers import offers
from ...session.registry import CATEGORIES, Argument, Command
from ...session.session import Session
from ...view.escape import printable
from ..options import COMMON
from ..spellings import translate
from .filters import SUMMARIES
from .runner import Runner
from .settings import SETTINGS
from .workspace import short_name

_NOT_FOR_KERNEL = frozenset(("!handle", "!runaway", "!peb", "!teb", "!gle", "!address", "!vprot", "!token", ".ttime"))
"""Spellings of the debugger that speak of one process."""

FOLDER = "folder"
"""What is said of an offer that goes on: what lies in it."""
SHOWN = 200
"""Completions that are offered at the most."""
LOOKED_AT = 6000
"""Offers that are compared with what was typed."""
FREQUENT = (
    ("why", "what is wrong with this dump, and why debugger commands fail on it"),
    ("!handle", "the handles, in the debugger's spelling"),
    ("!runaway", "threads by processor time, in the debugger's spelling"),
    ("!peb", "the process, in the debugger's spelling"),
    ("!teb", "the current thread, in the debugger's spelling"),
    ("!gle", "the current thread's last error"),
    ("!address", "the address space, in the debugger's spelling"),
    ("!vprot", "protection of an address"),
    ("!analyze", "what is wrong with this dump"),
    ("!token", "the access tokens"),
    (".exr -1", "the exception record"),
    (".ecxr", "the registers at the exception"),
    (".lastevent", "the exception"),
    (".dumpdebug", "the streams as the debugger prints them"),
    (".time", "the process's times"),
    (".ttime", "the threads' times"),
    (".help", "the list of commands"),
)


def score(typed: str, text: str) -> int:
    """How well a text answers what was typed; 0 is not at all. Beginnings first, then parts, then letters in order."""
    if not typed:
        return 1
    low, wanted = text.casefold(), typed.casefold()
    if low.startswith(wanted):
        return 500 if low == wanted else 400
    at = low.find(wanted)
    if at >= 0:
        starts = not low[at - 1].isalnum()
        return (300 if starts else 200) - min(at, 99)
    if len(wanted) < 2:
        return 0
    place = -1
    gaps = 0
    for char in wanted:
        following = low.find(char, place + 1)
        if following < 0:
            return 0
        gaps += following - place - 1 if place >= 0 else following
        place = following
    return max(1, 100 - gaps * 4) if gaps <= 12 else 0


class Word(NamedTuple):
    """What stands before the cursor: the statement's words, the one being typed, and whether it began with a quotation mark."""

    before: List[str]
    typed: str
    quote: str
    size: int


def split_before(text: str) -> Word:
    """The words before the cursor of the last statement, and the one at the cursor."""
    words: List[str] = []
    word: Optional[str] = None
    quote = began = ""
    start = 0
    for at, char in enumerate(text):
        if quote:
            if char == quote:
                quote = ""
            else:
                word = (word or "") + char
        elif char in "\"'" and word is None:
            quote = began = char
            word, start = "", at
        elif char in " \t\n":
            if word is not None:
                words.append(word)
            word, began = None, ""
        elif char == ";":
            words, word, began = [], None, ""
        else:
            if word is None:
                start = at
            word = (word or "") + char
    if word is None:
        return Word(words, "", "", 0)
    return Word(words, word, began, len(text) - start)


class ReplCompleter(Completer):
    """Completes a typed line. It reads the dump through a mapping of its own, so that a running command and it never meet."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._lock = threading.Lock()
        self._ticket = 0
        self._shadows: Dict[str, Session] = {}
        self._commands: Optional[Dict[str, Command]] = None

    # -- what there is -----------------------------------------------------------------------------------------------------

    def session(self) -> Session:
        """A second session over the current dump, opened when it is first asked for."""
        current = self._runner.workspace.current
        if current is None or not (current.session.has_dump or current.session.kernel is not None):
            return Session()
        shadow = self._shadows.get(current.path)
        if shadow is None:
            try:
                shadow = session_of(source_at(current.path), current.path)
            except DumpscopeError:
                shadow = Session()
            for path in set(self._shadows) - {item.path for item in self._runner.workspace.opened}:
                gone = self._shadows.pop(path)
                if gone.has_file:
                    gone.source.close()
            self._shadows[current.path] = shadow
        shadow.memo["thread"] = current.session.memo.get("thread")
        return shadow

    def close(self) -> None:
        """Close what was opened for completing; a thread that still completes ends first."""
        self._ticket += 1
        if self._lock.acquire(timeout=2):
            for shadow in self._shadows.values():
                if shadow.has_file:
                    shadow.source.close()
            self._shadows.clear()
            self._lock.release()

    def commands(self) -> Dict[str, Command]:
        """Every command by each of its names."""
        if self._commands is None:
            found: Dict[str, Command] = {}
            for item in [*all_commands(), *self._runner.own.values()]:
                for name in (item.name, *item.aliases):
                    found[name] = item
            self._commands = found
        return self._commands

    @property
    def _kernel(self) -> bool:
        """Whether a kernel dump is open."""
        current = self._runner.workspace.current
        return current is not None and current.session.kernel is not None

    def _works(self, command: Command) -> bool:
        """Whether a command can say anything of the open dump: on a kernel dump those for a process are not offered."""
        if not self._kernel or command.name in self._runner.own:
            return True
        from ...commands.kernel.registry import works

        return works(command.name)

    # -- completing --------------------------------------------------------------------------------------------------------

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Completions for the word before the cursor."""
        self._ticket = ticket = self._ticket + 1
        word = split_before(document.text_before_cursor)
        found: List[Offer] = []
        try:
            with self._lock:
                for offer in islice(self._found(word), LOOKED_AT):
                    if self._ticket != ticket:
                        return  # more was typed meanwhile: nobody waits for this
                    found.append(offer)
        except DumpscopeError:
            return
        typed = word.typed
        if complete_event.completion_requested and not typed and not word.before:
            ranked: List[Tuple[int, int, Offer]] = [(0, at, offer) for at, offer in enumerate(found)]
        else:
            ranked = [(-value, at, offer) for at, offer in enumerate(found) for value in [self._score(typed, offer)] if value]
            ranked.sort(key=lambda item: item[:2])
        seen = set()
        for _, _, offer in ranked[:SHOWN]:
            if offer.text in seen or not offer.text.isprintable():
                continue  # what cannot be shown cannot be chosen
            seen.add(offer.text)
            yield Completion(
                _quoted(offer.text, word.quote, offer.about == FOLDER),
                start_position=-word.size,
                display=offer.text,
                display_meta=printable(offer.about),
            )

    @staticmethod
    def _score(typed: str, offer: Offer) -> int:
        value = score(typed, offer.text)
        if not value and len(typed) >= 3 and typed.casefold() in offer.about.casefold():
            return 50  # by what it is: a handle by its name, a rule by its cause
        return value

    def _found(self, word: Word) -> Iterator[Offer]:
        before = word.before
        if "|" in before and before[-1] == "|" and len(before) > 1:
            for name, words in SUMMARIES.items():
                yield Offer(name, words)
            return
        if len(before) > 1 and before[-1] in (">", ">>"):
            yield from paths(word.typed)
            return
        if "|" in before:
            return
        if not before:
            yield from self._names(word)
            return
        command, rest = self._command(before)
        if command is None:
            return
        yield from self._values(command, rest, word)

    def _names(self, word: Word) -> Iterator[Offer]:
        """Names of commands; those of the debugger once something is typed that could be one."""
        commands = self.commands()
        typed = word.typed
        if typed[:1] in ("!", ".", "~", "|"):
            for name, about in FREQUENT:
                if not (self._kernel and name in _NOT_FOR_KERNEL):
                    yield Offer(name, about)
            for name in commands:
                if commands[name].name == name and self._works(commands[name]):
                    yield Offer(typed[0] + name, commands[name].summary)
            return
        order = {category: at for at, category in enumerate(("failure", *(item for item in CATEGORIES if item != "failure")))}
        named = [item for name, item in commands.items() if item.name == name and self._works(item)]
        for item in sorted(named, key=lambda item: (item.name != "why", order.get(item.category, 99), item.name)):
            yield Offer(item.name, item.summary)
        if typed:
            for name, item in commands.items():
                if item.name != name and name.isalnum() and not score(typed, item.name) and self._works(item):
                    yield Offer(name, item.summary)
            if "/" in typed or "\\" in typed or typed.startswith("~"):
                yield from paths(typed)

    def _command(self, before: List[str]) -> Tuple[Optional[Command], List[str]]:
        """The command that the line begins with, in whatever spelling, and the words after it."""
        commands = self.commands()
        name = before[0].lower()
        if name in commands:
            return commands[name], before[1:]
        try:
            made = translate(" ".join(before), None)
        except DumpscopeError:
            made = translate(before[0], None) if not before[0].startswith(("d", "s", "~")) else None
            if made is None and re.fullmatch(r"d[bwdqpacu]s?|dps|dds|dqs|dyb|dyd", name):
                return commands.get("read"), before[1:]
        if made is None:
            return None, []
        return commands.get(made.words[0]), [word for word in made.words[1:] if word in before[1:]]

    def _values(self, command: Command, rest: List[str], word: Word) -> Iterator[Offer]:
        """Options, and values for the argument that comes next."""
        typed = word.typed
        options = {name: item for item in command.arguments if not item.positional for name in item.names}
        previous = rest[-1] if rest else ""
        wanting = options.get(previous)
        if wanting is not None and not wanting.switch:
            yield from self._offers(wanting, typed, rest)
            return
        name, equals, value = typed.partition("=")
        if equals and name in options:
            for offer in self._offers(options[name], value, rest):
                yield Offer(f"{name}={offer.text}", offer.about)
            return
        positional = _next_positional(command, rest, options)
        if not typed.startswith("-") and positional is not None:
            yield from self._offers(positional, typed, rest)
        if not word.quote and (typed.startswith("-") or not typed):
            for item in command.arguments:
                if not item.positional and (item.repeat or not set(item.names) & set(rest)):
                    yield Offer(item.names[-1], item.help)
            if typed.startswith("-") and command.name not in self._runner.own:
                for common in COMMON:
                    yield Offer(common.names[0], common.help)
                yield Offer("--help", "how the command is used")

    def _offers(self, argument: Argument, typed: str, rest: List[str]) -> Iterator[Offer]:
        kind = argument.completes
        if argument.choices:
            yield from (Offer(choice, argument.help) for choice in argument.choices)
        elif kind == "path":
            yield from paths(typed)
        elif kind == "command":
            for name, item in self.commands().items():
                yield Offer(name, item.summary)
        elif kind == "dump":
            for opened in self._runner.workspace.opened:
                yield Offer(str(opened.number), short_name(opened.path))
        elif kind == "setting":
            for setting in SETTINGS:
                yield Offer(setting.name, setting.help)
        elif kind == "value":
            for setting in SETTINGS:
                if rest and setting.name == rest[0]:
                    yield from (Offer(choice, "the default" if choice == setting.default else "") for choice in setting.choices)
        elif kind:
            yield from offers(self.session(), kind, typed, rest)


def _next_positional(command: Command, rest: List[str], options: Dict[str, Argument]) -> Optional[Argument]:
    """The positional argument that the next word would be."""
    count = 0
    skip = False
    for word in rest:
        if skip:
            skip = False
        elif word.startswith("-") and word.partition("=")[0] in options:
            skip = not options[word.partition("=")[0]].switch and "=" not in word
        else:
            count += 1
    places = [item for item in command.arguments if item.positional]
    if count < len(places):
        return places[count]
    return places[-1] if places and places[-1].nargs in ("*", "+") else None


def _quoted(text: str, quote: str, folder: bool = False) -> str:
    """An offer as it is inserted: in quotation marks where it has blanks or where they were begun, open ones where it goes on, as a folder does."""
    if folder and (quote or " " in text):
        return (quote or ('"' if '"' not in text else "'")) + text
    if text.endswith(" "):
        return (quote or "'") + text
    if quote:
        return f"{quote}{text}{quote}"
    if " " in text and not text.startswith((".", "!")):
        return f'"{text}"' if '"' not in text else f"'{text}'"
    return text


def paths(typed: str) -> Iterator[Offer]:
    """Folders, and files that could be dumps first."""
    place = os.path.expanduser(typed)
    folder, name = os.path.split(place)
    lead = typed[: len(typed) - len(name)]
    try:
        with os.scandir(folder or ".") as entries:
            rows = list(islice(entries, LOOKED_AT))
    except OSError:
        return
    found = []
    for entry in rows:
        if entry.name.startswith(".") and not name.startswith("."):
            continue
        try:
            is_folder = entry.is_dir()
            size = 0 if is_folder else entry.stat().st_size
        except OSError:
            continue
        dump = entry.name.lower().endswith((".dmp", ".mdmp", ".hdmp"))
        about = FOLDER if is_folder else _size_words(size)
        found.append((not dump, not is_folder, entry.name.lower(), Offer(lead + entry.name + (os.sep if is_folder else ""), about)))
    found.sort(key=lambda item: item[:3])
    for row in found:
        yield row[3]


def _size_words(size: int) -> str:
    number = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1024
    return str(size)


__all__ = ["ReplCompleter", "paths", "score", "split_before"]
