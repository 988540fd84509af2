"""A stream's size as arithmetic: ``4 + 18 × 48 = 868 = 0x364``."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from ..dump.absence import Absent
from ..dump.directory import Stream
from ..dump.lists import RecordList
from ..dump.minidump import Minidump
from ..format.streams import LAST_RESERVED_STREAM, RECORD_LISTS, STREAMS, FunctionTableStream, MiscInfoStream, TokenStream, UnusedStream


def stream_list(dump: Minidump, stream: Stream) -> Optional[RecordList[Any]]:
    """The list that is decoded from this very directory entry, or None: a later entry of the same type is not used."""
    name = RECORD_LISTS.get(stream.type)
    if name is None:
        return None
    items: RecordList[Any] = getattr(dump, name)
    return items if items.stream is not None and items.stream.index == stream.index else None


def explain_size(dump: Minidump, stream: Stream) -> Tuple[Optional[int], str]:
    """How many entries a stream claims (None for a stream that is no list), and how its size comes about."""
    if stream.type == UnusedStream:
        return None, "unused entry"
    if stream.type in (FunctionTableStream, TokenStream) and stream.size:
        tables = dump.functions if stream.type == FunctionTableStream else dump.tokens
        return tables.claimed, ""
    items = stream_list(dump, stream)
    if items is None:
        if stream.type in RECORD_LISTS:
            used = getattr(dump, RECORD_LISTS[stream.type]).stream
            return None, f"not used: stream {used.index} is the first good one of this type" if used is not None else ""
        return None, _single(dump, stream)
    span = items.span
    if not span.header_size or not span.stride:
        return None, items.damage[0].message if items.damage else ""
    total = span.header_size + span.claimed * span.stride
    words = f"{span.header_size} + {span.claimed} × {span.stride} = {total}"
    if total == stream.size:
        return span.claimed, f"{words} = 0x{total:x}"
    return span.claimed, f"{words} = 0x{total:x}, but the directory says 0x{stream.size:x}"


def _single(dump: Minidump, stream: Stream) -> str:
    """The size of a stream that is one structure, or opaque."""
    if not stream.size:
        return "empty"
    if stream.type == MiscInfoStream:
        misc = dump.misc
        return "" if isinstance(misc, Absent) else f"version {misc.version} of MINIDUMP_MISC_INFO"
    kind = STREAMS.get(stream.type)
    if kind is None or not kind.structure or kind.header:
        from ..dump.streams.vendor import PROTOBUF, UserStream

        other = UserStream(stream, dump.source) if stream.type > LAST_RESERVED_STREAM else None
        if other is None or not other.vendor or (kind is not None and kind.family):
            return ""
        return f"{other.vendor}'s" + (", a protocol buffer" if other.guess == PROTOBUF else f", {other.guess}")
    from ..format.catalogue import structure

    shape = structure(kind.structure)
    return f"one {shape.name}" if shape is not None and shape.size == stream.size else ""
