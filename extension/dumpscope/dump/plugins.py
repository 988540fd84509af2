"""Entry points of other packages: found, loaded, and named where they fail. docs/plugins.md is the guide.

A plug-in that cannot be used is named in :data:`BROKEN`, and the rest goes on.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Iterator, List, NamedTuple, Set, Tuple

if TYPE_CHECKING:
    from importlib import metadata


class Broken(NamedTuple):
    """A plug-in that could not be used: the name of its entry point, where it leads, why it failed, and the group that names it."""

    name: str
    place: str
    why: str
    group: str = ""

    @property
    def words(self) -> str:
        """One sentence for people."""
        return f"the plug-in {self.name} ({self.place}) is left out: {self.why}"


BROKEN: List[Broken] = []
"""What failed so far, each failure once: while plug-ins were loaded, and while what they added was used."""


def blame(point: metadata.EntryPoint, why: str) -> Broken:
    """Note that a plug-in failed."""
    broken = Broken(point.name, point.value, why, point.group)
    if broken not in BROKEN:
        BROKEN.append(broken)
    return broken


def points(group: str) -> List[metadata.EntryPoint]:
    """The entry points of a group by their names, each once: Python 3.9 lists those of a package twice that stands on the path twice."""
    return sorted(_each(group), key=lambda item: (item.name, item.value))


def _each(group: str) -> Iterator[metadata.EntryPoint]:
    from importlib import metadata  # it brings many modules of the library, which most runs do without

    found: Any
    if sys.version_info >= (3, 10):
        found = metadata.entry_points(group=group)
    else:
        found = metadata.entry_points().get(group, ())
    seen: Set[Tuple[str, str]] = set()
    for point in found:
        if (point.name, point.value) not in seen:
            seen.add((point.name, point.value))
            yield point


def words_of(error: BaseException) -> str:
    """The kind of an error and what it says."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


__all__ = ["BROKEN", "Broken", "blame", "points", "words_of"]
