"""Error codes in a sentence, in every spelling that people paste; offsets, addresses, sizes, versions and process ids are no codes."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional

from .errnos import errnos_in

MASK32 = 0xFFFFFFFF
_SIGN = 0x80000000

_NUMBER = re.compile(
    r"""(?<![\w`$@.])(?:
    (?P<hex>-?0x[0-9a-f`']+)
  | 0n(?P<decimal>-?\d{1,10})
  | (?P<wide>[0-9a-f]{8}`[0-9a-f]{8}|[0-9a-f]{16})
  | (?P<bare>[0-9a-f]{8})h?
  | (?P<plain>-?\d{1,10})
  )(?![\w`@]|\.\d|\.[a-z]{2})""",
    re.IGNORECASE | re.VERBOSE,
)
_SYMBOL = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_ANNOUNCED = re.compile(
    r"""(?:\b|_)(?:
        error(?:s|\s*code|\s*number|\s*value|\s*level)?|err(?:no|\s*code)?|errorcode|code|hr|hresult|h_result|(?:nt)?status|win32|winerror|wincode|gle|rc|result|retval
      | (?:get)?last(?:win32)?error|failed|fails|failure|returned|returns|return(?:\s*value)?|exception|scode|reason
    )(?:\(\))?
    \s*(?:\(|\[)?\s*(?:(?:is|was|of|with|code|error|value|hresult|hr|ntstatus|status|returned|returns)\b\s*){0,3}
    [\s:=\-–—,.#'"(\[]{0,6}$""",
    re.IGNORECASE | re.VERBOSE,
)
"""The words right before a number that is a code."""
_NO_CODE = re.compile(
    r"""(?:\b|_)(?:
        offset|address|addr|rva|va|pc|ip|rip|eip|at|base|size|sizeof|length|len|bytes?|from|to|range|line|col(?:umn)?|pid|tid|process(?:\s*id)?|thread(?:\s*id)?|id|build|version|ver
      | module|chunks?|flags?|type|count|index|entry|entries|frame|handle|architecture|arch|machine|platform|port|parameters?|params?|arg\d?
      | descriptor|read|write|stack|page|section|issue|pull|bug|number\s*of\s*\w+|teb|peb|context|need(?:s|ed)?|expected|got|found|only|minidump\s*version
    )
    [\s:=#'"(\[]{0,4}(?:of\s+|is\s+|was\s+)?$""",
    re.IGNORECASE | re.VERBOSE,
)
"""The words right before a number that is none."""
_OTHER_CODE = re.compile(r"\b(?:exit(?:ed)?|bug\s*check|stop|unicode|zip|op)\s*(?:with\s*)?(?:code|status)?[\s:=#'\"(\[]{0,4}$", re.IGNORECASE)
"""Codes of other kinds: what a process returned, why a machine stopped."""
_UNIT = re.compile(
    r"\s*(?:bytes?\b|[kmgt]i?b\b|b\b|ms\b|s\b|sec|min\b|hours?\b|days?\b|threads?\b|modules?\b|streams?\b|ranges?\b|regions?\b"
    r"|handles?\b|pages?\b|entries\b|records?\b|times?\b|%|of\b|!=|more\b|still\b|captured\b|files?\b)",
    re.IGNORECASE,
)
"""What stands right after a number of things."""
_CONSTANT = re.compile(r"[A-Z0-9]_[A-Z0-9_]+ \($|->\w+ \($")
_SLIP = re.compile(r"0x(8007)([0-9a-f]{1,3})$", re.IGNORECASE)
_RESULT = re.compile(r"\b\w+dump\w*(?:\(.{0,20}\))? (?:has )?return(?:ed|s|ing)? $", re.IGNORECASE)
_NOT_THIS_ERROR = re.compile(r" ?InitTypeRead")


class Code(NamedTuple):
    """A code in a text: its 32 bits, where it stands, whether a word announces it, and whether a zero was added that is missing."""

    value: int
    start: int
    end: int
    announced: bool
    mended: bool = False


def codes_in(text: str) -> List[Code]:
    """The error codes in a text, in the order in which they stand there, each once.

    HRESULTs and NTSTATUS values are codes wherever they stand; small numbers only after a word that says so (``error 5``, ``GetLastError = 299``,
    ``failed with code 1``). A number after a word such as ``offset`` or ``size``, or before a unit, is no code.
    """
    found: List[Code] = []
    elsewhere = {item.start for item in errnos_in(text)}
    for match in _NUMBER.finditer(text):
        code = None if match.start() in elsewhere else _judge(text, match)
        if code is not None:
            found.append(code)
    for match in _SYMBOL.finditer(text):
        value = code_of_symbol(match.group(0))
        if value is not None:
            found.append(Code(value, match.start(), match.end(), True))
    found.sort(key=lambda item: item.start)
    once = {code.value: code for code in reversed(found)}
    return [code for code in found if once[code.value] is code]


def _judge(text: str, match: re.Match[str]) -> Optional[Code]:
    """Whether a number is a code."""
    start, end = match.span()
    before = text[max(0, start - 60) : start]
    after = text[end : end + 16]
    announced = _ANNOUNCED.search(before) is not None and _OTHER_CODE.search(before) is None
    parens = before.endswith((" (", "[", "\n(", ".(", ")(")) and after[:1] in ")],"
    if parens and (_CONSTANT.search(before) or after[1:4].lstrip().startswith("!=")):
        return None  # `PROCESSOR_ARCHITECTURE_AMD64 (9)`: the value of what stands before it
    if _UNIT.match(after) or (not announced and _NO_CODE.search(before)) or _is_piece(before, after):
        return None
    group = match.lastgroup
    if group == "hex":
        return _prefixed(match.group("hex"), start, end, announced, parens)
    if group == "wide":
        value = int(match.group("wide").replace("`", ""), 16)
        return Code(value & MASK32, start, end, announced) if value >> 31 == 0x1FFFFFFFF or (announced and _SIGN <= value <= MASK32) else None
    if group == "bare":
        return _bare(match.group("bare"), start, end, announced, parens)
    number = int(match.group("decimal") or match.group("plain"))
    if group == "decimal":
        return Code(number & MASK32, start, end, announced) if number <= MASK32 else None
    if not number and _RESULT.search(before):
        return None  # `MiniDumpWriteDump returned 0`: FALSE, no error
    if announced and _NOT_THIS_ERROR.match(after):
        return None  # `error 1 InitTypeRead`: the debugger's own numbers
    return _plain(number, start, end, announced, parens)


def _is_piece(before: str, after: str) -> bool:
    """Whether the number is part of a GUID, a path, a date, a call or a version."""
    if re.search(r"[0-9a-f]-$|[\\/]$|\w\.$|\w\($|:\d+:$|\d/$", before, re.IGNORECASE) is not None:
        return re.search(r"\b(?:error|code|status|failed|hresult)\($", before, re.IGNORECASE) is None
    return re.match(r"-[0-9a-f]{4}|[\\/]\w|:\d\d|-\d\d-\d\d|!", after, re.IGNORECASE) is not None


def _prefixed(text: str, start: int, end: int, announced: bool, parens: bool) -> Optional[Code]:
    """``0x80004002``, ``-0x7ff8ffa9``, ``0xffffffff8007012b``, ``(0x12B)``."""
    negative = text.startswith("-")
    digits = text.lstrip("-")[2:].replace("`", "").replace("'", "")
    if not digits:
        return None
    value = int(digits, 16)
    if negative:
        return Code(-value & MASK32, start, end, announced) if 0 < value <= _SIGN else None
    if value > MASK32:
        return Code(value & MASK32, start, end, announced) if value >> 31 == 0x1FFFFFFFF else None
    if value >= _SIGN:
        return Code(value, start, end, announced)
    slip = _SLIP.match(text)
    if slip is not None and (announced or parens):
        return Code(int(slip.group(1) + slip.group(2).rjust(4, "0"), 16), start, end, announced, True)
    return Code(value, start, end, announced) if announced or (parens and value and _known(value)) else None


def _bare(text: str, start: int, end: int, announced: bool, parens: bool) -> Optional[Code]:
    """``80004002``, ``c0000005``, and after a word that announces a code ``0000012b``."""
    value = int(text, 16)
    if not any(char.isdigit() for char in text):
        return None
    if value >= _SIGN:
        return Code(value, start, end, announced) if announced or parens or _known(value) else None
    return Code(value, start, end, announced) if announced and text.startswith("0") else None


def _plain(number: int, start: int, end: int, announced: bool, parens: bool) -> Optional[Code]:
    """``error 5``, ``-2147024597``, ``2147942408``."""
    if number < 0:
        wraps = -_SIGN <= number <= -0x10000
        return Code(number & MASK32, start, end, announced) if wraps and (announced or parens or _known(number & MASK32)) else None
    if number > MASK32:
        return None
    if number >= _SIGN:
        return Code(number, start, end, announced) if announced or parens or _known(number) else None
    if number > 0xFFFF:
        return None
    return Code(number, start, end, announced) if announced or (parens and _known(number) and number > 1) else None


def _known(value: int) -> bool:
    from ...format.codes import describe_code

    return bool(describe_code(value))


def code_of_symbol(name: str) -> Optional[int]:
    """The number of a symbol such as ``E_NOINTERFACE`` or ``STATUS_PARTIAL_COPY``."""
    from ...format.codes.exceptions import EXCEPTIONS
    from ...format.codes.symbols import table

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


_BEFORE_CODE = re.compile(
    r"^(?:(?:win32|hresult|ntstatus|status|failure|failed|fails|with|hr|error|errno|code|exception|the|is"
    r"|was|a|an|it|returned|returns|gle|(?:get)?last(?:win32)?error|last|result)\b(?:\(\))?(?:[ :=,]|- )*)+"
)
_AFTER_CODE = re.compile(r"(?:[ :=,\-]*\b(?:error|code|hresult|ntstatus|failed|returned))+$")


def whole_code(text: str) -> Optional[int]:
    """The number if the whole text is one error code: ``0x80004002``, ``80004002``, ``0n87``, ``1392``, ``Win32 error 1392``, ``-0x7ff8ffa9``."""
    if errnos_in(text):
        return None  # numbers of the C library, which mean something else
    plain = " ".join(text.split()).strip("\"'()[].,;: ").lower()
    plain = _AFTER_CODE.sub("", _BEFORE_CODE.sub("", plain)).strip("\"'()[].,;: ")
    slip = _SLIP.match(plain)
    if slip is not None:
        return int(slip.group(1) + slip.group(2).rjust(4, "0"), 16)
    if re.fullmatch(r"0x0*[0-9a-f]{1,8}h?|[0-9a-f]{8}h?", plain):
        return int(plain.rstrip("h"), 16)
    if re.fullmatch(r"(?:0x)?ffffffff`?[89a-f][0-9a-f]{7}", plain):
        return int(plain.replace("`", "")[-8:], 16)
    negative = re.fullmatch(r"-0x0*([0-9a-f]{1,8})", plain)
    if negative:
        return -int(negative.group(1), 16) & MASK32
    decimal = re.fullmatch(r"0n(-?\d{1,10})|(\d{1,5}|\d{10})", plain)
    if decimal and int(decimal.group(1) or decimal.group(2)) <= MASK32:
        return int(decimal.group(1) or decimal.group(2)) & MASK32
    if _SYMBOL.fullmatch(plain.upper()):
        return code_of_symbol(plain.upper())
    if re.fullmatch(r"-\d{1,10}", plain):
        return int(plain) & MASK32
    return _one_code(re.split(r"[\s,;:=()\[\]]+", plain))


def _one_code(words: List[str]) -> Optional[int]:
    """The code that all of several words mean: ``0x80004002 (E_NOINTERFACE)``, ``0x12b (299)``."""
    given = [word for word in words if word and not _BEFORE_CODE.fullmatch(word + " ")]
    if not 2 <= len(given) <= 4:
        return None
    codes = [whole_code(word) for word in given]
    return codes[0] if codes[0] is not None and len({None if code is None else one_number(code) for code in codes}) == 1 else None
