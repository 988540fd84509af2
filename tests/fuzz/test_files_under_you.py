"""Files that are no files, that change while they are open, and outputs that cannot be written."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest
from tests.amount import some
from tests.counting import PATIENCE
from tests.fuzz.driver import ROOT, corpus
from tests.fuzz.dumps import Dump, handles

from dumpscope import DumpError, Minidump
from dumpscope.commands.index import all_commands
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main

POSIX = os.name == "posix"
ENVIRONMENT = dict(os.environ, PYTHONPATH=str(ROOT / "extension"))


def run(*words: Any) -> Any:
    """Exit code, output and errors of one command line."""
    out, err = io.StringIO(), io.StringIO()
    code = main([str(word) for word in words], Environment(out, err, {}))
    return code, out.getvalue(), err.getvalue()


def process(*words: Any, **more: Any) -> Any:
    """The same in a process of its own, which a fault would end."""
    command = [sys.executable, "-m", "dumpscope", *map(str, words)]
    return subprocess.run(command, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=PATIENCE, **{"stdout": subprocess.PIPE, **more})


def big_handles(count: int = 30000, *, named: bool = False) -> bytes:
    """A dump of many handles. With ``named``, each has a name of its own, behind the list."""
    import struct

    if not named:
        return handles(b"".join(struct.pack("<QIIIIIIII", 4 * n, 0, 0, 0, 0, 0, 0, 0, 0) for n in range(count)), count)
    made = Dump(4).basics()
    at = 16 + 40 * count
    rows, texts = [], []
    for number in range(count):
        raw = f"name {number}".encode("utf-16-le")
        rows.append(struct.pack("<QIIIIIIII", 4 * number, 0, len(made.data) + at, 0, 0, 0, 0, 0, 0))
        texts.append(struct.pack("<I", len(raw)) + raw + b"\0\0")
        at += len(texts[-1])
    head = struct.pack("<IIII", 16, 40, count, 0)
    made.stream(12, head + b"".join(rows) + b"".join(texts), len(head) + 40 * count)
    return made.build()


# -- no files ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def strange(tmp_path: Path) -> List[Path]:
    (tmp_path / "empty.dmp").write_bytes(b"")
    (tmp_path / "folder.dmp").mkdir()
    found = [tmp_path / "missing.dmp", tmp_path / "empty.dmp", tmp_path / "folder.dmp"]
    if POSIX:
        os.mkfifo(tmp_path / "fifo.dmp")
        os.symlink(tmp_path / "nowhere", tmp_path / "dangling.dmp")
        os.symlink(tmp_path / "loop.dmp", tmp_path / "loop.dmp")
        found += [tmp_path / "fifo.dmp", tmp_path / "dangling.dmp", tmp_path / "loop.dmp", Path("/dev/zero"), Path("/dev/null"), Path("/proc/self/mem")]
    return found


def test_what_is_no_file_is_refused_at_once(strange: List[Path]) -> None:
    for path in strange:
        for command in all_commands():
            if command.dump not in ("needed", "any") or command.name == "writedump":
                continue
            required = [argument for argument in command.arguments if argument.positional and argument.nargs not in ("?", "*")]
            code, _, err = run(command.name, path, *["0" for _ in required])
            assert code == 3, f"{command.name} {path}: {code} {err}"
            assert "Traceback" not in err


@pytest.mark.skipif(not POSIX or getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "secret.dmp"
    path.write_bytes(big_handles(10))
    path.chmod(0)
    code, _, err = run("handles", path)
    assert code == 3
    assert "ermission" in err


def test_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "read-only.dmp"
    path.write_bytes(big_handles(10))
    path.chmod(0o444)
    assert run("handles", path)[0] == 0


@pytest.mark.parametrize("thing", [None, 5, 1.5, object()])
def test_what_is_no_path(thing: Any) -> None:
    with pytest.raises((TypeError, DumpError, AttributeError)):
        Minidump.open(thing)


def test_a_path_with_a_nul() -> None:
    with pytest.raises(DumpError):
        Minidump.open("a\0b.dmp")


def test_open_files_and_buffers(tmp_path: Path) -> None:
    data = big_handles(10)
    path = tmp_path / "a.dmp"
    path.write_bytes(data)
    with open(path, "rb") as file, Minidump.open(file) as dump:
        assert len(dump.handles) == 10
    for thing in (data, bytearray(data), memoryview(data), io.BytesIO(data)):
        with Minidump.open(thing) as dump:
            assert len(dump.handles) == 10


def test_a_system_without_pread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Windows: the file is mapped when it is opened; an empty one cannot be, and is told of all the same."""
    monkeypatch.setattr("dumpscope.dump.source._pread", None)
    path = tmp_path / "a.dmp"
    path.write_bytes(big_handles(500, named=True))
    with Minidump.open(path) as dump:
        assert [handle.name for handle in dump.handles] == [f"name {number}" for number in range(500)]
        assert dump.source.some(dump.size - 2, 16) == dump.source.fetch(dump.size - 2, 2)
    path.write_bytes(b"")
    with pytest.raises(DumpError, match="is an empty file"):
        Minidump.open(path)


# -- files that change -------------------------------------------------------------------------------------------------------


CUT_WHILE_OPEN = """
import os, sys
from dumpscope import Minidump, DumpscopeError
from dumpscope.dump.search import find
path, size = sys.argv[1], int(sys.argv[2])
uses = {
    "handles": lambda dump: [handle.name for handle in walk],
    "item": lambda dump: dump.handles[-1],
    "info": lambda dump: dump.handles[0].object_info,
    "threads": lambda dump: [dump.registers(thread) for thread in dump.threads],
    "names": lambda dump: [thread.name for thread in dump.thread_names],
    "memory": lambda dump: [dump.memory.read(start, end - start) for start, end, _ in dump.memory.spans()],
    "search": lambda dump: list(find(dump.memory, b"needle")),
    "single": lambda dump: (dump.system, dump.misc, dump.exception, dump.comments, dump.annotations, dump.process.environment),
    "modules": lambda dump: [(module.path, module.codeview) for module in dump.modules],
    "regions": lambda dump: (list(dump.regions), dump.regions.at(0x10000)),
    "tokens": lambda dump: list(dump.tokens),
    "check": lambda dump: list(dump.check()),
    "streams": lambda dump: (list(dump.streams), dump.damage),
    "bytes": lambda dump: [dump.stream_bytes(stream) for stream in dump.streams],
}
for what, use in uses.items():
    with open(path, "rb") as file:
        data = file.read()
    with Minidump.open(path) as dump:
        walk = iter(dump.handles)
        next(walk, None)
        os.truncate(path, size)
        try:
            use(dump)
        except DumpscopeError:
            pass
    with open(path, "wb") as file:
        file.write(data)
"""


@pytest.mark.skipif(not POSIX, reason="Windows does not let a mapped file be cut")
@pytest.mark.parametrize(("kind", "size"), some([(kind, size) for size in (0, 32, 4096, 100_000) for kind in ("plain", "named", "everything")], 0, 5))
def test_a_file_that_is_cut_while_open(tmp_path: Path, kind: str, size: int) -> None:
    """A touch behind the new end of a mapping would end the process with a bus error: it must become an error of ours."""
    path = tmp_path / "cut.dmp"
    if kind == "everything":
        path.write_bytes(corpus(1 << 20)["everything-small"])
    else:
        path.write_bytes(big_handles(named=kind == "named"))
    if size >= path.stat().st_size:
        size = path.stat().st_size // 2
    done = subprocess.run([sys.executable, "-c", CUT_WHILE_OPEN, str(path), str(size)], env=ENVIRONMENT, stderr=subprocess.PIPE, timeout=PATIENCE)
    assert done.returncode == 0, f"{done.returncode} {done.stderr.decode()}"


@pytest.mark.skipif(not POSIX, reason="Windows does not let an open file be replaced")
def test_a_file_that_is_replaced_while_open(tmp_path: Path) -> None:
    path = tmp_path / "a.dmp"
    path.write_bytes(big_handles(20000))
    with Minidump.open(path) as dump:
        other = tmp_path / "b.dmp"
        other.write_bytes(b"something else")
        os.replace(other, path)
        assert sum(1 for _ in dump.handles) == 20000  # the old one, to its end
    with pytest.raises(DumpError):
        Minidump.open(path)


def test_a_file_that_grows_while_open(tmp_path: Path) -> None:
    path = tmp_path / "a.dmp"
    path.write_bytes(big_handles(100))
    with Minidump.open(path) as dump, open(path, "ab") as file:
        file.write(b"more")
        file.flush()
        assert sum(1 for _ in dump.handles) == 100


def test_a_closed_dump_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.dmp"
    path.write_bytes(big_handles(100))
    with Minidump.open(path) as dump:
        walk = iter(dump.handles)
        first = next(walk)
        kept = dump.handles
    assert first.handle == 0
    for use in (lambda: kept[5], lambda: list(kept), lambda: first.object_info, lambda: dump.modules, lambda: list(dump.check())):
        try:
            use()
        except (DumpError, ValueError, IndexError):
            pass


@pytest.mark.skipif(not POSIX, reason="sparse files")
def test_more_than_four_gigabytes(tmp_path: Path) -> None:
    """Sparse: takes no room on the disk, and no time."""
    import struct

    made = Dump(2).basics()
    size = 5 << 30
    at = made.stream(9, struct.pack("<QQ", 1, 0) + struct.pack("<QQ", 0x10000, size))
    data = bytearray(made.build())
    base = len(data)
    struct.pack_into("<Q", data, at + 8, base)
    path = tmp_path / "big.dmp"
    path.write_bytes(data)
    with open(path, "r+b") as file:
        file.truncate(base + size)
        file.seek(base + (4 << 30) + 5)
        file.write(b"behind four gigabytes")
    with Minidump.open(path) as dump:
        assert dump.size == base + size
        assert dump.memory.read(0x10000 + (4 << 30) + 5, 21) == b"behind four gigabytes"
        assert not list(dump.check())[:0]
    for command in ("dumpinfo", "streams", "memory", "dumpdebug"):
        assert run(command, path)[0] in (0, 1)


# -- outputs -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.dmp"
    path.write_bytes(big_handles())
    return path


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("option", [[], ["--json"], ["--csv"]])
def test_a_full_disk(many: Path, option: List[str]) -> None:
    for words in (["handles", many], ["streams", many], ["--version"], ["--help"]):
        with open("/dev/full", "wb") as full:
            done = process(*words, *(option if words[0] == "handles" else []), stdout=full)
        assert done.returncode == 4, f"{words}: {done.returncode} {done.stderr.decode()}"
        assert b"Traceback" not in done.stderr
        assert b"Exception ignored" not in done.stderr


@pytest.mark.skipif(not POSIX, reason="signals")
@pytest.mark.parametrize("option", [[], ["--json"], ["--csv"]])
def test_a_reader_that_leaves(many: Path, option: List[str]) -> None:
    """`dumpscope handles … | head -1`"""
    child = subprocess.Popen(
        [sys.executable, "-m", "dumpscope", "handles", str(many), *option], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    error = child.stderr.read()
    child.stderr.close()
    assert child.wait(PATIENCE) == 0
    assert error == b""


@pytest.mark.skipif(not POSIX, reason="descriptors")
def test_a_closed_output(many: Path) -> None:
    command = f'"{sys.executable}" -m dumpscope streams "{many}" >&-'
    done = subprocess.run(command, shell=True, env=ENVIRONMENT, stderr=subprocess.PIPE, timeout=PATIENCE)
    assert done.returncode == 4
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8"])
def test_an_output_of_few_characters(many: Path, encoding: str) -> None:
    sample = corpus()["hostile-look-alikes"]
    many.write_bytes(sample)
    done = subprocess.run(
        [sys.executable, "-m", "dumpscope", "handles", str(many)],
        env=dict(ENVIRONMENT, PYTHONIOENCODING=encoding, PYTHONUTF8="0"),
        capture_output=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode(encoding)
