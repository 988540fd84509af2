"""Fields of structures: they cover all that their node has."""

from __future__ import annotations

from pathlib import Path

from tests.amount import some
from tests.cases import each
from tests.commands.bytes.test_map import DUMPS

from dumpscope.anatomy.dissect import dissect
from dumpscope.anatomy.walker import anatomy
from dumpscope.dump.minidump import Minidump


@each("path", some(DUMPS, 1), ids=lambda path: path.stem)
def test_fields_cover_their_structures(path: Path) -> None:
    with Minidump.open(path) as dump:
        for node in anatomy(dump):
            if node.leaf and node.size <= 5000:
                covered = bytearray(node.size)
                for part in dissect(dump.source, node):
                    assert node.offset <= part.offset
                    assert part.end <= node.end
                    covered[part.offset - node.offset : part.end - node.offset] = b"\1" * part.size
                assert all(covered), node
