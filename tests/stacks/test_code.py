"""Code as the dump has it, else from an image file; and whether a call stands before an address."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

import pytest
from samples.writer import DumpBuilder, Module
from tests.symbols.pe_builder import BASE64, TIMESTAMP, Part, build_pe

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.code import Code, CodeBytes
from dumpscope.symbols.images import Images

TEXT = b"\x90\xe8\0\0\0\0\x90\x90" + bytes(range(8))


def made(*pieces: Tuple[int, bytes]) -> Minidump:
    builder = DumpBuilder("amd64")
    builder.add_system_info()
    builder.add_module_list([Module(BASE64, 0x5000, "C:\\x\\app.dll", timestamp=TIMESTAMP)])
    for address, data in pieces:
        builder.add_memory(address, data)
    builder.add_memory_list()
    return Minidump.open(builder.build())


def test_what_is_captured_goes_before_a_file_that_has_no_more(tmp_path: Path) -> None:
    path = tmp_path / "app.dll"
    path.write_bytes(build_pe([Part(b".text", 0x1000, TEXT, 0x60000020)]))
    dump = made((BASE64 + 0x1000, b"\xcc\xcc"))
    images = Images(dump, [str(tmp_path)], loose=True)
    code = Code(dump, images)
    place = dump.memory.locate(BASE64 + 0x1000)
    assert place is not None
    assert code.read(BASE64 + 0x1000, 2) == CodeBytes(b"\xcc\xcc", "", place[0])
    assert code.read(BASE64 + 0x1002, 4) == CodeBytes(TEXT[2:6], str(path), 0x402)  # the section begins at 0x400 of the file
    assert code.read(0x5000, 4) == CodeBytes(b"", "", None)
    images.close()


@pytest.mark.parametrize(("offset", "call"), [(6, True), (7, False), (8, False)])
def test_a_call_is_looked_for_once(monkeypatch: pytest.MonkeyPatch, offset: int, call: bool) -> None:
    dump = made((BASE64 + 0xFF0, bytes(16) + TEXT))
    code = Code(dump, Images(dump))
    assert code.follows_call(BASE64 + 0x1000 + offset) is call
    asked: List[int] = []
    monkeypatch.setattr(code, "read", lambda address, size: asked.append(address))
    assert code.follows_call(BASE64 + 0x1000 + offset) is call
    assert not asked


def test_where_no_code_is_at_hand_nothing_is_said_of_calls() -> None:
    dump = made()
    assert Code(dump, Images(dump)).follows_call(BASE64 + 0x1000) is None
