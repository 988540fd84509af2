"""A page about a fleet: groups by signature, what to change in the writer, dumps over time and by version. It loads nothing."""

from __future__ import annotations

import html
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Set, Tuple
from urllib.parse import quote

from ..dump.command_lines import file_word
from ..format.flags import MINIDUMP_TYPE
from .facts import Row
from .groups import MAX_GROUPS, Advice, Group, Summary

MOST_ADVICE = 20
"""Lines of advice on the page, the largest shares first."""
MAX_SHOWN = 500
"""Groups on the page at the most."""
_EXAMPLES = 5
_VERSIONS = 20
_FRAMES = 8
_BARS = 60
_KEPT = 5
_DAY = 86400
_LAST = 253402300799  # the last second of the year 9999
_OUTLIERS = 50  # one part in so many may lie outside the chart, at each end
_OTHER = "other"

Example = Tuple[str, str]
"""Path and member of a dump."""


def _safe(text: object) -> str:
    """Text of a dump as text of the page: nothing in it is markup, and it has no control characters and no halves of surrogate pairs."""
    plain = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in str(text))
    return html.escape(plain, quote=True)


class Report(Summary):
    """A summary that also keeps what the page shows: paths, versions and frames of each group, and days. Its memory does not grow with the dumps."""

    def __init__(self) -> None:
        super().__init__()
        self.days: Counter[Tuple[int, str]] = Counter()
        self.versions: Counter[str] = Counter()
        self.untimed = 0
        self.left_out = 0
        self.atlases: Mapping[Example, str] = {}
        """Addresses of pages about single dumps, relative to the page, by path and member."""
        self._examples: Dict[str, List[Example]] = {}
        self._of: Dict[str, Set[str]] = {}
        self._frames: Dict[str, List[str]] = {}
        self._minidumps: Set[str] = set()

    def add(self, row: Row) -> None:
        """Count one row."""
        super().add(row)
        signature = row["signature"]
        if signature and signature in self._groups:
            examples = self._examples.setdefault(signature, [])
            if row["kind"] == "minidump":
                self._minidumps.add(signature)
            if len(examples) < _EXAMPLES:
                examples.append((row["path"], row["member"]))
            versions = self._of.setdefault(signature, set())
            name = _version(row)
            if name and len(versions) < _VERSIONS:
                versions.add(name)
            if row["frames"] and signature not in self._frames:
                self._frames[signature] = [f"{frame.get('text')} ({frame.get('found_by')})" for frame in row["frames"][:_FRAMES]]
        if row["kind"] is None or row["opens"] is None:
            return
        name = _version(row) or "unknown"
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

    def examples(self, most: int) -> List[Example]:
        """The first dump of each of the largest groups of minidumps: those of which an atlas says most."""
        return [self._examples[group.signature][0] for group in self.groups()[:MAX_SHOWN] if group.signature in self._minidumps][:most]

    def page(self) -> Iterator[bytes]:
        """The page in UTF-8, in parts."""
        for part in self._parts():
            yield part.encode("utf-8")

    def _parts(self) -> Iterator[str]:
        policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        style = Path(__file__).with_name("report.css").read_text("utf-8")
        yield (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>Dumps of a fleet</title><style>{style}</style></head><body>\n'
        )
        groups = self.groups()
        kinds = "".join(f"<li>{count} {_safe(kind)}</li>" for kind, count in self.kinds.most_common())
        yield f'<h1>Dumps of a fleet</h1>\n<p>Files: {self.rows}. Groups of equal crashes: {len(groups)}.</p>\n<ul class="kinds dim">{kinds}</ul>\n'
        yield "<section><h2>Dumps over time, by version</h2>\n"
        yield from self._chart()
        yield "</section>\n<section><h2>What to change in the writer</h2>\n"
        advice = [item for item in self.advice() if item.mends][:MOST_ADVICE]
        if advice:
            yield "<table><thead><tr><th>dumps that cannot answer</th><th>command</th><th>what would mend it</th></tr></thead><tbody>\n"
            yield from (_advice(item) for item in advice)
            yield "</tbody></table>\n"
        else:
            yield "<p>No flag would mend a command.</p>\n"
        yield "</section>\n"
        yield "<section><h2>Groups by signature</h2>\n"
        if groups:
            yield '<table class="groups"><thead><tr><th class="n">dumps</th><th class="w">signature</th><th>programs and versions</th>'
            yield '<th class="d">first, last</th><th class="w">such as</th></tr></thead><tbody>\n'
            yield from (self._group(group) for group in groups[:MAX_SHOWN])
            yield "</tbody></table>\n"
        if len(groups) > MAX_SHOWN:
            yield f"<p>Groups that are not shown: {len(groups) - MAX_SHOWN}. <code>triage --json</code> has all.</p>\n"
        yield f"<p>Files without a signature: {self.unsigned}.</p>\n"
        if self.beyond:
            yield f"<p>Dumps with signatures beyond the {MAX_GROUPS} that are kept apart: {self.beyond}.</p>\n"
        yield "</section>\n"
        if self.errors:
            errors = "".join(f"<li>{count}: {_safe(words)}</li>" for words, count in self.errors.most_common(20))
            yield f"<section><h2>Not read</h2>\n<ul>{errors}</ul></section>\n"
        yield "</body></html>\n"

    def _group(self, group: Group) -> str:
        versions = "<br>".join(_safe(text) for text in sorted(self._of.get(group.signature, ()))) or "unknown"
        made = f'<br><span class="dim">{_safe(group.why)}</span>' if group.why else ""
        frames = self._frames.get(group.signature)
        if frames:
            listed = "".join(f"<li>{_safe(text)}</li>" for text in frames)
            made += f"<details><summary>frames of the first</summary><ol>{listed}</ol></details>"
        dates = "<br>".join(dict.fromkeys(_date(time // _DAY) for time in (group.first, group.last) if time and 0 < time <= _LAST)) or "unknown"
        paths = "<br>".join(self._place(example) for example in self._examples.get(group.signature, ()))
        return (
            f'<tr><td class="n" data-head="dumps">{group.count}</td><td class="m w">{_safe(group.signature)}{made}</td><td>{versions}</td>'
            f'<td class="d">{dates}</td><td class="m w">{paths}</td></tr>\n'
        )

    def _place(self, example: Example) -> str:
        path, member = example
        text = _safe(file_word(f"{path}!{member}") if member else path)
        atlas = self.atlases.get(example)
        return f'{text} <a href="{_safe(quote(atlas))}">atlas</a>' if atlas else text

    def _chart(self) -> Iterator[str]:
        if not self.days:
            yield "<p>No dump says when it was written.</p>\n"
            return
        names = [name for name, _ in self.versions.most_common(_KEPT)]
        first, last = _span(self.days)
        step = (last - first) // _BARS + 1
        number = (last - first) // step + 1
        bars: List[Counter[int]] = [Counter() for _ in range(number)]
        early = late = 0
        for (day, name), count in self.days.items():
            if day < first:
                early += count
            elif day > last:
                late += count
            else:
                bars[(day - first) // step][names.index(name) if name in names else _KEPT] += count
        most = max(sum(bar.values()) for bar in bars)
        wide = min(950 / number, 80.0)
        yield '<svg class="chart" viewBox="0 0 1000 240" role="img" aria-label="Dumps over time, by version">\n'
        for share in (0, 0.5, 1):
            level = 210 - 190 * share
            yield f'<line class="grid" x1="45" x2="1000" y1="{level:.1f}" y2="{level:.1f}"/>'
            if most * share == int(most * share):
                yield f'<text x="40" y="{level + 4:.1f}" text-anchor="end">{int(most * share)}</text>\n'
        for at, bar in enumerate(bars):
            top = 210.0
            for color, count in sorted(bar.items()):
                tall = 190 * count / most
                top -= tall
                title = f"{_date(first + at * step)}: {count} of {_safe(names[color] if color < len(names) else _OTHER)}"
                place = f'x="{48 + at * wide:.1f}" y="{top:.1f}" width="{wide * 0.85:.1f}" height="{tall:.1f}"'
                yield f'<rect class="c{color}" {place}><title>{title}</title></rect>\n'
        for at in range(0, number, (number + 5) // 6):
            yield f'<text class="day" x="{48 + at * wide:.1f}" y="230">{_date(first + at * step)}</text>'
        yield "</svg>\n"
        shown = names + ([_OTHER] if len(self.versions) > _KEPT else [])
        key = "".join(
            f'<li><svg class="box" viewBox="0 0 1 1"><rect class="c{at}" width="1" height="1"/></svg>{_safe(name)}</li>' for at, name in enumerate(shown)
        )
        yield f'<ul class="key">{key}</ul>\n<p class="dim">Each bar is {step} day{"" if step == 1 else "s"}, from {_date(first)} to {_date(last)}. '
        yield f"Dumps without a time: {self.untimed}."
        for count, words in ((early, "that are older"), (late, "that are later"), (self.left_out, "that are not in the chart")):
            yield f" Dumps {words}: {count}." if count else ""
        yield "</p>\n"


def _version(row: Row) -> str:
    return " ".join(filter(None, (row["process"], row["process_version"])))


def _advice(item: Advice) -> str:
    share = 100 * item.fails / item.dumps
    bar = (
        '<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none"><rect class="track" width="100" height="8"/>'
        f'<rect class="c1" width="{share:.1f}" height="8"/></svg>'
    )
    flags = ", ".join(MINIDUMP_TYPE.labels(item.flags))
    name, mends = _safe(item.command), _safe(item.mending)
    return f'<tr><td>{bar}{_safe(item.failing)}</td><td><code>{name}</code></td><td>{mends} <span class="dim">{_safe(flags)}</span></td></tr>\n'


def _span(days: Mapping[Tuple[int, str], int]) -> Tuple[int, int]:
    """First and last day of the chart. A few dumps with a wrong clock do not squeeze the others: they are left out where that halves it."""
    counts: Counter[int] = Counter()
    for (day, _), count in days.items():
        counts[day] += count
    order = sorted(counts)
    few = sum(counts.values()) // _OUTLIERS
    first, last = _skip(order, counts, few), _skip(order[::-1], counts, few)
    return (first, last) if first <= last and (last - first) * 2 < order[-1] - order[0] else (order[0], order[-1])


def _skip(order: List[int], counts: Mapping[int, int], few: int) -> int:
    for day in order:
        few -= counts[day]
        if few < 0:
            return day
    return order[-1]


def _date(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(days=day)).strftime("%Y-%m-%d")
