"""Files that an answer wants written: every front passes its blocks through :func:`saved` before it draws them."""

from __future__ import annotations

import os
from typing import Iterable, Iterator

from ..view.blocks import Block, Data, Note, Save


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
    from ..writing.output import write_whole  # not needed by answers that write nothing

    fill = save.fill or (lambda file: file.writelines(save.chunks()))
    return write_whole(save.path, fill, force=save.force, keep=save.keep, check=save.check)
