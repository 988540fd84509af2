"""Regions as words: their protection, state and type, and why memory is not in a dump."""

from __future__ import annotations

from typing import List, Optional

from ..dump.absence import DAMAGED, EMPTY, NOT_THERE, Absent
from ..dump.minidump import Minidump
from ..dump.streams.memory import Region
from ..format.flags import MiniDumpWithFullMemory
from ..format.memory import MEM_COMMIT, MEM_FREE, MEMORY_STATE, MEMORY_TYPE, PAGE_PROTECTION
from ..format.streams import CompressedMemoryStream, CompressedMemoryStreamSQL
from ..view.blocks import Item
from ..view.kinds import address_kind, address_text
from .module_headers import why_not_here


def protection_names(protect: int) -> List[str]:
    """C names of a protection, which is one of eight with modifiers; empty for 0, which free and reserved regions have."""
    return PAGE_PROTECTION.labels(protect) if protect else []


def state_name(state: int) -> str:
    """C name of a state."""
    return MEMORY_STATE.label(state) or f"0x{state:x}"


def type_name(kind: int) -> str:
    """C name of a type; empty for 0, which free regions have."""
    return MEMORY_TYPE.label(kind) or (f"0x{kind:x}" if kind else "")


def no_memory(dump: Minidump) -> Absent:
    """Why nothing was captured."""
    for items in (dump.memory64_list, dump.memory_list):
        absence = items.absence
        if absence is not None and absence.kind in (DAMAGED, EMPTY):
            return absence
    for kind in (CompressedMemoryStream, CompressedMemoryStreamSQL):
        stream = dump.stream(kind)
        if stream is not None:
            return Absent("not-known", f"the memory is in {stream.name} ({stream.size} bytes), whose layout is not public")
    if dump.header.flags & MiniDumpWithFullMemory:
        return Absent(NOT_THERE, f"no memory: the flags (0x{dump.header.flags:x}) ask for all of it, the file holds neither a memory list nor full memory")
    return Absent(NOT_THERE, "no memory: the file holds neither a MemoryListStream nor a Memory64ListStream")


def not_captured_words(dump: Minidump, value: int, region: Optional[Region]) -> str:
    """Why the bytes at an address are not in the dump, as far as the file tells."""
    if region is not None and region.state == MEM_FREE:
        return "nothing was there: the region is free"
    if region is not None and region.state != MEM_COMMIT:
        return "nothing was there: the region is only reserved"
    if not dump.memory:
        return no_memory(dump).message
    if len(dump.memory64_list):
        for item in dump.memory64_list:
            if item.start <= value < item.end:
                return f"the file ends before it: its bytes would be at 0x{item.rva + value - item.start:x}, the file has 0x{dump.size:x}"
        return "full memory was captured without it: it could not be read, or there was nothing"
    return why_not_here(dump, value) or "a partial dump: its flags did not ask for this memory"


def nearest_captured(dump: Minidump, address: int) -> List[Item]:
    """The captured stretches next to an address that is not captured."""
    kind = address_kind(dump.pointer_size)
    width = dump.pointer_size
    below, above = dump.memory.neighbours(address)
    items = []
    for key, label, place in (("captured_below", "captured below", below), ("captured_above", "captured above", above)):
        if place is None:
            items.append(Item(key, label, None, kind, text="nothing"))
            continue
        start, end = place
        distance = address - end + 1 if end <= address else start - address
        value = {"start": f"0x{start:x}", "end": f"0x{end:x}"}
        items.append(Item(key, label, value, "data", hidden=True))
        text = f"{address_text(start, width)} - {address_text(end, width)}"
        items.append(Item("", label, start, kind, text=text, note=f"0x{distance:x} bytes away"))
    return items
