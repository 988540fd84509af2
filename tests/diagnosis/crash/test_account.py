"""What is said of a crash, on samples that show one thing each; and that each proof is where it says."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest
from tests.amount import some
from tests.cases import each

from dumpscope.diagnosis.audit import apply, audit
from dumpscope.diagnosis.crash.account import account_of
from dumpscope.diagnosis.crash.cpp import demangled
from dumpscope.diagnosis.crash.operand import memory_operands
from dumpscope.diagnosis.crash.patterns import PATTERNS, pattern_of
from dumpscope.diagnosis.crash.product import _UNREAL_FILE, protobuf_text
from dumpscope.diagnosis.crash.statement import Account, Statement
from dumpscope.diagnosis.crash.words import tells
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules.catalogue import all_rules, find_rule
from dumpscope.dump.source import Source

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
FILES = sorted(
    path.stem for path in SAMPLES.glob("*.dmp") if path.stem.startswith(("crash", "exception", "breakpad", "comment", "user", "stacks", "handles-two"))
)


def facts_of(data: bytes) -> Facts:
    return Facts.of(Source.from_object(data))


def account(name: str) -> Account:
    found = account_of(facts_of((SAMPLES / f"{name}.dmp").read_bytes()))
    assert found is not None
    return found


def edited(name: str, *edits: Tuple[int, bytes]) -> Account:
    data = bytearray((SAMPLES / f"{name}.dmp").read_bytes())
    for at, value in edits:
        data[at : at + len(value)] = value
    found = account_of(facts_of(bytes(data)))
    assert found is not None
    return found


def exception_at(name: str) -> int:
    """File offset of ExceptionCode in a sample."""
    facts = facts_of((SAMPLES / f"{name}.dmp").read_bytes())
    stream = facts.stream(6)
    assert stream is not None
    return stream.rva + 8


def texts(found: Account, topic: str) -> List[Tuple[str, str]]:
    return [(item.text, item.certainty) for item in found.statements if item.topic == topic]


EVENTS: Dict[str, Tuple[str, Optional[bool], str]] = {
    "crash-chromium-oom": (
        "out of memory",
        True,
        "Chromium: out of memory: an allocation failed and the program ended itself (e0000008): 0x200000 bytes were asked for",
    ),
    "crash-chromium-check": ("assertion", True, "Break instruction exception (80000003): the program stopped itself (int 3, ud2: a failed CHECK or assertion)"),
    "crash-requested": ("requested", False, "Crashpad: requested dump without a crash (DumpWithoutCrash) (0517a7ed); nothing crashed"),
    "crash-unreal": ("assertion", True, "Unreal Engine: assertion failed or fatal error logged (00004000)"),
    "crash-mariadb": ("assertion", True, "Break instruction exception (80000003) in the program's own code: an abort, a failed assertion or DebugBreak"),
    "crash-stowed": ("crash", True, "Stowed exception (c000027b)"),
    "crash-delphi": ("crash", True, "Delphi: a Delphi exception was not handled (0eedfade)"),
    "crash-null-call": ("crash", True, "Access violation (c0000005): execute at 00000000`00000000"),
    "crash-freed-memory": ("crash", True, "Access violation (c0000005): read from ddddddf5"),
    "crash-hung-window": ("hang", False, "the program's window hung, and procdump took the dump; no exception is stored"),
    "exception-wake-debugger": ("debugger", False, "a debugger broke in and wrote the dump (Wake debugger, 80000007): the program raised nothing"),
    "exception-hang-report": ("hang", False, "the program hung, and Windows Error Reporting took the dump (cfffffff): it raised nothing"),
    "exception-in-page-error": (
        "crash",
        True,
        "In-page I/O error (c0000006): the page of 000001d5`a3c50000 could not be read, I/O error c000009c STATUS_DEVICE_DATA_ERROR",
    ),
    "exception-fast-fail": (
        "crash",
        True,
        "Security check failure or stack buffer overrun (c0000409): FAST_FAIL_STACK_COOKIE_CHECK_FAILURE (2), a stack buffer was overwritten",
    ),
    "exception-clr": ("crash", True, "CLR exception (e0434352): HRESULT 80131509 COR_E_INVALIDOPERATION"),
    "breakpad-linux": (
        "crash",
        True,
        "SIGSEGV: memory was used that may not be; si_code 0: not kept, as by older Breakpads, or sent by a process with kill (SI_USER)",
    ),
    "stacks-only": ("no exception", None, "no exception is stored: the dump was asked for without a crash, or its writer was not given the exception"),
}


@pytest.mark.parametrize("name", EVENTS)
def test_what_the_dump_is_about(name: str) -> None:
    found = account(name)
    assert (found.event.kind, found.crashed, found.event.title) == EVENTS[name]


SAID: Dict[str, List[Tuple[str, str, str]]] = {
    "crash-chromium-oom": [
        ("where", "KernelBase+0x3a8de", "certain"),
        ("where", "called from demo+0x1a10", "guess"),
        ("thread", "c58 (index 2) ThreadPoolForegroundWorker", "certain"),
        ("says", "Zone", "certain"),
        ("cause", "e0000008 is kOomExceptionCode of Chromium", "certain"),
        ("program", "cef 120.1.8 (renderer process)", "certain"),
        ("program", "built on Chromium Embedded Framework (CEF) 120.1.8.0", "certain"),
    ],
    "crash-chromium-check": [
        ("says", "[6700:3160:0428/101530.125:FATAL:browser_main.cc(212)] Check failed: !views_.empty().", "likely"),
        (
            "cause",
            "GWP-ASan of Chromium knows the address: a block of memory was used after it was freed, or beyond its end (its report is in the stream)",
            "certain",
        ),
        ("program", "Demo Editor 1.4.2 (Electron 28.1.0)", "certain"),
        ("note", "version of the browser: 120.0.6099.71", "likely"),
    ],
    "crash-abort-message": [("says", "store.cc:217: index < size() / state 4", "certain"), ("program", "Demo 1.4.2", "certain")],
    "crash-sentry": [("note", "its crash reporter is sentry-native", "likely")],
    "crash-unreal": [
        (
            "says",
            "Assertion failed: Index >= 0 && Index < ArrayNum [File:Store.cpp] [Line: 217] / Array index out of bounds: 7 from an array of size 3",
            "certain",
        ),
        ("program", "DemoGame, Unreal Engine 5.3.2-29314046+++UE5+Release-5.3 (Shipping)", "certain"),
        ("cause", "00004000 is AssertExceptionCode of Unreal Engine", "likely"),
    ],
    "crash-unreal-memory": [("says", "Fatal error: [File:Renderer.cpp] [Line: 88] Device removed.", "likely")],
    "crash-mariadb": [
        ("says", "Assertion failed: page_get_page_no(page) == page_no, file btr0cur.cc, line 812", "likely"),
        (
            "cause",
            "abort() of MySQL or MariaDB, whose handler of SIGABRT stops with int 3: a failed assertion, or damaged data; the words are in its error log",
            "likely",
        ),
        ("program", "mysqld.exe 10.11.6.0, MariaDB server", "certain"),
    ],
    "crash-stowed": [
        ("cause", "stowed exception 0: HRESULT 8000000b E_BOUNDS, thread c58, return addresses demo+0x1460, demo+0x1a10, kernel32+0x17344", "certain"),
        ("cause", "stowed exception 1: HRESULT 80070005 E_ACCESSDENIED, thread c58: Access to the setting was refused.", "certain"),
    ],
    "crash-delay-load": [("says", "the DLL plugin.dll could not be loaded: Win32 error 126 ERROR_MOD_NOT_FOUND", "certain")],
    "crash-cpp-type": [("where", "thrown by demo.exe", "certain"), ("says", "std::runtime_error: cannot open store.dat", "certain")],
    "crash-rust-panic": [
        ("says", "a Rust panic that nobody caught", "certain"),
        ("says", "thread 'main' panicked at src/store.rs:217:9: index out of bounds", "likely"),
    ],
    "crash-freed-memory": [
        (
            "remark",
            "the address is the fill pattern dddddddd plus 0x18: heap memory that the debug C runtime or Unreal Engine had freed was taken for a pointer",
            "likely",
        )
    ],
    "crash-non-canonical": [
        (
            "remark",
            "the address is non-canonical, so the processor did not tell it (-1 stands in its place), nor whether it was read or written; "
            "r8=feeefeee`feeefeee is no address",
            "certain",
        ),
        ("remark", "r8 holds the fill pattern feeefeee: heap memory that was freed, in a process with the debug heap of Windows", "likely"),
    ],
    "exception-read-violation": [
        (
            "remark",
            "the address is non-canonical, so the processor did not tell it (-1 stands in its place), nor whether it was read or written",
            "likely",
        )
    ],
    "crash-operand": [
        (
            "remark",
            "the address is non-canonical, so the processor did not tell it (-1 stands in its place), nor whether it was read or written; "
            "the instruction used [rdi+rcx*8+0x10], which is cdcdcdcd`cdcdcded",
            "certain",
        ),
        (
            "remark",
            "the address is the fill pattern cdcdcdcd plus 0x20: heap memory of the debug C runtime that was never written was taken for a pointer",
            "likely",
        ),
    ],
    "crash-on-purpose": [
        (
            "remark",
            "the address is in the instruction itself: the program crashed on purpose (a failed assertion, or a crash that was asked for)",
            "likely",
        )
    ],
    "crash-null-member": [("remark", "a null pointer plus 0x18: a member of an object, or an element of an array, that is not there", "likely")],
    "crash-null-call": [
        ("remark", "a null function pointer was called", "likely"),
        ("where", "at address 0", "certain"),
        ("where", "called from demo+0x1a10", "likely"),
    ],
    "crash-stack-outside": [("remark", "the stack pointer 000001d5`a3c40800 is outside the thread's stack: a fiber, a switched or a damaged stack", "certain")],
    "crash-recursion": [
        ("remark", "demo+0x1a44 is 256 times on the stack: a function that calls itself without an end", "likely"),
        ("remark", "at least 0x2000 bytes of stack are in use", "certain"),
    ],
    "crash-emulated": [("note", "the program is an x64 one, emulated on an ARM64 machine", "certain")],
    "crash-hung-window": [("note", "procdump -r: the dump is of a snapshot (PSS) of the process, not of the process itself", "certain")],
    "breakpad-windows": [("says", "index < size() (Store::at, c:\\build\\store.cpp:217)", "certain")],
}


@each("name", SAID)
def test_what_is_said(name: str) -> None:
    found = account(name)
    said = [(item.topic, item.text, item.certainty) for item in found.statements]
    assert [row for row in SAID[name] if row not in said] == [], said


SILENT = {
    # No sample with an ordinary violation has a remark about patterns, stacks or emulation.
    "exception-write-violation": ["a null pointer was used"],
    "exception-violation-x86": ["a null pointer was used"],
    "exception-in-page-error": [],
    "exception-cpp": [],
    "exception-breakpoint": [],
    "exception-wake-debugger": [],
    "stacks-only": [],
    "breakpad-linux": ["a null pointer was used"],
    "exception-wow64-32-bit-code": ["a null pointer plus 0x10: a member of an object, or an element of an array, that is not there"],
}


@pytest.mark.parametrize("name", SILENT)
def test_no_remark_without_a_reason(name: str) -> None:
    assert [item.text for item in account(name).about("remark")] == SILENT[name]


def test_ud2_is_told() -> None:
    name = "crash-chromium-check"
    data = (SAMPLES / f"{name}.dmp").read_bytes()
    at, code = exception_at(name), data.index(b"\xcc\x0f\x0b")
    found = edited(name, (at, struct.pack("<I", 0xC000001D)), (code, b"\x0f\x0b\x90"))
    assert any(text.startswith("the instruction is ud2") for text, _ in texts(found, "remark"))
    assert not texts(edited(name, (at, struct.pack("<I", 0xC000001D)), (code, b"\x90\x90\x90")), "remark")


def test_the_program_is_not_a_library_of_the_system() -> None:
    found = account("crash-mariadb")
    assert texts(found, "program")[0][0].startswith("mysqld.exe")
    data = (SAMPLES / "crash-mariadb.dmp").read_bytes()
    name = "mysqld.exe".encode("utf-16-le")
    swapped = edited("crash-mariadb", (data.index(name), "mysqld.dll".encode("utf-16-le")))
    assert texts(swapped, "program")[0][0].startswith("mysqld.dll")  # there is no .exe


def test_addresses_of_other_systems() -> None:
    at = exception_at("breakpad-linux")
    assert texts(account("breakpad-linux"), "remark") == [("a null pointer was used", "guess")]  # 0 may mean that it was not kept
    mapped = edited("breakpad-linux", (at + 4, struct.pack("<I", 1)))
    assert texts(mapped, "remark") == [("a null pointer was used", "likely")]
    member = edited("breakpad-linux", (at + 4, struct.pack("<I", 1)), (at + 16, struct.pack("<Q", 0x28)))
    assert texts(member, "remark")[0][0].startswith("a null pointer plus 0x28: ")
    kernel = edited("breakpad-linux", (at + 4, struct.pack("<I", 0x80)))
    assert texts(kernel, "remark") == [
        ("the address is non-canonical, so the processor did not tell it (0 stands in its place), nor whether it was read or written", "likely")
    ]
    other = edited("breakpad-linux", (at, struct.pack("<I", 8)))
    assert texts(other, "remark") == []


def test_a_debuggers_break_in_is_told_from_an_assertion() -> None:
    at = exception_at("exception-breakpoint")
    own = account("exception-breakpoint").event
    assert own.kind == "assertion"
    ntdll = struct.pack("<Q", 0x7FFC3A6F0000 + 0xA0B10)
    assert edited("exception-breakpoint", (at + 16, ntdll)).event.kind == "debugger"
    system = struct.pack("<Q", 0x7FFC37F20000 + 0x1234)
    assert edited("exception-breakpoint", (at + 16, system)).event.kind == "breakpoint"


def test_a_thread_that_went_on_was_not_stopped_by_a_debugger() -> None:
    at = exception_at("crash-mariadb")
    ntdll = edited("crash-mariadb", (at + 16, struct.pack("<Q", 0x7FFC3A6F0000 + 0xA0B10)))
    assert (ntdll.event.kind, ntdll.crashed) == ("breakpoint", None)
    system = edited("crash-mariadb", (at + 16, struct.pack("<Q", 0x7FFC37F20000 + 0x1234)))
    assert (system.event.kind, system.crashed) == ("assertion", True)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (0x20474343, "crash", "GCC: "),
        (0xE0440001, "crash", "D: "),
        (0xE0465043, "crash", "Free Pascal: "),
        (0xE24C4A02, "crash", "LuaJIT: a Lua error was not caught (e24c4a02)"),
        (0x80131623, "crash", ".NET: Environment.FailFast"),
        (0x0EEFFACE, "crash", "C++Builder: "),
        (0x0CCA11ED, "requested", "Crashpad: dump requested from outside"),
        (0x8000, "crash", "as Unreal Engine uses it: the graphics device"),
        (0xC000, "out of memory", "as Unreal Engine uses it: out of memory"),
        (0x12345678, "crash", "Unknown exception (12345678)"),
        (0xE1234567, "crash", "An exception of the program's own (e1234567)"),
        (0x8007000E, "crash", "Unknown exception, E_OUTOFMEMORY as HRESULT (8007000e)"),
        (0xC0000135, "crash", "DLL not found (c0000135)"),
        (0xFFFFFFFF, "requested", "a dump was requested without a crash"),
    ],
)
def test_codes_of_other_writers(code: int, kind: str, words: str) -> None:
    event = edited("crash-delphi", (exception_at("crash-delphi"), struct.pack("<I", code))).event
    assert event.kind == kind
    assert event.title.startswith(words)


def test_a_delay_loaded_function() -> None:
    at = exception_at("crash-delay-load")
    found = edited("crash-delay-load", (at, struct.pack("<I", 0xC06D007F)))
    assert ("the function OpenStore of the DLL plugin.dll could not be loaded: Win32 error 126 ERROR_MOD_NOT_FOUND", "certain") in texts(found, "says")
    gone = edited("crash-delay-load", (at + 32, struct.pack("<Q", 0x123450000)))
    assert texts(gone, "says") == []


def test_a_bad_handle_is_named() -> None:
    at = exception_at("crash-delay-load")
    found = edited("crash-delay-load", (at, struct.pack("<I", 0xC0000008)), (at + 32, struct.pack("<Q", 0x1C)))
    assert found.event.title == "Invalid handle (c0000008): handle 1c"


def test_the_thread_that_asked_breakpad() -> None:
    data = (SAMPLES / "breakpad-windows.dmp").read_bytes()
    at = facts_of(data).stream(6)
    assert at is not None
    found = edited("breakpad-windows", (at.offset, b"\0\0\0\0"))
    assert texts(found, "thread") == [("c58 (index 2) asked for the dump", "certain")]


def test_the_heaps_code_says_that_the_damage_is_older() -> None:
    found = edited("crash-delphi", (exception_at("crash-delphi"), struct.pack("<I", 0xC0000374)))
    assert any("the heap was damaged before this moment" in text for text, _ in texts(found, "remark"))


def test_stowed_exceptions_that_are_not_captured_are_said_to_be() -> None:
    at = exception_at("crash-stowed")
    gone = edited("crash-stowed", (at + 32, struct.pack("<Q", 0x1234560000)))
    assert [text for text, _ in texts(gone, "cause")] == ["stowed exception 0: the pointers to the stowed exceptions at 0x1234560000 are not in the dump"]
    many = edited("crash-stowed", (at + 40, struct.pack("<Q", 0xFFFFFFFFFFFFFFFF)))
    assert len(texts(many, "cause")) <= 32


def _holds(data: bytes, what: Statement, proof: Any) -> bool:
    """Whether the bytes at a proof's offset are what it says, for the proofs whose value is text or a number of the file."""
    at = proof.offset
    value = proof.value
    if value.startswith("0x") and " " not in value and "," not in value:
        number = int(value, 16)
        return any(int.from_bytes(data[at : at + width], "little") == number & ((1 << 8 * width) - 1) for width in (4, 8))
    if proof.what.startswith("annotation of "):
        return data[at:].startswith(value.split(" /")[0].encode()[:8])
    if proof.what in ("ErrorMessage", "FAssertInfo.ErrorMessage", "text on the stack", "what()"):
        head = value[:8]
        return data[at:].startswith((head.encode(), head.encode("utf-16-le")))
    return True


@each("name", FILES)
def test_each_proof_lies_in_the_file_and_holds_what_it_says(name: str) -> None:
    data = (SAMPLES / f"{name}.dmp").read_bytes()
    found = account_of(facts_of(data))
    if found is None:
        return
    for item in found.statements:
        assert item.certainty in ("certain", "likely", "guess")
        for proof in (*item.evidence, *found.event.evidence):
            assert proof.offset is None or 0 <= proof.offset < len(data), (item, proof)
            assert proof.offset is None or _holds(data, item, proof), (item, proof)


DAMAGED = ["crash-stowed", "crash-cpp-type", "crash-unreal", "crash-chromium-check", "crash-stack-outside"]


@pytest.mark.parametrize("name", DAMAGED)
def test_an_account_of_damaged_bytes_never_fails(name: str) -> None:
    """Each byte of the exception, and of what the parameters lead to, set to 0 and to all ones; and the file cut at many places; or a third of that."""
    data = (SAMPLES / f"{name}.dmp").read_bytes()
    at = exception_at(name)
    for place in some([*range(at, at + 0xA0, 3), *range(len(data) - 0x300, len(data), 7)], DAMAGED.index(name)):
        for value in (0, 0xFF):
            changed = bytearray(data)
            changed[place] = value
            account_of(facts_of(bytes(changed)))
    for size in some(range(0x20, len(data), 997), DAMAGED.index(name)):
        account_of(facts_of(data[:size]))


# -- pieces ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LOG_FATAL", "x.cc:1: no", True),
        ("abort_message", "gave up", True),
        ("panic-reason", "index out of bounds", True),
        ("electron.v8-oom.is_heap_oom", "1", True),
        ("error-count", "12", False),
        ("Issue32066-failure_reason", "Invalid deposit", True),
        ("last-error", "0x57", False),
        ("crash-handler-path", "C:\\x", False),
        ("url", "https://example.org/", False),
        ("LOG_FATAL", " ", False),
        ("", "abort() called", True),
        ("", "CoreSimulator 857", False),
    ],
)
def test_annotations_that_tell_what_went_wrong(name: str, value: str, expected: bool) -> None:
    assert tells(name, value) is expected


@each(
    ("code", "wide", "operands"),
    [
        ("8b00", False, ["[eax]"]),
        ("8b4014", False, ["[eax+0x14]"]),
        ("8b4df8", False, ["[ebp-0x8]"]),
        ("a1", False, []),
        ("488b44cf10", True, ["[rdi+rcx*8+0x10]"]),
        ("48c7040841414141", True, ["[rax+rcx]"]),
        ("c704250000000000000000", True, ["[0x0]"]),
        ("8b0d44332211", True, ["[rip+0x11223344]"]),
        ("8b0d44332211", False, ["[0x11223344]"]),
        ("4d8b5c2408", True, ["[r12+0x8]"]),
        ("4b8b04f4", True, ["[r12+r14*8]"]),
        ("65488b042530000000", True, ["gs:[0x30]"]),
        ("f3a4", True, ["[rsi]", "[rdi]"]),
        ("f3a4", False, ["[esi]", "[edi]"]),
        ("0fb64101", True, ["[rcx+0x1]"]),
        ("f20f1002", True, ["[rdx]"]),
        ("c5fe6f06", True, ["[rsi]"]),
        ("c4c17e6f00", True, ["[r8]"]),
        ("ff5028", True, ["[rax+0x28]"]),
        ("89c8", True, []),
        ("e800000000", True, []),
        ("0f0b", True, []),
        ("cc", True, []),
        ("48", True, []),
        ("8b", True, []),
        ("8b84", True, []),
        ("", True, []),
        ("678b00", True, []),
    ],
)
def test_memory_operands(code: str, wide: bool, operands: List[str]) -> None:
    assert [item.text for item in memory_operands(bytes.fromhex(code), wide)] == operands


def test_the_address_of_an_operand() -> None:
    registers = {"rdi": 0x1000, "rcx": 2}
    assert memory_operands(bytes.fromhex("488b44cf10"), True)[0].address(registers, 8, 0) == 0x1020
    assert memory_operands(bytes.fromhex("8b0d00010000"), True)[0].address(registers, 8, 0x7000) == 0x7100
    assert memory_operands(bytes.fromhex("8b4df8"), False)[0].address({"ebp": 4}, 4, 0) == 0xFFFFFFFC
    assert memory_operands(bytes.fromhex("65488b042530000000"), True)[0].address(registers, 8, 0) is None
    assert memory_operands(bytes.fromhex("8b4df8"), False)[0].address({}, 4, 0) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DemoGame-Win64-Shipping.exe", True),
        ("UnrealEditor.exe", True),
        ("UE4Editor-Win64-Debug.exe", True),
        ("demo.exe", False),
        ("MyUnrealEditorTool.exe", False),
    ],
)
def test_names_of_unreal_engines_programs(name: str, expected: bool) -> None:
    assert bool(_UNREAL_FILE.match(name)) is expected


def test_patterns() -> None:
    assert len({row.value for row in PATTERNS}) == len(PATTERNS)
    assert pattern_of(0xCDCDCDCDCDCDCDCD, 8) == (next(row for row in PATTERNS if row.value == 0xCDCDCDCD), 0)
    assert pattern_of(0xCDCDCDCD, 8) is None
    hit = pattern_of(0xDDDDDDF5, 4, 0x10000)
    assert hit is not None
    assert (hit[0].value, hit[1]) == (0xDDDDDDDD, 0x18)
    assert pattern_of(0xDDDDDDF5, 4) is None
    assert pattern_of(0x7FF6A1B2145C, 8, 0x10000) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (".?AVruntime_error@std@@", "std::runtime_error"),
        (".?AUBad@@", "Bad"),
        (".H", "int"),
        (".PEBD", "char const *"),
        (".?AV?$Box@H@demo@@", ".?AV?$Box@H@demo@@"),
    ],
)
def test_demangled(name: str, expected: str) -> None:
    assert demangled(name) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"\x08\x01\x12\x03abc", "abc"), (b"\x12\xffabc", ""), (b"\x0b", ""), (b"", ""), (b"\x0d\0\0\0\0\x12\x01x", "x"), (b"\x12\x02\x01\x02", "")],
)
def test_protobuf_text(data: bytes, expected: str) -> None:
    assert protobuf_text(data, 2) == expected


# -- findings and remedies ---------------------------------------------------------------------------------------------------


def test_what_is_in_order_is_told_only_to_somebody_who_asks() -> None:
    for name in ("handles", "article-handles", "process-thread-data", "crashpad-annotations"):
        facts = facts_of((SAMPLES / f"{name}.dmp").read_bytes())
        assert not [item.code for item in audit(facts) if item.rule.when_asked]
    asked = [rule.code for rule in all_rules() if rule.when_asked]
    assert asked == ["HND008", "MEM005"]
    facts = facts_of((SAMPLES / "handles.dmp").read_bytes())
    assert [item.code for item in apply([find_rule("HND008")], facts)] == ["HND008"]


def test_remedies_fit_the_writer() -> None:
    for name in ("crashpad-annotations", "crash-chromium-oom", "breakpad-windows", "crash-unreal", "crash-mariadb", "crash-sentry"):
        steps = [step for item in audit(facts_of((SAMPLES / f"{name}.dmp").read_bytes())) for step in item.remedy]
        assert steps
        assert not [step for step in steps if "`.dump" in step or "procdump" in step or "Task Manager" in step], name
    crashpad = [step for item in audit(facts_of((SAMPLES / "crash-sentry.dmp").read_bytes())) for step in item.remedy]
    assert any("set_extra_memory_ranges" in step for step in crashpad)
    assert not any("MiniDumpWith" in step for step in crashpad)
    unreal = [step for item in audit(facts_of((SAMPLES / "crash-unreal.dmp").read_bytes())) for step in item.remedy]
    assert any("-fullcrashdump" in step for step in unreal)
    plain = [step for item in audit(facts_of((SAMPLES / "stacks-only.dmp").read_bytes())) for step in item.remedy]
    assert any("`.dump /mt" in step for step in plain)


def test_the_option_r_in_procdumps_comment_is_evidence() -> None:
    found = {item.code: item for item in audit(facts_of((SAMPLES / "crash-hung-window.dmp").read_bytes()))}
    assert "procdump -r took it, of a snapshot" in found["HND002"].verdict
    assert any(proof.what == "comment of procdump" and "-r" in proof.value for proof in found["HND002"].evidence)


@pytest.mark.parametrize("name", ["crash-unreal", "crash-chromium-check", "crash-hung-window", "crash-cpp-type", "crash-abort-message", "breakpad-windows"])
def test_what_the_program_says_is_taken_out_by_redact(name: str, run_json: Any) -> None:
    open_document = run_json("dumpinfo", SAMPLES / f"{name}.dmp")
    document = run_json("dumpinfo", SAMPLES / f"{name}.dmp", "--redact")
    private = [item for item in open_document["account"]["statements"] if item["private"]]
    assert private
    for before, after in zip(open_document["account"]["statements"], document["account"]["statements"]):
        if before["private"]:
            assert after["text"] == "[redacted]"
            assert {proof["value"] for proof in after["evidence"]} == {"[redacted]"}
    for item in private:
        assert item["text"][:24] not in str(document)
