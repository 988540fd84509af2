"""Zstandard: Python 3.14's own module, or the package ``zstandard`` (the extra ``archives``). Nothing else imports them."""

from __future__ import annotations

from typing import Any

from ...errors import DumpError

WINDOW = 27
"""The largest window, as a power of two, that is unpacked: 128 MiB, as the command ``zstd`` allows without more."""
BITE = 1024
"""Packed bytes that the package gets at a time: it has no bound for what it gives back, which is 128 KiB for 4 bytes at the most."""


class _Bites:
    """The package's decompressor with the manners of the standard library's."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.left = b""
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        """Whether the frame has ended."""
        return bool(self.machine.eof)

    @property
    def needs_input(self) -> bool:
        """Whether all that was given is used up."""
        return not self.left

    def decompress(self, data: bytes, most: int) -> bytes:
        """What the next bite gives."""
        data = self.left + data
        bite, self.left = data[:BITE], data[BITE:]
        made = self.machine.decompress(bite)
        if self.machine.eof:
            self.unused_data, self.left = self.machine.unused_data + self.left, b""
        return bytes(made)


def start() -> Any:
    """A decompressor of one frame. Raises DumpError when no library is there."""
    try:
        from compression import zstd
    except ImportError:
        pass
    else:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW})
    try:
        import zstandard
    except ImportError:
        remedy = "install it (pip install 'dumpscope[archives]'), or unpack the file: `zstd -d FILE`"
        raise DumpError("this is a Zstandard file, and the package zstandard is not installed", remedy) from None
    return _Bites(zstandard.ZstdDecompressor(max_window_size=1 << WINDOW).decompressobj())
