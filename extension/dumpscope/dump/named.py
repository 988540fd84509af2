"""What a word on the command line, in the REPL or in a script means: a file, one in a store, or a dump in an archive."""

from __future__ import annotations

import os
from typing import Union

from .plain import plain_source
from .source import Source

_ARCHIVES = frozenset((".zip", ".cab", ".7z", ".tar", ".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst"))


def source_at(path: Union[str, os.PathLike[str]]) -> Source:
    """The file at ``path``, the dump in it when it is named as an archive, or the member that ``archive!member`` names. Raises DumpError."""
    name = os.fspath(path)
    if "!" in name or os.path.splitext(name)[1].lower() in _ARCHIVES:
        from .archives.opening import source_of

        return source_of(name)
    return plain_source(name)
