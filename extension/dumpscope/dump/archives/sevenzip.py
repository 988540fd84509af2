"""7-Zip archives, by the package ``py7zr`` (the extra ``archives``). Nothing else imports it."""

from __future__ import annotations

import tempfile
from typing import Any, Iterator, List, Optional

from ...errors import DumpError
from ..source import Source
from .member import MOST_MEMBERS, PIECE, SMALL, Member, room
from .reader import Reader

MAGIC = b"7z\xbc\xaf'\x1c"


class SevenZip:
    """A .7z file. Raises DumpError when the package is not there, or the archive is damaged."""

    title = "a 7-Zip archive"
    unpack = "`7z x FILE`"

    def __init__(self, source: Source) -> None:
        self.source = source
        try:
            import py7zr
            import py7zr.io
        except ImportError:
            remedy = "install it (pip install 'dumpscope[archives]'), or unpack the archive: `7z x FILE`"
            raise DumpError(f"{source.name!r} is a 7-Zip archive, and the package py7zr is not installed", remedy) from None
        self.library: Any = py7zr
        self.encrypted = False

    def _open(self) -> Any:
        """The library's archive. Raises DumpError."""
        try:
            return self.library.SevenZipFile(Reader(self.source), "r")
        except self.library.exceptions.PasswordRequired:
            raise DumpError(f"{self.source.name!r} is encrypted, its names too", "unpack it with its password: `7z x FILE`") from None
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  lzma, struct, its own, and what else a damaged directory raises
            words = f"{error}".strip() or type(error).__name__
            raise DumpError(f"{self.source.name!r} is no readable 7-Zip archive: {words}"[:600], "it is damaged or cut: fetch it again") from None

    def members(self) -> List[Member]:
        """As :meth:`~dumpscope.dump.archives.member.Archive.members`."""
        found = []
        with self._open() as archive:
            locked = archive.needs_password()
            reason, remedy = ("is encrypted", "unpack it with its password: `7z x FILE`") if locked else ("", "")
            for item in archive.list():
                if not item.is_directory:
                    # Of a solid block the library gives no packed size for a member: that of the file is the bound.
                    found.append(Member(item.filename, item.uncompressed, item.compressed or self.source.size, item.filename, None, reason, remedy))
                if len(found) == MOST_MEMBERS:
                    break
        return found

    def chunks(self, member: Member) -> Iterator[bytes]:
        """As :meth:`~dumpscope.dump.archives.member.Archive.chunks`."""
        with tempfile.SpooledTemporaryFile(max_size=SMALL) as file:
            left = room(member) if member.size is None else member.size
            writing: Any = self.library.io.Py7zIO
            factory: Any = self.library.io.WriterFactory

            class Writer(writing):
                """Where the library writes the member: the file above, and no more than is allowed."""

                done = 0

                def write(self, data: Any) -> int:
                    """Raises DumpError for one byte too many."""
                    self.done += len(data)
                    if self.done > left:
                        raise DumpError(f"{member.name!r} unpacks to more than {left} bytes", "the archive is damaged: fetch it again")
                    file.write(data)
                    return len(data)

                def read(self, size: Optional[int] = None) -> bytes:
                    """Nothing: the library only writes."""
                    return b""

                def seek(self, offset: int, whence: int = 0) -> int:
                    """Nowhere."""
                    return 0

                def flush(self) -> None:
                    """Nothing is held back."""

                def size(self) -> int:
                    """Bytes so far."""
                    return self.done

            class Factory(factory):
                """Gives the writer."""

                def create(self, filename: str) -> Any:
                    """One for the one member that is asked for."""
                    return Writer()

            with self._open() as archive:
                archive.extract(targets=[member.key], factory=Factory())
            file.seek(0)
            while True:
                data = file.read(PIECE)
                if not data:
                    return
                yield data
