"""How much of a member is unpacked, and which members are dumps."""

from __future__ import annotations

from typing import Iterator, List, Optional

import pytest

from dumpscope.dump.archives.member import LEAST_ROOM, MOST, RATIO, Archive, Member, bounded, room
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError


class Chunks:
    """An archive of one member, in these chunks."""

    title, unpack = "a test", "unpack IT"

    def __init__(self, parts: List[bytes], error: Optional[Exception] = None) -> None:
        self.parts, self.error = parts, error

    def members(self) -> List[Member]:
        return []

    def chunks(self, member: Member) -> Iterator[bytes]:
        yield from self.parts
        if self.error is not None:
            raise self.error


def fault(archive: Archive, member: Member) -> DumpError:
    with pytest.raises(DumpError) as caught:
        list(bounded(archive, Source.from_object(b"x"), member))
    return caught.value


@pytest.mark.parametrize(
    ("packed", "most"),
    [
        (0, LEAST_ROOM),
        (LEAST_ROOM // RATIO, LEAST_ROOM),
        (LEAST_ROOM // RATIO + 1, RATIO * (LEAST_ROOM // RATIO + 1)),
        (MOST // RATIO + 1, MOST),
    ],
)
def test_the_room_of_a_member(packed: int, most: int) -> None:
    assert room(Member("a.dmp", None, packed)) == most


@pytest.mark.parametrize(
    ("name", "is_dump"), [("a.dmp", True), ("A.MDMP", True), ("x/core.1.core", True), ("a.dmp.txt", False), ("a.dmp\n", False), ("admp", False)]
)
def test_names_of_dumps(name: str, is_dump: bool) -> None:
    assert Member(name, None, 0).is_dump is is_dump


def test_as_many_bytes_as_are_declared() -> None:
    assert list(bounded(Chunks([b"ab", b"c"]), Source.from_object(b"x"), Member("a", 3, 1))) == [b"ab", b"c"]
    assert list(bounded(Chunks([b"ab"]), Source.from_object(b"x"), Member("a", None, 1))) == [b"ab"]


def test_fewer_and_more_than_declared() -> None:
    short = fault(Chunks([b"ab"]), Member("a", 3, 1))
    assert (short.needed, short.available) == (3, 2)
    assert "unpacks to 2 bytes, and the archive gives it 3" in str(short)
    assert "more than the 3 bytes" in str(fault(Chunks([b"ab", b"cd"]), Member("a", 3, 1)))


def test_a_declared_size_above_the_limit_is_refused_before_it_is_unpacked() -> None:
    assert f"more than is unpacked here ({LEAST_ROOM})" in str(fault(Chunks([], AssertionError("unpacked")), Member("a", LEAST_ROOM + 1, 1)))


def test_a_reason_and_an_error_of_a_library_are_words() -> None:
    assert "is encrypted" in str(fault(Chunks([b"a"]), Member("a", 1, 1, reason="is encrypted")))
    assert "cannot be unpacked: EOFError" in str(fault(Chunks([b"a"], EOFError()), Member("a", 1, 1)))
    assert "cannot be unpacked: bad block" in str(fault(Chunks([], ValueError(" bad block ")), Member("a", 1, 1)))
