"""``.dumpdebug`` of a user dump of the old format. Observed: dbgeng 10.0.15063."""

from __future__ import annotations

from typing import Iterator

from ...dump.userdump import UserDump


def user_dumpdebug_lines(dump: UserDump) -> Iterator[str]:
    """The lines. It counts the bytes of guard pages as if they were in the file, and so do these."""
    head = dump.header
    wide = dump.wide
    minor = head["MinorVersion"]

    def offset(value: int) -> str:
        return f"{value:>12x}" if wide else f"{value:08x}"

    yield f"----- {64 if wide else 32} bit User Full Dump Analysis"
    yield ""
    yield f"MajorVersion:       {head['MajorVersion']}"
    yield f"MinorVersion:       {minor & 0xFFFF} (Build {minor >> 16})"
    yield f"MachineImageType:   {head['MachineImageType']:08x}"
    yield f"ThreadCount:        {head['ThreadCount']:08x}"
    yield f"ThreadOffset:       {offset(head['ThreadOffset'])}"
    yield f"ThreadStateOffset:  {offset(head['ThreadStateOffset'])}"
    yield f"ModuleCount:        {head['ModuleCount']:08x}"
    yield f"ModuleOffset:       {offset(head['ModuleOffset'])}"
    yield f"DebugEventOffset:   {offset(head['DebugEventOffset'])}"
    yield f"VersionInfoOffset:  {offset(head['VersionInfoOffset'])}"
    yield ""
    yield "Virtual Memory Description:"
    yield f"MemoryRegionOffset: {offset(head['MemoryRegionOffset'])}"
    yield f"Number of regions:  {head['MemoryRegionCount']}"
    if wide:
        yield "    FileOffset            Start Address             Length"
    else:
        yield "          FileOffset   Start Address   Length"
    place = head["DataOffset"]
    total = 0
    for region in dump.regions:
        if wide:
            yield f"{place:>18x}      {region.base >> 32:08x}`{region.base & 0xFFFFFFFF:08x}{region.size:>19x}"
        else:
            yield f"{place:>18x}      {region.base:08x}       {region.size:08x}"
        place += region.size
        total += region.size
    yield f"Total memory: {total:>16x}"
