"""Every proof of every rule on every sample is read back: its offset lies in the file, and the bytes there hold what it says."""

from pathlib import Path
from typing import Iterator, Tuple

import pytest
from tests.amount import some
from tests.cases import each
from tests.diagnosis.proofs import holds

from dumpscope.diagnosis.audit import audit
from dumpscope.diagnosis.evidence import Proof
from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.source import Source

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NAMES = sorted(str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*.dmp"))


def read(name: str) -> Tuple[bytes, Iterator[Tuple[str, Proof]]]:
    data = (SAMPLES / name).read_bytes()
    return data, ((finding.code, proof) for finding in audit(Facts.of(Source.from_object(data))) for proof in finding.evidence)


@each("name", some(NAMES, 0))
def test_every_proof_can_be_read_back(name: str) -> None:
    data, proofs = read(name)
    wrong = [f"{code} {proof.what} = {proof.value}: {holds(data, proof)}" for code, proof in proofs if holds(data, proof)]
    assert not wrong


@pytest.mark.parametrize(
    "proof",
    [
        Proof("header Flags", "0x1: made up", 24),
        Proof("anything", "x", 1 << 40),
        Proof("anything", "x", 8),
        Proof("directory entry 0", "type 99 (None), size 0x1, RVA 0x2", 32),
        Proof("directory", "3 entries, none of type 12 (HandleDataStream)", 32),
        Proof("directory", "16 entries, none of type 12 (HandleDataStream)", 32),
        Proof("first bytes", "50 4b 03 04", 0),
        Proof("writer: MiscInfo.DbgBldStr", "dbgcore.amd64,1.2", 0x100),
        Proof("exception's instruction pointer", "demo+0x1", 0x100),
        Proof("descriptor of handle 0x4", "TypeNameRva 0, access 0x0", 0x100),
        Proof("0x4 MiniDumpWithHandleData", "26 handles", 0x100),
        Proof("stack of thread 1", "0x10 bytes at 0x1000: not captured", 0x100),
        Proof("ThreadInfo of thread 1", "DumpFlags 0x77, DumpError 0x5 (Win32 error 0n5)", 0x100),
        Proof("stream size mismatch", "HandleDataStream: the directory says 0x1 bytes, 77 records need 0x9", 0x100),
    ],
    ids=lambda proof: f"{proof.what}-{proof.value[:12]}",
)
def test_the_reading_back_can_fail(proof: Proof) -> None:
    assert holds((SAMPLES / "handles.dmp").read_bytes(), proof)


def test_most_proofs_have_an_offset() -> None:
    proofs = [proof for name in NAMES for _, proof in read(name)[1]]
    assert sum(proof.offset is not None for proof in proofs) > 0.8 * len(proofs) > 3000
