"""Dumps in object stores and behind web addresses, read by ranges through fsspec (extra ``dumpscope[stores]``)."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, Iterator, NamedTuple, Optional, Tuple

from ..errors import DumpError
from .ranges import Ranged
from .source import Source

SCHEMES = ("s3", "gs", "az", "abfs", "https", "http")
PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "https": "aiohttp", "http": "aiohttp"}
"""What fsspec needs for each scheme."""
_ADDRESS = re.compile(rf"(?:{'|'.join(SCHEMES)})://", re.IGNORECASE)
_PATTERN = re.compile(r"[*?\[]")
_HINT = "check the address, and the credentials in the environment"


class Stored(NamedTuple):
    """A file in a store: its address, size in bytes, and when it was changed in nanoseconds since 1970; None where the store does not say."""

    address: str
    size: Optional[int]
    mtime: Optional[int]


def is_address(path: str) -> bool:
    """Whether a path is an address in a store."""
    return _ADDRESS.match(path) is not None


def _scheme(address: str) -> str:
    return address.partition("://")[0].lower()


def _opened(address: str) -> Tuple[Any, str]:
    """The file system of an address, and the path in it. Raises DumpError."""
    scheme = _scheme(address)
    try:
        import fsspec

        found: Tuple[Any, str] = fsspec.core.url_to_fs(address)
    except ImportError as error:
        message = f"{scheme}:// needs packages that are not there ({error})"
        raise DumpError(message, f"pip install 'dumpscope[stores]' (for {scheme}:// it needs fsspec and {PACKAGES[scheme]})") from None
    except Exception as error:  # noqa: BLE001  stores have errors of their own
        raise _unread(address, error) from None
    return found


def _unread(address: str, error: BaseException) -> DumpError:
    if isinstance(error, FileNotFoundError):
        return DumpError(f"there is no {address!r}", "check the address")
    return DumpError(f"cannot read {address!r}: {str(error) or type(error).__name__}", _HINT)


def open_stored(address: str) -> Source:
    """A file in a store as a source: its size is asked for, its bytes are read when they are asked for. Raises DumpError."""
    from .archives.reading import Part

    system, path = _opened(address)
    try:
        size = system.size(path)
        file = system.open(path, "rb", cache_type="none") if size else None
    except Exception as error:  # noqa: BLE001  stores have errors of their own
        raise _unread(address, error) from None
    if file is None:
        if size == 0:
            return Source(b"", address)
        raise DumpError(f"{address!r} does not say how large it is", "copy the dump to a local disk")
    if not file.seekable():
        file.close()
        raise DumpError(f"{address!r} cannot be read by ranges: its server does not serve them", "copy the dump to a local disk")
    try:
        ranged = Ranged(file, address)
    except BaseException:
        file.close()
        raise
    source = Part(ranged, 0, ranged.size, address)
    source.close_with(file.close)
    return source


def look(address: str) -> Stored:
    """Size and time of one file. Raises DumpError where there is none."""
    system, path = _opened(address)
    try:
        return _stored(address, system.info(path))
    except Exception as error:  # noqa: BLE001  stores have errors of their own
        raise _unread(address, error) from None


def listed(address: str) -> Iterator[Stored]:
    """The files that an address means: one, those that its pattern (``*``, ``?``, ``[…]``) matches, or all below a prefix, in the store's order.

    A web address is one file: its signs are its own. Raises DumpError where there is nothing.
    """
    system, path = _opened(address)
    scheme = _scheme(address)
    if scheme in ("http", "https"):
        yield look(address)
        return
    try:
        count = 0
        for name, info in _found(system, path, address.endswith("/")):
            count += 1
            yield _stored(f"{scheme}://{name.lstrip('/')}", info)
    except DumpError:
        raise
    except Exception as error:  # noqa: BLE001  stores have errors of their own
        raise _unread(address, error) from None
    if not count:
        raise DumpError(f"there is no file at {address!r}", "check the address: a prefix, or a pattern such as s3://bucket/dumps/*.dmp")


def _found(system: Any, path: str, prefix: bool) -> Iterator[Tuple[str, Any]]:
    if _PATTERN.search(path) and not system.exists(path):
        for name, info in sorted(system.glob(path, detail=True).items()):
            if info.get("type") == "file":
                yield name, info
        return
    if not prefix and system.isfile(path):
        yield path, system.info(path)
        return
    for _, _, files in system.walk(path, detail=True):  # a prefix at a time: memory grows with the largest
        for info in sorted(files.values(), key=lambda item: str(item["name"])):
            if info["name"].rstrip("/") != path.rstrip("/"):
                yield info["name"], info


def _stored(address: str, info: Any) -> Stored:
    size = info.get("size")
    return Stored(address, size if isinstance(size, int) else None, _time(next((info[key] for key in _TIMES if info.get(key)), None)))


_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")


def _time(value: Any) -> Optional[int]:
    """A time of a store in nanoseconds since 1970."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return None
    if isinstance(value, datetime):
        value = (value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)).timestamp()
    return int(value * 1_000_000) * 1000 if isinstance(value, (int, float)) and not isinstance(value, bool) else None
