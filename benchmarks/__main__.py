"""Makes the dumps, runs everybody on the same work in turn, and prints the tables."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .peers import Peers, prepare
from .rows import FOLDER, GROWTH, PROCESS, PROCESSES, PROMPT, PROMPTS, ROWS, WORK, Row, is_peer, is_program

ROOT = Path(__file__).resolve().parents[1]
SLOW = 8.0
"""Seconds after which a contender is not run again."""
SHORT = 1.0
"""Seconds below which a contender is run three times as often: one run in three is disturbed by what else the machine does."""


class Measure(NamedTuple):
    """Medians of all runs; ``answer`` is what the work found, the same for everybody."""

    seconds: float
    mib: float
    runs: int
    answer: str


def usage_of(child: int) -> Tuple[int, float]:
    """Wait for a process: its status and its peak in MiB (0 where the system does not tell)."""
    _, status, usage = os.wait4(child, 0)
    return status, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def to_prompt(command: List[str], environment: Dict[str, str], wanted: bytes) -> Measure:
    """Start a program in a terminal of its own and wait for its first prompt; then it is ended."""
    import fcntl
    import pty
    import signal
    import struct
    import termios

    with tempfile.TemporaryDirectory() as home:
        environment = dict(environment, HOME=home, XDG_STATE_HOME=home, XDG_CONFIG_HOME=home, TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1")
        start = perf_counter()
        child, terminal = pty.fork()
        if not child:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
            os.execve(command[0], command, environment)
        shown = b""
        try:
            while wanted not in shown:
                shown += os.read(terminal, 1 << 16)
        except OSError:
            raise RuntimeError(f"{command} ended before its prompt: {shown!r}") from None
        seconds = perf_counter() - start
        os.kill(child, signal.SIGTERM)
        _, mib = usage_of(child)
        os.close(terminal)
    return Measure(seconds, mib, 1, "")


class Bench:
    """Runs contenders in processes of their own."""

    def __init__(self, folder: Path, scale: float, repeat: int, peers: Optional[Peers]) -> None:
        self.folder = folder
        self.scale = scale
        self.repeat = repeat
        self.peers = peers
        # No site-packages of the user's and no variables of his: the same interpreter for everybody.
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}

    def dump(self, name: str, scale: float) -> Path:
        """The dump, made in another process: its memory must not be inherited by the contenders."""
        if name == FOLDER:
            return Path(os.environ.get("DUMPSCOPE_BENCH_DUMPS") or ROOT / "samples").resolve()
        code = f"from benchmarks.makers import make; from pathlib import Path; print(make(Path({str(self.folder)!r}), {name!r}, {scale!r}))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=str(ROOT))
        return Path(done.stdout.strip())

    def warm(self, path: Path) -> None:
        """Read the file once, so that nobody pays for the disk."""
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass

    def why_not(self, name: str) -> str:
        """Why a contender cannot run here, or an empty string."""
        if name in PROMPTS and os.name == "nt":
            return "needs a terminal"
        package = is_peer(name)
        if not package:
            return ""
        if self.peers is None:
            return "left out"
        return self.peers.missing.get(package, "")

    def once(self, kind: str, name: str, path: Path) -> Measure:
        """One run."""
        program = sys.executable
        if is_program(name) and self.peers is not None:
            program = self.peers.programs[is_program(name)]
        elif is_peer(name) and self.peers is not None:
            program = str(self.peers.python)
        environment = dict(self.environment)
        if not is_peer(name):
            environment["PYTHONPATH"] = str(ROOT / "extension")
        if kind != WORK:
            arguments = [word.replace("{}", str(path)).replace("{folder}", str(path.parent)) for word in PROCESSES[name]]
            output: Any = subprocess.DEVNULL
            if kind == PROMPT:
                return to_prompt([program, *arguments], environment, PROMPTS[name])
        else:
            arguments = [str(Path(__file__).with_name("contenders.py")), name, str(path)]
            output = subprocess.PIPE
        # A file, not a pipe: nothing of ours has to be awake to read it.
        with tempfile.TemporaryFile("w+") as answer:
            start = perf_counter()
            child = subprocess.Popen([program, *arguments], stdout=answer if output == subprocess.PIPE else output, stderr=subprocess.DEVNULL, env=environment)
            mib = 0.0
            if hasattr(os, "wait4"):
                status, mib = usage_of(child.pid)
                child.returncode = status
            else:
                status = child.wait()
            seconds = perf_counter() - start
            if status:
                raise RuntimeError(f"{name} on {path.name} ended with {status}")
            if kind == PROCESS:
                return Measure(seconds, mib, 1, "")
            answer.seek(0)
            inside, _, found = answer.read().partition(" ")
            return Measure(float(inside), mib, 1, found.strip())

    def compare(self, kind: str, contenders: Sequence[Tuple[str, Path]]) -> Dict[Tuple[str, Path], Measure]:
        """Everybody in turn, as often as asked; slow ones less often, and short ones more often."""
        runs: Dict[Tuple[str, Path], List[Measure]] = {}
        for turn in range(self.repeat * 3):
            for contender in contenders:
                done = runs.setdefault(contender, [])
                if turn >= self.repeat and max(run.seconds for run in done) >= SHORT:
                    continue
                if not done or sum(run.seconds for run in done) < SLOW:
                    done.append(self.once(kind, *contender))
        answers = {done[0].answer for done in runs.values()}
        if len(answers) > 1:
            raise RuntimeError(f"the contenders disagree: { {name: done[0].answer for (name, _), done in runs.items()} }")
        return {
            contender: Measure(statistics.median(run.seconds for run in done), statistics.median(run.mib for run in done), len(done), done[0].answer)
            for contender, done in runs.items()
        }

    def row(self, row: Row) -> Dict[str, Any]:
        """Measure one row."""
        path = self.dump(row.dump, self.scale)
        base_path = self.dump(row.base_dump, self.scale) if row.base_dump else path
        if row.dump == "full" and row.kind != PROCESS:
            self.warm(path)
        result: Dict[str, Any] = {"key": row.key, "work": row.title, "limit": row.limit, "at_least": row.at_least, "missing": {}}
        reason = self.why_not(row.base)
        if reason:
            result["missing"][row.base] = reason
        contenders = [(row.ours, path)] + ([] if reason else [(row.base, base_path)])
        for peer in row.peers:
            reason = self.why_not(peer)
            if reason:
                result["missing"][peer] = reason
            else:
                contenders.append((peer, path))
        found = self.compare(row.kind, contenders)
        for (name, where), measure in found.items():
            label = f"{name} ({row.base_dump})" if where == base_path and row.base_dump else name
            result.setdefault("measures", {})[label] = {"seconds": measure.seconds, "mib": round(measure.mib, 1), "runs": measure.runs}
        ours = found[(row.ours, path)]
        if row.dump == FOLDER:
            result["rate"] = round(int(ours.answer) / ours.seconds)
        base = found.get((row.base, base_path))
        if base is not None:
            ratio = base.seconds / ours.seconds if row.at_least else ours.seconds / base.seconds
            result["ratio"] = round(ratio, 2)
            result["met"] = ratio >= row.limit if row.at_least else ratio <= row.limit
            if row.memory is not None:
                result["memory"] = row.memory
                result["met"] = result["met"] and ours.mib <= row.memory
            if row.seconds is not None:
                result["seconds"] = row.seconds
                result["met"] = result["met"] and ours.seconds <= row.seconds
        return result

    def growth(self, title: str, name: str, work: str) -> Dict[str, Any]:
        """A quarter, half and the whole: the time per unit must stay."""
        paths = [self.dump(name, self.scale * part) for part in (0.25, 0.5, 1.0)]
        if name == "full":
            self.warm(paths[-1])
        runs: List[List[float]] = [[], [], []]
        for _ in range(self.repeat):
            for at, path in enumerate(paths):
                runs[at].append(self.once("work", work, path).seconds)
        seconds = [min(done) for done in runs]
        return {"work": title, "seconds": seconds, "ratio": round(seconds[2] / seconds[0], 2), "met": seconds[2] <= seconds[0] * 4 * 1.3}


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _sides(result: Dict[str, Any], index: int) -> str:
    names = list(result.get("measures", {}))
    if index >= len(names):
        return "-"
    measure = result["measures"][names[index]]
    return f"{_time(measure['seconds'])}, {measure['mib']:.0f} MiB"


def table(results: List[Dict[str, Any]]) -> List[List[str]]:
    """The rows as words."""
    lines = [["work", "dumpscope", "measured against", "ratio", "target", "met", "others"]]
    for result in results:
        names = list(result["measures"])
        base = next((name for name in names[1:2]), "")
        others = [f"{name} {_sides(result, at)}" for at, name in enumerate(names) if at > 1]
        others += [f"{name}: {reason}" for name, reason in result["missing"].items()]
        sign = "≥" if result["at_least"] else "≤"
        target = f"{sign} {result['limit']}" + (f", ≤ {result['memory']} MiB" if "memory" in result else "")
        target += f", ≤ {_time(result['seconds'])}" if "seconds" in result else ""
        met = {True: "yes", False: "NO", None: "-"}[result.get("met")]
        against = f"{base} {_sides(result, 1)}" if base else "-"
        work = f"{result['work']}: {result['rate']} dumps per second" if "rate" in result else result["work"]
        lines.append([work, _sides(result, 0), against, str(result.get("ratio", "-")), target, met, "; ".join(others)])
    return lines


def growth_table(results: List[Dict[str, Any]]) -> List[List[str]]:
    """The same for how cost grows."""
    lines = [["work", "a quarter", "half", "the whole", "whole / quarter", "4, within 30 %"]]
    for result in results:
        lines.append([result["work"], *(_time(seconds) for seconds in result["seconds"]), f"{result['ratio']}", "yes" if result["met"] else "NO"])
    return lines


def columns(lines: List[List[str]]) -> str:
    """A table for the terminal."""
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def markdown(lines: List[List[str]]) -> str:
    """A table for a document."""
    rows = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([rows[0], "|" + "---|" * len(lines[0]), *rows[1:]])


def page(report: Dict[str, Any]) -> str:
    """docs/performance.md."""
    return f"""# Performance

Made by `python -m benchmarks --markdown docs/performance.md`; do not edit by hand.

{report["machine"]}. Peers: {report["peers"]}. Medians of {report["repeat"]} runs in turn (nine for what takes less than a second; once where a run
takes more than {SLOW:.0f} s), each in a process of its own, files in the page cache. The peak is the resident size of the whole process, pages of
the mapped dump included. What counts are the ratios: they hold on other machines, the times do not.

## Repeat it

    python -m benchmarks                      # everything: about ten minutes, 2.5 GB of (mostly sparse) files in the temporary folder
    python -m benchmarks --scale 0.1          # a tenth of every size
    python -m benchmarks --only handles,start # rows whose name holds a word
    python -m benchmarks --no-peers           # no environment is made, nothing is installed
    python -m benchmarks --json               # for a program
    DUMPSCOPE_BENCH_DUMPS=FOLDER python -m benchmarks --only why   # `why` on your own dumps instead of samples/

The dumps are made by `benchmarks/makers.py`, which shares no code with the reader. A *floor* is the barest loop with `struct` and
`mmap` that does the same work; `bare` is an interpreter that does nothing, `bare_struct` one that imports `struct` and `mmap`.
Every contender of a row finds the same answer, or the run stops.

## Results

{markdown(table(report["rows"]))}

## How cost grows

{markdown(growth_table(report["growth"]))}
"""


def main() -> int:
    """Run; the exit code is 1 when a target is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="rows that hold one of these words (comma between them); growth is the last table")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the dumps, 1 is full")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each contender")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--markdown", metavar="FILE", help="write the page of results")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "dumpscope-benchmarks", help="where dumps and peers are kept")
    parser.add_argument("--no-peers", action="store_true", help="do not install and run other readers")
    parser.add_argument("--clean", action="store_true", help="remove the cache folder and stop")
    args = parser.parse_args()
    if args.clean:
        shutil.rmtree(args.cache, ignore_errors=True)
        return 0
    words = [word for word in args.only.split(",") if word]

    def wanted(*texts: str) -> bool:
        return not words or any(word in text for word in words for text in texts)

    args.cache.mkdir(parents=True, exist_ok=True)
    peers = None if args.no_peers else prepare(args.cache)
    bench = Bench(args.cache, args.scale, args.repeat, peers)
    names = "none"
    if peers is not None:
        names = ", ".join([f"{key} {value}" for key, value in peers.versions.items()] + [f"{key} ({reason})" for key, reason in peers.missing.items()])
    machine = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    report: Dict[str, Any] = {"machine": machine, "peers": names, "scale": args.scale, "repeat": args.repeat, "rows": [], "growth": []}
    for row in ROWS:
        if wanted(row.key, row.title, row.dump):
            print(f"… {row.title}", file=sys.stderr, flush=True)
            report["rows"].append(bench.row(row))
    for title, name, work in GROWTH:
        if wanted("growth"):
            print(f"… growth: {title}", file=sys.stderr, flush=True)
            report["growth"].append(bench.growth(title, name, work))
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        print(f"{machine}; peers: {names}; scale {args.scale}")
        for lines in (table(report["rows"]), growth_table(report["growth"])):
            if len(lines) > 1:
                print("\n" + columns(lines))
    if args.markdown:
        Path(args.markdown).write_text(page(report), "utf-8")
    return 0 if all(result.get("met") is not False for result in report["rows"] + report["growth"]) else 1


if __name__ == "__main__":
    sys.exit(main())
