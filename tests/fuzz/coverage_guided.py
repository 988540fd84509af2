"""``python -m tests.fuzz.coverage_guided [libFuzzer options] [corpus folder]``: atheris, where it can be installed.

It mutates bytes by what they make the reader do, and lets the structure-aware mutator have a hand in it. Runs until it is stopped
(``-max_total_time=600``); what breaks an invariant ends it and is written to ``crash-…`` in the current folder.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "extension")]


def main() -> int:
    """Fuzz."""
    try:
        import atheris
    except ImportError:
        sys.stderr.write("atheris is not installed (`pip install atheris`); `python -m tests.fuzz` needs nothing\n")
        return 2
    with atheris.instrument_imports(include=["dumpscope"]):
        from tests.fuzz.clock import TimedChecker
        from tests.fuzz.driver import corpus
        from tests.fuzz.mutator import mutate

        checker = TimedChecker()

    def one(data: bytes) -> None:
        for broken in checker.some(data, random.Random(len(data))):
            raise broken

    def other(data: bytes, size: int, seed: int) -> bytes:
        chance = random.Random(seed)
        changed: bytes = mutate(data, chance).data if chance.random() < 0.5 else atheris.Mutate(data, size)
        return changed[:size]

    folder = Path.cwd() / ".fuzz-corpus"
    arguments = sys.argv
    if not any(not word.startswith("-") for word in arguments[1:]):
        folder.mkdir(exist_ok=True)
        for name, data in corpus(24 << 10).items():
            (folder / name).write_bytes(data)
        arguments = [*arguments, str(folder)]
    atheris.Setup(arguments, one, custom_mutator=other)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
