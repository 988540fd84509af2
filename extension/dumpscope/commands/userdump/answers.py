"""What the commands answer on a user dump of the old format (USERDUMP, USERDU64).

Threads, modules, memory, registers, exception and stacks are answered as on a minidump with full memory. A command about streams, flags
and whatever else the format does not have says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, NamedTuple, Tuple

from ...diagnosis.dumpdebug.userdump import user_dumpdebug_lines
from ...dump.userdump import UserDump
from ...errors import DumpError
from ...format.userdump import MACHINE
from ...session.account import account
from ...session.missing import facts_of
from ...session.session import Session
from ...view.blocks import Column, Data, Fields, Item, Lines, Note, Table
from .anatomy import user_bytes, user_map, user_whatis
from .places import placed

if TYPE_CHECKING:
    from ...session.registry import Command, Function
    from ...view.blocks import Block

_SAME = (
    "threads", "modules", "memory", "read", "regions", "address", "search", "strings", "evaluate", "switch", "exception", "stack", "frame", "up",
    "down", "shrink", "extract",
)  # fmt: skip
"""Commands that answer as on a minidump with full memory."""
_LISTS = ("threads", "modules", "regions", "exception")
"""Those of them that say where in the file a record stands."""
_MEMORY = ("memory", "read", "address", "search", "strings", "stack", "frame")
"""Those of them that a file whose end is missing answers in part."""
_FOR_ALL = ("bugcheck", "help", "rules", "explain", "flags", "plan", "learn", "windbg", "writedump", "triage")

WORKS, PARTIAL, FAILS = "works", "partial", "fails"
_LIST = "the debugger takes the list from the loader's data that the PEB in memory leads to, not from the file's own"
_OUTCOMES: Tuple[Tuple[str, str, str], ...] = (
    ("~", WORKS, "thread id, suspend count and TEB of each thread are there"),
    ("~*", WORKS, "priorities are there; start address and affinity are not"),
    ("r", WORKS, "each thread has its registers"),
    ("k", WORKS, "registers and all memory are there"),
    ("u", WORKS, "all memory is there"),
    ("lm", "", ""),
    (".lastevent", WORKS, "the file has the event that the debugger stopped for"),
    (".exr -1", WORKS, "the event has the exception record"),
    (".ecxr", FAILS, "the format has no registers of the exception besides the thread's own: Unable to get exception context, HRESULT 0x8000FFFF"),
    ("|", WORKS, "the event has the process id"),
    ("vertarget", PARTIAL, "version of Windows and processor; how many processors is not there"),
    (".time", PARTIAL, "the format has no times of the process; the rest comes from the page of shared user data, where that was captured"),
    ("!address", WORKS, "the file has the regions"),
    ("!peb", WORKS, "all memory is there"),
    ("!teb", WORKS, "all memory is there"),
    ("!handle", FAILS, "the format has no handles"),
    ("!runaway", FAILS, "the format has no thread times"),
    (".ttime", FAILS, "the format has no thread times"),
    (".dumpdebug", WORKS, "header and regions"),
)


class Outcome(NamedTuple):
    """What the debugger's command does on this dump, and why."""

    command: str
    outcome: str
    why: str


_WITHOUT_THREAD = frozenset(("~", "~*", "r", "k", "u", "lm", ".lastevent", ".exr -1", ".ecxr", "!peb", "!teb", ".ttime", "!runaway"))
"""Commands that need the thread that the debugger stopped at, or the event."""


def _of_memory(dump: UserDump, command: str) -> Tuple[str, str]:
    """What a command that reads the process's memory does where a part of that is beyond the end of the file; empty where nothing is known against it."""
    cut = dump.memory_cut
    if not cut:
        return "", ""
    behind = f"0x{cut:x} bytes of memory are beyond the end of the file"
    if command == "!address":
        return PARTIAL, f"the file has the regions; {behind}"
    size = 8 if dump.wide else 4
    teb = dump.teb
    if command in ("!teb", "!peb"):
        place = teb if command == "!teb" else dump.peb
        if not place:
            return FAILS, f"{behind}, among them the TEB (0x{teb:x}) that leads to the PEB"
        return (WORKS, f"the block at 0x{place:x} is there") if len(dump.memory(place, size)) == size else (FAILS, f"{behind}, among them 0x{place:x}")
    return PARTIAL, f"{'registers are there; ' if command == 'k' else ''}{behind}: what is read there is shown as ????????, and stacks end"


def outcomes(dump: UserDump, waited: int = 0) -> Iterator[Outcome]:
    """Each command. ``waited`` is the HRESULT of WaitForEvent: not 0 where the records of threads are cut off. Observed: dbgeng 10.0.15063."""
    for command, outcome, why in _OUTCOMES:
        if waited and command in _WITHOUT_THREAD:
            text = f"the records of threads are not all in the file, so the debugger has no thread (WaitForEvent: HRESULT 0x{waited:08x}; Illegal thread error)"
            yield Outcome(command, FAILS, text)
        elif command == "lm":
            found = bool(dump.loader)
            yield Outcome(command, WORKS if found else FAILS, _LIST if found else f"{_LIST}; they are not in the captured memory: Unable to get PEB pointer")
        elif dump.event is None and command in (".exr -1", ".lastevent"):
            yield Outcome(command, FAILS, "the event is not that of an exception")
        elif command in ("k", "u", "!address", "!peb", "!teb") and _of_memory(dump, command)[0]:
            yield Outcome(command, *_of_memory(dump, command))
        else:
            yield Outcome(command, outcome, why)


def _open(session: Session) -> UserDump:
    assert session.user_dump is not None
    return session.user_dump


def _damage(dump: UserDump) -> Iterator[Block]:
    lists = (dump.threads, dump.modules, dump.regions, dump.event)
    yield Data("damage", list(dump.damage) if lists else [])
    for line in dump.damage:
        yield Note(line, "warning")


def _of(held: int, counted: int) -> str:
    """What to say of a list that the file holds less of than its header counts."""
    return "" if held >= counted else f"of {counted} that the header counts; the file is cut before the others"


def _dumpinfo(session: Session, args: Any) -> Iterator[Block]:
    """What is in the file."""
    dump = _open(session)
    yield from account(session)
    held = sum(min(item.size, dump.source.size - item.place) for item in dump.regions if item.place is not None)
    yield Fields(
        "user_dump",
        [
            Item("signature", "format", dump.signature, note="a full user dump from before minidumps, as .dump /f writes it"),
            Item("version", "Windows", dump.version),
            Item("machine", "processor", MACHINE.label(dump.header["MachineImageType"]) or "unknown"),
            Item("process_id", "process", dump.process_id, "hex"),
            Item("threads", "threads", len(dump.threads), note=_of(len(dump.threads), dump.header["ThreadCount"])),
            Item("modules", "modules", len(dump.modules), note=_of(len(dump.modules), dump.header["ModuleCount"])),
            Item("regions", "regions", len(dump.regions), note=_of(len(dump.regions), dump.header["MemoryRegionCount"])),
            Item("bytes", "memory", held, "size", note=f"0x{dump.memory_cut:x} bytes are beyond the end of the file" if dump.memory_cut else ""),
        ],
        title="user dump of the old format",
    )
    columns = [Column("field", "field"), Column("value", "value", "hex"), Column("offset", "at", "offset")]
    layout = dump.header_layout
    yield Table("header", columns, [(name, value, layout.offset_of(name)) for name, value in dump.header.items()], title=layout.name)
    yield from _damage(dump)
    yield Note("Threads, modules, memory and exception are read as of a minidump with full memory; streams, handles and times are not there.", "hint")


def _dumpdebug(session: Session, args: Any) -> Iterator[Block]:
    """What ``.dumpdebug`` prints."""
    yield Lines("lines", list(user_dumpdebug_lines(_open(session))))


def _why(session: Session, args: Any) -> Iterator[Block]:
    """What happened, then what the debugger does with the dump; or one command."""
    if args.readers:
        from ..readers import readers_blocks

        assert session.user_dump is not None
        yield from readers_blocks(Session(None, session.path, source=session.user_dump.source, open_error=DumpError("a user dump of the old format")))
        return
    dump = _open(session)
    words = " ".join(args.topic).strip().lower()
    found = list(outcomes(dump, facts_of(session).engine.opening.wait_hresult))
    if words:
        for item in found:
            if words in (item.command, item.command.lstrip("!.")):
                yield Data("command", item._asdict())
                does = {WORKS: "works", PARTIAL: "works in part", FAILS: "fails"}[item.outcome]
                yield Note(f"{item.command} {does} on this dump: {item.why}.")
                return
        from ..why import why

        yield from why(Session(), args)
        return
    yield from account(session)
    opening = facts_of(session).engine.opening
    yield Data("opens", {"ok": opening.ok, "hresult": f"0x{opening.hresult:08x}", "message": opening.message})
    if opening.ok:
        yield Note("The debugger opens this file: a full user dump of the old format.")
        columns = [Column("command", "command", "name"), Column("outcome", "outcome"), Column("why", "why")]
        yield Table("commands", columns, found, title="what the debugger's commands will do")
    else:
        yield Note(f"The debugger does not open this file: HRESULT 0x{opening.hresult:08x}.", "error")
        for line in opening.message.splitlines():
            yield Note(line)
    yield from _damage(dump)


_OWN: Dict[str, Function] = {"dumpinfo": _dumpinfo, "dumpdebug": _dumpdebug, "why": _why, "map": user_map, "bytes": user_bytes, "whatis": user_whatis}


def answer_for(command: Command) -> Function:
    """The function that answers a command on a user dump of the old format."""
    if command.name in _LISTS or command.name in _MEMORY:
        return _told(command.function)
    if command.name in _FOR_ALL or command.name in _SAME:
        return command.function
    return _OWN.get(command.name) or _not_here(command.name)


def _told(function: Function) -> Function:
    def told(session: Session, args: Any) -> Iterator[Block]:
        dump = _open(session)
        yield from placed(function(session, args), session.dump.source)
        for line in dump.damage:
            yield Note(line, "warning")

    return told


def _not_here(name: str) -> Function:
    def refuse(session: Session, args: Any) -> Iterator[Block]:
        dump = _open(session)
        session.not_in_dump()
        yield Data(name.replace("-", "_"), None)
        yield Note(f"{name} works on minidumps, and this is a user dump of the old format ({dump.signature}).", "warning")
        yield Note("These commands work on it: " + ", ".join(sorted([*_OWN, *_SAME])) + ".", "hint")
        yield Note("`shrink --flags 2 -o OUT` makes a minidump of it that has all its memory, as `.dump /ma OUT` does in WinDbg.", "hint")

    return refuse
