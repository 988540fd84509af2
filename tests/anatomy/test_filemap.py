"""The map of a file: each byte of each sample in one piece, long lists by columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest
from benchmarks.makers import handles_shared, handles_unique, regions
from tests.amount import part
from tests.cases import each
from tests.commands.bytes.test_map import DUMPS

from dumpscope.anatomy import walker as anatomy_module
from dumpscope.anatomy.filemap import GAPS, file_map
from dumpscope.anatomy.walker import anatomy
from dumpscope.dump.minidump import Minidump

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


# Dumps whose writer left nothing out of reach: there must be no byte that nothing points to.
WHOLE = ("article-handles", "everything-small", "full-memory", "crashpad-annotations", "breakpad-linux", "function-tables", "mozilla-streams", "tokens")


@each("path", DUMPS, ids=lambda path: path.stem)
@each("merge", [True, False], ids=["merged", "all"])
def test_every_byte_is_in_one_piece(path: Path, merge: bool) -> None:
    with Minidump.open(path) as dump:
        found = file_map(dump, merge=merge)
        end = 0
        for piece in found.pieces:
            assert piece.offset == end
            assert piece.size > 0
            assert piece.what
            assert piece.kind
            end = piece.end
        assert end == dump.size
        assert found.owned + sum(size for kind, size in found.kinds().items() if kind in GAPS) == dump.size


@pytest.mark.parametrize("name", ["full-memory", "full-memory-x86", "managed-full-memory"])
def test_memory_that_lies_together_is_one_piece(name: str) -> None:
    """Whatever digits the addresses end with."""
    with Minidump.open(SAMPLES / f"{name}.dmp") as dump:
        ranges = list(dump.memory64_list)
        (piece,) = (piece for piece in file_map(dump).pieces if piece.kind == "memory")
        assert piece.merged == len(ranges) > 1
        assert piece.what.endswith("Memory64ListStream > range > memory")
        assert (piece.offset, piece.size) == (ranges[0].rva, sum(item.size for item in ranges))


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_dump_has_no_byte_out_of_reach(name: str) -> None:
    with Minidump.open(SAMPLES / f"{name}.dmp") as dump:
        assert set(file_map(dump).kinds()) & set(GAPS) <= {"alignment"}


def counting(monkeypatch: pytest.MonkeyPatch) -> List[Any]:
    """The nodes that are made from now on."""
    made: List[Any] = []
    node = anatomy_module._Walker.node

    def counted(*args: Any, **words: Any) -> Any:
        made.append(node(*args, **words))
        return made[-1]

    monkeypatch.setattr(anatomy_module._Walker, "node", counted)
    return made


@pytest.mark.parametrize("maker", [handles_shared, handles_unique, regions], ids=lambda maker: str(maker.__name__))
def test_a_long_list_is_mapped_by_columns(maker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many records there are, few are made into nodes: those whose words the map shows."""
    path = tmp_path / "long.dmp"
    maker(path, part(20_000, 2))
    with Minidump.open(path) as dump:
        nodes = sorted((node for node in anatomy(dump) if node.leaf), key=lambda node: (node.offset, -node.size))
        made = counting(monkeypatch)
        found = file_map(dump)
        assert len(made) < 5_000  # a thousand names are shared, and told by the two first handles that have them
        assert sum(piece.merged for piece in found.pieces) == len({(item.offset, item.size) for item in nodes})
        assert found.owned == dump.size
        claims: Dict[Any, int] = {}
        for item in nodes:
            claims[item.offset, item.size] = claims.get((item.offset, item.size), 0) + 1
        shared = {place: times for place, times in claims.items() if times > 1}
        told = {(item.offset, item.size): item.times for item in found.overlaps if item.same}
        assert told.items() <= shared.items()
        assert len(told) == min(1000, len(shared))
