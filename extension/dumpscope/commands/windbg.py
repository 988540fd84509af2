"""``windbg``: what to type in the debugger so that these commands are there. Only prints; nothing is installed."""

from __future__ import annotations

import os
import struct
import sys
from typing import Any, Iterator, List

from ..session.registry import DUMP_NONE, arg, command
from ..session.session import Session
from ..view.blocks import Block, Fields, Item, Lines, Note
from .index import all_commands

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


def script_names() -> List[str]:
    """Commands that have a script: those that make sense in a debugger."""
    return sorted(item.name for item in all_commands() if item.debugger)


def alias_names() -> List[str]:
    """Commands that can be typed as ``!NAME`` once the aliases are set."""
    return [name for name in script_names() if name not in DEBUGGERS_OWN]


def alias_lines(folder: str = "") -> List[str]:
    """A debugger script for ``$$><``: it joins its lines with semicolons, so old aliases go first, before a name is replaced.

    Without a folder the scripts are found through PATH.
    """
    names = alias_names()
    lines = [f"ad /q !{name}" for name in names]
    for name in names:
        script = _joined(folder, name + ".py") if folder else name
        lines.append(f'aS !{name} !py "{script}"' if " " in script else f"aS !{name} !py {script}")
    return [*lines, ".echo dumpscope: dumpinfo, handles, threads, why and the others can be typed with a ! before them"]


def _joined(folder: str, name: str) -> str:
    folder = folder.rstrip("\\/")
    return f"{folder}/{name}" if "/" in folder and "\\" not in folder else f"{folder}\\{name}"


def _own_scripts() -> str:
    """The scripts folder beside this package, if it was not installed away from it."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = os.path.join(os.path.dirname(os.path.dirname(package)), "scripts")
    return folder if os.path.isfile(os.path.join(folder, "handles.py")) else ""


@command(
    "windbg",
    summary="what to type in WinDbg so that !handles, !threads, !why and the others work there",
    category="session",
    arguments=[
        arg(
            "folder",
            nargs="?",
            metavar="SCRIPTS",
            help="where the scripts lie on the machine with the debugger; this installation's if not given",
            completes="path",
        ),
        arg("--script", switch=True, help="only the lines of a debugger script, to be kept in a file and run by $$><FILE"),
    ],
    examples=[
        ("windbg C:\\dumpscope\\scripts", "the steps, for that folder"),
        ("windbg --script C:\\dumpscope\\scripts > C:\\dumpscope\\start.txt", 'a file for windbg -c "$$><C:\\dumpscope\\start.txt"'),
    ],
    dump=DUMP_NONE,
    debugger=False,
)
def windbg(session: Session, args: Any) -> Iterator[Block]:
    """The set-up, as lines to type."""
    folder = args.folder or _own_scripts()
    if args.script:
        yield Lines("script", [*alias_lines(folder), ".load pykd"])
        return
    shown = folder or "C:\\dumpscope\\scripts"
    bits = struct.calcsize("P") * 8
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    yield Fields(
        "python",
        [
            Item("version", "this Python", version, note="pykd can be had for 3.9 and older" if sys.version_info[:2] > (3, 9) else ""),
            Item("bits", "bits", bits, "int", note="debugger, pykd.dll, Python and the pykd package must have the same"),
            Item(
                "windows",
                "Windows",
                sys.platform == "win32",
                "bool",
                note="" if sys.platform == "win32" else "these are the lines for the machine with the debugger",
            ),
            Item("scripts", "scripts", shown, "path"),
        ],
        title="checks",
    )
    handles = _joined(shown, "handles.py")
    quoted = f'"{handles}"' if " " in handles else handles
    aliases = _joined(shown, "aliases.py")
    aliases = f'"{aliases}"' if " " in aliases else aliases
    yield Lines(
        "once",
        [
            "  copy pykd.dll (the bootstrapper, pykd_ext) to %LOCALAPPDATA%\\Dbg\\EngineExtensions   32-bit debugger: EngineExtensions32",
            "  .load pykd",
            "  !info                 the Pythons that it sees, and their bits",
            "  !pip install pykd     for the Python marked *; !pip -3.9 install pykd for another",
        ],
        title="once",
    )
    yield Lines(
        "session",
        [
            "  .load pykd",
            f"  !py {quoted}",
            f"  !py {aliases}     from here on !handles, !threads, !dumpinfo, !why",
        ],
        title="in each session",
    )
    yield Note('`dumpscope windbg --script > start.txt` makes a file that does it: windbg -c "$$><C:\\dumpscope\\start.txt" -z app.dmp', "hint")
    yield Note("With several Pythons !py takes the highest, which may have no pykd: !py -3.9 handles chooses one.", "hint")
    hidden = [name for name in script_names() if name in DEBUGGERS_OWN]
    if hidden:
        yield Note(f"The debugger has a {', '.join('!' + name for name in hidden)} of its own: ours is !py {hidden[0]}.", "hint")


__all__ = ["DEBUGGERS_OWN", "alias_lines", "alias_names", "script_names"]
