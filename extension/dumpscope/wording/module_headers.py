"""Flag 0x80000, MiniDumpWithModuleHeaders: why the first page of a module is in a dump, or why the module's bytes are not."""

from __future__ import annotations

from typing import Optional

from ..dump.minidump import Minidump
from ..format.flags import MiniDumpWithFullMemory, MiniDumpWithModuleHeaders

PAGE = 0x1000
MOST_MODULES = 1 << 12
"""Modules that are looked at for a total."""

_NAME = f"0x{MiniDumpWithModuleHeaders:x} MiniDumpWithModuleHeaders"


def why_here(dump: Minidump, address: int) -> str:
    """That the flag accounts for the captured bytes at ``address``; empty where it does not, or other flags may as well."""
    flags = dump.header.flags
    if not flags & MiniDumpWithModuleHeaders or flags & MiniDumpWithFullMemory:
        return ""
    module = dump.modules.at(address)
    if module is None or address - module.base >= PAGE or not dump.memory.captured(module.base):
        return ""
    return f"the headers of {module.name} are here because the flags hold {_NAME}"


def why_not_here(dump: Minidump, address: int) -> str:
    """What the flag has to do with bytes of a module that are not captured; empty where it has nothing to do with them."""
    flags = dump.header.flags
    module = dump.modules.at(address)
    if module is None or flags & MiniDumpWithFullMemory:
        return ""
    in_headers = address - module.base < PAGE
    if flags & MiniDumpWithModuleHeaders:
        if in_headers:
            return f"the flags hold {_NAME}, which asks for the headers of {module.name}: the writer did not store them"
        return f"the flags hold {_NAME}, which asks for the headers of a module only: 0x2 MiniDumpWithFullMemory asks for all of it"
    if in_headers:
        return f"{_NAME}, which asks for the headers of modules, is not among the flags (0x{flags:x})"
    return f"the code of a module is in its file: 0x2 MiniDumpWithFullMemory, which asks for it, is not among the flags (0x{flags:x})"


def headers_captured(dump: Minidump) -> Optional[str]:
    """How many modules have their headers in the memory of the dump, where the flag asks for them; None where it does not."""
    flags = dump.header.flags
    if not flags & MiniDumpWithModuleHeaders or flags & MiniDumpWithFullMemory or not len(dump.modules):
        return None
    looked = min(len(dump.modules), MOST_MODULES)
    held = sum(1 for module in dump.modules.walk(0, MOST_MODULES) if dump.memory.captured(module.base))
    return f"the flags hold {_NAME}: the headers of {held} of {looked} modules are captured"
