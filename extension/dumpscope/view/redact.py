"""Taking out of an answer what tells who used the machine: names in paths, SIDs, mail addresses, secrets, texts of memory.

A :class:`Redactor` learns names from a dump and then cleans texts (:meth:`Redactor.text`), JSON values (:meth:`Redactor.value`)
and bytes (:meth:`Redactor.data`, which keeps every length). It takes out what it recognises; a secret that looks like any other
word stays, so that a redacted answer is to be read before it is given away.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Dict, Iterable, Iterator, List, Match, Optional, Set

from ..dump.absence import Absent
from ..dump.minidump import Minidump
from ..errors import DumpscopeError
from .escape import printable

REDACTED = "[redacted]"
MAX_LOOK = 5000
"""Modules and handles that are looked at for the names of users."""
SHORTEST_QUOTE = 6
LONGEST_QUOTE = 24
"""Characters of a comment's line that make it known again: fewer are not looked for, more are not looked at."""

_STOP = r"\\/:*?\"<>|\x00-\x1f"
# A name with blanks ends at the next separator; one that is the last part of a path ends at a blank.
_IN_PATH = re.compile(rf"(?i)((?:^|[\\/])(?:Users|Documents and Settings|home)[\\/]+)([^{_STOP}]{{1,64}}(?=[\\/])|[^{_STOP}\s]{{1,64}})")
_SID = re.compile(r"S-1-\d+(?:-\d+){2,}")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,32})+")
_SECRET = re.compile(
    r"(?i)((?:\b|_)(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|authorization|bearer|credentials?)[\"']?\s{0,4}[=:]\s{0,4}[\"']?)"
    r"((?:(?:bearer|basic)\s+)?[^\s\"',;\x00]{1,4096})"
)
_OPTION = re.compile(r"(?i)((?:^|\s)(?:--?|/)(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key)s?\s{1,4}[\"']?)([^\s\"',;\x00]{1,4096})")
_COMMON = {"public", "default", "default user", "all users", "defaultapppool", "administrator", "system", "user", "users", "root", "desktop"}

# JSON members whose whole content is personal: environment, command line, memory, comments, tokens' owners.
_MEMBERS = {
    "environment",
    "command_line",
    "commandline",
    "current_directory",
    "window_title",
    "desktop",
    "dll_path",
    "hex",
    "ascii",
    "payload",
    "comment",
    "comments",
    "sid",
    "environ",
    "cmdline",
    "user_name",
    "computer_name",
    "mozilla",
}
# Lists whose entries have members that hold what somebody wrote, or memory: texts of /proc, unknown streams, annotations, finds.
_ENTRIES = {"files": {"text"}, "user_streams": {"text", "hex", "strings"}, "annotations": {"value"}, "strings": {"text"}, "hits": {"found"}}
_VARIABLES = ("USERNAME", "USERPROFILE", "COMPUTERNAME", "USERDOMAIN", "LOGONSERVER", "USER", "LOGNAME", "HOSTNAME")


def _mark(word: str) -> Callable[[Match[str]], str]:
    return lambda match: word


def _stars(text: str) -> str:
    """As many asterisks as ``text`` has UTF-16 units."""
    return "*" * sum(2 if ord(char) > 0xFFFF else 1 for char in text)


class _Folds(dict[int, str]):
    """What each character is compared as, by its code, so that those that are the same to ``re.IGNORECASE`` are the same here."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = next((form for form in (char.casefold(), char.lower()) if len(form) == 1), char)
        if len(self) < MAX_FOLDS:
            self[code] = folded
        return folded


MAX_FOLDS = 4096
"""Characters that are remembered; a dump may hold every one there is."""
# Both of the letters i of Turkish are an i; three pairs have a casefold of more than one letter; the iota subscript, whose casefold
# is a letter, is none.
_FOLDS = _Folds({0x130: "i", 0x131: "i", 0x1FD3: "\u0390", 0x1FE3: "\u03b0", 0xFB05: "\ufb06", 0x345: "\u0345"})
_PART = re.compile(r"[^\W_]+|[\W_]")
_LETTER = re.compile(r"[^\W_]")


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_FOLDS)


class _Words:
    """Finds names in texts, whatever their case, where they are not parts of longer words; the longest one at each place.

    A tree of the names' parts (words, and single characters between them): a dump may have tens of thousands of names, and a regular
    expression of all of them looks at each one at each place.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._tree: Dict[str, Any] = {}
        begins = set()
        for name in names:
            branch = self._tree
            for part in _PART.findall(_folded(name)):
                branch = branch.setdefault(part, {})
            branch[""] = True  # no part is empty: a name may end here
            begins.add(name[0])
        self._begin = re.compile(rf"(?i)(?<![^\W_])[{''.join(map(re.escape, sorted(begins)))}]")

    def sub(self, cover: Callable[[str], str], text: str) -> str:
        """``text`` with ``cover(found)`` for each name that is found."""
        pieces = []
        done = 0
        match = self._begin.search(text)
        while match is not None:
            end = self._end(text, match.start())
            if end:
                pieces += [text[done : match.start()], cover(text[match.start() : end])]
                done = end
            match = self._begin.search(text, end or match.end())
        return "".join([*pieces, text[done:]]) if done else text

    def _end(self, text: str, start: int) -> int:
        """Where the longest name at ``start`` ends; 0 if there is none."""
        branch = self._tree
        end = 0
        at = start
        while True:
            part = _PART.match(text, at)
            found = branch.get(_folded(part.group())) if part is not None else None
            if part is None or found is None:
                return end
            branch = found
            at = part.end()
            if "" in branch and not _LETTER.match(text, at):
                end = at


class _Quotes:
    """Finds beginnings of lines in texts, the longest one at each place.

    They are looked up by their first characters, for the same reason as names.
    """

    def __init__(self, begins: Set[str]) -> None:
        self._begins = begins
        lengths: Dict[str, Set[int]] = {}
        for begin in begins:
            lengths.setdefault(begin[:SHORTEST_QUOTE], set()).add(len(begin))
        self._lengths = {head: sorted(found, reverse=True) for head, found in lengths.items()}
        # What can stand first, second and so on, which rules out most places quickly.
        classes = ("".join(map(re.escape, sorted({head[at] for head in lengths}))) for at in range(SHORTEST_QUOTE))
        self._begin = re.compile("(?=" + "".join(f"[{chars}]" for chars in classes) + ")")

    def sub(self, mark: str, text: str) -> str:
        """``text`` with ``mark`` for each beginning that is found, and for what follows it on its line."""
        pieces = []
        done = 0
        for match in self._begin.finditer(text):
            start = match.start()
            lengths = self._lengths.get(text[start : start + SHORTEST_QUOTE]) if start >= done else None
            length = next((length for length in lengths or () if text[start : start + length] in self._begins), 0)
            if length:
                pieces += [text[done:start], mark]
                done = text.find("\n", start + length)
                if done < 0:
                    return "".join(pieces)
        return "".join([*pieces, text[done:]]) if done else text


class Redactor:
    """Cleans texts, JSON values and bytes of one dump.

    ``names`` are words that are taken out wherever they stand, ``quotes`` beginnings of longer texts that are taken out with
    what follows them: comments and command lines that other answers quote.
    """

    def __init__(self, names: Iterable[str] = (), quotes: Iterable[str] = ()) -> None:
        begins = {begin.strip()[:LONGEST_QUOTE] for begin in quotes if len(begin.strip()) >= SHORTEST_QUOTE}
        self._quotes = _Quotes(begins) if begins else None
        self.names = sorted({name for name in names if len(name) >= 3 and name.casefold() not in _COMMON}, key=lambda name: (-len(name), name))
        self._words = _Words(self.names) if self.names else None
        # UTF-8 bytes looked at one by one, as data() does with text that is not UTF-16.
        narrow = [*self.names, *(name.encode("utf-8", "surrogatepass").decode("latin-1") for name in self.names)]
        self._narrow = _Words(narrow) if narrow else None

    @classmethod
    def of(cls, dump: Minidump) -> Redactor:
        """A redactor that knows the names of users and machines which this dump's paths and environment tell."""
        quotes = [line for comment in _comments(dump) for line in comment.splitlines()]
        command_line = dump.process.command_line
        if isinstance(command_line, str):
            quotes.append(re.sub(r"^\s*(?:\"[^\"]*\"|\S+)", "", command_line))  # without the program, which is no secret
        return cls(user_names(dump), [*quotes, *(printable(quote) for quote in quotes)])

    def _clean(self, text: str, words: Optional[_Words], keep_length: bool) -> str:
        def cover(word: str) -> Callable[[Match[str]], str]:
            return (lambda match: _stars(match.group())) if keep_length else _mark(word)

        def cover_second(word: str) -> Callable[[Match[str]], str]:
            return lambda match: match.group(1) + (_stars(match.group(2)) if keep_length else word)

        def cover_user(match: Match[str]) -> str:
            if match.group(2).casefold() in _COMMON - {"administrator"}:
                return match.group()
            return match.group(1) + (_stars(match.group(2)) if keep_length else "[user]")

        if self._quotes is not None and not keep_length:
            text = self._quotes.sub(REDACTED, text)
        text = _IN_PATH.sub(cover_user, text)
        text = _SID.sub(cover("[sid]"), text)
        text = _MAIL.sub(cover("[mail]"), text)
        text = _SECRET.sub(cover_second("[secret]"), text)
        text = _OPTION.sub(cover_second("[secret]"), text)
        return words.sub(_stars if keep_length else lambda name: "[name]", text) if words is not None else text

    def text(self, text: str) -> str:
        """``text`` with marks such as ``[user]`` where something was."""
        return self._clean(text, self._words, False)

    def value(self, value: Any, key: str = "") -> Any:
        """A JSON value, cleaned through and through; members that are personal as a whole become ``[redacted]``."""
        if key in _MEMBERS and value not in (None, [], {}, ""):
            return REDACTED
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            if value.get("private") is True:  # a statement that quotes the program, its user or its memory
                value = {**value, "text": REDACTED, "evidence": [{**item, "value": REDACTED} for item in value.get("evidence", ())]}
            if "hex" in value and value.get("path") == "":  # bytes that no field of a structure is for
                value = {**value, "value": None, "text": REDACTED}
            return {self.text(name): self.value(member, name) for name, member in value.items()}
        if isinstance(value, (list, tuple)):
            private = _ENTRIES.get(key, set())
            return [
                {name: REDACTED if name in private and part else self.value(part, name) for name, part in member.items()}
                if private and isinstance(member, dict)
                else self.value(member)
                for member in value
            ]
        return value

    def data(self, data: bytes) -> bytes:
        """``data`` of the same length, with asterisks where a name, a SID or a secret stood as ASCII, UTF-8 or UTF-16."""
        narrow = data.decode("latin-1")
        cleaned = self._clean(narrow, self._narrow, True)
        if cleaned != narrow:
            data = cleaned.encode("latin-1")
        for start in (0, 1):
            end = start + (len(data) - start) // 2 * 2
            wide = data[start:end].decode("utf-16-le", "surrogatepass")
            cleaned = self._clean(wide, self._words, True)
            if cleaned != wide:
                data = data[:start] + cleaned.encode("utf-16-le", "surrogatepass") + data[end:]
        return data


def redact_document(chunks: Iterable[str], redactor: Redactor) -> Iterator[str]:
    """A JSON document, cleaned. It is held as a whole, unlike one that is only passed on; an error after it is passed on."""
    parts: List[str] = []
    error: Optional[DumpscopeError] = None
    try:
        parts.extend(chunks)
    except DumpscopeError as raised:
        error = raised
    if parts:
        try:
            document = json.loads("".join(parts))
        except ValueError:  # the error came in the middle
            raise error if error is not None else DumpscopeError("the document could not be redacted") from None
        document = redactor.value(document)
        if "text" in document:  # the text of one annotation
            document["text"] = REDACTED
        document["redacted"] = True
        yield json.dumps(document, indent=1) + "\n"
    if error is not None:
        raise error


def _comments(dump: Minidump) -> Iterator[str]:
    """The texts of all comments, of those that no reader looks at too."""
    yield from dump.comments
    room = 2 * dump.size  # a directory may have tens of thousands of them, all in the same place
    for kind, encoding in ((10, "utf-8"), (11, "utf-16-le")):
        for stream in dump.streams.all(kind):
            if room < 0:
                return
            data = dump.source.some(stream.rva, min(stream.size, 1 << 16))
            room -= len(data)
            yield data.decode(encoding, "replace").split("\0")[0]


def user_names(dump: Minidump) -> Set[str]:
    """Names of users and machines that paths, the environment and the command line of a dump tell."""
    names: Set[str] = set()

    def look(text: object) -> None:
        if isinstance(text, str):
            names.update(match.group(2) for match in _IN_PATH.finditer(text[:4096]))

    for module in dump.modules.walk(0, MAX_LOOK):
        look(module.path)
        codeview = module.codeview
        if not isinstance(codeview, Absent):
            look(codeview.path)
    for handle in dump.handles.walk(0, MAX_LOOK):
        look(handle.name)
    process = dump.process
    for text in (process.command_line, process.image_path, process.current_directory, process.window_title):
        look(text)
    environment = process.environment
    if not isinstance(environment, Absent):
        for key, value in environment.items():
            look(value)
            if key.upper() in _VARIABLES and len(value) < 64:
                names.add(re.split(r"[\\/]", value.rstrip("\\/"))[-1])
    return names
