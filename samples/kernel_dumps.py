"""Kernel triage dumps, as a blue screen leaves them in C:\\Windows\\Minidump; written without the package's tables."""

import struct
from typing import List, Sequence, Tuple

from .catalogue import Built, Facts, sample

PAGE = b"PAGE"
DRIVERS64 = (
    (0xFFFFF80312C00000, 0x1046000, "\\SystemRoot\\system32\\ntoskrnl.exe", 0x5C3A1D20),
    (0xFFFFF80311A00000, 0x6000, "\\SystemRoot\\system32\\hal.dll", 0x5C3A1D21),
    (0xFFFFF80315000000, 0x2F000, "\\SystemRoot\\System32\\drivers\\demo-drv.sys", 0x5C3A1D22),
    (0xFFFFF80316000000, 0x1D000, "\\SystemRoot\\System32\\drivers\\FLTMGR.SYS", 0x5C3A1D23),
)
DRIVERS32 = (
    (0x82A00000, 0x410000, "\\SystemRoot\\system32\\ntkrnlpa.exe", 0x4A5BC007),
    (0x82E10000, 0x37000, "\\SystemRoot\\system32\\hal.dll", 0x4A5BC008),
    (0x8B000000, 0x9000, "\\SystemRoot\\System32\\drivers\\demo32.sys", 0x4A5BC009),
)
PRCB64, PROCESSORS64, CONTEXT64 = 0xFFFFF80310FD4180, 0xFFFFF803138FDC80, 0xFFFF9B00021FF340
THREAD64, PROCESS64 = 0xFFFFC08BDE9E1640, 0xFFFFC08BDE001080
WIDE: Facts = {"magic": b"PAGEDU64", "engine": "kernel", "kernel": True}
NARROW: Facts = {**WIDE, "magic": b"PAGEDUMP"}


class _File:
    """Bytes that grow to the needed size, filled with PAGE like the writer's header."""

    def __init__(self, header: int) -> None:
        self.data = bytearray(PAGE * (header // 4))

    def put(self, offset: int, form: str, *values: int) -> None:
        struct.pack_into("<" + form, self.data, offset, *values)

    def add(self, data: bytes) -> int:
        self.data += bytes(-len(self.data) % 8)
        at = len(self.data)
        self.data += data
        return at


def _names(file: _File, paths: List[str]) -> Tuple[int, int, List[int]]:
    start = file.add(b"")
    places = []
    for path in paths:
        places.append(file.add(struct.pack("<I", len(path)) + path.encode("utf-16-le") + b"\0\0"))
    return start, len(file.data) - start, places


def with_drivers(paths: List[str]) -> bytes:
    """A triage dump of a 64-bit machine with drivers of these paths."""
    drivers = [(0xFFFFF80310000000 + 0x10000 * index, 0x8000, path, index) for index, path in enumerate(paths)]
    return triage64(drivers=drivers)


def triage64(
    code: int = 0xD1,
    parameters: Tuple[int, int, int, int] = (0x28, 2, 0, 0xFFFFF80315001234),
    *,
    valid: bool = True,
    drivers: Sequence[Tuple[int, int, str, int]] = DRIVERS64,
    more: Sequence[Tuple[int, bytes]] = (),
) -> bytes:
    """A triage dump of a 64-bit machine: four drivers, one unloaded, a stack of 0x100 bytes, and blocks that lead to a processor's registers;
    ``more`` are further blocks: address and bytes."""
    file = _File(0x2000)
    file.data[:8] = b"PAGEDU64"
    file.put(0x8, "IIQQQQII", 15, 19041, 0x1AD000, 0xFFFFDE0000000000, 0xFFFFF80313800390, 0xFFFFF80313800200, 0x8664, 8)
    file.put(0x38, "I", code)
    file.put(0x40, "4Q", *parameters)
    file.put(0x80, "Q", 0xFFFFF80313800B20)
    context = bytearray(0x4D0)
    struct.pack_into("<II", context, 0x30, 0x10005F, 0x1F80)
    struct.pack_into("<6H", context, 0x38, 0x10, 0x2B, 0x2B, 0x53, 0x2B, 0x18)
    struct.pack_into("<I", context, 0x44, 0x40286)
    struct.pack_into("<Q", context, 0x98, 0xFFFF850429890E00)
    struct.pack_into("<Q", context, 0xF8, 0xFFFFF80315001234)
    file.data[0x348 : 0x348 + len(context)] = context
    file.put(0xF00, "IIQQI", 0x80000003, 1, 0, 0xFFFFF80312FF5A80, 0)
    file.put(0xF98, "I", 4)
    file.put(0xFA8, "Q", 0x01D707F23DBB3399)
    file.put(0x1030, "QI", 37_470_697, 0xCFF)
    file.put(0x1040, "III", 1, 0x110, 0)
    file.put(0x104D, "B", 0)
    triage = file.add(bytes(0x80))
    stack = struct.pack("<32Q", *(0xFFFFF80315001234 if n == 5 else 0xFFFFF80312C10000 + n if n % 3 == 0 else n for n in range(32)))
    call_stack = file.add(stack)
    unloaded = file.add(
        struct.pack("<Q", 1)
        + struct.pack("<HHIQ", 14, 14, 0, 0)
        + "dam.sys".encode("utf-16-le").ljust(24, b"\0")
        + struct.pack("<QQ", 0xFFFFF80317000000, 0xFFFFF8031701C000)
    )
    pool, pool_size, places = _names(file, [driver[2] for driver in drivers])
    entries = b""
    for (base, size, _, stamp), place in zip(drivers, places):
        entry = bytearray(0x90)
        struct.pack_into("<I", entry, 0, place)
        struct.pack_into("<QQI", entry, 0x38, base, 0, size)
        struct.pack_into("<IxxxxI", entry, 0x80, 0x1234, stamp)
        entries += entry
    driver_list = file.add(entries)
    first = file.add(b"MZ\x90\0" + bytes(60))
    second = file.add(bytes(range(256)))
    prcb_bytes = bytearray(0x1000)
    struct.pack_into("<Q", prcb_bytes, 8, THREAD64)  # CurrentThread
    struct.pack_into("<I", prcb_bytes, 0x24, 0)  # Number
    struct.pack_into("<Q", prcb_bytes, 0x800, CONTEXT64)  # Context
    stopped = bytearray(context)
    struct.pack_into("<QQ", stopped, 0x78, 0xD1, 0x28)  # rax and rcx
    struct.pack_into("<Q", stopped, 0xF8, 0xFFFFF80312FF5A80)
    held = [
        (DRIVERS64[0][0], first, 64),
        (0xFFFF850429891000, second, 256),
        (PROCESSORS64, file.add(struct.pack("<8Q", *[PRCB64] * 8)), 64),
        (PRCB64, file.add(bytes(prcb_bytes)), len(prcb_bytes)),
        (CONTEXT64, file.add(bytes(stopped)), len(stopped)),
    ]
    held += [(address, file.add(data), len(data)) for address, data in more]
    blocks = file.add(b"".join(struct.pack("<QII", *block) for block in held))
    debugger_data = bytearray(0x380)
    struct.pack_into("<4sI", debugger_data, 0x10, b"KDBG", 0x380)
    struct.pack_into("<Q", debugger_data, 0x18, drivers[0][0])
    struct.pack_into("<QQ", debugger_data, 0x48, 0xFFFFF80313800390, 0xFFFFF80313800200)
    struct.pack_into("<Q", debugger_data, 0x218, PROCESSORS64)
    struct.pack_into("<H", debugger_data, 0x2B0, 0x1000)  # SizePrcb
    struct.pack_into("<HH", debugger_data, 0x2BC, 0x1F0, 0x24)  # OffsetPrcbProcStateContext, OffsetPrcbNumber
    struct.pack_into("<H", debugger_data, 0x2F2, 0x100)  # OffsetPrcbProcStateSpecialReg
    struct.pack_into("<H", debugger_data, 0x338, 0x800)  # OffsetPrcbContext
    struct.pack_into("<6H", debugger_data, 0x298, 0x218, 0xF0, 0x58, 0x28, 0xB8, 0x184)  # OffsetKThread…
    struct.pack_into("<4H", debugger_data, 0x2A8, 0x200, 0x150, 0x140, 0x28)  # SizeEProcess, OffsetEprocess…
    struct.pack_into("<H", debugger_data, 0x2B4, 8)  # OffsetPrcbCurrentThread
    struct.pack_into("<H", debugger_data, 0x2C0, 0x400)  # SizeEThread
    debugger_block = file.add(bytes(debugger_data))
    prcb = file.add(bytes(prcb_bytes))
    process = file.add(bytes(0x200))
    thread_bytes = bytearray(0x400)
    struct.pack_into("<Q", thread_bytes, 0xB8, PROCESS64)  # ApcState.Process
    thread = file.add(bytes(thread_bytes))
    end = file.add(b"TRGD" if valid else b"\0\0\0\0")
    numbers = [
        0,
        len(file.data),
        end,
        0x348,
        0xF00,
        0,
        unloaded,
        prcb,
        process,
        thread,
        call_stack,
        len(stack),
        driver_list,
        len(drivers),
        pool,
        pool_size,
        0,
        0xFFFFFFFF,
    ]
    file.put(triage, "18IQ", *numbers, 0xFFFF850429890E00)
    file.put(triage + 0x70, "4I", debugger_block, len(debugger_data), blocks, len(held))
    return bytes(file.data)


RECORD64 = 0xFFFFC08BDE700020
MCA_SECTION = bytes.fromhex("011d1e8af94257459c33565e5cc3f7e8")
GENERIC_SECTION = bytes.fromhex("adcc7698b447db4bb65e16f193c4f3db")
PCIE_SECTION = bytes.fromhex("54e995d9c1bb0f43ad91b44dcb3c6f35")
MEMORY_SECTION = bytes.fromhex("1411bca5646fde4eb8633e83ed7c83b1")
MACHINE_CHECK_NOTIFY = bytes.fromhex("fe6ff5e89c91c54cba8865abe14913bb")


def error_record(sections: Sequence[Tuple[bytes, bytes]], severity: int = 1) -> bytes:
    """A hardware error record: type and bytes of each section; the first is the primary one."""
    at = 128 + 72 * len(sections)
    head, body = b"", b""
    for number, (kind, data) in enumerate(sections):
        head += struct.pack("<IIHBBI16s16xI20x", at + len(body), len(data), 0x300, 0, 0, int(number == 0), kind, severity)
        body += data
    first = struct.pack("<4sHIHIIIQ48x16sQIQ12x", b"CPER", 0x210, 0xFFFFFFFF, len(sections), severity, 2, at + len(body), 0, MACHINE_CHECK_NOTIFY, 1, 0, 0)
    return first + head + body


def machine_check_section(status: int, *, bank: int = 5, processor: int = 3, address: int = 0) -> bytes:
    """A WHEA_XPF_MCA_SECTION of an Intel processor."""
    section = bytearray(0x110)
    struct.pack_into("<IIQIQQIQQQ", section, 0, 2, 1, 0, processor, 5, 0xFFFFF80312FF5A80, bank, status, address, 0)
    return bytes(section)


def generic_section(brand: bytes) -> bytes:
    """A processor generic error section: a cache error of level 2 at a data read."""
    return struct.pack("<QBBBBBBHQ128sQ32x", 0x1AF, 0, 2, 1, 1, 0, 2, 0, 0x906EA, brand, 6).ljust(192, b"\0")


def triage64_hardware(more: Sequence[Tuple[bytes, bytes]] = (), status: int = 0xBE00000000800400) -> bytes:
    """WHEA_UNCORRECTABLE_ERROR with a hardware error record: the processor, its machine check registers, and what is in ``more``."""
    sections = [(GENERIC_SECTION, generic_section(b"Demo CPU @ 3.00GHz")), (MCA_SECTION, machine_check_section(status, address=0x12340)), *more]
    return triage64(0x124, (0, RECORD64, status >> 32, status & 0xFFFFFFFF), more=[(RECORD64, error_record(sections))])


DEVICE64, OWNER64, REQUEST64, NAME64 = 0xFFFFC08BDE800050, 0xFFFFC08BDE810000, 0xFFFFC08BDE820010, 0xFFFFC08BDE830000


def triage64_power() -> bytes:
    """DRIVER_POWER_STATE_FAILURE with the blocked IRP, its device and its driver in blocks."""
    name = "\\Driver\\demo-drv".encode("utf-16-le")
    device = struct.pack("<HHiQ24x", 3, 0x150, 0, OWNER64)
    owner = struct.pack("<HHxxxxQIxxxxQIxxxxQQHHxxxxQ", 4, 0x150, DEVICE64, 0x12, DRIVERS64[2][0], DRIVERS64[2][1], 0, 0, len(name), len(name) + 2, NAME64)
    request = bytearray(0xD0 + 2 * 0x48)
    struct.pack_into("<HH", request, 0, 6, len(request))
    struct.pack_into("<BB", request, 0x42, 2, 1)
    struct.pack_into("<Q", request, 0xB8, REQUEST64 + 0xD0)
    struct.pack_into("<BB", request, 0xD0, 0x16, 2)
    struct.pack_into("<Q", request, 0xD0 + 0x28, DEVICE64)
    held = [(DEVICE64, device), (OWNER64, owner), (REQUEST64, bytes(request)), (NAME64, name)]
    return triage64(0x9F, (3, DEVICE64, 0xFFFFF80310FD9000, REQUEST64), more=held)


def with_blobs(data: bytes, blobs: Sequence[bytes]) -> bytes:
    """A triage dump with secondary data behind it."""
    out = data + b"DumpBlob" + struct.pack("<II", 16, 0xF0004A61)
    for number, blob in enumerate(blobs):
        pad = -len(blob) % 8
        out += struct.pack("<I16sIII", 32, bytes([number & 0xFF]) * 16, len(blob), 0, pad) + blob + bytes(pad)
    return out


def triage32(code: int = 0x50, parameters: Tuple[int, int, int, int] = (0xDEAD0000, 1, 0x8B001234, 0)) -> bytes:
    """A triage dump of a 32-bit machine: three drivers, none unloaded, a stack and one data block."""
    file = _File(0x1000)
    file.data[:8] = b"PAGEDUMP"
    file.put(0x8, "8I", 15, 7601, 0x185000, 0x83B00000, 0x82B4A850, 0x82B43F00, 0x14C, 2)
    file.put(0x28, "5I", code, *parameters)
    file.put(0x5C, "BB", 1, 0)
    file.put(0x60, "I", 0x82B2AC28)
    context = bytearray(0x2CC)
    struct.pack_into("<I", context, 0, 0x1003F)
    struct.pack_into("<I", context, 0xB8, 0x8B001234)
    struct.pack_into("<I", context, 0xC4, 0x8078A000)
    file.data[0x320 : 0x320 + len(context)] = context
    file.put(0x7D0, "5I", 0x80000003, 1, 0, 0x82A10000, 0)
    file.put(0x8A0, "II", 0, 0)
    file.put(0xF88, "6I", 4, 0xCFF, 0x45474150, 1, 0x110, 0)
    file.put(0xFB8, "QQ", 466_062_936, 0x01D41D41B482B936)
    triage = file.add(bytes(0x68))
    stack = struct.pack("<16I", *(0x8B001300 if n == 3 else n for n in range(16)))
    call_stack = file.add(stack)
    unloaded = file.add(struct.pack("<I", 0))
    pool, pool_size, places = _names(file, [driver[2] for driver in DRIVERS32])
    entries = b""
    for (base, size, _, stamp), place in zip(DRIVERS32, places):
        entry = bytearray(0x4C)
        struct.pack_into("<I", entry, 0, place)
        struct.pack_into("<III", entry, 0x1C, base, 0, size)
        struct.pack_into("<II", entry, 0x44, 0x1234, stamp)
        entries += entry
    drivers = file.add(entries)
    first = file.add(bytes(range(128)))
    blocks = file.add(struct.pack("<QII", 0x8078A100, first, 128))
    prcb = file.add(bytes(0x1000))
    end = file.add(b"TRGD")
    numbers = [0, len(file.data), end, 0x320, 0x7D0, 0, unloaded, prcb, 0, 0, call_stack, len(stack), drivers, len(DRIVERS32), pool, pool_size, 0, 0xFFFFFFFF]
    file.put(triage, "18II", *numbers, 0x8078A000)
    file.put(triage + 0x58, "4I", 0, 0, blocks, 1)
    return bytes(file.data)


@sample(
    "not-a-dump-kernel-triage-64", "A triage dump of a 64-bit machine", "bug check 0xD1 in demo-drv.sys, drivers, a stack and two blocks of memory", 0, **WIDE
)
def _() -> Built:
    return triage64()


@sample(
    "not-a-dump-kernel-hardware-64",
    "A triage dump of a hardware error",
    "bug check 0x124 with a hardware error record: a machine check of a processor",
    0,
    **WIDE,
)
def _() -> Built:
    return triage64_hardware()


@sample(
    "not-a-dump-kernel-power-64",
    "A triage dump of a device that did not finish a power request",
    "bug check 0x9F with the IRP, the device and the driver in blocks of memory",
    0,
    **WIDE,
)
def _() -> Built:
    return triage64_power()


@sample("not-a-dump-kernel-triage-32", "A triage dump of a 32-bit machine", "bug check 0x50 with a driver on the stack", 0, **NARROW)
def _() -> Built:
    return triage32()


def _pages(numbers: Sequence[int]) -> bytes:
    """Pages that hold their number over and over."""
    return b"".join(struct.pack("<Q", number) * 512 for number in numbers)


def _bits(pages: Sequence[int], total: int) -> bytes:
    """A bitmap of ``total`` bits with those of the pages set."""
    bits = bytearray((total + 7) // 8)
    for page in pages:
        bits[page // 8] |= 1 << page % 8
    return bytes(bits)


def _with_runs(runs: Sequence[Tuple[int, int]], wide: bool) -> bytes:
    """The header of a full dump with the runs of physical memory."""
    file = bytearray(triage64()[:0x2000] if wide else triage32()[:0x1000])
    struct.pack_into("<I", file, 0xF98 if wide else 0xF88, 1)
    total = sum(count for _, count in runs)
    if wide:
        struct.pack_into("<IIQ", file, 0x88, len(runs), 0, total)
    else:
        struct.pack_into("<II", file, 0x64, len(runs), total)
    for index, (first, count) in enumerate(runs):
        if wide:
            struct.pack_into("<QQ", file, 0x98 + 16 * index, first, count)
        else:
            struct.pack_into("<II", file, 0x6C + 8 * index, first, count)
    return bytes(file)


def full_dump(runs: Sequence[Tuple[int, int]], *, wide: bool = True) -> bytes:
    """A full dump: the runs of physical memory in the header, their pages behind it."""
    return _with_runs(runs, wide) + _pages([first + number for first, count in runs for number in range(count)])


def bitmap_dump(pages: Sequence[int], total: int, *, full: bool = False, wide: bool = True, kind: int = 0) -> bytes:
    """A dump with a bitmap of ``total`` bits: of the kernel, or with ``full`` of all memory."""
    file = bytearray(triage64()[:0x2000] if wide else triage32()[:0x1000])
    struct.pack_into("<I", file, 0xF98 if wide else 0xF88, kind or (5 if full else 6))
    bits = _bits(pages, total)
    first = -(-(len(file) + 0x38 + len(bits)) // 0x1000) * 0x1000
    head = bytearray(0x38)
    head[:8] = b"FDMPDUMP" if full else b"SDMPDUMP"
    struct.pack_into("<QQQ", head, 0x20, first, len(pages), total)
    file += head + bits
    file += bytes(first - len(file))
    return bytes(file) + _pages(pages)


def summary_dump(pages: Sequence[int], total: int, *, wide: bool = True, runs: Sequence[Tuple[int, int]] = ((0, 64),), first: int = 0) -> bytes:
    """A kernel summary dump, the kind before Windows 8: a bitmap of ``total`` bits behind SUMMARY_DUMP; ``runs`` are those of the header."""
    file = bytearray(_with_runs(runs, wide))
    struct.pack_into("<I", file, 0xF98 if wide else 0xF88, 2)
    bits = _bits(pages, total)
    head = struct.pack("<8sIIIIIxxxxQ" if wide else "<8sIIIIII", b"SDMPDUMP", 0, first, total, len(pages), total, 0)
    first = first or -(-(len(file) + len(head) + len(bits)) // 0x1000) * 0x1000
    file += head[:12] + struct.pack("<I", first) + head[16:] + bits
    file += bytes(max(0, first - len(file)))
    return bytes(file) + _pages(pages)


@sample("not-a-dump-kernel-full-64", "A full kernel dump of a 64-bit machine", "two runs of physical memory", 0, **WIDE)
def _() -> Built:
    return full_dump([(1, 2), (8, 1)])


@sample("not-a-dump-kernel-bitmap-64", "A kernel dump with a bitmap", "automatic and kernel dumps since Windows 8", 0, **WIDE)
def _() -> Built:
    return bitmap_dump([1, 2, 9], 64)


@sample("not-a-dump-kernel-bitmap-32", "A full dump with a bitmap of a 32-bit machine", "FDMP", 0, **NARROW)
def _() -> Built:
    return bitmap_dump([0, 3], 64, full=True, wide=False)
