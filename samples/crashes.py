"""Dumps of crashes as programs leave them: their own words, their own codes, and what an expert sees in registers and memory."""

import struct
from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import blocks, process
from .catalogue import Built, sample
from .recipes import compose
from .writer import DumpBuilder, Module, Thread

OPENS: Any = {"engine": "opens"}
SPEC = process.THREADS_64[2]
DEMO = 0x7FF6A1B20000
KERNELBASE = 0x7FFC37F20000
RAISE = KERNELBASE + 0x3A8DE
NTDLL = 0x7FFC3A6F0000
HEAP = 0x1D5A3C40000
RETURN = DEMO + 0x1A10
BASIC = "threads modules memory exception system misc"

FATAL_LINE = "[6700:3160:0428/101530.125:FATAL:browser_main.cc(212)] Check failed: !views_.empty(). \n"


def module(base: int, size: int, path: str, version: Sequence[int] = (10, 0, 19041, 3636)) -> Module:
    """A module with a version and no symbol key."""
    return Module(base, size, path, 0x5F3C1A2B, 0x30000, b"", version=blocks.fixed_file_info(version), reserved0=0)


def stack(*texts: Tuple[int, bytes], returns: Sequence[Tuple[int, int]] = ((0x28, RETURN),)) -> bytes:
    """The used part of the third thread's stack: return addresses and texts at distances from the stack pointer."""
    out = bytearray(SPEC.stack_base - SPEC.sp)
    for at, value in returns:
        struct.pack_into("<Q", out, at, value)
    for at, text in texts:
        out[at : at + len(text)] = text
    return bytes(out)


def threads(used: Optional[bytes] = None) -> List[Thread]:
    """The three threads; the third one with this stack."""
    rows = process.threads_64()
    return [*rows[:2], rows[2]._replace(stack=stack() if used is None else used)]


def context(**registers: int) -> bytes:
    """Registers at the exception; stack and instruction pointers are those of the third thread unless given."""
    return blocks.context_amd64(**{"rip": SPEC.ip, "rsp": SPEC.sp, **registers})


def exception(code: int, address: int = SPEC.ip, parameters: Sequence[int] = (), flags: int = 0, **registers: int) -> Dict[str, Any]:
    """Arguments of add_exception for the third thread."""
    return {
        "tid": SPEC.tid,
        "code": code,
        "address": address,
        "parameters": tuple(parameters),
        "flags": flags,
        "context": context(**{"rip": address, **registers}),
    }


def microsoft(
    raised: Dict[str, Any], used: Optional[bytes] = None, memory: Sequence[Tuple[int, bytes]] = (), user: Sequence[Tuple[int, bytes]] = ()
) -> DumpBuilder:
    """A dump of Microsoft's writer with an exception, some memory, and user streams."""
    made = compose(BASIC, exception=raised, threads=threads(used))
    for address, data in memory:
        made.add_memory(address, data)
    for kind, data in user:
        made.add_stream(kind, data)
    return made


def crashpad(
    raised: Dict[str, Any],
    simple: Optional[Dict[str, str]] = None,
    objects: Sequence[Tuple[str, int, bytes]] = (),
    rows: Optional[Sequence[Module]] = None,
    used: Optional[bytes] = None,
    memory: Sequence[Tuple[int, bytes]] = (),
    user: Sequence[Tuple[int, bytes]] = (),
) -> DumpBuilder:
    """A dump of Crashpad, its streams in Crashpad's order."""
    made = DumpBuilder("amd64", 0, 0, slots=8 + len(user), shared_strings=True)
    made.add_system_info(csd="3636")
    made.add_misc_info(4, flags=0x147, writer="crashpad.amd64,0.8.0,win")
    made.add_thread_list(threads(used))
    made.add_thread_names([(0x1A30, "CrBrowserMain"), (SPEC.tid, "ThreadPoolForegroundWorker")])
    made.add_exception(**raised)
    made.add_module_list([row._replace(reserved0=0) for row in (process.modules() if rows is None else rows)])
    left = [made.crashpad_module(0, {}, (), objects)] if objects else []
    made.add_crashpad_info(simple, left)
    for address, data in memory:
        made.add_memory(address, data)
    made.add_memory_list()
    for kind, data in user:
        made.add_stream(kind, data)
    return made


# --- Chromium and its kin --------------------------------------------------------------------------------------------


@sample(
    "crash-chromium-oom",
    "Chromium out of memory",
    "code E0000008, raised in KernelBase; CEF is loaded",
    0,
    exception={"code": 0xE0000008, "tid": SPEC.tid, "address": RAISE},
    **OPENS,
)
def _() -> Built:
    rows = [*process.modules(), module(0x7FFBE0000000, 0x0C000000, "C:\\demo\\libcef.dll", (120, 1, 8, 0))]
    return crashpad(
        exception(0xE0000008, RAISE, (0x200000,), 1), {"prod": "cef", "ver": "120.1.8", "ptype": "renderer"}, [("v8-oom-location", 1, b"Zone")], rows
    )


@sample(
    "crash-chromium-check",
    "A failed CHECK of Chromium",
    "int 3, ud2 in the program's code; the fatal log line on the stack; streams 0x4b6b0003 and 0x4b6b0004",
    0,
    streams=[7, 15, 3, 24, 6, 4, 0x43500001, 5, 0x4B6B0003, 0x4B6B0004],
    **OPENS,
)
def _() -> Built:
    profile = b"\x08\x80\xe2\xcf\xaa\x06\x12\x0d120.0.6099.71\x50\x04"
    return crashpad(
        exception(0x80000003, SPEC.ip, (0,)),
        {"_productName": "Demo Editor", "_version": "1.4.2", "prod": "Electron", "ver": "28.1.0"},
        [("list-file", 1, b"browser_main.cc"), ("ptype", 1, b"browser")],
        used=stack((0x80, FATAL_LINE.encode() + b"\0")),
        memory=[(SPEC.ip, b"\xcc\x0f\x0b" + b"\x90" * 13)],
        user=[(0x4B6B0003, profile), (0x4B6B0004, b"\x08\x01\x10\x80\x80\xfa\xd1\xd5\x3a\x18\x20")],
    )


@sample("crash-requested", "A dump that was asked for without a crash", "Crashpad's made-up code 0517A7ED", 0, writer="crashpad", **OPENS)
def _() -> Built:
    return crashpad(exception(0x0517A7ED), {"prod": "Demo", "ver": "1.4.2"})


@sample("crash-sentry", "Crashpad inside sentry-native", "no annotations; the name of the SDK in the captured memory", 0, writer="crashpad", **OPENS)
def _() -> Built:
    return crashpad(exception(0xC0000005, SPEC.ip, (1, 0)), memory=[(HEAP, b'{"sdk":{"name":"sentry.native","version":"0.7.2"}}\0')])


@sample(
    "crash-abort-message",
    "An abort with the program's reason in an annotation",
    "fast-fail code 7, LOG_FATAL of the executable",
    0,
    writer="crashpad",
    **OPENS,
)
def _() -> Built:
    return crashpad(exception(0xC0000409, SPEC.ip, (7,)), {"prod": "Demo", "ver": "1.4.2"}, [("LOG_FATAL", 1, b"store.cc:217: index < size()\r\nstate 4")])


# --- Unreal Engine, MariaDB ------------------------------------------------------------------------------------------

CONTEXT = (
    '<?xml version="1.0" encoding="UTF-8"?>\r\n<FGenericCrashContext>\r\n<RuntimeProperties>\r\n<CrashVersion>3</CrashVersion>\r\n'
    "<CrashType>Assert</CrashType>\r\n<ErrorMessage>Assertion failed: Index &gt;= 0 &amp;&amp; Index &lt; ArrayNum [File:Store.cpp] [Line: 217] \r\n"
    "Array index out of bounds: 7 from an array of size 3</ErrorMessage>\r\n<GameName>UE-DemoGame</GameName>\r\n"
    "<ExecutableName>DemoGame-Win64-Shipping</ExecutableName>\r\n<BuildConfiguration>Shipping</BuildConfiguration>\r\n"
    "<EngineVersion>5.3.2-29314046+++UE5+Release-5.3</EngineVersion>\r\n<CallStack></CallStack>\r\n</RuntimeProperties>\r\n"
    "<PlatformProperties>\r\n<PlatformIsRunningWindows>1</PlatformIsRunningWindows>\r\n</PlatformProperties>\r\n</FGenericCrashContext>\r\n"
)


@sample(
    "crash-unreal",
    "A failed assertion of Unreal Engine",
    "code 00004000, and the crash context in stream 0x10000 with rests of a longer one after it",
    0,
    streams=[3, 4, 5, 6, 7, 15, 0x10000],
    **OPENS,
)
def _() -> Built:
    text = CONTEXT.encode("utf-16-le") + b"\0\0" + "<EngineVersion>4.27.0-old</EngineVersion>".encode("utf-16-le")
    return microsoft(exception(0x4000, RAISE, (HEAP,), 1), user=[(0x10000, text)])


@sample("crash-unreal-memory", "Unreal Engine's assertion in memory", "code 00004000 without a crash context; FAssertInfo is captured", 0, **OPENS)
def _() -> Built:
    message = "Fatal error: [File:Renderer.cpp] [Line: 88] Device removed.".encode("utf-16-le") + b"\0\0"
    return microsoft(exception(0x4000, RAISE, (HEAP,), 1), memory=[(HEAP, struct.pack("<QQ", HEAP + 0x40, SPEC.ip)), (HEAP + 0x40, message)])


@sample("crash-mariadb", "An abort of a database server", "int 3 in the server's own code: its handler of SIGABRT", 0x41, **OPENS)
def _() -> Built:
    rows = [
        module(DEMO, 0x2D000, "C:\\Program Files\\MariaDB 10.11\\bin\\mysqld.exe", (10, 11, 6, 0)),
        *process.modules()[1:],
        module(0x7FFBE0000000, 0x01800000, "C:\\Program Files\\MariaDB 10.11\\bin\\server.dll", (10, 11, 6, 0)),
    ]
    at = 0x7FFBE0812340
    made = DumpBuilder("amd64", 0x41, 0xA061, slots=16)
    made.add_thread_list(threads(stack((0x100, b"Assertion failed: page_get_page_no(page) == page_no, file btr0cur.cc, line 812\0"))))
    made.add_module_list(rows)
    made.add_exception(**exception(0x80000003, at, (0,)))
    made.add_system_info()
    made.add_misc_info()
    made.add_memory(at - 0x10, b"\x90" * 16 + b"\xcc\xc3" + b"\x90" * 14)
    made.add_memory_list()
    return made


# --- what memory tells -----------------------------------------------------------------------------------------------


@sample("crash-stowed", "Stowed exceptions", "code C000027B, two records: return addresses of one, the text of the other", 0, **OPENS)
def _() -> Built:
    first, second, frames, text = HEAP + 0x100, HEAP + 0x200, HEAP + 0x300, HEAP + 0x400
    binary = struct.pack("<IIIIQIIQIIQ", 56, 0x53453032, 0x8000000B, SPEC.tid | 1, DEMO + 0x1460, 8, 3, frames, 0x314E4957, 0, 0)
    words = struct.pack("<IIIIQ24x", 40, 0x53453031, 0x80070005, SPEC.tid | 2, text)
    return microsoft(
        exception(0xC000027B, NTDLL + 0x12340, (HEAP, 2)),
        memory=[
            (HEAP, struct.pack("<QQ", first, second)),
            (first, binary),
            (second, words),
            (frames, struct.pack("<QQQ", DEMO + 0x1460, DEMO + 0x1A10, 0x7FFC39097344)),
            (text, "Access to the setting was refused.".encode("utf-16-le") + b"\0\0"),
        ],
    )


@sample("crash-cpp-type", "A C++ exception whose type and text are in the dump", "ThrowInfo of the module, a std::runtime_error with its what()", 0, **OPENS)
def _() -> Built:
    thrown, text = HEAP, HEAP + 0x80
    info, array, derived, base, derived_name, base_name = (0x1E2A0 + at for at in (0, 0x20, 0x40, 0x60, 0x80, 0xC0))
    return microsoft(
        exception(0xE06D7363, RAISE, (0x19930520, thrown, DEMO + info, DEMO), 1),
        memory=[
            (thrown, struct.pack("<QQQ", DEMO + 0x1D000, text, 1)),
            (text, b"cannot open store.dat\0"),
            (DEMO + info, struct.pack("<IIII", 0, 0, 0, array)),
            (DEMO + array, struct.pack("<III", 2, derived, base)),
            (DEMO + derived, struct.pack("<IIIIIII", 0, derived_name, 0, 0xFFFFFFFF, 0, 24, 0)),
            (DEMO + base, struct.pack("<IIIIIII", 0, base_name, 0, 0xFFFFFFFF, 0, 24, 0)),
            (DEMO + derived_name, bytes(16) + b".?AVruntime_error@std@@\0"),
            (DEMO + base_name, bytes(16) + b".?AVexception@std@@\0"),
        ],
    )


@sample("crash-rust-panic", "A Rust panic that nobody caught", "the type rust_panic after the code of C++ exceptions", 0, **OPENS)
def _() -> Built:
    info, array, only, name = (0x1E2A0 + at for at in (0, 0x20, 0x40, 0x80))
    return microsoft(
        exception(0xE06D7363, RAISE, (0x19930520, HEAP, DEMO + info, DEMO), 1),
        stack((0xA0, b"thread 'main' panicked at src/store.rs:217:9: index out of bounds\0")),
        memory=[
            (DEMO + info, struct.pack("<IIII", 0, 0, 0, array)),
            (DEMO + array, struct.pack("<II", 1, only)),
            (DEMO + only, struct.pack("<IIIIIII", 0, name, 0, 0xFFFFFFFF, 0, 16, 0)),
            (DEMO + name, bytes(16) + b"rust_panic\0"),
        ],
    )


@sample("crash-freed-memory", "A pointer that was read from freed memory", "address dddddddd plus 0x18 in a 32-bit process, its sign extended", 0, **OPENS)
def _() -> Built:
    spec = process.THREADS_32[1]
    registers = blocks.context_x86(eip=0x00D113E4, esp=spec.sp, ebp=spec.sp + 0x60, eax=0xDDDDDDDD)
    raised = {"tid": spec.tid, "code": 0xC0000005, "address": 0x00D113E4, "parameters": (0, 0xFFFFFFFFDDDDDDF5), "context": registers}
    return compose(BASIC, kind="x86", exception=raised)


@sample("crash-non-canonical", "A pointer that is no address", "the processor gives -1; r8 is full of feeefeee", 0, **OPENS)
def _() -> Built:
    return microsoft(exception(0xC0000005, SPEC.ip, (0, 0xFFFFFFFFFFFFFFFF), r8=0xFEEEFEEEFEEEFEEE, rcx=HEAP))


@sample("crash-operand", "The register that held a bad pointer", "mov rax,[rdi+rcx*8+0x10] with rdi full of cdcdcdcd", 0, **OPENS)
def _() -> Built:
    return crashpad(
        exception(0xC0000005, SPEC.ip, (0, 0xFFFFFFFFFFFFFFFF), rdi=0xCDCDCDCDCDCDCDCD, rcx=2),
        memory=[(SPEC.ip, b"\x48\x8b\x44\xcf\x10" + b"\x90" * 11)],
    )


@sample("crash-on-purpose", "A crash that was asked for", "mov dword ptr [0],0 as Electron's process.crash() has it", 0, **OPENS)
def _() -> Built:
    return crashpad(exception(0xC0000005, SPEC.ip, (1, 0)), memory=[(SPEC.ip, b"\xc7\x04\x25\0\0\0\0\0\0\0\0" + b"\xcc" * 5)])


@sample("crash-null-member", "A member of an object that is not there", "address 0x18", 0, **OPENS)
def _() -> Built:
    return microsoft(exception(0xC0000005, SPEC.ip, (0, 0x18)))


@sample("crash-null-call", "A call of a null function pointer", "instruction pointer 0", 0, **OPENS)
def _() -> Built:
    return microsoft(exception(0xC0000005, 0, (8, 0)), stack(returns=((0, RETURN),)))


@sample("crash-stack-outside", "A stack pointer that is not in the thread's stack", "the TEB has the limits", 0, **OPENS)
def _() -> Built:
    return microsoft(exception(0xC0000005, SPEC.ip, (1, HEAP), rsp=HEAP + 0x800), memory=[(SPEC.teb, process.memory_64().teb(SPEC, size=0x100))])


@sample("crash-recursion", "A function that calls itself without an end", "code C00000FD; one return address all over the stack", 0, **OPENS)
def _() -> Built:
    low = SPEC.stack_base - 0x2000
    used = struct.pack("<QQQQ", 0, HEAP, 0, DEMO + 0x1A44) * 0x100
    rows = process.threads_64()
    made = DumpBuilder("amd64", 0, 0xA061, slots=16)
    made.add_thread_list([*rows[:2], rows[2]._replace(stack_address=low, stack=used, context=context(rsp=low))])
    made.add_module_list(process.modules())
    made.add_memory_list()
    made.add_exception(**exception(0xC00000FD, SPEC.ip, (1, low - 8), rsp=low))
    made.add_system_info()
    made.add_misc_info()
    return made


@sample("crash-emulated", "An x64 program on an ARM64 machine", "the emulator xtajit64.dll is in the process", 0, **OPENS)
def _() -> Built:
    made = DumpBuilder("amd64", 0, 0xA05D, slots=16)
    made.add_thread_list(threads())
    made.add_module_list([*process.modules(), module(0x7FFBD0000000, 0x00400000, "C:\\Windows\\System32\\xtajit64.dll", (10, 0, 22621, 2506))])
    made.add_memory_list()
    made.add_exception(**exception(0xC0000005, SPEC.ip, (1, 0)))
    made.add_system_info()
    made.add_misc_info()
    return made


@sample("crash-delay-load", "A delay-loaded DLL that is missing", "code C06D007E; DelayLoadInfo on the stack, the name in the module", 0, **OPENS)
def _() -> Built:
    info = struct.pack("<QQQQQQQQI", 72, DEMO + 0x1E000, DEMO + 0x1E100, DEMO + 0x1E200, 1, DEMO + 0x1E210, 0, 0, 126)
    return microsoft(exception(0xC06D007E, RAISE, (SPEC.sp + 0x80,)), stack((0x80, info)), memory=[(DEMO + 0x1E200, b"plugin.dll\0\0\0\0\0\0OpenStore\0")])


@sample("crash-delphi", "A Delphi exception", "code 0EEDFADE, raised in KernelBase", 0, **OPENS)
def _() -> Built:
    return microsoft(exception(0x0EEDFADE, RAISE, (DEMO + 0x1A0B, HEAP), 1))


@sample("crash-hung-window", "procdump of a window that does not answer", "a comment and no exception", 0x1004, handle_cause=2, **OPENS)
def _() -> Built:
    made = compose("threads modules memory system misc", 0x1004)
    made.add_comment_w("\r\n*** procdump  -r -h demo.exe\r\n*** Process exceeded hung window timeout.")
    return made
