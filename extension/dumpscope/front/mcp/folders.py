"""Which files an agent may name: those below the folders that were named when the server was started."""

from __future__ import annotations

import os
from typing import List, Sequence, Tuple

from ...errors import UsageError


class Folders:
    """The folders that may be read. Links are followed before a path is judged, so none leads out."""

    def __init__(self, folders: Sequence[str], write: str = "") -> None:
        self.writes = os.path.realpath(write) if write else ""
        if write and not os.path.isdir(self.writes):
            raise UsageError(f"{write!r} is not a folder", "dumpscope mcp FOLDER --write FOLDER")
        self.roots: Tuple[str, ...] = tuple(os.path.realpath(folder) for folder in folders)
        for folder, root in zip(folders, self.roots):
            if not os.path.isdir(root):
                raise UsageError(f"{folder!r} is not a folder", "dumpscope mcp FOLDER")

    def inside(self, path: str) -> str:
        """The real path of a file below one of the folders; a relative one is looked for in each. Raises UsageError.

        ``archive.zip!member`` is judged by the archive.
        """
        for outer, mark, member in ((path, "", ""), path.partition("!")):  # a file whose name has the mark comes first
            for root in self.roots:
                real = os.path.realpath(os.path.join(root, outer))
                if self.holds(root, real) and os.path.exists(real):
                    return real + mark + member
        raise UsageError(f"{path!r} is not a file below the folders that this server may read", "the tool list_dumps names those that are")

    def new(self, name: str) -> str:
        """The path of a file that is to be made, below the folder that may be written to. Raises UsageError."""
        if not self.writes:
            raise UsageError("this server writes no files", "dumpscope mcp FOLDER --write FOLDER")
        path = os.path.join(self.writes, name)
        folder = os.path.realpath(os.path.dirname(path))
        if not name.strip() or not self.holds(self.writes, folder) or not os.path.isdir(folder) or os.path.lexists(path):
            raise UsageError(f"{name!r} is no new file below the folder that may be written to", "give a name that is not there yet, without ..")
        return os.path.join(folder, os.path.basename(path))

    @staticmethod
    def holds(root: str, real: str) -> bool:
        """Whether a real path is the folder or lies below it."""
        return real == root or real.startswith(root.rstrip(os.sep) + os.sep)

    def dumps(self, most: int) -> Tuple[Tuple[Tuple[str, int], ...], bool]:
        """Files that can be dumps, as (path, bytes), ``most`` of them at the most, and whether there are more. Links to folders are not followed."""
        found: List[Tuple[str, int]] = []
        for root in self.roots:
            for folder, names, files in os.walk(root):
                names.sort()
                for name in sorted(files):
                    if not name.lower().endswith(ENDINGS):
                        continue
                    path = os.path.join(folder, name)
                    real = os.path.realpath(path)
                    if not self.holds(root, real) or not os.path.isfile(real):
                        continue
                    if len(found) >= most:
                        return tuple(found), True
                    found.append((path, os.path.getsize(real)))
        return tuple(found), False


ENDINGS = (".dmp", ".mdmp", ".hdmp", ".zip", ".cab", ".gz", ".xz", ".bz2", ".zst", ".7z")
