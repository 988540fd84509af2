"""Sources whose bytes are put together from others; a search, which needs all of them at once, makes a copy in a temporary file."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any, BinaryIO, Iterator, Optional

from ..errors import DumpError
from .source import Buffer, Source

PIECE = 1 << 20
"""Bytes that are copied at a time."""


def no_room(name: str, error: OSError) -> DumpError:
    """That a temporary file cannot be written."""
    return DumpError(f"cannot unpack {name!r} to {tempfile.gettempdir()!r}: {error.strerror or error}", "set TMPDIR to a folder with more room")


def temporary(size: Optional[int], name: str) -> BinaryIO:
    """A file without a name, gone when it is closed. Raises DumpError when there is no room for ``size`` bytes."""
    folder = tempfile.gettempdir()
    try:
        free = shutil.disk_usage(folder).free
        if size is not None and size > free:
            raise DumpError(f"{name!r} has {size} bytes unpacked, and {folder!r} has {free} free", "set TMPDIR to a folder with more room")
        return tempfile.TemporaryFile(buffering=0)
    except OSError as error:
        raise no_room(name, error) from None


def write_all(file: BinaryIO, chunks: Iterator[bytes]) -> int:
    """Write chunks, and say how many bytes they were. Raises OSError, and what the chunks raise."""
    done = 0
    for data in chunks:
        view = memoryview(data)
        done += len(view)
        while view:
            view = view[file.write(view) :]
    return done


class Virtual(Source):
    """Bytes that :meth:`made` puts together out of ``whole``, which is closed with it."""

    def __init__(self, whole: Source, size: int, name: str) -> None:
        super().__init__(None, name, None, size)
        self.whole = whole
        self._size_now = self._left
        self.close_with(whole.close)

    def made(self, offset: int, size: int) -> bytes:
        """The bytes at a place, which are known to lie inside. Raises DumpError."""
        raise NotImplementedError

    def reach(self, size: int) -> int:
        """How many of the bytes are there when ``whole`` has ``size`` left."""
        raise NotImplementedError

    def _left(self) -> int:
        """The size as it is now: smaller when the file was cut; negative when it was closed."""
        asked = self.whole._size_now
        now = self.whole.size if asked is None else asked()
        return now if now < 0 else self.reach(now)

    def fetch(self, offset: int, size: int) -> bytes:
        """As :meth:`Source.fetch`."""
        if self._buffer is not None or self._file is not None:
            return super().fetch(offset, size)
        return self.made(offset, size)

    def private(self, size: int) -> Any:
        """As :meth:`Source.private`."""
        if self._file is None and 0 < size <= self.size:
            self._map()
        return super().private(size)

    def _map(self) -> Buffer:
        if self._file is None:
            file = temporary(self.size, self.name)
            try:
                write_all(file, (self.made(offset, min(PIECE, self.size - offset)) for offset in range(0, self.size, PIECE)))
            except OSError as error:
                file.close()
                raise no_room(self.name, error) from None
            except BaseException:
                file.close()
                raise
            self._file = file
            self._number = file.fileno() if hasattr(os, "pread") else -1
        return super()._map()
