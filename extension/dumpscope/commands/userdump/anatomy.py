"""``map``, ``bytes`` and ``whatis`` on a user dump of the old format."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Sequence, cast

from ...anatomy.filemap import map_of_nodes
from ...anatomy.node import BLOB, HEADER, MEMORY, Node
from ...anatomy.userdump import user_dump_anatomy, user_nodes_at
from ...dump.userdump import UserDump
from ...errors import NotInDump, UsageError
from ...session.expression import evaluate
from ...session.parsing import number
from ...session.session import Session
from ...view.annotated import bytes_json
from ...view.blocks import Column, Data, Fields, Item, Note, Table
from ...wording.fields import MAX_SHOWN, SHOWN, Wording
from ..bytes import Step, chain_blocks, field_blocks, field_path, map_blocks, view_of

if TYPE_CHECKING:
    from ...dump.minidump import Minidump
    from ...view.blocks import Block

RECORDS = 8
"""Structures that ``bytes`` shows unless --all or --first says otherwise."""
_PREFIXES: Dict[str, str] = {"threads": "threads >", "modules": "modules >", "regions": "regions >", "memory": "memory >", "event": "debug event"}
_PREFIXES.update({"thread": "threads >", "module": "modules >", "version": "version information"})
_PLACES = "header, threads, thread ID, modules, module NAME, regions, memory, event, version, at OFFSET, range OFFSET LENGTH"
_WORDS = {MEMORY: "memory", BLOB: "version information"}


class _Raw:
    """The dump as a minidump whose bytes are those of the file: without the lists that are made up beyond its end."""

    def __init__(self, dump: Minidump, source: Any) -> None:
        self._dump = dump
        self.source = source
        self.size = source.size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dump, name)


def _open(session: Session) -> UserDump:
    assert session.user_dump is not None
    return session.user_dump


def _wording(session: Session, shown: int = SHOWN) -> Wording:
    return Wording(cast("Minidump", _Raw(session.dump, _open(session).source)), shown)


def user_map(session: Session, args: Any) -> Iterator[Block]:
    """The file as a map."""
    dump = _open(session)
    yield from map_blocks(map_of_nodes(dump.source, user_dump_anatomy(dump), merge=not args.all), args, _WORDS)


def _found(dump: UserDump, words: Sequence[str]) -> Iterator[Node]:
    """The structures that the words mean. Raises UsageError for words that mean none."""
    head, rest = words[0].lower(), list(words[1:])
    if head == "header":
        yield Node(0, dump.header_layout.size, HEADER, "header", dump.header_layout, None, True)
    elif head == "at" and rest:
        yield from user_nodes_at(dump, number(rest[0], "file offset"))
    elif head == "range" and rest:
        start = number(rest[0], "file offset")
        size = number(rest[1], "length") if len(rest) > 1 else 0x40
        yield Node(start, dump.source.available(start, size), BLOB, f"range at 0x{start:x}", None, None, True)
    elif head in _PREFIXES:
        wanted = " ".join(rest).lower()
        yield from (node for node in user_dump_anatomy(dump) if node.what.startswith(_PREFIXES[head]) and wanted in node.what.lower())
    else:
        raise UsageError(f"{' '.join(words)!r} is no place in a user dump of the old format", f"places are: {_PLACES}")


def user_bytes(session: Session, args: Any) -> Iterator[Block]:
    """Structures field by field."""
    most = None if args.all else RECORDS if args.first is None else _decimal(args.first)
    found = list(islice(_found(_open(session), args.what), None if most is None else most + 1))
    if not found:
        session.not_in_dump()
        yield Data("bytes", [])
        yield Note(f"the dump has nothing at {' '.join(args.what)}", "warning")
        return
    wording = _wording(session, MAX_SHOWN if args.all else SHOWN)
    views = [view_of(wording, node, "") for node in found[:most]]
    yield from views
    yield Data("bytes", [bytes_json(view) for view in views])
    if most is not None and len(found) > most:
        yield Note("more are not shown: --first N or --all")


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not int(text):
        raise UsageError(f"--first {text}: a number of structures is needed", "--first 20")
    return int(text)


def _steps(dump: UserDump, wording: Wording, node: Node) -> List[Step]:
    """The way from the header to a structure, the structure itself last."""
    steps = [Step(node, "", None)]
    while len(steps) < 6 and steps[0].node.kind != HEADER:
        pointer = steps[0].node.pointer
        holder = None if pointer is None else next(iter(user_nodes_at(dump, pointer)), None)
        if pointer is None or holder is None or holder.offset == steps[0].node.offset:
            break
        steps.insert(0, Step(holder, field_path(wording, holder, pointer), pointer))
    return steps


def user_whatis(session: Session, args: Any) -> Iterator[Block]:
    """One byte of the file, or of memory."""
    dump = _open(session)
    if args.memory:
        address = evaluate(session, args.offset)
        region = next((item for item in dump.regions if item.place is not None and item.base <= address < item.base + item.size), None)
        yield Fields("address", [Item("address", "address", address, "hex"), Item("symbol", "in", session.dump.modules.symbol(address) or None)])
        if region is None or region.place is None or region.place + address - region.base >= dump.source.size:
            session.not_in_dump()
            yield Note(f"the dump holds no bytes at 0x{address:x}", "warning")
            return
        offset = region.place + address - region.base
    else:
        offset = number(args.offset, "file offset")
    if not 0 <= offset < dump.source.size:
        raise NotInDump(f"0x{offset:x} is beyond the end of the file, which has 0x{dump.source.size:x} bytes", "`whatis --memory` takes an address")
    wording = _wording(session)
    nodes = user_nodes_at(dump, offset)
    yield Data("offset", offset)
    if not nodes:
        piece = map_of_nodes(dump.source, user_dump_anatomy(dump), merge=False).at(offset)
        assert piece is not None
        yield Data("piece", {"offset": piece.offset, "size": piece.size, "kind": piece.kind, "what": piece.what})
        yield Fields("", [Item("", f"0x{offset:x}", piece.what, note=f"0x{piece.size:x} bytes from 0x{piece.offset:x} on")])
        return
    node, others = nodes[0], nodes[1:]
    yield Data("piece", {"offset": node.offset, "size": node.size, "kind": node.kind, "what": node.what})
    yield from chain_blocks(_steps(dump, wording, node), offset)
    yield from field_blocks(wording, node, offset)
    held = next((item for item in dump.regions if item.place == node.offset), None) if node.kind == MEMORY and not args.memory else None
    if held is not None:
        address = held.base + offset - node.offset
        yield Fields("address", [Item("address", "address", address, "hex", note=session.dump.modules.symbol(address))])
    rows = [(other.what, other.kind, other.offset, other.size) for other in others[:20]]
    columns = [Column("what", "claimed too by"), Column("kind", "kind"), Column("offset", "at", "offset"), Column("size", "size", "bytes")]
    yield Table("others", columns, rows, title="other structures that claim this byte" if rows else "")
