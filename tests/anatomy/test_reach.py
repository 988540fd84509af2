"""What a byte belongs to, and what leads to it, without a walk over long lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from benchmarks.makers import handles_shared, handles_unique, regions, threads
from tests.amount import part
from tests.anatomy.test_filemap import counting

from dumpscope.anatomy.filemap import file_map, owners
from dumpscope.anatomy.walker import anatomy
from dumpscope.dump.minidump import Minidump


@pytest.mark.parametrize("maker", [handles_shared, handles_unique, threads, regions], ids=lambda maker: str(maker.__name__))
@pytest.mark.parametrize("place", [0.1, 0.5, 0.999], ids=str)
def test_a_long_list_is_not_walked_for_one_byte(maker: Any, place: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many records there are, only those are made into nodes that lie at the byte or lead to it."""
    path = tmp_path / "long.dmp"
    maker(path, part(20_000, 8))
    with Minidump.open(path) as dump:
        offset = int(dump.size * place)
        expected = [node for node in anatomy(dump) if node.offset <= offset < node.end]
        made = counting(monkeypatch)
        found = owners(dump, offset)
        assert found is not None
        assert sorted([*found.chain, *found.others], key=repr) == sorted(expected, key=repr)
        assert len(made) < 200


def test_bytes_of_nobody_in_a_long_list(tmp_path: Path) -> None:
    """A hole between the strings of a long list: its neighbours are found without walking the list, and it is the map's piece."""
    path = tmp_path / "long.dmp"
    handles_unique(path, 5_000)
    data = bytearray(path.read_bytes())
    with Minidump.open(path) as dump:
        handle = dump.handles[2_500]
    data[handle.offset + 12 : handle.offset + 16] = bytes(4)  # its name: nothing points to it any more
    with Minidump.open(bytes(data)) as dump:
        found = owners(dump, handle.name_rva + 8)
        assert found is not None
        assert not found.chain[1:]
        assert found.piece == file_map(dump, merge=False).at(handle.name_rva + 8)
        assert found.piece.offset == handle.name_rva
