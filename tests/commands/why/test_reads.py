"""What ``why`` costs, counted: reads of the file, and walks of each stack."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from contextlib import closing
from typing import Any, Dict, List

import pytest
from tests.conftest import SAMPLES
from tests.counting import CountingSource

from dumpscope.commands.index import find_command
from dumpscope.commands.opening import session_of
from dumpscope.dump.streams.threads import Thread
from dumpscope.session.running import run
from dumpscope.stacks.frames import LIMIT, Stack
from dumpscope.stacks.walk import Walker


def why(name: str) -> CountingSource:
    """The whole answer for a sample, every row of its tables made; the source tells how often it was read."""
    source = CountingSource((SAMPLES / name).read_bytes(), name)
    with closing(source):
        for block in run(session_of(source, name), find_command("why"), Namespace(topic=[], readers=False)):
            list(getattr(block, "rows", ()))
    return source


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("article-nohandles.dmp", 100),
        ("article-handles.dmp", 130),
        ("everything-small.dmp", 230),
        ("full-memory.dmp", 210),
        ("many-threads.dmp", 400),
        ("missing-system-info.dmp", 420),  # mend looks at it too
    ],
)
def test_reads_of_a_dump(name: str, most: int) -> None:
    assert 0 < why(name).reads <= most


def test_a_stack_is_walked_again_only_where_a_limit_ended_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: Dict[int, List[str]] = defaultdict(list)
    real = Walker.thread

    def thread(self: Walker, thread: Thread, *limit: Any) -> Stack:
        found = real(self, thread, *limit)
        ends[thread.index].append(found.end.kind)
        return found

    monkeypatch.setattr(Walker, "thread", thread)
    for name in ("many-threads.dmp", "waits-deadlock.dmp"):
        ends.clear()
        why(name)
        assert ends
        assert all(kind == LIMIT for kinds in ends.values() for kind in kinds[:-1])
