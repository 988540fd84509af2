"""Access masks in words."""

from __future__ import annotations

from typing import List

import pytest
from tests.cases import each

from dumpscope.format.access import ACCESS_RIGHTS, ALIASES, debugger_access, describe_access


@pytest.mark.parametrize(
    ("type_name", "mask", "standard", "specific", "rest"),
    [
        ("Event", 0x1F0003, ["DELETE", "READ_CONTROL", "WRITE_DAC", "WRITE_OWNER", "SYNCHRONIZE"], ["EVENT_QUERY_STATE", "EVENT_MODIFY_STATE"], 0),
        ("Mutant", 0x100001, ["SYNCHRONIZE"], ["MUTANT_QUERY_STATE"], 0),
        ("Semaphore", 0x100002, ["SYNCHRONIZE"], ["SEMAPHORE_MODIFY_STATE"], 0),
        ("Section", 0x6, [], ["SECTION_MAP_WRITE", "SECTION_MAP_READ"], 0),
        ("Key", 0x20019, ["READ_CONTROL"], ["KEY_QUERY_VALUE", "KEY_ENUMERATE_SUB_KEYS", "KEY_NOTIFY"], 0),
        ("Process", 0x1410, [], ["PROCESS_VM_READ", "PROCESS_QUERY_INFORMATION", "PROCESS_QUERY_LIMITED_INFORMATION"], 0),
        ("Process", 0x40, [], ["PROCESS_DUP_HANDLE"], 0),
        ("Thread", 0x48, [], ["THREAD_GET_CONTEXT", "THREAD_QUERY_INFORMATION"], 0),
        ("Token", 0x28, [], ["TOKEN_QUERY", "TOKEN_ADJUST_PRIVILEGES"], 0),
        ("Directory", 0x3, [], ["DIRECTORY_QUERY", "DIRECTORY_TRAVERSE"], 0),
        ("TpWorkerFactory", 0xF00FF, ["DELETE", "READ_CONTROL", "WRITE_DAC", "WRITE_OWNER"], None, 0xC0),
        ("File", 0x100001, ["SYNCHRONIZE"], ["FILE_READ_DATA"], 0),
        ("ALPC Port", 0x1, [], ["PORT_CONNECT"], 0),
        ("Unheard Of", 0x10003, ["DELETE"], [], 3),
        ("Event", 0x80000004, ["GENERIC_READ"], [], 4),
        ("", 0x804, [], [], 0x804),
        ("Event", 0, [], [], 0),
    ],
)
def test_describe_access(type_name: str, mask: int, standard: List[str], specific: List[str] | None, rest: int) -> None:
    found = describe_access(type_name, mask)
    assert found[0] == standard
    if specific is not None:
        assert found[1] == specific
    assert found[2] == rest


@pytest.mark.parametrize("name", ["EVENT", "event", "alpc port", "mutex"])
def test_case_does_not_matter(name: str) -> None:
    assert describe_access(name, 0x1)[2] == 0


@pytest.mark.parametrize(
    ("type_name", "mask", "rows"),
    [
        ("Mutant", 0x1F0001, ("Delete,ReadControl,WriteDac,WriteOwner,Synch", "QueryState")),
        ("Event", 0x100003, ("Synch", "QueryState,ModifyState")),
        ("Key", 0x1, ("None", "QueryValue")),
        ("Event", 0x100000, ("Synch", "None")),
    ],
)
def test_the_debuggers_words(type_name: str, mask: int, rows: object) -> None:
    assert debugger_access(type_name, mask) == rows


@each("name", sorted(ACCESS_RIGHTS))
def test_specific_rights_are_single_low_bits(name: str) -> None:
    bits = list(ACCESS_RIGHTS[name].members)
    assert all(0 < bit <= 0xFFFF and bit & (bit - 1) == 0 for bit in bits)
    assert len({label for label, _ in ACCESS_RIGHTS[name].members.values()}) == len(bits)


IN_DUMPS = (
    "Event Mutant Semaphore Section File Key Process Thread Token Job Timer IRTimer Directory SymbolicLink IoCompletion IoCompletionReserve "
    "WaitCompletionPacket TpWorkerFactory Desktop WindowStation KeyedEvent EtwRegistration EtwConsumer Session Partition DebugObject Device"
)


@each("name", IN_DUMPS.split())
def test_types_that_occur_in_dumps(name: str) -> None:
    assert describe_access(name, 0x1)[1]


def test_aliases_lead_to_known_types() -> None:
    assert all(target in ACCESS_RIGHTS and name not in ACCESS_RIGHTS for name, target in ALIASES.items())
