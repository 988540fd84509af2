"""What can be typed where: values out of the open dump, for completion. Bounded, and indexed once for each dump.

An offer is a text with words that explain it. Nothing here waits for the whole of a large list: handles are offered from their
sorted values, everything else from the first few thousand records.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice

from ..dump.absence import Absent
from ..dump.handles import Handle
from ..record import NamedTuple
from ..view.kinds import address_text
from .session import Session
from .usage import peb_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

MANY = 4000
"""Records of a list that are offered at the most."""
HANDLES = 300
"""Handles that are offered for one text."""
NAMED = 20_000
"""Handles whose names are looked at."""


class Offer(NamedTuple):
    """A text that can be typed, and what it is."""

    text: str
    about: str = ""


class HandleIndex:
    """Handle values in order, so that the few which begin as typed are found among a million."""

    def __init__(self, session: Session) -> None:
        self._table = session.dump.handles
        values = self._table._column(0, 0)  # whole, without decoding the records
        order: Optional[List[int]] = None
        if any(values[at] > values[at + 1] for at in range(len(values) - 1)):
            order = sorted(range(len(values)), key=values.__getitem__)
            values = [values[at] for at in order]
        self._values, self._order = values, order
        self._named: Optional[List[Tuple[str, Handle]]] = None

    def _at(self, position: int) -> Handle:
        return self._table[self._order[position] if self._order is not None else position]

    def starting(self, digits: str) -> Iterator[Handle]:
        """Handles whose hexadecimal value begins with these digits, smallest first."""
        if not digits:
            for position in range(min(len(self._values), HANDLES)):
                yield self._at(position)
            return
        try:
            head = int(digits, 16)
        except ValueError:
            return
        for more in range(17 - len(digits)):
            low, high = head << 4 * more, (head + 1) << 4 * more
            if head == 0 and more:
                return
            for position in range(bisect_left(self._values, low), bisect_left(self._values, high)):
                yield self._at(position)

    def holding(self, text: str) -> Iterator[Handle]:
        """Handles whose type or name holds a text, of the first ones."""
        if self._named is None:
            self._named = [(f"{handle.type}\0{handle.name}".casefold(), handle) for handle in self._table.walk(0, NAMED)]
        wanted = text.casefold()
        return (handle for words, handle in self._named if wanted in words)


def _handles(session: Session, typed: str) -> Iterator[Offer]:
    index = session.memo.get("handle_index")
    if not isinstance(index, HandleIndex):
        index = HandleIndex(session)
        session.memo["handle_index"] = index
    plain = typed.lower()
    digits = plain[2:] if plain.startswith("0x") else plain
    lead = "0x" if plain.startswith("0x") else ""
    seen = set()
    for handle in islice(index.starting(digits), HANDLES):
        seen.add(handle.handle)
        yield Offer(f"{lead}{handle.handle:x}", _about(handle))
    if len(typed) >= 2 and len(seen) < HANDLES:
        for handle in islice(index.holding(typed), HANDLES - len(seen)):
            if handle.handle not in seen:
                yield Offer(f"{handle.handle:x}", _about(handle))


def _about(handle: Handle) -> str:
    return f"{handle.type or '<none>'}  {handle.name}".rstrip()


def _types(session: Session, typed: str) -> Iterator[Offer]:
    counts: Dict[str, int] = {}
    table = session.dump.handles
    for handle in table.walk(0, NAMED * 5):
        counts[handle.type] = counts.get(handle.type, 0) + 1
    more = "at least " if len(table) > NAMED * 5 else ""
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        if name:
            yield Offer(name, f"{more}{count} handle{'' if count == 1 else 's'}")


def _threads(session: Session, typed: str) -> Iterator[Offer]:
    dump = session.dump
    exception = dump.exception
    guilty = None if isinstance(exception, Absent) else exception.thread_id
    for thread in dump.threads.walk(0, MANY):
        name = dump.thread_names.get(thread.tid)
        words = [f"id {thread.tid:x}", name, "raised the exception" if thread.tid == guilty else ""]
        about = ", ".join(word for word in words if word)
        if typed.lower().startswith(("0x", "tid:")):
            lead = "tid:" if typed.lower().startswith("tid:") else "0x"
            yield Offer(f"{lead}{thread.tid:x}", f"index {thread.index}" + (f", {name}" if name else ""))
        else:
            yield Offer(str(thread.index), about)


def _modules(session: Session, typed: str) -> Iterator[Offer]:
    dump = session.dump
    for module in dump.modules.walk(0, MANY):
        if module.name:
            yield Offer(module.name, f"{address_text(module.base, dump.pointer_size)}  {module.path}")


def _streams(session: Session, typed: str) -> Iterator[Offer]:
    for stream in islice(session.dump.streams, MANY):
        if stream.type:
            short = stream.name[: -len("Stream")] if stream.name.endswith("Stream") else stream.name
            if typed[:1].isdigit() or stream.name == "???":
                yield Offer(str(stream.index), f"{stream.name}, {stream.size} bytes")
            else:
                yield Offer(short, f"stream {stream.index}, {stream.size} bytes")
    if not typed[:1].isdigit():
        return


def _addresses(session: Session, typed: str) -> Iterator[Offer]:
    from .expression import current_thread
    from .registers import register_names

    dump = session.dump
    width = dump.pointer_size
    thread = current_thread(session)
    if thread is not None:
        yield Offer("@$ip", "where the current thread is")
        yield Offer("@$csp", "top of its stack")
        if thread.teb:
            yield Offer("@$teb", f"TEB of thread {thread.index}")
    if not isinstance(peb_address(dump), Absent):
        yield Offer("@$peb", "the PEB")
    exception = dump.exception
    if not isinstance(exception, Absent):
        yield Offer(address_text(exception.address, width), "where the exception was raised")
    if typed.startswith("@") and thread is not None:
        for name in sorted(register_names(dump)):
            yield Offer("@" + name, f"register of thread {thread.index}")
    if not typed.startswith("@"):
        yield from _modules(session, typed)
        for item in dump.threads.walk(0, 500):
            if item.stack_size:
                yield Offer(address_text(item.stack_start, width), f"stack of thread {item.index} ({item.tid:x}), 0x{item.stack_size:x} bytes")
        for region in dump.regions.walk(0, 1000):
            yield Offer(address_text(region.base, width), f"region of 0x{region.size:x} bytes")


def _rules(session: Session, typed: str) -> Iterator[Offer]:
    from ..diagnosis.catalogue import all_rules

    for rule in all_rules():
        yield Offer(rule.code, rule.title)


def _debugger(session: Session, typed: str) -> Iterator[Offer]:
    from ..diagnosis.plan import NEEDS
    from .missing import facts_of

    answers = facts_of(session).engine.commands if session.has_file else {}
    words = {"works": "works", "partial": "works in part", "fails": "fails on this dump"}
    for name, need in NEEDS.items():
        answer = answers.get(name)
        yield Offer(name, f"{words[answer.outcome]}: {answer.why or need.why}" if answer is not None else need.why)


def _flags(session: Session, typed: str) -> Iterator[Offer]:
    from ..format.flags import MINIDUMP_TYPE_BITS

    if session.has_dump:
        yield Offer(f"0x{session.dump.header.flags:x}", "the flags of this dump")
    for bit, row in MINIDUMP_TYPE_BITS.items():
        yield Offer(row.name, f"0x{bit:x}: {row.asks}" if bit else row.asks)


_NEEDS_DUMP: Dict[str, Callable[[Session, str], Iterator[Offer]]] = {
    "handle": _handles,
    "type": _types,
    "tid": _threads,
    "module": _modules,
    "stream": _streams,
    "address": _addresses,
}
_WITHOUT: Dict[str, Callable[[Session, str], Iterator[Offer]]] = {"rule": _rules, "debugger": _debugger, "flag": _flags}
_KEPT = ("type", "module", "rule", "debugger", "flag")
KINDS: Sequence[str] = (*_NEEDS_DUMP, *_WITHOUT)


def offers(session: Session, kind: str, typed: str = "") -> Iterator[Offer]:
    """What could stand for an argument of this kind. ``typed`` is what is there already; only some kinds look at it."""
    maker = _WITHOUT.get(kind)
    if maker is None:
        maker = _NEEDS_DUMP.get(kind) if session.has_dump else None
    if maker is None:
        return iter(())
    if kind not in _KEPT:
        return maker(session, typed)
    key = f"offers_{kind}"
    kept = session.memo.get(key)
    if kept is None:
        kept = list(maker(session, typed))
        session.memo[key] = kept
    return iter(kept)


def standing(session: Session) -> Tuple[int, int]:
    """How many errors and warnings the rules find in the session's file."""
    from ..diagnosis.audit import audit
    from .missing import facts_of

    found = [item.rule.severity for item in audit(facts_of(session))]
    return found.count("error"), found.count("warning")


__all__ = ["KINDS", "HandleIndex", "Offer", "offers", "standing"]
