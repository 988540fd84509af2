"""Epilogues of x64 code, simulated: what is left of one is followed to its ``ret`` or tail jump.

The calling convention allows an epilogue few instructions (Microsoft Learn: x64 prolog and epilog): ``add rsp, n`` or
``lea rsp, [frame register + n]``, pops, then a return or a jump that leaves the function.
"""

from __future__ import annotations

from typing import Callable, Dict, NamedTuple, Optional, Tuple

RSP = 4
MAX_EPILOGUE = 96
"""Bytes that are looked at: all registers popped, the longest ``add`` or ``lea``, and a jump take fewer."""


class Epilogue(NamedTuple):
    """What the rest of an epilogue does: the registers that it pops and the return address, as offsets from register ``base``.

    ``target`` is where it jumps to, as an offset like ``at``; None for a return or a jump through memory or a register. ``bare`` says
    that nothing came before the return or jump.
    """

    base: int
    saves: Tuple[Tuple[int, int], ...]
    return_address: int
    target: Optional[int]
    bare: bool
    words: str


def _signed(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def follow(code: bytes, at: int, frame_register: int) -> Optional[Epilogue]:
    """The epilogue whose remaining instructions begin with ``code``, or None if they are none.

    ``at`` is the address of the code, which jump targets are relative to; ``frame_register`` is 0 where the function has none.
    """
    base, offset, here = RSP, 0, 0
    here, freed = _free(code)
    if freed is not None:
        offset = freed
    elif frame_register:
        here, freed = _restore(code, frame_register)
        if freed is not None:
            base, offset = frame_register, freed
    saves: Dict[int, int] = {}
    while True:
        one = code[here : here + 1]
        if b"\x58" <= one <= b"\x5f":
            register, size = one[0] - 0x58, 1
        elif one == b"\x41" and b"\x58" <= code[here + 1 : here + 2] <= b"\x5f":
            register, size = code[here + 1] - 0x58 + 8, 2
        else:
            break
        if register == RSP:
            return None
        saves[register] = offset
        offset += 8
        here += size
    left = _leaves(code, here, at)
    if left is None:
        return None
    words, target = left
    return Epilogue(base, tuple(saves.items()), offset, target, here == 0, words)


def _free(code: bytes) -> Tuple[int, Optional[int]]:
    """Length and amount of ``add rsp, n``."""
    if code[:3] == b"\x48\x83\xc4" and len(code) >= 4:
        return 4, _signed(code[3:4])
    if code[:3] == b"\x48\x81\xc4" and len(code) >= 7:
        return 7, _signed(code[3:7])
    if code[:4] == b"\x48\x8d\x64\x24" and len(code) >= 5:  # lea rsp, [rsp + n]
        return 5, _signed(code[4:5])
    if code[:4] == b"\x48\x8d\xa4\x24" and len(code) >= 8:
        return 8, _signed(code[4:8])
    return 0, None


def _restore(code: bytes, register: int) -> Tuple[int, Optional[int]]:
    """Length and displacement of ``lea rsp, [register + n]`` or of ``mov rsp, register``."""
    if len(code) < 3:
        return 0, None
    high = register >> 3
    if code[0] == (0x49 if high else 0x48) and code[1] == 0x8D and code[2] & 0x38 == 0x20 and code[2] & 7 == register & 7:
        mode = code[2] >> 6
        skip = 1 if register & 7 == 4 else 0  # r12 needs a SIB byte
        if skip and code[3:4] != b"\x24":
            return 0, None
        if mode == 0 and register & 7 != 5:
            return 3 + skip, 0
        if mode == 1 and len(code) >= 4 + skip:
            return 4 + skip, _signed(code[3 + skip : 4 + skip])
        if mode == 2 and len(code) >= 7 + skip:
            return 7 + skip, _signed(code[3 + skip : 7 + skip])
        return 0, None
    if code[1] == 0x8B and code[0] == (0x49 if high else 0x48) and code[2] == 0xE0 | register & 7:  # mov rsp, register
        return 3, 0
    if code[1] == 0x89 and code[0] == (0x4C if high else 0x48) and code[2] == 0xC4 | (register & 7) << 3:
        return 3, 0
    return 0, None


def _leaves(code: bytes, here: int, at: int) -> Optional[Tuple[str, Optional[int]]]:
    """How the instruction at ``here`` leaves the function, and where a direct jump goes; None if it does not."""
    rest = code[here : here + 8]
    if rest[:1] == b"\xc3" or (rest[:1] == b"\xc2" and len(rest) >= 3):
        return "ret", None
    if rest[:2] in (b"\xf3\xc3", b"\xf2\xc3"):
        return "ret", None
    if rest[:1] == b"\xf2" and rest[1:2] in (b"\xe9", b"\xff"):  # bnd jmp
        rest, here = rest[1:], here + 1
    if rest[:1] == b"\xeb" and len(rest) >= 2:
        return "jmp", at + here + 2 + _signed(rest[1:2])
    if rest[:1] == b"\xe9" and len(rest) >= 5:
        return "jmp", at + here + 5 + _signed(rest[1:5])
    if rest[:2] == b"\xff\x25":
        return "jmp", None
    if len(rest) >= 3 and 0x48 <= rest[0] <= 0x4F and rest[0] & 8 and rest[1] == 0xFF and rest[2] & 0x38 == 0x20:
        return "jmp", None  # REX.W marks an indirect jump that leaves the function; a jump table's has none
    return None


def call_before(code: bytes) -> bool:
    """Whether the bytes before a return address, as many as are at hand up to 8, end in a call instruction."""
    size = len(code)
    if size >= 5 and code[-5] == 0xE8:
        return True
    for length in range(2, min(size, 8) + 1):
        at = size - length
        prefix = 1 if 0x40 <= code[at] <= 0x4F or code[at] in (0xF2, 0x2E, 0x3E, 0x64, 0x65) else 0
        if prefix and length < 3:
            continue
        if code[at + prefix] == 0xFF and code[at + prefix + 1] & 0x38 == 0x10 and _call_length(code[at + prefix :]) == length - prefix:
            return True
    return False


def follows_call(address: int, longest: int, read: Callable[[int, int], bytes]) -> Optional[bool]:
    """Whether a call of at most ``longest`` bytes stands before an address; None where ``read``, by address and size, has no code there."""
    for size in (longest, 5, 2):
        code = read(address - size, size) if address >= size else b""
        if len(code) == size:
            return call_before(code)
    return None


def _call_length(code: bytes) -> int:
    """Bytes of the ``FF /2`` at the start of ``code``."""
    mode, low = code[1] >> 6, code[1] & 7
    if mode == 3:
        return 2
    size = 2
    base = low
    if low == 4:
        if len(code) < 3:
            return 0
        size, base = 3, code[2] & 7
    if mode == 0:
        return size + (4 if base == 5 else 0)
    return size + (1 if mode == 1 else 4)
