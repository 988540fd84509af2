"""Objects of the kernel that bug check parameters point to, read from the memory that the dump holds: texts, devices, drivers, requests.

Nothing is searched for: a structure is read where the parameter says, and believed when its type word is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Tuple

from ...format.layout import Structure
from ...format.machine import objects as layout
from ...format.teb import UNICODE_STRING32, UNICODE_STRING64

if TYPE_CHECKING:
    from .kerneldump import Driver, KernelDump

_TEXT_LIMIT = 1024
_POWER = 0x16


class Found(NamedTuple):
    """What an object leads to: ``name`` of the DRIVER_OBJECT (may be empty), the ``driver`` of the list that holds DriverStart (may be
    None), and the ``trail`` of structures with their addresses. ``asked`` is what an IRP asks for, such as IRP_MJ_POWER."""

    name: str
    driver: Optional[Driver]
    trail: Tuple[str, ...]
    asked: str = ""


def _at(dump: KernelDump, shape: Structure, address: int) -> Optional[Dict[str, Any]]:
    """The numbers of a structure; None where the dump does not hold it whole."""
    data = dump.read(address, shape.size) if address else b""
    return shape.unpack(data) if len(data) == shape.size else None


def _of(dump: KernelDump, name: str) -> Structure:
    """A structure in the width of the dump."""
    found = getattr(layout, f"{name}{64 if dump.wide else 32}")
    assert isinstance(found, Structure)
    return found


def counted_text(dump: KernelDump, address: int) -> str:
    """The text of a UNICODE_STRING; empty where the dump does not hold it."""
    found = _at(dump, UNICODE_STRING64 if dump.wide else UNICODE_STRING32, address)
    return "" if found is None else _text(dump, found["Length"], found["MaximumLength"], found["Buffer"])


def _text(dump: KernelDump, length: int, room: int, buffer: int) -> str:
    if not length or length % 2 or length > room or length > _TEXT_LIMIT:
        return ""
    data = dump.read(buffer, length)
    text = data.decode("utf-16-le", "replace") if len(data) == length else ""
    return text if text.isprintable() else ""


def driver_object(dump: KernelDump, address: int) -> Optional[Found]:
    """The driver of a DRIVER_OBJECT; None where none is at ``address`` in the dump."""
    found = _at(dump, _of(dump, "DRIVER_OBJECT"), address)
    if found is None or found["Type"] != layout.IO_TYPE_DRIVER:
        return None
    name = _text(dump, found["DriverName.Length"], found["DriverName.MaximumLength"], found["DriverName.Buffer"])
    return Found(name, dump.driver_at(found["DriverStart"]), (f"DRIVER_OBJECT at 0x{address:x}",))


def device_object(dump: KernelDump, address: int) -> Optional[Found]:
    """The driver of a DEVICE_OBJECT; None where none is at ``address``. The name is empty where its DRIVER_OBJECT is not in the dump."""
    found = _at(dump, _of(dump, "DEVICE_OBJECT"), address)
    if found is None or found["Type"] != layout.IO_TYPE_DEVICE:
        return None
    here = f"DEVICE_OBJECT at 0x{address:x}"
    owner = driver_object(dump, found["DriverObject"])
    if owner is None:
        return Found("", None, (here, f"DRIVER_OBJECT at 0x{found['DriverObject']:x}, which the dump does not hold"))
    return owner._replace(trail=(here, *owner.trail))


def request(dump: KernelDump, address: int) -> Optional[Found]:
    """The driver that an IRP is with: that of the device of its current stack location; None where no IRP is at ``address``."""
    found = _at(dump, _of(dump, "IRP"), address)
    if found is None or found["Type"] != layout.IO_TYPE_IRP:
        return None
    trail: List[str] = [f"IRP at 0x{address:x}"]
    place = found["CurrentStackLocation"]
    location = _at(dump, _of(dump, "IO_STACK_LOCATION"), place)
    if location is None:
        return Found("", None, (*trail, f"IO_STACK_LOCATION at 0x{place:x}, which the dump does not hold"))
    trail.append(f"IO_STACK_LOCATION at 0x{place:x}")
    major = location["MajorFunction"]
    asked = f"IRP_MJ_{layout.MAJOR_FUNCTIONS[major]}" if major in layout.MAJOR_FUNCTIONS else f"major function 0x{major:x}"
    if major == _POWER:
        asked += f", {layout.POWER_REQUESTS.get(location['MinorFunction'], 'another request')}"
    device = device_object(dump, location["DeviceObject"])
    if device is None:
        return Found("", None, (*trail, f"DEVICE_OBJECT at 0x{location['DeviceObject']:x}, which the dump does not hold"), asked)
    return device._replace(trail=(*trail, *device.trail), asked=asked)
