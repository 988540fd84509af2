"""Files that an answer writes: complete or not at all, and never in place of what is no file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, Iterator

import pytest

from dumpscope.errors import UsageError
from dumpscope.front.saving import write
from dumpscope.view.blocks import Save


def save(path: Path, *, force: bool = False, text: bytes = b"new") -> Save:
    return Save(str(path), lambda: iter([text]), "page", force=force)


def test_a_new_file(tmp_path: Path) -> None:
    assert write(save(tmp_path / "a")) == 3
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_file_is_replaced_only_when_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(UsageError, match="exists already"):
        write(save(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == b"old"
    write(save(tmp_path / "a", force=True))
    assert (tmp_path / "a").read_bytes() == b"new"


def test_half_a_file_is_none(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write(Save(str(tmp_path / "a"), chunks, "page"))
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes on this system")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        write(save(tmp_path / "pipe", force=True))
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


def test_a_link_keeps_leading_where_it_leads(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("symbolic links need a privilege on this system")
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write(save(tmp_path / "link", force=True))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_device_is_refused() -> None:
    if os.name != "posix" or not os.path.exists("/dev/null"):
        pytest.skip("no /dev/null on this system")
    with pytest.raises(UsageError, match="not a regular file"):
        write(save(Path("/dev/null"), force=True))
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_dash_is_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="standard output"):
        write(Save("-", lambda: iter([b"new"]), "page", force=True))
    assert not list(tmp_path.iterdir())
    assert write(Save("./-", lambda: iter([b"new"]), "page")) == 3


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "page.html"
    with pytest.raises(OSError, match="No such file") as raised:
        write(save(path))
    assert raised.value.filename == str(path)


def test_a_folder_that_is_meant_and_not_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name of a folder"):
        write(Save(str(tmp_path / "none") + os.sep, lambda: iter([b"new"]), "page"))
    assert list(tmp_path.iterdir()) == []


def test_an_error_is_about_the_name_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 300)
    with pytest.raises(OSError) as raised:
        write(save(path))
    assert os.path.basename(str(raised.value.filename)) == path.name
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_has_the_rights_of_new_files(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write(save(tmp_path / "a"))
    assert os.stat(tmp_path / "a").st_mode == os.stat(tmp_path / "plain").st_mode


WRITING = [
    "shrink full-memory.dmp -o OUT",
    "scrub handles.dmp -o OUT",
    "mend not-a-dump-signature-spoilt.dmp -o OUT",
    "extract handles.dmp --stream HandleData -o OUT",
    "atlas handles.dmp -o OUT",
    "what-if handles.dmp Flags=0x5 --write OUT",
]
"""One line of each command that writes a file."""


@pytest.mark.parametrize("line", WRITING)
@pytest.mark.parametrize("ended", [KeyboardInterrupt(), SystemExit(143)], ids=["Ctrl-C", "SIGTERM"])
def test_each_command_saves_by_the_one_way(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, ended: BaseException) -> None:
    target = tmp_path / "out.bin"
    words = [str(target) if word == "OUT" else word for word in line.split()]
    written = cli(*words)
    assert written.code == 0, written.err
    before = target.read_bytes()
    again = cli(*words)
    assert again.code == 2
    assert "exists already" in again.err
    assert target.read_bytes() == before
    target.unlink()

    def end(*_: object) -> None:
        assert [path.name for path in tmp_path.iterdir()] != [], "the file is not there under a temporary name"
        raise ended

    monkeypatch.setattr("dumpscope.writing.output._publish", end)
    try:
        code = cli(*words).code
    except SystemExit as left:
        code = left.code
    assert code == (130 if isinstance(ended, KeyboardInterrupt) else 143)
    assert list(tmp_path.iterdir()) == []
