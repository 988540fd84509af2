"""No text says "1 threads" or "1 thread have": over all samples, and in the words of every rule."""

import re
from pathlib import Path

import pytest
from tests.amount import some
from tests.cases import each

from dumpscope.diagnosis.audit import audit
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.catalogue import all_rules
from dumpscope.dump.source import Source

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
NAMES = sorted(path.name for path in SAMPLES.glob("*.dmp"))
NOUNS = (
    "threads|streams|modules|entries|ranges|handles|regions|stacks|TEBs|frames|heaps|processors|bytes|variables|tokens|structures|lines|places|contexts|"
    "instructions|values|words|slots|objects|SIDs|parameters|processes|descriptors|records|overlaps|sections|pages|blocks|files|names|drivers|things"
)
WRONG = re.compile(
    rf"(?<![\w.,:/`'-])1 (?:of 1 )?(?:[a-z]+ )??(?:[a-z]+ )??(?:{NOUNS})\b"
    r"|(?<![\w.,:/`'-])1 [a-z]+ (?:have|are|were|do|lie|share|hold|belong)\b"
    rf"|(?<![\w.,:/`'-])1 of \d+ (?:{NOUNS}) (?:have|are|were)\b"
)
FILLED = re.compile(r"\{(\w+)\} (?:[a-z]+ )?(?:" + NOUNS + r")\b")
COMMANDS = ("why", "dumpinfo", "memory", "threads")


def wrong(text: str):
    return [text[max(found.start() - 30, 0) : found.end() + 30] for found in WRONG.finditer(" ".join(text.split()))]


@each("name", some(NAMES, 0))
def test_what_is_counted_once_is_said_in_the_singular(cli, name):
    said = "".join(found for command in COMMANDS for found in cli(command, name, "--width", "200")[1:])
    assert wrong(said) == []


@each("name", some(NAMES, 1))
def test_findings_use_the_singular_for_one(name):
    found = audit(Facts.of(Source.from_object((SAMPLES / name).read_bytes())))
    assert wrong(" | ".join(text for item in found for text in (item.verdict, *item.remedy, *(proof.value for proof in item.evidence)))) == []


@each("rule", list(all_rules()), ids=lambda rule: rule.code)
def test_a_rule_leaves_no_plural_to_a_number_that_may_be_one(rule):
    sized = {"size", "right", "asked", "held"}  # numbers of bytes, and larger than 1 by what the rule checks
    plain = [name for text in (rule.verdict, *rule.remedy) for name in FILLED.findall(text) if name not in sized]
    assert plain == []


@pytest.mark.parametrize(
    "text",
    ["1 threads have", "The stacks of 1 threads", "1 of 1 threads", "1 entries, none of type", "1 thread have no", "1 of 3 threads have", "and 1 more streams"],
)
def test_the_check_can_fail(text):
    assert wrong(text)


@pytest.mark.parametrize("text", ["1 thread has", "1 of 3 threads has no times", "11 threads", "0x1 bytes", "version 10.1 streams", "a size of 1 byte"])
def test_the_check_passes_what_is_right(text):
    assert not wrong(text)
