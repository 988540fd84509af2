"""Every proof of every rule on every sample is read back: its offset lies in the file, and the bytes there hold what it says."""

import re
from pathlib import Path
from typing import Iterator, Tuple

import pytest

from dumpscope.diagnosis.audit import audit
from dumpscope.diagnosis.evidence import Proof
from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.source import Source

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NAMES = sorted(str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*.dmp"))

FIELDS = {
    # what the proof is about -> size of the number that stands at its offset, and whether the value begins with it
    r"header Flags": 8,
    r"header CheckSum.*": 4,
    r"header NumberOfStreams": 4,
    r"header Version, (high|low) word": 2,
    r"ExceptionRecord\.ExceptionCode": 4,
    r"ExceptionRecord\.ExceptionAddress": 8,
    r"ExceptionRecord\.NumberParameters": 4,
    r"ExceptionStream\.ThreadId": 4,
    r"SystemInfo\.ProcessorArchitecture": 2,
    r"HandleDataStream\.(NumberOfDescriptors|SizeOfDescriptor)": 4,
    r"ThreadListStream\.NumberOfThreads": 4,
}
DIRECTORY = re.compile(r"type (\d+) \(.*\), size 0x([0-9a-f]+), RVA 0x([0-9a-f]+)")
NUMBER = re.compile(r"0x[0-9a-f]+|\d+")


def read(name: str) -> Tuple[bytes, Iterator[Tuple[str, Proof]]]:
    data = (SAMPLES / name).read_bytes()
    return data, ((finding.code, proof) for finding in audit(Facts.of(Source.from_object(data))) for proof in finding.evidence)


def holds(data: bytes, proof: Proof) -> str:
    """What is wrong with a proof; an empty string for one that says what the file has."""
    if proof.offset is None:
        return ""
    if not 0 <= proof.offset < len(data):
        return f"offset 0x{proof.offset:x} is outside the file of 0x{len(data):x} bytes"
    entry = DIRECTORY.match(proof.value)
    if entry is not None and proof.what.startswith("directory entry"):
        expected = [int(entry[1]), int(entry[2], 16), int(entry[3], 16)]
        found = [int.from_bytes(data[proof.offset + at : proof.offset + at + 4], "little") for at in (0, 4, 8)]
        return "" if found == expected else f"the directory has {found} there, not {expected}"
    for pattern, size in FIELDS.items():
        if re.fullmatch(pattern, proof.what):
            number = NUMBER.match(proof.value)
            assert number is not None, proof
            stored = int.from_bytes(data[proof.offset : proof.offset + size], "little")
            return "" if stored == int(number[0], 0) else f"the file has 0x{stored:x} there"
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_every_proof_can_be_read_back(name: str) -> None:
    data, proofs = read(name)
    wrong = [f"{code} {proof.what} = {proof.value}: {holds(data, proof)}" for code, proof in proofs if holds(data, proof)]
    assert not wrong


def test_the_reading_back_can_fail() -> None:
    data = (SAMPLES / "handles.dmp").read_bytes()
    assert holds(data, Proof("header Flags", "0x1: made up", 24))
    assert holds(data, Proof("anything", "x", len(data)))
    assert holds(data, Proof("directory entry 0", "type 99 (None), size 0x1, RVA 0x2", 32))


def test_many_proofs_name_a_field_that_is_read() -> None:
    checked = 0
    for name in NAMES:
        _, proofs = read(name)
        for _, proof in proofs:
            checked += proof.offset is not None and any(re.fullmatch(pattern, proof.what) for pattern in FIELDS)
    assert checked > 300
