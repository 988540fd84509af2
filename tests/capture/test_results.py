"""Errors of the writer as HRESULTs."""

from __future__ import annotations

from dumpscope.capture.results import WORDS, hresult, words


def test_win32_errors_become_hresults() -> None:
    assert hresult(5) == 0x80070005
    assert hresult(0x8007012B) == 0x8007012B
    assert hresult(-0x7FF8FFFB) == 0x80070005
    assert hresult(0) == 0x80004005
    assert "access denied" in words(5)
    assert words(0x12345) == ""
    assert all(code >= 0x80000000 for code in WORDS)
