"""``!py -m dumpscope.windbg why !handle``: every command in WinDbg from a package that pip installed, without a folder of scripts.

``!py -m dumpscope.windbg aliases`` lets ``!handles`` and the other names be typed as they are; without a name the commands are listed.
"""

from __future__ import annotations

import sys
from typing import List, Optional


def main(argv: Optional[List[str]] = None) -> int:
    """Run the command that the first word names; returns an exit code as the command line has it. Nothing else leaves it."""
    from dumpscope.front.windbg.main import run_module

    return run_module(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    status = main()
    if status and not hasattr(sys.stdout, "writedml"):  # the debugger's output object; there an exit code says nothing
        sys.exit(status)
