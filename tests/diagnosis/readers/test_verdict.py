"""The bytes of a file as the readers look at them: what lies behind the end, both byte orders, records that are whole."""

from __future__ import annotations

from typing import List

import pytest

from dumpscope.diagnosis.readers.verdict import DIES, OPENS, REFUSES, File, Reader, Refused, refuse
from dumpscope.dump.source import Source


def file(data: bytes) -> File:
    return File(Source.from_object(data))


def test_a_file_has_its_bytes_and_none_behind_its_end() -> None:
    found = file(bytes(range(8)))
    assert [found.have(*place) for place in ((0, 8), (8, 0), (7, 2), (-1, 1))] == [True, True, False, False]
    assert [found.bytes(*place) for place in ((6, 9), (8, 1), (-1, 4), (0, 0))] == [b"\x06\x07", b"", b"", b""]


def test_numbers_of_both_byte_orders() -> None:
    found = file(b"\x01\x02\x03\x04\x05\x06\x07\x08")
    assert (found.u16(0), found.u32(0), found.u64(0)) == (0x0201, 0x04030201, 0x0807060504030201)
    big = found.swapped()
    assert (big.u16(0), big.u32(0), big.u64(0)) == (0x0102, 0x01020304, 0x0102030405060708)


def test_bytes_behind_the_end_count_as_zeros() -> None:
    found = file(b"\x01\x02\x03")
    assert (found.u32(1), found.swapped().u32(1), found.u32(3)) == (0x0302, 0x02030000, 0)


def test_only_whole_records_are_read() -> None:
    found = file(bytes(range(11)))
    assert list(found.records(1, 9, "HH")) == [(1, (0x0201, 0x0403)), (5, (0x0605, 0x0807))]
    assert list(found.records(1, 1, "HH")) == [(1, (0x0201, 0x0403))]
    assert not list(found.records(1, -1, "HH"))
    assert not list(found.records(12, 4, "HH"))
    assert list(found.swapped().records(0, 1, "I")) == [(0, (0x00010203,))]


def test_records_go_on_behind_the_first_piece_that_is_read() -> None:
    count = 65536 // 4 + 1
    found = file(b"".join(index.to_bytes(4, "little") for index in range(count)))
    rows = list(found.records(0, count, "I"))
    assert len(rows) == count
    assert rows[-1] == (4 * (count - 1), (count - 1,))


def test_entries_of_the_directory_have_their_numbers() -> None:
    data = bytes(4) + b"".join(value.to_bytes(4, "little") for value in (3, 16, 100, 4, 32, 200))
    entries = list(file(data).entries(5, 4))
    assert [(item.position, item.type, item.size, item.rva, item.at) for item in entries] == [(0, 3, 16, 100, 4), (1, 4, 32, 200, 16)]


@pytest.mark.parametrize("outcome", [REFUSES, DIES])
def test_a_reader_that_refuses_says_which_byte_decides(outcome: str) -> None:
    def check(found: File) -> None:
        if found.u32(0) == 7:
            refuse("number", "the number is 7", "number", found.u32(0), 0, outcome)

    reader = Reader("one", "One", "1.0", "it opens", "", True, check)
    verdict = reader.verdict(file(b"\x07\0\0\0"))
    assert verdict.reason is not None
    assert (verdict.outcome, verdict.reason.code, verdict.reason.value, verdict.reason.offset) == (outcome, "number", "0x7", 0)
    opened = reader.verdict(file(b"\x08\0\0\0"))
    assert (opened.outcome, opened.reason, opened.judged) == (OPENS, None, True)


def test_words_stay_words_in_a_refusal() -> None:
    values: List[str] = []
    for value in ("the file ends", 0x1F):
        with pytest.raises(Refused) as caught:
            refuse("short", "too short", "header", value, None)
        values.append(caught.value.reason.value)
    assert values == ["the file ends", "0x1f"]
