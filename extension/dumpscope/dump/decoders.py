"""Streams of other packages: the entry points of the group ``dumpscope.streams``, each a sequence of :class:`StreamDecoder`.

They are loaded when a dump has a user stream that nobody here knows. docs/plugins.md is the guide.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ..format.catalogue import adopt, structure
from ..format.layout import Structure
from ..format.streams import LAST_RESERVED_STREAM, STREAMS, StreamKind, adopt_stream
from .directory import Stream
from .minidump import Minidump
from .plugins import Broken, blame, points, words_of

if TYPE_CHECKING:
    from importlib import metadata

GROUP = "dumpscope.streams"
MOST_BYTES = 16 << 20
"""Bytes of a stream that a decoder gets."""
MOST_VALUES = 10_000
"""Values of a decoder that are taken."""


class Decoded(NamedTuple):
    """One value of a stream: what it is called, the value as text or number, and where its bytes are, counted from the start of the stream."""

    label: str
    value: object
    offset: Optional[int] = None
    meaning: str = ""


class StreamDecoder(NamedTuple):
    """What a package knows of a user stream.

    ``type`` is above 0xFFFF, ``name`` one word, ``meaning`` what the stream holds, in words. ``decode`` gets the stream's bytes and gives its
    values in order; without it, ``layout`` alone says what the bytes are. ``layout`` is the structure that the stream begins with: `bytes`,
    `whatis` and `map` show its fields. ``private`` marks bytes that tell of the user: `scrub` removes them.
    """

    type: int
    name: str
    meaning: str
    decode: Optional[Callable[[bytes], Iterable[Decoded]]] = None
    layout: Optional[Structure] = None
    private: bool = False


_decoders: Dict[int, Tuple[metadata.EntryPoint, StreamDecoder]] = {}


def _check(decoder: StreamDecoder, taken: Dict[int, str]) -> None:
    """Raise for a decoder that cannot be used."""
    if not isinstance(decoder, StreamDecoder):
        raise TypeError(f"it holds a {type(decoder).__name__}, not a StreamDecoder")
    kind = decoder.type
    if isinstance(kind, bool) or not isinstance(kind, int) or not LAST_RESERVED_STREAM < kind <= 0xFFFFFFFF:
        raise ValueError(f"stream type {kind!r}: it must be above 0x{LAST_RESERVED_STREAM:x}; the numbers below are Microsoft's")
    if not isinstance(decoder.name, str) or not decoder.name.isidentifier() or not decoder.name.isascii():
        raise ValueError(f"stream type 0x{kind:x}: {decoder.name!r} is no name of one word")
    if not decoder.meaning or (decoder.decode is None and decoder.layout is None):
        raise ValueError(f"stream type 0x{kind:x}: it needs a meaning, and a decode or a layout")
    if kind in STREAMS:
        raise ValueError(f"stream type 0x{kind:x}: it is taken by {STREAMS[kind].name}")
    if kind in taken:
        raise ValueError(f"stream type 0x{kind:x} is there twice")
    if any(row.name.lower() == decoder.name.lower() for row in STREAMS.values()) or decoder.name in taken.values():
        raise ValueError(f"stream type 0x{kind:x}: the name {decoder.name} is taken")
    if decoder.layout is not None and structure(decoder.layout.name) not in (None, decoder.layout):
        raise ValueError(f"stream type 0x{kind:x}: there is another structure called {decoder.layout.name}")


@cache
def load_decoders() -> int:
    """Take in the streams of all plug-ins, once; returns how many there are. One that cannot be used is named, and none of its streams is taken."""
    for point in points(GROUP):
        try:
            decoders = tuple(point.load())
            own: Dict[int, str] = {}
            for decoder in decoders:
                _check(decoder, own)
                own[decoder.type] = decoder.name
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the code is not ours, and the other plug-ins must still be loaded
            blame(point, words_of(error))
            continue
        for decoder in decoders:
            if decoder.layout is not None:
                adopt(decoder.layout)
            shape = decoder.layout.name if decoder.layout is not None else ""
            adopt_stream(StreamKind(decoder.type, decoder.name, "", 0, shape, decoder.meaning, point.name, source=point.value, private=decoder.private))
            _decoders[decoder.type] = point, decoder
    return len(_decoders)


def decoded(dump: Minidump, stream: Stream) -> Tuple[List[Decoded], Optional[Broken]]:
    """The values that a plug-in reads in a stream, and the plug-in if it failed. Nothing for a stream that none decodes."""
    found = _decoders.get(stream.type)
    if found is None or found[1].decode is None:
        return [], None
    point, decoder = found
    assert decoder.decode is not None
    values: List[Decoded] = []
    try:
        for value in islice(decoder.decode(dump.source.some(stream.rva, min(stream.size, MOST_BYTES))), MOST_VALUES):
            if not isinstance(value, Decoded):
                raise TypeError(f"it gave a {type(value).__name__}, not a Decoded")
            values.append(value)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the code is not ours, and the rest of the answer must still be given
        return values, blame(point, f"stream {decoder.name} failed: {words_of(error)}")
    return values, None


__all__ = ["Decoded", "StreamDecoder", "decoded", "load_decoders"]
