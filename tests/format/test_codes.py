"""Names of error and exception codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import List, Tuple

import pytest

from dumpscope.format.codes import describe_code, name_words, win32_name
from dumpscope.format.codes.exceptions import EXCEPTIONS, FAST_FAIL, describe_parameters, exception_name
from dumpscope.format.codes.foreign import FOREIGN
from dumpscope.format.codes.symbols import ntstatus_name, table

EXTENSION = Path(__file__).resolve().parents[2] / "extension"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0x2, [("Win32", "ERROR_FILE_NOT_FOUND")]),
        (0x57, [("Win32", "ERROR_INVALID_PARAMETER")]),
        (0x80004002, [("HRESULT", "E_NOINTERFACE")]),
        (0x8007001E, [("HRESULT of Win32 0n30", "ERROR_READ_FAULT")]),
        (0x80070570, [("HRESULT of Win32 0n1392", "ERROR_FILE_CORRUPT")]),
        (0xD0000022, [("HRESULT of NTSTATUS 0xC0000022", "STATUS_ACCESS_DENIED")]),
        (0xC0000022, [("NTSTATUS", "STATUS_ACCESS_DENIED")]),
        (0xC0000005, [("NTSTATUS", "STATUS_ACCESS_VIOLATION"), ("exception", "STATUS_ACCESS_VIOLATION")]),
        (0xCFFFFFFF, [("exception", "STATUS_APPLICATION_HANG")]),
        (0x80131509, [("HRESULT", "COR_E_INVALIDOPERATION")]),
        (0x103, [("Win32", "ERROR_NO_MORE_ITEMS"), ("NTSTATUS", "STATUS_PENDING")]),
        (0xE0000777, []),
    ],
)
def test_describe_code(value: int, expected: List[Tuple[str, str]]) -> None:
    assert [(meaning.kind, meaning.symbol) for meaning in describe_code(value)] == expected


def test_negative_numbers_are_taken_as_32_bits() -> None:
    assert describe_code(-1073741819) == describe_code(0xC0000005)


def test_access_denied_is_told_as_hresult() -> None:
    found = describe_code(0x80070005)
    assert found[0].symbol == "E_ACCESSDENIED"
    assert found[0].text


@pytest.mark.parametrize(
    ("name", "number", "symbol"),
    [
        ("win32", 5, "ERROR_ACCESS_DENIED"),
        ("win32", 299, "ERROR_PARTIAL_COPY"),
        ("win32", 1392, "ERROR_FILE_CORRUPT"),
        ("win32", 1722, "RPC_S_SERVER_UNAVAILABLE"),
        ("ntstatus", 0xC0000008, "STATUS_INVALID_HANDLE"),
        ("ntstatus", 0x80000005, "STATUS_BUFFER_OVERFLOW"),
        ("ntstatus", 0xC000000D, "STATUS_INVALID_PARAMETER"),
        ("ntstatus", 0xC0000135, "STATUS_DLL_NOT_FOUND"),
        ("ntstatus", 0xC000041D, "STATUS_FATAL_USER_CALLBACK_EXCEPTION"),
        ("hresult", 0x80004005, "E_FAIL"),
        ("hresult", 0x80040154, "REGDB_E_CLASSNOTREG"),
        ("hresult", 0x800401F0, "CO_E_NOTINITIALIZED"),
        ("hresult", 0x80131522, "COR_E_TYPELOAD"),
    ],
)
def test_symbols(name: str, number: int, symbol: str) -> None:
    assert table(name)[number] == symbol


@pytest.mark.parametrize(("name", "least"), [("win32", 1500), ("ntstatus", 1000), ("hresult", 800)])
def test_tables_have_one_line_for_each_number(name: str, least: int) -> None:
    from importlib import import_module

    lines = [line for line in import_module(f"dumpscope.format.codes.{name}").TABLE.split("\n") if line]
    assert len(lines) == len(table(name)) >= least
    assert all(len(line.split(" ")) == 2 for line in lines)


def test_exceptions_have_the_symbols_of_ntstatus() -> None:
    for code, known in EXCEPTIONS.items():
        if known.symbol.startswith(("STATUS_", "DBG_")) and code != 0xCFFFFFFF:
            assert ntstatus_name(code) == known.symbol


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0xC0000005, "Access violation"),
        (0x80000003, "Break instruction exception"),
        (0x80000007, "Wake debugger"),
        (0xE06D7363, "C++ EH exception"),
        (0xE0434352, "CLR exception"),
        (0x40010005, "Control-C exception"),
        (0xC0000409, "Security check failure or stack buffer overrun"),
        (0xCFFFFFFF, "Application hang"),
        (0xC0000006, "In-page I/O error"),
        (0x40080201, "Windows Runtime Originate Error"),
        (0x406D1388, "Visual C++ exception"),
        (0xC0000022, "STATUS_ACCESS_DENIED"),
        (0x12345678, "Unknown exception"),
    ],
)
def test_exception_name(code: int, words: str) -> None:
    assert exception_name(code) == words


@pytest.mark.parametrize(
    ("number", "symbol"),
    [
        (2, "FAST_FAIL_STACK_COOKIE_CHECK_FAILURE"),
        (7, "FAST_FAIL_FATAL_APP_EXIT"),
        (10, "FAST_FAIL_GUARD_ICALL_CHECK_FAILURE"),
        (50, "FAST_FAIL_HEAP_METADATA_CORRUPTION"),
        (57, "FAST_FAIL_CONTROL_INVALID_RETURN_ADDRESS"),
        (60, "FAST_FAIL_VEH_CORRUPTION"),
        (61, "FAST_FAIL_ETW_CORRUPTION"),
        (64, "FAST_FAIL_GUARD_ICALL_CHECK_FAILURE_XFG"),
        (70, "FAST_FAIL_INVALID_FLS_DATA"),
    ],
)
def test_fast_fail_codes(number: int, symbol: str) -> None:
    assert FAST_FAIL[number][0] == symbol


def test_parameters_in_words() -> None:
    assert describe_parameters(0xC0000005, [1, 0]) == ["write", "the address"]
    assert describe_parameters(0xC0000005, [8, 0])[0] == "execute"
    assert describe_parameters(0xC0000409, [57])[0].startswith("FAST_FAIL_CONTROL_INVALID_RETURN_ADDRESS ")
    assert describe_parameters(0xC0000006, [0, 0x1000, 0xC000009C])[2] == "STATUS_DEVICE_DATA_ERROR"
    assert describe_parameters(0x12345678, [1, 2]) == ["", ""]
    assert describe_parameters(0xC0000005, []) == []


def test_win32_name_of_an_unknown_code() -> None:
    assert win32_name(5) == "ERROR_ACCESS_DENIED"
    assert win32_name(0xFFFF) == ""


def test_big_tables_are_loaded_when_a_code_is_looked_up_and_not_before() -> None:
    script = (
        "import sys, dumpscope.format.codes.symbols as symbols\n"
        "def big(): return sorted(name.rpartition('.')[2] for name in sys.modules if name.startswith('dumpscope.format.codes.'))\n"
        "assert big() == ['symbols'], big()\n"
        "symbols.ntstatus_name(5)\n"
        "assert big() == ['ntstatus', 'symbols'], big()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": str(EXTENSION)})


def test_format_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import dumpscope.format.header\n"
        "new = set(sys.modules) - before\n"
        "ours = sorted(name for name in new if name.startswith('dumpscope'))\n"
        "assert ours == ['dumpscope', 'dumpscope.format', 'dumpscope.format.flags', 'dumpscope.format.header', 'dumpscope.format.layout', "
        "'dumpscope.format.streams'], ours\n"
        "assert not new & {'dataclasses', 'inspect', 'ctypes', 'json'}, new\n"
    )
    subprocess.run([sys.executable, "-S", "-c", script], check=True, env={**os.environ, "PYTHONPATH": str(EXTENSION)})


@pytest.mark.parametrize(
    ("code", "symbol", "words"),
    [
        (0xE0000008, "kOomExceptionCode", "Chromium: out of memory: an allocation failed and the program ended itself (chromium base/process/memory.h"),
        (0x0517A7ED, "CRASHPAD_SIMULATED", "Crashpad: requested dump without a crash (DumpWithoutCrash) (chromium/crashpad"),
        (0xE24C4A04, "LJ_EXCODE", "LuaJIT: out of memory (LuaJIT src/lj_err.c)"),
    ],
)
def test_codes_of_other_writers_come_with_their_source(code: int, symbol: str, words: str) -> None:
    meaning = describe_code(code)[-1]
    assert (meaning.kind, meaning.symbol) == ("exception", symbol)
    assert meaning.text.startswith(words)
    assert exception_name(code) in f"{words} {meaning.text}"


def test_short_codes_of_others_stay_win32_errors() -> None:
    assert [meaning.kind for meaning in describe_code(0x4000)] == []
    assert exception_name(0x4000).startswith("as Unreal Engine uses it: ")


def test_each_code_of_others_says_whose_it_is() -> None:
    for code, row in FOREIGN.items():
        assert row.symbol
        assert row.owner
        assert row.words
        assert row.source
        assert code not in EXCEPTIONS


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("ERROR_BAD_EXE_FORMAT", "bad exe format"),
        ("STATUS_FILE_IS_A_DIRECTORY", "file is a directory"),
        ("ERROR_CRC", "crc"),
        ("WAIT_TIMEOUT", "timeout"),
        ("E_HANDLE", "handle"),
        ("SEC_E_KDC_CERT_EXPIRED", "kdc cert expired"),
        ("DNS_ERROR_RECORD_FORMAT", "dns error record format"),
        ("ERROR_ITERATED_DATA_EXCEEDS_64k", "iterated data exceeds 64k"),
        ("COMADMIN_E_OBJECTNOTPOOLABLE", ""),
    ],
)
def test_the_words_of_a_symbol(symbol: str, words: str) -> None:
    assert name_words(symbol) == words


def test_every_error_of_win32_and_nt_has_words() -> None:
    for name in ("win32", "ntstatus"):
        bare = [symbol for symbol in table(name).values() if symbol.startswith(("ERROR_", "STATUS_")) and not name_words(symbol)]
        assert not bare, name
