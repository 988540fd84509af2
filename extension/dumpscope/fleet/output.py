"""Rows in a file: one JSON object a line, or CSV. Rows are written one by one, so that what is done stays."""

from __future__ import annotations

import csv
import json
import os
from typing import IO, Any, Callable, Dict, Iterator, Set, Tuple, Union

from ..dump.stores import is_address, look
from ..errors import DumpError, UsageError
from . import shards, table
from .facts import COLUMNS, FLAG, NUMBER, OBJECT, Row, empty_row

NAMES = [column.name for column in COLUMNS]
MAX_LINE = 1 << 22
"""Letters of a line of an output that is read again."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Key = Tuple[str, str]


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


def read_rows(path: str) -> Iterator[Row]:
    """The rows of an output. A last line that was not written to its end is left out. Raises UsageError for a file that is none."""
    if shards.is_shards(path):
        yield from shards.read(path)
        return
    if table.is_parquet(path):
        yield from table.read(path)
        return
    with open(path, encoding="utf-8", errors="surrogatepass", newline="") as file:
        if is_csv(path):
            csv.field_size_limit(MAX_LINE)
            reader = csv.reader(file)
            try:
                head = next(reader, None)
                if head is not None and head != NAMES:
                    raise UsageError(f"{path!r} is no output of triage: its columns are others", "give another name: this is not a file that `triage -o` wrote")
                for cells in reader:
                    if len(cells) == len(COLUMNS):
                        yield _filled({column.name: _value(column.kind, text) for column, text in zip(COLUMNS, cells)})
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
                return
            number += 1
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict) or not isinstance(row.get("path"), str):
                raise UsageError(f"{path!r} is no output of triage: line {number} is no row", "give another name: this is not a file that `triage -o` wrote")
            yield _filled(row)


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


def check_name(path: str) -> None:
    """Raise UsageError for the name of an output that cannot be written: of no kind that there is, or Parquet without its package."""
    if shards.is_shards(path) or table.is_parquet(path):
        table.require()
    else:
        is_csv(path)


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
            table.write(self.path, read_rows(lines))
            os.unlink(lines)

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def output_of(path: str, *, append: bool = False) -> Union[Output, shards.Shards]:
    """The output that a path means: a file, or a folder of Parquet files."""
    return shards.Shards(path, append=append) if shards.is_shards(path) else Output(path, append=append)


def resume(path: str, see: Callable[[Row], object]) -> Set[Key]:
    """The files that an output has a row for and that have not changed since; ``see`` is given each of these rows.

    The output is written anew without the others: rows of files that have changed, second rows of a file, a last line that was cut.
    It is replaced only when that is done. Of a Parquet file the file of lines beside it is made, from which it is made anew: the rows of a
    run that was ended by force are in it.
    """
    if shards.is_shards(path):
        return shards.resume(path, _unchanged, see)
    kept: Set[Key] = set()
    sources = [path]
    if table.is_parquet(path):
        sources = [name for name in (table.journal(path), path) if os.path.exists(name)]
        path = table.journal(path)
    stem, ending = os.path.splitext(path)
    temporary = f"{stem}.part{ending}"
    try:
        with Output(temporary) as output:
            for row in (row for name in sources for row in read_rows(name)):
                key = row["path"], row["member"]
                if key in kept or not _unchanged(row):
                    continue
                kept.add(key)
                output.add(row)
                see(row)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
    return kept


def _unchanged(row: Row) -> bool:
    """Whether the file of a row is as it was. Of a member the archive's time counts. A file that is gone keeps its row."""
    if is_address(row["path"]):
        try:
            stored = look(row["path"])
        except DumpError:
            return True
        return stored.mtime == row["mtime"] and bool(row["member"] or stored.size == row["size"])
    try:
        found = os.stat(row["path"])
    except OSError:
        return True
    return bool(found.st_mtime_ns == row["mtime"] and (row["member"] or found.st_size == row["size"]))
