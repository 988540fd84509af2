"""What commands say of waits: one line of words and plain values for each, threads that wait for each other, and the waits of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Tuple

from ..dump.absence import Absent
from ..dump.streams.threads import Thread
from ..stacks.waits.waits import ADDRESSES, MAX_THREADS, Awaited, Wait, Waits, deadlocks
from ..view.blocks import Data, Note
from .session import Session
from .walks import Walks, proof_json, walks_of

if TYPE_CHECKING:
    from ..view.blocks import Block

DEPTH = 64
"""Frames of a stack that are walked to find what it waits for."""
FEW_THREADS = 512
"""Threads that `why` looks at for waits in a ring."""
SHOWN = 4
"""Objects of one wait that a line names."""


def waits_of(walks: Walks, session: Session) -> Waits:
    """The finder of waits that belongs to a session's walker."""
    known = session.memo.get("waits")
    if isinstance(known, tuple) and known[0] is walks:
        found = known[1]
        assert isinstance(found, Waits)
        return found
    made = Waits(session.dump, walks.images, walks.namer)
    session.memo["waits"] = (walks, made)
    return made


def wait_of(session: Session, walks: Walks, thread: Optional[Thread]) -> Optional[Wait]:
    """What a thread waits for, without one that of the exception; None where it is in no call in which threads wait."""
    exception = session.dump.exception
    tid = thread.tid if thread is not None else 0 if isinstance(exception, Absent) else exception.thread_id
    waits = waits_of(walks, session)
    if not waits.in_call(walks.stack(thread, 0)):
        return None  # most threads are not, and the innermost frame tells
    return waits.of(thread, tid, walks.stack(thread, DEPTH))


def all_waits(session: Session, walks: Walks, most: int = MAX_THREADS) -> Iterator[Wait]:
    """The waits of all threads, of the first ``most`` of them."""
    threads = session.dump.threads
    for number, thread in enumerate(threads):
        if number >= most:
            return
        session.progress(number, min(most, len(threads)))
        found = wait_of(session, walks, thread)
        if found is not None:
            yield found


def object_words(item: Awaited) -> str:
    """``Event 0x34 \\BaseNamedObjects\\Ready``, and whose it is."""
    if item.kind in ADDRESSES:
        words = f"{item.kind} {f'0x{item.value:x}' if not item.name else f'{item.name} (0x{item.value:x})'}"
    else:
        words = " ".join(part for part in (item.type or "handle", f"0x{item.value:x}", item.name) if part)
    if item.owner_words:
        words += f", which {item.owner_words}" if item.owner_words.startswith("is ") else f", {item.owner_words}"
    return words if item.certain else f"{words} (not proven: it was read from memory that may have changed)"


def wait_words(wait: Wait) -> str:
    """What a thread waits for, in one line."""
    if not wait.objects:
        return wait.meaning + (f"; {wait.note}" if wait.note else "")
    many = len(wait.objects) > 1
    how = {True: "all of ", False: "one of ", None: ""}[wait.all] if many else ""
    shown = "; ".join(object_words(item) for item in wait.objects[:SHOWN]) + (f"; and {len(wait.objects) - SHOWN} more" if len(wait.objects) > SHOWN else "")
    words = f"{how}{len(wait.objects)} objects: {shown}" if many else shown
    return words + (f" ({wait.note})" if wait.note else "")


def wait_json(wait: Wait) -> Dict[str, Any]:
    """A wait as plain values."""
    return {
        "call": wait.call,
        "meaning": wait.meaning,
        "all": wait.all,
        "objects": [_object_json(item) for item in wait.objects],
        "note": wait.note or None,
        "evidence": [proof_json(proof) for proof in wait.proofs],
    }


def _object_json(item: Awaited) -> Dict[str, Any]:
    return {
        "kind": item.kind,
        "handle": None if item.kind in ADDRESSES else f"0x{item.value:x}",
        "address": f"0x{item.value:x}" if item.kind in ADDRESSES else None,
        "type": item.type or None,
        "name": item.name or None,
        "owner_tid": item.owner,
        "owner": item.owner_words or None,
        "known_by": item.known_by,
        "certain": item.certain,
        "evidence": [proof_json(proof) for proof in item.proofs],
    }


def ring_words(ring: Tuple[Wait, ...]) -> str:
    """Threads that wait for each other, in one line."""
    steps = []
    for place, wait in enumerate(ring):
        following = ring[(place + 1) % len(ring)]
        item = next(item for item in wait.objects if item.owner == following.tid)
        steps.append(f"thread {wait.tid:x} waits for {object_words(item)}")
    return f"deadlock: {len(ring)} threads wait for each other: {'; '.join(steps)}"


def ring_blocks(rings: List[Tuple[Wait, ...]]) -> Iterator[Block]:
    """The rings as values and as warnings."""
    yield Data("deadlocks", [{"tids": [wait.tid for wait in ring], "words": ring_words(ring)} for ring in rings])
    for ring in rings:
        yield Note(ring_words(ring), "warning")


def wait_note(session: Session, walks: Walks, thread: Optional[Thread]) -> Iterator[Block]:
    """A line on what a thread waits for, where that is more than its innermost frame says."""
    found = wait_of(session, walks, thread)
    if found is not None and (found.objects or found.note):
        yield Note(f"waits for {wait_words(found)}" if found.objects else f"waits {wait_words(found)}")


def deadlock_notes(session: Session) -> Iterator[Block]:
    """Threads that wait for each other, for `why`."""
    if not session.has_dump or len(session.dump.threads) < 2:
        return
    rings = deadlocks(list(all_waits(session, walks_of(session), FEW_THREADS)))
    if rings:
        yield from ring_blocks(rings)
        yield Note("`waits` shows what each thread waits for", "hint")


__all__ = ["all_waits", "deadlock_notes", "deadlocks", "ring_blocks", "wait_json", "wait_note", "wait_of", "wait_words", "waits_of"]
