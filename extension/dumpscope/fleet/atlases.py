"""Atlases of the dumps that a page about a fleet names: each made by a worker, in a folder beside the page."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import Executor, Future
from typing import Iterator, List, Sequence, Tuple

from ..dump.archives.opening import member_of
from ..dump.plain import plain_source
from ..errors import DumpError

ATLASES = 50
"""Atlases that belong to a page if no number is given: those of its largest groups."""


def folder_of(page: str) -> str:
    """The folder beside a page that has its atlases."""
    return os.path.splitext(page)[0] + ".atlases"


def write_atlas(path: str, member: str, output: str) -> int:
    """Write the atlas of one dump; its size in bytes. Raises DumpError for what is no readable minidump."""
    from ..atlas.page import page
    from ..diagnosis.facts import Facts
    from ..writing.output import write_whole

    source = member_of(path, member) if member else plain_source(path)
    try:
        facts = Facts.of(source)
        if facts.opened is None:
            raise facts.error or DumpError(f"{path!r} is no minidump", "an atlas is made of minidumps")
        return write_whole(output, lambda file: file.writelines(text.encode("utf-8") for text in page(facts)), force=True)
    finally:
        source.close()


def write_atlases(examples: Sequence[Tuple[str, str]], page: str, executor: Executor) -> Iterator[Tuple[Tuple[str, str], str, str]]:
    """Each dump with the address of its atlas relative to the page, empty where it has none, and why it has none, as they are done in order."""
    folder = folder_of(page)
    os.makedirs(folder, exist_ok=True)
    running: List[Tuple[Tuple[str, str], str, Future[int]]] = []
    for path, member in examples:
        name = hashlib.sha256(f"{path}\0{member}".encode("utf-8", "surrogatepass")).hexdigest()[:16] + ".html"
        running.append(((path, member), name, executor.submit(write_atlas, path, member, os.path.join(folder, name))))
    for example, name, future in running:
        fault = future.exception()
        if fault is None:
            yield example, f"{os.path.basename(folder)}/{name}", ""
        else:
            yield example, "", getattr(fault, "message", "") or str(fault) or type(fault).__name__
