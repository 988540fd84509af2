"""``stack`` on a kernel dump: the kernel stack of the thread that stopped the machine, through the walker of all other stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator

from ...dump.absence import Absent
from ...dump.kernel.view import minidump_view
from ...errors import UsageError
from ...session.argument_words import ArgumentWords
from ...session.session import Session
from ...session.walks import end_json, stack_json, walks_of
from ...stacks.frames import CONTEXT
from ...view.blocks import Data, Note
from ..stacks.stack import Drawn, arguments_note, draw, frames_limit, missing_images, more_members, parameters_note, tried_table
from .registry import answer, kernel_of

if TYPE_CHECKING:
    from ...view.blocks import Block


@answer("stack")
def stack(session: Session, args: Any) -> Iterator[Block]:
    """The stack of the one thread. What no image proves is found by a scan, and called a guess."""
    dump = kernel_of(session)
    if args.thread not in (None, "0"):
        raise UsageError("a kernel dump has one stack, that of the thread that stopped the machine", "give no thread")
    inner = session.memo.get("kernel view")
    if not isinstance(inner, Session):
        inner = session.memo["kernel view"] = Session(minidump_view(dump), session.path)
    walks = walks_of(inner, args.image_path or (), args.symbol_path or (), args.loose, scan=True, download=args.download)
    registers = dump.registers
    if isinstance(registers, Absent):
        session.not_in_dump()
        yield Data("stacks", None)
        yield Note(registers.message, "warning")
        return
    found = walks.walker.walk(registers, None, CONTEXT, frames_limit(args.limit))
    words = ArgumentWords(walks, found, None, fpo=args.fpo) if args.arguments or args.fpo else None
    yield Data(
        "stacks",
        make=lambda: [
            {
                "architecture": found.architecture or None,
                "registers_from": dump.registers_from,
                "frames": stack_json(walks, found, registers=args.registers, more=more_members(walks, found, None, args, words)),
                "end": end_json(found),
                **({} if words is None else {"arguments_are": words.meaning}),
            }
        ],
    )
    if not found.frames:
        session.not_in_dump()
        yield Note(f"no stack: {found.end.message}", "warning")
        return
    drawn = Drawn(walks, None, found, dump.pointer_size)
    yield from draw(inner, drawn, args, f"kernel stack, from the registers of {dump.registers_from}")
    yield from arguments_note([drawn], args)
    yield from parameters_note([drawn], args)
    yield from missing_images([found])
    if found.guesses:
        yield Note(
            "Without images the debugger's `k` takes each word of the stack for a return address; here only words that point into a driver are shown.", "hint"
        )
    for line in dump.damage:
        yield Note(line, "warning")
    if args.symbols:
        yield tried_table(walks)
