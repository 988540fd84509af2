"""What the copies of /proc files say of a process: writers on Linux put them beside the streams of the format (Breakpad, LLDB, Rust)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Dict, List, Optional

if TYPE_CHECKING:
    from .breakpad import Breakpad, LinuxFile

MOST_FIELDS = 1 << 10
"""Fields of a status file, variables of an environment and arguments that are kept."""

_SIGNS = "surrogateescape"


class ProcFiles:
    """The copied files of one process, each read when asked for; false where there is none of them."""

    def __init__(self, breakpad: Breakpad) -> None:
        self._breakpad = breakpad

    def __bool__(self) -> bool:
        return any(self.file(name) is not None for name in ("status", "cmdline", "environ", "stat"))

    def file(self, name: str) -> Optional[LinuxFile]:
        """The copy of ``/proc/PID/name``."""
        return self._breakpad.file(f"/proc/PID/{name}")

    def _parts(self, name: str) -> List[str]:
        """The texts of a file that a NUL ends each."""
        item = self.file(name)
        if item is None:
            return []
        parts = item.data.split(b"\0", MOST_FIELDS)[:MOST_FIELDS]
        return [part.decode("utf-8", _SIGNS) for part in parts if part]

    @cached_property
    def status(self) -> Dict[str, str]:
        """``/proc/PID/status``: the field's name and its text."""
        item = self.file("status")
        if item is None:
            return {}
        rows = [line.partition(":") for line in item.data.decode("utf-8", _SIGNS).split("\n", MOST_FIELDS)[:MOST_FIELDS]]
        return {name.strip(): text.strip() for name, colon, text in rows if colon}

    @cached_property
    def arguments(self) -> List[str]:
        """``/proc/PID/cmdline``: the program and its arguments, an empty list without the file."""
        return self._parts("cmdline")

    @cached_property
    def environment(self) -> Optional[Dict[str, str]]:
        """``/proc/PID/environ``; None without the file."""
        if self.file("environ") is None:
            return None
        return {name: value for name, _, value in (part.partition("=") for part in self._parts("environ")) if name}

    def number(self, field: str) -> Optional[int]:
        """A number of the status file, such as ``Pid``: the first of several, without its unit."""
        words = self.status.get(field, "").split()
        return int(words[0]) if words and words[0].isascii() and words[0].isdigit() and len(words[0]) < 20 else None

    def size(self, field: str) -> Optional[int]:
        """A size of the status file in bytes; the file has it in kB."""
        found = self.number(field)
        return None if found is None else found * 1024

    @cached_property
    def parent(self) -> Optional[int]:
        """The parent's process id, of the status file or of ``/proc/PID/stat``."""
        found = self.number("PPid")
        if found is not None:
            return found
        item = self.file("stat")
        words = item.data.rpartition(b")")[2].split() if item is not None else []
        return int(words[1]) if len(words) > 1 and words[1].isdigit() and len(words[1]) < 20 else None


__all__ = ["MOST_FIELDS", "ProcFiles"]
