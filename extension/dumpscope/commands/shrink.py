"""``shrink``: a small dump made of a large one."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, BinaryIO, Dict, Iterator, List, Tuple

from ..errors import UsageError
from ..session.parsing import number
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Column, Data, Note, Save, Table
from ..writing.report import check_paths, report
from ..writing.shrink import Shrunk
from .plan import flags_value

if TYPE_CHECKING:
    from ..view.blocks import Block

DEEPEST = 8
PAGE = 0x1000
_KEPT = [Column("what", "kept"), Column("ranges", "ranges", "int"), Column("size", "bytes", "int"), Column("commands", "for")]
_LEFT = [Column("what", "left out"), Column("size", "bytes", "int"), Column("why", "because")]
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@command(
    "shrink",
    summary="write a small dump made of a large one, which still answers !handle, ~*k, !runaway, !peb, !teb, lm, .ecxr and !address",
    category="failure",
    arguments=[
        arg("-o", "--output", metavar="OUT", help="the small dump; without it, only show what would be kept", completes="path"),
        arg(
            "--for",
            "--wanted",
            nargs="+",
            metavar="COMMAND",
            help="debugger commands that must still work, instead of those above, such as '!handle' k",
            completes="debugger",
        ),
        arg("--flags", metavar="VALUE|NAMES", help="keep what these flags would have captured: 0x1105, names, or .dump options", completes="flag"),
        arg("--memory", metavar="ADDRESS[:SIZE]", repeat=True, help="keep this memory besides: SIZE bytes (0x1000 unless given) at ADDRESS; both hexadecimal"),
        arg("--near", metavar="LEVELS", help=f"keep memory that registers and stacks point to, and what that points to, 1 to {DEEPEST} levels deep"),
        arg("--size", metavar="BYTES", help="the most that the result may have: 200K, 3M, or a decimal number of bytes; stacks are cut first at their base"),
        arg("--report", metavar="FILE", help="also write what was kept and left out to a JSON file", completes="path"),
        arg("--force", switch=True, help="replace OUT and the report if they exist (never the dump itself)"),
    ],
    examples=[
        ("shrink", "what would be kept"),
        ("shrink -o small.dmp", "write it"),
        ("shrink -o small.dmp --for '!handle' k", "only what two commands need"),
        ("shrink -o small.dmp --size 200K --report small.json", "as much as fits, and a report"),
    ],
    description=(
        "The dump itself is never changed. Threads, modules, handles and all other small streams are kept whole; of memory the stacks from the stack "
        "pointer to the base, TEBs, the PEB with process parameters and environment, code at instruction pointers, and unwind data of the images that "
        "stacks lead through. The result gets its name only after the model of the debugger's engine has opened it."
    ),
)
def shrink(session: Session, args: Any) -> Iterator[Block]:
    """What is kept; the small dump with ``-o``."""
    source = session.source
    check_paths(args.report, args.output, source.name, args.force)
    shrunk = Shrunk(
        session.dump,
        commands=getattr(args, "for") or (),
        flags=flags_value(args.flags) if args.flags is not None else None,
        memory=[_memory(text) for text in args.memory or ()],
        near=_levels(args.near) if args.near is not None else 0,
        most=_bytes(args.size) if args.size is not None else None,
    )
    yield Data("shrunk", bool(args.output))
    yield Table("kept", _KEPT, list(shrunk.kept))
    yield Table("left", _LEFT, list(shrunk.left))
    for note in shrunk.notes:
        yield Note(note, "hint")
    outcome: Dict[str, Any] = {"written": bool(args.output)}
    if args.output:

        def fill(file: BinaryIO) -> None:
            size = shrunk.write_to(file, lambda done: session.progress(min(done, shrunk.total), shrunk.total))
            outcome["result"] = {"name": os.path.basename(args.output), "size": size}

        told: List[str] = list(shrunk.notes)
        yield Save(args.output, _no_chunks, "small dump", source.name, args.force, fill, shrunk.check)
        for note in shrunk.notes:
            if note not in told:
                yield Note(note, "hint")
    else:
        yield Note("Nothing was written: -o OUT writes the small dump", "hint")
    if args.report:
        outcome["kept"] = [item._asdict() for item in shrunk.kept]
        outcome["left"] = [item._asdict() for item in shrunk.left]
        outcome["notes"] = list(shrunk.notes)
        yield Save(args.report, lambda: report("shrink", source.name, source.size, outcome), "report", source.name, args.force)


def _memory(text: str) -> Tuple[int, int]:
    """ADDRESS[:SIZE]. Raises UsageError."""
    start, _, size = text.partition(":")
    address, length = number(start, "address"), number(size, "size") if size else PAGE
    if address + length > 1 << 64:
        raise UsageError(f"0x{length:x} bytes at 0x{address:x} leave the address space")
    return address, length


def _levels(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= len(text) <= 2 or not 1 <= int(text) <= DEEPEST:
        raise UsageError(f"{text!r} is no number of levels", f"--near takes 1 to {DEEPEST}")
    return int(text)


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,18})([KMG]?)i?B?", text.strip(), re.IGNORECASE | re.ASCII)
    if found is None:
        raise UsageError(f"{text!r} is no size", "give a decimal number of bytes, or one with K, M or G behind it, such as 200K")
    return int(found.group(1)) * _UNITS[found.group(2).upper()]


def _no_chunks() -> Iterator[bytes]:
    return iter(())
