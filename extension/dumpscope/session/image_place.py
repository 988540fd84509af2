"""The headers of a module's image as structures of the file, where its memory was captured."""

from __future__ import annotations

from typing import List

from ..anatomy.node import MEMORY, Node
from ..dump.absence import Absent
from ..dump.streams.modules import Module
from ..errors import NotInDump
from ..format.functions import RUNTIME_FUNCTION_AMD64
from ..format.layout import Structure
from ..format.pe import (
    IMAGE_DEBUG_DIRECTORY,
    IMAGE_DIRECTORY_ENTRY_DEBUG,
    IMAGE_DIRECTORY_ENTRY_EXCEPTION,
    IMAGE_DIRECTORY_ENTRY_EXPORT,
    IMAGE_DOS_HEADER,
    IMAGE_EXPORT_DIRECTORY,
    IMAGE_FILE_MACHINE_AMD64,
    IMAGE_NT_HEADERS32,
    IMAGE_NT_HEADERS64,
    IMAGE_NT_OPTIONAL_HDR64_MAGIC,
    IMAGE_SECTION_HEADER,
)
from ..symbols.image import MemoryReader, read_headers
from .session import Session

MOST_SECTIONS = 96
"""Sections of an image that are shown at the most (the loader takes no more)."""


def image_nodes(session: Session, module: Module) -> List[Node]:
    """DOS header, PE headers, sections, and the directories that have a structure. Raises NotInDump where the dump does not hold the headers."""
    memory = session.dump.memory
    headers = read_headers(MemoryReader(memory, module.base, module.size))
    if isinstance(headers, Absent):
        raise NotInDump(headers.message, "`memory` lists what was captured; a full dump, or flag 0x80000 MiniDumpWithModuleHeaders, has headers")
    nodes: List[Node] = []

    def add(rva: int, shape: Structure, what: str) -> bool:
        held = memory.locate(module.base + rva)
        if held is None or held[1] < shape.size:
            return False
        nodes.append(Node(held[0], shape.size, MEMORY, what, shape, None, True))
        return True

    wide = headers.magic == IMAGE_NT_OPTIONAL_HDR64_MAGIC
    add(0, IMAGE_DOS_HEADER, f"IMAGE_DOS_HEADER of {module.file_name}")
    add(headers.offset, IMAGE_NT_HEADERS64 if wide else IMAGE_NT_HEADERS32, "the PE headers, where e_lfanew leads")
    optional_size = memory.some(module.base + headers.offset + 20, 2)
    table = headers.offset + 24 + int.from_bytes(optional_size, "little")
    for number, section in enumerate(headers.sections[:MOST_SECTIONS]):
        add(table + number * IMAGE_SECTION_HEADER.size, IMAGE_SECTION_HEADER, f"section {number}: {section.name}")
    for index, shape, what in (
        (IMAGE_DIRECTORY_ENTRY_EXPORT, IMAGE_EXPORT_DIRECTORY, "the export directory"),
        (IMAGE_DIRECTORY_ENTRY_DEBUG, IMAGE_DEBUG_DIRECTORY, "the first entry of the debug directory"),
    ):
        rva, size = headers.directories[index] if index < len(headers.directories) else (0, 0)
        if rva and size >= shape.size:
            add(rva, shape, what)
    rva, size = headers.directories[IMAGE_DIRECTORY_ENTRY_EXCEPTION] if len(headers.directories) > IMAGE_DIRECTORY_ENTRY_EXCEPTION else (0, 0)
    if rva and size and headers.machine == IMAGE_FILE_MACHINE_AMD64:
        add(rva, RUNTIME_FUNCTION_AMD64, f"the first of {size // RUNTIME_FUNCTION_AMD64.size} rows of the exception directory (.pdata)")
    return nodes
