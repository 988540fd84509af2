"""A file object that can seek, read by ranges: of a dump in a bucket only the parts that are asked for are fetched."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, List, Optional

from ..errors import DumpError
from .source import BinaryFile, Source

BLOCK = 1 << 16
"""Bytes that are read at a time, from multiples of it on."""
BLOCKS = 256
"""Blocks that are kept."""
_PACKED = frozenset(("gzip", "bz2", "lzma", "zipfile"))


def by_ranges(thing: BinaryFile) -> bool:
    """Whether a file object is read by ranges. What is packed is not, although it says that it can seek: it unpacks from its beginning for that."""
    return type(thing).__module__.partition(".")[0] not in _PACKED and bool(thing.seekable())


class Ranged(Source):
    """The bytes of a file object. The object stays its owner's: it is not closed, and it must stay open. Its position moves."""

    def __init__(self, thing: BinaryFile, name: str) -> None:
        self._thing: Optional[BinaryFile] = thing
        self._lock = Lock()
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        try:
            size = thing.seek(0, 2)
            if not isinstance(size, int):
                tell: Any = getattr(thing, "tell")  # noqa: B009  not every object that can seek says where it is then
                size = tell()
        except Exception as error:  # noqa: BLE001  stores have errors of their own
            raise self._unread(name, error) from None
        super().__init__(None, name, None, size)

    @staticmethod
    def _unread(name: str, error: BaseException) -> DumpError:
        return DumpError(f"cannot read {name!r}: {str(error) or type(error).__name__}", "open it again, or copy the dump to a local disk")

    def fetch(self, offset: int, size: int) -> bytes:
        """As :meth:`Source.fetch`: whole blocks are read and kept for small reads, large ones are read as they are."""
        if self._thing is None:
            self.check()
        with self._lock:
            if size > BLOCK * BLOCKS // 4:
                return self._read(offset, size)
            first = offset - offset % BLOCK
            wanted = range(first, offset + size, BLOCK)
            self._gather([place for place in wanted if place not in self._blocks])
            parts = [self._block(place) for place in wanted]
        start = offset - first
        return parts[0][start : start + size] if len(parts) == 1 else b"".join(parts)[start : start + size]

    def _gather(self, missing: List[int]) -> None:
        """Read blocks that follow each other at once: in a store each read is a request."""
        at = 0
        while at < len(missing):
            end = at + 1
            while end < len(missing) and missing[end] == missing[end - 1] + BLOCK:
                end += 1
            if end - at > 1:
                first = missing[at]
                data = self._read(first, min((end - at) * BLOCK, self.size - first))
                for place in missing[at:end]:
                    self._keep(place, data[place - first : place - first + BLOCK])
            at = end

    def _keep(self, place: int, data: bytes) -> None:
        self._blocks[place] = data
        if len(self._blocks) > BLOCKS:
            self._blocks.popitem(last=False)

    def _block(self, place: int) -> bytes:
        data = self._blocks.get(place)
        if data is None:
            data = self._read(place, min(BLOCK, self.size - place))
            self._keep(place, data)
        else:
            self._blocks.move_to_end(place)
        return data

    def _read(self, offset: int, size: int) -> bytes:
        thing = self._thing
        if thing is None:
            raise DumpError(f"{self.name!r} was closed", "open it again")
        parts = []
        got = 0
        try:
            thing.seek(offset)
            while got < size:
                data = thing.read(size - got)
                if not data:
                    break
                parts.append(data)
                got += len(data)
        except Exception as error:  # noqa: BLE001  stores have errors of their own
            raise self._unread(self.name, error) from None
        if got < size:
            raise DumpError(f"{self.name!r} was cut to {offset + got} bytes while open", "open it again", offset=offset, needed=size, available=got)
        return b"".join(parts)[:size]

    def close(self) -> None:
        """Let go of the file object, which is not closed."""
        self._thing = None
        self._blocks.clear()
        super().close()
