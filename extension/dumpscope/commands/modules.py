"""``modules`` and ``unloaded``: what ``lm`` and ``lmv`` show, with the keys that symbol servers file things under."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Union

from ..dump.absence import NOT_APPLICABLE, NOT_KNOWN, NOT_THERE, Absent
from ..dump.minidump import Minidump
from ..dump.streams.modules import Module, UnloadedModule, version_text
from ..errors import UsageError
from ..format.counted import counted
from ..format.modules import IMAGE_DLLCHARACTERISTICS, VFT, VOS, VS_FF
from ..session.missing import list_key, missing
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Block, Column, Fields, Item, Note, Table
from ..view.drawn import Drawn
from ..view.kinds import address_kind, time_text


def dll_characteristics(dump: Minidump, module: Module) -> Union[List[str], Absent]:
    """Names of the image's DllCharacteristics, which newer Microsoft writers keep in Reserved0."""
    value = module.reserved0
    if not value:
        return Absent(NOT_THERE, "this writer does not store the image's DllCharacteristics")
    if value > 0xFFFF:
        return Absent(NOT_KNOWN, f"Reserved0 is 0x{value:x}, which is more than DllCharacteristics have")
    return [name.replace("IMAGE_DLLCHARACTERISTICS_", "") for name in IMAGE_DLLCHARACTERISTICS.labels(value)]


_NO_KEY = Absent(NOT_THERE, "GUID or build id are zero: no symbols can be found by them")
_WINDOWS_10 = 10 << 48 | 10240 << 16
"""Product version of the first Windows whose images have a hash in the place of their time stamp."""
_FIRST_IMAGES = 0x2B000000
"""The end of 1992: images of Windows are younger."""


def _version(value: int) -> Union[str, Absent]:
    return version_text(value) if value else Absent(NOT_THERE, "no version resource")


def _pdb(module: Module) -> Union[Dict[str, Any], Absent]:
    view = module.codeview
    if isinstance(view, Absent):
        return view
    return {"kind": view.kind, "path": view.path, "guid": view.guid, "age": view.age, "key": view.key or None, "offset": view.offset}


def _symbol_key(module: Module) -> Union[str, Absent]:
    view = module.codeview
    return view if isinstance(view, Absent) else view.key or _NO_KEY


def _column(key: str, title: str, kind: str, get: Callable[[Any], Any], **more: Any) -> Column:
    return Column(key, title, kind, index=0, get=get, **{"hidden": True, **more})


def module_columns(dump: Minidump, *, shown: bool = True) -> List[Column]:
    """Columns over rows that are one Module each."""
    kind = address_kind(dump.pointer_size)
    return [
        _column("index", "#", "int", lambda module: module.index),
        _column("base", "start", kind, lambda module: module.base, hidden=not shown, link="address {}"),
        _column("end", "end", kind, lambda module: module.end, hidden=not shown),
        _column("size", "size", "bytes", lambda module: module.size),
        _column("", "version", "text", lambda module: _version(module.file_version), hidden=not shown),
        _column("name", "module name", "name", lambda module: module.name, hidden=not shown, link="modules {}"),
        _column("path", "path", "path", lambda module: module.path),
        _column("file_version", "file version", "text", lambda module: _version(module.file_version)),
        _column("product_version", "product version", "text", lambda module: _version(module.product_version)),
        _column("timestamp", "time stamp", "int", lambda module: module.timestamp),
        _column("checksum", "checksum", "hex", lambda module: module.checksum),
        _column("image_key", "image key", "text", lambda module: module.image_key),
        _column("symbol_key", "symbol key", "text", _symbol_key),
        _column("pdb", "pdb", "data", _pdb),
        _column("file_flags", "file flags", "words", lambda module: VS_FF.labels(module.file_flags) if module.file_flags else []),
        _column("dll_characteristics", "characteristics", "words", lambda module: dll_characteristics(dump, module)),
        _column("reserved0", "reserved", "mask", lambda module: module.reserved0),
        _column("offset", "at", "offset", lambda module: module.offset),
    ]


def captured_bytes(dump: Minidump, start: int, size: int) -> int:
    """How many of ``size`` bytes are in the dump, with or without gaps."""
    total, place, end = 0, start, start + size
    while place < end:
        found = dump.memory.locate(place)
        if found is not None:
            total += min(found[1], end - place)
            place += found[1]
            continue
        above = dump.memory.neighbours(place)[1]
        if above is None:
            break
        place = above[0]
    return total


def image_time(dump: Minidump, module: Module) -> Union[int, Absent]:
    """When an image was linked; Absent where its time stamp is no time: 0, or the hash of a reproducible build.

    Such a hash gives itself away by lying after the dump or before the format; all images of Windows 10 and later have one.
    """
    stamp = module.timestamp
    if not stamp:
        return Absent(NOT_THERE, "the time stamp is 0")
    why = ""
    if dump.header.timestamp and stamp > dump.header.timestamp:
        why = "after the dump"
    elif stamp < _FIRST_IMAGES:
        why = "before there were such images"
    elif module.product_version >= _WINDOWS_10 and "\\windows\\" in module.path.lower():
        why = "a part of Windows 10 or later, which is built reproducibly"
    return Absent(NOT_THERE, f"{stamp:08X} is no time but a hash of a reproducible build: {why}") if why else stamp


def _detail(dump: Minidump, module: Module) -> Iterator[Block]:
    """One module in full, as lmv has it."""
    kind = address_kind(dump.pointer_size)
    view = module.codeview
    stamp = image_time(dump, module)
    flags = ", ".join(VS_FF.labels(module.file_flags)) if module.file_flags else ""
    items = [
        Item("", "Start", module.base, kind, link="address {}"),
        Item("", "End", module.end, kind, note=f"0x{module.size:x} bytes"),
        Item("", "Image path", module.path or Absent(NOT_THERE, "the module has no name in the dump"), "path"),
        Item("", "Timestamp", stamp, "time", note=f"{module.timestamp:08X}" if isinstance(stamp, int) else ""),
        Item("", "CheckSum", module.checksum, "code", note="" if module.checksum else "the image's header has none"),
        Item("", "File version", _version(module.file_version), "text", note=flags),
        Item("", "Product version", _version(module.product_version), "text"),
        Item("", "File OS", module.file_os, "hex", note=VOS.meaning(module.file_os), hidden=not module.file_version),
        Item("", "File type", module.file_type, "hex", note=VFT.meaning(module.file_type), hidden=not module.file_version),
        Item("", "DllCharacteristics", dll_characteristics(dump, module), "words"),
        Item("", "Image key", module.image_key, "text", note="what a symbol server files the image under"),
    ]
    if isinstance(view, Absent):
        items.append(Item("", "PDB", view))
    else:
        items += [
            Item("", "PDB", view.path or None, "path", note=view.kind if view.path else f"{view.kind}: no path"),
            Item("", {"RSDS": "PDB GUID", "NB10": "PDB time stamp"}.get(view.kind, "build id"), view.guid, "text"),
            Item("", "PDB age", view.age, "hex", hidden=view.kind == "BpEL"),
            Item("", "Symbol key", view.key or _NO_KEY, "text", note=f"CodeView record at 0x{view.offset:x}" if view.key else ""),
        ]
    captured = captured_bytes(dump, module.base, module.size)
    words = "all of it" if captured >= module.size else f"0x{captured:x} of 0x{module.size:x} bytes" if captured else "nothing of it"
    items.append(Item("", "Captured", words, "text"))
    items.append(Item("", "Record", module.offset, "offset"))
    yield Fields("", items, title=f"module {module.index}: {module.name or 'without a name'}")


def _rows(items: Iterator[Any]) -> Iterator[Sequence[Any]]:
    for item in items:
        yield (item,)


def choose_modules(session: Session, text: str) -> List[Module]:
    """The modules that a name, a glob or an address means; perhaps none. Raises UsageError for what is none of them."""
    from ..session.expression import evaluate

    modules = session.dump.modules
    if any(char in text for char in "*?["):
        pattern = text.casefold()
        return [module for module in modules if any(fnmatchcase(name.casefold(), pattern) for name in (module.name, module.file_name, module.path))]
    found = modules.named(text)
    if found:
        return found
    try:
        module = modules.at(evaluate(session, text))
    except UsageError:
        if any(char in text for char in "+()$@"):
            raise
        return []
    return [module] if module is not None else []


@command(
    "modules",
    summary="the loaded modules: addresses, versions, PDBs, and the keys of symbol servers",
    category="modules",
    arguments=[arg("module", nargs="?", metavar="MODULE", help="a name, a pattern such as 'ms*', or an address inside a module", completes="module")],
    examples=[
        ("modules", "all modules, as lm"),
        ("modules ntdll", "one module in full, as lmvm"),
        ("modules 7ff6a1b21000", "the module at an address"),
        ("modules 'api-*'", "those whose name matches"),
    ],
    aliases=["module", "lm"],
    spellings=["lm"],
)
def modules(session: Session, args: Any) -> Iterator[Block]:
    """The loaded modules."""
    dump = session.dump
    table = dump.modules
    key = yield from list_key(session, table, "modules", "module list", "lm")
    if key is None:
        return
    if args.module is None:
        yield Table(key, module_columns(dump), _rows(iter(table)))
        yield Note(f"{len(table)} module{'' if len(table) == 1 else 's'}")
        first = table[0]
        if dump.process.is_wow64 and any(module.base == first.base for module in table.walk(1, 20_000)):
            yield Note(f"{first.name} is listed twice at one base: normal in the dump of a WOW64 process, and the debugger merges the two", "hint")
        if len(dump.host_modules):
            yield Table("host_modules", module_columns(dump), _rows(iter(dump.host_modules)), title="modules of the host, which Wine lists apart")
        if len(dump.unloaded_modules):
            gone = len(dump.unloaded_modules)
            yield Note(f"{gone} module{' was' if gone == 1 else 's were'} unloaded before the dump: `unloaded` lists {'it' if gone == 1 else 'them'}", "hint")
        return
    found = choose_modules(session, args.module)
    if not found:
        yield from missing(session, key, Absent(NOT_THERE, f"no module among the {len(table)} of this dump has the name or the address {args.module!r}"))
        yield from _perhaps_unloaded(session, args.module)
        return
    single = len(found) == 1
    yield Table(key, module_columns(dump, shown=not single), _rows(iter(found)))
    if single:
        yield from _detail(dump, found[0])
    else:
        yield Note(f"{len(found)} of {counted(len(table), 'module')}")


def _perhaps_unloaded(session: Session, text: str) -> Iterator[Block]:
    """A hint where what was asked for had been unloaded."""
    from ..session.expression import evaluate

    dump = session.dump
    address: Optional[int] = None
    try:
        address = evaluate(session, text)
    except UsageError:
        pass
    for module in dump.unloaded_modules:
        if module.name.casefold().startswith(text.casefold()) or (address is not None and module.base <= address < module.end):
            yield Note(f"{module.name} was at 0x{module.base:x} to 0x{module.end:x} and had been unloaded", "hint")
            return


@command(
    "unloaded",
    summary="modules that the process had unloaded",
    category="modules",
    arguments=[arg("module", nargs="?", metavar="MODULE", help="only those whose name matches, such as 'plugin*'")],
    examples=[("unloaded", "all of them, as at the end of lm")],
    spellings=["lm"],
    description="Windows keeps the last 64 of a process; a call into one of them is a frequent cause of access violations.",
)
def unloaded(session: Session, args: Any) -> Iterator[Block]:
    """The unloaded modules."""
    dump = session.dump
    table = dump.unloaded_modules
    key = yield from list_key(session, table, "unloaded_modules", "list of unloaded modules", "lm")
    if key is None:
        return
    kind = address_kind(dump.pointer_size)

    def stamp(module: UnloadedModule) -> Union[str, Absent]:
        return time_text(module.timestamp) if module.timestamp else Absent(NOT_APPLICABLE, "the time stamp is 0")

    columns = [
        _column("index", "#", "int", lambda module: module.index),
        _column("base", "start", kind, lambda module: module.base, hidden=False, link="address {}"),
        _column("end", "end", kind, lambda module: module.end, hidden=False),
        _column("size", "size", "bytes", lambda module: module.size),
        _column("timestamp", "time stamp", "int", lambda module: module.timestamp),
        _column("checksum", "checksum", "hex", lambda module: module.checksum),
        _column("image_key", "image key", "text", lambda module: f"{module.timestamp:08X}{module.size:x}", hidden=False),
        _column("offset", "at", "offset", lambda module: module.offset),
        _column("name", "module name", "name", lambda module: module.name, hidden=False),
    ]
    wanted = args.module.casefold() if args.module else None
    items = (module for module in table if wanted is None or fnmatchcase(module.name.casefold(), wanted) or wanted == module.name.casefold().rpartition(".")[0])
    drawn = Drawn(items)
    yield Table(key, columns, zip(drawn.rows))
    if wanted is not None and not drawn.count:
        session.not_in_dump()
    yield Note(counted(len(table), "unloaded module") if drawn.count == len(table) else f"{drawn.count} of {counted(len(table), 'unloaded module')}")
