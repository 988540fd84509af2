"""``bytes``, ``whatis`` and ``map``: what each byte of the file means, and to whom it belongs."""

from __future__ import annotations

from itertools import groupby
from types import MappingProxyType
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence

from ..anatomy.dissect import parts_at
from ..anatomy.filemap import AFTER_END, ALIGNMENT, GAPS, REST, UNREFERENCED, FileMap, file_map, owners
from ..anatomy.node import BLOB, CODEVIEW, CONTEXT, DIRECTORY, HEADER, MEMORY, OBJECT, RECORD, STREAM, STRING, Node
from ..anatomy.walker import leaf_at, stream_anatomy
from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..errors import NotInDump, UsageError
from ..format.counted import by_count, counted
from ..format.header import MINIDUMP_DIRECTORY, MINIDUMP_HEADER
from ..format.layout import Structure
from ..format.memory import MEMORY_STATE
from ..session.expression import evaluate
from ..session.parsing import number
from ..session.places import FIRST, KINDS, Place, find_place
from ..session.registry import arg, command
from ..session.session import Session, usage_of
from ..view.annotated import ByteRow
from ..view.blocks import Block, Bytes, Column, Data, Fields, Item, Lines, Note, Table
from ..view.kinds import address_kind
from ..view.picture import Picture, Share, strip
from ..wording.fields import MAX_SHOWN, SHOWN, Wording
from ..wording.numbers import is_decimal
from ..wording.regions import not_captured_words, protection_names

MAX_FOLLOWED = 200
"""Structures that ``--follow`` shows."""
MAX_POINTERS = 20
CELLS = 512


def view_of(wording: Wording, node: Node, key: str, *, start: int = 0, end: int = 0) -> Bytes:
    rows: Sequence[ByteRow] = wording.rows(node)
    if end:
        rows = [row for row in rows if row.offset < end and row.offset + row.size > start]
    return Bytes(key, node.what, node.offset, node.size, node.structure.name if node.structure is not None else "", rows)


def _declarations(nodes: Sequence[Node]) -> List[Structure]:
    """The structures that are shown, each once, with those nested in them first."""
    found: Dict[str, Structure] = {}

    def add(shape: Structure) -> None:
        if shape.name in found:
            return
        for field in shape.fields:
            if isinstance(field.type, Structure):
                add(field.type)
        found[shape.name] = shape

    for node in nodes:
        if node.structure is not None:
            add(node.structure)
    return list(found.values())


@command(
    "bytes",
    summary="bytes with their meaning: each field with its offset, type, name, value and meaning",
    category="bytes",
    arguments=[
        arg("what", nargs="+", metavar="WHAT", help="; ".join(KINDS[:6]) + "; … (see above)", completes="place"),
        arg("--follow", switch=True, help="also show what its RVAs lead to"),
        arg("--c", switch=True, help="show the C declarations"),
        arg("--all", switch=True, help="all records of a list and all bytes of a field, not the first few"),
        arg("--first", metavar="N", help=f"how many records of a list to show (decimal, {FIRST} if not given)"),
    ],
    examples=[
        ("bytes header", "the first 32 bytes"),
        ("bytes directory", "the directory, entry by entry"),
        ("bytes stream 6", "a stream, by its number or name"),
        ("bytes handle 24 --follow", "a handle's descriptor, its names and what is known of the object"),
        ("bytes thread 0 --c", "a thread, by id or number, with the C declaration"),
        ("bytes context", "the registers of the exception, or of the thread that is looked at"),
        ("bytes string 16c2", "a string at an offset"),
        ("bytes unwind '@rip'", "the row and the UNWIND_INFO of the function at an address, where the dump holds them"),
        ("bytes image ntdll", "the PE headers and sections of a module, where its memory was captured"),
        ("bytes range 0 40", "a stretch of the file, whatever it belongs to"),
    ],
    description="WHAT: header; directory [N]; stream N|NAME; handle H; thread T; threadinfo T; name T; module NAME; unloaded NAME; context [T]; "
    "exception; system; misc; region ADDRESS; memory ADDRESS; token N; string OFFSET; unwind ADDRESS; image MODULE; range OFFSET [LENGTH]; at OFFSET.",
)
def bytes_command(session: Session, args: Any) -> Iterator[Block]:
    """Annotated bytes."""
    if args.first is not None and not is_decimal(args.first):
        raise UsageError(f"--first takes a decimal number, not {args.first!r}")
    first: Optional[int] = None if args.all else int(args.first) if args.first is not None else FIRST
    place = find_place(session, args.what, first=first)
    wording = Wording(session.dump, MAX_SHOWN if args.all else SHOWN)
    followed = place.followed[:MAX_FOLLOWED] if args.follow else []
    shown = [*place.nodes, *followed]
    if args.c:
        shapes = _declarations(shown)
        yield Data("declarations", {shape.name: shape.c_declaration() for shape in shapes})
        for shape in shapes:
            yield Lines("", shape.c_declaration().split("\n"), role="note")
    views: List[Bytes] = []
    for node in shown:
        view = view_of(wording, node, "", start=place.start, end=place.end)
        views.append(view)
        yield view
    from ..view.annotated import bytes_json

    yield Data("bytes", [bytes_json(view) for view in views])
    yield from _afterword(place, args, followed)


def _afterword(place: Place, args: Any, followed: Sequence[Node]) -> Iterator[Block]:
    if place.left_out:
        yield Note(f"{place.left_out} more are not shown: --first N or --all")
    if args.follow and len(place.followed) > len(followed):
        yield Note(f"{counted(len(place.followed) - len(followed), 'more structure is', 'more structures are')} led to; the first {len(followed)} are shown")
    if place.followed and not args.follow:
        yield Note("--follow shows what its RVAs lead to", "hint")


# -- whatis ------------------------------------------------------------------------------------------------------------------


class Step(NamedTuple):
    """One structure on the way from the header to a byte, and the field of it that leads on to the next."""

    node: Node
    field: str
    at: Optional[int]


def _stream_index(node: Node) -> Optional[int]:
    words = node.what.split(" ", 2)
    return int(words[1]) if words[0] == "stream" and len(words) > 1 and is_decimal(words[1]) else None


def _holder(dump: Minidump, node: Node, pointer: int) -> Optional[Node]:
    """The structure that holds the RVA at ``pointer``, which leads to ``node``."""
    if pointer < MINIDUMP_HEADER.size:
        return Node(0, MINIDUMP_HEADER.size, HEADER, "header", MINIDUMP_HEADER, None, True)
    index, rest = divmod(pointer - dump.header.directory_rva, MINIDUMP_DIRECTORY.size)
    if 0 <= index < len(dump.streams) and rest == MINIDUMP_DIRECTORY.offset_of("Location.Rva"):
        stream = dump.streams[index]
        return Node(stream.offset, MINIDUMP_DIRECTORY.size, DIRECTORY, f"directory entry {index} ({stream.name})", MINIDUMP_DIRECTORY, None, True)
    number = _stream_index(node)
    if number is None or number >= len(dump.streams):
        return None
    return leaf_at(dump, number, pointer)


def _above(dump: Minidump, wording: Wording, node: Node) -> Optional[Step]:
    """What leads to a node: the field of a structure, or the stream that it stands in."""
    if node.kind == HEADER:
        return None
    pointer = node.pointer
    if node.kind == DIRECTORY and pointer is None:
        pointer = MINIDUMP_HEADER.offset_of("StreamDirectoryRva")
    if pointer is not None:
        holder = _holder(dump, node, pointer)
        return Step(holder, field_path(wording, holder, pointer), pointer) if holder is not None else None
    index = _stream_index(node)
    if index is None or index >= len(dump.streams):
        return None
    stream = next(stream_anatomy(dump, index), None)
    return Step(stream, "", None) if stream is not None and stream.what != node.what else None


def _chain(dump: Minidump, wording: Wording, node: Node) -> List[Step]:
    """The way from the header to a node, the node itself last."""
    steps = [Step(node, "", None)]
    seen = {(node.offset, node.what)}
    while len(steps) < 16:
        above = _above(dump, wording, steps[-1].node)
        if above is None or (above.node.offset, above.node.what) in seen:
            break
        seen.add((above.node.offset, above.node.what))
        steps.append(above)
    return steps[::-1]


def field_path(wording: Wording, node: Node, offset: int) -> str:
    parts = parts_at(wording.dump.source, node, offset, architecture=wording.architecture)
    return parts[-1].path if parts else ""


@command(
    "whatis",
    summary="what a file offset, or an address of the process, belongs to: structure, field, value, and who points there",
    category="bytes",
    arguments=[
        arg("offset", metavar="OFFSET", help="a file offset (hex); with --memory an address, such as ntdll+0x10 or @rsp", completes="offset"),
        arg("--memory", switch=True, help="OFFSET is an address of the process"),
    ],
    examples=[
        ("whatis 18", "the byte at file offset 0x18"),
        ("whatis 16c2", "the whole way from the header to a byte"),
        ("whatis --memory '@rsp'", "an address: what it is used for, and where its byte is in the file"),
    ],
)
def whatis(session: Session, args: Any) -> Iterator[Block]:
    """One byte."""
    dump = session.dump
    if args.memory:
        address = evaluate(session, args.offset)
        yield from _address(session, address)
        place = dump.memory.locate(address)
        if place is None:
            session.not_in_dump()
            yield Note("This address is not in the file: " + not_captured_words(dump, address, dump.regions.at(address)), "warning")
            return
        offset = place[0]
    else:
        offset = number(args.offset, "file offset")
    found = owners(dump, offset)
    if found is None:
        raise NotInDump(f"0x{offset:x} is beyond the end of the file, which has 0x{dump.size:x} bytes", "`whatis --memory` takes an address of the process")
    wording = Wording(dump)
    piece = found.piece
    yield Data("offset", offset)
    yield Data("piece", {"offset": piece.offset, "size": piece.size, "kind": piece.kind, "what": piece.what})
    node = found.chain[-1] if found.chain and found.chain[-1].leaf else None
    if node is None:
        yield from _nobodys(dump, found.chain, piece, offset)
        return
    steps = _chain(dump, wording, node)
    yield from chain_blocks(steps, offset)
    yield from field_blocks(wording, node, offset)
    if node.kind == MEMORY and not args.memory:
        yield from _address(session, _target_address(dump, offset))
    yield from _pointers(wording, found.pointing)
    rest = [other for other in found.others if (other.offset, other.size, other.pointer) != (node.offset, node.size, node.pointer)]
    rows = [(other.what, other.kind, other.offset, other.size) for other in rest[:MAX_POINTERS]]
    columns = [Column("what", "claimed too by"), Column("kind", "kind"), Column("offset", "at", "offset"), Column("size", "size", "bytes")]
    yield Table("others", columns, rows, title="" if not rows else "other structures that claim this byte")
    if len(rest) > len(rows):
        yield Note(f"and {len(rest) - len(rows)} more")


def _nobodys(dump: Minidump, chain: Sequence[Node], piece: Any, offset: int) -> Iterator[Block]:
    """A byte that no structure owns: alignment, the rest of a stream, or nobody's."""
    yield Fields(
        "",
        [
            Item("", "offset", offset, "offset", note=f"byte {offset - piece.offset} of {piece.size}"),
            Item("", "belongs to", piece.what, "text", role="emphasis"),
            Item("", "kind", piece.kind),
            Item("", "stretch", f"0x{piece.offset:x} to 0x{piece.end:x}"),
        ],
    )
    yield Data("chain", [{"what": item.what, "kind": item.kind, "offset": item.offset, "size": item.size, "field": None} for item in chain])
    yield Data("field", None)
    yield Data("pointers", [])
    data = dump.source.some(piece.offset, min(piece.size, SHOWN))
    yield Bytes("", piece.what, piece.offset, piece.size, "", [ByteRow(piece.offset, piece.size, data, 0, f"UCHAR[{piece.size}]", "", "", "", "")])


def chain_blocks(steps: Sequence[Step], offset: int) -> Iterator[Block]:
    yield Data(
        "chain",
        [
            {
                "what": step.node.what,
                "kind": step.node.kind,
                "offset": step.node.offset,
                "size": step.node.size,
                "structure": step.node.structure.name if step.node.structure is not None else None,
                "field": step.field or None,
                "field_offset": step.at,
            }
            for step in steps
        ],
    )
    lines = []
    for depth, step in enumerate(steps):
        what = step.node.what.rpartition(" > ")[2]
        via = f" . {step.field}" if step.field else ""
        place = step.at if step.at is not None else step.node.offset
        lines.append(f"{'  ' * depth}{what}{via}  (at 0x{place:x})")
    yield Lines("", lines, title=f"0x{offset:x}, from the header")


def field_blocks(wording: Wording, node: Node, offset: int) -> Iterator[Block]:
    """The field that the byte is in, with the structures around it."""
    rows = wording.rows(node)
    hits = [row for row in rows if row.offset <= offset < row.offset + row.size]
    if not hits:
        yield Data("field", None)
        return
    row = hits[-1]
    yield Data(
        "field",
        {
            "path": row.path,
            "name": row.name,
            "type": row.type,
            "offset": row.offset,
            "size": row.size,
            "byte": offset - row.offset,
            "hex": wording.dump.source.some(row.offset, min(row.size, SHOWN)).hex(),
            "value": row.json,
            "text": row.value,
            "meaning": row.meaning,
        },
    )
    shape = node.structure.name if node.structure is not None else ""
    window = row
    if row.size > SHOWN:
        start = max(row.offset, offset - offset % 16)
        data = wording.dump.source.some(start, min(16, row.offset + row.size - start))
        window = row._replace(offset=start, size=len(data), data=data, type=f"{row.type}, byte {start - row.offset} on")
    title = f"byte {offset - row.offset} of {row.name or node.what.rpartition(' > ')[2]}" if row.size > 1 else row.name
    yield Bytes("", title, node.offset, node.size, shape, [*[hit for hit in hits[:-1] if hit.heading], window])


def _pointers(wording: Wording, pointing: Sequence[Node]) -> Iterator[Block]:
    rows = []
    for node in pointing[:MAX_POINTERS]:
        assert node.pointer is not None
        holder = _holder(wording.dump, node, node.pointer)
        field = field_path(wording, holder, node.pointer) if holder is not None else ""
        rows.append((node.pointer, field, holder.what if holder is not None else "", node.offset))
    columns = [
        Column("at", "at", "offset", link="whatis {}"),
        Column("field", "field", role="label"),
        Column("of", "of"),
        Column("to", "", "offset", hidden=True),
    ]
    yield Table("pointers", columns, rows, title="fields that lead here" if rows else "")
    yield Data("pointer_count", len(pointing))
    if len(pointing) > len(rows):
        yield Note(f"and {len(pointing) - len(rows)} more")


def _target_address(dump: Minidump, offset: int) -> Optional[int]:
    """The address of the process whose byte stands at a file offset."""
    for items in (dump.memory_list, dump.memory64_list):
        for item in items:
            if item.rva <= offset < item.rva + item.held:
                return item.start + offset - item.rva
    for thread in dump.threads:
        if thread.stack_rva and thread.stack_rva <= offset < thread.stack_rva + thread.stack_size:
            return thread.stack_start + offset - thread.stack_rva
    return None


def _address(session: Session, address: Optional[int]) -> Iterator[Block]:
    """What an address of the process is used for."""
    if address is None:
        return
    dump = session.dump
    kind = address_kind(dump.pointer_size)
    use = usage_of(session).at(address)
    region = dump.regions.at(address)
    place = dump.memory.locate(address)
    words = f"{use.kind}" + (f": {use.words}" if use.words else "")
    items = [Item("address", "address", address, kind), Item("usage", "used for", words, "text", role="symbol")]
    if region is not None:
        state = MEMORY_STATE.label(region.state) or f"0x{region.state:x}"
        names = ", ".join([state, *protection_names(region.protect)])
        items.append(Item("region", "region", region.base, kind, note=f"0x{region.size:x} bytes, {names}", link="address {}"))
    items.append(Item("file_offset", "in the file at", place[0] if place else Absent("not-captured", "not captured"), "offset", link="whatis {}"))
    yield Fields("memory", items)


# -- map ---------------------------------------------------------------------------------------------------------------------

_SHARES = {
    HEADER: ("H", "header", "title"),
    DIRECTORY: ("D", "directory", "title"),
    STREAM: ("W", "streams of one piece", "type"),
    RECORD: ("r", "records and stream headers", "type"),
    STRING: ("s", "strings", "name"),
    CONTEXT: ("c", "thread contexts", "id"),
    CODEVIEW: ("v", "debug records", "path"),
    OBJECT: ("o", "object information", "handle"),
    MEMORY: ("m", "memory of the process", "address"),
    BLOB: ("b", "data of other writers", "code"),
    REST: ("x", "rest of a stream", "warning"),
    ALIGNMENT: (".", "alignment", "dim"),
    UNREFERENCED: ("?", "nothing points to it", "warning"),
    AFTER_END: ("!", "after the last structure", "warning"),
}
"""Letter, words and colour of each kind of piece."""


@command(
    "map",
    summary="the whole file as a map: every byte with its owner, gaps and overlaps by name, and a picture",
    category="bytes",
    arguments=[
        arg("--all", switch=True, help="list each structure; without it, neighbours of one kind are one row"),
        arg("--picture", switch=True, help="the picture only, not the list"),
        arg("--gaps", switch=True, help="show only gaps and overlaps"),
    ],
    examples=[("map", "the picture, and every stretch of the file"), ("map --picture", "how the file is made up"), ("map --gaps", "the gaps and overlaps")],
)
def map_command(session: Session, args: Any) -> Iterator[Block]:
    """The file as a map."""
    yield from map_blocks(file_map(session.dump, merge=not args.all), args)


def map_blocks(found: FileMap, args: Any, words: Mapping[str, str] = MappingProxyType({})) -> Iterator[Block]:
    """A map as a picture and a list; ``words`` are for kinds that are called otherwise in this kind of file."""
    kinds = found.kinds()
    letters = {kind: _SHARES[kind][0] for kind in kinds}
    stretches = []
    for kind, pieces in groupby(found.pieces, key=lambda piece: piece.kind):
        alike = list(pieces)
        stretches.append((alike[0].offset, alike[-1].end - alike[0].offset, letters[kind]))
    cells = strip(stretches, found.size, CELLS)
    shares = [Share(words.get(kind, _SHARES[kind][1]), size, _SHARES[kind][0], _SHARES[kind][2]) for kind, size in kinds.items()]
    yield Picture(f"{counted(found.size, 'byte')}, from the first to the last", found.size, cells, shares)
    nobody = found.size - found.owned
    yield Fields(
        "",
        [
            Item(
                "coverage",
                "owned",
                found.coverage,
                "percent",
                note=f"{found.owned} of {counted(found.size, 'byte')} {by_count(found.owned, 'belongs', 'belong')} to a structure",
            ),
            Item("unowned", "belongs to nobody", nobody, "count", note="" if not nobody else _gap_words(kinds)),
            Item("kinds", "", kinds, "data", hidden=True),
        ],
    )

    def rows(wanted: Optional[Sequence[str]] = None) -> Iterator[Sequence[Any]]:
        for piece in found.pieces:
            if wanted is None or piece.kind in wanted:
                yield piece.offset, piece.size, piece.kind, _piece_words(piece)

    columns = [Column("offset", "at", "offset", link="whatis {}"), Column("size", "size", "bytes"), Column("kind", "kind"), Column("what", "what")]
    if not args.picture:
        yield Table("", columns, rows((*GAPS, REST) if args.gaps else None))
    yield Table("map", [column._replace(hidden=True) for column in columns], rows())
    overlaps = [
        Column("offset", "at", "offset", link="whatis {}"),
        Column("size", "size", "bytes"),
        Column("first", "owner", hidden=True),
        Column("second", "claimed too by", hidden=True),
        Column("same", "", "bool", hidden=True),
        Column("times", "claims", "count"),
        Column("", "who", get=_overlap_words, index=6),
    ]
    table = [(item.offset, item.size, item.first, item.second, item.same, item.times, item) for item in found.overlaps]
    if args.picture:
        overlaps = [column._replace(hidden=True) for column in overlaps]
    yield Table("overlaps", overlaps, table, title="bytes that more than one structure claims" if table and not args.picture else "")
    if found.more_overlaps:
        yield Note(f"and {counted(found.more_overlaps, 'more overlap')}")
    if not args.all and not args.picture:
        yield Note("`map --all` shows each structure by itself, `bytes at OFFSET` one of them, field by field", "hint")


def _piece_words(piece: Any) -> str:
    return f"{piece.what} ({piece.merged} together)" if piece.merged > 1 else str(piece.what)


def _overlap_words(item: Any) -> str:
    if item.same:
        return f"shared: {item.first}; {item.second}" + (" and others" if item.times > 2 else "")
    return f"{item.first}; {item.second}"


def _gap_words(kinds: Dict[str, int]) -> str:
    return ", ".join(f"{kinds[kind]} {_SHARES[kind][1]}" for kind in GAPS if kinds.get(kind))


__all__ = ["bytes_command", "map_command", "whatis"]
