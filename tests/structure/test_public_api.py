"""The public names and their signatures are what stands in public_api.txt.

After a change that is meant: ``python tests/structure/test_public_api.py --update``, and say so in the changelog.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any, Iterator, List

HERE = Path(__file__).resolve().parent
STORED = HERE / "public_api.txt"
LISTS = (
    ("dump.threads", "ThreadList", "Thread", "ThreadInfoList", "ThreadInfo", "ThreadNameList", "ThreadName"),
    ("dump.handles", "HandleList", "Handle", "ObjectInfo", "HandleOperationList", "HandleOperation"),
    ("dump.modules", "ModuleList", "Module", "CodeView", "UnloadedModuleList", "UnloadedModule"),
    ("dump.memory", "Memory", "MemoryList", "Memory64List", "Range", "Piece", "RegionList", "Region"),
    ("dump.directory", "Header", "Directory", "Stream"),
    ("dump.exception", "ExceptionInfo"),
    ("dump.contexts", "Registers"),
    ("dump.system", "SystemInfo"),
    ("dump.misc", "MiscInfo"),
)
"""Modules of the package, and the classes in them that members of a Minidump are made of."""


def _signature(thing: Any) -> str:
    try:
        return str(inspect.signature(thing))
    except (TypeError, ValueError):
        return ""


def _of_class(name: str, cls: type) -> Iterator[str]:
    from dumpscope.record import cached_property

    fields = getattr(cls, "_fields", None)
    yield f"{name}({', '.join(fields)})" if fields else f"class {name}"
    for member in sorted({key for base in cls.__mro__ if base.__module__.startswith("dumpscope") for key in vars(base)}):
        if member.startswith("_") or (fields and member in fields):
            continue
        value = inspect.getattr_static(cls, member)
        if isinstance(value, (property, cached_property)):
            yield f"{name}.{member}"
        elif isinstance(value, (classmethod, staticmethod)):
            yield f"{name}.{member}{_signature(value.__func__)}"
        elif inspect.isfunction(value):
            yield f"{name}.{member}{_signature(value)}"


def public_api() -> List[str]:
    """One line for each name."""
    from importlib import import_module

    import dumpscope

    lines = []
    for name in sorted(dumpscope.__all__):
        value = getattr(dumpscope, name)
        if isinstance(value, type):
            lines += _of_class(name, value)
        else:
            lines.append(f"{name}: {type(value).__name__}")
    for module, *names in LISTS:
        home = import_module(f"dumpscope.{module}")
        for name in names:
            lines += _of_class(f"{module}.{name}", getattr(home, name))
    search = import_module("dumpscope.dump.search")
    for name in ("find", "text_pattern", "wide_pattern", "pointer_pattern"):
        lines.append(f"dump.search.{name}{_signature(getattr(search, name))}")
    return lines


def test_public_api_is_what_was_promised() -> None:
    stored = STORED.read_text("utf-8").splitlines()
    now = public_api()
    gone = [line for line in stored if line not in now]
    new = [line for line in now if line not in stored]
    assert not gone, "names or signatures that are gone or changed: " + "; ".join(gone)
    assert not new, "new names: run this file with --update: " + "; ".join(new)


if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parents[1] / "extension")]
    if "--update" in sys.argv:
        STORED.write_text("\n".join(public_api()) + "\n", "utf-8")
    else:
        print("\n".join(public_api()))
