"""``python -m tests.fuzz --count N --seed S``: N mutated dumps through every command; failures are kept with their story."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, Iterator, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "extension")]

from tests.fuzz.driver import Checker, corpus, signature  # noqa: E402
from tests.fuzz.mutator import Mutant, every_cut, every_field, mutate, sites  # noqa: E402


def bound_memory() -> None:
    """A process that wants more than 1 GiB ends with MemoryError, which is found."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    except (ImportError, ValueError, OSError):
        pass


def mutants(args: argparse.Namespace) -> Iterator[Tuple[int, str, Mutant]]:
    """Number, base and mutant."""
    bases = {name: data for name, data in corpus().items() if args.only in name}
    if args.exhaustive:
        number = 0
        for name, data in bases.items():
            for way in (every_field(data), every_cut(data)):
                for mutant in way:
                    yield number, name, mutant
                    number += 1
        return
    names = sorted(bases)
    groups = {name: sites(data) for name, data in bases.items()}
    for number in range(args.start, args.start + args.count):
        chance = random.Random(f"{args.seed}/{number}")
        name = chance.choice(names)
        yield number, name, mutate(bases[name], chance, groups[name])


def main() -> int:
    """Fuzz; the exit code is 1 when an invariant broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=10000, help="mutants")
    parser.add_argument("--seed", default="1", help="the same seed gives the same mutants")
    parser.add_argument("--start", type=int, default=0, help="number of the first one, to repeat a failure with --count 1")
    parser.add_argument("--only", default="", help="bases whose name holds this word")
    parser.add_argument("--exhaustive", action="store_true", help="each field of each base set to each edge, and each base cut at every 32-bit boundary")
    parser.add_argument("--everything", action="store_true", help="every line and every renderer for each mutant (slow)")
    parser.add_argument("--minutes", type=float, default=0, help="stop after this time")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "dumpscope-fuzz", help="folder for the inputs that broke something")
    args = parser.parse_args()
    bound_memory()
    checker = Checker()
    broken: Dict[str, int] = {}
    begun = time.monotonic()
    done = 0
    for number, name, mutant in mutants(args):
        if args.everything:
            found = checker.everything(mutant.data)
        else:
            found = checker.some(mutant.data, random.Random(f"{args.seed}:{number}"))
        for error in found:
            key = signature(str(error))
            broken[key] = broken.get(key, 0) + 1
            if broken[key] == 1:
                args.keep.mkdir(parents=True, exist_ok=True)
                path = args.keep / f"{key}.dmp"
                path.write_bytes(mutant.data)
                print(f"\n{number}: {name}: {mutant.story}\n{error}\n  kept as {path}", flush=True)
        done += 1
        if done % 1000 == 0:
            print(f"{done} mutants, {checker.runs} runs, {time.monotonic() - begun:.0f} s, {len(broken)} kinds of failure", file=sys.stderr, flush=True)
        if args.minutes and time.monotonic() - begun > args.minutes * 60:
            break
    took = time.monotonic() - begun
    print(f"seed {args.seed}: {done} mutants, {checker.runs} runs in {took:.0f} s; slowest {checker.slowest[0]:.2f} s {checker.slowest[1]}")
    for key, count in broken.items():
        print(f"  {key}: {count} times")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
