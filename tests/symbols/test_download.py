"""Downloads against a server on the loopback interface."""

from __future__ import annotations

import os
import sys
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest
from samples.archives import cabinet, lzx_cabinet, mszip
from samples.blocks import rsds
from tests.cases import each

from dumpscope.dump.absence import Absent
from dumpscope.dump.source import Source
from dumpscope.symbols.download import ATTEMPTS, Download, content_key
from dumpscope.symbols.image import Image
from dumpscope.symbols.images import Images
from dumpscope.symbols.names import Namer
from dumpscope.symbols.pdb.msf import pdb_key

from .pe_builder import BASE64, TIMESTAMP, example
from .test_files import BASE, DATA, GUID, KEY, SYM, a_dump
from .test_image import dump_with

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the Windows of the engine bench has no network, not even loopback")

TINY_KEY = "0B4F87F89123EB0A4C4C44205044422E1"
IMAGE_KEY = f"{TIMESTAMP:08X}5000"


class Server:
    """What the server has, and what it was asked for. ``cuts`` says after how many bytes the next answers break."""

    def __init__(self) -> None:
        self.files: Dict[str, bytes] = {}
        self.redirects: Dict[str, str] = {}
        self.cuts: List[int] = []
        self.etag = '"one"'
        self.ranges = True
        self.length = True
        self.shift = 0
        self.claims = ""
        self.asked: List[Tuple[str, str, str]] = []
        self.url = ""


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            state.asked.append((self.command, self.path, wanted))
            if self.path in state.redirects:
                self.send_response(302)
                self.send_header("Location", state.redirects[self.path])
                self.end_headers()
                return
            data = state.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            start = 0
            if wanted and state.ranges and self.headers.get("If-Range") == state.etag:
                start = int(wanted[len("bytes=") : -1])
                self.send_response(206)
                start += state.shift
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            if state.length:
                self.send_header("Content-Length", state.claims or str(len(data) - start))
            if state.etag:
                self.send_header("ETag", state.etag)
            self.end_headers()
            if self.command == "GET":
                end = min(len(data), start + state.cuts.pop(0)) if state.cuts else len(data)
                self.wfile.write(data[start:end])

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{listener.server_port}"
    yield state
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def deflated(plain: bytes) -> bytes:
    """A block of MSZIP that is small."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"CK" + packer.compress(plain) + packer.flush()


def put_tiny(server: Server) -> bytes:
    data = (DATA / "tiny.pdb").read_bytes()
    server.files[f"/tiny.pdb/{TINY_KEY}/tiny.pdb"] = data
    return data


def fetch(server: Server, store: Path, download: Download, name: str = "tiny.pdb", key: str = TINY_KEY) -> Any:
    return download.fetch(f"{server.url}/{name}/{key}/{name}", str(store / name / key), name, key)


def left(store: Path) -> List[str]:
    return sorted(str(path.relative_to(store)) for path in store.rglob("*") if path.is_file())


def test_keys_of_files(tmp_path: Path) -> None:
    assert content_key(str(DATA / "tiny.pdb")) == TINY_KEY
    image, symbols = tmp_path / "example.dll", tmp_path / "app.sym"
    image.write_bytes(example()[0])
    symbols.write_bytes(SYM)
    assert content_key(str(image)) == IMAGE_KEY
    assert content_key(str(symbols)) == KEY


@pytest.mark.parametrize("size", [0, 31, 56, 0x1000, 0x2000])
def test_a_cut_pdb_has_no_key(size: int) -> None:
    found = pdb_key(Source.from_object((DATA / "tiny.pdb").read_bytes()[:size]))
    assert isinstance(found, Absent)


@each("seed", range(20))
def test_changed_pdb_headers_never_raise(seed: int) -> None:
    import random

    rng = random.Random(seed)
    original = (DATA / "tiny.pdb").read_bytes()
    for _ in range(50):
        data = bytearray(original)
        for _ in range(rng.randint(1, 8)):
            data[rng.choice((rng.randrange(0x20, 0x38), rng.randrange(len(data))))] = rng.randrange(256)
        assert pdb_key(Source.from_object(bytes(data))) is not None


def test_a_file_arrives_whole_with_progress(server: Server, tmp_path: Path) -> None:
    data = put_tiny(server)
    seen: List[Tuple[int, int]] = []
    found = fetch(server, tmp_path, Download(lambda done, total: seen.append((done, total))))
    assert Path(found).read_bytes() == data
    assert seen[-1] == (len(data), len(data))
    assert left(tmp_path) == [os.path.join("tiny.pdb", TINY_KEY, "tiny.pdb")]


def test_a_broken_download_goes_on_where_it_broke(server: Server, tmp_path: Path) -> None:
    data = put_tiny(server)
    server.cuts = [1000, 500]
    found = fetch(server, tmp_path, Download())
    assert Path(found).read_bytes() == data
    assert [wanted for _, _, wanted in server.asked] == ["", "bytes=1000-", "bytes=1500-"]


def test_a_later_run_goes_on_too(server: Server, tmp_path: Path) -> None:
    data = put_tiny(server)
    server.cuts = [100] * ATTEMPTS
    found = fetch(server, tmp_path, Download())
    assert isinstance(found, Absent)
    assert "300 bytes are kept" in found.message
    assert not (tmp_path / "tiny.pdb" / TINY_KEY / "tiny.pdb").exists()
    found = fetch(server, tmp_path, Download())
    assert Path(found).read_bytes() == data
    assert server.asked[-1][2] == "bytes=300-"


def test_another_version_begins_again(server: Server, tmp_path: Path) -> None:
    data = put_tiny(server)
    server.cuts = [100] * ATTEMPTS
    fetch(server, tmp_path, Download())
    server.etag = '"two"'
    assert Path(fetch(server, tmp_path, Download())).read_bytes() == data


@pytest.mark.parametrize("length", [True, False])
def test_without_ranges_and_tags(server: Server, tmp_path: Path, length: bool) -> None:
    data = put_tiny(server)
    server.ranges, server.etag, server.length = False, "", length
    if length:
        server.cuts = [100]
    assert Path(fetch(server, tmp_path, Download())).read_bytes() == data


def test_what_has_another_key_is_thrown_away(server: Server, tmp_path: Path) -> None:
    server.files["/tiny.pdb/1111/tiny.pdb"] = put_tiny(server)
    found = fetch(server, tmp_path, Download(), key="1111")
    assert isinstance(found, Absent)
    assert TINY_KEY in found.message
    assert left(tmp_path) == []
    server.files["/tiny.pdb/2222/tiny.pdb"] = b"<html>sign in</html>"
    assert isinstance(fetch(server, tmp_path, Download(), key="2222"), Absent)
    assert left(tmp_path) == []


@pytest.mark.parametrize("size", [4096, 60000])
def test_a_cut_file_of_no_length_is_thrown_away(server: Server, tmp_path: Path, size: int) -> None:
    """Nothing but the file's own header says that its end did not come."""
    data = put_tiny(server)
    server.length = False
    server.files[f"/tiny.pdb/{TINY_KEY}/tiny.pdb"] = data[:-size]
    found = fetch(server, tmp_path, Download())
    assert isinstance(found, Absent)
    assert "was thrown away" in found.message
    assert left(tmp_path) == []
    whole = example()[0]
    server.files[f"/example.dll/{IMAGE_KEY}/example.dll"] = whole[:-1]
    found = fetch(server, tmp_path, Download(), "example.dll", IMAGE_KEY)
    assert isinstance(found, Absent)
    assert f"it is cut: {len(whole) - 1} of {len(whole)} bytes" in found.message
    assert left(tmp_path) == []


def test_another_range_than_was_asked_for_is_not_used(server: Server, tmp_path: Path) -> None:
    data = put_tiny(server)
    server.cuts = [1000]
    server.shift = 10
    assert Path(fetch(server, tmp_path, Download())).read_bytes() == data
    assert [wanted for _, _, wanted in server.asked] == ["", "bytes=1000-", ""]


def test_a_length_that_is_no_number_of_bytes(server: Server, tmp_path: Path) -> None:
    data = put_tiny(server)
    server.claims = "9" * 5000
    found = fetch(server, tmp_path, Download())
    assert isinstance(found, Absent) or Path(found).read_bytes() == data
    server.claims = "-1"
    found = fetch(server, tmp_path, Download())
    assert isinstance(found, Absent) or Path(found).read_bytes() == data


@pytest.mark.parametrize("place", ["http://[::1/x", "http://a..b/x", "http://\u00fc.example/\u00fc", "http://localhost:abc/x", "http:///x", "http://"])
def test_what_is_no_address_is_said(server: Server, tmp_path: Path, place: str) -> None:
    found = Download().fetch(f"{place}/a.pdb/1/a.pdb", str(tmp_path / "store"), "a.pdb", "1")
    assert isinstance(found, Absent)
    server.redirects["/a.pdb/1/a.pdb"] = place.encode("ascii", "ignore").decode()
    found = fetch(server, tmp_path, Download(), "a.pdb", "1")
    assert isinstance(found, Absent)


def test_redirects_in_a_ring_end(server: Server, tmp_path: Path) -> None:
    server.redirects = {"/a.pdb/1/a.pdb": "/b", "/b": "/a.pdb/1/a.pdb"}
    found = fetch(server, tmp_path, Download(), "a.pdb", "1")
    assert isinstance(found, Absent)
    assert len(server.asked) < 50


@pytest.mark.parametrize("length", [True, False])
def test_a_file_without_end_is_bounded(server: Server, tmp_path: Path, length: bool) -> None:
    put_tiny(server)
    server.length = length
    found = fetch(server, tmp_path, Download(limit=1000))
    assert isinstance(found, Absent)
    assert "1000" in found.message
    assert all(path.stat().st_size <= 1000 for path in tmp_path.rglob("*") if path.is_file())


def test_what_the_server_lacks_leaves_nothing_behind(server: Server, tmp_path: Path) -> None:
    found = fetch(server, tmp_path / "store", Download())
    assert isinstance(found, Absent)
    assert found.message == "the server does not have it"
    assert left(tmp_path) == []
    assert not (tmp_path / "store" / "tiny.pdb").exists()


@pytest.mark.parametrize("pack", [lambda files: cabinet(files, 1, mszip), lzx_cabinet], ids=["mszip", "lzx"])
def test_a_packed_file_is_unpacked(server: Server, tmp_path: Path, pack: Callable[[Any], bytes]) -> None:
    data = put_tiny(server)
    server.files = {f"/tiny.pdb/{TINY_KEY}/tiny.pd_": pack([("tiny.pdb", data)])}
    server.cuts = [500]
    found = fetch(server, tmp_path, Download())
    assert Path(found).read_bytes() == data
    assert left(tmp_path) == [os.path.join("tiny.pdb", TINY_KEY, "tiny.pdb")]
    assert [(method, path.rpartition("/")[2]) for method, path, _ in server.asked] == [("GET", "tiny.pdb"), ("GET", "tiny.pd_"), ("GET", "tiny.pd_")]


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (b"MSCF", "cannot be unpacked"),
        (cabinet([("tiny.pdb", b"no PDB")], 1, mszip), "was thrown away"),
        (cabinet([("tiny.pdb", (DATA / "tiny.pdb").read_bytes())], 0x1502), "Quantum"),
        (cabinet([("tiny.pdb", bytes(1 << 21))], 1, deflated), f"{1 << 20} are the most"),
    ],
    ids=["no-cabinet", "no-pdb", "quantum", "bomb"],
)
def test_packed_files_that_are_not_used(server: Server, tmp_path: Path, packed: bytes, said: str) -> None:
    server.files[f"/tiny.pdb/{TINY_KEY}/tiny.pd_"] = packed
    found = fetch(server, tmp_path, Download(limit=1 << 20))
    assert isinstance(found, Absent)
    assert said in found.message
    assert left(tmp_path) == []


def test_a_pointer_is_said(server: Server, tmp_path: Path) -> None:
    server.files = {f"/tiny.pdb/{TINY_KEY}/file.ptr": b"PATH:\\\\x\\y"}
    found = fetch(server, tmp_path, Download())
    assert isinstance(found, Absent)
    assert "file.ptr" in found.message


def test_redirects_stay_on_http(server: Server, tmp_path: Path) -> None:
    data = put_tiny(server)
    path = f"/tiny.pdb/{TINY_KEY}/tiny.pdb"
    server.files = {"/moved": data}
    server.redirects[path] = f"{server.url}/moved"
    assert Path(fetch(server, tmp_path, Download())).read_bytes() == data
    server.redirects["/a.pdb/1/a.pdb"] = (DATA / "tiny.pdb").as_uri()
    found = fetch(server, tmp_path, Download(), "a.pdb", "1")
    assert isinstance(found, Absent)
    assert "is not allowed" in found.message
    assert not left(tmp_path / "a.pdb")


def test_a_dead_server_is_asked_once(tmp_path: Path) -> None:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    download = Download()
    first = download.fetch(f"http://127.0.0.1:{port}/a/1/a", str(tmp_path / "a" / "1"), "a", "1")
    second = download.fetch(f"http://127.0.0.1:{port}/b/1/b", str(tmp_path / "b" / "1"), "b", "1")
    assert isinstance(first, Absent)
    assert isinstance(second, Absent)
    assert "cannot be reached" in first.message
    assert second.message.startswith("not asked: ")


def test_an_image_and_symbols_of_a_module_through_the_path(server: Server, tmp_path: Path) -> None:
    server.files[f"/example.dll/{IMAGE_KEY}/example.dll"] = example()[0]
    server.files[f"/app.pdb/{KEY}/app.sym"] = SYM
    path = f"srv*{tmp_path}*{server.url}"
    with Images(dump_with([]), [path], download=Download()) as images:
        image = images.find(dump_with([]).modules[0])
        assert isinstance(image, Image)
        assert str(tmp_path) in image.path
    asked = len(server.asked)
    with Images(dump_with([]), [path], download=Download()) as images:
        assert isinstance(images.find(dump_with([]).modules[0]), Image)
    assert len(server.asked) == asked
    dump = a_dump("app.exe", rsds(GUID, 1, "D:\\b\\app.pdb"))
    namer = Namer(dump, Images(dump), [path], download=Download())
    assert str(namer.name(BASE + 0x1000)[0]) == "app!ns::work(int, char const *)"
    assert [tried.reason for tried in namer.files.tried if tried.result == "missing"][-1] in ("the server does not have it", "no such file")
    assert BASE64


def test_without_download_nothing_is_asked(server: Server, tmp_path: Path) -> None:
    server.files[f"/example.dll/{IMAGE_KEY}/example.dll"] = example()[0]
    dump = dump_with([])
    with Images(dump, [f"srv*{tmp_path}*{server.url}"]) as images:
        assert isinstance(images.find(dump.modules[0]), Absent)
        assert any("need --download" in tried.reason for tried in images.tried)
    assert server.asked == []


def test_the_stack_command_downloads_when_told_to(server: Server, tmp_path: Path, run_json: Any) -> None:
    from samples.blocks import context_x86
    from samples.writer import DumpBuilder, Module, Thread

    builder = DumpBuilder("x86")
    builder.add_system_info()
    builder.add_thread_list([Thread(7, context=context_x86(eip=0x401015, esp=0x9000, ebp=0x9100), stack_address=0x9000, stack=bytes(64))])
    builder.add_module_list([Module(0x400000, 0x4000, "C:\\x\\app.exe", cv=rsds(GUID, 1, "app.pdb"))])
    builder.add_memory_list()
    dump = tmp_path / "app.dmp"
    dump.write_bytes(builder.build())
    server.files[f"/app.pdb/{KEY}/app.sym"] = SYM
    path = f"srv*{tmp_path / 'store'}*{server.url}"

    def first(*words: str) -> Tuple[Any, Any]:
        document = run_json("stack", str(dump), "0", "-y", path, "--symbols", *words)
        return document["stacks"][0]["frames"][0], document

    frame, document = first()
    assert (frame["symbol"], server.asked) == (None, [])
    assert "need --download" in str(document)
    frame, document = first("--download")
    assert (frame["symbol"], frame["line"], frame["provider"]) == ("inner", 31, "breakpad")
    assert server.asked
    server.asked.clear()
    frame, _ = first()
    assert frame["symbol"] == "inner"
    assert server.asked == []
