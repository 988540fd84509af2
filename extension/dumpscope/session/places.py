"""Places in the file as people name them: ``header``, ``stream 6``, ``handle 0x24``, ``range 0x1000 20``."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..anatomy.filemap import owners
from ..anatomy.node import CONTEXT, MEMORY, STREAM, Node
from ..anatomy.walker import anatomy, anatomy_within, stream_anatomy, string_node
from ..dump.absence import Absent
from ..dump.lists import RecordList
from ..dump.minidump import Minidump
from ..dump.streams.modules import Module
from ..errors import NotInDump, UsageError
from ..format.counted import counted
from ..format.streams import MINIDUMP_STREAM_TYPE, RECORD_LISTS
from ..wording.numbers import is_decimal
from .expression import current_thread, evaluate
from .parsing import number
from .session import Session

FIRST = 4
"""Records of a list that are shown unless more are asked for."""

KINDS = (
    "header",
    "directory",
    "stream",
    "handle",
    "thread",
    "threadinfo",
    "name",
    "module",
    "unloaded",
    "context",
    "exception",
    "system",
    "misc",
    "region",
    "memory",
    "token",
    "string",
    "unwind",
    "image",
    "range",
    "at",
)


class Place(NamedTuple):
    """What was asked for: the structures themselves, those that their RVAs lead to, and how many were left out."""

    nodes: List[Node]
    followed: List[Node]
    left_out: int
    what: str
    start: int = 0
    end: int = 0


def find_place(session: Session, words: Sequence[str], *, first: Optional[int] = FIRST) -> Place:
    """The structures that words name. ``first`` bounds the records of a list, None shows all. Raises UsageError and NotInDump."""
    if not words:
        raise UsageError("say which bytes", f"one of {', '.join(KINDS)}; `bytes header`, `bytes stream 0`, `bytes handle 24`")
    name, rest = words[0].casefold(), list(words[1:])
    finder = _FINDERS.get(name)
    if finder is None:
        if name[:1].isdigit():
            return _at(session, list(words), first)
        try:
            return _stream(session, list(words), first)
        except UsageError:
            raise UsageError(f"{words[0]!r} is nothing that `bytes` knows", "one of " + ", ".join(KINDS)) from None
    return finder(session, rest, first)


def _one(rest: List[str], what: str) -> str:
    if len(rest) != 1:
        raise UsageError(f"{what} takes one word" if rest else f"which {what}?", f"for example `bytes {_SAMPLES.get(what, what)}`")
    return rest[0]


_SAMPLES = {
    "stream": "stream 0",
    "handle": "handle 24",
    "thread": "thread 0",
    "module": "module ntdll",
    "string": "string 16c2",
    "region": "region 7ffe0000",
    "token": "token 0",
    "range": "range 0 40",
    "at": "at 18",
}


def _none(rest: List[str], what: str) -> None:
    if rest:
        raise UsageError(f"{what} stands alone, without {' '.join(rest)!r}")


def _header(session: Session, rest: List[str], first: Optional[int]) -> Place:
    _none(rest, "header")
    node = next(anatomy(session.dump))
    return Place([node], [], 0, "header")


def _directory(session: Session, rest: List[str], first: Optional[int]) -> Place:
    from ..anatomy.node import DIRECTORY

    nodes = []
    for node in anatomy(session.dump):
        if node.kind == DIRECTORY and node.leaf:
            nodes.append(node)
        elif node.kind == STREAM:
            break
    if rest:
        index = find_stream(session.dump, _one(rest, "stream"))
        nodes = nodes[index : index + 1]
    if not nodes:
        raise NotInDump("the directory is not in the file", "`bytes header` shows where it should be")
    limit = None if first is None else max(first, 64)
    shown = nodes[:limit]
    return Place(shown, [], len(nodes) - len(shown), "directory")


def _record(session: Session, items: RecordList[Any], index: int, what: str) -> Place:
    """One record of a list, and what it leads to."""
    assert items.stream is not None
    stream = items.stream
    nodes: List[Node] = []
    followed: List[Node] = []
    offset = items.span.first + index * items.span.stride
    for node in stream_anatomy(session.dump, stream.index, index):
        if node.offset == offset and node.size <= items.span.stride and not nodes and node.pointer is None:
            nodes.append(node)
        elif nodes:
            followed.append(node)
    if not nodes:
        raise NotInDump(f"{what} is outside the file")
    return Place(nodes, followed, 0, what)


def _index(items: RecordList[Any], offset: int) -> int:
    return (offset - items.span.first) // items.span.stride


def _list(items: RecordList[Any], what: str) -> None:
    if not len(items):
        raise NotInDump(items.absence.message if items.absence is not None else f"this dump has no {what}")


def _stream(session: Session, rest: List[str], first: Optional[int]) -> Place:
    dump = session.dump
    index = find_stream(dump, _one(rest, "stream"))
    stream = dump.streams[index]
    what = f"stream {index} {stream.name}"
    if not dump.source.available(stream.rva, stream.size):
        raise NotInDump(f"{what}: no byte of it is in the file (size 0x{stream.size:x} at 0x{stream.rva:x})", f"`bytes directory {index}` shows its entry")
    nodes: List[Node] = []
    followed: List[Node] = []
    more = 0
    lists = getattr(dump, RECORD_LISTS[stream.type]) if stream.type in RECORD_LISTS else None
    used = lists is not None and lists.stream is not None and lists.stream.index == index
    total = len(lists) if lists is not None and used else 0
    limit = None if first is None else first + 1
    for node in stream_anatomy(dump, index):
        if not node.leaf:
            continue
        if node.pointer is None or node.kind == STREAM or (stream.rva <= node.offset and node.end <= stream.end):
            if limit is not None and used and len(nodes) >= limit:
                more = total - first if first is not None else 0
                break
            nodes.append(node)
        else:
            followed.append(node)
    if limit is not None and not used and len(nodes) > 64:
        more = len(nodes) - 64
        del nodes[64:]
    return Place(nodes, followed, max(0, more), what)


def _handle(session: Session, rest: List[str], first: Optional[int]) -> Place:
    handles = session.dump.handles
    value = number(_one(rest, "handle"), "handle")
    _list(handles, "handles")
    found = handles.find(value)
    if found is None:
        raise NotInDump(f"there is no handle 0x{value:x} among the {len(handles)} of this dump", "`handles` lists them")
    return _record(session, handles, _index(handles, found.offset), f"handle 0x{found.handle:x}")


def thread_index(session: Session, text: str) -> int:
    """The index of a thread by its id (hexadecimal), or by its number in the list. Raises NotInDump."""
    threads = session.dump.threads
    _list(threads, "threads")
    value = number(text, "thread")
    found = threads.find(value)
    if found is not None:
        return found.index
    if is_decimal(text) and int(text) < len(threads):
        return int(text)
    raise NotInDump(f"there is no thread {text} among the {len(threads)} of this dump", "`threads` lists them; give an id or a number of the list")


def _thread(session: Session, rest: List[str], first: Optional[int]) -> Place:
    index = thread_index(session, _one(rest, "thread"))
    threads = session.dump.threads
    return _record(session, threads, index, f"thread {index} ({threads[index].tid:x})")


def _by_thread(attribute: str, what: str) -> Callable[[Session, List[str], Optional[int]], Place]:
    def find(session: Session, rest: List[str], first: Optional[int]) -> Place:
        items: Any = getattr(session.dump, attribute)
        _list(items, what)
        word = _one(rest, "thread")
        value = number(word, "thread")
        index = next((at for at, item in enumerate(items) if item.tid == value), -1)
        if index < 0:
            index = next((at for at, item in enumerate(items) if item.tid == session.dump.threads[thread_index(session, word)].tid), -1)
        if index < 0:
            raise NotInDump(f"the {what} say nothing of thread {word}")
        return _record(session, items, index, f"{what} of thread {word}")

    return find


def _module(session: Session, rest: List[str], first: Optional[int]) -> Place:
    found = _which_module(session, _one(rest, "module"))
    return _record(session, session.dump.modules, found.index, f"module {found.name}")


def _which_module(session: Session, text: str) -> Module:
    """A module by name, number, or an address in it. Raises NotInDump."""
    modules = session.dump.modules
    _list(modules, "modules")
    named = modules.named(text)
    if named:
        return named[0]
    if is_decimal(text) and int(text) < len(modules):
        return modules[int(text)]
    inside = modules.at(evaluate(session, text)) if text[:1].isdigit() else None
    if inside is None:
        raise NotInDump(f"there is no module {text!r} in this dump", "`modules` lists them")
    return inside


def _image(session: Session, rest: List[str], first: Optional[int]) -> Place:
    from .image_place import image_nodes

    module = _which_module(session, _one(rest, "image"))
    return Place(image_nodes(session, module), [], 0, f"image of {module.name}")


def _unloaded(session: Session, rest: List[str], first: Optional[int]) -> Place:
    items = session.dump.unloaded_modules
    text = _one(rest, "unloaded")
    _list(items, "unloaded modules")
    wanted = text.casefold()
    for item in items:
        if wanted in (item.name.casefold(), str(item.index)):
            return _record(session, items, item.index, f"unloaded module {item.name}")
    raise NotInDump(f"there is no unloaded module {text!r}", "`unloaded` lists them")


def _context(session: Session, rest: List[str], first: Optional[int]) -> Place:
    dump = session.dump
    exception = dump.exception
    if not rest and not isinstance(exception, Absent) and exception.context_rva:
        place = _exception(session, [], first)
        nodes = [node for node in place.followed if node.kind == CONTEXT]
        return Place(nodes, [], 0, "context of the exception")
    if rest:
        index = thread_index(session, _one(rest, "thread"))
    else:
        thread = current_thread(session)
        if thread is None:
            raise NotInDump("this dump has no threads")
        index = thread.index
    place = _record(session, dump.threads, index, f"context of thread {index}")
    nodes = [node for node in place.followed if node.kind == CONTEXT]
    if not nodes:
        raise NotInDump(f"the registers of thread {index} are not in the file", f"`bytes thread {index}` shows where they should be")
    return Place(nodes, [], 0, place.what)


def _exception(session: Session, rest: List[str], first: Optional[int]) -> Place:
    _none(rest, "exception")
    return _single(6, "exception")(session, rest, first)


def _single(kind: int, what: str) -> Callable[[Session, List[str], Optional[int]], Place]:
    def find(session: Session, rest: List[str], first: Optional[int]) -> Place:
        _none(rest, what)
        stream = session.dump.stream(kind)
        if stream is None:
            raise NotInDump(f"this dump has no {what} stream", "`streams` lists those it has")
        return _stream(session, [str(stream.index)], first)

    return find


def _region(session: Session, rest: List[str], first: Optional[int]) -> Place:
    regions = session.dump.regions
    address = evaluate(session, _one(rest, "region"))
    _list(regions, "memory regions")
    found = regions.at(address)
    if found is None:
        raise NotInDump(f"no region holds 0x{address:x}")
    return _record(session, regions, found.index, f"region of 0x{address:x}")


def _memory(session: Session, rest: List[str], first: Optional[int]) -> Place:
    address = evaluate(session, _one(rest, "region"))
    dump = session.dump
    for items in (dump.memory_list, dump.memory64_list):
        for item in items:
            if item.start <= address < item.end:
                return _record(session, items, item.index, f"range of 0x{address:x}")
    raise NotInDump(f"0x{address:x} is not in the dump", "`memory` lists what was captured")


def _token(session: Session, rest: List[str], first: Optional[int]) -> Place:
    tokens = session.dump.tokens
    text = _one(rest, "token")
    if not len(tokens) or tokens.stream is None:
        raise NotInDump(tokens.absence.message if tokens.absence is not None else "this dump has no tokens")
    value = number(text, "token")
    token = tokens.find(value) or (tokens[int(text)] if is_decimal(text) and int(text) < len(tokens) else None)
    if token is None:
        raise NotInDump(f"there is no token {text}", "`tokens` lists them")
    nodes = [node for node in stream_anatomy(session.dump, tokens.stream.index, token.index) if node.leaf and node.offset >= token.offset]
    return Place(nodes, [], 0, f"token {token.index}")


def _string(session: Session, rest: List[str], first: Optional[int]) -> Place:
    rva = number(_one(rest, "string"), "offset")
    node = string_node(session.dump, rva, f"string at 0x{rva:x}")
    if node is None:
        raise NotInDump(f"no string can be read at 0x{rva:x}: the file has 0x{session.dump.size:x} bytes")
    return Place([node], [], 0, node.what)


def _unwind(session: Session, rest: List[str], first: Optional[int]) -> Place:
    from .unwind_place import unwind_nodes

    address = evaluate(session, _one(rest, "unwind"))
    return Place(unwind_nodes(session, address), [], 0, f"unwind data of 0x{address:x}")


def _at(session: Session, rest: List[str], first: Optional[int]) -> Place:
    offset = number(_one(rest, "at"), "offset")
    found = owners(session.dump, offset)
    if found is None:
        raise NotInDump(f"0x{offset:x} is beyond the end of the file, which has 0x{session.dump.size:x} bytes")
    if found.chain and found.chain[-1].leaf:
        return Place([found.chain[-1]], [], 0, found.chain[-1].what)
    piece = found.piece
    return Place([Node(piece.offset, piece.size, piece.kind, piece.what, None, None, True)], [], 0, piece.what)


def _range(session: Session, rest: List[str], first: Optional[int]) -> Place:
    if not 1 <= len(rest) <= 2:
        raise UsageError("range takes an offset and a length", "for example `bytes range 0 40`")
    start = number(rest[0], "offset")
    size = number(rest[1], "length") if len(rest) == 2 else 0x40
    dump = session.dump
    if start >= dump.size or not size:
        raise NotInDump(f"0x{start:x} is beyond the end of the file, which has 0x{dump.size:x} bytes" if size else "a range of no bytes is empty")
    end = min(start + size, dump.size)
    return Place(list(_between(session, start, end)), [], 0, f"range 0x{start:x} to 0x{end:x}", start, end)


def _between(session: Session, start: int, end: int) -> Iterator[Node]:
    """The owner of each byte of a stretch, in order, with what belongs to nobody as nodes of their own."""
    touching: List[Tuple[int, int, int, Node]] = []
    for at, node in enumerate(anatomy_within(session.dump, start, end)):
        if node.leaf:
            touching.append((node.offset, -node.size, at, node))
    touching.sort(key=lambda item: item[:3])
    cursor = start
    for _, _, _, node in touching:
        if node.offset > cursor:
            yield from _nobody(session, cursor, node.offset)
        if node.end > cursor:
            yield node
            cursor = node.end
    if cursor < end:
        yield from _nobody(session, cursor, end)


def _nobody(session: Session, start: int, end: int) -> Iterator[Node]:
    while start < end:
        found = owners(session.dump, start)
        assert found is not None
        stop = min(end, found.piece.end)
        yield Node(start, stop - start, found.piece.kind, found.piece.what, None, None, True)
        start = max(stop, start + 1)


_FINDERS: Dict[str, Callable[[Session, List[str], Optional[int]], Place]] = {
    "header": _header,
    "directory": _directory,
    "stream": _stream,
    "handle": _handle,
    "thread": _thread,
    "threadinfo": _by_thread("thread_infos", "thread times"),
    "name": _by_thread("thread_names", "thread names"),
    "module": _module,
    "unloaded": _unloaded,
    "context": _context,
    "exception": _exception,
    "system": _single(7, "system information"),
    "misc": _single(15, "miscellaneous information"),
    "region": _region,
    "memory": _memory,
    "token": _token,
    "string": _string,
    "unwind": _unwind,
    "image": _image,
    "range": _range,
    "at": _at,
}

__all__ = ["FIRST", "KINDS", "MEMORY", "Place", "find_place", "thread_index"]


def find_stream(dump: Minidump, text: str) -> int:
    """The directory index that ``text`` means: a decimal index, or a stream's name or the beginning of it. Raises UsageError."""
    if is_decimal(text):
        index = int(text)
        if index < len(dump.streams):
            return index
        raise UsageError(f"there is no stream {index}: the directory has {counted(len(dump.streams), 'entry')}")
    wanted = text.casefold()
    for stream in dump.streams:
        name = stream.name.casefold()
        if name != "???" and (name == wanted or name.startswith(wanted)):
            return stream.index
    if wanted.startswith("0x"):
        kind = number(text, "stream type")
        for stream in dump.streams:
            if stream.type == kind:
                return stream.index
    known = [name for name, _ in MINIDUMP_STREAM_TYPE.members.values()]
    if any(name.casefold().startswith(wanted) for name in known):
        raise UsageError(f"this dump has no stream {text!r}", "`streams` lists those it has")
    raise UsageError(f"{text!r} is not a stream", "give its number in the directory, or its name, such as HandleData")
