"""``why --readers`` and the page of a reader's reason: a row for each reader, the engine first, and the count of those that open the file."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Tuple

import pytest
from tests.commands.made import notes, sample_bytes

from dumpscope.commands.opening import session_of
from dumpscope.commands.readers import ENGINE, readers_blocks, reason_page
from dumpscope.diagnosis.readers.catalogue import READERS
from dumpscope.diagnosis.readers.lldb import LLDB
from dumpscope.diagnosis.readers.reasons import Known
from dumpscope.diagnosis.readers.verdict import OPENS, REFUSES
from dumpscope.dump.source import Source
from dumpscope.view.blocks import Fields, Table


def answered(data: bytes) -> Tuple[List[Dict[str, Any]], List[str]]:
    """The rows by names of columns, and the notes."""
    blocks = list(readers_blocks(session_of(Source.from_object(data), "x.dmp")))
    (table,) = [block for block in blocks if isinstance(block, Table)]
    names = [column.key for column in table.columns]
    return [dict(zip(names, row)) for row in table.rows], notes(blocks)


def test_a_row_for_each_reader_and_a_byte_for_each_that_refuses() -> None:
    rows, said = answered(sample_bytes("damaged-duplicate-streams"))
    assert [row["reader"] for row in rows] == [ENGINE, *(reader.name for reader in READERS)]
    assert {row["outcome"] for row in rows} == {OPENS, REFUSES}
    for row in rows:
        given = [bool(row["code"]), bool(row["why"]), row["offset"] is not None]
        assert given == [row["outcome"] == REFUSES] * 3, row["reader"]
    assert (rows[0]["outcome"], rows[0]["judged"]) == (OPENS, True)
    assert said[0] == f"{sum(row['outcome'] == OPENS for row in rows)} of {len(rows)} readers open this file."


def test_the_engine_refuses_with_a_rule_and_the_byte_that_decides() -> None:
    data = bytearray(sample_bytes("handles"))
    struct.pack_into("<I", data, 0, 0x504D444E)  # MINIDUMP_HEADER.Signature
    rows, said = answered(bytes(data))
    first = rows[0]
    assert (first["reader"], first["outcome"]) == (ENGINE, REFUSES)
    assert first["code"].startswith("OPN")
    assert first["offset"] == 0
    assert first["why"]
    opening = sum(row["outcome"] == OPENS for row in rows)
    assert opening < len(rows)
    assert said[0] == f"{opening} of {len(rows)} readers open this file."


def test_readers_that_were_not_tried_are_named() -> None:
    _, said = answered(sample_bytes("handles"))
    for reader in READERS:
        assert (reader.title in said[1]) == (not reader.judged)


@pytest.mark.parametrize(("judged", "words"), [(True, "tests hold it against the program"), (False, "not tried here")])
def test_the_page_of_a_reason(judged: bool, words: str) -> None:
    known = Known("LLDB05", LLDB._replace(judged=judged), "", "")
    (fields,) = [block for block in reason_page(known) if isinstance(block, Fields)]
    items = {item.key: item for item in fields.items}
    assert items["title"].value == "what it says depends on the dump"
    assert words in str(items["confidence"].text)
    assert items["checks"].value is None
    assert str(items["verdict"].value).startswith(f"{LLDB.title} ({LLDB.version}) does not open such a file")
