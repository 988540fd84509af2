"""x64 frames that a return address does not prove by itself: functions that the kernel enters, and ways around misleading unwind data."""

from __future__ import annotations

import io
import struct
from typing import Dict, List, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder, Module, Thread
from tests.symbols.pe_builder import BASE64, TEXT_RVA, TIMESTAMP, Named, Part, build_pe, export_directory, mapped

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.frames import Stack
from dumpscope.stacks.walk import Walker
from dumpscope.symbols.images import Images
from samples import blocks

STACK = 0x7000
OTHER = 0x2_0000_0000
"""A module whose code is nowhere."""
CALL = b"\xe8\0\0\0\0"
SUB_28 = bytes.fromhex("0442")
"""UWOP_ALLOC_SMALL 0x28 at 4."""


def walk(
    code: Dict[int, bytes],
    functions: Sequence[Tuple[int, int, bytes]],
    ip: int,
    stack: List[int],
    *,
    name: str = "ntdll.dll",
    exports: Sequence[Named] = (),
) -> Stack:
    """The stack of a thread in an image: code by offset, functions as (begin, end, UNWIND_INFO codes of a prologue of 4 bytes)."""
    text = bytearray(b"\xcc" * 0x400)
    for at, data in code.items():
        text[at : at + len(data)] = data
    rows, infos = b"", b""
    for begin, end, codes in functions:
        rows += struct.pack("<III", TEXT_RVA + begin, TEXT_RVA + end, 0x2100 + len(infos))
        infos += bytes([1, 4, len(codes) // 2, 0]) + codes + bytes(-len(codes) % 4)
    edata = export_directory(0x3000, name, exports)
    sections = [Part(b".text", TEXT_RVA, bytes(text), 0x60000020), Part(b".pdata", 0x2000, rows.ljust(0x100, b"\0") + infos), Part(b".edata", 0x3000, edata)]
    file = build_pe(sections, {0: (0x3000, len(edata)), 3: (0x2000, len(rows))})
    made = DumpBuilder("amd64")
    made.add_system_info()
    context = blocks.context_amd64(rip=BASE64 + TEXT_RVA + ip, rsp=STACK)
    made.add_thread_list([Thread(1, context=context, stack_address=STACK, stack=struct.pack(f"<{len(stack)}Q", *stack))])
    made.add_module_list([Module(BASE64, 0x5000, f"C:\\x\\{name}", timestamp=TIMESTAMP), Module(OTHER, 0x1000, "C:\\x\\other.dll")])
    image = mapped(file, sections)
    made.add_memory(BASE64, image[:0x400])
    made.add_memory(BASE64 + TEXT_RVA, image[TEXT_RVA:])
    made.add_memory_list()
    with Minidump.open(io.BytesIO(made.build())) as dump:
        return Walker(dump, Images(dump)).thread(dump.threads[0])


def at(offset: int) -> int:
    return BASE64 + TEXT_RVA + offset


@pytest.mark.parametrize("entry", ["KiUserApcDispatcher", "KiUserExceptionDispatcher"])
def test_what_the_kernel_interrupted_had_not_called(entry: str) -> None:
    """A stub behind its syscall, below a dispatcher whose unwind data describe the interrupted registers as a call's."""
    code = {0x20: CALL, 0x80: b"\x0f\x05\xc3", 0x100: CALL}
    functions = [(0x00, 0x40, SUB_28), (0x100, 0x140, SUB_28)]
    stack = [0] * 5 + [at(0x82)] + [at(0x105)] + [0] * 5 + [0]
    found = walk(code, functions, 0x25, stack, exports=[Named(entry, TEXT_RVA)])
    assert [(frame.ip, frame.certain, frame.interrupted) for frame in found.frames] == [
        (at(0x25), True, True),
        (at(0x82), True, True),
        (at(0x105), True, False),
    ]
    assert (found.frames[2].found_by, found.end.kind) == ("leaf", "return-address-0")
    assert len(walk(code, functions, 0x25, stack, exports=[Named("Other", TEXT_RVA)]).frames) == 2
    assert len(walk(code, functions, 0x25, stack, name="app.exe", exports=[Named(entry, TEXT_RVA)]).frames) == 2


def test_a_proven_way_goes_before_a_word_in_a_module_without_code() -> None:
    """sub rsp, 8 in the body: the codes lead to a word that points into a module whose code is not at hand, the instructions to a call."""
    code = {0x20: bytes.fromhex("4883c408 4883c428 c3"), 0x100: CALL}
    found = walk(code, [(0x00, 0x40, SUB_28), (0x100, 0x140, SUB_28)], 0x20, [0] * 5 + [OTHER + 0x500, at(0x105), *[0] * 5, 0])
    assert [(frame.ip, frame.found_by, frame.certain) for frame in found.frames][1:] == [(at(0x105), "instructions", True)]
    # Where they lead nowhere, the word is taken as before.
    other = walk(code, [(0x00, 0x40, SUB_28), (0x100, 0x140, SUB_28)], 0x20, [0] * 5 + [OTHER + 0x500, 7])
    assert [frame.ip for frame in other.frames][1:] == [OTHER + 0x500]


def test_the_codes_go_before_an_epilogue_that_leads_to_no_call() -> None:
    """A jump in the body to code without unwind data looks like the end of an epilogue."""
    code = {0x20: bytes.fromhex("e9ab000000"), 0x100: CALL}
    found = walk(code, [(0x00, 0x40, SUB_28), (0x100, 0x140, SUB_28)], 0x20, [7, 0, 0, 0, 0, at(0x105), *[0] * 5, 0])
    assert [(frame.ip, frame.found_by, frame.certain) for frame in found.frames][1:] == [(at(0x105), "unwind data", True)]
    tail = walk(code, [(0x00, 0x40, SUB_28), (0x100, 0x140, SUB_28)], 0x20, [at(0x105), 0, 0, 0, 0, 0, 0])
    assert [(frame.ip, frame.found_by) for frame in tail.frames][1:2] == [(at(0x105), "epilogue")]


def test_a_jump_to_the_own_begin_ends_the_function() -> None:
    code = {0x20: bytes.fromhex("ebde"), 0x100: CALL}
    found = walk(code, [(0x00, 0x40, SUB_28), (0x100, 0x140, SUB_28)], 0x20, [at(0x105), 0, 0, 0, 0, 0, 0])
    assert [(frame.ip, frame.found_by, frame.certain) for frame in found.frames][1:] == [(at(0x105), "epilogue", True)]


def test_a_word_in_front_of_the_first_section_is_no_return_address() -> None:
    found = walk({}, [(0x00, 0x40, SUB_28)], 0x20, [0] * 5 + [at(0), 0])
    assert [(frame.ip, frame.certain) for frame in found.frames] == [(at(0x20), True), (at(0), False)]
