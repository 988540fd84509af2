"""Deep stacks of x64 code, with the image that their unwind data stand in and the same as STACK CFI for Breakpad's walker.

Three functions call each other in a ring, each with another kind of prologue; written with numbers of their own, as all makers.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

from .makers import Image, amd64_context

BASE = 0x140000000
STAMP = 0x5F3C1A2B
FRAMES = 750
"""Frames of each stack; Breakpad's walker stops at 1024."""
CODE, TABLE, UNWIND, DEBUG, SIZE = 0x1000, 0x2000, 0x3000, 0x3800, 0x4000
GUID = bytes(range(16))
SYMBOL_KEY = "03020100050407060809" + "0A0B0C0D0E0F" + "1"
NAME = "deep"
RECORD = b"RSDS" + GUID + struct.pack("<I", 1) + f"{NAME}.pdb\0".encode()


class Function(NamedTuple):
    """Code up to its call and behind it, UNWIND_INFO, the CFA and where it saves registers, and the same in words of Breakpad."""

    prologue: bytes
    epilogue: bytes
    unwind: bytes
    frame: int  # bytes between the stack pointer at the call and the caller's
    saves: Tuple[Tuple[str, int], ...]  # register, offset from the CFA
    cfi: str = ".cfa: $rsp {} + .ra: .cfa 8 - ^"


_RING = (
    # push rbp; push rsi; sub rsp, 28h
    Function(b"\x55\x56\x48\x83\xec\x28", b"\x48\x83\xc4\x28\x5e\x5d\xc3", bytes.fromhex("01060300 06420260 01500000"), 0x40, (("rbp", -16), ("rsi", -24))),
    # mov [rsp+8], rbx; push rdi; sub rsp, 40h
    Function(
        b"\x48\x89\x5c\x24\x08\x57\x48\x83\xec\x40",
        b"\x48\x8b\x5c\x24\x50\x48\x83\xc4\x40\x5f\xc3",
        bytes.fromhex("010a0400 0a340a00 0a720670"),
        0x50,
        (("rdi", -16), ("rbx", 0)),
    ),
    # push rbp; sub rsp, 60h; lea rbp, [rsp+20h]
    Function(
        b"\x55\x48\x83\xec\x60\x48\x8d\x6c\x24\x20", b"\x48\x83\xc4\x60\x5d\xc3", bytes.fromhex("010a0325 0a0305b2 01500000"), 0x70, (("rbp", -16),),
        ".cfa: $rbp {} + .ra: .cfa 8 - ^",
    ),
    # the bottom: sub rsp, 28h
    Function(b"\x48\x83\xec\x28", b"\x48\x83\xc4\x28\xc3", bytes.fromhex("01040100 04420000"), 0x30, ()),
)  # fmt: skip


class Program(NamedTuple):
    """The image as it lies in memory, where each function's return address is, and the rows of its exception directory."""

    memory: bytes
    backs: List[int]
    begins: List[int]
    ends: List[int]


def program() -> Program:
    """The ring and its bottom, each calling the next."""
    memory = bytearray(SIZE)
    code, backs, begins, ends = CODE, [], [], []
    starts = []
    for function in _RING:
        starts.append(code)
        code += (len(function.prologue) + 5 + len(function.epilogue) + 15) & ~15
    table = b""
    unwind = UNWIND
    for number, function in enumerate(_RING):
        begin = starts[number]
        target = starts[(number + 1) % 3 if number < 3 else 0]
        call = begin + len(function.prologue)
        body = function.prologue + b"\xe8" + struct.pack("<i", target - call - 5) + function.epilogue
        memory[begin : begin + len(body)] = body
        begins.append(begin)
        ends.append(begin + len(body))
        backs.append(call + 5)
        memory[unwind : unwind + len(function.unwind)] = function.unwind
        table += struct.pack("<III", begin, begin + len(body), unwind)
        unwind += (len(function.unwind) + 3) & ~3
    memory[TABLE : TABLE + len(table)] = table
    debug = struct.pack("<IIHHIIII", 0, STAMP, 0, 0, 2, len(RECORD), DEBUG + 28, DEBUG + 28) + RECORD
    memory[DEBUG : DEBUG + len(debug)] = debug
    headers = struct.pack("<2s58xI", b"MZ", 0x80).ljust(0x80, b"\0") + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 3, STAMP, 0, 0, 240, 0x22)
    optional = struct.pack("<HBBIIIII", 0x20B, 14, 0, 0x1000, 0x2000, 0, CODE, CODE) + struct.pack("<QII", BASE, 0x1000, 0x200)
    optional += struct.pack("<HHHHHHIIIIHH", 10, 0, 0, 0, 10, 0, 0, SIZE, 0x400, 0, 3, 0x8160) + struct.pack(
        "<QQQQII", 0x100000, 0x1000, 0x100000, 0x1000, 0, 16
    )
    optional += (struct.pack("<24xII", TABLE, len(table)) + struct.pack("<16xII", DEBUG, 28)).ljust(128, b"\0")
    sections = b"".join(
        struct.pack("<8sIIIIIIHHI", name, 0x1000, rva, 0x1000, rva, 0, 0, 0, 0, kind)
        for name, rva, kind in ((b".text", CODE, 0x60000020), (b".pdata", TABLE, 0x40000040), (b".xdata", UNWIND, 0x40000040))
    )
    whole = headers + optional + sections
    memory[: len(whole)] = whole
    return Program(bytes(memory), backs, begins, ends)


def symbols(made: Program) -> str:
    """The Breakpad symbol file: functions and STACK CFI, right at the calls."""
    lines = [f"MODULE windows x86_64 {SYMBOL_KEY} {NAME}.pdb"]
    for number, begin in enumerate(made.begins):
        size = made.ends[number] - begin
        lines.append(f"FUNC {begin:x} {size:x} 0 function{number}")
    for number, function in enumerate(_RING):
        begin, size = made.begins[number], made.ends[number] - made.begins[number]
        rules = function.cfi.format(function.frame - (0x20 if "$rbp" in function.cfi else 0))
        for register, offset in function.saves:
            rules += f" ${register}: .cfa {abs(offset)} {'-' if offset < 0 else '+'} ^"
        lines.append(f"STACK CFI INIT {begin:x} {size:x} {rules}")
    return "\n".join(lines) + "\n"


def stack_of(made: Program, top: int) -> Tuple[bytes, int, Dict[str, int]]:
    """A stack of FRAMES frames that ends at ``top``: its bytes, the stack pointer of the innermost frame, and rbp and rip there."""
    kinds = [3] + [number % 3 for number in range(FRAMES - 1)]  # from the bottom
    size = sum(_RING[kind].frame for kind in kinds) + 0x40
    data = bytearray(size)
    cfa = top - 0x30  # the CFA of the bottom's frame; above it is its home space
    rbp = 0
    back = 0
    for place, kind in enumerate(kinds):
        function = _RING[kind]
        struct.pack_into("<Q", data, cfa - 8 - (top - size), back)
        for register, offset in function.saves:
            struct.pack_into("<Q", data, cfa + offset - (top - size), rbp if register == "rbp" else 0x1111 * (place + 1))
        sp = cfa - function.frame
        if kind == 2:
            rbp = sp + 0x20
        back = BASE + made.backs[kind]
        cfa = sp
    return bytes(data[cfa - (top - size) :]), cfa, {"rbp": rbp, "rip": back}


def deep(path: Path, count: int, captured: bool = True) -> None:
    """``count`` threads with a stack of FRAMES frames each; image and symbols go into folders beside the dump, the image also into it."""
    made = program()
    image = Image(0)
    image.small_streams(7)
    ranges = [(BASE, SIZE, image.put(made.memory))] if captured else []
    rows = []
    for number in range(count):
        top = 0x10000000 + (number + 1) * 0x40000
        data, sp, registers = stack_of(made, top)
        place = image.put(data)
        ranges.append((sp, len(data), place))
        context = bytearray(amd64_context(number))
        struct.pack_into("<Q", context, 0x98, sp)
        struct.pack_into("<Q", context, 0xA0, registers["rbp"])
        struct.pack_into("<Q", context, 0xF8, registers["rip"])
        where = image.put(bytes(context))
        rows.append(struct.pack("<IIIIQQIIII", 4 * number + 0x1000, 0, 0x20, 0, 0x7FF70000000, sp, len(data), place, len(context), where))
    image.stream(3, struct.pack("<I", count) + b"".join(rows))
    record = image.put(RECORD)
    name = image.string(f"C:\\demo\\{NAME}.exe")
    row = struct.pack("<QIIII", BASE, SIZE, 0, STAMP, name) + bytes(52) + struct.pack("<IIIIQQ", len(RECORD), record, 0, 0, 0, 0)
    image.stream(4, struct.pack("<I", 1) + row)
    image.stream(5, struct.pack("<I", len(ranges)) + b"".join(struct.pack("<QII", *item) for item in ranges))
    folder = path.parent
    (folder / "images").mkdir(exist_ok=True)
    (folder / "images" / f"{NAME}.exe").write_bytes(made.memory)
    symbol = folder / "symbols" / f"{NAME}.pdb" / SYMBOL_KEY
    symbol.mkdir(parents=True, exist_ok=True)
    (symbol / f"{NAME}.sym").write_text(symbols(made), "ascii")
    image.finish(path)
