"""Offsets of an answer that lie in the lists of a minidump that were made up, turned into those of the records in the file they were made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Iterator

from ...dump.source import Source
from ...view.blocks import Column, Data, Fields, Table

if TYPE_CHECKING:
    from ...view.blocks import Block

_KEYS = frozenset(("offset", "context_offset"))
"""Members of JSON that are offsets in the file."""


def placed(blocks: Iterable[Block], source: Source) -> Iterator[Block]:
    """The blocks with offsets of the file; None where nothing in it holds the record."""
    for block in blocks:
        if isinstance(block, Data):
            yield block._replace(value=_data(block.value, source))
        elif isinstance(block, Fields):
            items = [item._replace(value=_offset(item.value, source)) if item.kind == "offset" else item for item in block.items]
            yield Fields(block.key, items, title=block.title)
        elif isinstance(block, Table):
            columns = [_column(column, source) if column.kind == "offset" else column for column in block.columns]
            yield Table(block.key, columns, block.rows, title=block.title, detail=block.detail, compact=block.compact)
        else:
            yield block


def _offset(value: Any, source: Source) -> Any:
    return source.in_file(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _column(column: Column, source: Source) -> Column:
    get = column.get

    def place(cell: Any) -> Any:
        return _offset(cell if get is None else get(cell), source)

    return column._replace(get=place)


def _data(value: Any, source: Source) -> Any:
    if isinstance(value, dict):
        return {key: _offset(item, source) if key in _KEYS else _data(item, source) for key, item in value.items()}
    if isinstance(value, list):
        return [_data(item, source) for item in value]
    return value
