"""What the flags promise and the file does not keep, bit by bit."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ...format.flags import MiniDumpWithFullMemory
from ...format.streams import Memory64ListStream
from ..evidence import Proof
from ..facts import FLAGS_OFFSET, Facts
from ..promises import NO, PARTIAL, YES, Promise, promises
from .rule import INFERRED, INFO, PROVEN, WARNING, Match, Rule

_DOCS = "Microsoft Learn: MINIDUMP_TYPE"
_OBSERVED = "observed: 110 public dumps of Microsoft's writers"
_ALL = ("!handle", "!runaway", "!address", "!heap", "!peb", "lm", "!token")


def _of(facts: Facts, asked: bool, *states: str) -> List[Promise]:
    return [item for item in promises(facts) if item.asked is asked and item.delivered in states]


def _proofs(items: List[Promise]) -> Tuple[Proof, ...]:
    return tuple(Proof(f"0x{item.bit:x} {item.name}", item.note, item.offset) for item in items[:8])


def _names(items: List[Promise]) -> str:
    return ", ".join(f"0x{item.bit:x} {item.name}" for item in items)


def _not_kept(facts: Facts) -> Optional[Match]:
    items = [item for item in _of(facts, True, NO) if item.bit != 0x20]
    if not items or not facts.writer.trusts_flags:
        return None
    return Match((Proof("header Flags", f"0x{facts.flags:x}", FLAGS_OFFSET), *_proofs(items)), {"names": _names(items)})


def _in_part(facts: Facts) -> Optional[Match]:
    items = _of(facts, True, PARTIAL)
    if not items or not facts.writer.trusts_flags:
        return None
    return Match((Proof("header Flags", f"0x{facts.flags:x}", FLAGS_OFFSET), *_proofs(items)), {"names": _names(items)})


def _unasked(facts: Facts) -> Optional[Match]:
    items = [item for item in _of(facts, False, YES) if item.bit in (0x2, 0x4, 0x20, 0x800, 0x1000, 0x40000, 0x400000, 0x4000000)]
    if not items or not facts.flags_count:
        return None
    return Match((Proof("header Flags", f"0x{facts.flags:x}", FLAGS_OFFSET), *_proofs(items)), {"names": _names(items)})


def _meaningless(facts: Facts) -> Optional[Match]:
    if facts.flags_count or not facts.flags:
        return None
    items = _of(facts, True, NO)
    if not items:
        return None
    return Match(
        (facts.version_proof(), Proof("header Flags", f"0x{facts.flags:x}", FLAGS_OFFSET), *_proofs(items)),
        {"writer": facts.writer.name, "names": _names(items)},
    )


def _normalised(facts: Facts) -> Optional[Match]:
    if not facts.asked(MiniDumpWithFullMemory) or not facts.writer.trusts_flags or facts.stream(Memory64ListStream) is None:
        return None
    return Match((Proof("header Flags", f"0x{facts.flags:x}", FLAGS_OFFSET),), {"flags": f"0x{facts.flags:x}"})


RULES = (
    Rule(
        code="FLG001",
        severity=WARNING,
        title="asked for, and not there",
        symptoms=("the flag is set and the command fails",),
        commands=_ALL,
        checks="each flag that is set against the stream or memory that it promises",
        verdict="The flags ask for what the file does not hold: {names}. Microsoft's writer tried to collect these data and got none.",
        confidence=PROVEN,
        remedy=("`why COMMAND` explains each of them; `plan COMMAND` says how to write a better dump",),
        sources=(_DOCS, _OBSERVED),
        fires="article-nohandles",
        silent="everything-small",
        test=_not_kept,
    ),
    Rule(
        code="FLG002",
        severity=INFO,
        title="asked for, and there in part",
        symptoms=("the flag is set and the command works for some threads or addresses only",),
        commands=_ALL,
        checks="each flag that is set against all threads, modules or bytes that it is about",
        verdict="The flags ask for more than the file holds: {names}.",
        confidence=PROVEN,
        remedy=("`why` shows by what each is known",),
        sources=(_DOCS,),
        fires="thread-invalid-info",
        silent="article-handles",
        test=_in_part,
    ),
    Rule(
        code="FLG003",
        severity=INFO,
        title="there, though not asked for",
        symptoms=("the flag is clear and the command works",),
        commands=_ALL,
        checks="each flag that is clear against the stream that it would promise, where the writer's flags say what was asked for",
        verdict="The file holds more than its flags ask for: {names}. Debuggers look at the streams, so it works all the same (full memory aside).",
        confidence=PROVEN,
        remedy=("nothing to do",),
        sources=("observed: dbgeng 10.0.15063 on edited dumps",),
        fires="handles-flag-cleared",
        silent="everything-small",
        test=_unasked,
    ),
    Rule(
        code="FLG004",
        severity=INFO,
        title="this writer's flags mean nothing",
        symptoms=("the flag is set and the stream is not there",),
        commands=_ALL,
        checks="the high word of Version, and the flags against the streams",
        verdict="{writer} is not one of Microsoft's writers: it stores flags and does not do what they ask for ({names}). Look at the streams, not at "
        "the flags.",
        confidence=PROVEN,
        remedy=("`streams` shows what is there",),
        sources=("Wine dlls/dbghelp/minidump.c", "observed: files of Wine and other writers"),
        fires="handles-wine-writer",
        silent="everything-small",
        test=_meaningless,
    ),
    Rule(
        code="FLG005",
        severity=INFO,
        title="the header shows normalised flags, not the request",
        symptoms=("bits that were asked for are not in the header",),
        commands=_ALL,
        checks="flag 0x2, which makes Microsoft's writers clear what full memory contains",
        verdict="With full memory the header never shows data segments, process data, private memory or code (0x1, 0x100, 0x200, 0x2000), though all of "
        "it is in the file. "
        "{flags} is what the writer made of the request.",
        confidence=INFERRED,
        remedy=("nothing to do: `flags 0x61907` shows such a normalisation",),
        sources=("observed: dbghelp 6.3.9600 asked for 0x61907 stores 0x61806",),
        fires="full-memory",
        silent="everything-small",
        test=_normalised,
    ),
)
