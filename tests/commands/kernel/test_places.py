"""Addresses of a kernel dump as they are typed: registers, drivers, numbers and sums, on the sample of a triage dump."""

from __future__ import annotations

import struct

import pytest
from samples.kernel_dumps import triage64, with_drivers
from tests.commands.made import sample_bytes

from dumpscope.commands.kernel.places import address_of, typed_number
from dumpscope.dump.absence import DAMAGED, Absent
from dumpscope.dump.kernel.kerneldump import KernelDump
from dumpscope.dump.source import Source
from dumpscope.errors import UsageError


def kernel(data: bytes) -> KernelDump:
    """A kernel dump in memory."""
    return KernelDump(Source.from_object(data))


@pytest.fixture(scope="module")
def dump() -> KernelDump:
    return kernel(triage64())


def base_of(dump: KernelDump, name: str) -> int:
    """The base of a driver by its name."""
    return next(base for base, known in dump.names.items() if known == name)


def test_registers_drivers_and_numbers(dump: KernelDump) -> None:
    assert address_of(dump, "@rsp") == address_of(dump, " RSP ") == dump.registers.values["rsp"]
    assert address_of(dump, "nt") == address_of(dump, "NT") == base_of(dump, "nt") > 0
    assert address_of(dump, "fffff803`12345678") == 0xFFFFF80312345678
    assert address_of(dump, "0n16") == 16


def test_sums_count_in_hexadecimal_and_stay_within_a_pointer(dump: KernelDump) -> None:
    nt = base_of(dump, "nt")
    assert address_of(dump, "nt+10") == address_of(dump, "nt + 0x10") == nt + 0x10
    assert address_of(dump, "nt-10") == nt - 0x10
    assert address_of(dump, "nt+0n10") == nt + 10
    assert address_of(dump, "0-1") == (1 << 64) - 1
    narrow = kernel(sample_bytes("not-a-dump-kernel-triage-32"))
    assert address_of(narrow, "0-1") == 0xFFFFFFFF
    assert address_of(narrow, "ffffffff+2") == 1


def test_a_sign_in_a_drivers_name_is_no_sum() -> None:
    path = "\\SystemRoot\\System32\\drivers\\a-b.sys"
    dump = kernel(with_drivers(["\\SystemRoot\\system32\\ntoskrnl.exe", path]))
    name = next(known for known in dump.names.values() if known != "nt")
    assert address_of(dump, name) == base_of(dump, name)
    assert address_of(dump, f"{name}+4") == base_of(dump, name) + 4


@pytest.mark.parametrize("text", ["nosuch", "nosuch+10", "nt+", "nt*2", "", "@", "nt+zz"])
def test_what_is_no_address(dump: KernelDump, text: str) -> None:
    with pytest.raises(UsageError):
        address_of(dump, text)


def test_a_damaged_list_of_drivers_is_told_as_the_reason(dump: KernelDump) -> None:
    data, triage = triage64(), dump.triage
    assert not isinstance(triage, Absent)
    where = struct.pack("<II", triage["DriverListOffset"], triage["DriverCount"])
    assert data.count(where) == 1
    broken = kernel(data.replace(where, struct.pack("<II", len(data) + 0x1000, triage["DriverCount"])))
    assert isinstance(broken.drivers, Absent)
    assert broken.drivers.kind == DAMAGED
    with pytest.raises(UsageError, match="may be a driver"):
        address_of(broken, "nosuch")


def test_words_that_are_no_number() -> None:
    assert typed_number("1f") == 0x1F
    assert typed_number("nt") is None
    assert typed_number("1" * 17) is None
