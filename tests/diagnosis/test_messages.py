"""Pasted messages, codes in every spelling, and words that only come near."""

from __future__ import annotations

from typing import Any, List

import pytest
from tests.cases import each

from dumpscope.diagnosis.messages import is_question, looks_like_code, near_commands, read_message, rules_of_codes
from dumpscope.diagnosis.pasted.numbers import codes_in, one_number

CODES = [
    ("1392", 1392),
    ("0n1392", 1392),
    ("0x570", 1392),
    ("error 1392", 1392),
    ("Win32 error 1392", 1392),
    ("Win32 error 0n1392", 1392),
    ("0x80070570", 0x80070570),
    ("80004002", 0x80004002),
    ("error 0x80004002", 0x80004002),
    ("HRESULT 0x80004002.", 0x80004002),
    ("-2147467262", 0x80004002),
    ("2147500034", 0x80004002),
    ("E_NOINTERFACE", 0x80004002),
    ("e_nointerface", 0x80004002),
    ("STATUS_PARTIAL_COPY", 0x8000000D),
    ("ERROR_FILE_CORRUPT", 1392),
    ("E_NOSUCHTHING", None),
    ("InitTypeRead", None),
    ("error 1 InitTypeRead", None),
]


@pytest.mark.parametrize(("text", "code"), CODES, ids=[text for text, _ in CODES])
def test_a_text_that_is_one_code(text: str, code: Any) -> None:
    assert looks_like_code(text) == code


def values(text: str) -> List[int]:
    return [code.value for code in codes_in(text)]


def test_codes_in_a_sentence() -> None:
    assert values("it failed with error 1392, E_NOINTERFACE and 0xC0000022") == [1392, 0x80004002, 0xC0000022]
    assert values("error 1 InitTypeRead( nt!_PEB )") == []


def test_the_same_code_leads_to_the_same_rules() -> None:
    assert one_number(0x80070570) == 1392
    assert one_number(0xD0000022) == 0xC0000022
    found = [rule.code for rule in rules_of_codes([1392])]
    assert "OPN007" in found
    assert [rule.code for rule in rules_of_codes([0x80070570])] == found
    assert [rule.code for rule in rules_of_codes([0xD0000022])] == [rule.code for rule in rules_of_codes([0xC0000022])] != []


@pytest.mark.parametrize("text", ["unable to read handel informations", "Failed to read handles"])
def test_words_that_come_near(text: str) -> None:
    reading = read_message(text)
    assert "HND002" in [rule.code for rule in reading.rules]
    assert reading.taken_as == "Unable to read handle information"


@pytest.mark.parametrize("text", ["what is this nonsense", "frob", "handles are nice"])
def test_words_that_do_not(text: str) -> None:
    assert read_message(text).rules == []


def test_near_commands() -> None:
    assert near_commands("!handel") == ["!handle"]
    assert near_commands("!foo") == []


def test_what_is_a_question() -> None:
    assert all(map(is_question, ("0x80004002", "c0000005", "HND002", "InitTypeRead", "E_NOINTERFACE")))
    assert not any(map(is_question, ("handles", "exceptio", "frob", "handel")))


SENTENCES = [
    ("FAILURE HR=0X80004005: Failed to OpenDumpFileWide", [0x80004005]),
    ("Failure HR=80070003: Failed to open dump file wide", [0x80070003]),
    ("MiniDumpWriteDump failed. Error: 2147942408", [0x80070008]),
    ("MiniDumpWriteDump (dbghelp.dll) function returned error code: -2147024597", [0x8007012B]),
    ("hr=-0x7ff8ffa9", [0x80070057]),
    ("GetLastError = 299", [299]),
    ("GetLastError() returned 299", [299]),
    ("Marshal.GetLastWin32Error() returns 1008", [1008]),
    ("it failed with error 1392, E_NOINTERFACE and 0xC0000022", [1392, 0x80004002, 0xC0000022]),
    ("error 1 InitTypeRead( nt!_PEB )", []),
    ("Unable to read KLDR_DATA_TABLE_ENTRY at 00000000`00000000 - HRESULT 0x80004002", [0x80004002]),
    ("MinidumpHeader offset 0x0 mismatch", []),
    ("Directory not present in dump (RVA 0x1e8480)", []),
    ("SOS does not support the current target architecture 0x0000014c", []),
    ("SOS does not support the current target architecture 'x64' (0x8664)", []),
    ("Writing dump failed (HRESULT: 0x80004005)", [0x80004005]),
    ("WriteDump failed - HRESULT: 0x00000000", [0]),
    ("Error writing dump file: 0x80070005\nAccess is denied. (0x80070005, -2147024891)", [0x80070005]),
    ("WriteFullMemory.Memory.Read(0x7ffb97221000, 0x10000) failed 0x8007012b, skip.", [0x8007012B]),
    ("WriteFullMemory.QueryVirtual(0x0) for info failed, 0x80070005", [0x80070005]),
    ("Dump creation failed, Win32 error 0n5", [5]),
    ("Invalid process id 1234 - Access is denied. (5)", [5]),
    ("ReadMemory at 0x9199894 of 512 bytes failed: Only part (0x12B)", [0x12B]),
    ("pymem.exception.WinAPIError: Windows api error, error_code: 299", [299]),
    ("ERROR kuhl_m_sekurlsa_acquireLSA ; Handle on memory (0x00000005)", [5]),
    ("Failed to load data access module, 0x80131c4f", [0x80131C4F]),
    ("Unexpected relative addresses inconsistency between dump memory chunks 21 and 22.", []),
    ("[!] Failed to create minidump, error code: 80070005", [0x80070005]),
    ("Failure HR=0x8007002: Failed to OpenDumpFileWide", [0x80070002]),
    ("minidump.cc:5103: INFO: Minidump opened minidump x.dmp", []),
    ("Minidump version mismatch: 0xbfef != 0xa793", []),
    ("Could not open dump file [C:\\x.dmp], Win32 error 0n1392", [1392]),
    ("GenAllocateThreadObject.GetTebInfo(0x1a30) failed, 0x8007001e", [0x8007001E]),
    ("[WinError 5] Access is denied", [5]),
    ("(os error 299)", [299]),
    ("MiniDumpWriteDump failed with code 1", [1]),
    ("dump_20201019_000744.dmp", []),
    ("84e9c42b5d-8a0f-480d-d086608e-54b9110c.dmp", []),
    ("exit code -1073741819", [0xC0000005]),
    ("The process exited with exit code 1", []),
    ("crash-3776.dmp (error 0x800706F8)", [0x800706F8]),
    ("GetContextState failed, 0xD0000147", [0xD0000147]),
    ("e0434352 Exception in C:\\x\\SosThreadingTools.dll.dumpasync debugger extension.\n PC: 75e035d2  VA: 00000000  R/W: 80070002", [0xE0434352, 0x80070002]),
    ("Minidump needs 2147942408 bytes", []),
    ("MiniDumpWriteDump error 0x0000012b", [0x12B]),
    ("MiniDumpWriteDump: 0xffffffff8007012b", [0x8007012B]),
    ("CLR exception - code e0434352 (first/second chance not available)", [0xE0434352]),
    ("LoadLibrary(sos.dll) FAILED 800700c1", [0x800700C1]),
    ("Stream 3 size 96, expected 52", []),
    ("System.ComponentModel.Win32Exception (5): Access is denied.", [5]),
    ("Error 0x5", [5]),
    ("Windows error 112", [112]),
    ("Dump 1 error: Error writing dump file: 0x80070070", [0x80070070]),
    ("last error is 0x00000006", [6]),
    ("status = C000010A", [0xC000010A]),
    ("failed (299)", [299]),
    ("failed: 299", [299]),
    ("MiniDumpWriteDump returned 0, GLE=2147942699", [0x8007012B]),
    ("MiniDumpWriteDump() returns 0, GetLastError() = 5", [5]),
    ("MiniDumpWriteDump returned 0x8007012b", [0x8007012B]),
    ("WriteDump returned 87", [87]),
]


@each(("text", "codes"), SENTENCES, ids=range(len(SENTENCES)))
def test_codes_in_every_spelling_and_numbers_that_are_none(text: str, codes: List[int]) -> None:
    assert values(text) == codes


WHOLE = [
    ("hr=-0x7ff8ffa9", 0x80070057),
    ("GetLastError = 299", 299),
    ("GetLastError()=299", 299),
    ("GLE=299", 299),
    ("GLE=0x8007012b", 0x8007012B),
    ("LastError=5", 5),
    ("GetLastWin32Error: 5", 5),
    ("gleam=5", None),
    ("0X80004005", 0x80004005),
    ("0x000000008007012b", 0x8007012B),
    ("-2147024597", 0x8007012B),
    ("failed with error 5", 5),
    ("0x8007002", 0x80070002),
    ("offset 0x0", None),
]


@pytest.mark.parametrize(("text", "code"), WHOLE, ids=[text for text, _ in WHOLE])
def test_whole_texts_with_words_around(text: str, code: Any) -> None:
    assert looks_like_code(text) == code
