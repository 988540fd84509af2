"""Dumps in Google Cloud Storage and Azure Blob Storage, read through gcsfs and adlfs from stand-ins; skipped where these packages are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from tests.dump.standins import CHANGED, Azure, Google, Running

from dumpscope import DumpError, Minidump
from dumpscope.dump import stores
from dumpscope.dump.ranges import BLOCK

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "everything-small.dmp"
DATA = SAMPLE.read_bytes()
OBJECTS = {
    "small.dmp": DATA,
    "week/one.dmp": DATA,
    "week/deep/two.dmp": DATA[:100],
    "week/note.txt": b"no dump",
    "empty.dmp": b"",
    "big.dmp": DATA + bytes(1 << 26),
}
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Account and key that every emulator of Azure has, from its documentation."""


@pytest.fixture(params=["gs", "az"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server of one kind, with its address in the environment, as users of emulators give it."""
    pytest.importorskip("fsspec")
    package = pytest.importorskip({"gs": "gcsfs", "az": "adlfs"}[request.param])
    running = Running({"gs": Google, "az": Azure}[request.param], OBJECTS)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.address)
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # it asks for the kind of the bucket by gRPC
    line = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={running.address}/{ACCOUNT};"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", line)
    system = package.GCSFileSystem if request.param == "gs" else package.AzureBlobFileSystem
    system.clear_instance_cache()
    running.base = f"{request.param}://dumps"  # type: ignore[attr-defined]
    yield running
    system.clear_instance_cache()
    running.close()


def test_a_dump_is_read_by_ranges(store: Running) -> None:
    base = store.base  # type: ignore[attr-defined]
    with Minidump.open(SAMPLE) as here, Minidump.open(f"{base}/small.dmp") as there:
        assert [handle.name for handle in there.handles] == [handle.name for handle in here.handles]
        assert [thread.tid for thread in there.threads] == [thread.tid for thread in here.threads]
    store.sent.clear()
    with Minidump.open(f"{base}/big.dmp") as dump:
        assert dump.size == len(OBJECTS["big.dmp"])
        assert len(dump.handles)
    assert sum(store.sent) < len(DATA) + 2 * BLOCK


def test_prefixes_and_patterns_are_listed(store: Running) -> None:
    base = store.base  # type: ignore[attr-defined]
    found = list(stores.listed(f"{base}/week/"))
    assert sorted((item.address, item.size) for item in found) == [
        (f"{base}/week/{name}", len(OBJECTS[f"week/{name}"])) for name in ("deep/two.dmp", "note.txt", "one.dmp")
    ]
    assert {item.mtime for item in found} == {CHANGED * 1_000_000_000}
    assert [item.address for item in stores.listed(f"{base}/week/*.dmp")] == [f"{base}/week/one.dmp"]


def test_what_is_not_there_and_what_is_empty(store: Running) -> None:
    base = store.base  # type: ignore[attr-defined]
    with pytest.raises(DumpError, match="there is no"):
        stores.open_stored(f"{base}/nosuch.dmp")
    assert stores.open_stored(f"{base}/empty.dmp").size == 0
