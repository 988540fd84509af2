"""Bug checks (stop codes): their names, and what their parameters mean.

Parameters are those of the pages of the Bug Check Code Reference (Microsoft Learn), in other words; :mod:`.bugcodes` has the
names of all. A code with 0x10000000 added (``1000007e``) is the same bug check in a triage dump whose first parameters were changed by the writer.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

from .bugcodes import BUG_CHECK_NAMES
from .bugparameters import NOT_DOCUMENTED, PARAMETERS
from .bugvalues import VALUES

MINI = 0x10000000
"""Added to a code by the writer of triage dumps (KERNEL_MODE_EXCEPTION_NOT_HANDLED_M and its like)."""

ADDRESS, STATUS, IRQL, ACCESS, NUMBER, TEXT, CODE, POINTER = "address", "ntstatus", "irql", "access", "number", "text", "code", "pointer"
UNICODE, DEVICE, DRIVER, REQUEST = "unicode", "device", "driver", "irp"


class Parameter(NamedTuple):
    """What one parameter means. ``kind``: ``code`` (address of an instruction), ``address`` (memory that was used), ``ntstatus``,
    ``irql``, ``access`` (0 read, 1 write, 2 or 8 execute), ``device``, ``driver`` and ``irp`` (their objects), ``unicode`` (a UNICODE_STRING),
    ``pointer`` (another structure), ``text`` (characters), ``number``."""

    kind: str
    meaning: str


class BugCheck(NamedTuple):
    """A bug check: its name, what it says in a sentence, its parameters, and what to do next."""

    name: str
    meaning: str
    parameters: Tuple[Parameter, ...]
    step: str = ""


def _p(text: str) -> Tuple[Parameter, ...]:
    """``kind:meaning|kind:meaning``: the parameters in order."""
    found = []
    for part in text.split("|") if text else ():
        kind, _, meaning = part.partition(":")
        found.append(Parameter(kind, meaning))
    return tuple(found)


_EXCEPTION = "ntstatus:exception code|code:address of the instruction that raised it|number:first parameter of the exception|number:second parameter"
_THREAD = "ntstatus:exception code|code:address of the instruction that raised it|pointer:exception record|pointer:context record"
_DRIVER = "look at the driver that the instruction belongs to: its version, and a newer one from its vendor"
_HARDWARE = "check the machine: cooling, voltage, firmware, memory test"
_POOL = "turn on Driver Verifier (special pool) to catch the driver that writes beyond its memory"
_UNKNOWN = "check the digits of the code; a driver may also stop the machine with a code of its own: open the dump in WinDbg and run `!analyze -v`"
_DISK = "check the disk and its cable, and run chkdsk"

_TABLE: Tuple[Tuple[int, str, str, str, str], ...] = (
    (
        0x01,
        "APC_INDEX_MISMATCH",
        "A thread returned from a system call with APCs disabled.",
        "code:system call|number:ApcStateIndex|number:CombinedApcDisable|number:call type",
        _DRIVER,
    ),
    (
        0x0A,
        "IRQL_NOT_LESS_OR_EQUAL",
        "Memory that is pageable or invalid was used at a raised IRQL.",
        "address:memory that was used|irql:IRQL at that time|access:kind of access|code:instruction that used it",
        _DRIVER,
    ),
    (0x18, "REFERENCE_BY_POINTER", "The reference count of an object is wrong.", "pointer:object type|pointer:object|number:reserved|number:reserved", _DRIVER),
    (
        0x19,
        "BAD_POOL_HEADER",
        "The header of a pool block is corrupt.",
        "number:kind of corruption|pointer:pool entry|number:depends on the kind|number:depends on the kind",
        _POOL,
    ),
    (
        0x1A,
        "MEMORY_MANAGEMENT",
        "The memory manager found its data corrupt.",
        "number:kind of corruption|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        _HARDWARE,
    ),
    (0x1E, "KMODE_EXCEPTION_NOT_HANDLED", "Kernel code raised an exception that nobody handled.", _EXCEPTION, _DRIVER),
    (
        0x24,
        "NTFS_FILE_SYSTEM",
        "ntfs.sys found a problem.",
        "number:source file and line|pointer:exception record|pointer:context record|number:reserved",
        _DISK,
    ),
    (
        0x34,
        "CACHE_MANAGER",
        "The cache manager found a problem.",
        "number:source file and line|pointer:exception record|pointer:context record|number:reserved",
        _DISK,
    ),
    (
        0x3B,
        "SYSTEM_SERVICE_EXCEPTION",
        "An exception happened while a system call ran.",
        "ntstatus:exception code|code:address of the instruction that raised it|pointer:context record|number:0",
        _DRIVER,
    ),
    (
        0x3D,
        "INTERRUPT_EXCEPTION_NOT_HANDLED",
        "An interrupt handler raised an exception.",
        "pointer:exception record|pointer:context record|number:reserved|number:reserved",
        _DRIVER,
    ),
    (
        0x44,
        "MULTIPLE_IRP_COMPLETE_REQUESTS",
        "A driver completed a request that was completed before.",
        "irp:IRP|number:reserved|number:reserved|number:reserved",
        _DRIVER,
    ),
    (
        0x4A,
        "IRQL_GT_ZERO_AT_SYSTEM_SERVICE",
        "A thread returns to user mode with IRQL above PASSIVE_LEVEL.",
        "code:system call|irql:IRQL|number:reserved|number:reserved",
        _DRIVER,
    ),
    (
        0x4E,
        "PFN_LIST_CORRUPT",
        "The list of page frames is corrupt.",
        "number:kind of corruption|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        _HARDWARE,
    ),
    (
        0x50,
        "PAGE_FAULT_IN_NONPAGED_AREA",
        "Memory was used that does not exist.",
        "address:memory that was used|access:kind of access|code:instruction that used it|number:kind of fault",
        _DRIVER,
    ),
    (0x51, "REGISTRY_ERROR", "The registry cannot be read or is corrupt.", "number:reserved|number:reserved|pointer:hive|number:return code", _DISK),
    (0x74, "BAD_SYSTEM_CONFIG_INFO", "The registry hive SYSTEM has errors.", "number:reserved|number:reserved|number:reserved|ntstatus:status", _DISK),
    (
        0x76,
        "PROCESS_HAS_LOCKED_PAGES",
        "A driver did not release pages that it had locked.",
        "number:kind|pointer:process|number:locked pages|pointer:driver stacks or 0",
        _DRIVER,
    ),
    (
        0x77,
        "KERNEL_STACK_INPAGE_ERROR",
        "A page of the kernel stack cannot be read from disk.",
        "ntstatus:status; 0, 1 or 2: the stack lacks its signature|ntstatus:I/O status, or what stands for the signature|"
        "number:page file number|number:offset in the page file, or where the signature should be",
        _DISK,
    ),
    (
        0x7A,
        "KERNEL_DATA_INPAGE_ERROR",
        "A page of kernel data cannot be read from disk.",
        "number:lock type or page table entry|ntstatus:I/O status|number:current process or address|address:address that was not read",
        _DISK,
    ),
    (
        0x7B,
        "INACCESSIBLE_BOOT_DEVICE",
        "Windows lost access to the partition that it starts from.",
        "device:device object or name|ntstatus:status|number:reserved|number:reserved",
        "check the storage driver and the firmware's controller mode",
    ),
    (0x7E, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED", "A system thread raised an exception that nobody handled.", _THREAD, _DRIVER),
    (
        0x7F,
        "UNEXPECTED_KERNEL_MODE_TRAP",
        "The processor raised a trap that the kernel cannot handle.",
        "number:trap number (8: double fault)|number:depends on the trap|number:depends on the trap|number:depends on the trap",
        _HARDWARE,
    ),
    (0x80, "NMI_HARDWARE_FAILURE", "The hardware failed and raised an NMI.", "number:reserved|number:reserved|number:reserved|number:reserved", _HARDWARE),
    (
        0x8E,
        "KERNEL_MODE_EXCEPTION_NOT_HANDLED",
        "Kernel code raised an exception that nobody handled.",
        "ntstatus:exception code|code:address of the instruction that raised it|pointer:trap frame|number:reserved",
        _DRIVER,
    ),
    (
        0x9C,
        "MACHINE_CHECK_EXCEPTION",
        "The processor reported a fatal machine check.",
        "number:bank|pointer:MCA_EXCEPTION|number:high half of MCi_STATUS|number:low half of MCi_STATUS",
        _HARDWARE,
    ),
    (
        0x9F,
        "DRIVER_POWER_STATE_FAILURE",
        "A driver is in an inconsistent power state.",
        "number:kind (3: a device blocks an IRP too long)|pointer:device object|pointer:depends on the kind|pointer:depends on the kind (3: blocked IRP)",
        "update the driver of the device; `!devstack` of parameter 2 names it",
    ),
    (
        0xA0,
        "INTERNAL_POWER_ERROR",
        "The power policy manager met a fatal error.",
        "number:kind|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        _HARDWARE,
    ),
    (
        0xA5,
        "ACPI_BIOS_ERROR",
        "The firmware's ACPI tables are not compliant.",
        "number:kind|pointer:depends on the kind|number:depends on the kind|number:depends on the kind",
        "update the firmware",
    ),
    (
        0xBE,
        "ATTEMPTED_WRITE_TO_READONLY_MEMORY",
        "A driver wrote to read-only memory.",
        "address:memory that was written to|number:page table entry|number:reserved|number:reserved",
        _DRIVER,
    ),
    (
        0xC1,
        "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION",
        "A driver wrote to a wrong part of special pool.",
        "address:memory that was freed (0x30, 0x31: IRQL)|number:depends on the kind|number:depends on the kind|number:kind",
        _DRIVER,
    ),
    (
        0xC2,
        "BAD_POOL_CALLER",
        "A thread makes a bad pool request.",
        "number:kind (7: freed twice)|number:depends on the kind|number:depends on the kind|pointer:depends on the kind (7: address)",
        _POOL,
    ),
    (
        0xC4,
        "DRIVER_VERIFIER_DETECTED_VIOLATION",
        "Driver Verifier found a fault of a driver.",
        "number:kind of violation|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        _DRIVER,
    ),
    (
        0xC5,
        "DRIVER_CORRUPTED_EXPOOL",
        "Corrupt pool was used at a raised IRQL.",
        "address:memory that was used|irql:IRQL|access:kind of access|code:instruction that used it",
        _POOL,
    ),
    (
        0xC9,
        "DRIVER_VERIFIER_IOMANAGER_VIOLATION",
        "Driver Verifier's I/O checks found a fault of a driver.",
        "number:kind of violation|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        _DRIVER,
    ),
    (
        0xCE,
        "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS",
        "Code of a driver ran that is no longer loaded.",
        "address:memory that was used|access:kind of access|code:instruction that used it|number:reserved",
        _DRIVER,
    ),
    (
        0xD1,
        "DRIVER_IRQL_NOT_LESS_OR_EQUAL",
        "A driver used pageable or invalid memory at a raised IRQL.",
        "address:memory that was used|irql:IRQL at that time|access:kind of access|code:instruction that used it",
        _DRIVER,
    ),
    (
        0xD5,
        "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL",
        "A driver used memory that it had freed.",
        "address:memory that was used|access:kind of access|code:instruction that used it|number:reserved",
        _DRIVER,
    ),
    (
        0xD6,
        "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION",
        "A driver used memory beyond the end of its allocation.",
        "address:memory that was used|access:kind of access|code:instruction that used it|number:reserved",
        _DRIVER,
    ),
    (
        0xD8,
        "DRIVER_USED_EXCESSIVE_PTES",
        "A driver used up the system's page table entries.",
        "unicode:name of the driver or 0|number:entries used|number:free entries|number:all entries",
        _DRIVER,
    ),
    (
        0xDE,
        "POOL_CORRUPTION_IN_FILE_AREA",
        "A driver corrupted pool that holds pages for disk.",
        "number:reserved|number:reserved|number:reserved|number:reserved",
        _POOL,
    ),
    (
        0xE2,
        "MANUALLY_INITIATED_CRASH",
        "Somebody made the machine crash by keyboard.",
        "number:reserved|number:reserved|number:reserved|number:reserved",
        "this is no fault: look at what hung at the time",
    ),
    (
        0xEA,
        "THREAD_STUCK_IN_DEVICE_DRIVER",
        "A thread of a driver goes round in a loop.",
        "pointer:thread|pointer:DEFERRED_WATCHDOG|unicode:name of the driver|number:how often it was seen (1 on the blue screen)",
        "update the display driver; check the graphics card",
    ),
    (
        0xED,
        "UNMOUNTABLE_BOOT_VOLUME",
        "The boot volume cannot be mounted.",
        "device:device object of the volume|ntstatus:status of the file system|number:reserved|number:reserved",
        _DISK,
    ),
    (
        0xEF,
        "CRITICAL_PROCESS_DIED",
        "A process ended that Windows cannot run without.",
        "pointer:process (or thread)|number:0 process, 1 thread|number:reserved|number:reserved",
        "look for what ended the process; check system files (sfc /scannow)",
    ),
    (
        0xF4,
        "CRITICAL_OBJECT_TERMINATION",
        "A process or thread ended that Windows cannot run without.",
        "number:3 process, 6 thread|pointer:object|pointer:name of its image|pointer:message",
        "look for what ended the process; check the disk",
    ),
    (
        0xF7,
        "DRIVER_OVERRAN_STACK_BUFFER",
        "A driver wrote beyond a buffer on its stack.",
        "number:cookie found|number:cookie expected|number:its complement|number:reserved",
        _DRIVER,
    ),
    (
        0xFC,
        "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY",
        "Memory was executed that is not executable.",
        "address:memory that was executed|number:page table entry|number:reserved|number:reserved",
        _DRIVER,
    ),
    (
        0x101,
        "CLOCK_WATCHDOG_TIMEOUT",
        "A processor does not answer clock interrupts.",
        "number:clock ticks of the timeout|number:0|pointer:PRCB of the hung processor|number:0, or the index of the hung processor",
        _HARDWARE,
    ),
    (
        0x109,
        "CRITICAL_STRUCTURE_CORRUPTION",
        "Kernel code or data was changed.",
        "number:reserved|number:reserved|number:reserved|number:kind of what was changed",
        "look for drivers that patch the kernel, and check memory",
    ),
    (
        0x10D,
        "WDF_VIOLATION",
        "A framework-based driver has a fault.",
        "number:kind|pointer:depends on the kind|number:depends on the kind|number:reserved",
        _DRIVER,
    ),
    (
        0x10E,
        "VIDEO_MEMORY_MANAGEMENT_INTERNAL",
        "The video memory manager is in a state that it cannot leave.",
        "number:kind|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        "update the display driver",
    ),
    (0x111, "RECURSIVE_NMI", "An NMI happened while another was handled.", "number:reserved|number:reserved|number:reserved|number:reserved", _HARDWARE),
    (
        0x113,
        "VIDEO_DXGKRNL_FATAL_ERROR",
        "The DirectX graphics kernel met a fatal error.",
        "number:kind|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        "update the display driver",
    ),
    (
        0x116,
        "VIDEO_TDR_FAILURE",
        "The display driver did not recover from a timeout.",
        "pointer:TDR recovery context|code:code of the driver that is responsible|ntstatus:status of the last operation|number:internal",
        "update the display driver; check the graphics card's cooling",
    ),
    (
        0x117,
        "VIDEO_TDR_TIMEOUT_DETECTED",
        "The display driver did not answer in time.",
        "pointer:TDR recovery context|code:code of the driver that is responsible|number:secondary information|number:internal",
        "update the display driver",
    ),
    (
        0x119,
        "VIDEO_SCHEDULER_INTERNAL_ERROR",
        "The video scheduler found a fatal violation.",
        "number:kind|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        "update the display driver",
    ),
    (
        0x122,
        "WHEA_INTERNAL_ERROR",
        "The Windows hardware error architecture met an error of its own.",
        "number:kind|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        _HARDWARE,
    ),
    (
        0x124,
        "WHEA_UNCORRECTABLE_ERROR",
        "The hardware reported an error that cannot be corrected.",
        "number:error source (0: machine check, 4: PCI Express)|pointer:WHEA_ERROR_RECORD|number:high half of MCi_STATUS|number:low half of MCi_STATUS",
        _HARDWARE,
    ),
    (
        0x12B,
        "FAULTY_HARDWARE_CORRUPTED_PAGE",
        "A page of memory changed by itself.",
        "address:virtual address of the corrupted page|number:physical page number|number:reserved|number:reserved",
        _HARDWARE,
    ),
    (
        0x133,
        "DPC_WATCHDOG_VIOLATION",
        "A DPC, or IRQL at DISPATCH_LEVEL, lasted too long.",
        "number:0 one DPC, 1 the sum at DISPATCH_LEVEL or above|number:ticks that it took|number:ticks that are allowed, or a triage block|number:reserved",
        "update the driver at the top of the stack, storage and network drivers first",
    ),
    (
        0x139,
        "KERNEL_SECURITY_CHECK_FAILURE",
        "The kernel found a critical structure corrupt (fail fast).",
        "number:fail-fast code (3: LIST_ENTRY corrupt)|pointer:trap frame|pointer:exception record|number:reserved",
        _DRIVER,
    ),
    (
        0x13A,
        "KERNEL_MODE_HEAP_CORRUPTION",
        "The kernel heap is corrupt.",
        "number:kind of corruption|pointer:heap|pointer:address of the corruption|number:reserved",
        _POOL,
    ),
    (
        0x144,
        "BUGCODE_USB3_DRIVER",
        "The USB 3 stack found a fault.",
        "number:kind|pointer:depends on the kind|number:depends on the kind|number:depends on the kind",
        "update firmware and driver of the USB controller or device",
    ),
    (
        0x14F,
        "PDC_WATCHDOG_TIMEOUT",
        "A system component did not answer in time.",
        "number:id of the hung client|number:kind (1 notification, 2 resiliency, 3 activator, 0x100 win32k)|pointer:client|pointer:PDC_14F_TRIAGE",
        _DRIVER,
    ),
    (
        0x154,
        "UNEXPECTED_STORE_EXCEPTION",
        "The store of compressed memory met an exception.",
        "pointer:store context|pointer:exception information|number:reserved|number:reserved",
        _DISK,
    ),
    (
        0x15F,
        "CONNECTED_STANDBY_WATCHDOG_TIMEOUT_LIVEDUMP",
        "Standby did not go on in time.",
        "number:kind|number:depends on the kind|number:depends on the kind|number:reserved",
        _DRIVER,
    ),
    (
        0x161,
        "LIVE_SYSTEM_DUMP",
        "Somebody asked for a dump of the running system.",
        "number:reserved|number:reserved|number:reserved|number:reserved",
        "this is no fault",
    ),
    (
        0x18B,
        "SECURE_KERNEL_ERROR",
        "The secure kernel met a fatal error.",
        "number:reserved|number:reserved|number:reserved|number:reserved",
        "update the firmware",
    ),
    (
        0x192,
        "KERNEL_AUTO_BOOST_LOCK_ACQUISITION_WITH_RAISED_IRQL",
        "A lock was taken at a raised IRQL.",
        "pointer:thread|pointer:lock|irql:IRQL at which the lock was taken|number:reserved",
        _DRIVER,
    ),
    (
        0x19C,
        "WIN32K_POWER_WATCHDOG_TIMEOUT",
        "win32k did not turn the monitor on in time.",
        "number:kind|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        "update the display driver",
    ),
    (
        0x1AA,
        "EXCEPTION_ON_INVALID_STACK",
        "An exception happened on a stack that is not valid.",
        "pointer:stack|number:kind of stack|pointer:exception record|pointer:context record",
        _DRIVER,
    ),
    (
        0x1C7,
        "STORE_DATA_STRUCTURE_CORRUPTION",
        "The memory store found its data corrupt.",
        "number:kind|number:depends on the kind|number:depends on the kind|number:depends on the kind",
        _HARDWARE,
    ),
    (
        0x1C8,
        "MANUALLY_INITIATED_POWER_BUTTON_HOLD",
        "Somebody held the power button.",
        "number:milliseconds that it was held|pointer:POP_POWER_BUTTON_TRIAGE_BLOCK|number:reserved|number:reserved",
        "this is no fault: look at what hung at the time",
    ),
    (
        0x1CA,
        "SYNTHETIC_WATCHDOG_TIMEOUT",
        "The whole machine made no progress for a time.",
        "number:time since the watchdog was reset, in interrupt time|number:interrupt time now|number:QPC timestamp now|number:index of the clock processor",
        _HARDWARE,
    ),
    (
        0xC000021A,
        "WINLOGON_FATAL_ERROR",
        "A process of user mode that Windows cannot run without failed.",
        "pointer:message|ntstatus:status|number:reserved|number:reserved",
        "check system files (sfc /scannow)",
    ),
    (
        0xDEADDEAD,
        "MANUALLY_INITIATED_CRASH1",
        "Somebody made the machine crash by a tool.",
        "number:reserved|number:reserved|number:reserved|number:reserved",
        "this is no fault",
    ),
)

BUG_CHECKS: Dict[int, BugCheck] = {code: BugCheck(name, meaning, _p(parameters), step) for code, name, meaning, parameters, step in _TABLE}


def plain_code(code: int) -> int:
    """The code without what the writer of a triage dump adds."""
    return code & ~MINI if code & 0xF0000000 == MINI else code


def bug_check(code: int) -> BugCheck:
    """The bug check of a code; one without a name says so."""
    plain = plain_code(code)
    found = BUG_CHECKS.get(plain)
    if found is not None:
        return found
    row = PARAMETERS.get(plain)
    if row is None:
        return BugCheck("", "This code is not in the Bug Check Code Reference.", (Parameter(NUMBER, NOT_DOCUMENTED),) * 4, _UNKNOWN)
    return BugCheck(BUG_CHECK_NAMES[plain], row.meaning, tuple(Parameter(kind, meaning) for kind, meaning in row.parameters), row.step)


def value_words(code: int, index: int, value: int) -> str:
    """What the reference says of a value of a parameter (``index`` from 1); an empty string where it lists none."""
    found = VALUES.get((plain_code(code), index), {}).get(value)
    return "" if found is None else found.meaning


def explained(code: int, first: Optional[int]) -> Tuple[Parameter, ...]:
    """The four parameters of a code; where the first one is a kind that the reference lists, the others are those of that kind."""
    parameters = bug_check(code).parameters
    found = None if first is None else VALUES.get((plain_code(code), 1), {}).get(first)
    if found is None:
        return parameters
    others = tuple(Parameter(kind, meaning) for kind, meaning in found.others)
    return parameters[:1] + others + parameters[1 + len(others) :]
