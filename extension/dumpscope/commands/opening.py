"""A file becomes a session: a minidump, a kernel dump, or what can only be explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dump.minidump import Minidump
from ..dump.source import Source
from ..errors import DumpError
from ..format.streams import LAST_RESERVED_STREAM, STREAMS
from ..session.session import Session
from .index import MODULES

if TYPE_CHECKING:
    from ..session.registry import Command, Function


def session_of(source: Source, path: str) -> Session:
    """The session of an open file. A file that is no dump has its reason in ``open_error``."""
    if source.fault is not None:
        return Session(None, path, source=source, open_error=source.fault)
    try:
        head = source.some(0, 8)
        if head.startswith(b"PAGE"):
            from ..dump.kernel.kerneldump import KernelDump, is_kernel_dump  # loaded only for what may be one

            if is_kernel_dump(head):
                session = Session(None, path, source=source)
                session.kernel = KernelDump(source)
                session.answer_for = _kernel_answer
                return session
        if head.startswith(b"USER"):
            from ..dump.userdump import UserDump, is_user_dump

            if is_user_dump(head):
                old = UserDump(source)
                view = old.as_minidump()
                source.close_with(view.close)  # who closes the file closes its copy in a temporary file too
                session = Session(Minidump(view), path, source=source)
                session.user_dump = old
                session.answer_for = _old_answer
                return session
        dump = Minidump(source)
        if _has_unknown_streams(dump):
            from ..dump.decoders import load_decoders  # plug-ins may know them

            load_decoders()
        return Session(dump, path)
    except DumpError as error:
        return Session(None, path, source=source, open_error=error)


def _has_unknown_streams(dump: Minidump) -> bool:
    return any(stream.type > LAST_RESERVED_STREAM and stream.type not in STREAMS for stream in dump.streams)


def _kernel_answer(command: Command) -> Function:
    """What answers a command on a kernel dump. A command of a front end, such as ``open``, is about no dump."""
    from .kernel.registry import answer_for

    return answer_for(command) if command.name in MODULES else command.function


def _old_answer(command: Command) -> Function:
    """What answers a command on a user dump of the old format."""
    from .userdump.answers import answer_for

    return answer_for(command) if command.name in MODULES else command.function
