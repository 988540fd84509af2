"""The thread that a word means."""

from __future__ import annotations

from typing import Optional, Tuple

from ..dump.absence import Absent
from ..dump.streams.threads import Thread
from ..errors import UsageError
from .parsing import number
from .session import Session


def find_thread(session: Session, text: str) -> Tuple[Optional[Thread], str]:
    """The thread that ``text`` means, and a sentence where that was a choice.

    ``3`` and ``~3`` are an index; ``0x4554``, ``tid:4554`` and ``pid.4554`` an id; a number that is no index is taken as an id.
    Raises UsageError for anything else.
    """
    threads = session.dump.threads
    plain = text.strip().lower()
    if plain.startswith("tid:"):
        return threads.find(number(plain[4:], "thread id")), ""
    if "." in plain and not plain.startswith((".", "~.")):
        return threads.find(number(plain.rpartition(".")[2], "thread id")), ""
    if plain in ("#", "~#"):
        exception = session.dump.exception
        return (None if isinstance(exception, Absent) else threads.find(exception.thread_id)), ""
    if plain in (".", "~."):
        from .expression import current_thread

        return current_thread(session), ""
    index = plain[1:] if plain.startswith("~") else plain
    if index.isascii() and index.isdigit() and len(index) < 10:
        place = int(index)
        if place < len(threads):
            other = threads.find(int(index, 16)) if plain == index else None
            if other is not None and other.index != place:
                taken = f"{text} is taken as the index of thread {threads[place].tid:x}"
                return threads[place], f"{taken}; thread {other.index} has the id {other.tid:x}: write 0x{other.tid:x} for it"
            return threads[place], ""
        if plain.startswith("~"):
            return None, ""
    try:
        return threads.find(number(plain, "thread id")), ""
    except UsageError:
        raise UsageError(f"{text!r} is not a thread's index or id", "an index is decimal: 3 or ~3; an id is 0x4554 or tid:4554") from None
