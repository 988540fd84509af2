"""``regions``, ``address``: what the address space looked like, and what an address in it was."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ..dump.absence import NOT_THERE, Absent
from ..dump.streams.memory import Region
from ..errors import UsageError
from ..format.counted import counted
from ..format.memory import MEM_COMMIT, MEM_FREE, MEMORY_STATE, MEMORY_TYPE, PAGE_PROTECTION
from ..session.expression import evaluated
from ..session.missing import list_key, missing
from ..session.parsing import number
from ..session.registry import arg, command
from ..session.session import Session, usage_of
from ..view.blocks import Block, Column, Fields, Item, Note, Table
from ..view.drawn import Drawn
from ..view.kinds import address_kind, address_text, size_text
from ..wording.regions import nearest_captured, not_captured_words, protection_names, state_name, type_name
from ..wording.usage import FREE, Use


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
    key = yield from list_key(session, table, "regions", "memory map", "!address")
    if key is None:
        return
    states = _matcher(args.state, lambda value: [state_name(value)], ("MEM_",), "state", _labels(dict(MEMORY_STATE.members)))
    types = _matcher(args.type, lambda value: [type_name(value)], ("MEM_",), "type", _labels(dict(MEMORY_TYPE.members)))
    protects = _matcher(args.protect, protection_names, ("PAGE_",), "protection", _labels(dict(PAGE_PROTECTION.members)))

    def wanted(region: Region) -> bool:
        return (states is None or states(region.state)) and (types is None or types(region.type)) and (protects is None or protects(region.protect))

    if args.summary:
        yield from _region_summary(session, (region for region in table if wanted(region)))
        return
    usage = usage_of(session)
    kind = address_kind(dump.pointer_size)
    drawn = Drawn(filter(wanted, table), attrgetter("size"))

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
        Column("", "state", "text", index=5, get=words(lambda value: [state_name(value)], "MEM_")),
        Column("", "type", "type", index=7, get=words(lambda value: [type_name(value)] if value else [], "MEM_")),
        Column("", "protect", "text", index=6, get=words(protection_names, "PAGE_")),
        Column("index", "#", "int", index=0, hidden=True),
        Column("end", "end", kind, index=9, get=lambda region: region.end, hidden=True),
        Column("state", "state", "mask", index=5, hidden=True),
        Column("protect", "protect", "mask", index=6, hidden=True),
        Column("type", "type", "mask", index=7, hidden=True),
        Column("allocation_base", "allocation", kind, index=2, hidden=True),
        Column("allocation_protect", "", "mask", index=3, hidden=True),
        Column("state_name", "", "text", index=5, get=state_name, hidden=True),
        Column("type_name", "", "text", index=7, get=lambda value: type_name(value) or None, hidden=True),
        Column("protect_names", "", "words", index=6, get=protection_names, hidden=True),
        Column("allocation_protect_names", "", "words", index=3, get=protection_names, hidden=True),
        Column("offset", "", "offset", index=8, hidden=True),
        Column("usage", "", "text", index=9, get=lambda region: usage.region(region).kind, hidden=True),
        Column("use", "use", "symbol", index=9, get=lambda region: _use_words(usage.region(region))),
    ]
    yield Table(key, columns, ((*region, region) for region in drawn.rows))
    if drawn.count < len(table):
        if not drawn.count:
            session.not_in_dump()
        yield Note(f"{drawn.count} of {counted(len(table), 'region')}, {size_text(drawn.total)}")
    else:
        yield Note(counted(len(table), "region"))


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
        count("state", state_name(region.state), size)
        if region.state != MEM_FREE:
            busy += size
            count("type", type_name(region.type) or "<unknown>", size)
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
        which = "a region shares addresses" if overlaps == 1 else f"{counted(overlaps, 'region shares', 'regions share')} addresses"
        yield Note(f"{which} with the one before: what they share is counted each time", "warning")
    peb = session.dump.process.peb
    heaps = peb if isinstance(peb, Absent) else peb.heaps
    if isinstance(heaps, Absent):
        yield Note(f"no heap can be told from other memory: {heaps.message}", "hint")


# -- address -----------------------------------------------------------------------------------------------------------------


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
    value = evaluated(session, " ".join(args.address))
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
            items += nearest_captured(dump, value)
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
        Item("", "State", region.state, "code", note=state_name(region.state)),
    ]
    if region.state != MEM_FREE:
        items += [
            Item("", "Protect", region.protect, "code", note="|".join(protect)),
            Item("", "Type", region.type, "code", note=type_name(region.type)),
            Item("", "Allocation Base", region.allocation_base, kind, link="address {}"),
            Item("", "Allocation Protect", region.allocation_protect, "code", note="|".join(allocated)),
        ]
    return items
