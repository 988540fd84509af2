"""A hardware error record says what ValidBits marks as valid, and nothing else: each bit alone (UEFI specification, appendix N)."""

from __future__ import annotations

import struct
from typing import Any, Dict, List

import pytest
from tests.cases import each

from dumpscope.commands.kernel import hardware
from dumpscope.dump.kernel.whea import Section
from dumpscope.format.machine import whea as layout

GENERIC: Dict[str, Any] = {
    "ProcessorType": 0,
    "ErrorType": 1,
    "Operation": 1,
    "Level": 2,
    "CPUBrandString": b"Demo CPU \0rest",
    "ProcessorId": 0x21,
    "TargetAddress": 0x1001,
    "InstructionPointer": 0x2002,
}
GENERIC_BITS = {0: "x86 or x64", 2: "cache error", 3: "data read", 5: "level 2", 7: "Demo CPU", 8: "APIC ID 0x21", 9: "target 0x1001", 12: "instruction 0x2002"}
MEMORY: Dict[str, Any] = {
    "ErrorType": 3,
    "PhysicalAddress": 0x1234000,
    "Node": 1,
    "Card": 2,
    "Module": 3,
    "Bank": 4,
    "Device": 5,
    "Row": 6,
    "Column": 7,
    "BitPosition": 8,
}
MEMORY_BITS = {
    1: "physical address 0x1234000",
    3: "Node 1",
    4: "Card 2",
    5: "Module 3",
    6: "Bank 4",
    7: "Device 5",
    8: "Row 6",
    9: "Column 7",
    10: "BitPosition 8",
    14: "multi-bit ECC error",
}
PCIE: Dict[str, Any] = {
    "PortType": 4,
    "Segment": 0xA,
    "PrimaryBusNumber": 2,
    "DeviceNumber": 0x1F,
    "FunctionNumber": 3,
    "VendorId": 0x8086,
    "DeviceId": 0x1901,
    "AerInfo": b"\xff\xff\xff\xff" + struct.pack("<I", 1 << 14 | 1 << 18) + b"\xff" * 88,
}
PCIE_BITS: Dict[int, List[str]] = {0: ["root port"], 3: ["device 000a:02:1f.3, PCI\\VEN_8086&DEV_1901"], 7: ["completion timeout", "malformed TLP"]}
SHAPES = {
    "generic": (layout.WHEA_PROCESSOR_GENERIC_ERROR_SECTION, GENERIC, {bit: [text] for bit, text in GENERIC_BITS.items()}),
    "memory": (layout.WHEA_MEMORY_ERROR_SECTION, MEMORY, {bit: [text] for bit, text in MEMORY_BITS.items()}),
    "PCI Express": (layout.WHEA_PCIEXPRESS_ERROR_SECTION, PCIE, PCIE_BITS),
}


def words(shape: Any, values: Dict[str, Any], valid: int) -> List[str]:
    """What is said of a section with these values."""
    return hardware._words(
        Section(index=0, address=0, size=0, type="", about="", severity="", primary=True, shape=shape, values={**values, "ValidBits": valid})
    )


@each("bit", range(20))
@each("name", SHAPES)
def test_one_bit_stands_for_one_field(name: str, bit: int) -> None:
    shape, values, bits = SHAPES[name]
    assert words(shape, values, 1 << bit) == bits.get(bit, [])


@pytest.mark.parametrize("name", SHAPES)
def test_all_bits_and_none(name: str) -> None:
    shape, values, bits = SHAPES[name]
    assert words(shape, values, 0) == []
    assert sorted(words(shape, values, (1 << 20) - 1)) == sorted(text for texts in bits.values() for text in texts)


@pytest.mark.parametrize(
    ("valid", "said"),
    [
        (0, ["0 checks and 0 contexts follow"]),
        (1, ["APIC ID 0x35", "0 checks and 0 contexts follow"]),
        (2, ["0 checks and 0 contexts follow"]),
        (0x25 << 2, ["37 checks and 0 contexts follow"]),
        (0x3F << 2, ["63 checks and 0 contexts follow"]),
        (0x2A << 8, ["0 checks and 42 contexts follow"]),
        (0x3F << 8 | 1, ["APIC ID 0x35", "0 checks and 63 contexts follow"]),
        (1 << 14 | 3 << 2 | 5 << 8, ["3 checks and 5 contexts follow"]),
    ],
)
def test_an_x86_processor_counts_its_checks_and_contexts(valid: int, said: List[str]) -> None:
    assert words(layout.WHEA_XPF_PROCESSOR_ERROR_SECTION, {"LocalAPICId": 0x35}, valid) == said
