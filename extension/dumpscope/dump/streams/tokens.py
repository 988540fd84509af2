"""TokenStream: the access tokens of the process and of its impersonating threads.

The header of list and element are public; the element's body was worked out from dumps: a table of (offset, size) pairs, both
32 bits wide and relative to the element, then the blocks that they point to.
"""

from __future__ import annotations

import struct
from typing import Iterator, List, NamedTuple, Optional, Tuple, Union

from ...format.tokens import MINIDUMP_TOKEN_INFO_HEADER, MINIDUMP_TOKEN_INFO_LIST, PRIVILEGES, TOKEN_PARTS, sid_name
from ..absence import DAMAGED, NOT_THERE, Absent, Damage
from ..directory import Stream
from ..lists import SteppedList
from ..source import Source

_LIST = MINIDUMP_TOKEN_INFO_LIST.select("TokenListSize", "TokenListEntries", "ListHeaderSize", "ElementHeaderSize")
_HEADER = MINIDUMP_TOKEN_INFO_HEADER.select("TokenSize", "TokenId", "TokenHandle")
_STATISTICS = struct.Struct("<QQqIIIIIIQ")
_PAIR = struct.Struct("<II")
_PRIVILEGE = struct.Struct("<III")

MAX_SIDS = 4096
"""SIDs of one list that are decoded; Windows allows 1024 in a token."""
MAX_TOKEN = 1 << 20
"""Bytes of one token that are looked at."""
MAX_TOKENS = 1 << 16
"""Tokens of a stream that are decoded: a process has one, and each impersonating thread."""


class Sid(NamedTuple):
    """A security identifier with the attributes that the token gives it (SE_GROUP_*). ``text`` is ``S-1-5-…``."""

    text: str
    attributes: int
    offset: int

    def __str__(self) -> str:
        return self.text

    @property
    def name(self) -> str:
        """What it is called on every machine, or an empty string."""
        return sid_name(self.text)


class Privilege(NamedTuple):
    """A privilege: its LUID and its attributes (1 enabled by default, 2 enabled, 4 removed, 0x80000000 used)."""

    luid: int
    attributes: int
    offset: int

    @property
    def name(self) -> str:
        """``SeDebugPrivilege``, …; the LUID where it has no name."""
        known = PRIVILEGES.get(self.luid)
        return known[0] if known else f"0x{self.luid:x}"

    @property
    def enabled(self) -> bool:
        """SE_PRIVILEGE_ENABLED."""
        return bool(self.attributes & 2)


class TokenStatistics(NamedTuple):
    """TOKEN_STATISTICS. ``type`` 1 primary, 2 impersonation; ``expiration`` in 100 ns since 1601 UTC, the largest number for never."""

    token_id: int
    authentication_id: int
    expiration: int
    type: int
    impersonation_level: int
    dynamic_charged: int
    dynamic_available: int
    group_count: int
    privilege_count: int
    modified_id: int
    offset: int


class Token(NamedTuple):
    """One token. ``id`` is the process or thread that it was opened from, ``handle`` what the writer had opened."""

    index: int  # type: ignore[assignment]
    id: int
    handle: int
    size: int
    session: Union[int, Absent]
    user: Union[Sid, Absent]
    groups: List[Sid]
    primary_group: Union[Sid, Absent]
    privileges: List[Privilege]
    statistics: Union[TokenStatistics, Absent]
    restricted: List[Sid]
    offset: int
    damage: Tuple[Damage, ...]

    @property
    def integrity(self) -> Optional[int]:
        """Relative id of the integrity level among the groups (0x2000 medium, …), or None."""
        for group in self.groups:
            if group.attributes & 0x20 and group.text.startswith("S-1-16-"):
                number = group.text[7:]
                return int(number) if number.isascii() and number.isdigit() and len(number) < 20 else None
        return None


def sid_text(data: bytes) -> str:
    """``S-1-5-21-…`` for the bytes of a SID; an empty string when they are not one."""
    if len(data) < 8 or data[0] != 1 or data[1] > 15 or len(data) < 8 + 4 * data[1]:
        return ""
    authority = int.from_bytes(data[2:8], "big")
    parts = struct.unpack_from(f"<{data[1]}I", data, 8)
    return f"S-{data[0]}-{authority if authority < 1 << 32 else hex(authority)}" + "".join(f"-{part}" for part in parts)


class _Element:
    """The decoder of one element."""

    def __init__(self, source: Source, offset: int, size: int, table_size: int) -> None:
        self.data = source.some(offset, min(size, MAX_TOKEN))
        self.offset = offset
        self.size = size
        self.table_size = table_size
        self.damage: List[Damage] = []

    def part(self, name: str, what: str) -> Tuple[int, bytes]:
        """Offset in the element and bytes of the part called ``name`` in TOKEN_PARTS; no bytes when there is none."""
        position = TOKEN_PARTS.offset_of(name)
        if position + 8 > self.table_size or position + 8 > len(self.data):
            return 0, b""
        start, size = _PAIR.unpack_from(self.data, position)
        if not size:
            return 0, b""
        if start + size > len(self.data):
            where = self.offset + position
            message = f"{what}: 0x{size:x} bytes at 0x{start:x} of a token of 0x{self.size:x} bytes"
            self.damage.append(Damage("token-part-outside", message, where, size, max(0, len(self.data) - start)))
        return start, self.data[start : start + size]

    def sid(self, data: bytes, start: int, at: int, attributes: int, what: str) -> Optional[Sid]:
        """The SID at ``at`` of a part that begins at ``start``."""
        text = sid_text(data[at : at + 68])
        place = self.offset + start + at
        if not text:
            self.damage.append(Damage("token-sid-cut", f"{what}: no SID can be read at 0x{place:x}", place, 8, max(0, len(data) - at)))
            return None
        return Sid(text, attributes, place)

    def sids(self, name: str, what: str) -> List[Sid]:
        """A list of SIDs: a count, pairs of offset and attributes, the SIDs."""
        start, data = self.part(name, what)
        found: List[Sid] = []
        if len(data) < 4:
            return found
        count = min(int.from_bytes(data[:4], "little"), (len(data) - 4) // 8, MAX_SIDS)
        room = len(data) - 4 - 8 * count  # Windows lays the SIDs one after the other; a single one could be that of every pair
        for index in range(count):
            at, attributes = _PAIR.unpack_from(data, 4 + 8 * index)
            sid = self.sid(data, start, at, attributes, what)
            if sid is None:
                continue
            room -= 8 + 4 * data[at + 1]
            if room < 0:
                message = f"{what}: its {count} SIDs are laid over each other; {len(found)} are read"
                self.damage.append(Damage("token-sids-overlap", message, self.offset + start, count, len(found)))
                break
            found.append(sid)
        return found

    def user(self) -> Union[Sid, Absent]:
        start, data = self.part("User", "user")
        if len(data) < 8:
            return Absent(NOT_THERE, "the token names no user")
        at, attributes = _PAIR.unpack_from(data)
        return self.sid(data, start, at, attributes, "user") or Absent(DAMAGED, "the user's SID cannot be read")

    def primary_group(self) -> Union[Sid, Absent]:
        start, data = self.part("PrimaryGroup", "primary group")
        if len(data) < 4:
            return Absent(NOT_THERE, "the token names no primary group")
        at = int.from_bytes(data[:4], "little")
        # The offset says 8 although the SID begins at 4: take whichever is one.
        for place in (4, at):
            if sid_text(data[place : place + 68]):
                return self.sid(data, start, place, 0, "primary group") or Absent(DAMAGED, "the primary group's SID cannot be read")
        self.sid(data, start, 4, 0, "primary group")
        return Absent(DAMAGED, "the primary group's SID cannot be read")

    def privileges(self) -> List[Privilege]:
        start, data = self.part("Privileges", "privileges")
        if len(data) < 4:
            return []
        count = min(int.from_bytes(data[:4], "little"), (len(data) - 4) // _PRIVILEGE.size, MAX_SIDS)
        found = []
        for index in range(count):
            at = 4 + index * _PRIVILEGE.size
            low, high, attributes = _PRIVILEGE.unpack_from(data, at)
            found.append(Privilege(high << 32 | low, attributes, self.offset + start + at))
        return found

    def statistics(self) -> Union[TokenStatistics, Absent]:
        start, data = self.part("Statistics", "statistics")
        if len(data) < _STATISTICS.size:
            return Absent(NOT_THERE, "the token has no statistics")
        return TokenStatistics._make((*_STATISTICS.unpack_from(data), self.offset + start))

    def session(self) -> Union[int, Absent]:
        _, data = self.part("SessionId", "session")
        return int.from_bytes(data[:4], "little") if len(data) >= 4 else Absent(NOT_THERE, "the token names no session")


class TokenList(SteppedList[Token]):
    """The tokens of the stream.

    ``list_size`` and ``element_header_size`` are members of MINIDUMP_TOKEN_INFO_LIST, 0 where it cannot be read.
    """

    _least = _HEADER.size

    def __init__(self, source: Source, stream: Optional[Stream], absence: Optional[Absent]) -> None:
        super().__init__(source, stream, absence)
        self.list_size = self.element_header_size = 0
        if stream is not None:
            self._open(stream)

    def _open(self, stream: Stream) -> None:
        head = self.source.some(stream.rva, min(stream.size, _LIST.size))
        if len(head) < _LIST.size:
            self._damage.append(Damage("stream-too-small", f"{stream.name}: no room for its header", stream.rva, _LIST.size, len(head)))
            return
        self.list_size, self.claimed, self.header_size, self.element_header_size = _LIST.unpack(head)
        held = self._held(stream)
        if self.header_size < _LIST.size:
            message = f"{stream.name}: ListHeaderSize is 0x{self.header_size:x}, at least 0x{_LIST.size:x} is needed"
            self._damage.append(Damage("header-too-small", message, stream.rva + 8, _LIST.size, self.header_size))
            self.header_size = _LIST.size
        if self.claimed and self.element_header_size < _HEADER.size:
            message = f"{stream.name}: ElementHeaderSize is 0x{self.element_header_size:x}, at least 0x{_HEADER.size:x} is needed"
            self._damage.append(Damage("record-too-small", message, stream.rva + 12, _HEADER.size, self.element_header_size))
        self._first = stream.rva + self.header_size
        self._end = stream.rva + held

    def walk(self) -> Iterator[Token]:
        """The tokens, one at a time. Ends at the end of the stream, whatever the counts say."""
        position = self._first
        for index in range(min(self.claimed, MAX_TOKENS) if position else 0):
            if position + _HEADER.size > self._end:
                return
            size, identity, handle = _HEADER.unpack(self.source.some(position, _HEADER.size))
            yield self._decode(index, position, size, identity, handle)
            if size < _HEADER.size:
                return  # the next one cannot be found
            position += size

    def _decode(self, index: int, position: int, size: int, identity: int, handle: int) -> Token:
        held = min(size, self._end - position)
        element = _Element(self.source, position, held, self.element_header_size or held)
        if held < size or size < _HEADER.size:
            message = f"token {index} claims 0x{size:x} bytes, the stream holds 0x{held:x}"
            element.damage.append(Damage("token-cut", message, position, max(size, _HEADER.size), held))
        groups, restricted = element.sids("Groups", "groups"), element.sids("RestrictedSids", "restricted SIDs")
        session, user, primary = element.session(), element.user(), element.primary_group()
        privileges, statistics = element.privileges(), element.statistics()
        return Token(index, identity, handle, size, session, user, groups, primary, privileges, statistics, restricted, position, tuple(element.damage))

    def find(self, identity: int) -> Optional[Token]:
        """The token of a process or thread id, or None."""
        for token in self._all():
            if token.id == identity:
                return token
        return None
