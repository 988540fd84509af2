"""SystemInfo byte by byte, its processor by architecture; CodeView records; copies of /proc files and their numbers."""

from __future__ import annotations

import struct
from typing import List, Optional, Tuple

import pytest
from samples.writer import DumpBuilder

from dumpscope.dump.absence import DAMAGED, NOT_KNOWN
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.streams.breakpad import Breakpad
from dumpscope.dump.streams.modules import decode_codeview
from dumpscope.dump.streams.proc import MOST_FIELDS, ProcFiles
from dumpscope.dump.streams.system import CpuInfo, SystemInfo

DISTINCT = bytes((37 * place + 91) % 251 + 1 for place in range(56))


def system(data: bytes) -> SystemInfo:
    builder = DumpBuilder(slots=1)
    builder.append(b"\xdd" * 5)
    builder.add_stream(7, data)
    found = Minidump.open(builder.build()).system
    assert isinstance(found, SystemInfo)
    assert found.offset == builder.entries[0][2]
    return found


def changed(*edits: Tuple[str, int, int]) -> bytes:
    out = bytearray(DISTINCT)
    for form, offset, value in edits:
        struct.pack_into(form, out, offset, value)
    return bytes(out)


@pytest.mark.parametrize("held", [2, 3, 4, 6, 7, 8, 12, 16, 20, 24, 26, 28, 31, 32, 55, 56, 57])
def test_every_field_of_system_info(held: int) -> None:
    """A stream that is cut has zeros behind."""
    data = (DISTINCT + b"\xee")[:held]
    whole = data.ljust(56, b"\0")[:56]
    found = system(data)
    first = struct.unpack_from("<HHHBBIIIIIHH", whole)
    assert found[:9] == first[:9]
    assert (found.csd_rva, found.suite_mask, found.cpu_bytes, found.held) == (first[9], first[10], whole[32:], min(held, 56))


@pytest.mark.parametrize(
    ("architecture", "platform", "x86", "arm"),
    [
        (0, 2, True, False),
        (0, 0x8201, True, False),
        (9, 2, False, False),
        (5, 2, False, False),
        (5, 0x8201, False, True),
        (12, 0x8101, False, True),
        (12, 2, False, False),
    ]
    + [(0x8003, 0x8203, False, True), (9, 0x8201, False, False), (5, 3, False, False), (5, 4, False, True)],
)
def test_the_processor_by_its_architecture(architecture: int, platform: int, x86: bool, arm: bool) -> None:
    found = system(changed(("<H", 0, architecture), ("<I", 20, platform)))
    cpu = DISTINCT[32:]
    if x86:
        assert found.cpu == CpuInfo(cpu[:12].decode("latin-1"), *struct.unpack_from("<III", cpu, 12), ())
    elif arm:
        assert found.cpu == CpuInfo("", *struct.unpack_from("<II", cpu), 0, ())
    else:
        assert found.cpu == CpuInfo("", 0, 0, 0, struct.unpack_from("<QQ", cpu))


@pytest.mark.parametrize("feature", [-65, -64, -1, 0, 1, 31, 63, 64, 65, 127, 128, 129, 1000])
def test_features_are_bits_of_two_words(feature: int) -> None:
    for bit in range(128):
        words = (1 << bit & (1 << 64) - 1, 1 << bit >> 64)
        assert CpuInfo("", 0, 0, 0, words).has(feature) is (feature == bit)
    assert CpuInfo("", 0, 0, 0, ()).has(feature) is False


@pytest.mark.parametrize("product", range(5))
def test_servers_are_products_2_and_3(product: int) -> None:
    assert system(changed(("<B", 7, product))).is_server is (product in (2, 3))


@pytest.mark.parametrize("platform", [0, 1, 2, 3, 4, 5, 0x8201])
def test_windows_is_below_platform_4(platform: int) -> None:
    found = system(changed(("<I", 20, platform)))
    assert found.is_windows is (platform < 4)
    assert (found.release != "") <= (platform == 2)


@pytest.mark.parametrize(("architecture", "size"), [(0, 4), (5, 4), (9, 8), (12, 8), (6, 8), (0x7777, 8)])
def test_the_size_of_pointers(architecture: int, size: int) -> None:
    found = system(changed(("<H", 0, architecture)))
    assert found.pointer_size == size
    assert (found.architecture_name == f"0x{architecture:x}") is (architecture == 0x7777)


# --- CodeView --------------------------------------------------------------------------------------------------------

GUID_BYTES = bytes(range(1, 17))
GUID_TEXT = "0403020106050807090A0B0C0D0E0F10"


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"RSDS" + GUID_BYTES + struct.pack("<I", 0x1A2B) + b"a.pdb\0rest", ("RSDS", GUID_TEXT, 0x1A2B, "a.pdb", GUID_TEXT + "1A2B")),
        (b"RSDS" + GUID_BYTES + struct.pack("<I", 0x01020304) + "größe".encode(), ("RSDS", GUID_TEXT, 0x01020304, "größe", GUID_TEXT + "1020304")),
        (b"RSDS" + bytes(16) + struct.pack("<I", 1) + b"a\0", ("RSDS", "0" * 32, 1, "a", "")),
        (b"RSDS" + bytes(15) + b"\1" + struct.pack("<I", 1) + b"\0", ("RSDS", "0" * 30 + "01", 1, "", "0" * 30 + "011")),
        (b"NB10" + struct.pack("<III", 0x11121314, 0x0A0B0C0D, 0x1E) + b"b.pdb\0x", ("NB10", "0A0B0C0D", 0x1E, "b.pdb", "0A0B0C0D1E")),
        (b"LEpB" + GUID_BYTES, ("BpEL", GUID_BYTES.hex(), 0, "", GUID_TEXT + "0")),
        (b"LEpB" + GUID_BYTES + b"\xab\xcd", ("BpEL", GUID_BYTES.hex() + "abcd", 0, "", GUID_TEXT + "0")),
        (b"LEpB" + b"\1\2\3\4\5", ("BpEL", "0102030405", 0, "", "040302010005" + "0" * 21)),
        (b"LEpB" + bytes(20), ("BpEL", "0" * 40, 0, "", "")),
        (b"LEpB", ("BpEL", "", 0, "", "")),
    ],
)
def test_codeview_records(data: bytes, wanted: Tuple[str, str, int, str, str]) -> None:
    assert decode_codeview(data, 0x1234) == (*wanted, 0x1234)


@pytest.mark.parametrize("signature", [b"RSDS", b"NB10"])
def test_a_codeview_record_needs_its_head(signature: bytes) -> None:
    least = next(size for size in range(4, 40) if decode_codeview(signature.ljust(size, b"\1"), 0))
    assert least in ({b"RSDS": (24, 25), b"NB10": (16, 17)}[signature])
    assert decode_codeview(signature.ljust(least - 1, b"\1"), 0) == (NOT_KNOWN, f"a CodeView record with the signature {signature!r}")


@pytest.mark.parametrize(("data", "kind"), [(b"", DAMAGED), (b"RSD", NOT_KNOWN), (b"NB09" + bytes(40), NOT_KNOWN), (b"LEp", NOT_KNOWN), (b"\0", NOT_KNOWN)])
def test_other_codeview_records(data: bytes, kind: str) -> None:
    assert getattr(decode_codeview(data, 0), "kind", "") == kind


# --- copies of /proc files -------------------------------------------------------------------------------------------------

NAMES = {
    0x47670003: "/proc/cpuinfo",
    0x47670004: "/proc/PID/status",
    0x47670005: "/etc/lsb-release",
    0x47670006: "/proc/PID/cmdline",
    0x47670007: "/proc/PID/environ",
    0x47670008: "/proc/PID/auxv",
    0x47670009: "/proc/PID/maps",
    0x4767000B: "/proc/PID/stat",
    0x4767000C: "/proc/uptime",
    0x4767000D: "/proc/PID/fd",
}


def breakpad(*streams: Tuple[int, bytes]) -> Breakpad:
    builder = DumpBuilder(version_high=0, slots=12)
    builder.add_system_info()
    for kind, data in streams:
        builder.add_stream(kind, data)
    return Minidump.open(builder.build()).breakpad


@pytest.mark.parametrize("kind", range(0x47670000, 0x47670010))
def test_the_number_of_a_copied_file(kind: int) -> None:
    assert [item.name for item in breakpad((kind, b"text")).files] == ([NAMES[kind]] if kind in NAMES else [])


def proc(**files: bytes) -> ProcFiles:
    kinds = {name.rpartition("/")[2]: kind for kind, name in NAMES.items()}
    return ProcFiles(breakpad(*((kinds[name], data) for name, data in files.items())))


@pytest.mark.parametrize(
    ("name", "there"), [("status", True), ("cmdline", True), ("environ", True), ("stat", True), ("maps", False), ("auxv", False), ("cpuinfo", False)]
)
def test_which_files_tell_of_the_process(name: str, there: bool) -> None:
    assert bool(proc(**{name: b"x"})) is there


@pytest.mark.parametrize(
    ("text", "parent"),
    [
        (b"7 (a b) S 42 9", 42),
        (b"7 (a) b) S 42", 42),
        (b"7 (a) S", None),
        (b"7 (a) S x", None),
        (b"7 (a) S -1", None),
        (b"7 (a) S " + b"1" * 19, int("1" * 19)),
        (b"7 (a) S " + b"1" * 20, None),
        (b"", None),
        (b"S 42", 42),
        (b")", None),
    ],
)
def test_the_parent_of_a_stat_file(text: bytes, parent: Optional[int]) -> None:
    assert proc(stat=text).parent == parent
    assert proc(stat=text, status=b"PPid:\t5\n").parent == 5


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("12 kB", 12),
        ("0\t1\t2", 0),
        ("", None),
        ("x", None),
        ("-1", None),
        ("\u0663", None),
        ("1" * 19, int("1" * 19)),
        ("1" * 20, None),
    ],
)
def test_the_numbers_of_a_status_file(text: str, number: Optional[int]) -> None:
    found = proc(status=f"Name:\ta:b\nOne:\t{text}\nnothing\n Two :  {text} \n".encode())
    assert found.status == {"Name": "a:b", "One": text, "Two": text}
    assert (found.number("One"), found.number("Two"), found.number("Three")) == (number, number, None)
    assert found.size("One") == (None if number is None else number * 1024)
    assert found.parent is None


@pytest.mark.parametrize("more", [-1, 0, 1, 2])
def test_as_many_fields_as_the_limit(more: int) -> None:
    names: List[str] = [f"n{index}" for index in range(MOST_FIELDS + more)]
    found = proc(
        status="\n".join(f"{name}: 1" for name in names).encode(), cmdline="\0".join(names).encode(), environ="\0".join(f"{name}=v" for name in names).encode()
    )
    kept = names[:MOST_FIELDS]
    assert list(found.status) == kept
    assert found.arguments == kept
    assert found.environment == dict.fromkeys(kept, "v")


def test_the_environment_and_the_arguments() -> None:
    found = proc(environ=b"A=1\0B=\0C\0=D\0\0E=f=g\0", cmdline=b"prog\0\0-x\0\xff\0")
    assert found.environment == {"A": "1", "B": "", "C": "", "E": "f=g"}
    assert found.arguments == ["prog", "-x", "\udcff"]
    none = proc(stat=b"")
    assert (none.environment, none.arguments, none.status, none.number("PPid")) == (None, [], {}, None)
