"""``dumpinfo`` and ``streams``: what is in this file."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Tuple, Union

from ..dump.absence import Absent, Damage
from ..dump.directory import Stream
from ..dump.minidump import Minidump
from ..dump.streams.exception import exception_shape
from ..dump.streams.vendor import stream_name
from ..errors import UsageError
from ..format.counted import counted
from ..format.flags import MINIDUMP_TYPE
from ..format.streams import LAST_RESERVED_STREAM, STREAMS, ExceptionStream
from ..session.account import account
from ..session.places import find_stream
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Block, Column, Fields, Item, Note, Table
from ..view.kinds import address_kind
from ..wording.sizes import explain_size

DEEP_LIMIT = 50_000
"""Records up to which dumpinfo looks at each string and context without being asked to."""

DETAILED = 1000
"""Streams that ``dumpinfo -v`` shows one by one; writers make some twenty, the engine reads 65536 entries of twelve bytes."""


def header_fields(dump: Minidump) -> Fields:
    """The header, each number with what it says."""
    header = dump.header
    names = header.flag_names
    return Fields(
        "header",
        [
            Item("version", "Version", header.version, "hex", hidden=True),
            Item("implementation", "Implementation", header.implementation, "hex", hidden=True),
            Item("", "Version", header.raw_version, "hex", text=f"{header.version:X} ({header.implementation:X})"),
            Item("streams", "NumberOfStreams", header.stream_count, "count", note=f"directory at 0x{header.directory_rva:x}"),
            Item("flags", "Flags", header.flags, "mask", link="flags {}"),
            Item("flag_names", "", names, "words"),
            Item("timestamp", "TimeDateStamp", header.timestamp, "time"),
            Item("checksum", "CheckSum", header.checksum, "int", note="failure flags of the writer" if header.checksum else "", hidden=not header.checksum),
            Item("directory_rva", "StreamDirectoryRva", header.directory_rva, "offset", hidden=True),
        ],
        title="header",
    )


def writer_fields(dump: Minidump) -> Fields:
    """Who wrote the dump, with the evidence."""
    writer = dump.writer
    evidence: List[Dict[str, Any]] = [{"what": item.what, "value": item.value, "offset": item.offset} for item in writer.evidence]
    for row, item in zip(evidence, writer.evidence):
        if item.against:
            row["against"] = True
    items = [
        Item("name", "writer", writer.name, "name"),
        Item("version", "version", writer.version or Absent("not-there", "no version is recorded"), "text"),
        Item("confidence", "confidence", writer.confidence, "text"),
        Item("tool", "called by", writer.tool or None, "text", note=writer.tool_confidence, hidden=not writer.tool),
        Item("tool_confidence", "", writer.tool_confidence if writer.tool else None, "text", hidden=True),
        Item("evidence", "", evidence, "data", hidden=True),
    ]
    for place in writer.evidence[:4]:
        where = place.what + (f" at 0x{place.offset:x}" if place.offset is not None else "")
        items.append(Item("", "although" if place.against else "because", place.value, "text", note=where))
    return Fields("writer", items, title="written by")


def system_fields(dump: Minidump) -> Iterator[Block]:
    """System, process and exception in a line each."""
    items: List[Item] = []
    system = dump.system
    misc = dump.misc
    if isinstance(system, Absent):
        items.append(Item("system", "system", system))
    else:
        items.append(Item("system", "system", system.os_name, note=f"{system.architecture_name}, {counted(system.processors, 'processor')}"))
    process_id = misc if isinstance(misc, Absent) else misc.process_id
    created = misc if isinstance(misc, Absent) else misc.process_create_time
    image = dump.modules[0].path if len(dump.modules) else dump.modules.absence
    items.append(Item("process_id", "process", process_id, "id"))
    items.append(Item("image", "image", image, "path"))
    items.append(Item("process_create_time", "started", created, "time"))
    if not isinstance(created, Absent):
        items.append(Item("", "ran for", max(0, dump.header.timestamp - created), "seconds"))
    yield Fields("process", items, title="system and process")
    exception = dump.exception
    if not isinstance(exception, Absent):
        from ..wording.codes import code_note

        where = dump.symbol(exception.address)
        kind = address_kind(dump.pointer_size)
        yield Fields(
            "exception",
            [
                Item("code", "code", exception.code, "code", note=code_note(dump, exception.code), link="exception"),
                Item("address", "address", exception.address, kind, note=where),
                Item("thread_id", "thread", exception.thread_id, "id", link="threads 0x{}"),
            ],
            title="exception",
        )


def stream_rows(dump: Minidump) -> Iterator[Tuple[Any, ...]]:
    """Index, type, name, size, place, count and the arithmetic of each stream."""
    for stream in dump.streams:
        count, words = explain_size(dump, stream)
        yield stream.index, stream.type, stream_name(dump, stream), stream.size, stream.rva, count, words


_STREAM_COLUMNS = [
    Column("index", "#", "int", link="streams {}"),
    Column("type", "type", "int"),
    Column("name", "name", "type"),
    Column("size", "size", "bytes"),
    Column("rva", "at", "offset"),
    Column("count", "count", "count"),
    Column("explained", "size explained", "text", role="dim"),
]

_DAMAGE_COLUMNS = [
    Column("code", "damage", "text", role="warning"),
    Column("offset", "at", "offset", index=2),
    Column("needed", "needed", "bytes", index=3),
    Column("available", "there", "bytes", index=4),
    Column("message", "what is wrong", "text", index=1),
]


def damage_blocks(dump: Minidump, deep: bool) -> Iterator[Block]:
    """What is wrong with the file: as a whole, and in each record if ``deep``."""
    found: List[Damage] = []
    more = 0
    for wrong in dump.check() if deep else dump.damage:
        if len(found) < 1000:
            found.append(wrong)
        else:
            more += 1
    yield Table("damage", _DAMAGE_COLUMNS, found, title="what is wrong" if found else "")
    if more:
        yield Note(f"{counted(more, 'more thing is', 'more things are')} wrong", "warning")


@command(
    "dumpinfo",
    summary="header, flags, writer, system, streams, and what is wrong with the file",
    category="overview",
    arguments=[
        arg("-v", "--verbose", switch=True, help="go into each stream, and check every record"),
        arg("--check", switch=True, help="inside WinDbg: compare with what the debugger makes of the same dump"),
    ],
    examples=[("dumpinfo", "what is in the file"), ("dumpinfo -v", "every stream in detail"), ("dumpinfo --json", "the same for a program")],
    aliases=["info"],
    spellings=[".dumpdebug"],
)
def dumpinfo(session: Session, args: Any) -> Iterator[Block]:
    """What is in the file."""
    dump = session.dump
    if args.check:
        if session.live is None:
            raise UsageError("--check compares with the debugger that has the dump open", "in WinDbg: !py dumpinfo --check")
        yield from session.live.compare(dump)
        return
    yield from account(session)
    yield header_fields(dump)
    yield writer_fields(dump)
    yield from system_fields(dump)
    yield Table("streams", _STREAM_COLUMNS, stream_rows(dump), title="streams")
    records = len(dump.handles) + len(dump.threads) + len(dump.modules) + len(dump.memory_list) + len(dump.memory64_list)
    deep = args.verbose or records <= DEEP_LIMIT
    yield from damage_blocks(dump, deep)
    if not deep:
        yield Note(f"{counted(records, 'record was', 'records were')} not looked at one by one: -v does", "hint")
    if args.verbose:
        used = [stream.index for stream in dump.streams if stream.type]
        for index in used[:DETAILED]:
            yield from stream_detail(dump, index)
        if len(used) > DETAILED:
            yield Note(f"{counted(len(used) - DETAILED, 'more stream')}: `streams N` shows one in detail", "hint")


def stream_detail(dump: Minidump, index: int) -> Iterator[Block]:
    """One stream: its entry, and the numbers of its header."""
    from ..format.catalogue import structure
    from ..format.layout import FlagSet, Structure

    stream = dump.streams[index]
    kind = STREAMS.get(stream.type)
    count, words = explain_size(dump, stream)
    items = [
        Item("index", "stream", stream.index, "int"),
        Item("type", "type", stream.type, "int", text=f"{stream.type} (0x{stream.type:x}) {stream.name}"),
        Item("name", "", stream.name, "type", hidden=True),
        Item("size", "size", stream.size, "bytes", note=words),
        Item("rva", "at", stream.rva, "offset", note=f"entry at 0x{stream.offset:x}"),
        Item("count", "count", count, "count", hidden=count is None),
    ]
    if kind is not None:
        items.append(Item("meaning", "holds", kind.meaning))
        items.append(Item("asked_by", "asked for by", MINIDUMP_TYPE.labels(kind.flag) if kind.flag else [], "words", hidden=not kind.flag))
    yield Fields(f"stream_{index}", items, title=f"stream {index}: {stream.name}")
    yield from _decoded(dump, stream)
    name = (kind.header or kind.structure) if kind is not None else ""
    shape: Union[Structure, None] = structure(name) if name else None
    if stream.type == ExceptionStream:
        shape = exception_shape(dump)
    if shape is None or kind is None or (kind.structure and not kind.header and count is not None):
        return
    data = dump.source.some(stream.rva, min(stream.size, shape.size)).ljust(shape.size, b"\0")
    values = shape.unpack(data)
    rows = []
    for leaf in shape.leaves:
        if leaf.offset >= stream.size:
            break
        value = values[leaf.path]
        if isinstance(value, int):
            names = leaf.field.values
            if isinstance(names, FlagSet):
                label = ", ".join(names.labels(value))
            else:
                label = (names.label(value) or "") if names is not None else ""
            rows.append((stream.rva + leaf.offset, leaf.path, value, label or leaf.field.meaning))
    columns = [
        Column("offset", "at", "offset"),
        Column("field", "field", role="label"),
        Column("value", "value", "hex"),
        Column("meaning", "meaning", role="dim"),
    ]
    yield Table(f"fields_{index}", columns, rows, title=shape.name)


def _decoded(dump: Minidump, stream: Stream) -> Iterator[Block]:
    """What a plug-in reads in a user stream."""
    if stream.type <= LAST_RESERVED_STREAM:
        return
    from ..dump.decoders import GROUP, decoded
    from ..dump.plugins import BROKEN

    values, _ = decoded(dump, stream)
    if values:
        rows = [
            (
                None if item.offset is None else stream.rva + item.offset,
                item.label,
                item.value if isinstance(item.value, int) else str(item.value),
                item.meaning,
            )
            for item in values
        ]
        columns = [
            Column("offset", "at", "offset"),
            Column("label", "what", role="label"),
            Column("value", "value"),
            Column("meaning", "meaning", role="dim"),
        ]
        yield Table(f"decoded_{stream.index}", columns, rows, title="decoded")
    for item in BROKEN:
        if item.group == GROUP:
            yield Note(item.words, "warning")


@command(
    "streams",
    summary="the directory: every stream with its size explained; or one stream in detail",
    category="overview",
    arguments=[arg("stream", nargs="?", metavar="STREAM", help="a stream's number in the directory, or its name", completes="stream")],
    examples=[("streams", "the directory"), ("streams 6", "one of them"), ("streams HandleData", "by name")],
)
def streams(session: Session, args: Any) -> Iterator[Block]:
    """The directory, or one stream."""
    dump = session.dump
    if args.stream is None:
        yield Table("streams", _STREAM_COLUMNS, stream_rows(dump))
        for wrong in dump.header_damage():
            yield Note(wrong.message, "warning")
        if not len(dump.streams):
            yield Note("the directory holds no stream", "warning")
        return
    yield from stream_detail(dump, find_stream(dump, args.stream))
