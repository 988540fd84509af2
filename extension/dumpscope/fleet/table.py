"""Rows as a table: Parquet files through ``pyarrow``, questions in SQL through ``duckdb`` (the extra ``dumpscope[fleet]``).

A Parquet file can be read only when its end is written. So rows go to a file of lines beside it first, which stays where the
run is ended by force; the table is made from it when the run is done or interrupted.
"""

from __future__ import annotations

import os
from contextlib import closing
from itertools import islice
from tempfile import TemporaryDirectory
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from ..errors import UsageError
from .facts import COLUMNS, FLAG, NUMBER, Row, empty_row

BATCH = 1000
"""Rows that are written, and read, at a time."""
_MOST, _LEAST = (1 << 63) - 1, -(1 << 63)

NESTED: Dict[str, str] = {
    "frames": "list<struct<text: string, found_by: string, certain: bool>>",
    "findings": "list<string>",
    "commands": "map<string, string>",
    "mends": "map<string, string>",
}
"""Types of the columns that are neither text nor number nor flag."""


def column_type(name: str, kind: str) -> str:
    """The type of a column in a Parquet file."""
    return NESTED.get(name) or {NUMBER: "int64", FLAG: "bool"}.get(kind, "string")


def is_parquet(path: str) -> bool:
    """Whether an output is a Parquet file, by its name."""
    return os.path.splitext(path)[1].lower() == ".parquet"


def journal(path: str) -> str:
    """The name of the file of lines that is beside a Parquet file while it is made."""
    return f"{path}.part.jsonl"


def _missing(what: str, error: ImportError) -> UsageError:
    return UsageError(f"{what} needs a package that is not there ({error})", "pip install 'dumpscope[fleet]'")


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise _missing("Parquet", error) from None
    return pyarrow


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise _missing("SQL", error) from None
    return duckdb


def require(*, sql: bool = False) -> None:
    """Raise UsageError with what to install where the packages are missing."""
    _pyarrow()
    if sql:
        _duckdb()


def _schema(arrow: Any) -> Any:
    string = arrow.string()
    nested = {
        "frames": arrow.list_(arrow.struct([("text", string), ("found_by", string), ("certain", arrow.bool_())])),
        "findings": arrow.list_(string),
        "commands": arrow.map_(string, string),
        "mends": arrow.map_(string, string),
    }
    plain = {NUMBER: arrow.int64(), FLAG: arrow.bool_()}
    fields = [arrow.field(column.name, nested.get(column.name) or plain.get(column.kind, string), metadata={"meaning": column.meaning}) for column in COLUMNS]
    return arrow.schema(fields, metadata={"writer": "dumpscope triage"})


def _clean(value: Any) -> Any:
    """The value as Parquet can hold it: halves of surrogate pairs as escapes, numbers of 64 bits with sign, null for larger ones."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, int) and not isinstance(value, bool) and not _LEAST <= value <= _MOST:
        return None
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value


def clean_key(key: Tuple[str, str]) -> Tuple[str, str]:
    """Path and member as a Parquet file has them."""
    return _clean(key[0]), _clean(key[1])


def _cell(name: str, value: Any) -> Any:
    value = _clean(value)
    return list(value.items()) if name in ("commands", "mends") and value is not None else value


def write(path: str, rows: Iterable[Row]) -> None:
    """Write rows to a Parquet file. What was there is replaced only when all is written."""
    arrow = _pyarrow()
    schema = _schema(arrow)
    temporary = f"{path}.part"
    left = iter(rows)
    try:
        with arrow.parquet.ParquetWriter(temporary, schema, compression="zstd") as writer:
            while True:
                batch = list(islice(left, BATCH))
                if not batch:
                    break
                columns = {column.name: [_cell(column.name, row[column.name]) for row in batch] for column in COLUMNS}
                writer.write_table(arrow.table(columns, schema=schema))
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def read(path: str) -> Iterator[Row]:
    """The rows of a Parquet file of triage, some at a time. Raises UsageError for a file that is none."""
    arrow = _pyarrow()
    try:
        file = arrow.parquet.ParquetFile(path)
    except (arrow.ArrowInvalid, OSError) as error:
        raise UsageError(f"{path!r} is no output of triage: {error}", "give another name: this is not a file that `triage -o` wrote") from None
    with closing(file):
        if not file.schema_arrow.equals(_schema(arrow)):
            raise UsageError(f"{path!r} is no output of triage: its columns are others", "give another name: this is not a file that `triage -o` wrote")
        try:
            for batch in file.iter_batches(BATCH):
                for found in batch.to_pylist():
                    yield _plain(found)
        except (arrow.ArrowException, OSError) as error:
            raise UsageError(f"{path!r} cannot be read: {error}", "write it anew with --force") from None


def _plain(found: Dict[str, Any]) -> Row:
    row = empty_row()
    for name, value in found.items():
        row[name] = dict(value) if name in ("commands", "mends") and value is not None else value
    row["member"] = row["member"] or ""
    return row


class Answer(NamedTuple):
    """What a question gives: names of columns, each once, rows under them, and whether there were more."""

    columns: List[str]
    rows: List[Tuple[Any, ...]]
    more: bool


class Questions:
    """Rows that questions are asked of, as the table ``rows``. They lie in a temporary Parquet file, so memory does not grow with them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        duckdb = _duckdb()
        self._error = duckdb.Error
        self._folder = TemporaryDirectory()
        try:
            path = os.path.join(self._folder.name, "rows.parquet")
            write(path, rows)
            config = {"autoinstall_known_extensions": "false", "temp_directory": self._folder.name}
            self._base = duckdb.connect(os.path.join(self._folder.name, "rows.duckdb"), config=config)
            name = path.replace("'", "''")
            self._base.execute(f"create table rows as select * from read_parquet('{name}')")
            # A question reads the rows alone: no other file, no network, and it writes none.
            self._base.execute("set enable_external_access=false")
            self._base.execute("set lock_configuration=true")
        except BaseException:
            self._folder.cleanup()
            raise

    def ask(self, sql: str, most: int) -> Answer:
        """The answer to a query, ``most`` rows of it. Raises UsageError with the words of DuckDB for a query that is wrong."""
        try:
            self._base.execute(sql)
            described = self._base.description or []
            rows = self._base.fetchmany(most + 1) if described else []
        except self._error as error:
            raise UsageError(f"the query cannot be answered: {error}", "the table is rows; docs/fleet.md has its columns") from None
        return Answer(_once([item[0] for item in described]), rows[:most], len(rows) > most)

    def where(self, condition: str) -> Iterator[Row]:
        """The rows for which a condition holds. Raises UsageError for a condition that is wrong."""
        names = ", ".join(f'"{column.name}"' for column in COLUMNS)
        try:
            # The line ends before the bracket, so that a comment in the condition does not hide it.
            self._base.execute(f"select {names} from rows where (\n{condition}\n)")
            while True:
                found = self._base.fetchmany(BATCH)
                if not found:
                    return
                for values in found:
                    yield _plain({column.name: value for column, value in zip(COLUMNS, values)})
        except self._error as error:
            raise UsageError(f"--where cannot be answered: {error}", "such as --where \"process = 'app.exe' and handles > 0\"") from None

    def close(self) -> None:
        """Remove the temporary file."""
        self._base.close()
        self._folder.cleanup()

    def __enter__(self) -> Questions:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _once(names: List[str]) -> List[str]:
    found: List[str] = []
    for name in names:
        own, number = name, 2
        while own in found:
            own, number = f"{name}_{number}", number + 1
        found.append(own)
    return found
