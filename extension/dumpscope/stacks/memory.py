"""The process's memory as a walk reads it: stacks word by word from the dump, code from the dump or from images."""

from __future__ import annotations

import struct
from typing import Callable, Optional, Tuple

from ..dump.minidump import Minidump
from ..dump.streams.threads import Thread

WINDOW = 1 << 16
"""Bytes of a stack that are fetched at once."""


class StackMemory:
    """Captured memory, read a word at a time. Holds one window of it, so that a walk costs few reads of the file."""

    def __init__(self, dump: Minidump, pointer_size: int) -> None:
        self._dump = dump
        self.pointer_size = pointer_size
        self._unpack: Callable[[bytes, int], Tuple[int, ...]] = struct.Struct("<Q" if pointer_size == 8 else "<I").unpack_from
        self._low = 0
        self._data = b""
        self._thread: Tuple[int, int, int] = (0, 0, 0)

    def enter(self, thread: Optional[Thread]) -> None:
        """Say whose stack is walked: its bytes count even if no memory list has them."""
        self._thread = (0, 0, 0)
        if thread is not None and thread.stack_rva and thread.stack_size:
            held = self._dump.source.available(thread.stack_rva, thread.stack_size)
            self._thread = (thread.stack_start, thread.stack_start + held, thread.stack_rva)

    def word(self, address: int) -> Optional[int]:
        """The pointer at an address, or None if it is not captured."""
        at = address - self._low
        if 0 <= at <= len(self._data) - self.pointer_size:
            return self._unpack(self._data, at)[0]
        data = self.fill(address)
        return self._unpack(data, 0)[0] if len(data) >= self.pointer_size else None

    def fill(self, address: int) -> bytes:
        """What is captured from an address on, a window of it at the most, which is kept."""
        data = self.some(address, WINDOW)
        if data:
            self._low, self._data = address, data
        return data

    def some(self, address: int, size: int) -> bytes:
        """As many of ``size`` bytes as are captured from an address on."""
        if address < 0 or address >= 1 << 64:
            return b""
        data = self._dump.memory.some(address, size)
        if not data:
            start, end, rva = self._thread
            if start <= address < end:
                data = self._dump.source.some(rva + address - start, min(size, end - address))
        return data

    def offset(self, address: int) -> Optional[int]:
        """Where an address stands in the dump file."""
        place = self._dump.memory.locate(address)
        if place is not None:
            return place[0]
        start, end, rva = self._thread
        return rva + address - start if start <= address < end else None
