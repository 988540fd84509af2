"""Streams of Windows CE error reports. Their layouts are in the headers of Windows CE alone: the reader shows their bytes."""

from __future__ import annotations

from ..streams import STREAMS, WINDOWS_CE

CE_STREAM_FIRST = 0x8000
CE_STREAM_LAST = 0x800C

CE_STREAMS = tuple(row for row in STREAMS.values() if row.vendor == WINDOWS_CE)
"""Their numbers, names and meanings."""

HINT = "a Windows CE error report: its streams can be listed, not decoded"
