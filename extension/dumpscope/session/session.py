"""What a command works on: the open dump and where the answer will be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional, Protocol, Tuple

from ..dump.minidump import Minidump
from ..dump.source import Source
from ..errors import EXIT_DONE, EXIT_NOT_IN_DUMP, DumpError, UsageError
from ..view.blocks import Block

if TYPE_CHECKING:  # loaded when asked for
    from ..dump.kernel.kerneldump import KernelDump
    from ..dump.userdump import UserDump
    from ..wording.usage import Usage


class Live(Protocol):
    """A debugger that has the same dump open."""

    def compare(self, dump: Minidump) -> Iterator[Block]:
        """What it makes of the dump beside what we read."""

    def symbol(self, address: int) -> Optional[Tuple[str, str, int, str, int]]:
        """Module, symbol, displacement, file and line (empty and 0 where not known) of an address; None if it knows none."""


class Named(Protocol):
    """What has a name: a command."""

    @property
    def name(self) -> str:
        """The name."""


def _unseen(done: int, total: int) -> None:
    """Nobody watches."""


class Session:
    """A dump and the state of the command that runs on it.

    ``status`` is the exit code of the last command; ``memo`` is a place for results that later commands can use again;
    ``live`` is the debugger around us, where there is one; ``progress`` is told how much of a long work is done and how much
    there is, and ends the work when it raises.
    """

    def __init__(self, dump: Optional[Minidump] = None, path: str = "", *, source: Optional[Source] = None, open_error: Optional[DumpError] = None) -> None:
        self._dump = dump
        self._source = source
        self.open_error = open_error
        self.path = path or (dump.path if dump is not None else "")
        self.status = EXIT_DONE
        self.answered = False
        """Whether the command dealt with a file that is no readable dump: then ``exit_code`` is its own."""
        self.memo: Dict[str, Any] = {}
        self.live: Optional[Live] = None
        self.progress: Callable[[int, int], None] = _unseen
        self.kernel: Optional[KernelDump] = None
        """The open kernel dump; then ``answer_for`` finds what answers a command, and ``dump`` is not to be had."""
        self.user_dump: Optional[UserDump] = None
        """The open user dump of the old format; then ``dump`` is the same as a minidump, and ``source`` the file itself."""
        self.answer_for: Optional[Callable[[Any], Callable[[Session, Any], Iterator[Block]]]] = None

    def counts(self, unit: str) -> None:
        """Say what the numbers of ``progress`` count, such as ``files``; bytes if nothing is said."""
        if hasattr(self.progress, "unit"):
            self.progress.unit = unit

    @property
    def dump(self) -> Minidump:
        """The open dump. Raises UsageError when there is none."""
        if self._dump is None:
            if self.kernel is not None:
                raise UsageError("this works on dumps of a process, and a kernel dump is open", "`why` lists what works on a kernel dump")
            raise UsageError("no dump is open", "give the path of a dump")
        return self._dump

    @property
    def source(self) -> Source:
        """The open file, minidump or not. Raises UsageError when there is none."""
        if self._source is not None:
            return self._source
        if self._dump is not None:
            return self._dump.source
        raise UsageError("no dump is open", "give the path of a dump")

    @property
    def exit_code(self) -> int:
        """The exit code of the last command: that of a file that cannot be read, unless the command is about such files."""
        return self.status if self.open_error is None or self.answered else self.open_error.exit_code

    @property
    def has_file(self) -> bool:
        """Whether a file is open, minidump or not."""
        return self._dump is not None or self._source is not None

    @property
    def has_dump(self) -> bool:
        """Whether a dump is open."""
        return self._dump is not None

    def not_in_dump(self) -> None:
        """Say that what was asked for is not in the dump: the answer explains it, the exit code is 1."""
        self.status = EXIT_NOT_IN_DUMP

    def head(self, command: Named) -> Dict[str, Any]:
        """The members that every JSON document begins with."""
        dump = {"path": self.path, "size": self.source.size} if self.has_file else None
        return {"schema": 1, "command": command.name, "dump": dump}


def usage_of(session: Session) -> Usage:
    """The session's index of uses, made once."""
    from ..wording.usage import Usage

    found = session.memo.get("usage")
    if not isinstance(found, Usage):
        found = Usage(session.dump)
        session.memo["usage"] = found
    return found


__all__: List[str] = ["Live", "Session", "usage_of"]
