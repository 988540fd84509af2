"""Runs tests against mutants: which tests see which line, and what they say of a mutant.

Each mutant is tried in a fork of this process. A mutant in the body of a function is tried in a *warm* fork, where the tests are collected already and
the code of the function is replaced. Any other mutant, and each one that survives so, is tried in a *cold* fork, where the package is not imported yet
and is imported with the mutant in it: what the warm process keeps from before (caches, tables) hides nothing there.
"""

from __future__ import annotations

import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
import types
from hashlib import sha256
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

import pytest

PACKAGE = "dumpscope"
MEMORY = 6 << 30
"""Bytes of address space that a mutant may take."""
PATIENT = 10
"""A mutant may take this many times the processor time of the tests without it, and ``EXTRA`` seconds more; then it counts as killed."""
EXTRA = 20
OPTIONS = ["-n", "0", "-p", "no:cacheprovider", "-p", "no:terminal"]


class Seen(NamedTuple):
    """What one test did without a mutant: seconds of processor time, and the lines that it ran in each module."""

    seconds: float
    lines: Dict[str, Set[int]]


class Verdict(NamedTuple):
    """What came of a mutant: ``killed``, ``survived``, ``timeout``, ``no test`` (none runs the line) or ``same`` (or no
    program); the test that killed it; how many were run."""

    what: str
    by: str
    tests: int


class Loop:
    """A pytest plugin that does something else with the tests that pytest collected."""

    def __init__(self, do: Callable[[pytest.Session], None]) -> None:
        self.do = do

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Called by pytest when all tests are collected."""
        self.do(session)
        return True


class Failures:
    """A pytest plugin that keeps the names of tests that failed, and how long each took."""

    def __init__(self) -> None:
        self.failed: List[str] = []
        self.seconds: Dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for each phase of a test."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Called by pytest for each module: one that cannot be imported fails."""
        if report.failed:
            self.failed.append(report.nodeid)


class Chosen:
    """A pytest plugin that keeps only some tests, in an order of their own."""

    def __init__(self, names: Sequence[str]) -> None:
        self.order = {name: number for number, name in enumerate(names)}

    def pytest_collection_modifyitems(self, items: List[pytest.Item]) -> None:
        """Called by pytest when all tests are collected."""
        items[:] = sorted((item for item in items if item.nodeid in self.order), key=lambda item: self.order[item.nodeid])


def forked(do: Callable[[], Any], seconds: Optional[int] = None, *, quiet: bool = True) -> Tuple[str, Any]:
    """What a function gives in a fork of this process: ``done`` and its value, or how the fork ended. ``seconds``: of processor time."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(read)
            if quiet:
                nothing = os.open(os.devnull, os.O_RDWR)
                for number in (0, 1, 2):
                    os.dup2(nothing, number)
            if seconds is not None:
                signal.signal(signal.SIGXCPU, signal.SIG_DFL)
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                signal.alarm(seconds * 30 + 300)  # a mutant that waits instead of running
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(do(), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    _pid, ended = os.waitpid(pid, 0)
    if os.WIFSIGNALED(ended):
        return ("timeout" if os.WTERMSIG(ended) in (signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM) else "crash"), None
    return ("done", pickle.loads(data)) if os.WEXITSTATUS(ended) == 0 else ("crash", None)


class Scratch:
    """A folder for the files of tests, emptied after each mutant."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="mutants-"))

    def fresh(self) -> Path:
        """An empty folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir()
        return self.path / "tests"


class Cover:
    """Which tests run which lines of some folders, kept in a file and made again for files of tests that changed or if a module is new."""

    def __init__(self, root: Path, tests: Sequence[str], folders: Sequence[Path], kept: Path) -> None:
        self.root, self.tests, self.folders, self.kept = root, list(tests), list(folders), kept
        self.known: Dict[str, Tuple[str, Dict[str, str], Dict[str, Seen]]] = pickle.loads(kept.read_bytes()) if kept.exists() else {}
        files = sorted({file for name in tests for file in (root / name).rglob("test_*.py")} | {root / name for name in tests if name.endswith(".py")})
        now = {str(file.relative_to(root)): _stamp(file) for file in files}
        self.modules = {path.relative_to(root / "extension" / PACKAGE).as_posix(): stamp_of(path) for folder in folders for path in folder.rglob("*.py")}
        stale = [name for name, stamp in now.items() if name not in self.known or self.known[name][0] != stamp or self.modules.keys() - self.known[name][1]]
        if stale:
            how, seen = forked(lambda: _observe(root, stale, self.folders), quiet=True)
            if how != "done":
                raise SystemExit(f"the tests could not be run without a mutant: {how}")
            failed, found = seen
            if failed:
                print("these tests fail without a mutant, and are left out:\n" + "\n".join(failed[:20]), flush=True)
                found = {test: what for test, what in found.items() if test not in failed}
            for name in stale:
                self.known[name] = (now[name], self.modules, {test: what for test, what in found.items() if test.split("::")[0] == name})
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(pickle.dumps(self.known))
        self.seen = {test: what for name in now for test, what in self.known[name][2].items()}

    def running(self, path: str, lines: Optional[Iterable[int]]) -> List[str]:
        """The tests that run one of these lines of a module (any line at all for None, or where the module has changed), the fastest first."""
        wanted = None if lines is None else set(lines)
        old = {name for name, (_stamp, modules, _seen) in self.known.items() if modules.get(path) != self.modules[path]}
        names = []
        for name, seen in self.seen.items():
            if path in seen.lines and (wanted is None or name.split("::")[0] in old or not wanted.isdisjoint(seen.lines[path])):
                names.append(name)
        return sorted(names, key=lambda name: self.seen[name].seconds)

    def seconds(self, names: Iterable[str]) -> float:
        """How long these tests take without a mutant."""
        return sum(self.seen[name].seconds for name in names)


def stamp_of(path: Path) -> str:
    """What a file holds, as a short text."""
    return sha256(path.read_bytes()).hexdigest()


def _stamp(file: Path) -> str:
    """What a file of tests holds, with the texts beside it if it reads any."""
    texts = sorted(file.parent.rglob("*.txt")) if ".txt" in file.read_text("utf-8") else []
    return "".join([stamp_of(file), *(stamp_of(text) for text in texts)])


def _observe(root: Path, files: Sequence[str], folders: Sequence[Path]) -> Tuple[List[str], Dict[str, Seen]]:
    import coverage

    cover = coverage.Coverage(data_file=None, source=[str(folder) for folder in folders], config_file=False)
    failures = Failures()
    took: Dict[str, float] = {}

    class Contexts:
        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
            cover.switch_context(item.nodeid)
            before = time.process_time()
            yield
            took[item.nodeid] = time.process_time() - before
            cover.switch_context("")

    cover.start()
    pytest.main([*OPTIONS, *(str(root / name) for name in files)], plugins=[failures, Contexts()])
    cover.stop()
    data = cover.get_data()
    lines: Dict[str, Dict[str, Set[int]]] = {}
    for name in data.measured_files():
        path = str(Path(name).relative_to(root / "extension" / PACKAGE))
        for line, contexts in data.contexts_by_lineno(name).items():
            for context in contexts:
                if context:
                    lines.setdefault(context, {}).setdefault(path, set()).add(line)
    return failures.failed, {name: Seen(took.get(name, 0.0), lines.get(name, {})) for name in failures.seconds}


class Import(importlib.abc.MetaPathFinder):
    """Gives one module another source."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        """Called by ``import``."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=_Loader(fullname, str(self.path), self.source))


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self.text = source

    def get_code(self, fullname: str) -> types.CodeType:
        return compile(self.text, self.path, "exec", dont_inherit=True)


def module_name(path: str) -> str:
    """``dumpscope.commands.handles`` for ``commands/handles.py``."""
    parts = path[: -len(".py")].split("/")
    return ".".join([PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)])


def cold(root: Path, path: str, source: str, names: Sequence[str], scratch: Scratch, seconds: float) -> Verdict:
    """Tries a mutant where nothing of the package is imported yet."""
    base = scratch.fresh()

    def do() -> Tuple[List[str], int]:
        sys.meta_path.insert(0, Import(module_name(path), root / "extension" / PACKAGE / path, source))
        failures = Failures()
        files = sorted({name.split("::")[0] for name in names})
        options = [*OPTIONS, "-x", f"--basetemp={base}", *(str(root / name) for name in files)]
        pytest.main(options, plugins=[failures, Chosen(names)])
        return failures.failed, len(failures.seconds)

    how, value = forked(do, int(seconds * PATIENT) + EXTRA + 20)
    return _verdict(how, value)


def _verdict(how: str, value: Any) -> Verdict:
    if how != "done":
        return Verdict("timeout" if how == "timeout" else "killed", how, 0)
    failed, count = value
    return Verdict("killed", failed[0], count) if failed else Verdict("survived", "", count)


class Warm:
    """A process with all tests collected and all functions of some modules known."""

    def __init__(self, session: pytest.Session, root: Path, paths: Iterable[str], scratch: Scratch) -> None:
        self.root, self.scratch = root, scratch
        self.items = {item.nodeid: item for item in session.items}
        self.functions: Dict[Tuple[str, str, int], List[types.FunctionType]] = {}
        for path in paths:
            importlib.import_module(module_name(path))
        wanted = {str(root / "extension" / PACKAGE / path): path for path in paths}
        gc.unfreeze()  # tests/conftest.py hides from the collector what was there when the tests were collected
        for thing in gc.get_objects():
            if isinstance(thing, types.FunctionType) and thing.__code__.co_filename in wanted:
                code = thing.__code__
                self.functions.setdefault((wanted[code.co_filename], code.co_name, code.co_firstlineno), []).append(thing)

    def attempt(self, path: str, function: Tuple[str, int], source: str, names: Sequence[str], seconds: float) -> Optional[Verdict]:
        """Tries a mutant by replacing the code of a function; None if that cannot be done."""
        there = self.functions.get((path, *function), [])
        try:
            code = _code(compile(source, str(self.root / "extension" / PACKAGE / path), "exec", dont_inherit=True), function)
        except (SyntaxError, ValueError):
            return Verdict("same", "", 0)
        if code is None or not there or any(code.co_freevars != one.__code__.co_freevars for one in there):
            return None
        replacement = code
        base = self.scratch.fresh()

        def do() -> Tuple[List[str], int]:
            for one in there:
                one.__code__ = replacement
            failures = Failures()
            count = 0
            for name in names:
                item = self.items[name]
                if count == 0:
                    item.config.pluginmanager.register(failures)
                    factory: Any = item.config._tmp_path_factory  # type: ignore[attr-defined]
                    base.mkdir(parents=True, exist_ok=True)
                    factory._basetemp = base
                count += 1
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                if failures.failed:
                    break
            return failures.failed, count

        how, value = forked(do, int(seconds * PATIENT) + EXTRA)
        return _verdict(how, value)


def _code(module: types.CodeType, function: Tuple[str, int]) -> Optional[types.CodeType]:
    todo: List[types.CodeType] = [module]
    while todo:
        for constant in todo.pop().co_consts:
            if isinstance(constant, types.CodeType):
                if (constant.co_name, constant.co_firstlineno) == function:
                    return constant
                todo.append(constant)
    return None


def stamp(folder: Path) -> Dict[str, Tuple[int, int]]:
    """Size and time of every file of a folder: a mutant must not change the samples."""
    return {entry.name: (entry.stat().st_size, entry.stat().st_mtime_ns) for entry in os.scandir(folder) if entry.is_file()}


def write_report(path: Path, rows: Sequence[Dict[str, Any]]) -> None:
    """The verdicts as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
