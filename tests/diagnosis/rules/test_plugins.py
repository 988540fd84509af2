"""Rules of other packages, installed into a folder of their own and found by their entry points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Tuple

import pytest
from tests.plugins import EXAMPLE, ROOT, add, run

pytestmark = pytest.mark.xdist_group("forked")

HANDLES = str(ROOT / "samples" / "handles.dmp")
HEAD = "from dumpscope_acme import RULES\n"


def _add(folder: Path, name: str, module: str, entry: str) -> None:
    add(folder, name, module, {"dumpscope.rules": entry})


@pytest.fixture
def example(tmp_path: Path) -> Path:
    _add(tmp_path, "dumpscope_acme", (EXAMPLE / "dumpscope_acme.py").read_text("utf-8"), "acme = dumpscope_acme:RULES")
    return tmp_path


def _run(folder: Path, *words: str) -> Tuple[int, Dict[str, Any], str]:
    code, text, errors = run(folder, *words, "--json")
    return code, json.loads(text), errors


def _codes(document: Dict[str, Any]) -> Dict[str, Dict[str, Any]]:
    return {item["code"]: item for item in document["findings"]}


def _notes(document: Dict[str, Any]) -> str:
    return json.dumps(document.get("notes", []))


def test_the_example_declares_the_entry_point_that_is_tested() -> None:
    assert '[project.entry-points."dumpscope.rules"]\nacme = "dumpscope_acme:RULES"\n' in (EXAMPLE / "pyproject.toml").read_text("utf-8")


def test_the_example_fires_on_its_sample_and_not_on_the_other(example: Path) -> None:
    found = _codes(_run(example, "why", HANDLES)[1])["ACM001"]
    assert found["severity"] == "warning"
    assert "streams and no comment" in found["verdict"]
    assert found["evidence"][0]["offset"] is not None
    assert "ACM001" not in _codes(_run(example, "why", str(ROOT / "samples" / "comments.dmp"))[1])
    assert "ACM001" not in _codes(_run(example.parent, "why", HANDLES)[1]), "without the package"


def test_a_new_python_answers_as_one_that_is_forked(example: Path) -> None:
    assert run(example, "why", HANDLES, "--json", fresh=True) == run(example, "why", HANDLES, "--json")


def test_rules_and_explain_know_it(example: Path) -> None:
    code, listed, _ = _run(example, "rules", "ACM")
    assert code == 0
    assert [row["code"] for row in listed["rules"]] == ["ACM001"]
    code, page, _ = _run(example, "explain", "acm001")
    assert code == 0
    assert page["rule"]["code"] == "ACM001"


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("import no_such_module_of_acme\n", "ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        (HEAD + "BAD = (RULES[0]._replace(code='ACM002', remedy=()),)\n", "rule ACM002: remedy is missing"),
        (HEAD + "BAD = (RULES[0]._replace(code='HND999'),)\n", "rule HND999: HND is a family of dumpscope"),
        (HEAD + "BAD = RULES\n", "rule ACM001: the code is taken by acme"),
        ("BAD = ('text',)\n", "it holds a str, not a Rule"),
        ("BAD = 5\n", "TypeError"),
        (HEAD + "BAD = (RULES[0]._replace(code='ACM002', test=lambda facts: 1 // 0),)\n", "rule ACM002 failed: ZeroDivisionError"),
        (HEAD + "BAD = (RULES[0]._replace(code='ACM002', test=lambda facts: True),)\n", "rule ACM002 failed: TypeError: its test returned bool"),
        (HEAD + "BAD = (RULES[0]._replace(code='ACM002', verdict='{gone}'),)\n", "rule ACM002 failed: KeyError"),
    ],
    ids=["no-module", "exit", "incomplete", "our-family", "taken", "no-rule", "no-sequence", "raises", "no-match", "verdict"],
)
def test_a_broken_plugin_is_named_and_the_rest_goes_on(example: Path, module: str, why: str) -> None:
    _add(example, "dumpscope_bad", module, "bad = dumpscope_bad:BAD")
    code, document, errors = _run(example, "why", HANDLES)
    assert (code, "Traceback" in errors) == (0, False)
    assert {"ACM001"} == {name for name in _codes(document) if name.startswith("ACM")}
    notes = _notes(document)
    assert notes.count("the plug-in bad (dumpscope_bad:BAD) is left out: ") == 1
    assert why in notes
