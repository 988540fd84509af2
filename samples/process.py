"""Memory of an invented Windows process: TEBs, PEB, parameters, environment, loader lists, shared user data.

The same program, `demo.exe`, as a 64-bit process, a 32-bit one, and a 32-bit one seen from outside (WOW64).
"""

import struct
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .blocks import context_amd64, context_x86, fixed_file_info, rsds
from .writer import DumpBuilder, Module, Region, Thread, ThreadInfo, UnloadedModule

PID = 0x1A2C
PARENT = 0x0F10
SESSION = 1
SID = "S-1-5-21-1004336348-1177238915-682003330-1001"
NAMED = "\\Sessions\\1\\BaseNamedObjects\\"

ENVIRONMENT = (
    "ALLUSERSPROFILE=C:\\ProgramData",
    "APPDATA=C:\\Users\\anna\\AppData\\Roaming",
    "COMPUTERNAME=DEMO-PC",
    "ComSpec=C:\\Windows\\system32\\cmd.exe",
    "NUMBER_OF_PROCESSORS=8",
    "OS=Windows_NT",
    "PATH=C:\\Windows\\system32;C:\\Windows;C:\\demo",
    "PROCESSOR_ARCHITECTURE=AMD64",
    "SystemRoot=C:\\Windows",
    "TEMP=C:\\Users\\anna\\AppData\\Local\\Temp",
    "USERNAME=anna",
    "USERPROFILE=C:\\Users\\anna",
)


class ThreadSpec(NamedTuple):
    """What a thread looks like in memory."""

    tid: int
    teb: int
    stack_base: int
    sp: int
    ip: int
    last_error: int = 0
    last_status: int = 0


# base, size, path, code view guid
_MODULES_64 = (
    (0x7FF6A1B20000, 0x2D000, "C:\\demo\\demo.exe", "5a7c3e21-9b0d-4f68-8a17-3c9e5d2b1f40", "C:\\build\\demo.pdb"),
    (0x7FFC3A6F0000, 0x1F8000, "C:\\Windows\\System32\\ntdll.dll", "3f2c9d4e-1b7a-8c5d-e6f0-a1b2c3d4e5f6", "ntdll.pdb"),
    (0x7FFC39080000, 0xC2000, "C:\\Windows\\System32\\kernel32.dll", "81d2f3a4-5c6b-7e8d-9f01-2a3b4c5d6e7f", "kernel32.pdb"),
    (0x7FFC37F20000, 0x2F6000, "C:\\Windows\\System32\\KernelBase.dll", "c4b3a291-8f7e-6d5c-4b3a-291807f6e5d4", "kernelbase.pdb"),
    (0x7FFC38A10000, 0x9E000, "C:\\Windows\\System32\\msvcrt.dll", "0d1e2f30-4152-6374-8596-a7b8c9daebfc", "msvcrt.pdb"),
)
_MODULES_32 = (
    (0x00D10000, 0x27000, "C:\\demo\\demo32.exe", "6b8d4f32-ac1e-4079-9b28-4dafe63c2051", "C:\\build\\demo32.pdb"),
    (0x77A40000, 0x1A4000, "C:\\Windows\\SysWOW64\\ntdll.dll", "4a3dae5f-2c8b-9d6e-f701-b2c3d4e5f607", "wntdll.pdb"),
    (0x76A70000, 0xF0000, "C:\\Windows\\SysWOW64\\kernel32.dll", "92e304b5-6d7c-8f9e-a012-3b4c5d6e7f80", "wkernel32.pdb"),
    (0x75D80000, 0x219000, "C:\\Windows\\SysWOW64\\KernelBase.dll", "d5c4b3a2-908f-7e6d-5c4b-3a291807f6e5", "wkernelbase.pdb"),
)
_MODULES_WOW = (
    (0x7FFC39F40000, 0x59000, "C:\\Windows\\System32\\wow64.dll", "11223344-5566-7788-99aa-bbccddeeff00", "wow64.pdb"),
    (0x7FFC39FB0000, 0x83000, "C:\\Windows\\System32\\wow64win.dll", "22334455-6677-8899-aabb-ccddeeff0011", "wow64win.pdb"),
    (0x77A30000, 0xA000, "C:\\Windows\\System32\\wow64cpu.dll", "33445566-7788-99aa-bbcc-ddeeff001122", "wow64cpu.pdb"),
)


def _modules(rows: Sequence[Tuple[int, int, str, str, str]]) -> List[Module]:
    found = []
    for index, (base, size, path, guid, pdb) in enumerate(rows):
        version = fixed_file_info((1, 4, 2, 0), file_type=1) if index == 0 and "demo" in path else fixed_file_info()
        found.append(
            Module(
                base,
                size,
                path,
                0x5F3C1A2B + 0x1111 * index,
                0x30000 + 0x111 * index,
                rsds(guid, index + 1, pdb),
                version=version,
                reserved0=0x8160 if index == 0 else 0x4160,
            )
        )
    return found


def modules(kind: str = "amd64") -> List[Module]:
    """The modules of the 64-bit process ("amd64"), the 32-bit one ("x86"), or what a 64-bit tool sees ("wow64")."""
    if kind == "x86":
        return _modules(_MODULES_32)
    if kind == "wow64":
        return _modules((_MODULES_32[0], _MODULES_64[1]) + _MODULES_WOW + _MODULES_32[1:])
    return _modules(_MODULES_64)


UNLOADED = (
    UnloadedModule(0x7FFC2D100000, 0x4B000, "oldplugin.dll", 0x5E0A1B2C, 0x51234),
    UnloadedModule(0x7FFC2C400000, 0x1A000, "version.dll", 0x5D0A1B2C, 0),
)

_NTDLL, _KERNELBASE = 0x7FFC3A6F0000, 0x7FFC37F20000
THREADS_64 = (
    ThreadSpec(0x1A30, 0x4A5E3F2000, 0x4A5E500000, 0x4A5E4FFE58, _NTDLL + 0x9D0F4, 0, 0),
    ThreadSpec(0x1B44, 0x4A5E3F4000, 0x4A5E600000, 0x4A5E5FFEA8, _NTDLL + 0xA07A4, 2, 0xC0000034),
    ThreadSpec(0x0C58, 0x4A5E3F6000, 0x4A5E700000, 0x4A5E6FFE18, 0x7FF6A1B2145C, 87, 0xC000000D),
)
THREADS_32 = (
    ThreadSpec(0x1A30, 0x00B42000, 0x00700000, 0x006FFE5C, 0x77AB2B1C, 0, 0),
    ThreadSpec(0x1B44, 0x00B45000, 0x00D00000, 0x00CFFE24, 0x77AB2B1C, 5, 0xC0000022),
)
THREADS_WOW = (
    ThreadSpec(0x1A30, 0x00B40000, 0x00600000, 0x005FF928, 0x77A31CFC, 0, 0),
    ThreadSpec(0x1B44, 0x00B43000, 0x00BFD000, 0x00BFC918, 0x77A31CFC, 0, 0),
)


def stack_bytes(spec: ThreadSpec, bits: int, returns: Sequence[int] = ()) -> bytes:
    """From the stack pointer to the stack base, with some return addresses at the top."""
    out = bytearray(spec.stack_base - spec.sp)
    layout, width = ("<Q", 8) if bits == 64 else ("<I", 4)
    for index, value in enumerate(returns):
        struct.pack_into(layout, out, index * 4 * width, value)
    return bytes(out)


def kuser_shared_data(size: int = 0x710, build: int = 19045, boot_minutes: int = 90) -> bytes:
    """The start of KUSER_SHARED_DATA: system root, version, tick count, times."""
    out = bytearray(max(size, 0x720))
    ticks = boot_minutes * 60 * 64
    interrupt = boot_minutes * 600_000_000
    system = (1709294400 + 11644473600) * 10_000_000
    struct.pack_into("<II", out, 0, ticks & 0xFFFFFFFF, 0x0FA00000)
    for offset, value in ((8, interrupt), (0x14, system), (0x20, -36_000_000_000 & 0xFFFFFFFFFFFFFFFF)):
        struct.pack_into("<III", out, offset, value & 0xFFFFFFFF, value >> 32, value >> 32)
    struct.pack_into("<HH", out, 0x2C, 0x8664, 0x8664)
    root = "C:\\Windows".encode("utf-16-le")
    out[0x30 : 0x30 + len(root)] = root
    struct.pack_into("<IIBxHII", out, 0x260, build, 1, 1, 9, 10, 0)
    struct.pack_into("<I", out, 0x2E8, 4193792)
    struct.pack_into("<III", out, 0x320, ticks & 0xFFFFFFFF, ticks >> 32, ticks >> 32)
    struct.pack_into("<I", out, 0x3C0, 8)
    return bytes(out[:size])


class Arena:
    """Hands out addresses in one block of target memory and keeps its bytes."""

    def __init__(self, address: int, size: int) -> None:
        self.address = address
        self.data = bytearray(size)
        self.used = 0

    def take(self, data: bytes, align: int = 16) -> int:
        """Place bytes; returns their target address."""
        start = -(-self.used // align) * align
        if start + len(data) > len(self.data):
            raise ValueError("arena full")
        self.data[start : start + len(data)] = data
        self.used = start + len(data)
        return self.address + start

    def put(self, address: int, data: bytes) -> None:
        """Overwrite bytes at a target address."""
        offset = address - self.address
        self.data[offset : offset + len(data)] = data

    def bytes(self) -> bytes:
        """What has been used."""
        return bytes(self.data[: self.used])


class Memory:
    """PEB, parameters, environment, loader lists and TEBs for one bitness."""

    def __init__(
        self,
        bits: int,
        peb: int,
        heap: int,
        image: int,
        command_line: str,
        image_path: str,
        loaded: Sequence[Module],
        environment: Sequence[str] = ENVIRONMENT,
        current_directory: str = "C:\\demo\\",
        build: int = 19045,
    ) -> None:
        self.bits, self.peb = bits, peb
        self.word, self.width = ("<Q", 8) if bits == 64 else ("<I", 4)
        self.arena = Arena(heap, 0x4000)
        wide = bits == 64
        self.environment = self.arena.take("\0".join(environment).encode("utf-16-le", "surrogatepass") + b"\0" * 4)
        environment_size = self.arena.address + self.arena.used - self.environment
        offsets = (0x38, 0x50, 0x60, 0x70, 0xB0, 0xC0, 0x80, 0x3F0, 0x400, 0x20) if wide else (0x24, 0x30, 0x38, 0x40, 0x70, 0x78, 0x48, 0x290, 0x298, 0x18)
        current, dlls, image_at, command, title, desktop, env_at, env_size_at, total, handles = offsets
        block = bytearray(total)
        struct.pack_into("<III", block, 0, total, total, 0x2001)
        struct.pack_into("<QQQ" if wide else "<III", block, handles, 0x50, 0x54, 0x58)
        for offset, text in (
            (current, current_directory),
            (dlls, ""),
            (image_at, image_path),
            (command, command_line),
            (title, image_path),
            (desktop, "Winsta0\\Default"),
        ):
            self._unicode(block, offset, text)
        struct.pack_into(self.word, block, env_at, self.environment)
        struct.pack_into(self.word, block, env_size_at, environment_size)
        self.parameters = self.arena.take(bytes(block))
        self.loader = self._loader(loaded)
        self.peb_bytes = self._peb(image, heap & ~0xFFFFF, build)

    def _unicode(self, block: bytearray, offset: int, text: str) -> None:
        data = text.encode("utf-16-le", "surrogatepass")
        address = self.arena.take(data + b"\0\0")
        struct.pack_into("<HH", block, offset, len(data), len(data) + 2)
        struct.pack_into(self.word, block, offset + self.width, address)

    def _peb(self, image: int, heap: int, build: int) -> bytes:
        wide = self.bits == 64
        out = bytearray(0x7C8 if wide else 0x480)
        places = (
            ((0x10, image), (0x18, self.loader), (0x20, self.parameters), (0x30, heap))
            if wide
            else ((0x08, image), (0x0C, self.loader), (0x10, self.parameters), (0x18, heap))
        )
        for offset, value in places:
            struct.pack_into(self.word, out, offset, value)
        struct.pack_into("<I", out, 0xB8 if wide else 0x64, 8)
        struct.pack_into("<IIHHI", out, 0x118 if wide else 0xA4, 10, 0, build, 0, 2)
        struct.pack_into("<I", out, 0x2C0 if wide else 0x1D4, SESSION)
        return bytes(out)

    def _loader(self, loaded: Sequence[Module]) -> int:
        """PEB_LDR_DATA and one entry per module, linked in load, memory and initialisation order."""
        wide, width = self.bits == 64, self.width
        head_offset = 0x10 if wide else 0x0C
        size = 0x88 if wide else 0x48
        head = self.arena.take(b"\0" * (0x58 if wide else 0x30))
        entries = [self.arena.take(b"\0" * size) for _ in loaded]
        rows = [bytearray(size) for _ in loaded]
        data = bytearray(0x58 if wide else 0x30)
        struct.pack_into("<II", data, 0, len(data), 1)
        for order in range(3):
            link = order * 2 * width
            ring = [(head + head_offset + link, data, head_offset + link)]
            members = zip(entries, rows) if order < 2 else list(zip(entries, rows))[1:]
            ring += [(address + link, row, link) for address, row in members]
            for index, (_, row, offset) in enumerate(ring):
                following, before = ring[(index + 1) % len(ring)][0], ring[index - 1][0]
                struct.pack_into(self.word, row, offset, following)
                struct.pack_into(self.word, row, offset + width, before)
        for module, address, row in zip(loaded, entries, rows):
            base = 6 * width
            struct.pack_into(self.word, row, base, module.base)
            struct.pack_into(self.word, row, base + width, module.base + 0x1000)
            struct.pack_into("<I", row, base + 2 * width, module.size)
            path = module.name if isinstance(module.name, str) else ""
            self._unicode(row, base + 3 * width, path)
            self._unicode(row, base + 5 * width, path.rpartition("\\")[2])
            struct.pack_into("<IHH", row, 0x68 if wide else 0x34, 0x22CC, 0xFFFF, 0)
            struct.pack_into("<I", row, 0x80 if wide else 0x44, module.timestamp)
            self.arena.put(address, bytes(row))
        self.arena.put(head, bytes(data))
        return head

    def teb(self, spec: ThreadSpec, pid: int = PID, size: Optional[int] = None, tls: Optional[Dict[int, int]] = None, tib_first: int = 0) -> bytes:
        """A TEB with its TIB, client id, PEB, last error and status, and TLS slots."""
        wide = self.bits == 64
        out = bytearray(0x2000 if wide else 0x1000)
        limit = (spec.sp & ~0xFFF) - 0x1000
        word = self.word
        places = ((0, tib_first), (1, spec.stack_base), (2, limit), (6, spec.teb), (8, pid), (9, spec.tid), (12, self.peb))
        for index, value in places:
            struct.pack_into(word, out, index * self.width, value)
        struct.pack_into("<I", out, 0x68 if wide else 0x34, spec.last_error)
        struct.pack_into("<I", out, 0x1250 if wide else 0xBF4, spec.last_status)
        struct.pack_into(word, out, 0x1478 if wide else 0xE0C, spec.stack_base - 0x100000)
        for slot, value in (tls or {}).items():
            struct.pack_into(word, out, (0x1480 if wide else 0xE10) + slot * self.width, value)
        return bytes(out[: size or len(out)])

    def ranges(self) -> Iterator[Tuple[int, bytes]]:
        """PEB and the block with everything it points to."""
        yield self.peb, self.peb_bytes
        yield self.arena.address, self.arena.bytes()


def memory_64(command_line: str = '"C:\\demo\\demo.exe" --serve 8080', **options: Any) -> Memory:
    """The 64-bit process's memory."""
    return Memory(64, 0x4A5E3F1000, 0x1D5A3C40000, _MODULES_64[0][0], command_line, _MODULES_64[0][2], modules("amd64"), **options)


def memory_32(command_line: str = "C:\\demo\\demo32.exe /quiet", **options: Any) -> Memory:
    """The 32-bit process's memory."""
    return Memory(32, 0x00B3F000, 0x00E01000, _MODULES_32[0][0], command_line, _MODULES_32[0][2], modules("x86"), **options)


def threads_64(specs: Sequence[ThreadSpec] = THREADS_64) -> List[Thread]:
    """Thread list rows of the 64-bit process."""
    returns = (_KERNELBASE + 0x3A8DE, 0x7FF6A1B21490, 0x7FF6A1B21A10, 0x7FFC39097344, _NTDLL + 0x4CC91)
    return [
        Thread(spec.tid, spec.teb, context_amd64(rip=spec.ip, rsp=spec.sp, rcx=0x54, r10=0, rax=0), spec.sp, stack_bytes(spec, 64, returns)) for spec in specs
    ]


def threads_32(specs: Sequence[ThreadSpec] = THREADS_32) -> List[Thread]:
    """Thread list rows of the 32-bit process, its TEBs at fs:[0]."""
    returns = (0x75E95579, 0x00D113E4, 0x00D11A20, 0x76A8FA29, 0x77AA7A9E)
    return [Thread(spec.tid, spec.teb, context_x86(eip=spec.ip, esp=spec.sp, ebp=spec.sp + 0x60), spec.sp, stack_bytes(spec, 32, returns)) for spec in specs]


def thread_info(threads: Sequence[Thread], start: int = 0x7FF6A1B21A00) -> List[ThreadInfo]:
    """Times for each thread, different ones."""
    return [ThreadInfo(thread.tid, kernel=156_250 * (index + 1), user=312_500 * (index * index + 1), start=start) for index, thread in enumerate(threads)]


def code_bytes(address: int) -> bytes:
    """256 bytes of code around an instruction pointer."""
    return bytes((0x90, 0xC3)) * 64 + bytes((0xC3, 0x66, 0x0F, 0x1F, 0x44, 0, 0, 0x90)) * 16


def regions_64() -> List[Region]:
    """A map of the 64-bit address space, without gaps."""
    known = [
        Region(0x7FFE0000, 0x1000, protect=2),
        Region(0x4A5E200000, 0x1F1000, 0x2000, 0, allocation_protect=4),
        Region(0x4A5E3F1000, 0x7000, allocation_base=0x4A5E200000),
    ]
    for spec in THREADS_64:
        low, page = spec.stack_base - 0x100000, spec.sp & ~0xFFF
        known += [
            Region(low, page - 0x3000 - low, 0x2000, 0, allocation_protect=4),
            Region(page - 0x3000, 0x3000, 0x1000, 0x104, allocation_base=low, allocation_protect=4),
            Region(page, spec.stack_base - page, allocation_base=low),
        ]
    known += [Region(0x1D5A3C00000, 0x80000), Region(0x1D5A3C80000, 0x80000, 0x2000, 0, allocation_base=0x1D5A3C00000, allocation_protect=4)]
    for base, size, *_ in _MODULES_64:
        image = {"type": 0x1000000, "allocation_base": base, "allocation_protect": 0x80}
        known += [Region(base, 0x1000, protect=2, **image), Region(base + 0x1000, size // 2 & ~0xFFF, protect=0x20, **image)]
        at = base + 0x1000 + (size // 2 & ~0xFFF)
        known += [Region(at, base + size - at - 0x1000, protect=2, **image), Region(base + size - 0x1000, 0x1000, protect=8, **image)]
    rows, at = [], 0
    for region in sorted(known):
        if region.base > at:
            rows.append(Region(at, region.base - at, 0x10000, 1, 0, 0, 0))
        rows.append(region)
        at = region.base + region.size
    rows.append(Region(at, 0x7FFFFFFF0000 - at, 0x10000, 1, 0, 0, 0))
    return rows


def add_process_memory(builder: DumpBuilder, memory: Memory, specs: Sequence[ThreadSpec], tebs: bool = True) -> None:
    """PEB, what it points to, and the TEBs: what MiniDumpWithProcessThreadData stores."""
    for address, data in memory.ranges():
        builder.add_memory(address, data)
    for spec in specs if tebs else ():
        builder.add_memory(spec.teb, memory.teb(spec))


# --- the 32-bit program as a 64-bit tool sees it ---------------------------------------------------------------------

WOW_PEB32 = 0x00B3F000
WOW_CONTEXT = {spec.tid: spec.stack_base - 0x400 for spec in THREADS_WOW}
WOW_SPECS_32 = tuple(
    ThreadSpec(spec.tid, wide.teb + 0x2000, spec.stack_base, spec.sp, spec.ip, spec.last_error, spec.last_status) for spec, wide in zip(THREADS_32, THREADS_WOW)
)


def memory_wow64(command_line: str = "C:\\demo\\demo32.exe /quiet") -> Tuple[Memory, Memory]:
    """The 64-bit and the 32-bit memory of the WOW64 process."""
    wide = Memory(64, 0x00B3E000, 0x00C41000, _MODULES_32[0][0], command_line, _MODULES_32[0][2], modules("wow64")[:5])
    narrow = Memory(32, WOW_PEB32, 0x00E01000, _MODULES_32[0][0], command_line, _MODULES_32[0][2], modules("x86"))
    return wide, narrow


def wow64_context(spec: ThreadSpec) -> bytes:
    """What TLS slot 1 of the 64-bit TEB points to: flags, machine, then the x86 context."""
    return struct.pack("<HH", 1, 0x14C) + context_x86(eip=spec.ip, esp=spec.sp, ebp=spec.sp + 0x60, eax=spec.last_error)


def threads_wow64() -> List[Thread]:
    """Thread list rows of the WOW64 process; the x86 registers lie near the base of the 64-bit stack."""
    rows = []
    for wide, narrow in zip(THREADS_WOW, WOW_SPECS_32):
        stack = bytearray(stack_bytes(wide, 64, (0x7FFC39F4B2C4, 0x7FFC39F54310, _NTDLL + 0x4CC91)))
        offset = WOW_CONTEXT[wide.tid] - wide.sp
        context = wow64_context(narrow)
        stack[offset : offset + len(context)] = context
        rows.append(Thread(wide.tid, wide.teb, context_amd64(rip=wide.ip, rsp=wide.sp, r13=WOW_CONTEXT[wide.tid]), wide.sp, bytes(stack)))
    return rows


def add_wow64_memory(builder: DumpBuilder) -> None:
    """Both PEBs with what they point to, both TEBs of each thread."""
    wide, narrow = memory_wow64()
    for memory in (wide, narrow):
        for address, data in memory.ranges():
            builder.add_memory(address, data)
    for outer, inner in zip(THREADS_WOW, WOW_SPECS_32):
        data = wide.teb(outer, tls={1: WOW_CONTEXT[outer.tid]}, tib_first=inner.teb)
        builder.add_memory(outer.teb, data + narrow.teb(inner, tib_first=inner.stack_base - 0x10))
        builder.add_memory(inner.sp, stack_bytes(inner, 32, (0x75E95579, 0x00D113E4, 0x76A8FA29)))
