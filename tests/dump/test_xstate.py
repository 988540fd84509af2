"""Extended state after a context, byte by byte: winnt.h's CONTEXT_EX and XSAVE_AREA_HEADER, offsets of Intel's SDM, volume 1, chapter 13."""

from __future__ import annotations

import struct
from typing import Dict, Tuple

import pytest

from dumpscope.dump.absence import DAMAGED, NOT_THERE, Absent
from dumpscope.dump.xstate import AVX, CET_U, XStateArea, read_xstate

NONE = Absent(NOT_THERE, "no MiscInfo")
BASE = 16
HALVES = bytes(range(256))


def context(relative: int = 24, length: int = 64 + 256, mask: int = 4, tail: bytes = HALVES) -> bytes:
    """16 bytes of plain context, the CONTEXT_EX with All, Legacy and XState, the XSAVE header, and components."""
    pairs = struct.pack("<iIiIiI", -BASE, 0, -BASE, BASE, relative, length)
    return bytes(BASE) + pairs + struct.pack("<QQ", mask, 1 << 63 | mask) + bytes(48) + tail


def area(mask: int, data: bytes, features: Dict[int, Tuple[int, int]]) -> XStateArea:
    return XStateArea(mask, 0, data, 0, len(data), features)


def test_the_upper_halves_of_ymm() -> None:
    found = read_xstate(context(), BASE, 0x1000, True, NONE)
    assert isinstance(found, XStateArea)
    assert (found.mask, found.compaction, found.offset, found.size) == (4, 1 << 63 | 4, 0x1000 + BASE + 24, 320)
    assert found.components == [AVX]
    assert found.place(AVX) == (64, 256)
    assert found.ymm_high == [int.from_bytes(HALVES[at : at + 16], "little") for at in range(0, 256, 16)]


@pytest.mark.parametrize(
    ("data", "flagged", "kind"),
    [
        (context(), False, NOT_THERE),
        (context()[: BASE + 23], True, NOT_THERE),
        (context(relative=23), True, DAMAGED),
        (context(relative=-8), True, DAMAGED),
        (context(relative=24 + 257), True, DAMAGED),
        (context(length=63), True, DAMAGED),
    ],
    ids=["no flag", "cut", "inside itself", "before itself", "behind the end", "short"],
)
def test_what_is_no_extended_state(data: bytes, flagged: bool, kind: str) -> None:
    found = read_xstate(data, BASE, 0, flagged, NONE)
    assert isinstance(found, Absent)
    assert found.kind == kind


def test_the_header_alone_may_be_the_last() -> None:
    found = read_xstate(context(relative=24 + 256, length=64), BASE, 0, True, NONE)
    assert isinstance(found, XStateArea)
    assert found.size == 64


def test_a_size_behind_the_end_is_cut() -> None:
    found = read_xstate(context(length=0xFFFFFFFF), BASE, 0, True, NONE)
    assert isinstance(found, XStateArea)
    assert found.size == 320


def test_components_that_cannot_be_given_say_why() -> None:
    initial = area(0, bytes(320), {}).component(AVX)
    placeless = area(1 << 20, bytes(320), {}).component(20)
    legacy = area(4, bytes(320), {AVX: (575, 256)}).component(AVX)
    cut = area(4, bytes(319), {}).component(AVX)
    for found, kind, words in (
        (initial, NOT_THERE, "in its initial state"),
        (placeless, NOT_THERE, "component 20: MiscInfo does not say"),
        (legacy, NOT_THERE, "MiscInfo does not say"),
        (cut, DAMAGED, "ends after the context"),
    ):
        assert isinstance(found, Absent)
        assert found.kind == kind
        assert words in found.message


def test_the_shadow_stack() -> None:
    data = bytes(64) + struct.pack("<QQ", 1, 0x7FF0)
    assert area(1 << CET_U, data, {CET_U: (576, 16)}).shadow_stack == (1, 0x7FF0)
    short = area(1 << CET_U, data, {CET_U: (576, 15)}).shadow_stack
    assert isinstance(short, Absent)
    assert short.kind == DAMAGED
