"""Taking out of an answer what tells who used the machine: names in paths, SIDs, mail addresses, secrets, texts of memory.

A :class:`Redactor` learns names from a dump and then cleans texts (:meth:`Redactor.text`), JSON values (:meth:`Redactor.value`)
and bytes (:meth:`Redactor.data`, which keeps every length). It takes out what it recognises; a secret that looks like any other
word stays, so that a redacted answer is to be read before it is given away.
"""

from __future__ import annotations

import json
import re

from ..dump.absence import Absent
from ..errors import DumpscopeError
from .escape import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Iterator, List, Match, Optional, Pattern, Set, Union

    from ..dump.minidump import Minidump

REDACTED = "[redacted]"
MAX_LOOK = 5000
"""Modules and handles that are looked at for the names of users."""

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


class Redactor:
    """Cleans texts, JSON values and bytes of one dump.

    ``names`` are words that are taken out wherever they stand, ``quotes`` beginnings of longer texts that are taken out with
    what follows them: comments and command lines that other answers quote.
    """

    def __init__(self, names: Iterable[str] = (), quotes: Iterable[str] = ()) -> None:
        begins = sorted({quote.strip()[:24] for quote in quotes if len(quote.strip()) >= 6}, key=lambda text: (-len(text), text))
        self._quotes = re.compile("(?:" + "|".join(re.escape(text) for text in begins) + r")[^\n]*") if begins else None
        self.names = sorted({name for name in names if len(name) >= 3 and name.casefold() not in _COMMON}, key=lambda name: (-len(name), name))
        self._words = self._pattern(self.names)
        # UTF-8 bytes looked at one by one, as data() does with text that is not UTF-16.
        self._narrow = self._pattern([*self.names, *(name.encode("utf-8", "surrogatepass").decode("latin-1") for name in self.names)])

    @staticmethod
    def _pattern(names: List[str]) -> Union[Pattern[str], None]:
        if not names:
            return None
        return re.compile(r"(?i)(?<![^\W_])(?:" + "|".join(re.escape(name) for name in names) + r")(?![^\W_])")

    @classmethod
    def of(cls, dump: Minidump) -> Redactor:
        """A redactor that knows the names of users and machines which this dump's paths and environment tell."""
        quotes = [line for comment in _comments(dump) for line in comment.splitlines()]
        command_line = dump.process.command_line
        if isinstance(command_line, str):
            quotes.append(re.sub(r"^\s*(?:\"[^\"]*\"|\S+)", "", command_line))  # without the program, which is no secret
        return cls(user_names(dump), [*quotes, *(printable(quote) for quote in quotes)])

    def _clean(self, text: str, words: Union[Pattern[str], None], keep_length: bool) -> str:
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
        return words.sub(cover("[name]"), text) if words is not None else text

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
    """A JSON document, cleaned. It is held as a whole, unlike one that is only passed on; an error behind it is passed on."""
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
    for kind, encoding in ((10, "utf-8"), (11, "utf-16-le")):
        for stream in dump.streams.all(kind):
            yield dump.source.some(stream.rva, min(stream.size, 1 << 16)).decode(encoding, "replace").split("\0")[0]


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
