"""The bytes of a dump, bounded: nothing outside the file is ever read, whatever a count or an RVA says."""

from __future__ import annotations

import io
import mmap
import os
import stat

from ..errors import DumpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Callable, Optional, Union

Data = bytes  # Source.bytes hides the name inside the class
if TYPE_CHECKING:
    Buffer = Union[bytes, mmap.mmap]


def _closed() -> int:
    """The size of a file that is closed."""
    return -1


class Source:
    """A readable buffer of ``size`` bytes with its ``name``.

    Files are mapped, so that memory does not grow with the file. A file that shrinks under a mapping would end the process
    with a bus error when touched, so ``buffer`` asks for its size first; loops that have asked a moment ago use ``unchecked``.
    """

    def __init__(self, buffer: Buffer, name: str, file: Optional[BinaryIO] = None) -> None:
        self.unchecked = buffer
        self.name = name
        self.size = len(buffer)
        self._file = file
        # mmap.size() asks the system for the file's size now; it costs less than os.fstat().
        self._size_now: Optional[Callable[[], int]] = buffer.size if isinstance(buffer, mmap.mmap) else None
        self._number = file.fileno() if file is not None and hasattr(os, "pread") else -1

    @classmethod
    def from_path(cls, path: Union[str, os.PathLike[str]]) -> Source:
        """Map the file at ``path``. Raises DumpError when there is no such file or it cannot be read."""
        name = os.fspath(path)
        try:
            # A FIFO would block in open(), a device has no end: look before.
            mode = os.stat(name).st_mode
            if stat.S_ISDIR(mode):
                raise DumpError(f"{name!r} is a folder, not a dump", "give the path of a .dmp file inside it")
            if not stat.S_ISREG(mode):
                raise DumpError(f"{name!r} is not a regular file", "copy the dump to a file first")
            file = open(name, "rb")  # noqa: SIM115 - closed by close()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise DumpError(f"cannot open {name!r}: {reason}", "check the path and the rights on the file") from None
        try:
            return cls(cls._map(file), name, file)
        except (OSError, ValueError, OverflowError) as error:
            file.close()
            raise DumpError(f"cannot map {name!r}: {error}", "copy the dump to a local disk") from None

    @classmethod
    def from_object(cls, thing: Any) -> Source:
        """Wrap bytes, or an open binary file (mapped where the system allows it, read otherwise)."""
        if isinstance(thing, (Data, bytearray, memoryview)):
            return cls(Data(thing), "<bytes>")
        name = getattr(thing, "name", "<file>")
        name = name if isinstance(name, str) else "<file>"
        try:
            thing.fileno()
            return cls(cls._map(thing), name)
        except (OSError, AttributeError, ValueError, io.UnsupportedOperation):
            thing.seek(0)
            return cls(thing.read(), name)

    @staticmethod
    def _map(file: BinaryIO) -> Buffer:
        if os.fstat(file.fileno()).st_size == 0:
            return b""  # an empty file cannot be mapped
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def close(self) -> None:
        """Unmap and close. What was decoded before stays valid."""
        buffer, self.unchecked, self.size = self.unchecked, b"", 0
        if isinstance(buffer, mmap.mmap):
            try:
                buffer.close()
            except BufferError:
                pass  # a memoryview of it is still held; it goes when that goes
        self._number = -1
        if self._file is not None:
            self._file.close()
            self._file = None
        self._size_now = _closed

    @property
    def buffer(self) -> Buffer:
        """The bytes of the file. Raises DumpError when it was cut or closed meanwhile."""
        if self._size_now is not None and self._size_now() < self.size:
            self.check()
        return self.unchecked

    def check(self) -> None:
        """Raise DumpError if the mapped file has become smaller since it was opened, or was closed."""
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
        if isinstance(self.unchecked, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self.unchecked.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined,unused-ignore]

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
        """The ``size`` bytes at ``offset``, which are known to lie inside the file as it was opened. Raises DumpError when it was cut.

        For reads here and there: one call of the system, which notices a file that was cut by itself, where the mapping would want to
        be asked first and then keep the pages that were touched.
        """
        if self._number >= 0 and size >= 0:
            try:
                data = os.pread(self._number, size, offset)
            except OSError as error:
                raise DumpError(f"cannot read {self.name!r}: {error.strerror}", "copy the dump to a local disk", offset=offset, needed=size) from None
            if len(data) == size:
                return data
        return self.buffer[offset : offset + size]

    def some(self, offset: int, size: int) -> Data:
        """As many of ``size`` bytes at ``offset`` as the file holds; perhaps none."""
        if not 0 <= offset < self.size or size <= 0:
            return b""
        return self.fetch(offset, size if offset + size <= self.size else self.size - offset)
