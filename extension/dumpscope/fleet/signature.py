"""Signatures: a short text that is equal for dumps of one crash. The rules are data, and a file can change them.

A signature is made of the frames of the thread that raised the exception, innermost first. Frames of the machinery that raises or
reports are skipped; frames of helpers stay and lead on to their callers; the first other frame ends it. A frame whose function is known
from a symbol file is ``module!function``, any other one ``module+0xoffset``. Frames that are guesses never enter.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, NamedTuple, Optional, Pattern, Sequence, Tuple

from ..dump.origin import HUNG
from ..errors import UsageError

FRAMES = "frames"
SKIPPED = "only frames that the rules skip"
OUTSIDE = "outside all modules"
NO_FRAMES = "no frames"
NO_EXCEPTION = "no exception"
BUG_CHECK = "bug check"

MAX_RULES = 1 << 20
"""Bytes of a file of rules at the most."""


SKIP: Tuple[Tuple[str, str], ...] = (
    (
        r"(ntdll|kernelbase|kernel32|wow64|wow64cpu|wow64win|win32u|user32|verifier|vrfcore)(\.dll)?[!+].*",
        "the system's own frames: they raise, wait and report for whoever called them",
    ),
    (r"(vcruntime\d+(_\d)?d?|ucrtbased?|msvcrt|msvcr\d+d?|msvcp\d+(_\d)?d?)(\.dll)?[!+].*", "the C and C++ run-time libraries"),
    (
        r".*!(_?abort|_?raise|_?exit|_?purecall|_*invalid_parameter.*|_*CxxThrowException|__scrt_.*|__report_gsfailure|RaiseException|DebugBreak)",
        "functions that end the program or raise an exception, in any module",
    ),
    (r".*!(google_breakpad|crashpad)::.*", "the writer of the dump itself"),
    (
        r"(libsystem_(kernel|c|pthread|platform)|libc\+\+abi|libpthread|libc)([-.][^!+]*)?[!+].*",
        "system libraries of Linux, macOS and iOS, where they raise",
    ),
)
"""Frames that are skipped, and why."""
LEAD: Tuple[Tuple[str, str], ...] = (
    (
        r".*!(memcpy|memmove|memset|memcmp|strlen|strcpy|strcmp|wcslen|wcscpy|malloc|free|calloc|realloc|operator (new|delete).*)",
        "memory and strings: the caller gave the bad pointer",
    ),
    (r".*!std::.*", "the C++ standard library, which is compiled into the program"),
    (r".*!.*(assert|Assert|CHECK_failed|fatal_error|OnOutOfMemory|panic).*", "functions that check something or give up: the caller found what was wrong"),
)
"""Frames that lead on, and why."""


def _expressions(rows: Sequence[Tuple[str, str]]) -> Tuple[str, ...]:
    return tuple(expression for expression, _ in rows)


class Rules(NamedTuple):
    """How signatures are made. The lists of frames are regular expressions for the whole of a frame, without regard to case.

    ``skip`` are frames that say nothing of the cause, such as ``ntdll!.*``; ``lead`` are frames that stay and lead on to their caller;
    ``frames`` is how many frames a signature has at the most; ``hang``, ``out_of_memory`` and ``stack_overflow`` are exception codes that
    put a word in front.
    """

    skip: Tuple[str, ...] = _expressions(SKIP)
    lead: Tuple[str, ...] = _expressions(LEAD)
    frames: int = 4
    hang: Tuple[int, ...] = (HUNG,)
    out_of_memory: Tuple[int, ...] = (0xC0000017, 0xC000009A, 0xC000012D, 0xE0000008)
    stack_overflow: Tuple[int, ...] = (0xC00000FD,)


DEFAULT = Rules()
MEANINGS = {
    "skip": "frames that say nothing of the cause: they are left out",
    "lead": "frames that stay in the signature and lead on to their caller",
    "frames": "frames of a signature at the most",
    "hang": "exception codes of a program that does not answer: the signature begins with `hang`",
    "out_of_memory": "exception codes of a program without memory: the signature begins with `out of memory`",
    "stack_overflow": "exception codes of a thread without stack: the signature begins with `stack overflow`",
}
_CODES = ("hang", "out_of_memory", "stack_overflow")


class Signature(NamedTuple):
    """A signature and why it is so.

    ``text`` is empty where none can be made. ``why`` is one of the constants of this module; ``symbols`` says how many of its frames have
    a function, ``frames`` how many it is made of. ``steps`` has a line for each frame that was looked at.
    """

    text: str
    why: str
    frames: int = 0
    symbols: int = 0
    steps: Tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it is made of, in words."""
        if not self.frames:
            return self.why
        made = "functions" if self.symbols == self.frames else "module and offset" if not self.symbols else "functions, and module and offset"
        return made if self.why == FRAMES else f"{made}; {self.why}"


def load_rules(path: str) -> Rules:
    """Rules from a JSON file: an object with members of :class:`Rules`; what it leaves out stays as it is. Raises UsageError."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_RULES + 1)
    except OSError as error:
        raise UsageError(f"the rules {path!r} cannot be read: {error.strerror or error}", "give a JSON file") from None
    if len(data) > MAX_RULES:
        raise UsageError(f"the rules {path!r} are larger than {MAX_RULES} bytes", "give a JSON file of rules")
    try:
        given = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the rules {path!r} are not JSON: {error}", "give an object with members such as skip and lead") from None
    return rules_from(given, path)


def rules_from(given: Any, name: str = "rules") -> Rules:
    """Rules from the members of a JSON object. Raises UsageError where a member is not known or not of its kind."""
    if not isinstance(given, dict):
        raise UsageError(f"{name!r} is not an object", "give members such as skip and lead")
    made: Dict[str, Any] = {}
    for key, value in given.items():
        if key not in Rules._fields:
            raise UsageError(f"{name!r}: there is no rule {key!r}", f"the rules are {', '.join(Rules._fields)}")
        if key == "frames":
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 100:
                raise UsageError(f"{name!r}: frames must be a number from 1 to 100", "the rule as it is: " + str(DEFAULT.frames))
            made[key] = value
            continue
        if not isinstance(value, list):
            raise UsageError(f"{name!r}: {key} must be a list", f"such as {json.dumps(list(getattr(DEFAULT, key))[:1])}")
        made[key] = tuple(_code(item, key, name) if key in _CODES else _expression(item, key, name) for item in value)
    return DEFAULT._replace(**made)


def _expression(item: Any, key: str, name: str) -> str:
    try:
        re.compile(item)
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        raise UsageError(f"{name!r}: {key}: {item!r} is no regular expression: {error}", "such as 'ntdll!.*'") from None
    return str(item)


def _code(item: Any, key: str, name: str) -> int:
    try:
        value = int(item, 16) if isinstance(item, str) else item
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32:
            return value
    except ValueError:
        pass
    raise UsageError(f"{name!r}: {key}: {item!r} is no exception code", 'such as "0xC0000017"')


class Maker:
    """Makes signatures by rules; compiled once for many dumps."""

    def __init__(self, rules: Rules = DEFAULT) -> None:
        self.rules = rules
        self._skip = _compiled(rules.skip)
        self._lead = _compiled(rules.lead)

    def of_frames(self, frames: Sequence[Tuple[str, bool]], code: Optional[int], detail: str = "") -> Signature:
        """The signature of frames: each its text, and whether it has a function. Guesses must not be among them.

        ``detail``, such as the type of a C++ exception, enters with the exception's code where the frames say nothing alone.
        """
        kept: List[Tuple[str, bool]] = []
        steps: List[str] = []
        for text, named in frames:
            if any(pattern.fullmatch(text) for pattern in self._skip):
                steps.append(f"{text}: skipped")
                continue
            kept.append((text, named))
            leads = text == OUTSIDE or any(pattern.fullmatch(text) for pattern in self._lead)
            steps.append(f"{text}: leads on" if leads else f"{text}: ends the signature")
            if not leads or len(kept) == self.rules.frames:
                break
        why = FRAMES
        if not kept and frames:
            kept, why = [frames[0]], SKIPPED
        if kept and all(text == OUTSIDE for text, _ in kept):
            why = OUTSIDE
        words = self._front(code, why, detail)
        if not kept:
            return Signature(" | ".join(words), NO_FRAMES, 0, 0, tuple(steps))
        return Signature(" | ".join([*words, *(text for text, _ in kept)]), why, len(kept), sum(named for _, named in kept), tuple(steps))

    def _front(self, code: Optional[int], why: str, detail: str) -> List[str]:
        if code in self.rules.hang:
            return ["hang"]
        if code in self.rules.out_of_memory:
            return ["out of memory"]
        if code in self.rules.stack_overflow:
            return ["stack overflow"]
        return [f"0x{code:08x} {detail}".rstrip()] if why != FRAMES and code is not None else []


def _compiled(expressions: Sequence[str]) -> List[Pattern[str]]:
    return [re.compile(text, re.IGNORECASE) for text in expressions]


def frame_text(module: str, function: str, offset: int) -> str:
    """A frame as the rules see it; ``module`` is a file name, empty outside all modules, where the address is no part of it."""
    if not module:
        return OUTSIDE
    name = module.lower()
    return f"{name.rpartition('.')[0] or name}!{function}" if function else f"{name}+0x{offset:x}"
