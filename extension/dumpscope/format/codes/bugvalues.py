"""Values of bug check parameters: what each says, and what the other three parameters mean then.

Source: the page of each code in the Bug Check Code Reference (Microsoft Learn), in other words. ``=code`` begins the values of parameter 1
of a code, ``=code.3`` those of its third. A line is a value (several with commas), what it says, and, where the page gives them, parameters 2, 3 and 4
in the notation of :mod:`.bugparameters`. Rules of DDI compliance checking beyond those that are named here are one kind (:data:`RULE`), and details
of firmware tables of 0xA5 are left out.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

from .bugkinds import KINDS
from .bugparameters import parameter

_RULES = (
    "20002 IrqlApcLte IrqlDispatch IrqlExAllocatePool IrqlExApcLte1 IrqlExApcLte2 IrqlExApcLte3 IrqlExPassive IrqlIoApcLte IrqlIoPassive1 IrqlIoPassive2 "
    "IrqlIoPassive3 IrqlIoPassive4 IrqlIoPassive5 IrqlKeApcLte1 IrqlKeApcLte2 IrqlKeDispatchLte|20015 IrqlKeReleaseSpinLock IrqlKeSetEvent|"
    "20019 IrqlMmApcLte IrqlMmDispatch IrqlObPassive IrqlPsPassive IrqlReturn IrqlRtlPassive IrqlZwPassive|20022 IrqlIoDispatch|40003 CriticalRegions|"
    "40006 QueuedSpinLock QueuedSpinLockRelease|40009 SpinLock SpinlockRelease|4000e GuardedRegions"
)
"""Rules of DDI compliance checking, in runs without a gap; 0xC4 and 0x1C4 have them."""
_LIVE_RULES = (
    "71001 PcIrqlDDIs|71003 PcIrqlIport PcUnmapAllocatedPages PcAllocatedPages PcRegisterAdapterPower PcAddAdapterDevice PcPropertyRequest "
    "PcAllocateAndMapPages PcPoRequestPowerIrp|72001 PcTimedWaveRtStreamSetState|81001 KsDeviceMutex KsStreamPointerClone KsStreamPointerLock "
    "KsStreamPointerUnlock KsCallbackReturn KsIrqlDeviceCallbacks KsIrqlFilterCallbacks KsIrqlPinCallbacks KsIrqlDDIs KsFilterMutex KsProcessingMutex|"
    "82001 KsTimedPinSetDeviceState KsTimedDeviceCallbacks KsTimedFilterCallbacks KsTimedPinCallbacks KsTimedProcessingMutex"
)
_SOURCES = (
    "machine check|corrected machine check|corrected platform error|NMI|PCI Express error|generic hardware error|initialization error|BOOT error|"
    "generic error of the system control interrupt|Itanium machine check abort|corrected Itanium machine check|corrected Itanium platform error"
)
"""Error sources of WHEA, in the order of their numbers."""
_WATCHDOGS = """
0|the source was not given
1|a resource host (RHS) did not go away at a regular end
2|a resource host was asked to stop the machine at a deadlock
3|a resource raised an exception that it did not handle; its host did not go away
4|a resource host met an exception; it did not go away
5|a resource is deadlocked; its host did not go away
6|a resource type is deadlocked; its host did not go away
7|the cluster service met an exception; it did not go away
8|another node asked to stop this one
9|the watchdog of the cluster service expired
a|the cluster service sent no heartbeat
65|a resource is deadlocked: a physical disk
66|a resource is deadlocked: a storage pool
67|a resource is deadlocked: a file server
68|a resource is deadlocked: a scale-out file server
69|a resource is deadlocked: storage replica
6a|a resource is deadlocked: storage QoS
6b|a resource is deadlocked: NFS
c9|a resource type is deadlocked: physical disks
ca|a resource type is deadlocked: storage pools
cb|a resource type is deadlocked: file servers
cc|a resource type is deadlocked: scale-out file servers
cd|a resource type is deadlocked: storage replica
ce|a resource type is deadlocked: storage QoS
cf|a resource type is deadlocked: NFS
"""
_NDIS_WATCHDOG = "25|NDIS waited too long for another driver|operation (0x11 pausing a filter, 0x21 a miniport, 0x23 an OID of a miniport …)|"
_NDIS_WATCHDOG += "p:NDIS_WATCHDOG_TRIAGE_BLOCK|depends on the operation (event, status or OID code)"

_TEXT = f"""
=12
1|unexpected interrupt|interrupt vector|-|-
2|unknown floating point exception
3|status bits that are enabled and asserted
=19
2|the pattern of special pool was changed; the owner has likely corrupted the block|p:pool entry|size of the block|0
3|the free list is corrupt (parameters 2, 3 and 4 should be equal)|p:pool entry|p:flink that was read|p:blink that was read
5|headers of two entries beside each other contradict|p:one entry|-|p:the other entry
6|the previous size in a header is too large|p:entry that was calculated wrongly|-|p:bad entry
7|the size in a header is corrupt|0|-|p:bad entry
8|the size in a header is 0|0|-|p:bad entry
9|the size in a header is too large|p:entry that was calculated wrongly|-|p:bad entry
a|the size in a header is corrupt|p:entry that should have been found|-|p:page that should hold it
d,e,f,23,24,25|the header of a free block was changed, mostly by an overrun of the block before it|-|-|-
20|the size in a header is corrupt|p:entry that should have been found|p:next entry|-
21|what follows the block is corrupt: mostly an overrun by the one that frees it|p:block that is freed|bytes of the block|value that was found after it
22|an address is freed that has no tracking entry: freed twice, or never allocated|p:address|-|-
=1a
1|the reference count of a fork clone block is corrupt (checked builds)
31|relocations or code of an image are corrupt; probably hardware
403|page table and page frames do not match; probably hardware, above all if parameters 3 and 4 differ in one bit
411|a page table entry is corrupt|p:page table entry
777|a system cache address is unlocked that is not locked
778|the last view of the system cache is used
780,781|the page table entries of a system cache view are corrupt
1000|a cached page was to be mapped as not cached
1010|a pageable section is unlocked that is not locked
1233|a driver maps a physical page that is not locked|page frame number
1234|a pageable section is locked that does not exist
1235|an MDL is protected that has an invalid mapping
3451|the page table entries of a swapped-out kernel stack are corrupt
4477|a driver wrote to an address in user space of the system process that is not allocated|a:address
5003|the free list of the working set is corrupt; probably hardware
5100|the allocation bitmap is corrupt
5200|a page of a free pool list is corrupt: written after it was freed, or an overrun|p:free block|value that was found|value that was expected
8884|two pages of the standby list differ in priority (Windows 7)|reserved|reserved|the two priorities
8888,8889|structures of the memory manager are corrupt
888a|structures of the memory manager are corrupt, likely a page table entry or page frame
41283|the working set index in a page table entry is corrupt
41284|a page table entry or the working set list is corrupt
41286|an invalid pool address is freed
41287|a page fault happened while the working set was locked|a:address
41785|the working set list is corrupt
41790|a page table page is corrupt|p:page frame entry (32-bit: count of page table entries in use)|reserved (32-bit: entries in use)
41792|a page table entry is corrupt|p:page table entry|low part of the entry|high part of the entry
61940|a page directory entry was invalidated, which nobody expected
61941|the paging hierarchy is corrupt|a:address that faulted
61946|an MDL is wrong: the driver that calls MmProbeAndLockPages is at fault
61949|a page frame node of the I/O manager is null|page frame index
3030303|the boot loader is broken (Itanium)
3030308|a range to remove is in use by the loader|highest physical page
=4e
1|the head of the list is corrupt|p:list head|pages available|0
2|an entry of the list is corrupt|entry that is removed|highest page number|its reference count
7|a driver unlocked a page more often than it locked it|page frame number|share count|0
8d|the list of free pages is corrupt; most likely hardware|page frame number|0|0
8f|the head of the free or zeroed list is corrupt|new page number|old page number|0
99|a page table entry or page frame is corrupt|page frame number|state of the page|0
9a|a driver frees a page that is locked for I/O|page frame number|state of the page|reference count
=79
1|release levels of the PRCB differ|level of the kernel|level of the HAL|-
2|build types differ|build type of the kernel|build type of the HAL|-
3|loader and HAL differ|size of the loader extension|its major version|its minor version
=7c
1|a driver allocates shared memory at a raised IRQL|p:miniport adapter|length that was asked for|i:IRQL
2|a page of shared memory is corrupt|p:miniport adapter|p:page|p:NDIS_WRAPPER_CONTEXT
3|a driver frees shared memory that is free|p:miniport adapter|p:page of the memory|p:address of the memory
4|AddDevice was called for a driver that is not registered with NDIS|p:NDIS_M_DRIVER_BLOCK|o:DRIVER_OBJECT|0
5,6,7,12,13|a driver indicated a packet that the protocol stack still uses|p:miniport adapter|p:packet|p:array of packets
8|a driver did not deregister its interrupt while it was halted|p:miniport adapter|p:NDIS_MINIPORT_INTERRUPT|0
9|a driver was halted with timers that were not cancelled|p:miniport adapter|p:NDIS_MINIPORT_TIMER|0
a|a driver is unloaded too early|p:NDIS_M_DRIVER_BLOCK|o:DRIVER_OBJECT|reference count
b,10|a driver failed to initialize and did not deregister its interrupt|p:miniport adapter|p:NDIS_MINIPORT_INTERRUPT|0
c,11|a driver failed to initialize with timers that were not cancelled|p:miniport adapter|p:NDIS_MINIPORT_TIMER|0
d|a driver did not deregister its interrupt, halted from its initialization|p:miniport adapter|p:NDIS_MINIPORT_INTERRUPT|0
e|a driver did not cancel its timers, halted from its initialization|p:miniport adapter|p:NDIS_MINIPORT_TIMER|0
f|a driver completes a reset that nobody asked for|p:miniport adapter|status of the reset|AddressingReset
14|NdisWaitEvent was called at a wrong IRQL|i:IRQL|0|0
15|a driver called a routine for older drivers|p:miniport adapter|0|0
16|a protocol opened an adapter wrongly while it was bound|p:protocol|p:NDIS_BIND_CONTEXT|p:open handle
17|an interface provider left with interfaces|p:provider|0|0
1b|an interface would make a loop in the stack table|HigherLayerIfIndex|LowerLayerIfIndex|0
1c|a driver failed an OID request that must not fail|p:miniport adapter|OID|NDIS status
1d|a driver completed an OID request wrongly|p:miniport adapter or filter|p:NDIS_OID_REQUEST|0
1e|a reference count of NDIS is wrong|0|p:NDIS_REFCOUNT_BLOCK|reference tag
1f|a driver changed its state wrongly|1 pause, 2 restart completed|p:miniport adapter|0
20|a driver indicated an invalid status|kind of indication|p:driver instance|p:payload
21|a driver made an invalid NDIS_OBJECT_HEADER|p:driver|p:object|0
22|a driver indicated an invalid Plug and Play event|p:driver|p:NET_PNP_EVENT_NOTIFICATION|0
23|error in the Packet Direct path|kind of error|depends on that kind|depends on that kind
24|an operation inside NDIS failed|operation (1 KeWaitForSingleObject)|status|0
{_NDIS_WATCHDOG}
26|a driver completed an OID request that is not pending|p:miniport driver|p:OID request|0
27|a driver leaked a NET_BUFFER_LIST|1: found by the tracker; look at the stack|0|0
=7f
0|divide error
1|debug trap
3|breakpoint
4|overflow
5|bound check
6|invalid opcode: mostly memory that is corrupt
7|no coprocessor
8|double fault: a kernel stack that overflowed, or hardware
a|invalid TSS
b|segment not present
c|stack fault
d|general protection fault
e|page fault
12|machine check
=85
0|the font of the HAL is not valid|0|0|not used
1|the display could not be set up|step that failed (0 open … 6 font)|s:status|not used
2|out of memory|0|0|not used
3|the keyboard could not be set up|0 no keyboard, 1 no layout|0|not used
4|the ARC name of the start device was not found|0|0|not used
5|the partitions are not plausible: a disk driver is at fault|-|-|not used
=9a
0|the product type was changed offline|0 should be WinNT, 1 a server|part of the serial number|first two characters of the product type
1|the trial period was changed offline|time of source 1|part of the serial number|time of another source
2,6|a registry key could not be opened|s:status|0|0
3,4,7|a registry value is missing or cannot be read|s:status|0|0
5|the number of licensed processors was changed|see the setup code|invalid value|licensed number
8,9,18|a change notification failed|s:status|0|0
a|a workstation was made a server|0|0|0
14|no memory|size of the request|0|0
19|a suite runs that needs a domain controller|0|0|0
1b|the policy cache was changed|0|0|0
b,c,d,f,10,11,12,13,15,16,17,1a|a registry operation of licensing failed|s:status
=9e.3
{_WATCHDOGS}
=9f
1|a device object is freed that has an outstanding power request|v:device object|-|-
2|a device object completed a system power IRP and did not call PoStartNextPowerIrp|v:target device object, where known|v:device object|o:driver object, where known
3|a device object blocks an IRP too long|v:physical device object of the stack|p:TRIAGE_9F_POWER|r:blocked IRP
4|a power transition waited too long for the Plug and Play subsystem|timeout in seconds|p:thread that holds the Plug and Play lock|p:TRIAGE_9F_PNP
5|a device did not complete a directed power transition in time|v:physical device object|p:POP_FX_DEVICE|0
6|a device did not complete the callback of a directed power transition|p:POP_FX_DEVICE|1 power down, 0 power up|0
500|a device object completed a system power IRP and did not call PoStartNextPowerIrp|-|v:target device object, where known|v:device object
=a0
1|error of a power IRP|1 references, 2-4 inrush IRPs, 5 passive level, 6 no IRP|limit, or target device object|6: 0 system, 1 device IRP
2|a power event failed inside|-|-|-
3|the checksum of the hibernation context is wrong|expected|actual|line of the source
4|the checksum of a page for the hibernation file is wrong|expected|actual|line of the source
5|an unknown shutdown code|-|-|-
7|an exception was not handled|-|-|-
8|a system power event failed|always 0x100|v:device object|p:POWER_CHANNEL_SUMMARY
9|the hibernation file could not be prepared|s:status|mirroring phase|-
a|somebody asked to stop the machine while it wakes|0 at once, 1 after non-pageable devices, 2 after all devices|-|-
b|the hibernation file is too small|size of the file|progress (0 map … 5 memory image)|size that remains
c|the dump stack did not initialize|s:status|p:dump stack context|-
101|an exception was not handled during a power event|-|p:exception|-
102|the hibernation buffer is not aligned|-|p:DUMP_INITIALIZATION_CONTEXT|p:POP_HIBER_CONTEXT
103|pages were not accounted for during hibernation|-|p:POP_HIBER_CONTEXT|-
104,105|hibernation memory was mapped in a wrong way|-|p:POP_HIBER_CONTEXT|-
106|an MDL of hibernation is not aligned|-|p:MDL|-
107|hibernation data do not match|-|p:POP_HIBER_CONTEXT|p:PO_MEMORY_RANGE_ARRAY
108|the disk did not write part of the hibernation file|-|p:POP_HIBER_CONTEXT|-
109|the checksum of the processor state is wrong|-|expected|actual
10a|the disk did not read or write part of the hibernation file|-|p:POP_HIBER_CONTEXT|s:status
10b|pages were marked for hibernation at the wrong time|-|progress|-
10c|PoSetHiberRange got invalid parameters|-|flags|length
200|an unknown device is checked for idleness|-|v:DEVICE_OBJECT|p:DEVICE_OBJECT_POWER_EXTENSION
300,301|the battery gave an unknown status or state|-|v:DEVICE_OBJECT|r:IRP
400|a device has too many references|-|p:IO_STACK_LOCATION|v:DEVICE_OBJECT
401,402,403|too many inrush power IRPs wait|-|p:list of IRPs|v:DEVICE_OBJECT
404|a power IRP was sent to a device of passive level|-|p:IO_STACK_LOCATION|v:DEVICE_OBJECT
500|a thermal power IRP gave an unknown status|-|r:IRP|v:DEVICE_OBJECT
600|a driver registers twice with the power framework|v:physical device object|-|-
601|no power engine plug-in accepted a device|p:POP_FX_DEVICE|p:PEP_DEVICE_REGISTER|-
602|sleep and activation counts of a device node differ|p:DEVICE_NODE|sleep count|-
603|a power engine plug-in asked for invalid work|p:POP_FX_PLUGIN|kind of request|-
605|a power engine plug-in refused a notification|ID of the notification|p:POP_FX_PLUGIN|-
606|a power engine plug-in repeated a condition of a component|p:POP_FX_COMPONENT|its flags|new condition
607|a lock against removal could not be taken|p:POP_FX_DEVICE|s:status|-
608|a driver made a component idle that was not active|p:POP_FX_COMPONENT|its flags|-
609|a power engine plug-in repeated a request|p:POP_FX_PLUGIN|p:POP_FX_DEVICE|0 power required, 1 not required
610|a power engine plug-in gave up power while it asks for it|p:POP_FX_PLUGIN|p:POP_FX_DEVICE|-
611|a power engine plug-in named an invalid component|p:POP_FX_PLUGIN|p:POP_FX_DEVICE|index of the component
=a2
2|a table page failed its check|page number|0, or index of the run|0
3|the checksum of a range is wrong|first page of the range|pages of the range|page of the table
=a5
1|no interrupt vector for the SCI was given to ACPI|p:device extension|p:resource list|0 no list, 1 no IRQ in it
2|the resources of the PCI root buses cannot be processed|p:ACPI extension of the bus|kind of problem|depends on it
3|a control method failed while devices were made|p:ACPI object|value of the interpreter|name of the method
4|_PRW has no integer where one must be|p:ACPI extension|p:method|data type
5|_PRW has fewer than two elements|p:ACPI extension|p:_PRW|elements
6|a named object was not found|p:ACPI extension|p:_PRx|p:name
7|a method did not give a buffer|p:ACPI extension|p:method|data type
8|a method did not give an integer|p:ACPI extension|p:method|data type
9|a method did not give a package|p:ACPI extension|p:method|data type
a|a method did not give a string|p:ACPI extension|p:method|data type
b|the object of an _EJD was not found|p:ACPI extension|status of the interpreter|name of the object
c|data for a dock are wrong|p:ACPI extension|p:_EJD|0 no dock, 1 two devices
d|a required method or object is missing (_HID or _ADR)|p:ACPI extension|name of the method|0 base case, 1 conflict
e|a required method of a power resource is missing|p:power resource|name of the method|0 base case
f|a resource descriptor cannot be parsed|p:buffer|its tag|its length
10|states of system and devices cannot be matched
11|the machine could not enter ACPI mode
14|a resource descriptor is too long|p:buffer|its tag|p:its length
15|a table could not be loaded|p:AML context|reason (1-4)|s:status
16|an object was declared under one that has no children|p:parent|p:child|-
2001|the PIC method failed|interrupt model|value of the interpreter|p:PIC method
10001|an interrupt could not be routed|v:device object|p:its parent|p:_PRT
10002|a link node of a _PRT was not found|v:device object|p:name|p:_PRT
10003|a _PRT has no entry for a device|v:device object|device and function|p:_PRT
10005|an entry of a _PRT names a function|p:_PRT|p:entry|device and function
10006|a link node cannot be disabled|p:link node|0|0
10007|a _PRT names a vector that no I/O APIC has|vector|0|0
10008|the level of the SCI is invalid|level|0|0
10009|the table FADT was not found|0|0|0
1000a|the table RSDP or XSDT was not found|0|0|0
1000b|the length of a table does not fit its revision|t:signature|p:table|0
20000|the timer of the FADT does not work|I/O port|0|0
=bd
1|fewer processors than before|processors before|processors after|-
=c2
0|0 bytes were asked for|0|pool type|t:pool tag
1,2,4|a pool header is corrupt|p:pool header|first part of the header|0
6|pool is freed that is free already|-|p:pool header|header
7|pool is freed that is free already|-|header|p:block
8|pool was asked for at a wrong IRQL|i:IRQL|pool type|bytes
9|pool is freed at a wrong IRQL|i:IRQL|pool type|p:block
a|pool is freed with a wrong tag|p:block|t:tag of the allocation|t:tag of the one that frees it
b,c,d|quota of a corrupt allocation is given back|p:block|t:pool tag|p:bad process pointer
40|kernel pool is freed at an address of user mode|p:address|start of the system space|0
41,47|nonpaged pool is freed that is not allocated|p:address|page frame|highest page frame
42,43|an address is freed that was never in a pool|p:address|0|0
44|nonpaged pool is freed that is not allocated|p:address|-|0
46|an invalid pool address is freed|p:address|0|0
48|paged pool is freed that is not allocated|p:address|-|-
50|paged pool is freed that is not allocated|p:address|page in the pool|size of the pool
60|contiguous memory is freed at an invalid address|p:address|0|0
99|pool is freed at an invalid address, or a header is corrupt|p:address|0|0
9a|MUST_SUCCEED was asked for|pool type|bytes|t:pool tag
9b|pool was asked for with tag 0|pool type|bytes|c:caller
9c|pool was asked for with the tag BIG|pool type|bytes|c:caller
9d|pool was asked for with a tag without letters and digits|t:tag|pool type|c:caller
41286|paged pool is freed in the middle of an allocation|-|-|page in the pool
=c4
0|0 bytes of pool were asked for|i:IRQL|pool type|0
1|paged memory was asked for above APC_LEVEL|i:IRQL|pool type|bytes
2|nonpaged memory was asked for above DISPATCH_LEVEL|i:IRQL|pool type|bytes
10|an address is freed that no allocation gave|a:address|0|0
11|paged pool is freed above APC_LEVEL|i:IRQL|pool type|p:pool
12|nonpaged pool is freed above DISPATCH_LEVEL|i:IRQL|pool type|p:pool
13,14|pool is freed that is free already|-|p:pool header|header
16|pool is freed at a bad address, or a memory routine got invalid parameters|-|p:pool|0
30|KeRaiseIrql got an invalid parameter|i:IRQL|i:IRQL asked for|0
31|KeLowerIrql got an invalid parameter|i:IRQL|i:IRQL asked for|0 bad, 1 invalid in a DPC
32|KeReleaseSpinLock was called at a wrong IRQL|i:IRQL|p:spin lock|0
33|a fast mutex is acquired above APC_LEVEL|i:IRQL|p:fast mutex|0
34|a fast mutex is released at a wrong IRQL|i:IRQL|p:fast mutex|0
35,36|a spin lock is released at a wrong IRQL|i:IRQL|spin lock or its number|i:old IRQL
37|a resource is acquired while APCs are on|i:IRQL|APC disable count|p:resource
38|a resource is released while APCs are on|i:IRQL|APC disable count|p:resource
39|a mutex is acquired unsafely at a wrong IRQL|i:IRQL|APC disable count|p:mutex
3a|a mutex is released unsafely at a wrong IRQL|i:IRQL|APC disable count|p:mutex
3c|ObReferenceObjectByHandle got a bad handle|handle|p:object type|0
3d|ExAcquireResourceExclusive got a resource that is not aligned|0|0|p:resource
3e|KeLeaveCriticalRegion was called outside a critical region|0|0|0
3f|an object is referenced whose count is 0|p:object|-1 dereference, 1 reference|0
40|KeAcquireSpinLockAtDpcLevel was called below DISPATCH_LEVEL|i:IRQL|p:spin lock|0
41|KeReleaseSpinLockFromDpcLevel was called below DISPATCH_LEVEL|i:IRQL|p:spin lock|0
42|KeAcquireSpinLock was called above DISPATCH_LEVEL|i:IRQL|p:spin lock|0
51|memory is freed that was written beyond its end|p:allocation|p:address after it|bytes charged
52|memory is freed that was written beyond its end|p:allocation|-|bytes charged
53,54,59|memory is freed that was written beyond its end|p:allocation|-|-
60|the driver is unloaded and did not free its pool|bytes of paged pool|bytes of nonpaged pool|allocations
61|a thread of the driver asks for pool while it is unloaded|bytes of paged pool|bytes of nonpaged pool|allocations
62|the driver is unloaded and did not free its pool|u:name of the driver|-|allocations
70|MmProbeAndLockPages was called above DISPATCH_LEVEL|i:IRQL|p:MDL|access mode
71,72|MmProbeAndLockProcessPages or its like was called above DISPATCH_LEVEL|i:IRQL|p:MDL|p:process
73|MmMapIoSpace was called above DISPATCH_LEVEL|i:IRQL|physical address|bytes
74,76|locked pages are mapped in kernel mode above DISPATCH_LEVEL|i:IRQL|p:MDL|access mode
75,77|locked pages are mapped in user mode above APC_LEVEL|i:IRQL|p:MDL|access mode
78|MmUnlockPages was called above DISPATCH_LEVEL|i:IRQL|p:MDL|0
79|locked pages are unmapped in kernel mode above DISPATCH_LEVEL|i:IRQL|a:address|p:MDL
7a|locked pages are unmapped in user mode above APC_LEVEL|i:IRQL|a:address|p:MDL
7b|MmUnmapIoSpace was called above APC_LEVEL|i:IRQL|a:address|bytes
7c|MmUnlockPages got an MDL that was never locked|p:MDL|flags of the MDL|0
7d|MmUnlockPages got an MDL of nonpaged pool|p:MDL|flags of the MDL|0
7e|pages of an MDL are allocated or freed above DISPATCH_LEVEL|i:IRQL|DISPATCH_LEVEL|0
7f|an MDL for nonpaged pool describes paged pool|i:IRQL|p:MDL|flags of the MDL
80|KeSetEvent was called above DISPATCH_LEVEL|i:IRQL|p:event|0
81|MmMapLockedPages was called, which is obsolete|p:MDL|flags of the MDL|0
82|MmMapLockedPagesSpecifyCache was called with BugCheckOnFailure|p:MDL|flags of the MDL|0
83|MmMapIoSpace maps pages that are not locked|physical address|bytes|first page that is not locked
85|MmMapLockedPages maps pages that are not locked|p:MDL|pages|first page that is not locked
89|an MDL names pages that are no memory and is not marked as I/O|p:MDL|p:page in the MDL|page number
91|the driver switched stacks in a way that is not supported|-|-|-
a0,a1,a2|the checksum of a disk sector is wrong|r:IRP or its copy|v:device object|sector
b0,b1,b2|an MDL has wrong flags for this call|p:MDL|flags of the MDL|wrong flags
b3|an MDL lacks flags for this call|p:MDL|flags of the MDL|flags of which one is needed
b4|MmUnlockPages got a partial MDL|p:MDL|flags of the MDL|partial flag
b8|an MDL is freed whose pages are mapped|p:MDL|flags of the MDL|-
c0|IoCallDriver was called with interrupts off|r:IRP|-|-
c1|a dispatch routine returned with interrupts off|c:dispatch routine|-|-
c2|a fast I/O routine was called with interrupts off|-|-|-
c3|a fast I/O routine returned with interrupts off|c:fast I/O routine|-|-
c5|a dispatch routine changed the APC disable count|c:dispatch routine|count now|count before
c6|a fast I/O routine changed the APC disable count|c:fast I/O routine|count now|count before
ca|a lookaside list is initialized twice|p:lookaside list|-|-
cb|a lookaside list is deleted that was not initialized|p:lookaside list|-|-
cc|pool is freed that holds an active lookaside list|p:lookaside list|p:pool|size of the pool
cd|a lookaside list has too small blocks|p:lookaside list|size of a block|least size
d0|an ERESOURCE is initialized twice|p:ERESOURCE|-|-
d1|an ERESOURCE is deleted that was not initialized|p:ERESOURCE|-|-
d2|pool is freed that holds an active ERESOURCE|p:ERESOURCE|p:pool|size of the pool
d5|tags of a remove lock differ (IoReleaseRemoveLock)|p:IO_REMOVE_LOCK|p:tag|-
d6|tags of a remove lock differ (IoReleaseRemoveLockAndWait)|p:IO_REMOVE_LOCK|p:tag now|p:tag before
d7|a remove lock is initialized twice|p:lock of the verifier|p:lock of the driver|-
da|a driver is unloaded with its WMI callback registered|c:start of the driver|c:WMI callback|-
db|a device object is deleted that is registered with WMI|v:device object|-|-
dc|EtwUnregister got an invalid handle|-|-|-
dd|a driver is unloaded that did not call EtwUnregister|c:call of EtwRegister|c:start of the driver|handle
df|a synchronization object is in session space|p:object
e0|a kernel function got an address of user mode|a:address|bytes|-
e1|a synchronization object is at an invalid or pageable address|p:object|-|-
e2|a kernel-mode IRP has an address of user mode|r:IRP|a:address|-
e3|a Zw routine got an address of user mode|c:call|a:address|-
e4|a Zw routine got a malformed UNICODE_STRING|c:call|p:UNICODE_STRING|-
e5|a kernel routine was called at a wrong IRQL|i:IRQL|-|-
e6|a Zw routine was not called at PASSIVE_LEVEL with APCs on|c:call|i:IRQL|special kernel APCs
ea|a push lock is acquired while APCs are on|i:IRQL|APC disable count|p:push lock
eb|a push lock is released while APCs are on|i:IRQL|APC disable count|p:push lock
f0|memcpy got buffers that overlap|p:destination|p:source|bytes
f5|ObReferenceObjectByHandle got a null handle|p:handle|p:object type|-
f6|a user-mode handle is used as one of kernel mode|handle|p:process|c:address in the driver
f7|a kernel handle is used as one of user mode in the system process|handle|p:object type|access mode
fa|a completion routine returned at another IRQL|c:completion routine|i:IRQL before|i:IRQL after
fb|a completion routine changed the APC disable count|c:completion routine|count now|count before
105|an IRP is freed with ExFreePool|r:IRP
10a|quota of the Idle process is charged
10b|quota is charged from a DPC
110|an interrupt routine changed the extended context|c:interrupt routine|p:context before|p:context after
111|an interrupt routine returned at another IRQL|c:interrupt routine|i:IRQL before|i:IRQL after
115|shutdown took more than 20 minutes|p:thread that may be deadlocked
11a|KeEnterCriticalRegion was called above APC_LEVEL|i:IRQL
11b|KeLeaveCriticalRegion was called above APC_LEVEL|i:IRQL
120|a thread waits above DISPATCH_LEVEL|p:IRQL|p:object|p:timeout
121|a thread waits at DISPATCH_LEVEL without a timeout|p:IRQL|p:object|p:timeout
122|a thread waits at DISPATCH_LEVEL with a timeout that is not 0|p:IRQL|p:object|p:timeout
123|a wait in user mode names an object that is on the kernel stack|p:object
130|a work item is in session space|p:work item
131|a work item is in pageable memory|p:work item
135|an IRP was canceled and not completed in time|r:IRP|milliseconds allowed
13a,13c|a freed pool block has a wrong value in its tracking data|p:block|wrong value|p:where it is
13b|a freed pool block has a wrong value in its tracking data|p:block|p:where it is|p:pointer to the wrong page
13d|a freed pool block has a wrong value in its tracking data|p:block|p:where it is|value expected
13e|ExFreePool got another address than the verifier has tracked|p:block given|p:block tracked|p:where that is kept
13f|ExFreePool frees another number of bytes than the verifier has tracked|p:block|bytes freed|p:bytes tracked
140|an MDL of pageable memory was built without locking it|i:IRQL|p:MDL|a:address of its memory
1000|deadlock: a thread acquires what it owns already|p:resource|-|-
1001|deadlock: locks are taken in contrary orders|p:resource that completed it|-|-
1002|a resource is acquired that was not initialized|p:resource|-|-
1003|resources are released in a wrong order|p:resource released|p:resource to be released first|-
1004|a thread releases what another one acquired|p:resource|p:thread that acquired it|p:current thread
1005|a resource is initialized twice|p:resource|-|-
1007|a resource is released that was not acquired|p:resource|-|-
1008|a lock is acquired by a routine for another kind of lock|p:lock|-|-
1009|a lock is released by a routine for another kind of lock|p:lock|-|-
100a|a thread ended that owns a lock|p:thread|-|-
100b|a lock is deleted that a thread owns|p:lock|p:thread|-
2000|a Storport miniport gave StorPortInitialize a null pointer|o:driver object|p:context|-
a001|VM switch: a NET_BUFFER_LIST has no source handle|p:NET_BUFFER_LIST|p:switch|-
a002|VM switch: the forwarding detail of a NET_BUFFER_LIST is not 0|p:NET_BUFFER_LIST|p:switch|-
a003|VM switch: a NET_BUFFER_LIST has no header or routing context|p:NET_BUFFER_LIST|p:switch|-
a004|VM switch: port and NIC index do not fit together|port|NIC index|p:switch
a005|VM switch: an invalid destination|p:NET_BUFFER_LIST|p:destinations|p:switch
a006|VM switch: an invalid source NIC or port|p:NET_BUFFER_LIST|p:switch|-
a007|VM switch: an invalid list of destinations|p:NET_BUFFER_LIST|p:switch|-
a008|VM switch: a NIC is referenced where it may not be|p:parent NIC|NIC index|p:switch
a009|VM switch: a port is referenced where it may not be|p:port|p:switch|-
a00a|VM switch: the failure context is set already|p:NET_BUFFER_LIST|p:kind of context|-
a00b|VM switch: a dropped NET_BUFFER_LIST has an invalid direction|p:NET_BUFFER_LIST|flags|p:switch
a00c|VM switch: a chain sent as of one source has several|p:NET_BUFFER_LIST|flags|p:switch
a00d|VM switch: a chain sent to a group has an invalid destination|p:NET_BUFFER_LIST|p:context|p:switch
=c7
0|a timer object is where none may be|p:timer|p:start of the memory|p:end of the memory
1|a DPC object is where none may be|p:DPC|p:start of the memory|p:end of the memory
2|a DPC routine is where none may be|c:DPC routine|p:start of the memory|p:end of the memory
3|the processor number of a DPC is wrong|p:DPC|processor number|processors
4|a DPC routine changed the APC disable count|c:DPC routine|count before|count after
5|a timer DPC routine changed the APC disable count|c:DPC routine|count before|count after
=c9
1|an object is freed as IRP that is none|r:IRP|0|0
2|an IRP is freed that still belongs to a thread|r:IRP|0|0
3|IoCallDriver got something that is no IRP|r:IRP|0|0
4|IoCallDriver got an invalid device object|v:device object|0|0
5|the IRQL changed during a dispatch routine|v:device object|i:IRQL before|i:IRQL after
6|IoCompleteRequest was called with a pending status|s:status|r:IRP|0
7|IoCompleteRequest was called with a cancel routine set|c:cancel routine|r:IRP|0
8|IoBuildAsynchronousFsdRequest got an invalid buffer|v:device object|major function|s:exception code
9|IoBuildDeviceIoControlRequest got an invalid buffer|v:device object|control code|s:exception code
a|IoInitializeTimer got a device with a timer|v:device object|0|0
c|the I/O status block of an IRP is on a stack that is gone|p:I/O status block|0|0
d|the event of an IRP is on a stack that is gone|p:event|0|0
e|IoCompleteRequest was called above DISPATCH_LEVEL|i:IRQL|r:IRP|0
f|a create request has a file object that was closed|v:device object|r:IRP|p:file object
10|IoCallDriver was called above DISPATCH_LEVEL|i:IRQL|-|-
11|IRQL problem of a fast I/O routine|c:fast I/O routine|i:IRQL before|i:IRQL now
12|IRQL problem of a dispatch routine|c:dispatch routine|i:IRQL before|i:IRQL now
200|an unknown fault of I/O|c:code in the driver|r:IRP|v:device object
201|a device deletes itself while another is below it|c:code in the driver|r:IRP|v:device object
202|a driver detaches from a device that is not attached|c:code in the driver|r:IRP|v:device object
203|IoCallDriver was called with a cancel routine set|c:code in the driver|r:IRP|v:device object
204|a null device object was given|c:code in the driver|r:IRP|v:device object
205|an IRP is passed on that is queued below|c:code in the driver|r:IRP|v:device object
206|an IRP is passed on wrongly: its control field is not 0|c:code in the driver|r:IRP|v:device object
207|a completion routine was copied with the stack location|c:code in the driver|r:IRP|v:device object
208|an IRP runs out of stack locations|c:code in the driver|r:IRP|v:device object
209|an IRP is completed that is queued below|c:code in the driver|r:IRP|v:device object
20a,20b|an IRP is freed that is in use|c:code in the driver|r:IRP|v:device object
20c|an IRP is freed that is queued to a thread|c:code in the driver|r:IRP|v:device object
20d|IoInitializeIrp got an IRP of IoAllocateIrp|c:code in the driver|r:IRP|v:device object
20e,20f,210|an IRP has an invalid first status|c:code in the driver|r:IRP|v:device object
211|an IRP skips a device of the stack|c:code in the driver|r:IRP|v:device object
212|the stack of an IRP was not copied properly|c:code in the driver|r:IRP|v:device object
213|a driver changed the status of an IRP that it does not know|c:code in the driver|r:IRP|v:device object
214|a driver changed the information of an IRP that it does not know|c:code in the driver|r:IRP|v:device object
=ca
1|a driver reported two devices with equal IDs|v:new device object|v:older device object|-
2|an invalid physical device object was given|v:device object|o:driver object|-
3|a driver returned an invalid ID|v:device object|p:buffer of the ID|1 device, 2 unique, 3 hardware, 4 compatible IDs
4|a driver reported a device that it had deleted|v:device object|-|-
5|a device object was freed while it was in the tree|v:device object|-|-
8|a null device was reported|v:device object of the bus|devices|index of the null one
9|IoDisconnectInterruptEx got an invalid kind of connection|kind of connection|-|-
a|a driver changed IRQL or APC state in a notification|o:driver object|i:IRQL after|APC disable count after
b|a deleted device was reported as a relation|v:device object|p:relations|-
=d9
1|an MDL is put into the list of a process twice|p:tracking structure|p:MDL|pages locked
2|an MDL is put into the list of the system twice|p:tracking structure|p:MDL|pages locked
3|an MDL is in the list of a process twice|p:first structure|p:tracking structure|p:MDL
4|an MDL is in the list of the system after it was removed|p:tracking structure|p:MDL|0
=da
1|a mapping is freed that is a duplicate|p:tracking structure|p:MDL|p:its duplicate
2|a wrong number of mappings is freed|p:tracking structure|expected|given
3|a wrong mapping is freed|p:tracking structure|a:expected|a:given
4|the first page of an MDL changed since it was mapped|p:tracking structure|expected page|page now
5|the address of an MDL changed since it was mapped|p:tracking structure|a:expected|a:given
6|an MDL is freed that is not mapped|p:MDL|a:address|mappings
100|0 mappings were asked for|mappings|t:tag of the caller|c:caller
101|mappings are freed by one who does not own them|a:first mapping|t:tag of the caller|t:tag of the owner
102|mappings are freed that are empty|a:first mapping|t:tag of the caller|-
103|mappings are freed that are reserved|a:mapping|t:tag of the caller|mappings
104|an MDL is mapped by one who does not own the space|a:first mapping|t:tag of the caller|t:tag of the owner
105|an MDL is mapped to an invalid space|a:first mapping|t:tag of the caller|-
107|an MDL is mapped to a space that is in use|a:first mapping|a:mapping in use|a:last mapping
108|a space is unmapped by one who does not own it|a:first mapping|t:tag of the caller|t:tag of the owner
109|an empty space is unmapped|a:first mapping|t:tag of the caller|-
10a|more is unmapped than there is|a:first mapping|mappings that exist|mappings to unmap
10b,10c|a part of a space is unmapped that must not|a:first mapping|t:tag of the caller|mappings to unmap
200|a space without mappings is reserved|a:first mapping|0|0
201,202|a mapping is reserved that is reserved already|a:first mapping|a:reserved mapping|mappings
300|a space without mappings is released|a:first mapping|0|0
301|a mapping is released that must not be|a:mapping|0|0
302|an address is released that is not mapped|a:address|-|-
303,304|mappings are released that were not reserved so|a:first mapping|mappings|0
305|a wrong number of mappings is released|a:first mapping|mappings given|mappings expected
=e4
0|an active work item was freed|p:work item|p:start of the pool block|p:end of the pool block
1|an active work item was queued|p:work item|queue number|0
2|a queued I/O work item was freed|p:work item|c:worker routine|0
3|an I/O work item was initialized with an invalid object|p:work item|p:object|0
5|a work item was queued before queues were there|p:work item|queue number|NUMA node, or -1
6|an invalid kind of queue was given|p:work item|queue number|0
7|a work item has an invalid worker routine|p:work item|queue number|0
=e6
0|too many bytes are flushed, or map registers ran out|1 flush, 2 map registers|bytes left, or registers needed|bytes to flush, or registers in a row
1|the performance counter went back
2|the performance counter went too fast
3|too many common buffers are freed|buffers too many
4|too many adapter channels are freed|channels too many
5|too many map registers are freed|registers too many
6|too many scatter/gather lists are freed|lists allocated|lists freed
7|the adapter is released before its common buffers|p:DMA adapter|buffers outstanding|p:data of the verifier
8|the adapter is released before its channels|p:DMA adapter|channels outstanding|p:data of the verifier
9|the adapter is released before its map registers|p:DMA adapter|registers outstanding|p:data of the verifier
a|the adapter is released before its scatter/gather lists|p:DMA adapter|lists outstanding|p:data of the verifier
b|too many adapter channels are allocated|channels outstanding
c|too many map registers are allocated|registers needed|most registers
d|the adapter's buffers were not flushed|bytes mapped|most bytes
e|a transfer used a buffer that is not locked|p:MDL of the buffer
f|something was written outside the DMA buffer|1 tag before, 2 tag after, 3 free register, 4 padding before, 5 padding after
10|map registers are freed that are mapped|registers that are mapped
11|the adapter has too many references|references|p:DMA adapter|p:data of the verifier
13|a DMA routine was called at a wrong IRQL|1 other than expected, 2 too high|i:IRQL expected|i:IRQL
14|a DMA routine was called at a wrong IRQL
15|too many map registers are allocated|registers allocated|most registers
16|a buffer is flushed that is not mapped|a:map register|p:data of the verifier
18|an adapter is used that was released|p:DMA adapter|p:data of the verifier
19|a null adapter was given
1b|an address is outside its MDL|a:address|p:MDL
1d|a range is mapped that is mapped already|p:start of the buffer|p:end of the buffer|a:address that is mapped
1e|HalGetAdapter was called, which is obsolete
1f|the DMA buffer is invalid|1 before the MDL, 2 after it, 3 crosses a page, 4 or 5 not aligned|buffer or MDL|MDL or length
20|a map register is flushed that is not mapped|p:base of the map registers|p:start of the buffer|p:MDL
21|a buffer without bytes is mapped|p:data of the verifier
22|the DMA buffer is not mapped in system space|p:MDL
23|a channel is flushed that is not complete|0 flush|controller|channel
24|the buffer is too small for the length|bytes missing
25|unknown version of the device description
26|the IOMMU saw a wrong access|v:device object|physical address, mostly|kind of fault
=e7
0|the flags of the saved state are invalid|flags|0|not used
1|the IRQL is another one than at the save|i:saved IRQL|i:IRQL now|not used
2|the state belongs to another thread|p:thread of the state|p:current thread|not used
=ef.2
0|a process
1|a thread
=f0
1|a request was not completed even after a reset|u:name of the driver|p:SRB|v:Storport unit device object
2|a request was not completed even after it was aborted|u:name of the driver|p:abort SRB|p:SRB to abort
3|a request was not completed in time|u:name of the driver|p:SRB|timeout
4|a request for encryption was not completed|u:name of the driver|kind of operation|-
=f1
1000|ScsiPortInitialize got bad arguments|first argument|second argument|-
1001,2001|a routine stalled the processor more than 0.1 s|microseconds|-|-
1002|a routine of the miniport took too long|c:routine|p:HW_DEVICE_EXTENSION|microseconds
1003|a request was completed twice|p:HW_DEVICE_EXTENSION|p:SRB|-
1004|a request was completed with an invalid status|p:SRB|p:HW_DEVICE_EXTENSION|-
1005|the next request was asked for while an untagged one is active|p:HW_DEVICE_EXTENSION|p:LOGICAL_UNIT_EXTENSION|-
1006|ScsiPortGetPhysicalAddress got an invalid address|p:HW_DEVICE_EXTENSION|a:address|-
1007|requests are outstanding after a bus reset|p:ADAPTER_EXTENSION|p:HW_DEVICE_EXTENSION|-
2002|StorPortGetUncachedExtension was called at the wrong place|-|-|-
2003|StorPortGetDeviceBase got an invalid address|-|-|-
2004|a request was completed twice|-|-|-
2005|a read or write routine of Storport got an invalid address|-|-|-
=f4
3|a process
6|a thread
=f5
66|a minifilter asked for a post-operation callback that it did not register|p:callback data|0|0
67|an object ran out of space|p:callback data|0|s:status
68|name information was dereferenced too often|-|p:FLT_FILE_NAME_INFORMATION|-
6a|an open cannot be cancelled: handles exist|p:file object|0|0
6b|invalid state of a reserve structure|frame|0|p:thread
6c|too many nested page faults|frame|p:list|p:thread
6d|a context was dereferenced too often|p:context|p:CONTEXT_NODE|0
6e|a context was used after it was freed|p:context|p:CONTEXT_NODE|0
=f6
1|the firmware changed an active bridge while the machine was docked
2|the register PMCSR was not updated in time
3|a driver wrote to a part of the configuration space that Windows controls
=f8
1|the loader's memory list has no RAM disk|s:status|0|0
2|the RAM disk driver could not be opened|s:status|0|0
3|the RAM disk could not be made|s:status|0|0
4|its GUID could not be made text|s:status|0|0
5|its symbolic link could not be made|s:status|0|0
=fe
1|an error inside the USB stack|-|-|-
2|a request block (URB) is still attached to another IRP|r:pending IRP|r:IRP|p:URB
3|a miniport driver stopped the machine, mostly for its hardware|-|-|-
4|an IRP is already pending|r:IRP|p:URB|-
5|a physical address in a structure of the hardware is bad|p:extension of the host controller|vendor and product ID|p:endpoint
6|an object of the stack is corrupt|p:object|signature that was expected|-
7|a message was left by usbport.sys|p:debug log|p:message|p:file name
8|the hub driver met a fatal error|2 unexpected IRP, 4 trap, 6 timeout|device object, context or timeout code|IRP, context or port data
=103
1|a file object has no context: a filter driver is at fault, likely|r:IRP|p:file object|v:device object
2|the context of a file object is another one|p:expected context|p:context found|-
3|an IRP completed with a wrong status|p:IRP context|s:status|o:driver object of the provider
4|an operation began before the file was open|r:IRP|p:file object|p:file context
=10c
1|the signature of an ECP is invalid
2|an ECP has flags that do not exist
3|an ECP was not allocated by FsRtl
4|an ECP has flags that a caller may not set
5|an ECP is smaller than its header
6|an ECP is freed that is in a list
11|the signature of a list is invalid
12|a list has flags that do not exist
13|a list was not allocated by FsRtl
14|a list has flags that a caller may not set
15|a list is empty
=10d
1|a power operation took too long|p:WDF_POWER_ROUTINE_TIMED_OUT_DATA|-|-
2|a lock is acquired that is held|-|-|-
3|a request was completed with references to its buffers|WDFREQUEST|references|-
4|a null parameter was given|-|c:caller|-
5|a handle of a wrong kind was given|handle|-|-
6|a request was handled wrongly|1 no stack location, 2 no IRP, 3 sent twice, 4 too much written|IRP or request handle|-
7|an object was deleted by WdfObjectDereference|handle|-|-
8|a DMA transaction is in a wrong state|handle|-|-
a|a request in a queue met a fatal error|p:WDF_QUEUE_FATAL_ERROR_DATA|-|-
b|a lock was acquired or released wrongly|handle|0 no lock, 1 another thread|-
c|a second Plug and Play IRP arrived|WDFDEVICE|p:new IRP|-
d|a power IRP arrived that nobody asked for|WDFDEVICE|r:IRP|-
e|a callback returned at another IRQL|i:IRQL before|i:IRQL after|-
f|a callback did not leave its critical region|c:callback|-|-
=10e
1|a range was rotated that cannot be
2|a process heap was destroyed that is not empty
3|unmapping from an aperture segment failed
4|a rotation failed that must not
5|a deferred command failed
6|resources of an allocation were allocated again while its eviction was cancelled
7|an invalid deferred free
8|a DMA buffer that was split has an invalid reference
9|an allocation could not be evicted
a|a pinned allocation was used wrongly
b|the driver returned an invalid error of BuildPagingBuffer
c|a segment leaks resources
d|a segment is used wrongly
e|mapping into an aperture segment failed
f|the driver returned an invalid error of AcquireSwizzlingRange
10|the driver returned an invalid error of ReleaseSwizzlingRange
11|an aperture segment was used wrongly
12|the driver overflowed the DMA buffer
13|the driver overflowed the private data buffer
14|segments could not be purged
15|a descriptor was freed in the rotated state
16|the driver broke the contract of guaranteed DMA buffers
17|a system command failed
18|resources of a pinned allocation could not be released
19|the driver did not patch a DMA buffer
1a|the owner of a shared allocation was freed
1b|an aperture range was released that is in use
25|the graphics processor wrote outside the aperture
=112
1|an exception was continued that must not be|s:exception code
2|ALPC returned an invalid error|error
3|the driver was unloaded while in use|p:session
4,5|an invalid close command|p:session
6|a handle was bound twice|p:binding handle
7|a handle was used that is not bound|p:binding handle
8|security was set on a bound handle|p:binding handle
9|an option was set on a bound handle|p:binding handle
a|an invalid call was cancelled|p:call
b|a push on a pipe that nobody expected|p:call
c,e|a push on a pipe without waiting|p:pipe
f|a pipe was ended twice|p:pipe
15|an error inside RPC|p:object
16|two calls in an order that cannot be kept|-
17|a server routine did not unsubscribe|p:call
18|an invalid operation on an asynchronous handle|p:handle
=119
1|the driver reported an invalid fence ID
2|the driver failed to submit a command
3|the driver failed to patch a command buffer
4|the driver reported an invalid flip capability
5|the driver failed a system or paging command
400,1000,10000|an inner state is wrong: mostly memory or hardware
e00|no packet was left for a flip
=122
1|no memory for the error sources|bytes|error sources|0
2|no memory for each processor|processors|0|0
5|the error sources could not be set up|s:status|phase|0
6|an error source could not be initialized|s:status|phase|error source
7|no memory|s:status|0|0
8|no memory for descriptors|error sources|0|0
9|an error came from an invalid source|error source|its ID|0
a|no record for an uncorrected error|error source|its ID|0
b|the record of an uncorrected error could not be filled|error source|its ID|0
=126
1|the pool is in an invalid state|p:memory block or MDL|p:page|p:pool of the processor
2|an MDL is in an invalid state|p:MDL|p:pool of the processor|p:pool header
=12a
1|no language pack at the start (phase 1)|s:status|-|-
2|no licensed language pack for the language of the system|s:status|-|-
=12f
1|no data about the virtual disk
2|the parent device did not appear in time
3|no memory for the path
4|the path could not be made
5|the virtual disk could not be mounted
6|sleep states could not be disabled
7|no memory for the data
8|the data could not be made
=131
0|invalid feature mask, or the state is not enabled|not 0: enabled|low 32 bits of the mask|high 32 bits of the mask
1|above DISPATCH_LEVEL|i:IRQL|-|-
2|the saved state is of an equal or higher level|saved level|level now|-
3|the saved state is of another thread|p:saved thread|p:thread now|-
4|the saved state is of another level|saved level|level now|-
=133
0|a single DPC or ISR took longer than it may; the driver is on the stack|ticks that it took|ticks that are allowed|p:DPC_WATCHDOG_GLOBAL_TRIAGE_BLOCK
1|the machine was too long at DISPATCH_LEVEL or above, in sum; the driver is mostly on the stack|watchdog period in ticks|p:DPC_WATCHDOG_GLOBAL_TRIAGE_BLOCK|-
=138
1|the controller of an interrupt is not registered|GSIV|-|-
2|a client gave an invalid context|context|-|-
3|a bank was sent through a wrong F1 state|1: critical transition|in F1, not critical|in F1, critical
4|a bank was sent through a wrong F0 state|1: critical transition|in F1, not critical|in F1, critical
5|an interrupt operation failed|s:status|p:device extension|p:interrupt parameters
6|an I/O operation failed|s:status|p:device extension|p:I/O parameters
7|_DSM returned malformed data|revision|function|-
=139
0|a buffer on the stack was overrun (old /GS check)
1|a virtual function table is not valid: an object is corrupt
2|a buffer on the stack was overrun (stack cookie)
3|a LIST_ENTRY is corrupt, for example removed twice
4|reserved
5|an invalid parameter that is taken for fatal
6|the stack cookie was not initialized: the driver is for Windows 8 and later
7|the program asked to be ended
8|an index is outside its array
9|RtlQueryRegistryValues was called without a type check
a|an indirect call went to an invalid target
b|a write was caught by a guard
c|a switch to an invalid fiber
d|invalid registers were set
e|the reference count of an object is invalid
12|a switch to an invalid jmp_buf
13|read-only data were changed
14|a cryptographic self-test failed
15|an exception chain is invalid
16|the cryptographic library met an error
17|an invalid call from DllMain
18|an image base is invalid
19|a delay-load import could not be protected
1a|an unsafe extension was called
1b|an obsolete service was called
1c|a buffer was used outside its bounds
1d|a node of a balanced tree is corrupt
25|a jump table was used outside its range
26|longjmp to an invalid target
27|a call target that was suppressed could not be made valid
=143
1|the power engine plug-in refused a notification|kind of notification|p:message|p:FDO_DATA
2|the power engine plug-in returned an invalid idle state|0 too many processors, 1 processor state, 2 platform state|number or index|p:FDO_DATA
=144
1|a driver used a request block (URB) that it had sent|r:IRP, or 0|p:URB|v:device object of the driver
2|a boot or paging device was not found again|v:device object|-|-
3|a driver sent a corrupt request block|r:IRP, or 0|p:URB|v:device object of the driver
800|streams were opened above PASSIVE_LEVEL|i:IRQL|r:IRP|v:device object of the driver
801|streams were opened before they were queried|r:IRP|p:URB|v:device object of the driver
802|an invalid number of streams was opened|streams asked for|streams granted|v:device object of the driver
803|streams were opened twice|r:IRP|p:URB|v:device object of the driver
804|a driver did not close a handle or free a request block|p:handle context|v:device object|-
805|streams were closed in an invalid state|WDFREQUEST|p:URB|v:device object of the driver
806|a chained MDL was sent before it was queried|r:IRP|p:URB|v:device object of the driver
807|a transfer is longer than its MDL|p:MDL|p:URB|v:device object of the driver
1001|the xHCI controller reported a host system error|p:XHCI_LIVEDUMP_CONTEXT|-|-
1002|the xHCI controller reported a host controller error|p:XHCI_LIVEDUMP_CONTEXT|-|-
1003,1004|stopping an endpoint failed|p:XHCI_LIVEDUMP_CONTEXT|-|-
1005,1006|clearing a stalled control endpoint failed|p:XHCI_LIVEDUMP_CONTEXT|-|-
1007,1008,100b|the recovery of the xHCI controller failed|p:XHCI_LIVEDUMP_CONTEXT|-|-
1009|a command did not end even after it was aborted|p:XHCI_LIVEDUMP_CONTEXT|-|-
100a|the dequeue pointer could not be set|p:XHCI_LIVEDUMP_CONTEXT|-|-
100c|the firmware of the controller is not supported|p:XHCI_LIVEDUMP_CONTEXT|-|-
100d|the controller was removed|p:XHCI_LIVEDUMP_CONTEXT|-|-
100e|an error of an endpoint with streams|p:XHCI_LIVEDUMP_CONTEXT|-|-
100f|the firmware of the controller is out of date|p:XHCI_LIVEDUMP_CONTEXT|-|-
1010|a transfer ended with an unhandled code|p:XHCI_LIVEDUMP_CONTEXT|-|-
1011|the event ring was full|p:XHCI_LIVEDUMP_CONTEXT|-|-
1012|a command completed out of order|p:XHCI_LIVEDUMP_CONTEXT|-|-
1013|the command ring is wrong after an abort|p:XHCI_LIVEDUMP_CONTEXT|-|-
1014|the controller gave a bad slot|p:XHCI_LIVEDUMP_CONTEXT|-|-
1015,1016,1017,1018,1019|the controller failed a command that must succeed|p:XHCI_LIVEDUMP_CONTEXT|-|-
101a,101b|resetting an endpoint failed|p:XHCI_LIVEDUMP_CONTEXT|-|-
=153.3
1|the lock pointer was not null
2|reserved bits of the thread pointer were set
3|the thread pointer is corrupt
4|I/O or processor boosts were left
=156.2
1|UDP datagram
2|raw datagram
3|TCP listener
4|TCP endpoint
=157.3
1|the counter overflowed
2|the counter underflowed
3|the priority is illegal
=15c.2
1|a notification client did not answer
2|a resiliency client did not answer
3|an activator client held a reference too long
=15e
1|a miniport driver met a fatal error|p:miniport block|v:device object (PDO)|reason (70 user mode, 71 NdisMRemoveMiniport, 73 restart, 74, 75 power …)
{_NDIS_WATCHDOG}
30|a miniport driver did not return a NET_BUFFER_LIST|p:miniport block|0|0
=164
1|a region is outside its surface|p:DC|p:SURFACE|p:REGION
2|the operator new was used|-|-|-
3|a required extension is missing|p:name of the function|-|-
4|the surface of a sprite is deleted before it|handle of the surface|references|process ID of the owner
5|the pointer device could not be opened|u:name of the device|-|-
8|a public DC points to an object of a process|p:DC|process ID|-
a,b|an invalid index into the table of a font driver|-|-|-
c|an invalid index into the table of a palette|p:PALETTE|index|entries
10|the secure attention key could not be registered|key|modifiers|flags
=166.3
1|open
2|close
3|online
4|offline
5|terminate
6|arbitrate
7|release
8|resource control
9|resource type control
a|looks alive
b|is alive
c|failure notification
d|shutdown of the process
e|cancel
=178
0|the TPM's attestation could not be revoked|p:BDCB_IMAGE_INFORMATION|TBS_RESULT
10000|a failure that the vendor defines|of the vendor|of the vendor
=188
1|purging the cache failed: oplock lowered to none
2|purging the cache failed: oplock raised from none
3|purging the cache failed: purge failure mode set
4|flushing the cache failed: oplock lowered to none
=189.3
0|the type index is corrupt
1|the security descriptor is invalid
=18c
1001|a data region
1002|a page whose hash differs
1004|the interrupt descriptor table of a processor
1005|the global descriptor table of a processor
1007|a debug routine
1008|a dynamic code region
1009|a shareable data region
100a|an overlay of the hypervisor
100b|the mode of a processor
100c|an extended control register
100d|a secure memory region
100e|a loaded module
100f|the state of a processor
1010|the bitmap of control flow guard
1011|the page at address 0
1012|the alternate inverted function table
1013|a page that is checked on demand
1016|a secure image
1017|the protection of kernel addresses
1101|inner data
1102|the IDTR register
1103|the GDTR register
=18e
0|a partition is deleted that has hard references|p:partition|references|-
1|the system partition is deleted|p:partition|-|-
2|a partition is deleted that has work items|p:partition|p:work queue|-
=190
1|a region is outside its surface|p:DC|p:SURFACE|p:REGION
2|the operator new was used|-|-|-
=19c
10|the queue of power requests makes no progress|p:thread, if any|p:user lock of win32k|p:power request, if any
20|calling the power manager|p:worker thread|-|-
30|calling GDI to turn the power on|p:worker thread|-|-
40|calling the window manager to draw|p:worker thread|-|-
50|calling the monitor driver|p:worker thread|-|-
=1a0
1|assigning the device to a terminal
2|closing the device
3|setting the input mode
4|setting the display state
5|setting the state of the built-in panel
6|updating the visible state of the primary display
=1c6
0|the IRQL was too high|i:IRQL|i:highest IRQL|-
1|an owner entry was not initialized|p:owner entry
2|an owner entry is in use|p:owner entry|p:resource
3|a legacy resource was given|p:resource
4|the resource has lock acquisitions|p:resource
5|inside a DPC
6|inside a special kernel APC
7|normal kernel APCs were not disabled
8,c|an owner entry does not belong to the resource|p:resource|p:owner entry|p:its resource
9|an owner entry does not belong to the thread|p:owner entry|p:its thread
a|an owner entry was disowned|p:owner entry
b|an owner entry is of another kind (shared, exclusive)|p:owner entry|its kind and the one that was given
d|an owner entry was not disowned|p:owner entry
e,f|a fast resource was given to a legacy routine|p:resource
10|invalid flags were given|p:resource|flags
11|another thread was given|p:resource|p:thread
12|a resource was disowned that was acquired recursively|p:resource
13|a resource was converted that was acquired recursively|p:resource
14|a thread ended with locks|p:thread|p:owner entry
15|a thread ended with disowned locks|p:thread|p:owner entry
16|a resource was converted that is not held exclusively|p:resource|p:thread
=1c7
0|the hash of a heap buffer is wrong|p:heap buffer|expected hash|page frame number
1|an exception, and the hash of a heap buffer is wrong|p:heap buffer|expected hash|page frame number
2|page data are corrupt, and the hash of their record is wrong|p:heap buffer|expected hash|page frame number
3|page data are corrupt, and their record changed meanwhile|p:page location|p:page record|-
=1c9.3
{_WATCHDOGS}
=1dc
1|wrong IRQL|i:IRQL|-|-
2|the vector is not empty|index|a:virtual address|logical address
3|the index is out of bounds|entries|index|-
4|the index was freed|index|-|-
5|a common buffer leaked
=bfe
1|a request block is submitted that is in use|p:request block|-|-
2|a request block is freed that is in use|p:request block|-|-
3|a request block of an invalid kind|p:request block|p:device extension, if known|-
4|an invalid request block is submitted|p:request block|-|-
5|a request block has an invalid size|p:request block|size|expected size
6|IOCTL_BTH_GET_DEVICE_INFO got invalid parameters|-|-|-
7|a server of L2CAP is unregistered with an invalid handle|handle|-|-
8|a channel is closed with an invalid handle|p:request block|handle|-
9|a server of SCO is unregistered with an invalid handle|handle|-|-
=bff
1|a packet of another kind was returned|kind|expected kind|-
2|an unexpected status was returned|status|-|-
3|a wrong buffer size was returned|size|expected size|-
"""  # noqa: E501


class Value(NamedTuple):
    """One value of a parameter: what it says; ``others`` are kind and meaning of parameters 2, 3 and 4 then, as many as the page gives."""

    meaning: str
    others: Tuple[Tuple[str, str], ...] = ()


def _lines(text: str) -> List[str]:
    return [line for line in text.split("\n") if line]


def _rules(runs: str) -> Dict[int, Value]:
    found: Dict[int, Value] = {}
    others = tuple(parameter(cell) for cell in ("p:text of the rule", "p:inner state of the rule, or reserved", "p:further states, or reserved"))
    for run in runs.split("|"):
        first, *names = run.split()
        found.update({int(first, 16) + index: Value(f"the rule {name} of DDI compliance was violated", others) for index, name in enumerate(names)})
    return found


def _values() -> Dict[Tuple[int, int], Dict[int, Value]]:
    found = {place: {number: Value(words) for number, words in words_by_value.items()} for place, words_by_value in KINDS.items()}
    current: Dict[int, Value] = {}
    for line in _lines(_TEXT):
        if line[0] == "=":
            code, _, index = line[1:].partition(".")
            current = found.setdefault((int(code, 16), int(index or "1")), {})
            continue
        values, meaning, *cells = line.split("|")
        value = Value(meaning, tuple(parameter(cell) for cell in cells))
        current.update({int(number, 16): value for number in values.split(",")})
    for source, words in enumerate(_SOURCES.split("|")):
        found.setdefault((0x124, 1), {})[source] = Value(f"error source: {words}")
    found[0xC4, 1].update(_rules(_RULES))
    found[0x1C4, 1] = {**_rules(_RULES), **_rules(_LIVE_RULES)}
    return found


VALUES: Dict[Tuple[int, int], Dict[int, Value]] = _values()
"""By code and number of the parameter (from 1): values of the parameter."""

RULE = Value("a rule of DDI compliance checking was violated", tuple(parameter(cell) for cell in ("z:text that says which", "p:state of the rule", "-")))
"""What a value of :data:`FIRST_RULE` or above says that is not named here, of the codes of Driver Verifier."""
FIRST_RULE = 0x20000


def value_of(code: int, index: int, value: int) -> Optional[Value]:
    """What is known of a value of a parameter (``index`` from 1) of a code without flags; None where nothing is."""
    found = VALUES.get((code, index), {}).get(value)
    return RULE if found is None and code in (0xC4, 0x1C4) and index == 1 and value >= FIRST_RULE else found
