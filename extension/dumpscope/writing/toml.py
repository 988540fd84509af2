"""The part of TOML that policy files need, for Python before 3.11 where the package tomli is missing: keys with texts, numbers, booleans and lists of them."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Tuple

_SPACE = re.compile(r"(?:[ \t]|#[^\n]*)*")
_LINES = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"[A-Za-z0-9_-]+")
_NUMBER = re.compile(r"[+-]?(?:0x[0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*|0o[0-7]+(?:_[0-7]+)*|0b[01]+(?:_[01]+)*|(?:0|[1-9][0-9]*(?:_[0-9]+)*))(?![\w.:-])")
_BASIC = re.compile(r'"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\.)*)"(?!")')
_LITERAL = re.compile(r"'([^'\x00-\x08\x0a-\x1f\x7f]*)'(?!')")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_PLAIN = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_WORDS = (("true", True), ("false", False))


class TomlError(ValueError):
    """A text that is no TOML, or uses what is not read here."""


def loads(text: str) -> Dict[str, Any]:
    """The keys and values of a text. Raises TomlError with the line."""
    text = text.replace("\r\n", "\n")
    found: Dict[str, Any] = {}
    at = _skip(_LINES, text, 0)
    while at < len(text):
        key, at = _key(text, at)
        if key in found:
            raise _wrong(text, at, f"{key} is there twice")
        at = _skip(_SPACE, text, at)
        if text[at : at + 1] != "=":
            raise _wrong(text, at, "'=' is missing after the key")
        found[key], at = _value(text, _skip(_SPACE, text, at + 1), 0)
        at = _skip(_SPACE, text, at)
        if at < len(text) and text[at] != "\n":
            raise _wrong(text, at, "something follows the value")
        at = _skip(_LINES, text, at)
    return found


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match is not None else at


def _wrong(text: str, at: int, what: str) -> TomlError:
    return TomlError(f"{what} (line {text.count(chr(10), 0, at) + 1})")


def _key(text: str, at: int) -> Tuple[str, int]:
    match = _KEY.match(text, at)
    if match is not None:
        return match.group(), match.end()
    if text[at] in "\"'":
        return _text(text, at)
    if text[at] == "[":
        raise _wrong(text, at, "tables are not read without the package tomli")
    raise _wrong(text, at, f"{text[at]!r} begins no key")


def _text(text: str, at: int) -> Tuple[str, int]:
    match = _LITERAL.match(text, at) or _BASIC.match(text, at)
    if match is None:
        raise _wrong(text, at, "a text that has no end on its line, or an unknown kind of text")
    if text[at] == "'":
        return match.group(1), match.end()

    def plain(escape: re.Match[str]) -> str:
        word = escape.group(1)
        if word in _PLAIN:
            return _PLAIN[word]
        code = int(word[1:], 16) if len(word) > 1 else -1
        if not 0 <= code <= 0x10FFFF or 0xD800 <= code < 0xE000:
            raise _wrong(text, at, f"\\{word} is no escape")
        return chr(code)

    return _ESCAPE.sub(plain, match.group(1)), match.end()


def _value(text: str, at: int, depth: int) -> Tuple[Any, int]:
    if text[at : at + 1] in ('"', "'"):
        return _text(text, at)
    if text[at : at + 1] == "[":
        return _list(text, at, depth)
    for word, value in _WORDS:
        if text.startswith(word, at) and not re.match(r"[\w-]", text[at + len(word) : at + len(word) + 1]):
            return value, at + len(word)
    match = _NUMBER.match(text, at)
    if match is None:
        raise _wrong(text, at, "no text, whole number, true, false or list")
    digits = match.group().replace("_", "")
    if digits[0] in "+-" and len(digits) > 2 and digits[1] == "0":
        raise _wrong(text, at, f"{digits} has a sign")
    return int(digits, 0), match.end()


def _list(text: str, at: int, depth: int) -> Tuple[List[Any], int]:
    if depth > 50:
        raise _wrong(text, at, "lists nest too deeply")
    found: List[Any] = []
    at = _skip(_LINES, text, at + 1)
    while text[at : at + 1] != "]":
        value, at = _value(text, at, depth + 1)
        found.append(value)
        at = _skip(_LINES, text, at)
        if text[at : at + 1] == ",":
            at = _skip(_LINES, text, at + 1)
        elif text[at : at + 1] != "]":
            raise _wrong(text, at, "a list without an end, or ',' is missing")
    return found, at + 1
