"""Rows in a file: one JSON object a line, or CSV. Rows are written one by one, so that what is done stays."""

from __future__ import annotations

import csv
import json
import os
from typing import IO, Any, Callable, Dict, Iterator, List, Optional

from ..errors import UsageError
from . import table
from .facts import COLUMNS, FLAG, NUMBER, OBJECT, Row, empty_row

NAMES = [column.name for column in COLUMNS]
MAX_LINE = 1 << 22
"""Letters of a line of an output that is read again."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _cell(kind: str, value: Any) -> Any:
    if value is None:
        return ""
    if kind == OBJECT:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if kind == FLAG:
        return "true" if value else "false"
    if isinstance(value, str):
        value = value.replace("\0", "\ufffd")  # the csv module of Python 3.10 and older does not read it
    # A text that a spreadsheet would take for a formula, or that begins with the mark itself, gets a mark.
    return "'" + value if isinstance(value, str) and value.startswith((*_FORMULA, "'")) else value


def _value(kind: str, text: str) -> Any:
    if text == "":
        return None
    if kind == OBJECT:
        return json.loads(text)
    if kind == NUMBER:
        return int(text)
    if kind == FLAG:
        return text == "true"
    return text[1:] if text.startswith("'") else text


def nobody(words: str) -> None:
    """Nobody is told."""


class _Lines:
    """The lines of a text file; ``whole`` says whether the last one that was read had its end."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.whole = True

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.whole = line.endswith("\n")
            yield line


def read_file(path: str, cut: Callable[[str], object] = nobody) -> Iterator[Row]:
    """The rows of a file. A last line that was not written to its end is left out, and ``cut`` is told of it in words.

    Raises UsageError for a file that is none.
    """
    if table.is_parquet(path):
        yield from table.read(path)
        return
    with open(path, encoding="utf-8", errors="surrogatepass", newline="") as file:
        if is_csv(path):
            csv.field_size_limit(MAX_LINE)
            lines = _Lines(file)
            reader = csv.reader(lines)
            last: Optional[Row] = None
            try:
                head = next(reader, None)
                if head is not None and head != NAMES:
                    raise UsageError(f"{path!r} is no output of triage: its columns are others", "give another name: this is not a file that `triage -o` wrote")
                for cells in reader:
                    if last is not None:
                        yield last
                    # Whether the last line is whole is known when there is none after it.
                    last = _csv_row(cells, lines.whole)
                if last is not None:
                    yield last
                if not lines.whole:
                    cut(f"the last line of {path!r} is not whole")
            except (csv.Error, ValueError, RecursionError) as error:
                raise UsageError(f"{path!r} is no output of triage: {error}", "give another name: this is not a file that `triage -o` wrote") from None
            return
        number = 0
        while True:
            try:
                line = file.readline(MAX_LINE)
            except ValueError as error:
                raise UsageError(f"{path!r} is no output of triage: {error}", "give another name: this is not a file that `triage -o` wrote") from None
            if not line.endswith("\n"):
                if line:
                    cut(f"line {number + 1} of {path!r} is not whole")
                return
            number += 1
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict) or not isinstance(row.get("path"), str):
                raise UsageError(f"{path!r} is no output of triage: line {number} is no row", "give another name: this is not a file that `triage -o` wrote")
            yield _filled(row)


def _csv_row(cells: List[str], whole: bool) -> Optional[Row]:
    """A line of CSV as a row; None where it is not whole."""
    if len(cells) != len(COLUMNS) or not whole:
        return None
    return _filled({column.name: _value(column.kind, text) for column, text in zip(COLUMNS, cells)})


def _filled(row: Dict[str, Any]) -> Row:
    full = empty_row()
    full.update((name, value) for name, value in row.items() if name in full)
    full["member"] = full["member"] or ""
    return full


def is_csv(path: str) -> bool:
    """Whether an output is CSV, by its name. Raises UsageError for a name that says neither."""
    ending = os.path.splitext(path)[1].lower()
    if ending not in (".csv", ".jsonl"):
        raise UsageError(f"the output {path!r} is neither .jsonl, .csv nor .parquet", "give -o rows.jsonl, rows.csv or rows.parquet")
    return ending == ".csv"


class Output:
    """A file of rows that is written to. Each row is flushed, so an interruption loses none that was added.

    A Parquet file is made when it is closed, from a file of lines beside it.
    """

    def __init__(self, path: str, *, append: bool = False) -> None:
        self.path = path
        self._parquet = table.is_parquet(path)
        if self._parquet:
            table.require()
            path = table.journal(path)
        self._csv = is_csv(path)
        self._file: IO[str] = open(path, "a" if append else "w", encoding="utf-8", errors="surrogatepass", newline="")  # noqa: SIM115  closed by close()
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        if self._csv and not self._file.tell():
            self._writer.writerow(NAMES)

    def add(self, row: Row) -> None:
        """Write one row."""
        if self._csv:
            self._writer.writerow([_cell(column.kind, row[column.name]) for column in COLUMNS])
        else:
            self._file.write(json.dumps(row, ensure_ascii=True, separators=(",", ":")) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file; make the Parquet file."""
        if self._file.closed:
            return
        self._file.close()
        if self._parquet:
            lines = table.journal(self.path)
            table.write(self.path, read_file(lines))
            os.unlink(lines)

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
