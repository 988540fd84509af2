"""Dumps of threads that wait: for objects that the handle stream names, and for each other."""

import struct
from typing import Any, List, Sequence, Tuple

from . import blocks, process
from .catalogue import Built, sample
from .process import PID
from .recipes import compose
from .writer import Handle, Thread

NTDLL = 0x7FFC3A6F0000
SINGLE, MULTIPLE, DELAY = 0x04, 0x5B, 0x34
"""Numbers of NtWaitForSingleObject, NtWaitForMultipleObjects and NtDelayExecution on x64 since Windows 10."""
STUBS = {SINGLE: NTDLL + 0x9E0E0, DELAY: NTDLL + 0x9E6E0, MULTIPLE: NTDLL + 0x9EBC0}
BEHIND_SYSCALL = 0x14
STACKS, ROOM = 0x4A5E500000, 0x100000
MAIN, WORKER, POOL, JOINER, SLEEPER = 0x1A30, 0x1B44, 0x0C58, 0x0D10, 0x0E2C


def stub(number: int) -> bytes:
    """A system call as ntdll has it since Windows 10."""
    return b"\x4c\x8b\xd1\xb8" + struct.pack("<I", number) + bytes.fromhex("f604250803fe7f01 7503 0f05 c3 cd2e c3 0f1f840000000000")


def thread(index: int, tid: int, number: int, arguments: Sequence[int], words: Sequence[Tuple[int, int]] = ()) -> Thread:
    """A thread in a system call: rax has its number, rcx, rdx, r8 and r9 the arguments, as the kernel keeps them."""
    sp = STACKS + index * ROOM + ROOM - 0x180
    used = bytearray(0x180)
    struct.pack_into("<Q", used, 0, NTDLL + 0x12345)
    for at, value in words:
        struct.pack_into("<Q", used, at, value)
    first = dict(zip(("rcx", "rdx", "r8", "r9"), arguments))
    context = blocks.context_amd64(rip=STUBS[number] + BEHIND_SYSCALL, rsp=sp, rax=number, **first)
    return Thread(tid, 0x4A5E3F2000 + 0x2000 * index, context, sp, bytes(used))


def handles() -> List[Handle]:
    """The objects that are waited for."""
    named = process.NAMED
    return [
        Handle(0x34, "Event", named + "DemoReady", 0x1F0003, info=[blocks.event_information(True, False)]),
        Handle(0x38, "Mutant", named + "DemoStore", 0x1F0001, info=[blocks.mutant_owner(64, PID, WORKER), blocks.mutant_information(0)]),
        Handle(0x3C, "Mutant", named + "DemoIndex", 0x1F0001, info=[blocks.mutant_owner(64, PID, MAIN), blocks.mutant_information(0)]),
        Handle(0x40, "Semaphore", named + "DemoSlots", 0x1F0003, info=[blocks.semaphore_information(0, 10)]),
        Handle(0x48, "Thread", "", 0x1FFFFF, info=[blocks.thread_information(64, PID, POOL, 0x4A5E3F6000, 9, 8)]),
    ]


@sample(
    "waits-deadlock",
    "Two threads wait for each other's mutants, three more for other things",
    "system calls with their arguments in registers, handles with owners: a deadlock without images or symbols",
    0x1004,
    engine="opens",
    handles=5,
    threads=[MAIN, WORKER, POOL, JOINER, SLEEPER],
)
def _() -> Built:
    array = STACKS + 2 * ROOM + ROOM - 0x100
    rows = [
        thread(0, MAIN, SINGLE, (0x38, 0, 0)),
        thread(1, WORKER, SINGLE, (0x3C, 0, 0)),
        thread(2, POOL, MULTIPLE, (2, array, 1, 0), ((0x80, 0x34), (0x88, 0x40))),
        thread(3, JOINER, SINGLE, (0x48, 0, 0)),
        thread(4, SLEEPER, DELAY, (0, STACKS + 4 * ROOM + ROOM - 0x100)),
    ]
    parts = "threads modules memory handles system misc info"
    made: Any = compose(parts, 0x1004, threads=rows, rows=handles())
    for number, address in STUBS.items():
        made.add_memory(address, stub(number))
    return made
