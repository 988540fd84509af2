"""Files that an answer wants written: every front passes its blocks through :func:`saved` before it draws them."""

from __future__ import annotations

import os

from ..errors import UsageError
from ..view.blocks import Data, Note, Save

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Iterator

    from ..view.blocks import Block


def saved(blocks: Iterable[Block]) -> Iterator[Block]:
    """The same blocks, with each file written where it stands in the answer and told of in its place."""
    for block in blocks:
        if isinstance(block, Save):
            size = write(block)
            yield Data("written", {"path": os.path.abspath(block.path), "size": size})
            yield Note(f"Wrote the {block.what}: {block.path} ({size} bytes)")
        else:
            yield block


def write(save: Save) -> int:
    """Write one file and return its size.

    It appears under its name only when it is complete. Raises UsageError when it would replace the dump itself, or another file
    without ``force``; OSError when it cannot be written.
    """
    path = save.path
    if path == "-":  # it would not be what is meant, and a file that is hard to remove
        raise UsageError("the file is not written to standard output", "give a name; ./- for a file that is really called so")
    if save.keep and _same(path, save.keep):
        raise UsageError(f"{path!r} is the dump itself, which is never written over", "give another name")
    if os.path.isdir(path):
        raise UsageError(f"{path!r} is a folder", "give the name of a file")
    if os.path.lexists(path) and not save.force:
        raise UsageError(f"{path!r} exists already", "give another name, or --force to replace it")
    if os.path.exists(path) and not os.path.isfile(path):
        # A device or a pipe must never be replaced by a file, whatever rights the caller has.
        raise UsageError(f"{path!r} is not a regular file", "give the name of a file")
    path = os.path.realpath(path)  # a link keeps leading where it leads
    folder = os.path.dirname(os.path.abspath(path))
    import tempfile  # not needed by answers that write nothing

    try:
        handle, temporary = tempfile.mkstemp(prefix=".dumpscope-", dir=folder)
    except OSError as error:
        raise OSError(error.errno, error.strerror, save.path) from None  # not the name that nobody has seen
    size = 0
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in save.chunks():
                file.write(chunk)
                size += len(chunk)
        _as_new_files_are(temporary)
        if save.force:
            os.replace(temporary, path)
        else:
            _publish(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    return size


def _publish(temporary: str, path: str) -> None:
    """Give a finished file its name unless something has got it meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise UsageError(f"{path!r} exists already", "give another name, or --force to replace it") from None
    except OSError:  # a file system without links
        os.rename(temporary, path)
        return
    os.unlink(temporary)


def _as_new_files_are(path: str) -> None:
    """mkstemp makes files that only their owner can read; give this one the rights that the umask leaves."""
    if os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(path, 0o666 & ~mask)


def _same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return os.path.abspath(path) == os.path.abspath(other)
