"""Kinds of files by their first bytes: no signature hides another, and kinds that take more than a signature."""

from __future__ import annotations

import pytest
from tests.cases import each

from dumpscope.format.files import SIGNATURES, TEXT_KINDS, FileSignature, signature_of, text_kind_of


@each("signature", SIGNATURES, ids=[f"{row.code}-{row.magic.hex()}" for row in SIGNATURES])
def test_each_signature_is_found_before_a_shorter_one(signature: FileSignature) -> None:
    assert signature_of(signature.magic + bytes(64)) is signature
    assert signature_of(signature.magic[:-1]) is not signature


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (b"\x03\0\x1fEXPORT:V11.02.00", "(exp)"),
        (bytes(300) + b"SYS_EXPORT_SCHEMA_01", "(Data Pump)"),
        (b"\x08\x01\x12\x20google/oriole/oriole:13/TQ3A/1:user/keys\x22\x1d2026-01-02 03:04:05", "tombstone of Android"),
    ],
)
def test_kinds_that_have_no_fixed_beginning(head: bytes, title: str) -> None:
    found = signature_of(head)
    assert found is not None
    assert title in found.title


@pytest.mark.parametrize("head", [b"", b"MDMP", b"M", b"\x08\x01\x12\x20no fingerprint", bytes(17) + b"EXPORT:V11"])
def test_what_is_none_of_them(head: bytes) -> None:
    assert signature_of(head) is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('{"bug_type":"210","x":1}', "kernel panic"),
        ('{"bug_type":"298"}', "JetsamEvent"),
        ('{"bug_type":"309"}', "a crash report of macOS or iOS (.ips)"),
        ("Microsoft (R) Windows Debugger Version 10.0", "a text log of the debugger"),
        ("-- MySQL dump 10.13", "MySQL"),
        ("-- Postgres\n\nCREATE TABLE x", "a database export"),
        ("Unhandled exception at 0x0", "in text form"),
        ("a log\nBUGCHECK_CODE:  50", "a text log of the debugger"),
    ],
)
def test_texts(text: str, title: str) -> None:
    found = text_kind_of(text)
    assert found is not None
    assert found in TEXT_KINDS
    assert title in found.title


@pytest.mark.parametrize("text", ["", "hello", "bug_type 210", "a line BUGCHECK_CODE: 50"])
def test_texts_of_no_kind(text: str) -> None:
    assert text_kind_of(text) is None
