"""The dumps that are open, and which of them commands speak of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional

from ...commands.opening import session_of
from ...dump.absence import Absent
from ...dump.named import source_at
from ...errors import DumpscopeError, UsageError
from ...session.session import Session
from ...wording.numbers import is_decimal

if TYPE_CHECKING:
    from ...dump.kernel.kerneldump import KernelDump


class Opened(NamedTuple):
    """An open file with the number it was given."""

    number: int
    path: str
    session: Session


class Workspace:
    """Open files by number. Those that are no minidump stay open too: ``why`` explains them."""

    def __init__(self) -> None:
        self._opened: Dict[int, Opened] = {}
        self._current: Optional[int] = None
        self._empty = Session()

    def __len__(self) -> int:
        return len(self._opened)

    @property
    def opened(self) -> List[Opened]:
        """All of them, in the order of their numbers."""
        return list(self._opened.values())

    @property
    def current(self) -> Optional[Opened]:
        """The one that commands speak of, None when nothing is open."""
        return self._opened[self._current] if self._current is not None else None

    @property
    def session(self) -> Session:
        """The session of the current one, or an empty one."""
        return self.current.session if self.current is not None else self._empty

    def open(self, path: str) -> Opened:
        """Open a file and make it the current one. Raises DumpError when there is no such file."""
        place = os.path.expanduser(path)
        source = source_at(place)
        session = session_of(source, place)
        number = max(self._opened, default=-1) + 1
        self._opened[number] = Opened(number, place, session)
        self._current = number
        return self._opened[number]

    def use(self, number: int) -> Opened:
        """Make another one current. Raises UsageError when there is none of that number."""
        if number not in self._opened:
            have = ", ".join(map(str, self._opened)) or "none"
            raise UsageError(f"there is no open dump {number}", f"open are: {have}; `dumps` lists them")
        self._current = number
        return self._opened[number]

    def close(self, number: Optional[int] = None) -> Opened:
        """Close one, the current one if no number is given. Raises UsageError when there is none."""
        if number is None:
            if self._current is None:
                raise UsageError("no dump is open", "`open PATH` opens one")
            number = self._current
        gone = self.use(number)
        del self._opened[number]
        gone.session.source.close()
        self._current = max(self._opened, default=None) if self._opened else None
        return gone

    def close_all(self) -> None:
        """Close everything."""
        while self._opened:
            self.close(next(iter(self._opened)))

    def find(self, text: str) -> Opened:
        """The open dump that ``text`` means: its number, or its path or file name. Raises UsageError."""
        if is_decimal(text) and int(text) in self._opened:
            return self._opened[int(text)]
        for item in self._opened.values():
            if text in (item.path, os.path.basename(item.path)):
                return item
        raise UsageError(f"no open dump is {text!r}", "`dumps` lists them with their numbers")

    @property
    def prompt(self) -> str:
        """``0:003> `` as in the debugger, with the dump's number in front where several are open."""
        current = self.current
        if current is None:
            return "dumpscope> "
        lead = f"||{current.number}:" if len(self._opened) > 1 else ""
        if current.session.kernel is not None:
            return f"{lead}{_processor(current.session.kernel)}kd> "
        index = "???"
        if current.session.has_dump:
            from ...session.expression import current_thread

            try:
                thread = current_thread(current.session)
            except DumpscopeError:
                thread = None
            if thread is not None:
                index = f"{thread.index:03d}"
        return f"{lead}0:{index}> " if index != "???" else f"{lead}?:???> "


def _processor(kernel: KernelDump) -> str:
    """``0: `` of the debugger's ``0: kd>``: the processor that it is at, told where the machine had several."""
    if kernel.header["NumberProcessors"] < 2:
        return ""
    return f"{0 if isinstance(kernel.processor, Absent) else kernel.processor.number}: "


def short_name(path: str) -> str:
    """The file's name without its folder, whichever way the path leans."""
    return path.replace("\\", "/").rpartition("/")[2] or path


__all__ = ["Opened", "Workspace", "short_name"]
