"""What ``why`` costs, counted: reads of the file, and walks of each stack."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from contextlib import closing
from typing import Any, Dict, List

import pytest
from tests.conftest import SAMPLES
from tests.counting import CountingSource

from dumpscope import Minidump
from dumpscope.commands.index import find_command
from dumpscope.commands.opening import session_of
from dumpscope.dump.streams.threads import Thread
from dumpscope.session.running import run
from dumpscope.stacks.frames import LIMIT, Stack
from dumpscope.stacks.walk import Walker
from dumpscope.symbols.images import Images


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


@pytest.mark.parametrize("name", ["many-threads.dmp", "waits-deadlock.dmp", "exception-cpp-x86.dmp", "stacks-only-x86.dmp"])
def test_the_innermost_frame_is_that_of_a_longer_stack(name: str) -> None:
    """No caller is looked for to tell where a thread stands: the frame is the one that a walk begins with."""
    with Minidump.open(str(SAMPLES / name)) as dump:
        walker = Walker(dump, Images(dump))
        for thread in dump.threads:
            alone, longer = walker.thread(thread, 0), walker.thread(thread, 1)
            assert len(alone.frames) == len(longer.frames) == 1
            first, same = alone.frames[0], longer.frames[0]
            assert first == same._replace(return_address=None, origin=first.origin)
            assert first.origin.proofs() == same.origin.proofs()
            assert alone.end.kind == LIMIT
