"""From what a debugger printed to what it means: pasted messages, pieces of them, HRESULT, NTSTATUS and Win32 codes."""

from __future__ import annotations

import re

from ..record import NamedTuple
from .catalogue import all_rules
from .plan import canonical
from .rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Set

_HEX = re.compile(r"\b(?:0x)?([0-9a-fA-F]{8})\b")
_PREFIXED = re.compile(r"\b0x([0-9a-fA-F]{1,8})\b")
_DECIMAL = re.compile(r"\b0n(\d{1,10})\b")
_COMMAND = re.compile(r"(?<![\w/\\.])([!.~][a-zA-Z*][\w*]*(?: -1)?)")
_EXTENSION = re.compile(r"ERROR: (!\w+): extension exception (?:0x)?([0-9a-fA-F]{8})", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9_]{3,}")
_STOP = {"the", "and", "not", "for", "error", "warning", "with", "this", "from", "may", "have", "has", "does", "that", "are", "was", "you"}


class Reading(NamedTuple):
    """What was recognised in a pasted text: codes, debugger commands, and the rules that its wording belongs to, best first."""

    codes: List[int]
    commands: List[str]
    rules: List[Rule]
    exact: bool


def codes_in(text: str) -> List[int]:
    """Numbers in a message that are error codes: 0x80004002, 80004002, 0n87, 0x57."""
    found: List[int] = []
    for match in _HEX.finditer(text):
        if any(char.isdigit() for char in match.group(1)):
            found.append(int(match.group(1), 16))
    found.extend(int(match.group(1), 16) for match in _PREFIXED.finditer(text))
    found.extend(int(match.group(1)) for match in _DECIMAL.finditer(text) if int(match.group(1)) < 1 << 32)
    return list(dict.fromkeys(found))


def commands_in(text: str) -> List[str]:
    """Debugger commands named in a message, in the spelling of the planner."""
    found = []
    for match in _COMMAND.finditer(text):
        name = canonical(match.group(1))
        if name:
            found.append(name)
    return list(dict.fromkeys(found))


def _words(text: str) -> Set[str]:
    return set(_WORD.findall(text.lower())) - _STOP


def _squeeze(text: str) -> str:
    return re.sub(r"[^a-z0-9!*]+", " ", text.lower()).strip()


def _score(wanted: str, words: Set[str], symptom: str) -> float:
    """0 to 1: how much a pasted text and a symptom have in common. Numbers count as little: they change from case to case."""
    plain = _squeeze(symptom)
    if len(wanted) >= 8 and len(plain) >= 8 and (plain in wanted or wanted in plain):
        return 1.0
    theirs = {word for word in _words(symptom) if not word.isdigit()}
    ours = {word for word in words if not word.isdigit()}
    if not theirs or not ours:
        return 0.0
    common = len(theirs & ours)
    return common / len(theirs) if common >= 2 else 0.0


def read_message(text: str) -> Reading:
    """Recognise a pasted message. Wording is matched loosely, codes exactly; the command that a message names narrows it."""
    codes = codes_in(text)
    commands = commands_in(text)
    extension = _EXTENSION.search(text)
    if extension:
        name = canonical(extension.group(1))
        commands = [name] if name else commands
    wanted = _squeeze(text)
    words = _words(text)
    scored = []
    for order, rule in enumerate(all_rules()):
        best = max(_score(wanted, words, symptom) for symptom in rule.symptoms)
        if commands and set(commands) & set(rule.commands):
            best += 0.25 if best else 0.05
        elif commands and extension:
            continue
        if best >= 0.6:
            scored.append((-best, order, rule))
    scored.sort(key=lambda item: item[:2])
    exact = bool(scored) and scored[0][0] <= -1.0
    rules = [rule for _, _, rule in scored]
    if exact:
        rules = [rule for score, _, rule in scored if score <= -1.0]
    return Reading(codes, commands, rules[:24], exact)


def looks_like_code(text: str) -> Optional[int]:
    """The number if the whole text is one error code, such as ``0x80004002``, ``80004002`` or ``0n87``."""
    plain = text.strip().rstrip(".").lower()
    if re.fullmatch(r"0x[0-9a-f]{1,8}|[0-9a-f]{8}", plain):
        return int(plain, 16)
    if re.fullmatch(r"0n\d{1,10}", plain):
        return int(plain[2:])
    if re.fullmatch(r"-\d{1,10}", plain):
        return int(plain) & 0xFFFFFFFF
    return None
