"""Which waits make a ring."""

from __future__ import annotations

from typing import List, Optional

import pytest

from dumpscope.stacks.waits.waits import HANDLE, Awaited, Wait, deadlocks


def wait(tid: int, *owners: Optional[int], every: Optional[bool] = None, certain: bool = True) -> Wait:
    objects = tuple(Awaited(HANDLE, 4 * number, "Mutant", "", owner, "", "", certain, ()) for number, owner in enumerate(owners))
    return Wait(None, tid, "NtWaitForSingleObject", "", objects, every, "", ())


@pytest.mark.parametrize(
    ("waits", "rings"),
    [
        ([wait(1, 2), wait(2, 1)], [[1, 2]]),
        ([wait(1, 2), wait(2, 3), wait(3, 1)], [[1, 2, 3]]),
        ([wait(9, 1), wait(1, 2), wait(2, 1)], [[1, 2]]),  # another waits for one of the ring
        ([wait(1, 2), wait(2, 1), wait(3, 4), wait(4, 3)], [[1, 2], [3, 4]]),
        ([wait(1, 2), wait(2, 3)], []),  # thread 3 runs
        ([wait(1, 1)], []),  # its own: it can be entered again
        ([wait(1, 2, certain=False), wait(2, 1)], []),
        ([wait(1, 2, 3, every=False), wait(2, 1)], []),  # the other object may be signalled
        ([wait(1, 2, 3), wait(2, 1)], []),  # whether one is enough is not known
        ([wait(1, 3, 2, every=True), wait(2, 1)], [[1, 2]]),
        ([wait(1, None), wait(2, 1)], []),
        ([wait(tid, tid + 1) for tid in range(5000)] + [wait(5000, 0)], [list(range(5001))]),
    ],
)
def test_rings(waits: List[Wait], rings: List[List[int]]) -> None:
    assert [[item.tid for item in ring] for ring in deadlocks(waits)] == rings
