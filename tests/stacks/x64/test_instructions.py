"""Lengths, jumps and registers of x64 instructions, on code of compilers and against another decoder."""

from __future__ import annotations

import io
import lzma
from pathlib import Path
from typing import List, Tuple

import pytest

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.walk import Walker
from dumpscope.stacks.x64.arguments import Arguments
from dumpscope.stacks.x64.instructions import decode, written
from dumpscope.symbols.images import Images

PACK = Path(__file__).parents[1] / "data" / "waits" / "clang-O1.dmp.xz"


def code_of_the_pack() -> List[Tuple[int, bytes]]:
    """The captured code of our own program and of the functions on its stacks."""
    with Minidump.open(io.BytesIO(lzma.decompress(PACK.read_bytes()))) as dump:
        walked = Arguments(dump, Images(dump))
        found = []
        walker = Walker(dump, Images(dump))
        seen = set()
        for thread in dump.threads:
            for item in walker.thread(thread).frames:
                where = walked.region(item.ip)
                if where is not None and where[1].begin not in seen:
                    region, row = where
                    seen.add(row.begin)
                    data = dump.memory.some(region.base + row.begin, row.end - row.begin)
                    found.append((region.base + row.begin, data))
        return found


def test_lengths_jumps_and_registers_are_those_of_another_decoder() -> None:
    iced = pytest.importorskip("iced_x86")
    writes = {iced.OpAccess.WRITE, iced.OpAccess.COND_WRITE, iced.OpAccess.READ_WRITE, iced.OpAccess.READ_COND_WRITE}
    factory = iced.InstructionInfoFactory()
    compared = 0
    for address, code in code_of_the_pack():
        at = 0
        for expected in iced.Decoder(64, code, ip=address):
            found = decode(code, at)
            assert found is not None, expected
            assert found.length == expected.len, expected
            if found.branch is not None:
                assert address + at + found.length + found.branch == expected.near_branch_target
            else:
                assert not expected.is_jcc_short_or_near, expected
                assert not expected.is_jmp_short_or_near, expected
            known = written(found)
            if known is not None and not found.is_call and not found.ends:
                for used in factory.info(expected).used_registers():
                    number = iced.RegisterExt.full_register(used.register) - iced.Register.RAX
                    assert used.access not in writes or not 0 <= number < 16 or number in known, expected
            compared += 1
            at += expected.len
    assert compared > 1000


@pytest.mark.parametrize(
    ("code", "length"),
    [
        ("c5f877", 3),  # vzeroupper
        ("c4e27d5805 78563412", 9),  # vpbroadcastd ymm0, [rip+x]
        ("62f17c48104101", 7),  # vmovups zmm0, [rcx+40h]
        ("48b8 1122334455667788", 10),
        ("66b8 1122", 4),
        ("f7042411223344", 7),  # test dword ptr [rsp], imm32
        ("f71c24", 3),  # neg dword ptr [rsp]
        ("a1 1122334455667788", 9),
        ("66e9 11223344", 6),  # the prefix does not count
        ("c8 1000 01", 4),  # enter
        ("06", 0),
        ("8fe97812c0", 0),  # XOP
        ("480f", 0),
        ("", 0),
        ("66666666666666666666666666666666", 0),
    ],
)
def test_lengths(code: str, length: int) -> None:
    data = bytes.fromhex(code)
    found = decode(data.ljust(20, b"\x11") if length else data, 0)
    assert (0 if found is None else found.length) == length
