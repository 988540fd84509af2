"""How many files a run will read: counted beside it, so that it can say how much is left."""

from __future__ import annotations

import os
from threading import Thread
from typing import Iterable, Iterator, Set

from ..dump.stores import is_address, listed
from .facts import Row

AT_ONCE = 1000
"""Files that are counted between two looks at whether the run has ended."""


class Expected:
    """The rows that a run will have. ``known`` are paths that are done already; an archive counts as one file until its members are known."""

    def __init__(self, files: Iterable[str], known: Iterable[str] = ()) -> None:
        self._files = files
        self._known = len(set(known))
        self._archives: Set[str] = set()
        self._more = 0
        self._number = 0
        self._complete = self._ended = False
        self.done = 0

    def start(self) -> None:
        """Count in a thread that ends with the program."""
        Thread(target=self.count, daemon=True).start()

    def count(self) -> None:
        """Count the files. An error, such as a folder that cannot be read, leaves the number unknown."""
        try:
            for _ in self._files:
                self._number += 1
                if self._ended and not self._number % AT_ONCE:
                    return
        except Exception:  # noqa: BLE001  the run itself says what is wrong
            return
        self._complete = True

    def end(self) -> None:
        """The run has ended: counting is of no use any more."""
        self._ended = True

    def add(self, row: Row) -> None:
        """One row is done."""
        self.done += 1
        if row["member"]:
            self._more += row["path"] in self._archives
            self._archives.add(row["path"])

    @property
    def total(self) -> int:
        """Rows of the whole run, 0 while it is not known."""
        return max(self.done, self._number + self._more - self._known) if self._complete else 0


def files_in(paths: Iterable[str]) -> Iterator[str]:
    """The files in files and folders, without a look at them."""
    for path in paths:
        if is_address(path):
            yield from (stored.address for stored in listed(path))
            continue
        if not os.path.isdir(path):
            yield path
            continue
        for folder, _, names in os.walk(path):
            for name in names:
                yield os.path.join(folder, name)
