"""The pages that are made from tables, rules and registry are up to date, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import build

MADE = build.pages()
LINK = re.compile(r"\]\(([^)\s]+)\)")


def test_pages_are_up_to_date() -> None:
    assert build.differences() == [], "run `python -m docs.build`"


@pytest.mark.parametrize("name", sorted(MADE))
def test_links_lead_somewhere(name: str) -> None:
    here = (build.DOCS / name).parent
    for target in LINK.findall(re.sub(r"`[^`]*`", "", MADE[name])):
        path, _, anchor = target.partition("#")
        page = (here / path).resolve() if path else (build.DOCS / name).resolve()
        assert page.exists(), f"{name}: {target}"
        if anchor:
            headings = {build.anchor(line.lstrip("# ")) for line in page.read_text("utf-8").split("\n") if line.startswith("#")}
            assert anchor in headings, f"{name}: {target}"


def test_every_structure_and_rule_and_command_has_its_section() -> None:
    from dumpscope.commands.registry import all_commands
    from dumpscope.diagnosis.catalogue import all_rules
    from dumpscope.format.catalogue import structures

    text = "\n".join(MADE.values())
    for heading in [f"## {shape.name}\n" for shape in structures()] + [f"## {rule.code}\n" for rule in all_rules()]:
        assert heading in text
    for item in all_commands():
        assert f"### {item.name}\n" in text


def test_text_is_no_markup() -> None:
    assert build.plain("a|b <c> *d* e_f `g h` i`j") == "a\\|b \\<c\\> \\*d\\* e\\_f `g h` i\\`j"
    assert Path(build.DOCS / "commands.md").read_text("utf-8").startswith("# Commands\n")
