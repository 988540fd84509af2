#!/usr/bin/env python3
"""Build the sample dumps.

Without arguments all of them are written beside this program.
"""
import argparse
import sys
from pathlib import Path
from typing import List, Optional, Sequence

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

from samples import damaged, handle_cases, healthy, hostile, not_minidumps, third_party  # noqa: E402,F401
from samples.catalogue import SAMPLES  # noqa: E402


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="names and titles")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR", help="write there")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--check", action="store_true", help="compare the files with what would be written")
    options = parser.parse_args(arguments)
    names: List[str] = options.only or sorted(SAMPLES)
    for name in names:
        if options.list:
            print("%-40s %s" % (name, SAMPLES[name].title))
            continue
        data = SAMPLES[name].build()
        (options.out / (name + ".dmp")).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
