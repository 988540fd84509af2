"""Dumps in stores: a local S3 server counts what is fetched of them."""

from __future__ import annotations

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest
from tests.dump.store import BIG_SIZE, Store

from dumpscope import DumpError, Minidump
from dumpscope.dump import stores
from dumpscope.dump.ranges import BLOCK
from dumpscope.fleet import facts, triage
from dumpscope.fleet.lines import Output
from dumpscope.fleet.output import read_rows, resume
from dumpscope.fleet.run import tasks

pytestmark = pytest.mark.skipif(not all(map(find_spec, ("s3fs", "moto", "boto3", "flask"))), reason="the packages of a local S3 server are not installed")

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SAMPLE = SAMPLES / "everything-small.dmp"
DATA = SAMPLE.read_bytes()


def packed(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.write(SAMPLES / name, name)
    return file.getvalue()


OBJECTS = {
    "small.dmp": DATA,
    "week/one.dmp": DATA,
    "week/deep/two.dmp": (SAMPLES / "crash-null-call.dmp").read_bytes(),
    "week/note.txt": b"no dump",
    "week/more.zip": packed("crash-delphi.dmp", "everything-small.dmp"),
    "empty.dmp": b"",
}


@pytest.fixture(scope="module")
def running() -> Iterator[Store]:
    store = Store(OBJECTS, DATA)
    yield store
    store.close()


@pytest.fixture
def store(running: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The server, with the credentials and the address in the environment, as users give them."""
    import s3fs

    values = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": running.address}
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    running.sent.clear()
    yield running
    s3fs.S3FileSystem.clear_instance_cache()


def answers(dump: Minidump) -> Any:
    return (
        [stream.type for stream in dump.streams],
        [handle.name for handle in dump.handles],
        [(thread.tid, repr(dump.registers(thread))) for thread in dump.threads],
    )


def test_a_dump_of_ten_gigabytes_costs_what_is_asked_for(store: Store) -> None:
    with Minidump.open(SAMPLE) as dump:
        expected = answers(dump)
    with Minidump.open("s3://dumps/big.dmp") as dump:
        assert dump.size == BIG_SIZE
        assert store.count() <= BLOCK, "header and directory"
        assert answers(dump) == expected
    assert 0 < store.count() <= len(DATA) + 4 * BLOCK


def test_commands_answer_as_on_the_file_itself(store: Store, cli: Callable[..., Any]) -> None:
    for command in ("dumpinfo", "handles", "threads", "why"):
        there, here = cli(command, "s3://dumps/small.dmp", "--json"), cli(command, SAMPLE, "--json")
        assert there.code == here.code == 0
        assert there.out.replace("s3://dumps/small.dmp", str(SAMPLE)) == here.out
    assert cli("s3://dumps/big.dmp").code == 0
    assert store.count() <= len(DATA) + 16 * BLOCK
    assert cli("diff", "s3://dumps/small.dmp", "s3://dumps/week/one.dmp").code == 0


def test_a_member_of_an_archive_in_a_store(store: Store, cli: Callable[..., Any]) -> None:
    shown = cli("streams", "s3://dumps/week/more.zip!crash-delphi.dmp")
    assert shown.code == 0
    assert shown.out == cli("streams", SAMPLES / "crash-delphi.dmp").out
    refused = cli("streams", "s3://dumps/week/more.zip")
    assert refused.code == 3
    assert "name one of them" in refused.err


def listed(*paths: str) -> List[str]:
    return [task.path.partition("dumps/")[2] + (f"!{task.member}" if task.member else "") for task in tasks(paths)]


def test_prefixes_and_patterns(store: Store) -> None:
    below = ["week/note.txt", "week/one.dmp", "week/deep/two.dmp", "week/more.zip!crash-delphi.dmp", "week/more.zip!everything-small.dmp"]
    assert sorted(listed("s3://dumps/week")) == sorted(listed("s3://dumps/week/")) == sorted(below)
    assert listed("s3://dumps/week/*.dmp", "s3://dumps/week/one.dmp") == ["week/one.dmp"], "each once"
    assert sorted(listed("s3://dumps/**/*.dmp")) == ["empty.dmp", "small.dmp", "week/deep/two.dmp", "week/one.dmp"]
    assert listed("s3://dumps/small.dmp") == ["small.dmp"]


def test_rows_of_a_store_are_those_of_the_files(store: Store) -> None:
    with ThreadPoolExecutor(2) as pool:  # a worker of `dumpscope triage` is a process that imports s3fs first
        rows = {(row["path"], row["member"]): row for row in triage(["s3://dumps/week/"], executor=pool)}
    assert len(rows) == 5
    row = rows[("s3://dumps/week/one.dmp", "")]
    here = facts(str(SAMPLE))
    assert {name: value for name, value in row.items() if name not in ("path", "mtime")} == {
        name: value for name, value in here.items() if name not in ("path", "mtime")
    }
    assert row["mtime"] > 10**18
    assert facts("s3://dumps/small.dmp")["signature"] == here["signature"]
    assert facts("s3://dumps/empty.dmp")["kind"] == "empty"


def test_resume_does_a_changed_object_again(store: Store, tmp_path: Path) -> None:
    store.client.put_object(Bucket="dumps", Key="again/a.dmp", Body=DATA)
    store.client.put_object(Bucket="dumps", Key="again/b.dmp", Body=DATA)
    out = str(tmp_path / "rows.jsonl")
    with Output(out) as output, ThreadPoolExecutor(1) as pool:
        for row in triage(["s3://dumps/again/"], executor=pool):
            output.add(row)
    store.client.put_object(Bucket="dumps", Key="again/b.dmp", Body=DATA + b"\0")
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()  # as in another run
    assert resume(out, lambda row: None) == {("s3://dumps/again/a.dmp", "")}
    assert [row["path"] for row in read_rows(out)] == ["s3://dumps/again/a.dmp"]


def test_the_command_takes_a_prefix(store: Store, tmp_path: Path, run_json: Callable[..., Dict[str, Any]]) -> None:
    made = run_json("triage", "s3://dumps/week/", "-o", tmp_path / "rows.jsonl", "--jobs", "1")
    assert made["files"] == 5
    assert made["errors"] == {}
    again = run_json("triage", "s3://dumps/week/", "-o", tmp_path / "rows.jsonl", "--jobs", "1", "--resume")
    assert again["output"] == {"path": str(tmp_path / "rows.jsonl"), "rows": 5, "kept": 5}


def test_what_is_not_there_is_an_error_that_says_so(store: Store, tmp_path: Path, cli: Callable[..., Any]) -> None:
    for word in ("s3://dumps/gone.dmp", "s3://nothing/gone.dmp"):
        shown = cli("dumpinfo", word)
        assert shown.code == 3
        assert word in shown.err
        assert "Traceback" not in shown.err
    out = tmp_path / "rows.jsonl"
    for word in ("s3://dumps/none/", "s3://dumps/none*.dmp"):
        shown = cli("triage", word, "-o", out)
        assert shown.code == 3
        assert word in shown.err
    assert not out.exists()


def test_a_web_address_is_read_by_ranges(store: Store) -> None:
    with Minidump.open(SAMPLE) as dump:
        expected = answers(dump)
    with Minidump.open(f"{store.address}/dumps/big.dmp") as dump:
        assert dump.size == BIG_SIZE
        assert answers(dump) == expected
    assert 0 < store.count() <= len(DATA) + 4 * BLOCK


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Any]) -> None:
    import fsspec.core

    def missing(address: str) -> Any:
        raise ImportError("Install gcsfs")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    shown = cli("dumpinfo", "gs://bucket/a.dmp")
    assert shown.code == 3
    assert "dumpscope[stores]" in shown.err
    assert "gcsfs" in shown.err


def test_times_of_stores() -> None:
    assert stores._time("2026-02-03T10:00:00Z") == 1770112800 * 10**9
    assert stores._time("2026-02-03T10:00:00+00:00") == stores._time(1770112800)
    assert stores._time("yesterday") is None
    assert stores._time(None) is None


def test_a_path_is_an_address_only_with_a_scheme_that_is_known(tmp_path: Path) -> None:
    assert stores.is_address("s3://a/b")
    assert stores.is_address("HTTPS://a/b")
    for word in ("s3:/a", "C://a.dmp", "file:///etc/passwd", "ftp://a/b", "x s3://a", "memory://a"):
        assert not stores.is_address(word)
    with pytest.raises(DumpError, match="cannot open"):
        Minidump.open("file:///etc/passwd")
