"""The file that is being written: places in it are reserved, filled and shared; and it appears under its name whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import tempfile
from typing import Any, BinaryIO, Callable, Dict, Iterator, Optional, Protocol, Tuple

from ..dump.source import Source
from ..errors import DumpError, UsageError

PIECE = 1 << 20
"""Bytes that are copied at a time."""
MOST_TEXTS = 1 << 15
"""Texts whose place is kept, so that the same text is written once; the longest of them have LONGEST bytes."""
LONGEST = 1 << 10
LAST_RVA = 0xFFFFFFFF
_ZEROS = bytes(PIECE)

SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))

BLOCK = 1 << 24
"""Bytes that the system copies at a time."""
_copy_range: Any = getattr(os, "copy_file_range", None)

Progress = Callable[[int], None]


def unseen(done: int) -> None:
    """Nobody watches."""


def _next_data(descriptor: int, offset: int, size: int) -> Tuple[int, int]:
    """How many bytes of a hole follow, which need not be copied; where none does, how many bytes to copy."""
    try:
        hole = os.lseek(descriptor, offset, os.SEEK_DATA) - offset
        if hole:
            return min(hole, size), 0
        return 0, min(os.lseek(descriptor, offset, os.SEEK_HOLE) - offset, size)
    except OSError as error:
        if error.errno == errno.ENXIO and offset + size <= os.fstat(descriptor).st_size:
            return size, 0
        return 0, size


class Sink(Protocol):
    """What is needed of a file to write a dump into it."""

    def write(self, data: bytes, /) -> int: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def flush(self) -> None: ...


class Output:
    """A dump that grows in a seekable binary file, which begins at offset 0. ``end`` is the first offset that is not taken."""

    def __init__(self, file: Sink, progress: Progress = unseen) -> None:
        self._file = file
        self._position = 0
        self._written = 0
        self._texts: Dict[bytes, int] = {}
        self.end = 0
        self.progress = progress

    def reserve(self, size: int, align: int = 4, *, wide: bool = False) -> int:
        """The offset of ``size`` bytes at the end, zeros until they are put. Raises DumpError where an RVA of 32 bits cannot lead there, unless ``wide``."""
        offset = -(-self.end // align) * align
        if not wide and size and offset + size - 1 > LAST_RVA:
            raise DumpError(
                f"0x{size:x} bytes at 0x{offset:x}: an RVA of 32 bits does not reach them", "leave memory out, or write it as Memory64ListStream", offset=offset
            )
        self.end = offset + size
        return offset

    def put(self, offset: int, data: Any) -> None:
        """Bytes at an offset that was reserved."""
        if self._position != offset:
            self._file.seek(offset)
        self._file.write(data)
        self._position = offset + len(data)
        self._written += len(data)

    def append(self, data: Any, align: int = 4) -> int:
        """Bytes at the end; their offset."""
        offset = self.reserve(len(data), align)
        self.put(offset, data)
        return offset

    def copy(self, source: Source, offset: int, size: int, place: int) -> None:
        """Bytes of another file at an offset that was reserved. Holes of it stay holes."""
        end = offset + size
        if size >= PIECE:
            for done in self._copied_by_system(source, offset, size, place):
                self._written += done
                offset += done
                place += done
                self.progress(self._written)
        while offset < end:
            data = source.fetch(offset, min(PIECE, end - offset))
            if data == _ZEROS[: len(data)]:
                self._written += len(data)  # the file is zero where nothing is put
            else:
                self.put(place, data)
            offset += len(data)
            place += len(data)
            self.progress(self._written)

    def _copied_by_system(self, source: Source, offset: int, size: int, place: int) -> Iterator[int]:
        """Let the system copy from file to file; how many bytes were done, again and again. It stops where the system cannot, or the file ends."""
        descriptor, number = source.descriptor, getattr(self._file, "fileno", None)
        if _copy_range is None or descriptor is None or number is None:
            return
        try:
            target = number()
            self._file.flush()
            self._position = -1  # the file's own position is not moved
            while size > 0:
                done, data = _next_data(descriptor, offset, min(size, BLOCK))
                if data:
                    done = _copy_range(descriptor, target, data, offset, place)
                if not done:
                    return
                yield done
                offset, place, size = offset + done, place + done, size - done
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
                raise
            return  # files that the system does not copy between: a pipe, other file systems, an old kernel

    def text(self, value: str) -> int:
        """The RVA of a MINIDUMP_STRING with this text, written once however often it is asked for."""
        return self.encoded(value.encode("utf-16-le", "surrogatepass"))

    def encoded(self, data: bytes) -> int:
        """The RVA of a MINIDUMP_STRING with these bytes."""
        found = self._texts.get(data)
        if found is not None:
            return found
        offset = self.append(struct.pack("<I", len(data)) + data + b"\0\0")
        if len(data) <= LONGEST:
            if len(self._texts) >= MOST_TEXTS:
                self._texts.clear()
            self._texts[data] = offset
        return offset

    def finish(self) -> int:
        """Let the file end after what was reserved; its size."""
        self._file.flush()
        if self._file.seek(0, os.SEEK_END) < self.end:
            self._file.seek(self.end - 1)
            self._file.write(b"\0")
        return self.end


def write_whole(
    path: str,
    fill: Callable[[BinaryIO], object],
    *,
    force: bool = False,
    keep: str = "",
    check: Optional[Callable[[str], None]] = None,
) -> int:
    """Let ``fill`` write a file, and give it its name only then; its size.

    ``check`` is called with the name of the finished temporary file, and refuses it by raising. ``keep`` is a path that is never
    written over: the dump's own. Nothing is left behind when anything raises. Raises UsageError when the file would replace the
    dump itself, or another one without ``force``; OSError when it cannot be written.
    """
    path = permitted(path, force, keep)
    folder = os.path.dirname(os.path.abspath(path))
    temporary = os.path.join(folder, f".dumpscope-{os.urandom(8).hex()}")
    try:  # before the file is there: an interruption may come at any point
        with open(temporary, "x+b", buffering=PIECE) as file:
            fill(file)
            file.flush()
            size = os.fstat(file.fileno()).st_size
        if check is not None:
            check(temporary)
        if force:
            os.replace(temporary, path)
        else:
            _publish(temporary, path)
    except BaseException as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.filename == temporary:
            raise OSError(error.errno, error.strerror, path) from None  # not the name that nobody has seen
        raise
    return size


def append_whole(path: str, fill: Callable[[BinaryIO], object]) -> None:
    """Let ``fill`` write what is then added to the end of a file, which is made if there is none.

    The file stays as it was when anything raises. Raises UsageError for what is no regular file; OSError when it cannot be written.
    """
    path = permitted(path, True, "")
    with tempfile.TemporaryFile() as held:
        fill(held)
        held.seek(0)
        with open(path, "ab") as file:
            size = file.seek(0, os.SEEK_END)
            try:
                shutil.copyfileobj(held, file, PIECE)
                file.flush()
            except BaseException:
                file.truncate(size)
                raise


def permitted(path: str, force: bool, keep: str) -> str:
    """The real path to write to. Raises UsageError, and FileNotFoundError where its folder is not there."""
    if path == "-":  # it would not be what is meant, and a file that is hard to remove
        raise UsageError("the file is not written to standard output", "give a name; ./- for a file that is really called so")
    if keep and _same(path, keep):
        raise UsageError(f"{path!r} is the dump itself, which is never written over", "give another name")
    if os.path.isdir(path):
        raise UsageError(f"{path!r} is a folder", "give the name of a file")
    if os.path.exists(path) and not os.path.isfile(path):
        # A device or a pipe must never be replaced by a file, whatever rights the caller has.
        raise UsageError(f"{path!r} is not a regular file", "give the name of a file")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{path!r} exists already", "give another name, or --force to replace it")
    if path.endswith(SEPARATORS):  # as above, of one that is not there
        raise UsageError(f"{path!r} is the name of a folder", "give the name of a file")
    real = os.path.realpath(path)  # a link keeps leading where it leads
    if not os.path.isdir(os.path.dirname(real)):  # said before the work, which may take long
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return real


def _publish(temporary: str, path: str) -> None:
    """Give a finished file its name unless something has got it meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise UsageError(f"{path!r} exists already", "give another name, or --force to replace it") from None
    except OSError:  # a file system without links
        os.rename(temporary, path)
        return
    os.unlink(temporary)


def _same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return os.path.abspath(path) == os.path.abspath(other)
