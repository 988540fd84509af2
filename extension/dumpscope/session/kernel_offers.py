"""What could be typed next where a kernel dump is open: places of ``bytes``, offsets, addresses and drivers that the dump has."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Callable, Dict, Iterator, Sequence, Tuple

from ..anatomy.kernel import inner_nodes, kernel_anatomy
from ..dump.absence import Absent
from ..dump.kernel.kerneldump import CALL_STACK, KernelDump
from ..format.counted import counted
from ..view.kinds import address_text
from .offer import Offer

if TYPE_CHECKING:
    from ..anatomy.node import Node

MANY = 2000
"""Drivers, blocks and structures that are looked at."""
PLACES: Dict[str, Tuple[str, str]] = {
    "triage": ("TRIAGE_DUMP", "where the parts of the dump are"),
    "context": ("header > ContextRecord", "the registers of the header"),
    "exception": ("header > ExceptionRecord", "the exception record of the header"),
    "debugger": ("KDDEBUGGER_DATA64", "KDDEBUGGER_DATA64: where the kernel keeps its lists"),
    "stack": (CALL_STACK, "the kernel stack of the thread that stopped the machine"),
    "prcb": ("KPRCB", "the processor control block"),
    "process": ("EPROCESS", "the process that was running"),
    "thread": ("ETHREAD", "the thread that was running"),
    "counters": ("memory manager's", "counters of the memory manager"),
    "drivers": ("drivers >", "the list of drivers"),
    "unloaded": ("unloaded drivers", "drivers that were unloaded"),
    "blocks": ("data blocks >", "the list of memory blocks"),
    "secondary": ("secondary data", "data that drivers had added"),
    "bitmap": ("BITMAP_DUMP", "which pages are in the file"),
}
"""First words of a place in a kernel dump: how the names of its structures begin, and what they are."""


def kernel_offers(dump: KernelDump, kind: str, typed: str, before: Sequence[str]) -> Iterator[Offer]:
    """As :func:`~dumpscope.session.offers.offers`, for a kernel dump; nothing for kinds that it does not have."""
    maker = _MAKERS.get(kind)
    return iter(()) if maker is None else maker(dump, typed, [word for word in before if not word.startswith("-")])


def _nodes(dump: KernelDump) -> Iterator[Node]:
    yield from islice(kernel_anatomy(dump), MANY)
    yield from islice(inner_nodes(dump), MANY)


def _places(dump: KernelDump, typed: str, before: Sequence[str]) -> Iterator[Offer]:
    if not before:
        yield Offer("header", dump.header_layout.name)
        names = [node.what for node in _nodes(dump)]
        for word, (begin, about) in PLACES.items():
            if any(name.startswith(begin) for name in names):
                yield Offer(word, about)
        if not isinstance(dump.drivers, Absent):
            yield Offer("driver", f"one of {counted(len(dump.drivers), 'driver')}, by its name")
        if dump.blocks:
            yield Offer("block", "the memory block that holds an address")
        yield Offer("at", "whatever has the byte at an offset")
        yield Offer("range", "a stretch of the file")
    elif len(before) == 1:
        word = before[0].casefold()
        if word in ("driver", "drivers"):
            yield from _drivers(dump, typed, ())
        elif word == "block":
            yield from _blocks(dump)
        elif word in ("at", "range"):
            yield from _offsets(dump, typed, ())


def _drivers(dump: KernelDump, typed: str, before: Sequence[str]) -> Iterator[Offer]:
    drivers = dump.drivers
    for driver in () if isinstance(drivers, Absent) else drivers[:MANY]:
        yield Offer(dump.names[driver.base], f"{address_text(driver.base, dump.pointer_size)}  {driver.path}")


def _blocks(dump: KernelDump) -> Iterator[Offer]:
    for block in dump.blocks[:MANY]:
        if dump.source.available(block.offset, block.size):
            about = f"{block.what}, {counted(block.size, 'byte')}"
            yield Offer(f"0x{block.address:x}", f"{about}  {dump.symbol(block.address)}".rstrip())


def _addresses(dump: KernelDump, typed: str, before: Sequence[str]) -> Iterator[Offer]:
    registers = dump.registers
    if not isinstance(registers, Absent):
        for name, value in registers.values.items():
            yield Offer(f"@{name}", address_text(value, dump.pointer_size))
    if not typed.startswith("@"):
        yield from _drivers(dump, typed, ())
        yield from _blocks(dump)


def _offsets(dump: KernelDump, typed: str, before: Sequence[str]) -> Iterator[Offer]:
    lead = "0x" if typed.lower().startswith("0x") else ""
    for node in _nodes(dump):
        yield Offer(f"{lead}{node.offset:x}", f"{node.what}, {counted(node.size, 'byte')}")


_MAKERS: Dict[str, Callable[[KernelDump, str, Sequence[str]], Iterator[Offer]]] = {
    "place": _places,
    "module": _drivers,
    "address": _addresses,
    "offset": _offsets,
}
