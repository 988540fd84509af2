"""From what a debugger printed to what it means: pasted messages, pieces of them, HRESULT, NTSTATUS and Win32 codes."""

from __future__ import annotations

import re
from functools import cache
from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Set, Tuple

from .plan import canonical
from .rules.catalogue import all_rules
from .rules.rule import Rule

_HEX = re.compile(r"\b(?:0x)?([0-9a-fA-F]{8})\b")
_PREFIXED = re.compile(r"\b0x([0-9a-fA-F]{1,8})\b")
_DECIMAL = re.compile(r"\b0n(\d{1,10})\b")
_COMMAND = re.compile(r"(?<![\w/\\.])([!.~][a-zA-Z*][\w*]*(?: -1)?)")
_EXTENSION = re.compile(r"ERROR: (!\w+): extension exception (?:0x)?([0-9a-fA-F]{8})", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9_]{3,}")
_ERROR = re.compile(r"\berror(?: code)?[ :=]+(\d{1,5})\b(?! ?InitTypeRead)", re.IGNORECASE)
_SYMBOL = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_BEFORE_CODE = re.compile(r"^(?:(?:win32|hresult|ntstatus|failure|hr|error|code|exception)[ :=]+)+")
_UNABLE = {"failed": "unable", "fails": "unable", "cannot": "unable", "could": "unable", "couldn": "unable", "failure": "unable"}
_STOP = {"the", "and", "not", "for", "error", "warning", "with", "this", "from", "may", "have", "has", "does", "that", "are", "was", "you"}


class Reading(NamedTuple):
    """What was recognised in a pasted text: codes, debugger commands, and the rules that its wording belongs to, best first."""

    codes: List[int]
    commands: List[str]
    rules: List[Rule]
    exact: bool
    scores: Dict[str, float] = {}
    """How well each rule's wording matches, by the rule's code."""
    taken_as: str = ""
    """The known message that the text comes near, where its own words match none."""


def codes_in(text: str) -> List[int]:
    """Numbers in a message that are error codes: 0x80004002, 80004002, 0n87, 0x57, error 87, E_NOINTERFACE."""
    found: List[int] = []
    for match in _HEX.finditer(text):
        if any(char.isdigit() for char in match.group(1)):
            found.append(int(match.group(1), 16))
    found.extend(int(match.group(1), 16) for match in _PREFIXED.finditer(text))
    found.extend(int(match.group(1)) for match in _DECIMAL.finditer(text) if int(match.group(1)) < 1 << 32)
    found.extend(int(match.group(1)) for match in _ERROR.finditer(text))
    found.extend(code for code in map(code_of_symbol, _SYMBOL.findall(text)) if code is not None)
    return list(dict.fromkeys(found))


def code_of_symbol(name: str) -> Optional[int]:
    """The number of a symbol such as ``E_NOINTERFACE`` or ``STATUS_PARTIAL_COPY``."""
    from ..format.codes import table
    from ..format.codes.exceptions import EXCEPTIONS

    for which in ("win32", "hresult", "ntstatus"):
        for value, symbol in table(which).items():
            if symbol == name:
                return value
    return next((value for value, item in EXCEPTIONS.items() if item.symbol == name), None)


def one_number(code: int) -> int:
    """The number that stands for all spellings of a code: a Win32 error and an NTSTATUS without the HRESULT around them."""
    if code >> 16 == 0x8007:
        return code & 0xFFFF
    return code & ~0x10000000 if code >> 28 == 0xD else code


@cache
def _symptom_codes(rule: Rule) -> FrozenSet[int]:
    """The codes in a rule's symptoms, each as its one number; small hexadecimal numbers are no codes there."""
    text = "\n".join(rule.symptoms)
    plain = _PREFIXED.sub(lambda match: match.group(0) if len(match.group(1)) == 8 else "", text)
    return frozenset(one_number(code) for code in codes_in(plain) if code)


def rules_of_codes(codes: Iterable[int]) -> List[Rule]:
    """Rules whose messages carry one of these codes, in whatever form."""
    wanted = {one_number(code) for code in codes}
    return [rule for rule in all_rules() if wanted & _symptom_codes(rule)]


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


def _near_words(words: Iterable[str], known: Iterable[str]) -> Set[str]:
    """The known words that are the given ones or come close to them: slips of the keyboard, plurals."""
    from difflib import get_close_matches

    vocabulary = list(known)
    found: Set[str] = set()
    for word in sorted(words)[:24]:
        plain = _UNABLE.get(word, word)
        found.update(get_close_matches(plain, vocabulary, 4, 0.8))
    return found


def _nearly(words: Set[str]) -> List[Tuple[float, int, Rule, str]]:
    """Rules with a message that comes near the words, best first; numbers are left out."""
    rules = list(all_rules())
    texts = {
        symptom: {_UNABLE.get(word, word) for word in _words(symptom) if not any(char.isdigit() for char in word)}
        for rule in rules
        for symptom in rule.symptoms
    }
    hits = _near_words((word for word in words if not word.isdigit()), sorted(set().union(*texts.values())))
    found = []
    for order, rule in enumerate(rules):
        best = max(((len(texts[symptom] & hits) / len(texts[symptom]), symptom) for symptom in rule.symptoms if len(texts[symptom] & hits) >= 2), default=None)
        if best is not None and best[0] >= 0.6:
            found.append((-best[0], order, rule, best[1]))
    return sorted(found, key=lambda item: item[:2])


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
    scores = {rule.code: -score for score, _, rule in scored}
    if rules:
        return Reading(codes, commands, rules[:24], exact, scores)
    rules = rules_of_codes(codes)
    if rules:
        return Reading(codes, commands, rules[:24], False)
    near = _nearly(words) if not commands else []
    scores = {rule.code: -score for score, _, rule, _ in near}
    best_score = near[0][0] if near else 0.0
    chosen = [rule for score, _, rule, _ in near if score == best_score]
    return Reading(codes, commands, chosen[:24], False, scores, near[0][3] if near else "")


def near_commands(text: str) -> List[str]:
    """Debugger commands that a word may be a slip of: ``!handel`` is nearly ``!handle``."""
    from difflib import get_close_matches

    from .plan import NEEDS, SPELLINGS

    word = text.strip().lower()
    names: List[str] = [*NEEDS, *SPELLINGS]
    return list(dict.fromkeys(SPELLINGS.get(name, name) for name in get_close_matches(word, names, 3, 0.7)))


def is_question(text: str) -> bool:
    """Whether a line is nothing but a code, a rule, or a piece of a message that is known word for word."""
    plain = text.strip()
    if looks_like_code(plain) is not None or looks_like_rule(plain):
        return True
    wanted = _squeeze(plain)
    return len(wanted) >= 8 and any(f" {wanted} " in f" {_squeeze(symptom)} " for rule in all_rules() for symptom in rule.symptoms)


def looks_like_rule(text: str) -> bool:
    """Whether the text is the code of a rule, such as ``HND002``."""
    from .rules.catalogue import find_rule

    try:
        find_rule(text.strip())
    except KeyError:
        return False
    return True


def looks_like_code(text: str) -> Optional[int]:
    """The number if the whole text is one error code: ``0x80004002``, ``80004002``, ``0n87``, ``1392``, ``Win32 error 1392``, ``E_NOINTERFACE``."""
    plain = " ".join(text.split()).strip("\"'()[].,;: ").lower()
    plain = _BEFORE_CODE.sub("", plain)
    if re.fullmatch(r"0x[0-9a-f]{1,8}|[0-9a-f]{8}", plain):
        return int(plain, 16)
    decimal = re.fullmatch(r"0n(\d{1,10})|(\d{1,5}|\d{10})", plain)
    if decimal and int(decimal.group(1) or decimal.group(2)) < 1 << 32:
        return int(decimal.group(1) or decimal.group(2))
    if _SYMBOL.fullmatch(plain.upper()):
        return code_of_symbol(plain.upper())
    if re.fullmatch(r"-\d{1,10}", plain):
        return int(plain) & 0xFFFFFFFF
    return None
