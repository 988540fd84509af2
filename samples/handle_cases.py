"""Everything that can be the matter with handles: the eight reasons for a failing `!handle`, and lists that work."""

import struct
from typing import Any

from . import blocks, process
from .catalogue import Built, sample
from .process import NAMED, PID
from .recipes import DBGENG, DBGHELP_7, DEMO_HANDLES, WINDOWS_7, compose, handles
from .writer import DumpBuilder, Handle, find_entry, patch

BASIC = "threads modules memory system misc counters"
FAILS: Any = {"engine": "opens", "handle_hresult": 0x80004002}
WORKS: Any = {"engine": "opens", "handle_hresult": 0}


def healthy() -> bytes:
    """The dump that the damaged lists are made of."""
    return compose("threads info modules memory system misc handles counters", 0x1004).build()


# --- 1: not requested ------------------------------------------------------------------------------------------------


@sample(
    "handles-not-requested-wer-mini",
    "Flags 0x121, as Windows Error Reporting's mini dumps",
    "nobody asked for handles",
    0x121,
    missing=[12],
    handle_cause=1,
    writer_version=0xA061,
    **FAILS,
)
def _() -> Built:
    return compose("threads modules memory exception system misc counters", 0x121, process_memory=True)


@sample(
    "handles-not-requested-dump-m", "`.dump /m`: flags 0x40000", "nobody asked for handles", 0x40000, missing=[12], handle_cause=1, writer="dbgeng", **FAILS
)
def _() -> Built:
    return compose(
        "threads modules tokens memory exception system misc counters", 0x40000, writer=DBGENG, exception={"tid": 0x1A30, "code": 0x80000007, "address": 0}
    )


@sample(
    "handles-not-requested-full-memory",
    "Flags 0x2: all memory, but no handles",
    "a large dump need not have handles",
    0x20002,
    missing=[12],
    handle_cause=1,
    **FAILS,
)
def _() -> Built:
    return compose("threads modules full system misc counters", 0x20002, only=1)


# --- 2: requested, nothing enumerated --------------------------------------------------------------------------------


@sample(
    "handles-requested-none-enumerated",
    "Flags 0x1004, no handle stream, dbgcore",
    "the process handle lacked PROCESS_DUP_HANDLE",
    0x1004,
    missing=[12],
    handle_cause=2,
    **FAILS,
)
def _() -> Built:
    return compose("threads info modules memory exception system misc counters", 0x1004)


@sample(
    "handles-requested-none-createdump",
    "Flags 0x41A25, no exception",
    "the pattern of .NET's dump tools, which open the process with too few rights",
    0x41A25,
    missing=[6, 12],
    handle_cause=2,
    writer="createdump",
    **FAILS,
)
def _() -> Built:
    return compose("threads info modules unloaded tokens memory meminfo system misc counters", 0x41A25, process_memory=True)


@sample(
    "handles-requested-none-x86", "Flags 0x1004, no handle stream, 32 bit", "the same in a 32-bit dump", 0x1004, missing=[12], handle_cause=2, bits=32, **FAILS
)
def _() -> Built:
    return compose("threads info modules memory system misc counters", 0x1004, "x86")


# --- 3: a dump of a dump ---------------------------------------------------------------------------------------------


@sample(
    "handles-dump-of-a-dump",
    "`.dump /mh` from a dump that had none",
    "written by dbgeng, flag set, no stream",
    0x40004,
    missing=[12],
    handle_cause=3,
    writer="dbgeng",
    **FAILS,
)
def _() -> Built:
    made = compose("threads modules memory exception system misc", 0x40004, writer=DBGENG, exception={"tid": 0x1A30, "code": 0x80000007, "address": 0})
    made.add_tokens([])
    made.add_stream(21, bytes(524))
    made.add_stream(22, bytes(152))
    return made


# --- 4: Wine ---------------------------------------------------------------------------------------------------------


def wine(flags: int) -> DumpBuilder:
    """A dump as Wine's MiniDumpWriteDump lays it out."""
    made = DumpBuilder("amd64", flags, 0, slots=8)
    made.add_system_info(major=6, minor=1, build=7601, csd="Service Pack 1")
    made.add_wine_marker()
    made.add_thread_list([row._replace(suspend=1) for row in process.threads_64()])
    rows = [row._replace(reserved0=0, cv=row.cv) for row in process.modules()]
    made.add_module_list(rows)
    made.add_module_list([rows[1]._replace(base=0x7F1234560000, name="/usr/lib/x86_64-linux-gnu/wine/ntdll.so", cv=b"", version=bytes(52))], stream_type=0xFFF0)
    made.add_memory_list()
    made.add_misc_info(1, flags=1, created=0, user=0, kernel=0)
    return made


@sample(
    "handles-wine-writer",
    "Flags 0x1105, written by Wine",
    "the raw request in the header; Wine writes no handles",
    0x1105,
    streams=[7, 3, 4, 0xFFF0, 5, 15],
    missing=[12, 17],
    handle_cause=4,
    writer="wine",
    writer_version=0,
    **FAILS,
)
def _() -> Built:
    return wine(0x1105)


# --- 5: other writers ------------------------------------------------------------------------------------------------


@sample(
    "handles-third-party-writer",
    "Flags 0x1826, version 0, no handle stream",
    "flags of other writers mean nothing",
    0x1826,
    missing=[12],
    handle_cause=5,
    writer_version=0,
    **FAILS,
)
def _() -> Built:
    return compose(
        "threads modules full system misc",
        0x1826,
        version_high=0,
        slots=5,
        only=1,
        system={"csd": "[ Dump file generated by an imaging tool ]"},
        misc={"version": 1, "flags": 1},
    )


@sample(
    "handles-third-party-flags-zero",
    "Flags 0, version 0, with a handle stream",
    "a writer that leaves the flags alone and writes handles with 32-byte descriptors",
    0,
    handles=DEMO_HANDLES,
    handle_cause=8,
    descriptor_size=32,
    writer_version=0,
    **WORKS,
)
def _() -> Built:
    return compose(
        "threads modules memory system misc handles",
        version_high=0,
        slots=6,
        shared_strings=True,
        rows=[row._replace(info=()) for row in handles()],
        descriptor_size=32,
    )


# --- 6: an empty list ------------------------------------------------------------------------------------------------


@sample(
    "handles-empty-list",
    "Windows 7's dbghelp: 0 descriptors",
    "the command works and lists nothing",
    0x1826,
    handles=0,
    handle_cause=6,
    writer_version=WINDOWS_7,
    **WORKS,
)
def _() -> Built:
    return compose(
        "threads info modules unloaded full meminfo system misc handles",
        0x1826,
        rows=[],
        only=1,
        version_high=WINDOWS_7,
        writer=DBGHELP_7,
        system={"major": 6, "minor": 1, "build": 7601, "csd": "Service Pack 1"},
        misc={"version": 3},
    )


# --- 7: inconsistent -------------------------------------------------------------------------------------------------


def _edited(name: str, title: str, shows: str, change: Any, **facts: Any) -> None:
    """Register the healthy dump with change(data, entry, size, rva) applied to its handle stream."""

    @sample("handles-" + name, title, shows, 0x1004, handle_cause=7, **dict(FAILS, **facts))
    def _() -> Built:
        data = healthy()
        changed: bytes = change(data, *find_entry(data, 12))
        return changed


def _restream(descriptor: int, header: int = 16, cut: int = 0, more: int = 0) -> DumpBuilder:
    """The handle stream with other sizes."""
    made = compose(BASIC, 0x1004)
    made.add_handles(handles(), descriptor, header)
    made.entries[-1][1] += more - cut
    made.append(b"\0" * more)
    return made


_edited(
    "count-too-large",
    "The header claims 1000 descriptors too many",
    "count and size disagree",
    lambda data, entry, size, rva: patch(data, ("<I", rva + 8, DEMO_HANDLES + 1000)),
    claimed=DEMO_HANDLES + 1000,
)
_edited(
    "count-too-small",
    "The header claims 3 of 26 descriptors",
    "count and size disagree",
    lambda data, entry, size, rva: patch(data, ("<I", rva + 8, 3)),
    claimed=3,
)
_edited(
    "count-huge",
    "The header claims 0xFFFFFFFF descriptors",
    "count times size overflows 32 bits",
    lambda data, entry, size, rva: patch(data, ("<I", rva + 8, 0xFFFFFFFF)),
    claimed=0xFFFFFFFF,
)
_edited(
    "count-zero-of-many",
    "The header claims 0 descriptors, the stream holds 26",
    "count and size disagree",
    lambda data, entry, size, rva: patch(data, ("<I", rva + 8, 0)),
    claimed=0,
)
_edited("stream-size-zero", "The directory says size 0", "a stream without bytes", lambda data, entry, size, rva: patch(data, ("<I", entry + 4, 0)))
_edited(
    "stream-beyond-end",
    "The directory points beyond the end",
    "the data is not there",
    lambda data, entry, size, rva: patch(data, ("<I", entry + 8, len(data) + 4096)),
)
_edited(
    "stream-cut",
    "The file ends inside the handle stream",
    "five descriptors and a bit are left",
    lambda data, entry, size, rva: data[: rva + 16 + 5 * 40 + 12],
    readable=5,
)
_edited("header-too-small", "SizeOfHeader is 8", "smaller than any header", lambda data, entry, size, rva: patch(data, ("<I", rva, 8)))
_edited("descriptor-size-zero", "SizeOfDescriptor is 0", "a step that never ends", lambda data, entry, size, rva: patch(data, ("<I", rva + 4, 0)))
_edited(
    "header-size-huge", "SizeOfHeader is 0xFFFFFFF0", "a header beyond the end of the file", lambda data, entry, size, rva: patch(data, ("<I", rva, 0xFFFFFFF0))
)


@sample("handles-descriptor-24", "Descriptors of 24 bytes", "smaller than the first version", 0x1004, handle_cause=7, descriptor_size=24, **FAILS)
def _() -> Built:
    return _restream(24)


@sample(
    "handles-stream-padded",
    "Four bytes too many in the directory",
    "size is not header + count x descriptor",
    0x1004,
    handle_cause=7,
    readable=DEMO_HANDLES,
    **FAILS,
)
def _() -> Built:
    return _restream(40, more=4)


@sample("handles-entry-unused", "The entry's type is 0", "the data is there, nothing points to it", 0x1004, handle_cause=2, missing=[12], **FAILS)
def _() -> Built:
    data = healthy()
    entry, _, _ = find_entry(data, 12)
    return patch(data, ("<III", entry, 0, 0, 0))


# --- 8: nothing wrong ------------------------------------------------------------------------------------------------


@sample(
    "handles",
    "Flags 0x1004 and 26 handles",
    "every kind of object information",
    0x1004,
    handles=DEMO_HANDLES,
    handle_cause=8,
    handle={
        0x40: {"type": "Semaphore", "access": 0x1F0003, "info": [8], "name": NAMED + "DemoSlots"},
        0x1C: {"type": None, "access": 0, "info": [], "name": None},
        0x4C: {"type": "Process", "access": 0x1FFFFF, "info": [5, 4], "name": ""},
    },
    **WORKS,
)
def _() -> Built:
    return healthy()


@sample(
    "handles-x86",
    "Flags 0x1004 and 26 handles, 32 bit",
    "object information in the 32-bit sizes",
    0x1004,
    handles=DEMO_HANDLES,
    bits=32,
    handle_cause=8,
    **WORKS,
)
def _() -> Built:
    return compose("threads info modules memory system misc handles counters", 0x1004, "x86")


@sample("handles-flag-cleared", "Flags 0, but the handle stream is there", "the stream counts, not the flag", 0, handles=DEMO_HANDLES, handle_cause=8, **WORKS)
def _() -> Built:
    return compose("threads modules memory system misc handles counters")


@sample(
    "handles-descriptor-32",
    "Descriptors of 32 bytes",
    "the first version: no object information",
    0x1004,
    handles=DEMO_HANDLES,
    descriptor_size=32,
    handle_cause=8,
    **WORKS,
)
def _() -> Built:
    return _restream(32)


@sample(
    "handles-descriptor-48",
    "Descriptors of 48 bytes",
    "larger than known is allowed",
    0x1004,
    handles=DEMO_HANDLES,
    descriptor_size=48,
    handle_cause=8,
    **WORKS,
)
def _() -> Built:
    return _restream(48)


@sample("handles-header-24", "A header of 24 bytes", "larger than known is allowed", 0x1004, handles=DEMO_HANDLES, header_size=24, handle_cause=8, **WORKS)
def _() -> Built:
    return _restream(40, 24)


@sample("handles-two-streams", "Two handle streams", "the first one counts", 0x1004, handles=DEMO_HANDLES, handle_cause=8, rule="duplicate-stream", **WORKS)
def _() -> Built:
    made = compose("threads modules memory system misc handles", 0x1004)
    made.add_handles([Handle(0x4, "Event", "the second stream's", 0x1F0003)])
    return made


@sample("handles-shared-strings", "One type string for all handles of a type", "RVAs may repeat", 0x1004, handles=DEMO_HANDLES, **WORKS)
def _() -> Built:
    return compose("threads modules memory system misc handles", 0x1004, shared_strings=True)


@sample(
    "handles-no-types",
    "No handle could be asked for its type",
    "a snapshot without basic handle information",
    0x4,
    handles=12,
    rule="handles-no-types",
    **WORKS,
)
def _() -> Built:
    return compose("threads modules memory system misc handles", 0x4, rows=[Handle(4 * index, None, None, 0, 0, 0, 0) for index in range(1, 13)])


@sample(
    "handles-file-names",
    "File handles with names",
    "as a process snapshot can give them",
    0x4,
    handles=3,
    handle={0x28: {"type": "File", "access": 0x120089, "info": [], "name": "\\Device\\HarddiskVolume3\\demo\\data.bin"}},
    **WORKS,
)
def _() -> Built:
    device = "\\Device\\HarddiskVolume3\\"
    return compose(
        "threads modules memory system misc handles",
        0x4,
        rows=[
            Handle(0x28, "File", device + "demo\\data.bin", 0x120089),
            Handle(0x2C, "File", device + "demo", 0x100020),
            Handle(0x30, "File", "\\Device\\NamedPipe\\demo-control", 0x12019F),
        ],
    )


@sample(
    "handles-leak", "600 handles, 564 of them events of one kind", "a process that leaks events", 0x4, handles=600, leaked="Event", rule="handle-leak", **WORKS
)
def _() -> Built:
    rows = handles()
    rows += [Handle(0x80 + 4 * index, "Event", "", 0x1F0003, handles=2, pointers=32769) for index in range(564)]
    rows += [Handle(0x80 + 4 * (564 + index), "Key", "\\REGISTRY\\MACHINE", 0x20019) for index in range(10)]
    return compose("threads modules memory system misc handles", 0x4, rows=rows, shared_strings=True)


@sample(
    "handles-abandoned-mutant",
    "A mutant whose owner is gone",
    "abandoned, and an owner that is not in the thread list",
    0x4,
    handles=2,
    rule="mutant-owner",
    **WORKS,
)
def _() -> Built:
    return compose(
        "threads modules memory system misc handles",
        0x4,
        rows=[
            Handle(0x38, "Mutant", NAMED + "DemoLock", 0x1F0001, info=[blocks.mutant_owner(64, PID, 0x2222), blocks.mutant_information(0, abandoned=True)]),
            Handle(0x3C, "Mutant", NAMED + "DemoWait", 0x1F0001, info=[blocks.mutant_owner(64, PID, 0x1B44), blocks.mutant_information(-2)]),
        ],
    )


# --- strings and object information ----------------------------------------------------------------------------------


def _one(handle: Handle) -> DumpBuilder:
    return compose("threads modules memory system misc handles", 0x4, rows=[handles()[0], handle])


@sample(
    "handles-name-beyond-end", "A name's RVA points beyond the end", "`Unable to access string descriptor`", 0x4, handles=2, rule="string-beyond-end", **WORKS
)
def _() -> Built:
    return _one(Handle(0x8, "Key", None, 0x20019, name_rva=0x00F00000))


@sample("handles-name-length-huge", "A name that claims 4 GB", "a string's length is not believed", 0x4, handles=2, rule="string-too-long", **WORKS)
def _() -> Built:
    made = compose("threads modules memory system misc", 0x4)
    rva = made.append(struct.pack("<I", 0xFFFFFFF0) + "cut".encode("utf-16-le"))
    made.add_handles([handles()[0], Handle(0x8, "Key", None, 0x20019, name_rva=rva)])
    return made


@sample("handles-name-length-odd", "A name of 7 bytes", "half a character at the end", 0x4, handles=2, rule="string-odd", **WORKS)
def _() -> Built:
    return _one(Handle(0x8, "Key", b"a\0b\0c\0d", 0x20019))


@sample("handles-info-loop", "Object information that points to itself", "a walk must end", 0x4, handles=2, rule="info-loop", **WORKS)
def _() -> Built:
    made = compose("threads modules memory system misc", 0x4)
    rva = made.append(b"", 4)
    first = struct.pack("<IIIII", rva + 20, 6, 8, 0, 1)
    made.append(first + struct.pack("<IIIII", rva, 6, 8, 1, 0))
    made.add_handles([handles()[0], Handle(0x8, "Event", "", 0x1F0003, info_rva=rva)])
    return made


@sample("handles-info-beyond-end", "Object information beyond the end", "the block cannot be read", 0x4, handles=2, rule="info-beyond-end", **WORKS)
def _() -> Built:
    return _one(Handle(0x8, "Event", "", 0x1F0003, info_rva=0x00F00000))


@sample(
    "handles-info-size-wrong",
    "Object information of an unexpected size",
    "a mutant block of 5 bytes, a section of 40",
    0x4,
    handles=2,
    rule="info-size",
    **WORKS,
)
def _() -> Built:
    return _one(Handle(0x8, "Mutant", "", 0x1F0001, info=[(2, b"\1\0\0\0\0"), (7, bytes(40))]))


@sample("handles-info-type-unknown", "Object information of type 9", "newer than known", 0x4, handles=2, rule="info-type", **WORKS)
def _() -> Built:
    return _one(Handle(0x8, "Event", "", 0x1F0003, info=[(9, bytes(range(16))), blocks.event_information(True, True)]))
