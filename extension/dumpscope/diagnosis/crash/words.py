"""The program's own words about its end: annotations, assertions, crash contexts, and texts left on the stack."""

from __future__ import annotations

import re
from typing import Iterator, List, Optional, Tuple

from ...dump.absence import Absent
from ...dump.minidump import Minidump
from ...dump.streams.crashpad import STRING, AnnotationObject, CrashpadInfo
from ...dump.streams.exception import ExceptionInfo
from ...dump.streams.unreal import read_unreal
from ...format.codes import win32_name
from ...format.vendor.crashpad import MinidumpAnnotation
from ..evidence import Proof
from ..facts import Facts
from .cpp import thrown
from .places import exception_stack, narrow
from .statement import CERTAIN, LIKELY, SAYS, Statement

MAX_WORDS = 400
_VALUE = MinidumpAnnotation.offset_of("value")
MOST = 6
"""Statements of one kind that are made."""

KNOWN_KEYS = (
    "LOG_FATAL",
    "Logging-FATAL_MESSAGE",
    "Logging-DCHECK_MESSAGE",
    "Logging-NOTREACHED_MESSAGE",
    "electron.v8-fatal.message",
    "electron.v8-fatal.location",
    "v8-fatal.message",
    "v8-oom-location",
    "v8-oom-detail",
    "electron.v8-oom.location",
    "electron.v8-oom.detail",
    "electron.v8-oom.is_heap_oom",
    "exceptionName",
    "exceptionReason",
    "abort_message",
)
"""Names of annotations that hold what went wrong: chromium base/logging.cc and notreached, gin/v8_initializer.cc, electron shell/common, Crashpad for iOS."""
_TELLING = re.compile(
    r"(?i)fatal|assert|\bd?check\b|dcheck|notreached|panic|abort|\boom\b|exception|error|fail(?:ed|ure)|reason|crash[-_ .]?(?:reason|message|cause)|terminat"
)
_SILENT = re.compile(r"(?i)_bt$|backtrace|handler|enabled|count|attrs|_id$|guid|path$|dir$|time|report|version")
_NUMBER = re.compile(r"(?:0x)?[0-9a-fA-F.,:\- ]*")
_STACK_TEXTS = (
    ("a fatal log line of Chromium", (b"FATAL:",), re.compile(rb"\[[^\[\]\0\r\n]{0,80}FATAL:[^\[\]\0\r\n]{1,200}\] ?[^\0\r\n]{1,380}")),
    ("a failed check", (b" failed: ",), re.compile(rb"(?:Check|DCHECK|CHECK) failed: [^\0\r\n]{1,380}")),
    ("a failed assertion", (b"ssertion ",), re.compile(rb"[Aa]ssertion (?:failed: |failure in |`|violated)[^\0\r\n]{1,380}")),
    ("a Rust panic", (b"panicked at ",), re.compile(rb"(?:thread '[^'\0\r\n]{1,60}' )?panicked at [^\0\r\n]{1,380}")),
    ("a fatal error", (b"atal error: ", b"FATAL ERROR: "), re.compile(rb"(?:Fatal error|fatal error|FATAL ERROR): [^\0\r\n]{1,380}")),
    ("std::terminate", (b"terminate called ",), re.compile(rb"terminate called [^\0\r\n]{1,200}")),
)
"""What a text is, bytes of which one is in each such text (they are found far sooner than the pattern), and its pattern."""
_WIDE_TEXTS = tuple(
    (what, (lead,), re.compile(re.escape(lead) + rb"(?:[\x20-\x7e]\0){1,380}"))
    for what, lead in (
        ("a failed assertion", "Assertion failed".encode("utf-16-le")),
        ("a fatal error", "Fatal error".encode("utf-16-le")),
        ("a failed check", "Check failed: ".encode("utf-16-le")),
    )
)


def shortened(text: str, limit: int = MAX_WORDS) -> str:
    """A text in one line: line breaks become ``/``, what is longer than ``limit`` is cut and said to be."""
    line = " / ".join(part.strip() for part in re.split(r"[\r\n]+", text.strip()) if part.strip())
    return line if len(line) <= limit else f"{line[:limit]}… ({len(line)} characters)"


def own_words(facts: Facts) -> Iterator[Statement]:
    """Everything that the program says about its end, the most deliberate first."""
    dump = facts.dump
    found = dump.exception
    yield from _unreal(facts)
    info = dump.annotations
    if not isinstance(info, Absent):
        yield from _annotations(dump, info)
    yield from _assertion(dump)
    if not isinstance(found, Absent):
        yield from _unreal_assertion(dump, found)
        yield from _cpp(dump, found)
        yield from _invalid_parameter(dump, found)
        yield from _delay_load(dump, found)
        yield from _on_the_stack(dump, found)


# -- annotations -------------------------------------------------------------------------------------------------------------


def _rows(dump: Minidump, info: CrashpadInfo) -> Iterator[Tuple[str, str, str, int]]:
    """Name, value, whose it is, and where it stands in the file."""
    for key, value in info.simple.items():
        yield key, value, "Crashpad annotation", info.offset
    for module in info.modules[:512]:
        index = module.module_index
        whose = f"annotation of {dump.modules[index].file_name}" if index < len(dump.modules) else f"annotation of module {index}"
        for text in module.strings:
            yield "", text, whose, module.offset
        for key, value in module.simple.items():
            yield key, value, whose, module.offset
        for item in module.objects:
            if item.type == STRING:
                yield item.name, item.text, whose, value_offset(dump, item)


def value_offset(dump: Minidump, item: AnnotationObject) -> int:
    """Where the value of an annotation object begins in the file: after the length that its record leads to."""
    data = dump.source.some(item.offset + _VALUE, 4)
    return int.from_bytes(data, "little") + 4 if len(data) == 4 else item.offset


def tells(name: str, value: str) -> bool:
    """Whether an annotation tells what went wrong, as far as its name and value show."""
    if not value.strip():
        return False
    if name in KNOWN_KEYS:
        return True
    if not _TELLING.search(name or value) or _SILENT.search(name):
        return False
    return not _NUMBER.fullmatch(value) or "oom" in name.lower()


def _annotations(dump: Minidump, info: CrashpadInfo) -> Iterator[Statement]:
    rows = [row for row in _rows(dump, info) if tells(row[0], row[1])]
    order = {name: place for place, name in enumerate(KNOWN_KEYS)}
    rows.sort(key=lambda row: order.get(row[0], len(order)))
    for name, value, whose, offset in rows[:MOST]:
        what = f"{whose} {name}".rstrip()
        yield Statement(SAYS, shortened(value), CERTAIN, (Proof(what, shortened(value, 80), offset),), what)


def _assertion(dump: Minidump) -> Iterator[Statement]:
    """Breakpad's stream of an assertion; it is all zeros where there was none."""
    breakpad = dump.breakpad
    assertion = breakpad.assertion if breakpad else None
    if assertion is None or isinstance(assertion, Absent) or not (assertion.expression or assertion.function or assertion.file):
        return
    place = ", ".join(text for text in (assertion.function, f"{assertion.file}:{assertion.line}" if assertion.file else "") if text)
    text = (assertion.expression or assertion.type_name) + (f" ({place})" if place else "")
    yield Statement(
        SAYS, shortened(text), CERTAIN, (Proof("MD_ASSERTION_INFO_STREAM", shortened(assertion.expression, 80), assertion.offset),), "Breakpad's assertion"
    )


# -- Unreal Engine -----------------------------------------------------------------------------------------------------------


def _unreal(facts: Facts) -> Iterator[Statement]:
    context = read_unreal(facts.dump)
    if isinstance(context, Absent):
        return
    kind = context.get("CrashType")
    message = context.properties.get("ErrorMessage")
    if message is not None and message.text:
        what = "ErrorMessage of Unreal Engine" + (f" (CrashType {kind})" if kind else "")
        yield Statement(SAYS, shortened(message.text), CERTAIN, (Proof("ErrorMessage", shortened(message.text, 80), message.offset),), what)
    elif kind:
        yield Statement(SAYS, f"CrashType {kind}", CERTAIN, (Proof("CrashType", kind, context.properties["CrashType"].offset),), "Unreal Engine")


def _unreal_assertion(dump: Minidump, found: ExceptionInfo) -> Iterator[Statement]:
    """FAssertInfo in the memory of the process: its first member is the address of the message."""
    if found.code not in (0x4000, 0x8000, 0xC000) or not found.parameters or not isinstance(read_unreal(dump), Absent):
        return
    width = dump.pointer_size
    data = dump.memory.some(found.parameters[0], width)
    pointer = int.from_bytes(data, "little") if len(data) == width else 0
    raw = dump.memory.some(pointer, 2 * MAX_WORDS) if pointer else b""
    text = raw[: len(raw) & ~1].decode("utf-16-le", "replace").split("\0", 1)[0]
    place = dump.memory.locate(pointer) if text else None
    if text and text[:1].isprintable():
        yield Statement(
            SAYS,
            shortened(text),
            LIKELY,
            (Proof("FAssertInfo.ErrorMessage", shortened(text, 80), place[0] if place else None),),
            "FAssertInfo of Unreal Engine",
        )


# -- memory ------------------------------------------------------------------------------------------------------------------


def _cpp(dump: Minidump, found: ExceptionInfo) -> Iterator[Statement]:
    what = thrown(dump, found)
    if what is None:
        return
    place = dump.memory.locate(what.type_address)
    proofs = [Proof("TypeDescriptor", what.types[0], place[0] if place else None)]
    if what.types[0] == "rust_panic":
        yield Statement(
            SAYS, "a Rust panic that nobody caught", CERTAIN, tuple(proofs), "type of the exception: rust_panic (rust library/panic_unwind/src/seh.rs)"
        )
        return
    text = what.types[0] + (f": {shortened(what.text)}" if what.text else "")
    if what.text:
        where = dump.memory.locate(what.text_address)
        proofs.append(Proof("what()", shortened(what.text, 80), where[0] if where else None))
    yield Statement(SAYS, text, CERTAIN, tuple(proofs), "type" + (" and what() " if what.text else " ") + "of the C++ exception")


def _invalid_parameter(dump: Minidump, found: ExceptionInfo) -> Iterator[Statement]:
    """Breakpad's handler of invalid parameters of the C runtime leaves the addresses of expression and file, and the line."""
    if found.code != 0xC000000D or len(found.parameters) != 3 or not dump.breakpad:
        return
    texts: List[str] = []
    proof: Optional[Proof] = None
    for address in found.parameters[:2]:
        raw = dump.memory.some(address, 2 * MAX_WORDS)
        texts.append(raw[: len(raw) & ~1].decode("utf-16-le", "replace").split("\0", 1)[0])
        place = dump.memory.locate(address)
        if texts[-1] and proof is None and place is not None:
            proof = Proof("expression", texts[-1][:80], place[0])
    if proof is not None:
        text = f"{texts[0]} ({texts[1]}:{found.parameters[2]})" if texts[1] else texts[0]
        yield Statement(SAYS, shortened(text), LIKELY, (proof,), "Breakpad's record of an invalid parameter")


def _delay_load(dump: Minidump, found: ExceptionInfo) -> Iterator[Statement]:
    """DelayLoadInfo of a delay-loaded DLL or function that is missing: it lies on the stack, its names in the module."""
    if found.code not in (0xC06D007E, 0xC06D007F) or not found.parameters:
        return
    width = dump.pointer_size
    base = narrow(dump, found.parameters[0])
    data = dump.memory.some(base, 9 * width)
    if len(data) < 8 * width + 4:
        return
    words = [int.from_bytes(data[at : at + width], "little") for at in range(0, 8 * width, width)]
    name = dump.memory.some(words[3], 260).split(b"\0", 1)[0].decode("utf-8", "replace")
    by_name = words[4] & 0xFFFFFFFF
    function = dump.memory.some(words[5], 260).split(b"\0", 1)[0].decode("utf-8", "replace") if by_name else f"ordinal {words[5] & 0xFFFF}"
    error = int.from_bytes(data[8 * width : 8 * width + 4], "little")
    what = f"the DLL {name or 'whose name is not in the dump'}"
    if function and found.code == 0xC06D007F:
        what = f"the function {function} of {what}"
    place = dump.memory.locate(base)
    text = f"{what} could not be loaded: Win32 error {error} {win32_name(error)}".rstrip()
    yield Statement(SAYS, text, CERTAIN, (Proof("DelayLoadInfo", f"error {error}", place[0] if place else None),), "DelayLoadInfo (delayimp.h)")


def _on_the_stack(dump: Minidump, found: ExceptionInfo) -> Iterator[Statement]:
    """Texts on the stack of the exception's thread: Chromium copies its fatal log line there so that dumps have it."""
    start, size = exception_stack(dump, found)
    data = dump.memory.some(start, size)
    seen: List[str] = []
    for wide, rows in ((False, _STACK_TEXTS), (True, _WIDE_TEXTS)):
        for what, marks, pattern in rows:
            match = pattern.search(data) if any(mark in data for mark in marks) else None
            if match is None:
                continue
            raw = match.group(0)
            text = raw.decode("utf-16-le" if wide else "utf-8", "replace")
            if any(text in other for other in seen) or not text.isprintable():
                continue
            seen.append(text)
            place = dump.memory.locate(start + match.start())
            yield Statement(
                SAYS, shortened(text), LIKELY, (Proof("text on the stack", shortened(text, 80), place[0] if place else None),), f"{what}, on the thread's stack"
            )
            if len(seen) >= 2:
                return
