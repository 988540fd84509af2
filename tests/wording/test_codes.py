"""Error codes in words. Names and numbers: winerror.h and ntstatus.h of the Windows SDK."""

from pathlib import Path

import pytest

from dumpscope import Minidump
from dumpscope.wording.codes import code_note, exception_words, hresult_words, status_words, win32_words

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def test_win32_words_have_the_number_in_decimal():
    assert win32_words(87) == "(87) ERROR_INVALID_PARAMETER"
    assert win32_words(0xFFFF) == "(65535)"  # no error has this number: no blank behind it


def test_a_wider_number_than_win32_errors_have_is_read_as_another_code():
    assert win32_words(0x80070005) == hresult_words(0x80070005) != ""
    assert "(" not in win32_words(0xC0000034).split(":")[0]


def test_status_words():
    assert status_words(0) == "STATUS_SUCCESS"
    assert status_words(0xC0000034).split(":")[0] == "STATUS_OBJECT_NAME_NOT_FOUND"
    assert status_words(0x80070005) == hresult_words(0x80070005)  # no NTSTATUS: what else it can be


def test_hresult_words_say_nothing_of_success():
    assert hresult_words(0) == ""
    assert hresult_words(0x80004005).split(":")[0] == "E_FAIL"


def test_exception_words_are_empty_for_an_unknown_code():
    assert exception_words(0xC0000005) == "Access violation"
    assert exception_words(0x12345678) == ""


@pytest.mark.parametrize(("sample", "note"), [("exception-read-violation", "Access violation"), ("breakpad-linux", "SIGSEGV")])
def test_code_note_uses_the_words_of_the_system_that_raised_it(sample, note):
    with Minidump.open(SAMPLES / f"{sample}.dmp") as dump:
        assert code_note(dump, dump.exception.code) == note
