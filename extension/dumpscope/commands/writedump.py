"""``writedump``: write a dump of a running process that will answer what is to be asked of it. Windows only."""

from __future__ import annotations

import os
from typing import Any, Iterator, List

from ..dump.minidump import Minidump
from ..errors import UsageError
from ..format.flags import MINIDUMP_TYPE, refused
from ..session.registry import DUMP_NONE, arg, command
from ..session.running import parse, run
from ..session.session import Session
from ..view.blocks import Block, Column, Fields, Item, Note, Table
from .index import find_command

DEFAULT_FLAGS = 0x1105
"""Data segments, handles, process and thread data, thread times: small, and most commands work."""


def _flags(args: Any) -> int:
    from .plan import flags_value

    if args.flags is None and not args.wanted:
        return DEFAULT_FLAGS
    value = flags_value(args.flags) if args.flags is not None else 0
    if args.wanted:
        from ..diagnosis.plan import canonical
        from ..diagnosis.plan import plan as make_plan

        unknown = [name for name in args.wanted if not canonical(name)]
        if unknown:
            raise UsageError(f"nothing is known of the debugger command {unknown[0]!r}", "`dumpscope plan` lists those that are known")
        value |= make_plan(args.wanted).flags
    return value


@command(
    "writedump",
    summary="write a dump of a running process, with the least rights that its flags need (Windows)",
    category="failure",
    arguments=[
        arg("process", nargs="?", metavar="PID|NAME", help="the process: its id (decimal, 0x… hexadecimal) or the name of its program"),
        arg("out", nargs="?", metavar="OUT", help="the file to write; NAME_PID.dmp here if not given", completes="path"),
        arg("--flags", metavar="VALUE|NAMES", help="a number (0x1105), names (handles,threadinfo) or .dump options (/mhtu)", completes="flag"),
        arg(
            "--for",
            "--wanted",
            nargs="+",
            metavar="COMMAND",
            help="debugger commands that are to work on it, such as '!handle' '!runaway'",
            completes="debugger",
        ),
        arg("--dll", metavar="DLL", default="auto", help="dbghelp, dbgcore, or the path of a DLL with MiniDumpWriteDump (auto: dbgcore if there is one)"),
        arg("--force", switch=True, help="replace an existing file"),
        arg("--list", switch=True, help="list the processes that can be dumped"),
    ],
    examples=[
        ("writedump notepad app.dmp --flags 0x1105", "the article's flags"),
        ("writedump 4711 app.dmp --for '!handle' '!runaway'", "what two commands need"),
        ("writedump --list", "what runs"),
    ],
    description="Afterwards it asks `why` about the file that it wrote, so that a stream which the writer left out is noticed at once.",
    dump=DUMP_NONE,
    debugger=False,
)
def writedump(session: Session, args: Any) -> Iterator[Block]:
    """Write a dump, and explain it."""
    from ..capture import windows

    args.wanted = getattr(args, "for")
    flags = _flags(args)
    windows.require_windows()
    if args.list:
        yield from _list_blocks()
        return
    if args.process is None:
        raise UsageError("writedump needs a process", "writedump PID|NAME OUT; --list shows what runs")
    reasons = refused(flags)
    if reasons:
        raise UsageError(f"no writer accepts 0x{flags:x}: {reasons[0]}", "`dumpscope flags` explains the bits")
    process = windows.find_process(args.process)
    path = args.out or f"{os.path.splitext(process.name)[0]}_{process.pid}.dmp"
    own = windows.own_bits()
    if process.bits == 64 and own == 32:
        raise UsageError(f"{process.name} is a 64-bit process, and this Python has 32 bits", "use a 64-bit Python")
    opened = windows.open_process(process.pid, flags)
    try:
        written = windows.write_dump(opened.handle, process.pid, path, flags, args.dll, overwrite=args.force)
    finally:
        windows.close(opened.handle)
    version = windows.dll_version(written.dll)
    yield Fields(
        "written",
        [
            Item("path", "written", path, "path"),
            Item("size", "size", written.size, "size"),
            Item("process", "process", process.name, "name", note=f"id {process.pid}" + (f", {process.bits} bits" if process.bits else "")),
            Item("process_id", "", process.pid, "id", hidden=True),
            Item("flags", "flags", flags, "mask", note=" | ".join(MINIDUMP_TYPE.labels(flags))),
            Item("rights", "opened with", [right.name for right in opened.granted], "words"),
            Item("dll", "by", written.dll, "path", note=version or ""),
            Item("attempts", "attempts", written.attempts, "count", hidden=written.attempts == 1),
        ],
        title="dump",
    )
    if opened.privilege:
        yield Note("SeDebugPrivilege was turned on: the process refused without it.")
    for right in opened.refused:
        yield Note(f"{right.name} was refused: {right.without}", "warning")
    if process.bits == 32 and own == 64:
        yield Note(
            "A 32-bit process was written by a 64-bit program: the debugger starts in the emulation layer (.effmach x86). A 32-bit Python writes a plain one.",
            "warning",
        )
    yield from _explain(session, path, args.wanted or [])


def _list_blocks() -> Iterator[Block]:
    from ..capture import windows

    columns = [
        Column("pid", "pid", "int"),
        Column("parent", "parent", "int"),
        Column("threads", "threads", "count"),
        Column("bits", "bits", "int"),
        Column("name", "name", "name"),
    ]
    rows = sorted((item.pid, item.parent, item.threads, item.bits or None, item.name) for item in windows.processes() if item.pid)
    yield Table("processes", columns, rows)
    if any(row[3] is None for row in rows):
        yield Note("- under bits: the process does not let itself be asked; writing needs elevation or SeDebugPrivilege", "hint")


def _explain(session: Session, path: str, wanted: List[str]) -> Iterator[Block]:
    """What `why` says of the new file."""
    with Minidump.open(path) as dump:
        inner = Session(dump, path)
        why = find_command("why")
        for topic in wanted or [""]:
            yield from run(inner, why, parse(why, [topic] if topic else []))
        session.status = 0
