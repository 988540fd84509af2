"""C++ exceptions of Microsoft's compiler (and Rust panics, which use their machinery): the type that was thrown and what it says.

ThrowInfo and what hangs on it are read-only data of the throwing module, so they are there in dumps with full memory or data segments.
Layouts: ehdata.h of the Visual C++ runtime; on 64 bits its pointers are 32-bit offsets from the module's base.
"""

from __future__ import annotations

import re
import struct
from typing import List, NamedTuple, Optional

from ...dump.minidump import Minidump
from ...dump.streams.exception import ExceptionInfo

CPP = 0xE06D7363
MAGIC = (0x19930520, 0x19930521, 0x19930522, 0x01994000)
_NAME = re.compile(rb"\.[?\w@$<>,]{2,400}|rust_panic")
MAX_TYPES = 16
MAX_TEXT = 512


class Thrown(NamedTuple):
    """What was thrown: types from the most derived to its bases, demangled; what ``what()`` would say; where type name and text stand."""

    types: List[str]
    text: str
    type_address: int
    text_address: int


def thrown(dump: Minidump, found: ExceptionInfo) -> Optional[Thrown]:
    """The type and text of a C++ exception, as far as the memory of the dump has them; None where it has not."""
    parameters = found.parameters
    if found.code != CPP or len(parameters) < 3 or parameters[0] not in MAGIC:
        return None
    wide = dump.pointer_size == 8
    base = parameters[3] if wide and len(parameters) > 3 else 0
    if wide and not base:
        return None
    head = _words(dump, parameters[2], 4)
    if head is None:
        return None
    array = base + head[3]
    count = _words(dump, array, 1)
    if count is None:
        return None
    types: List[str] = []
    place = displacement = 0
    for row in (_words(dump, array + 4, min(count[0], MAX_TYPES)) or ()) if count[0] else ():
        catchable = _words(dump, base + row, 3)
        if catchable is None:
            continue
        address = base + catchable[1] + 2 * dump.pointer_size
        name = _text(dump, address)
        if not _NAME.fullmatch(name):
            continue
        place = place or address
        types.append(demangled(name.decode("ascii")))
        if types[-1] == "std::exception":
            displacement = catchable[2]
    if not types:
        return None
    text, where = _what(dump, parameters[1] + displacement) if "std::exception" in types else ("", 0)
    return Thrown(types, text, place, where)


def _words(dump: Minidump, address: int, count: int) -> Optional[List[int]]:
    """``count`` 32-bit numbers of the process; None where they are not all captured."""
    data = dump.memory.some(address, 4 * count)
    return list(struct.unpack(f"<{count}I", data)) if len(data) == 4 * count else None


def _text(dump: Minidump, address: int) -> bytes:
    return dump.memory.some(address, MAX_TEXT).split(b"\0", 1)[0]


def _what(dump: Minidump, address: int) -> tuple[str, int]:
    """The text that a std::exception holds after its table of functions (__std_exception_data), and where it stands."""
    width = dump.pointer_size
    data = dump.memory.some(address + width, width)
    pointer = int.from_bytes(data, "little") if len(data) == width else 0
    text = _text(dump, pointer) if pointer else b""
    decoded = text.decode("utf-8", "replace")
    return (decoded, pointer) if decoded and decoded.isprintable() else ("", 0)


def demangled(name: str) -> str:
    """``std::runtime_error`` for ``.?AVruntime_error@std@@``; a name that is more involved stays as it is."""
    match = re.fullmatch(r"\.\?A[VU]((?:\w+@)+)@", name)
    if match:
        return "::".join(reversed(match.group(1).rstrip("@").split("@")))
    basic = {".H": "int", ".I": "unsigned int", ".J": "long", ".K": "unsigned long", ".PEAD": "char *", ".PEBD": "char const *", ".PAD": "char *"}
    basic.update({".PBD": "char const *", ".PEB_W": "wchar_t const *", ".PB_W": "wchar_t const *", ".D": "char", ".N": "double", ".M": "float", "._N": "bool"})
    return basic.get(name, name)
