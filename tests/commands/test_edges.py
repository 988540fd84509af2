"""Where a list is cut short, a range of numbers ends, or ranges touch: commands on both sides of the edge."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, List

import pytest
from samples.writer import DumpBuilder

from dumpscope.commands.annotations import _decoded
from dumpscope.commands.stacks.stack import _matches, missing_images
from dumpscope.stacks.frames import BOTTOM, NO_IMAGE
from dumpscope.view.blocks import Data, Note


def stacks(modules: List[str], kind: str = NO_IMAGE) -> Any:
    """Stacks that end in these modules."""
    return [SimpleNamespace(end=SimpleNamespace(kind=kind, module=module)) for module in modules]


@pytest.mark.parametrize(("count", "rest"), [(1, ""), (2, ""), (7, ""), (8, ""), (9, " and 1 more"), (10, " and 2 more"), (21, " and 13 more")])
def test_eight_missing_images_are_named(count: int, rest: str) -> None:
    names = [f"m{number}" for number in range(count)]
    data, note = missing_images(stacks([*names, names[0], ""]))
    assert isinstance(data, Data)
    assert data.value == names
    assert isinstance(note, Note)
    assert note.text == f"images that are needed to go on: {', '.join(names[:8])}{rest}. Give the folder that holds them with -i"


def test_no_image_is_missing_where_stacks_end_by_themselves() -> None:
    assert list(missing_images(stacks(["demo"], BOTTOM))) == []
    assert list(missing_images(stacks([""]))) == []
    assert list(missing_images([])) == []


@pytest.mark.parametrize(
    ("wanted", "module", "symbol", "matches"),
    [
        ("demo", "demo", "", True),
        ("DEMO", "demo", "main", True),
        ("demo", "demo2", "", False),
        ("mo", "demo", "", False),
        ("main", "demo", "wmain", True),
        ("WMain", "demo", "wMAIN", True),
        ("other", "demo", "main", False),
        ("demo!ma", "demo", "main", True),
        ("demo!main", "demo", "ma", False),
        ("emo!ma", "demo", "main", False),
        ("demo!", "demo", "", True),
    ],
)
def test_a_frame_by_its_module_or_function(wanted: str, module: str, symbol: str, matches: bool) -> None:
    row: Any = SimpleNamespace(name=SimpleNamespace(module=module, symbol=symbol))
    assert _matches(row, wanted) is matches
    nameless: Any = SimpleNamespace(name=None)
    assert not _matches(nameless, wanted)


@pytest.mark.parametrize(
    ("first", "last"),
    [(0x43500001, 0x43500001), (0x47670001, 0x4767000D), (0x4D7A0001, 0x4D7A0004)],
)
def test_streams_that_annotations_show_by_themselves(first: int, last: int) -> None:
    assert [_decoded(kind) for kind in (first - 1, first, last, last + 1)] == [False, True, True, False]


def region(base: int, size: int) -> bytes:
    """A MINIDUMP_MEMORY_INFO of committed private memory."""
    return struct.pack("<QQIIQIIII", base, base, 4, 0, size, 0x1000, 4, 0x20000, 0)


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([(0x10000, 0x1000), (0x11000, 0x1000)], 0),
        ([(0x10000, 0x1000), (0x20000, 0x1000)], 0),
        ([(0x20000, 0x1000), (0x10000, 0x1000)], 0),
        ([(0x11000, 0x1000), (0x10000, 0x1000)], 0),
        ([(0x10000, 0x1001), (0x11000, 0x1000)], 1),
        ([(0x11000, 0x1000), (0x10000, 0x1001)], 1),
        ([(0x10000, 0x3000), (0x11000, 0x1000)], 1),
        ([(0x11000, 0x1000), (0x10000, 0x3000)], 1),
        ([(0x10000, 0x2000), (0x11000, 0x2000), (0x12000, 0x2000)], 2),
    ],
)
def test_regions_that_touch_do_not_share_addresses(tmp_path: Path, cli: Any, rows: List[Any], shared: int) -> None:
    builder: Any = DumpBuilder()
    builder.add_system_info()
    builder.add_stream(16, struct.pack("<IIQ", 16, 48, len(rows)) + b"".join(region(*row) for row in rows))
    path = tmp_path / "mini.dmp"
    path.write_bytes(builder.build())
    said = cli("regions", path, "--summary").out
    assert ("counted each time" in said) is (shared > 0)
    assert ("a region shares addresses" in said) is (shared == 1)
    assert ("2 regions share addresses" in said) is (shared == 2)
