"""Flag 0x80000, MiniDumpWithModuleHeaders, as the reason for bytes of a module."""

from pathlib import Path

import pytest

from dumpscope import Minidump
from dumpscope.wording.module_headers import headers_captured, why_here, why_not_here
from dumpscope.writing.patch import Patch

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "everything-small.dmp"
DEMO = 0x7FF6A1B20000
FLAGS = 0x18
HEADERS, FULL = 0x80000, 2


@pytest.fixture
def made():
    """A dump with other flags; with ``first_page`` a captured range begins where the first module does."""
    opened = []

    def make(flags, *, first_page=False):
        with Minidump.open(SAMPLE) as dump:
            patch = Patch(dump.source)
            patch.write(FLAGS, flags.to_bytes(8, "little"))
            if first_page:
                entry = next(item for item in dump.memory_list if DEMO <= item.start < DEMO + 0x2D000)
                patch.write(entry.offset, DEMO.to_bytes(8, "little"))
            source = patch.source()
            opened.append(source)
            return Minidump(source)

    yield make
    for source in opened:
        source.close()


def test_captured_headers_are_accounted_for(made):
    dump = made(HEADERS, first_page=True)
    assert why_here(dump, DEMO) == "the headers of demo are here because the flags hold 0x80000 MiniDumpWithModuleHeaders"
    assert why_here(dump, DEMO + 0xFFF)
    assert not why_here(dump, DEMO + 0x1000)
    assert not why_here(dump, DEMO - 1)
    assert headers_captured(dump) == "the flags hold 0x80000 MiniDumpWithModuleHeaders: the headers of 1 of 5 modules are captured"


@pytest.mark.parametrize("flags", [0, HEADERS | FULL])
def test_the_flag_is_no_reason_where_it_is_not_set_or_all_memory_is_there(made, flags):
    dump = made(flags, first_page=True)
    assert why_here(dump, DEMO) == ""
    assert headers_captured(dump) is None


def test_no_reason_for_what_is_not_captured(made):
    dump = made(HEADERS)
    assert why_here(dump, DEMO) == ""
    assert "the headers of 0 of 5 modules" in headers_captured(dump)


@pytest.mark.parametrize(
    ("flags", "offset", "words"),
    [
        (HEADERS, 0xFFF, "asks for the headers of demo: the writer did not store them"),
        (HEADERS, 0x1000, "of a module only: 0x2 MiniDumpWithFullMemory"),
        (4, 0xFFF, "which asks for the headers of modules, is not among the flags (0x4)"),
        (4, 0x1000, "the code of a module is in its file"),
    ],
)
def test_why_bytes_of_a_module_are_not_here(made, flags, offset, words):
    assert words in why_not_here(made(flags), DEMO + offset)


def test_nothing_is_said_outside_modules_or_of_full_memory(made):
    assert why_not_here(made(HEADERS), DEMO - 1) == ""
    assert why_not_here(made(FULL), DEMO) == ""
