"""The report of a dump that was made from another: what was kept, changed, left out and invented, as JSON. It quotes no secret."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Iterator, Optional

from ..errors import UsageError
from .output import permitted


def check_paths(report: Optional[str], output: Optional[str], source: str, force: bool) -> None:
    """Raise UsageError, before anything is written, where one of the two files could not be written."""
    if output:
        permitted(output, force, source)
    if report:
        folder = os.path.dirname(os.path.abspath(report))
        if not os.path.isdir(folder):
            raise UsageError(f"--report {report}: there is no folder {folder!r}", "make it, or give another path; nothing was written")
        if not os.access(folder, os.W_OK):
            raise UsageError(f"--report {report}: no right to write in {folder!r}", "give another path; nothing was written")
        place = permitted(report, force, source)
        if output and os.path.realpath(output) == place:
            raise UsageError("the report and the dump have the same name", "give another name to --report")


def report(command: str, source: str, size: int, values: Dict[str, Any]) -> Iterator[bytes]:
    """The report in pieces. Of the source it names the file, not the folders."""
    document = {"command": command, "source": {"name": os.path.basename(source), "size": size}, **values}
    yield json.dumps(document, indent=2, ensure_ascii=True).encode("ascii") + b"\n"
