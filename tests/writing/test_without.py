"""A dump read without some entries of its directory."""

from __future__ import annotations

from pathlib import Path

from dumpscope.dump.minidump import Minidump
from dumpscope.writing.without import Without

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "everything-small.dmp"


def test_what_is_left_out_is_gone_and_all_else_is_as_it_was() -> None:
    with Minidump.open(SAMPLE) as dump:
        (threads,) = [stream for stream in dump.streams if stream.type == 3]
        less = Without(dump, {threads.index})
        assert [stream.index for stream in less.streams] == [stream.index for stream in dump.streams if stream.index != threads.index]
        assert len(dump.threads)
        assert not len(less.threads)
        assert [module.name for module in less.modules] == [module.name for module in dump.modules]
        assert less.streams[threads.index] == threads, "by its number it is there"
        assert [stream.index for stream in Without(dump, ()).streams] == [stream.index for stream in dump.streams]
