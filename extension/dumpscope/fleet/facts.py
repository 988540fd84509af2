"""One row of facts for each file: what it is, whether it opens, what crashed, and what the debugger's commands will do."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Tuple

from ..dump.absence import Absent
from ..dump.identify import kind_of
from ..dump.minidump import Minidump
from ..dump.plain import plain_source
from ..dump.source import Source
from ..errors import DumpscopeError
from .signature import BUG_CHECK, DEFAULT, NO_EXCEPTION, Maker, Rules, Signature, frame_text

if TYPE_CHECKING:
    from ..dump.streams.modules import Module
    from ..stacks.frames import Stack
    from ..symbols.names import Namer

Row = Dict[str, Any]

FRAMES = 20
"""Frames of a row at the most."""
MAX_TEXT = 1000
"""Letters of a text in a row at the most: names come from the file."""

MAX_MODULES = 10_000
"""Modules that are looked at."""

TEXT, NUMBER, FLAG, OBJECT = "text", "number", "flag", "object"


class Column(NamedTuple):
    """One column of the rows: its name, the kind of its values, and what it says. Values are None where it is not known."""

    name: str
    kind: str
    meaning: str


COLUMNS: Tuple[Column, ...] = (
    Column("path", TEXT, "the file, or the archive that it is in"),
    Column("member", TEXT, "its name in the archive, empty for a file of its own"),
    Column("size", NUMBER, "bytes"),
    Column("mtime", NUMBER, "when the file was changed: nanoseconds since 1970; for a member that of the archive"),
    Column("kind", TEXT, "minidump, kernel-dump, or what else the file is"),
    Column("error", TEXT, "why the row has no more facts: the file cannot be read, the worker died, took too long or too much memory"),
    Column("opens", FLAG, "whether the debugger opens it"),
    Column("hresult", TEXT, "what opening it gives"),
    Column("flags", TEXT, "flags of the header"),
    Column("writer", TEXT, "who wrote it"),
    Column("writer_version", TEXT, "and in which version"),
    Column("system", TEXT, "operating system"),
    Column("architecture", TEXT, "processor"),
    Column("process", TEXT, "file name of the program: the first module, or the first that is an .exe where the first is a .dll"),
    Column("process_version", TEXT, "its version"),
    Column("process_id", NUMBER, "its id"),
    Column("time", NUMBER, "when the dump was written: seconds since 1970"),
    Column("uptime", NUMBER, "seconds that the process, or for a kernel dump the machine, had run"),
    Column("exception", TEXT, "code of the exception or of the bug check"),
    Column("exception_name", TEXT, "its name"),
    Column("place", TEXT, "module+0xoffset of the exception, or the address outside all modules"),
    Column("signature", TEXT, "equal for dumps of one crash; None where none can be made"),
    Column("signature_why", TEXT, "what the signature is made of"),
    Column("frames", OBJECT, "the innermost frames: text, found_by, certain"),
    Column("stack_end", TEXT, "why the stack has no more frames"),
    Column("findings", OBJECT, "codes of the rules' findings"),
    Column("commands", OBJECT, "outcome of each debugger command: works, partial, fails"),
    Column("mends", OBJECT, "commands that fail and whose flags were not asked for: the flags"),
    Column("threads", NUMBER, "threads"),
    Column("modules", NUMBER, "modules"),
    Column("handles", NUMBER, "handles"),
    Column("memory", NUMBER, "bytes of captured memory"),
    Column("damage", NUMBER, "things that are wrong with the file's structure"),
)
"""The columns of every row, in their order."""

MANAGED = frozenset(("SOS", "!clrstack", "!clrthreads", "!dumpheap", "!eeheap", "!pe", "!syncblk"))
"""Commands that are of use only where a .NET runtime is loaded."""
NOT_BY_FLAGS = frozenset(("!htrace", "!token", "!wow64exts.sw"))
"""Commands that flags alone do not mend: they need another set-up of the process, or another debugger."""
_RUNTIMES = frozenset(("clr.dll", "coreclr.dll", "mscorwks.dll"))


class Settings(NamedTuple):
    """How rows are made: the rules of signatures, and where images and symbols are (local folders, as in the debugger's paths)."""

    rules: Rules = DEFAULT
    image_paths: Tuple[str, ...] = ()
    symbol_paths: Tuple[str, ...] = ()


DEFAULTS = Settings()


def empty_row(path: str = "", member: str = "", size: Optional[int] = None, mtime: Optional[int] = None) -> Row:
    """A row without facts."""
    row: Row = dict.fromkeys(column.name for column in COLUMNS)
    row.update(path=path, member=member, size=size, mtime=mtime)
    return row


def _known(value: Any) -> Any:
    """The value, None for what is not there; texts not longer than a row holds."""
    if isinstance(value, Absent):
        return None
    return value[:MAX_TEXT] if isinstance(value, str) else value


def facts(path: str, settings: Settings = DEFAULTS) -> Row:
    """The row of one file, whatever it is: members as in :data:`COLUMNS`.

    Never raises for what is in the file; a file that cannot be read is a row with ``error``.
    """
    row = empty_row(path)
    try:
        source = plain_source(path)
    except DumpscopeError as error:
        row["error"] = error.message
        return row
    try:
        row["size"] = source.size
        fill(row, source, settings)
    finally:
        source.close()
    return row


def fill(row: Row, source: Source, settings: Settings = DEFAULTS) -> None:
    """Fill a row with what an open file tells."""
    from ..diagnosis.facts import Facts
    from ..dump.kernel.kerneldump import KernelDump, is_kernel_dump
    from ..dump.userdump import is_user_dump

    if is_kernel_dump(source.some(0, 8)):
        row["kind"] = "kernel-dump"
        try:
            _kernel(row, KernelDump(source))
        except DumpscopeError as error:
            row["error"] = error.message
        return
    row["kind"] = kind_of(source).code
    if is_user_dump(source.some(0, 8)):
        _user_dump(row, source, settings)
        return
    known = Facts.of(source)
    opening = known.engine.opening
    row.update(opens=opening.ok, hresult=f"0x{opening.hresult:08x}")
    if known.opened is None:
        row["error"] = known.error.message if known.error is not None else "not a minidump"
        return
    with known.opened as dump:
        _process(row, dump)
        _crash(row, dump, settings)
        _answers(row, dump, known)


def _user_dump(row: Row, source: Source, settings: Settings) -> None:
    """A user dump of the old format: what a minidump of it would tell, without flags, which it has not."""
    from ..diagnosis.engine.opening import open_dump
    from ..dump.minidump import Minidump
    from ..dump.userdump import UserDump

    opening = open_dump(source).opening
    row.update(opens=opening.ok, hresult=f"0x{opening.hresult:08x}")
    try:
        with Minidump(UserDump(source).as_minidump()) as dump:
            _process(row, dump)
            _crash(row, dump, settings)
    except DumpscopeError as error:
        row["error"] = error.message
    row.update(flags="", time=None, writer="")


def _process(row: Row, dump: Minidump) -> None:
    header, system, writer = dump.header, dump.system, dump.writer
    row.update(flags=f"0x{header.flags:x}", time=header.timestamp, writer=_known(writer.name), writer_version=_known(writer.version) or None)
    if not isinstance(system, Absent):
        row.update(system=_known(system.os_name), architecture=_known(system.architecture_name))
    row["process_id"] = _known(dump.process.pid)
    created = dump.process.create_time
    if not isinstance(created, Absent) and 0 < created <= header.timestamp:
        row["uptime"] = header.timestamp - created
    if len(dump.modules):
        from ..dump.streams.modules import version_text

        program = _program(dump)
        row["process"] = _known(program.file_name)
        row["process_version"] = version_text(program.file_version) if program.file_version else None
    row.update(threads=len(dump.threads), modules=len(dump.modules), handles=len(dump.handles), memory=dump.memory.total, damage=len(dump.damage))


def _program(dump: Minidump) -> Module:
    """The module of the program. Writers put it first; a dump that was made of a dump has them by their addresses."""
    first = dump.modules[0]
    if first.file_name.lower().endswith(".dll"):
        return next((module for module in islice(dump.modules, MAX_MODULES) if module.file_name.lower().endswith(".exe")), first)
    return first


def _crash(row: Row, dump: Minidump, settings: Settings) -> None:
    exception = dump.exception
    if isinstance(exception, Absent):
        row["signature_why"] = f"{NO_EXCEPTION}: {exception.message}"[:MAX_TEXT]
        return
    from ..diagnosis.crash.cpp import thrown
    from ..format.codes.exceptions import exception_name
    from ..stacks.walk import Walker
    from ..symbols.images import Images
    from ..symbols.names import Namer

    fault = dump.fault
    row["exception"] = f"0x{exception.code:08x}"
    row["exception_name"] = exception_name(exception.code) if isinstance(fault, Absent) else fault.label
    row["place"] = _place(dump, exception.address)
    with Images(dump, (*settings.image_paths, *settings.symbol_paths), environ={}) as images:
        namer = Namer(dump, images, settings.symbol_paths, environ={})
        records = (lambda module: _records(namer, module)) if settings.symbol_paths else None
        stack = Walker(dump, images, records).exception(FRAMES)
        shown = _frames(dump, namer, stack)
        raised = _raised(dump, namer, exception.address, stack)
    row["frames"] = [{"text": text, "found_by": found_by, "certain": certain} for text, _, found_by, certain in shown]
    row["stack_end"] = stack.end.message[:MAX_TEXT]
    sure = [*raised, *((text, named) for text, named, _, certain in shown if certain)]
    if not sure:
        # Without registers there is still the address that the exception names.
        module = dump.modules.at(exception.address)
        sure = [] if module is None else [(frame_text(module.file_name, "", exception.address - module.base)[:MAX_TEXT], False)]
    cpp = thrown(dump, exception)
    detail = cpp.types[0][:MAX_TEXT] if cpp is not None else ""
    _sign(row, Maker(settings.rules).of_frames(sure, exception.code, detail))


def _sign(row: Row, signature: Signature) -> None:
    row["signature"] = signature.text or None
    row["signature_why"] = signature.words


def _records(namer: Namer, module: Any) -> Any:
    symbols = namer.symbols(module)
    return symbols if isinstance(symbols, Absent) else symbols.unwind_records()


def _place(dump: Minidump, address: int) -> str:
    module = dump.modules.at(address)
    return f"0x{address:x}" if module is None else f"{module.file_name[:MAX_TEXT]}+0x{address - module.base:x}"


def _raised(dump: Minidump, namer: Namer, address: int, stack: Stack) -> List[Tuple[str, bool]]:
    """The frame of the exception's address where the registers are in another module: those of a 32-bit program are the 64-bit side's.

    On other systems than Windows the address can be that of data.
    """
    module = dump.modules.at(address)
    if module is None or isinstance(dump.system, Absent) or not dump.system.is_windows or not stack.frames or dump.modules.at(stack.frames[0].ip) == module:
        return []
    symbol = next((name.symbol for name in namer.name(address, False) if name.symbol and name.provider not in ("exports", "module")), "")
    return [(frame_text(module.file_name, symbol, address - module.base)[:MAX_TEXT], bool(symbol))]


def _frames(dump: Minidump, namer: Namer, stack: Stack) -> List[Tuple[str, bool, str, bool]]:
    """Text, whether it has a function, how found, whether certain; inline functions are frames of their own."""
    found: List[Tuple[str, bool, str, bool]] = []
    for frame in stack.frames:
        place = frame.ip - 1 if frame.calls else frame.ip
        module = dump.modules.at(place)
        if module is None:
            found.append((frame_text("", "", 0), False, frame.found_by, frame.certain))
            continue
        names = [name for name in namer.name(frame.ip, frame.calls) if name.symbol and name.provider not in ("exports", "module")]
        for name in names:
            found.append((frame_text(module.file_name, name.symbol, 0)[:MAX_TEXT], True, frame.found_by, frame.certain))
        if not names:
            found.append((frame_text(module.file_name, "", frame.ip - module.base)[:MAX_TEXT], False, frame.found_by, frame.certain))
    return found[:FRAMES]


def _answers(row: Row, dump: Minidump, known: Any) -> None:
    from ..diagnosis.audit import rules_that_fire
    from ..diagnosis.engine.answers import FAILS
    from ..diagnosis.plan import NEEDS

    row["findings"] = [rule.code for rule in rules_that_fire(known)]
    managed = any(module.file_name.lower() in _RUNTIMES for module in islice(dump.modules, MAX_MODULES))
    answers = {name: answer.outcome for name, answer in known.engine.commands.items() if managed or name not in MANAGED}
    row["commands"] = answers
    row["mends"] = {}
    if not dump.writer.trusts_flags or row["damage"] or not row["opens"]:
        return
    for name, outcome in answers.items():
        need = NEEDS.get(name)
        lacks = 0 if need is None else need.flags & ~dump.header.flags
        if need is not None and name not in NOT_BY_FLAGS and outcome == FAILS and lacks and not (need.exception and not known.has_exception):
            row["mends"][name] = f"0x{lacks:x}"


def _kernel(row: Row, dump: Any) -> None:
    from ..format.codes.bugcheck import bug_check

    row.update(architecture=dump.architecture, system=f"Windows build {dump.build}")
    stopped, uptime = dump.system_time, dump.uptime
    if not isinstance(stopped, Absent) and stopped:
        row["time"] = stopped // 10_000_000 - 11_644_473_600
    if not isinstance(uptime, Absent):
        row["uptime"] = uptime // 10_000_000
    row["modules"] = None if isinstance(dump.drivers, Absent) else len(dump.drivers)
    row["memory"] = sum(block.size for block in dump.blocks)
    row["damage"] = len(dump.damage)
    code = dump.number("BugCheckCode")
    if isinstance(code, Absent) or not code:
        row["signature_why"] = "no bug check: the dump was taken without one"
        return
    name = bug_check(code).name or None
    row.update(exception=f"0x{code:08x}", exception_name=name)
    words = [f"bug check 0x{code:x}" + (f" {name}" if name else "")]
    for value in dump.parameters:
        driver = dump.driver_at(value)
        if driver is not None:
            row["place"] = f"{driver.file_name[:MAX_TEXT]}+0x{value - driver.base:x}"
            words.append(frame_text(driver.file_name, "", value - driver.base)[:MAX_TEXT])
            break
    row["signature"] = " | ".join(words)
    row["signature_why"] = f"{BUG_CHECK}; module and offset" if len(words) > 1 else BUG_CHECK
