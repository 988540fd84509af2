"""A source as a file object, for libraries that read one."""

from __future__ import annotations

import io
from typing import Any

from ..source import Source


class Reader(io.RawIOBase):
    """A source as a file to read."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.place = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any file."""
        self.place = max(0, offset + (0, self.place, self.source.size)[whence])
        return self.place

    def tell(self) -> int:
        """As of any file."""
        return self.place

    def readinto(self, buffer: Any) -> int:
        """As of any file."""
        data = self.source.some(self.place, len(buffer))
        buffer[: len(data)] = data
        self.place += len(data)
        return len(data)
