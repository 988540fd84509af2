"""The processor that stopped the machine: its registers where the debugger looks for them.

The header of a triage dump has a CONTEXT too, which for a bug check of an exception is the one at the exception. ``r`` shows the
one that KPRCB leads to: KDDEBUGGER_DATA64.KiProcessorBlock names the KPRCB, KPRCB + OffsetPrcbContext the CONTEXT, and all three
are read from the blocks of memory, not from PrcbOffset. Where KiProcessorBlock itself is not in the dump, and always on x86, it shows the
header's. Observed: dbgeng 10.0.15063, by changing each copy in turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, NamedTuple, Union

from ..absence import DAMAGED, NOT_APPLICABLE, NOT_CAPTURED, Absent

if TYPE_CHECKING:
    from ..contexts import Registers
    from .kerneldump import KernelDump

ARCHITECTURES = {"x86": 0, "x64": 9, "ARM": 5, "ARM64": 12}
"""PROCESSOR_ARCHITECTURE_* by the name of the machine."""
MAX_PROCESSORS = 2048
_LEAST_CONTEXT = {"x64": 0x3D0}
"""Bytes of a CONTEXT that are enough for the engine, where they are not all of it."""


class Processor(NamedTuple):
    """A processor: its number, the address of its KPRCB, the address of its CONTEXT, and the registers."""

    number: int
    prcb: int
    context: int
    registers: Registers


def processor_of(dump: KernelDump) -> Union[Processor, Absent]:
    """The processor that stopped the machine; Absent where the dump does not lead to its registers.

    Absent of the kind ``not applicable`` means that the debugger then shows the header's registers; ``damaged``, that it has no current
    processor; any other, that it shows none.
    """
    data, triage = dump.debugger_data, dump.triage
    if isinstance(triage, Absent):
        return triage
    if dump.architecture == "x86":
        return Absent(NOT_APPLICABLE, "on x86 the debugger shows the registers of the header")
    if isinstance(data, Absent):
        return data
    size = dump.pointer_size
    first = data["KiProcessorBlock"] & (1 << 8 * size) - 1
    if len(dump.read(first, size)) < size:
        return Absent(NOT_APPLICABLE, f"the dump does not hold KiProcessorBlock (0x{first:x}): the debugger shows the registers of the header")
    prcbs = _control_blocks(dump, first)
    if isinstance(prcbs, Absent):
        return prcbs
    head = dump.source.some(triage["PrcbOffset"] + data["OffsetPrcbNumber"], 4)
    number = int.from_bytes(head, "little") if len(head) == 4 else 0
    if number >= len(prcbs):
        return Absent(DAMAGED, f"KPRCB says processor {number}, and NumberProcessors of the header is {dump.header['NumberProcessors']}")
    prcb = prcbs[number]
    if data["OffsetPrcbContext"]:
        place = prcb + data["OffsetPrcbContext"]
        held = dump.read(place, size)
        if len(held) < size:
            return Absent(NOT_CAPTURED, f"the dump does not hold 0x{place:x}, on the way to the processor's registers")
        context = int.from_bytes(held, "little")
    else:  # kernels before Windows 7 have no pointer: the CONTEXT is in KPRCB.ProcessorState
        context = prcb + data["OffsetPrcbProcStateContext"]
    registers = context_at(dump, context)
    return registers if isinstance(registers, Absent) else Processor(number, prcb, context, registers)


def _control_blocks(dump: KernelDump, first: int) -> Union[List[int], Absent]:
    """The addresses of the KPRCBs of all processors; Absent where one is missing, which leaves the debugger without a processor and an event."""
    size = dump.pointer_size
    count = min(int(dump.header["NumberProcessors"]), MAX_PROCESSORS)
    pointers = dump.read(first, count * size)
    found = [int.from_bytes(pointers[at : at + size], "little") for at in range(0, len(pointers) - size + 1, size)]
    if not count or len(found) < count or not all(found):
        return Absent(DAMAGED, f"KiProcessorBlock at 0x{first:x} does not lead to each of {dump.header['NumberProcessors']} processors")
    return found


def no_event(dump: KernelDump) -> bool:
    """Whether the debugger has no event either: where it finds no processor, not where the one that stopped is out of range."""
    data = dump.debugger_data
    first = 0 if isinstance(data, Absent) else data["KiProcessorBlock"] & (1 << 8 * dump.pointer_size) - 1
    return no_processor(dump) and isinstance(_control_blocks(dump, first), Absent)


def no_processor(dump: KernelDump) -> bool:
    """Whether the debugger has no current processor on this dump: then few commands work."""
    return not isinstance(dump.triage, Absent) and isinstance(dump.processor, Absent) and dump.processor.kind == DAMAGED


def context_at(dump: KernelDump, address: int) -> Any:
    """The registers of the CONTEXT at an address, or Absent. Its ContextFlags are not looked at, as the engine does not."""
    from ..contexts import registers_of

    block = dump.block_at(address)
    wanted = ARCHITECTURES.get(dump.architecture)
    if block is None or wanted is None:
        return Absent(NOT_CAPTURED, f"the dump does not hold the registers at 0x{address:x}")
    found = registers_of(wanted, lambda size: dump.read(address, size), block.offset + address - block.address, _LEAST_CONTEXT.get(dump.architecture, 0))
    return Absent(NOT_CAPTURED, found.message) if isinstance(found, Absent) else even(found)


def even(registers: Any) -> Any:
    """Registers with an even program counter: bit 0 of an ARM one says Thumb, and the debugger's ``r`` leaves it out."""
    if not isinstance(registers, Absent) and registers.architecture == "ARM":
        registers.values["pc"] &= ~1
    return registers


__all__ = ["ARCHITECTURES", "Processor", "context_at", "even", "no_event", "no_processor", "processor_of"]
