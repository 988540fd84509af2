"""Pasted messages, codes in every spelling, and words that only come near."""

from __future__ import annotations

from typing import Any

import pytest

from dumpscope.diagnosis.messages import codes_in, is_question, looks_like_code, near_commands, one_number, read_message, rules_of_codes

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


def test_codes_in_a_sentence() -> None:
    assert codes_in("it failed with error 1392, E_NOINTERFACE and 0xC0000022") == [0xC0000022, 1392, 0x80004002]
    assert codes_in("error 1 InitTypeRead( nt!_PEB )") == []


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
