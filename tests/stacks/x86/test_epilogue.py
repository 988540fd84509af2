"""Epilogues of x86 code, followed to their return."""

from __future__ import annotations

import pytest

from dumpscope.stacks.x86.epilogue import EBP, EDI, ESI, ESP, Epilogue, follow


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("c3", Epilogue(ESP, (), 0, 0, 1)),
        ("c20c00", Epilogue(ESP, (), 0, 12, 3)),
        ("83c40c5ec3", Epilogue(ESP, ((ESI, 12),), 16, 0, 5)),
        ("81c4e80300005ec3", Epilogue(ESP, ((ESI, 1000),), 1004, 0, 8)),
        ("8d642410c3", Epilogue(ESP, (), 16, 0, 5)),
        ("c9c3", Epilogue(EBP, ((EBP, 0),), 4, 0, 2)),
        ("89ec5dc3", Epilogue(EBP, ((EBP, 0),), 4, 0, 4)),
        ("8d65f85e5f5dc20400", Epilogue(EBP, ((ESI, -8), (EDI, -4), (EBP, 0)), 4, 4, 9)),
        ("59c3", Epilogue(ESP, ((1, 0),), 4, 0, 2)),
        ("f3c3", Epilogue(ESP, (), 0, 0, 2)),
    ],
)
def test_an_epilogue_is_followed_to_its_return(code: str, expected: Epilogue) -> None:
    assert follow(bytes.fromhex(code)) == expected


@pytest.mark.parametrize("code", ["", "83c4", "90c3", "5ceb", "83c404eb10", "5e89ec5dc3", "58" * 60, "c2", "8d65"])
def test_other_code_is_no_epilogue(code: str) -> None:
    assert follow(bytes.fromhex(code)) is None
