"""The structures of a user dump of the old format, one after the other: what ``map``, ``bytes`` and ``whatis`` stand on for these files."""

from __future__ import annotations

from typing import Iterator, List

from ..dump.userdump import UserDump
from ..format.contexts import CONTEXT_LAYOUTS
from ..format.userdump import (
    CRASH_MODULE32,
    CRASH_MODULE64,
    CRASH_THREAD32,
    CRASH_THREAD64,
    EXCEPTION_DEBUG_EVENT32,
    EXCEPTION_DEBUG_EVENT64,
    MEMORY_BASIC_INFORMATION32,
    MEMORY_BASIC_INFORMATION64,
)
from .node import BLOB, CONTEXT, HEADER, MEMORY, RECORD, STRING, Node


def user_dump_anatomy(dump: UserDump) -> Iterator[Node]:
    """Every structure of the file, header first. Bounded by the file: lists are walked as far as it holds them."""
    shape = dump.header_layout
    yield Node(0, shape.size, HEADER, "header", shape, None, True)
    yield from _threads(dump)
    yield from _modules(dump)
    yield from _regions(dump)
    yield from _event(dump)


def _threads(dump: UserDump) -> Iterator[Node]:
    shape = CRASH_THREAD64 if dump.wide else CRASH_THREAD32
    layouts = CONTEXT_LAYOUTS.get(dump.architecture, ())
    states, contexts = dump.header_layout.offset_of("ThreadStateOffset"), dump.header_layout.offset_of("ThreadOffset")
    for index, thread in enumerate(dump.threads):
        what = f"threads > thread {index} ({thread.record['ThreadId']:x})"
        yield Node(thread.offset, shape.size, RECORD, what, shape, states, True)
        yield Node(thread.context, dump.context_size, CONTEXT, f"{what} > registers", layouts[0].structure if layouts else None, contexts, True)


def _modules(dump: UserDump) -> Iterator[Node]:
    shape = CRASH_MODULE64 if dump.wide else CRASH_MODULE32
    pointer = dump.header_layout.offset_of("ModuleOffset")
    for module in dump.modules:
        what = f"modules > {module.name or 'without a name'} at 0x{module.base:x}"
        yield Node(module.offset, shape.size, RECORD, what, shape, pointer, True)
        length = shape.unpack(dump.source.bytes(module.offset, shape.size, shape.name))["ImageNameLength"]
        if length:
            yield Node(module.offset + shape.size, length, STRING, f"{what} > name", None, module.offset + shape.offset_of("ImageNameLength"), True)


def _regions(dump: UserDump) -> Iterator[Node]:
    shape = MEMORY_BASIC_INFORMATION64 if dump.wide else MEMORY_BASIC_INFORMATION32
    records, data = dump.header_layout.offset_of("MemoryRegionOffset"), dump.header_layout.offset_of("DataOffset")
    for region in dump.regions:
        yield Node(region.offset, shape.size, RECORD, f"regions > region at 0x{region.base:x}", shape, records, True)
        held = 0 if region.place is None else dump.source.available(region.place, region.size)
        if region.place is not None and held:
            yield Node(region.place, held, MEMORY, f"memory > region at 0x{region.base:x}", None, data, True)


def _event(dump: UserDump) -> Iterator[Node]:
    shape = EXCEPTION_DEBUG_EVENT64 if dump.wide else EXCEPTION_DEBUG_EVENT32
    place = dump.header["DebugEventOffset"]
    held = dump.source.available(place, shape.size)
    if held:
        whole = held == shape.size and dump.event is not None
        yield Node(place, held, RECORD, "debug event", shape if whole else None, dump.header_layout.offset_of("DebugEventOffset"), True)
    version = dump.header["VersionInfoOffset"]
    if version and version < dump.source.size:
        starts = [value for name, value in dump.header.items() if name.endswith("Offset") and value > version]
        end = min([dump.source.size, *starts])
        yield Node(version, end - version, BLOB, "version information", None, dump.header_layout.offset_of("VersionInfoOffset"), True)


def user_nodes_at(dump: UserDump, offset: int) -> List[Node]:
    """The structures that hold a byte: the one that owns it in the map first."""
    found = [node for node in user_dump_anatomy(dump) if node.offset <= offset < node.end]
    found.sort(key=lambda node: (node.offset, -node.size))
    return found
