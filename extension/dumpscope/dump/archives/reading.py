"""A member of an archive as a source: read where it lies when it is stored, else unpacked into memory or a temporary file."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any, BinaryIO, Iterator, List, Optional

from ...errors import DumpError
from ..source import Buffer, Source
from .member import PIECE, SMALL, Archive, Member, bounded


class Part(Source):
    """A part of another source, from ``place`` on. Its ``buffer``, which search asks for, is a copy in a temporary file; all else is read in place."""

    def __init__(self, whole: Source, place: int, size: int, name: str) -> None:
        super().__init__(None, name, None, size)
        self.whole = whole
        self.place = place
        self._size_now = self._left
        self.close_with(whole.close)

    def _left(self) -> int:
        """The size as it is now: smaller when the file was cut; negative when it was closed."""
        asked = self.whole._size_now
        now = self.whole.size if asked is None else asked()
        return now if now < 0 else min(self.size, max(0, now - self.place))

    def fetch(self, offset: int, size: int) -> bytes:
        """As :meth:`Source.fetch`."""
        if self._buffer is not None or self._file is not None:
            return super().fetch(offset, size)
        return self.whole.fetch(self.place + offset, size)

    def private(self, size: int) -> Any:
        """As :meth:`Source.private`."""
        if self._file is None and 0 < size <= self.size:
            self._map()
        return super().private(size)

    def _map(self) -> Buffer:
        if self._file is None:
            file = temporary(self.size, self.name)
            try:
                _write(file, self._copied())
            except OSError as error:
                file.close()
                raise _full(self.name, error) from None
            self._file = file
            self._number = file.fileno() if hasattr(os, "pread") else -1
        return super()._map()

    def _copied(self) -> Iterator[bytes]:
        for offset in range(0, self.size, PIECE):
            yield self.whole.fetch(self.place + offset, min(PIECE, self.size - offset))


def _full(name: str, error: OSError) -> DumpError:
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
        raise _full(name, error) from None


def _write(file: BinaryIO, chunks: Iterator[bytes]) -> int:
    done = 0
    for data in chunks:
        view = memoryview(data)
        done += len(view)
        while view:
            view = view[file.write(view) :]
    return done


def unpacked(archive: Archive, source: Source, member: Member, name: str) -> Source:
    """A member's bytes. The source is its own: ``source`` may be closed afterwards unless :class:`Part` is given. Raises DumpError."""
    if member.place is not None and member.size is not None and not member.reason:
        if source.available(member.place, member.size) < member.size:
            message = f"{member.name!r} in {source.name!r} needs 0x{member.size:x} bytes at 0x{member.place:x}, and the file ends before"
            raise DumpError(message, "the archive is cut: fetch it again", offset=member.place, needed=member.size, available=source.size - member.place)
        return Part(source, member.place, member.size, name)
    kept: List[bytes] = []
    done = 0
    chunks = bounded(archive, source, member)
    for data in chunks:
        kept.append(data)
        done += len(data)
        if done > SMALL:
            break
    else:
        source.close()
        return Source(b"".join(kept), name)
    file = temporary(member.size, name)
    try:
        done = _write(file, iter(kept))
        kept.clear()
        done += _write(file, chunks)
        source.close()
        return Source._of_file(file, name)
    except OSError as error:
        file.close()
        raise _full(name, error) from None
    except BaseException:
        file.close()
        raise
