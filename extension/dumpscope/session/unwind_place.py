"""The unwind data of an instruction as structures of the file: the RUNTIME_FUNCTION, the UNWIND_INFO, and each of its codes."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ..anatomy.node import MEMORY, Node
from ..dump.absence import Absent
from ..errors import NotInDump
from ..format.functions import RUNTIME_FUNCTION_AMD64
from ..format.layout import Structure
from ..format.unwind import UNWIND_CODE, UNWIND_CODE_OFFSET, UNWIND_HANDLER, UNWIND_INFO
from ..stacks.x64.functions import Region, Regions
from ..stacks.x64.unwind import code_words
from ..stacks.x64.unwindinfo import BadUnwind, Row, UnwindInfo, read_chain
from .session import Session
from .walks import walks_of


def unwind_nodes(session: Session, address: int) -> List[Node]:
    """The structures, in the order in which they are read. Raises NotInDump where the dump does not hold them."""
    region, row = _row(session, address)
    try:
        chain = read_chain(region.read, row)
    except BadUnwind as bad:
        raise NotInDump(f"{region.name or 'run-time code'}: {bad}") from None
    name = region.name or f"0x{region.base:x}"
    nodes: List[Node] = []
    for number, (part, info) in enumerate(chain):
        if number == 0:
            offset = part.place if region.image is None else _offset(region, part.place)
            nodes.append(_node(offset, RUNTIME_FUNCTION_AMD64, f"row {part.number} of {name}"))
        nodes += _info_nodes(region, info, name)
    return nodes


def _row(session: Session, address: int) -> Tuple[Region, Row]:
    regions = Regions(session.dump, walks_of(session).images)
    region: Optional[Region] = regions.dynamic(address)
    if region is None:
        module = regions.module(address)
        if module is None:
            raise NotInDump(f"0x{address:x} is in no module and in no table of FunctionTableStream", "`modules` lists the modules")
        found = regions.of(module)
        if isinstance(found, Absent):
            raise NotInDump(found.message, "`stack -i FOLDER` looks for images; `stack --evidence` says where their unwind data are")
        region = found
    row = region.rows.at(address - region.base)
    if not isinstance(row, Row):
        why = row.message if isinstance(row, Absent) else "it is a leaf, or data"
        raise NotInDump(f"no RUNTIME_FUNCTION covers 0x{address:x}: {why}")
    return region, row


def _offset(region: Region, rva: int) -> int:
    """Where a byte stands in the dump. Raises NotInDump for one of an image file."""
    file, offset = region.place(rva)
    if file or offset is None:
        where = f"it is at 0x{offset:x} of {file}" if offset is not None else "no image has it"
        raise NotInDump(f"the unwind data at +0x{rva:x} of {region.name} are not in the dump: {where}", "`stack --evidence` shows the places in image files")
    return offset


def _node(offset: int, shape: Structure, what: str) -> Node:
    return Node(offset, shape.size, MEMORY, what, shape, None, True)


def _info_nodes(region: Region, info: UnwindInfo, name: str) -> List[Node]:
    start = _offset(region, info.rva)
    words = [f"version {info.version}"]
    if info.chained is not None:
        words.append("chained")
    nodes = [_node(start, UNWIND_INFO, f"UNWIND_INFO +0x{info.rva:x} of {name} ({', '.join(words)})")]
    texts = iter(code_words(info))
    slots = region.read(info.rva + UNWIND_INFO.size, 2 * info.slots)
    at = 0
    while at < info.slots:
        op = slots[2 * at + 1] & 15
        place = _offset(region, info.rva + UNWIND_INFO.size + 2 * at)
        if op == 6 and info.version == 2:
            nodes.append(_node(place, UNWIND_CODE, f"slot {at}: UWOP_EPILOG"))
            at += 1
            continue
        nodes.append(_node(place, UNWIND_CODE, f"slot {at}: {next(texts, '')}"))
        long = op == 1 and slots[2 * at + 1] >> 4
        more = 2 if long or op in (5, 7, 9) else 1 if op in (1, 4, 6, 8) else 0
        for extra in range(at + 1, min(at + 1 + more, info.slots)):
            nodes.append(_node(place + 2 * (extra - at), UNWIND_CODE_OFFSET, f"slot {extra}: belongs to slot {at}"))
        at += 1 + more
    behind = info.rva + info.size
    if info.chained is not None:
        nodes.append(_node(_offset(region, behind), RUNTIME_FUNCTION_AMD64, "the function that this is a part of"))
    elif info.flags & 3:
        nodes.append(_node(_offset(region, behind), UNWIND_HANDLER, "its handler"))
    return nodes
