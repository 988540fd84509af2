"""Which row of .pdata covers an address of ARM64 code. A row has no end: its unwind data have the length."""

from __future__ import annotations

from typing import Union

from ...dump.absence import DAMAGED, EMPTY, NOT_CAPTURED, Absent
from ...format.functions import RUNTIME_FUNCTION_ARM
from ...format.pe import IMAGE_FILE_MACHINE_ARM64
from ...format.unwind import IMAGE_DIRECTORY_ENTRY_EXCEPTION
from ...symbols.image import Image
from ..x64.functions import MAX_IMAGE, Regions, Rows, numbers_of

ROW = RUNTIME_FUNCTION_ARM.size


def read_rows(image: Image) -> Union[Rows, Absent]:
    """The rows of an ARM64 image's exception directory; each ends where the next begins."""
    if image.machine != IMAGE_FILE_MACHINE_ARM64:
        return Absent(EMPTY, f"the image is for machine 0x{image.machine:x}: it has no unwind data of ARM64")
    rva, size = image.directory(IMAGE_DIRECTORY_ENTRY_EXCEPTION)
    if not rva or size < ROW:
        return Absent(EMPTY, "the image has no unwind data (.pdata)")
    if size > MAX_IMAGE or rva > MAX_IMAGE:
        return Absent(DAMAGED, f"the image's exception directory (+0x{rva:x}, 0x{size:x} bytes) is larger than an image can be")
    data = image.read(rva, size // ROW * ROW)
    held = len(data) // ROW * ROW
    if not held:
        return Absent(NOT_CAPTURED, f"the rows of .pdata at +0x{rva:x} are not at hand")
    numbers = numbers_of(data[:held])
    begins, words = numbers[0::2], numbers[1::2]
    used = len(begins)
    while used and not begins[used - 1]:
        used -= 1  # rows of zeros that fill the section
    begins, words = begins[:used], words[:used]
    return Rows(begins, [MAX_IMAGE] * used, words, rva, whole=held == size // ROW * ROW, size=ROW)


class Arm64Regions(Regions):
    """The ARM64 code of a dump by address."""

    row_size = ROW

    @staticmethod
    def rows_of(image: Image) -> Union[Rows, Absent]:
        """The rows of an image."""
        return read_rows(image)
