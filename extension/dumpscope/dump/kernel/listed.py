"""The drivers of a triage dump as the debugger lists them (``lm``), and the address that it takes for the kernel's.

The rule was found by asking dbgeng 10.0.15063 about dumps with edited driver lists ("observed" below); tests/engine holds it against
the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Tuple

from ..absence import Absent
from ..module_names import MOST_TEXT, NamedModules

if TYPE_CHECKING:
    from .kerneldump import Driver, KernelDump

KERNEL = "nt"
"""What the debugger calls the kernel, whatever its file is called."""
KERNEL_FILES = frozenset(("ntoskrnl.exe", "ntkrnlmp.exe", "ntkrnlpa.exe", "ntkrpamp.exe", "ntkrnlup.exe"))
"""Files that the debugger calls ``nt`` wherever they are loaded."""
_PAGE = 0x1000


class ListedDriver(NamedTuple):
    """A row of ``lm``: first address, the one after the last, name, and the entry of the file."""

    base: int
    end: int
    name: str
    driver: Driver


def kernel_base(dump: KernelDump) -> int:
    """Where the kernel is: KernBase of KDDEBUGGER_DATA64, else the first driver of the list; 0 where the dump has neither.

    Observed: dbgeng 10.0.15063, which takes KernBase as it stands, whatever is loaded there.
    """
    data = dump.debugger_data
    mask = (1 << 8 * dump.pointer_size) - 1
    base = 0 if isinstance(data, Absent) else int(data["KernBase"]) & mask
    drivers = dump.drivers
    return base or (0 if isinstance(drivers, Absent) else drivers[0].base)


def _readable(dump: KernelDump, driver: Driver, mapped: int) -> bool:
    """Whether the engine gets past the name of a driver: it reads as many characters as are counted, and faults after the file's last page."""
    at = int.from_bytes(dump.source.some(driver.offset, 4), "little")
    head = dump.source.some(at, 4)
    length = int.from_bytes(head, "little") if len(head) == 4 else 0
    return length >= MOST_TEXT or at + 4 + 2 * length <= mapped or len(head) < 4


def named_drivers(dump: KernelDump) -> Tuple[Dict[int, str], List[ListedDriver]]:
    """The name of each driver by its base, and the rows of ``lm`` by address.

    - Names are made as in dumps of a process (:func:`dumpscope.dump.module_names.module_names`), with two differences: the first entry is ``nt``
      if it lies where the kernel is, and so are files of the kernel's names.
    - An entry other than the first at the kernel's address is left out, and so is one at 0, or whose end is no address.
    - Of several at one address the last counts.
    - The list ends at an entry whose name leads after the file's last page; where that is the first, there is no list at all.
    """
    drivers = dump.drivers
    if isinstance(drivers, Absent):
        return {}, []
    kernel = kernel_base(dump)
    mapped = -(-dump.source.size // _PAGE) * _PAGE
    names = [""] * len(drivers)
    engine = NamedModules(dump.pointer_size, names)
    mask = (1 << 8 * dump.pointer_size) - 1
    whole = True
    for index, driver in enumerate(drivers):
        whole = whole and _readable(dump, driver, mapped)
        kernels = driver.file_name.lower() in KERNEL_FILES or (index == 0 and driver.base == kernel)
        if not whole:
            names[index] = driver.file_name
        elif index and driver.base == kernel:
            names[index] = KERNEL
        else:
            engine.add(index, driver.base, driver.size, driver.path, KERNEL if kernels else "")
    rows = []
    for index in engine.kept():
        driver = drivers[index]
        end = driver.base + (driver.size or _PAGE)
        if end <= mask:
            rows.append(ListedDriver(driver.base, end, names[index], driver))
    found: Dict[int, str] = {}
    for driver, name in zip(drivers, names):
        found.setdefault(driver.base, name)
    found.update((row.base, row.name) for row in rows)
    return found, sorted(rows, key=lambda row: row.base)


def listed_drivers(dump: KernelDump) -> List[ListedDriver]:
    """The rows of ``lm``, by address; empty where the dump lists no driver."""
    return dump.named[1]
