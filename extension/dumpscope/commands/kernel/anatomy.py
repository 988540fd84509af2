"""``map``, ``bytes`` and ``whatis`` on a kernel dump."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Optional, Tuple

from ...anatomy.kernel import inner_nodes, kernel_anatomy, nodes_at
from ...anatomy.node import BLOB, DIRECTORY, MEMORY, Node
from ...dump.absence import Absent
from ...dump.kernel.kerneldump import Block as MemoryBlock
from ...dump.kernel.kerneldump import KernelDump
from ...dump.kernel.view import minidump_view
from ...session.kernel_offers import PLACES
from ...session.parsing import number
from ...session.session import Session
from ...view.blocks import Note
from ...wording.fields import Wording
from ..structures import Structures, structure_bytes, structure_map, structure_whatis
from .places import address_of
from .registry import answer, kernel_of

if TYPE_CHECKING:
    from ...view.blocks import Block

_PREFIXES: Dict[str, str] = {**{word: begin for word, (begin, _) in PLACES.items()}, "driver": "drivers >"}
_PLACES = (
    "header, triage, context, exception, debugger, stack, prcb, process, thread, drivers, driver NAME, unloaded, blocks, "
    "block ADDRESS, secondary, at OFFSET, range OFFSET LENGTH"
)
_PIECES = {MEMORY: "memory", BLOB: "structures that symbols explain, and added data", DIRECTORY: "TRIAGE_DUMP"}
"""What kinds of pieces are called in a kernel dump."""


def _structures(dump: KernelDump) -> Structures:
    return Structures(
        kind="a kernel dump",
        source=dump.source,
        header=dump.header_layout,
        nodes=partial(kernel_anatomy, dump),
        at=partial(nodes_at, dump),
        wording=lambda shown: Wording(minidump_view(dump), shown),
        pieces=_PIECES,
        prefixes=_PREFIXES,
        places=_PLACES,
        own=partial(_own, dump),
        address=partial(_address, dump),
        symbol=dump.symbol,
        held=partial(_held, dump),
    )


def _own(dump: KernelDump, head: str, rest: List[str]) -> Optional[Iterable[Node]]:
    """The structures inside of others, and the block that holds an address."""
    if head in ("context", "exception"):
        return (node for node in inner_nodes(dump) if node.what == _PREFIXES[head])
    if head != "block" or not rest:
        return None
    block = dump.block_at(number("".join(rest), "address"))
    if block is None:
        return ()
    return (Node(block.offset, dump.source.available(block.offset, block.size), MEMORY, f"{block.what} at 0x{block.address:x}", None, None, True),)


def _address(dump: KernelDump, text: str) -> Tuple[int, Optional[int]]:
    address = address_of(dump, text)
    block = dump.block_at(address)
    if not isinstance(dump.pages, Absent):
        run = dump.pages.run_at(address)
        block = None if run is None else MemoryBlock(run.address, run.offset, run.size, "page")
    return address, None if block is None else block.offset + address - block.address


def _held(dump: KernelDump, node: Node, offset: int) -> Optional[int]:
    block = next((block for block in dump.blocks if block.offset == node.offset), None)
    return None if block is None else block.address + offset - block.offset


@answer("map")
def _map(session: Session, args: Any) -> Iterator[Block]:
    """The file as a map."""
    dump = kernel_of(session)
    yield from structure_map(_structures(dump), args)
    if isinstance(dump.triage, Absent):
        yield Note("Pages of physical memory are not taken apart.", "hint")


@answer("bytes")
def _bytes(session: Session, args: Any) -> Iterator[Block]:
    """Structures field by field."""
    yield from structure_bytes(session, _structures(kernel_of(session)), args)


@answer("whatis")
def _whatis(session: Session, args: Any) -> Iterator[Block]:
    """One byte of the file, or of memory."""
    yield from structure_whatis(session, _structures(kernel_of(session)), args)
