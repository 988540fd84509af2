"""Nothing wrong: versions of Windows and of structures, and other processors."""

import struct
from typing import Any

from . import blocks, process
from .catalogue import Built, sample
from .healthy import BASIC, TIDS_64, opens
from .process import PID
from .recipes import WINDOWS_7, compose
from .writer import CONTEXT_SIZES, DumpBuilder, Module, Thread


def _misc_sample(version: int, title: str, flags: int, **system: Any) -> None:
    """Register a dump whose MiscInfo has one of its five sizes."""
    high = {1: 0x5128, 2: 0x6903, 3: WINDOWS_7, 4: 0x6380, 5: 0xA0F4}[version]
    size = {1: 24, 2: 44, 3: 232, 4: 832, 5: 1364}[version]

    @sample(
        f"misc-info-v{version}",
        title,
        f"MiscInfo of {size} bytes",
        0,
        pid=PID,
        build=system["build"],
        csd=system.get("csd", ""),
        writer_version=high,
        misc_flags=flags,
        **opens(),
    )
    def _() -> Built:
        return compose(
            "threads modules memory system misc",
            version_high=high,
            system=system,
            misc={
                "version": version,
                "flags": flags,
                "build": "26100.1.amd64fre.ge_release.240331-1435" if version == 5 else "9600.16384.amd64fre.winblue_rtm.130821-1623",
                "writer": "dbgcore.amd64,10.0.26100.1" if version == 5 else "dbghelp.amd64,6.3.9600.16384",
            },
        )


_misc_sample(1, "Windows XP era", 0x3, major=5, minor=1, build=2600, csd="Service Pack 3")
_misc_sample(2, "Windows Vista era", 0x7, major=6, minor=0, build=6002, csd="Service Pack 2")
_misc_sample(3, "Windows 7", 0xF7, major=6, minor=1, build=7601, csd="Service Pack 1")
_misc_sample(4, "Windows 8.1", 0x1F7, major=6, minor=3, build=9600)
_misc_sample(5, "Windows 11 24H2", 0x3F7, build=26100)


@sample(
    "misc-info-id-only",
    "MiscInfo that knows only the process id",
    "Flags1 decides which members count",
    0,
    pid=PID,
    misc_flags=1,
    rule="no-process-times",
    **opens(),
)
def _() -> Built:
    return compose("threads modules memory system misc", misc={"version": 5, "flags": 1})


@sample("misc-info-missing", "No MiscInfo", "the process id shows as f0f0f0f0, no uptime", 0, missing=[15], rule="no-misc-info", **opens())
def _() -> Built:
    return compose("threads modules memory system")


@sample("server-2022", "Windows Server 2022", "product type and suites of a server", 0, build=20348, **opens())
def _() -> Built:
    return compose(BASIC, system={"build": 20348, "product": 3, "suite": 0x110, "processors": 64})


@sample("counters-v1", "Memory counters of older Windows 10", "the short forms of streams 21 and 22", 0, streams=[3, 4, 5, 7, 15, 21, 22], **opens())
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_system_memory_info(1)
    made.add_vm_counters(1)
    return made


@sample("commit-exhausted", "Committed pages near the limit", "a machine out of commit", 0, rule="commit-exhausted", **opens())
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_system_memory_info(2, commit_nearly_full=True)
    made.add_vm_counters(2)
    return made


@sample("job-memory-limit", "A process in a job with a memory limit", "job members of stream 22", 0, rule="job-limit", **opens())
def _() -> Built:
    made = compose("threads modules memory system misc")
    made.add_vm_counters(2, job_limit=0xE80000)
    return made


def _other(arch: str, context: bytes, module: Module, teb: int, sp: int, base: int) -> DumpBuilder:
    made = DumpBuilder(arch)
    made.add_thread_list([Thread(0x1A30, teb, context, sp, b"\0" * (base - sp))])
    made.add_module_list([module])
    made.add_memory_list()
    made.add_system_info(level=8, revision=0x803, cpu=struct.pack("<QQ8x", 0x5F6B000, 0))
    made.add_misc_info(writer=f"dbgcore.{arch},10.0.19041.3636")
    return made


@sample("arm64-process", "An ARM64 process", "912-byte contexts", 0, arch="arm64", bits=64, threads=[0x1A30], context_size=CONTEXT_SIZES["arm64"], **opens())
def _() -> Built:
    return _other(
        "arm64",
        blocks.context_arm64(pc=0x7FF6A1B21010, sp=0x4A5E4FFEE0, lr=0x7FF6A1B21450, fp=0x4A5E4FFF00, x0=0x54),
        process.modules()[0],
        0x4A5E3F2000,
        0x4A5E4FFEE0,
        0x4A5E500000,
    )


@sample(
    "arm-process", "A 32-bit ARM process", "416-byte contexts, Thumb", 0, arch="arm", bits=32, threads=[0x1A30], context_size=CONTEXT_SIZES["arm"], **opens()
)
def _() -> Built:
    return _other(
        "arm", blocks.context_arm(pc=0x00D11010, sp=0x006FFE3C, lr=0x00D11451, r0=0x54), process.modules("x86")[0], 0x00B42000, 0x006FFE3C, 0x00700000
    )


@sample(
    "thread-ex-list",
    "The extended thread list",
    "64-byte entries with a backing store, as for IA-64",
    0,
    streams=[8, 4, 5, 7, 15],
    arch="amd64",
    threads=TIDS_64,
    **opens(),
)
def _() -> Built:
    made = DumpBuilder("amd64")
    made.add_thread_list([row._replace(backing_store=(0x4A5E800000, 0x1000, 0)) for row in process.threads_64()], extended=True)
    made.add_module_list(process.modules())
    made.add_memory_list()
    made.add_system_info()
    made.add_misc_info()
    return made
