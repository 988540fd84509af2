"""Which module holds which command: kept by hand so that running one command does not import them all; a test compares it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Tuple

CATEGORIES = ("overview", "handles", "threads", "modules", "memory", "failure", "process", "bytes", "learning", "session")

_INDEX: Dict[str, Tuple[str, ...]] = {
    # module: commands, with aliases behind them
    "overview": ("dumpinfo info", "streams"),
    "dumpdebug": ("dumpdebug",),
    "handles": ("handles handle",),
    "threads": ("threads thread",),
    "stack": ("stack",),
    "modules": ("modules module lm", "unloaded"),
    "memory": ("memory", "regions", "address", "read"),
    "search": ("search", "strings"),
    "evaluate": ("evaluate ?", "switch"),
    "exception": ("exception",),
    "system": ("system", "process", "tokens"),
    "annotations": ("comments", "annotations"),
    "plan": ("flags", "plan"),
    "why": ("why", "rules", "explain"),
    "bytes": ("bytes", "whatis", "map"),
    "whatif": ("what-if",),
    "learn": ("learn",),
    "atlas": ("atlas",),
    "windbg": ("windbg",),
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
