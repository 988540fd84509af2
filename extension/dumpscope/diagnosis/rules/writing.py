"""What goes wrong while a dump is written, as far as the file shows it."""

from __future__ import annotations

from typing import Optional

from ...dump.absence import Absent
from ...format.flags import MiniDumpIgnoreInaccessibleMemory, MiniDumpWithFullMemory, refused
from ..evidence import Proof
from ..facts import Facts
from .opening import _zeroed
from .ranges import _truncated
from .rule import INFERRED, INFO, PROVEN, WARNING, Match, Rule
from .threads import _info_proofs, _infos

_DOCS = "Microsoft Learn: MiniDumpWriteDump"
_WRITE = ("MiniDumpWriteDump", ".dump", "procdump", "dotnet-dump")


def _partial_copy(facts: Facts) -> Optional[Match]:
    if not facts.asked(MiniDumpWithFullMemory) or facts.asked(MiniDumpIgnoreInaccessibleMemory) or not facts.header.implementation:
        return None
    return Match((facts.flags_proof(MiniDumpWithFullMemory), facts.flags_proof(MiniDumpIgnoreInaccessibleMemory)))


def _denied(facts: Facts) -> Optional[Match]:
    found, count = _infos(facts, 1)
    denied = [info for info in found if info.dump_error in (0xD0000022, 0x80070005)]
    if not denied:
        return None
    return Match(tuple(_info_proofs(denied)), {"count": count})


def _invalid(facts: Facts) -> Optional[Match]:
    reasons = refused(facts.flags)
    if not reasons:
        return None
    return Match((Proof("header Flags", f"0x{facts.flags:x}", 24), *(Proof("refused because", reason) for reason in reasons[:4])), {"why": "; ".join(reasons)})


def _ended(facts: Facts) -> Optional[Match]:
    return _zeroed(facts)


def _disk_full(facts: Facts) -> Optional[Match]:
    return _truncated(facts)


def _rewritten(facts: Facts) -> Optional[Match]:
    if facts.writer.family != "dbgeng":
        return None
    counters = facts.dump.system_memory
    if isinstance(counters, Absent):
        return None
    pages = counters.get("BasicInfo.PageSize")
    if isinstance(pages, Absent) or pages:
        return None
    return Match((facts.writer_proof(), Proof("SystemMemoryInfo.BasicInfo.PageSize", "0", counters.offset)))


RULES = (
    Rule(
        code="WRT001",
        severity=INFO,
        title="one unreadable page ends the writing of this kind of dump",
        symptoms=("MiniDumpWriteDump failed, 0x8007012B", "Only part of a ReadProcessMemory or WriteProcessMemory request was completed", "ERROR_PARTIAL_COPY"),
        commands=_WRITE,
        checks="flag 0x2 set, flag 0x20000 clear",
        verdict="Full memory was asked for without MiniDumpIgnoreInaccessibleMemory: this time every page could be read; where one cannot, the call "
        "fails with 0x8007012B.",
        confidence=PROVEN,
        remedy=("add 0x20000, and try again when it fails: memory changes under the writer", "a 32-bit writer cannot read a 64-bit process at all"),
        sources=(_DOCS, "dotnet/diagnostics: dotnet-dump tries five times"),
        fires="full-memory-flag-without-list",
        silent="full-memory",
        test=_partial_copy,
    ),
    Rule(
        code="WRT002",
        severity=WARNING,
        title="the writer was denied access to threads",
        symptoms=("MiniDumpWriteDump failed, 0x80070005", "Access is denied."),
        commands=_WRITE,
        checks="DumpError of ThreadInfo entries",
        verdict="{count:thread|threads} could not be opened for lack of rights. Where the process itself is refused, the call fails with 0x80070005.",
        confidence=PROVEN,
        remedy=("run the writer elevated, with SeDebugPrivilege enabled; a protected process (PPL) cannot be dumped from user mode",),
        sources=(_DOCS, "observed: dumps with DumpError 0xD0000022"),
        fires="thread-access-denied",
        silent="thread-times",
        test=_denied,
    ),
    Rule(
        code="WRT003",
        severity=WARNING,
        title="flags that a current writer refuses",
        symptoms=("MiniDumpWriteDump failed, 0x80070057", "The parameter is incorrect."),
        commands=_WRITE,
        checks="bits that are not known, and bits that contradict each other",
        verdict="A current dbgcore would refuse these flags as an invalid parameter: {why}.",
        confidence=PROVEN,
        remedy=("`flags VALUE` says what each bit means; leave the unknown ones out",),
        sources=("minidumpapiset.h: MiniDumpValidTypeFlags", _DOCS),
        fires="damaged-flags-unknown",
        silent="full-memory",
        test=_invalid,
    ),
    Rule(
        code="WRT004",
        severity=WARNING,
        title="the writing was broken off",
        symptoms=("MiniDumpWriteDump failed, 0x800704C7", "The operation was canceled by the user.", "MiniDumpWriteDump failed, 0x80070070"),
        commands=_WRITE,
        checks="a directory of zeros",
        verdict="The header was written and the directory was not: the writer was cancelled by a callback (0x800704C7), killed, or out of disk space "
        "(0x80070070).",
        confidence=INFERRED,
        remedy=("make room, lift the time limit, and write it again",),
        sources=(_DOCS, "dotnet/diagnostics issue 3829"),
        fires="damaged-directory-zeroed",
        silent="full-memory",
        test=_ended,
        needs_dump=True,
        needs_directory=False,
    ),
    Rule(
        code="WRT005",
        severity=WARNING,
        title="the end of the memory was not written, or not copied",
        symptoms=("MiniDumpWriteDump failed, 0x80070070", "There is not enough space on the disk."),
        commands=_WRITE,
        checks="BaseRva + the sizes of all ranges, against the size of the file",
        verdict="The last {missing} are not there: the disk was full (0x80070070), or a copy was cut.",
        confidence=INFERRED,
        remedy=("make room and write it again, or copy it again",),
        sources=(_DOCS,),
        fires="full-memory-truncated",
        silent="full-memory",
        test=_disk_full,
    ),
    Rule(
        code="WRT006",
        severity=INFO,
        title="the debugger could not ask for everything when it wrote this dump",
        symptoms=(
            "QuerySystemMemoryInformation failed, 0x80004001",
            "QueryProcessVmCounters failed, 0x80004001",
            "GenAllocateThreadObject.GetTebInfo failed, 0x8007001e",
            "GenReadTlsDirectory.Index failed",
        ),
        commands=(".dump",),
        checks="SystemMemoryInfoStream filled with zeros, written by dbgeng",
        verdict="The debugger's .dump wrote this from a target that could not answer: another dump, or a noninvasive attach. What it could not ask "
        "for is zero.",
        confidence=INFERRED,
        remedy=("zeros in system counters mean nothing here; go back to the original for them",),
        sources=("observed: .dump of dbgeng 10.0.15063 on a dump",),
        fires="real/redump-mh-of-dump-without-handles",
        silent="full-memory",
        test=_rewritten,
    ),
)
