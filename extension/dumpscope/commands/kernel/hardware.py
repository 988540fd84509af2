"""The hardware error record of a dump of WHEA_UNCORRECTABLE_ERROR, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List

from ...dump.absence import NOT_APPLICABLE, Absent
from ...dump.kernel.kerneldump import KernelDump
from ...dump.kernel.whea import WHEA_CODE, Section, hardware_record
from ...format.codes.bugcheck import plain_code
from ...format.codes.machinecheck import ADDRESS_VALID
from ...format.machine import whea as layout
from ...view.blocks import Column, Data, Fields, Item, Note, Table

if TYPE_CHECKING:
    from ...view.blocks import Block


def hardware_blocks(dump: KernelDump) -> Iterator[Block]:
    """The record that parameter 2 names, where the bug check is one of hardware and has one."""
    if plain_code(dump.code) != WHEA_CODE:
        return
    record = hardware_record(dump, dump.parameters[1])
    if isinstance(record, Absent):
        yield Data("hardware", None)
        if record.kind != NOT_APPLICABLE:
            yield Note(f"{record.message}.")
        return
    yield Fields(
        "hardware",
        [
            Item("address", "record at", record.address, "hex"),
            Item("severity", "severity", record.severity),
            Item("notify", "reported as", record.notify),
            Item("flags", "flags", record.header["Flags"], "hex"),
            Item("length", "length", record.header["Length"], "bytes"),
        ],
        title="hardware error record",
    )
    rows = [(item.index, item.about, item.severity, "yes" if item.primary else "", item.address, "; ".join(_words(item))) for item in record.sections]
    columns = [
        Column("index", "section", "int"),
        Column("about", "about"),
        Column("severity", "severity"),
        Column("primary", "primary"),
        Column("address", "at", "hex"),
        Column("says", "says"),
    ]
    yield Table("hardware_sections", columns, rows)
    for text in record.damage:
        yield Note(f"{text[0].upper()}{text[1:]}.", "warning")


def _words(section: Section) -> List[str]:
    """What a section says, as far as its fields are marked as valid."""
    values, check = section.values, section.check
    if values is None:
        return [section.note]
    if check is not None:
        vendor = layout.CPU_VENDOR.meaning(values["CpuVendor"]) or "another"
        found = [f"processor {values['ProcessorNumber']} ({vendor}), bank {values['BankNumber']}: MCi_STATUS 0x{check.status:x}"]
        found += [check.error, *check.flags] if check.valid else ["the bank holds no error"]
        if check.status & ADDRESS_VALID:
            found.append(f"address 0x{values['Address']:x}")
        return found
    if section.shape is layout.WHEA_PROCESSOR_GENERIC_ERROR_SECTION:
        return _generic(values)
    if section.shape is layout.WHEA_XPF_PROCESSOR_ERROR_SECTION:
        bits = values["ValidBits"]
        found = [f"APIC ID 0x{values['LocalAPICId']:x}"] if bits & 1 else []
        return [*found, f"{bits >> 2 & 0x3F} checks and {bits >> 8 & 0x3F} contexts follow"]
    if section.shape is layout.WHEA_PCIEXPRESS_ERROR_SECTION:
        return _pcie(values)
    return _memory(values)


def _generic(values: Dict[str, Any]) -> List[str]:
    """A processor error: bits of ValidBits stand for the fields in their order."""
    valid = values["ValidBits"]
    parts = [
        (0, layout.PROCESSOR_TYPE.meaning(values["ProcessorType"])),
        (2, layout.ERROR_TYPE.meaning(values["ErrorType"])),
        (3, layout.OPERATION.meaning(values["Operation"])),
        (5, f"level {values['Level']}"),
        (7, values["CPUBrandString"].split(b"\0", 1)[0].decode("ascii", "replace").strip()),
        (8, f"APIC ID 0x{values['ProcessorId']:x}"),
        (9, f"target 0x{values['TargetAddress']:x}"),
        (12, f"instruction 0x{values['InstructionPointer']:x}"),
    ]
    return [text for bit, text in parts if valid >> bit & 1 and text]


def _pcie(values: Dict[str, Any]) -> List[str]:
    """A PCI Express error: which device, and what its uncorrectable error status says."""
    valid = values["ValidBits"]
    found = [layout.PCIE_PORT_TYPE.meaning(values["PortType"])] if valid & 1 else []
    if valid & 8:
        place = f"{values['Segment']:04x}:{values['PrimaryBusNumber']:02x}:{values['DeviceNumber']:02x}.{values['FunctionNumber']:x}"
        found.append(f"device {place}, PCI\\VEN_{values['VendorId']:04X}&DEV_{values['DeviceId']:04X}")
    if valid & 0x80:
        status = int.from_bytes(values["AerInfo"][4:8], "little")
        found += [text for bit, text in layout.UNCORRECTABLE_ERRORS.items() if status >> bit & 1]
    return [text for text in found if text]


def _memory(values: Dict[str, Any]) -> List[str]:
    """A memory error: what kind, and where."""
    valid = values["ValidBits"]
    found = [layout.MEMORY_ERROR.meaning(values["ErrorType"])] if valid >> 14 & 1 else []
    found += [f"physical address 0x{values['PhysicalAddress']:x}"] if valid & 2 else []
    names = ("Node", "Card", "Module", "Bank", "Device", "Row", "Column", "BitPosition")
    return [text for text in found if text] + [f"{name} {values[name]}" for bit, name in enumerate(names, 3) if valid >> bit & 1]
