"""Stop codes in a pasted text: of a blue screen, the event log, or the first lines of the kernel debugger."""

from __future__ import annotations

import re
from typing import Dict, NamedTuple, Optional, Tuple

from ...format.codes.bugcodes import BUG_CHECK_NAMES

_HEX = r"(?:0x)?[0-9a-f]{1,8}"
_GROUP = r"[\s,:]{0,3}[({]\s*((?:0x)?[0-9a-f`]{1,19}(?:\s*,\s*(?:0x)?[0-9a-f`]{1,19}){0,3})\s*[)}]"
_NUMBERED = re.compile(
    rf"""(?:\bbug\ ?check(?:\ (?:code|was))?\ ?(?:is|was|:|=)?\ {{0,2}}(?P<checked>
            0x[0-9a-f]{{1,8}}\b|(?=[0-9a-f]{{0,7}}\d)[0-9a-f]{{1,8}}\b|[0-9a-f]{{1,8}}(?=\s?[,{{(]))
      |\bbug\ ?check_code\b[:\s=]{{1,4}}(?P<analyzed>{_HEX})\b
      |\bbugcheckcode\b[:\s=]{{1,4}}(?P<logged>0x[0-9a-f]{{1,8}}|\d{{1,10}})\b
      |\bstop(?:\ (?:code|error))?:?\ {{0,2}}(?P<stopped>0x[0-9a-f]{{1,8}})\b)(?:{_GROUP})?""",
    re.IGNORECASE | re.VERBOSE,
)
_NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_STOP_CODE = re.compile(r"\bstop code:? {0,3}([a-z0-9_ ]{4,60})", re.IGNORECASE)
_ARGUMENT = re.compile(r"\bArg(?:ument)?\s?([1-4]):\s*(?:0x)?([0-9a-f`]{1,19})\b", re.IGNORECASE)


class Stop(NamedTuple):
    """A stop code, and what of its four parameters the text has."""

    code: int
    parameters: Tuple[int, ...]


def stop_in(text: str) -> Optional[Stop]:
    """The stop code that a text tells of, by number or by name; None where it tells of none."""
    for match in _NUMBERED.finditer(text):
        logged = match.group("logged")
        if logged is not None:
            code = int(logged, 0) if logged[:2].lower() == "0x" else int(logged)  # the event log writes it as a decimal number
        else:
            code = int(match.group("checked") or match.group("analyzed") or match.group("stopped"), 16)
        if code & ~0x10000000 in BUG_CHECK_NAMES:
            return Stop(code, _group(match.group(5)) or _arguments(text))
    named = {name: code for code, name in BUG_CHECK_NAMES.items() if name}
    for match in _NAME.finditer(text):
        if match.group() in named and not match.group().startswith("STATUS_"):
            return Stop(named[match.group()], _arguments(text))
    return _spoken(text, named)


def _spoken(text: str, named: Dict[str, int]) -> Optional[Stop]:
    """``Stop code: IRQL NOT LESS OR EQUAL``, as the screen of newer versions has it: the longest name that the words begin with."""
    match = _STOP_CODE.search(text)
    if match is None:
        return None
    words = re.sub(r"[\s_]+", "_", match.group(1).strip()).upper()
    fits = [name for name in named if words == name or words.startswith(name + "_")]
    return Stop(named[max(fits, key=len)], _arguments(text)) if fits else None


def _group(words: Optional[str]) -> Tuple[int, ...]:
    return tuple(int(word.strip().replace("`", "") or "0", 16) for word in words.split(",")) if words else ()


def _arguments(text: str) -> Tuple[int, ...]:
    """The parameters in the lines ``Arg1: …`` to ``Arg4: …`` of !analyze, as far as they follow each other."""
    found = {int(number): int(value.replace("`", "") or "0", 16) for number, value in _ARGUMENT.findall(text)}
    values = []
    for number in range(1, 5):
        if number not in found:
            break
        values.append(found[number])
    return tuple(values)
