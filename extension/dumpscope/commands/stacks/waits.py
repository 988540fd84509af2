"""``waits``: what each thread waits for, who can end it, and threads that wait for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, List, Optional, Sequence

from ...dump.absence import NOT_THERE, Absent
from ...format.counted import counted
from ...session.missing import missing, why_empty
from ...session.registry import arg, command
from ...session.session import Session
from ...session.threads import find_thread
from ...session.waiting import all_waits, deadlocks, ring_blocks, wait_json, wait_of, wait_words
from ...session.walks import walks_of
from ...stacks.waits.waits import Wait
from ...view.blocks import Column, Note, Table
from .stack import PATHS, proof_line

if TYPE_CHECKING:
    from ...view.blocks import Block


_MEMBERS = ("meaning", "all", "objects", "note", "evidence")


def _member(name: str) -> Callable[[Wait], Any]:
    return lambda wait: wait_json(wait)[name]


def _columns(session: Session) -> List[Column]:
    """Columns over rows that are one Wait each."""
    names = session.dump.thread_names
    return [
        Column("index", "#", "int", index=0, get=lambda wait: None if wait.thread is None else wait.thread.index, link="stack {}"),
        Column("tid", "tid", "id", index=0, get=lambda wait: wait.tid, link="~~[{}]s"),
        Column("call", "in", "symbol", index=0, get=lambda wait: wait.call),
        Column("waits_for", "waits for", "text", index=0, get=wait_words),
        *(Column(name, "", "data", hidden=True, index=0, get=_member(name)) for name in _MEMBERS),
        Column("name", "name", "name", index=0, get=lambda wait: names.get(wait.tid) or None, hidden=not len(names)),
    ]


def _evidence(cells: Sequence[Any]) -> Iterable[str]:
    """How a wait is known, below its row."""
    wait: Wait = cells[0]
    seen = set()
    for item in wait.objects:
        yield f"     0x{item.value:x} is known by {item.known_by}"
        for proof in item.proofs:
            if proof not in seen:
                seen.add(proof)
                yield "       " + proof_line(proof)
    for proof in wait.proofs:
        yield "     " + proof_line(proof)


@command(
    "waits",
    summary="what each thread waits for, who can end the wait, and threads that wait for each other, if that is proven",
    category="threads",
    arguments=[
        arg("thread", nargs="?", metavar="THREAD", help="only this one: its index (decimal), or its id (0x4554, tid:4554)", completes="tid"),
        arg("--evidence", switch=True, help="show how each handle and section is known, and where the proof stands"),
        *PATHS,
    ],
    examples=[
        ("waits", "all threads that wait in the kernel, and deadlocks"),
        ("waits 3 --evidence", "the fourth thread, with the proof"),
        ("waits -i images", "with images that the dump does not have"),
    ],
    spellings=["!locks", "!cs"],
)
def waits(session: Session, args: Any) -> Iterator[Block]:
    """Waits."""
    dump = session.dump
    if not len(dump.threads):
        yield from missing(session, "waits", why_empty(dump.threads, "the thread list"), "~")
        return
    walks = walks_of(session, args.image_path or (), args.symbol_path or (), args.loose, download=args.download)
    note = ""
    if args.thread is not None:
        thread, note = find_thread(session, args.thread)
        if thread is None:
            yield from missing(session, "waits", Absent(NOT_THERE, f"there is no thread {args.thread} among the {len(dump.threads)} of this dump"))
            return
        single: Optional[Wait] = wait_of(session, walks, thread)
        found = [] if single is None else [single]
    else:
        found = list(all_waits(session, walks))
    yield Table("waits", _columns(session), [(wait,) for wait in found], detail=_evidence if args.evidence else None)
    if args.thread is None:
        yield from ring_blocks(deadlocks(found))
    total = 1 if args.thread is not None else len(dump.threads)
    yield Note(
        f"{len(found)} of {counted(total, 'thread')} {'is' if len(found) == 1 else 'are'} in a system call in which threads wait, as far as code at hand shows"
    )
    if not found:
        yield Note("the code of the system call and its name are needed: from captured memory, or from images (-i)", "hint")
    if note:
        yield Note(note, "hint")
