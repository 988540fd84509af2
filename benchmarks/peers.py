"""Other readers, installed into an environment of their own so that nothing of them reaches ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, NamedTuple

PEERS = {"minidump": "minidump", "udmp-parser": "udmp_parser"}
"""Name on PyPI -> name to import."""


class Peers(NamedTuple):
    """The interpreter that has them, and for each its version or why it is not there."""

    python: Path
    versions: Dict[str, str]
    missing: Dict[str, str]


def prepare(folder: Path) -> Peers:
    """Make the environment if it is not there yet. A peer that cannot be installed is left out, and named."""
    home = folder / f"peers-{sys.version_info[0]}.{sys.version_info[1]}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    fresh = not python.exists()
    if fresh:
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    versions: Dict[str, str] = {}
    missing: Dict[str, str] = {}
    for package, module in PEERS.items():
        code = f"import {module}, importlib.metadata as m; print(m.version({package!r}))"
        if fresh:
            command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", package]
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if done.returncode:
                command.remove("--only-binary"), command.remove(":all:")  # minidump is pure Python and may come as a source archive
                if package == "minidump":
                    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        asked = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
        if asked.returncode == 0:
            versions[package] = asked.stdout.strip()
        else:
            missing[package] = "no wheel for this interpreter and system"
    return Peers(python, versions, missing)
