"""The dump of the article, rebuilt from what its transcript prints.

small() is a committed sample with the article's flags and no handle stream. full() has the size and the offsets of
the transcript: 15 streams, 383 modules, 3555 memory ranges, 884 handles, about 27 MB; what the transcript does not
print is invented.
"""

import struct
from typing import Iterator, List, Tuple

from . import blocks, process
from .catalogue import sample
from .writer import DumpBuilder, Handle, Module, Thread, ThreadInfo

FLAGS = 0x1105
VERSION = 0xA063
SLOTS = 15
PID = 0x2B8C
PEB = 0xCB58642000
THREAD_IDS = (0x4554, 0x3A78, 0x1D40, 0x52C8, 0x0E74, 0x3C10, 0x4B9C, 0x2F08, 0x5A34, 0x16F0, 0x40AC, 0x2264, 0x3E98, 0x0B50, 0x4F7C, 0x1988, 0x35E4, 0x5D20)
TEBS = (0xCB58643000, 0xCB5864B000) + tuple(0xCB5864D000 + 0x2000 * index for index in range(16))
PRINTED_MODULES = (
    (0x7FF60E940000, 0xD000, "d:\\sample.exe", 0x8160),
    (0x7FF985150000, 0x1ED000, "C:\\Windows\\System32\\ntdll.dll", 0x4160),
    (0x7FF982370000, 0xB3000, "C:\\Windows\\System32\\kernel32.dll", 0x4160),
    (0x7FF981E30000, 0x293000, "C:\\Windows\\System32\\KERNELBASE.dll", 0x4160),
    (0x7FF981370000, 0xFA000, "C:\\Windows\\System32\\ucrtbase.dll", 0x4160),
)
PRINTED_HANDLES = (
    (0x4, "Event", ""),
    (0x8, "Key", "\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options"),
    (0xC, "Key", "\\REGISTRY\\USER\\S-1-5-21-954228201-601818101-482762101-192574"),
    (0x10, "Event", ""),
    (0x14, "WaitCompletionPacket", ""),
    (0x18, "IoCompletion", ""),
    (0x1C, "TpWorkerFactory", ""),
    (0x20, "IRTimer", ""),
    (0x24, "WaitCompletionPacket", ""),
    (0x28, "IRTimer", ""),
    (0x2C, "WaitCompletionPacket", ""),
    (0x30, None, None),
    (0x34, None, None),
    (0x38, None, None),
    (0x3C, "Directory", "\\KnownDlls"),
    (0x40, "Event", ""),
    (0x44, "Event", ""),
)
MODULES, RANGES, HANDLES = 383, 3555, 884
MEMORY_LIST_RVA, MEMORY_BYTES, HANDLES_RVA = 0x2371E, 0x196BDD5, 0x19A65AD
# (type, size, rva) as printed
PRINTED_STREAMS = (
    (3, 0x364, 0x660),
    (17, 0x48C, 0x9C4),
    (4, 0xA198, 0xE50),
    (5, 0xDE34, MEMORY_LIST_RVA),
    (7, 0x38, 0xD4),
    (15, 0x554, 0x10C),
    (12, 0x8A30, HANDLES_RVA),
)
ACCESS = {
    "Event": 0x1F0003,
    "Key": 0x20019,
    "WaitCompletionPacket": 0x1,
    "IoCompletion": 0x1F0003,
    "TpWorkerFactory": 0xF00FF,
    "IRTimer": 0x100002,
    "Directory": 0x3,
    "File": 0x120089,
    "Thread": 0x1FFFFF,
    "Semaphore": 0x100003,
    "Section": 0x4,
    "Mutant": 0x1F0001,
    "ALPC Port": 0x1F0001,
}
LIBRARIES = [
    "advapi32",
    "bcrypt",
    "bcryptprimitives",
    "cfgmgr32",
    "combase",
    "comctl32",
    "crypt32",
    "cryptbase",
    "cryptsp",
    "dbgcore",
    "dbghelp",
    "dnsapi",
    "dwmapi",
    "fltLib",
    "gdi32",
    "gdi32full",
    "imm32",
    "iphlpapi",
    "kernel.appcore",
    "msasn1",
    "msctf",
    "msvcp_win",
    "msvcrt",
    "mswsock",
    "ncrypt",
    "netapi32",
    "nsi",
    "ntmarta",
    "ole32",
    "oleaut32",
    "powrprof",
    "profapi",
    "propsys",
    "psapi",
    "rpcrt4",
    "rsaenh",
    "sechost",
    "secur32",
    "setupapi",
    "shcore",
    "shell32",
    "shlwapi",
    "sspicli",
    "urlmon",
    "user32",
    "userenv",
    "uxtheme",
    "version",
    "win32u",
    "windows.storage",
    "winhttp",
    "wininet",
    "winmm",
    "wintrust",
    "ws2_32",
    "wtsapi32",
]


def _module(base: int, size: int, name: str, reserved0: int, index: int) -> Module:
    stem = name.rpartition("\\")[2].rpartition(".")[0]
    guid = f"{0x10000000 + 0x01234567 * index & 0xFFFFFFFF:08x}-{index:04x}-{0x4A00 + index:04x}-{0x8000 + index:04x}-{0x0123456789AB ^ index:012x}"
    version = (1, 0, 0, 1) if index == 0 else (10, 0, 17763, 1 + index)
    return Module(
        base,
        size,
        name,
        0x5C000000 + 0x1235 * index & 0xFFFFFFFF,
        0x10000 + 0x333 * index,
        blocks.rsds(guid, 1, stem + ".pdb"),
        version=blocks.fixed_file_info(version),
        reserved0=reserved0,
    )


def modules(count: int = MODULES) -> List[Module]:
    """The printed modules, then invented ones below them in the address space."""
    rows = [_module(base, size, name, reserved0, index) for index, (base, size, name, reserved0) in enumerate(PRINTED_MODULES)]
    for index in range(len(rows), count):
        number = index - len(PRINTED_MODULES)
        if number < len(LIBRARIES):
            name = f"C:\\Windows\\System32\\{LIBRARIES[number]}.dll"
        else:
            name = f"C:\\Program Files\\Sample\\components\\component{number:03}.dll"
        rows.append(_module(0x7FF950000000 + 0x00180000 * number, 0x20000 + 0x1000 * (number % 90), name, 0x4160, index))
    return rows[:count]


def _specs(count: int) -> List[process.ThreadSpec]:
    ips = (0x7FF985150000 + 0x9F764, 0x7FF985150000 + 0xA3A34)
    return [
        process.ThreadSpec(
            THREAD_IDS[index],
            TEBS[index],
            0xCB58800000 + 0x100000 * index,
            0xCB58800000 + 0x100000 * index - 0x1A8 - 0x90 * index,
            ips[index > 0],
            (0, 2, 87, 5)[index % 4],
        )
        for index in range(count)
    ]


def _memory() -> process.Memory:
    return process.Memory(
        64, PEB, 0x1F2C3B40000, PRINTED_MODULES[0][0], "d:\\sample.exe", "d:\\sample.exe", modules(len(PRINTED_MODULES)), current_directory="d:\\", build=17763
    )


def _thread(spec: process.ThreadSpec) -> Thread:
    stack = process.stack_bytes(spec, 64, (0x7FF981E30000 + 0x3A80E, 0x7FF60E941490, 0x7FF982370000 + 0x17974))
    return Thread(spec.tid, spec.teb, blocks.context_amd64(rip=spec.ip, rsp=spec.sp, rcx=0x54), spec.sp, stack)


def _system(made: DumpBuilder) -> None:
    made.add_system_info(build=17763, processors=12, csd="")


def _misc(made: DumpBuilder) -> None:
    made.add_misc_info(5, PID, build="17763.1.amd64fre.rs5_release.180914-1434", writer="dbgcore.amd64,10.0.17763.1")


def _handle(value: int, kind: object, name: object) -> Handle:
    if not isinstance(kind, str):
        return Handle(value, None, None, 0, 0, 0, 0)
    info = [blocks.event_information(value % 3 == 0, value % 5 == 0)] if kind == "Event" else []
    return Handle(value, kind, name if isinstance(name, str) else None, ACCESS[kind], 0, 2, 32769 + value, info)


def small(handles: bool = False) -> DumpBuilder:
    """Two threads, five modules, the article's flags; the printed handles only if asked for."""
    made = DumpBuilder("amd64", FLAGS, VERSION, slots=SLOTS)
    specs = _specs(2)
    threads = [_thread(spec) for spec in specs]
    process.add_process_memory(made, _memory(), specs)
    made.add_thread_list(threads)
    made.add_thread_info(process.thread_info(threads, 0x7FF60E941A00))
    made.add_module_list(modules(len(PRINTED_MODULES)))
    made.add_memory_list()
    _system(made)
    _misc(made)
    if handles:
        made.add_handles([_handle(*row) for row in PRINTED_HANDLES])
    made.add_system_memory_info(1)
    made.add_vm_counters(2)
    return made


@sample(
    "article-nohandles",
    "Flags 0x1105 as in the article, without the handle stream",
    "the flag is set, Microsoft's writer found no handle: it could not duplicate any",
    FLAGS,
    streams=[3, 17, 4, 5, 7, 15, 21, 22],
    missing=[12],
    handle_cause=2,
    writer_version=VERSION,
    threads=list(THREAD_IDS[:2]),
    modules=5,
    pid=PID,
    build=17763,
    teb={0x4554: 0xCB58643000, 0x3A78: 0xCB5864B000},
    module_names=["d:\\sample.exe"],
    engine="opens",
    command_line="d:\\sample.exe",
    handle_hresult=0x80004002,
)
def _nohandles() -> DumpBuilder:
    return small()


@sample(
    "article-handles",
    "Flags 0x1105 with the handles the article prints",
    "the same dump as it should have been: 17 handles",
    FLAGS,
    streams=[3, 17, 4, 5, 7, 15, 12, 21, 22],
    handles=17,
    handle_cause=8,
    writer_version=VERSION,
    threads=list(THREAD_IDS[:2]),
    modules=5,
    pid=PID,
    engine="opens",
    handle_hresult=0,
    handle={0x3C: {"type": "Directory", "name": "\\KnownDlls", "access": 0x3, "info": []}, 0x4: {"type": "Event", "name": "", "access": 0x1F0003, "info": [6]}},
)
def _handles() -> DumpBuilder:
    return small(handles=True)


# --- the full size ---------------------------------------------------------------------------------------------------


def handles() -> List[Handle]:
    """884 handles: the printed ones, then a mixture whose strings fit where the transcript has room for them."""
    rows = [_handle(*row) for row in PRINTED_HANDLES]
    mixture = (
        "Event",
        None,
        "WaitCompletionPacket",
        "File",
        "Event",
        "Key",
        None,
        "IRTimer",
        "Event",
        "Semaphore",
        "File",
        "ALPC Port",
        None,
        "Event",
        "Thread",
        "Mutant",
        "IoCompletion",
        "Event",
        "Section",
        "File",
    )
    for index in range(len(rows), HANDLES):
        kind = mixture[index % len(mixture)]
        name = "" if kind else None
        if kind == "Key":
            name = f"{PRINTED_HANDLES[2][2]}\\Software\\Sample\\Components\\Settings\\{index}"
        elif kind == "Section" and index % 3 == 0:
            name = f"\\BaseNamedObjects\\SampleShared{index}"
        elif kind == "File":
            name = None
        rows.append(_handle(4 * (index + 1), kind, name))
    return rows


def _ranges(fixed: List[Tuple[int, bytes]]) -> Iterator[Tuple[int, bytes]]:
    """3555 ranges of MEMORY_BYTES bytes in all: what must be there, module data, then patterned heap blocks."""
    yield from fixed
    left = MEMORY_BYTES - sum(len(data) for _, data in fixed)
    number = RANGES - len(fixed)
    loaded = modules()
    for index in range(number):
        address = loaded[index].base + 0x8000 if index < len(loaded) else 0x1F2C4000000 + 0x10000 * index
        size = left if index == number - 1 else left // (number - index) & ~0xF
        left -= size
        pattern = struct.pack("<QQ", address, index)
        yield address, (pattern * (size // 16 + 1))[:size]


def full() -> bytes:
    """The article's dump in full size."""
    made = DumpBuilder("amd64", FLAGS, VERSION, slots=SLOTS)
    specs = _specs(len(THREAD_IDS))
    threads = [_thread(spec) for spec in specs]
    loaded = modules()
    memory = _memory()
    stacks = [(thread.stack_address, thread.stack) for thread in threads]
    fixed = (
        list(memory.ranges())
        + [(spec.teb, memory.teb(spec, PID)) for spec in specs]
        + stacks
        + [(address - 0x80, process.code_bytes(address)) for address in sorted({spec.ip for spec in specs})]
    )
    ranges = list(_ranges(fixed))
    rvas, at = {}, MEMORY_LIST_RVA + 4 + 16 * RANGES
    for address, data in ranges:
        rvas[address] = at
        at += len(data)

    # Fixed-size streams stand right behind the directory, then everything they point to: the RVAs of the contexts,
    # names and debug records are known before the lists are written.
    places = {kind: rva for kind, _, rva in PRINTED_STREAMS}
    tail = DumpBuilder("amd64", slots=SLOTS)
    tail.pad_to(places[4] + 4 + 108 * len(loaded))
    counters = (tail.append(blocks.system_memory_info(1)), tail.append(blocks.vm_counters(2)))
    csd = tail.string("")
    contexts = [tail.append(thread.context) for thread in threads]
    names = [(tail.string(module.name), tail.append(module.cv)) for module in loaded]
    tail.pad_to(MEMORY_LIST_RVA)

    _system_at(made, csd, places[7])
    made.pad_to(places[15])
    _misc(made)
    rows = [
        struct.pack("<IIIiQQIIII", thread.tid, 0, 0x20, 0, thread.teb, thread.stack_address, len(thread.stack), rvas[thread.stack_address], 1232, rva)
        for thread, rva in zip(threads, contexts)
    ]
    made.add_stream(3, struct.pack("<I", len(rows)) + b"".join(rows))
    made.add_thread_info([ThreadInfo(thread.tid, user=156_250 * (40 - index), start=0x7FF60E941A00) for index, thread in enumerate(threads)])
    rows = [
        struct.pack(
            "<QIIII52sIIIIQQ", module.base, module.size, module.checksum, module.timestamp, name, module.version, len(module.cv), cv, 0, 0, module.reserved0, 0
        )
        for module, (name, cv) in zip(loaded, names)
    ]
    made.add_stream(4, struct.pack("<I", len(rows)) + b"".join(rows))
    made.append(bytes(tail.body[made.tell() :]))
    made.add_stream(5, struct.pack("<I", RANGES) + b"".join(struct.pack("<QII", address, len(data), rvas[address]) for address, data in ranges))
    for _, data in ranges:
        made.append(data)
    rows = made.handle_rows(handles())
    made.pad_to(HANDLES_RVA)
    made.add_stream(12, struct.pack("<IIII", 16, 40, len(rows), 0) + b"".join(rows))
    made.add_entry(21, 492, counters[0])
    made.add_entry(22, 152, counters[1])
    order = [kind for kind, _, _ in PRINTED_STREAMS] + [21, 22]
    made.entries.sort(key=lambda entry: order.index(entry[0]))
    return made.build()


def _system_at(made: DumpBuilder, csd_rva: int, rva: int) -> None:
    """SystemInfo whose (empty) service pack text lies elsewhere."""
    made.pad_to(rva)
    made.add_stream(7, struct.pack("<HHHBBIIIIIHHQQ8x", 9, 6, 0x9E0A, 12, 1, 10, 0, 17763, 2, csd_rva, 0x100, 0, 0x3F8BFBFF, 0))
