"""Header, drivers, exception, memory and times of a kernel dump, and what the debugger's commands do on it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Iterator, List, NamedTuple, Optional, Union

from ...diagnosis.dumpdebug.kernel import kernel_dumpdebug_lines
from ...diagnosis.engine.opening import missing_parts
from ...dump.absence import NOT_APPLICABLE, NOT_THERE, Absent
from ...dump.kernel.kerneldump import KernelDump
from ...dump.kernel.listed import kernel_base, listed_drivers
from ...dump.kernel.processor import no_event, no_processor
from ...errors import DumpError, UsageError
from ...format.codes import code_name
from ...format.counted import by_count, counted
from ...format.kernel import PRODUCT_TYPE, TRIAGE
from ...session.missing import facts_of
from ...session.parsing import number
from ...session.session import Session
from ...view.blocks import Column, Data, Fields, Hexdump, Item, Lines, Note, Table
from ...wording.registers import register_rows, register_values
from ..bugcheck import account
from ..memory import length_of
from .places import address_of, typed_number
from .registry import answer, kernel_of

if TYPE_CHECKING:
    from ...dump.contexts import Registers
    from ...dump.kernel.pages import Pages
    from ...view.blocks import Block

WORKS, FAILS, OTHER = "works", "fails", "not for kernel dumps"
_INSTEAD = (
    ("!handle", "`!process 0 1`"),
    ("!peb", "`.process` of a full dump"),
    ("!teb", "`.process` of a full dump"),
    ("!runaway", "`!running`"),
    ("!address", "`!pte`"),
    ("|", "`!process 0 0`"),
    ("!gle", "`!thread`"),
    ("!heap", "`!pool`"),
    ("!locks", "`!locks` of the kernel debugger lists resources"),
)
"""Commands that speak of one process, and what a kernel debugger has instead."""


class Outcome(NamedTuple):
    """What the debugger's command does on this dump, and why."""

    command: str
    outcome: str
    why: str


def _time(dump: KernelDump) -> List[Item]:
    return [
        Item("system_time", "stopped", dump.system_time, "filetime"),
        Item("uptime", "ran for", dump.uptime, "duration"),
    ]


def _damage(dump: KernelDump, but: str = "") -> Iterator[Block]:
    """What is wrong with the file; ``but`` is what the answer has said already."""
    yield Data("damage", list(dump.damage))
    for line in dump.damage:
        if line != but:
            yield Note(line, "warning")


def _page_words(pages: Union[Pages, Absent]) -> str:
    if isinstance(pages, Absent):
        return ""
    return f"of physical memory, {pages.held} in the file, in {counted(len(pages.runs), 'run')}"


def _machine_words(dump: KernelDump) -> str:
    """The processors, as far as the writer set them."""
    processors = dump.number("NumberProcessors")
    many = "the writer did not set how many processors" if isinstance(processors, Absent) else counted(processors, "processor")
    machine = dump.number("MachineImageType")
    return many if isinstance(machine, Absent) else f"{dump.architecture}, {many}"


def _block_words(dump: KernelDump) -> str:
    if dump.kind != TRIAGE:
        return "blocks of virtual memory: only a triage dump has some"
    return f"blocks, {counted(sum(block.size for block in dump.blocks), 'byte')}"


@answer("dumpinfo")
def _dumpinfo(session: Session, args: Any) -> Iterator[Block]:
    """What is in the file."""
    dump = kernel_of(session)
    yield from account(dump)
    drivers, unloaded = dump.drivers, dump.unloaded
    pages = dump.pages
    yield Fields(
        "header",
        [
            Item("kind", "dump", dump.kind_name, note=dump.kind_meaning),
            Item("machine", "machine", dump.number("MachineImageType"), "hex", note=_machine_words(dump)),
            Item("build", "Windows build", dump.number("MinorVersion"), "int", note="checked build" if dump.header["MajorVersion"] == 12 else ""),
            *_time(dump),
            Item("drivers", "drivers", drivers if isinstance(drivers, Absent) else len(drivers), "count", link="modules"),
            Item("unloaded", "unloaded", unloaded if isinstance(unloaded, Absent) else len(unloaded), "count", link="unloaded"),
            Item("blocks", "memory", len(dump.blocks), "count", note=_block_words(dump), link="memory"),
            Item("pages", "pages", pages if isinstance(pages, Absent) else pages.claimed, "count", note=_page_words(pages), link="memory"),
            Item("complete", "written to its end", dump.complete, "bool"),
            Item("comment", "comment", dump.comment),
        ],
        title="kernel dump",
    )
    yield from _damage(dump)


@answer("system")
def _system(session: Session, args: Any) -> Iterator[Block]:
    """The machine."""
    dump = kernel_of(session)
    product, machine = dump.number("ProductType"), dump.number("MachineImageType")
    unset = Item("architecture", "machine", machine) if isinstance(machine, Absent) else None
    yield Fields(
        "system",
        [
            unset or Item("architecture", "machine", dump.architecture, note=f"0x{dump.machine:x}"),
            Item("processors", "processors", dump.number("NumberProcessors"), "count"),
            Item("build", "Windows build", dump.number("MinorVersion"), "int"),
            Item("product_type", "product", product if isinstance(product, Absent) else PRODUCT_TYPE.label(product) or f"{product}"),
            Item("suite_mask", "suite mask", dump.number("SuiteMask"), "hex"),
            *_time(dump),
            Item("kernel_base", "kernel base", dump.drivers if isinstance(dump.drivers, Absent) else kernel_base(dump), "hex"),
            Item("loaded_modules", "PsLoadedModuleList", dump.number("PsLoadedModuleList"), "hex"),
            Item("active_processes", "PsActiveProcessHead", dump.number("PsActiveProcessHead"), "hex"),
            Item("debugger_data", "KdDebuggerDataBlock", dump.number("KdDebuggerDataBlock"), "hex"),
            Item("directory_table", "DirectoryTableBase", dump.number("DirectoryTableBase"), "hex"),
        ],
        title="machine",
    )
    runs = dump.physical_runs
    if isinstance(runs, Absent):
        yield Data("physical_memory", None)
    else:
        rows = [(run.base_page << 12, run.page_count << 12, run.offset) for run in runs]
        columns = [Column("address", "physical address", "hex"), Column("size", "size", "bytes"), Column("offset", "at", "offset")]
        yield Table("physical_memory", columns, rows, title="physical memory")


@answer("dumpdebug")
def _dumpdebug(session: Session, args: Any) -> Iterator[Block]:
    """The text of ``.dumpdebug``."""
    dump = kernel_of(session)
    yield Lines("lines", kernel_dumpdebug_lines(dump))
    if isinstance(dump.triage, Absent):
        yield Note("The debugger adds the list of processor blocks, which page tables lead to; page tables are not walked here.", "hint")


@answer("modules")
def _modules(session: Session, args: Any) -> Iterator[Block]:
    """The drivers, by address as ``lm``; with a word, those whose name or path has it, or the one at an address."""
    dump = kernel_of(session)
    drivers = dump.drivers
    if isinstance(drivers, Absent):
        session.not_in_dump()
        yield Data("modules", None)
        yield Note(drivers.message, "warning")
        yield from _damage(dump, but=drivers.message)
        return
    word: Optional[str] = args.module
    listed = listed_drivers(dump)
    found = listed
    if word:
        address = typed_number(word) if word.lower().startswith("0x") else None
        at = None if address is None else dump.driver_at(address)
        low = word.lower()
        exact = [row for row in listed if low in (row.name.lower(), row.driver.file_name.lower())]
        found = [row for row in listed if row.driver == at] if at is not None else exact or [row for row in listed if low in row.driver.path.lower()]
        if not found:
            session.not_in_dump()
            yield Note(f"no driver is called {word!r} or holds that address", "warning")
            return
    rows = [(row.base, row.end, row.name, row.driver.size, row.driver.timestamp, row.driver.checksum, row.driver.path, row.driver.offset) for row in found]
    columns = [
        Column("base", "start", "hex"),
        Column("end", "end", "hex"),
        Column("name", "name", "name"),
        Column("size", "size", "bytes"),
        Column("timestamp", "timestamp", "hex"),
        Column("checksum", "checksum", "hex", hidden=True),
        Column("path", "path", "path"),
        Column("offset", "at", "offset", hidden=True),
    ]
    yield Table("modules", columns, rows)
    if len(listed) < len(drivers) and not word:
        left = len(drivers) - len(listed)
        yield Note(
            f"{left} of {counted(len(drivers), 'entry', 'entries')} of the driver list {by_count(left, 'is', 'are')} left out, as by `lm`: an address"
            " that is 0, taken by another, or too high for the size, or a name that leads out of the file. `bytes drivers --all` shows them.",
            "warning",
        )
    yield from _damage(dump)


@answer("unloaded")
def _unloaded(session: Session, args: Any) -> Iterator[Block]:
    """Drivers that were unloaded."""
    unloaded = kernel_of(session).unloaded
    if isinstance(unloaded, Absent):
        session.not_in_dump()
        yield Data("unloaded", None)
        yield Note(unloaded.message, "warning")
        return
    columns = [Column("start", "start", "hex"), Column("end", "end", "hex"), Column("name", "name", "name"), Column("offset", "at", "offset", hidden=True)]
    yield Table("unloaded", columns, [(item.start, item.end, item.name, item.offset) for item in unloaded])
    if not unloaded:
        yield Note("The list is empty.")


@answer("exception")
def _exception(session: Session, args: Any) -> Iterator[Block]:
    """The bug check, then the exception record and the registers."""
    dump = kernel_of(session)
    yield from account(dump)
    exception = dump.exception
    if isinstance(exception, Absent):
        yield Data("exception", None)
        yield Note(exception.message)
    else:
        yield Fields(
            "exception",
            [
                Item("code", "exception", exception.code, "hex", note=code_name(exception.code)),
                Item("flags", "flags", exception.flags, "hex"),
                Item("address", "address", exception.address, "hex", note=dump.symbol(exception.address)),
                Item("parameters", "", [{"value": f"0x{value:x}", "meaning": None} for value in exception.parameters], "data", hidden=True),
                Item("", "parameters", [f"0x{value:x}" for value in exception.parameters], "words"),
                Item("offset", "at", exception.offset, "offset"),
            ],
            title="exception record of the header",
        )
        if dump.code:
            yield Note("The writer of the dump makes this record up for the debugger; the bug check above is what stopped the machine.", "hint")
    yield from _registers(dump)


def _registers(dump: KernelDump) -> Iterator[Block]:
    """The registers that ``r`` shows, and where they come from; those of the header too where they are others."""
    registers = dump.registers
    if isinstance(registers, Absent):
        yield Data("registers", None)
        yield Note(registers.message)
        return
    yield Data("registers", register_values(registers))
    yield Data("registers_from", dump.registers_from)
    yield _register_lines(dump, registers, f"registers of {dump.registers_from}")
    header = dump.header_registers
    if isinstance(header, Absent) or (header.ip, header.sp) == (registers.ip, registers.sp):
        yield Data("header_registers", None)
        return
    yield Data("header_registers", register_values(header))
    yield _register_lines(dump, header, "registers of the header's ContextRecord")
    yield Note("The debugger's `r` shows the first set. The header's is where the exception was raised.", "hint")


def _register_lines(dump: KernelDump, registers: Registers, title: str) -> Block:
    symbol = dump.symbol(registers.ip)
    return Lines("", [*register_rows(registers), *([f"{symbol}:"] if symbol else [])], title=title)


@answer("threads")
def _threads(session: Session, args: Any) -> Iterator[Block]:
    """The one thread of a triage dump."""
    dump = kernel_of(session)
    if args.errors or args.names or args.times or args.sort or args.thread not in (None, "0"):
        session.not_in_dump()
        yield Data("threads", None)
        yield Note("This is not for kernel dumps: last errors, names and times are in blocks of a process, and the dump has one thread.", "warning")
        return
    triage = dump.triage
    if isinstance(triage, Absent):
        session.not_in_dump()
        yield Data("threads", None)
        yield Note(triage.message, "warning")
        return
    yield Fields(
        "thread",
        [
            Item("thread", "ETHREAD", triage["ThreadOffset"], "offset", note="bytes in the file"),
            Item("process", "EPROCESS", triage["ProcessOffset"], "offset", note="bytes in the file"),
            Item("prcb", "KPRCB", triage["PrcbOffset"], "offset", note="bytes in the file"),
            Item("top_of_stack", "stack from", triage["TopOfStack"], "hex", note=counted(triage["SizeOfCallStack"], "byte")),
        ],
        title="the thread that stopped the machine",
    )
    yield Note("A triage dump has one thread. The layout of its structures is in the symbols of the kernel, so only their places are told.", "hint")
    yield from _registers(dump)


@answer("memory")
def _memory(session: Session, args: Any) -> Iterator[Block]:
    """The blocks of memory that the dump holds."""
    dump = kernel_of(session)
    pages = dump.pages
    if not isinstance(pages, Absent):
        columns = [
            Column("address", "physical address", "hex"),
            Column("size", "size", "bytes"),
            Column("offset", "at", "offset"),
            Column("held", "held", "bytes"),
        ]
        yield Table("memory", columns, [(run.address, run.size, run.offset, dump.source.available(run.offset, run.size)) for run in pages.runs])
        yield Note("These are pages of physical memory: page tables are not walked, and `read` takes a physical address.", "hint")
        return
    if not dump.blocks:
        session.not_in_dump()
        yield Data("memory", None)
        yield Note(pages.message if isinstance(dump.triage, Absent) else "It holds no memory.", "warning")
        yield from _damage(dump)
        return
    rows = [(item.address, item.size, item.offset, dump.source.available(item.offset, item.size), item.what, dump.symbol(item.address)) for item in dump.blocks]
    columns = [
        Column("address", "address", "hex"),
        Column("size", "size", "bytes"),
        Column("offset", "at", "offset"),
        Column("held", "held", "bytes", hidden=all(row[1] == row[3] for row in rows)),
        Column("what", "what"),
        Column("symbol", "in", "name"),
    ]
    yield Table("memory", columns, rows)
    if not any(row[3] for row in rows):
        session.not_in_dump()
        yield Note("None of these blocks is in the file: it ends before them.", "warning")
    yield from _damage(dump)


@answer("read")
def _read(session: Session, args: Any) -> Iterator[Block]:
    """Bytes at an address."""
    dump = kernel_of(session)
    address = address_of(dump, args.address)
    if args.form in "au":
        raise UsageError(f"--form {args.form} is for dumps of a process", "use b, w, d, q or p")
    size = length_of(args.length, args.form, dump.pointer_size)
    pages = dump.pages
    data = dump.read(address, size) if isinstance(pages, Absent) else pages.read(address, size)
    where = "" if isinstance(pages, Absent) else "physical address "
    yield Data("physical", bool(where))
    if not data:
        session.not_in_dump()
        yield Data("memory", None)
        yield Note(f"the dump holds no bytes at {where}0x{address:x}", "warning")
        yield from _damage(dump)
        return
    yield Hexdump("memory", address, len(data), [(address, len(data), data)], form=args.form, pointer_size=dump.pointer_size, symbol=dump.symbol)
    if len(data) < size:
        yield Note(f"the dump holds {len(data)} of {counted(size, 'byte')} there", "warning")
    if where:
        yield Note("The address is a physical one: page tables are not walked.", "hint")


@answer("strings")
def _strings(session: Session, args: Any) -> Iterator[Block]:
    """The names in the string pool of a triage dump."""
    dump = kernel_of(session)
    drivers = dump.drivers
    paths = [] if isinstance(drivers, Absent) else [(item.offset, item.path) for item in drivers if item.path]
    if not paths:
        session.not_in_dump()
        why = drivers.message if isinstance(drivers, Absent) else "the names of the drivers are beyond the end of the file"
        yield Data("strings", None)
        yield Note(f"No texts: on a kernel dump these are the names of drivers, and {why}.", "warning")
        yield from _damage(dump, but=why)
        return
    yield Table("strings", [Column("offset", "entry at", "offset"), Column("text", "text")], paths, title="names of drivers")
    yield from _damage(dump)


def _no_tables(dump: KernelDump) -> str:
    """Why the debugger cannot walk page tables, or an empty string."""
    pages, table = dump.pages, int(dump.header["DirectoryTableBase"]) & ~0xFFF
    if isinstance(pages, Absent):
        return pages.message
    return "" if pages.read(table, 1) else f"the dump does not hold the page of DirectoryTableBase, 0x{table:x}: no address can be translated"


def _no_list(dump: KernelDump) -> str:
    """Why the debugger lists no driver of a triage dump, or an empty string; an entry without an address is none."""
    drivers = dump.drivers
    if isinstance(drivers, Absent):
        return drivers.message
    return "" if listed_drivers(dump) else "no entry of the driver list has an address and a name that can be read"


def _of_registers(dump: KernelDump) -> Iterator[Outcome]:
    """``r``, ``k`` and ``u``: what they read."""
    if isinstance(dump.triage, Absent):
        missing = _no_tables(dump)
        for name in ("r", "k", "u"):
            yield Outcome(name, FAILS if missing else WORKS, missing or "the page tables are there, and what they lead to")
        return
    registers, processor = dump.registers, dump.processor
    if isinstance(processor, Absent) and processor.kind not in (NOT_APPLICABLE, NOT_THERE):
        why = f"GetContextState failed: {processor.message}"
        yield from (Outcome(name, FAILS, why) for name in ("r", "k", "u"))
        return
    if isinstance(processor, Absent) and processor.kind == NOT_THERE:
        yield Outcome("r", FAILS, f"GetContextState failed: {processor.message}")
    elif isinstance(registers, Absent):
        yield from (Outcome(name, WORKS, f"it prints the header's ContextRecord, where no registers are: {registers.message}") for name in ("r", "k"))
        yield Outcome("u", FAILS, "memory access error: the dump has no registers, and so no code to show")
        return
    else:
        yield Outcome("r", WORKS, f"from {dump.registers_from}")
    if isinstance(registers, Absent):
        yield from (Outcome(name, FAILS, registers.message) for name in ("k", "u"))
        return
    held = bool(dump.read(registers.sp, 1))
    yield Outcome("k", WORKS, "the stack is there" if held else "the first frame alone: the stack is not in the dump")
    if dump.read(registers.ip, 1):
        yield Outcome("u", WORKS, f"the code at 0x{registers.ip:x} is there")
    else:
        yield Outcome("u", FAILS, f"memory access error: the code at 0x{registers.ip:x} is not in the dump; the image of the driver would have it")


def outcomes(dump: KernelDump) -> List[Outcome]:
    """What the debugger's commands do on this dump (observed: dbgeng 10.0.15063)."""
    triage = not isinstance(dump.triage, Absent)
    found = [Outcome(name, WORKS, "the header has it") for name in (".bugcheck", ".time", "vertarget", ".dumpdebug", ".exr -1", ".lastevent")]
    missing = _no_list(dump) if triage else _no_tables(dump)
    if no_processor(dump):
        assert isinstance(dump.processor, Absent)
        if no_event(dump):
            found[4] = Outcome(".exr -1", FAILS, f"the debugger has no event without a processor: {dump.processor.message}")
        missing = f"Illegal thread error: {dump.processor.message}"
    found += [Outcome(name, FAILS if missing else WORKS, missing or ("the driver list has it" if triage else "read from the pages")) for name in ("lm", "lm u")]
    found += _of_registers(dump)
    found.append(Outcome(".ecxr", FAILS, "HRESULT 0x8000ffff: there is no context of an exception; `.trap` and `.cxr` take the parameters of the bug check"))
    found.append(Outcome("~", FAILS, "in kernel mode `~` selects a processor, and a syntax error is what the list of threads gives"))
    found.append(Outcome("~*", FAILS, "in kernel mode `~` selects a processor; `!running` lists processors"))
    found.append(Outcome(".ttime", FAILS, "thread times are in the kernel's structures: `!thread`"))
    found += [Outcome(name, OTHER, f"it speaks of one process; here: {instead}") for name, instead in _INSTEAD]
    return found


@answer("why")
def _why(session: Session, args: Any) -> Iterator[Block]:
    """What happened, then what the debugger can and cannot do with the dump; or one command or message."""
    if args.readers:
        from ..readers import readers_blocks

        yield from readers_blocks(Session(None, session.path, source=session.source, open_error=DumpError("a kernel dump")))
        return
    dump = kernel_of(session)
    words = " ".join(args.topic)
    found = outcomes(dump)
    if words:
        for item in found:
            if words.strip().lower() == item.command or words.strip().lower().lstrip("!.") == item.command.lstrip("!."):
                yield Data("command", {"command": item.command, "outcome": item.outcome, "why": item.why})
                does = {WORKS: "works", FAILS: "fails"}.get(item.outcome, "is not for kernel dumps")
                yield Note(f"{item.command} {does}: {item.why}.")
                return
        from ..why import why

        error = DumpError(f"{session.path!r} is a kernel dump, not a dump of one process", "`bugcheck` and `why` explain it", offset=0)
        yield from why(Session(None, session.path, source=session.source, open_error=error), args)
        yield from account(dump)
        return
    yield from account(dump)
    opening = facts_of(session).engine.opening
    yield Data("opens", {"ok": opening.ok, "hresult": f"0x{opening.hresult:08x}", "message": opening.message})
    if opening.ok:
        yield Note(f"The debugger opens this file as a kernel dump: {dump.kind_meaning}.")
        columns = [Column("command", "command", "name"), Column("outcome", "outcome"), Column("why", "why")]
        yield Table("commands", columns, found, title="debugger commands")
    else:
        yield Note(f"The debugger does not open this file: HRESULT 0x{opening.hresult:08x}.", "error")
        for line in opening.message.splitlines():
            yield Note(line)
        yield Data("commands", None)
        for name, offset in missing_parts(dump):
            yield Note(f"{name} at 0x{offset:x} is 0: the part is not in the file, and without it the debugger opens no small kernel dump.")
        if dump.damage:
            yield Note("Fetch the file again, and compare its size with the original: what is missing of a kernel dump cannot be mended.", "hint")
    yield from _damage(dump)


@answer("address")
def _address(session: Session, args: Any) -> Iterator[Block]:
    """What is at an address: driver and block."""
    dump = kernel_of(session)
    value = number("".join(args.address), "address")
    block = dump.block_at(value)
    symbol = dump.symbol(value)
    gone = [] if isinstance(dump.unloaded, Absent) else [item for item in dump.unloaded if item.start <= value < item.end]
    yield Fields(
        "address",
        [
            Item("address", "address", value, "hex"),
            Item("symbol", "in", symbol or None, note="" if symbol else "no driver"),
            Item("unloaded", "unloaded", [item.name for item in islice(gone, 4)] or None, "words"),
            Item("block", "in the file at", None if block is None else block.offset + value - block.address, "offset"),
        ],
    )
