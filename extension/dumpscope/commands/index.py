"""Which module holds which command: kept by hand so that running one command does not import them all; a test compares it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Dict, List, Tuple

from ..errors import UsageError
from ..session.registry import CATEGORIES, COMMANDS, Command

_INDEX: Dict[str, Tuple[str, ...]] = {
    # module: commands, with aliases after them
    "overview": ("dumpinfo info", "streams"),
    "dumpdebug": ("dumpdebug",),
    "handles": ("handles handle",),
    "threads": ("threads thread",),
    "stacks.stack": ("stack",),
    "stacks.frame": ("frame", "up", "down"),
    "stacks.waits": ("waits",),
    "modules": ("modules module lm", "unloaded"),
    "memory": ("memory", "read"),
    "regions": ("regions", "address"),
    "search": ("search", "strings"),
    "evaluate": ("evaluate ?", "switch"),
    "exception": ("exception",),
    "bugcheck": ("bugcheck",),
    "mend": ("mend",),
    "scrub": ("scrub",),
    "smaller": ("shrink", "extract"),
    "diff": ("diff",),
    "triage": ("triage",),
    "system": ("system", "process", "tokens"),
    "annotations": ("comments", "annotations"),
    "plan": ("flags", "plan"),
    "why": ("why", "rules", "explain"),
    "bytes": ("bytes", "whatis", "map"),
    "whatif": ("what-if",),
    "learn": ("learn",),
    "atlas": ("atlas",),
    "windbg.setup": ("windbg",),
    "writedump": ("writedump",),
    "help": ("help",),
}

MODULES: Dict[str, Tuple[str, str]] = {}
"""Command name or alias -> (module, command name)."""
for _module, _entries in _INDEX.items():
    for _entry in _entries:
        _names = _entry.split()
        for _name in _names:
            MODULES[_name] = (_module, _names[0])


@cache
def load_plugins() -> None:
    """Add the commands of other packages to the index, once: where all names are wanted, or one is not known."""
    from ..session.plugins import plugin_commands

    for added in plugin_commands(frozenset(MODULES)):
        for name in (added.name, *added.aliases):
            MODULES[name] = ("", added.name)


def find_command(name: str) -> Command:
    """The command called ``name`` or with that alias; only its module is loaded. Raises UsageError with the nearest name."""
    if name not in MODULES:
        load_plugins()
    home = MODULES.get(name)
    if home is None:
        from difflib import get_close_matches

        near = list(dict.fromkeys(MODULES[item][1] for item in get_close_matches(name, MODULES, 6, 0.6)))[:3]
        hint = f"did you mean {' or '.join(near)}?" if near else "`dumpscope --help` lists the commands"
        raise UsageError(f"there is no command {name!r}", hint)
    module, real = home
    if module:  # one of a plug-in is loaded already
        import_module(f"dumpscope.commands.{module}")
    return COMMANDS[real]


def all_commands() -> List[Command]:
    """Every command, by category and name. Loads all of their modules."""
    load_plugins()
    for module, _ in MODULES.values():
        if module:
            import_module(f"dumpscope.commands.{module}")
    return sorted(COMMANDS.values(), key=lambda item: (CATEGORIES.index(item.category), item.name))
