"""Where the images of a dump's modules are: in its memory, in folders, in trees of a symbol server."""

from __future__ import annotations

import os
from typing import Dict, Iterable, List, Mapping, Optional, Tuple, Union

from ..dump.absence import NOT_APPLICABLE, NOT_THERE, Absent
from ..dump.minidump import Minidump
from ..dump.source import Source
from ..dump.streams.modules import Module
from ..errors import DumpError
from .image import Image, MemoryReader, image_file, image_in_memory
from .path import parse_path
from .search import MISMATCH, MISSING, UNREADABLE, USED, Fetcher, Search, Tried, safe_name

__all__ = ["Images", "Tried", "difference", "safe_name"]


class Images:
    """The images of a dump's modules.

    ``paths`` are search paths in the debugger's grammar (:mod:`dumpscope.symbols.path`). A file is taken if its time stamp and its
    size are those of the module; with ``loose`` one that differs is taken too, and says so in ``mismatch``. ``tried`` is where was looked, in order.
    """

    def __init__(
        self,
        dump: Minidump,
        paths: Iterable[str] = (),
        loose: bool = False,
        download: Optional[Fetcher] = None,
        environ: Optional[Mapping[str, str]] = None,
    ) -> None:
        self._dump = dump
        self.paths: Tuple[str, ...] = tuple(paths)
        self._search = Search(parse_path(self.paths, os.environ if environ is None else environ), download)
        self.loose = loose
        self.tried: List[Tried] = []
        self._found: Dict[int, Union[Image, Absent]] = {}
        self._sources: List[Source] = []

    def __enter__(self) -> Images:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the image files."""
        for source in self._sources:
            source.close()
        self._sources.clear()
        self._found.clear()

    def find(self, module: Module) -> Union[Image, Absent]:
        """The image of a module, or why there is none. Looked for once."""
        if module.offset not in self._found:
            self._found[module.offset] = self._find(module)
        return self._found[module.offset]

    def at(self, address: int) -> Optional[Tuple[Module, Union[Image, Absent]]]:
        """The module that an address lies in, with its image; None outside all modules."""
        module = self._dump.modules.at(address)
        return None if module is None else (module, self.find(module))

    def _find(self, module: Module) -> Union[Image, Absent]:
        name = module.file_name
        memory = image_in_memory(self._dump.memory, module.base, module.size)
        where = f"memory at 0x{module.base:x}"
        if isinstance(memory, Absent):
            self.tried.append(Tried(name, "image", where, MISSING, memory.message))
        elif (memory.timestamp, memory.size_of_image) != (module.timestamp, module.size):
            memory.mismatch = difference(memory, module)
            self.tried.append(Tried(name, "image", where, MISMATCH, f"used all the same, as it is what ran: {memory.mismatch}"))
        else:
            self.tried.append(Tried(name, "image", where, USED))
        file = self._in_paths(module)
        if isinstance(memory, Image):
            if isinstance(file, Image):
                # Memory first: it is what ran. The file has what was not captured.
                readers = (*memory.readers, *file.readers)
                return Image(file.headers._replace(image_base=memory.image_base), readers, file.mismatch)
            return memory
        if isinstance(file, Image):
            # Pages that were captured without the headers count more than the file, too.
            reader = MemoryReader(self._dump.memory, module.base, module.size)
            return Image(file.headers, (reader, *file.readers), file.mismatch)
        if self.paths:
            return file
        return Absent(memory.kind, f"no image of {name}: {memory.message}, and no image path is given")

    def _in_paths(self, module: Module) -> Union[Image, Absent]:
        """The image file that matches, looked for in all paths; with ``loose`` the first one that does not, where none matches."""
        name = module.file_name
        if not self.paths:
            return Absent(NOT_THERE, "no image path is given")
        if not safe_name(name):
            return Absent(NOT_APPLICABLE, f"{name!r} cannot be the name of a file")
        other: Optional[Image] = None
        refused = ""
        for where, path, reason in self._search.candidates(name, module.image_key):
            if path is None:
                self.tried.append(Tried(name, "image", where, MISSING, reason))
                continue
            image = self._open(path)
            if isinstance(image, Absent):
                self.tried.append(Tried(name, "image", path, UNREADABLE, image.message))
                continue
            if (image.timestamp, image.size_of_image) == (module.timestamp, module.size):
                self.tried.append(Tried(name, "image", path, USED))
                return image
            refused = f"{path}: {difference(image, module)}"
            self.tried.append(Tried(name, "image", path, MISMATCH, difference(image, module)))
            if other is None:
                other = Image(image.headers, image.readers, difference(image, module))
        if other is not None and self.loose:
            self.tried.append(Tried(name, "image", other.path, USED, f"although it does not match: {other.mismatch}"))
            return other
        if refused:
            return Absent(NOT_THERE, f"no image of {name} that matches: {refused}")
        return Absent(NOT_THERE, f"no image of {name} in the image paths")

    def _open(self, path: str) -> Union[Image, Absent]:
        """The image in a file; the file stays open until :meth:`close`."""
        try:
            source = Source.from_path(path)
        except DumpError as error:
            return Absent(NOT_THERE, error.message)
        image = image_file(source)
        if isinstance(image, Absent):
            source.close()
            return image
        self._sources.append(source)
        return image


def difference(image: Image, module: Module) -> str:
    """What of an image differs from the module, in words."""
    words = []
    if image.timestamp != module.timestamp:
        words.append(f"time stamp {image.timestamp:08X}, the dump says {module.timestamp:08X}")
    if image.size_of_image != module.size:
        words.append(f"size 0x{image.size_of_image:x}, the dump says 0x{module.size:x}")
    return "; ".join(words)
