"""A changed copy can be written from the debugger too, and never over the dump that it has open."""

from __future__ import annotations

from pathlib import Path

from tests.front.windbg.fake_host import Engine, Output, blocks_of

from dumpscope.front.windbg.host import Host
from dumpscope.front.windbg.main import run

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "samples" / "article-handles.dmp"


def test_what_if_writes_a_copy(tmp_path: Path) -> None:
    source = tmp_path / "app.dmp"
    source.write_bytes(SAMPLE.read_bytes())
    target = tmp_path / "changed.dmp"

    def call(*words: str) -> tuple[int, str]:
        output = Output()
        status = run("what-if", list(words), Host(output, Engine(f"User mini dump: {source}")), str(ROOT / "scripts"))
        return status, "".join(blocks_of(output))

    status, out = call("flags &= ~4", "--write", str(target))
    assert status == 0
    assert "changed copy" in out
    assert target.read_bytes()[0x18] == 1
    assert call("flags = 0", "--write", str(source), "--force")[0] == 2
    assert source.read_bytes() == SAMPLE.read_bytes()
