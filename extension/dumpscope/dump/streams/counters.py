"""SystemMemoryInfoStream and ProcessVmCountersStream: counters of the machine and of the process, by their C names."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, NamedTuple, Optional, Union

from ...format.counters import (
    MINIDUMP_PROCESS_VM_COUNTERS_1,
    MINIDUMP_PROCESS_VM_COUNTERS_2,
    MINIDUMP_SYSTEM_MEMORY_INFO_1,
    MINIDUMP_SYSTEM_MEMORY_INFO_2,
)
from ...format.layout import Field, Structure
from ..absence import NOT_THERE, Absent
from ..directory import Stream
from ..single import read_single
from ..source import Source

_GUARD = re.compile(r"Flags has 0x([0-9a-f]+)$")


def _guard(structure: Structure, path: str) -> int:
    """The bit of Flags that makes a counter valid, from the format's own words; 0 where none does."""
    for field in (structure.leaf(path).field, structure.field(path.partition(".")[0])):
        found = _GUARD.match(field.when)
        if found:
            return int(found.group(1), 16)
    return 0


class Counter(NamedTuple):
    """One counter: its C name, its value or why it is not valid, and where it stands. ``field`` tells meaning and unit."""

    name: str
    value: Union[int, Absent]
    offset: int
    field: Field


class Counters:
    """A structure of counters. ``counters["PagefileUsage"]`` gives a number or Absent; iterating gives all of them in order.

    ``structure`` is its layout, ``version`` 1 or 2 by the size of the stream, ``held`` how many bytes of it the file has, ``offset``
    where it stands.
    """

    def __init__(self, structure: Structure, data: bytes, held: int, offset: int, version: int) -> None:
        self.structure = structure
        self.version = version
        self.held = held
        self.offset = offset
        self._values: Dict[str, Any] = structure.unpack(data)

    def __repr__(self) -> str:
        return f"<Counters {self.structure.name}: {self.held} bytes>"

    @property
    def revision(self) -> int:
        """The structure's Revision."""
        value: int = self._values["Revision"]
        return value

    @property
    def flags(self) -> int:
        """Which counters are valid; 0 where the structure has no such member."""
        value: int = self._values.get("Flags", 0)
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> Union[int, Absent]:
        """A counter by its C name. Raises KeyError for a name that this version of the structure does not have."""
        value: int = self._values[name]
        leaf = self.structure.leaf(name)
        end = leaf.offset + leaf.field.size
        if end > self.held:
            return Absent(NOT_THERE, f"no {name}: the stream has 0x{self.held:x} bytes, {name} ends at 0x{end:x}")
        bit = _guard(self.structure, name)
        if bit and not self.flags & bit:
            return Absent(NOT_THERE, f"no {name}: Flags (0x{self.flags:x}) has no bit 0x{bit:x}")
        return value

    def get(self, name: str) -> Union[int, Absent]:
        """Like indexing; Absent for a name that this version does not have."""
        if name not in self._values:
            return Absent(NOT_THERE, f"no {name}: version {self.version} of the structure does not have it")
        return self[name]

    def __iter__(self) -> Iterator[Counter]:
        for leaf in self.structure.leaves:
            if leaf.path not in ("Revision", "Flags"):
                yield Counter(leaf.path, self[leaf.path], self.offset + leaf.offset, leaf.field)

    def as_dict(self) -> Dict[str, Union[int, Absent]]:
        """All counters by C name, in the order of the structure."""
        return {counter.name: counter.value for counter in self}


def _read(source: Source, stream: Optional[Stream], old: Structure, new: Structure, what: str) -> Union[Counters, Absent]:
    single = read_single(source, stream, new.size, 4, what)
    if isinstance(single, Absent):
        return single
    version = 2 if stream is not None and stream.size > old.size else 1
    return Counters(new if version == 2 else old, single.data, single.held, single.offset, version)


def read_system_memory(source: Source, stream: Optional[Stream]) -> Union[Counters, Absent]:
    """MINIDUMP_SYSTEM_MEMORY_INFO_1 or _2: the whole machine. Pages are of ``BasicInfo.PageSize`` bytes."""
    return _read(source, stream, MINIDUMP_SYSTEM_MEMORY_INFO_1, MINIDUMP_SYSTEM_MEMORY_INFO_2, "system memory information")


def read_vm_counters(source: Source, stream: Optional[Stream]) -> Union[Counters, Absent]:
    """MINIDUMP_PROCESS_VM_COUNTERS_1 or _2: the process; in bytes but for PageFaultCount."""
    return _read(source, stream, MINIDUMP_PROCESS_VM_COUNTERS_1, MINIDUMP_PROCESS_VM_COUNTERS_2, "memory counters of the process")
