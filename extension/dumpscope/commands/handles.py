"""``handles``: the handle table, as ``!handle`` shows it and further."""

from __future__ import annotations

from collections import Counter
from itertools import count, islice, tee
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from ..diagnosis.engine.shortcut import handles_refused
from ..dump.absence import NOT_THERE, Absent
from ..dump.allowance import Allowance
from ..dump.streams.handles import Handle, HandleList, ObjectInfo
from ..errors import UsageError
from ..format.counted import by_count, counted
from ..format.handles import MINIDUMP_HANDLE_OBJECT_INFORMATION, MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE, OBJECT_ATTRIBUTES
from ..session.missing import facts_of, missing, salvage, why_empty
from ..session.parsing import number
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Block, Column, Fields, Item, Note, Table
from ..view.drawn import Drawn
from ..view.escape import printable
from ..wording.objects import object_info_json, object_info_words

BASIC, NAME, SPECIFIC = 2, 4, 8
_SORT: Dict[str, Callable[[Handle], Any]] = {
    "handle": lambda handle: handle.handle,
    "type": lambda handle: (handle.type, handle.handle),
    "name": lambda handle: (handle.name == "", handle.name, handle.handle),
    "access": lambda handle: (handle.granted_access, handle.handle),
    "handles": lambda handle: (-handle.handle_count, handle.handle),
    "pointers": lambda handle: (-handle.pointer_count, handle.handle),
}
_access_cache: Dict[Tuple[str, int], List[str]] = {}


def access_names(handle: Handle) -> List[str]:
    """C names of the granted rights, standard ones first; bits without a name last, as one number."""
    key = (handle.type, handle.granted_access)
    names = _access_cache.get(key)
    if names is None:
        from ..format.access import describe_access  # tables that a list of handles does without

        standard, specific, rest = describe_access(handle.type, handle.granted_access)
        names = [*standard, *specific] + ([f"0x{rest:x}"] if rest else [])
        if len(_access_cache) < 4096:
            _access_cache[key] = names
    return names


class _Infos:
    """Object information of the handles of a list, as long as all of it together is something that a file can hold.

    Each handle has blocks of its own; thousands may share a chain. Without an ``allowance`` all of it is shown.
    """

    def __init__(self, allowance: Optional[Allowance] = None) -> None:
        self._allowance = allowance
        self.first_left_out: Optional[Handle] = None

    def __call__(self, handle: Handle) -> List[ObjectInfo]:
        if not handle.object_info_rva or self.first_left_out is not None:
            return []
        blocks = handle.object_info
        size = sum(MINIDUMP_HANDLE_OBJECT_INFORMATION.size + len(block.payload) for block in blocks)
        if self._allowance is not None and not self._allowance.take(size):
            self.first_left_out = handle
            return []
        return blocks

    def members(self, handle: Handle) -> List[Dict[str, Any]]:
        """The same for JSON."""
        return [object_info_json(block) for block in self(handle)]

    def lines(self, row: Sequence[Any]) -> Iterator[str]:
        """Rights and object information below a row."""
        handle: Handle = row[_WHOLE]
        rights = access_names(handle)
        if rights:
            yield "        " + printable(", ".join(rights))
        for block in self(handle):
            yield "        " + printable("; ".join(f"{label} {text}" for label, text in object_info_words(block)))

    def notes(self) -> Iterator[Note]:
        """That something was left out, if it was."""
        if self.first_left_out is not None:
            yield Note(
                "handles share object information, or it overlaps, and makes more than twice the bytes of the file: "
                f"it is left out from handle 0x{self.first_left_out.handle:x} on, and shown for one handle at a time",
                "warning",
            )


_TYPE_RVA = 9
_WHOLE = 12  # a row is a Handle with itself appended, for the columns that need the whole record


def _columns(bits: int, infos: _Infos) -> List[Column]:
    columns = [Column("handle", "handle", "handle", link="handles {}", index=0)]
    columns.append(Column("type", "type", "type", index=1))
    columns.append(Column("attributes", "attributes", "mask", index=3, hidden=True))
    columns.append(Column("granted_access", "access", "mask", index=4, hidden=not bits & BASIC))
    columns.append(Column("access", "rights", "words", index=_WHOLE, get=access_names, hidden=True))
    columns.append(Column("handle_count", "handles", "count", index=5, hidden=not bits & BASIC))
    columns.append(Column("pointer_count", "pointers", "count", index=6, hidden=not bits & BASIC))
    columns.append(Column("offset", "at", "offset", index=8, hidden=True))
    columns.append(Column("object_info", "object", "data", index=_WHOLE, get=infos.members, hidden=True))
    columns.append(Column("name", "name", "name", index=2, hidden=not bits & NAME))
    return columns


def _rows(handles: Iterator[Handle]) -> Iterator[Sequence[Any]]:
    for handle in handles:
        yield (*handle, handle)


def _globs(patterns: Optional[List[str]]) -> Optional[Callable[[str], bool]]:
    if not patterns:
        return None
    from fnmatch import fnmatchcase

    folded = [pattern.casefold() for pattern in patterns]

    def matches(text: str) -> bool:
        text = text.casefold()
        return any(fnmatchcase(text, pattern) for pattern in folded)

    return matches


def blank_notes(handles: HandleList, counts: Dict[str, int]) -> Iterator[Note]:
    """What blank types and names mean, where there are any."""
    if counts.get(""):
        yield Note(
            f"{counted(counts[''], 'handle has', 'handles have')} no type: the writer could not duplicate {by_count(counts[''], 'it', 'them')} to ask "
            "(EtwRegistration and others refuse that). It is not damage.",
            "hint",
        )


_SUMMARY_ORDERS = ("type", "name")


def _summary(session: Session, handles: HandleList, found: Optional[Iterator[Handle]], order: Optional[str]) -> Iterator[Block]:
    """How many there are of each type: of ``found``, or of all."""
    counts = handles.count_types() if found is None else _most_first(Counter(handle.type for handle in found))
    rows = [(name or "<none>", count) for name, count in counts.items()]
    columns = [Column("type", "type", "type", link="handles --type {}"), Column("count", "count", "count")]
    yield Table("types", columns, sorted(rows) if order == "type" else rows)
    yield from _summary_end(session, handles, counts)


def _summary_by_name(session: Session, handles: HandleList, found: Iterator[Handle], order: Optional[str]) -> Iterator[Block]:
    """How many there are of each type and name."""
    pairs = _most_first(Counter((handle.type, handle.name) for handle in found))
    rows = [(count, kind or "<none>", name or "<none>") for (kind, name), count in pairs.items()]
    if order == "type":
        rows.sort(key=lambda row: (row[1], -row[0], row[2]))
    elif order == "name":
        rows.sort(key=lambda row: (row[2], row[1]))
    columns = [Column("count", "count", "count"), Column("type", "type", "type", link="handles --type {}"), Column("name", "name", "name")]
    yield Table("names", columns, rows)
    counts: Counter[str] = Counter()
    for (kind, _), many in pairs.items():
        counts[kind] += many
    yield from _summary_end(session, handles, counts)


def _most_first(counts: Counter[Any]) -> Dict[Any, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _summary_end(session: Session, handles: HandleList, counts: Dict[str, int]) -> Iterator[Block]:
    total = sum(counts.values())
    if total < len(handles):
        yield Fields("", [Item("count", "handles", total, "count", note=f"of {len(handles)}")])
        if not total:
            session.not_in_dump()
    else:
        yield Fields("", [Item("count", "handles", total, "count")])
    yield from blank_notes(handles, counts)
    if counts.get("File"):
        yield Note("File handles have no names: writers do not ask for them, since the question can hang on a pipe", "hint")


def _detail(session: Session, handles: HandleList, handle: Handle, bits: int) -> Iterator[Block]:
    kind = handle.type or "<none>"
    items = [
        Item("", "Handle", handle.handle, "handle"),
        Item("", "Type", handle.type or Absent("not-there", "the writer could not ask what this is"), "type", text=None if handle.type else "<none>"),
    ]
    if bits & BASIC:
        items.append(
            Item("", "Attributes", handle.attributes, "mask", note=", ".join(OBJECT_ATTRIBUTES.labels(handle.attributes)) if handle.attributes else "")
        )
        items.append(Item("", "GrantedAccess", handle.granted_access, "mask", note=", ".join(access_names(handle))))
        items.append(Item("", "HandleCount", handle.handle_count, "count"))
        pointers = handle.pointer_count
        biased = "biased by about 32768 for each handle since Windows 8.1" if pointers >= 32768 else ""
        items.append(Item("", "PointerCount", pointers, "count", note=biased))
    if bits & NAME:
        note = "" if handle.name else ("never collected for files" if kind == "File" else "")
        items.append(Item("", "Name", handle.name or None, "name", text=None if handle.name else "<none>", note=note))
    items.append(Item("", "Descriptor", handle.offset, "offset", note=f"{counted(handles.span.stride, 'byte')} in the file", link=""))
    yield Fields("", items)
    if bits & SPECIFIC:
        blocks, damage = handles.object_info(handle.object_info_rva)
        if not blocks:
            why = "this writer stores none (descriptors of 32 bytes)" if not handles.extended else f"none is stored for {kind}"
            yield Note(f"No object specific information: {why}")
        for block in blocks:
            title = MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE.label(block.type) or f"type {block.type}"
            yield Fields("", [Item("", label, text) for label, text in object_info_words(block)], title=f"{title} (at 0x{block.offset:x})")
        for wrong in damage:
            yield Note(wrong.message, "warning")
    yield from _operations(session, handle.handle)


def _operations(session: Session, value: int) -> Iterator[Block]:
    """Who opened and closed this handle, where Application Verifier traced it."""
    rows = []
    dump = session.dump
    for operation in dump.handle_operations:
        if operation.handle == value:
            caller = dump.modules.symbol(operation.stack[0]) if operation.stack else ""
            name = {1: "open", 2: "close", 3: "bad reference"}.get(operation.operation, str(operation.operation))
            rows.append((name, operation.process_id, operation.thread_id, caller, operation.offset))
            if len(rows) >= 1000:
                break
    if rows:
        columns = [
            Column("operation", "operation"),
            Column("process_id", "process", "id"),
            Column("thread_id", "thread", "id"),
            Column("caller", "first frame", "symbol"),
            Column("offset", "at", "offset", hidden=True),
        ]
        yield Table("operations", columns, rows, title="handle operations, newest last")


def _parse(args: Any) -> Tuple[int, int, Optional[str]]:
    """The debugger's own argument grammar: HANDLE, BITS, TYPE; handle 0 and -1 mean all."""
    value = 0
    if args.handle is not None and args.handle not in ("-1", "*"):
        value = number(args.handle, "handle")
        if value in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF):
            value = 0
    if args.bits is None:
        bits = 15 if value else 7
    else:
        bits = number(args.bits, "set of bits")
        if bits > 15:
            raise UsageError(f"BITS is a sum of 1 (type), 2 (basic), 4 (name) and 8 (object), not {args.bits!r}", "`handles 0 f Event` shows all of each event")
    return value, bits, args.object_type


@command(
    "handles",
    summary="the process's handles: type, name, access, counts, object information",
    category="handles",
    arguments=[
        arg("handle", nargs="?", metavar="HANDLE", help="one handle (hex); 0 or -1 for all of them", completes="handle"),
        arg("bits", nargs="?", metavar="BITS", help="what to show: 1 type, 2 basic, 4 name, 8 object; f for everything"),
        arg("object_type", nargs="?", metavar="TYPE", help="only objects of this type (case does not matter)", completes="type"),
        arg("--type", repeat=True, metavar="GLOB", help="only types that match, such as 'Ev*'; may be given again", completes="type"),
        arg("--name", repeat=True, metavar="GLOB", help="only names that match, such as '*Mutex*'; may be given again"),
        arg("--named", switch=True, help="only handles that have a name"),
        arg("--sort", choices=list(_SORT), help="order of the rows; the file's own if not given"),
        arg("--summary", switch=True, help="count them by type, among those that the other options choose"),
        arg("--by-name", switch=True, help="with --summary: count them by type and name"),
    ],
    examples=[
        ("handles", "all handles"),
        ("handles --summary", "how many of each type"),
        ("handles --type Mutant --summary --by-name", "how many mutexes of each name"),
        ("handles 24", "one handle in full"),
        ("handles 0 f Event", "every event with its state, as !handle 0 f Event"),
        ("handles --name '*Mutex*'", "by name"),
    ],
    aliases=["handle"],
    spellings=["!handle"],
    description="Reads HandleDataStream itself, so it also answers where the debugger refuses the stream, and says that it does.",
)
def handles(session: Session, args: Any) -> Iterator[Block]:
    """The handle table."""
    table = session.dump.handles
    value, bits, type_name = _parse(args)
    if not len(table):
        yield from missing(session, "handles", why_empty(table, "the handle stream"), "!handle")
        return
    key = "handles"
    refused = handles_refused(session.dump, lambda: facts_of(session))
    if refused is not None:
        # The debugger lists nothing here; what we can read all the same goes under its own name.
        key = "salvaged_handles"
        yield from salvage("handles", table, "handle stream", refused)
    summary = args.summary or args.by_name
    if summary and value:
        raise UsageError("--summary counts the handles of a list, not one handle", f"`handles {args.handle}` shows that one")
    if summary and args.sort not in (None, *_SUMMARY_ORDERS):
        raise UsageError(f"a summary has no column {args.sort!r} to sort by", "it is sorted by count, or with --sort type, --sort name")
    if value:
        found = table.find(value)
        if found is None:
            low = f" (0x{value & ~3:x}: the two low bits are ignored)" if value & 3 else ""
            yield from missing(session, key, Absent(NOT_THERE, f"there is no handle 0x{value:x}{low} among the {len(table)} of this dump"))
            yield from _operations(session, value)
            return
        yield Table(key, [column._replace(hidden=True) for column in _columns(15, _Infos())], _rows(iter([found])))
        yield from _detail(session, table, found, bits)
        return
    patterns = list(args.type or ())
    if type_name:
        patterns.append(type_name)
    wanted_name = _globs(args.name)
    wanted_type = _globs(patterns)
    items: Iterator[Handle] = table.walk(types=wanted_type)
    if wanted_name is not None or args.named:
        items = (item for item in items if (not args.named or item.name) and (wanted_name is None or wanted_name(item.name)))
    if args.by_name:
        yield from _summary_by_name(session, table, items, args.sort)
    elif summary:
        yield from _summary(session, table, items if wanted_type is not None or wanted_name is not None or args.named else None, args.sort)
    if summary:
        if patterns and not len(list(islice(table.walk(types=wanted_type), 1))):
            yield from _near_types(table, patterns)
        return
    if args.sort:
        items = iter(sorted(items, key=_SORT[args.sort]))
    numbers = count()
    # A row is a handle with itself after it, and a number that counts the rows.
    one, other = tee(items)
    rows: Iterator[Sequence[Any]] = map(tuple.__add__, one, zip(other, numbers))
    untyped = None
    if (wanted_type is None or wanted_type("")) and table.untyped:
        untyped = Drawn(rows, lambda row: not row[_TYPE_RVA])
        rows = untyped.rows
    infos = _Infos(Allowance(table.source.size))
    detail = infos.lines if bits & SPECIFIC else None
    yield Table(key, _columns(bits, infos), rows, detail=detail)
    shown = next(numbers)
    if shown < len(table):
        if not shown:
            session.not_in_dump()
        yield Note(f"{shown} of {counted(len(table), 'handle')}")
        if not shown and patterns:
            yield from _near_types(table, patterns)
    else:
        yield Note(counted(len(table), "handle"))
    yield from infos.notes()
    if untyped is not None and untyped.total:
        yield from blank_notes(table, {"": untyped.total})


def _near_types(table: HandleList, patterns: List[str]) -> Iterator[Note]:
    """The types of this dump that a pattern without a match may have meant."""
    from difflib import get_close_matches

    types = {name.casefold(): name for name in table.count_types() if name}
    near = [types[found] for pattern in patterns if pattern.casefold() not in types for found in get_close_matches(pattern.casefold(), types, 3)]
    if near:
        yield Note(f"did you mean {', '.join(dict.fromkeys(near))}?", "hint")
