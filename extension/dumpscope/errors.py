"""The exceptions that leave the library, and the exit codes that the front ends make of them."""

from __future__ import annotations

import os
from typing import Optional

EXIT_DONE = 0
EXIT_NOT_IN_DUMP = 1
EXIT_USAGE = 2
EXIT_NOT_A_DUMP = 3
EXIT_OUTPUT = 4
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


def output_fault(error: OSError) -> str:
    """What an error of the system says of output that cannot be written: with the path, where it is one's."""
    path = f": {os.fspath(error.filename)!r}" if isinstance(error.filename, (str, os.PathLike)) else ""
    return f"{error.strerror or error}{path}"


class DumpscopeError(Exception):
    """Base of all errors of ours: ``message`` for people, ``hint`` what to do, and ``exit_code``, which the command line ends with."""

    exit_code = EXIT_BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DumpError(DumpscopeError):
    """The file is not a minidump, or is damaged where it was to be read.

    ``offset``, ``needed`` and ``available`` are in bytes, from the start of the file; None where they mean nothing.
    """

    exit_code = EXIT_NOT_A_DUMP

    def __init__(self, message: str, hint: str = "", *, offset: Optional[int] = None, needed: Optional[int] = None, available: Optional[int] = None) -> None:
        super().__init__(message, hint)
        self.offset = offset
        self.needed = needed
        self.available = available


class UsageError(DumpscopeError):
    """The command was called in a way that it does not understand."""

    exit_code = EXIT_USAGE


class NotInDump(DumpscopeError):
    """What was asked for is not in this dump. ``finding`` explains why, when a rule does."""

    exit_code = EXIT_NOT_IN_DUMP

    def __init__(self, message: str, hint: str = "", finding: Optional[object] = None) -> None:
        super().__init__(message, hint)
        self.finding = finding


class PluginError(DumpscopeError):
    """The code of a plug-in failed: exit code 70, as for a fault of dumpscope itself. The cause is the plug-in's own error."""
