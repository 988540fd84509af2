"""``shrink`` and ``extract``: smaller files made of a dump."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from ..diagnosis.engine.view import EngineView
from ..dump.absence import EMPTY, NOT_THERE, Absent
from ..dump.streams.modules import Module
from ..errors import UsageError
from ..session.expression import evaluated
from ..session.missing import missing
from ..session.parsing import number
from ..session.places import find_stream
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Column, Data, Note, Save, Table
from ..view.kinds import address_kind
from ..writing.extract import Extracted, cut_range, extract_module, extract_modules, extract_range, extract_stream, file_names
from ..writing.output import permitted
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
        arg("--memory", metavar="ADDRESS[:SIZE]", repeat=True, help="also keep this memory: SIZE bytes (0x1000 unless given) at ADDRESS; both hexadecimal"),
        arg("--near", metavar="LEVELS", help=f"keep memory that registers and stacks point to, and what that points to, 1 to {DEEPEST} levels deep"),
        arg("--size", metavar="BYTES", help="the largest size of the result: 200K, 3M, or a decimal number of bytes; stacks are cut first at their base"),
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
    outcome: Dict[str, Any] = {"written": bool(args.output)}

    def fill(file: BinaryIO) -> None:
        size = shrunk.write_to(file, lambda done: session.progress(min(done, shrunk.total), shrunk.total))
        outcome["result"] = {"name": os.path.basename(args.output), "size": size}

    opens = session.user_dump is not None or EngineView(session.dump.source).opening.ok
    yield Data("shrunk", bool(args.output))
    told: List[str] = []
    parts: List[Iterable[Block]] = [_kept(shrunk, told)]
    if args.output:
        # Of a dump that the debugger does not open the result may be refused as well: then no table says what it would have had.
        save = Save(args.output, _no_chunks, "small dump", source.name, args.force, fill, shrunk.check)
        parts.insert(1 if opens else 0, [save])
    yield from chain.from_iterable(parts)
    yield from _notes(shrunk, told)
    if not args.output:
        refused = "Nothing was written. The debugger does not open this dump, and -o OUT writes only what it opens: `why` says what is wrong"
        yield Note("Nothing was written: -o OUT writes the small dump" if opens else refused, "hint")
    if args.report:
        outcome["kept"] = [item._asdict() for item in shrunk.kept]
        outcome["left"] = [item._asdict() for item in shrunk.left]
        outcome["notes"] = list(shrunk.notes)
        yield Save(args.report, lambda: report("shrink", source.name, source.size, outcome), "report", source.name, args.force)


def _kept(shrunk: Shrunk, told: List[str]) -> Iterator[Block]:
    """What is kept and what is left out."""
    yield Table("kept", _KEPT, list(shrunk.kept))
    yield Table("left", _LEFT, list(shrunk.left))
    yield from _notes(shrunk, told)


def _notes(shrunk: Shrunk, told: List[str]) -> Iterator[Block]:
    """What is to be said besides, each note once: writing adds some."""
    for note in shrunk.notes:
        if note not in told:
            told.append(note)
            yield Note(note, "hint")


def _memory(text: str) -> Tuple[int, int]:
    """ADDRESS[:SIZE]. Raises UsageError."""
    start, _, size = text.partition(":")
    address, length = number(start, "address"), number(size, "size") if size else PAGE
    if not length:
        raise UsageError(f"--memory {text}: 0 bytes are nothing to keep", "give the size in hexadecimal, or leave it out for 0x1000")
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
        raise UsageError(f"{text!r} is no size", "give a decimal number of bytes, or one with K, M or G after it, such as 200K")
    return int(found.group(1)) * _UNITS[found.group(2).upper()]


MOST_GAPS = 1000
"""Gaps that are listed."""


class _File(NamedTuple):
    """A file to be written."""

    path: str
    what: str
    made: Extracted


@command(
    "extract",
    summary="write the image of a module, memory, or a stream to a file",
    category="memory",
    arguments=[
        arg("-o", "--output", metavar="FILE", help="the file; without it, only show what would be in it", completes="path"),
        arg("--module", metavar="NAME", help="the image of this module: sections at their file offsets where its headers are sound", completes="module"),
        arg("--range", nargs="+", metavar="ADDRESS", help="memory: an address or expression, and the size in hexadecimal or L? and the size"),
        arg("--stream", metavar="N|NAME", help="a stream by its number in the directory or its name"),
        arg("--all-modules", metavar="DIR", help="the images of all modules that are captured, into a folder that exists", completes="path"),
        arg("--force", switch=True, help="replace files that exist (never the dump itself)"),
    ],
    examples=[
        ("extract --module ntdll", "which parts of its image the dump has"),
        ("extract --module ntdll -o ntdll.dll", "write them, at their file offsets"),
        ("extract --range '@rsp' 1000 -o stack.bin", "memory, as .writemem"),
        ("extract --stream HandleData -o handles.bin", "the bytes of a stream"),
    ],
    description=(
        "Bytes that the dump does not have are zeros in the file and are listed. An image stays as the loader and the program left it: with relocated "
        "addresses, bound imports and changed data, so its checksum and signature do not hold. The dump itself is never changed."
    ),
)
def extract(session: Session, args: Any) -> Iterator[Block]:
    """Parts of the dump as files."""
    chosen = [
        name for name, value in (("--module", args.module), ("--range", args.range), ("--stream", args.stream), ("--all-modules", args.all_modules)) if value
    ]
    if len(chosen) != 1:
        raise UsageError("extract takes one of --module, --range, --stream and --all-modules", f"given: {', '.join(chosen) or 'none'}")
    if args.all_modules:
        if args.output:
            raise UsageError("--all-modules takes no -o", "its files go into the folder")
        files = list(_all(session, args.all_modules))
        if not files:
            yield from missing(session, "modules", Absent(NOT_THERE, "no module of this dump has captured bytes"))
            return
    else:
        what, made = _one(session, args)
        if isinstance(made, Absent):
            yield from missing(session, "extracted", made)
            return
        files = [_File(args.output or "", what, made)]
    for file in files:
        if file.path:
            permitted(file.path, args.force, session.source.name)
    yield from _tables(session, files)
    for file in files:
        if file.path:
            yield Save(file.path, _no_chunks, file.what, session.source.name, args.force, file.made.write_to)
        else:
            yield Note("Nothing was written: -o FILE writes it", "hint")


def _one(session: Session, args: Any) -> Tuple[str, Any]:
    dump = session.dump
    if args.module:
        module = _module(session, args.module)
        image = extract_module(dump, module)
        if isinstance(image, Absent):
            image = image._replace(message=image.message + cut_range(dump, module.base, module.end))
        return f"image of {module.name}", image
    if args.stream:
        index = find_stream(dump, args.stream)
        what = f"stream {index}, {dump.streams[index].name}"
        if not dump.streams[index].size:
            return what, Absent(EMPTY, f"{what}: its size in the directory is 0, there is nothing to extract")
        return what, extract_stream(dump, index)
    if len(args.range) != 2:
        raise UsageError("--range takes an address and a size", "such as --range '@rsp' 1000")
    start = evaluated(session, args.range[0])
    text = args.range[1]
    size = number(text[1:].lstrip("?") if text[:1] in "lL" else text, "size")
    if not size:
        raise UsageError("a size of 0 bytes is nothing")
    return "memory", start if isinstance(start, Absent) else extract_range(dump, start, size)


def _module(session: Session, text: str) -> Module:
    """The one module that a name, a pattern or an address means. Raises UsageError."""
    modules = session.dump.modules
    wanted = text.lower()
    found = [module for module in modules if wanted in (module.name.lower(), module.file_name.lower())]
    found = found or [module for module in modules if fnmatchcase(module.file_name.lower(), wanted)]
    if not found and wanted[:1].isdigit():
        here = modules.at(number(text, "module"))
        found = [here] if here is not None else []
    if not found:
        raise UsageError(f"there is no module {text!r}", "`modules` lists them")
    if len(found) > 1 and len({module.base for module in found}) > 1:
        raise UsageError(f"{text!r} is {len(found)} modules", f"give the address of one: {', '.join(f'0x{module.base:x}' for module in found[:4])}")
    return found[0]


def _all(session: Session, folder: str) -> Iterator[_File]:
    if not os.path.isdir(folder):
        raise UsageError(f"{folder!r} is not a folder", "make it first")
    modules = list(session.dump.modules)
    names = dict(zip((module.index for module in modules), file_names(modules)))
    for module, made in extract_modules(session.dump):
        yield _File(os.path.join(folder, names[module.index]), f"image of {module.name}", made)


def _tables(session: Session, files: List[_File]) -> Iterator[Block]:
    columns = [
        Column("what", "what"),
        Column("layout", "laid out as"),
        Column("size", "bytes", "int"),
        Column("held", "in the dump", "int"),
        Column("path", "file", "path"),
        Column("why", "", hidden=True),
    ]
    yield Table(
        "extracted", columns, [(file.what, file.made.layout, file.made.size, file.made.held, file.path or None, file.made.why or None) for file in files]
    )
    gaps = [(file.what, *gap) for file in files for gap in file.made.gaps]
    kind = address_kind(session.dump.pointer_size)
    missing_columns = [
        Column("of", "not in the dump"),
        Column("part", "part"),
        Column("address", "address", kind),
        Column("size", "bytes", "int"),
        Column("place", "in the file at", "offset"),
    ]
    if gaps:
        yield Table("gaps", missing_columns, gaps[:MOST_GAPS])
    if len(gaps) > MOST_GAPS:
        yield Note(f"and {len(gaps) - MOST_GAPS} more gaps, which are not listed", "hint")
    yield Data("gap_count", len(gaps))
    for file in files:
        if file.made.why:
            yield Note(f"{file.what}: as it lies in memory, because {file.made.why}", "hint")


def _no_chunks() -> Iterator[bytes]:
    return iter(())
