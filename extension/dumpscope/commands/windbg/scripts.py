"""The scripts that ``!py NAME`` runs inside WinDbg, and the aliases for them: their texts, made from the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

from ..index import all_commands

DEBUGGERS_OWN = frozenset(
    [
        "address",
        "analyze",
        "chain",
        "dlls",
        "environment",
        "error",
        "exploitable",
        "gle",
        "handle",
        "heap",
        "help",
        "info",
        "list",
        "locks",
        "mapped_file",
        "peb",
        "process",
        "runaway",
        "search",
        "sos",
        "stack",
        "symbols",
        "teb",
        "thread",
        "token",
        "verifier",
        "version",
        "vprot",
    ]
)
"""Extension commands that the debugger has itself: no alias of ours may hide them (``!py NAME`` still runs ours)."""
ALIASES = "aliases"
"""The script that defines the aliases for one session."""
ALIAS_FILE = "dumpscope_aliases.txt"
"""The debugger script that defines them without Python."""
START_FILE = "dumpscope_start.txt"
"""The same, and it loads pykd: for ``windbg -c``."""
MODULE = "dumpscope.windbg"
"""What ``!py -m`` runs where there are no scripts."""
_MODEL = Path(__file__).resolve().parent / "script.txt"
_FALLBACK = """\
try:
    import dumpscope
except ImportError:  # the debugger's Python is another one than that in which pip put the package: it is pure Python, and serves here too
    sys.path.append({place!r})
    import dumpscope  # noqa: F401
"""


def script_names() -> List[str]:
    """Commands that have a script: those that make sense in a debugger."""
    return sorted(item.name for item in all_commands() if item.debugger)


def alias_names() -> List[str]:
    """Commands that can be typed as ``!NAME`` once the aliases are set."""
    return [name for name in script_names() if name not in DEBUGGERS_OWN]


def alias_lines(folder: str = "") -> List[str]:
    """A debugger script for ``$$><``: it joins its lines with semicolons, so old aliases go first, before a name is replaced.

    Without a folder the scripts are found through PATH; with MODULE as the folder they are not needed.
    """
    names = alias_names()
    lines = [f"ad /q !{name}" for name in names]
    for name in names:
        script = f"-m {MODULE} {name}" if folder == MODULE else joined(folder, name + ".py") if folder else name
        quoted = " " in script and folder != MODULE
        lines.append(f'aS !{name} !py "{script}"' if quoted else f"aS !{name} !py {script}")
    return [*lines, ".echo dumpscope: dumpinfo, handles, threads, why and the others can be typed with a ! before them"]


def start_lines(folder: str = "") -> List[str]:
    """The same and ``.load pykd``. Without a folder of scripts the aliases lead to the package itself."""
    return [*alias_lines(folder or MODULE), ".load pykd"]


def joined(folder: str, name: str) -> str:
    """A path in a folder, with the separator that the folder has."""
    folder = folder.rstrip("\\/")
    return f"{folder}/{name}" if "/" in folder and "\\" not in folder else f"{folder}\\{name}"


def script_text(name: str, place: str = "") -> str:
    """The script of one command. ``place`` is a folder that holds the package, for a Python that does not find it by itself."""
    return _MODEL.read_text("utf-8").format(name=name, found="\n" + _FALLBACK.format(place=place) if place else "")


def script_files(place: str = "", folder: str = "") -> Dict[str, str]:
    """Name and text of every file of a folder of scripts. ``folder`` is the folder as the aliases name it; without it they rely on PATH."""
    files = {f"{name}.py": script_text(name, place) for name in [*script_names(), ALIASES]}
    files[ALIAS_FILE] = "\n".join(alias_lines(folder)) + "\n"
    if folder:
        files[START_FILE] = "\n".join(start_lines(folder)) + "\n"
    return files


__all__ = [
    "ALIASES",
    "ALIAS_FILE",
    "DEBUGGERS_OWN",
    "MODULE",
    "START_FILE",
    "alias_lines",
    "alias_names",
    "joined",
    "script_files",
    "script_names",
    "script_text",
    "start_lines",
]
