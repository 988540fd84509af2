"""Breakpad's streams: which of its members are valid, and files by their names. tests/dump/streams/test_vendor.py has the rest."""

from __future__ import annotations

import pytest
from samples.writer import DumpBuilder

from dumpscope.dump.absence import Absent
from dumpscope.dump.minidump import Minidump


def opened(fill):
    made = DumpBuilder(version_high=0)
    made.add_system_info()
    fill(made)
    return Minidump.open(made.build()).breakpad


@pytest.mark.parametrize("validity", range(9))
def test_validity_bits(validity):
    info = opened(lambda made: made.add_breakpad_info(0x11, 0x22, validity)).info
    assert info.validity == validity
    assert (info.dump_thread_id == 0x11) is (validity in (1, 3, 5, 7))
    assert (info.requesting_thread_id == 0x22) is (validity in (2, 3, 6, 7))
    for value in (info.dump_thread_id, info.requesting_thread_id):
        assert not isinstance(value, Absent) or f"(0x{validity:x})" in value.message


@pytest.mark.parametrize(
    ("kind", "words"),
    [(0, "not said"), (1, "invalid parameter"), (2, "pure virtual"), (9, "type 9")],
)
def test_kinds_of_assertions(kind, words):
    found = opened(lambda made: made.add_assertion("a > b", "f", "c:\\x.cpp", 217, kind)).assertion
    assert (found.expression, found.function, found.file, found.line, found.type) == ("a > b", "f", "c:\\x.cpp", 217, kind)
    assert words in found.type_name


def test_files_by_the_end_of_their_path():
    def fill(made):
        made.add_stream(0x47670006, b"a\0b\0\0")
        made.add_stream(0x47670009, b"maps text\n\n")

    found = opened(fill)
    assert [(item.name, item.type, item.size) for item in found.files] == [("/proc/PID/cmdline", 0x47670006, 5), ("/proc/PID/maps", 0x47670009, 11)]
    assert [item.text for item in found.files] == ["a\nb", "maps text"]
    for name in ("maps", "/proc/PID/maps", "/elsewhere/maps"):
        assert found.file(name).type == 0x47670009
    assert found.file("map") is None
    assert found.file("environ") is None
