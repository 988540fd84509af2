"""The processor that stopped the machine: its registers where the debugger looks for them.

The header of a triage dump has a CONTEXT too, which for a bug check of an exception is the one at the exception. ``r`` shows the
one that KPRCB leads to: KDDEBUGGER_DATA64.KiProcessorBlock names the KPRCB, KPRCB + OffsetPrcbContext the CONTEXT, and all three
are read from the blocks of memory, not from PrcbOffset (observed: dbgeng 10.0.15063, by changing each copy in turn).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Union

from ..absence import NOT_CAPTURED, NOT_THERE, Absent

if TYPE_CHECKING:
    from ..contexts import Registers
    from .kerneldump import KernelDump

ARCHITECTURES = {"x86": 0, "x64": 9, "ARM": 5, "ARM64": 12}
"""PROCESSOR_ARCHITECTURE_* by the name of the machine."""
MAX_PROCESSORS = 2048


class Processor(NamedTuple):
    """A processor: its number, the address of its KPRCB, the address of its CONTEXT, and the registers."""

    number: int
    prcb: int
    context: int
    registers: Registers


def processor_of(dump: KernelDump) -> Union[Processor, Absent]:
    """The processor that stopped the machine; Absent where the dump does not lead to its registers."""
    data, triage = dump.debugger_data, dump.triage
    if isinstance(data, Absent):
        return data
    if isinstance(triage, Absent):
        return triage
    size = dump.pointer_size
    mask = (1 << 8 * size) - 1
    head = dump.source.some(triage["PrcbOffset"] + data["OffsetPrcbNumber"], 4) if triage["PrcbOffset"] else b""
    number = int.from_bytes(head, "little")
    if len(head) < 4 or number >= MAX_PROCESSORS:
        return Absent(NOT_THERE, "the dump does not say which processor stopped")
    prcb = _pointer(dump, (data["KiProcessorBlock"] & mask) + number * size)
    if isinstance(prcb, Absent):
        return prcb
    context = _pointer(dump, prcb + data["OffsetPrcbContext"])
    if isinstance(context, Absent):
        return context
    registers = context_at(dump, context)
    return registers if isinstance(registers, Absent) else Processor(number, prcb, context, registers)


def _pointer(dump: KernelDump, address: int) -> Union[int, Absent]:
    data = dump.read(address, dump.pointer_size)
    if len(data) < dump.pointer_size:
        return Absent(NOT_CAPTURED, f"the dump does not hold 0x{address:x}, on the way to the processor's registers")
    return int.from_bytes(data, "little")


def context_at(dump: KernelDump, address: int) -> Any:
    """The registers of the CONTEXT at an address, or Absent."""
    from ..contexts import registers_at

    block = dump.block_at(address)
    wanted = ARCHITECTURES.get(dump.architecture)
    if block is None or wanted is None:
        return Absent(NOT_CAPTURED, f"the dump does not hold the registers at 0x{address:x}")
    place = address - block.address
    return even(registers_at(dump.source, wanted, block.offset + place, block.size - place))


def even(registers: Any) -> Any:
    """Registers with an even program counter: bit 0 of an ARM one says Thumb, and the debugger's ``r`` leaves it out."""
    if not isinstance(registers, Absent) and registers.architecture == "ARM":
        registers.values["pc"] &= ~1
    return registers


__all__ = ["ARCHITECTURES", "Processor", "context_at", "even", "processor_of"]
