"""What scrubbing keeps, as a file of TOML says: :func:`read_policy`. docs/writing.md describes the file.

TOML is read by Python's own tomllib, before Python 3.11 by the package tomli (the extra ``dumpscope[policy]``), and without that as far as
policies need it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Callable, Dict, FrozenSet, List, NamedTuple, Optional, Tuple, Type

from ..errors import UsageError
from ..format.streams import STREAMS
from .toml import TomlError, loads

NONE, FRAMES, ALL = "none", "frames", "all"
STACKS = (NONE, FRAMES, ALL)
REGISTERS, HANDLE_NAMES, ANNOTATIONS, USER_NAMES, SIDS, LOOSE = "registers", "handle-names", "annotations", "user-names", "sids", "loose-bytes"
KINDS = (REGISTERS, HANDLE_NAMES, ANNOTATIONS, USER_NAMES, SIDS, LOOSE)
"""What ``keep`` may name."""
MAX_FILE = 1 << 20


class Policy(NamedTuple):
    """What is kept beside what is always kept, and what goes beside what always goes.

    ``stacks`` is NONE, FRAMES or ALL; ``keep`` are kinds of KINDS; ``keep_streams`` types of streams; ``keep_annotations`` keys of
    Crashpad's annotations, ``keep_names`` names that are nobody's, both in lower case; ``keep_memory`` address and size of memory.
    ``wipe_names`` are more names that become tokens, ``find`` texts that must not be in the result.
    """

    stacks: str = FRAMES
    keep: FrozenSet[str] = frozenset()
    keep_streams: FrozenSet[int] = frozenset()
    keep_annotations: FrozenSet[str] = frozenset()
    keep_names: FrozenSet[str] = frozenset()
    keep_memory: Tuple[Tuple[int, int], ...] = ()
    wipe_names: FrozenSet[str] = frozenset()
    find: Tuple[str, ...] = ()


DEFAULT = Policy()


def read_policy(path: str) -> Policy:
    """The policy in a file. Raises UsageError for one that is no policy, with the entry that is wrong, or for one that cannot be read."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"the policy {path!r} cannot be read: {words}", "give a TOML file; docs/writing.md describes it") from None
    if len(data) > MAX_FILE:
        raise UsageError(f"{path!r} has more than {MAX_FILE} bytes: it is no policy file", "docs/writing.md describes the file")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path!r} is no UTF-8 text: byte {error.start}", "docs/writing.md describes the file") from None
    return parse_policy(text, repr(path))


def parse_policy(text: str, name: str = "the policy") -> Policy:
    """A policy from TOML. Raises UsageError, which says what is wrong in ``name``."""
    read, refused = _reader()
    try:
        table = read(text)
    except refused as error:
        raise UsageError(f"{name} is no TOML: {error}", "docs/writing.md describes the file") from None
    except RecursionError:
        raise UsageError(f"{name} is no TOML that can be read: it nests too deeply", "docs/writing.md describes the file") from None
    values: Dict[str, Any] = {}
    for key, value in table.items():
        if key not in _ENTRIES:
            raise UsageError(f"{name}: there is no entry {key!r}", f"the entries are {', '.join(_ENTRIES)}")
        try:
            values[key] = _ENTRIES[key](value)
        except (ValueError, TypeError) as error:
            raise UsageError(f"{name}: {key}: {error}", "docs/writing.md describes the file") from None
    return Policy(**values)


def _reader() -> Tuple[Callable[[str], Dict[str, Any]], Type[ValueError]]:
    """The function that reads TOML, and what it raises."""
    for module in ("tomllib", "tomli"):
        try:
            found = import_module(module)
        except ImportError:
            continue
        return found.loads, found.TOMLDecodeError
    return loads, TomlError


def _texts(value: Any) -> List[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError("a list of texts is needed")
    return value


def _stacks(value: Any) -> str:
    if value not in STACKS:
        raise ValueError(f"{value!r} is none of {', '.join(STACKS)}")
    return str(value)


def _kinds(value: Any) -> FrozenSet[str]:
    for item in _texts(value):
        if item not in KINDS:
            raise ValueError(f"{item!r} is none of {', '.join(KINDS)}")
    return frozenset(value)


def _folded(value: Any) -> FrozenSet[str]:
    return frozenset(item.lower() for item in _texts(value))


def _streams(value: Any) -> FrozenSet[int]:
    if not isinstance(value, list):
        raise ValueError("a list of names or numbers of streams is needed")
    return frozenset(_stream(item) for item in value)


def _stream(item: Any) -> int:
    if isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 1 << 32:
        return item
    found: Optional[int] = next((kind for kind, row in STREAMS.items() if isinstance(item, str) and row.name.lower() == item.lower()), None)
    if found is None:
        raise ValueError(f"{item!r} is no type of stream")
    return found


def _memory(value: Any) -> Tuple[Tuple[int, int], ...]:
    found = []
    for item in _texts(value):
        address, colon, size = item.partition(":")
        if not colon:
            raise ValueError(f"{item!r} is not ADDRESS:SIZE")
        numbers = int(address, 16), int(size, 0)
        if not (0 <= numbers[0] < 1 << 64 and 0 < numbers[1] <= 1 << 64):
            raise ValueError(f"{item!r} is no place of a process")
        found.append(numbers)
    return tuple(found)


_ENTRIES: Dict[str, Callable[[Any], Any]] = {
    "stacks": _stacks,
    "keep": _kinds,
    "keep_streams": _streams,
    "keep_annotations": _folded,
    "keep_names": _folded,
    "keep_memory": _memory,
    "wipe_names": _folded,
    "find": lambda value: tuple(_texts(value)),
}
