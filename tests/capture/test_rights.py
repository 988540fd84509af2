"""The rights that writing a dump needs."""

from __future__ import annotations

from dumpscope.capture.rights import mask_of, rights_for


def test_handles_need_the_right_to_duplicate_them() -> None:
    assert [right.name for right in rights_for(0)] == ["PROCESS_QUERY_INFORMATION", "PROCESS_VM_READ"]
    assert [right.name for right in rights_for(0x1105)][-1] == "PROCESS_DUP_HANDLE"
    assert mask_of(rights_for(0)) == 0x410
    assert mask_of(rights_for(4)) == 0x450
