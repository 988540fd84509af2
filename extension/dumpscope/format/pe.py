"""Headers and tables of a PE image, as they stand in its file and in memory where it is loaded."""

from __future__ import annotations

from typing import Dict

from .layout import ADDRESS, COUNT, HEX, SIZE, TEXT, TIME_T, UCHAR, ULONG32, ULONG64, USHORT, Enumeration, Field, FlagSet, Structure
from .modules import IMAGE_DLLCHARACTERISTICS

_WINNT = "winnt.h (Windows SDK 10.0.26100)"

IMAGE_DOS_SIGNATURE = 0x5A4D
IMAGE_NT_SIGNATURE = 0x00004550
IMAGE_NT_OPTIONAL_HDR32_MAGIC = 0x10B
IMAGE_NT_OPTIONAL_HDR64_MAGIC = 0x20B

IMAGE_FILE_MACHINE_I386 = 0x14C
IMAGE_FILE_MACHINE_ARM = 0x1C0
IMAGE_FILE_MACHINE_ARMNT = 0x1C4
IMAGE_FILE_MACHINE_AMD64 = 0x8664
IMAGE_FILE_MACHINE_ARM64 = 0xAA64

IMAGE_FILE_MACHINE = Enumeration(
    "IMAGE_FILE_MACHINE",
    {
        0x0000: ("IMAGE_FILE_MACHINE_UNKNOWN", "not said"),
        IMAGE_FILE_MACHINE_I386: ("IMAGE_FILE_MACHINE_I386", "x86"),
        0x0166: ("IMAGE_FILE_MACHINE_R4000", "MIPS, little-endian"),
        0x0184: ("IMAGE_FILE_MACHINE_ALPHA", "Alpha"),
        0x01A6: ("IMAGE_FILE_MACHINE_SH4", "SuperH SH4"),
        IMAGE_FILE_MACHINE_ARM: ("IMAGE_FILE_MACHINE_ARM", "ARM, little-endian"),
        0x01C2: ("IMAGE_FILE_MACHINE_THUMB", "ARM Thumb"),
        IMAGE_FILE_MACHINE_ARMNT: ("IMAGE_FILE_MACHINE_ARMNT", "ARM Thumb-2, as Windows uses it"),
        0x01F0: ("IMAGE_FILE_MACHINE_POWERPC", "PowerPC, little-endian"),
        0x0200: ("IMAGE_FILE_MACHINE_IA64", "Itanium"),
        IMAGE_FILE_MACHINE_AMD64: ("IMAGE_FILE_MACHINE_AMD64", "x64"),
        0xA641: ("IMAGE_FILE_MACHINE_ARM64EC", "ARM64 code that calls x64 code"),
        0xA64E: ("IMAGE_FILE_MACHINE_ARM64X", "ARM64 and ARM64EC code in one image"),
        IMAGE_FILE_MACHINE_ARM64: ("IMAGE_FILE_MACHINE_ARM64", "ARM64"),
    },
    _WINNT,
)

IMAGE_FILE = FlagSet(
    "IMAGE_FILE",
    {
        0x0001: ("IMAGE_FILE_RELOCS_STRIPPED", "has no relocations: it must be loaded at its preferred address"),
        0x0002: ("IMAGE_FILE_EXECUTABLE_IMAGE", "can be run: the linker found no error"),
        0x0004: ("IMAGE_FILE_LINE_NUMS_STRIPPED", "has no COFF line numbers"),
        0x0008: ("IMAGE_FILE_LOCAL_SYMS_STRIPPED", "has no COFF symbols of local names"),
        0x0010: ("IMAGE_FILE_AGGRESIVE_WS_TRIM", "obsolete"),
        0x0020: ("IMAGE_FILE_LARGE_ADDRESS_AWARE", "can use addresses above 2 GiB"),
        0x0080: ("IMAGE_FILE_BYTES_REVERSED_LO", "obsolete"),
        0x0100: ("IMAGE_FILE_32BIT_MACHINE", "made for a machine of 32 bits"),
        0x0200: ("IMAGE_FILE_DEBUG_STRIPPED", "its debug information is in a .dbg file"),
        0x0400: ("IMAGE_FILE_REMOVABLE_RUN_FROM_SWAP", "copied to the page file when run from removable media"),
        0x0800: ("IMAGE_FILE_NET_RUN_FROM_SWAP", "copied to the page file when run from the network"),
        0x1000: ("IMAGE_FILE_SYSTEM", "a file of the system, such as a driver"),
        0x2000: ("IMAGE_FILE_DLL", "a library"),
        0x4000: ("IMAGE_FILE_UP_SYSTEM_ONLY", "only for a machine with one processor"),
        0x8000: ("IMAGE_FILE_BYTES_REVERSED_HI", "obsolete"),
    },
    _WINNT,
)

IMAGE_SUBSYSTEM = Enumeration(
    "IMAGE_SUBSYSTEM",
    {
        0: ("IMAGE_SUBSYSTEM_UNKNOWN", "not said"),
        1: ("IMAGE_SUBSYSTEM_NATIVE", "needs no subsystem: drivers and native programs"),
        2: ("IMAGE_SUBSYSTEM_WINDOWS_GUI", "Windows, graphical"),
        3: ("IMAGE_SUBSYSTEM_WINDOWS_CUI", "Windows, console"),
        5: ("IMAGE_SUBSYSTEM_OS2_CUI", "OS/2 console"),
        7: ("IMAGE_SUBSYSTEM_POSIX_CUI", "POSIX console"),
        9: ("IMAGE_SUBSYSTEM_WINDOWS_CE_GUI", "Windows CE"),
        10: ("IMAGE_SUBSYSTEM_EFI_APPLICATION", "EFI application"),
        11: ("IMAGE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER", "EFI driver with boot services"),
        12: ("IMAGE_SUBSYSTEM_EFI_RUNTIME_DRIVER", "EFI driver with run-time services"),
        13: ("IMAGE_SUBSYSTEM_EFI_ROM", "EFI ROM image"),
        14: ("IMAGE_SUBSYSTEM_XBOX", "Xbox"),
        16: ("IMAGE_SUBSYSTEM_WINDOWS_BOOT_APPLICATION", "Windows boot application"),
    },
    _WINNT,
)

IMAGE_SCN = FlagSet(
    "IMAGE_SCN",
    {
        0x00000008: ("IMAGE_SCN_TYPE_NO_PAD", "obsolete"),
        0x00000020: ("IMAGE_SCN_CNT_CODE", "code"),
        0x00000040: ("IMAGE_SCN_CNT_INITIALIZED_DATA", "data that stand in the file"),
        0x00000080: ("IMAGE_SCN_CNT_UNINITIALIZED_DATA", "data that begin as zeros"),
        0x00001000: ("IMAGE_SCN_LNK_COMDAT", "only in object files: COMDAT data"),
        0x00008000: ("IMAGE_SCN_GPREL", "addressed through the global pointer"),
        0x01000000: ("IMAGE_SCN_LNK_NRELOC_OVFL", "has more relocations than its header can count"),
        0x02000000: ("IMAGE_SCN_MEM_DISCARDABLE", "may be discarded"),
        0x04000000: ("IMAGE_SCN_MEM_NOT_CACHED", "must not be cached"),
        0x08000000: ("IMAGE_SCN_MEM_NOT_PAGED", "must not be paged out"),
        0x10000000: ("IMAGE_SCN_MEM_SHARED", "shared between processes"),
        0x20000000: ("IMAGE_SCN_MEM_EXECUTE", "can be executed"),
        0x40000000: ("IMAGE_SCN_MEM_READ", "can be read"),
        0x80000000: ("IMAGE_SCN_MEM_WRITE", "can be written"),
    },
    _WINNT,
)
IMAGE_SCN_MEM_EXECUTE = 0x20000000
IMAGE_SCN_MEM_WRITE = 0x80000000

IMAGE_DEBUG_TYPE = Enumeration(
    "IMAGE_DEBUG_TYPE",
    {
        0: ("IMAGE_DEBUG_TYPE_UNKNOWN", "not known"),
        1: ("IMAGE_DEBUG_TYPE_COFF", "COFF symbols"),
        2: ("IMAGE_DEBUG_TYPE_CODEVIEW", "CodeView: which PDB file belongs to the image"),
        3: ("IMAGE_DEBUG_TYPE_FPO", "frame pointer omission records"),
        4: ("IMAGE_DEBUG_TYPE_MISC", "where the .dbg file is"),
        5: ("IMAGE_DEBUG_TYPE_EXCEPTION", "a copy of .pdata"),
        6: ("IMAGE_DEBUG_TYPE_FIXUP", "reserved"),
        7: ("IMAGE_DEBUG_TYPE_OMAP_TO_SRC", "addresses of a rearranged image to those of its source"),
        8: ("IMAGE_DEBUG_TYPE_OMAP_FROM_SRC", "addresses of the source to those of the rearranged image"),
        9: ("IMAGE_DEBUG_TYPE_BORLAND", "Borland"),
        10: ("IMAGE_DEBUG_TYPE_RESERVED10", "reserved"),
        11: ("IMAGE_DEBUG_TYPE_CLSID", "reserved"),
        12: ("IMAGE_DEBUG_TYPE_VC_FEATURE", "counts of compiler features"),
        13: ("IMAGE_DEBUG_TYPE_POGO", "what profile-guided optimization did"),
        14: ("IMAGE_DEBUG_TYPE_ILTCG", "made with link-time code generation"),
        15: ("IMAGE_DEBUG_TYPE_MPX", "Intel MPX"),
        16: ("IMAGE_DEBUG_TYPE_REPRO", "a reproducible build: time stamps are hashes"),
        17: ("IMAGE_DEBUG_TYPE_EMBEDDED_PORTABLE_PDB", "a portable PDB of .NET inside the image"),
        19: ("IMAGE_DEBUG_TYPE_PDBCHECKSUM", "checksum of the PDB file"),
        20: ("IMAGE_DEBUG_TYPE_EX_DLLCHARACTERISTICS", "more of the image's characteristics"),
    },
    _WINNT,
)
IMAGE_DEBUG_TYPE_CODEVIEW = 2

IMAGE_DIRECTORY_ENTRY_EXPORT = 0
IMAGE_DIRECTORY_ENTRY_EXCEPTION = 3
IMAGE_DIRECTORY_ENTRY_DEBUG = 6
IMAGE_NUMBEROF_DIRECTORY_ENTRIES = 16

IMAGE_DIRECTORY_ENTRY = Enumeration(
    "IMAGE_DIRECTORY_ENTRY",
    {
        IMAGE_DIRECTORY_ENTRY_EXPORT: ("IMAGE_DIRECTORY_ENTRY_EXPORT", "exported names"),
        1: ("IMAGE_DIRECTORY_ENTRY_IMPORT", "imported names"),
        2: ("IMAGE_DIRECTORY_ENTRY_RESOURCE", "resources"),
        IMAGE_DIRECTORY_ENTRY_EXCEPTION: ("IMAGE_DIRECTORY_ENTRY_EXCEPTION", "functions and their unwind information (.pdata)"),
        4: ("IMAGE_DIRECTORY_ENTRY_SECURITY", "certificates; a file offset, not an RVA"),
        5: ("IMAGE_DIRECTORY_ENTRY_BASERELOC", "relocations"),
        IMAGE_DIRECTORY_ENTRY_DEBUG: ("IMAGE_DIRECTORY_ENTRY_DEBUG", "debug information"),
        7: ("IMAGE_DIRECTORY_ENTRY_ARCHITECTURE", "reserved"),
        8: ("IMAGE_DIRECTORY_ENTRY_GLOBALPTR", "the value of the global pointer"),
        9: ("IMAGE_DIRECTORY_ENTRY_TLS", "thread-local storage"),
        10: ("IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG", "load configuration"),
        11: ("IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT", "bound imports"),
        12: ("IMAGE_DIRECTORY_ENTRY_IAT", "import address table"),
        13: ("IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT", "imports that are resolved when they are used"),
        14: ("IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR", ".NET header"),
        15: ("IMAGE_DIRECTORY_ENTRY_RESERVED", "reserved"),
    },
    _WINNT,
)

IMAGE_DOS_HEADER = Structure(
    "IMAGE_DOS_HEADER",
    [
        Field("e_magic", USHORT, "the letters MZ", HEX),
        Field("e_cblp", USHORT, "bytes on the last page of the DOS program"),
        Field("e_cp", USHORT, "pages of the DOS program"),
        Field("e_crlc", USHORT, "relocations of the DOS program", COUNT),
        Field("e_cparhdr", USHORT, "size of the DOS header in paragraphs of 16 bytes"),
        Field("e_minalloc", USHORT, "least memory after the DOS program, in paragraphs"),
        Field("e_maxalloc", USHORT, "most memory after the DOS program, in paragraphs"),
        Field("e_ss", USHORT, "SS of the DOS program", HEX),
        Field("e_sp", USHORT, "SP of the DOS program", HEX),
        Field("e_csum", USHORT, "checksum of the DOS program", HEX),
        Field("e_ip", USHORT, "IP of the DOS program", HEX),
        Field("e_cs", USHORT, "CS of the DOS program", HEX),
        Field("e_lfarlc", USHORT, "offset of the relocations of the DOS program", HEX),
        Field("e_ovno", USHORT, "overlay number"),
        Field("e_res", USHORT, "reserved", count=4),
        Field("e_oemid", USHORT, "OEM identifier", HEX),
        Field("e_oeminfo", USHORT, "OEM information", HEX),
        Field("e_res2", USHORT, "reserved", count=10),
        Field("e_lfanew", ULONG32, "offset of the PE headers", HEX, target="IMAGE_NT_HEADERS64"),
    ],
    source=_WINNT,
    meaning="The first bytes of an image: a small DOS program, of which only the first and the last field are still used.",
    pack=2,
)

IMAGE_FILE_HEADER = Structure(
    "IMAGE_FILE_HEADER",
    [
        Field("Machine", USHORT, "the processor that the code is for", values=IMAGE_FILE_MACHINE),
        Field("NumberOfSections", USHORT, "how many section headers follow the optional header; Windows allows 96", COUNT),
        Field("TimeDateStamp", ULONG32, "when the image was linked; in reproducible builds a hash", TIME_T, unit="s since 1970 UTC"),
        Field("PointerToSymbolTable", ULONG32, "file offset of COFF symbols, 0 if there are none", HEX),
        Field("NumberOfSymbols", ULONG32, "how many COFF symbols there are", COUNT),
        Field("SizeOfOptionalHeader", USHORT, "bytes of the optional header; the section headers begin after it", SIZE, unit="bytes"),
        Field("Characteristics", USHORT, "what kind of image it is", values=IMAGE_FILE),
    ],
    source=_WINNT,
    meaning="The COFF header of an image.",
)

IMAGE_DATA_DIRECTORY = Structure(
    "IMAGE_DATA_DIRECTORY",
    [
        Field("VirtualAddress", ULONG32, "where the table is, from the image's base; 0 if there is none", HEX),
        Field("Size", ULONG32, "size of the table", SIZE, unit="bytes"),
    ],
    source=_WINNT,
    meaning="Where one of the image's tables is.",
)


def _optional_header(name: str, wide: bool) -> Structure:
    """IMAGE_OPTIONAL_HEADER32 and 64 differ in BaseOfData and in the width of addresses and sizes of memory."""
    word = ULONG64 if wide else ULONG32
    bits = 64 if wide else 32
    magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC if wide else IMAGE_NT_OPTIONAL_HDR32_MAGIC
    base_of_data = [] if wide else [Field("BaseOfData", ULONG32, "where the first data are", HEX)]
    return Structure(
        name,
        [
            Field("Magic", USHORT, f"0x{magic:x} for an image of {bits} bits", HEX),
            Field("MajorLinkerVersion", UCHAR, "version of the linker"),
            Field("MinorLinkerVersion", UCHAR, "version of the linker"),
            Field("SizeOfCode", ULONG32, "bytes of all code sections", SIZE, unit="bytes"),
            Field("SizeOfInitializedData", ULONG32, "bytes of all sections of initialized data", SIZE, unit="bytes"),
            Field("SizeOfUninitializedData", ULONG32, "bytes of all sections of zeros", SIZE, unit="bytes"),
            Field("AddressOfEntryPoint", ULONG32, "where the code begins to run, from the image's base; 0 if nowhere", HEX),
            Field("BaseOfCode", ULONG32, "where the first code is, from the image's base", HEX),
            *base_of_data,
            Field("ImageBase", word, "preferred address; in memory the loader writes the real one here", ADDRESS),
            Field("SectionAlignment", ULONG32, "alignment of sections in memory", HEX),
            Field("FileAlignment", ULONG32, "alignment of sections in the file", HEX),
            Field("MajorOperatingSystemVersion", USHORT, "version of the system that it needs"),
            Field("MinorOperatingSystemVersion", USHORT, "version of the system that it needs"),
            Field("MajorImageVersion", USHORT, "version of the image"),
            Field("MinorImageVersion", USHORT, "version of the image"),
            Field("MajorSubsystemVersion", USHORT, "version of the subsystem that it needs"),
            Field("MinorSubsystemVersion", USHORT, "version of the subsystem that it needs"),
            Field("Win32VersionValue", ULONG32, "reserved, 0", HEX),
            Field("SizeOfImage", ULONG32, "how much address space it takes; with TimeDateStamp the key on a symbol server", SIZE, unit="bytes"),
            Field("SizeOfHeaders", ULONG32, "bytes of all headers, rounded up to FileAlignment", SIZE, unit="bytes"),
            Field("CheckSum", ULONG32, "checksum of the file, 0 if it has none", HEX),
            Field("Subsystem", USHORT, "what runs it", values=IMAGE_SUBSYSTEM),
            Field("DllCharacteristics", USHORT, "what the loader may do with it", values=IMAGE_DLLCHARACTERISTICS),
            Field("SizeOfStackReserve", word, "address space of the first thread's stack", SIZE, unit="bytes"),
            Field("SizeOfStackCommit", word, "memory of the first thread's stack at the start", SIZE, unit="bytes"),
            Field("SizeOfHeapReserve", word, "address space of the process heap", SIZE, unit="bytes"),
            Field("SizeOfHeapCommit", word, "memory of the process heap at the start", SIZE, unit="bytes"),
            Field("LoaderFlags", ULONG32, "obsolete", HEX),
            Field("NumberOfRvaAndSizes", ULONG32, "how many directories follow; 16 in all images of today", COUNT),
            Field("DataDirectory", IMAGE_DATA_DIRECTORY, "the image's tables by IMAGE_DIRECTORY_ENTRY number", count=IMAGE_NUMBEROF_DIRECTORY_ENTRIES),
        ],
        source=_WINNT,
        meaning=f"The optional header of an image of {bits} bits: where it wants to be and where its tables are.",
    )


IMAGE_OPTIONAL_HEADER32 = _optional_header("IMAGE_OPTIONAL_HEADER32", wide=False)
IMAGE_OPTIONAL_HEADER64 = _optional_header("IMAGE_OPTIONAL_HEADER64", wide=True)
OPTIONAL_HEADERS: Dict[int, Structure] = {
    IMAGE_NT_OPTIONAL_HDR32_MAGIC: IMAGE_OPTIONAL_HEADER32,
    IMAGE_NT_OPTIONAL_HDR64_MAGIC: IMAGE_OPTIONAL_HEADER64,
}
"""The optional header's layout by Magic."""

_SIGNATURE = "the letters PE and two zeros"
IMAGE_NT_HEADERS32 = Structure(
    "IMAGE_NT_HEADERS32",
    [
        Field("Signature", ULONG32, _SIGNATURE, HEX),
        Field("FileHeader", IMAGE_FILE_HEADER, "the COFF header"),
        Field("OptionalHeader", IMAGE_OPTIONAL_HEADER32, "the optional header"),
    ],
    source=_WINNT,
    meaning="The PE headers of an image of 32 bits. The section headers follow at SizeOfOptionalHeader bytes after FileHeader.",
)
IMAGE_NT_HEADERS64 = Structure(
    "IMAGE_NT_HEADERS64",
    [
        Field("Signature", ULONG32, _SIGNATURE, HEX),
        Field("FileHeader", IMAGE_FILE_HEADER, "the COFF header"),
        Field("OptionalHeader", IMAGE_OPTIONAL_HEADER64, "the optional header"),
    ],
    source=_WINNT,
    meaning="The PE headers of an image of 64 bits. The section headers follow at SizeOfOptionalHeader bytes after FileHeader.",
)
NT_HEADERS: Dict[int, Structure] = {IMAGE_NT_OPTIONAL_HDR32_MAGIC: IMAGE_NT_HEADERS32, IMAGE_NT_OPTIONAL_HDR64_MAGIC: IMAGE_NT_HEADERS64}
"""The PE headers' layout by Magic."""

IMAGE_SECTION_HEADER = Structure(
    "IMAGE_SECTION_HEADER",
    [
        Field("Name", UCHAR, "name, filled up with zeros; a slash and digits lead to a longer one among the COFF strings", TEXT, count=8),
        Field("VirtualSize", ULONG32, "bytes in memory; the C name is Misc.VirtualSize", SIZE, unit="bytes"),
        Field("VirtualAddress", ULONG32, "where it is in memory, from the image's base", HEX),
        Field("SizeOfRawData", ULONG32, "bytes in the file, rounded up to FileAlignment", SIZE, unit="bytes"),
        Field("PointerToRawData", ULONG32, "where it is in the file", HEX),
        Field("PointerToRelocations", ULONG32, "only in object files", HEX),
        Field("PointerToLinenumbers", ULONG32, "obsolete", HEX),
        Field("NumberOfRelocations", USHORT, "only in object files", COUNT),
        Field("NumberOfLinenumbers", USHORT, "obsolete", COUNT),
        Field("Characteristics", ULONG32, "what it holds and how it may be used", values=IMAGE_SCN),
    ],
    source=_WINNT,
    meaning="One section of an image: where its bytes are in the file and where in memory.",
)

IMAGE_EXPORT_DIRECTORY = Structure(
    "IMAGE_EXPORT_DIRECTORY",
    [
        Field("Characteristics", ULONG32, "reserved, 0", HEX),
        Field("TimeDateStamp", ULONG32, "when the table was made", TIME_T, unit="s since 1970 UTC"),
        Field("MajorVersion", USHORT, "version, usually 0"),
        Field("MinorVersion", USHORT, "version, usually 0"),
        Field("Name", ULONG32, "RVA of the library's own name", HEX),
        Field("Base", ULONG32, "ordinal of the first function"),
        Field("NumberOfFunctions", ULONG32, "how many functions there are", COUNT),
        Field("NumberOfNames", ULONG32, "how many of them have a name", COUNT),
        Field("AddressOfFunctions", ULONG32, "RVA of their RVAs; one that lies inside the export directory is the text of a forwarder", HEX),
        Field("AddressOfNames", ULONG32, "RVA of the names' RVAs, sorted by name", HEX),
        Field("AddressOfNameOrdinals", ULONG32, "RVA of a USHORT for each name: which function it belongs to", HEX),
    ],
    source=_WINNT,
    meaning="What an image exports.",
)

IMAGE_DEBUG_DIRECTORY = Structure(
    "IMAGE_DEBUG_DIRECTORY",
    [
        Field("Characteristics", ULONG32, "reserved, 0", HEX),
        Field("TimeDateStamp", ULONG32, "when the debug information was made", TIME_T, unit="s since 1970 UTC"),
        Field("MajorVersion", USHORT, "version of the data's format"),
        Field("MinorVersion", USHORT, "version of the data's format"),
        Field("Type", ULONG32, "what the data are", values=IMAGE_DEBUG_TYPE),
        Field("SizeOfData", ULONG32, "bytes of the data", SIZE, unit="bytes"),
        Field("AddressOfRawData", ULONG32, "RVA of the data, 0 if they are not loaded", HEX),
        Field("PointerToRawData", ULONG32, "file offset of the data", HEX),
    ],
    source=_WINNT,
    meaning="One kind of debug information of an image.",
)
