"""The page about a fleet: what is on it, that names of dumps are text on it, and that it is written whole or not at all."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from tests.amount import some
from tests.atlas.browser import Browser, find_browser

from dumpscope.fleet import report
from dumpscope.fleet.facts import empty_row
from dumpscope.fleet.lines import Output

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&\x1b\ud800"


def _row(name: str, **more: Any) -> Dict[str, Any]:
    row = empty_row()
    row.update(path=name, member="", kind="minidump", opens=True, signature="app+0x10", signature_why="made of offsets", process="app.exe", **more)
    return row


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: List[str] = []
        self.text: List[str] = []
        self.links: List[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") or name == "src" for name, _ in attrs)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _page(rows: List[Dict[str, Any]], **atlases: str) -> _Tags:
    made = report.Report()
    made.atlases = {(path.replace("_", "."), ""): address for path, address in atlases.items()}
    for row in rows:
        made.add(row)
    parser = _Tags()
    parser.feed(b"".join(made.page()).decode("utf-8"))
    return parser


def test_names_of_dumps_are_text_on_the_page() -> None:
    row = _row(HOSTILE, process_version=HOSTILE, time=86400 * 365)
    row.update(signature=HOSTILE, signature_why=HOSTILE, process=HOSTILE, error=HOSTILE)
    page = _page([row, dict(row, kind=None)])
    assert not {"img", "script"} & set(page.tags)
    assert "".join(page.text).count("</script><img src=x onerror=alert(1)>\"'&\\u001b\\ud800") >= 5


def test_the_page_has_groups_advice_and_a_bar_for_each_day_and_version() -> None:
    rows = [
        _row(f"{at}.dmp", process_version=f"1.{at % 2}", time=86400 * (100 + at // 2), commands={"!handle": "fails"}, mends={"!handle": "0x4"})
        for at in range(8)
    ]
    page = _page([*rows, _row("untimed.dmp"), _row("late.dmp", time=1 << 62)])
    text = "\n".join(page.text)
    assert page.tags.count("rect") == 4 * 2 + 3 + 2  # four days of two versions, the key of three, the share of one command
    assert page.links == []
    assert "1970-04-11" in text
    assert "1970-04-14" in text
    assert "Dumps without a time: 2." in text
    assert "flag 0x4 in the writer would mend 100 %" in text
    assert "0.dmp" in text
    assert "4.dmp" in text
    assert "5.dmp" not in text
    assert "1.0" in text
    assert "1.1" in text


def test_a_wrong_clock_does_not_squeeze_the_chart() -> None:
    rows = [_row(f"{at}.dmp", time=86400 * (20000 + at % 10)) for at in range(200)]
    page = _page([*rows, _row("old.dmp", time=86400), _row("new.dmp", time=86400 * 60000)])
    text = "\n".join(page.text)
    assert page.tags.count("rect") == 10 + 1
    assert "Dumps that are older: 1." in text
    assert "Dumps that are later: 1." in text
    assert "Each bar is 1 day, from 2024-10-04 to 2024-10-13." in text


def test_an_atlas_is_linked_by_an_address_of_its_own_folder() -> None:
    page = _page([_row("a.dmp"), _row("b.dmp")], a_dmp='r"><script>.atlases/0.html')
    assert page.links == ["r%22%3E%3Cscript%3E.atlases/0.html"]


def test_the_bars_of_any_span_of_time_are_bounded() -> None:
    page = _page([_row("a.dmp", time=1), _row("b.dmp", time=253402300799)])
    assert page.tags.count("rect") == 3
    assert "9999-12-31" in page.text


@pytest.mark.usefixtures("threads")
def test_the_command_writes_it_from_dumps_and_from_rows(tmp_path: Path, cli: Callable[..., Any], run_json: Callable[..., Dict[str, Any]]) -> None:
    out, first, second = tmp_path / "rows.jsonl", tmp_path / "first.html", tmp_path / "second.html"
    dump = min((Path(__file__).resolve().parents[2] / "samples").glob("*.dmp"))
    assert run_json("triage", dump, "-o", out, "--html", first)["written"]["size"] == first.stat().st_size
    run_json("triage", "--rows", out, "--html", second)
    assert first.read_bytes() == second.read_bytes()
    assert b"Files: 1." in first.read_bytes()
    before = first.read_bytes()
    assert cli("triage", "--rows", out, "--html", first).code == 2
    assert first.read_bytes() == before
    assert cli("triage", "--rows", out, "--html", out, "--force").code == 2
    assert cli("triage", "--rows", out, "--html", tmp_path / "none" / "page.html").code == 2
    assert cli("triage", "--rows", out, "--html", tmp_path / "third.html", "--group-by", "process").code == 2
    bad = tmp_path / "bad.jsonl"
    bad.write_text("no row\n", "utf-8")
    assert cli("triage", "--rows", bad, "--html", tmp_path / "third.html").code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jsonl", "first.html", "rows.jsonl", "second.html"]


@pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here (Debian's package chromium)")
def test_a_browser_shows_it_at_two_widths_in_both_schemes_and_loads_nothing(tmp_path: Path) -> None:
    """All four, or each width and each scheme once."""
    made = report.Report()
    for at in range(40):
        made.add(_row("x" * 200 + f"{at}.dmp", process_version="1.0" * 40, time=86400 * (100 + at), commands={"!handle": "fails"}, mends={"!handle": "0x4"}))
    path = tmp_path / "page.html"
    path.write_bytes(b"".join(made.page()))
    found = find_browser()
    assert found is not None
    browser = Browser(found)
    grounds = set()
    try:
        for width, scheme in some([(1280, "light"), (1280, "dark"), (390, "dark"), (390, "light")], 0, 2):
            browser.size(width, 900)
            browser.scheme(scheme)
            browser.open(path, ready="document.readyState === 'complete'")
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            assert browser.evaluate("document.querySelectorAll('svg.chart rect').length") == 40
            drawn = "parseFloat(getComputedStyle(document.querySelector('svg.chart text')).fontSize) * document.querySelector('svg.chart').clientWidth / 1000"
            assert browser.evaluate(drawn) >= 9  # the chart is drawn smaller, its words stay legible
            grounds.add(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert browser.problems == []
            assert browser.requests == [path.as_uri()]
    finally:
        browser.close()
    assert len(grounds) == 2


def test_a_hostile_path_goes_through_the_command(tmp_path: Path, cli: Callable[..., Any]) -> None:
    with Output(str(tmp_path / "rows.jsonl")) as output:
        output.add(_row(HOSTILE))
    assert cli("triage", "--rows", tmp_path / "rows.jsonl", "--html", tmp_path / "page.html").code == 0
    assert b"<img" not in (tmp_path / "page.html").read_bytes()
