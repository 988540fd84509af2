"""``python -m tests.fuzz --count N --seed S --jobs J``: N mutated dumps through the commands; failures are kept with their story."""

from __future__ import annotations

import argparse
import gc
import random
import sys
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Set, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "extension")]

from tests.fuzz.clock import TimedChecker  # noqa: E402
from tests.fuzz.driver import corpus, signature  # noqa: E402
from tests.fuzz.mutator import Mutant, every_cut, every_field, mutate, sites  # noqa: E402

BATCH = 200
"""Mutants that a process is given at a time."""


class Failure(NamedTuple):
    """A broken invariant: the mutant's number, what it was made of, what was done to it, and what broke."""

    number: int
    base: str
    story: str
    error: str
    data: bytes


class Report(NamedTuple):
    """What a batch gave; of the failures of one kind only the first is kept whole."""

    done: int
    runs: int
    slowest: Tuple[float, str]
    counts: Dict[str, int]
    failures: Dict[str, Failure]


class Work:
    """What one process needs for its batches."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.bases = {name: data for name, data in corpus().items() if args.only in name}
        self.names = sorted(self.bases)
        self.changed: Set[str] = set()
        self.checker = TimedChecker()

    def mutant(self, number: int) -> Tuple[str, Mutant]:
        """The mutant with a number: always the same one for a seed."""
        chance = random.Random(f"{self.args.seed}/{number}")
        name = chance.choice(self.names)
        if name not in self.changed:
            self.changed.add(name)
            sites(self.bases[name])
            gc.freeze()  # what is measured for memory collects garbage first
        return name, mutate(self.bases[name], chance)

    def exhaustive(self) -> Iterator[Tuple[str, Mutant]]:
        """Each number of each base at each edge, and each base cut at every 32-bit boundary."""
        for name in self.names:
            for way in (every_field(self.bases[name]), every_cut(self.bases[name])):
                for mutant in way:
                    yield name, mutant

    def batch(self, begin: int, count: int) -> Report:
        """Check some mutants."""
        if self.args.files:
            mutants = [(path.name, Mutant(path.read_bytes(), "as it is")) for path in self.args.files[begin : begin + count]]
        elif self.args.exhaustive:
            mutants = list(islice(self.exhaustive(), begin, begin + count))
        else:
            mutants = [self.mutant(number) for number in range(begin, begin + count)]
        checker = self.checker
        before = checker.runs
        counts: Dict[str, int] = {}
        failures: Dict[str, Failure] = {}
        for number, (name, mutant) in enumerate(mutants, begin):
            if self.args.everything:
                found = checker.everything(mutant.data, checker.calls)
            else:
                found = checker.some(mutant.data, random.Random(f"{self.args.seed}:{number}"), self.args.lines)
            for error in found:
                key = signature(str(error))
                counts[key] = counts.get(key, 0) + 1
                failures.setdefault(key, Failure(number, name, mutant.story, str(error), mutant.data))
        return Report(len(mutants), checker.runs - before, checker.slowest, counts, failures)


_work: List[Work] = []


def begin(args: argparse.Namespace) -> None:
    """Prepare a process. One that wants more than 1 GiB gets a MemoryError, which is found."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    except (ImportError, ValueError, OSError):
        pass
    _work.append(Work(args))


def batch(number: int, count: int) -> Report:
    """One batch, in the process that :func:`begin` prepared."""
    return _work[0].batch(number, count)


def reports(args: argparse.Namespace, batches: Iterator[Tuple[int, int]]) -> Iterator[Report]:
    """The reports of all batches, as they come, until the time is over."""
    end = time.monotonic() + args.minutes * 60 if args.minutes else float("inf")
    with ProcessPoolExecutor(args.jobs, initializer=begin, initargs=(args,)) as pool:
        waiting: Set[Future[Report]] = {pool.submit(batch, *one) for one in islice(batches, args.jobs * 2)}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                report = future.result()
                if time.monotonic() < end and report.done:
                    waiting.update(pool.submit(batch, *one) for one in islice(batches, 1))
                yield report


def main() -> int:
    """Fuzz; the exit code is 1 when an invariant broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("files", type=Path, nargs="*", help="these instead of mutants: inputs that were kept, or any dumps")
    parser.add_argument("--count", type=int, default=10000, help="mutants")
    parser.add_argument("--seed", default="1", help="the same seed gives the same mutants")
    parser.add_argument("--start", type=int, default=0, help="number of the first one, to repeat a failure with --count 1")
    parser.add_argument("--only", default="", help="bases whose name holds this word")
    parser.add_argument("--exhaustive", action="store_true", help="each field of each base set to each edge, and each base cut at every 32-bit boundary")
    parser.add_argument("--lines", type=int, default=0, help="commands for each mutant, picked by chance; else every command")
    parser.add_argument("--everything", action="store_true", help="every line and every renderer for each mutant (slow)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--minutes", type=float, default=0, help="stop after this time")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "dumpscope-fuzz", help="folder for the inputs that broke something")
    args = parser.parse_args()
    if args.files:
        args.start, args.count = 0, len(args.files)
    last = sys.maxsize if args.exhaustive else args.start + args.count
    batches = ((number, min(BATCH, last - number)) for number in range(args.start, last, BATCH))
    broken: Dict[str, int] = {}
    begun = told = time.monotonic()
    done = runs = 0
    slowest = (0.0, "")
    try:
        for report in reports(args, batches):
            done += report.done
            runs += report.runs
            slowest = max(slowest, report.slowest)
            for key, count in report.counts.items():
                if key not in broken:
                    tell(args.keep, key, report.failures[key])
                broken[key] = broken.get(key, 0) + count
            if time.monotonic() - told > 30:
                told = time.monotonic()
                print(f"{done} mutants, {runs} runs, {told - begun:.0f} s, {len(broken)} kinds of failure", file=sys.stderr, flush=True)
    except BrokenProcessPool as error:
        print(f"a process ended by itself after {done} mutants, which no input may cause: {error}")
        return 1
    took = time.monotonic() - begun
    print(f"seed {args.seed}: {done} mutants, {runs} runs in {took:.0f} s; slowest {slowest[0]:.2f} s {slowest[1]}; {sum(broken.values())} broken invariants")
    for key, count in broken.items():
        print(f"  {key}: {count} times")
    return 1 if broken else 0


def tell(folder: Path, key: str, failure: Any) -> None:
    """Print a failure and keep its input."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.dmp"
    path.write_bytes(failure.data)
    print(f"\n{failure.number}: {failure.base}: {failure.story}\n{failure.error}\n  kept as {path}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
