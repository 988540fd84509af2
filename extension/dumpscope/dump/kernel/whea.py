"""The hardware error record that a dump of WHEA_UNCORRECTABLE_ERROR (0x124) holds: parameter 2 is its address.

Everything is bounded by what the dump holds: a record whose length or sections point beyond it is read as far as it goes, and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Union

from ...format.codes.machinecheck import MachineCheck, machine_check
from ...format.guid import guid_text
from ...format.layout import Structure
from ...format.machine import whea as layout
from ..absence import DAMAGED, NOT_APPLICABLE, NOT_CAPTURED, Absent

if TYPE_CHECKING:
    from .kerneldump import KernelDump

WHEA_CODE = 0x124
_RECORD_LIMIT = 1 << 16
_SECTION_LIMIT = 64


class Section(NamedTuple):
    """A section of a record. ``values`` are its numbers by C name, None where it is of another kind or not whole; ``note`` says so."""

    index: int  # type: ignore[assignment]
    address: int
    size: int
    type: str
    about: str
    severity: str
    primary: bool
    shape: Optional[Structure]
    values: Optional[Dict[str, Any]]
    note: str = ""

    @property
    def check(self) -> Optional[MachineCheck]:
        """The bank's status of a section of machine check registers."""
        if self.shape is not layout.WHEA_XPF_MCA_SECTION or self.values is None:
            return None
        return machine_check(self.values["Status"])


class Record(NamedTuple):
    """A hardware error record: address, header by C name, sections, and what is wrong with it."""

    address: int
    header: Dict[str, Any]
    sections: List[Section]
    damage: List[str]

    @property
    def severity(self) -> str:
        """How bad the error is, in words."""
        value = self.header["Severity"]
        return layout.SEVERITY.meaning(value) or f"severity {value}"

    @property
    def notify(self) -> str:
        """How the error was reported, in words; the GUID where it has no name."""
        text = _guid(self.header, "NotifyType")
        return layout.NOTIFY_TYPES.get(text, text)


def _guid(values: Dict[str, Any], name: str) -> str:
    parts = values[f"{name}.Data1"], values[f"{name}.Data2"], values[f"{name}.Data3"]
    return guid_text(parts[0].to_bytes(4, "little") + parts[1].to_bytes(2, "little") + parts[2].to_bytes(2, "little") + values[f"{name}.Data4"])


def hardware_record(dump: KernelDump, address: int) -> Union[Record, Absent]:
    """The record at ``address``; Absent where the dump does not hold it."""
    shape = layout.WHEA_ERROR_RECORD_HEADER
    if not address:
        return Absent(NOT_APPLICABLE, "the bug check names no hardware error record")
    data = dump.read(address, _RECORD_LIMIT)
    if len(data) < shape.size:
        return Absent(NOT_CAPTURED, f"the hardware error record at 0x{address:x} is not in the dump")
    header = shape.unpack(data)
    if data[:4] != layout.ERROR_RECORD_SIGNATURE:
        return Absent(DAMAGED, f"no hardware error record is at 0x{address:x}: it begins with {data[:4].hex(' ')} instead of CPER")
    damage: List[str] = []
    length = header["Length"]
    if length > len(data):
        damage.append(f"the record says 0x{length:x} bytes, and the dump holds 0x{len(data):x} of them")
    data = data[: max(length, shape.size)]
    sections: List[Section] = []
    entry = layout.WHEA_ERROR_RECORD_SECTION_DESCRIPTOR
    for index in range(header["SectionCount"]):
        at = shape.size + index * entry.size
        if index >= _SECTION_LIMIT or at + entry.size > len(data):
            damage.append(f"the record says {header['SectionCount']} sections, and descriptors of {index} are read")
            break
        sections.append(_section(index, address, data, entry.unpack(data, at)))
    return Record(address, header, sections, damage)


def _section(index: int, address: int, data: bytes, entry: Dict[str, Any]) -> Section:
    kind = _guid(entry, "SectionType")
    offset, size = entry["SectionOffset"], entry["SectionLength"]
    severity = layout.SEVERITY.meaning(entry["SectionSeverity"]) or f"severity {entry['SectionSeverity']}"
    about, shape = layout.SECTIONS.get(kind, (layout.OTHER_SECTIONS.get(kind, kind), None))
    values, note = None, ""
    if shape is None:
        note = "its layout is not taken apart here"
    elif offset < layout.WHEA_ERROR_RECORD_HEADER.size or size < shape.size or offset + shape.size > len(data):
        note = f"{shape.name} needs 0x{shape.size:x} bytes; the section has 0x{size:x} at 0x{offset:x} of a record of 0x{len(data):x}"
    else:
        values = shape.unpack(data, offset)
    return Section(index, address + offset, size, kind, about, severity, bool(entry["Flags"] & 1), shape, values, note)
