"""What the four parameters of a bug check mean, for the codes of the reference that :mod:`.bugcheck` does not explain at length.

Source: the page of each code in the Bug Check Code Reference (Microsoft Learn), in other words. Each line of the table: code, what to do next
(a letter of STEPS), what the bug check says, and its parameters. A parameter may begin with the letter of its kind: ``a`` memory that was used,
``c`` an instruction or routine, ``i`` IRQL, ``o`` DRIVER_OBJECT, ``p`` another structure, ``r`` IRP, ``s`` NTSTATUS, ``t`` characters,
``u`` UNICODE_STRING, ``v`` DEVICE_OBJECT, ``x`` kind of access. ``-`` is one that the page calls reserved, ``none`` says that the page lists none,
and a line without any that the page does not describe them. What a parameter of many kinds means is in :mod:`.bugvalues`.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

RARE = "The reference says no more of it than that it is very rare."
NOT_DOCUMENTED = "not documented"
RESERVED = "reserved"
NOT_USED = "not used"

STEPS = {
    "B": "repair Windows (Startup Repair, sfc /scannow); undo the last change of the machine",
    "C": "look at the cluster's log of that time: what did the process wait for",
    "D": "look at the driver that is named here: its version, and a newer one from its vendor",
    "E": "this is no fault",
    "F": "update the firmware",
    "H": "check the machine: cooling, voltage, firmware, memory test",
    "K": "check the disk and its cable, and run chkdsk",
    "L": "this is a live dump: Windows took it and went on running; look at the component that it names",
    "N": "update network drivers and what filters the network (firewall, VPN, virus scanner)",
    "P": "turn on Driver Verifier (special pool) to catch the driver that writes beyond its memory",
    "U": "update firmware and driver of the USB controller or device",
    "V": "update the display driver; check the graphics card",
    "W": "open the dump in WinDbg with symbols and run `!analyze -v`",
}
"""What to do next, by the letter of the table."""

_KINDS = {"a": "address", "c": "code", "i": "irql", "o": "driver", "p": "pointer", "r": "irp", "s": "ntstatus", "t": "text", "u": "unicode", "v": "device"}
_KINDS["x"] = "access"

_RARE = "3 4 7 8 9 b d e 10 11 13 14 15 16 17 1c 1d 1f 22 28 29 2c 2d 2f 33 37 38 3a 3c 42 43 45 46 47 49 4b 4c 4f 52 53 54 55 56 57 5a 5b "
_RARE += "5e 5f 60 61 62 63 64 65 66 68 6a 6c 72 81 82 97 b9 10a 11a"

_TABLE = """
2|W|A device queue was expected to be busy and was not.
5|D|A thread attached to a process where that is not allowed.|p:the process to attach to, or the first one if the thread is attached already|p:the process that the thread is attached to|APC state index of the thread|not 0: a DPC runs on this processor
6|D|A thread detached from a process where that is not allowed, for example in a load-image callback.
c|D|A thread waits for more objects than it may.|none
f|D|A spin lock was asked for that was owned already.|none
12|H|An exception happened that the kernel does not know.|kind (1 unexpected interrupt, 2 floating point, 3 status bits)|depends on the kind (1: interrupt vector)|-|-
1b|W|The share count of a page frame is corrupt.
20|D|An APC was still pending when a thread ended.|p:the APC|APC disable count of the thread|i:IRQL|-
21|D|More quota was given back than had been charged.|p:process that was charged, where known|kind of quota|quota to give back|quota that was not given back
23|K|The FAT file system found a problem.|source file (high 16 bits) and line (low 16 bits)|p:exception record, if FatExceptionFilter is on the stack|p:context record, if FatExceptionFilter is on the stack|-
25|P|The file system of named pipes found a problem.|source file (high 16 bits) and line (low 16 bits)|-|-|-
26|K|The CD file system found a problem.|source file (high 16 bits) and line (low 16 bits)|p:exception record, if CdExceptionFilter is on the stack|p:context record, if CdExceptionFilter is on the stack|-
27|N|The SMB redirector found a problem.|kind in the high 16 bits|p:exception record, if RxExceptionFilter is on the stack|p:context record, if RxExceptionFilter is on the stack|-
2a|D|An IRP is inconsistent.|r:IRP|-|-|-
2b|D|The kernel stack was overrun.|p:trap frame|-|-|-
2e|H|The hardware reported a bus error, mostly a parity error of memory.|a:virtual address|physical address|processor status register|faulting instruction register
30|W|A routine set the stack pointer of a trap frame below the one in use.|new stack pointer|old stack pointer|p:trap frame|0
31|W|Windows could not initialize, at a very early stage.|none
32|B|Windows could not initialize.|s:status|-|-|-
35|D|A driver passed on an IRP that has no stack locations left.|r:IRP|-|-|-
36|D|A driver deletes a device object that is still referenced.|v:device object|-|-|-
39|D|A worker routine returned while it owned a mutex.|c:worker routine|parameter of the routine|p:work item|-
3e|H|The processors of the machine are of different kinds.|none
3f|D|No run of system page table entries is left for a request.|0 system expansion, 1 nonpaged pool expansion|size of the request|free entries|all entries
40|D|A driver gave IoBuildPartialMdl an MDL that is too small.|none
41|D|A driver asked for must-succeed pool that was not there.|size of the request|pages of nonpaged pool in use|requests larger than a page|pages available
48|D|An IRP was cancelled after it had been completed.|r:IRP|c:cancel routine that the driver set|-|-
4d|D|No free pages are left.|dirty pages|dirty pages that go to the page file|nonpaged pool that was available|s:last error of the modified page writer
58|K|Windows started from the wrong copy of a mirrored partition.|none
59|P|The Pinball file system found a problem.|source file (high 16 bits) and line (low 16 bits)|-|-|-
5c|H|The HAL could not initialize.
5d|H|Windows does not support this processor.|none
67|B|The registry could not be set up at the start.|-|location selector|s:status|-
69|B|The I/O system could not initialize.|none
6b|B|Windows could not initialize: the first process was not made.|s:status|-|-|-
6d|B|Windows could not initialize: the session manager (1).|s:status|0|0|0
6e|B|Windows could not initialize: the session manager (2).|s:status|0|0|0
6f|B|Windows could not initialize: the session manager (3).|s:status|0|0|0
70|B|Windows could not initialize: the session manager (4).|s:status|0|0|0
71|B|Windows could not initialize: the session manager (5).|s:status|0|0|0
73|K|A core hive of the registry cannot be linked into the tree.|always 1|s:status|index of the hive in the list|u:file name of the hive
75|K|The file of the SYSTEM hive cannot be made a mapped file.|always 1|s:status|-|-
78|W|A break happened while the HAL was initialized, which nobody expected.
79|B|The HAL does not match the kernel or the machine.|kind of mismatch|depends on the kind|depends on the kind|depends on the kind
7c|N|NDIS found a fault of a network driver.|kind of violation|depends on the kind|depends on the kind|depends on the kind
7d|H|The machine has too little memory to start Windows.|physical pages found|lowest physical page|highest physical page|0
85|B|Setup failed.|kind of failure|depends on the kind|depends on the kind|not used
8b|B|The checksum of the master boot record is wrong: mostly a virus.|disk signature of the MBR|checksum by the loader|checksum by the system|-
8f|B|The Plug and Play manager could not initialize (phase 0).|none
90|B|The Plug and Play manager could not initialize (phase 1).|none
92|D|A driver for one processor was loaded on a machine with several.|c:base of the driver|-|-|-
93|D|Kernel code closed or used an invalid or protected handle.|the handle|0 protected, 1 invalid, else the handle table|0|1: found by bad handle detection
94|D|A thread ended while its kernel stack was locked.|none
96|D|A work queue held an entry with a null link.|p:queue entry|p:queue|p:base of the array ExWorkerQueue|c:worker routine, if the queue is an ExWorkerQueue
98|E|The trial period of Windows has ended.|expiry date, low 32 bits|expiry date, high 32 bits|-|-
99|D|A region routine of the executive got invalid parameters.|none
9a|B|The software licence was violated.|kind of violation|depends on the kind|depends on the kind|depends on the kind
9b|K|The UDF file system found a problem.|source file (high 16 bits) and line (low 16 bits)|p:exception record, if UdfExceptionFilter is on the stack|p:context record, if UdfExceptionFilter is on the stack|-
9e|C|A critical user-mode component failed a health check.|p:process that failed|timeout in seconds|source of the watchdog|-
a1|H|The PCI bus driver found its data inconsistent.|none
a2|H|Memory changed while the machine slept.|kind of failure|depends on the kind|depends on the kind|depends on the kind
a3|F|The ACPI driver found an inconsistency.|-|-|-|-
a4|P|The CNSS file system filter found a problem.|source file (high 16 bits) and line (low 16 bits)|-|-|-
a7|D|An entry of the kernel's handle table is inconsistent.|none
ab|L|A session ended while a session driver still held pool.|session ID|bytes of paged pool|bytes of nonpaged pool|allocations: nonpaged in the high half, paged in the low half
ac|H|The HAL did not get memory that it needs.|size of the request|0|p:text with a file name|-
ad|L|A display driver asked for a report.|of the driver|of the driver|of the driver|reports since the machine was started
b1|W|The reference names the code and does not describe it.|none
b4|V|No display driver could start.|none
b8|D|A DPC routine waited, attached to a process or yielded.|p:thread that failed|p:new thread|p:stack of the thread that failed|-
ba|D|A session ended while a session driver had mapped views.|session ID|views that leak|p:table of the views|size of the table
bb|N|Windows failed to start from the network.|part that failed (1 registry, 2 network stack, 3 DHCP)|s:status|-|-
bc|N|The IP address of a machine that starts from the network is taken.|IP address, its first byte lowest|hardware address of the other machine|hardware address of the other machine|hardware address, 0 for Ethernet
bd|H|The hardware changed while the machine was hibernated.|what is invalid (1: fewer processors)|depends on the kind (1: processors before)|depends on the kind (1: processors after)|-
bf|D|A thread asked for a mutex that it owned already.|p:mutex|p:thread|0|-
c6|D|A driver used pool that was freed.|a:memory that was used|x:kind of access|0 kernel mode, 1 user mode|-
c7|D|A timer or DPC is in memory where it must not be.|kind of violation|depends on the kind|depends on the kind|depends on the kind
c8|D|The IRQL of the processor is not what it should be.|IRQL (bits 16-23), expected IRQL (bits 8-15), a number of the place (bits 0-7)|c:APC's kernel routine, or 0|p:APC, or 0|c:APC's normal routine, or 0
ca|D|The Plug and Play manager found a fault of a driver.|kind of violation|depends on the kind|depends on the kind|depends on the kind
cb|D|A driver or the I/O manager left pages locked.|c:code that locked the pages (or the dispatch routine of the top driver)|c:caller of that code (or the device object of the top driver)|p:MDL|locked pages
cc|D|Memory was used that had been freed (special pool).|a:memory that was used|x:kind of access|c:instruction that used it, if known|-
cd|D|Memory was used beyond the end of an allocation (special pool).|a:memory that was used|x:kind of access|c:instruction that used it, if known|-
cf|D|A driver used memory of a session in another context.|a:memory that was used|x:kind of access|c:instruction that used it, if known|-
d0|P|Corrupt pool was used at a raised IRQL.|a:memory that was used|i:IRQL at that time|x:kind of access|c:instruction that used it
d2|N|NDIS found a fault of a network driver (Windows 2000 and XP).|p:miniport block or MiniBlock|depends on the message|depends on the message|depends on the message
d3|D|A driver marked its own code or data as pageable and used it at a raised IRQL.|a:memory that was used|i:IRQL at that time|x:kind of access|c:instruction that used it
d4|D|A driver was unloaded without cancelling what it had pending.|a:memory that was used|i:IRQL at that time|x:kind of access|c:instruction that used it
d7|D|A driver unmaps an address that is not mapped.|a:address|1 the view is unmapped, 2 it is committed|0|0
d9|D|The list of locked pages is corrupt.|kind of violation|depends on the kind|depends on the kind|depends on the kind
da|D|A page table entry was used in a wrong way.|kind of violation|depends on the kind|depends on the kind|depends on the kind
db|D|Memory was used at a raised IRQL, mostly because system page table entries are corrupt.|a:memory that was used|i:IRQL|x:kind of access|c:instruction that used it
dc|D|A driver used a stack below its stack pointer.|none
df|D|A work item did not end impersonation before it returned.|c:worker routine|parameter of the routine|p:work item|-
e0|F|The firmware says that a component of the machine is faulty.|chosen by the firmware; its vendor explains it|chosen by the firmware|chosen by the firmware|chosen by the firmware
e1|D|A worker routine returned at a raised IRQL.|c:worker routine|i:IRQL at which it returned|parameter of the work item|p:work item
e3|D|A thread released a resource that it did not own.|p:resource|p:thread|p:table of owners, if there is one|-
e4|D|Memory holds a work item where it must not, or an active one was queued.|kind of violation|p:work item|depends on the kind|depends on the kind
e6|D|Driver Verifier found a fault in the use of DMA.|kind of violation|depends on the kind|depends on the kind|depends on the kind
e7|D|The saved floating point state of a thread is invalid.|check that failed|depends on the check|depends on the check|not used
e8|D|An invalid file object was given to IoCancelFileOpen.|p:file object|v:device object|-|-
e9|D|A worker thread of the executive ended while it was active.|p:thread|-|-|-
eb|K|No free pages are left: the file system's drivers do not write dirty pages.|dirty pages|dirty pages that go to the page file|reserved (Windows Server 2003: nonpaged pool, in pages)|s:last error of the modified page writer (Windows Server 2003: stranded pages)
ec|D|A session ended while a session driver held special pool.|session ID|pages of special pool that leak|-|-
f0|K|A storage miniport driver did not complete a request.|kind of failure|u:name of the driver|depends on the kind|depends on the kind
f1|D|Driver Verifier found a fault of a SCSI or Storport miniport driver.|kind of violation|depends on the kind|depends on the kind|depends on the kind
f2|D|A device does not stop to raise an interrupt.|c:interrupt routine, or the first in the chain|p:its context|p:interrupt object|1: the routine is not chained and very likely at fault, 2: it is chained
f3|W|Windows had no memory left to shut down.|dirty pages|dirty pages that go to the page file|reserved (Windows Server 2003: nonpaged pool, in pages)|s:last error of the modified page writer (Windows Server 2003: stage of the shutdown)
f5|D|The filter manager met a fatal error.|kind of violation|depends on the kind|depends on the kind|depends on the kind
f6|F|The PCI driver found a fault of a device or of the firmware.|kind of failure|not used|not used|not used
f8|B|Windows failed to start from a RAM disk.|kind of failure|s:status|0|0
f9|D|A driver returned STATUS_REPARSE for a volume, which it must not.|v:device object that was opened|v:device object that got the request|u:new name of the file|information that the driver returned
fa|N|The HTTP driver is in a corrupt state.|kind (1: an invalid work item)|p:work item|p:name of the source file|line of the source
fd|D|No free pages are left: dirty pages were marked as not to be written.|dirty pages|dirty pages that may not be written|-|s:last write error
fe|U|A USB driver has a fault.|kind of violation|depends on the kind|depends on the kind|depends on the kind
ff|D|A reserve queue overflowed.|p:queue|size of the queue|0|0
100|B|The loader block is invalid or of another system.|always 3|size of the loader block extension|major version|minor version
102|D|The DPC watchdog routine did not run in time.|timeout in clock ticks|p:PRCB of the hung processor|-|-
103|N|The provider of UNC names (MUP) met data that it does not expect.|kind of violation|depends on the kind|depends on the kind|depends on the kind
104|V|The graphics processor wrote to AGP memory that was not committed.|offset of the first corrupt ULONG in the verifier page|0|0|0
105|V|The graphics remapping table (GART) is corrupt.|p:base of the table|offset of the corruption|p:base of the copy|0
106|V|The AGP hardware was programmed by somebody else.|command register as it was programmed|command register now|0|0
108|D|A file system or filter of another vendor failed.|file system (1: Psfs.sys)|p:exception record|p:context record|-
10c|D|An extra create parameter (ECP) is invalid.|kind of violation|0|p:ECP|p:list of ECPs
10f|D|A resource manager in the kernel raised an exception.|p:exception record|p:context record|p:exception code|p:resource manager
112|W|Msrpc.sys was called in a state in which it must not be.|kind of violation|depends on the kind|not used|not used
114|V|The shadow display driver found a violation.
115|V|The AGP driver found a violation.
11b|D|A cancel routine returned with the cancel lock held.|r:IRP that was cancelled (it may be invalid)|c:cancel routine|?|?
11c|D|Protected memory of the registry was written to.|a:address|page table entry|-|-
11d|W|Event tracing met a fatal error.
11e|D|A file system caused too many nested faults while memory was low.|none
11f|D|The first handle of a driver object was closed too early.|handle of the driver object|s:status|o:DRIVER_OBJECT|-
120|K|BitLocker met an error that it cannot handle.|kind of problem|-|-|-
121|D|A driver has a fault.|kind of violation|-|-|?
123|H|A self-test of the cryptographic subsystem failed at the start.|none
125|N|The network module registrar found an invalid state.|kind of state|p:handle|p:expected type, where known|-
126|N|An invalid request was made to a memory pool of netio.|kind of violation|depends on the kind|depends on the kind|depends on the kind
127|H|A page that should hold zeros does not.|a:virtual address of the page|physical page number|0|0
128|D|A worker routine changed the I/O priority of its thread.|c:worker routine|I/O priority|parameter of the work item|p:work item
129|D|A worker routine changed the paging I/O priority of its thread.|c:worker routine|paging I/O priority|parameter of the work item|p:work item
12a|B|Windows found no language pack for its language.|kind of failure|s:status|-|-
12c|K|The exFAT file system found a problem.|source file (high 16 bits) and line (low 16 bits)|p:exception record, if FppExceptionFilter is on the stack|p:context record, if FppExceptionFilter is on the stack|-
12d|D|volsnap used a table from two threads at once.|none
12e|D|A driver gave IoBuildPartialMdl a range outside the source MDL.|p:source MDL|p:target MDL|a:virtual address|length
12f|B|Windows failed to start from a virtual disk.|action that failed|s:status|-|-
130|H|A processor was added that does not fit the machine.|none
131|D|Extended processor state was saved or restored in a wrong way.|check that failed|depends on the check|depends on the check|depends on the check
132|D|A pointer to the owner of a resource is invalid.|p:resource|p:its table of owners|p:current thread|p:pointer that was given
134|K|The drive extender met a fatal error.|none
135|D|A registry filter driver raised an exception that it did not handle.|s:exception code|p:context record|c:callback of the driver|-
136|K|The volume lacks room for the virtual disk that Windows starts from.|0: the virtual disk cannot grow to its full size|s:status|-|-
137|W|The handle manager of win32k met a fatal error.|-|p:object, where known|-|-
138|F|The driver of a GPIO controller met a fatal error.|kind of violation|depends on the kind|depends on the kind|depends on the kind
13b|D|A passive-level interrupt was used in a wrong way.|1: an interrupt spin lock was asked for with it|p:KINTERRUPT|-|-
13c|D|A thread ended with an invalid I/O boost state.|p:thread|boost state or throttle count|-|-
13d|B|The kernel could not initialize, at an early stage.|-|-|-|-
140|K|The storage drivers answered too slowly or not at all.|none
141|V|An engine of the graphics processor did not answer in time.|p:TDR recovery context, or 0|c:code of the driver that is responsible|key of the driver|internal
142|V|An application was blocked from the graphics hardware.|p:TDR recovery context, or 0|c:code of the driver that is responsible|key of the driver|process ID
143|F|The processor's power driver met a fatal error.|kind of failure|depends on the kind|depends on the kind|p:processor device context (FDO_DATA)
145|B|The policy of Secure Boot is invalid or incomplete.|s:status|p:policy|size of the policy|-
147|H|The machine was reset without a regular end.|none
149|K|The ReFS file system found a problem.|line of the source, or a message|p:exception record, or reserved|p:context record, or reserved|c:address of the exception, or reserved
14a|W|The kernel's WMI met a fatal error.|kind of failure (0 entry, 1 datasource)|p:WMI entry or datasource|-|-
14b|H|A part of the system on a chip failed.|p:SOC_SUBSYSTEM_FAILURE_DETAILS|-|-|p:data of the vendor, or 0
14c|H|The machine met an error or was reset (watchdog, key sequence, power).|none
14d|W|The dispatching of an exception is inconsistent.|-|-|-|-
14e|H|A critical device of the system on a chip was removed or failed.|t:ID of the device, where known|-|-|-
150|N|The active reference of a network adapter was not released.|none
151|D|Code ran in an instruction mode that is not supported.|c:program counter|p:trap frame|-|-
152|D|Invalid flags were given to a push lock.|the flags|p:push lock|-|-
153|D|A thread ended with lock entries that were not freed.|p:thread|p:lock entry|state of the entry|-
155|W|The reference names the code and does not describe it.|none
156|L|Closing a socket hung.|p:AFD endpoint|kind of endpoint|buffered bytes, of datagram endpoints|p:NETIO_SUPER_TRIAGE_BLOCK
157|D|The priority floor of a thread was changed in a wrong way.|p:thread|target priority|kind of violation|-
158|D|The IOMMU reported a page fault of an invalid address space.|address space (ASID)|address spaces in use|p:process that uses it|its reference count
159|D|The IOMMU reported a page fault of an address space that was being freed.|vendor of the IOMMU|p:fault packet (vendor 0x3xxx: status)|data of the vendor (0x3xxx: PASID)|data of the vendor (0x3xxx: DirectoryBase)
15a|H|The hardware of an SD device failed.|p:work packet|p:socket of the controller|p:request packet|-
15b|D|A worker routine left system page priority on.|c:worker routine|page priority|parameter of the work item|p:work item
15c|L|A component did not answer while connected standby was entered or left.|ID of the client|kind of client|p:client|p:PDC_14F_TRIAGE
15d|L|A part of the system on a chip failed.|p:SOC_SUBSYSTEM_FAILURE_DETAILS|-|-|p:data of the vendor, or 0
15e|L|NDIS found a serious fault of a network driver.|kind of violation|depends on the kind|depends on the kind|depends on the kind
160|W|A function of win32k violated an atomic check.|functions on the stack that are inside an atomic operation|-|-|-
162|D|A thread released a lock that it does not own.|p:thread|p:lock|session ID of the thread|-
163|W|A test of worker threads failed.|flags of the active tests|flag of the test that failed|-|-
164|W|win32k met a fatal error.|kind of failure|depends on the kind|depends on the kind|depends on the kind
165|L|An I/O on the coordinating node of a cluster took too long.|process ID of the cluster service, or 0|node that saw it|-|-
166|L|A call of a cluster resource took too long.|process ID of the resource host|ID of the thread|kind of call|control code, for kinds 8 and 9
167|L|The cluster service waited too long for volsnap.|process ID of the cluster service|ID of the thread|1 the volume is active, 2 it was taken down|-
168|L|A change of state of a cluster volume took too long.|?|?|?|?
169|L|A new cluster volume did not arrive in time.|process ID of the cluster service|-|-|-
16a|L|The removal of a cluster volume took too long.|?|?|?|?
16b|L|A watchdog of the cluster expired.|?|?|?|?
16c|D|Invalid flags were given to a rundown protection routine.|the flags|p:rundown reference|-|-
16d|D|Invalid flags were given to a slot allocator routine.|the flags|-|-|-
16e|D|A resource was released for an invalid thread.|p:resource|p:current thread|p:thread that was given|-
16f|L|A change of state of a cluster volume took too long.|?|?|?|?
170|W|The cryptographic library met a state that must not occur.|ID of the failure|-|-|-
171|C|The disconnect of the cluster service makes no progress.|ID of the thread|timeout in milliseconds|-|-
173|W|CoreMessageCall met a fatal error.|kind of failure|-|-|-
174|W|CoreMessaging met a fatal error.|kind of failure|-|-|-
175|L|The machine had met an error or was reset before this start.|-|-|-|-
178|D|A driver for early protection (ELAM) met a fatal error.|kind of failure|depends on the kind|depends on the kind|p:data of the vendor, or 0
179|L|An I/O to a node of a cluster took too long.|r:IRP|-|-|-
17b|W|The reference names the code and does not describe it.|none
17c|L|A thread held the PDC lock too long.|p:thread|timeout in milliseconds|-|-
17d|L|An activator was revoked, which nobody expected.|ID of the client|p:client|p:activation|p:_PDC_CLIENT_PROCESS_INFO
17e|F|Processors have different microcode.|CPUID signature of the processor|expected revision|actual revision|index of the processor
187|V|The window manager did not start, and Windows fell back to the basic display driver.|reason (1)|-|-|-
188|L|The cluster file system found an inconsistent state.|kind of failure|p:CSVFS!_SCB|-|-
189|D|The header of an object is corrupt.|p:OBJECT_HEADER|p:OBJECT_TYPE that its index leads to|kind of corruption|-
18c|H|HyperGuard found kernel code or data changed.|kind of what was changed|depends on the kind|-|-
18d|W|A fault that the secure kernel raised was not handled.|bits of the fault|a:address, for some faults|p:exception record|p:context record
18e|D|A memory partition was dereferenced in a wrong way.|kind of failure|p:partition|depends on the kind|-
190|L|win32k met a fatal error.|kind of failure|depends on the kind|depends on the kind|depends on the kind
191|W|The reference names the code and does not describe it.|-|-|-|-
193|L|The DirectX graphics kernel took a live dump.|reason (0x100 internal)|-|-|-
195|L|The SMB server found a problem.|1: an I/O took too long|p:SRV2_WORK_ITEM|-|-
196|B|The loader is of another version than the system.|security version of the loader|security version of the system|-|-
197|W|win32k found a breach of security.|1: the handle entry of an object leads elsewhere|p:object type|p:handle entry|p:expected object
198|L|A USB function driver failed.|1: a class driver did not activate the bus|mask of the child devices that were found|mask of the child devices that were activated|-
199|D|A storage slot cannot be freed: an object uses it.|p:storage array|-|-|-
19a|D|A worker routine returned attached to a silo.|c:worker routine|parameter of the work item|p:work item|-
19b|W|The terminal topology manager met a fatal error.|1: a terminal object could not be made|s:status|-|-
19d|L|A shared virtual disk is in an inconsistent state.|1: mounting it failed|p:_SVHDX_VIRTUALDISK_CONTEXT|p:_FILE_OBJECT|s:status
1a0|D|An operation on a device of a terminal did not end in time.|kind of operation|p:device|p:worker thread|c:callout routine
1a3|L|A call did not return in time.|p:process|p:thread|timeout in milliseconds|p:_PO_CALL_HAS_NOT_RETURNED_WATCHDOG
1a4|L|Software and hardware differ too much about time in deep idle (DRIPS).|microseconds in software DRIPS|microseconds in hardware DRIPS|-|-
1a5|L|A USB device that prevents deep idle will be removed.|v:device object (PDO)|-|-|-
1a6|L|The Bluetooth driver resets the radio.|v:device object (PDO) of the radio|-|-|-
1a7|L|The SMB redirector found a problem.|1: an I/O took too long|p:connection|-|-
1a8|L|Somebody reported a black screen by a key sequence.|source (1 hotkey, 2 volume keys, 4 internal, 8 power button)|-|-|-
1b0|L|A display miniport driver failed.|1 add device failed, 2 start device failed|s:status|-|-
1c4|L|Driver Verifier found a fault of a driver.|rule that was violated|p:text of the rule|p:inner state of the rule, or reserved|p:further states, or reserved
1c5|L|A thread pool of the kernel is deadlocked.|pool (0 ExPoolUntrusted)|p:work queue|-|-
1c6|D|A fast resource routine was called in a wrong way.|kind of violation|depends on the kind|depends on the kind|depends on the kind
1c9|L|A critical user-mode component failed a health check.|p:process that failed|timeout in seconds|source of the watchdog|-
1cb|D|A thread ended attached to a silo.|p:thread|p:silo|p:process|-
1cc|L|A resource was waited for too long.|p:ERESOURCE|p:thread that saw it|contention count|timeout in seconds
1cd|D|The callback stack is at an address of user mode.|none
1ce|D|The first address of a kernel stack is invalid.|none
1cf|H|The whole machine hung: timer ticks were not processed.|time since the watchdog was reset, in interrupt time|interrupt time now|QPC timestamp now|index of the clock processor
1d0|F|The firmware's ACPI code did not end in time.|p:AMLI context|u:name of the context|p:ACPI device extension|p:triage block
1d1|L|A telemetry assertion failed.|RVA of the code|name of the module|time stamp of the module|size of the image
1d2|D|A worker thread is in an invalid state.|0: it ends with I/O outstanding|p:worker thread|-|-
1d3|N|A callout of the Windows Filtering Platform did something invalid.|1: it injected an NBL with several net buffers|-|p:NBL|-
1d4|L|The USB connector driver UcmUcsi met an error.|a command timed out|the command|-|-
1d5|D|A driver did not end a Plug and Play operation in time.|t:first characters of the service of the device|p:TRIAGE_PNP_WATCHDOG|p:thread that is responsible|milliseconds since the watchdog was armed
1d6|D|A worker routine left another workload class.|c:worker routine|workload class|parameter of the work item|p:work item
1d7|K|File encryption (EFS) met an error that would lose data.|1: before offloading|s:status|r:IRP|p:encryption context
1d8|F|The USB connector driver UcmUcsi met an error.|0 the firmware did not answer a command in time, 1 a command failed|the command|p:UCMUCSICX_TRIAGE, or 0|-
1d9|F|The HAL met an error of the IOMMU.|operation that failed (0 delete, 1 unmap, 2 leave)|s:status|p:IOMMU domain|logical address (1 only)
1db|H|A processor was stuck in a loop of interprocessor interrupts.|QPC frequency|QPC now|QPC at the start|-
1dc|D|A driver used vectored DMA buffers in a wrong way.|kind of violation|depends on the kind|depends on the kind|depends on the kind
356|W|The Xbox console did not enter or leave connected standby in time.|leaving of connected standby|-|-|-
bfe|D|The Bluetooth verifier found a fault of a driver.|kind of violation|depends on the kind|depends on the kind|depends on the kind
bff|D|The Bluetooth miniport verifier found a fault.|kind of violation|depends on the kind|depends on the kind|-
20001|H|The hypervisor met a fatal error.|-|-|-|-
4000008a|D|A thread ended with a mutex that a driver had acquired.|p:KTHREAD|p:KMUTEX|-|-
c0000218|B|A hive of the registry cannot be loaded.|p:name of the hive|0|0|0
c0000221|B|A driver or system DLL is corrupt: its checksum is wrong.|none
"""  # noqa: E501


class Row(NamedTuple):
    """One code: what it says, what to do next, and kind and meaning of each of the four parameters."""

    meaning: str
    step: str
    parameters: Tuple[Tuple[str, str], ...]


def parameter(text: str) -> Tuple[str, str]:
    """Kind and meaning of one cell of a table."""
    if text == "-":
        return "number", RESERVED
    if text == "?":
        return "number", NOT_DOCUMENTED
    if text == "0":
        return "number", "0, not used"
    if text[1:2] == ":" and text[0] in _KINDS:
        return _KINDS[text[0]], text[2:]
    return "number", text


def _row(step: str, meaning: str, cells: Tuple[str, ...]) -> Row:
    if cells == ("none",):
        return Row(meaning, STEPS[step], (("number", NOT_USED),) * 4)
    return Row(meaning, STEPS[step], tuple(parameter(cell) for cell in cells or "????"))


def _rows() -> Dict[int, Row]:
    found = {int(code, 16): _row("W", RARE, ()) for code in _RARE.split()}
    for line in _TABLE.strip().split("\n"):
        code, step, meaning, *cells = line.split("|")
        found[int(code, 16)] = _row(step, meaning, tuple(cells))
    return found


PARAMETERS: Dict[int, Row] = _rows()
"""By code."""
