"""The bytes of a dump, bounded: nothing outside the file is ever read, whatever a count or an RVA says."""

from __future__ import annotations

import io
import mmap
import os
import stat
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Dict, List, Optional, Protocol, Tuple, Union

from ..errors import DumpError

if TYPE_CHECKING:
    from .archives.opening import Inside

Data = bytes  # Source.bytes hides the name inside the class

LEAST = 1 << 9
MOST = 1 << 16
"""Bytes that are read at a time, where places are asked for here and there, and where they follow each other."""

_AS_TEXT = "{!r} is open as text: a dump is opened with mode 'rb'"
_pread: Any = getattr(os, "pread", None)
Buffer = Union[bytes, mmap.mmap]


class BinaryFile(Protocol):
    """A file that is open for reading bytes: a plain one, a compressed one, one in memory."""

    def read(self, size: int = ..., /) -> bytes:
        """Bytes; all that are left without a size."""

    def seek(self, offset: int, whence: int = ..., /) -> int:
        """Go to an offset."""

    def seekable(self) -> bool:
        """Whether it can."""


Openable = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, BinaryFile]
"""What a dump is opened from: a path, its bytes, or a binary file."""


def _closed() -> int:
    """The size of a file that is closed."""
    return -1


class Source:
    """A readable buffer of ``size`` bytes with its ``name``.

    What is decoded is read piece by piece (:meth:`fetch`), so that memory does not grow with the file, and a file that is cut while
    it is open is an error at the next read. ``buffer`` is the whole file, mapped when first asked for: a touch after the new end of
    a file that shrank would end the process with a bus error, so it asks for the size first, and only search and comparisons of
    many bytes use it. Where the system has no ``pread`` (Windows, which does not let a mapped file be cut) all reads go to the mapping.
    """

    size: int

    def __init__(self, buffer: Optional[Buffer], name: str, file: Optional[BinaryIO] = None, size: int = 0) -> None:
        self.name = name
        self.inside: Optional[Inside] = None
        """The archive that the bytes come from; None for a file of its own."""
        self.fault: Optional[DumpError] = None
        """Why there is no dump to read, where the file is an archive and none could be taken out of it."""
        self.made_of = ""
        """What the bytes are made of, where they are those of a minidump that is in no file: words such as ``a user dump of the old format``."""
        self.reasons: Dict[int, str] = {}
        """Of such a minidump: why a list is empty, by the stream's type. Words about the stream would be about what no file has."""
        self.size = size if buffer is None else len(buffer)
        self._buffer = buffer
        self._file = file
        self._companions: List[Callable[[], None]] = []
        self._number = file.fileno() if file is not None and _pread else -1
        # mmap.size() asks the system for the file's size now; it costs less than os.fstat().
        self._size_now: Optional[Callable[[], int]] = getattr(buffer, "size", None if file is None else self._ask)

    def in_file(self, offset: int) -> Optional[int]:
        """Where in the file the bytes at an offset are: the offset itself, but for a minidump that is made of another file (``made_of``); None
        for what is in no file."""
        return offset

    @classmethod
    def from_path(cls, path: Union[str, os.PathLike[str]]) -> Source:
        """Open the file at ``path``. Raises DumpError when there is no such file or it cannot be read."""
        name = os.fspath(path)
        try:
            # A FIFO would block in open(), a device has no end: look before.
            mode = os.stat(name).st_mode
            if stat.S_ISDIR(mode):
                raise DumpError(f"{name!r} is a folder, not a dump", "give the path of a .dmp file inside it; `dumpscope triage FOLDER` reads all of them")
            if not stat.S_ISREG(mode):
                raise DumpError(f"{name!r} is not a regular file", "copy the dump to a file first")
            file = open(name, "rb", buffering=0)  # noqa: SIM115 - closed by close()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise DumpError(f"cannot open {name!r}: {reason}", "check the path and the rights on the file") from None
        return cls._of_file(file, name)

    @classmethod
    def from_object(cls, thing: Union[bytes, bytearray, memoryview, BinaryFile]) -> Source:
        """Wrap bytes, or an open binary file: a regular one is read where it lies, one that can seek by ranges, anything else to its end.

        One that is read by ranges must stay open as long as the dump is, and is not closed with it.
        Raises DumpError for what cannot be read, TypeError for what is neither.
        """
        if isinstance(thing, (Data, bytearray, memoryview)):
            return cls(Data(thing), "<bytes>")
        name = getattr(thing, "name", "<file>")
        name = name if isinstance(name, str) else "<file>"
        if not hasattr(thing, "read"):
            raise TypeError(f"a dump is opened from a path, from bytes or from a binary file, not from {type(thing).__name__}")
        # Only of a plain file are the bytes those of its descriptor: of a compressed one they are not.
        raw = getattr(thing, "raw", thing)
        if isinstance(raw, io.FileIO):
            number = raw.fileno()
            mode = os.fstat(number).st_mode
            if stat.S_ISREG(mode):
                # A descriptor of our own: the caller may close his.
                return cls._of_file(open(os.dup(number), "rb", buffering=0), name)
            if stat.S_ISCHR(mode):
                raise DumpError(f"{name!r} is not a regular file", "copy the dump to a file first")
        elif isinstance(raw, io.BytesIO):
            thing.seek(0)
        else:
            from .ranges import Ranged, by_ranges

            if not isinstance(thing.read(0), Data):
                raise TypeError(_AS_TEXT.format(name))
            if by_ranges(thing):
                from .archives.reading import Part

                ranged = Ranged(thing, name)
                return Part(ranged, 0, ranged.size, name)  # which makes a copy for those that ask for all bytes at once
            if thing.seekable():
                thing.seek(0)
        data = thing.read()
        if not isinstance(data, Data):
            raise TypeError(_AS_TEXT.format(name))
        return cls(data, name)

    @classmethod
    def _of_file(cls, file: BinaryIO, name: str) -> Source:
        """A source over a file that is now ours to close. Raises DumpError."""
        try:
            size = os.fstat(file.fileno()).st_size
            source = cls(None if size else b"", name, file, size)  # an empty file cannot be mapped
            if size and source._number < 0:
                source._map()
        except OSError as error:
            file.close()
            raise DumpError(f"cannot read {name!r}: {error.strerror}", "copy the dump to a local disk") from None
        except DumpError:
            file.close()
            raise
        return source

    def _map(self) -> Buffer:
        """Map the whole file. Raises DumpError."""
        import mmap

        assert self._file is not None
        try:
            buffer = self._buffer = mmap.mmap(self._file.fileno(), self.size, access=mmap.ACCESS_READ)
        except (OSError, ValueError, OverflowError) as error:
            self.check()
            raise DumpError(f"cannot map {self.name!r}: {error}", "copy the dump to a local disk") from None
        self._size_now = buffer.size
        return buffer

    @property
    def descriptor(self) -> Optional[int]:
        """The open file whose bytes these are, for the system to copy from; None where they come from elsewhere."""
        return self._number if type(self) is Source and self._number >= 0 else None

    def _ask(self) -> int:
        """The size of the file now."""
        assert self._file is not None
        return os.fstat(self._file.fileno()).st_size

    def private(self, size: int) -> Optional[mmap.mmap]:
        """A copy of the first ``size`` bytes that may be changed and costs the pages that are; None where the source is no file."""
        if self._file is None or not 0 < size <= self.size:
            return None
        import mmap

        self.check()
        return mmap.mmap(self._file.fileno(), size, access=mmap.ACCESS_COPY)

    def close(self) -> None:
        """Unmap and close, and with it what :meth:`close_with` was told of. What was decoded before stays valid."""
        while self._companions:
            self._companions.pop()()
        buffer, self._buffer, self.size = self._buffer, b"", 0
        if buffer is not None and hasattr(buffer, "close"):
            try:
                buffer.close()
            except BufferError:
                pass  # a memoryview of it is still held; it goes when that goes
        self._number = -1
        if self._file is not None:
            self._file.close()
            self._file = None
        self._size_now = _closed

    def close_with(self, close: Callable[[], None]) -> None:
        """Have ``close`` called when the file is closed: for files that were opened because of it, such as images."""
        self._companions.append(close)

    @property
    def buffer(self) -> Buffer:
        """The bytes of the file. Raises DumpError when it was cut or closed meanwhile."""
        buffer = self._buffer
        if buffer is None:
            return self._map()
        if self._size_now is not None and self._size_now() < self.size:
            self.check()
        return buffer

    def check(self) -> None:
        """Raise DumpError if the file has become smaller since it was opened, or was closed."""
        if self._size_now is not None:
            size = self._size_now()
            if size < 0:
                raise DumpError(f"{self.name!r} was closed", "open it again")
            if size < self.size:
                raise DumpError(
                    f"{self.name!r} was cut from {self.size} to {size} bytes while open", "open it again", offset=size, needed=self.size, available=size
                )

    def release(self) -> None:
        """Let the system take back the pages of the mapping that were read; they come again when touched.

        Without it a walk through a large file would count as memory of the process.
        """
        buffer = self._buffer
        if buffer is not None and hasattr(buffer, "madvise"):
            import mmap

            buffer.madvise(mmap.MADV_DONTNEED)

    def available(self, offset: int, wanted: int) -> int:
        """How many of the ``wanted`` bytes at ``offset`` the file holds."""
        if offset < 0 or offset >= self.size or wanted <= 0:
            return 0
        return min(wanted, self.size - offset)

    def bytes(self, offset: int, size: int, what: str) -> Data:
        """Exactly ``size`` bytes at ``offset``. Raises DumpError, saying that ``what`` is cut short."""
        got = self.available(offset, size)
        if got < size:
            raise DumpError(
                f"{what} needs 0x{size:x} bytes at 0x{offset:x}, and the file holds {f'0x{got:x}' if got else 'none'} of them",
                "the file may be cut: compare its size with the original",
                offset=offset,
                needed=size,
                available=got,
            )
        return self.fetch(offset, size)

    def fetch(self, offset: int, size: int) -> Data:
        """The ``size`` bytes at ``offset``, which are known to lie inside the file as it was opened. Raises DumpError when it was cut."""
        if self._number >= 0:
            try:
                data: Data = _pread(self._number, size, offset)
                return data if len(data) == size else self._rest(data, offset, size)
            except OSError as error:
                raise DumpError(f"cannot read {self.name!r}: {error.strerror}", "copy the dump to a local disk", offset=offset, needed=size) from None
        return self.buffer[offset : offset + size]

    def _rest(self, data: Data, offset: int, size: int) -> Data:
        """What one call of the system did not give: it reads 2 GiB at the most."""
        parts = [data]
        got = len(data)
        while data and got < size:
            data = _pread(self._number, size - got, offset + got)
            parts.append(data)
            got += len(data)
        if got < size:
            self.check()
        return b"".join(parts)

    def some(self, offset: int, size: int) -> Data:
        """As many of ``size`` bytes at ``offset`` as the file holds; perhaps none."""
        if not 0 <= offset < self.size or size <= 0:
            if self._size_now is _closed:
                self.check()
            return b""
        return self.fetch(offset, size if offset + size <= self.size else self.size - offset)


class Window:
    """Bytes of the file, read ahead as long as they are asked for one after the other."""

    __slots__ = ("source", "step", "view")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.step = LEAST
        self.view = (0, b"")
        """Where the bytes begin, and they: changed together, since another thread may read too."""

    def see(self, offset: int, size: int) -> Tuple[bytes, int]:
        """Bytes, and where in them those at ``offset`` are: as many of ``size`` as the file has."""
        low, data = self.view
        place = offset - low
        if place >= 0 and place + size <= len(data):
            return data, place
        # Writers lay strings, and contexts, one after the other: more is read at a time as long as that is how they are asked for.
        self.step = min(self.step * 2, MOST) if 0 <= place <= len(data) + LEAST else LEAST
        data = self.source.some(offset, max(size, self.step))
        self.view = (offset, data)
        return data, 0
