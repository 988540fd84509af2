"""Where files are looked for: keys and names that lead elsewhere, servers that are not asked, compressed files and pointers."""

from __future__ import annotations

import os
from pathlib import Path

from tests.symbols.test_path import ENVIRON

from dumpscope.symbols.path import parse_path
from dumpscope.symbols.search import Search


def test_urls_are_named_and_not_asked() -> None:
    found = list(Search(parse_path(["srv*/none*https://x/s"], ENVIRON)).candidates("a.pdb", "KEY1"))
    assert [(item.place, item.path, item.reason) for item in found] == [
        (os.path.join("/none", "a.pdb", "KEY1", "a.pdb"), None, "no such file"),
        ("https://x/s/a.pdb/KEY1/a.pdb", None, "not asked: downloads need --download"),
    ]


def test_a_key_that_leads_elsewhere_is_not_used() -> None:
    found = list(Search(parse_path(["srv*/none*https://x/s"], ENVIRON)).candidates("a.pdb", "../.."))
    assert all(item.path is None for item in found)
    assert not any(".." in item.place for item in found[:1])


def test_compressed_files_and_pointers_are_said(tmp_path: Path) -> None:
    home = tmp_path / "a.pdb" / "KEY1"
    home.mkdir(parents=True)
    (home / "a.pd_").write_bytes(b"MSCF")
    search = Search(parse_path([f"srv*{tmp_path}"], ENVIRON))
    assert "compressed" in next(iter(search.candidates("a.pdb", "KEY1"))).reason
    (home / "file.ptr").write_text("PATH:\\\\server\\share\\a.pdb")
    found = next(iter(Search(parse_path([f"srv*{tmp_path}"], ENVIRON)).candidates("a.pdb", "KEY1")))
    assert found.path is None
    assert "is not followed" in found.reason
    (tmp_path / "real").write_bytes(b"x")
    (home / "file.ptr").write_text(f"PATH:{tmp_path / 'real'}\n")
    found = next(iter(Search(parse_path([f"srv*{tmp_path}"], ENVIRON)).candidates("a.pdb", "KEY1")))
    assert found.path == str(tmp_path / "real")
