"""Packages of others as an installer leaves them: modules and the names of their entry points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

from tests.forked import DUMPSCOPE, Ended, python

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "docs" / "plugin"


def add(folder: Path, name: str, module: str, entries: Dict[str, str]) -> None:
    """A package of one module. ``entries`` are its entry points by group, as ``name = place``."""
    (folder / f"{name}.py").write_text(module, "utf-8")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("".join(f"[{group}]\n{line}\n" for group, line in entries.items()), "utf-8")


def add_example(folder: Path) -> Path:
    """The example package of docs/plugin; returns the folder."""
    for group, name, place in (
        ("dumpscope.commands", "dumpscope_acme_commands", "dumpscope_acme_commands"),
        ("dumpscope.streams", "dumpscope_acme_streams", "dumpscope_acme_streams:STREAMS"),
    ):
        add(folder, name, (EXAMPLE / f"{name}.py").read_text("utf-8"), {group: f"acme = {place}"})
    return folder


def run(folder: Path, *words: str, stdin: str = "", fresh: bool = False) -> Ended:
    """Exit code, output and errors of the command line of a Python that has the packages in the folder."""
    return python(DUMPSCOPE, *words, folder=str(folder), stdin=stdin, fresh=fresh)


def document(folder: Path, *words: str) -> Dict[str, Any]:
    """The JSON document of a command line."""
    found: Dict[str, Any] = json.loads(run(folder, *words, "--json")[1])
    return found
