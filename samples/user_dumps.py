"""Full user dumps of the format before minidumps (USERDU64, USERDUMP), as `.dump /f` writes them; written without the package's tables."""

import struct
from typing import Dict, NamedTuple, Optional, Sequence, Tuple

from .blocks import context_amd64, context_x86
from .catalogue import Built, sample

COMMIT = 0x1000
READONLY, READWRITE, EXECUTE_READ, GUARD = 0x02, 0x04, 0x20, 0x100
PRIVATE, IMAGE = 0x20000, 0x1000000


class OldThread(NamedTuple):
    """A thread: id, address of the TEB, registers, and what CRASH_THREAD has besides."""

    tid: int
    teb: int
    context: bytes
    suspend: int = 0
    priority_class: int = 0x20
    priority: int = 0


class OldRegion(NamedTuple):
    """A region with its bytes."""

    base: int
    data: bytes
    protect: int = READWRITE
    kind: int = PRIVATE
    state: int = COMMIT


def image(size: int, machine: int, stamp: int, total: int) -> bytes:
    """The headers of an image, without sections."""
    head = bytearray(size)
    head[:2] = b"MZ"
    struct.pack_into("<I", head, 0x3C, 0x80)
    optional = 0xF0 if machine == 0x8664 else 0xE0
    struct.pack_into("<4sHHIIIHH", head, 0x80, b"PE\0\0", machine, 0, stamp, 0, 0, optional, 0x2022)
    struct.pack_into("<H", head, 0x98, 0x20B if machine == 0x8664 else 0x10B)
    struct.pack_into("<II", head, 0x98 + 56, total, size)
    struct.pack_into("<I", head, 0x98 + 64, 0x1234)
    return bytes(head)


def user_dump(
    wide: bool,
    threads: Sequence[OldThread],
    modules: Sequence[Tuple[int, int, str]],
    regions: Sequence[OldRegion],
    *,
    machine: Optional[int] = None,
    version: Tuple[int, int] = (6, 0x1DB10001),
    event: Optional[bytes] = None,
    guards: Optional[int] = 0,
    states: bool = True,
) -> bytes:
    """The file. `event` is a DEBUG_EVENT; `guards` is IgnoreGuardPages of the version information, None leaves it out."""
    word = "Q" if wide else "I"
    head_size = 0x60 if wide else 0x40
    body = bytearray()

    def add(data: bytes) -> int:
        place = head_size + len(body)
        body.extend(data)
        return place

    event_at = add(event) if event is not None else 0
    rows = b""
    for region in regions:
        if wide:
            rows += struct.pack("<QQIIQIIII", region.base, region.base, region.protect, 0, len(region.data), region.state, region.protect, region.kind, 0)
        else:
            rows += struct.pack("<7I", region.base, region.base, region.protect, len(region.data), region.state, region.protect, region.kind)
    regions_at = add(rows)
    threads_at = add(b"".join(thread.context for thread in threads))
    states_at = 0
    if states:
        states_at = add(
            b"".join(struct.pack(f"<IIII8{word}", item.tid, item.suspend, item.priority_class, item.priority, item.teb, *(0,) * 7) for item in threads)
        )
    modules_at = add(b"".join(struct.pack(f"<{word}II", base, size, len(name) + 1) + name.encode() + b"\0" for base, size, name in modules))
    data_at = add(b"".join(region.data for region in regions))
    version_at = add(struct.pack("<II", guards, 64 if wide else 32)) if guards is not None else 0
    head = b"USERDU64" if wide else b"USERDUMP"
    kind = machine if machine is not None else 0x8664 if wide else 0x14C
    head += struct.pack("<IIIIII", *version, kind, len(threads), len(modules), len(regions))
    head += struct.pack(f"<8{word}", threads_at, modules_at, data_at, regions_at, event_at, states_at, version_at, 0)
    return head + bytes(body)


def exception_event(wide: bool, pid: int, tid: int, code: int, address: int, parameters: Sequence[int] = (), first: int = 0) -> bytes:
    """A DEBUG_EVENT of an exception, as large as the writer's."""
    many = [*parameters, *(0,) * (15 - len(parameters))]
    if wide:
        data = struct.pack("<IIII", 1, pid, tid, 0) + struct.pack("<IIQQII15QI", code, 0, 0, address, len(parameters), 0, *many, first)
        return data.ljust(0xB0, b"\0")
    data = struct.pack("<III", 1, pid, tid) + struct.pack("<IIIII15II", code, 0, 0, address, len(parameters), *many, first)
    return data.ljust(0x60, b"\0")


def _words(form: str, values: Dict[int, int], size: int = 0x200) -> bytes:
    """A page, or the beginning of one, with these words at these places."""
    data = bytearray(size)
    for place, value in values.items():
        struct.pack_into(form, data, place, value)
    return bytes(data)


def loader(wide: bool, at: int, modules: Sequence[Tuple[int, int, str]]) -> bytes:
    """PEB_LDR_DATA at an address with an entry for each module: the debugger takes its list from there, not from the file's."""
    size = 8 if wide else 4
    step = 0xA0 if wide else 0x80
    heads = [at + (0x10 if wide else 0xC) + 2 * size * number for number in range(3)]
    entries = [at + 0x80 + step * number for number in range(len(modules))]
    text_at = at + 0x80 + step * len(modules)
    form = "<Q" if wide else "<I"
    data = bytearray(text_at - at)

    def word(place: int, value: int) -> None:
        struct.pack_into(form, data, place - at, value)

    struct.pack_into("<IB", data, 0, 0x58 if wide else 0x28, 1)
    for number, head in enumerate(heads):
        ring = [head, *(entry + 2 * size * number for entry in entries)]
        for index, place in enumerate(ring):
            word(place, ring[(index + 1) % len(ring)])
            word(place + size, ring[index - 1])
    texts = b""
    for entry, (base, total, name) in zip(entries, modules):
        word(entry + 6 * size, base)
        struct.pack_into("<I", data, entry + 8 * size - at, total)
        place = entry + 9 * size
        full = name.encode("utf-16-le")
        for text in (full, name.rpartition("\\")[2].encode("utf-16-le")):
            struct.pack_into("<HH", data, place - at, len(text), len(text) + 2)
            word(place + size, text_at + len(texts) + len(full) - len(text))
            place += 2 * size
        texts += full + b"\0\0"
    return bytes(data) + texts


def wide_dump(**changes: object) -> bytes:
    """Two threads, two modules and five regions of a 64-bit process that has read at 0x28."""
    code = image(0x1000, 0x8664, 0x5C3A1D20, 0x3000)
    modules = [(0x140000000, 0x3000, "C:\\demo\\demo.exe"), (0x7FFC10000000, 0x2000, "C:\\Windows\\System32\\ntdll.dll")]
    stack = struct.pack("<64Q", *(0x140001100 if number == 4 else 0x7FFC10001010 if number == 9 else number for number in range(64)))
    values: dict = {
        "threads": [
            OldThread(0x1A30, 0x7FF000, context_amd64(rip=0x140001024, rsp=0x14FE00, rbp=0x14FF00, rax=0x28, rcx=0x11)),
            OldThread(0x1B44, 0x7FD000, context_amd64(rip=0x7FFC10001008, rsp=0x24FE00, rbx=0x22), 1, 0x20, 2),
        ],
        "modules": modules,
        "regions": [
            OldRegion(0x14FE00, stack),
            OldRegion(0x24FE00, stack[::-1]),
            OldRegion(0x600000, loader(True, 0x600000, modules)),
            OldRegion(0x7FD000, _words("<Q", {0x30: 0x7FD000, 0x60: 0x7FE000})),
            OldRegion(0x7FE000, _words("<Q", {0x10: 0x140000000, 0x18: 0x600000})),
            OldRegion(0x7FF000, _words("<Q", {0x30: 0x7FF000, 0x60: 0x7FE000})),
            OldRegion(0x140000000, code, READONLY, IMAGE),
            OldRegion(0x140001000, b"\x90" * 0x24 + b"\x8b\x00\xc3" + b"\xcc" * 0x1D9, EXECUTE_READ, IMAGE),
            OldRegion(0x7FFC10000000, image(0x400, 0x8664, 0x4A5BC007, 0x2000), READONLY, IMAGE),
        ],
        "event": exception_event(True, 0x1A2C, 0x1A30, 0xC0000005, 0x140001024, (0, 0x28)),
    }
    values.update(changes)
    return user_dump(True, **values)


def narrow_dump(**changes: object) -> bytes:
    """The same of a 32-bit process."""
    modules = [(0x400000, 0x3000, "C:\\demo\\demo.exe"), (0x77F00000, 0x2000, "C:\\WINNT\\System32\\ntdll.dll")]
    values: dict = {
        "threads": [
            OldThread(0x1A30, 0x7FFDE000, context_x86(eip=0x401024, esp=0x12FE00, ebp=0x12FF00, eax=0x28, ecx=0x11)),
            OldThread(0x1B44, 0x7FFDD000, context_x86(eip=0x77F01008, esp=0x22FE00, ebx=0x22), 1, 0x20, 2),
        ],
        "modules": modules,
        "regions": [
            OldRegion(0x12FE00, struct.pack("<64I", *range(64))),
            OldRegion(0x22FE00, struct.pack("<64I", *range(100, 164))),
            OldRegion(0x7FFDC000, _words("<I", {0x8: 0x400000, 0xC: 0x250000})),
            OldRegion(0x7FFDD000, _words("<I", {0x18: 0x7FFDD000, 0x30: 0x7FFDC000})),
            OldRegion(0x7FFDE000, _words("<I", {0x18: 0x7FFDE000, 0x30: 0x7FFDC000})),
            OldRegion(0x250000, loader(False, 0x250000, modules)),
            OldRegion(0x400000, image(0x400, 0x14C, 0x5C3A1D20, 0x3000), READONLY, IMAGE),
            OldRegion(0x401000, b"\x90" * 0x24 + b"\x8b\x00\xc3" + b"\xcc" * 0x1D9, EXECUTE_READ, IMAGE),
            OldRegion(0x77F00000, image(0x400, 0x14C, 0x4A5BC007, 0x2000), READONLY, IMAGE),
        ],
        "event": exception_event(False, 0x1A2C, 0x1A30, 0xC0000005, 0x401024, (0, 0x28), 1),
        "version": (5, 0x08930000),
    }
    values.update(changes)
    return user_dump(False, **values)


@sample("not-a-dump-user-full-64", "A full user dump of the old format, 64 bit", "USERDU64, as `.dump /f` writes it", 0, magic=b"USERDU64", engine="old-user")
def _() -> Built:
    return wide_dump()


@sample("not-a-dump-user-full-32", "A full user dump of the old format, 32 bit", "USERDUMP, as `.dump /f` writes it", 0, magic=b"USERDUMP", engine="old-user")
def _() -> Built:
    return narrow_dump()
