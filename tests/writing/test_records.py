"""Numbers put into the bytes of structures by the names of their fields, and what does not fit."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from dumpscope.errors import UsageError
from dumpscope.format.exception import MINIDUMP_EXCEPTION_STREAM
from dumpscope.format.handles import MINIDUMP_HANDLE_DESCRIPTOR_2
from dumpscope.format.modules import MINIDUMP_MODULE
from dumpscope.format.threads import MINIDUMP_THREAD
from dumpscope.writing.records import BLOB, CHAIN, MEMORY, TEXT, Reference, find_path, pack, pack_into, references, split


def test_fields_that_lead_elsewhere_and_what_they_are_called() -> None:
    # Offsets by minidumpapiset.h.
    assert references(MINIDUMP_MODULE) == [Reference("ModuleName", TEXT, 20, 4), Reference("CvRecord", BLOB, 80, 4), Reference("MiscRecord", BLOB, 88, 4)]
    assert references(MINIDUMP_THREAD) == [Reference("Stack", MEMORY, 36, 4), Reference("ThreadContext", BLOB, 44, 4)]
    found = [(item.name, item.kind, item.offset) for item in references(MINIDUMP_HANDLE_DESCRIPTOR_2)]
    assert found == [("TypeName", TEXT, 8), ("ObjectName", TEXT, 12), ("ObjectInfo", CHAIN, 32)]
    assert split(MINIDUMP_THREAD, {"ThreadId": 1, "Stack": (0, 0)}) == ({"ThreadId": 1}, {"Stack": (0, 0)})


def test_a_last_part_names_a_field_where_only_one_ends_so() -> None:
    assert find_path(MINIDUMP_EXCEPTION_STREAM, "ExceptionCode") == "ExceptionRecord.ExceptionCode"
    assert find_path(MINIDUMP_EXCEPTION_STREAM, "ExceptionRecord.ExceptionCode") == "ExceptionRecord.ExceptionCode"
    assert find_path(MINIDUMP_EXCEPTION_STREAM, "ThreadId") == "ThreadId"
    with pytest.raises(UsageError, match="DataSize in several places") as several:
        find_path(MINIDUMP_MODULE, "DataSize")
    assert several.value.hint == "give the path: CvRecord.DataSize, MiscRecord.DataSize"
    with pytest.raises(UsageError, match="no field Nothing"):
        find_path(MINIDUMP_MODULE, "Nothing")


def test_numbers_arrays_and_bytes() -> None:
    data = pack(MINIDUMP_EXCEPTION_STREAM, {"ThreadId": 0x1234, "ExceptionInformation": [1, 2]})
    assert len(data) == 168
    assert data[:4] == b"\x34\x12\0\0"
    assert data[40:64] == bytes([1]) + bytes(7) + bytes([2]) + bytes(15)
    pack_into(MINIDUMP_EXCEPTION_STREAM, data, {"ExceptionInformation": b"\xff"})
    assert data[40:56] == b"\xff" + bytes(15), "the rest is filled up with zeros"
    behind = bytearray(8 + 168)
    pack_into(MINIDUMP_EXCEPTION_STREAM, behind, {"ThreadId": 1}, base=8)
    assert behind.index(1) == 8


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ThreadId": 1 << 32}, "does not fit"),
        ({"ThreadId": -1}, "does not fit"),
        ({"ThreadId": "x"}, "does not fit"),
        ({"ExceptionInformation": range(16)}, "16 numbers do not fit into 15"),
        ({"ExceptionInformation": bytes(121)}, "121 bytes do not fit into 120"),
        ({"ExceptionInformation": 5}, "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused(values: Dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        pack(MINIDUMP_EXCEPTION_STREAM, values)
