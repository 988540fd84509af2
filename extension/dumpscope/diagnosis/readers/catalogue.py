"""Every reader there is, and their verdicts on one file."""

from __future__ import annotations

from typing import List, Tuple

from ...dump.source import Source
from .breakpad import DUMP, STACKWALK
from .lldb import LLDB
from .pypi import PYPI
from .rust import RUST
from .udmp import UDMP
from .verdict import File, Reader, Verdict

READERS: Tuple[Reader, ...] = (LLDB, STACKWALK, DUMP, RUST, PYPI, UDMP)


def verdicts(source: Source) -> List[Verdict]:
    """What each reader makes of a file, in the order of READERS."""
    return [reader.verdict(File(source)) for reader in READERS]


__all__ = ["READERS", "verdicts"]
