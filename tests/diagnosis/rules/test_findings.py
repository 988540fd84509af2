"""What the rules find on each sample: the codes, and for each rule the evidence with its offsets, read and checked when they were added.

``findings.txt`` says which codes an audit of a sample gives, the worst first. ``evidence.txt`` has, for each rule, what it says on the sample that fires
it. That the offsets are true is tested besides, from the bytes of the files (``tests/diagnosis/test_proofs.py``). After a change that is meant,
``python -m tests.diagnosis.rules.test_findings`` writes what is found now; look at the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List

from tests.cases import each
from tests.diagnosis.rules.test_rules import RULES, facts

from dumpscope.diagnosis.audit import apply, audit
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.catalogue import rules_for
from dumpscope.diagnosis.rules.rule import Rule
from dumpscope.dump.source import Source

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parents[2] / "samples"
NAMES = sorted(path.stem for path in SAMPLES.glob("*.dmp"))


def read_findings() -> Dict[str, List[str]]:
    """``sample: CODE CODE`` by sample."""
    lines = (HERE / "findings.txt").read_text("utf-8").splitlines()
    return {name: codes.split() for name, _, codes in (line.partition(":") for line in lines if line)}


def read_evidence() -> Dict[str, List[str]]:
    """The lines below each code."""
    found: Dict[str, List[str]] = {}
    for line in (HERE / "evidence.txt").read_text("utf-8").splitlines():
        if line and not line.startswith(" "):
            code = line.split()[0]
            found[code] = [line]
        elif line:
            found[code].append(line)
    return found


def codes_of(name: str) -> List[str]:
    return [item.code for item in audit(Facts.of(Source.from_object((SAMPLES / f"{name}.dmp").read_bytes())))]


def evidence_of(rule: Rule) -> List[str]:
    """What a rule says on the sample that fires it."""
    lines = [f"{rule.code} on {rule.fires}"]
    for item in apply([rule], facts(rule.fires)):
        lines += [f"  {item.confidence}: {item.verdict}", *(f"  remedy: {step}" for step in item.remedy)]
        lines += [f"    {proof.what} = {proof.value}" + (f" at 0x{proof.offset:x}" if proof.offset is not None else "") for proof in item.evidence]
    return [line.replace("\n", "\\n").replace(f"{SAMPLES}{os.sep}", "").replace(f"archives{os.sep}", "archives/") for line in lines]


FINDINGS = read_findings() if (HERE / "findings.txt").exists() else {}
EVIDENCE = read_evidence() if (HERE / "evidence.txt").exists() else {}


@each("name", NAMES)
def test_an_audit_finds_these_codes(name: str) -> None:
    assert codes_of(name) == FINDINGS[name]


@each("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_what_it_found_and_where(rule: Rule) -> None:
    assert evidence_of(rule) == EVIDENCE[rule.code]


def test_rules_of_a_command() -> None:
    codes = {rule.code for rule in rules_for("!handle")}
    assert {"HND001", "HND008"} <= codes
    assert rules_for("!nothing") == []


def _write() -> None:
    (HERE / "findings.txt").write_bytes("".join(f"{name}: {' '.join(codes_of(name))}".rstrip() + "\n" for name in NAMES).encode())
    (HERE / "evidence.txt").write_bytes("\n".join("\n".join(evidence_of(rule)) + "\n" for rule in RULES).encode())


if __name__ == "__main__":
    _write()
