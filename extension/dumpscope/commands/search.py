"""``search`` and ``strings``: text, bytes and pointers in captured memory, with what each place belongs to."""

from __future__ import annotations

import re
from fnmatch import translate as glob_pattern
from heapq import merge
from itertools import islice, product
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..dump.absence import NOT_THERE, Absent
from ..dump.minidump import Minidump
from ..dump.search import CHUNK, MAX_PATTERN, Blanks, find, pointer_pattern, text_pattern, wide_pattern
from ..dump.streams.memory import Memory
from ..errors import NotInDump, UsageError
from ..format.counted import counted
from ..session.expression import evaluate
from ..session.missing import missing
from ..session.registry import arg, command
from ..session.session import Session, usage_of
from ..view.blocks import Block, Column, Data, Note, Table
from ..view.drawn import Drawn
from ..view.kinds import address_kind
from ..wording.numbers import is_decimal
from ..wording.regions import no_memory
from ..wording.usage import Usage

LIMIT = 200
"""Hits that are shown unless more are asked for."""
SHOWN = 48
"""Characters of text shown at a hit."""
LONGEST = 4096
"""Characters of one string that are kept."""
_ASCII = re.compile(rb"[\x20-\x7e\t]{%d,}")
_WIDE = re.compile(rb"(?:[\x20-\x7e\t]\x00){%d,}")
_NOTHING = bytes(1 << 12)
"""A page that was never written."""


class _Want(NamedTuple):
    """One thing to look for: its bytes, how it is kept in memory, and the addresses it can begin at."""

    pattern: bytes
    form: str
    align: int


def _wanted(session: Session, args: Any) -> List[_Want]:
    """What the arguments ask for. Raises UsageError and NotInDump."""
    given = [name for name in ("ascii", "utf16", "bytes", "pointer") if getattr(args, name)]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} exclude each other")
    text = " ".join(args.pattern)
    if not given:
        if not text:
            raise UsageError("search needs something to look for", 'search "text", search --bytes 4d5a, search --pointer ntdll')
        return [*_texts(text, "ascii"), *_texts(text, "utf16")]
    form = given[0]
    if form in ("bytes", "pointer"):
        text = " ".join([getattr(args, form), *args.pattern])
    elif not text:
        raise UsageError(f"--{form} needs a text to look for")
    if form == "bytes":
        return [_Want(_hex_bytes(text), form, 1)]
    if form == "pointer":
        size = session.dump.pointer_size
        value = evaluate(session, text)
        if value >= 1 << 8 * size:
            raise UsageError(f"0x{value:x} does not fit into a pointer of {counted(size, 'byte')}")
        return [_Want(pointer_pattern(value, size), form, size)]
    found = _texts(text, form)
    if not found:
        raise UsageError(f"{text!r} has characters that one byte cannot hold", "--utf16 looks for it as Windows keeps it")
    return found


def _texts(text: str, form: str) -> List[_Want]:
    try:
        pattern = text_pattern(text) if form == "ascii" else wide_pattern(text)
    except UnicodeEncodeError:
        return []
    return [_Want(_bounded(pattern), form, 1)]


def _hex_bytes(text: str) -> bytes:
    plain = re.sub(r"0x|\\x|[\s,`-]", "", text)
    try:
        return _bounded(bytes.fromhex(plain))
    except ValueError:
        raise UsageError(f"{text!r} is not a row of bytes", "two hexadecimal digits for each: --bytes 4d5a9000 or --bytes '4d 5a 90 00'") from None


def _bounded(pattern: bytes) -> bytes:
    if not 0 < len(pattern) <= MAX_PATTERN:
        raise UsageError(f"a pattern has 1 to {MAX_PATTERN} bytes, this one {len(pattern)}")
    return pattern


def _limit(text: Optional[str]) -> Optional[int]:
    """The number of rows to show; None for all."""
    if text is None:
        return LIMIT
    if not is_decimal(text) or len(text) > 12:
        raise UsageError(f"--limit takes a decimal number, 0 for all, not {text!r}")
    return int(text) or None


def _no_memory(session: Session, key: str) -> Iterator[Block]:
    why = no_memory(session.dump).message
    why = ": " + (why[len("no memory: ") :] if why.startswith("no memory: ") else why)
    yield from missing(session, key, Absent(NOT_THERE, f"there is no memory in this dump to look through{why}"), "db")


class _Hits:
    """Addresses of all patterns, lowest first, with the progress of the search as a whole."""

    def __init__(self, session: Session, wanted: Sequence[_Want]) -> None:
        self.session = session
        self.wanted = wanted
        self._done: Dict[int, int] = {}

    def progress(self, which: int, done: int, total: int) -> None:
        """Add up how far each pattern has come; those that have not begun count as well."""
        self._done[which] = done
        self.session.progress(sum(self._done.values()), total * len(self.wanted))

    def _one(self, which: int, want: _Want) -> Iterator[Tuple[int, str]]:
        memory = self.session.dump.memory
        for address in find(memory, want.pattern, align=want.align, progress=lambda done, total: self.progress(which, done, total)):
            yield address, want.form

    def __iter__(self) -> Iterator[Tuple[int, str]]:
        return merge(*(self._one(which, want) for which, want in enumerate(self.wanted)))


def _shown_text(dump: Minidump, address: int, form: str) -> str:
    """The text that begins at a hit, as far as it can be printed."""
    if form == "utf16":
        data = dump.memory.some(address, 2 * SHOWN)
        text = data[: len(data) // 2 * 2].decode("utf-16-le", "replace")
    else:
        text = dump.memory.some(address, SHOWN).decode("latin-1")
    return text.split("\0", 1)[0]


def _shown_bytes(dump: Minidump, address: int) -> str:
    return dump.memory.some(address, 16).hex(" ")


class _Place:
    """What the columns of a hit are made from."""

    def __init__(self, session: Session) -> None:
        self.dump = session.dump
        self.usage: Usage = usage_of(session)

    def words(self, address: int) -> Optional[str]:
        """What an address belongs to: a module, a stack, a region."""
        use = self.usage.at(address)
        if use.words:
            return use.words
        region = self.dump.regions.at(address)
        if region is not None:
            return f"region {region.base:x}+0x{address - region.base:x}"
        return None

    def offset(self, address: int) -> Optional[int]:
        """Where its first byte stands in the file."""
        place = self.dump.memory.locate(address)
        return place[0] if place is not None else None

    def columns(self) -> List[Column]:
        """Address, file offset, use."""
        kind = address_kind(self.dump.pointer_size)
        return [
            Column("address", "address", kind, index=0, link="address {}"),
            Column("offset", "at", "offset", index=0, get=self.offset),
            Column("use", "in", "symbol", index=0, get=self.words),
        ]


@command(
    "search",
    summary="text, bytes or a pointer in captured memory: every place, and what it belongs to",
    category="memory",
    arguments=[
        arg("pattern", nargs="*", metavar="TEXT", help="the text to find, as ASCII and as UTF-16; case matters"),
        arg("--ascii", switch=True, help="only as one byte for each character"),
        arg("--utf16", switch=True, help="only as UTF-16"),
        arg("--bytes", metavar="HEX", help="these bytes instead of a text: 4d5a9000"),
        arg("--pointer", metavar="ADDRESS", help="pointers to an address or expression, where pointers can stand", completes="address"),
        arg("--limit", metavar="N", help=f"rows to show (decimal), 0 for all; {LIMIT} if not given"),
    ],
    examples=[
        ("search kernel32", "a text, wherever it stands"),
        ("search --utf16 'C:\\Windows'", "only as UTF-16"),
        ("search --bytes 4d5a9000", "bytes: the beginning of images"),
        ("search --pointer '@$teb'", "who points to the TEB"),
    ],
    spellings=["s"],
    description="Looks through every captured byte, in the order of addresses; hits may cross ranges that touch.",
)
def search(session: Session, args: Any) -> Iterator[Block]:
    """Places at which something stands."""
    limit = _limit(args.limit)
    dump = session.dump
    try:
        wanted = _wanted(session, args)
    except NotInDump as error:
        yield from missing(session, "hits", Absent(NOT_THERE, error.message))
        return
    if not dump.memory:
        yield from _no_memory(session, "hits")
        return
    yield Data("patterns", [{"form": want.form, "hex": want.pattern.hex()} for want in wanted])
    hits = iter(_Hits(session, wanted))
    place = _Place(session)
    drawn = Drawn(islice(hits, limit))

    def rows() -> Iterator[Sequence[Any]]:
        for address, form in drawn.rows:
            shown = _shown_bytes(dump, address) if form in ("bytes", "pointer") else _shown_text(dump, address, form)
            yield address, form, shown

    columns = place.columns()
    columns[1:1] = [Column("form", "as", "type", index=1, hidden=len(wanted) == 1)]
    columns.append(Column("found", "found", "text", index=2))
    yield Table("hits", columns, rows())
    more = limit is not None and drawn.count == limit and next(hits, None) is not None
    yield from _closing(session, drawn.count, more, "hit", dump.memory.total)


def _closing(session: Session, count: int, more: bool, what: str, total: int) -> Iterator[Block]:
    yield Data("count", count)
    yield Data("more", more)
    if not count:
        session.not_in_dump()
        yield Note(f"no {what} in {counted(total, 'byte')} of captured memory")
        return
    words = f"{count} {what}{'' if count == 1 else 's'}"
    if more:
        yield Note(f"the first {words}: there are more, and --limit 0 shows all of them", "hint")
    else:
        yield Note(f"{words} in {counted(total, 'byte')}")


# -- strings -------------------------------------------------------------------------------------------------------------------


class _Once:
    """Where ranges share bytes of the file, and claim more than it holds: what was looked through once is left out at other addresses."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._seen = Blanks(64)
        self.total = memory.total
        self.shared = self.total > memory.source.size
        self.left_out = 0
        """Bytes that were left out so far."""

    def spans(self) -> Iterator[Tuple[int, int, int]]:
        """Captured memory, or that of it whose bytes were not given yet: start, end, file offset."""
        if not self.shared:
            yield from self._memory.spans()
            return
        for start, end, rva in self._memory.spans():
            delta = start - rva
            place, stop = rva, end - delta
            while True:
                new = min(self._seen.skip(place), stop)
                self.left_out += new - place
                if new == stop:
                    break
                place = min(self._seen.next(new), stop)
                yield new + delta, place + delta, new
            self._seen.add(rva, stop)


def _pieces(session: Session, once: _Once) -> Iterator[Tuple[int, bytes]]:
    """Captured memory in pieces with their addresses; a piece ends with its stretch or where it is long enough."""
    source = session.dump.source
    done = 0
    for start, end, rva in once.spans():
        for at in range(0, end - start, CHUNK):
            size = min(CHUNK, end - start - at)
            # What runs over the piece's end is read with it, and left out of the next.
            more = min(LONGEST * 2, end - start - at - size)
            yield start + at, source.fetch(rva + at, size + more)
            done += size
            session.progress(done + once.left_out, once.total)


def _written(data: bytes) -> Iterator[Tuple[int, int]]:
    """The stretches between pages of zeros, each with the byte after it, which may be the upper half of a character."""
    page = len(_NOTHING)
    first = -1
    for at in range(0, len(data), page):
        if data[at : at + page] != _NOTHING:
            first = at if first < 0 else first
        elif first >= 0:
            yield first, at + 1
            first = -1
    if first >= 0:
        yield first, len(data)


def _found(session: Session, once: _Once, least: int, forms: Sequence[str]) -> Iterator[Tuple[int, str, str]]:
    """Address, form and text of every run of printable characters, in the order of addresses within each piece."""
    patterns = [(form, re.compile(base.pattern % least), 1 if form == "ascii" else 2) for form, base in (("ascii", _ASCII), ("utf16", _WIDE)) if form in forms]
    behind = dict.fromkeys(forms, 0)
    for start, data in _pieces(session, once):
        here: List[Tuple[int, str, str]] = []
        for (first, stop), (form, pattern, unit) in product(_written(data), patterns):
            for match in pattern.finditer(data, max(first, behind[form] - start), stop):
                if match.start() >= CHUNK:
                    break
                text = match.group()[: LONGEST * unit : unit]
                here.append((start + match.start(), form, text.decode("ascii")))
                behind[form] = start + match.end()
        here.sort()
        yield from here


@command(
    "strings",
    summary="the readable texts in captured memory, ASCII and UTF-16, with what they belong to",
    category="memory",
    arguments=[
        arg("--min", metavar="N", help="least number of characters of a text (decimal); 6 if not given"),
        arg("--match", metavar="GLOB", help="only texts that match, such as '*password*' (case does not matter)"),
        arg("--ascii", switch=True, help="only texts of one byte for each character"),
        arg("--utf16", switch=True, help="only UTF-16 texts"),
        arg("--limit", metavar="N", help=f"rows to show (decimal), 0 for all; {LIMIT} if not given"),
    ],
    examples=[
        ("strings", "the first ones"),
        ("strings --match '*.dll' --limit 0", "all that end in .dll"),
        ("strings --min 20 --utf16", "long UTF-16 texts"),
    ],
)
def strings(session: Session, args: Any) -> Iterator[Block]:
    """Runs of printable characters."""
    limit = _limit(args.limit)
    least = 6 if args.min is None else _least(args.min)
    if args.ascii and args.utf16:
        raise UsageError("--ascii and --utf16 exclude each other", "neither of them shows both")
    dump = session.dump
    if not dump.memory:
        yield from _no_memory(session, "strings")
        return
    forms = ("ascii",) if args.ascii else ("utf16",) if args.utf16 else ("ascii", "utf16")
    matches = re.compile(glob_pattern(args.match), re.IGNORECASE | re.DOTALL).match if args.match else None
    once = _Once(dump.memory)
    found = (row for row in _found(session, once, least, forms) if matches is None or matches(row[2]))
    drawn = Drawn(islice(found, limit))
    columns = _Place(session).columns()
    columns[1:1] = [Column("form", "as", "type", index=1, hidden=len(forms) == 1)]
    columns.append(Column("text", "text", "text", index=2))
    yield Table("strings", columns, drawn.rows)
    more = limit is not None and drawn.count == limit and next(found, None) is not None
    yield from _closing(session, drawn.count, more, "text", dump.memory.total)
    if once.left_out:
        yield Note("ranges of memory share bytes of the file: texts are listed at the lowest address of each byte, and left out at the others", "warning")


def _least(text: str) -> int:
    if not is_decimal(text) or not 1 <= int(text) <= 1000:
        raise UsageError(f"--min takes a number from 1 to 1000, not {text!r}")
    return int(text)


__all__ = ["LIMIT", "search", "strings"]
