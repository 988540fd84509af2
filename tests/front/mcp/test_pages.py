"""Pages of the format for agents: every structure, every field and every stream type stands on one, without a word of markup or of Python."""

from __future__ import annotations

from dumpscope.format.catalogue import MODULES, of_module
from dumpscope.format.streams import STREAMS
from dumpscope.front.mcp.pages import format_pages


def test_every_structure_and_field_is_on_its_page() -> None:
    pages = format_pages()
    assert len(pages) == len(MODULES) + 1
    for module in MODULES:
        page = pages[f"dumpscope://format/{module.rpartition('.')[2]}"]
        text = page.text()
        assert page.title.startswith("format: ")
        for shape in of_module(module):
            assert f"{shape.name}, 0x{shape.size:x} bytes: " in text
            for field in shape.fields:
                assert f"+0x{field.offset:x}  {field.type.name} {field.name}" in text
        assert "None" not in text.split()
        assert "<" not in page.title


def test_the_names_of_numbers_are_there() -> None:
    text = format_pages()["dumpscope://format/header"].text()
    assert "MiniDumpWithHandleData" in text
    assert "0x4  " in text


def test_every_stream_type_is_on_its_page() -> None:
    text = format_pages()["dumpscope://format/streams"].text()
    for kind in STREAMS.values():
        assert kind.name in text
    assert "12  HandleDataStream (" in text
    assert "MINIDUMP_HANDLE_DATA_STREAM" in text
    assert "MiniDumpWithHandleData" in text
