"""ARM64 dumps of older Breakpads: ``mend`` gives them the processor and the registers that the debugger knows."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Dict, List

import pytest

from dumpscope.diagnosis.engine.view import EngineView
from dumpscope.dump.absence import Absent
from dumpscope.dump.minidump import Minidump
from dumpscope.dump.source import Source
from dumpscope.errors import DumpError
from dumpscope.writing.arm64 import as_windows, changes
from dumpscope.writing.edited import Edited
from dumpscope.writing.mend import FIXED, mend

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "breakpad-arm64-old.dmp"
NAMES = [f"x{index}" for index in range(29)] + ["fp", "lr", "sp", "pc"]
OLD_SIZE = 796


def old_context(flags: int = 0x80000006) -> bytes:
    """Registers with a value of their own each: the structure packed, with psr, fpsr, fpcr and the vectors behind pc."""
    general = [0x1111000000000000 + number for number in range(33)]
    vectors = b"".join(bytes([0x40 + number]) * 16 for number in range(32))
    return struct.pack("<Q33Q3I", flags, *general, 0x60000000, 0xF5, 0xFC) + vectors


def with_threads(contexts: List[bytes]) -> bytes:
    """The sample with other registers of its exception, and a thread list of so many threads at the end."""
    data = bytearray(SAMPLE.read_bytes())
    with Minidump.open(bytes(data)) as dump:
        threads = dump.stream(3)
        exception = dump.exception
        assert threads is not None
        assert not isinstance(exception, Absent)
        row = data[threads.rva + 4 : threads.rva + 52]
        data[exception.context_rva : exception.context_rva + OLD_SIZE] = contexts[0]
    rvas = []
    for context in contexts:
        rvas.append(len(data))
        data += context
    place = len(data)
    data += struct.pack("<I", len(contexts))
    for number, rva in enumerate(rvas):
        struct.pack_into("<I", row, 0, 100 + number)
        struct.pack_into("<II", row, 40, OLD_SIZE, rva)
        data += row
    struct.pack_into("<II", data, threads.offset + 4, 4 + 48 * len(contexts), place)
    return bytes(data)


def mended(data: bytes) -> Minidump:
    out = io.BytesIO()
    mending = mend(Source(data, "made.dmp"))
    mending.write_to(out)
    assert {repair.kind for repair in mending.repairs} == {FIXED}
    assert {repair.code for repair in mending.repairs} == {"OPN015"}
    result = Minidump(Source(out.getvalue(), "mended.dmp"))
    opening = EngineView(result.source).opening
    assert opening.ok
    assert not opening.wait_hresult
    return result


def values(dump: Minidump, index: int) -> Dict[str, int]:
    registers = dump.registers(dump.threads[index])
    assert not isinstance(registers, Absent)
    return dict(registers.values)


def test_every_register_of_every_thread_is_where_windows_has_it() -> None:
    dump = mended(with_threads([old_context(), old_context()[:8] + bytes(OLD_SIZE - 8)]))
    assert not isinstance(dump.system, Absent)
    assert dump.system.architecture == 12
    assert [thread.context_size for thread in dump.threads] == [0x390, 0x390]
    assert values(dump, 0) == {name: 0x1111000000000000 + number for number, name in enumerate(NAMES)}
    assert not any(values(dump, 1).values())
    raw = dump.source.some(dump.threads[0].context_rva, 0x390)
    assert struct.unpack_from("<II", raw) == (0x400007, 0x60000000)
    assert raw[0x110:0x310] == b"".join(bytes([0x40 + number]) * 16 for number in range(32))
    assert struct.unpack_from("<II", raw, 0x310) == (0xFC, 0xF5)
    assert not any(raw[0x318:])
    exception = dump.exception
    assert not isinstance(exception, Absent)
    assert dump.source.some(exception.context_rva, exception.context_size) == raw


def test_registers_as_windows_has_them_are_left_as_they_are() -> None:
    """A writer may use Breakpad's number for the processor, and the structure of Windows."""
    data = bytearray((SAMPLE.parent / "arm64-process.dmp").read_bytes())
    with Minidump.open(bytes(data)) as dump:
        assert not isinstance(dump.system, Absent)
        struct.pack_into("<H", data, dump.system.offset, 0x8003)
        before = [(thread.context_rva, thread.context_size) for thread in dump.threads]
    dump = mended(bytes(data))
    assert [(thread.context_rva, thread.context_size) for thread in dump.threads] == before
    assert dump.source.size == len(data)


@pytest.mark.parametrize("flags", [0, 0x80000000, 0x80000004, 0x400007, 0x1_80000006])
def test_other_registers_are_not_converted(flags: int) -> None:
    assert as_windows(old_context(flags)) is None
    assert as_windows(old_context()[:-1]) is None


def test_registers_laid_over_each_other_are_refused() -> None:
    """A thousand threads whose registers begin eight bytes apart would make a file many times as large."""
    data = bytearray(with_threads([old_context()] * 400))
    with Minidump.open(bytes(data)) as dump:
        first = dump.threads[0].context_rva
        struct.pack_into("<50Q", data, first, *[0x80000006] * 50)
        for number, thread in enumerate(dump.threads.walk()):
            struct.pack_into("<I", data, thread.offset + 44, first + 8 * (number % 50))
    small = bytes(data)
    assert mended(small).source.size < 2 * len(small)
    with Minidump.open(small) as dump:
        source = Edited(dump.source)
        source.size = 20 * OLD_SIZE
        with pytest.raises(DumpError, match="overlap"):
            changes(dump, source)
