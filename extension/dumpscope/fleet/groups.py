"""What the rows of a fleet say together: groups by signature, and what to change in the writer."""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..errors import UsageError
from .facts import COLUMNS, OBJECT, Row

MAX_GROUPS = 100_000
"""Signatures that are kept apart; later ones are counted together."""
_MOST_WORDS = 300
"""Characters of an error that are kept."""
_VERSIONS = 20


class Group(NamedTuple):
    """The dumps of one signature. ``first`` and ``last`` are times in seconds since 1970, None where no dump has one."""

    signature: str
    count: int  # type: ignore[assignment]
    first: Optional[int]
    last: Optional[int]
    processes: Tuple[str, ...]
    why: str
    example: str


class Advice(NamedTuple):
    """A command that some dumps cannot answer: in how many of ``dumps`` it fails, and how many the flags in the writer would mend."""

    command: str
    dumps: int
    fails: int
    flags: int
    mends: int

    @property
    def words(self) -> str:
        """One line."""
        text = f"{self.failing} of these dumps cannot answer `{self.command}`"
        return f"{text}; {self.mending}" if self.mends else text

    @property
    def failing(self) -> str:
        """The share of the dumps in which it fails."""
        return _share(self.fails, self.dumps)

    @property
    def mending(self) -> str:
        """What the flags would do; only where they mend something."""
        return f"flag 0x{self.flags:x} in the writer would mend {_share(self.mends, self.dumps)}"


def _share(part: int, whole: int) -> str:
    share = 100 * part / whole if whole else 0.0
    return f"{share:.0f} %" if share >= 1 or not part else "less than 1 %"


class _Seen:
    """What is kept of a group."""

    def __init__(self, why: str, example: str) -> None:
        self.number = 0
        self.first: Optional[int] = None
        self.last: Optional[int] = None
        self.processes: Set[str] = set()
        self.why = why
        self.example = example


class Summary:
    """Takes rows one by one; its memory grows with the number of signatures, not of dumps."""

    def __init__(self) -> None:
        self.rows = 0
        self.kinds: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.unsigned = 0
        self.beyond = 0
        self.answering = 0
        self._groups: Dict[str, _Seen] = {}
        self._fails: Counter[str] = Counter()
        self._mends: Dict[str, Counter[int]] = {}

    def add(self, row: Row) -> None:
        """Count one row."""
        self.rows += 1
        self.kinds[row["kind"] or "not read"] += 1
        if row["error"] and row["kind"] is None:
            words = str(row["error"])
            words = words if len(words) <= _MOST_WORDS else words[: _MOST_WORDS - 1] + "…"
            self.errors[words if len(self.errors) < 1000 else "other"] += 1
        self._commands(row)
        signature = row["signature"]
        if not signature:
            self.unsigned += 1
            return
        seen = self._groups.get(signature)
        if seen is None:
            if len(self._groups) >= MAX_GROUPS:
                self.beyond += 1
                return
            where = f"{row['path']}:{row['member']}" if row["member"] else row["path"]
            seen = self._groups[signature] = _Seen(row["signature_why"] or "", where)
        seen.number += 1
        time = row["time"]
        if time is not None:
            seen.first = time if seen.first is None else min(seen.first, time)
            seen.last = time if seen.last is None else max(seen.last, time)
        if row["process"] and len(seen.processes) < _VERSIONS:
            seen.processes.add(" ".join(filter(None, (row["process"], row["process_version"]))))

    def _commands(self, row: Row) -> None:
        answers: Optional[Dict[str, Any]] = row["commands"]
        if not answers:
            return
        self.answering += 1
        for name, outcome in answers.items():
            if outcome == "fails":
                self._fails[name] += 1
        for name, flags in (row["mends"] or {}).items():
            self._mends.setdefault(name, Counter())[int(flags, 16)] += 1

    def groups(self) -> List[Group]:
        """The groups, the largest first."""
        found = [Group(text, seen.number, seen.first, seen.last, tuple(sorted(seen.processes)), seen.why, seen.example) for text, seen in self._groups.items()]
        return sorted(found, key=lambda group: (-group.count, group.signature))

    def advice(self) -> List[Advice]:
        """The commands that fail, what can be mended first. Flags are all that the dumps lack which they would mend."""
        found = []
        for name, fails in self._fails.items():
            lacking = self._mends.get(name, Counter())
            flags = 0
            for value in lacking:
                flags |= value
            found.append(Advice(name, self.answering, fails, flags, sum(lacking.values())))
        return sorted(found, key=lambda item: (-item.mends, -item.fails, item.command))


class Counted:
    """Counts rows by the values of columns, for --group-by. Its memory grows with the number of different values."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.beyond = 0
        self._counts: Counter[Tuple[Any, ...]] = Counter()

    def add(self, row: Row) -> None:
        """Count one row."""
        key = tuple(row[name] for name in self.names)
        if key not in self._counts and len(self._counts) >= MAX_GROUPS:
            self.beyond += 1
            return
        self._counts[key] += 1

    def most(self) -> List[Tuple[int, Tuple[Any, ...]]]:
        """Count and values, the largest count first."""
        return sorted(((count, key) for key, count in self._counts.items()), key=lambda item: (-item[0], [str(value) for value in item[1]]))


def group_columns(text: str) -> Tuple[str, ...]:
    """The columns that a text with commas names. Raises UsageError for one that there is not, or that holds lists."""
    kinds = {column.name: column.kind for column in COLUMNS}
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in kinds:
            raise UsageError(f"--group-by: there is no column {name!r}", "docs/fleet.md has the columns; such as --group-by process,exception")
        if kinds[name] == OBJECT:
            raise UsageError(f"--group-by: {name} holds many values", "--sql with unnest() counts them")
    return names
