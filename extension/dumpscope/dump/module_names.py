"""The names that the debugger gives to modules: those of ``lm``, of ``module+offset`` and of its expressions.

The rule was found by asking dbgeng 10.0.15063 about dumps with edited module lists ("observed" below); tests/engine holds it against
the engine on every sample.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from bisect import bisect_left, bisect_right, insort
from typing import Dict, Iterable, Iterator, List, NamedTuple, Tuple

from .allowance import Allowance
from .salt import SALT
from .source import Source, Window

MOST_NAMED = 1 << 14
"""Modules that the rule is applied to. Those that follow (no process has so many) are named after their file and base alone."""

MOST_CLASHES = 16
"""Equal names that are resolved for each module of a list, on the average: what a file makes beyond that takes time only."""

MOST_TEXT = 2000
"""A path whose Length is not below this is not read by the engine. Observed: dbgeng 10.0.15063."""

LONG = 256
"""Characters of a path above which it is counted: as many as Windows allows without more ado."""

_length = struct.Struct("<I").unpack_from
_FOREIGN = re.compile(r"[^0-9A-Za-z_]")
_SEPARATOR = re.compile(r"[\\/:]")


def image_text(window: Window, rva: int) -> str:
    """The path at ``rva`` as the engine reads it: up to the first NUL, at most Length *characters*, though Length counts bytes.

    Empty where there is none, where it has 1000 characters or more, and outside the file. Observed: dbgeng 10.0.15063.
    """
    if not rva:
        return ""
    view, at = window.see(rva, 4)
    if len(view) < at + 4:
        return ""
    length = _length(view, at)[0]
    if not 0 < length < MOST_TEXT:
        return ""
    view, at = window.see(rva, 4 + 2 * length)
    data = view[at + 4 : at + 4 + 2 * length]
    return (data + b"\0" * (len(data) & 1)).decode("utf-16-le", "surrogatepass").split("\0", 1)[0]


def is_readable(text: str) -> bool:
    """Whether the engine takes a text for a path: it has a letter or digit, and nothing that cannot be printed stands before it."""
    for char in text:
        kind = unicodedata.category(char)
        if kind[0] == "L" or kind in ("Nd", "Nl") or char in "²³¹":
            return True
        if not (" " <= char <= "~" or "¡" <= char <= "ÿ" or kind[0] == "P" or char in "\u3000\ufeff"):
            return False
    return False


def plain_name(path: str) -> str:
    """The name that a path alone gives: the file's name up to its last dot, each character that is no ASCII letter or digit as ``_``."""
    name = _SEPARATOR.split(path)[-1]
    dot = name.rfind(".")
    stem = name if dot < 0 else name[:dot]
    wide = "".join("__" if char > "\uffff" else char for char in stem) if not stem.isascii() else stem
    return _FOREIGN.sub("_", wide)


class _Listed(NamedTuple):
    """A module in the engine's list: which of ours it is (``at``), its name, and what it is by its extension (``exe``, ``dll`` or nothing)."""

    at: int
    name: str
    kind: str


def _kind(path: str) -> str:
    tail = path[-4:].lower()
    return tail[1:] if tail in (".exe", ".dll") else ""


class NamedModules:
    """The engine's list of modules while it grows: in the order of addresses, one module to a base."""

    def __init__(self, pointer_size: int, names: List[str]) -> None:
        self.names = names
        self.clashes = MOST_CLASHES * (len(names) + 64)
        self.width = 4 if pointer_size == 4 else 8
        self.listed: Dict[int, _Listed] = {}
        self.places: Dict[str, List[int]] = {}

    def base_of(self, base: int) -> int:
        """An address as the engine has it: of a 32-bit process the low half, with its sign."""
        if self.width == 8:
            return base
        base &= 0xFFFFFFFF
        return base | 0xFFFFFFFF00000000 if base & 0x80000000 else base

    def digits(self, base: int) -> str:
        """A base as it is added to a name."""
        return f"{base & 0xFFFFFFFF if self.width == 4 else base:x}"

    def unknown(self, base: int) -> str:
        """The name of a module whose path cannot be read."""
        low = f"{base & 0xFFFFFFFF:08x}"
        return f"Unknown_Module_{low}" if self.width == 4 else f"Unknown_Module_{base >> 32:08x}_{low}"

    def forget(self, base: int) -> None:
        """Take a module out: another has the same base, and replaces it."""
        gone = self.listed.pop(base * SALT)
        same = self.places[gone.name.lower()]
        del same[bisect_left(same, base)]

    def keep(self, base: int, module: _Listed) -> None:
        """Put a module in, or an old one under its new name."""
        self.listed[base * SALT] = module
        insort(self.places.setdefault(module.name.lower(), []), base)
        self.names[module.at] = module.name

    def kept(self) -> List[int]:
        """Which modules are in the list."""
        return [module.at for module in self.listed.values()]

    def add(self, index: int, base: int, size: int, path: str, given: str = "") -> None:
        """One module more, by its path or under a given name. The list is walked once, by address; at each module of the same name one of the
        two gets another."""
        base = self.base_of(base)
        readable = is_readable(path)
        name = given or (plain_name(path) if readable else self.unknown(base))
        if base * SALT in self.listed:
            self.forget(base)
        kind = _kind(path) if readable else ""
        after = -1
        while True:
            same = self.places.get(name.lower(), [])
            at = bisect_right(same, after)
            if at == len(same):
                break
            after = same[at]
            other = self.listed[after * SALT]
            self.clashes -= 1
            if self.clashes < 0:
                name = f"{name}_{self.digits(base)}"
                break
            if (other.kind, kind) == ("exe", "dll"):
                self.forget(after)
                self.keep(after, other._replace(name=f"{other.name}_exe"))
            elif (other.kind, kind) == ("dll", "exe"):
                name += "_exe"
            else:
                name += f"_{self.digits(base)}"
        if base and base + (size or 0x1000) < 1 << 64:
            self.keep(base, _Listed(index, name, kind))
        else:
            self.names[index] = name  # the engine leaves it out, once it has made room for it


def module_names(modules: Iterable[Tuple[int, int, str]], pointer_size: int = 8) -> List[str]:
    """The debugger's name of each module of a list, in its order; a module is its base, its size and its path.

    ``pointer_size`` is that of the dumped process's machine. The rule, observed of dbgeng 10.0.15063:

    - The file's name counts, after the last ``\\``, ``/`` or ``:``, without its last extension. What is no ASCII letter or digit becomes
      ``_`` (two for a character beyond U+FFFF). A path without a letter or digit, or with unprintable characters before the first,
      gives ``Unknown_Module_`` and the base.
    - Names are equal without regard to case. Where a module comes whose name is taken, the walk through the list goes on by address: of
      an .exe and a .dll the .exe gets ``_exe`` added, whichever came first; otherwise the newcomer gets ``_`` and its base in hex added.
      It is one walk: what an .exe is renamed to may be there already, and then two modules share a name.
    - A module whose base another had before replaces it. One at 0, or whose end is no 64-bit address, is left out, after it made another
      change its name.
    """
    rows = list(modules)
    names = [""] * len(rows)
    engine = NamedModules(pointer_size, names)
    for index, (base, size, path) in enumerate(rows):
        engine.add(index, base, size, path)
    return names


def listed_names(source: Source, headers: Iterable[Tuple[int, int, int]], pointer_size: int) -> List[str]:
    """:func:`module_names` for modules that are a base, a size and the RVA of a path.

    Where paths lie over each other, those that make together more than twice the file are cut to their last characters.
    """
    window = Window(source)
    allowance = Allowance(source.size)

    def rows() -> Iterator[Tuple[int, int, str]]:
        for base, size, rva in headers:
            text = image_text(window, rva)
            if len(text) > LONG and not allowance.take(2 * len(text)):
                text = text[-LONG:]
            yield base, size, text

    return module_names(rows(), pointer_size)


def beyond_name(base: int, path: str, pointer_size: int) -> str:
    """The name of a module after the first :data:`MOST_NAMED`: that of its file with its base, which no other has."""
    engine = NamedModules(pointer_size, [])
    plain = plain_name(path.split("\0", 1)[0])
    return f"{plain}_{engine.digits(base)}" if plain else engine.unknown(base)
