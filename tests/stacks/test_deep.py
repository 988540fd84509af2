"""What a walk costs, counted, on the dump that the benchmarks walk; and that other walkers get the same program beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Tuple

import pytest
from benchmarks.deep import BASE, FRAMES, NAME, SIZE, deep
from tests.counting import CountingSource

from dumpscope.dump.minidump import Minidump
from dumpscope.session.session import Session
from dumpscope.session.walks import walks_of
from dumpscope.stacks.frames import CFI, UNWIND_DATA, Stack
from dumpscope.stacks.walk import Walker
from dumpscope.stacks.x64.unwind import X64Unwinder
from dumpscope.symbols.images import Images

THREADS = 4


def test_each_address_is_worked_out_once_and_a_stack_is_not_read_word_by_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep(tmp_path / "deep.dmp", THREADS)
    worked: List[Tuple[int, bool]] = []
    plain = X64Unwinder._recipe

    def counting(self: X64Unwinder, ip: int, first: bool) -> Any:
        worked.append((ip, first))
        return plain(self, ip, first)

    monkeypatch.setattr(X64Unwinder, "_recipe", counting)
    source = CountingSource((tmp_path / "deep.dmp").read_bytes(), "deep.dmp")
    with Minidump(source) as dump:
        walker = Walker(dump, Images(dump))
        for thread in dump.threads:
            walker.thread(thread)
        before = source.reads
        for thread in dump.threads:
            stack = walker.thread(thread)
            assert len(stack.frames) == FRAMES
            assert stack.end.kind == "return-address-0"
            assert all(frame.certain for frame in stack.frames)
        assert len(worked) == len(set(worked)) <= 8  # four addresses that calls return to, and those of the contexts
        assert source.reads - before <= 8 * THREADS


def walked(path: Path, images: Path, symbols: Path) -> Stack:
    """The first stack of a dump, as the command walks it."""
    with Minidump.open(path) as dump:
        walks = walks_of(Session(dump), [str(images)], [str(symbols)])
        return walks.stack(dump.threads[0], 2000)


def test_image_and_symbols_beside_the_dump_give_the_same_stack(tmp_path: Path) -> None:
    whole = tmp_path / "deep.dmp"
    deep(whole, 1)
    with Minidump.open(whole) as dump:
        expected = Walker(dump, Images(dump)).thread(dump.threads[0])
        assert (tmp_path / "images" / f"{NAME}.exe").read_bytes() == dump.memory.read(BASE, SIZE)
    bare = tmp_path / "bare.dmp"
    deep(bare, 1, captured=False)
    frames = [(frame.ip, frame.sp) for frame in expected.frames]
    for images, symbols, found_by in ((tmp_path / "images", tmp_path / "none", UNWIND_DATA), (tmp_path / "none", tmp_path / "symbols", CFI)):
        stack = walked(bare, images, symbols)
        assert [(frame.ip, frame.sp) for frame in stack.frames] == frames
        assert {frame.found_by for frame in stack.frames[1:]} == {found_by}
