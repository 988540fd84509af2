"""Rules on many threads or near a limit: how many proofs they give, where these stand, and on which side of the limit they speak."""

from __future__ import annotations

import struct
from typing import Any, List, Optional, Tuple

import pytest
from samples.writer import DumpBuilder, Module, find_entry
from tests.cases import each
from tests.diagnosis.rules.test_rules import SAMPLES

from dumpscope.diagnosis.audit import apply
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.catalogue import find_rule
from dumpscope.diagnosis.rules.rule import Finding
from dumpscope.dump.source import Source

RECORD = 48
TEB, STACK, CONTEXT = 16, 24, 40
"""Bytes of a MINIDUMP_THREAD, and where its Teb, Stack and ThreadContext stand."""


def found(code: str, data: bytes) -> Optional[Finding]:
    """What a rule finds."""
    return next(iter(apply([find_rule(code)], Facts.of(Source.from_object(bytes(data))))), None)


def threads(changed: range, field: int, value: bytes) -> Tuple[bytes, int, int]:
    """A dump of many threads with one field of some of them changed, where its thread list stands, and how many threads it has."""
    data = bytearray((SAMPLES / "many-threads.dmp").read_bytes())
    _entry, _size, rva = find_entry(bytes(data), 3)
    count = struct.unpack_from("<I", data, rva)[0]
    for index in changed:
        place = rva + 4 + RECORD * index + field
        data[place : place + len(value)] = value
    return bytes(data), rva + 4, count


@each("first", [0, 5])
@each("number", [1, 2, 3, 4, 5, 9])
@each(
    ("code", "field", "at", "value", "most"),
    [
        ("THR006", TEB, TEB, bytes(8), 4),
        ("THR011", CONTEXT + 4, CONTEXT, bytes(4), 4),
        ("THR014", CONTEXT + 4, CONTEXT, b"\xf0\xff\xff\x7f", 1),
    ],
)
def test_the_first_of_many_threads_are_named(code: str, field: int, at: int, value: bytes, most: int, first: int, number: int) -> None:
    assert found(code, threads(range(0), field, value)[0]) is None
    data, start, count = threads(range(first, first + number), field, value)
    finding = found(code, data)
    assert finding is not None
    places = [proof.offset for proof in finding.evidence if proof.offset is not None and start <= proof.offset < start + RECORD * count]
    assert places == [start + RECORD * index + at for index in range(first, first + min(number, most))]
    assert str(number) in finding.verdict or number == 1


def test_three_of_many_tebs_are_named() -> None:
    data, start, count = threads(range(0), TEB, b"")
    finding = found("MEM003", data)
    assert finding is not None
    assert f"{count} of {count} TEBs" in finding.verdict
    assert [proof.offset for proof in finding.evidence[1:]] == [start + RECORD * index + TEB for index in range(3)]
    finding = found("MEM003", threads(range(2), TEB, bytes(8))[0])
    assert finding is not None
    assert f"{count - 2} of {count - 2} TEBs" in finding.verdict
    assert [proof.offset for proof in finding.evidence[1:]] == [start + RECORD * index + TEB for index in range(2, 5)]


def counters(name: str, code: str, labels: List[str], values: List[int]) -> Optional[Finding]:
    """What a rule says when the numbers that it names have other values; they are 8 bytes each."""
    data = bytearray((SAMPLES / f"{name}.dmp").read_bytes())
    finding = found(code, bytes(data))
    assert finding is not None
    for label, value in zip(labels, values):
        place = next(proof.offset for proof in finding.evidence if proof.what.endswith(label))
        assert place is not None
        struct.pack_into("<Q", data, place, value)
    return found(code, bytes(data))


@pytest.mark.parametrize(
    ("committed", "limit", "speaks"), [(95, 100, True), (94, 100, False), (9499, 10000, False), (9500, 10000, True), (100, 100, True), (5, 0, False)]
)
def test_commit_is_exhausted_from_95_percent_on(committed: int, limit: int, speaks: bool) -> None:
    finding = counters("commit-exhausted", "SYS006", ["CommittedPages", "CommitLimit"], [committed, limit])
    assert (finding is not None) is speaks
    if finding is not None:
        assert f"{committed * 100 / limit:.1f}" in finding.verdict


@pytest.mark.parametrize(
    ("limit", "private", "shared", "speaks"),
    [
        (1000, 900, 0, True),
        (1000, 899, 0, False),
        (1000, 450, 450, True),
        (1000, 450, 449, False),
        (1000, 0, 900, True),
        (0, 1, 1, False),
        (1000, 1000, 7, True),
    ],
)
def test_a_job_is_near_its_limit_from_90_percent_on(limit: int, private: int, shared: int, speaks: bool) -> None:
    labels = ["JobTotalCommitLimit", "JobPrivateCommitUsage", "JobSharedCommitUsage"]
    finding = counters("job-memory-limit", "SYS007", labels, [limit, private, shared])
    assert (finding is not None) is speaks
    if finding is not None:
        assert f"{(private + shared) * 100 / limit:.1f}" in finding.verdict


BASE = 0x7FF6A1B20000


@pytest.mark.parametrize(
    ("address", "size", "speaks"),
    [
        (BASE + 0x1000, 0x200, False),
        (BASE + 0x1000, 0x1FF, True),
        (BASE + 0x1001, 0x200, True),
        (BASE + 0xFFF, 0x200, True),
        (BASE + 0xFFF, 0x201, False),
        (BASE, 0x2000, False),
        (BASE, 0x1000, True),
    ],
)
def test_code_is_there_when_the_first_bytes_of_it_are(address: int, size: int, speaks: bool) -> None:
    made: Any = DumpBuilder("amd64")
    made.add_system_info()
    made.add_module_list([Module(BASE, 0x10000, "C:\\demo\\demo.exe")])
    made.add_memory(address, b"\x90" * size)
    made.add_memory_list()
    assert (found("MEM009", made.build()) is not None) is speaks


@pytest.mark.parametrize(("count", "speaks"), [(0, False), (14, False), (15, False), (16, True), (0xFFFFFFFF, True)])
def test_an_exception_has_15_parameters_at_the_most(count: int, speaks: bool) -> None:
    data = bytearray((SAMPLES / "exception-read-violation.dmp").read_bytes())
    _entry, _size, rva = find_entry(bytes(data), 6)
    struct.pack_into("<I", data, rva + 32, count)
    assert (found("EXC007", bytes(data)) is not None) is speaks
