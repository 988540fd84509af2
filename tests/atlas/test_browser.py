"""The page in a real browser: it loads without a complaint, and hover, click and keys do what they say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from tests.amount import part, some
from tests.atlas.browser import Browser, find_browser

from dumpscope.atlas.page import page
from dumpscope.diagnosis.facts import Facts
from dumpscope.dump.source import Source

SAMPLES = Path(__file__).resolve().parents[2] / "samples"

pytestmark = pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here (Debian's package chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = find_browser()
    assert found is not None
    one = Browser(found)
    one.size(1280, 800)
    yield one
    one.close()


@cache
def made(name: str, **options: bool) -> bytes:
    """The page of a sample."""
    source = Source.from_path(str(SAMPLES / name))
    try:
        return "".join(page(Facts.of(source), **options)).encode("utf-8")
    finally:
        source.close()


@pytest.fixture
def load(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """Makes the page of a sample, opens it, and looks at the end whether the browser complained."""
    opened = []

    def make(name: str, hash: str = "", **options: bool) -> Browser:
        path = tmp_path / (name + ".html")
        path.write_bytes(made(name, **options))
        browser.open(path, hash)
        opened.append(path.as_uri())
        return browser

    yield make
    assert browser.problems == []
    assert [address.partition("#")[0] for address in browser.requests] == opened[-1:], "nothing but the page itself is loaded"


def texts(browser: Browser, selector: str) -> Any:
    return browser.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map(one => one.textContent)")


def field(browser: Browser, name: str) -> str:
    """The selector of a field's row."""
    rows = texts(browser, "tr[data-field] .name")
    return f'tr[data-field="{rows.index(name)}"]'


SHOWN = [
    "everything-small.dmp",
    "article-handles.dmp",
    "everything-small-x86.dmp",
    "breakpad-linux.dmp",
    "full-memory.dmp",
    "crashpad-annotations.dmp",
    "damaged-overlapping-streams.dmp",
    "damaged-cut-in-half.dmp",
    "damaged-cut-to-header.dmp",
    "hostile-many-streams.dmp",
    "tokens.dmp",
]


@pytest.mark.parametrize("name", some(SHOWN, 0, 6))
def test_every_structure_can_be_shown(load: Callable[..., Browser], name: str) -> None:
    browser = load(name)
    most = part(100)
    number = browser.evaluate("JSON.parse(document.getElementById('data').textContent).nodes.length")
    shown = browser.evaluate(
        f"""(async () => {{
            const step = Math.max(1, Math.floor({number} / {most}));
            let shown = 0;
            for (let i = 0; i < {number}; i += step) {{
                location.hash = '#n' + i;
                await new Promise(done => setTimeout(done, 0));
                if (document.getElementById('what') && document.querySelector('#inspect .hex')) shown++;
            }}
            for (const tab of document.querySelectorAll('[role=tab]')) {{ tab.click(); await new Promise(done => setTimeout(done, 5)); }}
            return shown;
        }})()"""
    )
    assert shown >= min(number, most)
    assert browser.evaluate("document.getElementById('trouble').hidden")


def test_hover_lights_the_bytes_and_what_they_point_to(load: Callable[..., Browser]) -> None:
    browser = load("everything-small.dmp")
    row = field(browser, "StreamDirectoryRva")
    browser.hover(row)
    assert "".join(texts(browser, ".hex i.lit")[:4]) == "20000000"
    assert browser.evaluate(f"document.querySelector({json.dumps(row)}).classList.contains('lit')")
    assert "StreamDirectoryRva → directory at 0x20" in browser.evaluate("document.getElementById('map-says').textContent")
    browser.hover(".hex .line:nth-child(1) i:nth-child(1)")
    assert "Signature" in texts(browser, "tr.lit .name")


def test_click_on_an_rva_goes_there_and_back_comes_back(load: Callable[..., Browser]) -> None:
    browser = load("everything-small.dmp")
    browser.click(field(browser, "StreamDirectoryRva") + " a")
    assert texts(browser, "#what") == ["directory"]
    assert texts(browser, '#tree [aria-selected="true"] > .row .label') == ["directory"]
    browser.click(".fields a")
    assert texts(browser, "#what")[0].startswith("directory entry 0")
    browser.click(field(browser, "Location.Rva") + " a")
    assert texts(browser, "#what") == ["stream 0 ThreadListStream"]
    browser.evaluate("history.back()")
    browser.wait("document.getElementById('what').textContent.startsWith('directory entry 0')")
    browser.evaluate("history.back()")
    browser.wait("document.getElementById('what').textContent === 'directory'")
    browser.evaluate("history.forward()")
    browser.wait("document.getElementById('what').textContent.startsWith('directory entry 0')")


def test_fields_say_what_the_command_line_says(load: Callable[..., Browser]) -> None:
    browser = load("article-handles.dmp", "#x18")
    flags = browser.evaluate(f"document.querySelector({json.dumps(field(browser, 'Flags'))}).textContent")
    assert "0x1105" in flags
    assert "MiniDumpWithHandleData" in flags
    when = browser.evaluate(f"document.querySelector({json.dumps(field(browser, 'TimeDateStamp'))}).textContent")
    assert "2024-03-01 12:00:00 UTC" in when


def test_strings_are_read_from_their_bytes(load: Callable[..., Browser]) -> None:
    browser = load("everything-small.dmp", "#modules")
    browser.click('[data-table="modules"] tbody a')
    assert "demo.exe" in browser.evaluate(f"document.querySelector({json.dumps(field(browser, 'ModuleNameRva'))}).textContent")
    browser.click(field(browser, "ModuleNameRva") + " a")
    assert "C:\\demo\\demo.exe" in browser.evaluate(f"document.querySelector({json.dumps(field(browser, 'Buffer'))}).textContent")
    assert "ModuleNameRva" in texts(browser, ".links")[0]


def test_map_names_what_is_under_the_mouse_and_goes_there(load: Callable[..., Browser]) -> None:
    browser = load("everything-small.dmp")
    left, top, width, height = browser.evaluate(
        "(() => { const box = document.getElementById('map').getBoundingClientRect(); return [box.left, box.top, box.width, box.height]; })()"
    )
    browser.move(left + 90, top + 10)
    assert texts(browser, "#tip div")[0] == "header"
    assert "0x0 … 0x20" in texts(browser, "#tip div")[1]
    browser.move(left + width / 2, top + height / 2)
    name = texts(browser, "#tip div")[0]
    place = texts(browser, "#tip .mono")[0]
    assert name != "header"
    browser.click_at(left + width / 2, top + height / 2)
    start, end = (int(word, 16) for word in (place.split()[0], place.split()[2]))
    assert browser.evaluate("parseInt(location.hash.slice(2), 16)") in range(start, end)
    shown = texts(browser, ".about code")[-1].split()
    assert start <= int(shown[0], 16) < end


def test_evidence_leads_to_its_bytes(load: Callable[..., Browser]) -> None:
    browser = load("article-nohandles.dmp", "#findings")
    assert "handles were asked for, and the writer could not list any" in texts(browser, ".finding h2")
    browser.click(".finding.error a")
    assert texts(browser, "#what") == ["header"]
    assert texts(browser, "tr.pin .name") == ["Flags"]
    assert "".join(texts(browser, ".hex i.pin")[:4]) == "05110000"
    assert browser.evaluate("document.activeElement.id") == "what"


def test_flags_table(load: Callable[..., Browser]) -> None:
    browser = load("article-nohandles.dmp", "#flags")
    row = browser.evaluate("[...document.querySelectorAll('.flags tbody tr')].find(row => row.textContent.includes('MiniDumpWithHandleData')).textContent")
    assert "asked" in row
    assert "no HandleDataStream" in row


def test_tables_sort_and_filter(load: Callable[..., Browser]) -> None:
    browser = load("everything-small.dmp", "#handles")
    table = '[data-table="handles"]'
    before = texts(browser, f"{table} tbody tr td:first-child")
    browser.click(f"{table} th:first-child button")
    assert texts(browser, f"{table} tbody tr td:first-child") == sorted(before, key=lambda text: int(text, 16))
    browser.click(f"{table} th:first-child button")
    assert texts(browser, f"{table} tbody tr td:first-child") == sorted(before, key=lambda text: -int(text, 16))
    assert browser.evaluate(f"document.querySelector('{table} th').getAttribute('aria-sort')") == "descending"
    browser.evaluate(f"document.querySelector('{table} input').focus()")
    browser.call("Input.insertText", text="knowndlls")
    browser.settle()
    rows = texts(browser, f"{table} tbody tr")
    assert rows
    assert all("KnownDlls" in row for row in rows)
    assert f"of {len(before)} rows" in texts(browser, f"{table} .count")[0]


def test_type_chips_filter(load: Callable[..., Browser]) -> None:
    browser = load("everything-small.dmp", "#handles")
    name, number = texts(browser, ".chips button")[0].rsplit(" ", 1)
    browser.click(".chips button")
    types = texts(browser, '[data-table="handles"] tbody tr td:nth-child(2)')
    assert types == [name] * int(number)


def test_keyboard(load: Callable[..., Browser]) -> None:
    browser = load("everything-small.dmp")
    browser.key("Tab")
    assert browser.evaluate("document.activeElement.id") == "skip"
    browser.key("Enter")
    assert browser.evaluate("document.activeElement.id") == "what"
    browser.evaluate("document.querySelector('#tree [tabindex=\"0\"]').focus()")
    browser.key("ArrowDown")
    browser.key("ArrowRight")
    browser.key("ArrowRight")
    assert browser.evaluate("document.activeElement.textContent").startswith("directory entry 0")
    browser.key("Enter")
    assert texts(browser, "#what")[0].startswith("directory entry 0")
    browser.key("ArrowLeft")
    assert browser.evaluate("document.activeElement.querySelector('.label').textContent") == "directory"
    browser.evaluate("document.getElementById('map').focus()")
    browser.key("Home")
    browser.key("ArrowRight")
    assert "directory entry 0" in browser.evaluate("document.getElementById('map-says').textContent")
    browser.key("Enter")
    assert browser.evaluate("location.hash") == "#x20"
    browser.evaluate("document.getElementById('tab-bytes').focus()")
    browser.key("ArrowRight")
    assert browser.evaluate("document.activeElement.id") == "tab-findings"
    assert browser.evaluate("!document.getElementById('view-findings').hidden")


def test_fields_by_keyboard(load: Callable[..., Browser]) -> None:
    browser = load("everything-small.dmp")
    browser.evaluate("document.querySelector('tr[data-field]').focus()")
    for _ in range(3):
        browser.key("ArrowDown")
    assert texts(browser, "tr.lit .name") == ["StreamDirectoryRva"]
    assert len(texts(browser, ".hex i.lit")) == 8
    browser.key("Enter")
    assert texts(browser, "#what") == ["directory"]


@pytest.mark.parametrize("name", some(sorted(path.name for path in SAMPLES.glob("hostile-*.dmp")), 0, 6))
def test_hostile_names_stay_text(load: Callable[..., Browser], name: str) -> None:
    browser = load(name)
    for key in ("handles", "modules", "threads", "findings", "flags", "streams", "memory"):
        browser.evaluate(f"location.hash = '#{key}'")
        browser.settle()
    foreign = browser.evaluate(
        "[...document.querySelectorAll('img, iframe, object, embed, link, script, style, svg, form, base, video, audio, template')]"
        ".filter(one => !(one.tagName === 'LINK' && one.getAttribute('href') === 'data:,')"
        " && !(one.tagName === 'SCRIPT' || one.tagName === 'STYLE')).length"
    )
    assert foreign == 0
    assert browser.evaluate("document.querySelectorAll('script').length") == 3
    assert browser.evaluate("document.querySelectorAll('style').length") == 1
    assert browser.evaluate("[...document.querySelectorAll('a')].every(one => one.getAttribute('href').startsWith('#'))")
    assert browser.evaluate("[...document.querySelectorAll('*')].every(one => [...one.attributes].every(a => !a.name.startsWith('on')))")
    assert not browser.evaluate("/[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)")


def test_html_in_a_name_is_shown_as_it_stands(load: Callable[..., Browser]) -> None:
    browser = load("hostile-html-tags.dmp", "#handles")
    shown = " ".join(texts(browser, '[data-table="handles"] td'))
    assert "<script" in shown
    assert "<img" in shown


def test_theme_follows_the_system_and_the_button(load: Callable[..., Browser]) -> None:
    browser = load("article-handles.dmp")
    ground = "getComputedStyle(document.body).backgroundColor"
    browser.scheme("dark")
    dark = browser.evaluate(ground)
    browser.scheme("light")
    light = browser.evaluate(ground)
    assert dark != light
    browser.click("#theme")
    browser.click("#theme")
    assert browser.evaluate(ground) == dark


@pytest.mark.parametrize("width", [1280, 800, 480])
def test_nothing_sticks_out(load: Callable[..., Browser], width: int) -> None:
    browser = load("everything-small.dmp")
    browser.size(width, 800)
    for hash in ("#n0", "#findings", "#flags", "#streams", "#threads", "#handles", "#modules", "#memory"):
        browser.evaluate(f"location.hash = '{hash}'")
        browser.settle()
        wide = browser.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{hash} is {wide} wide"
    browser.size(1280, 800)


def test_print(load: Callable[..., Browser]) -> None:
    assert load("article-nohandles.dmp").pdf_size() > 20_000


def test_redacted_page(load: Callable[..., Browser]) -> None:
    browser = load("everything-small.dmp", redact=True)
    assert "redacted" in texts(browser, "#badges")[0]
