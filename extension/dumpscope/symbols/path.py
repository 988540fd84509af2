"""Search paths in the debugger's grammar, as ``.sympath``, ``_NT_SYMBOL_PATH`` and ``_NT_EXECUTABLE_IMAGE_PATH`` take them.

Elements are separated by ``;``. An element is a folder, a symbol server (``srv*STORE*STORE*URL``,
``symsrv*symsrv.dll*STORE*URL``, or a URL alone), or ``cache*FOLDER``, which is a cache for all elements after it.
(Microsoft Learn, "Symbol path for Windows debuggers" and "Advanced SymSrv Use".)
"""

from __future__ import annotations

import os
import sys
from typing import Iterable, List, Mapping, NamedTuple, Tuple

from ..errors import UsageError

FOLDER = "folder"
SERVER = "server"

MICROSOFT = "https://msdl.microsoft.com/download/symbols"
"""What ``srv*`` alone stands for (Microsoft Learn, "Symbol path for Windows debuggers")."""


class Element(NamedTuple):
    """One element of a path.

    ``kind`` is ``folder`` or ``server``. ``stores`` are the places in the order that they are asked: for a folder it alone; for a
    server local stores, nearest first, and URLs. What is found in one is copied to the local ones before it. ``text`` is the element
    as it was written.
    """

    kind: str
    stores: Tuple[str, ...]
    text: str

    @property
    def local(self) -> Tuple[str, ...]:
        """The stores that are folders."""
        return tuple(store for store in self.stores if not is_url(store))

    @property
    def urls(self) -> Tuple[str, ...]:
        """The stores that are URLs."""
        return tuple(store for store in self.stores if is_url(store))


def is_url(place: str) -> bool:
    """Whether a place is reached through HTTP."""
    return place.lower().startswith(("http://", "https://"))


def default_cache(environ: Mapping[str, str]) -> str:
    """Where downloads go if the path names no local store.

    ``%LOCALAPPDATA%\\dumpscope\\symbols`` on Windows, else ``$XDG_CACHE_HOME/dumpscope/symbols``, by default in ``~/.cache``.
    """
    root = environ.get("LOCALAPPDATA", "") if sys.platform == "win32" else environ.get("XDG_CACHE_HOME", "")
    home = environ.get("HOME") or os.path.expanduser("~")
    return os.path.join(root or os.path.join(home, ".cache"), "dumpscope", "symbols")


def parse_path(texts: Iterable[str], environ: Mapping[str, str]) -> List[Element]:
    """The elements of one or more paths, in order. ``~`` and ``%NAME%`` are replaced.

    Raises UsageError for an element that names a server and says nothing of where it is.
    """
    elements: List[Element] = []
    caches: Tuple[str, ...] = ()
    for text in texts:
        for part in text.split(";"):
            part = part.strip().strip('"')
            if not part:
                continue
            head, star, rest = part.partition("*")
            kind = head.strip().lower()
            if star and kind == "cache":
                if "*" in rest:
                    raise UsageError(f"{part!r}: cache* takes one folder", f"cache*{rest.partition('*')[0]};srv*URL")
                place = _expanded(rest.strip().strip('"'), environ) or default_cache(environ)
                caches = (*caches, place)
                elements.append(Element(SERVER, (place,), part))
            elif star and kind in ("srv", "symsrv"):
                names = rest.split("*")
                if kind == "symsrv":
                    # The library's name: symsrv.dll or another one that does the same.
                    names = names[1:]
                elements.append(_server(part, names, caches, environ))
            elif star:
                raise UsageError(f"{part!r} is no element of a symbol path", "use FOLDER, srv*STORE*URL, symsrv*symsrv.dll*STORE*URL or cache*FOLDER")
            elif is_url(part):
                elements.append(_server(part, [part], caches, environ))
            else:
                elements.append(Element(FOLDER, (_expanded(part, environ),), part))
    return elements


def usable(texts: Iterable[str], environ: Mapping[str, str]) -> Tuple[List[str], List[UsageError]]:
    """The elements of a path of the environment that can be read, as they are written, and what is wrong with the others."""
    good: List[str] = []
    bad: List[UsageError] = []
    for part in (part.strip() for text in texts for part in text.split(";")):
        try:
            good += [part] if parse_path([part], environ) else []
        except UsageError as error:
            bad.append(error)
    return good, bad


def _server(text: str, names: List[str], caches: Tuple[str, ...], environ: Mapping[str, str]) -> Element:
    """``srv*…``: an empty name between stars is the default store; a URL with no store before it gets one."""
    names = [name.strip().strip('"') for name in names]
    if not any(names):
        names = ["", MICROSOFT]
    stores = list(caches)
    for name in names:
        place = (name.rstrip("/") if is_url(name) else _expanded(name, environ)) if name else default_cache(environ)
        if is_url(place) and not any(not is_url(store) for store in stores):
            stores.append(default_cache(environ))
        if place not in stores:
            stores.append(place)
    return Element(SERVER, tuple(stores), text)


def _expanded(place: str, environ: Mapping[str, str]) -> str:
    """A folder with ``%NAME%`` and a ``~`` at its start replaced; a name that the environment lacks stays."""
    parts = place.split("%")
    found = parts[0]
    index = 1
    while index < len(parts):
        name = parts[index]
        value = environ.get(name) if index + 1 < len(parts) else None
        if value is None:
            found += f"%{name}"
            index += 1
        else:
            found += value + parts[index + 1]
            index += 2
    if found == "~" or found.startswith(("~/", "~\\")):
        home = environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")
        found = home + found[1:]
    return found
