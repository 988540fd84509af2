"""Object information of a handle: as words for people, and as members for JSON."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

from ..dump.streams.handles import ObjectInfo
from ..format.counted import counted
from ..format.handles import (
    EVENT_STATE,
    EVENT_TYPE,
    MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE,
    PROCESS_EXTENDED_FLAGS,
    SECTION_ATTRIBUTES,
)
from ..view.kinds import address_text, size_text

Words = List[Tuple[str, str]]


def _exit_status(value: int) -> str:
    return "still active" if value == 0x103 else f"0x{value:x}"


def _thread(values: Dict[str, Any]) -> Words:
    return [
        ("Thread Id", f"{values['ClientId.UniqueProcess']:x}.{values['ClientId.UniqueThread']:x}"),
        ("Priority", str(values["Priority"])),
        ("Base Priority", str(values["BasePriority"])),
        ("TEB", address_text(values["TebBaseAddress"])),
        ("Affinity", f"0x{values['AffinityMask']:x}"),
        ("Exit Status", _exit_status(values["ExitStatus"])),
    ]


def _mutant(values: Dict[str, Any]) -> Words:
    count = values["CurrentCount"]
    # The debugger's own words; OwnedByCaller is the dump writer's view and says nothing about the process.
    words = [("Mutex is", "Free" if count > 0 else "Owned"), ("Count", str(count))]
    if values["AbandonedState"]:
        words.append(("Abandoned", "yes: its owner ended without releasing it"))
    return words


def _owner(values: Dict[str, Any]) -> Words:
    process, thread = values["UniqueProcess"], values["UniqueThread"]
    return [("Mutant Owner", f"{process:x}.{thread:x}" if process or thread else "0.0 (free)")]


def _process(values: Dict[str, Any]) -> Words:
    return [
        ("Process Id", f"{values['UniqueProcessId']:x}"),
        ("Parent Process", f"{values['InheritedFromUniqueProcessId']:x}"),
        ("Base Priority", str(values["BasePriority"])),
        ("PEB", address_text(values["PebBaseAddress"])),
        ("Exit Status", _exit_status(values["ExitStatus"])),
    ]


def _process_extended(values: Dict[str, Any]) -> Words:
    basic = {key[len("BasicInfo.") :]: value for key, value in values.items() if key.startswith("BasicInfo.")}
    return [*_process(basic), ("Flags", ", ".join(PROCESS_EXTENDED_FLAGS.labels(values["Flags"])) or "none")]


def _event(values: Dict[str, Any]) -> Words:
    return [
        ("Event Type", EVENT_TYPE.label(values["EventType"]) or str(values["EventType"])),
        ("Event is", EVENT_STATE.label(values["EventState"]) or str(values["EventState"])),
    ]


def _section(values: Dict[str, Any]) -> Words:
    return [
        ("Base Address", address_text(values["BaseAddress"])),
        ("Attributes", f"0x{values['AllocationAttributes']:x} " + ", ".join(SECTION_ATTRIBUTES.labels(values["AllocationAttributes"]))),
        ("Maximum Size", size_text(values["MaximumSize"]) if values["MaximumSize"] >= 0 else str(values["MaximumSize"])),
    ]


def _semaphore(values: Dict[str, Any]) -> Words:
    return [("Semaphore Count", str(values["CurrentCount"])), ("Semaphore Limit", str(values["MaximumCount"]))]


_KINDS: Dict[int, Tuple[str, Callable[[Dict[str, Any]], Words]]] = {
    1: ("thread", _thread),
    2: ("mutant", _mutant),
    3: ("mutant_owner", _owner),
    4: ("process", _process),
    5: ("process_extended", _process_extended),
    6: ("event", _event),
    7: ("section", _section),
    8: ("semaphore", _semaphore),
}
_HEX = ("TebBaseAddress", "PebBaseAddress", "AffinityMask", "BaseAddress", "AllocationAttributes", "Flags")


def object_info_words(block: ObjectInfo) -> Words:
    """Labels and texts, the debugger's where it has some. A payload of a size that we do not know is shown as bytes."""
    known = _KINDS.get(block.type)
    if known is None or not block.values:
        name = MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE.label(block.type) or f"type {block.type}"
        if block.size and not block.payload:
            return [(name, f"damaged: it claims {counted(block.size, 'byte')}, more than the file holds")]
        return [(name, f"{counted(block.size, 'byte')}: {block.payload[:32].hex(' ')}".rstrip(": "))]
    return known[1](block.values)


def object_info_json(block: ObjectInfo) -> Dict[str, Any]:
    """``kind`` (thread, mutant, mutant_owner, process, event, section, semaphore, …) and the payload's fields by C name."""
    known = _KINDS.get(block.type)
    members: Dict[str, Any] = {"kind": known[0] if known else "unknown", "type": block.type, "size": block.size, "offset": block.offset}
    for path, value in block.values.items():
        name = path.rpartition(".")[2]
        members[name] = f"0x{value:x}" if name in _HEX else value.hex() if isinstance(value, bytes) else value
    if block.size and not block.payload:
        members["damaged"] = True
    if not block.values:
        members["payload"] = block.payload.hex()
    return members
