"""Tuples with named fields, attributes made once, and sequences, without the price of ``typing``, ``functools`` and ``collections``.

Importing ``typing`` and making classes with its NamedTuple takes longer than all the rest of opening a dump. A type checker sees the
originals here, with all that it knows of them; at run time stand equals that are made without a compiler and without imports. A
module that uses :class:`NamedTuple` begins with ``from __future__ import annotations``: only the names of the fields are looked at.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from functools import cached_property as cached_property
    from typing import Any, Dict, Iterable, Iterator, Tuple, Type, TypeVar
    from typing import NamedTuple as NamedTuple
    from typing import Sequence as Sequence

    R = TypeVar("R", bound=NamedTuple)

    def records(cls: Type[R], rows: Iterable[Tuple[Any, ...]]) -> Iterator[R]:
        """Records of whole rows, each with a value for every field: not checked, made without running Python for each."""
else:
    from _collections_abc import Sequence

    try:
        from _collections import _tuplegetter as _getter
    except ImportError:  # an interpreter other than CPython
        from operator import itemgetter

        def _getter(index: int, doc: str) -> property:
            return property(itemgetter(index), doc=doc)

    class _Kind(type):
        """The type of record classes. Values become a record here and not in ``__new__``, so that :func:`records` can go round it."""

        def __call__(cls, /, *values: Any, **named: Any) -> Any:
            if named or len(values) != len(cls._fields):
                values = cls._complete(values, named)
            return tuple.__new__(cls, values)

    _call = type.__call__

    def records(cls: Any, rows: Any) -> Any:
        return map(_call.__get__(cls), rows)

    class _Record(tuple, metaclass=_Kind):
        """What all records have: the methods of collections.namedtuple, and its way to be made."""

        __slots__ = ()
        _fields: Tuple[str, ...] = ()
        _field_defaults: Dict[str, Any] = {}

        @classmethod
        def _complete(cls, values: Tuple[Any, ...], named: Dict[str, Any]) -> Tuple[Any, ...]:
            """All values in order: those given in their places, by name, or by default. Raises TypeError."""
            fields = cls._fields
            if len(values) > len(fields):
                raise TypeError(f"{cls.__name__}() takes {len(fields)} values but {len(values)} were given")
            rest = fields[len(values) :]
            unknown = [name for name in named if name not in rest]
            if unknown:
                twice = unknown[0] in fields
                raise TypeError(f"{cls.__name__}() got " + ("multiple values for" if twice else "an unexpected") + f" argument {unknown[0]!r}")
            given = {**cls._field_defaults, **named}
            lost = [name for name in rest if name not in given]
            if lost:
                raise TypeError(f"{cls.__name__}() is missing {', '.join(map(repr, lost))}")
            return (*values, *map(given.__getitem__, rest))

        @classmethod
        def _make(cls, iterable: Any) -> Any:
            """A record of the values of an iterable, one for each field."""
            made = tuple.__new__(cls, iterable)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **named: Any) -> Any:
            """A record with other values in the fields that are named."""
            made = self._make(map(named.pop, self._fields, self))
            if named:
                raise ValueError(f"Got unexpected field names: {list(named)!r}")
            return made

        __replace__ = _replace

        def _asdict(self) -> Dict[str, Any]:
            """The values by the names of their fields."""
            return dict(zip(self._fields, self))

        def __repr__(self) -> str:
            inside = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self))
            return f"{type(self).__name__}({inside})"

        def __getnewargs__(self) -> Tuple[Any, ...]:
            return (tuple(self),)

    class _Maker(type):
        """Turns the body of a class into a tuple with a getter for each annotated name."""

        def __new__(cls, name: str, bases: Tuple[type, ...], body: Dict[str, Any]) -> type:
            if not bases:
                return type.__new__(cls, name, bases, body)  # NamedTuple itself
            if bases != (NamedTuple,):
                raise TypeError(f"{name}: a NamedTuple has no other base")
            fields = tuple(body.get("__annotations__", ()))
            if not fields:
                raise TypeError(f"{name}: no fields; its module must begin with `from __future__ import annotations`")
            defaults = {field: body[field] for field in fields if field in body}
            if fields[len(fields) - len(defaults) :] != tuple(defaults):
                raise TypeError(f"{name}: a field without a default follows one with a default")
            for index, field in enumerate(fields):
                body[field] = _getter(index, f"Alias for field number {index}")
            body["_fields"] = body["__match_args__"] = fields
            body["_field_defaults"] = defaults
            body["__slots__"] = ()
            return _Kind(name, (_Record,), body)

    class NamedTuple(metaclass=_Maker):
        """The base to write; what is made of it is a plain tuple class."""

    class cached_property:
        """An attribute that is found by a method when first asked for, and kept in the object."""

        def __init__(self, function: Any) -> None:
            self.func = function
            self.attrname = ""
            self.__doc__ = function.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self.attrname = name

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            if instance is None:
                return self
            value = instance.__dict__[self.attrname] = self.func(instance)
            return value


__all__ = ["NamedTuple", "Sequence", "cached_property", "records"]
