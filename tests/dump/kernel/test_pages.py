"""Pages of physical memory in full dumps and dumps with a bitmap."""

from __future__ import annotations

import random
import struct
from typing import Any, List

import pytest
from samples.kernel_dumps import bitmap_dump, full_dump, summary_dump, triage64
from tests.counting import calls_of

from dumpscope.dump.absence import Absent
from dumpscope.dump.kernel.kerneldump import KernelDump
from dumpscope.dump.kernel.pages import PAGE, Pages
from dumpscope.dump.source import Source


def opened(data: bytes) -> KernelDump:
    return KernelDump(Source(data, "memory.dmp"))


def pages(data: bytes) -> Pages:
    found = opened(data).pages
    assert isinstance(found, Pages)
    return found


@pytest.mark.parametrize("wide", [True, False])
def test_pages_of_a_full_dump(wide: bool) -> None:
    found = pages(full_dump([(1, 3), (8, 2)], wide=wide))
    assert [(run.first, run.pages) for run in found.runs] == [(1, 3), (8, 2)]
    assert (found.claimed, found.held) == (5, 5)
    for page in (1, 3, 8, 9):
        assert found.read(page * PAGE + 8, 8) == struct.pack("<Q", page)
    assert found.read(0, 8) == found.read(4 * PAGE, 8) == found.read(10 * PAGE, 8) == b""
    assert len(found.read(2 * PAGE, 5 * PAGE)) == 2 * PAGE


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_pages_of_a_bitmap(wide: bool, seed: int) -> None:
    chance = random.Random(seed)
    total = chance.choice([1, 7, 8, 9, 64, 200, 333])
    held = sorted(chance.sample(range(total), chance.randint(1, total)))
    found = pages(bitmap_dump(held, total, wide=wide, full=seed % 2 == 0))
    assert [run.first + number for run in found.runs for number in range(run.pages)] == held
    assert found.held == found.claimed == len(held)
    for page in range(total):
        assert found.read(page * PAGE, 8) == (struct.pack("<Q", page) if page in held else b"")
    assert all(run.first + run.pages < after.first for run, after in zip(found.runs, found.runs[1:]))


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("held", [[0], [1, 2, 9], [5, 6, 7, 8, 62, 63]])
def test_pages_of_a_summary_dump(wide: bool, held: List[int]) -> None:
    found = pages(summary_dump(held, 64, wide=wide))
    assert [run.first + number for run in found.runs for number in range(run.pages)] == held
    assert found.held == found.claimed == len(held)
    for page in range(64):
        assert found.read(page * PAGE, 8) == (struct.pack("<Q", page) if page in held else b"")


def test_a_summary_dump_needs_its_own_signature() -> None:
    missing = opened(bitmap_dump([1, 2], 64, full=True, kind=2)).pages
    assert isinstance(missing, Absent)
    assert "no SUMMARY_DUMP64 is at 0x2000" in missing.message


def test_a_cut_dump_says_how_many_pages_are_left() -> None:
    for data in (full_dump([(1, 4)]), bitmap_dump([1, 2, 3, 9], 64)):
        dump = opened(data[: -2 * PAGE])
        assert dump.damage == ["the file holds 2 of 4 pages: it was cut, or the writer did not finish"]


def _changed(data: bytes, offset: int, form: str, value: int) -> bytes:
    made = bytearray(data)
    struct.pack_into(form, made, offset, value)
    return bytes(made)


@pytest.mark.parametrize("offset", [0x2020, 0x2028, 0x2030])
@pytest.mark.parametrize("value", [0, 1, 1 << 20, 1 << 40, (1 << 64) - 1])
def test_a_hostile_bitmap_is_bounded_by_the_file(offset: int, value: int) -> None:
    data = _changed(bitmap_dump(list(range(0, 64, 2)), 64), offset, "<Q", value)
    found = pages(data)
    assert len(found.runs) <= len(data) // PAGE + 2 + 64
    assert len(found.read(0, 1 << 40)) <= len(data)
    assert opened(data).damage is not None


def test_a_bitmap_without_its_signature_is_damage() -> None:
    dump = opened(_changed(bitmap_dump([1], 8), 0x2000, "<I", 0))
    assert isinstance(dump.pages, Absent)
    assert "BITMAP_DUMP" in dump.damage[0]


def test_runs_that_are_not_in_order_are_not_believed() -> None:
    dump = opened(full_dump([(8, 1), (1, 1)]))
    assert isinstance(dump.pages, Absent)
    assert "not in order" in dump.damage[0]


def test_other_kinds_have_no_pages_that_are_read() -> None:
    for kind in (3, 7, 8):
        assert isinstance(opened(bitmap_dump([1], 8, kind=kind)).pages, Absent)
    assert isinstance(opened(triage64()).pages, Absent)


def test_a_large_empty_bitmap_costs_its_bytes_only() -> None:
    def cost(total: int) -> int:
        data = bitmap_dump([1], total)
        return calls_of(lambda: pages(data))[1]

    assert cost(1 << 24) < cost(1 << 12) + 400


def test_headers_that_end_early(tmp_path: Any) -> None:
    data: List[bytes] = [bitmap_dump([1], 8)[:size] for size in (0x2000, 0x2010, 0x2037, 0x2038, 0x2039)]
    for cut in data:
        dump = opened(cut)
        assert isinstance(dump.damage, list)
        assert isinstance(dump.pages, Absent) or dump.pages.held == 0
