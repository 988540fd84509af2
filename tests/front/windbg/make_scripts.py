"""Writes scripts/NAME.py for every command, and the alias file: ``python -m tests.front.windbg.make_scripts`` after a command came or went."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

from dumpscope.commands.windbg.scripts import script_files

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
OTHERS = {"writedump"}  # runs on its own, not in a debugger


def expected() -> Dict[str, str]:
    """Name and text of every file that must be in scripts/ besides OTHERS."""
    return script_files()


if __name__ == "__main__":
    wanted = expected()
    for path in SCRIPTS.iterdir():
        if path.is_file() and path.name not in wanted and path.stem not in OTHERS:
            path.unlink()
    for name, text in wanted.items():
        (SCRIPTS / name).write_bytes(text.encode())
