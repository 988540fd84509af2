"""The invented process written down as a dump: compose() puts the asked-for parts together in the usual order."""

from typing import Any, Dict, Iterable, List, Optional, Sequence

from . import blocks, process
from .process import NAMED, PID
from .writer import DumpBuilder, Handle, Region, ThreadInfo

DBGCORE = "dbgcore.amd64,10.0.19041.3636"
DBGENG = "dbgeng.amd64,10.0.19041.3636"
DBGHELP_7 = "dbghelp.amd64,6.1.7601.17514"
MICROSOFT = 0xA061
WINDOWS_7 = 0x61B1
ORDER = [
    "threads",
    "info",
    "modules",
    "unloaded",
    "functions",
    "tokens",
    "memory",
    "full",
    "meminfo",
    "exception",
    "system",
    "misc",
    "handles",
    "operations",
    "counters",
    "names",
]
DEMO_HANDLES = 26


def handles(bits: int = 64) -> List[Handle]:
    """A small process's handles: every kind of object information, a name too few, types that refuse to be asked."""
    peb = 0x4A5E3F1000 if bits == 64 else 0x00B3F000
    teb = 0x4A5E3F4000 if bits == 64 else 0x00B45000
    return [
        Handle(0x4, "Event", "", 0x1F0003, pointers=65537, info=[blocks.event_information(False, True)]),
        Handle(0x8, "Key", "\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options", 0x9, pointers=32769),
        Handle(0xC, "WaitCompletionPacket", "", 0x1, pointers=32770),
        Handle(0x10, "IoCompletion", "", 0x1F0003, pointers=65536),
        Handle(0x14, "TpWorkerFactory", "", 0xF00FF, pointers=65533),
        Handle(0x18, "IRTimer", "", 0x100002),
        Handle(0x1C, None, None, 0, 0, 0, 0),
        Handle(0x20, None, None, 0, 0, 0, 0),
        Handle(0x24, "Directory", "\\KnownDlls", 0x3, handles=94, pointers=2981234),
        Handle(0x28, "File", None, 0x100020, pointers=32767),
        Handle(0x2C, "File", None, 0x120089, pointers=32768),
        Handle(0x30, "ALPC Port", "", 0x1F0001, pointers=65530),
        Handle(0x34, "Event", NAMED + "DemoReady", 0x1F0003, handles=3, info=[blocks.event_information(True, False)]),
        Handle(
            0x38,
            "Mutant",
            NAMED + "DemoSingleInstance",
            0x1F0001,
            handles=2,
            pointers=65534,
            info=[blocks.mutant_owner(bits, PID, 0x1B44), blocks.mutant_information(0)],
        ),
        Handle(0x3C, "Mutant", "", 0x1F0001, info=[blocks.mutant_owner(bits, 0, 0), blocks.mutant_information(1, abandoned=True)]),
        Handle(0x40, "Semaphore", NAMED + "DemoSlots", 0x1F0003, info=[blocks.semaphore_information(3, 10)]),
        Handle(0x44, "Section", NAMED + "DemoShared", 0xF0007, info=[blocks.section_information(bits, 0, 0x08000000, 0x10000)]),
        Handle(0x48, "Thread", "", 0x1FFFFF, handles=4, pointers=131067, info=[blocks.thread_information(bits, PID, 0x1B44, teb, 9, 8)]),
        Handle(
            0x4C,
            "Process",
            "",
            0x1FFFFF,
            2,
            5,
            163821,
            info=[blocks.process_extended(bits, PID, process.PARENT, peb), blocks.process_information(bits, PID, process.PARENT, peb)],
        ),
        Handle(0x50, "File", None, 0x120196, 2),
        Handle(0x54, "File", None, 0x12019F, 3),
        Handle(0x58, "Key", "\\REGISTRY\\USER\\" + process.SID + "\\Software\\Demo", 0x20019),
        Handle(0x5C, "Token", "", 0x8, pointers=32767),
        Handle(0x60, "Timer", NAMED + "DemoTick", 0x1F0003),
        Handle(0x64, "Job", "", 0x1F003F, attributes=1),
        Handle(0x68, "Desktop", "\\Default", 0xF01FF, handles=41, pointers=1343000),
    ]


def compose(
    parts: str,
    flags: int = 0,
    kind: str = "amd64",
    builder: Optional[DumpBuilder] = None,
    rows: Optional[Sequence[Handle]] = None,
    writer: str = DBGCORE,
    version_high: int = MICROSOFT,
    process_memory: bool = False,
    shared_data: bool = False,
    slots: Optional[int] = 16,
    exception: Optional[Dict[str, Any]] = None,
    misc: Optional[Dict[str, Any]] = None,
    system: Optional[Dict[str, Any]] = None,
    threads: Optional[Iterable[Any]] = None,
    infos: Optional[Sequence[ThreadInfo]] = None,
    descriptor_size: int = 40,
    only: Optional[int] = None,
    **options: Any,
) -> DumpBuilder:
    """A dump of the demo process. `parts` are words of ORDER; kind is amd64 or x86; `only` keeps that many threads."""
    arch = "x86" if kind == "x86" else "amd64"
    made = builder or DumpBuilder(arch, flags, version_high, slots=slots, **options)
    wanted = parts.split()
    unknown = set(wanted) - set(ORDER)
    if unknown:
        raise ValueError("unknown parts: {}".format(", ".join(sorted(unknown))))
    full = "full" in wanted
    specs = (process.THREADS_32 if kind == "x86" else process.THREADS_64)[:only]
    listed = list(threads) if threads is not None else (process.threads_32(specs) if kind == "x86" else process.threads_64(specs))
    memory = process.memory_32() if kind == "x86" else process.memory_64()
    if process_memory and not full:
        process.add_process_memory(made, memory, specs)
    if shared_data and not full:
        made.add_memory(0x7FFE0000, process.kuser_shared_data())
    for part in ORDER:
        if part in wanted:
            _add(made, part, kind, listed, full, rows, writer, exception, misc, system, infos, descriptor_size)
    if full:
        _add_full_memory(made, listed, specs, memory)
    elif "memory" in wanted:
        for address in sorted({spec.ip - 0x80 for spec in specs}):
            made.add_memory(address, process.code_bytes(address))
    return made


def _add(
    made: DumpBuilder,
    part: str,
    kind: str,
    listed: Sequence[Any],
    full: bool,
    rows: Optional[Sequence[Handle]],
    writer: str,
    exception: Optional[Dict[str, Any]],
    misc: Optional[Dict[str, Any]],
    system: Optional[Dict[str, Any]],
    infos: Optional[Sequence[ThreadInfo]],
    descriptor_size: int,
) -> None:
    """One stream of compose()."""
    if part == "threads":
        made.add_thread_list(listed, in_full_memory=full)
    elif part == "info":
        made.add_thread_info(process.thread_info(listed) if infos is None else infos)
    elif part == "modules":
        made.add_module_list(process.modules(kind))
    elif part == "unloaded":
        made.add_unloaded_modules(process.UNLOADED)
    elif part == "tokens":
        made.add_tokens([token()])
    elif part == "memory":
        made.add_memory_list()
    elif part == "full":
        made.add_memory64_list()
    elif part == "meminfo":
        made.add_memory_info(process.regions_64() if kind != "x86" else regions_32())
    elif part == "exception":
        made.add_exception(**(exception or access_violation(kind)))
    elif part == "system":
        made.add_system_info(**(system or {}))
    elif part == "misc":
        values: Dict[str, Any] = {"writer": writer.replace("amd64", "x86") if kind == "x86" else writer}
        values.update(misc or {})
        made.add_misc_info(**values)
    elif part == "handles":
        made.add_handles(handles(made.bits) if rows is None else rows, descriptor_size)
    elif part == "operations":
        made.add_handle_operations(())
    elif part == "counters":
        made.add_system_memory_info()
        made.add_vm_counters()
    elif part == "names":
        made.add_thread_names([(0x1A30, "main"), (0x1B44, "worker")])
    else:
        raise ValueError(part)


def _add_full_memory(made: DumpBuilder, listed: Sequence[Any], specs: Sequence[process.ThreadSpec], memory: process.Memory) -> None:
    """Whole pages of the process memory, stacks and code, in ascending order and without overlap."""
    pieces = [(0x7FFE0000, process.kuser_shared_data())] + list(memory.ranges())
    pieces += [(spec.teb, memory.teb(spec)) for spec in specs]
    pieces += [(thread.stack_address, thread.stack) for thread in listed if thread.stack]
    pieces += [(spec.ip - 0x80, process.code_bytes(spec.ip)) for spec in specs]
    pages: Dict[int, bytearray] = {}
    for address, data in pieces:
        for offset in range(len(data)):
            at = address + offset
            if at & ~0xFFF not in pages:
                pages[at & ~0xFFF] = bytearray(0x1000)
            pages[at & ~0xFFF][at & 0xFFF] = data[offset]
    joined: List[List[Any]] = []
    for page in sorted(pages):
        if joined and joined[-1][0] + len(joined[-1][1]) == page:
            joined[-1][1] += bytes(pages[page])
        else:
            joined.append([page, bytes(pages[page])])
    for address, data in joined:
        made.add_full_memory(address, data)


def token() -> bytes:
    """The primary token of the process: an ordinary user, not elevated."""
    groups = [("S-1-1-0", 7), ("S-1-5-32-545", 7), ("S-1-5-4", 7), ("S-1-16-8192", 0x60), ("S-1-5-5-0-181632", 0xC0000007)]
    return blocks.token_element(PID, 0x1C4, process.SESSION, process.SID, groups, process.SID[:-4] + "513", [(19, 0), (23, 3), (25, 0), (33, 0), (34, 0)])


def access_violation(kind: str = "amd64") -> Dict[str, Any]:
    """Arguments of add_exception: a write to address 0 in the third (x86: second) thread."""
    if kind == "x86":
        spec = process.THREADS_32[1]
        context = blocks.context_x86(eip=0x00D113E4, esp=spec.sp, ebp=spec.sp + 0x60, eax=0)
        return {"tid": spec.tid, "code": 0xC0000005, "address": 0x00D113E4, "parameters": (1, 0), "context": context}
    spec = process.THREADS_64[2]
    context = blocks.context_amd64(rip=spec.ip, rsp=spec.sp, rcx=0, rax=0x2A)
    return {"tid": spec.tid, "code": 0xC0000005, "address": spec.ip, "parameters": (1, 0), "context": context}


def regions_32() -> List[Region]:
    """A short map of a 32-bit address space."""
    return [
        Region(0, 0x00700000, 0x10000, 1, 0, 0, 0),
        Region(0x00700000, 0x00441000, 0x10000, 1, 0, 0, 0),
        Region(0x00B41000, 0xC000),
        Region(0x00B4D000, 0x1C3000, 0x10000, 1, 0, 0, 0),
        Region(0x00D10000, 0x1000, protect=2, type=0x1000000, allocation_protect=0x80),
        Region(0x00D11000, 0x26000, protect=0x20, type=0x1000000, allocation_base=0x00D10000, allocation_protect=0x80),
        Region(0x00D37000, 0x7F2A9000, 0x10000, 1, 0, 0, 0),
        Region(0x7FFE0000, 0x1000, protect=2),
        Region(0x7FFE1000, 0xF000, 0x2000, 0, allocation_base=0x7FFE0000, allocation_protect=2),
    ]
