"""The map of kernel dumps: every byte has an owner, whatever the file claims."""

from __future__ import annotations

import struct

import pytest
from samples.kernel_dumps import triage32, triage64, with_blobs
from tests.cases import each
from tests.counting import calls_of

from dumpscope.anatomy.filemap import ALIGNMENT, FileMap, map_of_nodes
from dumpscope.anatomy.kernel import kernel_anatomy, nodes_at
from dumpscope.dump.kernel.kerneldump import KernelDump
from dumpscope.dump.kernel.secondary import blobs
from dumpscope.dump.source import Source


def opened(data: bytes) -> KernelDump:
    return KernelDump(Source(data, "mini.dmp"))


def mapped(data: bytes) -> FileMap:
    return map_of_nodes(Source(data, "mini.dmp"), kernel_anatomy(opened(data)), merge=False)


BUILT = {"64": triage64(), "32": triage32(), "blobs": with_blobs(triage64(), [b"abc", bytes(100)])}


@pytest.mark.parametrize("name", sorted(BUILT))
def test_every_byte_has_one_owner(name: str) -> None:
    data = BUILT[name]
    found = mapped(data)
    assert sum(piece.size for piece in found.pieces) == len(data)
    assert [piece.offset for piece in found.pieces] == [0] + [piece.end for piece in found.pieces[:-1]]
    assert set(found.kinds()) & {"unreferenced", "after-end", "stream-rest"} == set()
    assert found.kinds().get(ALIGNMENT, 0) < 64


def test_structures_are_where_they_were_put() -> None:
    data = BUILT["64"]
    dump = opened(data)
    what = {node.what: node for node in kernel_anatomy(dump)}
    assert data[what["the mark TRGD"].offset :][:4] == b"TRGD"
    name = what["drivers > driver 2 (demo-drv.sys) > name"]
    assert data[name.offset + 4 : name.end].decode("utf-16-le") == "\\SystemRoot\\System32\\drivers\\demo-drv.sys\0"
    assert what["KPRCB, the processor control block"].size == 0x1000
    assert what["ETHREAD, the thread"].size == 0x400
    assert data[what["KDDEBUGGER_DATA64"].offset + 16 :][:4] == b"KDBG"


def test_secondary_data() -> None:
    data = BUILT["blobs"]
    found = blobs(opened(data))
    assert [(blob.size, data[blob.data : blob.data + blob.size]) for blob in found] == [(3, b"abc"), (100, bytes(100))]
    assert found[1].tag.strip("{}").replace("-", "") == "01" * 16
    assert [node.what for node in nodes_at(opened(data), found[0].data)] == [f"secondary data > blob 0 ({found[0].tag}) > data"]
    assert blobs(opened(triage64())) == []


@each("offset", [0x2000 + 4 * n for n in range(32)], ids=hex)
@each("value", [0xFFFFFFFF, 0x7FFFFFFF, 0x2000, 1, 0])
def test_the_map_of_a_hostile_file_is_whole(offset: int, value: int) -> None:
    data = bytearray(BUILT["blobs"])
    struct.pack_into("<I", data, offset, value)
    found = mapped(bytes(data))
    assert sum(piece.size for piece in found.pieces) == len(data)


def test_a_file_cut_anywhere_has_a_map() -> None:
    data = BUILT["blobs"]
    for size in range(0x2000, len(data), 331):
        found = mapped(data[:size])
        assert sum(piece.size for piece in found.pieces) == size


def test_blocks_that_all_claim_the_whole_file_do_not_make_the_map_slow() -> None:
    def cost(count: int) -> int:
        data = bytearray(triage64())
        start = len(data)
        data += b"".join(struct.pack("<QII", 0x10000 * n, 0, 0xFFFFFFFF) for n in range(count))
        struct.pack_into("<II", data, 0x2078, start, count)
        return calls_of(lambda: mapped(bytes(data)))[1]

    assert cost(4000) < 15 * cost(400)
