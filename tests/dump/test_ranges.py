"""File objects that can seek are read by ranges: their bytes are counted."""

from __future__ import annotations

import gzip
import io
import os
import re
import struct
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest
from tests.fuzz.dumps import handles

from dumpscope import DumpError, Minidump
from dumpscope.dump.ranges import BLOCK, BLOCKS
from dumpscope.dump.search import find

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "everything-small.dmp"
DATA = SAMPLE.read_bytes()
HUGE = 10 << 30


class Far(io.RawIOBase):
    """A file of any size that begins with some bytes and counts what is read of it; ``give`` bytes at the most in one call."""

    def __init__(self, data: bytes, size: int, give: int = 1 << 40) -> None:
        super().__init__()
        self.data, self.size, self.give = data, size, give
        self.place = 0
        self.count = 0
        self.calls = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.place = offset + (0, self.place, self.size)[whence]
        return self.place

    def read(self, size: int = -1, /) -> bytes:
        assert size >= 0, "nothing is read to its end"
        size = max(0, min(size, self.size - self.place, self.give))
        piece = self.data[self.place : self.place + size]
        self.place += size
        self.count += size
        self.calls += 1
        return piece + bytes(size - len(piece))


def answers(dump: Minidump) -> Tuple[Any, ...]:
    return (
        [stream.type for stream in dump.streams],
        [handle.name for handle in dump.handles],
        [module.path for module in dump.modules],
        [(thread.tid, repr(dump.registers(thread))) for thread in dump.threads],
    )


def test_ten_gigabytes_cost_what_is_asked_for() -> None:
    with Minidump.open(SAMPLE) as dump:
        expected = answers(dump)
    far = Far(DATA, HUGE)
    with Minidump.open(far) as dump:
        assert dump.size == HUGE
        assert far.count <= BLOCK
        assert answers(dump) == expected
    assert far.count <= len(DATA) + 4 * BLOCK, "a block is read once"
    assert not far.closed


def test_the_rest_of_a_large_dump_is_not_fetched() -> None:
    rows = b"".join(struct.pack("<QIIIIIIII", 4 * number, 0, 0, 0, 0, 0, 0, 0, 0) for number in range(100_000))
    data = handles(rows, 100_000)
    assert len(data) > 50 * BLOCK
    far = Far(data, HUGE)
    with Minidump.open(far) as dump:
        assert (len(dump.handles), dump.handles[0].handle, dump.handles[99_999].handle) == (100_000, 0, 399_996)
    assert far.count <= 4 * BLOCK
    assert far.calls <= 8


def test_short_reads_large_reads_and_blocks_that_go() -> None:
    data = bytes(range(256)) * (BLOCK * (BLOCKS + 8) // 256)
    far = Far(DATA + data, len(DATA) + len(data), give=1000)
    whole = DATA + data
    with Minidump.open(far) as dump:
        for offset, size in ((0, 1), (BLOCK - 1, 2), (5, 3 * BLOCK), (1, len(whole) - 1), (len(whole) - 3, 3)):
            assert dump.source.fetch(offset, size) == whole[offset : offset + size]
        for place in range(0, len(whole), BLOCK):
            assert dump.source.some(place + 7, 5) == whole[place + 7 : place + 12]
        before = far.count
        assert dump.source.fetch(3, 4) == whole[3:7]
        assert BLOCK >= far.count - before > 0, "no more blocks are kept than are said"


def test_search_finds_the_same() -> None:
    with Minidump.open(SAMPLE) as dump:
        wanted = dump.memory.read(next(dump.memory.spans())[0], 16)
        expected = list(find(dump.memory, wanted))
    with Minidump.open(Far(DATA, len(DATA))) as dump:
        assert list(find(dump.memory, wanted)) == expected
    assert expected


def test_what_is_cut_closed_or_fails_is_an_error_that_says_so() -> None:
    far = Far(DATA, HUGE)
    dump = Minidump.open(far)
    far.size = BLOCK
    with pytest.raises(DumpError, match="was cut to"):
        dump.source.fetch(3 * BLOCK, 5)
    dump.close()
    with pytest.raises(DumpError, match="was closed"):
        dump.source.fetch(0, 5)

    class Failing(Far):
        def read(self, size: int = -1, /) -> bytes:
            if self.place:
                raise RuntimeError("the store is gone")
            return super().read(size)

    with Minidump.open(Failing(DATA, HUGE)) as dump, pytest.raises(DumpError, match="the store is gone"):
        dump.source.fetch(3 * BLOCK, 5)


def test_what_is_packed_or_text_is_not_read_by_ranges(tmp_path: Path) -> None:
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(DATA))
    with gzip.open(packed, "rb") as file:
        dump = Minidump.open(file)
    with dump:
        assert len(dump.handles)  # the file is closed
    with open(SAMPLE, encoding="latin-1") as text, pytest.raises(TypeError, match="text"):
        Minidump.open(text)  # type: ignore[arg-type]


class Web(io.RawIOBase):
    """A file on a server, by requests for ranges."""

    def __init__(self, port: int, size: int) -> None:
        super().__init__()
        self.port, self.size, self.place = port, size, 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.place = offset + (0, self.place, self.size)[whence]
        return self.place

    def read(self, size: int = -1, /) -> bytes:
        if not size:
            return b""
        connection = HTTPConnection("127.0.0.1", self.port)
        try:
            connection.request("GET", "/app.dmp", headers={"Range": f"bytes={self.place}-{self.place + size - 1}"})
            data = connection.getresponse().read()
        finally:
            connection.close()
        self.place += len(data)
        return data


@pytest.fixture
def server() -> Iterator[Tuple[int, List[int]]]:
    """The port of a server that has a dump of 10 GiB, and the bytes of each of its answers."""
    sent: List[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
            assert found is not None
            first, last = int(found[1]), int(found[2])
            data = DATA[first : last + 1].ljust(last + 1 - first, b"\0")
            self.send_response(206)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            sent.append(len(data))

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield http.server_port, sent
        finally:
            http.shutdown()
            thread.join()


@pytest.mark.skipif(os.name == "nt", reason="the Windows of the engine bench has no network, not even to itself")
def test_a_dump_on_a_server(server: Tuple[int, List[int]]) -> None:
    port, sent = server
    with Minidump.open(SAMPLE) as dump:
        expected = answers(dump)
    with Minidump.open(Web(port, HUGE)) as dump:
        assert answers(dump) == expected
    assert sum(sent) <= len(DATA) + 4 * BLOCK
