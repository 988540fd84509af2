"""Kernel dumps: the header of every kind, and the triage dump (``C:\\Windows\\Minidump``).

The layouts are those of the driver kit's headers as public readers document them, held against what dbgeng 10.0.15063
prints for the same files. Fields that the writer leaves alone hold the text ``PAGE`` repeated.
"""

from __future__ import annotations

from .guid import GUID
from .layout import ADDRESS, BYTES, COUNT, FILETIME, HEX, RVA_KIND, SIZE, TEXT, UCHAR, ULONG32, ULONG64, USHORT, WCHAR, Enumeration, Field, FlagSet, Structure

SOURCE = "Windows driver kit: DUMP_HEADER, TRIAGE_DUMP (public readers of the format); observed: dbgeng 10.0.15063"
FILL = 0x45474150
"""``PAGE``: what the writer fills a header with before it sets a field."""

SIGNATURE32 = b"PAGEDUMP"
SIGNATURE64 = b"PAGEDU64"
HEADER_SIZE32 = 0x1000
HEADER_SIZE64 = 0x2000

TRIAGE = 4
DUMP_TYPE = Enumeration(
    "DUMP_TYPE",
    {
        1: ("full", "a full dump: every page of physical memory"),
        2: ("kernel", "a kernel summary dump: the pages of the kernel that a bitmap names"),
        3: ("header", "a header alone"),
        4: ("triage", "a triage dump: registers, stack, driver list and some blocks of memory"),
        5: ("bitmap full", "a full dump with a bitmap: the pages of physical memory that the bitmap names"),
        6: ("bitmap kernel", "an automatic or kernel dump with a bitmap: pages of the kernel"),
        7: ("automatic", "an automatic dump: pages of the kernel"),
        8: ("active", "an active dump: pages in use, without those of guests"),
    },
    SOURCE,
)

PRODUCT_TYPE = Enumeration("ProductType", {1: ("WinNt", "workstation"), 2: ("LanManNt", "domain controller"), 3: ("Server", "server")}, "winnt.h: VER_NT_*")

TRIAGE_OPTIONS = FlagSet("TRIAGE_OPTIONS", {0x40: ("OVERFLOWED", "the writer had more data blocks than room")}, SOURCE)

PHYSICAL_MEMORY_RUN32 = Structure(
    "PHYSICAL_MEMORY_RUN32",
    [Field("BasePage", ULONG32, "first page of the run", HEX), Field("PageCount", ULONG32, "pages of the run", COUNT)],
    source=SOURCE,
    meaning="Pages of physical memory that follow each other.",
)
PHYSICAL_MEMORY_RUN64 = Structure(
    "PHYSICAL_MEMORY_RUN64",
    [Field("BasePage", ULONG64, "first page of the run", HEX), Field("PageCount", ULONG64, "pages of the run", COUNT)],
    source=SOURCE,
    meaning="Pages of physical memory that follow each other.",
    pack=8,
)


def _header(wide: bool) -> Structure:
    """DUMP_HEADER64 or DUMP_HEADER32."""
    word = ULONG64 if wide else ULONG32
    fields = [
        Field("Signature", ULONG32, "the bytes PAGE", HEX),
        Field("ValidDump", ULONG32, "the bytes DU64 or DUMP", HEX),
        Field("MajorVersion", ULONG32, "15 for a free build, 12 for a checked one", HEX),
        Field("MinorVersion", ULONG32, "build number of Windows", HEX),
        Field("DirectoryTableBase", word, "physical address of the page directory", HEX),
        Field("PfnDataBase", word, "address of the page frame database", ADDRESS),
        Field("PsLoadedModuleList", word, "address of the list of drivers", ADDRESS),
        Field("PsActiveProcessHead", word, "address of the list of processes", ADDRESS),
        Field("MachineImageType", ULONG32, "machine, as in a PE file", HEX),
        Field("NumberProcessors", ULONG32, "logical processors", COUNT),
        Field("BugCheckCode", ULONG32, "the bug check (stop code)", HEX),
        *(Field(f"BugCheckParameter{n}", word, "parameter of the bug check", HEX) for n in (1, 2, 3, 4)),
        Field("VersionUser", UCHAR, "not used by today's writers", TEXT, count=32),
    ]
    if wide:
        fields += [
            Field("KdDebuggerDataBlock", ULONG64, "address of KDDEBUGGER_DATA64", ADDRESS),
            Field("PhysicalMemoryBlock", UCHAR, "PHYSICAL_MEMORY_DESCRIPTOR: runs of physical memory", BYTES, count=700),
            Field("ContextRecord", UCHAR, "CONTEXT of the processor", BYTES, count=3000, at=0x348),
            Field("ExceptionRecord", UCHAR, "EXCEPTION_RECORD64", BYTES, count=0x98, at=0xF00),
            Field("DumpType", ULONG32, "what kind of dump", values=DUMP_TYPE),
            Field("RequiredDumpSpace", ULONG64, "bytes that the dump needs", SIZE, unit="bytes", at=0xFA0),
            Field("SystemTime", ULONG64, "when the machine stopped", FILETIME),
            Field("Comment", UCHAR, "text of the writer", TEXT, count=128),
            Field("SystemUpTime", ULONG64, "how long the machine ran", HEX, unit="100 ns"),
            Field("MiniDumpFields", ULONG32, "parts that a triage dump has", HEX),
            Field("SecondaryDataState", ULONG32, "state of the data that drivers added", HEX),
            Field("ProductType", ULONG32, "kind of Windows", values=PRODUCT_TYPE),
            Field("SuiteMask", ULONG32, "suites of the product, bits of VER_SUITE_*", HEX),
            Field("WriterStatus", ULONG32, "NTSTATUS of the writer", HEX),
            Field("Unused1", UCHAR, "not used", HEX),
            Field("KdSecondaryVersion", UCHAR, "version of the debugger protocol's second part", HEX),
            Field("Attributes", ULONG32, "attributes of the dump, bits", HEX, at=0x1050),
            Field("BootId", ULONG32, "number of the boot", HEX),
        ]
    else:
        fields += [
            Field("PaeEnabled", UCHAR, "whether page tables have three levels", HEX),
            Field("KdSecondaryVersion", UCHAR, "version of the debugger protocol's second part", HEX),
            Field("KdDebuggerDataBlock", ULONG32, "address of KDDEBUGGER_DATA64", ADDRESS, at=0x60),
            Field("PhysicalMemoryBlock", UCHAR, "PHYSICAL_MEMORY_DESCRIPTOR: runs of physical memory", BYTES, count=700),
            Field("ContextRecord", UCHAR, "CONTEXT of the processor", BYTES, count=1200, at=0x320),
            Field("ExceptionRecord", UCHAR, "EXCEPTION_RECORD32", BYTES, count=0x50, at=0x7D0),
            Field("Comment", UCHAR, "text of the writer", TEXT, count=128),
            Field("Attributes", ULONG32, "attributes of the dump, bits", HEX, at=0x8A0),
            Field("BootId", ULONG32, "number of the boot", HEX),
            Field("DumpType", ULONG32, "what kind of dump", values=DUMP_TYPE, at=0xF88),
            Field("MiniDumpFields", ULONG32, "parts that a triage dump has", HEX),
            Field("SecondaryDataState", ULONG32, "state of the data that drivers added", HEX),
            Field("ProductType", ULONG32, "kind of Windows", values=PRODUCT_TYPE),
            Field("SuiteMask", ULONG32, "suites of the product, bits of VER_SUITE_*", HEX),
            Field("WriterStatus", ULONG32, "NTSTATUS of the writer", HEX),
            Field("RequiredDumpSpace", ULONG64, "bytes that the dump needs", SIZE, unit="bytes", at=0xFA0),
            Field("SystemUpTime", ULONG64, "how long the machine ran", HEX, unit="100 ns", at=0xFB8),
            Field("SystemTime", ULONG64, "when the machine stopped", FILETIME),
        ]
    name, size = ("DUMP_HEADER64", HEADER_SIZE64) if wide else ("DUMP_HEADER32", HEADER_SIZE32)
    return Structure(name, fields, source=SOURCE, meaning="The first page or pages of a kernel dump.", pack=8, size=size)


DUMP_HEADER64 = _header(True)
DUMP_HEADER32 = _header(False)


def _triage(wide: bool) -> Structure:
    """TRIAGE_DUMP64 or TRIAGE_DUMP32: what stands where in a triage dump. All offsets are from the file's first byte."""

    def offset(name: str, meaning: str, target: str = "") -> Field:
        return Field(name, ULONG32, meaning, RVA_KIND, target=target)

    bits = "64" if wide else "32"
    fields = [
        Field("ServicePackBuild", ULONG32, "build of the service pack, 0 since Windows Vista", HEX),
        Field("SizeOfDump", ULONG32, "bytes of the file", SIZE, unit="bytes"),
        offset("ValidOffset", "the last four bytes: TRGD in a dump that was written to its end"),
        offset("ContextOffset", "CONTEXT", "CONTEXT"),
        offset("ExceptionOffset", "exception record", f"EXCEPTION_RECORD{bits}"),
        offset("MmOffset", "memory manager's counters"),
        offset("UnloadedDriversOffset", "unloaded drivers", f"DUMP_UNLOADED_DRIVER{bits}"),
        offset("PrcbOffset", "processor control block (KPRCB)"),
        offset("ProcessOffset", "process (EPROCESS)"),
        offset("ThreadOffset", "thread (ETHREAD)"),
        offset("CallStackOffset", "bytes of the kernel stack"),
        Field("SizeOfCallStack", ULONG32, "bytes of the stack in the file", SIZE, unit="bytes"),
        offset("DriverListOffset", "drivers", f"DUMP_DRIVER_ENTRY{bits}[]"),
        Field("DriverCount", ULONG32, "drivers in the list", COUNT),
        offset("StringPoolOffset", "names of drivers", "DUMP_STRING[]"),
        Field("StringPoolSize", ULONG32, "bytes of the names", SIZE, unit="bytes"),
        offset("BrokenDriverOffset", "name of the driver that the verifier found"),
        Field("TriageOptions", ULONG32, "what the writer was asked for; all ones by default", HEX),
        Field("TopOfStack", ULONG64 if wide else ULONG32, "address of the first byte of the call stack", ADDRESS),
    ]
    if wide:
        fields += [
            offset("BStoreOffset", "backing store (Itanium)"),
            Field("SizeOfBStore", ULONG32, "bytes of the backing store (Itanium)", SIZE, unit="bytes"),
            Field("LimitOfBStore", ULONG64, "end of the backing store (Itanium)", ADDRESS),
        ]
    fields += [
        Field("DataPageAddress", ULONG64 if wide else ULONG32, "address of the page that a parameter of the bug check names", ADDRESS),
        offset("DataPageOffset", "bytes of that page"),
        Field("DataPageSize", ULONG32, "bytes of that page in the file", SIZE, unit="bytes"),
        Field("DebuggerDataOffset", ULONG32, "KDDEBUGGER_DATA64", RVA_KIND),
        Field("DebuggerDataSize", ULONG32, "bytes of KDDEBUGGER_DATA64", SIZE, unit="bytes"),
        offset("DataBlocksOffset", "blocks of memory", "TRIAGE_DATA_BLOCK[]"),
        Field("DataBlocksCount", ULONG32, "blocks in the list", COUNT),
    ]
    return Structure(f"TRIAGE_DUMP{bits}", fields, source=SOURCE, meaning="What stands where in a triage dump.", pack=8)


TRIAGE_DUMP64 = _triage(True)
TRIAGE_DUMP32 = _triage(False)

TRIAGE_VALID = 0x44475254
"""``TRGD``: the mark at ValidOffset."""

TRIAGE_DATA_BLOCK = Structure(
    "TRIAGE_DATA_BLOCK",
    [
        Field("Address", ULONG64, "address of the first byte", ADDRESS),
        Field("Offset", ULONG32, "where the bytes are", RVA_KIND),
        Field("Size", ULONG32, "bytes of the block", SIZE, unit="bytes"),
    ],
    source=SOURCE,
    meaning="A block of memory in a triage dump.",
    pack=8,
)


def _driver(wide: bool) -> Structure:
    word = ULONG64 if wide else ULONG32
    size, stamp = (0x90, 0x88) if wide else (0x4C, 0x48)
    return Structure(
        f"DUMP_DRIVER_ENTRY{'64' if wide else '32'}",
        [
            Field("DriverNameOffset", ULONG32, "the driver's path", RVA_KIND, target="DUMP_STRING"),
            Field("DllBase", word, "where the driver was loaded", ADDRESS, at=0x38 if wide else 0x1C),
            Field("EntryPoint", word, "address of DriverEntry; 0 in triage dumps", ADDRESS),
            Field("SizeOfImage", ULONG32, "bytes of the driver in memory", SIZE, unit="bytes"),
            Field("CheckSum", ULONG32, "checksum of the file", HEX, at=stamp - (8 if wide else 4)),
            Field("TimeDateStamp", ULONG32, "when the driver was built, or a hash", HEX, at=stamp),
        ],
        source=SOURCE,
        meaning="A driver: its name, and the loader's entry (KLDR_DATA_TABLE_ENTRY).",
        pack=8,
        size=size,
    )


DUMP_DRIVER_ENTRY64 = _driver(True)
DUMP_DRIVER_ENTRY32 = _driver(False)

DUMP_STRING = Structure(
    "DUMP_STRING",
    [Field("Length", ULONG32, "characters, without the zero", COUNT), Field("Buffer", WCHAR, "UTF-16 text and a zero", TEXT, count=0)],
    source=SOURCE,
    meaning="A name in the string pool.",
)


def _unloaded(wide: bool) -> Structure:
    word = ULONG64 if wide else ULONG32
    return Structure(
        f"DUMP_UNLOADED_DRIVER{'64' if wide else '32'}",
        [
            Field("NameLength", USHORT, "bytes of the whole name", SIZE, unit="bytes"),
            Field("NameMaximumLength", USHORT, "bytes that the name may have", SIZE, unit="bytes"),
            Field("NameBuffer", word, "address of the name; not in the dump", ADDRESS),
            Field("DriverName", WCHAR, "first 12 characters of the name", TEXT, count=12),
            Field("StartAddress", word, "where the driver was loaded", ADDRESS),
            Field("EndAddress", word, "address of the first byte after it", ADDRESS),
        ],
        source=SOURCE,
        meaning="A driver that was unloaded before.",
        pack=8,
    )


DUMP_UNLOADED_DRIVER64 = _unloaded(True)
DUMP_UNLOADED_DRIVER32 = _unloaded(False)

BLOB_SIGNATURE = b"DumpBlob"
"""What the data after a triage dump begins with: blobs that drivers and the system added while the machine stopped."""

DUMP_BLOB_FILE_HEADER = Structure(
    "DUMP_BLOB_FILE_HEADER",
    [
        Field("Signature1", ULONG32, "the bytes Dump", HEX),
        Field("Signature2", ULONG32, "the bytes Blob", HEX),
        Field("HeaderSize", ULONG32, "bytes of this header", SIZE, unit="bytes"),
        Field("BuildNumber", ULONG32, "build of the kernel, with 0xF in the top bits of a free one", HEX),
    ],
    source="dbgeng.h: DUMP_BLOB_FILE_HEADER; observed in dumps of Windows 10",
    meaning="In front of the secondary data of a dump.",
)
DUMP_BLOB_HEADER = Structure(
    "DUMP_BLOB_HEADER",
    [
        Field("HeaderSize", ULONG32, "bytes of this header", SIZE, unit="bytes"),
        Field("Tag", GUID, "who added the data"),
        Field("DataSize", ULONG32, "bytes of the data", SIZE, unit="bytes"),
        Field("PrePad", ULONG32, "bytes between this header and the data", SIZE, unit="bytes"),
        Field("PostPad", ULONG32, "bytes after the data", SIZE, unit="bytes"),
    ],
    source="dbgeng.h: DUMP_BLOB_HEADER; observed in dumps of Windows 10",
    meaning="In front of one blob of secondary data.",
)

BITMAP_SIGNATURES = (b"SDMP", b"FDMP")
"""What BITMAP_DUMP begins with: of a dump of the kernel, of a full dump."""

BITMAP_DUMP = Structure(
    "BITMAP_DUMP",
    [
        Field("Signature", ULONG32, "the bytes SDMP (kernel) or FDMP (full)", HEX),
        Field("ValidDump", ULONG32, "the bytes DUMP", HEX),
        Field("DumpOptions", ULONG32, "what the writer was asked for", HEX),
        Field("HeaderSize", ULONG64, "where the first page is in the file", RVA_KIND, at=0x20),
        Field("Pages", ULONG64, "pages in the file", COUNT),
        Field("BitmapSize", ULONG64, "bits of the bitmap that follows, one to a page of physical memory", COUNT),
    ],
    source="public readers of the format; observed: dbgeng 10.0.15063 (which names the fields so in .dumpdebug)",
    meaning="After the header of a dump with a bitmap: which pages of physical memory the file holds.",
    pack=8,
)


def _summary(wide: bool) -> Structure:
    bits, word = ("64", ULONG64) if wide else ("32", ULONG32)
    return Structure(
        f"SUMMARY_DUMP{bits}",
        [
            Field("Signature", ULONG32, "the bytes SDMP", HEX),
            Field("ValidDump", ULONG32, "the bytes DUMP", HEX),
            Field("DumpOptions", ULONG32, "what the writer was asked for", HEX),
            Field("HeaderSize", ULONG32, "where the first page is in the file", RVA_KIND),
            Field("BitmapSize", ULONG32, "bits of the bitmap that follows, one to a page of physical memory", COUNT),
            Field("Pages", ULONG32, "pages in the file", COUNT),
            Field("SizeOfBitMap", ULONG32, "bits of the bitmap, again", COUNT),
            Field("Reserved", word, "where the bitmap was in memory", HEX),
        ],
        source="public readers of the format; observed: dbgeng 10.0.15063 (which names the fields so in .dumpdebug)",
        meaning="After the header of a kernel summary dump, the kind before Windows 8: which pages of physical memory the file holds.",
        pack=8,
    )


SUMMARY_DUMP64, SUMMARY_DUMP32 = _summary(True), _summary(False)
SUMMARY = 2
"""DumpType of a kernel summary dump."""

HAS_DATA_PAGE, HAS_DEBUGGER_DATA, HAS_DATA_BLOCKS = 0x200, 0x400, 0x800
BASIC_PARTS = 0xFF
"""Bits of MiniDumpFields: the debugger looks for these parts of a triage dump only where they are set (observed: dbgeng 10.0.15063)."""
OPTION_OVERFLOWED = 0x100
"""Bit of TriageOptions, unless all are set: the writer ran out of room."""

STRUCTURES = (
    BITMAP_DUMP,
    SUMMARY_DUMP64,
    SUMMARY_DUMP32,
    DUMP_BLOB_FILE_HEADER,
    DUMP_BLOB_HEADER,
    DUMP_HEADER64,
    DUMP_HEADER32,
    TRIAGE_DUMP64,
    TRIAGE_DUMP32,
    TRIAGE_DATA_BLOCK,
    DUMP_DRIVER_ENTRY64,
    DUMP_DRIVER_ENTRY32,
    DUMP_STRING,
    DUMP_UNLOADED_DRIVER64,
    DUMP_UNLOADED_DRIVER32,
    PHYSICAL_MEMORY_RUN64,
    PHYSICAL_MEMORY_RUN32,
)
