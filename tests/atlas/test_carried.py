"""Bounds of a page: how many pieces of the map and bytes it carries."""

from __future__ import annotations

from typing import List

import pytest

from dumpscope.atlas import carried
from dumpscope.atlas.carried import Carried, Piece, cut, union_of
from dumpscope.dump.source import Source
from dumpscope.view.redact import Redactor


def test_stretches_that_touch_or_overlap_are_one() -> None:
    assert union_of([(8, 9), (0, 2), (2, 4), (1, 3), (6, 6), (7, 5)]) == [(0, 4), (8, 9)]
    assert union_of([(0, 9), (1, 2), (9, 9)]) == [(0, 9)]


def test_small_neighbours_are_put_together_and_no_byte_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried, "PIECE_CAP", 4)
    sizes = [32, 4, 4, 400, 4, 4, 4]
    kinds = ["header", "record", "string", "memory", "record", "string", "record"]
    pieces: List[Piece] = []
    for size, kind in zip(sizes, kinds):
        pieces.append((sum(piece[1] for piece in pieces), size, kind, f"a {kind}", 1))
    assert cut(pieces) == [
        (0, 32, "header", "a header", 1), (32, 8, "mixed", "many small pieces", 2), (40, 400, "memory", "a memory", 1),
        (440, 12, "mixed", "many small pieces", 3),
    ]  # fmt: skip
    assert cut(pieces[:4]) == pieces[:4], "few pieces stay as they are"


def test_bytes_beyond_the_room_are_left_out_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried, "TOTAL_BYTES", 10)
    monkeypatch.setattr(carried, "MEMORY_BYTES", 5)
    source = Source.from_object(bytes(range(40)))
    small, large = Carried(source, None, False), Carried(source, None, True)
    stretches = [(0, 4), (20, 60), (70, 80)]
    assert small.bounded(stretches) == [(0, 4), (20, 26)]
    assert large.bounded(stretches) == [(0, 4), (20, 31)]
    assert small.notes == large.notes == ["this dump has more bytes than a page can carry: bytes farther on are left out"]
    fits = Carried(source, None, False)
    assert fits.bounded([(35, 60), (50, 60)]) == [(35, 40)], "up to the end of the file"
    assert not fits.notes
    assert fits.bytes_of([(0, 2), (38, 40)]) == bytes([0, 1, 38, 39])


def test_a_text_of_the_dump_is_on_one_line_and_ends() -> None:
    page = Carried(Source.from_object(b""), None, False)
    assert "\n" not in page.clean("a\nb")
    assert page.clean("x" * 1000) == "x" * 1000
    assert page.clean("x" * 1001) == "x" * 1000 + "…"
    assert "someone" not in Carried(Source.from_object(b""), Redactor(), False).clean("C:\\Users\\someone\\app.exe")
