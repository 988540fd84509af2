"""Every rule fires on the sample that it names, stays silent on the other, and says what people need."""

from __future__ import annotations

import ast
import struct
from pathlib import Path
from typing import Iterator, List

import pytest
from tests.cases import each
from tests.diagnosis.proofs import holds

from dumpscope.diagnosis.audit import apply, audit, explain_command, rules_that_fire
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.promises import promise
from dumpscope.diagnosis.rules.catalogue import FAMILIES, all_rules, check_rule, family, find_rule
from dumpscope.diagnosis.rules.rule import Rule
from dumpscope.dump.named import source_at
from dumpscope.dump.source import Source

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "samples"
RULES: List[Rule] = list(all_rules())


class Wrapped(Source):
    """A dump of more than 4 GiB: the first bytes of a full dump, and its directory again behind 4 GiB, where the header's RVA has lost its upper bits."""

    FAR = (1 << 32) + 0x2000

    def __init__(self, data: bytes) -> None:
        count, rva = struct.unpack_from("<II", data, 8)
        self.head = data[:12] + struct.pack("<I", self.FAR & 0xFFFFFFFF) + data[16:]
        self.directory = data[rva : rva + 12 * count]
        # What is far is read from the file: bytes that nobody would take for a directory stand where the header points.
        self.head = self.head.ljust(0x2000, b"\0") + b"\xcc" * 0x1000 + self.head[0x3000:]
        super().__init__(None, "wrapped.dmp", None, self.FAR + len(self.directory))

    def fetch(self, offset: int, size: int) -> bytes:
        out = bytearray(size)
        for start, data in ((0, self.head), (self.FAR, self.directory)):
            low, high = max(start, offset), min(start + len(data), offset + size)
            if low < high:
                out[low - offset : high - offset] = data[low - start : high - start]
        return bytes(out)


def facts(name: str) -> Facts:
    if name == "made/directory-wrapped":
        return Facts.of(Wrapped((SAMPLES / "everything-small.dmp").read_bytes()))
    if "." in name:
        source = source_at(SAMPLES / name)
        return Facts.of(source) if source.fault is None else Facts(source, None, source.fault)
    return Facts.of(Source.from_object((SAMPLES / f"{name}.dmp").read_bytes()))


@each("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_fires_on_its_sample(rule: Rule) -> None:
    found = apply([rule], facts(rule.fires))
    assert found, f"{rule.code} is silent on {rule.fires}"
    assert found[0].evidence
    assert "{" not in found[0].verdict
    assert all(step and "{" not in step for step in found[0].remedy)


@each("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_is_silent_on_the_other(rule: Rule) -> None:
    assert not apply([rule], facts(rule.silent)), f"{rule.code} fires on {rule.silent}"


@each("rule", RULES, ids=lambda rule: rule.code)
def test_evidence_points_into_the_file(rule: Rule) -> None:
    file = facts(rule.fires)
    path = SAMPLES / f"{rule.fires}.dmp"
    for finding in apply([rule], file):
        for proof in finding.evidence:
            assert proof.what
            assert proof.value
            assert proof.offset is None or 0 <= proof.offset < file.source.size
            if path.exists():
                assert not holds(path.read_bytes(), proof), f"what {proof.what} says does not stand at its offset"
    if rule.needs_dump and rule.code not in ("OPN021",):
        assert any(proof.offset is not None for finding in apply([rule], file) for proof in finding.evidence) or rule.code in ("MEM005", "MEM007", "OPN018")


def test_codes_are_unique_and_belong_to_their_family() -> None:
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes))
    for prefix, _, _ in FAMILIES:
        assert [rule.code for rule in family(prefix)] == sorted(rule.code for rule in family(prefix))


@pytest.mark.parametrize("name", ["title", "symptoms", "commands", "checks", "verdict", "remedy", "sources", "fires", "silent"])
def test_a_rule_that_leaves_something_out_is_refused(name: str) -> None:
    empty = () if isinstance(getattr(RULES[0], name), tuple) else ""
    with pytest.raises(ValueError, match=name):
        check_rule(RULES[0]._replace(**{name: empty}))


@pytest.mark.parametrize("change", [{"code": "X1"}, {"severity": "fatal"}, {"confidence": "sure"}])
def test_a_rule_with_an_unknown_word_is_refused(change: dict) -> None:
    with pytest.raises(ValueError, match="none of those known"):
        check_rule(RULES[0]._replace(**change))


def test_find_rule() -> None:
    assert find_rule("hnd002").code == "HND002"
    with pytest.raises(KeyError):
        find_rule("HND999")
    with pytest.raises(KeyError):
        find_rule("QQQ001")


CAUSES = {
    "HND001": ("handles-not-requested-wer-mini", "handles-not-requested-dump-m", "handles-not-requested-full-memory"),
    "HND002": ("handles-requested-none-enumerated", "handles-requested-none-createdump", "handles-requested-none-x86", "article-nohandles"),
    "HND003": ("handles-dump-of-a-dump", "real/redump-mh-of-dump-without-handles", "real/dbgeng10-nohandles-mh"),
    "HND004": ("handles-wine-writer",),
    "HND005": ("handles-third-party-writer",),
    "HND006": ("handles-empty-list",),
    "HND007": ("handles-count-too-large", "handles-stream-size-zero", "handles-stream-cut", "handles-header-too-small", "handles-descriptor-24"),
    "HND008": ("handles", "handles-x86", "handles-flag-cleared", "article-handles"),
}


@each(("code", "name"), [(code, name) for code, names in CAUSES.items() for name in names])
def test_the_eight_causes_exclude_each_other(code: str, name: str) -> None:
    """The first finding about !handle is the right cause, and none of the other seven is found beside it."""
    found = [item.code for item in explain_command(facts(name), "!handle")]
    assert [item for item in found if item in CAUSES] == [code]
    if code != "HND008":
        handles = [item for item in found if item.startswith("HND")]
        assert handles[0] == code


def test_the_evidence_of_the_article_can_be_seen_in_a_hex_editor() -> None:
    file = facts("article-nohandles")
    data = file.source.buffer[:]
    finding = next(item for item in explain_command(file, "!handle") if item.code == "HND002")
    flags = finding.evidence[0]
    assert flags.offset == 0x18
    assert int.from_bytes(data[flags.offset : flags.offset + 8], "little") == 0x1105
    assert "0x1105" in flags.value


def test_audit_puts_the_worst_first() -> None:
    order = {"error": 0, "warning": 1, "info": 2}
    for name in ("article-nohandles", "everything-small", "damaged-cut-in-half", "full-memory-truncated"):
        ranks = [order[item.rule.severity] for item in audit(facts(name))]
        assert ranks == sorted(ranks)


@each("name", ["article-nohandles", "everything-small", "damaged-cut-in-half", "damaged-directory-zeroed", "not-a-dump-html", "handles"])
def test_the_rules_that_fire_are_those_of_the_findings(name: str) -> None:
    found = [item.rule for item in audit(facts(name))]
    assert found
    assert rules_that_fire(facts(name)) == found


def codes(name: str) -> List[str]:
    return [item.code for item in audit(facts(name))]


def test_an_empty_token_stream_is_no_tokens() -> None:
    name = "real/redump-mh-of-dump-without-handles"
    file = facts(name)
    assert "SYS005" in codes(name)
    assert "SYS004" not in codes(name)
    assert promise(file, 0x40000).delivered == "no"
    assert file.engine.commands["!token"].outcome == "fails"


def test_a_writer_that_is_not_known_is_inferred() -> None:
    found = apply([find_rule("HND005")], facts("handles-third-party-writer"))[0]
    assert found.verdict.startswith("An unknown writer wrote this file")
    assert found.confidence == "inferred"


def test_names_without_folders_are_judged_for_windows_writers_only() -> None:
    assert promise(facts("breakpad-linux"), 0x80).delivered == "unknown"
    assert promise(facts("module-paths-filtered"), 0x80).delivered == "yes"
    assert "MOD005" not in codes("breakpad-linux")


def sources() -> Iterator[Path]:
    yield from (ROOT / "extension" / "dumpscope" / "diagnosis" / "rules").glob("*.py")


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: path.name)
def test_rules_do_not_print_or_read_files(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "open", "input")


def test_remedies_fit_the_system_of_the_process() -> None:
    """On Linux nobody is sent to tools of Windows; on Windows nothing of the rules' words is left out."""
    for item in audit(facts("breakpad-linux")):
        assert item.remedy
        assert not [step for step in item.remedy if "procdump" in step or "`.dump" in step or "WinDbg" in step]
    for item in audit(facts("article-nohandles")):
        assert len(item.remedy) == len(item.rule.remedy)


def test_rules_name_their_values() -> None:
    """Thirteen values without names cannot be read without counting commas."""
    calls = 0
    for path in (ROOT / "extension" / "dumpscope" / "diagnosis" / "rules").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Rule":
                calls += 1
                assert not node.args, f"{path.name}:{node.lineno}"
    assert calls > 50


def test_a_step_that_does_not_help_is_left_out() -> None:
    step = "use a newer debugger for a newer processor"
    for name, told in (("breakpad-arm64-old", False), ("system-info-architecture-unknown", True)):
        (found,) = [item for item in apply(family("OPN"), facts(name)) if item.code == "OPN015"]
        assert (step in found.remedy) is told
        assert len(found.remedy) == (2 if told else 1)


def test_registers_are_said_to_be_there_where_they_are() -> None:
    data = bytearray((SAMPLES / "missing-memory.dmp").read_bytes())
    for hidden, told in (((), True), ((3,), True), ((3, 6), False)):
        count, rva = struct.unpack_from("<II", data, 8)
        for at in range(rva, rva + 12 * count, 12):
            if struct.unpack_from("<I", data, at)[0] in hidden:
                struct.pack_into("<I", data, at, 0)
        (found,) = [item for item in apply(family("MEM"), Facts.of(Source.from_object(bytes(data)))) if item.code == "MEM006"]
        assert ("The file holds registers." in found.verdict) is told, hidden
