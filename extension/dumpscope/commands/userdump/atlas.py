"""``atlas`` of a user dump of the old format: the page of its structures, with threads, modules and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Tuple

from ...anatomy.userdump import user_dump_anatomy
from ...atlas.flat import Told, finding, flat_data, outcomes_of, troubles
from ...dump.absence import Absent
from ...dump.userdump import UserDump
from ...format.memory import MEMORY_STATE, PAGE_PROTECTION
from ...format.userdump import MACHINE
from ...session.account import session_account
from ...session.missing import facts_of
from ...session.session import Session
from ...view.kinds import address_kind, size_text
from ...view.redact import Redactor
from ..atlas import saved

if TYPE_CHECKING:
    from ...view.blocks import Block
    from .answers import Outcome


def user_atlas(session: Session, args: Any, outcomes: Iterator[Outcome]) -> Iterator[Block]:
    """Write the page."""
    dump = session.user_dump
    assert dump is not None
    told = _told(session, dump, outcomes_of(facts_of(session).engine.opening, outcomes))

    def data() -> Dict[str, Any]:
        redactor = Redactor.of(session.dump) if args.redact else None
        return flat_data(dump.source, lambda: user_dump_anatomy(dump), told, redactor=redactor, memory=args.memory)

    yield from saved(session, args, data, "names and paths of the dumped process")


def _told(session: Session, dump: UserDump, commands: Any) -> Told:
    place = dump.header_layout.offset_of
    facts = [
        ("size", size_text(dump.source.size), None),
        ("format", f"user dump of the old format ({dump.signature})", 0),
        ("Windows", dump.version, place("MajorVersion")),
        ("processor", MACHINE.label(dump.header["MachineImageType"]) or "unknown", place("MachineImageType")),
        ("process", f"0x{dump.process_id:x}", place("DebugEventOffset")),
    ]
    findings: List[Dict[str, Any]] = []
    account = session_account(session)
    if account is not None:
        proofs = [*account.event.evidence, *(proof for statement in account.statements for proof in statement.evidence)]
        rows = [[proof.what, proof.value, proof.offset] for proof in proofs]
        words = "; ".join(f"{statement.topic}: {statement.text}" for statement in account.statements)
        findings.append(finding("error" if account.crashed else "info", "event", account.event.title, words, rows, []))
    findings += troubles(facts_of(session).engine.opening, dump.damage, "fetch the file again, and compare its size")
    return Told(dump.word, facts, findings, commands, list(_tables(session, dump)), [])


def _tables(session: Session, dump: UserDump) -> Iterator[Tuple[str, str, Any, Any]]:
    address = address_kind(dump.word)
    symbol = session.dump.modules.symbol
    rows = []
    for index, (thread, view) in enumerate(zip(dump.threads, session.dump.threads)):
        registers = session.dump.registers(view)
        at = None if isinstance(registers, Absent) else registers.ip
        rows.append(
            (thread.offset, (index, thread.record["ThreadId"], at, "" if at is None else symbol(at), thread.record["Teb"], thread.record["SuspendCount"]))
        )
    yield "threads", "Threads", [("#", "count"), ("tid", "id"), ("instruction", address), ("in", "text"), ("TEB", address), ("suspended", "count")], rows
    modules = [(item.offset, (item.base, item.base + item.size, item.name)) for item in dump.modules]
    yield "modules", "Modules", [("start", address), ("end", address), ("path", "text")], modules
    columns = [("start", address), ("size", "size"), ("at", "offset"), ("state", "text"), ("protection", "text"), ("module", "text")]
    regions = []
    for region in dump.regions:
        state, protect = region.record["State"], region.record["Protect"]
        words = MEMORY_STATE.label(state) or f"0x{state:x}", ", ".join(PAGE_PROTECTION.labels(protect)) if protect else ""
        regions.append((region.offset, (region.base, region.size, region.place, *words, symbol(region.base))))
    yield "regions", "Regions", columns, regions
