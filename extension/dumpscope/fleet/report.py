"""A page about a fleet: groups by signature, what to change in the writer, dumps over time and by version. It loads nothing."""

from __future__ import annotations

import html
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Dict, Iterator, List, Set, Tuple

from .facts import Row
from .groups import MAX_GROUPS, Group, Summary

MOST_ADVICE = 20
"""Lines of advice on the page, the largest shares first."""
MAX_SHOWN = 500
"""Groups on the page at the most."""
_EXAMPLES = 5
_VERSIONS = 20
_BARS = 60
_KEPT = 5
_DAY = 86400
_LAST = 253402300799  # the last second of the year 9999
_OTHER = "other"

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1c1f23; --dim: #5a626b; --line: #d5d9de;
  --c0: #2563a8; --c1: #c2571a; --c2: #2f7d4f; --c3: #8a4fa3; --c4: #a88a10; --c5: #7b838c; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181b; --text: #e4e7ea; --dim: #a0a8b0; --line: #3a4048;
  --c0: #6aa9e9; --c1: #ee9560; --c2: #6cc08e; --c3: #c491db; --c4: #d9bd4f; --c5: #98a0a8; } }
body { margin: 0 auto; max-width: 1100px; padding: 16px; background: var(--ground); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 22px; } h2 { font-size: 17px; margin-top: 28px; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: 6px 10px 6px 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th:first-child, td:first-child { width: 4em; text-align: right; padding-right: 16px; }
code, td { font-family: ui-monospace, Consolas, monospace; font-size: 13px; }
.dim { color: var(--dim); } svg { width: 100%; height: auto; } svg text { fill: var(--dim); font: 11px system-ui, sans-serif; }
ul.key { list-style: none; padding: 0; } ul.key li { display: inline-block; margin-right: 16px; overflow-wrap: anywhere; }
.c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); } .c4 { fill: var(--c4); } .c5 { fill: var(--c5); }
.box { display: inline-block; width: 11px; height: 11px; margin-right: 5px; }
@media (max-width: 640px) { thead { display: none; } table, tbody, tr, td { display: block; }
  td, td:first-child { width: auto; text-align: left; border: 0; padding: 2px 0; } tr { border-bottom: 1px solid var(--line); padding: 8px 0; } }
"""


def _safe(text: object) -> str:
    """Text of a dump as text of the page: nothing in it is markup, and it has no control characters and no halves of surrogate pairs."""
    plain = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in str(text))
    return html.escape(plain, quote=True)


class Report(Summary):
    """A summary that also keeps what the page shows: paths and versions of each group, and days. Its memory does not grow with the dumps."""

    def __init__(self) -> None:
        super().__init__()
        self.days: Counter[Tuple[int, str]] = Counter()
        self.versions: Counter[str] = Counter()
        self.untimed = 0
        self.left_out = 0
        self._paths: Dict[str, List[str]] = {}
        self._of: Dict[str, Set[str]] = {}

    def add(self, row: Row) -> None:
        """Count one row."""
        super().add(row)
        signature = row["signature"]
        if signature and signature in self._groups:
            paths = self._paths.setdefault(signature, [])
            if len(paths) < _EXAMPLES:
                paths.append(f"{row['path']}:{row['member']}" if row["member"] else row["path"])
            versions = self._of.setdefault(signature, set())
            if row["process_version"] and len(versions) < _VERSIONS:
                versions.add(str(row["process_version"]))
        if row["kind"] is None or row["opens"] is None:
            return
        name = " ".join(filter(None, (row["process"], row["process_version"]))) or "unknown"
        if name not in self.versions and len(self.versions) >= MAX_GROUPS:
            name = _OTHER
        self.versions[name] += 1
        time = row["time"]
        if not time or not 0 < time <= _LAST:
            self.untimed += 1
            return
        key = time // _DAY, name
        if key in self.days or len(self.days) < MAX_GROUPS:
            self.days[key] += 1
        else:
            self.left_out += 1

    def page(self) -> Iterator[bytes]:
        """The page in UTF-8, in parts."""
        for part in self._parts():
            yield part.encode("utf-8")

    def _parts(self) -> Iterator[str]:
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        yield (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>Dumps of a fleet</title><style>{_STYLE}</style></head><body>\n'
        )
        kinds = ", ".join(f"{count} {_safe(kind)}" for kind, count in self.kinds.most_common()) or "none"
        yield f"<h1>Dumps of a fleet</h1>\n<p>Files: {self.rows}. {kinds}.</p>\n"
        yield "<h2>What to change in the writer</h2>\n"
        advice = [item for item in self.advice() if item.mends][:MOST_ADVICE]
        yield "<ul>" + "".join(f"<li>{_safe(item.words)}.</li>" for item in advice) + "</ul>\n" if advice else "<p>No flag would mend a command.</p>\n"
        yield "<h2>Dumps over time, by version</h2>\n"
        yield from self._chart()
        groups = self.groups()
        yield "<h2>Groups by signature</h2>\n"
        if groups:
            yield "<table><thead><tr><th>dumps</th><th>signature</th><th>versions</th><th>such as</th></tr></thead><tbody>\n"
            yield from (self._group(group) for group in groups[:MAX_SHOWN])
            yield "</tbody></table>\n"
        if len(groups) > MAX_SHOWN:
            yield f"<p>Groups that are not shown: {len(groups) - MAX_SHOWN}. <code>triage --json</code> has all.</p>\n"
        yield f"<p>Files without a signature: {self.unsigned}.</p>\n"
        if self.beyond:
            yield f"<p>Dumps with signatures beyond the {MAX_GROUPS} that are kept apart: {self.beyond}.</p>\n"
        if self.errors:
            errors = "".join(f"<li>{count}: {_safe(words)}</li>" for words, count in self.errors.most_common(20))
            yield f"<h2>Not read</h2>\n<ul>{errors}</ul>\n"
        yield "</body></html>\n"

    def _group(self, group: Group) -> str:
        versions = "<br>".join(_safe(text) for text in sorted(self._of.get(group.signature, ()))) or "unknown"
        paths = "<br>".join(_safe(text) for text in self._paths.get(group.signature, ()))
        made = f'<br><span class="dim">{_safe(group.why)}</span>' if group.why else ""
        return f"<tr><td>{group.count}</td><td>{_safe(group.signature)}{made}</td><td>{versions}</td><td>{paths}</td></tr>\n"

    def _chart(self) -> Iterator[str]:
        if not self.days:
            yield "<p>No dump says when it was written.</p>\n"
            return
        names = [name for name, _ in self.versions.most_common(_KEPT)]
        first, last = min(day for day, _ in self.days), max(day for day, _ in self.days)
        step = (last - first) // _BARS + 1
        number = (last - first) // step + 1
        bars: List[Counter[int]] = [Counter() for _ in range(number)]
        for (day, name), count in self.days.items():
            bars[(day - first) // step][names.index(name) if name in names else _KEPT] += count
        most = max(sum(bar.values()) for bar in bars)
        wide = min(960 / number, 80.0)
        yield '<svg viewBox="0 0 1000 240" role="img" aria-label="Dumps over time, by version">\n'
        yield f'<text x="0" y="12">{most}</text><text x="0" y="212">0</text>\n'
        for at, bar in enumerate(bars):
            top = 210.0
            for color, count in sorted(bar.items()):
                tall = 200 * count / most
                top -= tall
                title = f"{_date(first + at * step)}: {count} of {_safe(names[color] if color < len(names) else _OTHER)}"
                place = f'x="{40 + at * wide:.1f}" y="{top:.1f}" width="{wide * 0.85:.1f}" height="{tall:.1f}"'
                yield f'<rect class="c{color}" {place}><title>{title}</title></rect>\n'
        yield f'<text x="40" y="230">{_date(first)}</text>'
        if number > 1:
            yield f'<text x="1000" y="230" text-anchor="end">{_date(last)}</text>'
        yield "</svg>\n"
        shown = names + ([_OTHER] if len(self.versions) > _KEPT else [])
        key = "".join(
            f'<li><svg class="box" viewBox="0 0 1 1"><rect class="c{at}" width="1" height="1"/></svg>{_safe(name)}</li>' for at, name in enumerate(shown)
        )
        yield f'<ul class="key">{key}</ul>\n<p class="dim">Days of one bar: {step}. Dumps without a time: {self.untimed}.'
        yield f" Dumps that are not in the chart: {self.left_out}.</p>\n" if self.left_out else "</p>\n"


def _date(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(days=day)).strftime("%Y-%m-%d")
