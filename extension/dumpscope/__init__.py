"""dumpscope: what a Windows user-mode minidump holds, why a debugger command fails on it, and which bytes say so.

>>> from dumpscope import Minidump                        # doctest: +SKIP
>>> with Minidump.open("app.dmp") as dump:                # doctest: +SKIP
...     print(dump.header.flag_names, len(dump.handles))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .diagnosis.diagnose import Diagnosis, diagnose
    from .dump.absence import Absent, Damage
    from .dump.minidump import Minidump
    from .errors import DumpError, DumpscopeError, NotInDump, UsageError

__version__ = "0.1.0"
__all__ = ["Absent", "Damage", "Diagnosis", "DumpError", "DumpscopeError", "Minidump", "NotInDump", "UsageError", "__version__", "diagnose"]

_HOMES = {
    "Absent": "dumpscope.dump.absence",
    "Damage": "dumpscope.dump.absence",
    "Diagnosis": "dumpscope.diagnosis.diagnose",
    "DumpError": "dumpscope.errors",
    "DumpscopeError": "dumpscope.errors",
    "Minidump": "dumpscope.dump.minidump",
    "NotInDump": "dumpscope.errors",
    "UsageError": "dumpscope.errors",
    "diagnose": "dumpscope.diagnosis.diagnose",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that ``import dumpscope`` costs nothing."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Not importlib.import_module: that would load importlib, which nothing else needs here.
    value = getattr(__import__(home, None, None, [name]), name)
    globals()[name] = value
    return value
