"""What the members of each command's JSON document are, seen in the documents that the commands give on all samples.

Names and kinds come from the blocks that a command answers with, so that columns of empty tables count too; the types of what has
no kind come from the values. ``python -m docs.schemas`` (a minute or two) writes ``front/cli/schemas.json``, of which ``dumpscope schema``
and the files under docs/schema are made.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import zlib
from multiprocessing import Pool
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from dumpscope.commands.index import all_commands, find_command
from dumpscope.commands.opening import session_of
from dumpscope.dump.named import source_at
from dumpscope.errors import DumpscopeError
from dumpscope.session.parsing import build_parser
from dumpscope.session.registry import DUMP_ANY, DUMP_FIRST, DUMP_NEEDED, DUMP_OPTIONAL, Command
from dumpscope.session.running import run
from dumpscope.session.session import Session
from dumpscope.view.blocks import Block, Bytes, Fields, Hexdump, Lines, Table
from dumpscope.view.document import render_json

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "extension" / "dumpscope" / "front" / "cli" / "schemas.json"
HEAD = ("schema", "command", "dump", "error", "reason", "findings", "notes")
"""Members of every document; :mod:`dumpscope.front.cli.schemas` declares them."""
ALWAYS = HEAD[:3]
INSTEAD = {
    "diff": ["diff samples/handles.dmp", "diff samples/handles-leak.dmp samples/handles.dmp --handles", "diff samples/memory-map.dmp --memory"],
    "triage": ["triage samples/real --jobs 1", "triage samples/real --jobs 1 --group-by process"],
}
"""Lines in place of a command's examples, where those name files that are not there."""
SHARE = 8
"""Of so many samples one is tried with a line that is not a command's first."""
SILENT = ("writedump",)
"""Commands that answer on Windows only."""
WRITES = ("-o", "--write", "--report", "--install")
"""Options of lines that write a file."""
_TEXT = ("text", "name", "path", "type", "symbol")
_HEX = ("hex", "mask", "handle", "address", "address32", "code", "hresult")
_NUMBER = ("int", "count", "size", "bytes", "offset", "id", "time", "filetime", "duration", "seconds")
_NUMBERED = re.compile(r"_[0-9]+$")
MANY = 3
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def lines_of(command: Command) -> List[List[str]]:
    """The words of each line that the command is run with, without its name: its examples, and nothing behind it."""
    found = [shlex.split(line)[1:] for line in INSTEAD.get(command.name) or [example.line for example in command.examples]]
    found = [words for words in found if not set(words) & set(WRITES)]
    if command.dump in (DUMP_NEEDED, DUMP_ANY, DUMP_FIRST, DUMP_OPTIONAL) and command.name not in INSTEAD and [] not in found:
        found.insert(0, [])
    return [words for number, words in enumerate(found) if words not in found[:number]]


def samples() -> List[Path]:
    """All samples."""
    return sorted((ROOT / "samples").rglob("*.dmp"))


class Seen:
    """What was seen at one place of a document: types of values, members, entries; and the kinds that blocks gave to it."""

    def __init__(self) -> None:
        self.types: Set[str] = set()
        self.kinds: Set[str] = set()
        self.members: Dict[str, Seen] = {}
        self.entries: Optional[Seen] = None
        self.block = ""

    def member(self, name: str) -> Seen:
        """The place of a member."""
        return self.members.setdefault(name, Seen())

    def entry(self) -> Seen:
        """The place of the entries of a list."""
        if self.entries is None:
            self.entries = Seen()
        return self.entries

    def value(self, value: Any) -> None:
        """Note a value."""
        if isinstance(value, dict):
            self.types.add("object")
            for name, inner in value.items():
                if not (name.endswith("_reason") and name[:-7] in value and value[name[:-7]] is None):
                    self.member(name).value(inner)
        elif isinstance(value, (list, tuple)):
            self.types.add("array")
            for inner in value:
                self.entry().value(inner)
        elif isinstance(value, bool):
            self.types.add("boolean")
        elif value is not None:
            self.types.add({int: "integer", float: "number"}.get(type(value), "string"))

    def document(self, document: Dict[str, Any]) -> None:
        """Note a whole document, but for what all have."""
        self.value({name: value for name, value in document.items() if name not in HEAD or _is_own(name, value)})

    def cells(self, names: Iterable[Tuple[str, str]]) -> None:
        """Note columns or items: name and kind."""
        self.types.add("object")
        for name, kind in names:
            if name:
                self.member(name).kinds.add(kind)

    def schema(self, typed: bool = False) -> Dict[str, Any]:
        """The schema of this place. What a block gives to it is stable; what is only seen in values is not."""
        typed = typed or bool(self.block)
        made: Dict[str, Any] = {}
        types = set(self.types)
        kinds = self.kinds - {"data", "value"}
        for kind in kinds:
            types.add("string" if kind in _TEXT or kind in _HEX else "integer" if kind in _NUMBER else _OTHER[kind])
        if types >= {"integer", "number"}:
            types.discard("integer")
        if types:
            made["type"] = sorted(types) if self.block == "row" else [*sorted(types), "null"]
        if typed or (kinds and kinds == self.kinds):
            made["x-stable"] = True
        if kinds and kinds == self.kinds:
            made["x-kind"] = sorted({"address" if kind == "address32" else kind for kind in kinds})
            if kinds <= set(_HEX) and types == {"string"}:
                made["pattern"] = "^-?0x[0-9a-f]+$"
        if "array" in types and self.entries is not None:
            made["items"] = self.entries.schema(typed)
        if "array" in types and self.kinds == {"words"} and (self.entries is None or self.entries.types <= {"string"}):
            made["items"] = {"type": "string"}
        if "object" in types:
            made.update(self._object(typed))
        return made

    def _object(self, typed: bool) -> Dict[str, Any]:
        names = sorted(self.members)
        if not all(_NAME.fullmatch(name) for name in names):  # names that are data: of variables, of commands
            inner = Seen()
            for name in names:
                inner.join(self.members[name])
            return {"additionalProperties": inner.schema()}
        return {**self.named(names, typed), "additionalProperties": True}

    def named(self, names: Iterable[str], typed: bool = False) -> Dict[str, Any]:
        """Schemas of the members of these names. Many that differ in a number at the end are one pattern."""
        numbered: Dict[str, List[str]] = {}
        for name in names:
            numbered.setdefault(_NUMBERED.sub("", name), []).append(name)
        alone: Dict[str, Any] = {}
        patterns: Dict[str, Any] = {}
        for stem, group in numbered.items():
            series = [name for name in group if name != stem]
            if len(series) >= MANY:
                inner = Seen()
                for name in series:
                    inner.join(self.members[name])
                patterns[f"^{stem}_[0-9]+$"] = inner.schema(typed)
                group = [name for name in group if name == stem]
            for name in group:
                alone[name] = self.members[name].schema(typed and not self.members[name].kinds & {"data", "value"})
        made: Dict[str, Any] = {"properties": dict(sorted(alone.items()))}
        if patterns:
            made["patternProperties"] = patterns
        return made

    def join(self, other: Seen) -> None:
        """Take what was seen elsewhere as seen here."""
        self.types |= other.types
        self.kinds |= other.kinds
        self.block = self.block or other.block
        for name, inner in other.members.items():
            self.member(name).join(inner)
        if other.entries is not None:
            self.entry().join(other.entries)


_OTHER = {"words": "array", "bool": "boolean", "percent": "number"}


def _is_own(name: str, value: Any) -> bool:
    """Whether a member that has the name of one of every document is another: ``reason`` of ``mend``."""
    if name in ("findings", "notes"):
        return not isinstance(value, list)
    return name == "reason" and not (isinstance(value, dict) and set(value) == {"kind", "message"})


def _noted(blocks: Iterable[Block], seen: Seen) -> Iterator[Block]:
    """The blocks, with their names and kinds noted."""
    for block in blocks:
        if isinstance(block, Table) and block.key:
            place = seen.member(block.key)
            place.block = "table"
            place.types.add("array")
            place.entry().block = "row"
            place.entry().cells((column.key, column.kind) for column in block.columns)
        elif isinstance(block, Fields):
            place = seen.member(block.key) if block.key else seen
            place.block = "fields"
            place.cells((item.key, item.kind) for item in block.items)
        elif isinstance(block, (Lines, Hexdump, Bytes)) and block.key:
            seen.member(block.key).block = "lines" if isinstance(block, Lines) else "bytes"
        yield block


def documents(command: Command, seen: Seen, paths: Iterable[Path]) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """The line and the document of each run of the command that gives one. The first line is run on all of these dumps, others on every eighth."""
    takes = command.dump in (DUMP_NEEDED, DUMP_ANY, DUMP_FIRST)
    if command.name in SILENT:
        return
    for number, words in enumerate(lines_of(command)):
        if takes:
            for path in paths:
                if not number or zlib.crc32(path.name.encode()) % SHARE == number % SHARE:
                    yield from run_line(command, [str(path), *words], str(path), seen)
        if not takes or command.dump == DUMP_FIRST:
            yield from run_line(command, words, None, seen)


def run_line(command: Command, words: List[str], path: Optional[str], seen: Seen) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """The line and its document, if it gives one; ``seen`` notes the blocks."""
    chunks: List[str] = []
    source = None
    try:
        args = build_parser(command, command.name, with_dump=path is not None).parse_words(words)
        source = None if path is None else source_at(path)
        session = Session() if source is None or path is None else session_of(source, path)
        if session.open_error is not None and command.dump != DUMP_ANY:
            return
        try:
            for chunk in render_json(_noted(run(session, command, args), seen), session.head(command)):
                chunks.append(chunk)
        finally:
            if session.has_dump:
                session.dump.close()
    except DumpscopeError:
        pass  # the document is complete, and says it; or there is none
    finally:
        if source is not None:
            source.close()
    if chunks:
        yield " ".join([command.name, *words]), json.loads("".join(chunks))


def members_of(seen: Seen) -> Dict[str, Any]:
    """The schemas of the members that were seen, but for those of every document."""
    return seen.named(name for name in sorted(seen.members) if name not in ALWAYS and not name.endswith("_reason"))


def members(name: str) -> Dict[str, Any]:
    """The schemas of the members of a command's document."""
    seen = Seen()
    for _, document in documents(find_command(name), seen, samples()):
        seen.document(document)
    return members_of(seen)


def main() -> int:
    """Run everything, and write what was seen."""
    os.chdir(ROOT)
    names = sorted(item.name for item in all_commands())
    with Pool(2) as pool:
        found = dict(zip(names, pool.map(members, names, chunksize=1)))
    STORED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
