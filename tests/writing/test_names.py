"""Tokens for names and accounts: equal ones stay equal, and have the same length."""

from __future__ import annotations

import pytest

from dumpscope.writing.names import Names, is_token, token


def test_equal_names_get_equal_tokens_of_the_same_length() -> None:
    names = Names({"MrsSmith", "BUILD-PC7"})
    data = rb"C:\Users\mrssmith\a; C:\Users\Zo Ann\b" + "\0MRSSMITH@build-pc7".encode("utf-16-le")
    names.look(data)
    names.close()
    new = names.clean(data)
    assert len(new) == len(data)
    tokens = names.users
    assert rb"C:\Users" in new
    assert new.count(tokens["mrssmith"].encode()) == 1
    assert (tokens["mrssmith"] + "@" + tokens["build-pc7"]).encode("utf-16-le") in new
    assert b"Zo Ann" not in new
    assert token("user", 1, 9) == "user1____"
    assert token("user", 12, 3) == "u12"
    assert token("user", 123, 2) == "__"


def test_more_names_than_are_held_get_equal_tokens_for_equal_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dumpscope.writing.names.MOST_OBJECTS", 3)
    names = Names(set())
    words = [f"some-object-{number}" for number in range(200)]
    first = [names.object_name(word) for word in words]
    assert first[:3] == [token("name", number, len(words[number - 1])) for number in (1, 2, 3)]
    assert [names.object_name(word.upper()) for word in words] == first
    assert len(set(first)) == len(words)
    assert all(is_token(new) and len(new) == len(old) for new, old in zip(first, words))
    assert all(len(names.object_name("x" * size)) == size for size in range(1, 30))


def test_sids_of_accounts_lose_their_numbers_and_stay_equal() -> None:
    import struct

    binary = b"\x01\x05\0\0\0\0\0\x05" + struct.pack("<5I", 21, 1111111111, 2222222222, 3333333333, 1005)
    text = "S-1-5-21-1111111111-2222222222-3333333333-1005"
    data = binary + b"..." + text.encode() + b"..." + text.encode("utf-16-le") + b"S-1-5-18"
    names = Names(())
    names.look(data)
    names.close()
    new = names.clean(data)
    assert len(new) == len(data)
    assert new.endswith(b"S-1-5-18")
    assert struct.unpack("<5I", new[8:28]) == (21, 0, 0, 1, 1000)
    assert b"S-1-5-21-0000000000-0000000000-0000000001-1000" in new
    assert "S-1-5-21-0000000000-0000000000-0000000001-1000".encode("utf-16-le") in new
