"""Whole walks of dumps made for them: run-time code, symbol files' records, frame pointers, scans, and how stacks end."""

from __future__ import annotations

import io
import random
import struct
from types import SimpleNamespace
from typing import Dict, List, Optional, Sequence, Tuple

import pytest
from samples.writer import DumpBuilder, FunctionTable, Module, Thread

from dumpscope.dump.minidump import Minidump
from dumpscope.stacks.frames import Stack
from dumpscope.stacks.walk import Walker
from dumpscope.symbols.images import Images
from samples import blocks

STACK = 0x7000
APP = 0x400000


def dump_of(
    arch: str,
    registers: Dict[str, int],
    stack: Sequence[int],
    *,
    memory: Sequence[Tuple[int, bytes]] = (),
    tables: Sequence[FunctionTable] = (),
    platform: int = 2,
    bases: Sequence[int] = (APP,),
) -> bytes:
    """A dump of one thread whose stack, at 0x7000, holds these words."""
    made = DumpBuilder(arch)
    made.add_system_info(platform=platform)
    context = {"x86": blocks.context_x86, "amd64": blocks.context_amd64, "arm64": blocks.context_arm64}[arch](**registers)
    words = struct.pack(f"<{len(stack)}{'I' if arch == 'x86' else 'Q'}", *stack)
    made.add_thread_list([Thread(1, context=context, stack_address=STACK, stack=words)])
    made.add_module_list([Module(base, 0x10000, "app.exe") for base in bases])
    for address, data in memory:
        made.add_memory(address, data)
    if tables:
        made.add_function_tables(tables)
    made.add_memory_list()
    return made.build()


def walk(data: bytes, records: object = None, *, scan: bool = False, limit: int = 1000) -> Stack:
    with Minidump.open(io.BytesIO(data)) as dump:
        finder = None if records is None else lambda module: records
        return Walker(dump, Images(dump), finder, scan=scan).thread(dump.threads[0], limit)


def rows(stack: Stack) -> List[Tuple[int, int, str, bool]]:
    return [(frame.ip, frame.sp, frame.found_by, frame.certain) for frame in stack.frames]


class Records:
    """STACK records of a symbol file that is not there."""

    path = "app.sym"

    def __init__(self, cfi: Optional[Dict[int, Dict[str, str]]] = None, win: Optional[Dict[int, SimpleNamespace]] = None) -> None:
        self._cfi, self._win = cfi or {}, win or {}

    def cfi(self, address: int) -> Optional[SimpleNamespace]:
        rules = self._cfi.get(address & ~0xFF)
        return None if rules is None else SimpleNamespace(rules=rules, offset=0x77)

    def win(self, address: int) -> Optional[SimpleNamespace]:
        return self._win.get(address & ~0xFF)


def win(program: str = "", *, kind: int = 4, parameters: int = 0, saved: int = 0, size: int = 0, frame: bool = False) -> SimpleNamespace:
    return SimpleNamespace(kind=kind, parameters=parameters, saved=saved, locals=size, program=program, uses_frame_pointer=frame, offset=0x55)


# -- run-time code -----------------------------------------------------------------------------------------------------------------

CODE = 0x20000


def dynamic(codes: bytes, prologue: int = 4, rows: Sequence[Tuple[int, int]] = ((0x100, 0x200),)) -> Tuple[List[FunctionTable], List[Tuple[int, bytes]]]:
    """A table of functions at CODE whose unwind data stand at CODE + 0x800, and the memory for it."""
    entries = [struct.pack("<III", begin, end, 0x800) for begin, end in rows]
    unwind = bytes([1, prologue, len(codes) // 2, 0]) + codes
    code = b"\x90" * 0x700
    return [FunctionTable(CODE, CODE + 0x1000, CODE, entries)], [(CODE, code.ljust(0x800, b"\0") + unwind.ljust(0x40, b"\0"))]


def test_run_time_code_is_unwound_by_the_tables_of_the_dump() -> None:
    tables, memory = dynamic(bytes.fromhex("04320130"))  # push rbx; sub rsp, 0x20
    code = bytearray(memory[0][1])
    code[0x140 - 5] = 0xE8  # the call that 0x140 returns to
    stack = [0] * 4 + [0xB0B, CODE + 0x140] + [0] * 4 + [0xB1B, 0]
    found = walk(dump_of("amd64", {"rip": CODE + 0x150, "rsp": STACK, "rbx": 7}, stack, tables=tables, memory=[(CODE, bytes(code))]))
    assert rows(found) == [(CODE + 0x150, STACK, "context", True), (CODE + 0x140, STACK + 0x30, "unwind data", True)]
    assert (found.frames[1].registers[3], found.end.kind) == (0xB0B, "return-address-0")
    row = found.frames[1].origin.proofs()[0]
    assert row.what == "RUNTIME_FUNCTION"
    assert row.offset is not None


def test_a_row_of_the_dump_is_found_at_its_offset() -> None:
    tables, memory = dynamic(bytes.fromhex("04320130"), rows=[(0x10, 0x20), (0x100, 0x200)])
    data = dump_of("amd64", {"rip": CODE + 0x150, "rsp": STACK}, [0] * 6, tables=tables, memory=memory)
    with Minidump.open(io.BytesIO(data)) as dump:
        from dumpscope.stacks.x64.unwind import X64Unwinder

        unwinder = X64Unwinder(dump, Images(dump))
        step = unwinder.caller(unwinder.begin(dump.registers(dump.threads[0]), dump.threads[0]), True)
        place = step.origin.proofs()[0].offset
    assert data[place : place + 12] == struct.pack("<III", 0x100, 0x200, 0x800)


def test_a_return_address_that_follows_no_call_is_marked() -> None:
    tables, memory = dynamic(bytes.fromhex("04320130"))
    found = walk(dump_of("amd64", {"rip": CODE + 0x150, "rsp": STACK}, [0] * 5 + [CODE + 0x140] + [0] * 6, tables=tables, memory=memory))
    assert [frame.certain for frame in found.frames] == [True, False]


@pytest.mark.parametrize(
    ("registers", "stack", "kind"),
    [
        ({"rip": CODE + 0x150, "rsp": STACK + 0x1000}, [0], "memory-not-captured"),
        ({"rip": 0xDEAD, "rsp": STACK}, [0xBEEF], "not-a-return-address"),
        ({"rip": APP + 0x1000, "rsp": STACK}, [0], "no-image"),
        ({"rip": CODE + 0x700, "rsp": STACK}, [0x1234], "not-a-return-address"),
        ({"rip": CODE + 0x700, "rsp": STACK}, [0], "return-address-0"),
    ],
)
def test_ends(registers: Dict[str, int], stack: List[int], kind: str) -> None:
    tables, memory = dynamic(bytes.fromhex("04320130"))
    found = walk(dump_of("amd64", registers, stack, tables=tables, memory=memory))
    assert found.end.kind == kind
    assert len(found.frames) == 1


def test_a_stack_that_does_not_rise_is_a_loop() -> None:
    codes = bytes.fromhex("000a")  # a machine frame: rsp comes from memory
    tables, memory = dynamic(codes, prologue=0)
    found = walk(dump_of("amd64", {"rip": CODE + 0x150, "rsp": STACK}, [CODE + 0x150, 0x33, 0x246, STACK, 0x2B], tables=tables, memory=memory))
    assert found.end.kind == "loop"


def test_behind_a_machine_frame_a_function_was_interrupted_and_not_called() -> None:
    tables, memory = dynamic(bytes.fromhex("000a"), prologue=0)
    code = bytearray(memory[0][1])
    code[0x600] = 0xC3
    stack = [CODE + 0x600, 0x33, 0x246, STACK + 0x28, 0x2B, 0]
    found = walk(dump_of("amd64", {"rip": CODE + 0x150, "rsp": STACK}, stack, tables=tables, memory=[(CODE, bytes(code))]))
    assert [(frame.ip, frame.interrupted) for frame in found.frames] == [(CODE + 0x150, True), (CODE + 0x600, True)]
    assert found.end.kind == "return-address-0"


# -- records of symbol files -------------------------------------------------------------------------------------------------------


def test_stack_cfi() -> None:
    records = Records(cfi={0x1000: {".cfa": "$rsp 16 +", ".ra": ".cfa -8 + ^", "$rbx": ".cfa -16 + ^"}, 0x2000: {".cfa": "$rbp 16 +", ".ra": ".cfa -8 + ^"}})
    data = dump_of("amd64", {"rip": APP + 0x1010, "rsp": STACK, "rbp": STACK + 0x10}, [5, APP + 0x2010, 9, 0], platform=0x8201)
    found = walk(data, records)
    assert rows(found) == [(APP + 0x1010, STACK, "context", True), (APP + 0x2010, STACK + 0x10, "call frame information", True)]
    assert found.frames[1].registers[3] == 5
    proof = found.frames[1].origin.proofs()[0]
    assert (proof.what, proof.file, proof.offset) == ("STACK CFI", "app.sym", 0x77)


def test_stack_win_with_frame_data_and_fpo() -> None:
    standard = "$T0 $ebp = $eip $T0 4 + ^ = $ebp $T0 ^ = $esp $T0 8 + ="
    records = Records(win={0x1000: win(standard, parameters=4), 0x2000: win(kind=0, saved=4, size=8)})
    # the caller popped nothing yet: 4 bytes of parameters, 8 of locals, 4 saved, then the return address
    stack = [STACK + 0x40, APP + 0x2010, 1, 2, 3, 4, APP + 0x1010]
    found = walk(dump_of("x86", {"eip": APP + 0x1010, "esp": STACK, "ebp": STACK}, stack), records, limit=3)
    assert rows(found) == [
        (APP + 0x1010, STACK, "context", True),
        (APP + 0x2010, STACK + 8, "call frame information", True),
        (APP + 0x1010, STACK + 0x1C, "call frame information", True),
    ]


def test_frame_pointers_of_x86_are_guesses_with_the_debuggers_warning() -> None:
    stack = [0, STACK + 0x10, APP + 0x2010, 0, 0, 0]
    found = walk(dump_of("x86", {"eip": APP + 0x1010, "esp": STACK, "ebp": STACK + 4}, stack))
    assert rows(found) == [(APP + 0x1010, STACK, "context", True), (APP + 0x2010, STACK + 0xC, "frame pointer", False)]
    assert "Following frames may be wrong" in found.frames[1].origin.words
    assert found.end.kind == "return-address-0"


def test_frame_pointers_of_arm64() -> None:
    stack = [STACK + 0x20, APP + 0x2010, 0, 0, 0, 0]
    found = walk(dump_of("arm64", {"pc": APP + 0x1010, "sp": STACK, "fp": STACK}, stack))
    assert rows(found)[1] == (APP + 0x2010, STACK + 0x10, "frame pointer", False)


def test_a_scan_only_where_it_is_asked_for() -> None:
    data = dump_of("amd64", {"rip": APP + 0x1010, "rsp": STACK}, [1, 2, APP + 0x2010, 3, APP + 0x3010, 4])
    assert len(walk(data).frames) == 1
    found = walk(data, scan=True)
    assert [row[0] for row in rows(found)] == [APP + 0x1010, APP + 0x2010, APP + 0x3010]
    assert [row[2:] for row in rows(found)][1:] == [("scan", False), ("scan", False)]
    assert found.end.kind == "no-image"


# -- programs ----------------------------------------------------------------------------------------------------------------------


# -- hostile data ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_damaged_unwind_data_end_a_stack_and_nothing_else(seed: int) -> None:
    """Random bytes as rows, unwind data, code and stack: each walk ends, with a known reason, in bounded work."""
    from dumpscope.stacks.frames import END_KINDS

    dice = random.Random(seed)
    for _ in range(60):
        table = [
            FunctionTable(
                CODE,
                CODE + 0x1000,
                CODE,
                [dice.randbytes(12) if dice.random() < 0.3 else struct.pack("<III", 0x100, 0x900, dice.choice((0x800, 0x801, 0xFFFFFFFE))) for _ in range(3)],
            )
        ]
        body = bytearray(dice.randbytes(0x900))
        if dice.random() < 0.8:
            body[0x800] = dice.choice((1, 2, 0x21, 0x22, 9))
        words = [dice.choice((CODE + 0x140, STACK + 8 * dice.randrange(64), dice.getrandbits(64), 0)) for _ in range(64)]
        data = dump_of(
            "amd64", {"rip": CODE + dice.randrange(0x1000), "rsp": STACK, "rbp": dice.getrandbits(64)}, words, tables=table, memory=[(CODE, bytes(body))]
        )
        found = walk(data, scan=dice.random() < 0.5)
        assert found.end.kind in END_KINDS
        assert len(found.frames) <= 65
