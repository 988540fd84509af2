"""Who names an address: exports, and the call before a return address."""

from __future__ import annotations

from pathlib import Path

from dumpscope.symbols.images import Images
from dumpscope.symbols.names import Namer

from .pe_builder import BASE64, example
from .test_image import dump_with


def test_names_from_exports(tmp_path: Path) -> None:
    """As dbgeng 10.0.15063 shows the same image; tests/engine asks it again."""
    (tmp_path / "example.dll").write_bytes(example()[0])
    dump = dump_with([])
    expected = {
        0x0: "example",
        0x400: "example+0x400",
        0x1025: "example!under+0x5",
        0x1045: "example!Class::method+0x5",
        0x1065: "example!Ordinal5+0x5",
        0x1085: "example!stdcall+0x5",
        0x10A5: "example!fast+0x5",
        0x10C5: "example!_two+0x5",
        0x11FF: "example!_two+0x13f",
        0x2010: "example!data+0x10",
        0x4020: "example!elsewhere+0xf3c",
    }
    with Images(dump, [str(tmp_path)]) as images:
        namer = Namer(dump, images)
        assert {rva: str(namer.name(BASE64 + rva)[0]) for rva in expected} == expected
        assert namer.name(BASE64 - 1) == []


def test_a_return_address_belongs_to_the_call_before_it(tmp_path: Path) -> None:
    (tmp_path / "example.dll").write_bytes(example()[0])
    dump = dump_with([])
    with Images(dump, [str(tmp_path)]) as images:
        namer = Namer(dump, images)
        assert str(namer.name(BASE64 + 0x1040)[0]) == "example!Class::method"
        assert str(namer.name(BASE64 + 0x1040, caller=True)[0]) == "example!under+0x20"
        # Behind the last byte of the module.
        assert namer.name(BASE64 + 0x5000) == []
        assert namer.name(BASE64 + 0x5000, caller=True)[0].module == "example"
