"""What the name of an output means: a file of rows, or a folder of Parquet files; and going on where a run was ended."""

from __future__ import annotations

import os
from typing import Callable, Iterator, Set, Tuple, Union

from ..dump.stores import is_address, look
from ..errors import DumpError
from . import shards, table
from .facts import Row
from .lines import Output, is_csv, nobody, read_file

Key = Tuple[str, str]


def read_rows(path: str, cut: Callable[[str], object] = nobody) -> Iterator[Row]:
    """The rows of an output. A last line that was not written to its end is left out, and ``cut`` is told of it in words.

    Raises UsageError for a file that is none.
    """
    return shards.read(path) if shards.is_shards(path) else read_file(path, cut)


def check_name(path: str) -> None:
    """Raise UsageError for the name of an output that cannot be written: of no kind that there is, or Parquet without its package."""
    if shards.is_shards(path) or table.is_parquet(path):
        table.require()
    else:
        is_csv(path)


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
