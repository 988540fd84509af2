"""``dumpscope`` and ``python -m dumpscope``."""

from __future__ import annotations

import sys
from typing import List, Optional


def main(argv: Optional[List[str]] = None) -> int:
    """Run the command line; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    if words in (["--version"], ["-V"]):
        from dumpscope import __version__

        try:
            sys.stdout.write(f"dumpscope {__version__}\n")
            sys.stdout.flush()
            return 0
        except (OSError, AttributeError):
            pass  # the command line knows what to say of an output that cannot be written
    try:
        from dumpscope.front.cli.ending import end_in_order

        end_in_order()
        from dumpscope.front.cli.main import main as run

        return run(words)
    except KeyboardInterrupt:  # before the command line was there to say so, or while it ended
        return 130


if __name__ == "__main__":
    sys.exit(main())
