"""The same work, done by dumpscope, by other readers, and by the barest loop: ``python contenders.py WORK PATH``.

Run as a script in a process of its own, so that one contender's memory and imports are not another's. Prints the seconds that the
work took, without the interpreter's start and the imports, and an answer that must be the same for every contender.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter

from works import folders, lists, memory  # noqa: F401  they fill WORKS; beside this script, which is no module of a package
from works.basis import KEPT, WORKS


def main() -> None:
    """Run one work on one dump."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "extension"))
    # Beside this script stands no module that a contender wants.
    sys.path[:] = [entry for entry in sys.path if entry and Path(entry).resolve() != Path(__file__).resolve().parent]
    run = WORKS[sys.argv[1]](sys.argv[2])
    start = perf_counter()
    answer = run()
    seconds = perf_counter() - start
    print(f"{seconds!r} {answer!r}", flush=True)
    if KEPT:
        os._exit(0)


if __name__ == "__main__":
    main()
