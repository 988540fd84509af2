"""What a word on the command line, in the REPL or in a script means: a file, one in a store, or a dump in an archive."""

from __future__ import annotations

import os
from typing import Union

from .source import Source

_SCHEME = "://"
_ARCHIVES = frozenset((".zip", ".cab", ".7z", ".tar", ".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst"))


def plain_source(name: str) -> Source:
    """The file of a path, or of an address in a store (``s3://``, ``gs://``, ``az://``, ``https://``), as it is. Raises DumpError."""
    if _SCHEME in name:
        from .stores import is_address, open_stored

        if is_address(name):
            return open_stored(name)
    return Source.from_path(name)


def source_at(path: Union[str, os.PathLike[str]]) -> Source:
    """The file at ``path``, the dump in it when it is named as an archive, or the member that ``archive!member`` names. Raises DumpError."""
    name = os.fspath(path)
    if "!" in name or os.path.splitext(name)[1].lower() in _ARCHIVES:
        from .archives.opening import source_of

        return source_of(name)
    return plain_source(name)
