"""``map``, ``bytes`` and ``whatis`` on a kernel dump."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Sequence

from ...anatomy.filemap import map_of_nodes
from ...anatomy.kernel import inner_nodes, kernel_anatomy, nodes_at
from ...anatomy.node import BLOB, DIRECTORY, HEADER, MEMORY, Node
from ...dump.absence import Absent
from ...dump.kernel.kerneldump import Block as MemoryBlock
from ...dump.kernel.kerneldump import KernelDump
from ...dump.kernel.view import minidump_view
from ...errors import NotInDump, UsageError
from ...session.kernel_offers import PLACES
from ...session.parsing import number
from ...session.session import Session
from ...view.annotated import bytes_json
from ...view.blocks import Column, Data, Fields, Item, Note, Table
from ...wording.fields import MAX_SHOWN, SHOWN, Wording
from ..bytes import Step, chain_blocks, field_blocks, field_path, map_blocks, view_of
from .places import address_of
from .registry import answer, kernel_of

if TYPE_CHECKING:
    from ...view.blocks import Block

RECORDS = 8
"""Structures that ``bytes`` shows unless --all or --first says otherwise."""
_PREFIXES: Dict[str, str] = {**{word: begin for word, (begin, _) in PLACES.items()}, "driver": "drivers >"}
_PLACES = (
    "header, triage, context, exception, debugger, stack, prcb, process, thread, drivers, driver NAME, unloaded, blocks, "
    "block ADDRESS, secondary, at OFFSET, range OFFSET LENGTH"
)
_WORDS = {MEMORY: "memory", BLOB: "structures that symbols explain, and added data", DIRECTORY: "TRIAGE_DUMP"}
"""What kinds of pieces are called in a kernel dump."""


@answer("map")
def _map(session: Session, args: Any) -> Iterator[Block]:
    """The file as a map."""
    dump = kernel_of(session)
    yield from map_blocks(map_of_nodes(dump.source, kernel_anatomy(dump), merge=not args.all), args, _WORDS)
    if isinstance(dump.triage, Absent):
        yield Note("Pages of physical memory are not taken apart.", "hint")


def _found(dump: KernelDump, words: Sequence[str]) -> Iterator[Node]:
    """The structures that the words mean. Raises UsageError for words that mean none."""
    head, rest = words[0].lower(), list(words[1:])
    if head == "header":
        yield Node(0, dump.header_layout.size, HEADER, "header", dump.header_layout, None, True)
    elif head == "at" and rest:
        yield from nodes_at(dump, number(rest[0], "file offset"))
    elif head == "range" and rest:
        start = number(rest[0], "file offset")
        size = number(rest[1], "length") if len(rest) > 1 else 0x40
        yield Node(start, dump.source.available(start, size), BLOB, f"range at 0x{start:x}", None, None, True)
    elif head == "block" and rest:
        block = dump.block_at(number("".join(rest), "address"))
        if block is not None:
            yield Node(block.offset, dump.source.available(block.offset, block.size), MEMORY, f"{block.what} at 0x{block.address:x}", None, None, True)
    elif head in ("context", "exception"):
        yield from (node for node in inner_nodes(dump) if node.what == _PREFIXES[head])
    elif head in _PREFIXES:
        wanted = " ".join(rest).lower()
        yield from (node for node in kernel_anatomy(dump) if node.what.startswith(_PREFIXES[head]) and wanted in node.what.lower())
    else:
        raise UsageError(f"{' '.join(words)!r} is no place in a kernel dump", f"places are: {_PLACES}")


@answer("bytes")
def _bytes(session: Session, args: Any) -> Iterator[Block]:
    """Structures field by field."""
    dump = kernel_of(session)
    most = None if args.all else RECORDS if args.first is None else _decimal(args.first)
    found = list(islice(_found(dump, args.what), None if most is None else most + 1))
    if not found:
        session.not_in_dump()
        yield Data("bytes", [])
        yield Note(f"the dump has nothing at {' '.join(args.what)}", "warning")
        return
    wording = Wording(minidump_view(dump), MAX_SHOWN if args.all else SHOWN)
    views = [view_of(wording, node, "") for node in found[:most]]
    yield from views
    yield Data("bytes", [bytes_json(view) for view in views])
    if most is not None and len(found) > most:
        yield Note("more are not shown: --first N or --all")


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not int(text):
        raise UsageError(f"--first {text}: a number of structures is needed", "--first 20")
    return int(text)


def _steps(dump: KernelDump, wording: Wording, node: Node) -> List[Step]:
    """The way from the header to a structure, the structure itself last."""
    steps = [Step(node, "", None)]
    while len(steps) < 6 and steps[0].node.kind != HEADER:
        pointer = steps[0].node.pointer
        holder = None if pointer is None else next(iter(nodes_at(dump, pointer)), None)
        if pointer is None or holder is None or holder.offset == steps[0].node.offset:
            break
        steps.insert(0, Step(holder, field_path(wording, holder, pointer), pointer))
    return steps


@answer("whatis")
def _whatis(session: Session, args: Any) -> Iterator[Block]:
    """One byte of the file, or of memory."""
    dump = kernel_of(session)
    if args.memory:
        address = address_of(dump, args.offset)
        block = dump.block_at(address)
        if not isinstance(dump.pages, Absent):
            run = dump.pages.run_at(address)
            block = None if run is None else MemoryBlock(run.address, run.offset, run.size, "page")
        yield Fields("address", [Item("address", "address", address, "hex"), Item("symbol", "in", dump.symbol(address) or None)])
        if block is None:
            session.not_in_dump()
            yield Note(f"the dump holds no bytes at 0x{address:x}", "warning")
            return
        offset = block.offset + address - block.address
    else:
        offset = number(args.offset, "file offset")
    if not 0 <= offset < dump.source.size:
        raise NotInDump(f"0x{offset:x} is beyond the end of the file, which has 0x{dump.source.size:x} bytes", "`whatis --memory` takes an address")
    wording = Wording(minidump_view(dump))
    nodes = nodes_at(dump, offset)
    yield Data("offset", offset)
    if not nodes:
        piece = map_of_nodes(dump.source, kernel_anatomy(dump), merge=False).at(offset)
        assert piece is not None
        yield Data("piece", {"offset": piece.offset, "size": piece.size, "kind": piece.kind, "what": piece.what})
        yield Fields("", [Item("", f"0x{offset:x}", piece.what, note=f"0x{piece.size:x} bytes from 0x{piece.offset:x} on")])
        return
    node, others = nodes[0], nodes[1:]
    yield Data("piece", {"offset": node.offset, "size": node.size, "kind": node.kind, "what": node.what})
    yield from chain_blocks(_steps(dump, wording, node), offset)
    yield from field_blocks(wording, node, offset)
    if node.kind == MEMORY and not args.memory:
        held = next((block for block in dump.blocks if block.offset == node.offset), None)
        if held is not None:
            address = held.address + offset - held.offset
            yield Fields("address", [Item("address", "address", address, "hex", note=dump.symbol(address))])
    rows = [(other.what, other.kind, other.offset, other.size) for other in others[:20]]
    columns = [Column("what", "claimed too by"), Column("kind", "kind"), Column("offset", "at", "offset"), Column("size", "size", "bytes")]
    yield Table("others", columns, rows, title="other structures that claim this byte" if rows else "")
