"""What `exception` says of an address near a stack's guard page or one bit from one of the process; and the walk of a 32-bit side."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest
from samples.writer import DumpBuilder, Module, Region, Thread

from dumpscope.__main__ import main
from samples import blocks

APP, STACK, HEAP = 0x7FF6_0000_0000, 0x1_0010_0000, 0x2_0000_0000
REGIONS = (Region(HEAP, 0x1000), Region(STACK - 0x40000, 0x1000, protect=0x104), Region(STACK - 0x40000 + 0x1000, 0x2000, protect=4))


def accessed(tmp_path: Path, address: int, regions: Sequence[Region] = REGIONS, access: int = 1) -> str:
    made = DumpBuilder("amd64")
    made.add_system_info()
    context = blocks.context_amd64(rip=APP + 0x1010, rsp=STACK)
    made.add_thread_list([Thread(1, context=context, stack_address=STACK, stack=bytes(0x100))])
    made.add_module_list([Module(APP, 0x10000, "app.exe")])
    made.add_memory_list()
    made.add_memory_info(regions)
    made.add_exception(1, 0xC0000005, APP + 0x1010, (access, address), context)
    path = tmp_path / "made.dmp"
    path.write_bytes(made.build())
    return str(path)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (STACK - 8, "0x8 bytes below the captured stack of its thread: the stack may have overflowed"),
        (STACK - 0x10000, "0x10000 bytes below the captured stack"),
        (STACK - 0x40000 + 0x10, "in a guard page"),
    ],
)
def test_near_a_guard_page(tmp_path: Path, capsys: pytest.CaptureFixture[str], address: int, said: str) -> None:
    assert main(["exception", accessed(tmp_path, address)]) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("address", [STACK - 0x10008, STACK - 0x3F000, HEAP])
def test_away_from_a_guard_page(tmp_path: Path, capsys: pytest.CaptureFixture[str], address: int) -> None:
    assert main(["exception", accessed(tmp_path, address)]) == 0
    out = capsys.readouterr().out
    assert "guard page" not in out
    assert "overflowed" not in out


@pytest.mark.parametrize(
    "below",
    [
        Region(STACK - 0x10000, 0x10000, protect=4),  # committed: the access failed for another reason
        Region(STACK - 0x10000, 0x10000, state=0x2000, protect=0, allocation_base=STACK - 0x10000),  # reserved by somebody else
    ],
)
def test_memory_below_a_stack_that_is_not_where_it_overflows(tmp_path: Path, capsys: pytest.CaptureFixture[str], below: Region) -> None:
    own = Region(STACK, 0x1000, protect=4, allocation_base=STACK)
    assert main(["exception", accessed(tmp_path, STACK - 8, (below, own))]) == 0
    assert "overflowed" not in capsys.readouterr().out


def test_memory_below_a_stack_that_was_reserved_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reserved = Region(STACK - 0x10000, 0x10000, state=0x2000, protect=0, allocation_base=STACK - 0x10000)
    own = Region(STACK, 0x1000, protect=4, allocation_base=STACK - 0x10000)
    assert main(["exception", accessed(tmp_path, STACK - 8, (reserved, own))]) == 0
    assert "the stack may have overflowed" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("protect", "access", "said"),
    [
        (0x04, 1, True),
        (0x02, 1, False),
        (0x02, 0, True),
        (0x01, 0, False),
        (0x104, 0, False),
        (0x04, 8, False),
        (0x20, 8, True),
        (0x20, 1, False),
        (0x80, 1, True),
    ],
)
def test_one_bit_off_only_where_the_access_was_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str], protect: int, access: int, said: bool) -> None:
    regions = (Region(HEAP, 0x1000, protect=protect),)
    assert main(["exception", accessed(tmp_path, HEAP + 0x10 | 1 << 45, regions, access)]) == 0
    assert ("One bit off" in capsys.readouterr().out) is said


def test_a_fill_pattern_is_not_one_bit_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0xdddddddd is what the debug C runtime writes into freed memory, whatever lies a bit away."""
    context = blocks.context_x86(eip=0x401010, esp=0x7000)
    for address, said in ((0xDDDDDDE1, False), (0x5DDDD010 | 1 << 31, True), (0x1DDDD010, True)):
        made = DumpBuilder("x86")
        made.add_system_info()
        made.add_thread_list([Thread(1, context=context)])
        made.add_module_list([Module(0x400000, 0x10000, "app.exe")])
        made.add_memory_info([Region(0x5DDDD000, 0x1000, protect=4)])
        made.add_exception(1, 0xC0000005, 0x401010, (0, address), context)
        path = tmp_path / f"{address:x}.dmp"
        path.write_bytes(made.build())
        assert main(["exception", str(path)]) == 0
        assert ("One bit off" in capsys.readouterr().out) is said, hex(address)


def test_one_bit_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exception", accessed(tmp_path, HEAP + 0x10 | 1 << 45)]) == 0
    out = capsys.readouterr().out
    assert "a guess: with bit 45 changed it is an address of the process" in out
    assert main(["exception", accessed(tmp_path, HEAP + 0x10 | 1 << 45 | 1 << 44)]) == 0
    assert "One bit off" not in capsys.readouterr().out
    assert main(["exception", accessed(tmp_path, HEAP + 0x10)]) == 0
    assert "One bit off" not in capsys.readouterr().out


def test_one_bit_off_of_several_addresses_is_not_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Bit 32 leads to a module at 4 GiB, bit 33 to the heap.
    made = DumpBuilder("amd64")
    made.add_system_info()
    context = blocks.context_amd64(rip=APP + 0x1010, rsp=STACK)
    made.add_thread_list([Thread(1, context=context)])
    made.add_module_list([Module(APP, 0x10000, "app.exe"), Module(1 << 32, 0x10000, "low.dll")])
    made.add_memory_info([Region(HEAP, 0x1000)])
    made.add_exception(1, 0xC0000005, APP + 0x1010, (1, 0x10), context)
    path = tmp_path / "made.dmp"
    path.write_bytes(made.build())
    assert main(["exception", str(path)]) == 0
    assert "One bit off" not in capsys.readouterr().out


def test_a_32_bit_walk_in_a_64_bit_dump(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stopped in 32-bit code: the 32-bit registers are walked, word by word of 4 bytes, as guesses by ebp."""
    app, stack = 0x400000, 0x7000
    context = bytearray(blocks.context_amd64(rip=app + 0x1010, rsp=stack, rbp=0xABCD_0000_0000 | stack + 8))
    struct.pack_into("<H", context, 0x38, 0x23)  # cs of 32-bit code
    made = DumpBuilder("amd64")
    made.add_system_info()
    words = [0, 0, stack + 0x18, app + 0x2010, 0, 0, 0, app + 0x3010, 0, 0]
    made.add_thread_list([Thread(1, context=bytes(context), stack_address=stack, stack=struct.pack(f"<{len(words)}I", *words))])
    made.add_module_list([Module(app, 0x10000, "app.exe")])
    made.add_memory_list()
    path = tmp_path / "made.dmp"
    path.write_bytes(made.build())
    assert main(["stack", str(path), "0", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["stacks"]
    frames: List[Dict[str, Any]] = found["frames"]
    got = [(frame["ip"], frame["found_by"], frame["certain"]) for frame in frames]
    assert got == [
        (hex(app + 0x1010), "context", True),
        (hex(app + 0x2010), "frame pointer", False),
        (hex(app + 0x3010), "frame pointer", False),
    ]
