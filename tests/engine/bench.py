"""The real debugger engine as a test bench: what Microsoft's dbgeng, pykd and a Windows Python make of a dump.

bench = Bench.find()                       # None when it is not installed; Bench.why_not() says why
answer = bench.ask_one("x.dmp", [".lastevent"])
answer.handle_count, answer.threads, answer.commands[".lastevent"].text
bench.run_inside("x.dmp", "scripts/handles.py", ["--json"]).text
bench.windows_python("-c", "import pykd").stdout
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from tests.counting import PATIENCE

WINE = "/usr/lib/wine/wine64"
HERE = Path(__file__).resolve().parent
PathLike = Union[str, Path]
NOISE = re.compile(r"Loading symbols for |\*\*\* |Unable to load image ")
PYTHON_WRAPPER = """\
import sys
sys.argv = {argv!r}
sys.path[0:1] = [{folder!r}]
sys.setrecursionlimit(500)
with open({script!r}, "rb") as _file:
    _code = compile(_file.read(), {script!r}, "exec")
exec(_code, {{"__name__": "__main__", "__builtins__": __builtins__}})
"""


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 where it is gone. Wine runs each Windows process as one of Linux."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class BenchError(RuntimeError):
    """The bench itself failed: the engine would not start, or a program ran out of time."""


@dataclass(frozen=True)
class HandleAnswer:
    """One row of the handle walk (0x4 .. 0xFFFC): basic data, type and name with their HRESULTs."""

    handle: int
    attributes: int
    granted_access: int
    handle_count: int
    pointer_count: int
    type_hr: int
    type: str
    name_hr: int
    name: str


@dataclass(frozen=True)
class ThreadAnswer:
    """One thread: engine index, system id, TEB, and the basic information with its HRESULT."""

    index: int
    id: int
    teb_hr: int
    teb: int
    hr: int
    info: Mapping[str, int]


@dataclass(frozen=True)
class RegionAnswer:
    """One step of the QueryVirtual walk from address 0."""

    base: int
    size: int
    state: int
    protect: int
    type: int
    allocation_protect: int


@dataclass(frozen=True)
class AddressAnswer:
    """ReadVirtual and QueryVirtual at one address."""

    address: int
    read_hr: int
    data: bytes
    query_hr: int
    region: RegionAnswer
    allocation_base: int


@dataclass(frozen=True)
class HandleData:
    """ReadHandleData for one handle and one data type (0 basic .. 15 semaphore)."""

    handle: int
    data_type: int
    hr: int
    size: int
    data: bytes


@dataclass(frozen=True)
class ModuleAnswer:
    """One module as the engine lists it."""

    base: int
    size: int
    time_stamp: int
    checksum: int
    flags: int
    name: str
    image: str


@dataclass(frozen=True)
class CommandAnswer:
    """The text of one command (symbol chatter removed; `raw` keeps it) and what Execute returned."""

    text: str
    hr: int
    raw: str


ARCHIVES = (".zip", ".cab")
"""Endings of names from which the engine takes a dump out of the file; every other file is given to it as a .dmp."""


@dataclass
class Answer:
    """Everything the engine said about one dump. HRESULTs are unsigned; what was not asked stays at its default."""

    dump: Path
    open_hr: int = 0
    wait_hr: Optional[int] = None
    died: str = ""
    banner: str = ""
    debuggee_class: int = 0
    debuggee_qualifier: int = 0
    format_flags: int = 0
    handle_count_hr: Optional[int] = None
    handle_count: int = 0
    handles: List[HandleAnswer] = field(default_factory=list)
    handle_errors: Dict[int, int] = field(default_factory=dict)
    thread_count_hr: Optional[int] = None
    thread_count: int = 0
    threads: List[ThreadAnswer] = field(default_factory=list)
    region_count: int = 0
    regions_last_hr: Optional[int] = None
    regions_end: int = 0
    regions: List[RegionAnswer] = field(default_factory=list)
    addresses: Dict[int, AddressAnswer] = field(default_factory=dict)
    handle_data: Dict[Tuple[int, int], HandleData] = field(default_factory=dict)
    modules: List[ModuleAnswer] = field(default_factory=list)
    facts: Dict[str, Dict[str, str]] = field(default_factory=dict)
    commands: Dict[str, CommandAnswer] = field(default_factory=dict)
    engine_lines: List[str] = field(default_factory=list)

    @property
    def opened(self) -> bool:
        """OpenDumpFile succeeded and the engine survived."""
        return self.open_hr < 0x80000000 and not self.died

    @property
    def faulted(self) -> bool:
        """A command read memory of the engine's own behind the file's mapping: whether it does changes from run to run on one file."""
        return any("Exception 0x" in command.text for command in self.commands.values())


@dataclass(frozen=True)
class Finished:
    """A program that ran to its end."""

    stdout: str
    stderr: str
    returncode: int


def _hex(text: str) -> int:
    return int(text, 16) if text else 0


def _fields(line: str) -> Dict[str, str]:
    """` a=1 b=2 text=all the rest` as a dict."""
    head, *tail = re.split(r" (?=(?:text|exe)=)", line, maxsplit=1)
    found = {name: value for name, _, value in (word.partition("=") for word in head.split()) if value}
    if tail:
        name, _, value = tail[0].partition("=")
        found[name] = value
    return found


def parse_answer(text: str, dump: Path) -> Answer:
    """The output of probe.exe for one dump."""
    answer = Answer(dump)
    command: Optional[str] = None
    collected: List[str] = []
    banner: List[str] = []
    asked = False
    for line in text.replace("\r", "").split("\n"):
        if command is not None:
            if line.startswith("@@ rc="):
                raw = "\n".join(collected)
                quiet = "\n".join(row for row in collected if not NOISE.match(row))
                answer.commands[command] = CommandAnswer(quiet, _hex(line[6:]), raw)
                command = None
            else:
                collected.append(line)
            continue
        if not line.startswith("@"):
            if not asked:
                banner.append(line)
            continue
        if line.startswith("@@ > "):
            command, collected, asked = line[5:], [], True
            continue
        _parse_line(answer, line)
        if line.startswith("@@ GetDebuggeeType"):
            asked = True
    if command is not None:  # the engine died in this command
        answer.commands[command] = CommandAnswer("\n".join(collected), 0xFFFFFFFF, "\n".join(collected))
    answer.banner = "\n".join(banner).strip("\n")
    return answer


def _parse_line(answer: Answer, line: str) -> None:
    cells = line.split("\t")
    if cells[0] == "@h":
        answer.handles.append(
            HandleAnswer(_hex(cells[1]), _hex(cells[2]), _hex(cells[3]), int(cells[4]), int(cells[5]), _hex(cells[6]), cells[7], _hex(cells[8]), cells[9])
        )
    elif cells[0] == "@t":
        pairs = dict(cell.split("=", 1) for cell in cells[5:])
        info = {name: int(value, 10 if name in ("create", "exitt", "kernel", "user") else 16) for name, value in pairs.items() if name != "hr"}
        answer.threads.append(ThreadAnswer(int(cells[1]), _hex(cells[2]), _hex(cells[3]), _hex(cells[4]), _hex(pairs["hr"]), info))
    elif cells[0] == "@r":
        answer.regions.append(RegionAnswer(*(_hex(cell) for cell in cells[1:7])))
    elif cells[0] == "@a":
        region = RegionAnswer(*(_hex(cell) for cell in cells[6:12]))
        answer.addresses[_hex(cells[1])] = AddressAnswer(_hex(cells[1]), _hex(cells[2]), bytes.fromhex(cells[4]), _hex(cells[5]), region, _hex(cells[12]))
    elif cells[0] == "@d":
        key = (_hex(cells[1]), int(cells[2]))
        answer.handle_data[key] = HandleData(key[0], key[1], _hex(cells[3]), _hex(cells[4]), bytes.fromhex(cells[5]))
    elif cells[0] == "@m":
        answer.modules.append(ModuleAnswer(_hex(cells[3]), _hex(cells[4]), _hex(cells[5]), _hex(cells[6]), _hex(cells[7]), cells[9], cells[10]))
    elif line.startswith("@@ handle "):
        handle, error = line[10:].split(" hr=")
        answer.handle_errors[_hex(handle)] = _hex(error)
    elif line.startswith("@@ "):
        name = line[3:].split(" ", 1)[0]
        facts = answer.facts[name] = _fields(line[3 + len(name) :])
        hr = _hex(facts.get("hr", "0"))
        if name == "OpenDumpFile":
            answer.open_hr = hr
        elif name == "WaitForEvent":
            answer.wait_hr = hr
        elif name == "GetDebuggeeType":
            answer.debuggee_class, answer.debuggee_qualifier = int(facts["class"]), int(facts["qualifier"])
        elif name == "GetDumpFormatFlags":
            answer.format_flags = _hex(facts["flags"])
        elif name == "HANDLE_COUNT":
            answer.handle_count_hr, answer.handle_count = hr, int(facts["count"])
        elif name == "THREADS":
            answer.thread_count_hr, answer.thread_count = hr, int(facts["count"])
        elif name == "REGIONS":
            answer.region_count, answer.regions_last_hr, answer.regions_end = int(facts["count"]), _hex(facts["last_hr"]), _hex(facts["at"])
        elif name == "DIED":
            answer.died = line[8:]
    if re.match(r"@[htr]\t|@@ (OpenDumpFile|WaitForEvent|GetDebuggeeType|GetDumpFormatFlags|HANDLE_COUNT|handle|THREADS|REGIONS) ", line):
        answer.engine_lines.append(line)


def windows_path(path: PathLike) -> str:
    """A path of this machine as Wine's programs see it."""
    return "Z:" + os.path.abspath(path).replace("/", "\\")


class Bench:
    """The installed engine. Make one with Bench.find()."""

    STARTS = 5
    """How often a program is started that Wine did not start at all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root / "work"
        self.answers = root / "answers"
        self.work.mkdir(exist_ok=True)
        self.answers.mkdir(exist_ok=True)
        self._prefix_command = self._without_network()
        self._number = 0
        self._lock = threading.Lock()

    # ---- finding it

    @staticmethod
    def where() -> Path:
        """The folder that setup.sh fills."""
        return Path(os.environ.get("DUMPSCOPE_ENGINE_DIR") or Path.home() / ".cache" / "dumpscope-engine")

    @classmethod
    def why_not(cls) -> str:
        """Why there is no bench on this machine; empty when there is one."""
        root = cls.where()
        if not os.access(WINE, os.X_OK):
            return f"Wine is not installed ({WINE}); run tests/engine/setup.sh"
        for part in ("engine/dbgeng.dll", "engine/probe.exe", "python/python.exe", "python/python39.dll", "prefix/system.reg"):
            if not (root / part).exists():
                return f"the debugger engine is not installed ({root / part} is missing); run tests/engine/setup.sh"
        return ""

    @classmethod
    def find(cls) -> Optional[Bench]:
        """The bench, or None (why_not() has the reason)."""
        return None if cls.why_not() else cls(cls.where())

    @staticmethod
    def _without_network() -> List[str]:
        """dbgeng resolves host names: without a network it fails at once instead of after five seconds."""
        for command in (["unshare", "-n"], ["unshare", "-rn"]):
            try:
                if subprocess.run([*command, "true"], capture_output=True, timeout=10, check=False).returncode == 0:
                    return command
            except (OSError, subprocess.TimeoutExpired):
                pass
        return []

    def _environment(self) -> Dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "USER") if name in os.environ}
        home = windows_path(self.root / "python")
        keep.update(
            WINEPREFIX=str(self.root / "prefix"), WINEDEBUG="-all", WINEDLLOVERRIDES="mshtml=;mscoree,dbghelp,dbgeng,dbgmodel=n",
            PYTHONHOME=home, WINEPATH=home, PYTHONDONTWRITEBYTECODE="1", RES_OPTIONS="timeout:1 attempts:1",
        )  # fmt: skip
        return keep

    def _name(self) -> str:
        with self._lock:
            self._number += 1
            return f"{os.getpid()}-{threading.get_ident()}-{self._number}"

    # ---- asking the engine

    def ask_one(self, dump: PathLike, commands: Sequence[str] = (), **options: object) -> Answer:
        """ask() for a single dump."""
        return self.ask([dump], commands, **options)[0]  # type: ignore[arg-type]

    def ask(
        self,
        dumps: Iterable[PathLike],
        commands: Sequence[str] = (),
        *,
        each: Optional[Sequence[Sequence[str]]] = None,
        what: str = "htr",
        addresses: Sequence[int] = (),
        handles: Sequence[int] = (),
        engine: str = "engine",
        timeout: float = 30,
        workers: int = 2,
        together: int = 25,
        fresh: bool = False,
    ) -> List[Answer]:
        """What the engine makes of each dump, in order.

        each: commands of each dump, after those that all are asked.
        what: h handles, t threads, r regions, e events and process, m modules, f commands first, b keep the text printed
        while opening, w command output as Unicode, d with DML, x end the process after each dump. addresses: read and query these. handles: every data type
        of these. engine: "engine" (10.0) or "engine63". timeout: seconds of processor time per dump. together: dumps
        per process (1 where the engine reads beyond the end of a file, which depends on what lies there). fresh: do not use stored answers.
        """
        paths = [Path(dump) for dump in dumps]
        asked = [[*commands, *(each[number] if each is not None else ())] for number in range(len(paths))]
        head = "\t".join([what, ",".join(f"{a:x}" for a in addresses), ",".join(f"{h:x}" for h in handles)])
        requests = [head + "\t" + "\x1f".join(words) for words in asked]
        probe = hashlib.sha256((self.root / engine / "probe.exe").read_bytes()).hexdigest()
        stored: Dict[int, Path] = {}
        missing: Dict[Path, Tuple[int, Path]] = {}
        for number, path in enumerate(paths):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            ending = path.suffix if path.suffix.lower() in ARCHIVES else ".dmp"
            key = hashlib.sha256("\n".join([digest, requests[number], probe, engine, *([ending] if ending != ".dmp" else [])]).encode()).hexdigest()
            stored[number] = self.answers / key[:2] / (key + ".txt")
            if fresh or not stored[number].exists():
                missing[stored[number]] = (number, self._staged(path, digest, ending))
        jobs = [(output, dump, requests[number]) for output, (number, dump) in missing.items()]
        batches = [jobs[i : i + together] for i in range(0, len(jobs), together)]
        with ThreadPoolExecutor(max(1, workers)) as pool:
            list(pool.map(lambda batch: self._run_batch(batch, engine, timeout), batches))
        result = []
        for number, path in enumerate(paths):
            text = stored[number].read_bytes().decode("utf-8", "replace")
            result.append(parse_answer(self._marked(text, asked[number]), path))
        return result

    @staticmethod
    def _marked(text: str, commands: Sequence[str]) -> str:
        """The lines that announce the commands, told apart from all others."""
        out, waiting = [], list(commands)
        for line in text.replace("\r", "").split("\n"):
            if waiting and line == "@@ " + waiting[0]:
                line = "@@ > " + waiting.pop(0)
            out.append(line)
        return "\n".join(out)

    def _staged(self, path: Path, digest: str, ending: str) -> Path:
        """The dump under a name that depends on its bytes alone, since the engine prints the path."""
        staged = self.work / (digest[:24] + ending)
        fresh = self.work / (self._name() + ".link")
        fresh.symlink_to(path.resolve())
        os.replace(fresh, staged)
        return staged

    def _run_batch(self, jobs: Sequence[Tuple[Path, Path, str]], engine: str, timeout: float) -> None:
        """Many dumps in one process; when it dies or hangs on one, that one is noted and the rest go on in the next."""
        left, starts = list(jobs), 0
        while left:
            name, starts = self._name(), starts + 1
            outputs = [self.work / f"{name}.{number}.txt" for number in range(len(left))]
            listing = self.work / f"{name}.jobs"
            listing.write_text(
                "".join(f"{windows_path(dump)}\t{windows_path(output)}\t{request}\n" for (_, dump, request), output in zip(left, outputs)), "utf-8"
            )
            process = subprocess.Popen(
                [*self._prefix_command, WINE, "probe.exe", windows_path(listing)], cwd=self.root / engine, env=self._environment(),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip
            done, since, worked, reason = 0, time.monotonic(), 0.0, ""
            while process.poll() is None:
                time.sleep(0.02)
                while done < len(left) and self._finished(outputs[done]):
                    done, since, worked = done + 1, time.monotonic(), processor_time(process.pid)
                if processor_time(process.pid) - worked > timeout or time.monotonic() - since > PATIENCE:
                    process.kill()
                    process.wait()
                    reason = f"no answer in {timeout:g} s of processor time"
            while done < len(left) and self._finished(outputs[done]):
                done += 1
            for (target, _, _), output in zip(left[:done], outputs):
                self._keep(output, target)
            said = self._waiting_text(process.stderr)
            if not done and not outputs[0].exists() and not reason:
                # Wine fails now and then to start a program at all, for instance while its server comes or goes
                if starts < self.STARTS:
                    time.sleep(starts)
                    continue
                raise BenchError(f"the engine did not start (exit code {process.returncode}, {starts} times): {said[-500:]}")
            starts = 0
            if done < len(left) and (outputs[done].exists() or reason):
                with open(outputs[done], "ab") as file:
                    file.write(f"\n@@ DIED {reason or f'exit code {process.returncode}'}\n".encode())
                self._keep(outputs[done], left[done][0])
                done += 1
            listing.unlink()
            left = left[done:]

    @staticmethod
    def _waiting_text(pipe: Optional[IO[bytes]]) -> str:
        """What stands in a pipe now: its end does not come while Wine's server lives, which holds it open too."""
        if pipe is None:
            return ""
        with pipe:
            os.set_blocking(pipe.fileno(), False)
            return (pipe.read() or b"").decode("utf-8", "replace").strip()

    @staticmethod
    def _finished(output: Path) -> bool:
        try:
            with open(output, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 7))
                return file.read() == b"@@ END\n"
        except OSError:
            return False

    @staticmethod
    def _keep(output: Path, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        os.replace(output, target)

    # ---- programs

    def windows_python(
        self, *args: str, stdin: str = "", timeout: float = PATIENCE, env: Optional[Mapping[str, str]] = None, cwd: Optional[PathLike] = None
    ) -> Finished:
        """Windows Python 3.9 with pykd; paths in args are Windows paths (windows_path())."""
        return self.run([str(self.root / "python" / "python.exe"), "-u", *args], stdin=stdin, timeout=timeout, env=env, cwd=cwd)

    def run(
        self, command: Sequence[str], *, stdin: str = "", timeout: float = PATIENCE, env: Optional[Mapping[str, str]] = None, cwd: Optional[PathLike] = None
    ) -> Finished:
        """Any Windows program of this machine."""
        environment = {**self._environment(), **(env or {})}
        try:
            done = subprocess.run(
                [*self._prefix_command, WINE, *command], input=stdin.encode(), capture_output=True, timeout=timeout, env=environment, cwd=cwd, check=False
            )
        except subprocess.TimeoutExpired as late:
            raise BenchError(f"{command[0]} ran longer than {timeout:g} s") from late
        return Finished(done.stdout.decode("utf-8", "replace").replace("\r", ""), done.stderr.decode("utf-8", "replace").replace("\r", ""), done.returncode)

    def run_inside(
        self, dump: PathLike, script: PathLike, argv: Sequence[str] = (), *, dml: bool = False, before: Sequence[str] = (), timeout: float = PATIENCE
    ) -> CommandAnswer:
        """A script run by `!py` inside the engine that has the dump open; with dml each DML chunk stands between \\x01 and \\x02.

        The .pyd that stands in for the extension hands Python a broken sys.argv: a wrapper sets it and then runs the script
        under the conditions of `!py`: no __file__, its folder first on sys.path, a recursion limit of 500.
        """
        real = windows_path(script)
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            wrapper = Path(folder) / "inside.py"
            wrapper.write_text(PYTHON_WRAPPER.format(argv=[real, *argv], folder=windows_path(Path(script).resolve().parent), script=real), "utf-8")
            extension = windows_path(self.root / "python" / "Lib" / "site-packages" / "pykd" / "pykd.pyd")
            call = "!py " + windows_path(wrapper)
            commands = [".load " + extension, *before, call]
            answer = self.ask_one(dump, commands, what="dx" if dml else "wx", timeout=timeout, fresh=True)
        if call not in answer.commands:
            raise BenchError(answer.died or f"the engine did not open {dump}: {answer.open_hr:08x}")
        if answer.died:
            raise BenchError(f"the engine died in the script: {answer.died}\n{answer.commands[call].raw}")
        return answer.commands[call]

    def dumpdebug(self, dump: PathLike) -> str:
        """`.dumpdebug` without the symbol chatter; when the dump was refused, the line with the HRESULT alone."""
        answer = self.ask_one(dump, [".dumpdebug"], what="f")
        if ".dumpdebug" not in answer.commands:
            return "\n".join(answer.engine_lines)
        return answer.commands[".dumpdebug"].text
