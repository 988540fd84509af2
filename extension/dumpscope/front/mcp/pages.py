"""Pages of the format as resources: the structures of each module of ``format/``, and the stream types, as plain text."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Callable, Dict, Iterator, NamedTuple

from ...format.catalogue import MODULES, of_module
from ...format.flags import MINIDUMP_TYPE
from ...format.layout import Enumeration, FlagSet
from ...format.streams import STREAMS


class Page(NamedTuple):
    """A page: its title, and what makes its text."""

    title: str
    text: Callable[[], str]


def format_pages() -> Dict[str, Page]:
    """The pages by URI, such as ``dumpscope://format/handles``."""
    found = {"dumpscope://format/streams": Page("format: the types of streams", partial(_joined, _streams))}
    for module in MODULES:
        found[f"dumpscope://format/{module.rpartition('.')[2]}"] = Page(f"format: {_subject(module)}", partial(_joined, _structures, module))
    return found


def _joined(lines: Callable[..., Iterator[str]], *words: str) -> str:
    return "\n".join(lines(*words)) + "\n"


def _subject(module: str) -> str:
    """The first sentence of a module's description."""
    doc = (import_module(f"dumpscope.format.{module}").__doc__ or module).strip()
    return " ".join(doc.split("\n\n")[0].split()).rstrip(".")


def _structures(module: str) -> Iterator[str]:
    """Each structure of a module: what it is, its fields with offset, size, type and meaning, and the names of its numbers."""
    yield _subject(module)
    named: Dict[str, object] = {}
    for shape in of_module(module):
        yield ""
        yield f"{shape.name}, 0x{shape.size:x} bytes: {shape.meaning}"
        for field in shape.fields:
            array = f"[{field.count or ''}]" if field.array else ""
            words = [field.meaning]
            if field.target:
                words.append(f"leads to {field.target}")
            if field.when:
                words.append(f"valid when: {field.when}")
            yield f"  +0x{field.offset:x}  {field.type.name} {field.name}{array}: {'; '.join(word for word in words if word)}"
            if field.values is not None:
                named.setdefault(field.values.name, field.values)
        yield f"  source: {shape.source}"
    for values in named.values():
        assert isinstance(values, (Enumeration, FlagSet))
        yield ""
        yield f"{values.name}, {'bits' if isinstance(values, FlagSet) else 'values'}"
        for number, (name, meaning) in values.members.items():
            yield f"  0x{number:x}  {name}: {meaning}"


def _streams() -> Iterator[str]:
    """The types of streams: number, name, whose it is, the structures in it, what asks for it, and what it holds."""
    yield "Types of streams, by the number in the directory"
    yield ""
    for kind in STREAMS.values():
        number = f"{kind.type}" if kind.type < 0x7000 else f"0x{kind.type:x}"
        words = [kind.meaning, f"structures: {', '.join(name for name in (kind.header, kind.structure) if name)}" if kind.header or kind.structure else ""]
        words.append(f"asked for by {', '.join(MINIDUMP_TYPE.labels(kind.flag))}" if kind.flag else "")
        yield f"{number}  {kind.name} ({kind.vendor}): {'; '.join(word for word in words if word)}"


__all__ = ["Page", "format_pages"]
