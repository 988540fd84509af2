"""Regions in words, and why memory is not in a dump."""

import pytest
from tests.commands.made import opened

from dumpscope.wording.regions import nearest_captured, no_memory, not_captured_words, protection_names, state_name, type_name


def test_names_of_protection_state_and_type():
    assert protection_names(0x104) == ["PAGE_READWRITE", "PAGE_GUARD"]
    assert protection_names(0) == []
    assert (state_name(0x1000), state_name(0x123)) == ("MEM_COMMIT", "0x123")
    assert (type_name(0x20000), type_name(0), type_name(0x123)) == ("MEM_PRIVATE", "", "0x123")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (0x1000, "nothing was there: the region is free"),
        (0x4A5E400000, "nothing was there: the region is only reserved"),
        (0x4A5E4FF000, "a partial dump: its flags did not ask for this memory"),
        (0x7FF6A1B20000, "which asks for the headers of modules, is not among the flags (0x41924)"),
    ],
)
def test_why_an_address_is_not_captured(address, words):
    dump = opened("everything-small")
    assert words in not_captured_words(dump, address, dump.regions.at(address))


def test_bytes_that_a_cut_file_lost():
    dump = opened("full-memory-truncated")
    last = list(dump.memory64_list)[-1]
    words = not_captured_words(dump, last.end - 1, None)
    assert words == f"the file ends before it: its bytes would be at 0x{last.rva + last.end - 1 - last.start:x}, the file has 0x{dump.size:x}"
    assert not_captured_words(dump, 0x10, None) == "full memory was captured without it: it could not be read, or there was nothing"


def test_why_there_is_no_memory_at_all():
    assert no_memory(opened("missing-memory")).message.startswith("no memory: the file holds neither")
    assert "whose layout is not public" in no_memory(opened("compressed-memory")).message
    asked = no_memory(opened("full-memory-flag-without-list"))
    assert "ask for all of it" in asked.message


def test_nearest_captured_counts_bytes_to_both_sides():
    dump = opened("everything-small")
    below, above = [item for item in nearest_captured(dump, 0x4A5E3F17C8) if not item.hidden]
    assert (below.value, below.note) == (0x4A5E3F1000, "0x1 bytes away")
    assert (above.value, above.note) == (0x4A5E3F2000, "0x838 bytes away")


def test_nothing_is_captured_below_the_first_range():
    dump = opened("everything-small")
    below, above = [item for item in nearest_captured(dump, 0) if not item.hidden]
    assert (below.value, below.text) == (None, "nothing")
    assert above.value == 0x7FFE0000
