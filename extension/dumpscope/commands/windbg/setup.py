"""``windbg``: what to type in the debugger so that these commands are there, and a folder of scripts for it."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path
from typing import Any, Iterator

from ...errors import UsageError
from ...session.registry import DUMP_NONE, arg, command
from ...session.session import Session
from ...view.blocks import Block, Fields, Item, Lines, Note, SaveFolder
from .scripts import ALIAS_FILE, DEBUGGERS_OWN, MODULE, START_FILE, joined, script_files, script_names, start_lines


def _own_scripts() -> str:
    """The scripts folder beside this package, if it was not installed away from it."""
    folder = os.path.join(os.path.dirname(_place()), "scripts")
    return folder if os.path.isfile(os.path.join(folder, "handles.py")) else ""


def _place() -> str:
    """The folder that holds this package, as a script may have to be told it."""
    return str(Path(__file__).resolve().parents[3])


def _install(folder: str, force: bool) -> Iterator[Block]:
    """Write the scripts and the alias files into a folder: all of them or none."""
    if not folder.strip():
        raise UsageError("--install takes the folder that the scripts go to", "dumpscope windbg --install C:\\dumpscope\\scripts")
    place = os.path.abspath(folder)
    if set(place) & set(';"') or not place.isascii():
        raise UsageError(
            f"the debugger does not take the path {place!r} in an alias", "choose a folder whose path is ASCII and has neither ; nor a quotation mark"
        )
    files = {name: text.encode("ascii", "backslashreplace") for name, text in script_files(_place(), place).items()}
    yield SaveFolder(folder, files, "scripts", force=force)
    start = joined(place, START_FILE)
    aliases = joined(place, "aliases.py")
    yield Lines(
        "session",
        [
            "  .load pykd",
            f'  !py "{aliases}"' if " " in aliases else f"  !py {aliases}",
            "  !handles",
        ],
        title="in each session",
    )
    yield Note(f'Without typing: windbg -c "$$><{start}" -z app.dmp. {ALIAS_FILE} defines the aliases and loads nothing.', "hint")


@command(
    "windbg",
    summary="what to type in WinDbg so that !handles, !threads, !why and the others work there",
    category="session",
    arguments=[
        arg(
            "folder",
            nargs="?",
            metavar="SCRIPTS",
            help="the folder of the scripts on the machine with the debugger; without it, that of this installation, or the package that pip installed",
            completes="path",
        ),
        arg("--script", switch=True, help="print only the lines of a debugger script; keep them in a file and run it with $$><FILE"),
        arg("--install", metavar="FOLDER", help="write the scripts and the alias files into this folder, all or none", completes="path"),
        arg("--force", switch=True, help="with --install: replace files that exist and differ"),
    ],
    examples=[
        ("windbg", "the steps"),
        ("windbg --install C:\\dumpscope\\scripts", "a folder of scripts for !py, and files that define the aliases"),
        ("windbg C:\\dumpscope\\scripts", "the steps, for that folder"),
        ("windbg --script C:\\dumpscope\\scripts > C:\\dumpscope\\start.txt", 'a file for windbg -c "$$><C:\\dumpscope\\start.txt"'),
    ],
    description="Scripts are a convenience: `!py -m dumpscope.windbg why !handle` runs each command without them, once `!pip install dumpscope` was done.",
    dump=DUMP_NONE,
    debugger=False,
)
def windbg(session: Session, args: Any) -> Iterator[Block]:
    """The set-up, as lines to type."""
    if args.install is not None:
        if args.folder or args.script:
            raise UsageError("--install takes no other argument", "dumpscope windbg --install FOLDER")
        yield from _install(args.install, args.force)
        return
    if args.force:
        raise UsageError("--force is for --install", "dumpscope windbg --install FOLDER --force")
    folder = args.folder or _own_scripts()
    if args.script:
        yield Lines("script", start_lines(folder))
        return
    yield from _checks(folder)
    if folder:
        handles, aliases = (f'!py "{path}"' if " " in path else f"!py {path}" for path in (joined(folder, "handles.py"), joined(folder, "aliases.py")))
    else:
        handles, aliases = f"!py -m {MODULE} handles", f"!py -m {MODULE} aliases"
    yield Lines(
        "once",
        [
            "  copy pykd.dll (the bootstrapper, pykd_ext) to %LOCALAPPDATA%\\Dbg\\EngineExtensions   32-bit debugger: EngineExtensions32",
            "  .load pykd",
            "  !info                 the Pythons that it sees, and their bits",
            *(
                ["  !pip install pykd     for the Python marked *; !pip -3.9 install pykd for another"]
                if folder
                else ["  !pip install dumpscope[windbg]     for the Python marked *; !pip -3.9 install dumpscope[windbg] for another"]
            ),
        ],
        title="once",
    )
    yield Lines(
        "session",
        ["  .load pykd", f"  {handles}", f"  {aliases}     from here on !handles, !threads, !dumpinfo, !why"],
        title="in each session",
    )
    yield Note('`dumpscope windbg --script > start.txt` makes a file that does it: windbg -c "$$><C:\\dumpscope\\start.txt" -z app.dmp', "hint")
    yield Note("With several Pythons !py takes the highest, which may have no pykd: !py -3.9 handles chooses one.", "hint")
    hidden = [name for name in script_names() if name in DEBUGGERS_OWN]
    if hidden:
        own = f"!py {hidden[0]}" if folder else f"!py -m {MODULE} {hidden[0]}"
        yield Note(f"The debugger has a {', '.join('!' + name for name in hidden)} of its own: ours is {own}.", "hint")


def _checks(folder: str) -> Iterator[Block]:
    """What has to fit together."""
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
            Item("scripts", "scripts", folder or None, "path"),
        ],
        title="checks",
    )
