"""The README's pictures are what docs/pictures.py makes of today's program, and the README shows them."""

from __future__ import annotations

import os
import re
import struct
from xml.etree import ElementTree

import pytest
from tests.amount import ALL

from docs import pictures, screens

README = (pictures.ROOT / "README.md").read_text("utf-8")
NAMES = ["why.svg", "repl.svg", "atlas.png"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the pictures are made with a terminal and paths of POSIX")


def words_of(svg: str) -> str:
    """The texts of a picture, in the order of its rows."""
    return " ".join(text.text or "" for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")).replace(screens.NO_BREAK, " ")


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_shows_each_picture(name: str) -> None:
    found = re.search(rf"!\[([^\]]+)\]\(docs/pictures/{re.escape(name)}\)", README)
    assert found is not None
    assert len(found.group(1)) > 40, "what is on it, for those who cannot see it"
    assert (pictures.PICTURES / name).stat().st_size > 1000


def test_the_folder_has_these_pictures_alone() -> None:
    assert sorted(path.name for path in pictures.PICTURES.iterdir()) == sorted(NAMES)


def test_a_picture_is_on_the_first_screen_of_the_readme() -> None:
    assert "docs/pictures/why.svg" in "\n".join(README.splitlines()[:15])


@pytest.mark.skipif(not ALL, reason="pictures are drawn anew with DUMPSCOPE_TESTS=all")
@pytest.mark.parametrize("name", sorted(pictures.SVGS))
def test_a_drawn_picture_is_what_the_script_makes(name: str) -> None:
    if not pictures.SVGS[name][1]:
        pytest.skip("tmux is not installed here")
    assert pictures.is_made(name), "run `python -m docs.pictures`"


def test_why_shows_the_answer_with_its_cause_and_evidence() -> None:
    shown = words_of((pictures.PICTURES / "why.svg").read_text("utf-8"))
    for text in ("dumpscope why samples/article-nohandles.dmp '!handle'", "HND002", "0x4 MiniDumpWithHandleData is set", "at 0x18", "remedy"):
        assert text in shown


def test_the_atlas_is_a_picture_of_the_size_that_the_script_asks_for() -> None:
    held = (pictures.PICTURES / "atlas.png").read_bytes()
    kinds = [held]
    if ALL and pictures.CHROMIUM is not None:
        kinds.append(pictures.atlas())
    for data in kinds:
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", data[16:24]) == pictures.ATLAS_SIZE
        assert len(data) > 50_000  # an empty page is a tenth of that


def test_colours_and_columns_of_a_screen() -> None:
    text = "\x1b[1;31mred\x1b[0m \x1b[38;5;196mcube\x1b[39m \x1b[38;2;1;2;3mtrue\x1b[0m\n漢字\x1b[7mback\x1b[27m \x1b]0;title\x07<&>"
    drawn = screens.svg(text, "a <title>", 20, "label")
    assert ElementTree.fromstring(drawn).get("aria-label") == "label"
    assert f'fill="{screens.PALETTE[1]}" font-weight="bold">red</text>' in drawn
    assert 'fill="#ff0000">cube</text>' in drawn
    assert 'fill="#010203">true</text>' in drawn
    assert f'<rect x="{screens.PAD + 4 * screens.CELL:.1f}" y="62" width="{4 * screens.CELL:.1f}"' in drawn  # behind two wide characters
    assert "&lt;&amp;&gt;" in drawn
    assert "title\x07" not in drawn
    assert drawn == screens.svg(text, "a <title>", 20, "label")
