"""The pieces inside streams: register contexts, CodeView records, object information, tokens, counters.

Every layout here is written out by hand with struct, so that the tables of the package are checked against
something that was not derived from them.
"""

import struct
from typing import Dict, Iterable, Optional, Sequence, Tuple

ObjectInfo = Tuple[int, bytes]

# --- register contexts ---------------------------------------------------------------------------------------------

_AMD64_GENERAL = {
    name: 120 + 8 * index
    for index, name in enumerate(["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip"])
}
_AMD64_DEBUG = {"dr0": 72, "dr1": 80, "dr2": 88, "dr3": 96, "dr6": 104, "dr7": 112}
_X86_GENERAL = {
    name: 140 + 4 * index
    for index, name in enumerate(["gs", "fs", "es", "ds", "edi", "esi", "ebx", "edx", "ecx", "eax", "ebp", "eip", "cs", "eflags", "esp", "ss"])
}
_X86_DEBUG = {"dr0": 4, "dr1": 8, "dr2": 12, "dr3": 16, "dr6": 20, "dr7": 24}


def context_amd64(flags: int = 0x10001F, eflags: int = 0x246, **registers: int) -> bytes:
    """A 1232-byte CONTEXT; registers by name (rip=..., rsp=..., xmm0=...)."""
    out = bytearray(1232)
    struct.pack_into("<II6HI", out, 48, flags, 0x1F80, 0x33, 0x2B, 0x2B, 0x53, 0x2B, 0x2B, eflags)
    struct.pack_into("<HHBBHIHHIHHII", out, 256, 0x27F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1F80, 0xFFFF)
    for name, value in registers.items():
        if name.startswith("xmm"):
            struct.pack_into("<16s", out, 416 + 16 * int(name[3:]), value.to_bytes(16, "little"))
        else:
            offset = _AMD64_GENERAL[name] if name in _AMD64_GENERAL else _AMD64_DEBUG[name]
            struct.pack_into("<Q", out, offset, value)
    return bytes(out)


def context_x86(flags: int = 0x1003F, **registers: int) -> bytes:
    """A 716-byte CONTEXT (also the layout of WOW64_CONTEXT); registers by name (eip=..., esp=...)."""
    out = bytearray(716)
    struct.pack_into("<I", out, 0, flags)
    struct.pack_into("<3I", out, 28, 0xFFFF027F, 0xFFFF0000, 0xFFFFFFFF)
    values = {"gs": 0x2B, "fs": 0x53, "es": 0x2B, "ds": 0x2B, "cs": 0x23, "ss": 0x2B, "eflags": 0x246}
    values.update(registers)
    for name, value in values.items():
        offset = _X86_GENERAL[name] if name in _X86_GENERAL else _X86_DEBUG[name]
        struct.pack_into("<I", out, offset, value)
    struct.pack_into("<I", out, 204 + 24, 0x1F80)
    return bytes(out)


def context_arm(flags: int = 0x200007, cpsr: int = 0x60000030, **registers: int) -> bytes:
    """A 416-byte Windows ARM CONTEXT; registers r0..r12, sp, lr, pc."""
    out = bytearray(416)
    names = [f"r{index}" for index in range(13)] + ["sp", "lr", "pc"]
    struct.pack_into("<I", out, 0, flags)
    for name, value in registers.items():
        struct.pack_into("<I", out, 4 + 4 * names.index(name), value)
    struct.pack_into("<I", out, 68, cpsr)
    return bytes(out)


def context_arm64(flags: int = 0x400007, cpsr: int = 0x60000000, **registers: int) -> bytes:
    """A 912-byte Windows ARM64 CONTEXT; registers x0..x28, fp, lr, sp, pc."""
    out = bytearray(912)
    names = [f"x{index}" for index in range(29)] + ["fp", "lr", "sp", "pc"]
    struct.pack_into("<II", out, 0, flags, cpsr)
    for name, value in registers.items():
        struct.pack_into("<Q", out, 8 + 8 * names.index(name), value)
    return bytes(out)


def context_breakpad_arm(**registers: int) -> bytes:
    """The 368-byte ARM context of Breakpad and Crashpad; registers r0..r12, sp, lr, pc."""
    out = bytearray(368)
    names = [f"r{index}" for index in range(13)] + ["sp", "lr", "pc"]
    struct.pack_into("<I", out, 0, 0x40000006)
    for name, value in registers.items():
        struct.pack_into("<I", out, 4 + 4 * names.index(name), value)
    return bytes(out)


def context_breakpad_arm64(**registers: int) -> bytes:
    """The old 796-byte ARM64 context of Breakpad (architecture 0x8003); registers x0..x28, fp, lr, sp, pc."""
    out = bytearray(796)
    names = [f"x{index}" for index in range(29)] + ["fp", "lr", "sp", "pc"]
    struct.pack_into("<Q", out, 0, 0x80000006)
    for name, value in registers.items():
        struct.pack_into("<Q", out, 8 + 8 * names.index(name), value)
    return bytes(out)


# AVX at 576 (256 bytes) and CET_U at 832 (16 bytes), as an XSAVE area in the standard format places them.
XSTATE_FEATURES: Dict[int, Tuple[int, int]] = {0: (0, 160), 1: (160, 256), 2: (576, 256), 11: (832, 16)}
XSTATE_CONTEXT_SIZE = {"amd64": 0x67F, "x86": 0x47B}


def extend(context: bytes, ymm_high: Sequence[int] = (), cet: Optional[Tuple[int, int]] = None) -> bytes:
    """An AMD64 or x86 context followed by CONTEXT_EX and an XSAVE area, XSTATE_CONTEXT_SIZE bytes in all."""
    base, length = len(context), 64 + 256 + 16
    arch, flags_at, extended, start = ("amd64", 48, 0x100040, 80) if base == 1232 else ("x86", 0, 0x10040, 92)
    out = bytearray(context) + bytearray(XSTATE_CONTEXT_SIZE[arch] - base)
    struct.pack_into("<I", out, flags_at, struct.unpack_from("<I", out, flags_at)[0] | extended)
    struct.pack_into("<iIiIiI", out, base, -base, base + start + length, -base, base, start, length)
    area = base + start
    struct.pack_into("<Q", out, area, (4 if ymm_high else 0) | (0x800 if cet else 0))
    for index, value in enumerate(ymm_high):
        struct.pack_into("<16s", out, area + 64 + 16 * index, value.to_bytes(16, "little"))
    if cet:
        struct.pack_into("<QQ", out, area + 832 - 512, *cet)
    return bytes(out)


# --- modules -------------------------------------------------------------------------------------------------------


def _guid(text: str) -> bytes:
    """The bytes of a GUID given in its textual form."""
    a, b, c, d, e = text.strip("{}").split("-")
    return struct.pack("<IHH", int(a, 16), int(b, 16), int(c, 16)) + bytes.fromhex(d + e)


def guid_bytes(text: str) -> bytes:
    """The bytes of a GUID as Windows stores it."""
    return _guid(text)


def rsds(guid: str, age: int, path: str) -> bytes:
    """CodeView record of a PDB 7.0 file."""
    return b"RSDS" + _guid(guid) + struct.pack("<I", age) + path.encode("utf-8") + b"\0"


def nb10(timestamp: int, age: int, path: str) -> bytes:
    """CodeView record of a PDB 2.0 file."""
    return b"NB10" + struct.pack("<III", 0, timestamp, age) + path.encode("latin-1") + b"\0"


def bpel(build_id: bytes) -> bytes:
    """ELF build id as Breakpad and Crashpad store it."""
    return struct.pack("<I", 0x4270454C) + build_id


def image_debug_misc(path: str) -> bytes:
    """IMAGE_DEBUG_MISC naming a .dbg file."""
    data = path.encode("latin-1") + b"\0"
    data += b"\0" * (-len(data) % 4)
    return struct.pack("<IIB3x", 1, 12 + len(data), 0) + data


def fixed_file_info(version: Sequence[int] = (10, 0, 19041, 3636), product: Optional[Sequence[int]] = None, file_type: int = 2, file_flags: int = 0) -> bytes:
    """VS_FIXEDFILEINFO, 52 bytes."""
    a, b, c, d = version
    p, q, r, s = product or version
    return struct.pack("<13I", 0xFEEF04BD, 0x10000, a << 16 | b, c << 16 | d, p << 16 | q, r << 16 | s, 0x3F, file_flags, 0x40004, file_type, 0, 0, 0)


# --- object information of handles (newest block first in the file) -------------------------------------------------


def thread_information(bits: int, pid: int, tid: int, teb: int, priority: int = 8, base: int = 0, status: int = 0x103, affinity: int = 0xFF) -> ObjectInfo:
    """MiniThreadInformation1."""
    return 1, struct.pack("<iIQQQQii" if bits == 64 else "<i0I4Iii", *([status, 0] if bits == 64 else [status]), teb, pid, tid, affinity, priority, base)


def mutant_information(count: int, owned: bool = False, abandoned: bool = False) -> ObjectInfo:
    """MiniMutantInformation1; the last two bytes are leftovers in real files."""
    return 2, struct.pack("<iBBH", count, owned, abandoned, 0xCDCD)


def mutant_owner(bits: int, pid: int, tid: int) -> ObjectInfo:
    """MiniMutantInformation2."""
    return 3, struct.pack("<QQ" if bits == 64 else "<II", pid, tid)


def _process_basic(bits: int, pid: int, parent: int, peb: int, priority: int, status: int, affinity: int) -> bytes:
    if bits == 64:
        return struct.pack("<iIQQiIQQ", status, 0, peb, affinity, priority, 0, pid, parent)
    return struct.pack("<iIIiII", status, peb, affinity, priority, pid, parent)


def process_information(bits: int, pid: int, parent: int, peb: int, priority: int = 8, status: int = 0x103, affinity: int = 0xFF) -> ObjectInfo:
    """MiniProcessInformation1."""
    return 4, _process_basic(bits, pid, parent, peb, priority, status, affinity)


def process_extended(bits: int, pid: int, parent: int, peb: int, priority: int = 8, status: int = 0x103, affinity: int = 0xFF, flags: int = 0) -> ObjectInfo:
    """MiniProcessInformation2."""
    basic = _process_basic(bits, pid, parent, peb, priority, status, affinity)
    if bits == 64:
        return 5, struct.pack("<Q", 64) + basic + struct.pack("<II", flags, 0)
    return 5, struct.pack("<I", 32) + basic + struct.pack("<I", flags)


def event_information(auto_reset: bool, signalled: bool) -> ObjectInfo:
    """MiniEventInformation1."""
    return 6, struct.pack("<Ii", int(auto_reset), int(signalled))


def section_information(bits: int, base: int, attributes: int, size: int) -> ObjectInfo:
    """MiniSectionInformation1."""
    if bits == 64:
        return 7, struct.pack("<QIIq", base, attributes, 0, size)
    return 7, struct.pack("<IIq", base, attributes, size)


def semaphore_information(count: int, limit: int) -> ObjectInfo:
    """MiniSemaphoreInformation1."""
    return 8, struct.pack("<ii", count, limit)


# --- tokens --------------------------------------------------------------------------------------------------------


def sid(text: str) -> bytes:
    """The bytes of a SID given as S-1-..."""
    revision, authority, *rest = [int(part) for part in text.split("-")[1:]]
    return struct.pack("<BB", revision, len(rest)) + authority.to_bytes(6, "big") + struct.pack(f"<{len(rest)}I", *rest)


def _sid_list(entries: Iterable[Tuple[str, int]]) -> bytes:
    rows = list(entries)
    head, tail = struct.pack("<I", len(rows)), b""
    start = 4 + 8 * len(rows)
    for text, attributes in rows:
        head += struct.pack("<II", start + len(tail), attributes)
        tail += sid(text)
    return head + tail


def token_element(
    token_id: int,
    handle: int,
    session: int,
    user: str,
    groups: Sequence[Tuple[str, int]],
    primary_group: str,
    privileges: Sequence[Tuple[int, int]],
    restricted: Sequence[Tuple[str, int]] = (),
) -> bytes:
    """One element of the token stream: header, table of (offset, size) pairs, data."""
    parts = [
        struct.pack("<I", session),
        struct.pack("<II", 8, 0) + sid(user),
        _sid_list(groups),
        struct.pack("<I", 8) + sid(primary_group),
        struct.pack("<I", len(privileges)) + b"".join(struct.pack("<III", luid, 0, bits) for luid, bits in privileges),
        struct.pack("<QQqIIIIIIQ", 0x1A2B3C, 0x3E7A1, 0x7FFFFFFFFFFFFFFF, 1, 0, 0x1000, 0x800, len(groups), len(privileges), 0x1A2B3D),
        _sid_list(restricted) if restricted else b"",
    ]
    table, data = b"", b""
    for part in parts:
        table += struct.pack("<II", 72 + len(data) if part else 0, len(part))
        data += part + b"\0" * (-len(part) % 8)
    return struct.pack("<IIQ", 72 + len(data), token_id, handle) + table + data


# --- counters ------------------------------------------------------------------------------------------------------


def system_memory_info(version: int = 2, commit_nearly_full: bool = False) -> bytes:
    """MINIDUMP_SYSTEM_MEMORY_INFO_1 (492 bytes) or _2 (524 bytes) of a machine with 16 GB."""
    pages = 4193792
    limit = 4915200
    committed = limit - 2048 if commit_nearly_full else 2097152
    out = bytearray(524 if version == 2 else 492)
    struct.pack_into("<HH", out, 0, 1, 0x3F if version == 2 else 0xF)
    struct.pack_into("<6I3QI", out, 4, 156250, 4096, pages, 1, 0x43FFFF, 0x10000, 0x10000, 0x7FFFFFFEFFFF, 0xFF, 8)
    struct.pack_into("<QQIQQQQII", out, 56, 0x1F400000, 0x3E800000, 7654321, 1024, 0x10000000, 0x1F400000, 0x3E800000, 1234, 0)
    struct.pack_into("<4Q", out, 116, 1500000, committed, limit, 3000000)
    struct.pack_into("<4Q7I", out, 148, 987654321000, 111222333444, 99887766554, 1234567890, 4000001, 3000002, 2000003, 1500000, committed, limit, 3000000)
    struct.pack_into("<I", out, 148 + 0x3C, 222333444)
    struct.pack_into("<I", out, 148 + 0x134, 3141592653)
    struct.pack_into("<4Q", out, 148 + 0x138, 321, 100000, 1400000, 65536)
    if version == 2:
        struct.pack_into("<4Q", out, 148 + 0x158, 11, 12288, 20480, 33)
    return bytes(out)


def vm_counters(version: int = 2, job_limit: int = 0) -> bytes:
    """MINIDUMP_PROCESS_VM_COUNTERS_1 (80 bytes) or _2 (152 bytes)."""
    common = (0x1A00000, 0x1900000, 0x30000, 0x2F000, 0x5000, 0x4000, 0xC00000, 0xC80000)
    if version == 1:
        return struct.pack("<HHI9Q", 1, 0, 12345, *common, 0xC00000)
    job = (0x200000, 0xD00000, 0xE00000, job_limit, job_limit)
    return struct.pack(
        "<HHI18Q", 2, 0x1F if job_limit else 0xF, 12345, *common, 0x20300000000, 0x20200000000, 0xC00000, 0xB00000, 0x180000, *(job if job_limit else (0,) * 5)
    )
