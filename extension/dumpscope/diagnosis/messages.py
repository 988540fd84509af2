"""From what a debugger printed to what it means: pasted messages, pieces of them, HRESULT, NTSTATUS and Win32 codes."""

from __future__ import annotations

import re
from functools import cache
from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Set, Tuple

from .pasted.catalogue import known_in
from .pasted.numbers import codes_in, one_number, whole_code
from .plan import canonical
from .rules.catalogue import all_rules
from .rules.rule import Rule

_COMMAND = re.compile(r"(?<![\w/\\.])([!.~][a-zA-Z*][\w*]*(?: -1)?)")
_EXTENSION = re.compile(r"ERROR: (!\w+): extension exception (?:0x)?([0-9a-fA-F]{8})", re.IGNORECASE)
_EXCEPTION_NAME = re.compile(r"(?:[A-Za-z_]\w*\.)+\w*(?:Exception|Error):?")
"""``System.UnauthorizedAccessException``."""
_WORD = re.compile(r"[a-z0-9_]{3,}")
_NUMBER_WORD = re.compile(r"(?:0x|0n)?[0-9a-f]*\d[0-9a-f]*")
_UNABLE = {"failed": "unable", "fails": "unable", "cannot": "unable", "could": "unable", "couldn": "unable", "failure": "unable"}
_STOP = {"the", "and", "not", "for", "error", "warning", "with", "this", "from", "may", "have", "has", "does", "that", "are", "was", "you"}

_NO_SUCH_PATH = {2, 3}
"""Win32 errors of a path at which there is nothing, whatever was looked for: alone they belong to no rule."""


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

    def asks_about(self, rule: Rule) -> bool:
        """Whether the text names a command of the rule, or has its wording; a code alone may mean anything."""
        if self.commands:
            return bool(set(rule.commands) & set(self.commands))
        return self.scores.get(rule.code, 0.0) >= 0.6


@cache
def _symptom_codes(rule: Rule) -> FrozenSet[int]:
    """The codes in a rule's symptoms, each as its one number; small hexadecimal numbers are no codes there."""
    return frozenset(one_number(code.value) for symptom in rule.symptoms for code in codes_in(symptom) if code.value)


def rules_of_codes(codes: Iterable[int]) -> List[Rule]:
    """Rules whose messages carry one of these codes, in whatever form."""
    wanted = {one_number(code) for code in codes} - _NO_SUCH_PATH
    return [rule for rule in all_rules() if wanted & _symptom_codes(rule)]


def commands_in(text: str) -> List[str]:
    """Debugger commands named in a message, in the spelling of the planner."""
    found = []
    for match in _COMMAND.finditer(text):
        name = canonical(match.group(1))
        if name:
            found.append(name)
    return list(dict.fromkeys(found))


def extension_in(text: str) -> bool:
    """Whether an extension command reports its failure in the text: ``ERROR: !handle: extension exception 0x80004002``."""
    return _EXTENSION.search(text) is not None


def _words(text: str) -> Set[str]:
    return set(_WORD.findall(text.lower())) - _STOP


def _squeeze(text: str) -> str:
    return re.sub(r"[^a-z0-9!*]+", " ", text.lower()).strip()


def _score(wanted: str, words: Set[str], symptom: str) -> float:
    """0 to 1: how much a pasted text and a symptom have in common. Numbers count as little: they change from case to case."""
    plain = _squeeze(symptom)
    if min(len(wanted), len(plain)) >= 8 and (plain in wanted or wanted in plain) and re.search("[g-z]", plain if plain in wanted else wanted):
        return 1.0
    theirs = {word for word in _words(symptom) if not _NUMBER_WORD.fullmatch(word)}
    ours = {word for word in words if not _NUMBER_WORD.fullmatch(word)}
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
    # A few words in common prove nothing of a long text: they must be half of what was given as well.
    given = {word for word in words if not any(char.isdigit() for char in word)}
    found = []
    for order, rule in enumerate(rules):
        best = max(
            ((len(texts[symptom] & hits) / len(texts[symptom]), symptom) for symptom in rule.symptoms if len(texts[symptom] & hits) >= max(2, len(given) / 2)),
            default=None,
        )
        if best is not None and best[0] >= 0.6:
            found.append((-best[0], order, rule, best[1]))
    return sorted(found, key=lambda item: item[:2])


def read_message(text: str) -> Reading:
    """Recognise a pasted message. Wording is matched loosely, codes exactly; the command that a message names narrows it."""
    codes = [code.value for code in codes_in(text)]
    numbers = {one_number(code) for code in codes}
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
        if best and numbers and _symptom_codes(rule) and not numbers & _symptom_codes(rule):
            best -= 0.3  # the same words with another code
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
    if _EXCEPTION_NAME.fullmatch(plain):
        return True
    wanted = _squeeze(plain)
    if plain.isalpha() and any(char.isupper() for char in plain[1:]) and known_in(plain):
        return True  # the name of an error, such as StreamNotFound
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
    return whole_code(text)
