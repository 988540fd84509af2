"""GUIDs as text: numbers first, then bytes; one of them is IUnknown's."""

from __future__ import annotations

import pytest

from dumpscope.format.guid import guid_text


def test_the_first_three_groups_are_numbers() -> None:
    assert guid_text(bytes.fromhex("33221100554477668899aabbccddeeff")) == "00112233-4455-6677-8899-aabbccddeeff"
    assert guid_text(bytes(8) + bytes.fromhex("c000000000000046")) == "00000000-0000-0000-c000-000000000046"


@pytest.mark.parametrize("size", [0, 15, 17])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"16 bytes, not {size}"):
        guid_text(bytes(size))
