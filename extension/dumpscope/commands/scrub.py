"""``scrub``: a dump that may be given away."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO, Dict, Iterator

from ..errors import EXIT_NOT_IN_DUMP
from ..format.counted import counted
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Column, Data, Note, Save, Table
from ..writing.found import find_text
from ..writing.policy import DEFAULT, STACKS, read_policy
from ..writing.report import check_paths, report
from ..writing.scrub import LIMITS, Scrubbed

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
        arg("--show", switch=True, help="only show what would be removed, with offsets and counts; write nothing"),
        arg("--reveal", switch=True, help="show the names of users and machines that are removed, not only their lengths"),
        arg("--stacks", choices=list(STACKS), help="what stays of stacks: none, frames (what a stack walk reads; the default) or all"),
        arg("--policy", metavar="FILE", help="what to keep and what else to wipe, as TOML; docs/writing.md describes it", completes="path"),
        arg("--find", metavar="TEXT", repeat=True, help="prove that a text is not in the result, in any encoding or across ranges; exit code 1 if it is"),
        arg("--report", metavar="FILE", help="also write what was done to a JSON file, which quotes no name and no text", completes="path"),
        arg("--force", switch=True, help="replace OUT and the report if they exist (never the dump itself)"),
    ],
    examples=[
        ("scrub --show", "what would go"),
        ("scrub -o public.dmp --find hunter2", "write it, and prove that a password is gone"),
        ("scrub -o public.dmp --policy team.toml --report public.json", "with the rules of a team, and a report"),
    ],
    description=(
        "The dump itself is never changed. All captured memory goes but the code of modules, the numbers of TEBs and the PEB, and what a stack walk "
        "reads of stacks; so do the environment, the command line, comments, values of annotations, streams that only their writer knows, bytes that "
        "nothing leads to, and registers that point to neither code nor stacks. Names of users, machines and objects, and account SIDs, become tokens of "
        "equal length. The result gets its name only after the model of the debugger's engine has opened it."
    ),
)
def scrub(session: Session, args: Any) -> Iterator[Block]:
    """What goes; the scrubbed file with ``-o``."""
    writes = bool(args.output) and not args.show
    check_paths(args.report, args.output if writes else None, session.source.name, args.force)
    policy = read_policy(args.policy) if args.policy else DEFAULT
    scrubbed = Scrubbed(session.dump, args.stacks, policy, reveal=args.reveal)
    texts = [text for text in (*(args.find or []), *policy.find) if text]
    found = [place for text in texts for _, place in zip(range(MAX_FOUND), find_text(scrubbed, text))]
    yield Data("scrubbed", writes and not found)
    yield Data("stacks", scrubbed.stacks)
    if args.show or not writes:
        yield Table("items", _ITEMS, list(scrubbed.items))
    if texts:
        yield Table("found", _FOUND, list(found))
    outcome: Dict[str, Any] = {"written": writes and not found, "stacks": scrubbed.stacks}
    if found:
        session.status = EXIT_NOT_IN_DUMP
        yield Note(f"{counted(len(found), 'place')} of what --find asked for would be left; nothing is written.", "warning")
    else:
        for text in texts:
            yield Note(
                f"{text!r} is not in the result: not in ASCII, UTF-16 of either order of bytes, base64 or percent-encoded, not across the borders of ranges."
            )
        yield Data("limits", list(LIMITS))
        for limit in LIMITS:
            yield Note(limit, "hint")
        if writes:

            def fill(file: BinaryIO) -> None:
                scrubbed.write_to(file, lambda done: session.progress(done, scrubbed.size))

            yield Save(args.output, _no_chunks, "scrubbed dump", session.source.name, args.force, fill, lambda path: scrubbed.check_file(path, texts))
            outcome["result"] = {"name": os.path.basename(args.output), "size": scrubbed.size}
        else:
            yield Note("Nothing was written: -o OUT writes the scrubbed dump", "hint")
    if args.report:
        # Of names and searched texts the report says how many there are, and no more: it is given away with the dump.
        outcome["items"] = [item._asdict() for item in scrubbed.masked]
        outcome["searched"] = [{"characters": len(text), "places": sum(place.text == text for place in found)} for text in texts]
        outcome["limits"] = list(LIMITS)
        yield Save(args.report, lambda: report("scrub", session.source.name, scrubbed.size, outcome), "report", session.source.name, args.force)


def _no_chunks() -> Iterator[bytes]:
    return iter(())
