"""Records behave as typing.NamedTuple's do; opening a dump and listing its streams loads none of the modules that they do without."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from dumpscope.record import NamedTuple, cached_property, records

ROOT = Path(__file__).resolve().parents[2]


class Ours(NamedTuple):
    """A record."""

    index: int  # type: ignore[assignment]
    name: str = "none"
    size: int = 0

    @property
    def end(self) -> int:
        """Two fields together."""
        return self.index + self.size


class Theirs(typing.NamedTuple):
    """The same of typing's."""

    index: int  # type: ignore[assignment]
    name: str = "none"
    size: int = 0


def test_made_in_every_way() -> None:
    for cls in (Ours, Theirs):
        assert cls(1) == cls(index=1) == cls(1, "none", 0) == cls._make([1, "none", 0]) == (1, "none", 0)
        assert cls(1, size=3) == (1, "none", 3)
        assert cls(*[1, "a"], **{"size": 2})._asdict() == {"index": 1, "name": "a", "size": 2}
        assert cls(1)._replace(name="b") == (1, "b", 0)


def test_attributes() -> None:
    record = Ours(4, "x", 5)
    assert (record.index, record.name, record.size, record.end) == (4, "x", 5, 9)
    assert repr(record) == "Ours(index=4, name='x', size=5)"
    assert Ours._fields == Theirs._fields == Ours.__match_args__ == ("index", "name", "size")
    assert Ours._field_defaults == Theirs._field_defaults
    assert Ours.__doc__ == "A record."
    assert not hasattr(record, "__dict__")
    with pytest.raises(AttributeError):
        record.name = "y"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        record.other = 1  # type: ignore[attr-defined]


def test_many_of_whole_rows() -> None:
    rows = [(1, "a", 2), (3, "b", 4)]
    made = list(records(Ours, iter(rows)))
    assert made == [Ours(1, "a", 2), Ours(3, "b", 4)]
    assert all(type(record) is Ours for record in made)
    assert made[1].end == 7


def test_kept_and_copied() -> None:
    record = Ours(4, "x", 5)
    kept = [pickle.loads(pickle.dumps(record, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for again in (*kept, copy.copy(record), copy.deepcopy(record)):
        assert again == record
        assert type(again) is Ours
    assert hash(record) == hash((4, "x", 5))


@pytest.mark.parametrize("cls", [Ours, Theirs])
def test_wrong_values_are_refused(cls: typing.Any) -> None:
    for values, named in (((), {}), ((1, 2, 3, 4), {}), ((1,), {"index": 2}), ((1,), {"other": 2}), ((), {"name": "a"})):
        with pytest.raises(TypeError):
            cls(*values, **named)
    with pytest.raises(TypeError):
        cls._make([1])
    with pytest.raises((TypeError, ValueError)):
        cls(1)._replace(other=1)


def test_wrong_classes_are_refused() -> None:
    with pytest.raises(TypeError):
        type(NamedTuple)("Empty", (NamedTuple,), {})
    with pytest.raises(TypeError):
        type(NamedTuple)("Order", (NamedTuple,), {"__annotations__": {"a": "int", "b": "int"}, "a": 1})
    with pytest.raises(TypeError):
        type(NamedTuple)("Two", (NamedTuple, dict), {"__annotations__": {"a": "int"}})


def test_a_class_made_of_a_record_keeps_its_fields() -> None:
    class More(Ours):
        """More than a record."""

        def twice(self) -> int:
            return self.size * 2

    assert More(1, size=4).twice() == 8
    assert More._fields == Ours._fields
    assert isinstance(More(1)._replace(size=2), More)


def test_attribute_made_once() -> None:
    calls = []

    class Thing:
        @cached_property
        def value(self) -> int:
            """Said once."""
            calls.append(self)
            return 7

    thing = Thing()
    assert (thing.value, thing.value, len(calls)) == (7, 7, 1)
    assert Thing.value.__doc__ == "Said once."


def test_opening_a_dump_loads_no_machinery() -> None:
    sample = next((ROOT / "samples").glob("*.dmp"))
    heavy = {"typing", "collections", "functools", "re", "enum", "contextlib", "dataclasses", "inspect"}
    code = (
        "import sys; before = set(sys.modules)\n"
        f"from dumpscope import Minidump\nwith Minidump.open({str(sample)!r}) as dump:\n    [(stream.name, stream.size) for stream in dump.streams]\n"
        f"print(sorted((set(sys.modules) - before) & {heavy!r}))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=str(ROOT / "extension"))
    assert done.stdout.strip() == "[]"
