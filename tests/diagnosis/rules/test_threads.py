"""Rules about threads: DumpError in the debugger's words."""

import pytest

from dumpscope.diagnosis.rules.threads import dump_error_text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (0xD0000022, "NTSTATUS 0xC0000022"),
        (0x10000001, "NTSTATUS 0x00000001"),
        (0x80070005, "Win32 error 0n5"),
        (0x8007FFFF, "Win32 error 0n65535"),
        (0x80080005, "HRESULT 0x80080005"),
        (0x80060005, "HRESULT 0x80060005"),
        (0x80004005, "HRESULT 0x80004005"),
        (0x5, "HRESULT 0x00000005"),
    ],
)
def test_an_error_is_read_by_its_facility(error, words):
    assert dump_error_text(error) == words
