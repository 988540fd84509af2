"""The memory that a walk reads: words across windows, and stacks that no memory list has."""

from __future__ import annotations

import struct
from typing import List, Tuple

import pytest
from samples.writer import DumpBuilder, Thread

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks import memory
from dumpscope.stacks.memory import StackMemory
from samples import blocks

STACK, OTHER = 0x7000, 0x20000
WORDS = struct.pack("<4Q", 0x11, 0x22, 0x33, 0x44)


def made(*pieces: Tuple[int, bytes], listed: bool = True) -> Minidump:
    """A dump of a thread whose stack holds WORDS; without a memory list the thread alone leads to them."""
    builder = DumpBuilder("amd64")
    builder.add_system_info()
    builder.add_thread_list([Thread(1, context=blocks.context_amd64(rip=0x400000, rsp=STACK), stack_address=STACK, stack=WORDS)])
    for address, data in pieces:
        builder.add_memory(address, data)
    if listed:
        builder.add_memory_list()
    return Minidump.open(builder.build())


@pytest.mark.parametrize("size", [4, 8])
def test_words_have_the_size_of_a_pointer_and_end_with_the_memory(size: int) -> None:
    read = StackMemory(made((OTHER, bytes(range(1, 17)))), size)
    assert read.word(OTHER) == int.from_bytes(bytes(range(1, size + 1)), "little")
    assert read.word(OTHER + 16 - size) == int.from_bytes(bytes(range(17 - size, 17)), "little")
    assert read.word(OTHER + 17 - size) is None
    assert read.word(OTHER - 1) is None


def test_a_word_before_the_window_and_one_behind_it_are_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "WINDOW", 16)
    read = StackMemory(made((OTHER, WORDS)), 8)
    found: List[object] = [read.word(OTHER + place) for place in (16, 24, 0, 12, 24)]
    assert found == [0x33, 0x44, 0x11, 0x33 << 32, 0x44]


def test_the_stack_of_the_thread_that_was_entered_counts_without_a_memory_list() -> None:
    dump = made(listed=False)
    thread = dump.threads[0]
    read = StackMemory(dump, 8)
    assert read.word(STACK) is None
    read.enter(thread)
    assert [read.word(STACK + 8 * index) for index in range(5)] == [0x11, 0x22, 0x33, 0x44, None]
    assert (read.offset(STACK + 8), read.offset(STACK - 1), read.offset(STACK + len(WORDS))) == (thread.stack_rva + 8, None, None)
    assert [read.some(STACK + place, 8) for place in (-1, 24, 28, 32)] == [b"", WORDS[24:], WORDS[28:], b""]
    read.enter(None)
    assert read.some(STACK, 8) == b""
    assert read.offset(STACK) is None


def test_addresses_outside_the_address_space_hold_nothing() -> None:
    read = StackMemory(made((OTHER, WORDS)), 8)
    assert read.some(-1, 8) == read.some(1 << 64, 8) == b""
    assert read.word(-8) is None
