"""``frame``, ``up``, ``down``: one frame of the current stack in full: its registers, how it was found, and where the proof stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, List, Tuple

from ...dump.absence import NOT_THERE, Absent
from ...session.missing import missing
from ...session.parsing import number
from ...session.registry import arg, command
from ...session.session import Session
from ...session.walks import Row, Walks, proofs_of, stack_json, walks_of
from ...stacks.frames import Stack, frame_values
from ...view.blocks import Column, Data, Fields, Item, Lines, Note, Table
from ...view.kinds import address_kind
from .stack import DEFAULT_LIMIT, end_note, register_lines, thread_of

if TYPE_CHECKING:
    from ...view.blocks import Block


def _current(session: Session) -> Tuple[Walks, Stack, List[Row], int]:
    """The current stack, its rows, and the number of the current frame in it."""
    walks = walks_of(session)
    thread, _, _ = thread_of(session, None)
    stack = walks.stack(thread, DEFAULT_LIMIT)
    chosen = session.memo.get("frame")
    index = -1 if thread is None else thread.index
    place = chosen[1] if isinstance(chosen, tuple) and chosen[0] == index else 0
    return walks, stack, list(walks.rows(stack)), place


def _show(session: Session, wanted: int) -> Iterator[Block]:
    walks, stack, rows, _ = _current(session)
    if not rows:
        yield from missing(session, "frame", Absent(NOT_THERE, stack.end.message))
        return
    if wanted >= len(rows):
        yield from missing(session, "frame", Absent(NOT_THERE, f"there is no frame {wanted:x}: the stack has {len(rows)}"))
        yield from end_note(stack)
        return
    thread, _, _ = thread_of(session, None)
    session.memo["frame"] = (-1 if thread is None else thread.index, wanted)
    row = rows[wanted]
    frame = row.frame
    kind = address_kind(session.dump.pointer_size)
    yield Data("frame", make=lambda: stack_json(walks, stack, registers=True)[wanted])
    items = [
        Item("", "Frame", row.number, "int", text=f"{row.number:02x}", note=row.place + row.line),
        Item("", "Child-SP", row.child, kind, link="read {}"),
        Item("", "Instruction", frame.ip, kind, link="address {}"),
        Item("", "Return address", frame.return_address, kind, link="address {}"),
        Item("", "Found by", frame.origin.words, "text", note="" if frame.certain else "a guess: nothing proves this frame"),
    ]
    yield Fields("", items, title="frame")
    if frame_values(stack, frame):
        yield Lines("", [line.strip() for line in register_lines(stack, frame)], title="registers that are known")
    proofs = proofs_of(walks, stack, frame)
    columns = [
        Column("", "what", "text", index=0),
        Column("", "value", "text", index=1),
        Column("", "at", "offset", index=3),
        Column("", "of", "path", index=2),
    ]
    yield Table("", columns, [(proof.what, proof.value, proof.file or "the dump", proof.offset) for proof in proofs], title="proof")


@command(
    "frame",
    summary="one frame of the current stack: registers, how it was found, and where the proof stands",
    category="threads",
    arguments=[arg("frame", nargs="?", metavar="N", help="the frame's number, hexadecimal as the stack shows it; without it, the current frame")],
    examples=[("frame 3", "the fourth frame"), ("frame", "the current one")],
    spellings=[".frame"],
    debugger=False,
)
def frame(session: Session, args: Any) -> Iterator[Block]:
    """One frame."""
    if args.frame is None:
        yield from _show(session, _current(session)[3])
        return
    wanted = number(args.frame, "frame's number")
    yield from _show(session, wanted)


@command(
    "up",
    summary="the frame that called the current one",
    category="threads",
    examples=[("up", "one frame out")],
    debugger=False,
)
def up(session: Session, args: Any) -> Iterator[Block]:
    """One frame out."""
    yield from _show(session, _current(session)[3] + 1)


@command(
    "down",
    summary="the frame that the current one called",
    category="threads",
    examples=[("down", "one frame in")],
    debugger=False,
)
def down(session: Session, args: Any) -> Iterator[Block]:
    """One frame in."""
    place = _current(session)[3]
    if not place:
        yield from missing(session, "frame", Absent(NOT_THERE, "the current frame is the innermost one"))
        yield Note("`up` goes to the frame that called it", "hint")
        return
    yield from _show(session, place - 1)
