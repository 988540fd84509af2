"""Which row of .pdata covers an address of ARM64 code. A row has no end: its unwind data have the length."""

from __future__ import annotations

from typing import Union

from ...dump.absence import EMPTY, Absent
from ...format.functions import RUNTIME_FUNCTION_ARM
from ...format.pe import IMAGE_FILE_MACHINE_ARM64
from ...symbols.image import Image
from ..x64.functions import MAX_IMAGE, Regions, Rows, read_columns

ROW = RUNTIME_FUNCTION_ARM.size


def read_rows(image: Image) -> Union[Rows, Absent]:
    """The rows of an ARM64 image's exception directory; each ends where the next begins."""
    if image.machine != IMAGE_FILE_MACHINE_ARM64:
        return Absent(EMPTY, f"the image is for machine 0x{image.machine:x}: it has no unwind data of ARM64")
    found = read_columns(image, ROW)
    if isinstance(found, Absent):
        return found
    begins, words = found.fields
    return Rows(begins, [MAX_IMAGE] * len(begins), words, found.rva, whole=found.whole, size=ROW)


class Arm64Regions(Regions):
    """The ARM64 code of a dump by address."""

    row_size = ROW

    @staticmethod
    def rows_of(image: Image) -> Union[Rows, Absent]:
        """The rows of an image."""
        return read_rows(image)
