"""What is kept of stacks because the debugger's engine takes it for return addresses, and what is not."""

from __future__ import annotations

import struct
from typing import List, Sequence

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.format.contexts import CONTEXT_AMD64, CONTEXT_X86
from dumpscope.writing import DumpBuilder
from dumpscope.writing.scrub import Scrubbed
from dumpscope.writing.walked import is_unwind_info

STACK = 0x20000
CODE = 0x400123


def stack_of(words: Sequence[int], *, width: int = 8, frame: int = 0) -> List[int]:
    """The words of a stack after scrubbing; the stack pointer stands at the first of them."""
    code, structure = ("Q", CONTEXT_AMD64) if width == 8 else ("I", CONTEXT_X86)
    context = bytearray(structure.size)
    values = {"ContextFlags": 0x10000B, "Rip": CODE, "Rsp": STACK} if width == 8 else {"ContextFlags": 0x10007, "Eip": CODE, "Esp": STACK, "Ebp": frame}
    for name, value in values.items():
        at = structure.offset_of(name)
        size = 4 if name == "ContextFlags" else width
        context[at : at + size] = value.to_bytes(size, "little")
    data = struct.pack(f"<{len(words)}{code}", *words)
    builder = DumpBuilder()
    builder.set("SystemInfoStream", ProcessorArchitecture=9 if width == 8 else 0, MajorVersion=10, PlatformId=2, NumberOfProcessors=1, CSDVersion="")
    builder.add("ThreadListStream", ThreadId=1, Stack=(STACK, len(data)), ThreadContext=bytes(context))
    builder.add("ModuleListStream", BaseOfImage=0x400000, SizeOfImage=0x1000, ModuleName="C:\\app.exe")
    builder.capture(STACK, data)
    dump = Minidump.open(builder.to_bytes())
    place = dump.memory.locate(STACK)
    assert place is not None
    return [value for (value,) in struct.iter_unpack("<" + code, Scrubbed(dump).fetch(place[0], len(data)))]


@pytest.mark.parametrize("width", [4, 8])
def test_words_behind_a_return_address_without_unwind_data_are_kept_up_to_the_first_zero(width: int) -> None:
    words = [7, 8, 0, 9, CODE, 0xD, 0x21FCE8, 0x118, 0, 0x999, 0x888]
    assert stack_of(words, width=width) == [7, 8, 0, 0, CODE, 0xD, 0x21FCE8, 0x118, 0, 0, 0]


@pytest.mark.parametrize("text", [b"correct-horse-battery-staple!!!!", "correct-horse-16".encode("utf-16-le"), b"\x01\x02\x03Pa55w0rd\x01\x02\x03\x04\x05"])
def test_text_is_not_kept_even_where_the_engine_would_take_it_for_a_return_address(text: bytes) -> None:
    words = [CODE, 5, *(value for (value,) in struct.iter_unpack("<Q", text)), 6]
    kept = stack_of(words)
    assert kept[:2] == [CODE, 5]
    assert not any(kept[2:])
    assert not any(stack_of(words[2:]))  # at the stack pointer as well


def test_a_frame_pointer_chain_is_kept_on_x86() -> None:
    words = [0, 1, STACK + 0x18, 0x2242B50, 2, 3, 0, 0x77, 5]
    assert stack_of(words, width=4, frame=STACK + 8) == [0, 0, STACK + 0x18, 0x2242B50, 0, 0, 0, 0x77, 0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("01040100 0462", True),
        ("01060300 06620230 0160", True),
        ("01080000", True),
        ("01040100 04620000 01060300 06620230 0160", True),
        ("09040100 04620000 78560000", True),  # with a handler
        ("01040100 0962", False),  # a code beyond the end of the prologue
        ("01040100 046f", False),  # there is no such code
        ("73656372", False),
        ("01040100 0462 7365", False),
        ("", False),
    ],
)
def test_unwind_data_that_writers_capture_one_by_one_are_known(data: str, expected: bool) -> None:
    assert is_unwind_info(bytes.fromhex(data)) is expected
