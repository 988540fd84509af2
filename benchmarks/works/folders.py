"""Whole folders of dumps: ``why`` and ``triage``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List

from .basis import work

# -- why -------------------------------------------------------------------------------------------------------------------


def dumps_in(folder: str) -> List[str]:
    """The dumps of a folder and of those in it, always in the same order."""
    return sorted(str(path) for path in Path(folder).rglob("*.dmp"))


@work
def why_dumpscope(path: str) -> Callable[[], Any]:
    from contextlib import redirect_stderr, redirect_stdout
    from io import StringIO

    from dumpscope.front.cli.main import main as dumpscope

    paths = dumps_in(path)

    def run() -> Any:
        for item in paths:
            with redirect_stdout(StringIO()) as answer, redirect_stderr(answer):
                dumpscope(["why", item])
        return len(paths)

    run()  # with all imports
    return run


@work
def decode_dumpscope(path: str) -> Callable[[], Any]:
    from dumpscope import Minidump
    from dumpscope.errors import DumpError

    paths = dumps_in(path)

    def run() -> Any:
        for item in paths:
            try:
                with Minidump.open(item) as dump:
                    list(dump.check())
            except DumpError:
                pass  # why explains these too
        return len(paths)

    run()
    return run


# -- triage ----------------------------------------------------------------------------------------------------------------

DAMAGED = ("damaged-", "hostile-", "-huge", "not-a-dump")


def sound_dumps_in(folder: str) -> List[str]:
    """The same without samples that are damaged or no minidumps: minidump believes each count, and reads some of them for minutes."""
    return [path for path in dumps_in(folder) if not any(word in Path(path).name for word in DAMAGED)]


@work
def facts_dumpscope(path: str) -> Callable[[], Any]:
    """A row of triage: kind, process, crash with its stack and signature, all findings, outcome of each debugger command."""
    from dumpscope.fleet import facts

    paths = sound_dumps_in(path)

    def run() -> Any:
        return len([facts(item) for item in paths])

    run()  # with all imports
    return run


@work
def facts_minidump(path: str) -> Callable[[], Any]:
    """The least that a table of crashes needs: program, threads, code and place of the exception. No stack, no findings."""
    from resource import RLIMIT_AS, setrlimit

    from minidump.minidumpfile import MinidumpFile

    setrlimit(RLIMIT_AS, (4 << 30, 4 << 30))  # it believes each count in a file: a damaged dump takes all memory that there is
    paths = sound_dumps_in(path)

    def run() -> Any:
        rows = []
        for item in paths:
            try:
                dump = MinidumpFile.parse(item)
                modules = dump.modules.modules if dump.modules else []
                record = dump.exception.exception_records[0].ExceptionRecord if dump.exception else None
                at = record.ExceptionAddress if record else 0
                place = next(((module.name, at - module.baseaddress) for module in modules if module.baseaddress <= at < module.endaddress), None)
                program, threads = modules[0].name if modules else "", len(dump.threads.threads) if dump.threads else 0
                rows.append((item, program, threads, record and record.ExceptionCode_raw, place))
                dump.file_handle.close()
            except Exception:  # noqa: BLE001  whatever it raises for a file that it cannot read
                rows.append((item, "", 0, None, None))
        return len(rows)

    run()
    return run


@work
def facts_udmp(path: str) -> Callable[[], Any]:
    """The same with udmp-parser, which has no exception: the place is that of the thread in the foreground."""
    from udmp_parser import UserDumpParser

    paths = sound_dumps_in(path)

    def run() -> Any:
        rows = []
        for item in paths:
            dump = UserDumpParser()
            try:
                if not dump.Parse(item):
                    rows.append((item, 0, 0, None))
                    continue
                modules, threads = dump.Modules(), dump.Threads()
                context = threads[dump.ForegroundThreadId].Context if dump.ForegroundThreadId in threads else None
                at = (getattr(context, "Rip", None) or getattr(context, "Eip", 0)) if context is not None else 0
                found = dump.GetModule(at) if at else None
                rows.append((item, len(modules), len(threads), found and (found.ModuleName, at - found.BaseOfImage)))
            except Exception:  # noqa: BLE001  whatever it raises for a file that it cannot read
                rows.append((item, 0, 0, None))
        return len(rows)

    run()
    return run
