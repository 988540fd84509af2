"""Hardware error records made by hand after UEFI's appendix N (CPER): what is read, and what is said of records that are not whole."""

from __future__ import annotations

import struct
import uuid
from typing import Any, List, Tuple

import pytest

from dumpscope.dump.absence import DAMAGED, NOT_APPLICABLE, NOT_CAPTURED, Absent
from dumpscope.dump.kernel.whea import Record, hardware_record

PLACE = 0xFFFFE00012345000
MEMORY = "a5bc1114-6f64-4ede-b863-3e83ed7c83b1"
NMI = "e71254e7-c1b9-4940-ab76-909703a4320f"
MACHINE_CHECK = "e8f56ffe-919c-4cc5-ba88-65abe14913bb"
MEMORY_SIZE = 73
"""Bytes of a memory error section of UEFI 2.2: up to the type of the error."""


class Held:
    """A dump that holds these bytes at PLACE."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, address: int, size: int) -> bytes:
        return self.data[address - PLACE :][:size] if address >= PLACE else b""


def record(sections: List[Tuple[str, int, bytes]], *, severity: int = 1, count: int = -1, length: int = -1, notify: str = MACHINE_CHECK) -> bytes:
    """A record of sections: type, flags, bytes."""
    at = 128 + 72 * len(sections)
    rows, bodies = b"", b""
    for kind, flags, body in sections:
        rows += struct.pack("<IIHBBI16s16sI20s", at + len(bodies), len(body), 0x300, 0, 0, flags, uuid.UUID(kind).bytes_le, bytes(16), 0, b"")
        bodies += body
    size = at + len(bodies) if length < 0 else length
    head = struct.pack("<4sHIHIIIQ", b"CPER", 0x210, 0xFFFFFFFF, len(sections) if count < 0 else count, severity, 0, size, 0)
    head += bytes(48) + uuid.UUID(notify).bytes_le + struct.pack("<QIQ12x", 7, 0, 0)
    assert len(head) == 128
    return head + rows + bodies


def read(data: bytes) -> Record:
    dump: Any = Held(data)
    found = hardware_record(dump, PLACE)
    assert isinstance(found, Record)
    return found


def test_a_record_and_its_sections() -> None:
    found = read(record([(MEMORY, 1, struct.pack("<QQQ", 2, 0, 0x1234000).ljust(MEMORY_SIZE, b"\0")), (NMI, 0, b"abc")]))
    assert (found.address, found.severity, found.notify, found.header["RecordId"], found.damage) == (PLACE, "fatal", "machine check", 7, [])
    first, second = found.sections
    assert (first.index, first.type, first.about, first.severity, first.primary) == (
        0,
        MEMORY,
        "memory",
        "recoverable: not corrected, the system may go on",
        True,
    )
    assert (first.address, first.size, first.note) == (PLACE + 128 + 144, MEMORY_SIZE, "")
    assert first.values is not None
    assert first.values["PhysicalAddress"] == 0x1234000
    assert (second.index, second.about, second.primary, second.values) == (1, "NMI", False, None)
    assert second.note == "its layout is not taken apart here"
    assert (first.check, second.check) == (None, None)


def test_what_has_no_name_is_told_by_its_number() -> None:
    kind = "00112233-4455-6677-8899-aabbccddeeff"
    found = read(record([(kind, 0, b"")], severity=9, notify=kind))
    assert (found.severity, found.notify, found.sections[0].about) == ("severity 9", kind, kind)


def test_only_the_record_s_own_bytes_count() -> None:
    """What the dump holds after the record is none of it."""
    whole = record([(MEMORY, 0, bytes(MEMORY_SIZE))])
    (section,) = read(record([(MEMORY, 0, bytes(MEMORY_SIZE))], length=len(whole) - 1) + bytes(64)).sections
    assert section.values is None
    assert (
        section.note
        == f"WHEA_MEMORY_ERROR_SECTION needs 0x{MEMORY_SIZE:x} bytes; the section has 0x{MEMORY_SIZE:x} at 0xc8 of a record of 0x{len(whole) - 1:x}"
    )
    (section,) = read(whole).sections
    assert section.values is not None


@pytest.mark.parametrize(("offset", "size"), [(127, MEMORY_SIZE), (128 + 72, MEMORY_SIZE - 1), (0xFFFFFFFF, MEMORY_SIZE)])
def test_a_section_that_does_not_fit_is_not_read(offset: int, size: int) -> None:
    made = bytearray(record([(MEMORY, 0, bytes(MEMORY_SIZE))]))
    struct.pack_into("<II", made, 128, offset, size)
    (section,) = read(bytes(made)).sections
    assert section.values is None
    assert f"the section has 0x{size:x} at 0x{offset:x}" in section.note


def test_a_record_that_the_dump_holds_in_part() -> None:
    whole = record([(NMI, 0, b""), (NMI, 0, bytes(100))])
    found = read(whole[:-40])
    assert found.damage == [f"the record says 0x{len(whole):x} bytes, and the dump holds 0x{len(whole) - 40:x} of them"]
    assert len(found.sections) == 2
    found = read(whole[: 128 + 72 + 71])
    assert found.damage[1:] == ["the record says 2 sections, and descriptors of 1 are read"]
    assert len(found.sections) == 1


def test_the_number_of_sections_is_bounded() -> None:
    found = read(record([(NMI, 0, b"")] * 70))
    assert len(found.sections) == 64
    assert found.damage == ["the record says 70 sections, and descriptors of 64 are read"]
    assert read(record([(NMI, 0, b"")] * 64)).damage == []


def test_what_is_no_record_says_why() -> None:
    dump: Any = Held(b"CPEX" + bytes(200))
    for address, dump_at, state, words in (
        (0, dump, NOT_APPLICABLE, "names no hardware error record"),
        (PLACE, Held(record([])[:127]), NOT_CAPTURED, f"the hardware error record at 0x{PLACE:x} is not in the dump"),
        (PLACE, dump, DAMAGED, "it begins with 43 50 45 58 instead of CPER"),
    ):
        held: Any = dump_at
        found = hardware_record(held, address)
        assert isinstance(found, Absent)
        assert found.kind == state
        assert words in found.message
    assert read(record([])).sections == []
