"""The small postfix programs of Breakpad's symbol files: ``$rsp 8 +``, ``.cfa -8 + ^``, ``$T0 $ebp = $eip $T0 4 + ^ =``.

Published in breakpad/docs/symbol_files.md. A program is bounded: so many words, numbers cut to the pointer's size.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Union

from ..format.counted import counted

MAX_WORDS = 4096
Operand = Union[int, str]
"""A number, or the name of a value."""


class BadProgram(Exception):
    """A program that cannot be run; the message says at which word."""


class Unreadable(BadProgram):
    """A program that reads memory that is not in the dump. ``address`` is the first byte of it."""

    def __init__(self, address: int) -> None:
        super().__init__(f"0x{address:x} is not in the dump")
        self.address = address


def run(program: str, values: Dict[str, int], word: Callable[[int], Optional[int]], mask: int) -> List[int]:
    """Run a program; assignments go to ``values``. Returns what is left on its stack. Raises BadProgram."""
    stack: List[Operand] = []
    words = program.split()
    if len(words) > MAX_WORDS:
        raise BadProgram(f"a program of {counted(len(words), 'word')}")

    def pop() -> int:
        if not stack:
            raise BadProgram(f"{program!r}: a value is missing")
        top = stack.pop()
        if isinstance(top, str):
            if top not in values:
                raise BadProgram(f"{program!r}: {top} is not known")
            return values[top]
        return top

    for item in words:
        if item in ("+", "-", "*", "/", "%", "@"):
            right, left = pop(), pop()
            if item in ("/", "%", "@") and not right:
                raise BadProgram(f"{program!r}: division by 0")
            if item == "+":
                result = left + right
            elif item == "-":
                result = left - right
            elif item == "*":
                result = left * right
            elif item == "/":
                result = left // right
            elif item == "%":
                result = left % right
            else:
                result = left // right * right  # aligned down
            stack.append(result & mask)
        elif item == "^":
            address = pop()
            value = word(address)
            if value is None:
                raise Unreadable(address)
            stack.append(value)
        elif item == "=":
            value = pop()
            name = stack.pop() if stack else None
            if not isinstance(name, str):
                raise BadProgram(f"{program!r}: nothing to assign to")
            values[name] = value
        else:
            stack.append(_operand(item, mask))
    found = [values.get(item) if isinstance(item, str) else item for item in stack]
    return [value for value in found if value is not None]


def _operand(item: str, mask: int) -> Operand:
    digits = item[1:] if item[:1] == "-" else item
    if digits.isascii() and digits.isdigit() and len(digits) <= 20:
        return int(item) & mask
    return item


def evaluate(program: str, values: Dict[str, int], word: Callable[[int], Optional[int]], mask: int) -> int:
    """The one value that a program leaves. Raises BadProgram."""
    left = run(program, values, word, mask)
    if len(left) != 1:
        raise BadProgram(f"{program!r} leaves {counted(len(left), 'value')}, not one")
    return left[0]
