"""``diff``: what changed between dumps of one process."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Sequence, Tuple

from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..dump.named import source_at
from ..dump.userdump import is_user_dump
from ..errors import UsageError
from ..fleet import compare, contents
from ..fleet.addresses import kind_text, region_changes
from ..fleet.openings import Opening, openings, rights_growth
from ..format.counted import counted
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Column, Data, Note, Table
from ..view.kinds import size_text

if TYPE_CHECKING:
    from ..view.blocks import Block

_SHOWN = 40
_DEEP = 6
_CHANGED = {"allocated": "allocated", "freed": "freed", "state": "of another state or type", "protection": "of another protection"}
MAX_CHANGES = 100_000
"""Places where memory differs that are told of."""


def _counts(key: str, growth: Sequence[compare.Growth], names: Sequence[str], kind: str, first: str, title: str) -> Table:
    columns = [Column("name", first)]
    columns += [Column(f"dump_{index + 1}", name, kind) for index, name in enumerate(names)]
    columns.append(Column("change", "change"))
    rows = [(item.name, *item.counts, f"{item.change:+d}") for item in growth]
    return Table(key, columns, rows, title=title)


def _equal(dumps: Sequence[Minidump], names: Sequence[str], tell: Callable[[int, int], object]) -> Iterator[Block]:
    """Files that hold the same bytes: between them nothing can have changed."""
    sources = [dump.source for dump in dumps]
    groups = contents.equal_files(sources, tell)
    yield Data("same_bytes", [[index + 1 for index in group] for group in groups])
    for group in groups:
        if all(contents.one_file(sources[group[0]], sources[index]) for index in group[1:]):
            which = "The dump is compared with itself" if len(group) == len(dumps) else f"{_listed(names, group)} are the same file"
        else:
            which = f"{_listed(names, group)} hold the same bytes"
        yield Note(f"{which}: nothing differs between them.", "warning")


def _listed(names: Sequence[str], group: Sequence[int]) -> str:
    *first, last = (names[index] for index in group)
    return f"{', '.join(first)} and {last}"


def _process(dumps: Sequence[Minidump], names: Sequence[str]) -> Iterator[Block]:
    same = compare.one_process(dumps)
    yield Data("same_process", same)
    for item in compare.likeness(dumps):
        values = [None if isinstance(value, Absent) else value for value in item.values]
        yield Data(item.what.replace(" ", "_"), values)
        if item.same is False:
            shown = ", ".join("not known" if value is None else str(value) for value in values)
            yield Note(f"The {item.what} differs: {shown}.", "warning")
    words = {
        True: "The dumps are of one process.",
        False: "The dumps are of different processes.",
        None: "The dumps do not say whether they are of one process.",
    }
    yield Note(words[same], "info" if same else "warning")
    order = compare.in_order(dumps)
    times = [dump.header.timestamp for dump in dumps]
    yield Data("timestamps", times)
    if order != list(range(len(dumps))):
        yield Note("They were not given in the order of their times: " + ", ".join(names[index] for index in order) + ".", "warning")
    else:
        yield Note(f"{times[-1] - times[0]} seconds lie between the first and the last.")


def _handles(dumps: Sequence[Minidump], names: Sequence[str], args: Any) -> Iterator[Block]:
    without = [name for dump, name in zip(dumps, names) if not len(dump.handles)]
    if without:
        yield Data("handles", None)
        yield Note(f"Handles cannot be compared: {', '.join(without)} {'has' if len(without) == 1 else 'have'} none.", "warning")
        return
    growth = compare.handle_growth(dumps)
    totals = [len(dump.handles) for dump in dumps]
    yield Data("handle_counts", totals)
    changed = [item for item in growth if item.change]
    yield _counts("handles", changed, names, "count", "type", "handles by type")
    yield Note(f"handles: {' -> '.join(map(str, totals))} ({totals[-1] - totals[0]:+d})")
    if not changed:
        yield Note("Each type has as many handles as before.")
    named = compare.handle_growth(dumps, by_name=True)
    grown = [item for item in named if item.change > 0 and item.name[1]]
    rows = [(item.name[0], item.name[1], *item.counts, f"{item.change:+d}") for item in islice(grown, _SHOWN)]
    columns = [Column("type", "type", "type"), Column("name", "name", "name")]
    columns += [Column(f"dump_{index + 1}", name, "count") for index, name in enumerate(names)]
    columns.append(Column("change", "change"))
    yield Table("handles_by_name", columns, rows, title="names with more handles" if rows else "")
    yield from _leaks(dumps, compare.leaks([*growth, *grown]))
    if len(dumps) == 2 and totals[1] > totals[0]:
        yield Note("Two dumps show growth; a third one shows whether it goes on", "hint")
    if args.handles:
        found = compare.handle_changes(dumps[0], dumps[-1])
        changes = ((item.handle, item.kind, *(item.before or ("", "")), *(item.after or ("", ""))) for item in found)
        yield Table(
            "handle_changes",
            [
                Column("handle", "handle", "hex"),
                Column("kind", "change"),
                Column("type_before", "type before", "type"),
                Column("name_before", "name before", "name"),
                Column("type_after", "type after", "type"),
                Column("name_after", "name after", "name"),
            ],
            changes,
            title="handles, first and last dump",
        )


def _leaks(dumps: Sequence[Minidump], suspects: Sequence[compare.Growth]) -> Iterator[Block]:
    """What looks like a leak: its rights, and the stacks that opened it where the last dump has a trace of handle operations."""
    last = dumps[-1]
    rights = rights_growth(dumps[0], last, [item.name for item in suspects])
    opened = openings(dumps[0], last)
    yield Data("leaks", [_suspect(last, item, rights[item.name], opened) for item in suspects])
    for item in islice(suspects, 10):
        what = item.name if isinstance(item.name, str) else " ".join(item.name)
        yield Note(f"looks like a leak: {what} grows in each dump ({' -> '.join(map(str, item.counts))})", "warning")
        masks = ", ".join(f"0x{mask:x} ({count:+d})" for mask, count in rights[item.name][:3])
        if masks:
            yield Note(f"  with rights {masks}")
        for opening in islice((opening for opening in opened if opening.of(item.name) and opening.stack), 3):
            yield Note(f"  {opening.count} of the new ones opened by {' < '.join(_symbols(last, opening.stack[:_DEEP]))}")
    rows = [
        (item.count, item.type, item.name, " < ".join(_symbols(last, item.stack)) or "not in the trace", item.handle, item.thread_id, item.offset)
        for item in islice(opened, _SHOWN)
    ]
    columns = [
        Column("count", "new", "count"),
        Column("type", "type", "type"),
        Column("name", "name", "name"),
        Column("stack", "opened by, innermost first", "text"),
        Column("handle", "last one", "handle"),
        Column("thread_id", "by thread", "id"),
        Column("offset", "at", "offset", hidden=True),
    ]
    yield Table("opened_by", columns, rows, title="who opened the new handles, by Application Verifier's trace in the last dump" if rows else "")
    if len(opened) > _SHOWN:
        yield Note(f"{counted(len(opened) - _SHOWN, 'more stack')}: these are the largest", "hint")


def _symbols(dump: Minidump, stack: Sequence[int]) -> List[str]:
    return [dump.modules.symbol(address) or f"0x{address:x}" for address in stack]


def _suspect(dump: Minidump, item: compare.Growth, rights: Sequence[Tuple[int, int]], opened: Sequence[Opening]) -> Dict[str, Any]:
    kind, name = (item.name, "") if isinstance(item.name, str) else item.name
    found = [opening for opening in opened if opening.of(item.name)]
    stacks = [opening for opening in found if opening.stack][:_SHOWN]
    return {
        "type": kind,
        "name": name,
        "counts": list(item.counts),
        "rights": [{"mask": f"0x{mask:x}", "change": count} for mask, count in rights],
        "opened_by": [{"count": opening.count, "stack": _symbols(dump, opening.stack), "offset": opening.offset} for opening in stacks],
        "not_in_trace": sum(opening.count for opening in found if not opening.stack) if found else None,
    }


def _threads(first: Minidump, last: Minidump) -> Iterator[Block]:
    rows = []
    kinds: Dict[str, int] = {}
    for item in compare.thread_changes(first, last):
        kinds[item.kind] = kinds.get(item.kind, 0) + 1
        before = "" if item.before is None else first.modules.symbol(item.before) or f"0x{item.before:x}"
        after = "" if item.after is None else last.modules.symbol(item.after) or f"0x{item.after:x}"
        rows.append((item.tid, item.kind, item.user_time, item.kernel_time, before, after))
    columns = [
        Column("tid", "thread", "id"),
        Column("kind", "change"),
        Column("user_time", "user time", "duration"),
        Column("kernel_time", "kernel time", "duration"),
        Column("before", "was at", "name"),
        Column("after", "is at", "name"),
    ]
    yield Table("threads", columns, rows, title="threads")
    yield Note("threads: " + (", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "none"))


def _modules(first: Minidump, last: Minidump) -> Iterator[Block]:
    rows = []
    for item in compare.module_changes(first, last):
        before, after = item.before, item.after
        rows.append((item.path, item.kind, before and before[0], after and after[0], before and before[3], after and after[3]))
    columns = [
        Column("path", "module", "path"),
        Column("kind", "change"),
        Column("base_before", "base before", "hex"),
        Column("base_after", "base after", "hex"),
        Column("version_before", "version before"),
        Column("version_after", "version after"),
    ]
    yield Table("modules", columns, rows, title="modules" if rows else "")
    if not rows:
        yield Note("The modules are the same.")


@command(
    "diff",
    summary="what changed between dumps of one process: handles, threads, modules, memory",
    category="overview",
    arguments=[
        arg("others", nargs="+", metavar="OTHER", help="later dumps of the same process, in the order in which they were taken", completes="path"),
        arg("--handles", switch=True, help="list each handle that is new, gone or has another object"),
        arg("--memory", switch=True, help="list address ranges that changed, and where captured memory differs, by pages"),
    ],
    examples=[("diff later.dmp", "what changed since"), ("diff second.dmp third.dmp --handles", "three dumps: what grows in each step looks like a leak")],
    description="Says first whether the dumps are of one process and in which order. What grows in each step over three or more dumps is called a leak.",
)
def diff(session: Session, args: Any) -> Iterator[Block]:
    """The dump that is open against later ones."""
    with ExitStack() as opened:
        dumps = [session.dump]
        for path in args.others:
            dumps.append(opened.enter_context(_other(path)))
        names = _names([session.path, *args.others])
        yield Data("dumps", [session.path, *args.others])
        yield from _equal(dumps, names, session.progress)
        yield from _process(dumps, names)
        yield from _handles(dumps, names, args)
        yield from _threads(dumps[0], dumps[-1])
        yield from _modules(dumps[0], dumps[-1])
        growth = [item for item in compare.memory_growth(dumps) if item.change]
        yield _counts("memory", growth, names, "bytes", "memory", "address space" if growth else "")
        yield from _regions(dumps[0], dumps[-1], args)
        yield from _contents(dumps[0], dumps[-1], args)


def _other(path: str) -> Minidump:
    """A later dump. Raises DumpError, and UsageError for a dump of another kind than the first."""
    source = source_at(path)
    try:
        head = source.some(0, 8)
        if head.startswith(b"PAGE"):
            raise UsageError(
                f"{path!r} is a kernel dump, and the first dump is of a process", "`diff` compares dumps of one process; `dumpinfo` says what a file is"
            )
        if is_user_dump(head):
            raise UsageError(f"{path!r} is a user dump of the old format, and the first is a minidump", "in WinDbg `.dump /ma FILE` makes a minidump of it")
        return Minidump(source)
    except BaseException:
        source.close()
        raise


def _regions(first: Minidump, last: Minidump, args: Any) -> Iterator[Block]:
    """Where the memory maps of the first and the last dump differ."""
    if not len(first.regions) or not len(last.regions):
        yield Data("region_changes", None)
        return
    changes = list(islice(region_changes(first, last), MAX_CHANGES + 1))
    sums: Counter[str] = Counter()
    for item in changes[:MAX_CHANGES]:
        sums[item.kind] += item.size
    yield Note("Address ranges that changed: " + (", ".join(f"{size_text(size)} {_CHANGED[kind]}" for kind, size in sums.most_common()) or "none") + ".")
    hidden = not args.memory
    columns = [
        Column("address", "address", "address", hidden=hidden),
        Column("size", "bytes", "bytes", hidden=hidden),
        Column("kind", "change", hidden=hidden),
        Column("before", "was", hidden=hidden),
        Column("after", "is", hidden=hidden),
    ]
    rows = [(item.address, item.size, item.kind, kind_text(item.before), kind_text(item.after)) for item in changes[:MAX_CHANGES]]
    yield Table("region_changes", columns, rows, title="address ranges that changed" if args.memory and rows else "")
    if len(changes) > MAX_CHANGES:
        yield Note(f"More than {MAX_CHANGES} address ranges changed: these are the first.", "warning")


def _contents(first: Minidump, last: Minidump, args: Any) -> Iterator[Block]:
    """Streams, flags, writer, findings, and captured memory, of the first and the last dump."""
    other = contents.differences(first, last)
    yield Table("file", [Column("what", "file"), Column("before", "before", "value"), Column("after", "after", "value")], other)
    columns = [
        Column("type", "type", "hex"),
        Column("name", "stream", "type"),
        Column("kind", "change"),
        Column("before", "bytes before", "count"),
        Column("after", "bytes after", "count"),
    ]
    streams = list(contents.stream_changes(first, last))
    yield Table("streams", columns, streams, title="streams" if streams else "")
    new, gone = contents.finding_changes(first, last)
    yield Data("finding_changes", {"new": new, "gone": gone})
    for words, codes in (("only the last dump has", new), ("only the first dump has", gone)):
        if codes:
            yield Note(f"Findings that {words}: {', '.join(codes)}.")
    both = contents.shared_memory(first, last)
    changes = list(islice(contents.memory_changes(first, last), MAX_CHANGES + 1))
    yield Data("shared_memory", both)
    yield Data("changed_memory", sum(item.size for item in changes[:MAX_CHANGES]))
    if not both:
        yield Note("No captured memory is in both dumps.")
    else:
        yield Note(f"Captured memory in both: {size_text(both)}; in pages that differ: {size_text(sum(item.size for item in changes[:MAX_CHANGES]))}.")
    shown = [Column("address", "address", "address", hidden=not args.memory), Column("size", "bytes", "bytes", hidden=not args.memory)]
    yield Table("memory_changes", shown, changes[:MAX_CHANGES], title="memory that differs" if args.memory and changes else "")
    if len(changes) > MAX_CHANGES:
        yield Note(f"The memory differs in more than {MAX_CHANGES} places: these are the first.", "warning")


def _names(paths: Sequence[str]) -> List[str]:
    """Short names for columns: the file's name, or its number where names repeat."""
    plain = [path.replace("\\", "/").rpartition("/")[2] for path in paths]
    return plain if len(set(plain)) == len(plain) else [f"dump {index + 1}" for index in range(len(paths))]
