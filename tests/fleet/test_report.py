"""The page about a fleet: what is on it, that names of dumps are text on it, and that it is written whole or not at all."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Callable, Dict, List

from dumpscope.fleet import report
from dumpscope.fleet.facts import empty_row
from dumpscope.fleet.output import Output

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

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _page(rows: List[Dict[str, Any]]) -> _Tags:
    made = report.Report()
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
    assert page.tags.count("rect") == 4 * 2 + 3  # four days of two versions, and the key of three
    assert "1970-04-11" in text
    assert "1970-04-14" in text
    assert "Dumps without a time: 2." in text
    assert "flag 0x4 in the writer would mend 100 %" in text
    assert "0.dmp" in text
    assert "4.dmp" in text
    assert "5.dmp" not in text
    assert "1.0" in text
    assert "1.1" in text


def test_the_bars_of_any_span_of_time_are_bounded() -> None:
    page = _page([_row("a.dmp", time=1), _row("b.dmp", time=253402300799)])
    assert page.tags.count("rect") == 3
    assert "9999-12-31" in page.text


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


def test_a_hostile_path_goes_through_the_command(tmp_path: Path, cli: Callable[..., Any]) -> None:
    with Output(str(tmp_path / "rows.jsonl")) as output:
        output.add(_row(HOSTILE))
    assert cli("triage", "--rows", tmp_path / "rows.jsonl", "--html", tmp_path / "page.html").code == 0
    assert b"<img" not in (tmp_path / "page.html").read_bytes()
