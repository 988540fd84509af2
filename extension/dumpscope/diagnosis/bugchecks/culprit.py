"""The driver that a bug check most likely means, with the evidence and how sure it is."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Optional, Union

from ...dump.absence import DAMAGED, Absent
from ...dump.kernel import objects
from ...dump.kernel.kerneldump import Driver, KernelDump, UnloadedDriver
from ...format.codes.bugcheck import ADDRESS, CODE, DEVICE, DRIVER, REQUEST, UNICODE, explained, plain_code
from .parameters import object_of

LIKELY, GUESS = "likely", "a guess"
_NOT_MEANT = ("hal", "kdcom", "kd")
_STACK_LIMIT = 1 << 16
_VERIFIER = frozenset((0xC4, 0xC6, 0xC9, 0xD5, 0xE6, 0x1C4))
"""Bug checks of Driver Verifier."""
_HARDWARE = "the hardware reported the error, and the drivers on the stack only passed it on"
_WANTED = "somebody asked for this dump: what hung at the time is not in the code"
_PAGES = "the list of drivers lies in pages that page tables lead to, which are not walked here; in WinDbg `!analyze -v` names one"
_CUT = "the list of drivers was cut off, with the structure that leads to it"
_NO_DRIVER = {0x9C: _HARDWARE, 0x124: _HARDWARE, 0xE2: _WANTED, 0x161: _WANTED, 0x1C8: _WANTED, 0xDEADDEAD: _WANTED}
"""Bug checks for which no driver of the stack is meant, and why."""


class Meant(NamedTuple):
    """The driver that is meant, why, and how sure that is (:data:`LIKELY`, :data:`GUESS`). ``driver`` is None where nothing points to one,
    or where only the ``name`` of its object is known; ``others`` are further drivers on the stack, nearest to the top first."""

    driver: Union[Driver, UnloadedDriver, None]
    name: str
    why: str
    sure: str
    others: List[str]

    @property
    def shown(self) -> str:
        """The driver as texts name it: by its file, else by the name of its object."""
        return self.driver.file_name if isinstance(self.driver, Driver) else self.name


def _none(why: str) -> Meant:
    return Meant(None, "", why, "", [])


def _of_parameters(dump: KernelDump) -> Iterator[Meant]:
    """What each parameter points to, as far as that is a driver."""
    for index, (parameter, value) in enumerate(zip(explained(dump.code, dump.parameters[0]), dump.parameters)):
        what = f"parameter {index + 1}"
        if parameter.kind == CODE:
            driver = dump.driver_at(value)
            if driver is not None and driver.index:
                yield Meant(driver, dump.names[driver.base], f"{what} is an instruction in it: {dump.symbol(value)}", LIKELY, [])
        gone = dump.unloaded_at(value) if parameter.kind in (CODE, ADDRESS) else None
        if gone is not None:
            yield Meant(gone, gone.name, f"{what} lies where it was before it was unloaded: {dump.unloaded_symbol(value)}", LIKELY, [])
        if parameter.kind == UNICODE:
            named = _called(dump, objects.counted_text(dump, value))
            if named is not None:
                yield Meant(named, dump.names[named.base], f"{what} is its name", LIKELY, [])


def _of_objects(dump: KernelDump) -> Iterator[Meant]:
    """The drivers of objects: a request tells more than a driver, and a device of the bottom of a stack the least."""
    parameters = list(zip(explained(dump.code, dump.parameters[0]), dump.parameters))
    for kind, sure in ((REQUEST, LIKELY), (DRIVER, LIKELY), (DEVICE, GUESS)):
        for index, (parameter, value) in enumerate(parameters):
            found = object_of(dump, kind, value) if parameter.kind == kind else None
            if found is None or (found.driver is None and not found.name) or (found.driver is not None and not found.driver.index):
                continue
            name = dump.names[found.driver.base] if found.driver is not None else found.name
            asked = f" with {found.asked}" if found.asked else ""
            yield Meant(found.driver, name, f"parameter {index + 1} leads to it{asked}: {', '.join(found.trail)}", sure, [])


def _in_verifier(dump: KernelDump) -> Iterator[Meant]:
    """Drivers that parameters of Driver Verifier lie in whose meaning is not known: it reports addresses in the driver that it checks."""
    if plain_code(dump.code) not in _VERIFIER:
        return
    for index, value in enumerate(dump.parameters[1:], 2):
        driver = dump.driver_at(value)
        if driver is not None and driver.index and dump.names[driver.base] not in _NOT_MEANT:
            yield Meant(driver, dump.names[driver.base], f"parameter {index} lies in it: {dump.symbol(value)}", LIKELY, [])


def _called(dump: KernelDump, text: str) -> Optional[Driver]:
    """The driver whose file is called so; the kernel is none."""
    wanted = text.rpartition("\\")[2].lower()
    drivers = dump.drivers
    if not wanted or isinstance(drivers, Absent):
        return None
    return next((item for item in drivers if item.index and item.file_name.lower() in (wanted, f"{wanted}.sys")), None)


def _on_stack(dump: KernelDump) -> Optional[Meant]:
    """The first driver on the stack that is neither the kernel nor hal, with those after it."""
    triage = dump.triage
    if isinstance(triage, Absent):
        return None
    step = dump.pointer_size
    data = dump.source.some(triage["CallStackOffset"], min(triage["SizeOfCallStack"], _STACK_LIMIT))
    first: Optional[Meant] = None
    names: List[str] = []
    for at in range(0, len(data) - step + 1, step):
        value = int.from_bytes(data[at : at + step], "little")
        driver = dump.driver_at(value)
        if driver is None or not driver.index or dump.names[driver.base] in _NOT_MEANT:
            continue
        name = dump.names[driver.base]
        if first is None:
            where = f"{dump.symbol(value)} is on the stack at 0x{triage['TopOfStack'] + at:x} (found by a scan)"
            first = Meant(driver, name, where, GUESS, [])
        elif name != first.name and name not in names:
            names.append(name)
    return None if first is None else first._replace(others=names)


def culprit(dump: KernelDump) -> Meant:
    """The driver most likely meant: of the failing instruction, else of an object that a parameter names, else the first on the stack that is
    neither the kernel nor hal."""
    reason = _NO_DRIVER.get(plain_code(dump.code))
    if reason is not None:
        return _none(reason)
    for found in (*_of_parameters(dump), *_of_objects(dump), *_in_verifier(dump)):
        return found
    if isinstance(dump.triage, Absent):
        return _none(_CUT if dump.triage.kind == DAMAGED else _PAGES)
    drivers = dump.drivers
    if isinstance(drivers, Absent):
        return _none(f"no list of drivers is in the file: {drivers.message}")
    return _on_stack(dump) or _none("no address of a driver is in the parameters or on the stack")
