"""``scrub`` and ``mend`` leave a whole file or none: on a full disk, when they are interrupted, and when something has the name already."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest
from tests.counting import PATIENCE

from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.writing.mend import mend
from dumpscope.writing.output import write_whole
from dumpscope.writing.scrub import Scrubbed

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

Scrubbed.write_to = interrupted(Scrubbed.write_to)
from dumpscope.writing.mend import Mending
Mending.write_to = interrupted(Mending.write_to)
from dumpscope.front.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts jobs in the background with the signal ignored
sys.exit(main(sys.argv[1:]))
"""
posix = pytest.mark.skipif(os.name != "posix", reason="limits and signals of POSIX")
COMMANDS = [("scrub", "full-memory.dmp"), ("mend", "full-memory-list-without-flag.dmp"), ("mend", "damaged-directory-at-the-end.dmp")]


def run(program: str, words: List[object]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, timeout=PATIENCE, check=False)


@posix
@pytest.mark.parametrize(("command", "name"), COMMANDS)
@pytest.mark.parametrize("force", [False, True])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, command: str, name: str, force: bool) -> None:
    target = tmp_path / "out.dmp"
    if force:
        target.write_bytes(b"mine")
    result = run(FULL, [command, SAMPLES / name, "-o", target, *(["--force"] if force else [])])
    assert result.returncode not in (0, 1, -25)
    assert "Traceback" not in result.stderr
    assert "out.dmp" in result.stderr or "large" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == (["out.dmp"] if force else [])
    if force:
        assert target.read_bytes() == b"mine"


@posix
@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_an_interruption_leaves_nothing_behind(tmp_path: Path, command: str, name: str) -> None:
    result = run(INTERRUPTED, [command, SAMPLES / name, "-o", tmp_path / "out.dmp", "--report", tmp_path / "out.json"])
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


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
