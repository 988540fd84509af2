"""What procdump's comment says: its command line, of which each option is evidence of how the dump was made."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ...dump.minidump import Minidump
from ...dump.streams.comments import Comment, comment_streams
from ..evidence import Proof


def procdump_words(comment: Comment) -> List[str]:
    """The words of procdump's command line in its comment, in lower case; none where the comment is another's."""
    for line in comment.text.splitlines():
        words = line.replace("*", " ").lower().split()
        if words and words[0].replace("\\", "/").rsplit("/", 1)[-1].strip('"').split(".")[0] in ("procdump", "procdump64", "procdump64a"):
            return words
    return []


def snapshot_of(dump: Minidump) -> Optional[Tuple[Proof, str]]:
    """The comment that proves a dump of a snapshot (procdump -r), and the option as it is spelt there; None without one."""
    for comment in comment_streams(dump):
        option = next((word for word in procdump_words(comment) if word in ("-r", "/r")), "")
        if option:
            return Proof("comment of procdump", " ".join(comment.text.split())[:200], comment.offset), option
    return None
