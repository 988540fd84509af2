"""Big dumps, written with struct and numbers of their own: nothing of the package under test is imported here."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Callable, Dict, List, Tuple

VERSION = 2
"""Part of the file names: raise it when a maker changes, so that no old file is used."""

NEEDLE = b"needle in two gibibytes"
ABSENT = b"\xde\xc0\xad\xde not in the dump"
PAGE = 4096
SLOTS = 8
"""Directory entries behind the header; those that are not used stay zero, as Microsoft's writer leaves them."""
TYPES = ("Event", "Key", "File", "Section", "Mutant", "Thread", "Semaphore", "Directory", "ALPC Port", "IoCompletion", "Token", "Timer")


class Image:
    """A dump that grows at its end: things first, streams behind them; header and directory are filled in last."""

    def __init__(self, flags: int) -> None:
        self.data = bytearray(32 + 12 * SLOTS)
        self.flags = flags
        self.entries: List[Tuple[int, int, int]] = []

    def put(self, data: bytes) -> int:
        """Append; returns where it is."""
        rva = len(self.data)
        self.data += data
        return rva

    def string(self, text: str) -> int:
        """Append a MINIDUMP_STRING."""
        raw = text.encode("utf-16-le")
        return self.put(struct.pack("<I", len(raw)) + raw + b"\0\0")

    def stream(self, kind: int, data: bytes) -> int:
        """Append a stream and note it for the directory."""
        rva = self.put(data)
        self.entries.append((kind, len(data), rva))
        return rva

    def small_streams(self, *kinds: int) -> None:
        """What every reader wants to find: the system, a thread, a module, a memory range."""
        if 7 in kinds:
            service_pack = self.string("")
            self.stream(7, struct.pack("<HHHBBIIIIIHH", 9, 6, 0x9E0A, 8, 1, 10, 0, 19045, 2, service_pack, 0x100, 0).ljust(56, b"\0"))
        if 3 in kinds:
            context = self.put(amd64_context(1))
            self.stream(3, struct.pack("<I", 1) + struct.pack("<IIIIQQIIII", 0x1A30, 0, 0x20, 0, 0x7FF7000, 0, 0, 0, 1232, context))
        if 4 in kinds:
            name = self.string("C:\\demo\\demo.exe")
            self.stream(4, struct.pack("<I", 1) + struct.pack("<QIIII", 0x7FF600000000, 0x10000, 0, 0x5F3C1A2B, name).ljust(108, b"\0"))
        if 5 in kinds:
            memory = self.put(bytes(256))
            self.stream(5, struct.pack("<I", 1) + struct.pack("<QII", 0x7FF7000, 256, memory))

    def finish(self, path: Path) -> None:
        """Write the file; a reader never sees half of it."""
        directory = b"".join(struct.pack("<III", *entry) for entry in self.entries).ljust(12 * SLOTS, b"\0")
        header = struct.pack("<4sIIIIIQ", b"MDMP", 0xA061A793, SLOTS, 32, 0, 1709294400, self.flags)
        self.data[: 32 + 12 * SLOTS] = header + directory
        partial = path.with_suffix(".part")
        partial.write_bytes(self.data)
        os.replace(partial, path)


def amd64_context(seed: int) -> bytes:
    """A CONTEXT of 1232 bytes whose general registers are numbers made from ``seed``."""
    registers = [(seed * 0x9E3779B97F4A7C15 + number) & 0xFFFFFFFFFFFFFFFF for number in range(17)]
    registers[16] = 0x7FF600001000 + seed
    head = struct.pack("<48xIIHHHHHHI48x17Q", 0x10001F, 0x1F80, 0x33, 0x2B, 0x2B, 0x53, 0x2B, 0x2B, 0x246, *registers)
    return head.ljust(1232, b"\0")


def _handle_dump(path: Path, count: int, name_of: Callable[[Image, int], int]) -> None:
    image = Image(0x4)
    image.small_streams(7, 3, 4, 5)
    types = [image.string(name) for name in TYPES]
    pack = struct.Struct("<QIIIIIIII").pack
    rows = []
    for number in range(count):
        kind = number * 7919 % len(types)
        rows.append(pack(4 * (number + 1), types[kind], name_of(image, number), 0, 0x1F0003, 2, 65537, 0, 0))
    image.stream(12, struct.pack("<IIII", 16, 40, count, 0) + b"".join(rows))
    image.finish(path)


def handles_shared(path: Path, count: int) -> None:
    """Handles of 12 types under a thousand names."""
    names: Dict[int, int] = {}

    def name_of(image: Image, number: int) -> int:
        key = number * 104729 % 1000
        if key not in names:
            names[key] = image.string(f"\\BaseNamedObjects\\shared-object-{key}")
        return names[key]

    _handle_dump(path, count, name_of)


def handles_unique(path: Path, count: int) -> None:
    """Handles of 12 types, each with a name of its own."""
    _handle_dump(path, count, lambda image, number: image.string(f"\\BaseNamedObjects\\object-{number:08x}"))


def threads(path: Path, count: int) -> None:
    """Threads with registers, times and names."""
    image = Image(0x1000)
    image.small_streams(7, 4, 5)
    rows, infos, names = [], [], []
    for number in range(count):
        tid = 4 * number + 0x1000
        context = image.put(amd64_context(number))
        rows.append(struct.pack("<IIIIQQIIII", tid, 0, 0x20, 0, 0x7FF70000000 + 0x2000 * number, 0x100000 * number, 0, 0, 1232, context))
        infos.append(struct.pack("<IIIIQQQQQQ", tid, 0, 0, 259, 133537680000000000 + number, 0, 156250 * number, 312500, 0x7FF600002000, 0xFF))
        names.append(struct.pack("<IQ", tid, image.string(f"worker {number}")))
    image.stream(3, struct.pack("<I", count) + b"".join(rows))
    image.stream(17, struct.pack("<III", 12, 64, count) + b"".join(infos))
    image.stream(24, struct.pack("<I", count) + b"".join(names))
    image.finish(path)


def modules(path: Path, count: int) -> None:
    """Modules with a path, a version and a CodeView record each."""
    image = Image(0)
    image.small_streams(7, 3, 5)
    rows = []
    version = struct.pack("<13I", 0xFEEF04BD, 0x10000, 0xA0000, 0x4A610001, 0xA0000, 0x4A610001, 0x3F, 0, 0x40004, 2, 0, 0, 0)
    for number in range(count):
        name = image.string(f"C:\\Program Files\\demo\\plugins\\module{number:05d}.dll")
        record = image.put(b"RSDS" + struct.pack("<IIIII", number, 1, 2, 3, 1) + f"module{number:05d}.pdb".encode() + b"\0")
        size = len(image.data) - record
        head = struct.pack("<QIIII", 0x7FF800000000 + 0x100000 * number, 0x80000, number, 0x5F3C1A2B + number, name)
        rows.append(head + version + struct.pack("<IIIIQQ", size, record, 0, 0, 0x4160, 0))
    image.stream(4, struct.pack("<I", count) + b"".join(rows))
    image.finish(path)


def regions(path: Path, count: int) -> None:
    """Regions of the address space in order, without gaps; no bytes of them."""
    image = Image(0x802)
    image.small_streams(7, 3, 4)
    pack = struct.Struct("<QQIIQIIII").pack
    rows = []
    base = 0
    for number in range(count):
        size = PAGE * (1 + number % 16)
        state = (0x1000, 0x2000, 0x1000, 0x10000)[number % 4]
        rows.append(pack(base, base - base % 0x10000, 4, 0, size, state, 4 if state == 0x1000 else 0, 0x20000, 0))
        base += size
    image.stream(16, struct.pack("<IIQ", 16, 48, count) + b"".join(rows))
    # A reader that wants full memory with its regions finds an empty list behind everything.
    image.stream(9, struct.pack("<QQ", 0, len(image.data) + 16))
    image.finish(path)


def full_layout(count: int) -> List[Tuple[int, int]]:
    """Start and size of each range of :func:`full`: 4 to 16 KiB, every third one behind a gap, 2 GiB for 200,000 of them."""
    ranges = []
    address = 0x10000000
    left = count * 10738 // PAGE * PAGE
    for number in range(count):
        size = PAGE * (1 + number % 4) if number < count - 1 else left
        ranges.append((address, size))
        left -= size
        address += size + (PAGE * 16 if number % 3 == 2 else 0)
    return ranges


def full(path: Path, count: int) -> None:
    """Full memory in ``count`` ranges, as a sparse file; the needle stands in five of them."""
    image = Image(0x2)
    image.small_streams(7, 3, 4)
    ranges = full_layout(count)
    total = sum(size for _, size in ranges)
    at = image.stream(9, struct.pack("<QQ", count, 0) + b"".join(struct.pack("<QQ", *row) for row in ranges))
    regions_of = b"".join(struct.pack("<QQIIQIIII", start, start, 4, 0, size, 0x1000, 4, 0x20000, 0) for start, size in ranges)
    image.stream(16, struct.pack("<IIQ", 16, 48, count) + regions_of)
    base = len(image.data)
    image.data[at + 8 : at + 16] = struct.pack("<Q", base)
    image.finish(path)
    with open(path, "r+b") as file:
        file.truncate(base + total)
        for place in range(1, 6):
            file.seek(base + total * place // 6 // PAGE * PAGE + 100)
            file.write(NEEDLE)


MIB = 1 << 20
DENSE_MODULE = ((PAGE, 0x02, 0x02), (MIB, 0x20, 0x20), (MIB // 2, 0x02, 0x02), (MIB // 2, 0x04, 0x08))
"""Size, protection and allocation protection of the parts of a module of :func:`dense`: headers, code, constants, data."""
DENSE_STACK = MIB // 8
_TEXT = "C:\\Users\\dense.person\\AppData\\Local\\Temp\\".encode("utf-16-le") + b"token=4b1d-dense-9f7e dense.person@example.com " + b"\x00\x01\x02\x03" * 37


def _words(seed: int, choices: List[int], size: int) -> bytes:
    """Pseudo-random words, every other one of ``choices``."""
    value, words = seed * 2 + 1, []
    for number in range(size // 8):
        value = (value * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        words.append(choices[(value >> 40) % len(choices)] if number % 2 else value)
    return struct.pack(f"<{len(words)}Q", *words)


def dense(path: Path, count: int) -> None:
    """Full memory of ``count`` MiB without a hole, as a program leaves it: images, stacks of return addresses and frame pointers, heap full of data.

    A tenth are images, a sixty-fourth stacks, the rest is heap; each has its row in the memory map. There are ten handles to a MiB.
    """
    image = Image(0x1806)
    image.small_streams(7)
    modules = [(0x7FF800000000 + 0x1000000 * number, sum(size for size, _, _ in DENSE_MODULE)) for number in range(max(1, count // 20))]
    stacks = [(0x10000000 + 4 * MIB * number, DENSE_STACK) for number in range(max(1, count // 8))]
    heap = [(0x20000000000 + 2 * MIB * number, MIB) for number in range(max(1, count - len(modules) * 2 - len(stacks) // 8))]
    rows = []
    for number, (base, size) in enumerate(modules):
        name = image.string(f"C:\\Program Files\\demo\\module{number:04d}.dll")
        rows.append(struct.pack("<QIIII", base, size, 0, 0x5F3C1A2B + number, name).ljust(108, b"\0"))
    image.stream(4, struct.pack("<I", len(rows)) + b"".join(rows))
    rows, infos = [], []
    for number, (base, size) in enumerate(stacks):
        tid = 4 * number + 0x1000
        context = bytearray(amd64_context(number))
        struct.pack_into("<Q", context, 0x98, base + size // 2)
        struct.pack_into("<Q", context, 0xF8, modules[number % len(modules)][0] + PAGE + 0x100)
        at = image.put(bytes(context))
        rows.append(struct.pack("<IIIIQQIIII", tid, 0, 0x20, 0, 0x7FF70000000 + 0x2000 * number, base, size, 0, 1232, at))
        infos.append(struct.pack("<IIIIQQQQQQ", tid, 0, 0, 259, 133537680000000000 + number, 0, 156250 * number, 312500, 0x7FF600002000, 0xFF))
    image.stream(3, struct.pack("<I", len(rows)) + b"".join(rows))
    image.stream(17, struct.pack("<III", 12, 64, len(infos)) + b"".join(infos))
    types = [image.string(name) for name in TYPES]
    rows = [
        struct.pack(
            "<QIIIIIIII", 4 * (number + 1), types[number % len(types)], image.string(f"\\BaseNamedObjects\\object-{number:08x}"), 0, 0x1F0003, 2, 9, 0, 0
        )
        for number in range(10 * count)
    ]
    image.stream(12, struct.pack("<IIII", 16, 40, len(rows), 0) + b"".join(rows))
    regions_of = [(base, size, 4, 0x20000, 4) for base, size in stacks + heap]
    for base, _ in modules:
        for size, protect, allocation in DENSE_MODULE:
            regions_of.append((base, size, protect, 0x1000000, allocation))
            base += size
    regions_of.sort()
    packed = b"".join(
        struct.pack("<QQIIQIIII", base, base, allocation, 0, size, 0x1000, protect, kind, 0) for base, size, protect, kind, allocation in regions_of
    )
    image.stream(16, struct.pack("<IIQ", 16, 48, len(regions_of)) + packed)
    ranges = sorted([*modules, *stacks, *heap])
    at = image.stream(9, struct.pack("<QQ", len(ranges), 0) + b"".join(struct.pack("<QQ", *row) for row in ranges))
    image.data[at + 8 : at + 16] = struct.pack("<Q", len(image.data))
    image.finish(path.with_suffix(".head"))
    returns = [base + PAGE + 16 * number for base, _ in modules for number in range(1, 200)]
    frames = [base + 8 * number for base, size in stacks for number in range(0, size // 8, 997)]
    stack_words = [_words(seed, [*returns, *frames], DENSE_STACK) for seed in range(4)]
    data = (_TEXT * (MIB // len(_TEXT) + 1))[:MIB]
    blocks = [_words(7, [0x20000000000 + 48 * number for number in range(5000)], MIB), data]
    code = (_words(9, [0x245C8948, 0xCCCCCCCCC3], MIB // 4) * 16)[: sum(size for size, _, _ in DENSE_MODULE)]
    partial = path.with_suffix(".part")
    os.replace(path.with_suffix(".head"), partial)
    kinds = {**{base: "code" for base, _ in modules}, **{base: "stack" for base, _ in stacks}}
    with open(partial, "ab") as file:
        for number, (base, _) in enumerate(ranges):
            kind = kinds.get(base, "heap")
            file.write(code if kind == "code" else stack_words[number % 4] if kind == "stack" else blocks[number % 2])
    os.replace(partial, path)


def deep(path: Path, count: int) -> None:
    """Threads with deep stacks."""
    from .deep import deep as write

    write(path, count)


def small(path: Path, count: int) -> None:
    """A dump of a few kilobytes with ``count`` handles: what start-up is measured with."""
    handles_shared(path, count)


MAKERS: Dict[str, Tuple[Callable[[Path, int], None], int]] = {
    "handles_shared": (handles_shared, 1_000_000),
    "handles_unique": (handles_unique, 1_000_000),
    "threads": (threads, 50_000),
    "modules": (modules, 5_000),
    "regions": (regions, 500_000),
    "full": (full, 200_000),
    "dense": (dense, 2_048),
    "deep": (deep, 64),
    "small": (small, 30),
}
"""Name -> (maker, count at full scale)."""


def make(folder: Path, name: str, scale: float) -> Path:
    """The dump called ``name`` at ``scale``; made when it is not there yet."""
    maker, count = MAKERS[name]
    count = count if name == "small" else max(1, int(count * scale))
    path = folder / f"{name}-{count}-v{VERSION}.dmp"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        maker(path, count)
    return path
