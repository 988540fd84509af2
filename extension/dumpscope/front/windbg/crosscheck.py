"""What the debugger makes of the same dump, beside what we read: ``dumpinfo --check`` inside a session."""

from __future__ import annotations

from itertools import islice
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple, TypeVar, Union

from ...dump.absence import Absent
from ...dump.contexts import wow64_registers
from ...dump.minidump import Minidump
from ...dump.streams.exception import MAX_PARAMETERS
from ...view.blocks import Block, Column, Note, Table
from ...view.kinds import address_text
from .host import Host

_T = TypeVar("_T")

SPOTS = 256
"""Stretches of memory of which the first and the last bytes are compared."""
SPOT = 16
MODULES = 4096
THREADS = 4096
INVENTED = 0x80000003
MADE_UP_ID = 0xF0F0F0F0
TOO_LONG = "SystemInfoStream names a 32-bit processor, and the debugger cuts longer addresses"


class Difference(NamedTuple):
    """One thing that the two sides do not agree on."""

    subject: str
    ours: str
    theirs: str
    why: str


class Count(NamedTuple):
    """How many things of a kind were compared, and how many are the same."""

    subject: str
    compared: int
    same: int


class Unavailable(Exception):
    """The debugger could not be asked."""


Result = Iterator[Union[Difference, bool]]


class Engine:
    """The debugger's side of an open dump, asked through pykd."""

    def __init__(self, host: Host) -> None:
        self._engine = host.engine

    def _call(self, action: Callable[[Any], _T]) -> _T:
        if self._engine is None:
            raise Unavailable("this Python has no pykd")
        try:
            return action(self._engine)
        except Exception as error:  # noqa: BLE001 - pykd's own kinds cannot be named without it; SystemExit passes
            raise Unavailable(" ".join(str(error).split())) from None

    def process_id(self) -> int:
        """The id of the process."""
        return int(self._call(lambda pykd: pykd.getProcessSystemID()))

    def threads(self) -> List[Tuple[int, int, int]]:
        """Id, TEB and instruction pointer of each thread, in the debugger's order."""

        def read(pykd: Any) -> List[Tuple[int, int, int]]:
            rows = []
            for thread in pykd.targetProcess().threads():
                rows.append((int(thread.systemID), _number_of(thread, "teb"), _number_of(thread, "ip")))
            return rows

        rows: List[Tuple[int, int, int]] = self._call(read)
        return rows

    def modules(self) -> Dict[int, Tuple[int, int, int]]:
        """Size, time stamp and checksum of each loaded module by its base."""

        def read(pykd: Any) -> Dict[int, Tuple[int, int, int]]:
            rows = {}
            for module in pykd.targetProcess().modules():
                if not module.unloaded():
                    rows[int(module.begin())] = (int(module.size()), int(module.timestamp()), int(module.checksum()))
            return rows

        return self._call(read)

    def exception(self) -> Tuple[int, int, Tuple[int, ...]]:
        """Code, address and parameters of the last event's exception."""

        def read(pykd: Any) -> Tuple[int, int, Tuple[int, ...]]:
            found = pykd.getLastException()
            return int(found.exceptionCode), int(found.exceptionAddress), tuple(int(value) for value in found.parameters)

        return self._call(read)

    def read(self, address: int, size: int) -> Optional[bytes]:
        """Memory as the debugger reads it, None where it reads none."""
        try:
            return bytes(self._call(lambda pykd: pykd.loadBytes(address, size)))
        except Unavailable:
            return None

    def symbol(self, address: int) -> Optional[Tuple[str, str, int, str, int]]:
        """Module, symbol, displacement, file and line of an address as the debugger's symbols give them; None if they give none."""
        try:
            module, symbol, displacement = self._call(lambda pykd: pykd.findSymbolAndDisp(address))
        except Unavailable:
            return None
        try:
            file, line, _ = self._call(lambda pykd: pykd.getSourceLine(address))
        except Unavailable:
            file, line = "", 0
        return str(module), str(symbol), int(displacement), str(file), int(line)

    # -- comparing -------------------------------------------------------------------------------------------------------

    def compare(self, dump: Minidump) -> Iterator[Block]:
        """What both know, side by side, and what differs and why."""
        counts: List[Count] = []
        differences: List[Difference] = []
        failures: List[Note] = []
        for subject, results in (
            ("process", self._process(dump)),
            ("threads", self._threads(dump)),
            ("modules", self._modules(dump)),
            ("exception", self._exception(dump)),
            ("memory", self._memory(dump)),
        ):
            same = compared = 0
            try:
                for result in results:
                    compared += 1
                    if isinstance(result, Difference):
                        differences.append(result)
                    else:
                        same += 1
            except Unavailable as error:
                failures.append(Note(f"{subject}: the debugger could not be asked: {error}", "warning"))
            counts.append(Count(subject, compared, same))
        yield Table(
            "check",
            [Column("subject", "compared with the debugger"), Column("compared", "compared", "count"), Column("same", "same", "count")],
            counts,
            title="check",
        )
        columns = [Column("subject", "difference", role="warning"), Column("ours", "in the file"), Column("theirs", "in the debugger"), Column("why", "why")]
        yield Table("check_differences", columns, differences)
        yield from failures
        if not differences and not failures:
            yield Note("The debugger agrees with what was read from the file.")

    def _process(self, dump: Minidump) -> Result:
        misc = dump.misc
        ours = misc if isinstance(misc, Absent) else misc.process_id
        theirs = self.process_id()
        if isinstance(ours, Absent):
            if theirs:
                yield Difference("process id", "-", f"0x{theirs:x}", f"{ours.message}: the debugger's number is made up")
        elif ours != theirs:
            why = "the debugger does not accept MiscInfoStream and makes up a number" if theirs == MADE_UP_ID else ""
            yield Difference("process id", f"0x{ours:x}", f"0x{theirs:x}", why)
        else:
            yield True

    def _threads(self, dump: Minidump) -> Result:
        theirs = self.threads()
        ours = list(islice(dump.threads, THREADS))
        if len(dump.threads) != len(theirs):
            why = (
                "the debugger does not accept this thread list"
                if dump.threads.span.refused
                else "two dumps or processes may be open"
                if len(theirs) > len(ours)
                else ""
            )
            yield Difference("threads", str(len(dump.threads)), str(len(theirs)), why)
        current = dump.exception if not isinstance(dump.exception, Absent) else None
        for thread, (tid, teb, ip) in zip(ours, theirs):
            name = f"thread {thread.index}"
            if thread.tid != tid:
                yield Difference(f"{name}: id", f"{thread.tid:x}", f"{tid:x}", "")
                continue
            if thread.teb != teb:
                why = "without a TEB in the file the debugger makes one up" if not thread.teb else ""
                yield Difference(f"{name}: Teb", f"{thread.teb:x}", f"{teb:x}", why)
            registers = dump.registers(thread)
            if isinstance(registers, Absent):
                if ip:
                    yield Difference(f"{name}: ip", "-", f"{ip:x}", registers.message)
            elif registers.ip != ip:
                why = ""
                if current is not None and current.thread_id == tid:
                    of_exception = dump.registers(current)
                    if not isinstance(of_exception, Absent) and of_exception.ip == ip:
                        why = "the debugger shows the exception's context for this thread, the thread list has the writer's"
                narrow = wow64_registers(dump, thread)
                if not why and not isinstance(narrow, Absent) and narrow.ip == ip:
                    why = "the debugger shows the 32-bit registers of this thread, the thread list has the native ones"
                yield Difference(f"{name}: ip", f"{registers.ip:x}", f"{ip:x}", why)
            else:
                yield True

    def _modules(self, dump: Minidump) -> Result:
        theirs = self.modules()
        if dump.modules.span.refused and not theirs:
            reason = dump.modules.damage[0].message if dump.modules.damage else "its sizes disagree"
            yield Difference("modules", str(len(dump.modules)), "0", f"the debugger does not accept the list: {reason}")
            return
        mask = _address_mask(dump)
        theirs = {base & mask: found for base, found in theirs.items()}  # 32-bit addresses are sign-extended
        seen: Dict[int, str] = {}
        for module in islice(dump.modules, MODULES):
            label = module.name or f"module {module.index}"
            if module.base in seen:
                yield Difference(label, f"{module.base:x}", "-", f"same base as {seen[module.base]}: the debugger keeps one of them")
                continue
            seen[module.base] = label
            if module.base > mask:
                seen[module.base & mask] = label
                yield Difference(label, f"{module.base:x}", f"{module.base & mask:x}", TOO_LONG)
                continue
            found = theirs.get(module.base)
            if found is None:
                why = (
                    "it covers no bytes"
                    if not module.size
                    else "the debugger leaves out a module that overlaps another"
                    if _overlaps(dump, module.base, module.size)
                    else ""
                )
                yield Difference(label, f"{module.base:x}", "-", why)
            elif found != (module.size, module.timestamp, module.checksum):
                yield Difference(
                    f"{label}: size, time stamp, checksum", _triple(module.size, module.timestamp, module.checksum), _triple(*found), _why_triple(found)
                )
            else:
                yield True
        for base in sorted(set(theirs) - set(seen)):
            yield Difference("module", "-", f"{base:x}", "in the debugger alone: loaded by a command, or the list was longer than what was compared")

    def _exception(self, dump: Minidump) -> Result:
        ours = dump.exception
        if not isinstance(ours, Absent) and ours.parameter_count > MAX_PARAMETERS:
            raise Unavailable(f"the exception claims {ours.parameter_count} parameters; pykd writes beyond its {MAX_PARAMETERS} and takes the debugger along")
        try:
            code, address, parameters = self.exception()
        except Unavailable:
            if isinstance(ours, Absent):
                return
            raise
        if isinstance(ours, Absent):
            why = "no ExceptionStream: the debugger makes up a breakpoint" if code == INVENTED else ours.message
            yield Difference("exception", "-", f"{code:08x}", why)
            return
        for label, mine, other in (("code", ours.code, code), ("address", ours.address, address)):
            if mine != other:
                yield Difference(f"exception {label}", f"{mine:x}", f"{other:x}", "")
            else:
                yield True
        if tuple(ours.parameters) != parameters[: len(ours.parameters)]:
            yield Difference("exception parameters", _numbers(ours.parameters), _numbers(parameters), "")

    def _memory(self, dump: Minidump) -> Result:
        pointer = dump.pointer_size
        for start, end, _ in islice(dump.memory.spans(), SPOTS):
            size = min(SPOT, end - start)
            for address in sorted({start, end - size}):
                ours = dump.memory.read(address, size)
                theirs = self.read(address, size)
                if ours == theirs:
                    yield True
                    continue
                why = "ranges of the dump overlap here, with different bytes" if _several_ranges(dump, address, size) else ""
                if address > _address_mask(dump):
                    why = TOO_LONG
                if theirs is None and not why:
                    why = "the debugger does not read the range to its end" if address != start else "the debugger does not read here"
                yield Difference(f"memory at {address_text(address, pointer)}", ours.hex(" "), theirs.hex(" ") if theirs else "??", why)


def _number_of(thing: Any, name: str) -> int:
    try:
        return int(getattr(thing, name))
    except Exception:  # noqa: BLE001 - pykd asks the debugger here, see Engine._call()
        return 0


def _address_mask(dump: Minidump) -> int:
    return 0xFFFFFFFF if dump.pointer_size == 4 else 0xFFFFFFFFFFFFFFFF


def _overlaps(dump: Minidump, base: int, size: int) -> bool:
    return any(other.base != base and other.base < base + size and base < other.base + other.size for other in islice(dump.modules, MODULES))


def _several_ranges(dump: Minidump, address: int, size: int) -> bool:
    count = 0
    for piece in islice(dump.memory_list if len(dump.memory_list) else dump.memory64_list, 65536):
        if piece.start < address + size and address < piece.start + piece.size:
            count += 1
    return count > 1


def _triple(size: int, timestamp: int, checksum: int) -> str:
    return f"{size:x} {timestamp:08x} {checksum:08x}"


def _why_triple(found: Tuple[int, int, int]) -> str:
    return "" if any(found[1:]) else "the debugger has loaded no headers for it"


def _numbers(values: Tuple[int, ...]) -> str:
    return " ".join(f"{value:x}" for value in values) or "none"


__all__ = ["Engine"]
