"""Other readers: packages, installed into an environment of their own so that nothing of them reaches ours, and programs that are here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, NamedTuple, Tuple

PEERS = {"minidump": "minidump", "udmp-parser": "udmp_parser"}
"""Name on PyPI -> name to import."""


PROGRAMS: Dict[str, Tuple[str, ...]] = {
    "lldb": ("lldb", *(f"lldb-{number}" for number in range(24, 13, -1))),
    "winedump": ("winedump", "winedump-stable", "/usr/lib/wine/winedump"),
}
"""Programs that read minidumps, and where they may be; they are not installed by us."""


BREAKPAD = ("npm", "minidump", "bin/linux-x64/minidump_stackwalk")
"""Breakpad's walker comes in a package of another language: its tool, the package, and where the program lies in it."""


class Peers(NamedTuple):
    """The interpreter that has the packages, where the programs are, and for each peer its version or why it is not there."""

    python: Path
    programs: Dict[str, str]
    versions: Dict[str, str]
    missing: Dict[str, str]


def find_programs(versions: Dict[str, str], missing: Dict[str, str]) -> Dict[str, str]:
    """The programs that can be run here."""
    found = {}
    for name, places in PROGRAMS.items():
        path = next((place for place in map(shutil.which, places) if place), None)
        if path is None:
            missing[name] = "not installed here"
            continue
        found[name] = path
        # winedump has no option that tells it: Wine's own is asked, where it is there.
        asker = path if name == "lldb" else shutil.which("wine") or shutil.which("wine64") or "/usr/lib/wine/wine64"
        try:
            told = subprocess.run([asker, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60).stdout
        except (OSError, subprocess.TimeoutExpired):
            told = ""
        words = told.split() or ["of unknown version"]
        versions[name] = words[-1 if name == "lldb" else 0]  # "lldb version 14.0.6", "wine-8.0 (Debian …)"
    return found


def find_breakpad(folder: Path, programs: Dict[str, str], versions: Dict[str, str], missing: Dict[str, str]) -> None:
    """Breakpad's ``minidump_stackwalk``: the one of the path, else that of the package, which is installed into the folder."""
    known = shutil.which("minidump_stackwalk")
    if known is not None:
        programs["breakpad"], versions["breakpad"] = known, "of unknown version"
        return
    tool, package, place = BREAKPAD
    home = folder / "breakpad"
    inside = home / "node_modules" / package
    if not inside.exists() and shutil.which(tool) and sys.platform == "linux":
        home.mkdir(parents=True, exist_ok=True)
        command = [tool, "install", "--prefix", str(home), "--ignore-scripts", "--no-audit", "--no-fund", package]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    if not (inside / place).exists():
        missing["breakpad"] = "minidump_stackwalk is not installed here"
        return
    (inside / place).chmod(0o755)
    programs["breakpad"] = str(inside / place)
    versions["breakpad"] = f"of {tool}'s {package} {json.loads((inside / 'package.json').read_text('utf-8'))['version']}"


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
    programs = find_programs(versions, missing)
    find_breakpad(folder, programs, versions, missing)
    return Peers(python, programs, versions, missing)
