"""Sources that are put together: what is read, what a copy holds; and temporary files."""

from __future__ import annotations

from typing import Iterator, List

import pytest

from dumpscope.dump import virtual
from dumpscope.dump.source import Source
from dumpscope.dump.virtual import Virtual, temporary, write_all
from dumpscope.errors import DumpError

WHOLE = bytes(range(64))


class Every(Virtual):
    """The even bytes of another source."""

    def __init__(self, whole: Source) -> None:
        super().__init__(whole, whole.size // 2, "every")
        self.asked: List[int] = []

    def made(self, offset: int, size: int) -> bytes:
        self.asked.append(size)
        return bytes(self.whole.some(2 * offset, 2 * size))[::2]

    def reach(self, size: int) -> int:
        return size // 2


def test_bytes_are_made_where_they_are_asked_for() -> None:
    source = Every(Source.from_object(WHOLE))
    assert source.size == 32
    assert bytes(source.some(3, 5)) == WHOLE[6:16:2]
    assert bytes(source.some(30, 5)) == WHOLE[60::2]
    assert bytes(source.some(32, 1)) == b""


def test_a_copy_is_made_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "PIECE", 10)
    source = Every(Source.from_object(WHOLE))
    assert bytes(source._map()) == WHOLE[::2]
    assert source.asked == [10, 10, 10, 2]
    assert bytes(source.some(3, 5)) == WHOLE[6:16:2]
    assert source.asked == [10, 10, 10, 2], "from the copy"
    source.close()


def test_no_room_is_said_before_anything_is_written() -> None:
    with pytest.raises(DumpError, match="bytes unpacked, and") as caught:
        temporary(1 << 80, "large")
    assert "TMPDIR" in caught.value.hint


def test_a_file_that_takes_a_part_at_a_time_gets_all() -> None:
    taken: List[bytes] = []

    class Slow:
        def write(self, view: memoryview) -> int:
            taken.append(bytes(view[:3]))
            return min(3, len(view))

    def chunks() -> Iterator[bytes]:
        yield b"abcdefgh"
        yield b""
        yield b"ij"

    assert write_all(Slow(), chunks()) == 10  # type: ignore[arg-type]
    assert taken == [b"abc", b"def", b"gh", b"ij"]
