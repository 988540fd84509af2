"""The site is built without a warning, holds every page, and works in a browser from a folder without a network."""

from __future__ import annotations

import re
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Iterator

import pytest
from docs.site import build as site
from docs.site import pages
from tests.amount import ALL
from tests.atlas.browser import Browser, find_browser
from tests.counting import POLLS

MKDOCS = find_spec("mkdocs") is not None and find_spec("material") is not None
needs_mkdocs = pytest.mark.skipif(not ALL or not MKDOCS, reason="the site is built with DUMPSCOPE_TESTS=all, and by the extra `site`")
needs_browser = pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here")
pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    assert site.build_site(folder) > 100
    return folder


@needs_mkdocs
def test_every_page_is_there(built: Path) -> None:
    made, _ = pages.pages()
    for page in made:
        assert (built / page.path).with_suffix(".html").is_file(), page.path
    for source in pages.sources():
        if source != "docs/api.md":
            assert (built / pages.site_path(source)).with_suffix(".html").is_file(), source


@needs_mkdocs
def test_nothing_is_loaded_from_elsewhere(built: Path) -> None:
    loads = re.compile(r"<(?:script|img|iframe|link rel=\"?stylesheet)[^>]*(?:src|href)=\"?(https?:)?//", re.IGNORECASE)
    for page in built.rglob("*.html"):
        assert not loads.search(page.read_text("utf-8")), page


@needs_mkdocs
def test_a_link_that_leads_nowhere_ends_the_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = [pages.Page("index.md", "README.md", "# Start\n\n[gone](nowhere.md) and [no place](#nothing)\n")]
    monkeypatch.setattr(site, "pages", lambda: (broken, {}))
    with pytest.raises(site.NotBuilt, match=r"nowhere\.md"):
        site.build_site(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_the_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(site.NotBuilt, match="not empty"):
        site.build_site(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_every_page_stands_once_in_the_navigation() -> None:
    made = [pages.Page(pages.site_path(source), source, f"# {source}\n") for source in pages.sources()]
    listed = [path for _, some in pages.navigation(made) for _, path in some]
    assert sorted(listed) == sorted(page.path for page in made)
    assert listed[0] == "index.md"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("see docs/library.md for more", "see [docs/library.md](../library.md) for more"),
        ("`docs/library.md` is code", "`docs/library.md` is code"),
        ("[all](../rules/README.md#x)", "[all](../rules/index.md#x)"),
        ("[the code](../../extension/dumpscope/errors.py)", "the code"),
        ("[page](https://example.org/a.md)", "[page](https://example.org/a.md)"),
    ],
)
def test_links_become_links_of_the_site(line: str, expected: str) -> None:
    known = {source: pages.site_path(source) for source in pages.sources()}
    assert pages.Rewriter(known).line("docs/guides/x.md", "guides/x.md", line) == expected


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_browser()
    assert path is not None
    opened = Browser(path)
    yield opened
    opened.close()


def show(browser: Browser, page: Path) -> None:
    """Open a page of the site and wait for it."""
    browser.call("Page.navigate", url="about:blank")
    browser.problems.clear()
    browser.requests.clear()
    browser.call("Page.navigate", url=page.as_uri())
    browser.wait("location.protocol === 'file:' && document.readyState === 'complete'")
    browser.settle()


SHOWN = ("index", "guides/index", "cases/no-handles", "rules/handles", "format/header", "lessons/08-why-handle-fails", "api/handles", "performance")


@needs_mkdocs
@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_pages_fit_and_ask_for_nothing(built: Path, browser: Browser, width: int, scheme: str) -> None:
    browser.size(width, 900)
    browser.scheme(scheme)
    for name in SHOWN:
        show(browser, built / f"{name}.html")
        assert browser.problems == [], name
        assert [url for url in browser.requests if not url.startswith(("file:", "data:", "about:"))] == [], name
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert browser.evaluate("document.body.getAttribute('data-md-color-scheme')") == {"light": "default", "dark": "slate"}[scheme]


@needs_mkdocs
@needs_browser
def test_the_search_finds_a_rule_without_a_network(built: Path, browser: Browser) -> None:
    browser.size(1280, 900)
    show(browser, built / "index.html")
    browser.evaluate(
        "(() => { document.querySelector('#__search').click(); const box = document.querySelector('[data-md-component=search-query]'); box.focus();"
        " box.value = 'HND002'; for (const kind of ['input', 'keyup']) box.dispatchEvent(new Event(kind, {bubbles: true})); })()"
    )
    for _ in range(POLLS):
        text = str(browser.evaluate("document.querySelector('.md-search-result').innerText"))
        if "HND002" in text:
            break
        time.sleep(0.05)
    assert "could not list any" in text
    assert browser.problems == []
