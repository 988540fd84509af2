"""Dumps with something wrong: cut files, lying sizes and counts, missing streams, threads that could not be captured."""

import struct
from typing import Any, List

from . import process
from .catalogue import Built, sample
from .process import PID
from .recipes import DEMO_HANDLES, compose
from .writer import DumpBuilder, Module, UnloadedModule, find_entry, patch

BASIC = "threads modules memory system misc counters"
RICH = "threads info modules unloaded memory meminfo exception system misc handles counters"
OPENS: Any = {"engine": "opens"}
REFUSED: Any = {"engine": "refuses"}
NO_THREADS: Any = {"engine": "no-threads"}


def rich() -> bytes:
    """The healthy dump most of the damage is done to."""
    return compose(RICH, 0x1824).build()


def full() -> bytes:
    """A healthy full dump."""
    return compose("threads modules full system misc", 0x20002, only=1).build()


def _entry(data: bytes, stream_type: int, size: Any = None, rva: Any = None, new_type: Any = None) -> bytes:
    """The directory entry of a stream changed."""
    at, old_size, old_rva = find_entry(data, stream_type)
    return patch(data, ("<III", at, stream_type if new_type is None else new_type, old_size if size is None else size, old_rva if rva is None else rva))


def _without(*types: int) -> bytes:
    data = rich()
    for stream_type in types:
        data = _entry(data, stream_type, 0, 0, 0)
    return data


# --- header and directory --------------------------------------------------------------------------------------------


@sample(
    "damaged-directory-zeroed",
    "A valid header, the directory all zero",
    "the writer was interrupted before its last step",
    0x1824,
    streams=[],
    rule="writer-interrupted",
    **REFUSED,
)
def _() -> Built:
    data = rich()
    return data[:32] + bytes(12 * 16) + data[32 + 12 * 16 :]


@sample("damaged-directory-beyond-end", "The directory's RVA lies beyond the end", "a cut or altered file", 0x1824, rule="directory-beyond-end", **REFUSED)
def _() -> Built:
    data = rich()
    return patch(data, ("<I", 12, len(data) + 1))


@sample("damaged-cut-to-header", "Only the 32 bytes of the header", "a copy that stopped at once", 0x1824, rule="directory-beyond-end", **REFUSED)
def _() -> Built:
    return rich()[:32]


@sample("damaged-cut-in-directory", "The file ends inside the directory", "five entries are left", 0x1824, rule="directory-cut", **REFUSED)
def _() -> Built:
    return rich()[: 32 + 12 * 5 + 6]


@sample(
    "damaged-cut-in-half",
    "The file ends in the middle",
    "a transfer that was cut: the directory is there, many streams are not",
    0x1824,
    rule="file-cut",
    **REFUSED,
)
def _() -> Built:
    data = rich()
    return data[: len(data) // 2]


@sample("damaged-stream-count-huge", "NumberOfStreams is 0x7FFFFFFF", "a count that is not believed", 0x1824, rule="stream-count", **REFUSED)
def _() -> Built:
    return patch(rich(), ("<I", 8, 0x7FFFFFFF))


@sample("damaged-no-streams", "NumberOfStreams is 0", "a header and nothing to find", 0x1824, streams=[], rule="stream-count", **REFUSED)
def _() -> Built:
    return patch(rich(), ("<I", 8, 0))


@sample(
    "damaged-directory-at-the-end",
    "The directory stands after its streams",
    "allowed by the format; the engine takes no stream that lies before the directory",
    0,
    streams=[3, 4, 5, 7, 15, 21, 22],
    rule="directory-not-first",
    **REFUSED,
)
def _() -> Built:
    return compose(BASIC, slots=None)


@sample(
    "damaged-flags-all-ones",
    "Flags 0xFFFFFFFFFFFFFFFF",
    "bits nobody knows, among them the one for full memory",
    0xFFFFFFFFFFFFFFFF,
    rule="full-flag-without-memory64",
    **REFUSED,
)
def _() -> Built:
    return patch(rich(), ("<Q", 24, 0xFFFFFFFFFFFFFFFF))


@sample("damaged-flags-unknown", "Flags with bits above the known ones", "unknown bits are harmless", 0x800001824, rule="unknown-flags", **OPENS)
def _() -> Built:
    return patch(rich(), ("<Q", 24, 0x800001824))


@sample(
    "damaged-flags-disagree",
    "Flags 0, but every stream is there",
    "a writer that does not keep the header",
    0,
    handles=DEMO_HANDLES,
    rule="flags-streams-disagree",
    **OPENS,
)
def _() -> Built:
    return patch(rich(), ("<Q", 24, 0))


@sample("damaged-time-zero", "TimeDateStamp is 0", "no time: 1970", 0, timestamp=0, rule="no-time", **OPENS)
def _() -> Built:
    return compose(BASIC, timestamp=0)


@sample(
    "damaged-duplicate-streams",
    "Two thread lists and two module lists",
    "the first of each counts",
    0,
    threads=[0x1A30, 0x1B44, 0x0C58],
    modules=5,
    rule="duplicate-stream",
    **OPENS,
)
def _() -> Built:
    made = compose(BASIC)
    made.add_thread_list([process.threads_64()[1]._replace(tid=0x9999, stack=b"")])
    made.add_module_list(process.modules()[:1])
    return made


@sample(
    "damaged-overlapping-streams",
    "Two streams in the same bytes",
    "the unloaded module list lies inside the module list",
    0x1824,
    rule="overlapping-streams",
    **OPENS,
)
def _() -> Built:
    data = rich()
    _, _, rva = find_entry(data, 4)
    return _entry(data, 14, 24, rva + 8)


@sample("damaged-stream-in-header", "A stream that starts inside the header", "RVA 8: no data can lie there", 0x1824, rule="stream-in-header", **OPENS)
def _() -> Built:
    return _entry(rich(), 15, 24, 8)


# --- missing streams -------------------------------------------------------------------------------------------------


@sample("missing-system-info", "No SystemInfo", "no debugger opens it", 0x1824, missing=[7], **REFUSED)
def _() -> Built:
    return _without(7)


@sample("missing-thread-list", "No thread list", "opens, but there is no current thread", 0x1824, missing=[3], **NO_THREADS)
def _() -> Built:
    return _without(3)


@sample("missing-module-list", "No module list", "opens without modules and symbols", 0x1824, missing=[4], modules=None, **OPENS)
def _() -> Built:
    return _without(4)


@sample("missing-memory", "No memory list", "registers without stacks", 0x1824, missing=[5, 9], **OPENS)
def _() -> Built:
    return _without(5)


@sample("missing-everything-but-system-info", "SystemInfo alone", "the least an engine accepts", 0, streams=[7], **NO_THREADS)
def _() -> Built:
    return compose("system", slots=1)


@sample("system-info-architecture-unknown", "Processor architecture 0x63", "a debugger too old for the processor", 0, rule="architecture", **REFUSED)
def _() -> Built:
    return compose(BASIC, system={"architecture": 0x63})


@sample("system-info-architecture-mismatch", "An x64 process labelled x86", "the contexts belong to another processor", 0, rule="context-architecture", **OPENS)
def _() -> Built:
    return compose(BASIC, system={"architecture": 0})


@sample("system-info-too-small", "SystemInfo of 24 bytes", "cut inside the structure", 0, rule="stream-too-small", **REFUSED)
def _() -> Built:
    return _entry(compose(BASIC).build(), 7, 24)


@sample("misc-info-size-zero", "MiscInfo of 0 bytes", "seen in other writers' files", 0, rule="stream-too-small", **OPENS)
def _() -> Built:
    return _entry(compose(BASIC).build(), 15, 0)


@sample("misc-info-size-disagrees", "SizeOfInfo is larger than the stream", "the smaller of the two counts", 0, rule="misc-info-size", **OPENS)
def _() -> Built:
    return compose(BASIC, misc={"version": 3, "size": 1364})


# --- memory ----------------------------------------------------------------------------------------------------------


@sample(
    "full-memory-truncated",
    "A full dump that lacks its last 5000 bytes",
    "opens with a warning; the last ranges are gone",
    0x20002,
    truncated_by=5000,
    rule="truncated",
    **OPENS,
)
def _() -> Built:
    return full()[:-5000]


@sample("full-memory-truncated-by-one", "A full dump that lacks one byte", "the smallest possible loss", 0x20002, truncated_by=1, rule="truncated", **OPENS)
def _() -> Built:
    return full()[:-1]


@sample("full-memory-none-left", "A full dump cut where its memory begins", "the lists are there, the memory is not", 0x20002, rule="truncated", **OPENS)
def _() -> Built:
    data = full()
    _, _, rva = find_entry(data, 9)
    return data[: struct.unpack_from("<Q", data, rva + 8)[0]]


@sample(
    "full-memory-flag-without-list",
    "Flag 0x2 on a dump with partial memory",
    "refused by the debugger",
    0x2,
    missing=[9],
    rule="full-flag-without-memory64",
    **REFUSED,
)
def _() -> Built:
    return compose(BASIC, 0x2)


@sample(
    "full-memory-list-without-flag", "Memory64List without flag 0x2", "refused; setting the flag would mend it", 0, rule="memory64-without-full-flag", **REFUSED
)
def _() -> Built:
    return patch(full(), ("<Q", 24, 0))


@sample(
    "full-memory-list-size-wrong", "Memory64List with 4 bytes too many in the directory", "refused by the debugger", 0x20002, rule="memory64-size", **REFUSED
)
def _() -> Built:
    data = full()
    return _entry(data, 9, find_entry(data, 9)[1] + 4)


@sample("full-memory-count-huge", "Memory64List with 2^60 ranges", "a count that is not believed", 0x20002, rule="count-huge", **REFUSED)
def _() -> Built:
    data = full()
    return patch(data, ("<Q", find_entry(data, 9)[2], 1 << 60))


@sample("full-memory-base-beyond-end", "BaseRva lies beyond the end", "no byte of memory is there", 0x20002, rule="truncated", **REFUSED)
def _() -> Built:
    data = full()
    return patch(data, ("<Q", find_entry(data, 9)[2] + 8, len(data) + 0x100000))


@sample("memory-list-padded", "Four bytes between the count and the ranges", "as some writers pad 64-bit lists", 0, rule="padded-list", **OPENS)
def _() -> Built:
    made = DumpBuilder("amd64", 0, 0, slots=5)
    made.add_thread_list(process.threads_64())
    made.add_module_list(process.modules())
    made.add_memory_list(padded=True)
    made.add_system_info()
    made.add_misc_info()
    return made


@sample("memory-list-range-beyond-end", "A range whose bytes lie beyond the end", "one range cannot be read", 0, rule="range-beyond-end", **REFUSED)
def _() -> Built:
    made = compose(BASIC)
    made.ranges.append((0x1D5A3C40000, 0x1000, 0x00F00000))
    return made


@sample(
    "memory-list-ranges-overlap", "Ranges that overlap and agree", "a part of a stack stored twice: normal in real dumps", 0, rule="ranges-overlap", **OPENS
)
def _() -> Built:
    made = compose(BASIC)
    address, _, rva = made.ranges[0]
    made.add_memory(address + 0x40, bytes(made.body[rva + 0x40 : rva + 0x140]))
    return made


@sample(
    "memory-list-ranges-conflict",
    "Ranges that overlap and differ",
    "two contents for one address: the engine refuses the whole file",
    0,
    rule="ranges-conflict",
    **REFUSED,
)
def _() -> Built:
    made = compose(BASIC)
    made.add_memory(process.THREADS_64[0].sp + 0x40, b"\x41" * 0x100)
    return made


@sample("memory-list-count-huge", "The count says 0x10000000 ranges", "a count that is not believed", 0, rule="count-huge", **OPENS)
def _() -> Built:
    data = compose(BASIC).build()
    return patch(data, ("<I", find_entry(data, 5)[2], 0x10000000))


@sample("memory-list-range-wraps", "A range at the end of the address space", "start + size does not fit 64 bits", 0, rule="range-wraps", **OPENS)
def _() -> Built:
    made = compose(BASIC)
    made.add_memory(0xFFFFFFFFFFFFF000, b"\xff" * 0x2000)
    return made


# --- modules and other lists -----------------------------------------------------------------------------------------


@sample("module-without-name", "A module whose name RVA is 0", "Unknown_Module_<address>", 0, modules=5, rule="module-name", **OPENS)
def _() -> Built:
    return _modules(lambda rows: [rows[0], rows[1]._replace(name_rva=0)] + rows[2:])


@sample("module-name-beyond-end", "A module's name beyond the end", "a string that cannot be read", 0, modules=5, rule="string-beyond-end", **OPENS)
def _() -> Built:
    return _modules(lambda rows: [rows[0], rows[1]._replace(name_rva=0x00F00000)] + rows[2:])


@sample("module-codeview-cut", "RSDS records that stop too early", "no path, no age, four bytes", 0, modules=5, rule="codeview", **OPENS)
def _() -> Built:
    return _modules(lambda rows: [row._replace(cv=row.cv[:length]) for row, length in zip(rows, (24, 20, 4, 3, 30))])


@sample("modules-overlap", "Two modules at the same place", "an address belongs to two modules", 0, modules=5, rule="modules-overlap", **OPENS)
def _() -> Built:
    return _modules(lambda rows: rows[:4] + [rows[4]._replace(base=rows[3].base + 0x1000)])


@sample("module-list-padded", "Four bytes between the count and the modules", "as some writers pad 64-bit lists", 0, modules=5, rule="padded-list", **OPENS)
def _() -> Built:
    return _modules(lambda rows: rows, padded=True)


@sample("module-list-empty", "A module list with no module", "count 0", 0, modules=0, rule="no-modules", **OPENS)
def _() -> Built:
    return _modules(lambda rows: [])


@sample("module-list-count-huge", "The count says 0x7FFFFFFF modules", "a count that is not believed", 0, rule="count-huge", **OPENS)
def _() -> Built:
    data = compose(BASIC).build()
    return patch(data, ("<I", find_entry(data, 4)[2], 0x7FFFFFFF))


def _modules(change: Any, padded: bool = False) -> DumpBuilder:
    """A small dump with its module list changed."""
    made = compose("threads memory system misc")
    rows: List[Module] = change(process.modules())
    made.add_module_list(rows, padded)
    return made


@sample(
    "unloaded-module-without-name",
    "An unloaded module whose name RVA is 0",
    "the debugger prints an error and makes a name up",
    0x20,
    unloaded=2,
    rule="module-name",
    **OPENS,
)
def _() -> Built:
    made = compose(BASIC, 0x20)
    made.add_unloaded_modules([process.UNLOADED[0], UnloadedModule(0x7FFC2C400000, 0x1A000, None)])
    return made


@sample("unloaded-modules-entries-larger", "Unloaded modules with longer header and entries", "the stored sizes rule", 0x20, unloaded=2, **OPENS)
def _() -> Built:
    made = compose(BASIC, 0x20)
    made.add_unloaded_modules(process.UNLOADED, 16, 32)
    return made


@sample("unloaded-modules-entry-size-zero", "SizeOfEntry is 0", "a step that never ends", 0x1824, rule="entry-size", **OPENS)
def _() -> Built:
    data = rich()
    return patch(data, ("<I", find_entry(data, 14)[2] + 4, 0))


@sample("memory-map-entries-larger", "Memory info with longer header and entries", "the stored sizes rule", 0x800, **OPENS)
def _() -> Built:
    made = compose(BASIC, 0x800)
    made.add_memory_info(process.regions_64(), 24, 56)
    return made


@sample("memory-map-count-huge", "Memory info with 2^61 regions", "count times size overflows 64 bits", 0x1824, rule="count-huge", **OPENS)
def _() -> Built:
    data = rich()
    return patch(data, ("<Q", find_entry(data, 16)[2] + 8, 1 << 61))


@sample("memory-map-gaps", "A memory map with a hole and an overlap", "regions that do not tile the address space", 0x800, rule="regions-gap", **OPENS)
def _() -> Built:
    made = compose(BASIC, 0x800)
    rows = process.regions_64()
    made.add_memory_info(rows[:5] + rows[6:20] + [rows[19]._replace(size=rows[19].size * 2)] + rows[20:])
    return made


@sample("function-tables-too-many-entries", "A function table that claims 3599 entries", "more than the engine accepts", 0, rule="count-huge", **OPENS)
def _() -> Built:
    made = compose(BASIC)
    made.add_stream(
        13,
        struct.pack("<IIIIII", 24, 32, 112, 12, 1, 4)
        + bytes(4)
        + struct.pack("<QQQII", 0x1D5B0000000, 0x1D5B0010000, 0x1D5B0000000, 3599, 0)
        + bytes(112 + 12),
    )
    return made


@sample("token-size-zero", "A token of 0 bytes", "a step that never ends", 0x40000, rule="entry-size", **OPENS)
def _() -> Built:
    made = compose(BASIC, 0x40000)
    made.add_stream(19, struct.pack("<IIII", 32, 2, 16, 72) + bytes(16))
    return made


@sample("token-offsets-beyond-end", "A token whose blocks lie outside it", "offsets are not believed", 0x40000, rule="token-offset", **OPENS)
def _() -> Built:
    made = compose(BASIC, 0x40000)
    made.add_stream(19, struct.pack("<IIIIIIQ", 88, 1, 16, 72, 72, PID, 0x1C4) + struct.pack("<II", 0xF0000000, 64) * 7)
    return made


@sample("xstate-flag-only", "Contexts with the extended bit, but without the data", "flags 10005F, 1232 bytes", 0, rule="xstate", **OPENS)
def _() -> Built:
    rows = [row._replace(context=patch(row.context, ("<I", 48, 0x10005F))) for row in process.threads_64()]
    return compose(BASIC, threads=rows)


@sample("crashpad-annotations-beyond-end", "Crashpad annotations beyond the end", "a dictionary that leads nowhere", 0, rule="string-beyond-end", **OPENS)
def _() -> Built:
    made = compose(BASIC, version_high=0)
    made.add_stream(0x43500001, struct.pack("<I", 1) + bytes(32) + struct.pack("<IIIIIQ", 0xFFFFFFFC, 0xF00000, 0x40000000, 0x30, 0, 0))
    return made


@sample("comment-not-terminated", "Comments without their NUL", "text to the end of the stream", 0, rule="no-terminator", **OPENS)
def _() -> Built:
    made = compose(BASIC)
    made.add_stream(10, b"no end")
    made.add_stream(11, "no end, odd".encode("utf-16-le") + b"\x41")
    return made
