"""``comments`` and ``annotations``: what the writer and the program left in the dump besides the program's state."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

from ..dump.absence import EMPTY, NOT_THERE, Absent
from ..dump.allowance import Allowance
from ..dump.minidump import Minidump
from ..dump.streams.comments import comment_streams
from ..dump.streams.crashpad import STRING, AnnotationObject, CrashpadInfo
from ..dump.streams.vendor import MAX_TEXT, UserStream
from ..errors import UsageError
from ..format.counted import counted
from ..format.streams import CommentStreamA, kMinidumpStreamTypeCrashpadInfo
from ..session.missing import missing
from ..session.parsing import number
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Block, Column, Data, Fields, Item, Lines, Note, Table

SHOWN_LINES = 200
"""Lines of one text that are shown before it is cut; JSON has all of it."""
SHOWN_BYTES = 256


def text_lines(text: str) -> List[str]:
    """The lines of a text, whatever ends them; an empty last line is left out."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def hex_lines(data: bytes, start: int) -> Iterator[str]:
    """Bytes of the file in rows of 16, with their offsets."""
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        digits = " ".join(f"{byte:02x}" for byte in row)
        chars = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"{start + at:08x}  {digits:<47}  {chars}"


@command(
    "comments",
    summary="the comments of a dump, such as procdump's command line and trigger",
    category="overview",
    examples=[("comments", "what was noted when the dump was written")],
    description="The debugger prints them as Comment: '…' when it opens the dump.",
)
def comments(session: Session, args: Any) -> Iterator[Block]:
    """The comment streams."""
    dump = session.dump
    found = comment_streams(dump)
    if not found:
        yield from missing(session, "comments", Absent(NOT_THERE, "no comments: the file holds neither a CommentStreamA nor a CommentStreamW"))
        return
    yield Data("comments", [{"text": item.text, "type": item.type, "offset": item.offset, "truncated": item.truncated} for item in found])
    for item in found:
        title = f"{'CommentStreamA' if item.type == CommentStreamA else 'CommentStreamW'} (at 0x{item.offset:x})"
        if item.text:
            yield Lines("", text_lines(item.text), title=title)
        else:
            yield Note(f"{title}: empty")
        if item.truncated:
            yield Note("the comment is longer; its first 64 KiB are shown", "hint")
    if not any(item.text for item in found):
        session.not_in_dump()


@command(
    "annotations",
    summary="what other writers add: Crashpad's and Mozilla's annotations, Breakpad's copies of /proc, user streams",
    category="process",
    arguments=[
        arg("name", nargs="?", metavar="NAME", help="one annotation, copied file (maps, cmdline, …) or user stream (0x10000), in full"),
        arg("--full", switch=True, help="show every text to its end"),
    ],
    examples=[
        ("annotations", "all of them"),
        ("annotations maps", "one file that Breakpad copied"),
        ("annotations 0x10000", "one user stream"),
    ],
)
def other_annotations(session: Session, args: Any) -> Iterator[Block]:
    """What other writers add."""
    dump = session.dump
    if args.name is not None:
        yield from _one(session, args.name)
        return
    shown = False
    for part in (_crashpad(dump), _breakpad(dump, args.full), _mozilla(dump, args.full), _wine(dump), _user_streams(dump, args.full)):
        for block in part:
            shown = True
            yield block
    if not shown:
        absence = Absent(NOT_THERE, "no annotations: the file holds no stream of Crashpad, Breakpad, Mozilla or Wine, and no user stream")
        yield from missing(session, "annotations", absence)


# -- Crashpad ----------------------------------------------------------------------------------------------------------------


def _object_text(item: AnnotationObject) -> str:
    return item.text if item.type == STRING else item.data[:64].hex(" ") + (" …" if len(item.data) > 64 else "")


def _crashpad_rows(dump: Minidump, info: CrashpadInfo) -> Iterator[Tuple[Any, ...]]:
    """Module name (None for the process), kind, name (None in a list), value and offset of each annotation."""
    for key, value in info.simple.items():
        yield None, "simple", key, value, info.offset
    for module in info.modules:
        index = module.module_index
        name = dump.modules[index].name if index < len(dump.modules) else f"module {index}"
        for text in module.strings:
            yield name, "list", None, text, module.offset
        for key, value in module.simple.items():
            yield name, "simple", key, value, module.offset
        for item in module.objects:
            yield name, "string" if item.type == STRING else f"type 0x{item.type:x}", item.name, _object_text(item), item.offset


def _crashpad(dump: Minidump) -> Iterator[Block]:
    info = dump.annotations
    if isinstance(info, Absent):
        if dump.stream(kMinidumpStreamTypeCrashpadInfo) is not None:
            yield Note(info.message, "warning")
        return
    yield Fields(
        "crashpad",
        [
            Item("version", "version", info.version, "int"),
            Item("report_id", "report id", info.report_id, "text"),
            Item("client_id", "client id", info.client_id, "text"),
            Item("address_mask", "address mask", info.address_mask, "mask", hidden=not info.address_mask),
            Item("offset", "stream", info.offset, "offset"),
        ],
        title="Crashpad",
    )
    rows = list(_crashpad_rows(dump, info))
    columns = [
        Column("module", "module", "name"),
        Column("kind", "kind", "type"),
        Column("name", "name", "name", role="label"),
        Column("value", "value", "text"),
        Column("offset", "at", "offset", hidden=True),
    ]
    yield Table("annotations", columns, rows)
    if not rows:
        yield Note("Crashpad's stream has no annotations")
    for wrong in info.damage[:20]:
        yield Note(wrong.message, "warning")


# -- Breakpad ----------------------------------------------------------------------------------------------------------------


def _shortened(lines: List[str], full: bool, name: str) -> Iterator[Block]:
    """The lines of a text, or the first of them and how to see the rest."""
    if full or len(lines) <= SHOWN_LINES:
        yield Lines("", lines)
        return
    yield Lines("", lines[:SHOWN_LINES])
    yield Note(f"{counted(len(lines) - SHOWN_LINES, 'more line')}: `annotations {name}` shows them", "hint")


def _breakpad(dump: Minidump, full: bool) -> Iterator[Block]:
    breakpad = dump.breakpad
    if not breakpad:
        return
    info = breakpad.info
    if not isinstance(info, Absent):
        yield Fields(
            "breakpad",
            [
                Item("validity", "validity", info.validity, "mask"),
                Item("dump_thread_id", "writing thread", info.dump_thread_id, "id", link="threads 0x{}"),
                Item("requesting_thread_id", "requesting thread", info.requesting_thread_id, "id", link="threads 0x{}"),
                Item("offset", "stream", info.offset, "offset"),
            ],
            title="Breakpad",
        )
    assertion = breakpad.assertion
    if not isinstance(assertion, Absent):
        yield Fields(
            "assertion",
            [
                Item("expression", "expression", assertion.expression, "text"),
                Item("function", "function", assertion.function, "symbol"),
                Item("file", "file", assertion.file, "path"),
                Item("line", "line", assertion.line, "int"),
                Item("type", "type", assertion.type, "int", text=assertion.type_name),
                Item("offset", "stream", assertion.offset, "offset"),
            ],
            title="assertion that failed",
        )
    files = breakpad.files
    if files:
        yield Data(
            "files",
            [
                {"name": item.name, "type": item.type, "size": item.size, "offset": item.offset, "text": item.text}
                for item in files
                if item.name != "/proc/PID/auxv"
            ],
        )
    for item in files:
        if item.name.endswith("auxv"):
            continue
        yield Lines("", [f"{counted(item.size, 'byte')} at 0x{item.offset:x}"], title=item.name, role="dim")
        yield from _shortened(text_lines(item.text), full, item.name.rsplit("/", 1)[-1])
    vector = breakpad.auxiliary_vector
    if vector:
        columns = [Column("type", "AT_", "int"), Column("value", "value", "hex")]
        yield Table("auxiliary_vector", columns, vector, title="/proc/PID/auxv")
    objects = breakpad.shared_objects
    if not isinstance(objects, Absent):
        kind = "address" if dump.pointer_size == 8 else "address32"
        columns = [Column("address", "address", kind), Column("dynamic", "dynamic section", kind), Column("name", "name", "path")]
        yield Table("shared_objects", columns, [(item.address, item.dynamic, item.name) for item in objects.objects], title="the dynamic linker's list")
        for wrong in objects.damage:
            yield Note(wrong.message, "warning")


# -- Mozilla, Wine, user streams ---------------------------------------------------------------------------------------------


def _mozilla(dump: Minidump, full: bool) -> Iterator[Block]:
    mozilla = dump.mozilla
    if not mozilla:
        return
    texts = {"boot_arguments": mozilla.boot_arguments, "limits": mozilla.limits, "soft_errors": mozilla.soft_errors}
    titles = {"boot_arguments": "boot arguments of the macOS kernel", "limits": "/proc/PID/limits", "soft_errors": "what the writer failed at"}
    yield Data("mozilla", {key: None if isinstance(text, Absent) else text for key, text in texts.items()})
    for key, text in texts.items():
        if not isinstance(text, Absent):
            yield Lines("", [], title=titles[key])
            yield from _shortened(text_lines(text), full, key)
    crash = mozilla.crash_info
    if isinstance(crash, UserStream):
        yield from _stream(crash, full)


def _wine(dump: Minidump) -> Iterator[Block]:
    wine = dump.wine
    if not isinstance(wine, Absent):
        yield Fields(
            "wine",
            [
                Item("build", "build", wine.build, "text"),
                Item("host_name", "host", wine.host_name, "text"),
                Item("host_release", "release", wine.host_release, "text"),
                Item("offset", "marker", wine.offset, "offset"),
            ],
            title="Wine",
        )


def _stream_record(item: UserStream, limit: int = MAX_TEXT) -> Dict[str, Any]:
    text = item.text(limit)
    return {
        "type": f"0x{item.type:x}",
        "name": item.name,
        "vendor": item.vendor,
        "size": item.size,
        "offset": item.offset,
        "guess": item.guess,
        "text": None if isinstance(text, Absent) else text,
        "hex": item.data(SHOWN_BYTES).hex() if isinstance(text, Absent) else None,
    }


def _stream(item: UserStream, full: bool, most: int = MAX_TEXT) -> Iterator[Block]:
    """One stream of bytes, as text or as a hex dump of the file; no more than ``most`` bytes of it."""
    owner = f", {item.vendor}" if item.vendor else ""
    yield Lines(
        "", [f"{counted(item.size, 'byte')} at 0x{item.offset:x}, looks like {item.guess}"], title=f"stream {item.name} (0x{item.type:x}){owner}", role="dim"
    )
    text = item.text(most)
    if not isinstance(text, Absent):
        yield from _shortened(text_lines(text), full, f"0x{item.type:x}")
        return
    limit = most if full else SHOWN_BYTES
    data = item.data(limit)
    if data:
        yield Lines("", hex_lines(data, item.offset))
    if len(data) < item.size:
        held = "the rest is beyond the end of the file" if full and len(data) < limit else f"`annotations 0x{item.type:x}` shows the rest"
        yield Note(f"{counted(item.size - len(data), 'more byte')}: {held}", "hint")


def _limits(dump: Minidump, items: List[UserStream]) -> Iterator[int]:
    """How many bytes of each stream are shown: all, or few of those that follow when they are together more than twice the file."""
    allowance = Allowance(dump.size)
    for item in items:
        yield MAX_TEXT if allowance.take(dump.source.available(item.offset, min(item.size, MAX_TEXT))) else SHOWN_BYTES


def _user_streams(dump: Minidump, full: bool) -> Iterator[Block]:
    found = [item for item in dump.user_streams if not _decoded(item.type)]
    if not found:
        return
    limits = list(_limits(dump, found[:256]))
    yield Data("user_streams", [_stream_record(item, limit) for item, limit in zip(found, limits)])
    for item, limit in zip(found[:64], limits):
        yield from _stream(item, full, limit)
    cut = [item for item, limit in zip(found, limits) if limit < item.size and limit < MAX_TEXT]
    if cut:
        first = f"{SHOWN_BYTES} bytes of {len(cut)} of them are shown, `annotations 0x{cut[0].type:x}` shows the first of these"
        yield Note(f"the user streams lie over each other and are together more than twice the file: {first}", "warning")
    if len(found) > 64:
        yield Note(f"{counted(len(found) - 64, 'more user stream')}: `streams` lists them", "hint")


def _decoded(kind: int) -> bool:
    """Whether a stream type is shown by one of the parts above."""
    return kind == 0x43500001 or 0x47670001 <= kind <= 0x4767000D or 0x4D7A0001 <= kind <= 0x4D7A0004


# -- one of them -------------------------------------------------------------------------------------------------------------


def _one(session: Session, name: str) -> Iterator[Block]:
    """An annotation, a copied file or a user stream by its name, in full."""
    dump = session.dump
    wanted = name.casefold()
    for item in dump.breakpad.files if dump.breakpad else ():
        if wanted in (item.name.casefold(), item.name.rsplit("/", 1)[-1].casefold()):
            yield Data("text", item.text)
            yield Lines("", text_lines(item.text), title=item.name)
            return
    mozilla = dump.mozilla
    text: Any = getattr(mozilla, wanted, None) if mozilla and wanted in ("boot_arguments", "limits", "soft_errors") else None
    if isinstance(text, str):
        yield Data("text", text)
        yield Lines("", text_lines(text), title=wanted)
        return
    info = dump.annotations
    if not isinstance(info, Absent):
        rows = [row for row in _crashpad_rows(dump, info) if row[2] is not None and row[2].casefold() == wanted]
        if rows:
            yield Data("annotations", [{"module": row[0], "kind": row[1], "name": row[2], "value": row[3], "offset": row[4]} for row in rows])
            for row in rows:
                yield Lines("", text_lines(row[3]), title=f"{row[2]}{f' of {row[0]}' if row[0] else ''}")
            return
    stream = _user_stream(dump, name)
    if stream is not None:
        yield Data("user_streams", [_stream_record(stream)])
        yield from _stream(stream, True)
        return
    kind = EMPTY if not (dump.breakpad or mozilla or dump.user_streams or not isinstance(info, Absent)) else NOT_THERE
    yield from missing(
        session,
        "annotations",
        Absent(NOT_THERE, f"there is no annotation, copied file or user stream {name!r}" + (": there are none at all" if kind == EMPTY else "")),
    )


def _user_stream(dump: Minidump, name: str) -> Optional[UserStream]:
    try:
        kind = number(name, "stream type")
    except UsageError:
        kind = -1
    for item in dump.user_streams:
        if item.type == kind or item.name.casefold() == name.casefold():
            return item
    return None
