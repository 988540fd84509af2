"""All that write a file leave a whole one or none: on a full disk, when they are interrupted, and when something has the name already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, List

import pytest
from tests.forked import python

from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.writing.mend import mend
from dumpscope.writing.output import write_whole
from dumpscope.writing.scrub import Scrubbed

pytestmark = pytest.mark.xdist_group("forked")

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from dumpscope.front.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
INTERRUPTED = """
import os, signal, sys
from dumpscope.dump.source import Source
from dumpscope.writing import output
from dumpscope.writing.edited import Edited
from dumpscope.writing.scrub import Scrubbed

def interrupted(original):
    def fill(self, file, progress=None):
        file.write(b"MDMP")
        file.flush()
        os.kill(os.getpid(), signal.SIGINT)
        return original(self, file, progress)
    return fill

def interrupted_too(original):
    def fill(self, file):
        return interrupted(lambda self, file, progress: original(self, file))(self, file)
    return fill

from dumpscope.writing.mend import Mending
from dumpscope.writing.shrink import Shrunk
from dumpscope.writing.extract import Extracted
from dumpscope.writing.patch import Patch
for kind in (Scrubbed, Mending, Shrunk):
    kind.write_to = interrupted(kind.write_to)
for kind in (Extracted, Patch):
    kind.write_to = interrupted_too(kind.write_to)
from dumpscope.front.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts jobs in the background with the signal ignored
sys.exit(main(sys.argv[1:]))
"""
posix = pytest.mark.skipif(os.name != "posix", reason="limits and signals of POSIX")
COMMANDS = [
    ("scrub", "full-memory.dmp"),
    ("mend", "full-memory-list-without-flag.dmp"),
    ("mend", "damaged-directory-at-the-end.dmp"),
    ("shrink", "full-memory.dmp"),
]
OTHERS = [
    ["extract", "full-memory.dmp", "--range", "7ff6a1b20000", "3000", "-o"],
    ["extract", "self-dump.dmp", "--stream", "0", "-o"],
    ["what-if", "full-memory.dmp", "flags ^= 4", "--write"],
]
"""Those that write no report; the file's name follows."""


@posix
@pytest.mark.parametrize(("command", "name"), COMMANDS)
@pytest.mark.parametrize("force", [False, True])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, command: str, name: str, force: bool) -> None:
    target = tmp_path / "out.dmp"
    if force:
        target.write_bytes(b"mine")
    result = python(FULL, command, SAMPLES / name, "-o", target, *(["--force"] if force else []))
    assert result.code not in (0, 1, -25)
    assert "Traceback" not in result.err
    assert "out.dmp" in result.err or "large" in result.err
    assert [path.name for path in tmp_path.iterdir()] == (["out.dmp"] if force else [])
    if force:
        assert target.read_bytes() == b"mine"


@posix
@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_an_interruption_leaves_nothing_behind(tmp_path: Path, command: str, name: str) -> None:
    result = python(INTERRUPTED, command, SAMPLES / name, "-o", tmp_path / "out.dmp", "--report", tmp_path / "out.json")
    assert result.code != 0
    assert "Traceback" not in result.err
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize("words", OTHERS, ids=lambda words: f"{words[0]}-{words[2]}")
def test_other_files_are_whole_or_not_there(cli: Any, tmp_path: Path, words: List[str]) -> None:
    command, name, *rest = words
    given = [command, SAMPLES / name, *rest]
    target = tmp_path / "out"
    interrupted = python(INTERRUPTED, *given, target)
    assert (interrupted.code != 0, "Traceback" in interrupted.err, list(tmp_path.iterdir())) == (True, False, [])
    if cli(*given, target).code == 0 and target.stat().st_size > 4096:
        target.unlink()
        full = python(FULL, *given, target)
        assert full.code not in (0, 1, -25), full.err
        assert ("Traceback" in full.err, list(tmp_path.iterdir())) == (False, [])


@pytest.mark.parametrize("words", [*([command, name, "-o"] for command, name in COMMANDS), *OTHERS], ids=lambda words: f"{words[0]}-{words[1]}")
def test_folders_links_and_names_that_are_taken(cli: Any, tmp_path: Path, words: List[str]) -> None:
    """A folder, a name that is taken, a link to the dump, a folder that is not there or cannot be written to: refused, and nothing is changed."""
    command, name, *rest = words
    dump, taken = tmp_path / "in.dmp", tmp_path / "taken"
    dump.write_bytes((SAMPLES / name).read_bytes())
    taken.write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    before = dump.read_bytes()
    for place in (tmp_path / "folder", taken, dump):
        result = cli(command, dump, *rest, place)
        assert (result.code, "Traceback" in result.err) == (2, False), place
    assert cli(command, dump, *rest, tmp_path / "nowhere" / "out.dmp").code not in (0, 70)
    if os.name == "posix":
        (tmp_path / "link").symlink_to(dump)
        assert cli(command, dump, *rest, tmp_path / "link", "--force").code == 2
        (tmp_path / "other").symlink_to(taken)
        assert cli(command, dump, *rest, tmp_path / "other").code == 2
        assert cli(command, dump, *rest, tmp_path / "other", "--force").code == 0
        assert (tmp_path / "other").is_symlink()  # a link leads where it led, to the new file
        assert taken.read_bytes() != b"mine"
        if os.geteuid():  # root may write anywhere
            (tmp_path / "folder").chmod(0o500)
            assert cli(command, dump, *rest, tmp_path / "folder" / "out").code not in (0, 70)
    assert dump.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} <= {"in.dmp", "taken", "folder", "link", "other"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_what_raises_in_the_middle_leaves_nothing_behind(tmp_path: Path, error: Any) -> None:
    def stop(done: int) -> None:
        raise error

    scrubbed = Scrubbed(Minidump.open((SAMPLES / "full-memory.dmp").read_bytes()))
    with pytest.raises(error):
        write_whole(str(tmp_path / "out.dmp"), lambda file: scrubbed.write_to(file, stop))
    mending = mend(Source((SAMPLES / "version-spoilt.dmp").read_bytes(), "version-spoilt.dmp"))
    with pytest.raises(error):
        write_whole(str(tmp_path / "out.dmp"), lambda file: mending.write_to(file, stop))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_the_dump_itself_is_refused_by_any_name(cli: Any, tmp_path: Path, command: str, name: str) -> None:
    dump = tmp_path / "in.dmp"
    dump.write_bytes((SAMPLES / name).read_bytes())
    before = dump.read_bytes()
    names = [dump, tmp_path / "." / "in.dmp", tmp_path / ".." / tmp_path.name / "in.dmp"]
    if os.name == "posix":
        (tmp_path / "soft.dmp").symlink_to(dump)
        os.link(dump, tmp_path / "hard.dmp")
        names += [tmp_path / "soft.dmp", tmp_path / "hard.dmp"]
    for place in names:
        assert cli(command, dump, "-o", place, "--force").code == 2
        assert cli(command, dump, "--report", place, "--force").code == 2
    assert dump.read_bytes() == before
