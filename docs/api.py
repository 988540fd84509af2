"""The reference of the library, docs/api.md: every public class, function and constant with its docstring, from ``docs/public.py``."""

from __future__ import annotations

import inspect
import re
from typing import Dict, Iterator, List, Sequence

from .markdown import anchor, code, plain
from .public import PACKAGE, PUBLIC, Home, Member, bases, classes, constant_of, constructor, element, members, module_of, signature_of, undocumented

MADE = "Made by `python -m docs.build`; change the docstrings in `extension/dumpscope` or the list in `docs/public.py`, not this file."

_ROLE = re.compile(r":(?:class|meth|func|attr):`~?([^`]+)`")
_STRUCTURE = re.compile(r"\b(?:[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+|MDRaw\w+|Minidump[A-Z]\w+)\b")
_MANNER = {
    "__enter__": "`with`",
    "__len__": "`len()`",
    "__bool__": "truth",
    "__iter__": "iteration",
    "__getitem__": "indexing",
    "__contains__": "`in`",
    "__str__": "`str()`",
}
"""What the special methods are for."""


def words(text: str) -> str:
    """A paragraph of a docstring: its names between backticks, the rest no markup."""
    text = _ROLE.sub(lambda role: f"``{role.group(1).rpartition('.')[2]}``", text)
    found = []
    for at, part in enumerate(re.split(r"``(.+?)``", " ".join(text.split()))):
        if at % 2:
            found.append(code(part))
        else:
            before, after = part[: len(part) - len(part.lstrip())], part[len(part.rstrip()) :]
            found.append(before + plain(part) + (after if part.strip() else ""))
    return "".join(found)


def paragraphs(doc: str) -> Iterator[str]:
    """A docstring as Markdown, its examples as Python."""
    for block in inspect.cleandoc(doc).split("\n\n"):
        if block.startswith(">>>"):
            yield "```python"
            for line in block.split("\n"):
                yield line.partition("# doctest:")[0].rstrip()
            yield "```"
        else:
            yield words(block)
        yield ""


class Reference:
    """The page, made of the list of public names; ``structures`` gives the page of a C structure or of a set of names by its name."""

    def __init__(self, structures: Dict[str, str]) -> None:
        self.structures = structures
        self.public = set(classes())

    def to_class(self, cls: type) -> str:
        """A link to the section of a class; plain code for one that has none."""
        return f"[{code(cls.__name__)}](#{anchor(cls.__name__)})" if cls in self.public else code(cls.__name__)

    def see(self, member: Member, cls: type) -> str:
        """Links to the classes that a member leads to, as the end of a line."""
        found = [item for item in member.returns if item in self.public and item is not cls and item.__name__ not in ("Absent", "Damage")]
        return f" → {', '.join(self.to_class(item) for item in found)}" if found else ""

    def member(self, member: Member, cls: type) -> str:
        """One line of a list of members."""
        text = f"{member.name}{member.text}" if member.kind == "method" else f"{member.name}: {member.text}"
        doc = " ".join(block for block in paragraphs(member.doc) if block)
        return f"- {code(text)}{self.see(member, cls)}" + (f"  \n  {doc}" if doc else "")

    def fields(self, cls: type, found: Sequence[Member]) -> Iterator[str]:
        """The declaration of a record."""
        yield "```python"
        yield f"class {cls.__name__}(NamedTuple):"
        for field in found:
            yield f"    {field.name}: {field.text}".replace("'", '"')  # as ruff formats it
        yield "```"
        yield ""

    def manners(self, cls: type, found: Sequence[Member]) -> Iterator[str]:
        """What the class can do besides having members."""
        by_name = {member.name: member for member in found if member.kind == "special"}
        able = [f"{_MANNER[name]} ({code('self' + _call(by_name[name]))})" if name == "__getitem__" else _MANNER[name] for name in _MANNER if name in by_name]
        inside = element(cls)
        told = [f"A sequence of {self.to_class(inside)}."] if inside is not None else []
        if told or able:
            yield " ".join([*told, f"Also: {', '.join(able)}."] if able else told)
            yield ""

    def section(self, cls: type) -> Iterator[str]:
        """One class."""
        found = members(cls)
        yield f"### {cls.__name__}"
        yield ""
        yield from paragraphs(cls.__doc__ or "")
        fields = [member for member in found if member.kind == "field"]
        if fields:
            yield from self.fields(cls, fields)
        if constructor(cls):
            yield f"Made with {code(cls.__name__ + constructor(cls))}."
            yield ""
        parents = [base for base in cls.__mro__[1:] if base in self.public]
        if parents:
            yield f"Has all that {self.to_class(parents[0])} has."
            yield ""
        elif bases(cls) and issubclass(cls, BaseException):
            yield f"A kind of {code(bases(cls)[0])}."
            yield ""
        yield from self.manners(cls, [member for member in found if member.own])
        own = [self.member(member, cls) for member in found if member.own and member.kind in ("attribute", "property", "method")]
        if own:
            yield from own
            yield ""
        linked = dict.fromkeys(name for name in _STRUCTURE.findall(cls.__doc__ or "") if name in self.structures)
        if linked:
            yield "In the file: " + ", ".join(f"[{code(name)}]({self.structures[name]})" for name in linked) + "."
            yield ""

    def home(self, home: Home) -> Iterator[str]:
        """All of a module that is public."""
        yield f"## {home.title}"
        yield ""
        names = [*home.classes, *home.functions, *home.constants]
        where = f"from {PACKAGE}.{home.module} import "
        yield "```python"
        if len(where) + len(", ".join(names)) <= 140:
            yield where + ", ".join(names)
        else:
            yield where + "("
            for name in names:
                yield f"    {name},"
            yield ")"
        yield "```"
        yield ""
        for name in home.classes:
            yield from self.section(getattr(module_of(home), name))
        for name in home.functions:
            yield f"### {name}"
            yield ""
            yield "```python"
            yield f"def {name}{signature_of(home, name)}"
            yield "```"
            yield ""
            yield from paragraphs(getattr(module_of(home), name).__doc__ or "")
        if home.constants:
            yield from self.constants(home)

    def constants(self, home: Home) -> Iterator[str]:
        """Constants with their values, or the codes that a dictionary explains, or what names numbers."""
        for name in home.constants:
            value = getattr(module_of(home), name)
            if isinstance(value, dict):
                yield f"{code(name)} has a sentence for each code:"
                yield ""
                yield "| code | meaning |"
                yield "|---|---|"
                for key, meaning in value.items():
                    yield f"| {code(str(key))} | {plain(str(meaning))} |"
            elif hasattr(value, "members"):
                link = self.structures.get(value.name, "")
                known = f"names of {len(value.members)} numbers" if not link else f"names of {len(value.members)} numbers, on [its page]({link})"
                yield f"- {code(constant_of(home, name)[0])}: {known}"
            else:
                yield f"- {code(constant_of(home, name)[0])}"
        yield ""


def _call(member: Member) -> str:
    """Indexing as it is written: ``[index: int] -> Thread``."""
    inside, _, returned = member.text[1:].partition(") -> ")
    return f"[{inside}] -> {returned}"


def api_page(structures: Dict[str, str]) -> str:
    """The page. Raises LookupError when something public has no docstring or no type."""
    missing = undocumented()
    if missing:
        raise LookupError("; ".join(missing))
    page = Reference(structures)
    lines: List[str] = ["# The library", "", "Every class, function and constant that stays. [library.md](library.md) shows how they are used.", "", MADE, ""]
    lines += [
        "`from dumpscope import` knows `Minidump`, `Absent`, `Damage` and the errors. Functions and constants are imported from their modules,"
        " classes too where an annotation needs one: objects come from a `Minidump`. Offsets are from the start of the file, addresses are those of the"
        " process, sizes are in bytes.",
        "",
    ]
    for home in PUBLIC:
        names = ", ".join(f"[{code(name)}](#{anchor(name)})" for name in (*home.classes, *home.functions))
        lines.append(f"- [{home.title}](#{anchor(home.title)})" + (f": {names}" if names else ""))
    lines.append("")
    for home in PUBLIC:
        lines += page.home(home)
    return "\n".join(lines).rstrip() + "\n"
