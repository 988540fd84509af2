"""Several files of one folder that appear all or not at all."""

from __future__ import annotations

import os
import tempfile
from typing import Dict, List, Mapping

from ..errors import UsageError

SHOWN = 3
"""Names of files in the way that a message gives."""


def write_files(folder: str, files: Mapping[str, bytes], *, force: bool = False) -> List[str]:
    """Write files into a folder, which is made if it is not there; returns the names of those that changed, in order.

    A file with the same bytes stays as it is. Raises UsageError where one with other bytes is there and ``force`` is not given, or where
    something that is no regular file has the name; OSError when the folder cannot be written. In each case nothing has changed.
    """
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(f"{folder!r} is not a folder", "give the name of a folder, there or new")
    wanted = [name for name in sorted(files) if not _same(os.path.join(folder, name), files[name])]
    there = [name for name in wanted if os.path.lexists(os.path.join(folder, name))]
    odd = [name for name in there if not os.path.isfile(os.path.join(folder, name))]
    if odd:
        raise UsageError(f"{os.path.join(folder, odd[0])!r} is not a regular file", "give another folder")
    if there and not force:
        named = ", ".join(there[:SHOWN]) + (f" and {len(there) - SHOWN} more" if len(there) > SHOWN else "")
        raise UsageError(f"{folder!r} has other files under these names: {named}", "give another folder, or --force to replace them")
    made = _make(folder)
    try:
        _exchange(folder, {name: files[name] for name in wanted})
    except BaseException:
        for path in reversed(made):
            os.rmdir(path)
        raise
    return wanted


def _same(path: str, data: bytes) -> bool:
    try:
        if not os.path.isfile(path) or os.path.getsize(path) != len(data):
            return False
        with open(path, "rb") as file:
            return file.read() == data
    except OSError:
        return False


def _make(folder: str) -> List[str]:
    """Make the folder and what leads to it; the paths that were made, the outermost first."""
    missing: List[str] = []
    path = os.path.abspath(folder)
    while not os.path.isdir(path) and os.path.dirname(path) != path:
        missing.insert(0, path)
        path = os.path.dirname(path)
    made: List[str] = []
    try:
        for path in missing:
            os.mkdir(path)
            made.append(path)
    except OSError:
        for path in reversed(made):
            os.rmdir(path)
        raise
    return made


def _exchange(folder: str, files: Dict[str, bytes]) -> None:
    """Give all files their names, after all of them were written under others; what stood there comes back when one fails."""
    if not files:
        return
    with tempfile.TemporaryDirectory(prefix=".dumpscope-", dir=folder) as held:
        for name, data in files.items():
            with open(os.path.join(held, name), "wb") as file:
                file.write(data)
        kept: Dict[str, bool] = {}
        try:
            for name in files:
                path = os.path.join(folder, name)
                kept[name] = os.path.lexists(path)
                if kept[name]:
                    os.replace(path, os.path.join(held, name + ".old"))
                os.replace(os.path.join(held, name), path)
        except BaseException:
            for name, old in kept.items():
                path = os.path.join(folder, name)
                if old and os.path.lexists(os.path.join(held, name + ".old")):
                    os.replace(os.path.join(held, name + ".old"), path)
                elif not old and not os.path.lexists(os.path.join(held, name)) and os.path.lexists(path):
                    os.unlink(path)
            raise


__all__ = ["write_files"]
