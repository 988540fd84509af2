"""Functions whose DWARF lacks the room for a hook at their begin: names count from where the export is, as the engine's do."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from dumpscope.dump.source import Source
from dumpscope.symbols.image import Image, image_file
from dumpscope.symbols.symbolic_files import NativeFile, open_native

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "hook.dll"
    path.write_bytes(lzma.decompress((DATA / "hook.dll.xz").read_bytes()))
    return path


def test_a_function_begins_at_its_export(library: Path) -> None:
    pytest.importorskip("symbolic")
    symbols = open_native(str(library))
    assert isinstance(symbols, NativeFile)
    source = Source.from_path(library)
    image = image_file(source)
    assert isinstance(image, Image)
    exports = {export.name: export.rva for export in image.exports}
    source.close()
    assert set(exports) == {"hooked", "plain"}
    for rva in range(exports["plain"], exports["hooked"] + 0x24):
        found = symbols.locations(rva)
        assert isinstance(found, list)
        for location in (item for item in found[-1:] if item.name in exports):
            assert location.start == exports[location.name]
            assert location.line or rva < exports["hooked"] + 8
    hooked = symbols.locations(exports["hooked"] + 0x12)
    assert isinstance(hooked, list)
    assert (hooked[0].name, hooked[0].start) == ("hooked", exports["hooked"])


def test_a_function_right_behind_another_one_is_its_own(library: Path) -> None:
    pytest.importorskip("symbolic")
    symbols = open_native(str(library))
    assert isinstance(symbols, NativeFile)
    for rva in range(0x1000, 0x1080):
        found = symbols.locations(rva)
        assert isinstance(found, list)
        for location in found:
            assert location.start <= rva < location.start + 0x30
