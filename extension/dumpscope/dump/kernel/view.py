"""A kernel dump in the shape of a minidump, as far as stacks, images and the byte view read one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Dict, Iterator, NamedTuple, Optional, Tuple, cast

from ..absence import NOT_APPLICABLE, Absent
from .kerneldump import Driver, KernelDump

if TYPE_CHECKING:
    from ..minidump import Minidump

_NOT_HERE = Absent(NOT_APPLICABLE, "a kernel dump has no such stream")


class DriverModule(NamedTuple):
    """A driver with the attributes of a module."""

    index: int  # type: ignore[assignment]
    base: int
    size: int
    checksum: int
    timestamp: int
    path: str
    name: str
    offset: int
    codeview: Absent = _NOT_HERE

    @property
    def end(self) -> int:
        """Address of the first byte after it."""
        return self.base + self.size

    @property
    def file_name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("\\")[2]

    @property
    def image_key(self) -> str:
        """What a symbol server files the image under."""
        return f"{self.timestamp:08X}{self.size:x}"


class _Drivers:
    """The drivers as a list of modules."""

    def __init__(self, dump: KernelDump) -> None:
        self._dump = dump
        drivers = dump.drivers
        self._modules = [] if isinstance(drivers, Absent) else [self._module(driver) for driver in drivers]

    def _module(self, driver: Driver) -> DriverModule:
        name = self._dump.names[driver.base]
        return DriverModule(driver.index, driver.base, driver.size, driver.checksum, driver.timestamp, driver.path, name, driver.offset)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[DriverModule]:
        return iter(self._modules)

    def at(self, address: int) -> Optional[DriverModule]:
        """The driver that an address lies in."""
        driver = self._dump.driver_at(address)
        return None if driver is None else self._modules[driver.index]

    def symbol(self, address: int) -> str:
        """``driver+0x…``, an empty string elsewhere."""
        return self._dump.symbol(address)


class _Blocks:
    """The memory of a kernel dump."""

    def __init__(self, dump: KernelDump) -> None:
        self._dump = dump

    def some(self, address: int, size: int) -> bytes:
        """As many of ``size`` bytes as are there from an address on."""
        return self._dump.read(address, size)

    def locate(self, address: int) -> Optional[Tuple[int, int]]:
        """File offset of an address, and how many bytes of its block follow."""
        block = self._dump.block_at(address)
        if block is None:
            return None
        place = address - block.address
        return block.offset + place, self._dump.source.available(block.offset, block.size) - place


class KernelView:
    """What is read of a minidump, from a kernel dump. Streams that a kernel dump does not have are Absent or empty."""

    system = exception = misc = fault = _NOT_HERE
    functions: Tuple[Any, ...] = ()
    threads: Tuple[Any, ...] = ()
    thread_names: Dict[int, str] = {}

    def __init__(self, dump: KernelDump) -> None:
        self.kernel = dump
        self.source = dump.source
        self.path = dump.path
        self.size = dump.source.size
        self.pointer_size = dump.pointer_size
        self.memory = _Blocks(dump)

    @cached_property
    def modules(self) -> _Drivers:
        """The drivers."""
        return _Drivers(self.kernel)

    def symbol(self, address: int) -> str:
        """``driver+0x…``, an empty string elsewhere."""
        return self.kernel.symbol(address)

    def registers(self, of: Any) -> Any:
        """The registers at the stop."""
        return self.kernel.registers


def minidump_view(dump: KernelDump) -> Minidump:
    """The view, for what is written for minidumps and reads no more of one than :class:`KernelView` has."""
    return cast("Minidump", KernelView(dump))
