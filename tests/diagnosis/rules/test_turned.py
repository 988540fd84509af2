"""What each rule says of its samples when they are another way: one flag of the header turned, or every stream at another place.

``flags.txt`` has three lines for each rule where they are not empty: the flags that silence it on the sample that fires it, those that let it say something
else there, and those that let it speak on the sample where it is silent. After a change that is meant, ``python -m tests.diagnosis.rules.test_turned`` writes
what is so now; look at the difference before it is committed.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from tests.cases import each
from tests.diagnosis.rules.test_rules import RULES, SAMPLES

from dumpscope.diagnosis.audit import apply
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.rule import Finding, Rule
from dumpscope.dump.source import Source

FLAGS_TXT = Path(__file__).with_name("flags.txt")
FLAGS = 24
"""Where the header's flags stand."""
BITS = 25
"""Flags of MINIDUMP_TYPE, by number."""


def said(rule: Rule, data: bytes) -> List[Finding]:
    """What a rule finds in these bytes."""
    return list(apply([rule], Facts.of(Source.from_object(data))))


def words(found: List[Finding]) -> List[Tuple[str, str, Tuple[str, ...]]]:
    """What people read of findings, without the value of the flags themselves."""
    return [(item.confidence, item.verdict, tuple(item.remedy)) for item in found]


def sample(name: str) -> Optional[bytes]:
    """A sample's bytes; None for what is no minidump with a whole header."""
    path = SAMPLES / f"{name}.dmp"
    data = path.read_bytes() if path.exists() else b""
    return data if data[:4] == b"MDMP" and len(data) > 32 else None


def turned(rule: Rule) -> List[str]:
    """The lines of a rule in ``flags.txt``."""
    silent, other, speaks = [], [], []
    for name, fires in ((rule.fires, True), (rule.silent, False)):
        data = sample(name)
        if data is None:
            continue
        before = words(said(rule, data))
        flags = struct.unpack_from("<Q", data, FLAGS)[0]
        for bit in range(BITS):
            now = words(said(rule, data[:FLAGS] + struct.pack("<Q", flags ^ 1 << bit) + data[FLAGS + 8 :]))
            sign = f"{'-' if flags >> bit & 1 else '+'}0x{1 << bit:x}"
            if fires and not now:
                silent.append(sign)
            elif fires and now != before:
                other.append(sign)
            elif not fires and now:
                speaks.append(sign)
    kinds = ((f"silent on {rule.fires} with", silent), (f"says something else on {rule.fires} with", other), (f"speaks on {rule.silent} with", speaks))
    return [f"{rule.code} {kind} {' '.join(signs)}" for kind, signs in kinds if signs]


def read() -> Dict[str, List[str]]:
    """The lines of ``flags.txt`` by rule."""
    found: Dict[str, List[str]] = {}
    for line in FLAGS_TXT.read_text("utf-8").splitlines() if FLAGS_TXT.exists() else ():
        found.setdefault(line.split()[0], []).append(line)
    return found


KNOWN = read()


@each("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_looks_at_the_flags_that_it_names(rule: Rule) -> None:
    assert turned(rule) == KNOWN.get(rule.code, [])


def test_flags_matter_to_many_rules() -> None:
    assert len(KNOWN) > 20
    assert set(KNOWN) <= {rule.code for rule in RULES}


# -- other places ----------------------------------------------------------------------------------------------------------

FILLING = 0x1FF3
"""Bytes between the old end of the file and the first stream's new place. It is odd, so that sums of offsets are not the same as their bits together."""


def moved(data: bytes) -> Tuple[bytes, List[Tuple[int, int, int]]]:
    """A dump with every stream copied behind its end, and (old place, size, new place) of each. The old bytes are wiped where only the stream has them."""
    count, rva = struct.unpack_from("<II", data, 8)
    out, places = bytearray(data), []
    out += b"\xa5" * FILLING
    for index in range(count):
        entry = rva + 12 * index
        kind, size, at = struct.unpack_from("<III", data, entry)
        if kind and size and at + size <= len(data):
            places.append((at, size, len(out)))
            struct.pack_into("<I", out, entry + 8, len(out))
            out += data[at : at + size] + b"\xa5" * (2 * index + 1)
    return bytes(out), places


STAY: Dict[str, str] = {
    "OPN007": "its sample is cut in the directory",
    "OPN016": "its sample ends in the memory, behind which the streams would be put",
    "OPN019": "its sample has streams before the directory",
    "OPN024": "the right place of the memory is known from the end of the file",
    "WRT005": "its sample ends in the memory, behind which the streams would be put",
}
"""Rules that do not find the same when streams are moved, and why."""


@each("rule", RULES, ids=lambda rule: rule.code)
def test_evidence_moves_with_its_stream(rule: Rule) -> None:
    data = sample(rule.fires)
    if data is None or rule.code in STAY:
        return  # not a minidump, or it is said why not
    other, places = moved(data)
    before, after = said(rule, data), said(rule, other)
    assert words(before) == words(after)
    for was, now in zip(before, after):
        assert [proof.what for proof in was.evidence] == [proof.what for proof in now.evidence]
        for old, new in zip(was.evidence, now.evidence):
            expected = [to + old.offset - at for at, size, to in places if old.offset is not None and at <= old.offset < at + size] or [old.offset]
            assert new.offset in expected, f"{old.what}: {old.offset} became {new.offset}"


if __name__ == "__main__":
    FLAGS_TXT.write_bytes("".join(line + "\n" for rule in RULES for line in turned(rule)).encode())
