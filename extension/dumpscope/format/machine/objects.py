"""Objects of the kernel that bug check parameters point to, as far as their layout is public (wdm.h): their first parts."""

from __future__ import annotations

from typing import Dict, Tuple

from ..layout import ADDRESS, HEX, SIZE, UCHAR, ULONG32, ULONG64, USHORT, Field, Structure
from ..teb import UNICODE_STRING32, UNICODE_STRING64

_WDM = "wdm.h (Windows driver kit)"

IO_TYPE_DEVICE, IO_TYPE_DRIVER, IO_TYPE_IRP = 3, 4, 6
"""First word of each object."""


def _structures(wide: bool) -> Tuple[Structure, Structure, Structure, Structure]:
    bits, word = ("64", ULONG64) if wide else ("32", ULONG32)

    def at(narrow: int, wider: int) -> int:
        return wider if wide else narrow

    device = Structure(
        f"DEVICE_OBJECT{bits}",
        [
            Field("Type", USHORT, "3", HEX),
            Field("Size", USHORT, "bytes of the object with its extension", SIZE, unit="bytes"),
            Field("ReferenceCount", ULONG32, "references", HEX),
            Field("DriverObject", word, "the driver that made it", ADDRESS, target=f"DRIVER_OBJECT{bits}"),
            Field("NextDevice", word, "next device of the driver", ADDRESS),
            Field("AttachedDevice", word, "device above it in the stack", ADDRESS),
            Field("CurrentIrp", word, "IRP that is worked on", ADDRESS),
        ],
        source=_WDM,
        meaning="A device object, its first fields.",
        pack=8,
    )
    driver = Structure(
        f"DRIVER_OBJECT{bits}",
        [
            Field("Type", USHORT, "4", HEX),
            Field("Size", USHORT, "bytes of the object", SIZE, unit="bytes"),
            Field("DeviceObject", word, "first device of the driver", ADDRESS),
            Field("Flags", ULONG32, "flags", HEX),
            Field("DriverStart", word, "where the driver was loaded", ADDRESS),
            Field("DriverSize", ULONG32, "bytes of the driver", SIZE, unit="bytes"),
            Field("DriverSection", word, "entry of the list of loaded modules", ADDRESS),
            Field("DriverExtension", word, "its extension", ADDRESS),
            Field("DriverName", UNICODE_STRING64 if wide else UNICODE_STRING32, "its name, such as \\Driver\\disk"),
        ],
        source=_WDM,
        meaning="A driver object, its first fields.",
        pack=8,
    )
    irp = Structure(
        f"IRP{bits}",
        [
            Field("Type", USHORT, "6", HEX),
            Field("Size", USHORT, "bytes of the IRP with its stack locations", SIZE, unit="bytes"),
            Field("StackCount", UCHAR, "stack locations", HEX, at=at(0x22, 0x42)),
            Field("CurrentLocation", UCHAR, "number of the current one", HEX),
            Field("CurrentStackLocation", word, "address of the current one", ADDRESS, at=at(0x60, 0xB8), target=f"IO_STACK_LOCATION{bits}"),
        ],
        source=_WDM,
        meaning="An I/O request packet: where its current stack location is.",
        pack=8,
        size=at(0x70, 0xD0),
    )
    location = Structure(
        f"IO_STACK_LOCATION{bits}",
        [
            Field("MajorFunction", UCHAR, "what is asked for, IRP_MJ_*", HEX),
            Field("MinorFunction", UCHAR, "what is asked for in particular", HEX),
            Field("DeviceObject", word, "the device that is asked", ADDRESS, at=at(0x14, 0x28), target=f"DEVICE_OBJECT{bits}"),
            Field("FileObject", word, "the file", ADDRESS),
            Field("CompletionRoutine", word, "routine of the driver above", ADDRESS),
            Field("Context", word, "its context", ADDRESS),
        ],
        source=_WDM,
        meaning="What an IRP asks of one driver.",
        pack=8,
    )
    return device, driver, irp, location


DEVICE_OBJECT64, DRIVER_OBJECT64, IRP64, IO_STACK_LOCATION64 = _structures(True)
DEVICE_OBJECT32, DRIVER_OBJECT32, IRP32, IO_STACK_LOCATION32 = _structures(False)

_MAJOR = (
    "CREATE CREATE_NAMED_PIPE CLOSE READ WRITE QUERY_INFORMATION SET_INFORMATION QUERY_EA SET_EA FLUSH_BUFFERS QUERY_VOLUME_INFORMATION "
    "SET_VOLUME_INFORMATION DIRECTORY_CONTROL FILE_SYSTEM_CONTROL DEVICE_CONTROL INTERNAL_DEVICE_CONTROL SHUTDOWN LOCK_CONTROL CLEANUP "
    "CREATE_MAILSLOT QUERY_SECURITY SET_SECURITY POWER SYSTEM_CONTROL DEVICE_CHANGE QUERY_QUOTA SET_QUOTA PNP"
)
MAJOR_FUNCTIONS: Dict[int, str] = dict(enumerate(_MAJOR.split()))
"""IRP_MJ_* without its first letters."""
POWER_REQUESTS: Dict[int, str] = {0: "IRP_MN_WAIT_WAKE", 1: "IRP_MN_POWER_SEQUENCE", 2: "IRP_MN_SET_POWER", 3: "IRP_MN_QUERY_POWER"}
"""Minor functions of IRP_MJ_POWER."""
