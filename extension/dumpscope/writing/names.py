"""Names of people, machines and objects, and account SIDs, exchanged for tokens of equal length: equal names get equal tokens."""

from __future__ import annotations

import re
from functools import partial
from hashlib import blake2b
from typing import Dict, Iterable, List, Match, Optional, Set, Tuple

AROUND = 512
"""Bytes on each side of a window that are looked at, so that what its border cuts is found whole. No name is longer."""
MAX_NAME = 64
MOST_OBJECTS = 50_000
"""Parts of objects' names that are numbered one after the other."""

_TOKEN = re.compile(r"(?:user|name|u|n)\d+_*|_+")
_COMMON = {"public", "default", "default user", "all users", "defaultapppool", "administrator", "system", "user", "users", "root", "desktop"}
_FOLDERS = r"[\\/](?:Users|Documents and Settings|home)[\\/]{1,4}"
_STOP = r"\\/:*?\"<>|\x00-\x1f"
_IN_PATH = re.compile(rf"(?i){_FOLDERS}([^{_STOP}]{{3,{MAX_NAME}}})(?=[\\/\x00]|$)")
_HOST = re.compile(r"(?i)(?:(?:^|[\x00-\x20\"'=;,(<])\\\\|\\(?:UNC|Mup|LanmanRedirector)\\(?:;[^\\\x00]{1,40}\\)?)([A-Za-z0-9][A-Za-z0-9._-]{2,63})(?=\\)")
"""The machine in a path of a network: of Windows, and as the names of file objects have it."""
_PUBLIC_WORDS = """device harddiskvolume1 harddiskvolume2 harddiskvolume3 harddiskvolume4 afd ksecdd cng deviceapi condrv namedpipe null mup registry
    machine user software system microsoft windows currentversion control currentcontrolset controlset001 services global local sessions basenamedobjects
    knowndlls knowndlls32 winsta0 default system32 syswow64 winsxs nls locale sorting versions users public programdata temp en-us security hardware wow6432node
    classes fonts policies lsa winlogon"""
_PUBLIC = set(_PUBLIC_WORDS.split()) | {
    "session manager",
    "windows nt",
    "program files",
    "program files (x86)",
    "rpc control",
    "image file execution options",
    "nls",
    "sorting",
    "??",
    "",
}
_PLAIN = re.compile(r"[0-9]{1,3}|[A-Za-z]:|\?\?|\.")

_SID_BINARY = re.compile(rb"(\x01[\x04\x05]\x00{5}(?:\x05\x15|\x0c\x01)\x00\x00\x00)(.{12})(.{4})", re.DOTALL)
_SID_HEADS = (b"\0\0\0\0\0\x05\x15\0\0\0", b"\0\0\0\0\0\x0c\x01\0\0\0")
_SID_TEXT = re.compile(rb"(S-1-(?:5-21|12-1)-)(\d{1,10})-(\d{1,10})-(\d{1,10})(-\d{1,10})?")
_D = rb"((?:\d\x00){1,10})"
_SID_WIDE = re.compile(
    rb"(S\x00-\x001\x00-\x00(?:5\x00-\x002\x001\x00|1\x002\x00-\x001\x00)-\x00)" + _D + rb"-\x00" + _D + rb"-\x00" + _D + rb"((?:-\x00(?:\d\x00){1,10})?)"
)

Domain = Tuple[int, int, int]


def token(word: str, number: int, length: int) -> str:
    """A token of ``length`` characters: ``user1``, ``user1___``, ``u1_``; underscores where there is no room for the number."""
    for text in (f"{word}{number}", f"{word[0]}{number}"):
        if len(text) <= length:
            return text.ljust(length, "_")
    return "_" * length


def is_token(text: str) -> bool:
    """Whether a text is a token already."""
    return _TOKEN.fullmatch(text) is not None


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def tokens_of(names: Iterable[str]) -> Dict[str, str]:
    """Tokens for the names of users and machines, which are compared without their case."""
    known = sorted({name.lower() for name in names if 3 <= len(name) <= MAX_NAME and name.lower() not in _COMMON and not is_token(name)})
    return {name: token("user", index + 1, _units(name)) for index, name in enumerate(known)}


def _exchanged(tokens: Dict[bytes, bytes], match: Match[bytes]) -> bytes:
    """What stands for a name that was found: its token, or as many underscores."""
    return tokens.get(match.group().lower(), b"_" * len(match.group()))


class Names:
    """Collects names and SIDs by :meth:`look`; after :meth:`close`, :meth:`clean` exchanges them.

    ``users`` are names of users and machines with their tokens, ``sids`` the accounts: three numbers of the domain, and the RID.
    """

    def __init__(self, users: Iterable[str], keep: Iterable[str] = ()) -> None:
        self._found: Set[str] = set(users)
        self._keep = {name.lower() for name in keep}
        self.places: Dict[str, int] = {}
        """Where in the file each user, in lower case, was found first; those that were known before are not here."""
        self.first_sid: Optional[int] = None
        self.users: Dict[str, str] = {}
        self.sids: Set[Tuple[Domain, int]] = set()
        self._objects: Dict[str, str] = {}
        self._domains: Dict[Domain, int] = {}
        self._rids: Dict[int, int] = {}
        self._words: List[Tuple[re.Pattern[bytes], Dict[bytes, bytes]]] = []

    def look(self, data: bytes, offset: int = 0) -> None:
        """Collect what stands in a piece of the file, which begins at ``offset``."""
        wide = [(at, 2, data[at : at + (len(data) - at) // 2 * 2].decode("utf-16-le", "replace")) for at in (0, 1)]
        for at, width, text in [(0, 1, data.decode("latin-1")), *wide]:
            for match in (*_IN_PATH.finditer(text), *(host for host in _HOST.finditer(text) if host.group(1).lower() not in _PUBLIC)):
                name = match.group(1)
                if width == 1:
                    name = name.encode("latin-1").decode("utf-8", "replace")  # as it stands in paths of Linux and in those of PDB files
                self._found.add(name)
                self.places.setdefault(name.lower(), offset + at + width * match.start(1))
        for pattern, read in ((_SID_BINARY, self._binary), (_SID_TEXT, self._text), (_SID_WIDE, self._text)):
            for found in pattern.finditer(data):
                self.sids.add(read(found))
                self.first_sid = offset + found.start() if self.first_sid is None else self.first_sid

    def close(self, *, users: bool = True, sids: bool = True) -> None:
        """All has been looked at: number what was found, in an order that stays the same when tokens are numbered again.

        Without ``users`` or ``sids`` those that were found are left as they are.
        """
        if not users:
            self._found.clear()
        if not sids:
            self.sids.clear()
        self.users = tokens_of(name for name in self._found if name.lower() not in self._keep)
        self._domains = {domain: index + 1 for index, domain in enumerate(sorted({domain for domain, _ in self.sids}))}
        self._rids = {rid: 1000 + index for index, rid in enumerate(sorted({rid for _, rid in self.sids if rid >= 1000}))}
        for code, letter in (("utf-8", rb"[A-Za-z0-9]"), ("utf-16-le", rb"[A-Za-z0-9]\x00")):
            tokens: Dict[bytes, bytes] = {}
            parts = []
            for name in sorted(self.users, key=lambda name: (-len(name), name)):
                raw = name.encode(code, "surrogatepass")
                new = self.users[name].encode(code) if code != "utf-8" else self.users[name].encode().ljust(len(raw), b"_")[: len(raw)]
                tokens[raw.lower()] = new
                # A short one is only exchanged where it is no part of a longer word.
                parts.append(re.escape(raw) if len(name) >= 5 else rb"(?<!" + letter + rb")" + re.escape(raw) + rb"(?!" + letter + rb")")
            if parts:
                self._words.append((re.compile(b"(?i)" + b"|".join(parts)), tokens))

    def clean(self, data: bytes) -> bytes:
        """The same number of bytes without the names and SIDs."""
        low = data.lower() if self._words else b""  # a plain search is many times as fast as the patterns, and finds nothing in nearly all pieces
        for pattern, tokens in self._words:
            if any(raw in low for raw in tokens):
                data = pattern.sub(partial(_exchanged, tokens), data)
        if self.sids:
            for head, sids, new in (
                (_SID_HEADS, _SID_BINARY, self._new_binary),
                ((b"S-1-",), _SID_TEXT, self._new_text),
                (("S-1-".encode("utf-16-le"),), _SID_WIDE, self._new_text),
            ):
                if any(part in data for part in head):
                    data = sids.sub(new, data)
        return data

    def object_name(self, name: str) -> str:
        """The name of an object, with tokens for its parts that are not public."""
        return "\\".join(self._part(part) for part in name.split("\\"))

    def _part(self, part: str) -> str:
        folded = part.lower()
        if folded in self.users:
            return self.users[folded]
        if folded in _PUBLIC or _PLAIN.fullmatch(part) or is_token(part):
            return part
        found = self._objects.get(folded)
        if found is None and len(self._objects) >= MOST_OBJECTS:
            # So many names are not held: what follows is numbered by itself, so that equal names still get equal tokens.
            digits = max(1, min(12, _units(part) - 4))
            number = int.from_bytes(blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
            found = token("name", number % 10**digits, _units(part))
        elif found is None:
            found = self._objects[folded] = token("name", len(self._objects) + 1, _units(part))
        return found if len(found) == _units(part) else "_" * _units(part)

    @staticmethod
    def _binary(match: Match[bytes]) -> Tuple[Domain, int]:
        domain = match.group(2)
        a, b, c = (int.from_bytes(domain[at : at + 4], "little") for at in (0, 4, 8))
        return (a, b, c), int.from_bytes(match.group(3), "little") if match.group(1)[1] == 5 else 0

    @staticmethod
    def _text(match: Match[bytes]) -> Tuple[Domain, int]:
        a, b, c, rid = (int(part.replace(b"\0", b"").strip(b"-") or b"0") for part in (match.group(2), match.group(3), match.group(4), match.group(5) or b""))
        return (a, b, c), rid

    def _numbers(self, sid: Tuple[Domain, int]) -> Tuple[int, int, int, int]:
        return 0, 0, self._domains.get(sid[0], 0), sid[1] if sid[1] < 1000 else self._rids.get(sid[1], 1000)

    def _new_binary(self, match: Match[bytes]) -> bytes:
        numbers = self._numbers(self._binary(match))
        raw = b"".join(number.to_bytes(4, "little") for number in numbers)
        return match.group(1) + (raw if match.group(1)[1] == 5 else raw[:12] + match.group(3))

    def _new_text(self, match: Match[bytes]) -> bytes:
        numbers = self._numbers(self._text(match))
        wide = b"\0" in match.group()
        dash = b"-\0" if wide else b"-"
        parts = []
        for number, old in zip(numbers, (match.group(2), match.group(3), match.group(4), (match.group(5) or b"")[len(dash) :])):
            length = len(old) // 2 if wide else len(old)
            new = str(number).zfill(length)[-length:] if length else ""
            parts.append(new.encode("utf-16-le") if wide else new.encode())
        return match.group(1) + dash.join(parts if parts[3] else parts[:3])
