"""``mend``: a dump that the debugger refuses, written anew so that it opens."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO, Dict, Iterator

from ..errors import EXIT_NOT_IN_DUMP, DumpError
from ..session.registry import DUMP_ANY, arg, command
from ..session.session import Session
from ..view.blocks import Column, Data, Note, Save, Table
from ..writing.mend import mend as find_repairs
from ..writing.report import check_paths, report

if TYPE_CHECKING:
    from ..view.blocks import Block

_COLUMNS = [
    Column("kind", "done", "text"),
    Column("what", "what"),
    Column("offset", "at", "offset"),
    Column("before", "before"),
    Column("after", "after"),
    Column("code", "rule", link="explain {}"),
]


@command(
    "mend",
    summary="write a refused dump anew so that the debugger opens it",
    category="failure",
    arguments=[
        arg("-o", "--output", metavar="OUT", help="the mended dump; without it, only show what would be changed", completes="path"),
        arg("--invent", switch=True, help="make up a missing SystemInfo or thread; a comment in the result says so"),
        arg("--report", metavar="FILE", help="also write what was done, or why nothing can be, to a JSON file", completes="path"),
        arg("--force", switch=True, help="replace OUT and the report if they exist (never the dump itself)"),
    ],
    examples=[("mend", "what would be changed"), ("mend -o mended.dmp", "write the mended dump")],
    dump=DUMP_ANY,
    description=(
        "The dump itself is never changed. Each change is listed with the offset, the old and the new value, and the rule that explains it. The result "
        "gets its name only after the model of the debugger's engine has opened it. A file that needs no mending is copied as it is. "
        "Exit code 1: nothing is known that would make the debugger open the file. Exit code 3: the file is no minidump, or cut inside its header."
    ),
)
def mend(session: Session, args: Any) -> Iterator[Block]:
    """What is wrong with the file and can be undone; the mended file with ``-o``."""
    source = session.source
    check_paths(args.report, args.output, source.name, args.force)
    outcome: Dict[str, Any] = {"written": False}
    yield from _mend(session, args, outcome)
    if args.report:
        yield Save(args.report, lambda: report("mend", source.name, source.size, outcome), "report", source.name, args.force)


def _mend(session: Session, args: Any, outcome: Dict[str, Any]) -> Iterator[Block]:
    """The answer; what the report says goes to ``outcome``."""
    source = session.source
    try:
        mending = find_repairs(source, invent=args.invent)
    except DumpError as error:
        session.status = EXIT_NOT_IN_DUMP
        outcome["reason"] = reason = {"message": error.message, "hint": error.hint}
        yield Data("mended", False)
        yield Data("reason", reason)
        yield Note(error.message[:1].upper() + error.message[1:] + ".", "warning")
        if error.hint:
            yield Note(error.hint, "hint")
        return
    session.answered = True  # a file that can be mended is one that this command reads
    yield Data("mended", bool(args.output) and not mending.sound)
    yield Table("repairs", _COLUMNS, [(item.kind, item.what, item.offset, item.before, item.after, item.code) for item in mending.repairs])
    outcome["sound"] = mending.sound
    outcome["threadless"] = mending.threadless
    if mending.sound:
        yield Note("Nothing has to be mended: the debugger opens this file as it is, and takes each of its streams.")
    if mending.threadless:
        yield Note("The result opens without a thread: the file has none that could be read. --invent makes one up.", "warning")
    if args.output:

        def fill(file: BinaryIO) -> None:
            size = mending.write_to(file, lambda done: session.progress(min(done, source.size), source.size))
            outcome["result"] = {"name": os.path.basename(args.output), "size": size}

        # Whoever gets exit code 0 has a file that opens under this name.
        what = "copy, which is the same file" if mending.sound else "mended dump"
        yield Save(args.output, _no_chunks, what, source.name, args.force, fill, mending.check)
        outcome["written"] = True
    elif not mending.sound:
        yield Note("Nothing was written: -o OUT writes the mended dump", "hint")
    outcome["repairs"] = [item._asdict() for item in mending.repairs]  # what was cut is known when it is written


def _no_chunks() -> Iterator[bytes]:
    return iter(())
