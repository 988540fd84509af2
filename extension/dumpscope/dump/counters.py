"""SystemMemoryInfoStream and ProcessVmCountersStream: counters of the machine and of the process, by their C names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, NamedTuple, Optional, Tuple, Union

from ..format.counters import (
    MINIDUMP_PROCESS_VM_COUNTERS_1,
    MINIDUMP_PROCESS_VM_COUNTERS_2,
    MINIDUMP_SYSTEM_MEMORY_INFO_1,
    MINIDUMP_SYSTEM_MEMORY_INFO_2,
)
from .absence import NOT_THERE, Absent
from .single import read_single

if TYPE_CHECKING:
    from ..format.layout import Field, Structure
    from .directory import Stream
    from .source import Source

# Members that a bit of Flags makes valid; the others are always valid.
_SYSTEM_BITS: Dict[str, int] = {
    "FileCacheInfo.TransitionRePurposeCount": 0x1,
    "FileCacheInfo.Flags": 0x1,
    "PerfInfo.CcTotalDirtyPages": 0x4,
    "PerfInfo.CcDirtyPageThreshold": 0x4,
    "PerfInfo.ResidentAvailablePages": 0x8,
    "PerfInfo.SharedCommittedPages": 0x8,
    "PerfInfo.MdlPagesAllocated": 0x10,
    "PerfInfo.PfnDatabaseCommittedPages": 0x10,
    "PerfInfo.SystemPageTableCommittedPages": 0x20,
    "PerfInfo.ContiguousPagesAllocated": 0x20,
}
_SYSTEM_PREFIXES: Dict[str, int] = {"BasicPerfInfo.": 0x2}
_VM_BITS: Dict[str, int] = {
    "PeakVirtualSize": 0x2,
    "VirtualSize": 0x2,
    "PrivateUsage": 0x4,
    "PrivateWorkingSetSize": 0x8,
    "SharedCommitUsage": 0x8,
    "JobSharedCommitUsage": 0x10,
    "JobPrivateCommitUsage": 0x10,
    "JobPeakPrivateCommitUsage": 0x10,
    "JobPrivateCommitLimit": 0x10,
    "JobTotalCommitLimit": 0x10,
}


class Counter(NamedTuple):
    """One counter: its C name, its value or why it is not valid, and where it stands. ``field`` tells meaning and unit."""

    name: str
    value: Union[int, Absent]
    offset: int
    field: Field


class Counters:
    """A structure of counters. ``counters["PagefileUsage"]`` gives a number or Absent; iterating gives all of them in order."""

    def __init__(
        self, structure: Structure, data: bytes, held: int, offset: int, bits: Dict[str, int], prefixes: Dict[str, int], version: int, always: bool
    ) -> None:
        self.structure = structure
        self.version = version
        self.held = held
        self.offset = offset
        self._values: Dict[str, Any] = structure.unpack(data)
        self._bits = bits
        self._prefixes = prefixes
        self._always = always

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
        bit = 0 if self._always else self._bits.get(name, 0)
        if not bit and not self._always:
            bit = next((bit for prefix, bit in self._prefixes.items() if name.startswith(prefix)), 0)
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
            if leaf.path in ("Revision", "Flags") or "align" in leaf.path.lower() or "padding" in leaf.path.lower():
                continue
            yield Counter(leaf.path, self[leaf.path], self.offset + leaf.offset, leaf.field)

    def as_dict(self) -> Dict[str, Union[int, Absent]]:
        """All counters by C name, in the order of the structure."""
        return {counter.name: counter.value for counter in self}


def _read(
    source: Source, stream: Optional[Stream], versions: Tuple[Structure, Structure], bits: Dict[str, int], prefixes: Dict[str, int], what: str
) -> Union[Counters, Absent]:
    old, new = versions
    single = read_single(source, stream, new.size, 4, what)
    if isinstance(single, Absent):
        return single
    version = 2 if stream is not None and stream.size > old.size else 1
    structure = new if version == 2 else old
    # Version 1 of the process's counters has no Flags: all that it holds is valid.
    return Counters(structure, single.data, single.held, single.offset, bits, prefixes, version, "Flags" not in structure.unpack(single.data))


def read_system_memory(source: Source, stream: Optional[Stream]) -> Union[Counters, Absent]:
    """MINIDUMP_SYSTEM_MEMORY_INFO_1 or _2: the whole machine. Pages are of ``BasicInfo.PageSize`` bytes."""
    versions = (MINIDUMP_SYSTEM_MEMORY_INFO_1, MINIDUMP_SYSTEM_MEMORY_INFO_2)
    return _read(source, stream, versions, _SYSTEM_BITS, _SYSTEM_PREFIXES, "system memory information")


def read_vm_counters(source: Source, stream: Optional[Stream]) -> Union[Counters, Absent]:
    """MINIDUMP_PROCESS_VM_COUNTERS_1 or _2: the process; in bytes but for PageFaultCount."""
    versions = (MINIDUMP_PROCESS_VM_COUNTERS_1, MINIDUMP_PROCESS_VM_COUNTERS_2)
    return _read(source, stream, versions, _VM_BITS, {}, "memory counters of the process")
