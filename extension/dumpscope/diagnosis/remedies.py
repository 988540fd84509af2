"""Remedies that fit whoever wrote the dump: a debugger's command does not help the program that ships a crash reporter of its own."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple
from weakref import WeakKeyDictionary

from .facts import Facts
from .rules.rule import Finding

_BY_HAND = ("`.dump", "WER: ", "procdump", "Task Manager", "dotnet-dump", "`/ma`")
"""Words of steps that somebody takes at a debugger or at the machine."""
_FLAGS = ("MiniDumpWith", "MINIDUMP_TYPE", "MiniDumpWriteDump", "dbghelp.dll", "write the dump", "replaced by 0x")
"""Words of steps that are taken in a call of MiniDumpWriteDump, which not every reporter makes."""


class Reporter(NamedTuple):
    """A crash reporter that is part of the program: whose it is, whether it passes MINIDUMP_TYPE to Microsoft's library, and what can be set."""

    name: str
    uses_flags: bool
    step: str


_CRASHPAD = Reporter(
    "Crashpad",
    False,
    "Crashpad wrote this dump, and it has no MINIDUMP_TYPE: the program that ships it can add memory (CrashpadInfo::set_extra_memory_ranges, "
    "set_gather_indirectly_referenced_memory) and streams (AddUserDataMinidumpStream); what Crashpad does not collect needs another writer, "
    "such as LocalDumps of Windows Error Reporting with DumpType 2 on a machine where it happens again",
)
_BREAKPAD = Reporter(
    "Breakpad", True, "Breakpad had this dump written: the program passes MINIDUMP_TYPE to the constructor of google_breakpad::ExceptionHandler"
)
_BREAKPAD_OWN = Reporter(
    "Breakpad", False, "Breakpad wrote this dump itself, and it has no MINIDUMP_TYPE: what it collects is set in the program that ships it"
)
_MOZILLA = Reporter("Mozilla's crash reporter", True, "Mozilla's crash reporter had this dump written: which MINIDUMP_TYPE it passes is set in its own code")
_UNREAL = Reporter(
    "Unreal Engine",
    True,
    "Unreal Engine's crash handler had this dump written: it asks for MiniDumpNormal, and for full memory, handles and thread information when "
    "the game is started with -fullcrashdump",
)
_SERVER = Reporter(
    "the server",
    True,
    "the server wrote this dump itself when it failed: which MINIDUMP_TYPE it passes is set in its code (my_create_minidump of mysys/stacktrace)",
)


_REPORTERS: WeakKeyDictionary[Facts, Optional[Reporter]] = WeakKeyDictionary()
"""What :func:`reporter_of` found, as long as somebody has the facts: each finding asks."""


def reporter_of(facts: Facts) -> Optional[Reporter]:
    """The crash reporter of the program that had this dump written; None where a tool or a debugger did, or nothing tells."""
    if facts not in _REPORTERS:
        _REPORTERS[facts] = _reporter_of(facts)
    return _REPORTERS[facts]


def _reporter_of(facts: Facts) -> Optional[Reporter]:
    if facts.opened is None:
        return None
    writer = facts.writer
    if writer.family == "crashpad" or (writer.tool == "Crashpad" and not writer.is_microsoft):
        return _CRASHPAD
    tools = {"Unreal Engine": _UNREAL, "Breakpad": _BREAKPAD, "Mozilla's crash reporter": _MOZILLA, "Crashpad": _CRASHPAD}
    if writer.tool in tools:
        return tools[writer.tool]
    if writer.family in ("breakpad", "rust"):
        return _BREAKPAD_OWN
    modules = facts.dump.modules
    program = modules[0].file_name.lower() if len(modules) else ""
    if program in ("mysqld.exe", "mariadbd.exe") and facts.has_exception and not writer.tool:
        return _SERVER
    return None


def for_its_writer(found: Finding, facts: Facts) -> Finding:
    """The finding without steps that the writer of this dump cannot take, and with the one that it can."""
    reporter = reporter_of(facts)
    if reporter is None:
        return found
    steps = tuple(step for step in found.remedy if not _foreign(step, reporter))
    if len(steps) == len(found.remedy):
        return found
    return found._replace(remedy=(*steps, reporter.step))


def _foreign(step: str, reporter: Reporter) -> bool:
    words: Tuple[str, ...] = _BY_HAND if reporter.uses_flags else _BY_HAND + _FLAGS
    return any(word in step for word in words)
