"""Rows in a folder of Parquet files: each is written whole when it has enough rows, so that a run of any length keeps what is done."""

from __future__ import annotations

import os
import re
from typing import Any, Callable, Dict, Iterator, List, Set, Tuple

from . import table
from .facts import Row
from .lines import Output, read_file

ROWS = 10_000
"""Rows of one file."""
_NAME = re.compile(r"part-(\d{5,9})(\.parquet|\.part\.jsonl)")

Key = Tuple[str, str]


def is_shards(path: str) -> bool:
    """Whether an output is a folder, by its name or because there is one."""
    return path.endswith(("/", os.sep)) or os.path.isdir(path)


def parts_of(folder: str) -> List[Tuple[int, str]]:
    """Number and path of the files, in their order. Lines that are a Parquet file already are left out."""
    found: Dict[int, str] = {}
    for name in sorted(os.listdir(folder), reverse=True) if os.path.isdir(folder) else ():
        match = _NAME.fullmatch(name)
        if match is not None:
            found.setdefault(int(match[1]), os.path.join(folder, name))  # .parquet comes before .part.jsonl here
    return sorted(found.items())


def read(folder: str) -> Iterator[Row]:
    """The rows of all files. Raises UsageError for a file that is no output of triage."""
    for _, path in parts_of(folder):
        yield from read_file(path)


def remove(folder: str) -> None:
    """Remove the files of an earlier run, and no others."""
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if _NAME.fullmatch(name):
            os.unlink(os.path.join(folder, name))


class Shards:
    """A folder of rows that is written to. Rows that are in no Parquet file yet are lines of a file beside them, each flushed as it comes."""

    def __init__(self, path: str, *, append: bool = False, most: int = ROWS) -> None:
        table.require()
        self.path = path
        os.makedirs(path, exist_ok=True)
        if not append:
            remove(path)
        self._most = most
        self._number = max((number for number, _ in parts_of(path)), default=-1) + 1
        self._lines: Any = None
        self._count = 0

    def _name(self, ending: str) -> str:
        return os.path.join(self.path, f"part-{self._number:05d}{ending}")

    def add(self, row: Row) -> None:
        """Write one row."""
        if self._lines is None:
            self._lines = Output(self._name(".part.jsonl"))
        self._lines.add(row)
        self._count += 1
        if self._count >= self._most:
            self._seal()

    def _seal(self) -> None:
        """Make the Parquet file of the lines that are there."""
        lines, self._lines = self._lines, None
        if lines is None:
            return
        lines.close()
        table.write(self._name(".parquet"), read_file(self._name(".part.jsonl")))
        os.unlink(self._name(".part.jsonl"))
        self._number += 1
        self._count = 0

    def close(self) -> None:
        """Make the last Parquet file."""
        self._seal()

    def __enter__(self) -> Shards:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def resume(folder: str, unchanged: Callable[[Row], bool], see: Callable[[Row], object]) -> Set[Key]:
    """The files that a folder has a row for and that have not changed. A Parquet file with other rows, or lines, are written anew without them."""
    kept: Set[Key] = set()
    for number, path in parts_of(folder):
        rows: List[Row] = []
        dropped = not table.is_parquet(path)
        for row in read_file(path):
            key = row["path"], row["member"]
            if key in kept or not unchanged(row):
                dropped = True
                continue
            kept.add(key)
            rows.append(row)
            see(row)
        if dropped:
            sealed = os.path.join(folder, f"part-{number:05d}.parquet")
            if rows:
                table.write(sealed, rows)
            elif os.path.exists(sealed):
                os.unlink(sealed)
        lines = os.path.join(folder, f"part-{number:05d}.part.jsonl")
        if os.path.exists(lines):
            os.unlink(lines)
    return kept
