"""The pages that are made from tables, rules and registry are up to date, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict

import pytest
from tests.cases import each

from docs import build, markdown, public

LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def made() -> Dict[str, str]:
    return build.pages()


def test_pages_are_up_to_date(made: Dict[str, str]) -> None:
    assert build.differences(made) == [], "run `python -m docs.build`"


@each("name", sorted(path.relative_to(build.DOCS).as_posix() for path in build.DOCS.rglob("*.md")))
def test_links_lead_somewhere(name: str) -> None:
    here = (build.DOCS / name).parent
    text = (build.DOCS / name).read_text("utf-8")
    for target in LINK.findall(re.sub(r"`[^`]*`", "", text)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        page = (here / path).resolve() if path else (build.DOCS / name).resolve()
        assert page.exists(), f"{name}: {target}"
        if anchor:
            headings = {markdown.anchor(line.lstrip("# ")) for line in page.read_text("utf-8").split("\n") if line.startswith("#")}
            assert anchor in headings, f"{name}: {target}"


def test_every_structure_and_rule_and_command_has_its_section(made: Dict[str, str]) -> None:
    from dumpscope.commands.index import all_commands
    from dumpscope.diagnosis.rules.catalogue import all_rules
    from dumpscope.format.catalogue import structures

    text = "\n".join(made.values())
    for heading in [f"## {shape.name}\n" for shape in structures()] + [f"## {rule.code}\n" for rule in all_rules()]:
        assert heading in text
    for item in all_commands():
        assert f"### {item.name}\n" in text


def test_everything_public_has_its_section(made: Dict[str, str]) -> None:
    text = made["api.md"]
    for home in public.PUBLIC:
        assert f"## {home.title}\n" in text
        for name in (*home.classes, *home.functions):
            assert text.count(f"### {name}\n") == 1
    headings = [markdown.anchor(line.lstrip("# ")) for line in text.split("\n") if line.startswith("#")]
    assert len(headings) == len(set(headings)), "the anchor of the second one would be another"


def test_what_is_public_and_not_documented_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docs.api.undocumented", lambda: ["Minidump.path has no docstring"])
    with pytest.raises(LookupError, match=r"Minidump\.path has no docstring"):
        build.pages()


def test_text_is_no_markup() -> None:
    assert markdown.plain("a|b <c> *d* e_f `g h` i`j") == "a\\|b \\<c\\> \\*d\\* e\\_f `g h` i\\`j"
    assert Path(build.DOCS / "commands.md").read_text("utf-8").startswith("# Commands\n")


def test_commands_of_the_command_line_are_on_the_page() -> None:
    """Each command that help lists has a section, those that only the command line has too."""
    from dumpscope.commands.index import all_commands
    from dumpscope.front.cli.shells import SHELLS

    page = (build.DOCS / "commands.md").read_text(encoding="utf-8")
    for name in [*(item.name for item in all_commands()), *SHELLS]:
        assert f"\n### {name}\n" in page, name
