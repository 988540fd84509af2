"""Where files are looked for: in folders and in the stores of symbol servers."""

from __future__ import annotations

import os
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Protocol, Tuple, Union
from urllib.parse import quote

from ..dump.absence import Absent
from .path import FOLDER, Element, is_url

USED = "used"
MISSING = "missing"
MISMATCH = "mismatch"
UNREADABLE = "unreadable"

MAX_FILE_NAME = 255
MAX_LISTING = 200_000
"""Names of a folder that are looked at for one that differs in case only."""
MAX_POINTER = 4096
"""Bytes of a ``file.ptr`` that are read."""


class Tried(NamedTuple):
    """One place where something was looked for.

    ``module`` is the module's file name, ``what`` is ``image`` or ``symbols``, ``place`` a path, an address in the dump, or a URL,
    ``result`` one of ``used``, ``missing``, ``mismatch``, ``unreadable``; ``reason`` says in words why it is not ``used``.
    """

    module: str
    what: str
    place: str
    result: str
    reason: str = ""


class Candidate(NamedTuple):
    """A place where a file may be: its ``path`` if there is one, else ``reason`` says why not."""

    place: str
    path: Optional[str]
    reason: str = ""


class Fetcher(Protocol):
    """Gets files from servers."""

    def fetch(self, url: str, store: str, name: str, key: str) -> Union[str, Absent]:
        """Path of the file ``name`` under ``key`` in the local ``store``, once it was downloaded from ``url``."""


def safe_name(name: str) -> bool:
    """Whether a name from a dump can be a file's name: it must not lead out of the folder that it is looked for in."""
    return bool(name) and len(name) <= MAX_FILE_NAME and name not in (".", "..") and not set(name) & set('/\\:*?"<>|\0') and name.isprintable()


def safe_key(key: str) -> bool:
    """Whether a key is one: digits and letters."""
    return 0 < len(key) <= 64 and key.isascii() and key.replace("-", "").isalnum()


class Folder:
    """A folder whose names are found whatever their case is, as on Windows."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._names: Optional[Dict[str, str]] = None

    def child(self, name: str) -> Optional[str]:
        """Path of the entry called ``name``, None if there is none."""
        path = os.path.join(self.path, name)
        if os.path.lexists(path):
            return path
        if self._names is None:
            self._names = {}
            try:
                with os.scandir(self.path) as entries:
                    for number, entry in enumerate(entries):
                        if number >= MAX_LISTING:
                            break
                        self._names.setdefault(entry.name.casefold(), entry.name)
            except OSError:
                pass
        found = self._names.get(name.casefold())
        return None if found is None else os.path.join(self.path, found)


class Search:
    """Looks for files along a path. ``fetcher`` gets them from servers; without one URLs are named and not asked."""

    def __init__(self, elements: Iterable[Element], fetcher: Optional[Fetcher] = None) -> None:
        self.elements: List[Element] = list(elements)
        self._fetcher = fetcher
        self._folders: Dict[str, Folder] = {}

    def __bool__(self) -> bool:
        return bool(self.elements)

    def _find(self, root: str, parts: Tuple[str, ...]) -> Optional[str]:
        """The path ``root/parts…`` where each part is found whatever its case; None if there is none."""
        path: Optional[str] = root
        for part in parts:
            if path is None:
                return None
            path = self._folders.setdefault(path, Folder(path)).child(part)
        return path

    def candidates(self, name: str, key: str, folder: str = "", ways: Iterable[Tuple[str, ...]] = ()) -> Iterator[Candidate]:
        """Where the file ``name`` may be, in the order of the path.

        ``key`` is what a server files it under, in the folder ``folder`` (by default its own name). In a plain folder it is looked for
        in the folder itself, in ``EXT`` and ``symbols/EXT`` as the debugger does, in the ``ways`` given, and in a server's tree.
        """
        folder = folder or name
        for element in self.elements:
            if element.kind == FOLDER:
                yield from self._in_folder(element.stores[0], name, key, folder, ways)
            else:
                yield from self._in_stores(element, name, key, folder)

    def _in_folder(self, root: str, name: str, key: str, folder: str, ways: Iterable[Tuple[str, ...]]) -> Iterator[Candidate]:
        extension = name.rpartition(".")[2].lower()
        plain = [(name,), (extension, name), ("symbols", extension, name), *ways]
        for way in plain:
            path = self._find(root, way)
            if path is not None:
                yield Candidate(path, path)
        yield from self._in_tree(root, name, key, folder, root)

    def _in_tree(self, root: str, name: str, key: str, folder: str, shown: str) -> Iterator[Candidate]:
        """``FOLDER/KEY/NAME``; where the tree has two levels (index2.txt), ``FO/FOLDER/KEY/NAME``."""
        if not safe_key(key):
            yield Candidate(os.path.join(shown, name), None, "no such file, and no key is known to look for it in a server's tree")
            return
        way: Tuple[str, ...] = (folder, key, name)
        if self._find(root, ("index2.txt",)):
            way = (folder[:2], *way)
        path = self._find(root, way)
        if path is not None:
            yield Candidate(path, path)
            return
        where = os.path.join(shown, *way)
        home = self._find(root, way[:-1])
        if home is not None:
            pointer = self._find(home, ("file.ptr",))
            if pointer is not None:
                yield _pointed(pointer)
                return
            packed = self._find(home, (name[:-1] + "_",))
            if packed is not None:
                yield Candidate(packed, None, "a compressed file (CAB): expand it to the name without the underscore")
                return
        yield Candidate(where, None, "no such file")

    def _in_stores(self, element: Element, name: str, key: str, folder: str) -> Iterator[Candidate]:
        local = ""
        for store in element.stores:
            if not is_url(store):
                local = local or store
                yield from self._in_tree(store, name, key, folder, store)
                continue
            where = f"{store}/{quote(folder)}/{key}/{quote(name)}"
            if not safe_key(key):
                yield Candidate(where, None, "no key is known to ask for")
            elif self._fetcher is None:
                yield Candidate(where, None, "not asked: downloads need --download")
            else:
                found = self._fetcher.fetch(where, os.path.join(local, folder, key), name, key)
                yield Candidate(where, None, found.message) if isinstance(found, Absent) else Candidate(found, found)


def _pointed(pointer: str) -> Candidate:
    """What a ``file.ptr`` leads to: a local file that is there is taken, anything else is said."""
    try:
        with open(pointer, "rb") as file:
            text = file.read(MAX_POINTER).decode("utf-8", "replace").strip()
    except OSError as error:
        return Candidate(pointer, None, f"cannot read it: {error.strerror}")
    target = text[5:] if text[:5].upper() == "PATH:" else ""
    if target and os.path.isabs(target) and not target.startswith(("\\\\", "//")) and os.path.isfile(target):
        return Candidate(target, target)
    return Candidate(pointer, None, f"it points to {text[:200]!r}, which is not followed")
