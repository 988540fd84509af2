"""Object information of handles in words and as JSON. Layouts: minidumpapiset.h, MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE."""

import pytest

from dumpscope.dump.streams.handles import ObjectInfo
from dumpscope.wording.objects import object_info_json, object_info_words

PROCESS = {"UniqueProcessId": 0x1A2C, "InheritedFromUniqueProcessId": 0x4, "BasePriority": 8, "PebBaseAddress": 0x1000, "ExitStatus": 0x103}


def block(type, values, payload=b"\1\2\3\4", size=4):
    return ObjectInfo(type, size, values, 0x40, payload)


@pytest.mark.parametrize(("count", "state"), [(1, "Free"), (0, "Owned"), (-1, "Owned")])
def test_a_mutex_is_free_while_its_count_is_above_zero(count, state):
    words = object_info_words(block(2, {"CurrentCount": count, "OwnedByCaller": 0, "AbandonedState": 0}))
    assert words == [("Mutex is", state), ("Count", str(count))]


def test_an_abandoned_mutex():
    words = object_info_words(block(2, {"CurrentCount": 1, "OwnedByCaller": 0, "AbandonedState": 1}))
    assert [label for label, _ in words] == ["Mutex is", "Count", "Abandoned"]


@pytest.mark.parametrize(("process", "thread", "text"), [(0, 0, "0.0 (free)"), (0x1A2C, 0xC58, "1a2c.c58"), (0, 4, "0.4")])
def test_the_owner_of_a_mutant(process, thread, text):
    assert object_info_words(block(3, {"UniqueProcess": process, "UniqueThread": thread})) == [("Mutant Owner", text)]


@pytest.mark.parametrize(("status", "text"), [(0x103, "still active"), (0xC0000005, "0xc0000005"), (0, "0x0")])
def test_the_exit_status_of_a_process(status, text):
    words = dict(object_info_words(block(4, {**PROCESS, "ExitStatus": status})))
    assert words["Exit Status"] == text
    assert (words["Process Id"], words["Parent Process"]) == ("1a2c", "4")


def test_a_process_with_flags():
    values = {f"BasicInfo.{name}": value for name, value in PROCESS.items()}
    assert dict(object_info_words(block(5, {**values, "Flags": 0})))["Flags"] == "none"
    assert dict(object_info_words(block(5, {**values, "Flags": 2})))["Flags"] not in ("", "none")
    made = object_info_json(block(5, {**values, "Flags": 2}))
    assert (made["kind"], made["Flags"], made["UniqueProcessId"], made["PebBaseAddress"]) == ("process_extended", "0x2", 0x1A2C, "0x1000")


def test_an_event_of_values_without_names():
    assert object_info_words(block(6, {"EventType": 77, "EventState": 78})) == [("Event Type", "77"), ("Event is", "78")]


def test_a_section_with_a_negative_size_has_no_unit():
    values = {"BaseAddress": 0, "AllocationAttributes": 0x8000000, "MaximumSize": -1}
    assert dict(object_info_words(block(7, values)))["Maximum Size"] == "-1"


def test_a_payload_of_another_size_is_shown_as_bytes():
    assert object_info_words(block(99, {}))[0] == ("type 99", "4 bytes: 01 02 03 04")
    assert object_info_words(block(2, {}, b"", 0))[0][1] == "0 bytes"
    made = object_info_json(block(99, {}))
    assert (made["kind"], made["payload"], made["offset"]) == ("unknown", "01020304", 0x40)
    assert "damaged" not in made


def test_a_payload_beyond_the_file_is_damaged():
    lost = block(2, {}, b"", 1 << 20)
    assert "damaged: it claims" in object_info_words(lost)[0][1]
    assert object_info_json(lost)["damaged"] is True
