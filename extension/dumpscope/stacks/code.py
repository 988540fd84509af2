"""The code of a dump's modules: as captured, else from image files."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional

from ..dump.minidump import Minidump
from ..symbols.image import Image
from ..symbols.images import Images
from .x64.epilogue import follows_call

LONGEST_CALL = 7
"""Bytes of the longest call instruction of x86 code that is looked for."""


class CodeBytes(NamedTuple):
    """Bytes of code, and where they stand: in an image ``file``, or in the dump where that is empty. ``offset`` is None if not in a file."""

    data: bytes
    file: str = ""
    offset: Optional[int] = None


class Code:
    """Reads the code of one dump. What follows a call is looked at once for each address."""

    def __init__(self, dump: Minidump, images: Images) -> None:
        self._dump = dump
        self._images = images
        self._calls: Dict[int, Optional[bool]] = {}

    def read(self, address: int, size: int) -> CodeBytes:
        """As many of ``size`` bytes as are at hand."""
        data = self._dump.memory.some(address, size)
        place = self._dump.memory.locate(address)
        if len(data) < size:
            found = self._images.at(address)
            if found is not None and isinstance(found[1], Image):
                image, rva = found[1], address - found[0].base
                other = image.read(rva, size)
                if len(other) > len(data):
                    return CodeBytes(other, image.path, image.offset_of(rva))
        return CodeBytes(data, "", None if place is None else place[0])

    def follows_call(self, address: int) -> Optional[bool]:
        """Whether a call stands before an address of x86 code; None where the code is not at hand."""
        if address not in self._calls:
            self._calls[address] = follows_call(address, LONGEST_CALL, lambda at, size: self.read(at, size).data)
        return self._calls[address]
