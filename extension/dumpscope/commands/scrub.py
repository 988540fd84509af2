"""``scrub``: a dump that may be given away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator

from ..errors import EXIT_NOT_IN_DUMP
from ..format.counted import counted
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Column, Data, Note, Save, Table
from ..writing.scrub import ALL, FRAMES, LIMITS, NONE, Scrubbed, find_text

if TYPE_CHECKING:
    from ..view.blocks import Block

MAX_FOUND = 100
"""Places of one text that are listed."""

_ITEMS = [
    Column("what", "what goes"),
    Column("offset", "first at", "offset"),
    Column("count", "count", "int"),
    Column("size", "bytes", "int"),
    Column("becomes", "becomes"),
]
_FOUND = [Column("text", "text"), Column("offset", "at", "offset"), Column("how", "as")]


@command(
    "scrub",
    summary="write a copy of the dump that may be given away: data wiped, names exchanged, every offset kept",
    category="failure",
    arguments=[
        arg("-o", "--output", metavar="OUT", help="the scrubbed dump; without it nothing is written", completes="path"),
        arg("--show", switch=True, help="only show what would go, with offsets and counts; write nothing"),
        arg("--stacks", choices=[NONE, FRAMES, ALL], default=FRAMES, help="what stays of stacks: none, frames (what a stack walk reads) or all"),
        arg("--find", metavar="TEXT", repeat=True, help="prove that a text is not in the result: ASCII, UTF-16, and across ranges; exit code 1 if it is"),
        arg("--force", switch=True, help="replace OUT if it exists (never the dump itself)"),
    ],
    examples=[("scrub --show", "what would go"), ("scrub -o public.dmp --find hunter2", "write it, and prove that a password is gone")],
    description=(
        "The dump itself is never changed. All captured memory goes but the code of modules, the numbers of TEBs and the PEB, and return addresses and "
        "pointers in stacks; so do the environment, the command line, comments, values of annotations, streams that only their writer knows, and "
        "registers that point to neither code nor stacks. Names of users, machines and objects, and account SIDs, become tokens of equal length. "
        "The result gets its name only after the model of the debugger's engine has opened it."
    ),
)
def scrub(session: Session, args: Any) -> Iterator[Block]:
    """What goes; the scrubbed file with ``-o``."""
    scrubbed = Scrubbed(session.dump, args.stacks)
    texts = [text for text in args.find or [] if text]
    writes = bool(args.output) and not args.show
    found = [place for text in texts for _, place in zip(range(MAX_FOUND), find_text(scrubbed, text))]
    yield Data("scrubbed", writes and not found)
    if args.show or not writes:
        yield Table("items", _ITEMS, list(scrubbed.items))
    if texts:
        yield Table("found", _FOUND, list(found))
    if found:
        session.status = EXIT_NOT_IN_DUMP
        yield Note(f"{counted(len(found), 'place')} of what --find asked for would be left; nothing is written.", "warning")
        return
    for text in texts:
        yield Note(f"{text!r} is not in the result: not in ASCII, not in UTF-16, not across the borders of ranges.")
    yield Data("limits", list(LIMITS))
    for limit in LIMITS:
        yield Note(limit, "hint")
    if not writes:
        yield Note("Nothing was written: -o OUT writes the scrubbed dump", "hint")
        return
    yield Save(args.output, _no_chunks, "scrubbed dump", session.source.name, args.force, scrubbed.write_to, lambda path: scrubbed.check_file(path, texts))


def _no_chunks() -> Iterator[bytes]:
    return iter(())
