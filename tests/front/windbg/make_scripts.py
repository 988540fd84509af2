"""Writes scripts/NAME.py for every command, and the alias file: ``python -m tests.front.windbg.make_scripts`` after a command came or went."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

from dumpscope.commands.windbg import alias_lines, script_names

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
MODEL = "handles"
OTHERS = {"writedump"}  # runs on its own, not in a debugger


def expected() -> Dict[str, str]:
    """Name and text of every file that must be in scripts/ besides OTHERS."""
    model = (SCRIPTS / f"{MODEL}.py").read_text("utf-8")
    files = {}
    for name in [*script_names(), "aliases"]:
        text = model.replace(f'"{MODEL}"', f'"{name}"').replace(f"!py {MODEL} in", f"!py {name} in").replace(f"{MODEL}.py", f"{name}.py")
        files[f"{name}.py"] = text
    files["dumpscope_aliases.txt"] = "\n".join(alias_lines()) + "\n"
    return files


if __name__ == "__main__":
    wanted = expected()
    for path in SCRIPTS.iterdir():
        if path.is_file() and path.name not in wanted and path.stem not in OTHERS:
            path.unlink()
    for name, text in wanted.items():
        (SCRIPTS / name).write_bytes(text.encode())
