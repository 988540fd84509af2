"""Writes docs/format, docs/rules, docs/schema, docs/commands.md, docs/api.md and docs/dumpscope.1 from the tables, the rules, the registry and the docstrings:
``python -m docs.build``.

``python -m docs.build --check`` compares instead of writing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "extension"))

from dumpscope.commands.index import all_commands  # noqa: E402
from dumpscope.commands.why import unfilled  # noqa: E402
from dumpscope.diagnosis.rules.catalogue import FAMILIES, family  # noqa: E402
from dumpscope.diagnosis.rules.rule import Rule  # noqa: E402
from dumpscope.format.catalogue import MODULES, of_module  # noqa: E402
from dumpscope.format.flags import MINIDUMP_TYPE  # noqa: E402
from dumpscope.format.layout import Enumeration, Field, FlagSet, Structure  # noqa: E402
from dumpscope.format.streams import STREAMS  # noqa: E402
from dumpscope.front.cli.schemas import schema_text  # noqa: E402
from dumpscope.front.cli.shells import SHELLS  # noqa: E402
from dumpscope.learning.lessons import all_lessons  # noqa: E402
from dumpscope.session.registry import (  # noqa: E402
    CATEGORIES,
    DUMP_ANY,
    DUMP_NEEDED,
    Command,
)

from .api import api_page  # noqa: E402
from .man import man_page  # noqa: E402
from .markdown import anchor, code, plain  # noqa: E402
from .signatures import signatures_page  # noqa: E402

MADE = "Made by `python -m docs.build`; change the tables in `extension/dumpscope`, not this file."


# -- format ------------------------------------------------------------------------------------------------------------------


def page_name(module: str) -> str:
    """The name of a module's page: that of the module without its folder."""
    return module.rpartition(".")[2]


_HOME: Dict[str, str] = {}
for _module in MODULES:
    for _shape in of_module(_module):
        _HOME.setdefault(_shape.name, page_name(_module))


def to_structure(name: str, here: str) -> str:
    """A link to a structure from the page ``here``; plain code for a name that is none of ours."""
    plain_name = name.rstrip("[]")
    home = _HOME.get(plain_name)
    if home is None:
        return code(name)
    page = "" if home == here else f"{home}.md"
    return f"[{code(name)}]({page}#{anchor(plain_name)})"


def field_words(field: Field, here: str) -> str:
    """Meaning, unit, target, names and condition of a field."""
    words = [plain(field.meaning)]
    if field.unit and field.unit not in field.meaning:
        words.append(f"in {plain(field.unit)}")
    if field.target:
        words.append("leads to " + to_structure(field.target, here))
    if field.values is not None:
        words.append(f"see [{plain(field.values.name)}](#{anchor(field.values.name)})")
    if field.when:
        words.append(f"valid when: {plain(field.when)}")
    return "; ".join(word for word in words if word)


def structure_section(shape: Structure, here: str) -> Iterator[str]:
    """One structure."""
    yield f"## {shape.name}"
    yield ""
    yield f"{plain(shape.meaning)} {shape.size} (0x{shape.size:x}) bytes, aligned to {shape.align}."
    yield ""
    users = [name for name in _users().get(shape.name, []) if name != shape.name]
    if users:
        yield "Part of, or led to from: " + ", ".join(to_structure(name, here) for name in users) + "."
        yield ""
    yield "| offset | size | type | field | meaning |"
    yield "|---|---|---|---|---|"
    for field in shape.fields:
        kind = to_structure(field.type.name, here) if isinstance(field.type, Structure) else code(field.type.name)
        array = f"[{field.count or ''}]" if field.array else ""
        yield f"| 0x{field.offset:x} | {field.size or 'varies'} | {kind}{array} | {code(field.name)} | {field_words(field, here)} |"
    yield ""
    yield "```c"
    yield shape.c_declaration()
    yield "```"
    yield ""
    yield f"Source: {plain(shape.source)}."
    yield ""


_used_by: Dict[str, List[str]] = {}


def _users() -> Dict[str, List[str]]:
    """Which structures hold or lead to which."""
    if not _used_by:
        for module in MODULES:
            for shape in of_module(module):
                for field in shape.fields:
                    names = [field.target.rstrip("[]")] if field.target else []
                    if isinstance(field.type, Structure):
                        names.append(field.type.name)
                    for name in names:
                        known = _used_by.setdefault(name, [])
                        if shape.name not in known:
                            known.append(shape.name)
    return _used_by


def value_section(values: object, level: str = "###") -> Iterator[str]:
    """The names of an enumeration's or mask's numbers."""
    assert isinstance(values, (Enumeration, FlagSet))
    yield f"{level} {values.name}"
    yield ""
    yield "Bits." if isinstance(values, FlagSet) else "Values."
    yield ""
    yield "| value | name | meaning |"
    yield "|---|---|---|"
    for number, (name, meaning) in values.members.items():
        yield f"| 0x{number:x} | {code(name)} | {plain(meaning)} |"
    yield ""
    if values.source:
        yield f"Source: {plain(values.source)}."
        yield ""


def format_page(module: str) -> str:
    """All structures of a module of ``format/``."""
    doc = (import_module(f"dumpscope.format.{module}").__doc__ or "").strip()
    page = page_name(module)
    lines = [f"# {page}", "", plain(doc.split("\n\n")[0]), "", f"{MADE} Back to the [list of structures](README.md).", ""]
    seen: Dict[str, object] = {}
    shapes = list(of_module(module))
    for shape in shapes:
        lines += structure_section(shape, page)
        for field in shape.fields:
            if field.values is not None:
                seen.setdefault(field.values.name, field.values)
    if seen:
        lines += ["## Names of numbers", ""]
        for values in seen.values():
            lines += value_section(values)
    return "\n".join(lines).rstrip() + "\n"


VALUES = ("signals", "mach", "faults")
"""Modules of ``format/`` that declare names of numbers and no structures."""


def values_page(module: str) -> str:
    """All names of numbers of a module of ``format/``."""
    home = import_module(f"dumpscope.format.{module}")
    head, _, more = (home.__doc__ or "").strip().partition("\n\n")
    lines = [f"# {module}", "", plain(head), ""]
    if more:
        lines += [plain(" ".join(more.split())), ""]
    lines += [f"{MADE} Back to the [list of structures](README.md).", ""]
    for values in {id(item): item for item in vars(home).values() if isinstance(item, (Enumeration, FlagSet))}.values():
        lines += value_section(values, "##")
    return "\n".join(lines).rstrip() + "\n"


def streams_page() -> str:
    """All stream types."""
    lines = ["# Stream types", "", "What the entries of the directory can hold.", "", f"{MADE} Back to the [list of structures](README.md).", ""]
    lines += ["| type | name | whose | asked for by | head | entries | what it holds |", "|---|---|---|---|---|---|---|"]
    for kind in STREAMS.values():
        flag = ", ".join(MINIDUMP_TYPE.labels(kind.flag)) if kind.flag else ""
        head = to_structure(kind.header, "") if kind.header else ""
        entry = to_structure(kind.structure, "") if kind.structure else ""
        number = f"{kind.type}" if kind.type < 0x7000 else f"0x{kind.type:x}"
        lines.append(f"| {number} | {code(kind.name)} | {plain(kind.vendor)} | {code(flag) if flag else ''} | {head} | {entry} | {plain(kind.meaning)} |")
    return "\n".join(lines) + "\n"


def format_index() -> str:
    """The list of all structures."""
    lines = ["# The format of minidumps", "", "Every structure that a user-mode minidump is made of, in the order of their subjects.", "", MADE, ""]
    lines += ["- [Stream types](streams.md)", ""]
    for module in MODULES:
        doc = (import_module(f"dumpscope.format.{module}").__doc__ or "").strip().split("\n")[0]
        page = page_name(module)
        lines += [f"## [{page}]({page}.md)", "", plain(doc), ""]
        for shape in of_module(module):
            lines.append(f"- {to_structure(shape.name, '')}, 0x{shape.size:x} bytes: {plain(shape.meaning)}")
        lines.append("")
    for module in VALUES:
        doc = (import_module(f"dumpscope.format.{module}").__doc__ or "").strip().split("\n")[0]
        lines += [f"## [{module}]({module}.md)", "", plain(doc), ""]
    return "\n".join(lines).rstrip() + "\n"


# -- rules -------------------------------------------------------------------------------------------------------------------


def rule_section(rule: Rule) -> Iterator[str]:
    """One rule as a page has it."""
    yield f"## {rule.code}"
    yield ""
    yield f"**{plain(rule.title)}** ({rule.severity}, {'proven by the file' if rule.confidence == 'proven' else 'inferred'})"
    yield ""
    yield "What the debugger prints, or what is missed:"
    yield ""
    yield "```text"
    for number, symptom in enumerate(rule.symptoms):
        if number:
            yield ""
        yield from symptom.split("\n")
    yield "```"
    yield ""
    yield f"- Checked: {plain(rule.checks)}"
    yield f"- Verdict: {plain(unfilled(rule.verdict))}"
    yield f"- Affects: {', '.join(code(name) for name in rule.commands)}"
    for step in rule.remedy:
        yield f"- Remedy: {plain(unfilled(step))}"
    for source in rule.sources:
        yield f"- Known from: {plain(source)}"
    yield f"- Samples: [{code(rule.fires)}](../../samples/README.md) shows it, [{code(rule.silent)}](../../samples/README.md) does not"
    yield ""


def rules_page(prefix: str, subject: str) -> str:
    """The rules of a family."""
    lines = [f"# {prefix}: {plain(subject)}", "", f"{MADE} Back to the [list of rules](README.md).", ""]
    for rule in family(prefix):
        lines += rule_section(rule)
    return "\n".join(lines).rstrip() + "\n"


def rules_index() -> str:
    """All rules in tables."""
    lines = ["# Why commands fail", "", "The causes that `why` knows. `explain CODE` prints one. [Messages](messages.md) leads to them.", "", MADE, ""]
    for prefix, module, subject in FAMILIES:
        lines += [f"## {prefix}: {plain(subject)}", "", "| code | severity | cause | affects |", "|---|---|---|---|"]
        for rule in family(prefix):
            link = f"[{rule.code}]({module}.md#{anchor(rule.code)})"
            lines.append(f"| {link} | {rule.severity} | {plain(rule.title)} | {', '.join(code(name) for name in rule.commands)} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


KIND_WORDS = {
    "opening": "A file that was not opened",
    "reading": "Something in the file that a reader misses",
    "writing": "A dump that was not written",
    "managed": "The .NET side",
    "symbols": "Symbols and images",
    "kernel": "Dumps of a whole machine",
    "userdump": "User dumps of the old format",
    "live": "The debugger or a running process",
}


def messages_page() -> str:
    """The messages that ``why`` knows: who says what, and which rules it leads to; and what codes mean in opening and in writing."""
    from dumpscope.diagnosis.pasted.catalogue import everything
    from dumpscope.diagnosis.pasted.debugger import OPENING_CODES
    from dumpscope.diagnosis.pasted.writers import WRITE_CODES

    homes = {prefix: module for prefix, module, _ in FAMILIES}
    lines = [
        "# Messages that people paste",
        "",
        "What `why 'MESSAGE'` recognises. On a file that the debugger refuses, a message about opening ends in the rules",
    ]
    lines += ["that fire on that file, whatever the message points to.", "", f"{MADE} Back to the [list of rules](README.md).", ""]
    for kind, title in KIND_WORDS.items():
        lines += [f"## {title}", "", "| who says it | what it means | rules | what helps |", "|---|---|---|---|"]
        for item in everything():
            if item.kind == kind:
                links = ", ".join(f"[{rule}]({homes[rule[:3]]}.md#{anchor(rule)})" for rule in item.rules)
                lines.append(f"| {plain(item.who)} | {plain(item.means)} | {links} | {plain('; '.join(item.remedy))} |")
        lines.append("")
    lines += ["## Codes in opening a file", "", "| code | what it means | what to do |", "|---|---|---|"]
    lines += [f"| {code(f'0x{value:x}')} | {plain(cause.means)} | {plain('; '.join(cause.remedy))} |" for value, cause in sorted(OPENING_CODES.items())]
    lines += ["", "## Codes in writing a dump", "", "| code | what it means | rules | what to do |", "|---|---|---|---|"]
    for value, fault in sorted(WRITE_CODES.items()):
        links = ", ".join(f"[{rule}]({homes[rule[:3]]}.md#{anchor(rule)})" for rule in fault.rules)
        lines.append(f"| {code(f'0x{value:x}')} | {plain(fault.means)} | {links} | {plain('; '.join(fault.remedy))} |")
    lines += ["", "A Win32 error stands for its HRESULT (0x8007xxxx) too, an NTSTATUS for the HRESULT around it."]
    return "\n".join(lines).rstrip() + "\n"


# -- commands ----------------------------------------------------------------------------------------------------------------


def command_section(item: Command) -> Iterator[str]:
    """One command."""
    yield f"### {item.name}"
    yield ""
    yield plain(item.summary[:1].upper() + item.summary[1:]) + "."
    yield ""
    yield "```text"
    yield "dumpscope " + item.usage()
    yield "```"
    yield ""
    if item.description:
        yield plain(item.description)
        yield ""
    if item.aliases:
        yield "Also: " + ", ".join(code(name) for name in item.aliases) + "."
        yield ""
    if item.spellings:
        yield "In the debugger: " + ", ".join(code(name) for name in item.spellings) + "."
        yield ""
    if item.arguments:
        yield "| argument | meaning |"
        yield "|---|---|"
        for argument in item.arguments:
            yield f"| {code(argument.words)} | {plain(argument.help)} |"
        yield ""
    yield "```text"
    for example in item.examples:
        name, _, rest = example.line.partition(" ")
        dump = " app.dmp" if item.dump in (DUMP_NEEDED, DUMP_ANY) else ""
        line = f"dumpscope {name}{dump}{' ' + rest if rest else ''}"
        yield f"{line:<60}  # {example.purpose}"
    yield "```"
    yield ""


def commands_page() -> str:
    """All commands."""
    lines = ["# Commands", "", "Each has `--json`, `--csv`, `--redact`, `--color`, `--text`, `--width`, `--debug` and `--help` as well.", "", MADE, ""]
    commands = all_commands()
    for category in CATEGORIES:
        chosen = [item for item in commands if item.category == category]
        if not chosen:
            continue
        lines += [f"## {category}", ""]
        for item in chosen:
            lines += command_section(item)
    words = "These run on the command line only. They have no `--json` and no `--csv`: the lines that `repl`, `demo` and `run` take have them."
    lines += ["## command line only", "", words, ""]
    for item in SHELLS.values():
        lines += command_section(item)
    lines += ["## lessons", "", "`dumpscope learn N` runs one; `dumpscope learn N app.dmp` on a dump of your own.", ""]
    for lesson in all_lessons():
        path = f"../extension/dumpscope/lessons/{lesson.name}.md"
        lines.append(f"{lesson.number}. [{plain(lesson.title)}]({path}): {plain(lesson.summary)}")
    return "\n".join(lines).rstrip() + "\n"


# -- all of it ---------------------------------------------------------------------------------------------------------------


def places() -> Dict[str, str]:
    """Where each structure, and each set of names of a field's numbers, is explained."""
    found = {name: f"format/{home}.md#{anchor(name)}" for name, home in _HOME.items()}
    for module in MODULES:
        for shape in of_module(module):
            for field in shape.fields:
                if field.values is not None:
                    found.setdefault(field.values.name, f"format/{module}.md#{anchor(field.values.name)}")
    found.setdefault("MINIDUMP_STREAM_TYPE", "format/streams.md")
    return found


def pages() -> Dict[str, str]:
    """Path below docs/ and text of each page that is made."""
    found = {"format/README.md": format_index(), "format/streams.md": streams_page()}
    for module in MODULES:
        found[f"format/{page_name(module)}.md"] = format_page(module)
    for module in VALUES:
        found[f"format/{module}.md"] = values_page(module)
    found["rules/README.md"] = rules_index()
    for prefix, module, subject in FAMILIES:
        found[f"rules/{module}.md"] = rules_page(prefix, subject)
    found["rules/messages.md"] = messages_page()
    for item in all_commands():
        found[f"schema/{item.name}.json"] = schema_text(item.name)
    found["commands.md"] = commands_page()
    found["api.md"] = api_page(places())
    found["signatures.md"] = signatures_page(MADE)
    found["dumpscope.1"] = man_page(all_commands())
    return found


def differences(made: Dict[str, str]) -> List[Tuple[str, str]]:
    """Pages that are not as they would be written, and why."""
    wrong = []
    for name, text in made.items():
        path = DOCS / name
        if not path.exists():
            wrong.append((name, "is missing"))
        elif path.read_text("utf-8") != text:
            wrong.append((name, "is not up to date"))
    for folder, names in (("format", "*.md"), ("rules", "*.md"), ("schema", "*.json")):
        for path in sorted((DOCS / folder).glob(names)):
            if f"{folder}/{path.name}" not in made:
                wrong.append((f"{folder}/{path.name}", "is not made any more"))
    return wrong


def main(argv: List[str]) -> int:
    """Write the pages, or compare them."""
    made = pages()
    if "--check" in argv:
        wrong = differences(made)
        for name, why in wrong:
            sys.stdout.write(f"docs/{name} {why}\n")
        return 1 if wrong else 0
    for name, text in made.items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"wrote docs/{name}\n")
    for name, why in differences(made):
        (DOCS / name).unlink()
        sys.stdout.write(f"removed docs/{name}, which {why}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
