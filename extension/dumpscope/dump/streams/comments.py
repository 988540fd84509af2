"""CommentStreamA and CommentStreamW: text that the writer or its user left."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, NamedTuple

from ...format.streams import CommentStreamA, CommentStreamW
from ..directory import Stream

if TYPE_CHECKING:
    from ..minidump import Minidump

MAX_COMMENT = 1 << 16
"""Bytes of one comment that are decoded."""

COMMENT_A = CommentStreamA
COMMENT_W = CommentStreamW


class Comment(NamedTuple):
    """One comment: ``type`` 10 (ANSI) or 11 (UTF-16), ``offset`` where its text begins, ``truncated`` if it is longer than is shown."""

    text: str
    type: int
    offset: int
    truncated: bool


def comment_streams(dump: Minidump) -> List[Comment]:
    """The comments with their places: ANSI before UTF-16, the first stream of each."""
    found = []
    for kind in (COMMENT_A, COMMENT_W):
        stream = dump.stream(kind)
        if stream is not None:
            found.append(_read(dump, stream))
    return found


def _read(dump: Minidump, stream: Stream) -> Comment:
    data = dump.source.some(stream.rva, min(stream.size, MAX_COMMENT))
    if stream.type == COMMENT_W:
        text = data[: len(data) & ~1].decode("utf-16-le", "surrogatepass")
    else:
        text = data.decode("utf-8", "surrogateescape") if _is_utf8(data) else data.decode("cp1252", "replace")
    return Comment(text.split("\0", 1)[0], stream.type, stream.rva, stream.size > MAX_COMMENT)


def _is_utf8(data: bytes) -> bool:
    try:
        data.split(b"\0", 1)[0].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def read_comments(dump: Minidump) -> List[str]:
    """The texts alone; empty ones are left out."""
    return [comment.text for comment in comment_streams(dump) if comment.text]
