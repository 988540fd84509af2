"""Each field of a record stands where minidumpapiset.h puts it: the bytes of one record are made all different, by its own and in a walk."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict, Tuple

import pytest
from tests.cases import each

from dumpscope.dump.minidump import Minidump

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
Places = Dict[str, Tuple[int, str]]

# list of the dump: stream type, bytes before the first record, bytes of a record, attribute -> (offset, form)
LISTS: Dict[str, Tuple[int, int, int, Places]] = {
    "threads": (
        3,
        4,
        48,
        {
            "tid": (0, "I"),
            "suspend_count": (4, "I"),
            "priority_class": (8, "I"),
            "priority": (12, "I"),
            "teb": (16, "Q"),
            "stack_start": (24, "Q"),
            "stack_size": (32, "I"),
            "stack_rva": (36, "I"),
            "context_size": (40, "I"),
            "context_rva": (44, "I"),
        },
    ),
    "thread_infos": (
        17,
        12,
        64,
        {
            "tid": (0, "I"),
            "dump_flags": (4, "I"),
            "dump_error": (8, "I"),
            "exit_status": (12, "I"),
            "create_time": (16, "Q"),
            "exit_time": (24, "Q"),
            "kernel_time": (32, "Q"),
            "user_time": (40, "Q"),
            "start_address": (48, "Q"),
            "affinity": (56, "Q"),
        },
    ),
    "modules": (
        4,
        4,
        108,
        {
            "base": (0, "Q"),
            "size": (8, "I"),
            "checksum": (12, "I"),
            "timestamp": (16, "I"),
            "name_rva": (20, "I"),
            "file_os": (56, "I"),
            "file_type": (60, "I"),
            "cv_size": (76, "I"),
            "cv_rva": (80, "I"),
            "misc_size": (84, "I"),
            "misc_rva": (88, "I"),
            "reserved0": (92, "Q"),
        },
    ),
    "unloaded_modules": (14, 12, 24, {"base": (0, "Q"), "size": (8, "I"), "checksum": (12, "I"), "timestamp": (16, "I")}),
    "regions": (
        16,
        16,
        48,
        {
            "base": (0, "Q"),
            "allocation_base": (8, "Q"),
            "allocation_protect": (16, "I"),
            "size": (24, "Q"),
            "state": (32, "I"),
            "protect": (36, "I"),
            "type": (40, "I"),
        },
    ),
    "handles": (
        12,
        16,
        40,
        {
            "handle": (0, "Q"),
            "type_rva": (8, "I"),
            "name_rva": (12, "I"),
            "attributes": (16, "I"),
            "granted_access": (20, "I"),
            "handle_count": (24, "I"),
            "pointer_count": (28, "I"),
            "object_info_rva": (32, "I"),
        },
    ),
    "memory_list": (5, 4, 16, {"start": (0, "Q"), "size": (8, "I"), "rva": (12, "I")}),
}


def stream_at(data: bytes, kind: int) -> int:
    """Where the stream of a type stands."""
    count, rva = struct.unpack_from("<II", data, 8)
    return next(at for found, _size, at in struct.iter_unpack("<III", data[rva : rva + 12 * count]) if found == kind)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("index", [0, 1])
def test_a_field_stands_where_the_header_puts_it(name: str, index: int) -> None:
    kind, before, size, places = LISTS[name]
    data = bytearray((SAMPLES / "everything-small.dmp").read_bytes())
    at = stream_at(data, kind) + before + size * index
    data[at : at + size] = bytes((37 * place + 91) % 251 + 1 for place in range(size))
    dump = Minidump.open(bytes(data))
    for one in (getattr(dump, name)[index], list(getattr(dump, name))[index]):
        assert one.offset == at
        assert {field: getattr(one, field) for field in places} == {
            field: struct.unpack_from(f"<{form}", data, at + place)[0] for field, (place, form) in places.items()
        }
    if name == "modules":
        flags, mask = struct.unpack_from("<II", data, at + 52)[0], struct.unpack_from("<I", data, at + 48)[0]
        words = struct.unpack_from("<IIII", data, at + 32)
        one = dump.modules[index]
        assert one.file_flags == flags & mask
        assert (one.file_version, one.product_version) == (words[0] << 32 | words[1], words[2] << 32 | words[3])
        assert one.end == one.base + one.size


@each("bit", range(64))
def test_the_compacted_format_is_bit_63(bit: int) -> None:
    data = bytearray((SAMPLES / "everything-small.dmp").read_bytes())
    at = stream_at(data, 15) + 832
    struct.pack_into("<IIQ", data, at, 0x210, 0x100, 1 << bit)
    found = Minidump.open(bytes(data)).misc.xstate
    assert found.compacted is (bit == 63)
    assert (found.size, found.context_size, found.enabled_features, found.offset) == (0x210, 0x100, 1 << bit, at)
