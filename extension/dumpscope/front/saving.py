"""Files: those that an answer wants written, and an answer itself. They appear whole, and replace nothing unless they are told to."""

from __future__ import annotations

import os
from typing import BinaryIO, Iterable, Iterator, List

from ..errors import NotInDump
from ..format.counted import counted
from ..view.blocks import Block, Data, Note, Save, SaveFolder


def saved(blocks: Iterable[Block]) -> Iterator[Block]:
    """The same blocks, with each file written where it stands in the answer and told of in its place."""
    for block in blocks:
        if isinstance(block, Save):
            size = write(block)
            yield Data("written", {"path": os.path.abspath(block.path), "size": size})
            yield Note(f"Wrote the {block.what}: {block.path} ({counted(size, 'byte')})")
        elif isinstance(block, SaveFolder):
            written = write_folder(block)
            yield Data("written", {"path": os.path.abspath(block.path), "files": sorted(block.files), "new": written})
            same = len(block.files) - len(written)
            rest = f", {counted(same, 'file')} there already" if same else ""
            yield Note(f"Wrote the {block.what}: {counted(len(written), 'file')} in {os.path.abspath(block.path)}{rest}")
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


def write_folder(save: SaveFolder) -> List[str]:
    """Write the files of a folder, all or none; the names of those that were not there with the same bytes. Raises as :func:`write` does."""
    from ..writing.folder import write_files

    return write_files(save.path, save.files, force=save.force)


def write_answer(path: str, chunks: Iterable[str], *, force: bool = False, append: bool = False) -> int:
    """Write the text of an answer to a file, or add it to the end of one; returns how many lines it has.

    Nothing is written when the answer fails, except when it ends with what is not in the dump: such an answer is complete.
    Raises UsageError when it would replace a file without ``force``; OSError when it cannot be written.
    """
    from ..writing.output import append_whole, write_whole

    lines: List[int] = []
    missing: List[NotInDump] = []

    def fill(file: BinaryIO) -> None:
        try:
            for chunk in chunks:
                lines.append(chunk.count("\n"))
                file.write(chunk.encode("utf-8", "backslashreplace"))
        except NotInDump as error:
            if not lines:
                raise
            missing.append(error)

    if append:
        append_whole(path, fill)
    else:
        write_whole(path, fill, force=force)
    if missing:
        raise missing[0]
    return sum(lines)
