"""``map``, ``bytes`` and ``whatis`` on a user dump of the old format."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional, Tuple, cast

from ...anatomy.node import BLOB, MEMORY, Node
from ...anatomy.userdump import user_dump_anatomy, user_nodes_at
from ...session.expression import evaluate
from ...session.session import Session
from ...wording.fields import Wording
from ..structures import Structures, structure_bytes, structure_map, structure_whatis

if TYPE_CHECKING:
    from ...dump.minidump import Minidump
    from ...dump.userdump import UserDump
    from ...view.blocks import Block

_PREFIXES: Dict[str, str] = {"threads": "threads >", "modules": "modules >", "regions": "regions >", "memory": "memory >", "event": "debug event"}
_PREFIXES.update({"thread": "threads >", "module": "modules >", "version": "version information"})
_PLACES = "header, threads, thread ID, modules, module NAME, regions, memory, event, version, at OFFSET, range OFFSET LENGTH"
_PIECES = {MEMORY: "memory", BLOB: "version information"}


class _Raw:
    """The dump as a minidump whose bytes are those of the file: without the lists that are made up beyond its end."""

    def __init__(self, dump: Minidump, source: Any) -> None:
        self._dump = dump
        self.source = source
        self.size = source.size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dump, name)


def _structures(session: Session) -> Structures:
    dump = session.user_dump
    assert dump is not None
    return Structures(
        kind="a user dump of the old format",
        source=dump.source,
        header=dump.header_layout,
        nodes=partial(user_dump_anatomy, dump),
        at=partial(user_nodes_at, dump),
        wording=lambda shown: Wording(cast("Minidump", _Raw(session.dump, dump.source)), shown),
        pieces=_PIECES,
        prefixes=_PREFIXES,
        places=_PLACES,
        own=lambda head, rest: None,
        address=partial(_address, session, dump),
        symbol=lambda address: session.dump.modules.symbol(address),
        held=partial(_held, dump),
    )


def _address(session: Session, dump: UserDump, text: str) -> Tuple[int, Optional[int]]:
    address = evaluate(session, text)
    region = next((item for item in dump.regions if item.place is not None and item.base <= address < item.base + item.size), None)
    place = None if region is None or region.place is None else region.place + address - region.base
    return address, None if place is None or place >= dump.source.size else place


def _held(dump: UserDump, node: Node, offset: int) -> Optional[int]:
    region = next((item for item in dump.regions if item.place == node.offset), None)
    return None if region is None else region.base + offset - node.offset


def user_map(session: Session, args: Any) -> Iterator[Block]:
    """The file as a map."""
    yield from structure_map(_structures(session), args)


def user_bytes(session: Session, args: Any) -> Iterator[Block]:
    """Structures field by field."""
    yield from structure_bytes(session, _structures(session), args)


def user_whatis(session: Session, args: Any) -> Iterator[Block]:
    """One byte of the file, or of memory."""
    yield from structure_whatis(session, _structures(session), args)
