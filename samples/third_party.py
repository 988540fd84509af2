"""Dumps as other programs write them: Crashpad, Breakpad, Mozilla's writers, Windows CE."""

import struct
from typing import Any, List

from . import blocks, process
from .catalogue import Built, sample
from .process import PID
from .recipes import DEMO_HANDLES, access_violation, handles
from .writer import DumpBuilder, Handle, Module, Thread

OPENS: Any = {"engine": "opens"}
CRASHPAD = "crashpad.amd64,0.8.0,win"


def _crashpad(slots: int) -> DumpBuilder:
    """The streams Crashpad writes first, in its order."""
    made = DumpBuilder("amd64", 0, 0, slots=slots, shared_strings=True)
    made.add_system_info(csd="3636")
    made.add_misc_info(4, flags=0x147, writer=CRASHPAD)
    made.add_thread_list(process.threads_64())
    made.add_thread_names([(0x1A30, "CrBrowserMain"), (0x1B44, "ThreadPoolForegroundWorker")])
    made.add_exception(**access_violation())
    made.add_module_list([row._replace(reserved0=0) for row in process.modules()])
    return made


@sample(
    "crashpad-annotations",
    "Crashpad with annotations",
    "client and report ids, annotations of the process and of modules, 32-byte handle descriptors, flags 0",
    0,
    streams=[7, 15, 3, 24, 6, 4, 0x43500001, 14, 16, 12, 5],
    writer="crashpad",
    writer_version=0,
    handles=DEMO_HANDLES,
    descriptor_size=32,
    unloaded=2,
    annotations={"prod": "Demo", "ver": "1.4.2", "plat": "Win64"},
    report_id="6f1d3c52-7a0e-4c86-9d55-20c3b1a4e8f7",
    handle_hresult=0,
    **OPENS,
)
def _() -> Built:
    made = _crashpad(11)
    first = made.crashpad_module(
        0, {"ptype": "browser"}, ["first string", "second string"], [("url-chunk", 1, b"https://example.org/"), ("counter", 0x8001, b"\x2a\0\0\0")]
    )
    made.add_crashpad_info({"prod": "Demo", "ver": "1.4.2", "plat": "Win64"}, [first, made.crashpad_module(1, {"note": "second module"})])
    made.add_unloaded_modules(process.UNLOADED)
    made.add_memory_info(process.regions_64())
    made.add_handles([row._replace(info=()) for row in handles()], 32)
    made.add_memory_list()
    return made


@sample(
    "crashpad-old-short-stream",
    "Crashpad's stream in its older form",
    "0x34 bytes, without the address mask",
    0,
    streams=[7, 15, 3, 24, 6, 4, 0x43500001, 5],
    writer="crashpad",
    annotations={"prod": "Demo"},
    **OPENS,
)
def _() -> Built:
    made = _crashpad(8)
    made.add_crashpad_info({"prod": "Demo"}, old=True)
    made.add_memory_list()
    return made


@sample("crashpad-no-annotations", "Crashpad's stream with nothing in it", "RVAs of 0 mean none", 0, writer="crashpad", annotations={}, **OPENS)
def _() -> Built:
    made = _crashpad(9)
    made.add_crashpad_info()
    made.add_memory_list()
    made.add_stream(0x4B6B0002, b"\x0a\x04Demo\x10\x01")
    return made


@sample(
    "breakpad-windows",
    "Breakpad's client on Windows with an assertion",
    "Microsoft's writer plus two streams",
    0,
    streams=[3, 4, 5, 6, 7, 15, 0x47670001, 0x47670002],
    writer="breakpad",
    exception={"code": 0xC0000005, "tid": 0x0C58, "address": 0x7FF6A1B2145C},
    **OPENS,
)
def _() -> Built:
    made = DumpBuilder("amd64")
    made.add_thread_list(process.threads_64())
    made.add_module_list(process.modules())
    made.add_memory_list()
    made.add_exception(**access_violation())
    made.add_system_info()
    made.add_misc_info()
    made.add_breakpad_info(0x1A30, 0x0C58)
    made.add_assertion("index < size()", "Store::at", "c:\\build\\store.cpp", 217)
    return made


def _linux(arch: str, padded: bool = False) -> DumpBuilder:
    """What Breakpad writes for a Linux process."""
    wide = arch == "amd64"
    made = DumpBuilder(arch, 0, 0, slots=12)
    sp, ip = (0x7FFD1B3C4A10, 0x55D0C8A01139) if wide else (0xBEFFF6A0, 0x00010554)
    context = blocks.context_amd64(0x10000F, rip=ip, rsp=sp) if wide else blocks.context_breakpad_arm(pc=ip, sp=sp)
    thread = Thread(4711, 0, context, sp, b"\0" * 0x180)
    base = ip & ~0xFFF
    modules: List[Module] = [
        Module(base, 0x5000, "/usr/bin/demo", 0, 0, blocks.bpel(bytes(range(0x10, 0x24))), reserved0=0, version=bytes(52)),
        Module(base + 0x01000000, 0x2000, "/lib/libdemo.so.1", 0, 0, blocks.bpel(bytes(range(0x30, 0x44))), reserved0=0, version=bytes(52)),
    ]
    made.add_thread_list([thread, thread._replace(tid=4712, stack_address=sp - 0x10000)], padded)
    made.add_module_list(modules, padded)
    made.add_memory_list(padded)
    made.add_exception(4711, 11, 0, context=context)
    cpu = struct.pack("<QQ8x", 0, 0) if wide else struct.pack("<II16x", 0x410FD034, 0x0037B0D7)
    made.add_system_info(0, 0, 0, "Linux 6.1.0-18 #1 SMP " + ("x86_64" if wide else "armv7l"), platform=0x8201, product=0, suite=0, cpu=cpu)
    made.add_linux_text("cpuinfo", b"processor\t: 0\nmodel name\t: Demo CPU\n")
    made.add_linux_text("status", b"Name:\tdemo\nPid:\t4711\nThreads:\t2\n")
    made.add_linux_text("lsb-release", b"DISTRIB_ID=Demo\nDISTRIB_RELEASE=12\n")
    made.add_linux_text("cmdline", b"/usr/bin/demo\0--serve\0" + b"8080\0")
    made.add_linux_text("environ", b"HOME=/home/anna\0LANG=C.UTF-8\0")
    made.add_linux_text("maps", (f"{base:x}-{base + 0x5000:x} r-xp 00000000 08:01 42 /usr/bin/demo\n").encode())
    made.add_dso_debug([(base, "/usr/bin/demo", base + 0x3DE0), (base + 0x01000000, "/lib/libdemo.so.1", 0)], ldbase=base + 0x02000000, dynamic=base + 0x3DE0)
    return made


@sample(
    "breakpad-linux",
    "A Linux process, written by Breakpad",
    "texts copied from /proc, ELF build ids, the dynamic linker's list, signal 11",
    0,
    writer="breakpad",
    threads=[4711, 4712],
    modules=2,
    missing=[15],
    dso=2,
    exception={"code": 11, "tid": 4711, "address": 0},
    **OPENS,
)
def _() -> Built:
    return _linux("amd64")


@sample(
    "breakpad-linux-padded",
    "Lists with four bytes after the count",
    "size is 8 + n x entry; tolerated by readers, the engine takes such lists for absent",
    0,
    writer="breakpad",
    threads=[4711, 4712],
    modules=2,
    rule="padded-list",
    engine="no-threads",
)
def _() -> Built:
    return _linux("amd64", padded=True)


@sample(
    "breakpad-linux-arm",
    "A 32-bit ARM Linux process",
    "Breakpad's own ARM context and the 32-bit linker list",
    0,
    writer="breakpad",
    threads=[4711, 4712],
    arch="arm",
    bits=32,
    dso=2,
    **OPENS,
)
def _() -> Built:
    return _linux("arm")


@sample(
    "breakpad-arm64-old",
    "Breakpad's old ARM64",
    "architecture 0x8003 and a context of 796 bytes",
    0,
    writer="breakpad",
    threads=[4711],
    arch="breakpad-arm64",
    bits=64,
    engine="refuses",
    rule="architecture",
)
def _() -> Built:
    made = DumpBuilder("breakpad-arm64", 0, 0, slots=5)
    context = blocks.context_breakpad_arm64(pc=0x55D0C8A01139, sp=0x7FFD1B3C4A10)
    made.add_thread_list([Thread(4711, 0, context, 0x7FFD1B3C4A10, b"\0" * 0x400)])
    made.add_module_list([Module(0x55D0C8A01000, 0x5000, "/system/bin/demo", reserved0=0, version=bytes(52))])
    made.add_memory_list()
    made.add_exception(4711, 11, 0, context=context)
    made.add_system_info(0, 0, 0, "Linux 4.19 aarch64", platform=0x8203, product=0, suite=0)
    return made


@sample(
    "mozilla-streams",
    "Mozilla's four streams",
    "process limits, soft errors, macOS texts",
    0,
    streams=[3, 4, 5, 7, 15, 0x4D7A0003, 0x4D7A0004, 0x4D7A0002, 0x4D7A0001],
    **OPENS,
)
def _() -> Built:
    made = DumpBuilder("amd64", 0, 0, slots=9)
    made.add_thread_list(process.threads_64())
    made.add_module_list(process.modules())
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info(1)
    made.add_stream(
        0x4D7A0003,
        b"Limit                     Soft Limit           Hard Limit           Units     \n"
        b"Max open files            1024                 524288               files     \n",
    )
    made.add_stream(0x4D7A0004, b'[{"InitErrors":[{"StopProcessFailed":{"Stop":"EPERM"}}]}]')
    made.add_mac_boot_args("-v keepsyms=1")
    made.add_mac_crash_info([struct.pack("<QQ", 0x4D7A0001, 4) + b"demo abort\0"])
    return made


@sample(
    "windows-ce-streams",
    "Stream types 0x8000 to 0x800C",
    "numbers of Windows CE error reports: names only",
    0,
    streams=[3, 4, 5, 7, 15] + list(range(0x8000, 0x800D)),
    **OPENS,
)
def _() -> Built:
    made = DumpBuilder("amd64", slots=18)
    made.add_thread_list(process.threads_64())
    made.add_module_list(process.modules())
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    for kind in range(0x8000, 0x800D):
        made.add_stream(kind, struct.pack("<III", kind, 12, 0))
    return made


@sample(
    "rust-writer-handles",
    "Open files of a Linux process as handles",
    "32-byte descriptors whose types are file kinds",
    0,
    streams=[3, 4, 7, 12],
    handles=3,
    engine_handles=1,
    descriptor_size=32,
    pid=None,
    handle_hresult=0,
    **OPENS,
)
def _() -> Built:
    made = DumpBuilder("amd64", 0, 0, slots=4, shared_strings=True)
    made.add_thread_list([Thread(PID, 0, blocks.context_amd64(0x10000F, rip=0x55D0C8A01139, rsp=0x7FFD1B3C4A10))])
    made.add_module_list([Module(0x55D0C8A01000, 0x5000, "/usr/bin/demo", reserved0=0, version=bytes(52))])
    made.add_system_info(6, 1, 0, "Linux 6.1.0", platform=0x8201, product=0, suite=0)
    made.add_handles(
        [Handle(0, "CharDevice", "/dev/null", 0, 0, 0, 0), Handle(1, "Fifo", "pipe:[4711]", 0, 0, 0, 0), Handle(5, "File", "/home/anna/demo.log", 0, 0, 0, 0)],
        32,
    )
    return made
