"""What Microsoft's debugger prints for ``.dumpdebug`` on a dump, line for line.

This is the strict view of a dump: the checks, the defect lines and the reading habits of dbgeng 10.0.15063 (the engine of the
Windows 10 1703 debugging tools), so that our decoder can be held against it. It knows no stream type above 22 and no flag above
0x200000; the tolerant view of the same dump is :class:`~dumpscope.dump.minidump.Minidump`.

docs/dumpdebug-differences.md lists what cannot be equal.
"""

from __future__ import annotations

from typing import Iterator

from ...dump.absence import Absent
from ...dump.minidump import Minidump
from ...format.flags import MINIDUMP_TYPE
from ...format.streams import DEBUGGER_NAMES, LAST_RESERVED_STREAM
from ..engine.strict import CHECKS, LINE_LIMIT, View
from .bodies import BODIES, signed
from .preamble import preamble

VIEW_BASE = 0x19D0000
"""Where the engine maps the file when it is run under Wine by itself; seen in the line of a JavaScript stream only."""

LAST_FLAG = 0x200000
"""The highest flag that this engine can name."""

BUDGET = 1 << 26
BUDGET_RATE = 64
"""Characters below the headlines, at least and for each byte of the file, after which only headlines and defects are printed.

Only a directory that names the same list over and over, or a list that names the same long text, comes that far.
"""

CHATTER = ("Loading symbols for ", "*** ", "Unable to load image ")
"""How the engine's messages about symbols begin."""


def _header(view: View) -> Iterator[str]:
    header = view.header
    yield "----- User Mini Dump Analysis\n"
    yield "\nMINIDUMP_HEADER:\n"
    yield f"Version         {header.version:X} ({header.implementation:X})\n"
    yield f"NumberOfStreams {signed(header.stream_count)}\n"
    if header.checksum:
        yield f"Failure flags:  {header.checksum:X}\n"
    yield f"Flags           {header.flags & 0xFFFFFFFF:X}\n"
    if header.flags == 0:
        yield f"{' ' * 16}0000 MiniDumpNormal\n"
    for bit, (name, _) in MINIDUMP_TYPE.members.items():
        if header.flags & bit and bit <= LAST_FLAG:
            yield f"{' ' * 16}{bit:04X} {name}\n"
    yield "\nStreams:\n"


def _prints(dump: Minidump, view: View, view_base: int) -> Iterator[str]:
    yield from preamble(dump, view)
    yield from _header(view)
    budget = max(BUDGET, BUDGET_RATE * view.size)
    spent = 0
    for stream in dump.streams:
        kind = stream.type
        name = DEBUGGER_NAMES.get(kind, "???")
        yield f"Stream {stream.index}: type {name} ({signed(kind)}), size {stream.size:08X}, RVA {stream.rva:08X}\n"
        if kind == 0:
            continue
        what = f"Dir entry {stream.index}, {name} stream"
        check = CHECKS.get(kind)
        if check is None:
            if kind > LAST_RESERVED_STREAM:
                line = view.misplaced(what, stream.rva, stream.size)
                if line:
                    yield line
            else:
                yield f"{what} has unknown stream type {kind}\n"
            continue
        extent = view.extent(check, what, stream.rva, stream.size)
        if isinstance(extent, str):
            yield extent
        elif kind == 20:
            yield f"JS Stream present in the dump at {view_base + stream.rva:016X}\n"
        elif kind in BODIES and spent <= budget:
            for text in BODIES[kind](view, stream.rva, stream.size, extent):
                yield text
                spent += len(text)
                if spent > budget:
                    break


def _lines(prints: Iterator[str]) -> Iterator[str]:
    """Prints put together to lines. The reference texts have no carriage returns."""
    rest = ""  # of a print that was too long to keep its line end
    for text in prints:
        if len(text) > LINE_LIMIT:
            text = text[:LINE_LIMIT]
        if not rest and text.count("\n") == 1 and text[-1] == "\n" and "\r" not in text:
            yield text[:-1]
            continue
        lines = (rest + text.replace("\r", "")).split("\n")
        rest = lines.pop()
        yield from lines
    if rest:
        yield rest


def _may_be_wow64(dump: Minidump) -> bool:
    """Whether one of the first two candidates for the current thread, the exception's and the first one, ran 32-bit code."""
    found = dump.exception
    thread = next(dump.threads.walk(0, 1), None) if isinstance(found, Absent) else dump.threads.find(found.thread_id)
    registers = None if thread is None else dump.registers(thread)
    return registers is not None and not isinstance(registers, Absent) and registers.runs_32_bit


def dumpdebug_lines(dump: Minidump, *, narrow: bool = True, chatter: bool = False, view_base: int = VIEW_BASE) -> Iterator[str]:
    """The lines of ``.dumpdebug``, without line ends.

    ``narrow``: texts as they come out in code page 1252, a question mark for what it does not have; otherwise as they stand
    in the file. ``chatter``: keep lines that begin like the messages of symbol loading, which the reference texts leave out
    wherever they come from (a comment that procdump wrote has such lines). ``view_base`` is the address at which the engine
    has mapped the file, which one kind of line shows.

    Nothing that a dump holds makes this raise, other than a file that was cut since it was opened (DumpError). A dump that the
    engine refuses to open gives the lines that it would print if it went on.
    """
    view = View(dump.source, dump.header, dump.streams, narrow=narrow)
    if view.wide and _may_be_wow64(dump):
        from ..engine.view import EngineView

        # a WOW64 dump whose current thread ran 32-bit code: addresses come out in 32 bits, the head of their columns does not
        view.wide = not EngineView(dump.source).effective_x86
    for line in _lines(_prints(dump, view, view_base)):
        if chatter or not line.startswith(CHATTER):
            yield line
