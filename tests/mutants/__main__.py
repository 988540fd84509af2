"""``python -m tests.mutants FOLDER… [--sample N] [--seed S]``: how many mutants of the package's folders the tests kill. docs/testing.md explains it."""

from __future__ import annotations

import argparse
import math
import os
import pickle
import random
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "extension" / "dumpscope"
sys.path[:0] = [str(ROOT), str(ROOT / "extension")]

from tests.mutants.operators import Mutant, mutants, place  # noqa: E402
from tests.mutants.running import OPTIONS, Cover, Loop, Scratch, Verdict, Warm, cold, forked, stamp, write_report  # noqa: E402

FOLDERS = ["commands", "diagnosis/rules", "dump/streams"]
TESTS = ["tests/commands", "tests/diagnosis", "tests/dump", "tests/learning", "tests/front/windbg", "tests/fleet/test_run.py", "tests/fleet/test_table.py"]
TESTS += ["tests/fleet/test_lines.py", "tests/fleet/test_output.py", "tests/fleet/test_compare.py", "tests/atlas/test_flat.py", "tests/stacks/test_words.py"]
MOST_TESTS = 300
"""So many tests are tried for a mutant at the most: a case of each test function first, then a second one, and so on. A mutant that only others would
kill counts as one that survived."""


def interval(killed: int, of: int) -> Tuple[float, float]:
    """Wilson's interval of 95 % for a share, in percent."""
    if not of:
        return 0.0, 100.0
    z = 1.959964
    share = killed / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return 100 * (middle - half), 100 * (middle + half)


def modules(folder: str) -> List[str]:
    """The modules of a folder of the package, or one module."""
    path = PACKAGE / folder
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [file.relative_to(PACKAGE).as_posix() for file in files]


def chosen(folder: str, args: argparse.Namespace) -> Tuple[List[Mutant], int]:
    """The mutants of a folder that are tried, and how many there are."""
    everything = [one for path in modules(folder) for one in mutants(PACKAGE, path)]
    picked = everything
    if args.sample and args.sample < len(everything):
        picked = random.Random(f"{args.seed}/{folder}").sample(everything, args.sample)
    if args.only:
        picked = [one for one in everything if re.search(args.only, one.name)]
    return picked, len(everything)


class Work:
    """One run: the mutants, the tests that see each, the verdicts."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.scratch = Scratch()
        folders = [PACKAGE / folder for folder in FOLDERS]
        asked = [PACKAGE / folder for folder in args.folders]
        folders += [folder if folder.is_dir() else folder.parent for folder in asked if not any(known in (folder, *folder.parents) for known in folders)]
        self.cover = Cover(ROOT, args.tests, folders, args.keep / "cover.pickle")
        self.texts: Dict[str, str] = {}
        self.samples = stamp(ROOT / "samples")
        self.verdicts: Dict[Mutant, Verdict] = {}
        self.kept = args.keep / "verdicts.pickle"
        self.known: Dict[Tuple[Mutant, str], Verdict] = pickle.loads(self.kept.read_bytes()) if self.kept.exists() and not args.afresh else {}

    def remembered(self, mutants: Sequence[Mutant]) -> List[Mutant]:
        """Takes what earlier runs killed in modules that are as they were; gives back the mutants that are left."""
        left = []
        for mutant in mutants:
            verdict = self.known.get((mutant, self.cover.modules[mutant.path]))
            if verdict is None or verdict.what in ("survived", "no test") or (verdict.by and "::" in verdict.by and verdict.by not in self.cover.seen):
                left.append(mutant)
            else:
                self.verdicts[mutant] = verdict
        return left

    def keep(self) -> None:
        """Writes the verdicts down for later runs."""
        self.known.update({(mutant, self.cover.modules[mutant.path]): verdict for mutant, verdict in self.verdicts.items()})
        self.kept.write_bytes(pickle.dumps(self.known))

    def text(self, path: str) -> str:
        """A module's source."""
        if path not in self.texts:
            self.texts[path] = (PACKAGE / path).read_text("utf-8")
        return self.texts[path]

    def tests(self, mutant: Mutant) -> List[str]:
        """The tests that can see a mutant: the fastest case of each test function, those of its folder first, then the next case of each."""
        where = place(self.text(mutant.path), mutant.start)
        names = self.cover.running(mutant.path, None if where.whole else where.lines)
        own = f"tests/{mutant.path.rpartition('/')[0]}/"
        rounds: Dict[str, int] = {}
        cases: Counter[str] = Counter()
        for name in names:
            function = name.partition("[")[0]
            cases[function] += 1
            rounds[name] = cases[function]
        return sorted(names, key=lambda name: (rounds[name], not name.startswith(own)))[:MOST_TESTS]

    def note(self, mutant: Mutant, verdict: Verdict) -> None:
        """Keeps a verdict and says it."""
        self.verdicts[mutant] = verdict
        if len(self.verdicts) % 20 == 0:
            self.keep()
        print(f"{verdict.what:9} {mutant.name}  {verdict.by[-110:]}", flush=True)
        if stamp(ROOT / "samples") != self.samples:
            raise SystemExit(f"samples/ was changed while this mutant ran: {mutant.name}")

    def cold(self, todo: Sequence[Mutant]) -> None:
        """Tries mutants where the package is not imported yet."""
        for mutant in todo:
            source = mutant.source(PACKAGE)
            if source is None:
                self.note(mutant, Verdict("same", "", 0))
                continue
            names = self.tests(mutant)
            if not names:
                self.note(mutant, Verdict("no test", "", 0))
                continue
            self.note(mutant, cold(ROOT, mutant.path, source, names, self.scratch, self.cover.seconds(names)))

    def warm(self, todo: Sequence[Mutant]) -> List[Mutant]:
        """Tries mutants of bodies of functions; gives back those for a cold fork: what survived, and what cannot be tried here."""
        later: List[Mutant] = []

        def do(session: Any) -> None:
            process = Warm(session, ROOT, {mutant.path for mutant in todo}, self.scratch)
            suspend = session.config.pluginmanager.getplugin("capturemanager")
            suspend.suspend_global_capture(in_=True)
            for mutant in todo:
                source = mutant.source(PACKAGE)
                if source is None:
                    self.note(mutant, Verdict("same", "", 0))
                    continue
                names = self.tests(mutant)
                if not names:
                    self.note(mutant, Verdict("no test", "", 0))
                    continue
                function = place(self.text(mutant.path), mutant.start).function
                assert function is not None
                found = process.attempt(mutant.path, function, source, names, self.cover.seconds(names))
                if found is None or (found.what == "survived" and not self.args.warm_only):
                    later.append(mutant)
                else:
                    self.note(mutant, found)

        def run() -> Tuple[List[Mutant], Dict[Mutant, Verdict]]:
            import pytest

            pytest.main([*OPTIONS, f"--basetemp={self.scratch.fresh()}", *(str(ROOT / name) for name in self.args.tests)], plugins=[Loop(do)])
            return later, self.verdicts

        how, value = forked(run, quiet=False)
        if how != "done":
            raise SystemExit("the warm process ended early")
        found, verdicts = value
        self.verdicts.update(verdicts)
        return list(found)


def report(folder: str, picked: Sequence[Mutant], of: int, verdicts: Dict[Mutant, Verdict]) -> None:
    """The figures of a folder."""
    counts = Counter(verdicts[mutant].what for mutant in picked)
    tried = len(picked) - counts["same"]
    killed = counts["killed"] + counts["timeout"]
    low, high = interval(killed, tried)
    share = 100 * killed / tried if tried else 100.0
    print(f"\n{folder}: {of} mutants, {len(picked)} picked, {counts['same']} of them change nothing")
    print(f"  of {tried} tried {killed} were killed: {share:.1f} %, 95 % interval {low:.1f} to {high:.1f} %")
    print(f"  ended by time or memory {counts['timeout']}, survived {counts['survived']}, no test runs the line {counts['no test']}")


def main(argv: Optional[Sequence[str]] = None) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="How many mutants of the package the tests kill.")
    parser.add_argument("folders", nargs="*", default=FOLDERS, help=f"folders or modules of the package (default: {' '.join(FOLDERS)})")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants of each folder, by chance (default: all of them)")
    parser.add_argument("--seed", default="1", help="what the sample depends on (default: 1)")
    parser.add_argument("--only", default="", help="only mutants whose name this pattern is found in, instead of a sample")
    parser.add_argument("--tests", nargs="*", default=TESTS, help=f"the tests that may kill (default: {' '.join(TESTS)})")
    parser.add_argument("--list", action="store_true", help="count the mutants, try none")
    parser.add_argument("--afresh", action="store_true", help="forget the verdicts of earlier runs")
    parser.add_argument("--warm-only", action="store_true", help="do not try again in a fresh process what survives: faster, a few survivors too many")
    parser.add_argument("--keep", type=Path, default=ROOT / ".mutants", help="where the lines of each test and the verdicts are kept")
    args = parser.parse_args(argv)
    plan = {folder: chosen(folder, args) for folder in args.folders}
    for folder, (picked, of) in plan.items():
        print(f"{folder}: {of} mutants, {len(picked)} picked", flush=True)
    if args.list:
        return 0
    os.environ.setdefault("DUMPSCOPE_TESTS", "all")
    os.environ["DUMPSCOPE_CASES"] = "apart"  # a case runs fewer lines than all cases of its test, and is sooner done with
    work = Work(args)
    every = [mutant for picked, _of in plan.values() for mutant in picked]
    todo = work.remembered(every)
    bodies = [mutant for mutant in todo if place(work.text(mutant.path), mutant.start).function is not None]
    outside = [mutant for mutant in todo if place(work.text(mutant.path), mutant.start).function is None]
    try:
        later = work.warm(bodies) if bodies else []
        work.cold([*later, *outside])
    finally:
        shutil.rmtree(work.scratch.path, ignore_errors=True)
        work.keep()
        rows = [{"mutant": mutant.name, "verdict": work.verdicts[mutant].what, "by": work.verdicts[mutant].by} for mutant in every if mutant in work.verdicts]
        write_report(args.keep / "verdicts.jsonl", rows)
    for folder, (picked, of) in plan.items():
        report(folder, picked, of, work.verdicts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
