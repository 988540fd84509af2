"""Nothing wrong: streams that few dumps have, one to a dump."""

import struct

from . import blocks, process
from .catalogue import Built, sample
from .healthy import BASIC, opens
from .process import PID
from .recipes import DEMO_HANDLES, access_violation, compose
from .writer import DumpBuilder, FunctionTable, Operation, Thread


@sample(
    "comments", "Comments in ANSI and Unicode", "streams 10 and 11", 0, streams=[3, 4, 5, 7, 15, 10, 11], comment="Unicode comment: \u00e4\u20ac", **opens()
)
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_comment_a("ANSI comment")
    made.add_comment_w("Unicode comment: \u00e4\u20ac")
    return made


@sample(
    "comment-procdump",
    "The comment procdump leaves",
    "who wrote it can be told from stream 11",
    0x461826,
    comment="\r\n*** procdump.exe  -ma -e demo.exe\r\n*** Unhandled exception: C0000005.ACCESS_VIOLATION",
    writer="procdump",
    **opens(),
)
def _() -> Built:
    made = compose("threads info modules full meminfo exception system misc counters", 0x461826, only=1, exception=dict(access_violation(), tid=0x1A30))
    made.add_comment_w("\r\n*** procdump.exe  -ma -e demo.exe\r\n*** Unhandled exception: C0000005.ACCESS_VIOLATION")
    return made


@sample("function-tables", "Code made at run time", "stream 13 with two tables", 0, function_tables=2, streams=[3, 4, 13, 5, 7, 15, 21, 22], **opens())
def _() -> Built:
    made = DumpBuilder("amd64")
    made.add_thread_list(process.threads_64())
    made.add_module_list(process.modules())
    entries = [struct.pack("<III", 0x100 * index, 0x100 * index + 0x80, 0x5000 + 8 * index) for index in range(5)]
    made.add_function_tables(
        [FunctionTable(0x1D5B0000000, 0x1D5B000FBC0, 0x1D5B0000000, entries[:1]), FunctionTable(0x1D5B0100000, 0x1D5B0110000, 0x1D5B0100000, entries, pad=0)]
    )
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    made.add_system_memory_info()
    made.add_vm_counters()
    return made


RUN_TIME = 0x1D5B0000000
"""Where the run-time code of the next sample lies."""


def run_time_code() -> bytes:
    """Two functions and their unwind data: one at +0x100 calls the one at +0x200, both described at +0x300 and on."""
    made = bytearray(0x400)
    # +0x100: push rbx; sub rsp, 0x20; call +0x200; add rsp, 0x20; pop rbx; ret
    made[0x100:0x110] = bytes.fromhex("53 4883ec20 e8f6000000 4883c420 5b c3")
    # +0x200: push rbp; sub rsp, 0x30; mov eax, [0]; add rsp, 0x30; pop rbp; ret
    made[0x200:0x212] = bytes.fromhex("55 4883ec30 8b042500000000 4883c430 5d c3")
    # UNWIND_INFO: version 1, a prologue of 5 bytes, two codes: +5 ALLOC_SMALL, +1 PUSH_NONVOL
    made[0x300:0x308] = bytes.fromhex("01050200 0532 0130")
    made[0x308:0x310] = bytes.fromhex("01050200 0552 0150")
    return bytes(made)


@sample(
    "stack-run-time-code",
    "A crash in code made at run time",
    "a stack that the dump's own unwind data walk, down to a module whose image is not in it",
    0,
    function_tables=1,
    streams=[3, 6, 4, 13, 5, 7, 15],
    **opens(),
)
def _() -> Built:
    made = DumpBuilder("amd64")
    sp = 0xCB587FFE00
    words = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0xCB587FFF00, RUN_TIME + 0x10A, 0x77, 0x88, 0x99, 0xAA, 0xB0B, 0x7FF6A1B21490, 0, 0]
    context = blocks.context_amd64(rip=RUN_TIME + 0x205, rsp=sp, rbp=0x1234, rbx=0x5678)
    tid = process.THREADS_64[0].tid
    made.add_thread_list([Thread(tid, 0, context, sp, struct.pack("<16Q", *words))])
    made.add_exception(tid, 0xC0000005, RUN_TIME + 0x205, (0, 0), context)
    made.add_module_list(process.modules())
    made.add_function_tables(
        [FunctionTable(RUN_TIME, RUN_TIME + 0x400, RUN_TIME, [struct.pack("<III", 0x100, 0x110, 0x300), struct.pack("<III", 0x200, 0x212, 0x308)])]
    )
    made.add_memory(RUN_TIME, run_time_code())
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    return made


@sample(
    "handle-operations",
    "Application Verifier traced the handles",
    "what `!htrace` reads: an open, a close, a use of the closed handle",
    0x4,
    handles=DEMO_HANDLES,
    operations=3,
    **opens(True),
)
def _() -> Built:
    made = compose("threads modules memory system misc handles", 0x4)
    stack = [0x7FFC3A78D0F4, 0x7FFC37F5A8DE, 0x7FF6A1B21490]
    made.add_handle_operations([Operation(0x6C, PID, 0x1B44, 1, stack), Operation(0x6C, PID, 0x1B44, 2, stack[:2]), Operation(0x6C, PID, 0x0C58, 3, stack)])
    return made


@sample(
    "thread-names",
    "Threads with descriptions",
    "stream 24",
    0,
    thread_names={0x1A30: "main", 0x1B44: "worker"},
    streams=[3, 4, 5, 7, 15, 21, 22, 24],
    **opens(),
)
def _() -> Built:
    return compose(BASIC + " names")


@sample("user-stream", "A program's own stream 0x10000", "opaque bytes of the program that wrote the dump", 0, streams=[3, 4, 5, 7, 15, 65536], **opens())
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_stream(0x10000, '<DemoCrash version="1"><Stage>loading</Stage></DemoCrash>'.encode("utf-16-le"))
    return made


@sample(
    "javascript-and-processor-trace",
    "Streams 20 and 23",
    "opaque data of the script engine and of Intel PT",
    0x400000,
    streams=[3, 4, 5, 7, 15, 20, 23],
    **opens(),
)
def _() -> Built:
    made = compose("threads modules memory system misc", 0x400000)
    made.add_javascript(b"\x01\0\0\0chakra" + b"\0" * 22)
    made.add_ipt_trace(struct.pack("<IHHI", 0x24, 1, 1, 0x10) + b"\x02\x82" * 8 + b"\0" * 8)
    return made


@sample(
    "compressed-memory",
    "Flag 0x04000000: memory in compressed form",
    "stream 25, which older debuggers cannot read",
    0x04000000,
    streams=[3, 4, 25, 7, 15],
    missing=[5, 9],
    rule="compressed-memory",
    **opens(),
)
def _() -> Built:
    made = DumpBuilder("amd64", 0x04000000, 0xA0F4)
    made.add_thread_list([row._replace(stack=b"") for row in process.threads_64()])
    made.add_module_list(process.modules())
    made.add_compressed_memory(b"\x28\xb5\x2f\xfd" + b"\0" * 60)
    made.add_system_info(build=26100)
    made.add_misc_info(writer="dbgcore.amd64,10.0.26100.4000")
    return made


@sample("compressed-memory-sql", "SQL Server's compressed memory", "stream 0x7000", 0, streams=[3, 4, 5, 7, 15, 0x7000], **opens())
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_compressed_memory(b"\0" * 64, 0x7000)
    return made
