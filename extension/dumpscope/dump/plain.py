"""A file as it is, on a disk or in a store."""

from __future__ import annotations

from .source import Source

_SCHEME = "://"


def plain_source(name: str) -> Source:
    """The file of a path, or of an address in a store (``s3://``, ``gs://``, ``az://``, ``https://``), as it is. Raises DumpError."""
    if _SCHEME in name:
        from .stores import is_address, open_stored

        if is_address(name):
            return open_stored(name)
    return Source.from_path(name)
