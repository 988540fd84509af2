"""``memory``, ``read``: what was captured, and the bytes themselves."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Iterator, NamedTuple, Optional, Sequence, Tuple

from ..dump.absence import NOT_CAPTURED, Absent
from ..dump.minidump import Minidump
from ..dump.streams.memory import Range
from ..errors import UsageError
from ..format.counted import by_count, counted
from ..format.memory import MEM_COMMIT
from ..session.expression import evaluated
from ..session.missing import missing, salvage
from ..session.parsing import number
from ..session.registry import arg, command
from ..session.session import Session, usage_of
from ..view.blocks import Block, Column, Data, Fields, Hexdump, Item, Lines, Note, Table
from ..view.kinds import address_kind, address_text, size_text
from ..wording.module_headers import headers_captured, why_here
from ..wording.regions import nearest_captured, no_memory, not_captured_words
from ..writing.needed import captured
from ..writing.ranges import Ranges

MAX_READ = 1 << 20
"""Bytes that one ``read`` shows at the most."""


# -- memory ------------------------------------------------------------------------------------------------------------------


def _ranges(dump: Minidump) -> Iterator[Range]:
    """The ranges of both lists, in file order."""
    yield from dump.memory_list
    yield from dump.memory64_list


class _Gaps(NamedTuple):
    """Captured stretches as a whole."""

    stretches: int
    lowest: int
    highest: int
    largest: Tuple[int, int]  # the largest gap between two stretches: start and size


def _gaps(dump: Minidump) -> _Gaps:
    count, lowest, last = 0, 0, 0
    largest = (0, 0)
    for start, end, _ in dump.memory.spans():
        if not count:
            lowest = start
        if not count or start > last:
            if count and start - last > largest[1]:
                largest = (last, start - last)
            count += 1
        last = max(last, end)
    return _Gaps(count, lowest, last, largest)


@command(
    "memory",
    summary="captured memory: every range with its place in the file, totals, and gaps",
    category="memory",
    arguments=[arg("--summary", switch=True, help="totals and gaps only, not the ranges")],
    examples=[("memory", "every captured range"), ("memory --summary", "how much there is")],
)
def memory(session: Session, args: Any) -> Iterator[Block]:
    """Captured memory."""
    dump = session.dump
    if not len(dump.memory_list) and not len(dump.memory64_list):
        yield from missing(session, "ranges", no_memory(dump), "db")
        return
    kind = address_kind(dump.pointer_size)
    refused = [items for items in (dump.memory_list, dump.memory64_list) if items.span.refused and len(items)]
    key = "salvaged_ranges" if refused else "ranges"
    if refused:
        yield from salvage("ranges", refused[0], "memory list")
    usage = usage_of(session)
    totals = _Totals()

    def rows() -> Iterator[Sequence[Any]]:
        for item in _ranges(dump):
            totals.add(item)
            yield (*item, item)

    def missing_bytes(item: Range) -> Optional[int]:
        return item.size - item.held or None

    both = len(dump.memory_list) > 0 and len(dump.memory64_list) > 0  # each counts from 0
    at = Range._fields.index
    itself = len(Range._fields)  # a row is the fields of a range, with itself after them
    columns = [
        Column("index", "#", "int", index=at("index")),
        Column("start", "start", kind, index=at("start"), link="read {}"),
        Column("end", "end", kind, index=itself, get=attrgetter("end")),
        Column("size", "size", "bytes", index=at("size")),
        Column("rva", "at", "offset", index=at("rva")),
        Column("held", "", "bytes", index=at("held"), hidden=True),
        Column("missing", "cut by", "bytes", index=itself, get=missing_bytes, hidden=True),
        Column("stream", "stream", "int", index=at("stream"), hidden=not both),
        Column("offset", "", "offset", index=at("offset"), hidden=True),
        Column("use", "what", "symbol", index=itself, get=lambda found: usage.at(found.start).words or None),
    ]
    if args.summary:
        for item in _ranges(dump):
            totals.add(item)
    else:
        yield Table(key, columns, rows())
        if both:
            yield Note("# is the number in the list of its stream: 5 is MemoryListStream, 9 Memory64ListStream", "hint")
    yield from _memory_totals(session, totals)
    headers = headers_captured(dump)
    if headers:
        yield Note(headers, "hint")


class _Totals:
    """How many ranges, and bytes: promised, in the file, and those of them beyond the end of the address space."""

    def __init__(self) -> None:
        self.count = self.promised = self.held = self.outside = 0

    def add(self, item: Range) -> None:
        self.count += 1
        self.promised += item.size
        self.held += item.held
        self.outside += max(0, item.start + item.held - (1 << 64))


def _memory_totals(session: Session, totals: _Totals) -> Iterator[Block]:
    dump = session.dump
    kind = address_kind(dump.pointer_size)
    count, promised, held, outside = totals.count, totals.promised, totals.held, totals.outside
    distinct = dump.memory.total
    twice = held - outside - distinct
    gaps = _gaps(dump)
    full = len(dump.memory64_list) > 0
    items = [
        Item("range_count", "ranges", count, "count", note="full memory" if full else ""),
        Item("listed_bytes", "listed", promised, "bytes", note=size_text(promised)),
        Item(
            "captured_bytes",
            "captured",
            distinct,
            "bytes",
            note=size_text(distinct)
            + (f"; {counted(twice, 'byte is', 'bytes are')} in more than one range" if twice > 0 else "")
            + (f"; {counted(outside, 'byte lies', 'bytes lie')} beyond the end of the address space" if outside else ""),
        ),
    ]
    if promised > held:
        note = f"{size_text(promised - held)}: the file ends before them" if full else f"{size_text(promised - held)}: outside the file"
        items.append(Item("missing_bytes", "missing", promised - held, "bytes", note=note, role="warning"))
    if gaps.stretches:
        items += [
            Item("stretches", "stretches", gaps.stretches, "count", note="contiguous, with gaps between them" if gaps.stretches > 1 else "contiguous"),
            Item("lowest", "lowest address", gaps.lowest, kind, link="address {}"),
            Item("highest", "highest address", gaps.highest - 1, kind, link="address {}"),
        ]
        if gaps.largest[1]:
            gap = {"start": f"0x{gaps.largest[0]:x}", "size": gaps.largest[1]}
            items.append(Item("largest_gap", "", gap, "data", hidden=True))
            items.append(Item("", "largest gap", gaps.largest[0], kind, note=f"0x{gaps.largest[1]:x} bytes from there on"))
    if len(dump.regions):
        committed = Ranges((region.base, region.base + region.size) for region in dump.regions if region.state == MEM_COMMIT)
        there = sum(high - low for low, high, _ in captured(dump, committed))
        note = f"{there * 100 / committed.total:.1f} % of it captured" if committed.total else ""
        items.append(Item("committed_bytes", "committed", committed.total, "bytes", note=note))
    yield Fields("totals", items, title="captured memory")


# -- read --------------------------------------------------------------------------------------------------------------------

_FORMS = {"b": 1, "w": 2, "d": 4, "q": 8, "p": 0, "s": 0, "a": 1, "u": 2}


def length_of(text: Optional[str], form: str, pointer_size: int) -> int:
    """Bytes to read: a hexadecimal number of them, or ``L10``, a number of elements as the debugger counts."""
    unit = _FORMS[form] or pointer_size
    if text is None:
        return 0x400 if form in "au" else 0x80
    if text[:1] in "lL":
        size = number(text[1:].lstrip("?") or "0", "length") * unit
    else:
        size = number(text, "length")
    if not 0 < size <= MAX_READ:
        raise UsageError(f"a length of 0x{size:x} bytes cannot be shown", f"it must be between 1 and 0x{MAX_READ:x}")
    return -(-size // unit) * unit


@command(
    "read",
    summary="bytes of the process: as db, dw, dd, dq, dp, dps, da and du show them",
    category="memory",
    arguments=[
        arg("address", metavar="ADDRESS", help="an address or an expression, such as @rsp or ntdll+1234", completes="address"),
        arg("length", nargs="?", metavar="LENGTH", help="how many bytes (hex), or L and how many elements; 80 if not given, 400 for text"),
        arg("--form", choices=list(_FORMS), default="b", help="bytes, words, dwords, qwords, pointers, pointers with symbols, ANSI or Unicode text"),
    ],
    examples=[
        ("read '@rsp' 100", "256 bytes of the stack"),
        ("read '@rsp' L20 --form s", "32 pointers with their symbols, as dps"),
        ("read ntdll --form b", "the start of a module"),
        ("read 'poi(poi($peb+20)+78)' --form u", "text at an address: here the command line of a 64-bit process"),
    ],
    spellings=["db", "dw", "dd", "dq", "dp", "dps", "da", "du"],
)
def read(session: Session, args: Any) -> Iterator[Block]:
    """Bytes of the process."""
    dump = session.dump
    start = evaluated(session, args.address)
    if isinstance(start, Absent):
        yield from missing(session, "memory", start)
        return
    asked = length_of(args.length, args.form, dump.pointer_size)
    size = min(asked, (1 << 64) - start)
    if not any(piece.data is not None for piece in dump.memory.pieces(start, size)):
        yield from missing(session, "memory", Absent(NOT_CAPTURED, _why_unreadable(dump, start, size)), "db")
        if dump.memory:
            yield Fields("nearest", nearest_captured(dump, start))
        return
    if args.form in "au":
        yield from _text(dump, start, size, wide=args.form == "u", ended=args.length is None)
        yield from _end_of_space(size, asked)
        return
    whole = size >= (_FORMS[args.form] or dump.pointer_size)
    form = args.form if whole else "b"  # the last bytes of the address space are shown, even if they make no element
    yield Hexdump("memory", start, size, dump.memory.pieces(start, size), form=form, pointer_size=dump.pointer_size, symbol=dump.modules.symbol)
    held = sum(piece.size for piece in dump.memory.pieces(start, size) if piece.data is not None)
    if held < size:
        yield Note(f"{size - held} of {counted(size, 'byte')} {by_count(size - held, 'is', 'are')} not in the dump", "hint")
    headers = why_here(dump, start)
    if headers:
        yield Note(headers, "hint")
    yield from _end_of_space(size, asked, "" if whole else ", too few for one element: shown as bytes")


def _end_of_space(size: int, asked: int, more: str = "") -> Iterator[Block]:
    if size < asked:
        yield Note(f"the address space ends here: {size} of {counted(asked, 'byte')} {by_count(size, 'is', 'are')} there{more}", "hint")


def _why_unreadable(dump: Minidump, start: int, size: int) -> str:
    where = dump.modules.symbol(start)
    place = f"{address_text(start, dump.pointer_size)}{f' ({where})' if where else ''}"
    first = f"the byte at {place} is not" if size == 1 else f"none of the {size} bytes at {place} are"
    return f"{first} in the dump: {not_captured_words(dump, start, dump.regions.at(start))}"


def _text(dump: Minidump, start: int, size: int, *, wide: bool, ended: bool) -> Iterator[Block]:
    """Text in rows of 32 characters, up to the first NUL."""
    data = dump.memory.some(start, size)
    unit = 2 if wide else 1
    data = data[: len(data) // unit * unit]
    text = data.decode("utf-16-le", "surrogatepass") if wide else data.decode("cp1252", "replace")
    found = text.split("\0", 1)[0]
    complete = len(found) < len(text)
    lines = []
    place = start
    for at in range(0, max(1, len(found)), 32):
        part = found[at : at + 32]
        lines.append(f'{address_text(place, dump.pointer_size)}  "{part}"')
        place += len(part.encode("utf-16-le", "surrogatepass")) if wide else len(part)
    yield Data("text", found)
    yield Data("address", f"0x{start:x}")
    yield Lines("", lines)
    if not complete:
        more = len(data) < size
        yield Note("the rest is not in the dump" if more else f"longer than 0x{size:x} bytes" if ended else "no NUL in these bytes", "hint")
