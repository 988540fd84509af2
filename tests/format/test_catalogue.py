"""The catalogue of structures: by name, each once, and those of other packages."""

from __future__ import annotations

import pytest

from dumpscope.format import catalogue
from dumpscope.format.guid import GUID
from dumpscope.format.layout import ULONG32, Field, Structure


def test_a_structure_by_its_name() -> None:
    assert catalogue.structure("GUID") is GUID
    assert catalogue.structure("guid") is None
    assert catalogue.structure("") is None


def test_each_name_is_there_once_and_leads_to_its_structure() -> None:
    found = list(catalogue.structures())
    assert len({shape.name for shape in found}) == len(found)
    assert all(catalogue.structure(shape.name) is shape for shape in found)


def test_structures_of_a_module() -> None:
    assert [shape.name for shape in catalogue.of_module("guid")] == ["GUID"]


def test_adopting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_by_name", {})
    mine = Structure("OF_A_PLUGIN", [Field("Number", ULONG32, "a number")], source="a test", meaning="A test.")
    catalogue.adopt(mine)
    catalogue.adopt(mine)
    assert catalogue.structure("OF_A_PLUGIN") is mine
    other = Structure("OF_A_PLUGIN", [Field("Other", ULONG32, "a number")], source="a test", meaning="A test.")
    with pytest.raises(ValueError, match="another structure called OF_A_PLUGIN"):
        catalogue.adopt(other)
    with pytest.raises(ValueError, match="called GUID"):
        catalogue.adopt(Structure("GUID", [Field("Data1", ULONG32, "a number")], source="a test", meaning="A test."))
