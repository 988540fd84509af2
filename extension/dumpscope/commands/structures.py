"""``map``, ``bytes`` and ``whatis`` on a file without streams, whose structures are one list of nodes: kernel dumps, user dumps of the old format."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..anatomy.filemap import map_of_nodes
from ..anatomy.node import BLOB, HEADER, MEMORY, Node
from ..dump.source import Source
from ..errors import NotInDump, UsageError
from ..format.layout import Structure
from ..session.parsing import number
from ..session.session import Session
from ..view.annotated import bytes_json
from ..view.blocks import Column, Data, Fields, Item, Note, Table
from ..wording.fields import MAX_SHOWN, SHOWN, Wording
from .bytes import Step, chain_blocks, field_blocks, field_path, map_blocks, view_of

if TYPE_CHECKING:
    from ..view.blocks import Block

RECORDS = 8
"""Structures that ``bytes`` shows unless --all or --first says otherwise."""


class Structures(NamedTuple):
    """What the three commands ask of such a file.

    ``kind`` is what it is called with an article; ``nodes`` gives all structures, and ``at`` those that hold an offset, the innermost first.
    ``wording`` takes how many elements of an array are shown. ``pieces`` are words for kinds of pieces of the map. ``prefixes`` are the words
    that `bytes` takes, with the beginning of the names that they mean, and ``places`` these words for a message; ``own`` gives the structures
    of words that mean something else, None where they do not. ``address`` reads a typed address, and says where in the file its byte is (None
    where it is nowhere); ``symbol`` names one; ``held`` is the address of a byte at an offset in a node of memory, if it has one.
    """

    kind: str
    source: Source
    header: Structure
    nodes: Callable[[], Iterator[Node]]
    at: Callable[[int], List[Node]]
    wording: Callable[[int], Wording]
    pieces: Mapping[str, str]
    prefixes: Mapping[str, str]
    places: str
    own: Callable[[str, List[str]], Optional[Iterable[Node]]]
    address: Callable[[str], Tuple[int, Optional[int]]]
    symbol: Callable[[int], str]
    held: Callable[[Node, int], Optional[int]]


def structure_map(file: Structures, args: Any) -> Iterator[Block]:
    """The file as a map."""
    yield from map_blocks(map_of_nodes(file.source, file.nodes(), merge=not args.all), args, file.pieces)


def _found(file: Structures, words: Sequence[str]) -> Iterator[Node]:
    """The structures that the words mean. Raises UsageError for words that mean none."""
    head, rest = words[0].lower(), list(words[1:])
    own = file.own(head, rest)
    if own is not None:
        yield from own
    elif head == "header":
        yield Node(0, file.header.size, HEADER, "header", file.header, None, True)
    elif head == "at" and rest:
        yield from file.at(number(rest[0], "file offset"))
    elif head == "range" and rest:
        start = number(rest[0], "file offset")
        size = number(rest[1], "length") if len(rest) > 1 else 0x40
        yield Node(start, file.source.available(start, size), BLOB, f"range at 0x{start:x}", None, None, True)
    elif head in file.prefixes:
        wanted = " ".join(rest).lower()
        yield from (node for node in file.nodes() if node.what.startswith(file.prefixes[head]) and wanted in node.what.lower())
    else:
        raise UsageError(f"{' '.join(words)!r} is no place in {file.kind}", f"places are: {file.places}")


def structure_bytes(session: Session, file: Structures, args: Any) -> Iterator[Block]:
    """Structures field by field."""
    most = None if args.all else RECORDS if args.first is None else _decimal(args.first)
    found = list(islice(_found(file, args.what), None if most is None else most + 1))
    if not found:
        session.not_in_dump()
        yield Data("bytes", [])
        yield Note(f"the dump has nothing at {' '.join(args.what)}", "warning")
        return
    wording = file.wording(MAX_SHOWN if args.all else SHOWN)
    views = [view_of(wording, node, "") for node in found[:most]]
    yield from views
    yield Data("bytes", [bytes_json(view) for view in views])
    if most is not None and len(found) > most:
        yield Note("more are not shown: --first N or --all")


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not int(text):
        raise UsageError(f"--first {text}: a number of structures is needed", "--first 20")
    return int(text)


def _steps(file: Structures, wording: Wording, node: Node) -> List[Step]:
    """The way from the header to a structure, the structure itself last."""
    steps = [Step(node, "", None)]
    while len(steps) < 6 and steps[0].node.kind != HEADER:
        pointer = steps[0].node.pointer
        holder = None if pointer is None else next(iter(file.at(pointer)), None)
        if pointer is None or holder is None or holder.offset == steps[0].node.offset:
            break
        steps.insert(0, Step(holder, field_path(wording, holder, pointer), pointer))
    return steps


def structure_whatis(session: Session, file: Structures, args: Any) -> Iterator[Block]:
    """One byte of the file, or of memory."""
    if args.memory:
        address, place = file.address(args.offset)
        yield Fields("address", [Item("address", "address", address, "hex"), Item("symbol", "in", file.symbol(address) or None)])
        if place is None:
            session.not_in_dump()
            yield Note(f"the dump holds no bytes at 0x{address:x}", "warning")
            return
        offset = place
    else:
        offset = number(args.offset, "file offset")
    if not 0 <= offset < file.source.size:
        raise NotInDump(f"0x{offset:x} is beyond the end of the file, which has 0x{file.source.size:x} bytes", "`whatis --memory` takes an address")
    wording = file.wording(SHOWN)
    nodes = file.at(offset)
    yield Data("offset", offset)
    if not nodes:
        piece = map_of_nodes(file.source, file.nodes(), merge=False).at(offset)
        assert piece is not None
        yield Data("piece", {"offset": piece.offset, "size": piece.size, "kind": piece.kind, "what": piece.what})
        yield Fields("", [Item("", f"0x{offset:x}", piece.what, note=f"0x{piece.size:x} bytes from 0x{piece.offset:x} on")])
        return
    node, others = nodes[0], nodes[1:]
    yield Data("piece", {"offset": node.offset, "size": node.size, "kind": node.kind, "what": node.what})
    yield from chain_blocks(_steps(file, wording, node), offset)
    yield from field_blocks(wording, node, offset)
    held = file.held(node, offset) if node.kind == MEMORY and not args.memory else None
    if held is not None:
        yield Fields("address", [Item("address", "address", held, "hex", note=file.symbol(held))])
    rows = [(other.what, other.kind, other.offset, other.size) for other in others[:20]]
    columns = [Column("what", "claimed too by"), Column("kind", "kind"), Column("offset", "at", "offset"), Column("size", "size", "bytes")]
    yield Table("others", columns, rows, title="other structures that claim this byte" if rows else "")
