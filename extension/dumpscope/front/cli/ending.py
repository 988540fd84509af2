"""How a process of ours ends when it is told to: nothing half written stays behind, and a terminal is as it was."""

from __future__ import annotations

import signal
from typing import Any

ENDING = ("SIGTERM", "SIGHUP", "SIGBREAK")
"""What a system sends to end a program: ``kill``, ``timeout`` and services; a terminal that was closed; Ctrl-Break on Windows."""


def end_in_order() -> None:
    """Let these signals raise SystemExit instead of ending the process at once, so that temporary files are removed on the way out.

    The exit code is 128 and the number of the signal, as a shell has it. A signal that comes a second time ends the process at
    once. Signals that are ignored, as under nohup, or that somebody else looks after, stay as they are.
    """
    for name in ENDING:
        number = getattr(signal, name, None)
        try:
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, _end)
        except (ValueError, OSError):
            return  # not in the main thread, where nobody may set them


def _end(number: int, frame: Any) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(128 + number)
