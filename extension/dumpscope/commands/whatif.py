"""``what-if``: what would change in reading a dump, and in the debugger's answers, if some of its bytes were others."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ..diagnosis.audit import audit
from ..diagnosis.facts import Facts
from ..diagnosis.rules.rule import ERROR
from ..diagnosis.rules.rule import Finding as RuleFinding
from ..dump.absence import NOT_ASKED, Absent
from ..dump.minidump import Minidump
from ..errors import UsageError
from ..format.counted import counted
from ..format.streams import LISTS, MINIDUMP_STREAM_TYPE
from ..session.edits import EXAMPLES, Change, Editor
from ..session.missing import facts_of, finding_block
from ..session.parsing import number
from ..session.registry import arg, command
from ..session.session import Session
from ..view.annotated import ByteRow
from ..view.blocks import Block, Column, Data, Fields, Item, Note, Save, Table
from ..wording.numbers import is_decimal
from ..writing.builder import DumpBuilder
from ..writing.mend import check_opens

MAX_DAMAGE = 50
_STREAM = re.compile(r"^(?P<drop>drop )?(?P<by>stream|(?:stream )?type) (?P<word>[0-9][0-9a-fx]*)(?P<rest>$|[ =+\-&|^<>].*$)", re.IGNORECASE)


def _decoded(dump: Optional[Minidump], error: str) -> Dict[str, str]:
    """What a reader finds in a dump, in words that can be compared."""
    if dump is None:
        return {"the file": f"not readable: {error}"}
    header = dump.header
    found = {"the file": f"a minidump with {counted(len(dump.streams), 'directory entry')}", "flags": f"0x{header.flags:x} {', '.join(header.flag_names)}"}
    for kind in LISTS:
        items: Any = getattr(dump, kind.reader)
        found[kind.words] = str(len(items)) if len(items) else _missing(items.absence)
    for attribute in ("system", "misc", "exception"):
        value: Any = getattr(dump, attribute)
        found[attribute] = value.message if isinstance(value, Absent) else _single(attribute, value)
    found["captured memory"] = counted(dump.memory.total, "byte")
    return found


def _missing(absence: Optional[Absent]) -> str:
    """Why a list is empty. What was not asked for needs no more words: its message names the flags, which may be what changes."""
    if absence is None:
        return "none"
    return "none: not asked for" if absence.kind == NOT_ASKED else absence.message


def _single(name: str, value: Any) -> str:
    if name == "system":
        return f"{value.os_name}, {value.architecture_name}"
    if name == "exception":
        return f"code 0x{value.code:08x} in thread 0x{value.thread_id:x}"
    return f"version {value.version}, Flags1 0x{value.flags1:x}"


def _damage(dump: Optional[Minidump]) -> Dict[Tuple[str, str], Optional[int]]:
    found: Dict[Tuple[str, str], Optional[int]] = {}
    if dump is not None:
        for item in dump.check():
            found[item.code, item.message] = item.offset
            if len(found) >= 2000:
                break
    return found


@command(
    "what-if",
    summary="what would change in decoding and in the debugger's answers if some bytes were different; the file is not changed",
    category="bytes",
    arguments=[
        arg("edits", nargs="+", metavar="EDIT", help="a change, in quotes; several are made one after the other", completes="edit"),
        arg("--write", metavar="OUT", help="write the changed copy to a new file, to try it in a debugger", completes="path"),
        arg("--anew", switch=True, help="with --write: build the dump anew from what a reader finds after the changes, so that sizes and counts agree"),
        arg("--force", switch=True, help="with --write: replace a file (never the dump itself)"),
    ],
    examples=[
        ("what-if 'flags &= ~4'", "if handles had not been asked for"),
        ("what-if 'stream HandleData size = 10'", "if the directory gave the stream 16 bytes"),
        ("what-if 'handle 24 GrantedAccess = 0'", "a field of a record"),
        ("what-if 'drop stream 6' 'flags |= MiniDumpWithHandleData'", "two changes"),
        ("what-if 'cut 4000' --write cut.dmp", "the first 0x4000 bytes, as a file"),
        ("what-if 'drop stream 6' --write small.dmp --anew", "a dump without a stream and its bytes"),
    ],
    description="EDIT: PLACE FIELD = VALUE, where PLACE is what `bytes` takes (nothing for the header) and the operator is one of "
    "= += -= &= |= ^= <<= >>=; stream N|NAME size|rva|type changes the directory entry with number N, "
    "type N size|rva|type the one of stream type N; byte|word|dword|qword OFFSET = VALUE; "
    "bytes OFFSET = 00 11 22; text OFFSET = WORDS (UTF-16 and a NUL); "
    "drop stream N; cut SIZE; grow N. Numbers are hexadecimal, ~ complements, names of flags count too.",
)
def what_if(session: Session, args: Any) -> Iterator[Block]:
    """Edits on a private copy."""
    dump = session.dump
    edits = list(args.edits)
    if len(edits) > 1 and " " not in edits[0].strip() and not any(sign in edits[0] for sign in "=<>"):
        edits = [" ".join(edits)]  # the quotes were forgotten
    if args.anew and not args.write:
        raise UsageError("--anew says how --write writes", "give --write OUT as well")
    editor = Editor(dump)
    try:
        changes: List[Change] = []
        notes: List[str] = []
        for edit in edits:
            meant, note = _by_index(editor.dump, edit)
            changes.append(editor.apply(meant)._replace(edit=" ".join(edit.split())))
            notes += [note] if note else []
        yield Data("edits", [_change_json(change) for change in changes])
        for change in changes:
            yield _change_block(change)
        for note in notes:
            yield Note(note, "hint")
        yield from _compare(session, editor)
        if args.write and args.anew:
            yield from _built(args, editor, dump.path)
        elif args.write:
            yield Save(args.write, _no_chunks, "changed copy", dump.path, args.force, editor.patch.write_to)
        else:
            yield Note("The file itself is unchanged; --write OUT makes the changed copy", "hint")
    finally:
        editor.close()


def _built(args: Any, editor: Editor, path: str) -> Iterator[Block]:
    """The changed dump, written by the builder, and what it could not take over."""
    if editor.dump is None:
        message = editor.error.message if editor.error is not None else ""
        raise UsageError(f"after these edits the file is no dump any more: {message}", "without --anew the bytes are written as they are")
    builder = DumpBuilder.of(editor.dump)
    builder.fit_system()

    def opens(made: str) -> None:
        check_opens(made, threads=len(editor.dump.threads) > 0 if editor.dump is not None else False)

    yield Save(args.write, _no_chunks, "dump built anew", path, args.force, builder.write_to, opens)
    yield Data("notes", list(builder.notes))
    for note in builder.notes:
        yield Note(note, "hint")


def _no_chunks() -> Iterator[bytes]:
    return iter(())


def _by_index(dump: Optional[Minidump], edit: str) -> Tuple[str, str]:
    """The edit with the stream given by its number in the directory, and a note where its type was taken instead. Raises UsageError."""
    text = " ".join(edit.split())
    match = _STREAM.match(text)
    if dump is None or match is None:
        return text, ""
    word, note = match.group("word"), ""
    if match.group("by").casefold() == "stream":
        if not is_decimal(word):
            return text, ""
        index = int(word)
        found = dump.stream(index) if index else None
        if index >= len(dump.streams):
            hint = f"`type {index}` is entry {found.index} ({found.name})" if found is not None else "`streams` lists them"
            raise UsageError(f"there is no stream {index}: the directory has {counted(len(dump.streams), 'entry')}", hint)
        if dump.streams[index].type or found is None:
            return text, ""
        note = f"{word} taken as the stream type: entry {found.index} ({found.name}), since entry {index} is unused"
    else:
        kind = int(word) if is_decimal(word) else number(word, "stream type")
        found = dump.stream(kind)
        if found is None:
            name = MINIDUMP_STREAM_TYPE.label(kind)
            raise UsageError(f"this dump has no stream of type {word}" + (f" ({name})" if name else ""), "`streams` lists those it has")
    return f"{match.group('drop') or ''}stream {found.index}{match.group('rest')}", note


def _change_json(change: Change) -> Dict[str, Any]:
    return {
        "edit": change.edit,
        "what": change.what,
        "field": change.field or None,
        "offset": change.offset,
        "before": change.before.hex(),
        "after": change.after.hex(),
        "before_text": change.before_row.value if change.before_row is not None else "",
        "after_text": change.after_row.value if change.after_row is not None else "",
        "words": change.words,
    }


def _bits(row: Optional[ByteRow]) -> Dict[str, str]:
    return {str(bit["name"]): str(bit["bit"] or "") for bit in row.bits} if row is not None else {}


def _change_block(change: Change) -> Fields:
    title = f"what if {change.edit}"
    if change.offset is None:
        return Fields("", [Item("", "changes", change.words)], title=title)
    old, new = change.before_row, change.after_row
    place = change.what + (f" . {change.field}" if change.field else "")
    items = [Item("", "changes", place, "text", role="emphasis"), Item("", "at", change.offset, "offset")]
    for label, data, row in (("before", change.before, old), ("after", change.after, new)):
        raw = data[:16].hex(" ") + (" …" if len(data) > 16 else "")
        words = row.value if row is not None else "" if label == "before" else "not part of a structure any more"
        items.append(Item("", label, raw, "text", note=words))
    gone = [f"{bit} {name}".strip() for name, bit in _bits(old).items() if name not in _bits(new)]
    come = [f"{bit} {name}".strip() for name, bit in _bits(new).items() if name not in _bits(old)]
    if gone:
        items.append(Item("", "cleared", ", ".join(gone), "text", role="warning"))
    if come:
        items.append(Item("", "set", ", ".join(come), "text", role="good"))
    return Fields("", items, title=title)


def _compare(session: Session, editor: Editor) -> Iterator[Block]:
    before, after = session.dump, editor.dump
    message = editor.error.message if editor.error is not None else ""
    old, new = _decoded(before, ""), _decoded(after, message)
    rows = [(name, old.get(name, "-"), new.get(name, "-")) for name in dict.fromkeys([*old, *new]) if name in new and old.get(name) != new[name]]
    columns = [Column("what", "what", role="label"), Column("before", "before"), Column("after", "after")]
    yield Table("changes", [column._replace(hidden=True) for column in columns], rows)
    if rows:
        items = []
        for name, was, becomes in rows:
            items.append(Item("", name, was, "text", role="dim"))
            items.append(Item("", "", f"-> {becomes}", "text"))
        yield Fields("", items, title="what a reader finds")
    else:
        yield Note("What a reader counts is the same as before; the bytes above are what differs.")
    yield from _compare_damage(before, after)
    yield from _compare_answers(facts_of(session), Facts(editor.source, after, editor.error))


def _compare_damage(before: Minidump, after: Optional[Minidump]) -> Iterator[Block]:
    if after is None:
        return
    old, new = _damage(before), _damage(after)
    come = [(code, offset, text) for (code, text), offset in new.items() if (code, text) not in old]
    gone = [(code, offset, text) for (code, text), offset in old.items() if (code, text) not in new]
    columns = [Column("code", "damage", role="warning"), Column("offset", "at", "offset"), Column("message", "what is wrong")]
    yield Table("new_damage", columns, come[:MAX_DAMAGE], title="new damage" if come else "")
    yield Table("mended", columns, gone[:MAX_DAMAGE], title="no damage any more" if gone else "")
    if len(come) > MAX_DAMAGE:
        yield Note(f"and {len(come) - MAX_DAMAGE} more")


def _compare_answers(before: Facts, after: Facts) -> Iterator[Block]:
    """What the debugger would do and what ``why`` would say."""
    was, becomes = before.engine.opening, after.engine.opening
    yield Data("opens", {"before": was.ok, "after": becomes.ok})
    if was.ok != becomes.ok:
        text = "would open this file" if becomes.ok else f"would not open this file: HRESULT 0x{becomes.hresult:08x}. " + becomes.message.replace("\n", " ")
        yield Note(f"The debugger {text}", "info" if becomes.ok else "error")
    old, new = audit(before), audit(after)
    vanish = [item for item in old if item.code not in {other.code for other in new}]
    appear = [item for item in new if item.code not in {other.code for other in old}]
    yield Data("vanish", [item.code for item in vanish])
    yield Data("appear", [item.code for item in appear])
    rows: List[Tuple[str, str, str, str]] = []
    for name in dict.fromkeys([*before.engine.commands, *after.engine.commands]):
        one, two = before.engine.commands.get(name), after.engine.commands.get(name)
        first, second = one.outcome if one is not None else "-", two.outcome if two is not None else "-"
        if first != second:
            rows.append((name, first, second, two.why if two is not None else ""))
    columns = [
        Column("command", "command", "name", link="why {}"),
        Column("before", "before"),
        Column("after", "after"),
        Column("why", "why"),
    ]
    if was.ok and not becomes.ok and rows:
        yield Table("commands", [column._replace(hidden=True) for column in columns], rows)
        yield Note(f"None of its commands would work then, {len(rows)} of which do now, wholly or in part")
    else:
        yield Table("commands", columns, rows, title="debugger commands with another outcome" if rows else "")
    if vanish:
        yield Table("", [Column("code", "code", role="code", link="explain {}"), Column("title", "finding that vanishes")], _titles(vanish))
    for item in appear:
        if item.rule.severity == ERROR:
            yield finding_block(item)
    lesser = [item for item in appear if item.rule.severity != ERROR]
    if lesser:
        yield Table("", [Column("code", "code", role="code", link="explain {}"), Column("title", "finding that appears")], _titles(lesser))
    if not (rows or vanish or appear or was.ok != becomes.ok):
        yield Note("The debugger's answers stay the same, as far as dumpscope knows.")


def _titles(found: List[RuleFinding]) -> List[Tuple[str, str]]:
    return [(item.code, item.rule.title) for item in found]


__all__ = ["EXAMPLES", "what_if"]
