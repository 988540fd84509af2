"""``dumpdebug_lines`` against texts of the real engine, and every defect that the engine words."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import List, Tuple

import pytest
from tests.cases import each
from tests.counting import calls_of

from dumpscope.diagnosis.dumpdebug import lines as dumpdebug
from dumpscope.diagnosis.dumpdebug.lines import dumpdebug_lines
from dumpscope.diagnosis.engine.strict import ansi
from dumpscope.dump.minidump import Minidump

HERE = Path(__file__).parent
SAMPLES = HERE.parents[2] / "samples"
TEXTS = sorted(HERE.glob("*.txt"))

pack = struct.pack


def sample(name: str) -> Path:
    """The committed dump that a text belongs to."""
    found = list(SAMPLES.rglob(name + ".dmp"))
    assert found, f"no sample {name}"
    return found[0]


def lines_of(path: Path) -> List[str]:
    with Minidump.open(path) as dump:
        return list(dumpdebug_lines(dump))


def test_there_are_texts() -> None:
    assert len(TEXTS) >= 20


@each("text", TEXTS, ids=lambda path: path.stem)
def test_lines_equal_the_engines(text: Path) -> None:
    expected = text.read_bytes().decode("utf-8").rstrip("\n").split("\n")
    assert lines_of(sample(text.stem)) == [line for line in expected if not line.startswith("@@ ")]


class Maker:
    """A dump of one thread and one module, to which streams are added. Every added stream follows entry 3."""

    def __init__(self, arch: int = 9, *, flags: int = 0, checksum: int = 0, platform: int = 2, teb: int = 0x7FFDD000, context_rva: int = 0) -> None:
        self.entries: List[Tuple[int, int, int]] = []
        self.body = bytearray(32 + 12 * 64)
        self.flags, self.checksum = flags, checksum
        self.add(7, self.system(arch, platform=platform))
        self.add(3, pack("<I", 1) + pack("<IIIIQQIIII", 0x111, 0, 32, 0, teb, 0, 0, 0, 0x4D0, context_rva))
        self.add(4, pack("<I", 1) + self.module(self.string("a.exe")))
        self.add(5, pack("<I", 0))

    def blob(self, data: bytes) -> int:
        rva = len(self.body)
        self.body += data
        return rva

    def string(self, text: str) -> int:
        data = text.encode("utf-16-le", "surrogatepass")
        return self.blob(pack("<I", len(data)) + data + b"\0\0")

    def system(self, arch: int, *, platform: int = 2, product: int = 1, suite: int = 0x100, csd: int = 0, build: int = 19045) -> bytes:
        return pack("<HHHBBIIIIIHH", arch, 6, 0x8E0C, 4, product, 10, 0, build, platform, csd, suite, 0) + b"\0" * 24

    def module(self, name: int, base: int = 0x140000000, size: int = 0x5000, reserved: int = 0) -> bytes:
        return pack("<QIIII", base, size, 0, 0, name) + b"\0" * 68 + pack("<QQ", reserved, 0)

    def add(self, kind: int, data: bytes) -> int:
        rva = self.blob(data)
        self.entries.append((kind, len(data), rva))
        return rva

    def data(self) -> bytes:
        count = len(self.entries)
        struct.pack_into("<4sIIIIIQ", self.body, 0, b"MDMP", 0xA061A793, count, 32, self.checksum, 0, self.flags)
        for index, entry in enumerate(self.entries):
            struct.pack_into("<III", self.body, 32 + 12 * index, *entry)
        return bytes(self.body)

    def lines(self, **options: bool) -> List[str]:
        return list(dumpdebug_lines(Minidump.open(self.data()), **options))

    def below(self, **options: bool) -> List[str]:
        """The lines below the headline of the last stream."""
        lines = self.lines(**options)
        headline = max(index for index, line in enumerate(lines) if line.startswith("Stream "))
        return lines[headline + 1 :]


def below(kind: int, data: bytes) -> List[str]:
    maker = Maker()
    maker.add(kind, data)
    return maker.below()


LIST = "stream stream size mismatch"
DEFECTS = [
    (3, b"\0" * 3, "ThreadListStream stream below minimum size (0x3 < 0x4)"),
    (3, pack("<I", 1) + b"\0" * 52, f"ThreadListStream {LIST} (0x38 != 0x34)"),
    (3, pack("<I", 0x80001), "ThreadListStream stream has too many elements (0x80001 > 0x80000)"),
    (3, pack("<I", 0x80000), f"ThreadListStream {LIST} (0x4 != 0x1800004)"),
    (8, pack("<I", 1) + b"\0" * 48, f"ThreadExListStream {LIST} (0x34 != 0x44)"),
    (4, pack("<I", 100001), "ModuleListStream stream has too many elements (0x186a1 > 0x186a0)"),
    (4, pack("<I", 2) + b"\0" * 108, f"ModuleListStream {LIST} (0x70 != 0xdc)"),
    (5, pack("<I", 0xFFFFFFFF), "MemoryListStream stream has too many elements (0xffffffff > 0x989680)"),
    (5, b"", "MemoryListStream stream below minimum size (0x0 < 0x4)"),
    (6, b"\0" * 167, "ExceptionStream stream below minimum size (0xa7 < 0xa8)"),
    (6, b"\0" * 169, f"ExceptionStream {LIST} (0xa9 != 0xa8)"),
    (6, b"\0" * 336, "ExceptionStream stream has too many elements (0x2 > 0x1)"),
    (7, b"\0" * 55, "SystemInfoStream stream below minimum size (0x37 < 0x38)"),
    (7, b"\0" * 57, f"SystemInfoStream {LIST} (0x39 != 0x38)"),
    (9, pack("<QQ", 1, 0), f"Memory64ListStream {LIST} (0x10 != 0x20)"),
    (9, pack("<QQ", 1 << 60, 0), "Memory64ListStream stream has too many elements (0x1000000000000000 > 0x989680)"),
    (10, b"", "CommentStreamA stream below minimum size (0x0 < 0x1)"),
    (11, b"a", "CommentStreamW stream below minimum size (0x1 < 0x2)"),
    (11, b"a\0b", f"CommentStreamW {LIST} (0x3 != 0x2)"),
    (12, pack("<4I", 15, 40, 0, 0), "HandleDataStream stream header size below minimum size (0xf < 0x10)"),
    (12, pack("<4I", 17, 40, 0, 0), "HandleDataStream stream header size exceeds stream size (0x11 > 0x10)"),
    (12, pack("<4I", 16, 31, 0, 0), "HandleDataStream stream element size below minimum size (0x1f < 0x20)"),
    (12, pack("<4I", 16, 40, 0x400001, 0), "HandleDataStream stream has too many elements (0x400001 > 0x400000)"),
    (12, pack("<4I", 16, 0xFFFFFFFF, 1, 0), f"HandleDataStream {LIST} (0x10 != 0x10000000f)"),
    (12, pack("<4I", 8, 8, 0xFFFFFFFF, 0), "HandleDataStream stream header size below minimum size (0x8 < 0x10)"),
    (13, pack("<6I", 24, 32, 112, 12, 2001, 0), "FunctionTableStream stream has too many elements (0x7d1 > 0x7d0)"),
    (13, pack("<6I", 24, 32, 112, 12, 2000, 0), "FunctionTableStream stream stream size too small (0x18 < 0xfa18)"),
    (14, pack("<3I", 12, 24, 10001), "UnloadedModuleListStream stream has too many elements (0x2711 > 0x2710)"),
    (15, pack("<I", 23) + b"\0" * 20, "MiscInfoStream stream element size below minimum size (0x17 < 0x18)"),
    (15, pack("<I", 24) + b"\0" * 96, "MiscInfoStream stream has too many elements (0x4 > 0x1)"),
    (15, pack("<I", 0xFFFFFFFF) + b"\0" * 96, f"MiscInfoStream {LIST} (0x64 != 0x0)"),
    (16, pack("<IIQ", 16, 48, 1 << 32), "MemoryInfoListStream stream has too many elements (0x100000000 > 0x989680)"),
    (17, pack("<3I", 12, 63, 0), "ThreadInfoListStream stream element size below minimum size (0x3f < 0x40)"),
    (18, pack("<4I", 16, 288, 1000000001, 0), "HandleOperationListStream stream has too many elements (0x3b9aca01 > 0x3b9aca00)"),
    (19, pack("<4I", 0, 1, 16, 0x48), "TokenInformationStream stream stream size too small (0x10 < 0x58)"),
    (19, pack("<4I", 0, 0, 16, 0x47), "TokenInformationStream stream element size below minimum size (0x47 < 0x48)"),
    (20, b"", "JavaScriptDataStream stream below minimum size (0x0 < 0x1)"),
    (21, b"\0" * 491, "SystemMemoryInfoStream stream below minimum size (0x1eb < 0x1ec)"),
    (21, b"\0" * 984, "SystemMemoryInfoStream stream has too many elements (0x2 > 0x1)"),
    (22, b"\0" * 79, "ProcessVmCountersStream stream below minimum size (0x4f < 0x50)"),
    (22, b"\0" * 160, "ProcessVmCountersStream stream has too many elements (0x2 > 0x1)"),
    (23, b"", "??? stream has unknown stream type 23"),
    (1, b"", "ReservedStream0 stream has unknown stream type 1"),
    (0xFFFF, b"", "??? stream has unknown stream type 65535"),
    (0x8001, b"\0" * 0x40, "SystemInfoStream stream element size below minimum size (0x0 < 0x40)"),
    (0x8003, pack("<HHI", 16, 16, 201) + b"\0" * 8, "ModuleListStream stream has too many elements (0xc9 > 0xc8)"),
    (0x8008, pack("<HHI", 8, 16, 1), "MemoryVirtualListStream stream stream size mismatch (0x8 != 0x18)"),
]


@each(("kind", "data", "line"), DEFECTS, ids=[f"{kind}-{line.partition('stream ')[2][:32]}" for kind, _, line in DEFECTS])
def test_one_line_for_each_defect(kind: int, data: bytes, line: str) -> None:
    assert below(kind, data) == ["Dir entry 4, " + line]


@pytest.mark.parametrize(
    ("size", "rva", "line"),
    [
        (4, 0, "ERROR: Invalid Rva value 0, it should larger than the dump header (20)."),
        (4, 0x1F, "ERROR: Invalid Rva value 1f, it should larger than the dump header (20)."),
        (4, 0x20, "ERROR: Invalid Rva value 20, it should be after the minidump directory (20,5,c)."),
        (4, 0x20 + 59, "ERROR: Invalid Rva value 5b, it should be after the minidump directory (20,5,c)."),
        (4, 0x10000000, "ERROR: Dir entry 4, ThreadListStream stream not present in dump (RVA 0x10000000)"),
        (0xFFFFFFFF, 0x400, "ERROR: Dir entry 4, ThreadListStream stream RVA overflows 32 bits (RVA 0x400, size 0xFFFFFFFF)"),
        (0xFFFFF000, 0x400, "ERROR: Dir entry 4, ThreadListStream stream only partially present in dump (RVA 0x400, size 0xFFFFF000)"),
        (0, 0, "Dir entry 4, ThreadListStream stream below minimum size (0x0 < 0x4)"),
    ],
)
def test_places_outside_the_file(size: int, rva: int, line: str) -> None:
    maker = Maker()
    maker.entries.append((3, size, rva))
    assert maker.below() == [line]


def test_user_streams_are_looked_for_and_unused_ones_are_not() -> None:
    maker = Maker()
    maker.entries.append((0x10000, 4, 0x10000000))
    assert maker.below() == ["ERROR: Dir entry 4, ??? stream not present in dump (RVA 0x10000000)"]
    maker.entries[-1] = (0xFFFFFFFF, 0, 0x400)
    assert maker.below() == []
    assert "Stream 4: type ??? (-1), size 00000000, RVA 00000400" in maker.lines()
    maker.entries[-1] = (0, 0xFFFFFFFF, 3)
    assert maker.below() == []


@pytest.mark.parametrize(
    ("flags", "first", "names"),
    [
        (0, "Flags           0", ["                0000 MiniDumpNormal"]),
        (0x200010, "Flags           200010", ["                0010 MiniDumpScanMemory", "                200000 MiniDumpWithAvxXStateContext"]),
        (0x4400000, "Flags           4400000", []),
        (1 << 40, "Flags           0", []),
    ],
)
def test_flags(flags: int, first: str, names: List[str]) -> None:
    lines = Maker(flags=flags).lines()
    start = lines.index(first) + 1
    assert lines[start : lines.index("", start)] == names


def test_failure_flags() -> None:
    lines = Maker(checksum=4).lines()
    assert lines[lines.index("NumberOfStreams 4") + 1] == "Failure flags:  4"


@pytest.mark.parametrize(
    ("name", "error", "shown"),
    [
        (0, "", ""),
        (1, "ERROR: Invalid Rva value 1, it should larger than the dump header (20).", "<Unable to access string descriptor>"),
        (0xFFFFFFF0, "ERROR: String not present in dump (RVA 0xFFFFFFF0)", "<Unable to access string descriptor>"),
    ],
)
def test_bad_names(name: int, error: str, shown: str) -> None:
    maker = Maker()
    rva = maker.add(4, pack("<I", 1) + maker.module(name, reserved=0x12348160))
    row = f"  RVA {rva + 4:08X}, 00000001`40000000 - 00000001`40005000: '{shown}', 8160"
    assert maker.below() == ["  1 modules", *([error] if error else []), row]


@pytest.mark.parametrize(
    ("length", "error", "shown"),
    [
        (0x7FFFFFFF, "ERROR: String only partially present in dump (RVA 0x{0:X}, size 0x7FFFFFFF)", "<Unable to access string content>"),
        (0xFFFFFFFF, "ERROR: String RVA overflows 32 bits (RVA 0x{0:X}, size 0xFFFFFFFF)", "<Unable to access string content>"),
        (5, "", "ab"),
        (0, "", ""),
    ],
)
def test_bad_name_lengths(length: int, error: str, shown: str) -> None:
    maker = Maker()
    name = maker.blob(pack("<I", length) + "abcd".encode("utf-16-le"))
    maker.add(14, pack("<3I", 12, 24, 1) + pack("<QIIII", 0x10000, 0x1000, 0, 0, name))
    found = maker.below()
    assert found[0] == "  1 unloaded modules"
    assert found[1:-1] == ([error.format(name + 4)] if error else [])
    assert found[-1].endswith(f"00000000`00010000 - 00000000`00011000: '{shown}'")


def test_a_name_at_the_very_end_has_no_content() -> None:
    maker = Maker()
    head = pack("<3I", 12, 24, 1)
    end = len(maker.body) + len(head) + 24
    maker.add(14, head + pack("<QIIII", 0, 0, 0, 0, end))
    maker.blob(pack("<I", 0))
    assert maker.below()[1] == f"ERROR: String not present in dump (RVA 0x{end + 4:X})"


def test_names_in_the_code_page() -> None:
    maker = Maker()
    maker.add(4, pack("<I", 1) + maker.module(maker.string("é日😀\ud800\x81\x97€\0hidden")))
    assert maker.below()[-1].endswith("'é????\x81?€', 0")
    assert maker.below(narrow=False)[-1].endswith("'é日😀\ud800\x81\x97€', 0")
    assert ansi("Ā") == "?"


def test_control_characters_stay_and_a_line_end_in_a_name_ends_the_line() -> None:
    maker = Maker()
    maker.add(4, pack("<I", 1) + maker.module(maker.string("a\x1b[1m\r\nb\x07")))
    assert [line.partition(": ")[2] or line for line in maker.below()[1:]] == ["'a\x1b[1m", "b\x07', 0"]


def test_a_print_that_is_too_long_loses_its_end() -> None:
    maker = Maker()
    maker.add(4, pack("<I", 1) + maker.module(maker.string("x" * 20000)))
    maker.add(5, pack("<I", 0))
    found = [line for line in maker.lines() if "xxx" in line]
    assert len(found) == 1
    assert found[0][:16383].endswith("x")
    assert found[0][16383:].startswith("Stream 5: type MemoryListStream")


@pytest.mark.parametrize(("arch", "wide"), [(0, False), (5, False), (4, False), (9, True), (12, True), (6, True)])
def test_width_follows_the_processor(arch: int, wide: bool) -> None:
    maker = Maker(arch)
    maker.add(5, pack("<I", 1) + pack("<QII", 0x123456789, 0x10, 0x99))
    if wide:
        rows = ["  range#    RVA      Address             Size", "       0 00000099    00000001`23456789   00000000`00000010"]
    else:
        rows = ["  range#    RVA      Address      Size", "       0 00000099    23456789   00000010"]
    assert maker.below() == ["  1 memory ranges", *rows, "  Total memory: 10"]


def test_width_follows_the_first_usable_system_information() -> None:
    maker = Maker(0)
    maker.entries.insert(0, (7, 1, 0x400))
    maker.add(7, maker.system(9))
    assert any("40000000 - 40005000" in line and "`" not in line for line in maker.lines())


def test_system_information() -> None:
    maker = Maker()
    csd = maker.string("Service Pack 1")
    maker.add(7, maker.system(0x8003, platform=0x8201, product=0, suite=0x8001, csd=csd, build=0xFFFFFFFF))
    assert maker.below() == [
        "  ProcessorArchitecture   8003",
        "  ProcessorLevel          0006",
        "  ProcessorRevision       8E0C",
        "  NumberOfProcessors      04",
        "  MajorVersion            0000000A",
        "  MinorVersion            00000000",
        "  BuildNumber             FFFFFFFF (-1)",
        "  PlatformId              00008201 (UNKNOWN)",
        f"  CSDVersionRva           {csd:08X}",
        "                            Length: 28",
        "                            Buffer: {'Service Pack 1'}",
        "  Product: unknown <0>, suite: SmallBusiness WHServer",
    ]


@pytest.mark.parametrize(
    ("length", "lines"),
    [
        (None, ["ERROR: String not present in dump (RVA 0xFFFFFF00)"]),
        (0, ["Length: 0"]),
        (
            0xFFFFFFFF,
            ["ERROR: String RVA overflows 32 bits (RVA 0x{0:X}, size 0xFFFFFFFF)", "Length: -1", "Buffer: {{'<Unable to access string content>'}}"],
        ),
    ],
)
def test_service_pack_that_cannot_be_read(length: int, lines: List[str]) -> None:
    maker = Maker()
    csd = 0xFFFFFF00 if length is None else maker.blob(pack("<I", length))
    maker.add(7, maker.system(9, csd=csd))
    assert [line.strip() for line in maker.below()[9:-1]] == [line.format(csd + 4) for line in lines]


def test_handles() -> None:
    maker = Maker()
    kind, name = maker.string("Event"), maker.string("\\x")
    rows = pack("<QIIIIII", 4, kind, name, 0, 0, 1, 1) + pack("<QIIIIII", 2**64 - 1, 0xFFFFFFF0, 0, 0, 0, 1, 1)
    maker.add(12, pack("<4I", 20, 32, 2, 0) + b"\0" * 4 + rows)
    assert maker.below() == [
        "  2 descriptors, header size is 20, descriptor size is 32",
        '    Handle(0000000000000004,"Event","\\x")',
        "ERROR: String not present in dump (RVA 0xFFFFFFF0)",
        '    Handle(FFFFFFFFFFFFFFFF,"<Unable to access string descriptor>","")',
    ]


def test_function_tables_are_followed_by_their_own_sizes() -> None:
    table = pack("<QQQII", 0x1000, 0x2000, 0x1000, 1, 4) + b"\0" * (112 + 12 + 4)
    assert below(13, pack("<6I", 24, 32, 112, 12, 2, 4) + b"\0" * 4 + table * 2)[1:] == [
        f"    {index}: min 00000000`00001000, max 00000000`00002000, base 00000000`00001000, entries 1" for index in range(2)
    ]


def test_function_tables_that_lead_out_of_the_file_end() -> None:
    table = pack("<QQQII", 0x1000, 0x2000, 0x1000, 0x01000000, 0)
    assert len(below(13, pack("<6I", 24, 32, 112, 12, 2, 0) + table * 2)) == 2


@pytest.mark.parametrize(("bound", "count"), [(16, 0), (17, 1), (0x58, 1), (0x59, 2), (0xFFFFFFFF, 2)])
def test_tokens_are_bounded_by_their_list_size(bound: int, count: int) -> None:
    token = pack("<IIQ", 0x48, 0xFFFFFFFF, 0x123456789) + b"\0" * 0x38
    assert below(19, pack("<4I", bound, 2, 16, 0x48) + token * 2) == ["  2 Tokens"] + ["    Token 123456789 for -1"] * count


def test_tokens_of_no_size_are_all_the_first() -> None:
    token = pack("<IIQ", 0, 5, 4) + b"\0" * 0x38
    assert below(19, pack("<4I", 0x1000, 2, 16, 0x48) + token * 2)[1:] == ["    Token 4 for 5"] * 2


@pytest.mark.parametrize(("revision", "count", "last"), [(0, 11, "PeakPagefileUsage"), (1, 12, "PrivateUsage"), (2, 22, "JobTotalCommitLimit")])
def test_revision_decides_about_the_process_counters(revision: int, count: int, last: str) -> None:
    found = below(22, pack("<HHI", revision, 0, 12345) + b"\x10" * 144)
    assert len(found) == count
    assert found[2] == "    PageFaultCount                          :                           12,345"
    assert found[-1].split(":")[0].strip() == last
    assert found[-1].endswith(":               0x1010101010101010")


def test_comments() -> None:
    assert below(10, b"a\nb\xe9\x97\0c") == ["  'a", "bé?'"]
    assert below(11, "a日\0c".encode("utf-16-le")) == ["  'a?'"]


def test_lines_like_messages_of_symbol_loading_are_left_out_unless_asked_for() -> None:
    maker = Maker()
    maker.add(10, b"\n*** procdump -ma\nwhy\0")
    assert maker.below() == ["  '", "why'"]
    assert maker.below(chatter=True) == ["  '", "*** procdump -ma", "why'"]


def test_an_unterminated_comment_runs_on() -> None:
    maker = Maker()
    rva = maker.blob(b"ab")
    maker.blob(b"cd\0")
    maker.entries.append((10, 2, rva))
    assert maker.below() == ["  'abcd'"]


def test_an_unterminated_comment_at_the_end_of_the_last_page_is_not_printed() -> None:
    maker = Maker()
    maker.add(10, b"x" * (-len(maker.body) % 4096))
    assert maker.below() == []


NO_THREAD = ["WARNING: The debugger does not have a current process or thread", "WARNING: Many commands will not work"]


def exception(tid: int, address: int = 0) -> bytes:
    return pack("<IIIIQQII", tid, 0, 0xC0000005, 0, 0, address, 0, 0) + b"\0" * 128


def test_without_a_current_thread() -> None:
    maker = Maker()
    assert maker.lines()[0] == "----- User Mini Dump Analysis"
    maker.add(6, exception(0x222))
    assert maker.lines()[:2] == NO_THREAD
    maker.entries[-1] = (6, 1, 0x400)  # not accepted: as if it were not there
    assert maker.lines()[0] == "----- User Mini Dump Analysis"
    maker.entries[1] = (0, 0, 0)
    assert maker.lines()[:2] == NO_THREAD


@pytest.mark.parametrize(("arch", "address", "times"), [(9, None, 2), (9, 0, 2), (9, 1, 1), (0, None, 4), (0, 1, 3), (12, 1, 2)])
def test_registers_outside_the_file(arch: int, address: int, times: int) -> None:
    maker = Maker(arch, context_rva=0x7FFFFFF0, teb=0)
    if address is not None:
        maker.add(6, exception(0x111, address))
    lines = maker.lines()
    error = ["ERROR: Thread context data not present in dump (RVA 0x7FFFFFF0)", "GetContextState failed, 0x80070570"]
    assert lines[: lines.index("----- User Mini Dump Analysis")] == [
        *error,
        "Unable to get current machine context, Win32 error 0n1392",
        *error * (times - 1),
    ]


def test_no_teb() -> None:
    assert Maker(teb=0).lines()[:2] == [
        "WARNING: Teb 0 pointer is NULL - defaulting to 00000000`7ffde000",
        "WARNING: 00000000`7ffde000 does not appear to be a TEB",
    ]
    assert Maker(teb=0, platform=0x8201).lines()[0] == "----- User Mini Dump Analysis"


def test_huge_lists_are_streamed() -> None:
    count = 200000
    maker = Maker()
    maker.add(5, pack("<I", count) + pack("<QII", 0x1000, 16, 64) * count)
    lines = dumpdebug_lines(Minidump.open(maker.data()))
    _, calls = calls_of(lambda: next(lines))
    assert calls < count // 2  # each range takes more than one
    assert sum(1 for _ in lines) > count


def test_the_same_list_over_and_over_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dumpdebug, "BUDGET", 20000)
    monkeypatch.setattr(dumpdebug, "BUDGET_RATE", 1)
    maker = Maker()
    maker.add(5, pack("<I", 100) + pack("<QII", 0x1000, 16, 64) * 100)
    maker.entries += [maker.entries[-1]] * 50
    lines = maker.lines()
    assert len(lines) < 600
    assert lines[-1].startswith("Stream 54: type MemoryListStream")


def test_every_cut_of_a_dump_is_read() -> None:
    maker = Maker()
    maker.add(12, pack("<4I", 16, 32, 1, 0) + pack("<QIIIIII", 4, 0x300, 0x320, 0, 0, 1, 1))
    maker.add(22, pack("<HH", 2, 0) + b"\1" * 76)
    maker.add(13, pack("<6I", 24, 32, 112, 12, 3, 0xFFFFFFFF) + b"\xff" * 96)
    maker.add(19, pack("<4I", 0xFFFFFFFF, 1, 16, 0x48) + b"\xff" * 0x48)
    data = maker.data()
    for size in range(32, len(data), 3):
        for _ in dumpdebug_lines(Minidump.open(data[:size])):
            pass
