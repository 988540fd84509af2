"""Runs every command with every renderer on one dump, and says which invariant broke."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import sys
import traceback
import tracemalloc
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from tests.amount import ALL
from tests.counting import CountingSource, calls_of

from dumpscope.commands.index import all_commands
from dumpscope.commands.opening import session_of
from dumpscope.errors import EXIT_DONE, EXIT_NOT_A_DUMP, EXIT_NOT_IN_DUMP, EXIT_USAGE, DumpscopeError
from dumpscope.session.parsing import build_parser, split_line
from dumpscope.session.registry import DUMP_NONE, Command
from dumpscope.session.running import run as run_command
from dumpscope.session.session import Session
from dumpscope.view.document import render_csv, render_json
from dumpscope.view.escape import printable
from dumpscope.view.paint import DARK, Ansi, Dml, strip_ansi, strip_dml
from dumpscope.view.text import render_text

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

CODES = (EXIT_DONE, EXIT_NOT_IN_DUMP, EXIT_USAGE, EXIT_NOT_A_DUMP)
CALLS, CALLS_PER_BYTE = 500_000, 16
"""Calls of functions that an answer takes at the most, and for each byte of the file. Some ten million of them take a second."""
READS, READS_PER_BYTE = 5_000, 1
READ_BYTES, READ_BYTES_PER_BYTE = 4 << 20, 1024
"""Reads of the file, and what is read in all: records and texts are read again by what follows them, a window at a time."""
MEMORY = 100 << 20
OUTPUT = 32 << 20
"""Characters that an answer to a small file may have at the most."""

_EXTREMES = {
    "handles": ("0", "0 f", "4", "ffffffffffffffff", "--sort name", "--summary", "0 f Event", "--name '*a*'"),
    "threads": ("0", "~1", "#", "--sort time", "--times", "ffffffff"),
    "modules": ("0", "ntdll", "--sort name"),
    "memory": ("--sort size",),
    "read": ("0", "@ip", "@sp L1000", "7ffe0000", "ffffffffffffffff", "7ff600000000 L10000000"),
    "address": ("0", "@sp", "ffffffffffffffff", "7ff600001000"),
}
"""More words than the examples have, for commands that have them."""


class Call(NamedTuple):
    """A command with its parsed arguments."""

    command: Command
    line: str
    args: Any


class Broken(Exception):
    """An invariant that does not hold: what, where, and the words that repeat it."""


def calls() -> List[Call]:
    """Every command with every example of its own, and with some extremes. Commands that need no dump are left out."""
    found: Dict[Tuple[str, str], Call] = {}
    for command in all_commands():
        if command.dump == DUMP_NONE or command.name == "writedump":
            continue
        parser = build_parser(command, command.name, with_dump=False)
        lines = ["", *(example.line.partition(" ")[2] for example in command.examples), *_EXTREMES.get(command.name, ())]
        for line in lines:
            try:
                found.setdefault((command.name, line), Call(command, line, parser.parse_words(split_line(line))))
            except DumpscopeError:
                continue  # an example that names a file, or an extreme that this command does not take
    return list(found.values())


def _text(blocks: Any, head: Any) -> Iterator[str]:
    return render_text(blocks)


def _narrow(blocks: Any, head: Any) -> Iterator[str]:
    return render_text(blocks, width=40)


def _ansi(blocks: Any, head: Any) -> Iterator[str]:
    return render_text(blocks, Ansi(DARK))


def _dml(blocks: Any, head: Any) -> Iterator[str]:
    return render_text(blocks, Dml(lambda line: f"!py {line}"))


def _json(blocks: Any, head: Any) -> Iterator[str]:
    return render_json(blocks, head)


def _csv(blocks: Any, head: Any) -> Iterator[str]:
    return render_csv(blocks)


RENDERERS: Dict[str, Callable[[Any, Any], Iterator[str]]] = {
    "text": _text,
    "narrow": _narrow,
    "ansi": _ansi,
    "dml": _dml,
    "json": _json,
    "csv": _csv,
}


def _printable(text: str) -> None:
    for line in text.split("\n"):
        if not line.isprintable():
            raise Broken(f"not printable: {line[:200]!r}")


def inert(renderer: str, text: str) -> None:
    """Raise Broken when an answer could steer whoever shows it, or is not well-formed."""
    if renderer in ("text", "narrow"):
        _printable(text)
    elif renderer == "ansi":
        _printable(strip_ansi(text))
    elif renderer == "dml":
        _printable(text)
        stripped = strip_dml(text)
        if stripped.count("\n") != text.count("\n"):
            raise Broken("DML lost lines")
    elif renderer == "json":
        if not text.isascii():
            raise Broken("JSON is not ASCII")
        pairs: List[str] = []

        def unique(members: List[Tuple[str, Any]]) -> Dict[str, Any]:
            keys = [key for key, _ in members]
            if len(keys) != len(set(keys)):
                pairs.append(str(keys))
            return dict(members)

        json.loads(text, object_pairs_hook=unique, parse_constant=lambda name: pairs.append(name))
        if pairs:
            raise Broken(f"JSON with a member twice, or a number that is none: {pairs[0][:200]}")
    elif renderer == "csv" and text:
        rows = list(csv.reader(io.StringIO(text, newline="")))
        if len({len(row) for row in rows}) != 1:
            raise Broken("CSV rows of different length")
        for row in rows:
            for cell in row:
                if not cell.isprintable() or cell[:1] in ("=", "@") or (cell[:1] in "+-" and cell[1:2].isalpha()):
                    raise Broken(f"CSV cell that is not inert: {cell[:100]!r}")


class Watched(CountingSource):
    """Bytes that say when somebody reads outside them, which a slice would silently allow, and count what is read."""

    made: List[Watched] = []
    """Those of the answer that is made now; a command may open more."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data, name)
        Watched.made.append(self)

    def fetch(self, offset: int, size: int) -> bytes:
        if offset < 0 or size < 0 or offset + size > self.size:
            raise Broken(f"reads {size:#x} bytes at {offset:#x} of {self.size:#x}")
        return super().fetch(offset, size)


class Answer(NamedTuple):
    """What one call gave."""

    code: int
    text: str
    raised: bool


class Checker:
    """Holds the calls, and checks dumps."""

    def __init__(self) -> None:
        self.calls = calls()
        self.by_command: Dict[str, List[Call]] = {}
        for call in self.calls:
            self.by_command.setdefault(call.command.name, []).append(call)
        self.runs = 0
        self.spent = 0
        """Calls of functions that all answers took."""

    @staticmethod
    def session(data: bytes) -> Session:
        """What a command works on, with a dump where the bytes are one."""
        return session_of(Watched(data, "<bytes>"), "fuzz.dmp")

    def answer(self, data: bytes, call: Call, renderer: str, shared: Optional[Session] = None) -> Answer:
        """Run one call, in a session of its own or after others in a ``shared`` one; anything but our own errors leaves as it is."""
        parts: List[str] = []
        total = 0
        raised = False
        session = shared
        try:
            session = shared or self.session(data)
            if session.open_error is not None and call.command.dump != "any":
                raise session.open_error
            blocks = run_command(session, call.command, call.args)
            for chunk in RENDERERS[renderer](blocks, session.head(call.command)):
                parts.append(chunk)
                total += len(chunk)
                if total > OUTPUT + 64 * len(data):
                    raise Broken(f"more than {total} characters for {len(data)} bytes")
            code = session.status
        except DumpscopeError as error:
            code = error.exit_code
            raised = True  # told in words beside the answer, which ends where it was
            _printable(printable(f"{error.message} {error.hint}"))
        finally:
            if shared is None and session is not None:
                session.source.close()
        return Answer(code, "".join(parts), raised)

    def costed(self, data: bytes, call: Call, renderer: str, shared: Optional[Session] = None) -> Answer:
        """Run one call, and raise Broken if it took more than a file of this size may take: counted, on any machine the same."""
        Watched.made = [] if shared is None or not isinstance(shared.source, Watched) else [shared.source]
        before = [(source.reads, source.read_bytes) for source in Watched.made]
        answer, calls = calls_of(lambda: self.answer(data, call, renderer, shared))
        reads = sum(source.reads for source in Watched.made) - sum(one for one, _ in before)
        read = sum(source.read_bytes for source in Watched.made) - sum(other for _, other in before)
        self.spent += calls
        size = len(data)
        for what, number, most in (
            ("calls", calls, CALLS + CALLS_PER_BYTE * size),
            ("reads", reads, READS + READS_PER_BYTE * size),
            ("bytes read", read, READ_BYTES + READ_BYTES_PER_BYTE * size),
        ):
            if number > most:
                raise Broken(f"{number} {what} for {size} bytes, {most} at the most")
        return answer

    def check(self, data: bytes, call: Call, renderer: str, *, twice: bool = False, memory: bool = False, shared: Optional[Session] = None) -> Answer:
        """Run one call and raise Broken if an invariant does not hold."""
        where = f"`{call.command.name} {call.line}` as {renderer}"
        try:
            self.runs += 1
            if memory:
                tracemalloc.start()
                try:
                    answer = self.answer(data, call, renderer)
                    peak = tracemalloc.get_traced_memory()[1]
                finally:
                    tracemalloc.stop()
                if peak > MEMORY + 4 * len(answer.text):
                    raise Broken(f"{peak >> 20} MiB at the peak")
            elif ALL or self.runs % 3 == 0:  # counting takes as long as what is counted
                answer = self.costed(data, call, renderer, shared)
            else:
                answer = self.answer(data, call, renderer, shared)
            if answer.code not in CODES:
                raise Broken(f"exit code {answer.code}")
            if not answer.raised or (renderer == "json" and answer.code == EXIT_NOT_IN_DUMP):
                inert(renderer, answer.text)  # an answer that ends in an error of usage, or of the file, ends where it was
            # What one command found out about texts that overlap, the commands after it say too.
            told = shared is not None and shared.has_dump and shared.dump.strings.overlap is not None
            if twice and not told and self.answer(data, call, renderer)[:2] != (answer.code, answer.text):
                raise Broken("another answer the second time")
            return answer
        except Broken as error:
            raise Broken(f"{where}: {error}") from None
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            raise Broken(f"{where}: {type(error).__name__}: {error}\n{traceback.format_exc(limit=-4)}") from None

    def everything(self, data: bytes, calls: Sequence[Call]) -> List[Broken]:
        """Each of these calls with every renderer, and the painted texts against the plain one; what broke."""
        broken = []
        for call in calls:
            try:
                self._every_renderer(data, call)
            except Broken as error:
                broken.append(error)
        return broken

    def _every_renderer(self, data: bytes, call: Call) -> None:
        plain = self.check(data, call, "text", twice=True, memory=True)
        for renderer in ("json", "csv", "narrow"):
            self.check(data, call, renderer)
        for renderer, strip in (("ansi", strip_ansi), ("dml", strip_dml)):
            painted = self.check(data, call, renderer)
            if strip(painted.text) != plain.text:
                raise Broken(f"`{call.command.name} {call.line}`: {renderer} without its paint is not the text")

    def some(self, data: bytes, chance: random.Random, lines: int = 0) -> List[Broken]:
        """Every command once, or ``lines`` of them, with one line and one renderer each; what broke.

        Half of the time they follow each other in one session, as in the REPL, where one finds what another has decoded; what is
        asked twice is then held against the answer in a session of its own.
        """
        broken = []
        names = list(self.by_command) if not lines else chance.sample(list(self.by_command), lines)
        shared = self.session(data) if chance.random() < 0.5 else None
        for name in names:
            found = self.by_command[name]
            call = found[0] if chance.random() < 0.5 else chance.choice(found)
            renderer = chance.choice(("text", "json", "json", "csv", "ansi", "dml", "narrow"))
            try:
                # These change what the registers, or the frame, of later lines are.
                together = None if name in ("switch", "frame", "up", "down") else shared
                self.check(data, call, renderer, twice=chance.random() < 0.1, memory=chance.random() < 0.01, shared=together)
            except Broken as error:
                broken.append(error)
        if shared is not None:
            shared.source.close()
        return broken


def corpus(largest: int = 64 << 10) -> Dict[str, bytes]:
    """The samples that are not too large, by name; those that other writers made too."""
    found = {path.stem: path.read_bytes() for path in sorted((ROOT / "samples").rglob("*.dmp")) if path.stat().st_size <= largest}
    if not found:
        raise RuntimeError("no samples: run `python samples/build.py`")
    return found


def signature(story: str) -> str:
    """What makes two failures the same one: the call is left out, the last line of ours stays."""
    lines = [line.strip() for line in story.split("\n") if line.strip().startswith("File ")]
    head = story.partition(": ")[2].split("\n")[0][:60]
    return hashlib.sha1((head + (lines[-1] if lines else "")).encode("utf-8", "replace")).hexdigest()[:12]


__all__ = ["Broken", "Call", "Checker", "Optional", "calls", "corpus", "inert", "signature"]
