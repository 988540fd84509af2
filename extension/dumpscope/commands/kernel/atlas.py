"""``atlas`` of a kernel dump: the page of its structures, with the bug check, the drivers and the blocks of memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Tuple

from ...anatomy.kernel import kernel_anatomy
from ...atlas.flat import Told, finding, flat_data, outcomes_of, troubles
from ...diagnosis.bugchecks.culprit import culprit
from ...diagnosis.bugchecks.parameters import values_in_words
from ...dump.absence import Absent
from ...dump.kernel.kerneldump import Driver, KernelDump
from ...dump.kernel.listed import listed_drivers
from ...format.codes.bugcheck import bug_check, explained
from ...format.kernel import FILL
from ...session.missing import facts_of
from ...session.session import Session
from ...view.kinds import address_kind, filetime_text, size_text
from ...view.redact import Redactor
from ..atlas import saved
from .answers import outcomes
from .registry import answer, kernel_of

if TYPE_CHECKING:
    from ...view.blocks import Block

_FETCH = "fetch the file again, and compare its size with the original"


@answer("atlas")
def _atlas(session: Session, args: Any) -> Iterator[Block]:
    """Write the page."""
    dump = kernel_of(session)

    def data() -> Dict[str, Any]:
        redactor = Redactor() if args.redact else None
        return flat_data(dump.source, lambda: kernel_anatomy(dump), _told(session, dump), redactor=redactor, memory=args.memory)

    yield from saved(session, args, data, "memory and names in it")


def _told(session: Session, dump: KernelDump) -> Told:
    opening = facts_of(session).engine.opening
    return Told(
        dump.pointer_size,
        list(_facts(dump)),
        [*_stopped(dump), *troubles(opening, dump.damage, _FETCH)],
        outcomes_of(opening, outcomes(dump)),
        list(_tables(dump)),
        [],
    )


def _facts(dump: KernelDump) -> Iterator[Tuple[str, str, Any]]:
    place = dump.header_layout.offset_of
    yield "size", size_text(dump.source.size), None
    kind = "a kernel dump whose kind is not recorded" if dump.kind == FILL else f"{dump.kind_name} dump of a kernel"
    yield "kind", kind, place("DumpType")
    machine, build = dump.number("MachineImageType"), dump.number("MinorVersion")
    yield "machine", machine.message if isinstance(machine, Absent) else dump.architecture, place("MachineImageType")
    processors = dump.number("NumberProcessors")
    yield "processors", processors.message if isinstance(processors, Absent) else str(processors), place("NumberProcessors")
    yield "Windows build", build.message if isinstance(build, Absent) else str(build), place("MinorVersion")
    if not isinstance(dump.system_time, Absent):
        yield "stopped", filetime_text(dump.system_time), place("SystemTime")
    if dump.code:
        yield "bug check", f"0x{dump.code:08x} {bug_check(dump.code).name}".strip(), place("BugCheckCode")


def _stopped(dump: KernelDump) -> Iterator[Dict[str, Any]]:
    if dump.code:
        check, meant = bug_check(dump.code), culprit(dump)
        explanation = explained(dump.code, dump.parameters[0])
        words = values_in_words(dump, dump.code, [parameter.kind for parameter in explanation], dump.parameters)
        place = dump.header_layout.offset_of
        rows = zip(dump.parameters, explanation, words)
        evidence: List[List[Any]] = [
            [f"parameter {number}: {parameter.meaning}", f"0x{value:x} {word}".strip(), place(f"BugCheckParameter{number}")]
            for number, (value, parameter, word) in enumerate(rows, 1)
        ]
        yield finding("error", f"0x{dump.code:08x}", check.name or "a bug check", check.meaning, evidence, [check.step] if check.step else [])
        if meant.name:
            entry = [["entry in the list of drivers", meant.driver.path, meant.driver.offset]] if isinstance(meant.driver, Driver) else []
            yield finding("info", "driver", f"The driver most likely meant is {meant.shown} ({meant.sure})", f"{meant.why}.", entry, [], meant.sure)
        else:
            yield finding("info", "driver", "No driver is named", f"{meant.why}.", [], [])


def _tables(dump: KernelDump) -> Iterator[Any]:
    address = address_kind(dump.pointer_size)
    columns = [("start", address), ("end", address), ("name", "text"), ("time stamp", "hex"), ("path", "text")]
    listed = listed_drivers(dump)
    yield "modules", "Drivers", columns, [(row.driver.offset, (row.base, row.end, row.name, row.driver.timestamp, row.driver.path)) for row in listed]
    unloaded = dump.unloaded
    if not isinstance(unloaded, Absent) and unloaded:
        rows = [(item.offset, (item.start, item.end, item.name)) for item in unloaded]
        yield "unloaded", "Unloaded drivers", [("start", address), ("end", address), ("name", "text")], rows
    columns = [("address", address), ("size", "size"), ("at", "offset"), ("what", "text"), ("driver", "text")]
    blocks = [(item.offset, (item.address, item.size, item.offset, item.what, dump.symbol(item.address))) for item in dump.blocks]
    if not isinstance(dump.pages, Absent):
        blocks = [(run.offset, (run.address, run.size, run.offset, "pages of physical memory", "")) for run in dump.pages.runs]
    yield "ranges", "Captured memory", columns, blocks
