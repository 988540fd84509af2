"""Conditions of rules on both sides: which processors, which bits, how many modules, which words of a comment."""

from __future__ import annotations

import struct
from typing import Any, List, Optional, Tuple

import pytest
from samples.writer import DumpBuilder, find_entry
from tests.cases import each
from tests.diagnosis.rules.test_rules import SAMPLES

from dumpscope.diagnosis.audit import apply
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.catalogue import find_rule
from dumpscope.diagnosis.rules.rule import Finding
from dumpscope.diagnosis.rules.threads import dump_error_text
from dumpscope.dump.source import Source


def found(code: str, data: bytes) -> Optional[Finding]:
    """What a rule finds."""
    return next(iter(apply([find_rule(code)], Facts.of(Source.from_object(bytes(data))))), None)


def sample(name: str) -> bytearray:
    return bytearray((SAMPLES / f"{name}.dmp").read_bytes())


def place(data: bytes, kind: int) -> int:
    """Where a stream stands."""
    return int(find_entry(bytes(data), kind)[2])


def moved(data: bytearray, kind: int, stream: bytes) -> bytes:
    """The dump with another stream of a type, behind its end."""
    entry = find_entry(bytes(data), kind)[0]
    struct.pack_into("<II", data, entry + 4, len(stream), len(data))
    return bytes(data) + stream


@pytest.mark.parametrize("architecture", range(16))
def test_wow64_is_on_64_bit_windows(architecture: int) -> None:
    data = sample("process-thread-data-wow64")
    struct.pack_into("<H", data, place(data, 7), architecture)
    assert (found("MOD006", data) is not None) is (architecture in (9, 12))


@pytest.mark.parametrize(("whole", "speaks"), [(0, False), (255, False), (256, True), (None, True)])
def test_256_modules_are_looked_at_for_a_path(whole: Optional[int], speaks: bool) -> None:
    """Of 300 modules one has a path: the rule about names without paths is silent if it is among the first."""
    data = sample("module-paths-filtered")
    assert found("MOD005", data) is not None
    at = place(data, 4)
    bare = bytes(data[at + 4 : at + 112])
    name = "C:\\demo.exe".encode("utf-16-le")
    path = len(data)
    data += struct.pack("<I", len(name)) + name + b"\0\0"
    rows = [bare if index != whole else bare[:20] + struct.pack("<I", path) + bare[24:] for index in range(300)]
    assert (found("MOD005", moved(data, 4, struct.pack("<I", 300) + b"".join(rows))) is not None) is speaks


@each("bit", range(32))
def test_a_context_that_the_writer_knows_to_be_missing(bit: int) -> None:
    """ThreadInfo says with 0x1, 0x4 or 0x10 that the writer could not get it: that is not silent."""
    data = sample("everything-small")
    threads, infos = place(data, 3), place(data, 17)
    count = struct.unpack_from("<I", data, threads)[0]
    header, size = struct.unpack_from("<II", data, infos)
    struct.pack_into("<I", data, threads + 4 + 44, 0)
    for index in range(count):
        struct.pack_into("<I", data, infos + header + size * index + 4, 0)
    silent = found("THR011", data)
    assert silent is not None
    tid = struct.unpack_from("<I", data, threads + 4)[0]
    assert f"{tid:x}" in silent.verdict + silent.evidence[0].what
    struct.pack_into("<I", data, infos + header + 4, 1 << bit)
    assert (found("THR011", data) is None) is (1 << bit in (0x1, 0x4, 0x10))


@pytest.mark.parametrize(("code", "bit"), [("THR003", 8), ("THR007", 1), ("THR008", 4), ("THR009", 16), ("THR010", 32)])
def test_a_bit_of_dump_flags(code: str, bit: int) -> None:
    """Each rule looks at its own bit, names the first thread that has it, and the first four as evidence."""
    data = sample("many-threads")
    made: List[bytes] = []
    for number in range(8):
        made.append(struct.pack("<IIIIQQQQQQ", 0x500 + number, 0, 0x80070005, 0, 0, 0, 0, 0, 0, 1))
    count, directory = struct.unpack_from("<II", data, 8)
    entries = bytes(data[directory : directory + 12 * count])
    for flags in (0, bit, 0x3F ^ bit, 0x3F):
        rows = [row[:4] + struct.pack("<I", flags if number >= 2 else 0) + row[8:] for number, row in enumerate(made)]
        stream = struct.pack("<III", 12, 64, 8) + b"".join(rows)
        image = bytearray(data) + stream
        others = b"".join(entries[at : at + 12] for at in range(0, len(entries), 12) if entries[at : at + 4] != struct.pack("<I", 17))
        table = others + struct.pack("<III", 17, len(stream), len(data))
        struct.pack_into("<II", image, 8, len(table) // 12, len(image))
        finding = found(code, bytes(image) + table)
        assert (finding is not None) is bool(flags & bit)
        if finding is not None:
            assert "502" in finding.verdict or "6" in finding.verdict
            places = [proof.offset for proof in finding.evidence if proof.what.startswith("ThreadInfo of thread")]
            assert places == [len(data) + 12 + 64 * number + 4 for number in range(2, 6)]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (0, "HRESULT 0x00000000"),
        (5, "HRESULT 0x00000005"),
        (0x80070005, "Win32 error 0n5"),
        (0x8007FFFF, "Win32 error 0n65535"),
        (0x80060005, "HRESULT 0x80060005"),
        (0x80080005, "HRESULT 0x80080005"),
        (0xD0000005, "NTSTATUS 0xC0000005"),
        (0x90070005, "NTSTATUS 0x80070005"),
        (0x10000000, "NTSTATUS 0x00000000"),
    ],
)
def test_an_error_as_the_debugger_prints_it(error: int, words: str) -> None:
    assert dump_error_text(error) == words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Manual dump", "Manual dump"),
        ("a MANUAL one", "a MANUAL one"),
        ("*** manual ***" + "x" * 100, "*** manual ***" + "x" * 66),
        ("Automatic dump", None),
        ("", None),
    ],
)
def test_a_comment_about_a_dump_by_hand(text: str, told: Optional[str]) -> None:
    builder: Any = DumpBuilder()
    builder.add_system_info()
    builder.add_comment_a("first of two")
    builder.add_comment_w(text)
    finding = found("EXC001", builder.build())
    assert finding is not None
    assert [proof.value for proof in finding.evidence if proof.what == "comment"] == ([] if told is None else [told])
    assert len(finding.evidence) == 1 + (told is not None)


@pytest.mark.parametrize("count", [None, 0])
def test_a_list_of_no_tokens_is_named(count: Optional[int]) -> None:
    """Without the stream the directory is the evidence; with an empty one its count is, too."""
    data = sample("stacks-only")
    before = found("SYS005", data)
    assert before is not None
    if count is None:
        assert not any(proof.what == "tokens in the TokenStream" for proof in before.evidence)
        return
    number, directory = struct.unpack_from("<II", data, 8)
    stream = struct.pack("<IIII", 16, count, 16, 0)
    image = bytes(data) + stream + bytes(data[directory : directory + 12 * number]) + struct.pack("<III", 19, len(stream), len(data))
    image = image[:8] + struct.pack("<II", number + 1, len(data) + len(stream)) + image[16:]
    after = found("SYS005", image)
    assert after is not None
    assert [(proof.value, proof.offset) for proof in after.evidence if proof.what == "tokens in the TokenStream"] == [("0", len(data))]


EXCEPTION = 8
"""Where the exception's code stands in ExceptionStream, behind the thread's id and the alignment."""


@pytest.mark.parametrize(("code", "name"), [("EXC002", "exception-wake-debugger"), ("EXC003", "exception-hang-report")])
def test_a_code_alone_decides(code: str, name: str) -> None:
    data = sample(name)
    at = place(data, 6) + EXCEPTION
    value = struct.unpack_from("<I", data, at)[0]
    finding = found(code, data)
    assert finding is not None
    assert finding.evidence[0][1:] == (f"0x{value:08x}", at)
    for other in (value - 1, value + 1, 0xC0000005, 0):
        struct.pack_into("<I", data, at, other & 0xFFFFFFFF)
        assert found(code, data) is None


FIELDS: List[Tuple[str, int, bool]] = [("size", 160, True), ("RVA", 164, True)]


@pytest.mark.parametrize(("name", "at", "speaks"), FIELDS)
def test_registers_are_missing_without_a_size_or_a_place(name: str, at: int, speaks: bool) -> None:
    data = sample("everything-small")
    assert found("EXC004", data) is None
    struct.pack_into("<I", data, place(data, 6) + at, 0)
    finding = found("EXC004", data)
    assert (finding is not None) is speaks
    assert finding is not None
    assert f"{name} 0x0" in str(finding.evidence[0].value)
    assert finding.evidence[0].offset == place(data, 6) + 160
