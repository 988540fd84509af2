"""What each rule says when the numbers that it names have other values, and when streams are missing or have another size.

``values.txt`` has the rules one after the other. A line is a number of the evidence on a sample, with what comes of each change: the number 0, one less,
one more, all bits, or one of its bits less. Then each stream of the sample: without it, without its bytes, and with one byte less. ``silent`` stands before
the changes that silence the rule; those that let it say something else stand behind a number made of its words, so that a change of these is seen. Changes
that make no difference are left out. After a change that is meant, ``python -m tests.diagnosis.rules.test_values`` writes what is so now; look at the
difference before it is committed.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict, Iterator, List, Tuple
from zlib import crc32

import pytest
from tests.amount import some
from tests.diagnosis.rules.test_findings import FINDINGS
from tests.diagnosis.rules.test_rules import RULES, SAMPLES
from tests.diagnosis.rules.test_turned import said, sample

from dumpscope.diagnosis.rules.rule import Finding, Rule

VALUES_TXT = Path(__file__).with_name("values.txt")
LARGEST = 1 << 20
"""Samples above this many bytes are left out: each change copies the file."""


def words(found: List[Finding]) -> str:
    """All that is said."""
    lines = []
    for item in found:
        lines += [item.confidence, item.verdict, *item.remedy]
        lines += [f"{proof.what} = {proof.value} at {proof.offset}" for proof in item.evidence]
    return "\n".join(lines)


def changes(data: bytes, place: int) -> Iterator[Tuple[str, bytes]]:
    """The other values of a number of 32 bits, with short names."""
    value = struct.unpack_from("<I", data, place)[0]
    values: Dict[int, str] = {}
    for other, name in ((0, "0"), (value - 1, "-1"), (value + 1, "+1"), (0xFFFFFFFF, "max")):
        values.setdefault(other & 0xFFFFFFFF, name)
    if value & value - 1 and value < 0x80000000:
        for bit in range(31):
            if value >> bit & 1:
                values.setdefault(value ^ 1 << bit, f"-0x{1 << bit:x}")
    values.pop(value, None)
    for other, name in values.items():
        yield name, data[:place] + struct.pack("<I", other) + data[place + 4 :]


def streams(data: bytes) -> Iterator[Tuple[str, Iterator[Tuple[str, bytes]]]]:
    """Each stream of a dump, and the dump without it, without its bytes, and with one byte of it less."""
    count, rva = struct.unpack_from("<II", data, 8)
    for entry in range(rva, min(rva + 12 * count, len(data) - 11), 12):
        kind, size, at = struct.unpack_from("<III", data, entry)
        if kind:
            rows = (("none", (0, 0, 0)), ("empty", (kind, 0, at)), ("-1", (kind, size - 1 & 0xFFFFFFFF, at)))
            yield f"stream 0x{kind:x}", ((name, data[:entry] + struct.pack("<III", *row) + data[entry + 12 :]) for name, row in rows)


def samples_of(rule: Rule) -> List[str]:
    """Samples that a rule is tried with: the two that it names, and two others on which it speaks."""
    others = [name for name, codes in FINDINGS.items() if rule.code in codes and name != rule.fires and (SAMPLES / f"{name}.dmp").stat().st_size <= LARGEST]
    return [rule.fires, *others[:2], rule.silent]


def lines_of(rule: Rule) -> List[str]:
    """The lines of a rule in ``values.txt``."""
    lines = []
    for name in samples_of(rule):
        data = sample(name)
        if data is not None and len(data) <= LARGEST:
            lines += [f"{rule.code} {name}: {line}" for line in differences(rule, data)]
    return lines


def differences(rule: Rule, data: bytes) -> Iterator[str]:
    """What comes of the changes of one dump, those of a number or of a stream in a line."""
    before = said(rule, data)
    places: Dict[int, str] = {}
    for finding in before:
        for proof in finding.evidence:
            if proof.offset is not None and proof.offset + 4 <= len(data):
                places.setdefault(proof.offset, f"{proof.what} at 0x{proof.offset:x}")
    for what, others in (*((what, changes(data, place)) for place, what in places.items()), *streams(data)):
        outcomes: Dict[str, List[str]] = {}
        for name, other in others:
            now = words(said(rule, other))
            if now != words(before):
                outcomes.setdefault(f"{crc32(now.encode('utf-8', 'surrogatepass')):08x}" if now else "silent", []).append(name)
        if outcomes:
            line = f"{what}: " + "; ".join(" ".join([outcome, *names]) for outcome, names in outcomes.items())
            yield line.replace("\n", "\\n")


def read() -> Dict[str, List[str]]:
    """The lines of ``values.txt`` by rule."""
    found: Dict[str, List[str]] = {}
    for line in VALUES_TXT.read_text("utf-8").splitlines() if VALUES_TXT.exists() else ():
        found.setdefault(line.split()[0], []).append(line)
    return found


KNOWN = read()


@pytest.mark.parametrize("rule", some(RULES, 2), ids=lambda rule: rule.code)
def test_a_rule_looks_at_the_numbers_that_it_names(rule: Rule) -> None:
    assert lines_of(rule) == KNOWN.get(rule.code, [])


def test_values_matter_to_most_rules() -> None:
    assert len(KNOWN) > len(RULES) // 2
    assert set(KNOWN) <= {rule.code for rule in RULES}


if __name__ == "__main__":
    VALUES_TXT.write_bytes("".join(line + "\n" for rule in RULES for line in lines_of(rule)).encode("utf-8", "surrogatepass"))
