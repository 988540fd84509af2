"""What addresses are used for."""

from pathlib import Path

import pytest

from dumpscope import Minidump
from dumpscope.wording.usage import Usage, peb_address

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(scope="module")
def usage():
    with Minidump.open(SAMPLES / "everything-small.dmp") as dump:
        yield Usage(dump)


@pytest.mark.parametrize(
    ("address", "kind", "words"),
    [
        (0x7FF6A1B20000, "Image", "demo"),
        (0x7FF6A1B2145C, "Image", "demo+0x145c"),
        (0x4A5E3F1000, "PEB", "PEB"),
        (0x4A5E3F1FFF, "PEB", "PEB+0xfff"),
        (0x4A5E3F2000, "TEB", "TEB of thread 0 (1a30)"),
        (0x4A5E3F3FFF, "TEB", "TEB of thread 0 (1a30)+0x1fff"),
        (0x4A5E3F4000, "TEB", "TEB of thread 1 (1b44)"),
        (0x4A5E4FFE58, "Stack", "stack of thread 0 (1a30)"),
        (0x4A5E400000, "Stack", "stack of thread 0 (1a30)"),  # reserved for it
        (0x7FFE0010, "Other", "KUSER_SHARED_DATA+0x10"),
        (0x4A5E200000, "<unknown>", ""),
        (0x10, "Free", ""),
        (1 << 63, "<unknown>", ""),
    ],
)
def test_one_address(usage, address, kind, words):
    assert usage.at(address)[:2] == (kind, words)


@pytest.mark.parametrize(
    ("address", "kind", "words"),
    [
        (0x10, "Free", ""),
        (0x7FFE0000, "Other", "KUSER_SHARED_DATA"),
        (0x4A5E3F1000, "TEB", "PEB, TEBs of 3 threads"),
        (0x4A5E600000, "Stack", "stack of thread 2 (c58)"),
        (0x4A5E6FC000, "Stack", "stack of thread 2 (c58)"),
        (0x7FFC3809C000, "Image", "KernelBase"),
        (0x1D5A3C00000, "<unknown>", ""),
    ],
)
def test_whole_regions(usage, address, kind, words):
    assert usage.region(usage.dump.regions.at(address))[:2] == (kind, words)


def test_the_thread_of_a_stack_is_told(usage):
    assert usage.at(0x4A5E5FFEA8).thread.tid == 0x1B44
    assert usage.at(0x7FF6A1B20000).thread is None


def test_the_peb_is_where_a_teb_says():
    with Minidump.open(SAMPLES / "everything-small.dmp") as dump:
        assert peb_address(dump) == 0x4A5E3F1000
