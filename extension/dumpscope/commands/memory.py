"""``memory``, ``regions``, ``address``, ``read``: what was captured, what the address space looked like, and the bytes themselves."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..dump.absence import DAMAGED, EMPTY, NOT_CAPTURED, NOT_THERE, Absent
from ..dump.minidump import Minidump
from ..dump.streams.memory import Range, Region
from ..errors import NotInDump, UsageError
from ..format.memory import MEM_COMMIT, MEM_FREE, MEMORY_STATE, MEMORY_TYPE, PAGE_PROTECTION
from ..session.expression import evaluate
from ..session.missing import missing, salvage, why_empty
from ..session.parsing import number
from ..session.registry import arg, command
from ..session.session import Session, usage_of
from ..view.blocks import Block, Column, Data, Fields, Hexdump, Item, Lines, Note, Table
from ..view.kinds import address_kind, address_text, size_text
from ..wording.module_headers import headers_captured, why_here, why_not_here
from ..wording.usage import FREE, Use

MAX_READ = 1 << 20
"""Bytes that one ``read`` shows at the most."""


def protection_names(protect: int) -> List[str]:
    """C names of a protection, which is one of eight with modifiers; empty for 0, which free and reserved regions have."""
    return PAGE_PROTECTION.labels(protect) if protect else []


def _state_name(state: int) -> str:
    return MEMORY_STATE.label(state) or f"0x{state:x}"


def _type_name(kind: int) -> str:
    return MEMORY_TYPE.label(kind) or (f"0x{kind:x}" if kind else "")


def debugger_size(size: int) -> str:
    """A size as ``!address`` has it: ``201`6726b000``."""
    return f"{size >> 32:x}`{size & 0xFFFFFFFF:08x}"


def round_size(size: int) -> str:
    """``( 125.994 TB)``: three decimals, in steps of 1024."""
    value = float(size)
    for unit in ("B ", "kB", "MB", "GB", "TB"):
        if value < 1024 or unit == "TB":
            break
        value /= 1024
    return f"({value:8.3f} {unit})"


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


def _no_memory(dump: Minidump) -> Absent:
    """Why nothing was captured."""
    for items in (dump.memory64_list, dump.memory_list):
        absence = items.absence
        if absence is not None and absence.kind in (DAMAGED, EMPTY):
            return absence
    for kind in (25, 0x7000):
        stream = dump.stream(kind)
        if stream is not None:
            return Absent("not-known", f"the memory is in {stream.name} ({stream.size} bytes), whose layout is not public")
    if dump.header.flags & 0x2:
        return Absent(NOT_THERE, f"no memory: the flags (0x{dump.header.flags:x}) ask for all of it, the file holds neither a memory list nor full memory")
    return Absent(NOT_THERE, "no memory: the file holds neither a MemoryListStream nor a Memory64ListStream")


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
        yield from missing(session, "ranges", _no_memory(dump), "db")
        return
    kind = address_kind(dump.pointer_size)
    refused = [items for items in (dump.memory_list, dump.memory64_list) if items.span.refused and len(items)]
    key = "salvaged_ranges" if refused else "ranges"
    if refused:
        yield from salvage("ranges", refused[0], "memory list")
    usage = usage_of(session)
    totals = [0, 0, 0]  # ranges, promised bytes, bytes in the file

    def rows() -> Iterator[Sequence[Any]]:
        for item in _ranges(dump):
            totals[0] += 1
            totals[1] += item.size
            totals[2] += item.held
            yield (*item, item)

    def missing_bytes(item: Range) -> Optional[int]:
        return item.size - item.held or None

    columns = [
        Column("index", "#", "int", index=0),
        Column("start", "start", kind, index=1, link="read {}"),
        Column("end", "end", kind, index=7, get=lambda item: item.end),
        Column("size", "size", "bytes", index=2),
        Column("rva", "at", "offset", index=3),
        Column("held", "", "bytes", index=4, hidden=True),
        Column("missing", "cut by", "bytes", index=7, get=missing_bytes, hidden=True),
        Column("stream", "", "int", index=6, hidden=True),
        Column("offset", "", "offset", index=5, hidden=True),
        Column("use", "what", "symbol", index=7, get=lambda item: usage.at(item.start).words or None),
    ]
    if args.summary:
        for item in _ranges(dump):
            totals[0] += 1
            totals[1] += item.size
            totals[2] += item.held
    else:
        yield Table(key, columns, rows())
    yield from _memory_totals(session, totals)
    headers = headers_captured(dump)
    if headers:
        yield Note(headers, "hint")


def _memory_totals(session: Session, totals: List[int]) -> Iterator[Block]:
    dump = session.dump
    kind = address_kind(dump.pointer_size)
    count, promised, held = totals
    distinct = dump.memory.total
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
            note=size_text(distinct) + (f"; {held - distinct} bytes are in more than one range" if held > distinct else ""),
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
        committed = sum(region.size for region in dump.regions if region.state == MEM_COMMIT)
        items.append(Item("committed_bytes", "committed", committed, "bytes", note=f"{distinct * 100 / committed:.1f} % of it captured" if committed else ""))
    yield Fields("totals", items, title="captured memory")


# -- regions -----------------------------------------------------------------------------------------------------------------


def _matcher(
    values: Optional[List[str]], names: Callable[[int], List[str]], prefixes: Tuple[str, ...], what: str, known: List[str]
) -> Optional[Callable[[int], bool]]:
    """A test of a number by names (case and prefix do not matter) or by its hexadecimal value."""
    if not values:
        return None
    wanted = []
    for text in values:
        plain = text.upper()
        full = [name for name in known if plain in (name, *(name[len(prefix) :] for prefix in prefixes if name.startswith(prefix)))]
        if full:
            wanted.append(full[0])
        else:
            try:
                wanted.append(f"0x{number(text):x}")
            except UsageError:
                words = ", ".join(name[len(prefixes[0]) :].lower() for name in known if name.startswith(prefixes[0]))
                raise UsageError(f"{text!r} is not a {what}", f"one of {words}, or a hexadecimal number") from None

    def matches(value: int) -> bool:
        labels = names(value)
        return any(f"0x{value:x}" == name or name in labels for name in wanted)

    return matches


def _labels(members: Dict[int, Tuple[str, str]]) -> List[str]:
    return [name for name, _ in members.values()]


@command(
    "regions",
    summary="the address space: every region with state, type and protection, or a summary as !address -summary",
    category="memory",
    arguments=[
        arg("--summary", switch=True, help="how much there is of each use, type, state and protection"),
        arg("--state", repeat=True, metavar="STATE", help="only these: commit, reserve, free"),
        arg("--type", repeat=True, metavar="TYPE", help="only these: private, mapped, image"),
        arg("--protect", repeat=True, metavar="PROTECT", help="only these: readwrite, execute_read, guard, …"),
    ],
    examples=[
        ("regions", "the whole map"),
        ("regions --summary", "as !address -summary"),
        ("regions --protect execute_readwrite", "what is writable and executable"),
        ("regions --state commit --type private", "private memory"),
    ],
    spellings=["!address", "!vadump"],
)
def regions(session: Session, args: Any) -> Iterator[Block]:
    """The address space."""
    dump = session.dump
    table = dump.regions
    if not len(table):
        yield from missing(session, "regions", why_empty(table, "the memory map"), "!address")
        return
    key = "regions"
    if table.span.refused:
        key = "salvaged_regions"
        yield from salvage("regions", table, "memory map")
    states = _matcher(args.state, lambda value: [_state_name(value)], ("MEM_",), "state", _labels(dict(MEMORY_STATE.members)))
    types = _matcher(args.type, lambda value: [_type_name(value)], ("MEM_",), "type", _labels(dict(MEMORY_TYPE.members)))
    protects = _matcher(args.protect, protection_names, ("PAGE_",), "protection", _labels(dict(PAGE_PROTECTION.members)))

    def wanted(region: Region) -> bool:
        return (states is None or states(region.state)) and (types is None or types(region.type)) and (protects is None or protects(region.protect))

    if args.summary:
        yield from _region_summary(session, (region for region in table if wanted(region)))
        return
    usage = usage_of(session)
    kind = address_kind(dump.pointer_size)
    shown = [0, 0]

    def rows() -> Iterator[Sequence[Any]]:
        for region in table:
            if wanted(region):
                shown[0] += 1
                shown[1] += region.size
                yield (*region, region)

    def words(names: Callable[[int], List[str]], prefix: str) -> Callable[[int], Optional[str]]:
        cache: Dict[int, Optional[str]] = {}

        def get(value: int) -> Optional[str]:
            if value in cache:
                return cache[value]
            made = "|".join(name[len(prefix) :] if name.startswith(prefix) else name for name in names(value)) or None
            if len(cache) < 1024:
                cache[value] = made
            return made

        return get

    columns = [
        Column("base", "base", kind, index=1, link="address {}"),
        Column("size", "size", "bytes", index=4),
        Column("", "state", "text", index=5, get=words(lambda value: [_state_name(value)], "MEM_")),
        Column("", "type", "type", index=7, get=words(lambda value: [_type_name(value)] if value else [], "MEM_")),
        Column("", "protect", "text", index=6, get=words(protection_names, "PAGE_")),
        Column("index", "#", "int", index=0, hidden=True),
        Column("end", "end", kind, index=9, get=lambda region: region.end, hidden=True),
        Column("state", "state", "mask", index=5, hidden=True),
        Column("protect", "protect", "mask", index=6, hidden=True),
        Column("type", "type", "mask", index=7, hidden=True),
        Column("allocation_base", "allocation", kind, index=2, hidden=True),
        Column("allocation_protect", "", "mask", index=3, hidden=True),
        Column("state_name", "", "text", index=5, get=_state_name, hidden=True),
        Column("type_name", "", "text", index=7, get=lambda value: _type_name(value) or None, hidden=True),
        Column("protect_names", "", "words", index=6, get=protection_names, hidden=True),
        Column("allocation_protect_names", "", "words", index=3, get=protection_names, hidden=True),
        Column("offset", "", "offset", index=8, hidden=True),
        Column("usage", "", "text", index=9, get=lambda region: usage.region(region).kind, hidden=True),
        Column("use", "use", "symbol", index=9, get=lambda region: _use_words(usage.region(region))),
    ]
    yield Table(key, columns, rows())
    if shown[0] < len(table):
        if not shown[0]:
            session.not_in_dump()
        yield Note(f"{shown[0]} of {len(table)} regions, {size_text(shown[1])}")
    else:
        yield Note(f"{len(table)} regions")


def _use_words(use: Use) -> Optional[str]:
    if use.kind == FREE:
        return None
    return use.words or use.kind


def _region_summary(session: Session, found: Iterator[Region]) -> Iterator[Block]:
    """The five tables of !address -summary."""
    usage = usage_of(session)
    tables: Dict[str, Dict[str, List[int]]] = {"usage": {}, "type": {}, "state": {}, "protect": {}}
    largest: Dict[str, Region] = {}
    total = busy = overlaps = 0
    before: Optional[Region] = None

    def count(table: str, name: str, size: int) -> None:
        row = tables[table].setdefault(name, [0, 0])
        row[0] += 1
        row[1] += size

    for region in found:
        use = usage.region(region).kind
        size = region.size
        total += size
        overlaps += before is not None and region.base < before.end and before.base < region.end
        before = region
        count("usage", use, size)
        count("state", _state_name(region.state), size)
        if region.state != MEM_FREE:
            busy += size
            count("type", _type_name(region.type) or "<unknown>", size)
        if region.state == MEM_COMMIT:
            count("protect", "|".join(protection_names(region.protect)) or "<none>", size)
        best = largest.get(use)
        if best is None or size > best.size:
            largest[use] = region
    titles = {"usage": "Usage Summary", "type": "Type Summary (for busy)", "state": "State Summary", "protect": "Protect Summary (for commit)"}
    for key, title in titles.items():
        rows = []
        for name, (number_of, size) in sorted(tables[key].items(), key=lambda item: (item[0] != FREE, -item[1][1])):
            of_busy = size * 100 / busy if busy and name not in (FREE, "MEM_FREE") else None
            rows.append((name, number_of, size, debugger_size(size), round_size(size), of_busy, size * 100 / total if total else 0.0))
        columns = [
            Column("name", title, "type"),
            Column("count", "RgnCount", "count"),
            Column("size", "Total Size", "bytes", hidden=True),
            Column("", "Total Size", "text", index=3, left=False, role="number"),
            Column("", "", "text", index=4, left=False, role="dim"),
            Column("percent_of_busy", "%ofBusy", "percent", index=5, left=False),
            Column("percent_of_total", "%ofTotal", "percent", index=6, left=False),
        ]
        yield Table(key, columns, rows)
    kind = address_kind(session.dump.pointer_size)
    columns = [
        Column("name", "Largest Region by Usage", "type"),
        Column("base", "Base Address", kind, link="address {}"),
        Column("size", "Region Size", "bytes", hidden=True),
        Column("", "Region Size", "text", index=3, left=False, role="number"),
        Column("", "", "text", index=4, left=False, role="dim"),
    ]
    order = sorted(largest.items(), key=lambda item: (item[0] != FREE, -item[1].size))
    yield Table("largest", columns, [(name, region.base, region.size, debugger_size(region.size), round_size(region.size)) for name, region in order])
    if overlaps:
        which = "a region shares addresses" if overlaps == 1 else f"{overlaps} regions share addresses"
        yield Note(f"{which} with the one before: what they share is counted each time", "warning")
    peb = session.dump.process.peb
    heaps = peb if isinstance(peb, Absent) else peb.heaps
    if isinstance(heaps, Absent):
        yield Note(f"no heap can be told from other memory: {heaps.message}", "hint")


# -- address -----------------------------------------------------------------------------------------------------------------


def _evaluated(session: Session, text: str) -> Union[int, Absent]:
    """The address that an expression stands for, or what of it is not in the dump."""
    try:
        return evaluate(session, text)
    except NotInDump as error:
        return Absent(NOT_CAPTURED, f"{text}: {error.message}")


def _nearest(dump: Minidump, address: int) -> List[Item]:
    """The captured stretches next to an address that is not captured."""
    kind = address_kind(dump.pointer_size)
    width = dump.pointer_size
    below, above = dump.memory.neighbours(address)
    items = []
    for key, label, place in (("captured_below", "captured below", below), ("captured_above", "captured above", above)):
        if place is None:
            items.append(Item(key, label, None, kind, text="nothing"))
            continue
        start, end = place
        distance = address - end + 1 if end <= address else start - address
        value = {"start": f"0x{start:x}", "end": f"0x{end:x}"}
        items.append(Item(key, label, value, "data", hidden=True))
        text = f"{address_text(start, width)} - {address_text(end, width)}"
        items.append(Item("", label, start, kind, text=text, note=f"0x{distance:x} bytes away"))
    return items


@command(
    "address",
    summary="what an address is: module, stack, region, captured or not, and where in the file",
    category="memory",
    arguments=[arg("address", nargs="+", metavar="ADDRESS", help="an address or an expression, such as ntdll+1234 or @rsp", completes="address")],
    examples=[
        ("address 7ff6a1b21000", "what is there"),
        ("address '@rsp'", "where the stack pointer points"),
        ("address 'poi($peb+10)'", "where a pointer in memory points"),
    ],
    spellings=["!address", "!vprot"],
)
def address(session: Session, args: Any) -> Iterator[Block]:
    """What an address is."""
    dump = session.dump
    value = _evaluated(session, " ".join(args.address))
    if isinstance(value, Absent):
        yield from missing(session, "address", value)
        return
    kind = address_kind(dump.pointer_size)
    usage = usage_of(session)
    use = usage.at(value)
    region = dump.regions.at(value)
    module = dump.modules.at(value)
    items = [Item("address", "Address", value, kind), Item("usage", "Usage", use.kind, "type", note="" if use.words == use.kind else use.words)]
    if module is not None:
        items.append(
            Item("module", "Module", module.name, "name", note=f"{address_text(module.base, dump.pointer_size)}, 0x{module.size:x} bytes", link="modules {}")
        )
        items.append(Item("module_offset", "Module offset", value - module.base, "hex"))
        items.append(Item("image_path", "Image path", module.path, "path"))
    else:
        gone = dump.unloaded_modules.at(value)
        if gone is not None:
            items.append(Item("unloaded_module", "Unloaded module", gone.name, "name", note=f"+0x{value - gone.base:x}; it was here before", role="warning"))
    if use.thread is not None:
        items.append(Item("thread", "Thread", use.thread.tid, "id", note=f"index {use.thread.index}", link="threads 0x{}"))
    if region is not None:
        items += _region_items(region, kind)
    else:
        absence = dump.regions.absence
        items.append(Item("region", "Region", Absent(NOT_THERE, "no region of MemoryInfoListStream holds this address") if absence is None else absence))
    place = dump.memory.locate(value)
    if place is not None:
        items.append(Item("captured", "Captured", True, "bool", note=f"0x{place[1]:x} bytes from here on without a gap"))
        items.append(Item("offset", "File offset", place[0], "offset"))
    else:
        items.append(Item("captured", "Captured", False, "bool", note=not_captured_words(dump, value, region), role="warning"))
        if dump.memory:
            items += _nearest(dump, value)
    if value >= 1 << 8 * dump.pointer_size:
        items.append(Item("", "", None, "text", text="", note="more than this process's pointers can hold"))
    yield Fields("", items)


def _region_items(region: Region, kind: str) -> List[Item]:
    protect, allocated = protection_names(region.protect), protection_names(region.allocation_protect)
    record = {
        "base": f"0x{region.base:x}",
        "size": region.size,
        "state": f"0x{region.state:x}",
        "protect": f"0x{region.protect:x}",
        "type": f"0x{region.type:x}",
    }
    record.update({"allocation_base": f"0x{region.allocation_base:x}", "allocation_protect": f"0x{region.allocation_protect:x}", "offset": region.offset})
    items = [
        Item("region", "", record, "data", hidden=True),
        Item("", "Base Address", region.base, kind),
        Item("", "End Address", region.end, kind),
        Item("", "Region Size", region.size, "bytes", note=size_text(region.size)),
        Item("", "State", region.state, "code", note=_state_name(region.state)),
    ]
    if region.state != MEM_FREE:
        items += [
            Item("", "Protect", region.protect, "code", note="|".join(protect)),
            Item("", "Type", region.type, "code", note=_type_name(region.type)),
            Item("", "Allocation Base", region.allocation_base, kind, link="address {}"),
            Item("", "Allocation Protect", region.allocation_protect, "code", note="|".join(allocated)),
        ]
    return items


def not_captured_words(dump: Minidump, value: int, region: Optional[Region]) -> str:
    """Why the bytes at an address are not in the dump, as far as the file tells."""
    if region is not None and region.state == MEM_FREE:
        return "nothing was there: the region is free"
    if region is not None and region.state != MEM_COMMIT:
        return "nothing was there: the region is only reserved"
    if not dump.memory:
        return _no_memory(dump).message
    if len(dump.memory64_list):
        for item in dump.memory64_list:
            if item.start <= value < item.end:
                return f"the file ends before it: its bytes would be at 0x{item.rva + value - item.start:x}, the file has 0x{dump.size:x}"
        return "full memory was captured without it: it could not be read, or there was nothing"
    return why_not_here(dump, value) or "a partial dump: its flags did not ask for this memory"


# -- read --------------------------------------------------------------------------------------------------------------------

_FORMS = {"b": 1, "w": 2, "d": 4, "q": 8, "p": 0, "s": 0, "a": 1, "u": 2}


def _length(text: Optional[str], form: str, pointer_size: int) -> int:
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
        arg("length", nargs="?", metavar="LENGTH", help="how many bytes (hex), or L and how many elements; 80 if not given"),
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
    start = _evaluated(session, args.address)
    if isinstance(start, Absent):
        yield from missing(session, "memory", start)
        return
    asked = _length(args.length, args.form, dump.pointer_size)
    size = min(asked, (1 << 64) - start)
    if not any(piece.data is not None for piece in dump.memory.pieces(start, size)):
        yield from missing(session, "memory", Absent(NOT_CAPTURED, _why_unreadable(dump, start, size)), "db")
        if dump.memory:
            yield Fields("nearest", _nearest(dump, start))
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
        yield Note(f"{size - held} of {size} bytes are not in the dump", "hint")
    headers = why_here(dump, start)
    if headers:
        yield Note(headers, "hint")
    yield from _end_of_space(size, asked, "" if whole else ", too few for one element: shown as bytes")


def _end_of_space(size: int, asked: int, more: str = "") -> Iterator[Block]:
    if size < asked:
        yield Note(f"the address space ends here: {size} of {asked} bytes are there{more}", "hint")


def _why_unreadable(dump: Minidump, start: int, size: int) -> str:
    where = dump.modules.symbol(start)
    place = f"{address_text(start, dump.pointer_size)}{f' ({where})' if where else ''}"
    return f"none of the {size} bytes at {place} are in the dump: {not_captured_words(dump, start, dump.regions.at(start))}"


def _text(dump: Minidump, start: int, size: int, *, wide: bool, ended: bool) -> Iterator[Block]:
    """Text in rows of 32 characters, up to the first NUL."""
    data = dump.memory.some(start, size)
    unit = 2 if wide else 1
    data = data[: len(data) // unit * unit]
    text = data.decode("utf-16-le", "surrogatepass") if wide else data.decode("cp1252", "replace")
    # A pair of surrogates is one character but two units: count in units.
    units = [text]
    if "\0" in text:
        units = [text.split("\0", 1)[0]]
    found = units[0]
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
