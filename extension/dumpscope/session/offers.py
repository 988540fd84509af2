"""What can be typed where: values out of the open dump, for completion. Bounded, and indexed once for each dump.

An offer is a text with words that explain it. Nothing here waits for the whole of a large list: handles are offered from their
sorted values, everything else from the first few thousand records.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from ..dump.absence import Absent
from ..dump.streams.handles import Handle
from ..format.counted import counted
from ..view.kinds import address_text
from ..wording.usage import peb_address
from .offer import Offer
from .session import Session

MANY = 4000
"""Records of a list that are offered at the most."""
HANDLES = 300
"""Handles that are offered for one text."""
NAMED = 20_000
"""Handles whose names are looked at."""


class HandleIndex:
    """Handle values in order, so that the few which begin as typed are found among a million."""

    def __init__(self, session: Session) -> None:
        self._table = session.dump.handles
        values = self._table._column(0, 0).tolist()  # whole, without decoding the records
        order: Optional[List[int]] = None
        if any(values[at] > values[at + 1] for at in range(len(values) - 1)):
            order = sorted(range(len(values)), key=values.__getitem__)
            values = [values[at] for at in order]
        self._values, self._order = values, order
        self._named: Optional[List[Tuple[str, Handle]]] = None

    def _at(self, position: int) -> Handle:
        return self._table[self._order[position] if self._order is not None else position]

    def starting(self, digits: str) -> Iterator[Handle]:
        """Handles whose hexadecimal value begins with these digits, smallest first."""
        if not digits:
            for position in range(min(len(self._values), HANDLES)):
                yield self._at(position)
            return
        try:
            head = int(digits, 16)
        except ValueError:
            return
        for more in range(17 - len(digits)):
            low, high = head << 4 * more, (head + 1) << 4 * more
            if head == 0 and more:
                return
            for position in range(bisect_left(self._values, low), bisect_left(self._values, high)):
                yield self._at(position)

    def holding(self, text: str) -> Iterator[Handle]:
        """Handles whose type or name holds a text, of the first ones."""
        if self._named is None:
            self._named = [(f"{handle.type}\0{handle.name}".casefold(), handle) for handle in self._table.walk(0, NAMED)]
        wanted = text.casefold()
        return (handle for words, handle in self._named if wanted in words)


def _handles(session: Session, typed: str) -> Iterator[Offer]:
    index = session.memo.get("handle_index")
    if not isinstance(index, HandleIndex):
        index = HandleIndex(session)
        session.memo["handle_index"] = index
    plain = typed.lower()
    digits = plain[2:] if plain.startswith("0x") else plain
    lead = "0x" if plain.startswith("0x") else ""
    seen = set()
    for handle in islice(index.starting(digits), HANDLES):
        seen.add(handle.handle)
        yield Offer(f"{lead}{handle.handle:x}", _about(handle))
    if len(typed) >= 2 and len(seen) < HANDLES:
        for handle in islice(index.holding(typed), HANDLES - len(seen)):
            if handle.handle not in seen:
                yield Offer(f"{handle.handle:x}", _about(handle))


def _about(handle: Handle) -> str:
    return f"{handle.type or '<none>'}  {handle.name}".rstrip()


def _types(session: Session, typed: str) -> Iterator[Offer]:
    counts: Dict[str, int] = {}
    table = session.dump.handles
    for handle in table.walk(0, NAMED * 5):
        counts[handle.type] = counts.get(handle.type, 0) + 1
    more = "at least " if len(table) > NAMED * 5 else ""
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        if name:
            yield Offer(name, f"{more}{count} handle{'' if count == 1 else 's'}")


def _threads(session: Session, typed: str) -> Iterator[Offer]:
    dump = session.dump
    exception = dump.exception
    guilty = None if isinstance(exception, Absent) else exception.thread_id
    for thread in dump.threads.walk(0, MANY):
        name = dump.thread_names.get(thread.tid)
        words = [f"id {thread.tid:x}", name, "raised the exception" if thread.tid == guilty else ""]
        about = ", ".join(word for word in words if word)
        if typed.lower().startswith(("0x", "tid:")):
            lead = "tid:" if typed.lower().startswith("tid:") else "0x"
            yield Offer(f"{lead}{thread.tid:x}", f"index {thread.index}" + (f", {name}" if name else ""))
        else:
            yield Offer(str(thread.index), about)


def _modules(session: Session, typed: str) -> Iterator[Offer]:
    dump = session.dump
    for module in dump.modules.walk(0, MANY):
        if module.name:
            yield Offer(module.name, f"{address_text(module.base, dump.pointer_size)}  {module.path}")


def _streams(session: Session, typed: str) -> Iterator[Offer]:
    for stream in islice(session.dump.streams, MANY):
        if stream.type:
            short = stream.name[: -len("Stream")] if stream.name.endswith("Stream") else stream.name
            if typed[:1].isdigit() or stream.name == "???":
                yield Offer(str(stream.index), f"{stream.name}, {counted(stream.size, 'byte')}")
            else:
                yield Offer(short, f"stream {stream.index}, {counted(stream.size, 'byte')}")
    if not typed[:1].isdigit():
        return


def _addresses(session: Session, typed: str) -> Iterator[Offer]:
    from ..wording.registers import register_names
    from .expression import current_thread

    dump = session.dump
    width = dump.pointer_size
    thread = current_thread(session)
    if thread is not None:
        yield Offer("@$ip", "where the current thread is")
        yield Offer("@$csp", "top of its stack")
        if thread.teb:
            yield Offer("@$teb", f"TEB of thread {thread.index}")
    if not isinstance(peb_address(dump), Absent):
        yield Offer("@$peb", "the PEB")
    exception = dump.exception
    if not isinstance(exception, Absent):
        yield Offer(address_text(exception.address, width), "where the exception was raised")
    if typed.startswith("@") and thread is not None:
        for name in sorted(register_names(dump)):
            yield Offer("@" + name, f"register of thread {thread.index}")
    if not typed.startswith("@"):
        yield from _modules(session, typed)
        for item in dump.threads.walk(0, 500):
            if item.stack_size:
                yield Offer(address_text(item.stack_start, width), f"stack of thread {item.index} ({item.tid:x}), 0x{item.stack_size:x} bytes")
        for region in dump.regions.walk(0, 1000):
            yield Offer(address_text(region.base, width), f"region of 0x{region.size:x} bytes")


def _rules(session: Session, typed: str) -> Iterator[Offer]:
    from ..diagnosis.rules.catalogue import all_rules

    for rule in all_rules():
        yield Offer(rule.code, rule.title)


def _debugger(session: Session, typed: str) -> Iterator[Offer]:
    from ..diagnosis.plan import NEEDS
    from .missing import facts_of

    answers = facts_of(session).engine.commands if session.has_file else {}
    words = {"works": "works", "partial": "works in part", "fails": "fails on this dump"}
    for name, need in NEEDS.items():
        answer = answers.get(name)
        yield Offer(name, f"{words[answer.outcome]}: {answer.why or need.why}" if answer is not None else need.why)


def _lessons(session: Session, typed: str) -> Iterator[Offer]:
    from ..learning.lessons import all_lessons

    for lesson in all_lessons():
        yield Offer(str(lesson.number), lesson.title)


# -- bytes -------------------------------------------------------------------------------------------------------------------

_LISTS = {
    "handle": ("handles", "a handle's descriptor"),
    "thread": ("threads", "a thread's record"),
    "context": ("threads", "the registers of the exception, or of a thread"),
    "module": ("modules", "a module's record"),
    "threadinfo": ("thread_infos", "a thread's times"),
    "name": ("thread_names", "a thread's name"),
    "unloaded": ("unloaded_modules", "an unloaded module's record"),
    "region": ("regions", "a region of the address space"),
    "token": ("tokens", "an access token"),
}
_STREAMS = {"exception": (6, "the exception"), "system": (7, "the system information"), "misc": (15, "the miscellaneous information")}
_ALONE = ("header", "exception", "system", "misc")
_THREADS = ("thread", "context", "threadinfo", "name")


def _kinds(session: Session) -> Iterator[Offer]:
    """First words of a place: kinds of structures that this dump has."""
    dump = session.dump
    yield Offer("header", "the first 32 bytes")
    yield Offer("directory", counted(len(dump.streams), "entry"))
    yield Offer("stream", "a stream, by its number or name")
    for name, (attribute, about) in _LISTS.items():
        count = len(getattr(dump, attribute))
        if count:
            yield Offer(name, f"{about}; there {'is' if count == 1 else 'are'} {count}")
    for name, (kind, about) in _STREAMS.items():
        if dump.stream(kind) is not None:
            yield Offer(name, about)
    if len(dump.memory_list) or len(dump.memory64_list):
        yield Offer("memory", "the captured range that holds an address")


def _records(session: Session, kind: str, typed: str) -> Iterator[Offer]:
    """Second words of a place: which one of its kind."""
    dump = session.dump
    width = dump.pointer_size
    if kind in ("stream", "directory"):
        yield from _streams(session, typed)
    elif kind == "handle":
        yield from _handles(session, typed)
    elif kind in _THREADS:
        lead = "0x" if typed.lower().startswith("0x") else ""
        for thread in dump.threads.walk(0, MANY):
            name = dump.thread_names.get(thread.tid)
            yield Offer(f"{lead}{thread.tid:x}", f"thread {thread.index}" + (f", {name}" if name else ""))
    elif kind == "module":
        yield from _modules(session, typed)
    elif kind == "unloaded":
        for gone in dump.unloaded_modules.walk(0, MANY):
            yield Offer(gone.name, address_text(gone.base, width))
    elif kind == "region":
        for region in dump.regions.walk(0, MANY):
            yield Offer(address_text(region.base, width), f"0x{region.size:x} bytes")
    elif kind == "memory":
        for items in (dump.memory_list, dump.memory64_list):
            for item in items.walk(0, MANY):
                yield Offer(address_text(item.start, width), f"0x{item.end - item.start:x} bytes")
    elif kind == "token":
        for token in islice(dump.tokens, MANY):
            yield Offer(str(token.index), f"of 0x{token.id:x}")
    elif kind == "string":
        for module in dump.modules.walk(0, MANY):
            if module.name_rva:
                yield Offer(f"{module.name_rva:x}", f"path of {module.name}")
    elif kind in ("range", "at"):
        yield from _offsets(session, typed, ())


def _places(session: Session, typed: str, before: Sequence[str]) -> Iterator[Offer]:
    words = [word for word in before if not word.startswith("-")]
    if not words:
        yield from _kinds(session)
        yield Offer("string", "a string at an offset")
        yield Offer("range", "a stretch of the file")
        yield Offer("at", "whatever has the byte at an offset")
        yield from _streams(session, typed)
    elif len(words) == 1:
        yield from _records(session, words[0].casefold(), typed)


def _offsets(session: Session, typed: str, before: Sequence[str]) -> Iterator[Offer]:
    """Offsets where something begins."""
    if "--memory" in before:
        yield from _addresses(session, typed)
        return
    dump = session.dump
    lead = "0x" if typed.lower().startswith("0x") else ""
    yield Offer(f"{lead}0", "the header")
    yield Offer(f"{lead}18", "the header's Flags")
    yield Offer(f"{lead}{dump.header.directory_rva:x}", "the directory")
    for stream in islice(dump.streams, MANY):
        if stream.type and stream.size:
            yield Offer(f"{lead}{stream.rva:x}", f"stream {stream.index} {stream.name}, {counted(stream.size, 'byte')}")
    for thread in dump.threads.walk(0, 500):
        if thread.context_rva:
            yield Offer(f"{lead}{thread.context_rva:x}", f"context of thread {thread.index} ({thread.tid:x})")
    for module in dump.modules.walk(0, 500):
        if module.name_rva:
            yield Offer(f"{lead}{module.name_rva:x}", f"path of {module.name}")


_OPERATORS = {
    "=": "becomes",
    "&=": "only these bits stay; ~4 is all but 4",
    "|=": "these bits are set",
    "^=": "these bits change",
    "+=": "more",
    "-=": "less",
}
_RAW = {
    "byte": "one byte at an offset",
    "word": "two bytes at an offset",
    "dword": "four bytes at an offset",
    "qword": "eight bytes at an offset",
    "bytes": "bytes at an offset, in hexadecimal",
    "text": "words at an offset, in UTF-16",
}


def _edits(session: Session, typed: str, before: Sequence[str]) -> Iterator[Offer]:
    """Edits word by word. Inside quotes an offer is the edit so far, with a blank at its end where it goes on."""
    words = [word for word in before if not word.startswith("-")]
    loose = bool(words) and " " not in typed and " " not in words[0]  # the quotes were forgotten: each word is one of the line's
    done = words if loose else typed.split(" ")[:-1]
    last = typed.split(" ")[-1]
    lead = typed[: len(typed) - len(last)]
    for offer, goes_on in _edit_words(session, [word for word in done if word], last):
        if loose:
            yield offer._replace(text=offer.text.split(" ")[0])
        elif " " not in offer.text or offer.text.endswith(" ="):
            yield offer._replace(text=f"{lead}{offer.text}" + (" " if goes_on else ""))


def _edit_words(session: Session, words: List[str], last: str) -> Iterator[Tuple[Offer, bool]]:
    """What can stand after the words of an edit, and whether more must follow."""
    name = words[0].casefold() if words else ""
    if not words:
        for offer in _fields(session, ["header"]):
            yield offer._replace(text=offer.text + " ="), True
        for offer in _kinds(session):
            yield offer, True
        for raw, about in _RAW.items():
            yield Offer(raw, about), True
        yield Offer("drop", "leave a stream out of the directory"), True
        yield Offer("cut", "keep the first bytes of the file only"), True
        yield Offer("grow", "add zeros at the end of the file"), True
    elif any(word in _OPERATORS for word in words):
        if words[-1] in _OPERATORS:
            for offer in _values(session, words[:-1]):
                yield offer, False
    elif name == "drop":
        if len(words) == 1:
            yield Offer("stream"), True
        elif len(words) == 2:
            for offer in _streams(session, last):
                yield offer, False
    elif name in ("cut", "grow"):
        if len(words) == 1:
            yield Offer(f"{session.dump.size:x}" if name == "cut" else "10", "the size of the file" if name == "cut" else "sixteen bytes"), False
    elif name in _RAW and len(words) == 1:
        for offer in _offsets(session, last, ()):
            yield offer, True
    else:
        size = 1 if name in _ALONE else 2
        which = size == 2 and len(words) == 1 and (name in _LISTS or name in ("stream", "directory", "memory"))
        if which:
            for offer in _records(session, name, last):
                yield offer, True
        elif len(words) == size and name not in _RAW:
            if name == "stream":
                for entry, about in (("size", "its size in the directory"), ("rva", "its place in the directory"), ("type", "its type in the directory")):
                    yield Offer(f"{entry} =", about), True
            for offer in _fields(session, words):
                yield offer._replace(text=offer.text + " ="), True
        else:
            for operator, about in _OPERATORS.items():
                yield Offer(operator, about), True


def _fields(session: Session, words: List[str]) -> Iterator[Offer]:
    """Fields of a structure that are one number, and what they hold now."""
    from ..wording.fields import Wording
    from .places import find_place

    place = find_place(session, words, first=1)
    wording = Wording(session.dump)
    for node in place.nodes[:1]:
        held = {(row.path, row.offset): row.value for row in wording.rows(node)}
        for part in islice(wording.parts(node), MANY):
            if part.inner is None and part.field is not None and isinstance(part.value, int):
                yield Offer(part.path, f"now {held.get((part.path, part.offset)) or hex(part.value)}")


def _values(session: Session, words: List[str]) -> Iterator[Offer]:
    """What a field can become: what it is now, to be changed, and the names of its flags or values."""
    from ..format.layout import Enumeration, FlagSet
    from .edits import Editor

    if words[0].casefold() in _RAW:
        return
    _, part = Editor(session.dump)._locate(session, " ".join(words))
    if not isinstance(part.value, int):
        return
    yield Offer(f"{part.value:x}", "what it is now")
    names = part.field.values if part.field is not None else None
    if isinstance(names, (FlagSet, Enumeration)):
        for value, (label, about) in names.members.items():
            yield Offer(label, f"0x{value:x}" + (f": {about}" if about else ""))


def _flags(session: Session, typed: str) -> Iterator[Offer]:
    from ..format.flags import MINIDUMP_TYPE_BITS

    if session.has_dump:
        yield Offer(f"0x{session.dump.header.flags:x}", "the flags of this dump")
    for bit, row in MINIDUMP_TYPE_BITS.items():
        yield Offer(row.name, f"0x{bit:x}: {row.asks}" if bit else row.asks)


_NEEDS_DUMP: Dict[str, Callable[[Session, str], Iterator[Offer]]] = {
    "handle": _handles,
    "type": _types,
    "tid": _threads,
    "module": _modules,
    "stream": _streams,
    "address": _addresses,
}
_WITHOUT: Dict[str, Callable[[Session, str], Iterator[Offer]]] = {"rule": _rules, "debugger": _debugger, "flag": _flags, "lesson": _lessons}
_PHRASES: Dict[str, Callable[[Session, str, Sequence[str]], Iterator[Offer]]] = {"place": _places, "edit": _edits, "offset": _offsets}
_KEPT = ("type", "module", "rule", "debugger", "flag", "lesson")
KINDS: Sequence[str] = (*_NEEDS_DUMP, *_WITHOUT, *_PHRASES)


def offers(session: Session, kind: str, typed: str = "", before: Sequence[str] = ()) -> Iterator[Offer]:
    """What could stand for an argument of this kind. ``typed`` is what is there already, ``before`` the words before it; only
    some kinds look at them. An offer that ends with a blank is not whole. Raises DumpscopeError for words that mean nothing.
    """
    if session.kernel is not None and kind not in _WITHOUT:
        from .kernel_offers import kernel_offers

        return kernel_offers(session.kernel, kind, typed, before)
    phrase = _PHRASES.get(kind)
    if phrase is not None:
        return phrase(session, typed, before) if session.has_dump else iter(())
    maker = _WITHOUT.get(kind)
    if maker is None:
        maker = _NEEDS_DUMP.get(kind) if session.has_dump else None
    if maker is None:
        return iter(())
    if kind not in _KEPT:
        return maker(session, typed)
    key = f"offers_{kind}"
    kept = session.memo.get(key)
    if kept is None:
        kept = list(maker(session, typed))
        session.memo[key] = kept
    return iter(kept)


def standing(session: Session) -> Tuple[int, int]:
    """How many errors and warnings the rules find in the session's file."""
    from ..diagnosis.audit import rules_that_fire
    from .missing import facts_of

    found = [rule.severity for rule in rules_that_fire(facts_of(session))]
    return found.count("error"), found.count("warning")


__all__ = ["KINDS", "HandleIndex", "offers", "standing"]
