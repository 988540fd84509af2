"""The debugger's side of a dump beside ours: a stand-in for pykd says the same as the file, and then something else in one place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Tuple

import pytest
from tests.commands.made import notes, opened
from tests.front.windbg.fake_host import Output

from dumpscope.dump.minidump import Minidump
from dumpscope.front.windbg.crosscheck import INVENTED, MADE_UP_ID, SPOT, Engine, Unavailable
from dumpscope.front.windbg.host import Host
from dumpscope.view.blocks import Table


class Agreeing:
    """A pykd that knows what the file has; ``changed`` are the members of it that a test sets."""

    def __init__(self, dump: Minidump) -> None:
        registers: List[Any] = [dump.registers(thread) for thread in dump.threads]
        misc: Any = dump.misc
        self.pid: int = misc.process_id
        self.rows = [SimpleNamespace(systemID=thread.tid, teb=thread.teb, ip=getattr(row, "ip", 0)) for thread, row in zip(dump.threads, registers)]
        self.bases = {item.base: [item.size, item.timestamp, item.checksum] for item in dump.modules}
        error: Any = dump.exception
        self.event = SimpleNamespace(exceptionCode=error.code, exceptionAddress=error.address, parameters=list(error.parameters))
        self.memory = dump.memory
        self.sizes: List[int] = []

    def getProcessSystemID(self) -> int:
        return self.pid

    def targetProcess(self) -> Any:
        def module(base: int, numbers: List[int]) -> Any:
            size, timestamp, checksum = numbers
            return SimpleNamespace(begin=lambda: base, size=lambda: size, timestamp=lambda: timestamp, checksum=lambda: checksum, unloaded=lambda: False)

        gone = SimpleNamespace(unloaded=lambda: True)
        return SimpleNamespace(threads=lambda: self.rows, modules=lambda: [gone, *(module(*item) for item in self.bases.items())])

    def getLastException(self) -> Any:
        return self.event

    def loadBytes(self, address: int, size: int) -> List[int]:
        self.sizes.append(size)
        found = self.memory.read(address, size)
        if found is None:
            raise RuntimeError("no memory")
        return list(found)


@pytest.fixture
def dump() -> Minidump:
    return opened("everything-small")


@pytest.fixture
def pykd(dump: Minidump) -> Agreeing:
    return Agreeing(dump)


Found = Tuple[Dict[str, Tuple[int, int]], List[Tuple[str, str, str, str]], List[str]]


def compared(dump: Minidump, pykd: Optional[Any]) -> Found:
    """How many were compared and are the same by subject, the differences, and what is said."""
    blocks = list(Engine(Host(Output(), pykd)).compare(dump))
    tables = {block.key: [tuple(row) for row in block.rows] for block in blocks if isinstance(block, Table)}
    return {row[0]: row[1:] for row in tables["check"]}, tables["check_differences"], notes(blocks)


def test_a_debugger_that_agrees(dump: Minidump, pykd: Agreeing) -> None:
    counts, differences, said = compared(dump, pykd)
    assert differences == []
    assert said == ["The debugger agrees with what was read from the file."]
    assert all(number == same for number, same in counts.values())
    assert counts["process"] == (1, 1)
    assert counts["threads"][0] == len(dump.threads)
    assert counts["modules"][0] == len(dump.modules)
    assert counts["exception"] == (2, 2)
    assert counts["memory"][0] > 0
    assert max(pykd.sizes) <= SPOT, "memory is compared in spots, whatever the size of a range"


def test_without_pykd_nothing_was_compared(dump: Minidump) -> None:
    counts, differences, said = compared(dump, None)
    assert [counts[subject] for subject in ("process", "threads", "modules", "exception")] == [(0, 0)] * 4
    assert {row[0].partition(" at ")[0] for row in differences} == {"memory"}
    assert "process: the debugger could not be asked: this Python has no pykd" in said


@pytest.mark.parametrize(("theirs", "why"), [(MADE_UP_ID, "makes up a number"), (7, "")])
def test_another_process_id(dump: Minidump, pykd: Agreeing, theirs: int, why: str) -> None:
    ours, pykd.pid = pykd.pid, theirs
    counts, ((subject, mine, other, reason),), said = compared(dump, pykd)
    assert (subject, mine, other) == ("process id", f"0x{ours:x}", f"0x{theirs:x}")
    assert why in reason
    assert bool(why) == bool(reason)
    assert counts["process"] == (1, 0)
    assert said == []


def test_threads_that_differ(dump: Minidump, pykd: Agreeing) -> None:
    first, second = pykd.rows[:2]
    first.systemID += 1
    second.teb += 0x1000
    _, differences, _ = compared(dump, pykd)
    assert [row[0] for row in differences] == ["thread 0: id", "thread 1: Teb"]
    second.teb -= 0x1000
    first.systemID -= 1
    second.ip += 1
    _, differences, _ = compared(dump, pykd)
    assert [row[0] for row in differences] == ["thread 1: ip"]


def test_more_threads_than_the_file_has(dump: Minidump, pykd: Agreeing) -> None:
    pykd.rows.append(SimpleNamespace(systemID=1, teb=2, ip=3))
    _, ((subject, ours, theirs, why),), _ = compared(dump, pykd)
    assert (subject, int(theirs)) == ("threads", int(ours) + 1)
    assert "two dumps or processes may be open" in why


def test_a_thread_that_the_debugger_has_no_numbers_for_is_zero(pykd: Agreeing) -> None:
    class Broken:
        systemID = 5

        @property
        def teb(self) -> int:
            raise RuntimeError("HRESULT 0x80004005")

    pykd.rows = [Broken()]  # type: ignore[list-item]
    assert Engine(Host(Output(), pykd)).threads() == [(5, 0, 0)]


def test_modules_that_differ(dump: Minidump, pykd: Agreeing) -> None:
    name, base = dump.modules[0].name, dump.modules[0].base
    pykd.bases[base][1:] = [0, 0]
    pykd.bases[0x1234000] = [1, 2, 3]
    _, differences, _ = compared(dump, pykd)
    assert [(row[0], row[3]) for row in differences] == [
        (f"{name}: size, time stamp, checksum", "the debugger has loaded no headers for it"),
        ("module", "in the debugger alone: loaded by a command, or the list was longer than what was compared"),
    ]
    del pykd.bases[base], pykd.bases[0x1234000]
    _, differences, _ = compared(dump, pykd)
    assert [row[:3] for row in differences] == [(name, f"{base:x}", "-")]


def test_an_exception_that_differs(dump: Minidump, pykd: Agreeing) -> None:
    pykd.event.exceptionAddress += 1
    pykd.event.parameters[0] += 1
    counts, differences, _ = compared(dump, pykd)
    assert [row[0] for row in differences] == ["exception address", "exception parameters"]
    assert counts["exception"] == (3, 1)


def test_an_exception_that_the_debugger_makes_up(pykd: Agreeing) -> None:
    without = opened("article-nohandles")
    assert not without.exception
    pykd.event.exceptionCode = INVENTED
    found = next(row for row in compared(without, pykd)[1] if row[0] == "exception")
    assert found == ("exception", "-", "80000003", "no ExceptionStream: the debugger makes up a breakpoint")


def test_memory_that_differs_or_is_not_read(dump: Minidump, pykd: Agreeing) -> None:
    start = next(iter(dump.memory.spans()))[0]

    def other(address: int, size: int) -> List[int]:
        found = list(dump.memory.read(address, size) or b"")
        return [found[0] ^ 1, *found[1:]] if address == start else found

    pykd.loadBytes = other  # type: ignore[method-assign]
    _, (row,), _ = compared(dump, pykd)
    assert row[0].startswith("memory at ")
    assert (int(row[1][:2], 16) ^ 1, row[1][2:], row[3]) == (int(row[2][:2], 16), row[2][2:], "")

    def fails(address: int, size: int) -> List[int]:
        raise RuntimeError("no")

    pykd.loadBytes = fails  # type: ignore[method-assign]
    counts, differences, _ = compared(dump, pykd)
    assert counts["memory"] == (len(differences), 0)
    assert differences[0][2:] == ("??", "the debugger does not read here")


def test_a_symbol_without_a_line_has_none(pykd: Agreeing) -> None:
    asked = SimpleNamespace(findSymbolAndDisp=lambda address: ("nt", "f", address - 0x1000), getSourceLine=lambda address: ("a.c", 7, 0))
    engine = Engine(Host(Output(), asked))
    assert engine.symbol(0x1004) == ("nt", "f", 4, "a.c", 7)
    del asked.getSourceLine
    assert engine.symbol(0x1004) == ("nt", "f", 4, "", 0)
    del asked.findSymbolAndDisp
    assert engine.symbol(0x1004) is None


def test_what_pykd_raises_is_on_one_line(pykd: Agreeing) -> None:
    def fails() -> int:
        raise RuntimeError("Call failed\n  HRESULT 0x80004005")

    pykd.getProcessSystemID = fails  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match=r"^Call failed HRESULT 0x80004005$"):
        Engine(Host(Output(), pykd)).process_id()
