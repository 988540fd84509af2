"""Names of SIDs, by the page "Well-known SIDs" of Windows: whole ones, and families by their parts."""

from __future__ import annotations

import pytest

from dumpscope.format.tokens import sid_name


@pytest.mark.parametrize(
    ("sid", "name"),
    [
        ("S-1-5-18", "NT AUTHORITY\\SYSTEM"),
        ("S-1-5-32-544", "BUILTIN\\Administrators"),
        ("S-1-16-12288", "Mandatory Label\\High Mandatory Level"),
        ("S-1-5-5-0-1234", "logon session"),
        ("S-1-5-5-0", ""),
        ("S-1-5-21-1-2-3-500", "Administrator"),
        ("S-1-5-21-1-2-3-513", "Domain Users"),
        ("S-1-5-21-1-2-3-1001", "user or group of a machine or domain"),
        ("S-1-5-21-1-2-500", ""),
        ("S-1-5-80-1-2-3-4-5", "service"),
        ("S-1-5-96-0-1", "font driver host"),
        ("S-1-5-90-0-1", "window manager"),
        ("S-1-15-2-1", "APPLICATION PACKAGE AUTHORITY\\ALL APPLICATION PACKAGES"),
        ("S-1-15-2-99-1", "app package"),
        ("S-1-99-1", ""),
        ("", ""),
    ],
)
def test_sid_name(sid: str, name: str) -> None:
    assert sid_name(sid) == name
