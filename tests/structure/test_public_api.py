"""The public names, their signatures and their types are what stands in public_api.txt.

Which names are public says ``docs/public.py``. After a change that is meant: ``python tests/structure/test_public_api.py --update``,
and say so in the changelog.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
STORED = HERE / "public_api.txt"

if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "extension")]

from docs import public  # noqa: E402


def test_public_api_is_what_was_promised() -> None:
    stored = STORED.read_text("utf-8").splitlines()
    now = public.frozen()
    gone = [line for line in stored if line not in now]
    new = [line for line in now if line not in stored]
    assert not gone, "names, signatures or types that are gone or changed: " + "; ".join(gone)
    assert not new, "new names: run this file with --update: " + "; ".join(new)


def test_every_class_that_a_dump_leads_to_is_on_the_list() -> None:
    listed = public.classes()
    lost = [f"{cls.__module__}.{cls.__name__}, by way of {way}" for cls, way in public.reached().items() if cls not in listed]
    assert not lost, "classes that docs/public.py does not name: " + "; ".join(lost)


def test_classes_are_found_through_annotations() -> None:
    from dumpscope.dump.process import LoadedModule
    from dumpscope.dump.strings import Text
    from dumpscope.dump.structures import Block
    from dumpscope.dump.xstate import XStateArea
    from dumpscope.format.layout import Scalar

    ways = public.reached()
    assert ways[XStateArea] == "Minidump.registers.xstate"
    assert ways[Text] == "Minidump.strings.inspect", "not the alias of the same name"
    assert ways[LoadedModule].endswith("loaded_modules[0]")
    assert Block in ways, "a base"
    assert Scalar in ways, "inside an alias for type checkers"


def test_a_member_without_a_docstring_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    from dumpscope import Minidump

    monkeypatch.setattr(Minidump, "path", property(_bare))
    assert public.undocumented() == ["Minidump.path has no docstring"]


def _bare(self: object) -> str:
    return ""


def test_all_public_names_are_typed_and_documented() -> None:
    assert public.undocumented() == []


def test_names_are_listed_once() -> None:
    import dumpscope

    names = [name for home in public.PUBLIC for name in (*home.classes, *home.functions)]
    assert len(names) == len(set(names)), "sections of the reference would have the same anchor"
    assert {name for name in dumpscope.__all__ if isinstance(getattr(dumpscope, name), type)} <= set(names)


if __name__ == "__main__":
    if "--update" in sys.argv:
        STORED.write_text("\n".join(public.frozen()) + "\n", "utf-8")
    else:
        sys.stdout.write("\n".join(public.frozen()) + "\n")
