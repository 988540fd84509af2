"""Changes of a file: what is read back, cuts and growth, and operators."""

from __future__ import annotations

import io

import pytest

from dumpscope.dump.source import Source
from dumpscope.writing.patch import MAX_GROWN, Patch, combine


def patch() -> Patch:
    return Patch(Source.from_object(b"0123456789"))


def whole(changes: Patch) -> bytes:
    """What all three ways of reading say."""
    with io.BytesIO() as file:
        size = changes.write_to(file)
        written = file.getvalue()
    source = changes.source()
    read = source.some(0, changes.size + 1)
    source.close()
    assert size == len(written) == changes.size
    assert written == read == changes.read(0, changes.size + 1)
    return written


def test_later_writes_lie_over_earlier_ones_and_what_was_there_is_given_back() -> None:
    changes = patch()
    assert changes.write(2, b"abcd") == b"2345"
    assert changes.write(4, b"XY") == b"cd"
    assert whole(changes) == b"01abXY6789"
    assert changes.read(3, 2) == b"bX"
    assert changes.read(10, 1) == b""


@pytest.mark.parametrize(("offset", "data"), [(-1, b"a"), (10, b"a"), (8, b"abc")])
def test_places_outside_the_file_are_refused(offset: int, data: bytes) -> None:
    changes = patch()
    with pytest.raises(ValueError, match="outside the file, which has 0xa bytes"):
        changes.write(offset, data)
    assert changes.write(10, b"") == b""
    assert whole(changes) == b"0123456789"


def test_what_is_cut_off_does_not_come_back() -> None:
    changes = patch()
    changes.write(2, b"abcdef")
    changes.resize(4)
    assert whole(changes) == b"01ab"
    changes.resize(9)
    assert whole(changes) == b"01ab" + bytes(5)
    changes.resize(12)
    assert whole(changes) == b"01ab" + bytes(8)
    changes.write(11, b"!")
    changes.resize(10)
    changes.resize(12)
    assert whole(changes) == b"01ab" + bytes(8)


def test_a_file_of_any_size_is_not_made_in_memory() -> None:
    changes = patch()
    with pytest.raises(ValueError, match="at most 0x1000000"):
        changes.resize(MAX_GROWN + 1)
    changes.resize(0)
    assert whole(changes) == b""


@pytest.mark.parametrize(
    ("operator", "value"),
    [("=", 5), ("+=", 17), ("-=", 7), ("&=", 4), ("|=", 13), ("^=", 9), ("<<=", 384), (">>=", 0)],
)
def test_operators(operator: str, value: int) -> None:
    assert combine(operator, 12, 5) == value


def test_shifts_are_bounded_and_other_operators_refused() -> None:
    assert combine("<<=", 1, 1 << 40) == 1 << 64
    assert combine(">>=", 1 << 63, 1 << 40) == 0
    with pytest.raises(KeyError):
        combine("*=", 1, 2)
