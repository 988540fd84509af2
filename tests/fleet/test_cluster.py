"""A Dask scheduler and two workers as processes on the loopback address; one of them is killed in the middle."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest
from tests.amount import part
from tests.counting import PATIENCE, POLLS

from dumpscope.errors import UsageError
from dumpscope.fleet import cluster, triage
from dumpscope.fleet.output import read_rows

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
COPIES = part(300, 3)
pytestmark = [
    pytest.mark.xdist_group("cluster"),
    pytest.mark.skipif(not all(map(find_spec, ("distributed", "pyarrow"))), reason="distributed and pyarrow are not installed"),
]


class Cluster:
    """The scheduler and its workers."""

    def __init__(self, folder: Path) -> None:
        self._note = folder / "scheduler.json"
        self._folder = folder
        self._all: List[subprocess.Popen[bytes]] = []
        self.workers: List[subprocess.Popen[bytes]] = []
        self.address = ""
        self._start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(self._note))
        for _ in range(POLLS):
            try:
                self.address = json.loads(self._note.read_text("utf-8"))["address"]
                break
            except (OSError, ValueError):
                time.sleep(0.05)

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        environ = dict(os.environ, PYTHONPATH=os.pathsep.join((str(ROOT / "extension"), str(ROOT))))
        made = subprocess.Popen([sys.executable, "-m", *words], cwd=self._folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._all.append(made)
        return made

    def work(self, number: int) -> None:
        """Have so many workers, each a process with one thread that nothing starts anew."""
        for index in range(len(self.workers), number):
            words = ("--scheduler-file", str(self._note), "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--name", str(index))
            self.workers.append(self._start("distributed.cli.dask_worker", *words))

    def close(self) -> None:
        """End all of them."""
        for process in reversed(self._all):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    """Many dumps, a file that is none, and an archive."""
    folder = tmp_path / "dumps"
    folder.mkdir()
    for number in range(COPIES):
        shutil.copy(SAMPLES / "everything-small.dmp", folder / f"{number}.dmp")
    (folder / "note.txt").write_text("no dump", "utf-8")
    shutil.copy(SAMPLES / "archives" / "two-dumps.zip", folder)
    return folder


def test_no_scheduler_and_no_worker_are_errors_that_say_so(running: Cluster, tmp_path: Path, cli: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="has no worker"), cluster.dask(running.address, 1):
        pass
    out = tmp_path / "rows.jsonl"
    shown = cli("triage", SAMPLES, "--dask", "nonsense", "-o", out)
    assert shown.code == 2
    assert "no scheduler" in shown.err
    assert cli("triage", SAMPLES, "--dask", running.address, "--jobs", "2").code == 2
    assert not out.exists()


def test_nothing_is_left_of_a_client_that_found_no_scheduler() -> None:
    """Dask's client takes a lock in ``__del__``. If it went while the next client starts, which holds the lock, both would wait for ever."""
    import distributed

    gc.collect()
    before = sum(isinstance(item, distributed.Client) for item in gc.get_objects())
    with pytest.raises(UsageError, match="no scheduler answers"), cluster.dask("tcp://127.0.0.1:1", 1):
        pass
    assert sum(isinstance(item, distributed.Client) for item in gc.get_objects()) == before


def test_a_file_that_ends_its_process_is_a_row_and_not_the_end_of_a_worker(running: Cluster, tmp_path: Path) -> None:
    running.work(1)
    paths = [tmp_path / name for name in ("a.dmp", "b.dmp")]
    for path in paths:
        shutil.copy(SAMPLES / "everything-small.dmp", path)
    with cluster.dask(running.address, PATIENCE) as (executor, threads):
        assert threads == 1
        rows = list(triage(map(str, paths), executor=executor, batch=2, memory=1 << 20))
        assert all(row["error"] for row in rows)
        assert len(rows) == 2
        assert [row["error"] for row in triage(map(str, paths), executor=executor, batch=2)] == [None, None]


def test_the_command_writes_shards_and_goes_on(running: Cluster, dumps: Path, tmp_path: Path, run_json: Callable[..., Dict[str, Any]]) -> None:
    running.work(2)
    out = tmp_path / "rows.parquet"
    made = run_json("triage", dumps, "--dask", running.address, "-o", out)
    assert made["exit"] == 0
    assert made["files"] == COPIES + 4
    assert out.is_dir()
    assert len({(row["path"], row["member"]) for row in read_rows(str(out))}) == COPIES + 4
    (dumps / "7.dmp").write_bytes(b"changed")
    again = run_json("triage", dumps, "--dask", running.address, "-o", out, "--resume")
    assert again["output"]["kept"] == COPIES + 3
    rows = list(read_rows(str(out)))
    assert len(rows) == len({(row["path"], row["member"]) for row in rows}) == COPIES + 4
    assert [row["kind"] for row in rows if row["path"] == str(dumps / "7.dmp")] != ["minidump"]


def test_no_row_is_lost_or_doubled_when_a_worker_is_killed(running: Cluster, dumps: Path) -> None:
    import distributed

    running.work(2)
    found: List[Dict[str, Any]] = []
    with distributed.Client(running.address, timeout=PATIENCE, set_as_default=False) as watcher, cluster.dask(running.address, PATIENCE) as (executor, _):
        watcher.wait_for_workers(2, timeout=PATIENCE)
        rows = triage([str(dumps)], executor=executor, jobs=2, batch=8)
        for row in rows:
            found.append(row)
            if len(found) >= 8 and running.workers[1].poll() is None:
                busy = {str(info["name"]): address for address, info in watcher.scheduler_info()["workers"].items()}
                if watcher.processing([busy["1"]])[busy["1"]]:
                    running.workers[1].kill()
                    running.workers[1].wait()
    assert running.workers[1].poll() is not None, "it never had work"
    counts = Counter((row["path"], row["member"]) for row in found)
    assert len(counts) == COPIES + 1 + 3
    assert set(counts.values()) == {1}
    assert [row["error"] for row in found if row["path"].endswith(".dmp") and row["error"]] == []
