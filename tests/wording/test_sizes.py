"""A stream's size as arithmetic."""

from pathlib import Path

import pytest

from dumpscope import Minidump
from dumpscope.wording.sizes import explain_size, stream_list

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.mark.parametrize(
    ("sample", "index", "claimed", "words"),
    [
        ("everything-small", 0, 3, "4 + 3 × 48 = 148 = 0x94"),
        ("everything-small", 4, 1, ""),  # tokens: entries of different sizes
        ("everything-small", 7, None, "one MINIDUMP_EXCEPTION_STREAM"),
        ("everything-small", 9, None, "version 5 of MINIDUMP_MISC_INFO"),
        ("everything-small", 14, None, "unused entry"),
        ("handles-stream-padded", 7, 26, "16 + 26 × 40 = 1056 = 0x420, but the directory says 0x424"),
        ("damaged-duplicate-streams", 8, None, "not used: stream 1 is the first good one of this type"),
    ],
)
def test_explain_size(sample, index, claimed, words):
    with Minidump.open(SAMPLES / f"{sample}.dmp") as dump:
        found = explain_size(dump, dump.streams[index])
        where = [(item.index, item.name) for item in dump.streams]
    assert found == (claimed, words), where


def test_a_list_belongs_to_the_entry_that_it_is_read_from():
    with Minidump.open(SAMPLES / "damaged-duplicate-streams.dmp") as dump:
        first, second = [item for item in dump.streams if item.name == "ThreadListStream"]
        assert stream_list(dump, first) is dump.threads
        assert stream_list(dump, second) is None
        assert stream_list(dump, next(item for item in dump.streams if item.name == "SystemInfoStream")) is None
