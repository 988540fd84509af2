"""A dump that is read as if some entries of its directory were not there."""

from __future__ import annotations

from typing import Container, Iterator, List

from ..dump.directory import Directory, Stream
from ..dump.minidump import Minidump


class Without(Minidump):
    """The same dump without some entries of its directory."""

    def __init__(self, dump: Minidump, drop: Container[int]) -> None:
        super().__init__(dump.source)
        self.streams = _Some(dump, [stream for stream in dump.streams if stream.index not in drop])


class _Some(Directory):
    """A directory that is walked without some of its entries; by number, all are there."""

    def __init__(self, dump: Minidump, streams: List[Stream]) -> None:
        super().__init__(dump.source, dump.header)
        self._some = streams

    def __iter__(self) -> Iterator[Stream]:
        return iter(self._some)
