"""Plants secrets in any dump: texts that must not be in it any more when it was scrubbed.

Everything is written with numbers of its own: nothing here asks what ``scrub`` wipes. What is not promised has no plant: code and constants of
modules, numbers of TEB and PEB, names of modules and threads but for the names of people and machines in them.
"""

from __future__ import annotations

import base64
import struct
from hashlib import sha256
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple
from urllib.parse import quote

from dumpscope.dump.absence import Absent
from dumpscope.dump.contexts import Registers, wow64_registers
from dumpscope.dump.minidump import Minidump
from dumpscope.writing import DumpBuilder

USER = "Marvin.Krause"
MACHINE = "VOGON-SHIP7"
SID = "S-1-5-21-3623811015-3361044348-30300820-1013"
ENCODINGS: Dict[str, Callable[[str], bytes]] = {
    "ASCII": lambda text: text.encode(),
    "UTF-16LE": lambda text: text.encode("utf-16-le"),
    "UTF-8": lambda text: text.replace("-", "ö").encode(),
    "UTF-16BE": lambda text: text.encode("utf-16-be"),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")),
    "percent-encoded": lambda text: quote(text.replace("-", "ä ")).encode(),
}
TEXTS = (
    "ghp-{}", "{}@planted.example", "Quarterly-{} - Notepad", "HKCU\\Software\\{}\\Key", "C:\\Users\\" + USER + "\\{}.docx",
    "password={}", "\\\\" + MACHINE + "\\{}",
)  # fmt: skip
MOST_PLANTS = 3000
CRASHPAD = 0x43500001
TEXTS_OF_OTHERS = (0x4D7A0001, 0x4D7A0004, 0x4D7A0009, 0x47670004, 0x47670006, 0x47670007, 0x4767000D, 0xDEAD0001, 0x12345678, 0x10001, 0x1234)
KEPT_TEXTS = (0x47670003, 0x47670005, 0x47670009)
"""What Breakpad copies from /proc and is kept, without people."""
STREAMS = (*TEXTS_OF_OTHERS, *KEPT_TEXTS, CRASHPAD)


class Plant(NamedTuple):
    """A secret: where it was put and as what, its text, and the bytes that were put there."""

    where: str
    text: str
    data: bytes


class Planted(NamedTuple):
    """A dump with secrets in it."""

    data: bytes
    plants: List[Plant]


class _Planter:
    def __init__(self, data: bytes) -> None:
        self.dump = Minidump.open(data)
        self.data = bytearray(data)
        self.plants: List[Plant] = []
        self.entries: List[List[int]] = [[stream.type, stream.size, stream.rva] for stream in self.dump.streams]
        self._count = 0

    # -- secrets

    def secret(self, where: str, encoding: str = "", text: str = "") -> Plant:
        """A new secret; without an encoding and a text, the next ones."""
        number, self._count = self._count, self._count + 1
        encoding = encoding or list(ENCODINGS)[number % len(ENCODINGS)]
        text = (text or TEXTS[number % len(TEXTS)]).format(sha256(f"{where} {number}".encode()).hexdigest()[:16])
        plant = Plant(f"{where}, {encoding}", text, ENCODINGS[encoding](text))
        self.plants.append(plant)
        return plant

    def put(self, offset: int, room: int, where: str, encoding: str = "") -> None:
        """Put a secret into bytes that are there, if it fits."""
        plant = self.secret(where, encoding)
        if len(plant.data) > room:
            self.plants.remove(plant)
        else:
            self.data[offset : offset + len(plant.data)] = plant.data

    # -- what is there

    def memory(self, *, frames: bool) -> None:
        """Secrets in captured memory: heap, stacks, data of modules, TEBs. Without ``frames`` none where the engine would take words for frames."""
        blocks = set(self._kept())
        if not frames:
            blocks |= set(self._frames())
        for start, end, rva in self.dump.memory.spans():
            step = max(160, (end - start) // 6)
            for at in range(start + 3, end - 130, step):
                if len(self.plants) < MOST_PLANTS and not any(low < at + 128 and at - 8 < high for low, high in blocks) and self._is_data(at):
                    if not frames:  # a zero ends what the engine takes for frames
                        self.data[rva + at - start - 3 : rva + at - start + 29] = bytes(32)
                    self.put(rva + at - start + (0 if frames else 21), 100, "memory")
        for teb in self._tebs():
            for place, what in ((0x1520, "TLS slots"), (0x1290, "StaticUnicodeBuffer"), (0x1840, "behind the TEB")) if self.dump.pointer_size == 8 else (
                (0xE60, "TLS slots"), (0xC10, "StaticUnicodeBuffer"),
            ):  # fmt: skip
                located = self.dump.memory.locate(teb + place)
                if located is not None and located[1] >= 64:
                    self.put(located[0], 64, what)

    def _frames(self) -> Iterator[Tuple[int, int]]:
        """Words of stacks that lead to code or to stacks, and what stands at stack pointers: the engine may read them for its frames."""
        targets = [(module.base, module.end) for module in self.dump.modules]
        stacks = []
        for thread in self.dump.threads:
            for registers in (self.dump.registers(thread), wow64_registers(self.dump, thread) if self.dump.process.is_wow64 else None):
                if isinstance(registers, Registers):
                    stacks.append((registers.sp, registers.sp + self.dump.memory.captured(registers.sp, 1 << 20)))
                    yield registers.sp - 0x40, registers.sp + 0x40
        width = self.dump.pointer_size
        for low, high in stacks:
            data = self.dump.memory.some(low, high - low)
            for at in range(-low % width, len(data) - width + 1, width):
                value = int.from_bytes(data[at : at + width], "little")
                if value and any(start <= value < end for start, end in (*targets, *stacks)):
                    yield low + at, low + at + width

    def _tebs(self) -> Iterator[int]:
        return (thread.teb for _, thread in zip(range(200), self.dump.threads) if thread.teb)

    def _kept(self) -> Iterator[Tuple[int, int]]:
        """Numbers of TEBs and PEB, where nothing is promised."""
        process = self.dump.process
        for teb in self._tebs():
            yield teb, teb + 0x1838
        for thread in self.dump.threads:
            for block in (process.wow64_teb(thread),):
                if not isinstance(block, Absent):
                    yield block.address, block.address + 0x1000
        for peb in (process.peb, process.wow64_peb):
            if not isinstance(peb, Absent):
                yield peb.address, peb.address + 0x7D0

    def _is_data(self, address: int) -> bool:
        """Whether memory is neither code nor constants: what the memory map says; without one, what is in no module."""
        region = self.dump.regions.at(address)
        module = self.dump.modules.at(address)
        if region is None or not region.protect:
            return module is None
        protect = region.protect & 0xFF
        return protect in (0x04, 0x08, 0x40, 0x80) or (protect == 0x02 and region.type != 0x1000000 and module is None)

    def registers(self) -> None:
        """Secrets in vector registers."""
        for thread in self.dump.threads:
            place = {1232: 0x1A0, 716: 0x38}.get(thread.context_size)
            if place is not None and thread.context_rva and self.dump.source.available(thread.context_rva, thread.context_size) == thread.context_size:
                self.put(thread.context_rva + place, 80, "vector registers")

    def build_string(self) -> None:
        """Behind the NUL of the build string."""
        for kind, size, rva in self.entries:
            if kind == 15 and size >= 832 and rva + size <= len(self.data) and not any(self.data[rva + 432 : rva + 752]):
                self.put(rva + 600, 100, "behind the build string")

    # -- what is added

    def append(self, data: bytes, align: int = 8) -> int:
        """Bytes at the end of the file; their RVA."""
        self.data += bytes(-len(self.data) % align)
        self.data += data
        return len(self.data) - len(data)

    def gap(self, where: str) -> None:
        """Bytes that nothing leads to, with a secret in each encoding."""
        for encoding in ENCODINGS:
            self.append(b"\xee\xdd" + self.secret(where, encoding).data + b"\xcc", 1)

    def string(self, text: str) -> int:
        """A MINIDUMP_STRING."""
        raw = text.encode("utf-16-le")
        return self.append(struct.pack("<I", len(raw)) + raw + b"\0\0", 4)

    def utf8(self, data: bytes) -> int:
        """A MinidumpUTF8String of Crashpad."""
        return self.append(struct.pack("<I", len(data)) + data + b"\0", 4)

    def stream(self, kind: int, data: bytes) -> None:
        """A stream in place of one of its type, or of an unused entry of the directory; none where there is no such entry."""
        entry = next((entry for wanted in (kind, 0) for entry in self.entries if entry[0] == wanted), None)
        if entry is not None:
            entry[:] = [kind, len(data), self.append(data)]

    def has(self, kind: int) -> Optional[Tuple[int, int]]:
        """RVA and size of the stream of a type that the file holds whole."""
        return next(((rva, size) for have, size, rva in self.entries if have == kind and rva + size <= len(self.data)), None)

    def handles(self) -> None:
        """Handles with secrets in the names of their objects."""
        names = (
            "\\Sessions\\1\\BaseNamedObjects\\{}", "\\REGISTRY\\USER\\" + SID + "\\Software\\{}", "\\Device\\HarddiskVolume3\\Users\\" + USER + "\\{}.txt",
            "\\Device\\Mup\\" + MACHINE + "\\{}",
        )  # fmt: skip
        found = self.has(12)
        head, stride, count, rest = 16, 40, 0, b""
        if found is not None:
            head, stride, count = struct.unpack_from("<III", self.data, found[0])
            head, stride = (head, stride) if any((head, stride, count)) else (16, 40)
            if head != 16 or stride not in (32, 40) or found[1] < head + stride * count:
                return
            rest = bytes(self.data[found[0] + head : found[0] + head + stride * count])
        kind = self.string("File")
        rows = [
            struct.pack("<QIIIIII", 0x7000 + 4 * index, kind, self.string(self.secret("name of an object", "UTF-16LE", name).text), 0, 1, 1, 1).ljust(
                stride, b"\0"
            )
            for index, name in enumerate(names)
        ]
        self.stream(12, struct.pack("<IIII", 16, stride, count + len(rows), 0) + rest + b"".join(rows))

    def modules(self) -> None:
        """A module and an unloaded one below the folder of the user, built there."""
        found = self.has(4)
        if found is None:
            return
        count = struct.unpack_from("<I", self.data, found[0])[0]
        start = found[0] + found[1] - 108 * count
        path = f"C:\\Users\\{USER}\\AppData\\Local\\planted.dll"
        machine = MACHINE if any(plant.where.startswith("name of an object") for plant in self.plants) else "build1"
        pdb = self.append(b"RSDS" + bytes(range(16)) + struct.pack("<I", 1) + f"D:\\build\\{machine}\\Users\\{USER}\\planted.pdb".encode() + b"\0")
        size = len(self.data) - pdb
        spare = b"tok_" + sha256(b"reserved").hexdigest()[:12].encode()
        self.plants.append(Plant("reserved bytes of a module, ASCII", spare.decode(), spare))
        base = 0x5550000
        record = struct.pack("<QIIII", base, 0x10000, 0, 0x5F3C1A2B, self.string(path)).ljust(76, b"\0") + struct.pack("<IIII", size, pdb, 0, 0) + spare
        self.stream(4, struct.pack("<I", count + 1) + bytes(self.data[start : start + 108 * count]) + record)
        gone = self.string(f"C:\\Users\\{USER}\\gone.dll")
        found, count, rest = self.has(14), 0, b""
        if found is not None:
            head, stride, count = struct.unpack_from("<III", self.data, found[0])
            head, stride = (head, stride) if any((head, stride, count)) else (12, 24)
            if (head, stride) != (12, 24) or found[1] < 12 + 24 * count:
                return
            rest = bytes(self.data[found[0] + 12 : found[0] + 12 + 24 * count])
        self.stream(14, struct.pack("<III", 12, 24, count + 1) + rest + struct.pack("<QIIII", base + 0x100000, 0x10000, 0, 0, gone))

    def ranges(self) -> None:
        """Two ranges of memory that follow each other, with a secret across their border, in a list of memory that has room for them."""
        found = self.has(5)
        if found is None or self.has(9) is not None:
            return
        count = struct.unpack_from("<I", self.data, found[0])[0]
        if found[1] < 4 + 16 * count:
            return
        base, rows = 0x6F000000, b""
        if any(start < base + 0x10000 and base < end for start, end, _ in self.dump.memory.spans()):
            return
        for number, encoding in enumerate(ENCODINGS):
            plant, at = self.secret("across two ranges", encoding), base + 0x800 * number
            half = len(plant.data) // 2
            second = self.append(plant.data[half:].ljust(0x100, b"\x11"))
            first = self.append(plant.data[:half].rjust(0x100, b"\x11"))
            rows += struct.pack("<QIIQII", at, 0x100, first, at + 0x100, 0x100, second)
        self.stream(5, struct.pack("<I", count + 2 * len(ENCODINGS)) + bytes(self.data[found[0] + 4 : found[0] + 4 + 16 * count]) + rows)

    def streams(self) -> None:
        """Streams of other writers, comments, and streams that nobody knows."""
        texts = b"\n".join(self.secret("stream", encoding).data for encoding in ENCODINGS)
        self.stream(10, self.secret("comment", "ASCII").data + b"\0")
        self.stream(11, self.secret("comment", "UTF-16LE").data + b"\0\0")
        for kind in TEXTS_OF_OTHERS:
            if (self.has(kind) or (0, 0))[1] <= 16:
                self.stream(kind, texts)
        for kind in KEPT_TEXTS:
            if (self.has(kind) or (0, 0))[1] <= 16:
                self.stream(kind, f"7f0000000000-7f0000001000 r-xp 00000000 08:01 42 /home/{USER}/lib/libplanted.so\n".encode())
        if (self.has(CRASHPAD) or (0, 0))[1] <= 16:
            self.crashpad()

    def crashpad(self) -> None:
        """Annotations of each kind that Crashpad has."""

        def dictionary() -> Tuple[int, int]:
            key, value = self.utf8(b"planted"), self.utf8(self.secret("Crashpad's simple annotation", "UTF-8").data)
            return 12, self.append(struct.pack("<III", 1, key, value), 4)

        texts = self.append(struct.pack("<II", 1, self.utf8(self.secret("Crashpad's list of texts", "UTF-8").data)), 4)
        name, value = self.utf8(b"object"), self.utf8(self.secret("Crashpad's object", "UTF-8").data)
        objects = self.append(struct.pack("<IIHHI", 1, name, 1, 0, value), 4)
        module = self.append(struct.pack("<IIIIIII", 1, 8, texts, *dictionary(), 16, objects), 4)
        modules = self.append(struct.pack("<IIII", 1, 0, 28, module), 4)
        ids = self.secret("Crashpad's ids", "ASCII", "id-{}").data.ljust(32, b"x")[:32]
        self.stream(CRASHPAD, struct.pack("<I", 1) + ids + struct.pack("<IIII", *dictionary(), 16, modules))

    def finish(self) -> Planted:
        """The directory in its place, which is in front of all that it leads to (the engine refuses others), and secrets behind everything."""
        directory = b"".join(struct.pack("<III", *entry) for entry in self.entries)
        self.data[self.dump.header.directory_rva : self.dump.header.directory_rva + len(directory)] = directory
        self.gap("beyond the end of all structures")
        return Planted(bytes(self.data), self.plants)


def plant(data: bytes, *, wider: bool = False, frames: bool = True) -> Planted:
    """The dump with secrets in everything that it has, and in what its unused directory entries lead to then. Raises DumpError.

    Without ``frames`` no text of a secret stands where the engine would show it as frames. ``wider``: the dump is written anew first, with a
    directory that has room for streams of other writers and of nobody.
    """
    if wider:
        with Minidump.open(data) as dump:
            builder = DumpBuilder.of(dump)
            for kind in (*STREAMS, 12, 14, 10, 11):
                if kind not in builder.streams():
                    builder.raw(kind, b"\0\0\0\0" * 4)
            data = builder.to_bytes()
    planter = _Planter(data)
    try:
        planter.memory(frames=frames)
        planter.registers()
        planter.build_string()
        planter.gap("gap behind the dump")
        planter.handles()
        planter.modules()
        planter.ranges()
        planter.gap("gap between streams")
        planter.streams()
        return planter.finish()
    finally:
        planter.dump.close()


def left(planted: Planted, result: bytes) -> List[str]:
    """The secrets that are still in a scrubbed dump, by a plain search of bytes, and names of people and machines in any encoding."""
    low = result.lower()
    found = [plant.where for plant in planted.plants if plant.data.lower() in low]
    for name in (USER, MACHINE):
        variants: Set[bytes] = {encode(name).lower() for how, encode in ENCODINGS.items() if not how.startswith("base64")}
        found += [f"{name} as {variant[:30]!r} at 0x{low.index(variant):x}" for variant in sorted(variants) if variant in low]
    return found
