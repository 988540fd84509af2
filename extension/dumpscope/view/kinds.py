"""What a value is, and how each kind looks in text and in JSON.

Text follows the debugger: hexadecimal, 64-bit addresses with a backtick, dates like ``Mon Nov 23 06:04:03.000 2026``. In JSON
masks, addresses and handles are strings such as ``"0x1f0003"``; counts, sizes, ids, times and offsets are numbers.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence, Tuple

from ..dump.absence import Absent
from .escape import printable

EPOCH_1601 = 11644473600
_DAYS = ("Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def address_text(value: int, pointer_size: int = 8) -> str:
    """``00007ff8`890d1000``, or eight digits for a 32-bit process."""
    if pointer_size == 4 and value < 1 << 32:
        return f"{value:08x}"
    return f"{value >> 32 & 0xFFFFFFFF:08x}`{value & 0xFFFFFFFF:08x}"


def address32_text(value: int) -> str:
    """An address of a 32-bit process."""
    return address_text(value, 4)


def civil(seconds: int) -> Tuple[int, int, int, int, int, int]:
    """Year, month, day, hour, minute, second in UTC of any number of seconds since 1970 (no year is out of range)."""
    days, rest = divmod(seconds, 86400)
    # Howard Hinnant's days-to-civil, whose era is 400 years.
    z = days + 719468
    era, doe = divmod(z, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    day = doy - (153 * mp + 2) // 5 + 1
    month = mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (1 if month <= 2 else 0)
    return year, month, day, rest // 3600, rest // 60 % 60, rest % 60


def time_text(seconds: int, milliseconds: int = 0) -> str:
    """``Mon Nov 23 06:04:03.000 2026 (UTC)`` for seconds since 1970."""
    year, month, day, hour, minute, second = civil(seconds)
    weekday = _DAYS[seconds // 86400 % 7]
    return f"{weekday} {_MONTHS[month - 1]} {day:2d} {hour:02d}:{minute:02d}:{second:02d}.{milliseconds:03d} {year} (UTC)"


def filetime_text(value: int) -> str:
    """The same for 100 ns since 1601; 0 is ``-``."""
    if not value:
        return "-"
    seconds, ticks = divmod(value, 10_000_000)
    return time_text(seconds - EPOCH_1601, ticks // 10_000)


def duration_text(value: int) -> str:
    """``0 days 0:26:53.235`` for 100 ns units."""
    milliseconds = value // 10_000
    days, rest = divmod(milliseconds, 86_400_000)
    return f"{days} days {rest // 3_600_000}:{rest // 60_000 % 60:02d}:{rest // 1000 % 60:02d}.{rest % 1000:03d}"


def seconds_text(value: int) -> str:
    """The same for seconds."""
    return duration_text(value * 10_000_000)


def size_text(value: int) -> str:
    """``1234 (1.2 KiB)``: bytes, with a round figure where that helps."""
    if value < 1024:
        return str(value)
    number = float(value)
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        number /= 1024
        if number < 1024:
            return f"{value} ({number:.1f} {unit})"
    return f"{value} ({number / 1024:.1f} EiB)"


def _hex(value: Any) -> str:
    return f"0x{value:x}"


def _hresult(value: Any) -> str:
    return f"0x{value:08x}"


def _words(value: Any) -> str:
    return printable(", ".join(str(word) for word in value)) if value else "-"


def _text(value: Any) -> str:
    return printable(value) if isinstance(value, str) else printable(str(value))


def _text_or_dash(value: Any) -> str:
    return _text(value) or "-"


def _plain_json(value: Any) -> Any:
    return value


def _hex_json(value: Any) -> Any:
    return f"0x{value:x}"


def _many_decimal(values: Sequence[Any]) -> Sequence[str]:
    return list(map("%d".__mod__, values))


def _many_hex(values: Sequence[Any]) -> Sequence[str]:
    return list(map("0x%x".__mod__, values))


def _many_text(values: Sequence[Any]) -> Sequence[str]:
    if all(map(str.isprintable, values)):
        return values
    return list(map(printable, values))


def _many_text_or_dash(values: Sequence[Any]) -> Sequence[str]:
    texts = _many_text(values)
    return [text or "-" for text in texts] if "" in texts else texts


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return printable(value)
    import json

    return printable(json.dumps(value, ensure_ascii=False))


class Kind(NamedTuple):
    """How a kind looks: its text, its JSON value, whether it stands left, and its role (a name for a colour).

    ``many`` makes the texts of a whole column at once, for tables of a million rows; it raises TypeError when one of the values is
    not an ordinary one.
    """

    text: Callable[[Any], str]
    json: Callable[[Any], Any]
    left: bool
    role: str
    many: Optional[Callable[[Sequence[Any]], Sequence[str]]] = None


KINDS: Dict[str, Kind] = {
    "text": Kind(_text, _plain_json, True, "", _many_text),
    "name": Kind(_text_or_dash, _plain_json, True, "name", _many_text_or_dash),
    "path": Kind(_text, _plain_json, True, "path", _many_text),
    "type": Kind(_text_or_dash, _plain_json, True, "type", _many_text_or_dash),
    "symbol": Kind(_text, _plain_json, True, "symbol", _many_text),
    "int": Kind(str, _plain_json, False, "number", _many_decimal),
    "count": Kind(str, _plain_json, False, "number", _many_decimal),
    "size": Kind(size_text, _plain_json, False, "number"),
    "bytes": Kind(_hex, _plain_json, False, "number", _many_hex),  # a size shown in hex, a number in JSON
    "offset": Kind(_hex, _plain_json, False, "offset", _many_hex),  # a place in the file
    "id": Kind(lambda value: f"{value:x}", _plain_json, False, "id"),  # thread and process ids: hex, as the debugger has them
    "hex": Kind(_hex, _hex_json, False, "number", _many_hex),
    "mask": Kind(_hex, _hex_json, False, "number", _many_hex),
    "handle": Kind(_hex, _hex_json, False, "handle", _many_hex),
    "address": Kind(address_text, _hex_json, False, "address"),
    "address32": Kind(address32_text, _hex_json, False, "address"),
    "code": Kind(lambda value: f"{value:08x}", _hex_json, False, "code"),
    "hresult": Kind(_hresult, _hresult, False, "code"),
    "time": Kind(time_text, _plain_json, True, "time"),
    "filetime": Kind(filetime_text, _plain_json, True, "time"),
    "duration": Kind(duration_text, _plain_json, False, "time"),
    "seconds": Kind(seconds_text, _plain_json, False, "time"),
    "words": Kind(_words, lambda value: list(value), True, "type"),
    "bool": Kind(lambda value: "yes" if value else "no", bool, True, ""),
    "percent": Kind(lambda value: f"{value:.1f}%", _plain_json, False, "number"),
    "data": Kind(lambda value: "", _plain_json, True, ""),  # JSON only: lists and dicts of plain values
    "value": Kind(_value_text, _plain_json, True, ""),  # any plain value
}


def cell_text(value: Any, kind: str) -> str:
    """The text of one value: ``-`` where it is absent."""
    if value is None or isinstance(value, Absent):
        return "-"
    return KINDS[kind].text(value)


def cell_json(value: Any, kind: str) -> Any:
    """The JSON value; None where it is absent (the reason stands beside it)."""
    if value is None or isinstance(value, Absent):
        return None
    return KINDS[kind].json(value)


def address_kind(pointer_size: int) -> str:
    """The kind of an address in a process with pointers of this size."""
    return "address32" if pointer_size == 4 else "address"
