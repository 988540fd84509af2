"""Process and system information that is missing, or worth a look."""

from __future__ import annotations

from typing import Optional

from ...dump.absence import Absent
from ...dump.streams.counters import Counters
from ...format.flags import MiniDumpWithTokenInformation
from ...format.header import MINIDUMP_HEADER
from ...format.misc import MINIDUMP_MISC_INFO_5
from ...format.streams import MiscInfoStream, TokenStream
from ..evidence import Proof
from ..facts import Facts
from .rule import INFO, PROVEN, WARNING, Match, Rule

_OBSERVED = "observed: dbgeng 10.0.15063 on edited dumps"
_FLAGS1 = MINIDUMP_MISC_INFO_5.offset_of("Flags1")


def _no_process(facts: Facts) -> Optional[Match]:
    misc = facts.dump.misc
    if isinstance(misc, Absent):
        return Match((facts.directory_proof(MiscInfoStream),), {"why": "there is no MiscInfoStream" if facts.stream(MiscInfoStream) is None else misc.message})
    if isinstance(misc.process_id, Absent):
        return Match((Proof("MiscInfo.Flags1", f"0x{misc.flags1:x}: bit 0x1 (process id) is clear", misc.offset + _FLAGS1),), {"why": misc.process_id.message})
    return None


def _no_times(facts: Facts) -> Optional[Match]:
    misc = facts.dump.misc
    if isinstance(misc, Absent) or not isinstance(misc.process_create_time, Absent):
        return None
    return Match(
        (Proof("MiscInfo.Flags1", f"0x{misc.flags1:x}: bit 0x2 (process times) is clear", misc.offset + _FLAGS1),), {"why": misc.process_create_time.message}
    )


def _no_timestamp(facts: Facts) -> Optional[Match]:
    if facts.header.timestamp:
        return None
    return Match((Proof("header TimeDateStamp", "0", MINIDUMP_HEADER.offset_of("TimeDateStamp")),))


def _tokens(facts: Facts) -> Optional[Match]:
    if len(facts.dump.tokens):
        return Match((facts.directory_proof(TokenStream),), {"state": "The tokens are in the file, but !token works on live and kernel targets only."})
    return None


def _no_tokens(facts: Facts) -> Optional[Match]:
    if len(facts.dump.tokens):
        return None
    proofs = [facts.flags_proof(MiniDumpWithTokenInformation), facts.directory_proof(TokenStream)]
    stream = facts.stream(TokenStream)
    if stream is not None:
        proofs.append(Proof("tokens in the TokenStream", "0", stream.rva))
    return Match(tuple(proofs))


def _counter(counters: Counters, name: str) -> Proof:
    place = next(item for item in counters if item.name == name)
    return Proof(name, str(place.value), place.offset)


def _commit(facts: Facts) -> Optional[Match]:
    counters = facts.dump.system_memory
    if isinstance(counters, Absent):
        return None
    committed = counters.get("BasicPerfInfo.CommittedPages")
    limit = counters.get("BasicPerfInfo.CommitLimit")
    if isinstance(committed, Absent) or isinstance(limit, Absent) or not limit or committed * 100 < limit * 95:
        return None
    return Match(
        (_counter(counters, "BasicPerfInfo.CommittedPages"), _counter(counters, "BasicPerfInfo.CommitLimit")),
        {"percent": f"{committed * 100 / limit:.1f}"},
    )


def _job(facts: Facts) -> Optional[Match]:
    counters = facts.dump.vm_counters
    if isinstance(counters, Absent):
        return None
    limit = counters.get("JobTotalCommitLimit")
    used = counters.get("JobSharedCommitUsage")
    private = counters.get("JobPrivateCommitUsage")
    if isinstance(limit, Absent) or isinstance(used, Absent) or isinstance(private, Absent) or not limit or (used + private) * 100 < limit * 90:
        return None
    return Match(
        (
            _counter(counters, "JobTotalCommitLimit"),
            _counter(counters, "JobPrivateCommitUsage"),
            _counter(counters, "JobSharedCommitUsage"),
        ),
        {"percent": f"{(used + private) * 100 / limit:.1f}"},
    )


RULES = (
    Rule(
        code="SYS001",
        severity=WARNING,
        title="the process id is not in the dump",
        symptoms=("id: f0f0f0f0", "Id: f0f0f0f0."),
        commands=("|", "~", ".lastevent"),
        checks="MiscInfoStream, and bit 0x1 of its Flags1",
        verdict="The debugger shows the process id f0f0f0f0, which it makes up: {why}.",
        confidence=PROVEN,
        remedy=("nothing to repair; writers on other systems leave it out", "if a program of yours wrote it: add a MiscInfoStream with Flags1 bit 0x1"),
        sources=(_OBSERVED,),
        fires="misc-info-missing",
        silent="misc-info-v5",
        test=_no_process,
    ),
    Rule(
        code="SYS002",
        severity=INFO,
        title="the process's times are not in the dump",
        symptoms=("Process Uptime: not available",),
        commands=(".time", "vertarget"),
        checks="bit 0x2 of MiscInfo.Flags1",
        verdict="There is no creation time, so the debugger has no process uptime: {why}.",
        confidence=PROVEN,
        remedy=("nothing to repair",),
        sources=(_OBSERVED,),
        fires="misc-info-id-only",
        silent="misc-info-v5",
        test=_no_times,
    ),
    Rule(
        code="SYS003",
        severity=INFO,
        title="the time of the dump is not recorded",
        symptoms=("Debug session time: Thu Jan  1 00:00:00.000 1970",),
        commands=(".time", "vertarget"),
        checks="the header's TimeDateStamp",
        verdict="TimeDateStamp is 0, so the debugger shows 1970 and wrong uptimes.",
        confidence=PROVEN,
        remedy=("the file's own date is the best guess",),
        sources=(_OBSERVED,),
        fires="damaged-time-zero",
        silent="misc-info-v5",
        test=_no_timestamp,
    ),
    Rule(
        code="SYS004",
        severity=INFO,
        title="the tokens are there, and the debugger does not show them",
        symptoms=("!token is not available for user-mode dumps", "Could not open token"),
        commands=("!token",),
        checks="a TokenStream with a token in it",
        verdict="{state} dumpscope decodes them.",
        confidence=PROVEN,
        remedy=("`tokens` of dumpscope shows user, groups and privileges",),
        sources=("Microsoft Learn: !token", "observed: .dumpdebug lists the stream, no command reads it"),
        fires="tokens",
        silent="stacks-only",
        test=_tokens,
    ),
    Rule(
        code="SYS005",
        severity=INFO,
        title="no tokens in the dump",
        symptoms=("Thread is not impersonating. Using process token...", "Could not open token"),
        commands=("!token",),
        checks="no TokenStream, or one without a token",
        verdict="The security context of the process is not in the file.",
        confidence=PROVEN,
        remedy=("write the dump with `.dump /m` of the debugger, which always asks for tokens, or with 0x40000 (MiniDumpWithTokenInformation)",),
        sources=("Microsoft Learn: MINIDUMP_TYPE",),
        fires="stacks-only",
        silent="tokens",
        test=_no_tokens,
    ),
    Rule(
        code="SYS006",
        severity=WARNING,
        title="the machine was nearly out of commit",
        symptoms=("Not enough memory", "STATUS_COMMITMENT_LIMIT", "the paging file is too small"),
        commands=("!analyze", "!address"),
        checks="CommittedPages against CommitLimit in SystemMemoryInfoStream",
        verdict="When the dump was taken, {percent} % of the machine's commit limit was used: allocations may have failed for that reason.",
        confidence=PROVEN,
        remedy=("look for the process that used it up, or enlarge the paging file",),
        sources=("minidumpapiset.h: MINIDUMP_SYSTEM_BASIC_PERFORMANCE_INFORMATION",),
        fires="commit-exhausted",
        silent="misc-info-v5",
        test=_commit,
    ),
    Rule(
        code="SYS007",
        severity=WARNING,
        title="the process was near the memory limit of its job",
        symptoms=("Not enough memory", "STATUS_COMMITMENT_LIMIT", "out of memory in a container"),
        commands=("!analyze", "!heap"),
        checks="job members of ProcessVmCountersStream",
        verdict="The process runs in a job (a container, perhaps) and had used {percent} % of its commit limit.",
        confidence=PROVEN,
        remedy=("raise the job's or container's limit, or look for the leak",),
        sources=("minidumpapiset.h: MINIDUMP_PROCESS_VM_COUNTERS_2",),
        fires="job-memory-limit",
        silent="misc-info-v5",
        test=_job,
    ),
)
