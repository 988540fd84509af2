"""``frame``, ``up`` and ``down``: which frame is chosen."""

from __future__ import annotations

from tests.commands.made import opened

from dumpscope.commands.stacks import frame
from dumpscope.session.session import Session


def test_the_chosen_frame_is_that_of_its_thread() -> None:
    """A frame of a thread that the list does not have is chosen too; one that was chosen of another thread does not count."""
    for name, index in (("exception-thread-unknown", -1), ("crash-recursion", 2)):
        session = Session(opened(name))
        for chosen, place in ((None, 0), ((index, 5), 5), ((index, 1), 1), ((index - 1, 5), 0), ((index + 1, 5), 0)):
            session.memo["frame"] = chosen
            assert frame._current(session)[3] == place
