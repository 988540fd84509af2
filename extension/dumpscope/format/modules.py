"""Modules: loaded and unloaded images, their version information and the records that lead to their symbols."""

from __future__ import annotations

from .guid import GUID
from .header import MINIDUMP_LOCATION_DESCRIPTOR
from .layout import (
    ADDRESS,
    BYTES,
    COUNT,
    HEX,
    MINIDUMPAPISET,
    RVA,
    SIZE,
    TEXT,
    TIME_T,
    UCHAR,
    ULONG32,
    ULONG64,
    Enumeration,
    Field,
    FlagSet,
    Structure,
)

_VERRSRC = "verrsrc.h (Windows SDK 10.0.26100)"
_WINNT = "winnt.h (Windows SDK 10.0.26100)"

VS_FFI_SIGNATURE = 0xFEEF04BD
"""dwSignature of VS_FIXEDFILEINFO; anything else means that there is no version information."""

CV_SIGNATURE_RSDS = 0x53445352
CV_SIGNATURE_NB10 = 0x3031424E
CV_SIGNATURE_NB09 = 0x3930424E
CV_SIGNATURE_NB11 = 0x3131424E
CV_SIGNATURE_ELF = 0x4270454C

CV_SIGNATURE = Enumeration(
    "CV_SIGNATURE",
    {
        CV_SIGNATURE_RSDS: ("RSDS", "a PDB file of format 7.0, known by a GUID and an age"),
        CV_SIGNATURE_NB10: ("NB10", "a PDB file of format 2.0, known by a time stamp and an age"),
        CV_SIGNATURE_NB09: ("NB09", "debug information inside the image, CodeView 4.1"),
        CV_SIGNATURE_NB11: ("NB11", "debug information inside the image, CodeView 5.0"),
        CV_SIGNATURE_ELF: ("BpEL", "the build id of an ELF module, written by Breakpad or Crashpad"),
    },
    "google/breakpad minidump_format.h",
)

VS_FF = FlagSet(
    "VS_FF",
    {
        0x01: ("VS_FF_DEBUG", "has debugging features"),
        0x02: ("VS_FF_PRERELEASE", "not a release"),
        0x04: ("VS_FF_PATCHED", "differs from the release of this version"),
        0x08: ("VS_FF_PRIVATEBUILD", "a private build"),
        0x10: ("VS_FF_INFOINFERRED", "the version information was made up at run time"),
        0x20: ("VS_FF_SPECIALBUILD", "a special build of a release"),
    },
    _VERRSRC,
)

VOS = Enumeration(
    "VOS",
    {
        0x00000: ("VOS_UNKNOWN", "not said"),
        0x00001: ("VOS__WINDOWS16", "16-bit Windows"),
        0x00002: ("VOS__PM16", "16-bit Presentation Manager"),
        0x00003: ("VOS__PM32", "32-bit Presentation Manager"),
        0x00004: ("VOS__WINDOWS32", "Windows"),
        0x10000: ("VOS_DOS", "MS-DOS"),
        0x10001: ("VOS_DOS_WINDOWS16", "16-bit Windows on MS-DOS"),
        0x10004: ("VOS_DOS_WINDOWS32", "Windows on MS-DOS"),
        0x20000: ("VOS_OS216", "16-bit OS/2"),
        0x20002: ("VOS_OS216_PM16", "16-bit Presentation Manager on 16-bit OS/2"),
        0x30000: ("VOS_OS232", "32-bit OS/2"),
        0x30003: ("VOS_OS232_PM32", "32-bit Presentation Manager on 32-bit OS/2"),
        0x40000: ("VOS_NT", "Windows NT"),
        0x40004: ("VOS_NT_WINDOWS32", "Windows on Windows NT"),
        0x50000: ("VOS_WINCE", "Windows CE"),
    },
    _VERRSRC,
)

VFT = Enumeration(
    "VFT",
    {
        0: ("VFT_UNKNOWN", "not said"),
        1: ("VFT_APP", "program"),
        2: ("VFT_DLL", "library"),
        3: ("VFT_DRV", "driver; the subtype says which"),
        4: ("VFT_FONT", "font; the subtype says which"),
        5: ("VFT_VXD", "virtual device; the subtype is its id"),
        7: ("VFT_STATIC_LIB", "static library"),
    },
    _VERRSRC,
)

VFT2_DRIVER = Enumeration(
    "VFT2_DRV",
    {
        0: ("VFT2_UNKNOWN", "not said"),
        1: ("VFT2_DRV_PRINTER", "printer"),
        2: ("VFT2_DRV_KEYBOARD", "keyboard"),
        3: ("VFT2_DRV_LANGUAGE", "language"),
        4: ("VFT2_DRV_DISPLAY", "display"),
        5: ("VFT2_DRV_MOUSE", "mouse"),
        6: ("VFT2_DRV_NETWORK", "network"),
        7: ("VFT2_DRV_SYSTEM", "system"),
        8: ("VFT2_DRV_INSTALLABLE", "installable"),
        9: ("VFT2_DRV_SOUND", "sound"),
        10: ("VFT2_DRV_COMM", "communication"),
        11: ("VFT2_DRV_INPUTMETHOD", "input method"),
        12: ("VFT2_DRV_VERSIONED_PRINTER", "printer, versioned"),
    },
    _VERRSRC,
)
"""dwFileSubtype where dwFileType is VFT_DRV."""

VFT2_FONT = Enumeration(
    "VFT2_FONT",
    {
        0: ("VFT2_UNKNOWN", "not said"),
        1: ("VFT2_FONT_RASTER", "raster"),
        2: ("VFT2_FONT_VECTOR", "vector"),
        3: ("VFT2_FONT_TRUETYPE", "TrueType"),
    },
    _VERRSRC,
)
"""dwFileSubtype where dwFileType is VFT_FONT."""

IMAGE_DLLCHARACTERISTICS = FlagSet(
    "IMAGE_DLLCHARACTERISTICS",
    {
        0x0020: ("IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA", "can be placed anywhere in 64 bits"),
        0x0040: ("IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE", "address is chosen at random (ASLR)"),
        0x0080: ("IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY", "its signature must be checked"),
        0x0100: ("IMAGE_DLLCHARACTERISTICS_NX_COMPAT", "data may be made non-executable (DEP)"),
        0x0200: ("IMAGE_DLLCHARACTERISTICS_NO_ISOLATION", "no manifest isolation"),
        0x0400: ("IMAGE_DLLCHARACTERISTICS_NO_SEH", "has no exception handlers"),
        0x0800: ("IMAGE_DLLCHARACTERISTICS_NO_BIND", "must not be bound"),
        0x1000: ("IMAGE_DLLCHARACTERISTICS_APPCONTAINER", "must run in an AppContainer"),
        0x2000: ("IMAGE_DLLCHARACTERISTICS_WDM_DRIVER", "a WDM driver"),
        0x4000: ("IMAGE_DLLCHARACTERISTICS_GUARD_CF", "checked indirect calls (Control Flow Guard)"),
        0x8000: ("IMAGE_DLLCHARACTERISTICS_TERMINAL_SERVER_AWARE", "knows terminal servers"),
    },
    _WINNT,
)

IMAGE_DEBUG_MISC_TYPE = Enumeration("IMAGE_DEBUG_MISC.DataType", {1: ("IMAGE_DEBUG_MISC_EXENAME", "the name of the .dbg file or of the image")}, _WINNT)

VS_FIXEDFILEINFO = Structure(
    "VS_FIXEDFILEINFO",
    [
        Field("dwSignature", ULONG32, "0xFEEF04BD; 0 when the image has no version resource", HEX),
        Field("dwStrucVersion", ULONG32, "version of this structure, 0x00010000", HEX),
        Field("dwFileVersionMS", ULONG32, "file version: major in the high word, minor in the low word", HEX),
        Field("dwFileVersionLS", ULONG32, "file version: build in the high word, revision in the low word", HEX),
        Field("dwProductVersionMS", ULONG32, "product version: major and minor", HEX),
        Field("dwProductVersionLS", ULONG32, "product version: build and revision", HEX),
        Field("dwFileFlagsMask", ULONG32, "which bits of dwFileFlags count", HEX, values=VS_FF),
        Field("dwFileFlags", ULONG32, "what kind of build it is", values=VS_FF),
        Field("dwFileOS", ULONG32, "the system that it was made for", values=VOS),
        Field("dwFileType", ULONG32, "what the file is", values=VFT),
        Field("dwFileSubtype", ULONG32, "which kind of driver or font", HEX, when="dwFileType is VFT_DRV, VFT_FONT or VFT_VXD"),
        Field("dwFileDateMS", ULONG32, "high half of a file time, usually 0", HEX),
        Field("dwFileDateLS", ULONG32, "low half of a file time, usually 0", HEX),
    ],
    source=_VERRSRC,
    meaning="The numbers of an image's version resource.",
)

MINIDUMP_MODULE = Structure(
    "MINIDUMP_MODULE",
    [
        Field("BaseOfImage", ULONG64, "where the image is loaded", ADDRESS),
        Field("SizeOfImage", ULONG32, "how much address space it takes", SIZE, unit="bytes"),
        Field("CheckSum", ULONG32, "checksum of the PE header, 0 if it has none", HEX),
        Field("TimeDateStamp", ULONG32, "time stamp of the PE header; in reproducible builds a hash", TIME_T, unit="s since 1970 UTC"),
        Field("ModuleNameRva", RVA, "the path, or the bare name under MiniDumpFilterModulePaths", target="MINIDUMP_STRING"),
        Field("VersionInfo", VS_FIXEDFILEINFO, "version information; zeros without a version resource"),
        Field("CvRecord", MINIDUMP_LOCATION_DESCRIPTOR, "which PDB file belongs to the image", target="CV_INFO_PDB70"),
        Field("MiscRecord", MINIDUMP_LOCATION_DESCRIPTOR, "which .dbg file belongs to it (obsolete)", target="IMAGE_DEBUG_MISC"),
        Field("Reserved0", ULONG64, "reserved; newer Microsoft writers put the image's DllCharacteristics in the low word", values=IMAGE_DLLCHARACTERISTICS),
        Field("Reserved1", ULONG64, "reserved, 0", HEX),
    ],
    source=MINIDUMPAPISET,
    meaning="One loaded image.",
)

MINIDUMP_MODULE_LIST = Structure(
    "MINIDUMP_MODULE_LIST",
    [
        Field("NumberOfModules", ULONG32, "how many modules follow; some other writers leave 4 bytes of padding after it", COUNT),
        Field("Modules", MINIDUMP_MODULE, "the modules; in Microsoft's dumps the program comes first", count=0),
    ],
    source=MINIDUMPAPISET,
    meaning="ModuleListStream.",
)

MINIDUMP_UNLOADED_MODULE_LIST = Structure(
    "MINIDUMP_UNLOADED_MODULE_LIST",
    [
        Field("SizeOfHeader", ULONG32, "bytes before the first entry", SIZE, unit="bytes"),
        Field("SizeOfEntry", ULONG32, "bytes from one entry to the next", SIZE, unit="bytes"),
        Field("NumberOfEntries", ULONG32, "how many entries follow; Windows keeps the last 64", COUNT, target="MINIDUMP_UNLOADED_MODULE[]"),
    ],
    source=MINIDUMPAPISET,
    meaning="The head of UnloadedModuleListStream.",
)

MINIDUMP_UNLOADED_MODULE = Structure(
    "MINIDUMP_UNLOADED_MODULE",
    [
        Field("BaseOfImage", ULONG64, "where the image was loaded", ADDRESS),
        Field("SizeOfImage", ULONG32, "how much address space it took", SIZE, unit="bytes"),
        Field("CheckSum", ULONG32, "checksum of the PE header", HEX),
        Field("TimeDateStamp", ULONG32, "time stamp of the PE header", TIME_T, unit="s since 1970 UTC"),
        Field("ModuleNameRva", RVA, "the file name without its directory, 31 characters at the most", target="MINIDUMP_STRING"),
    ],
    source=MINIDUMPAPISET,
    meaning="One image that is gone.",
)

CV_INFO_PDB70 = Structure(
    "CV_INFO_PDB70",
    [
        Field("CvSignature", ULONG32, "the bytes RSDS", values=CV_SIGNATURE),
        Field("Signature", GUID, "identity of the PDB file"),
        Field("Age", ULONG32, "how often the PDB file was changed since; part of the symbol key", HEX),
        Field("PdbFileName", UCHAR, "path of the PDB file, ended by a NUL; may be cut", TEXT, count=0),
    ],
    source="google/breakpad minidump_format.h",
    meaning="A CodeView record of format 7.0. Symbol key: the GUID in 32 digits and the age in hexadecimal.",
)

CV_INFO_PDB20 = Structure(
    "CV_INFO_PDB20",
    [
        Field("CvSignature", ULONG32, "the bytes NB10", values=CV_SIGNATURE),
        Field("CvOffset", ULONG32, "where the information starts; 0: in another file", HEX),
        Field("Signature", ULONG32, "time stamp of the PDB file", TIME_T, unit="s since 1970 UTC"),
        Field("Age", ULONG32, "how often the PDB file was changed since", HEX),
        Field("PdbFileName", UCHAR, "path of the PDB file, ended by a NUL", TEXT, count=0),
    ],
    source="google/breakpad minidump_format.h",
    meaning="A CodeView record of format 2.0 (Visual Studio 6). Symbol key: the time stamp in 8 digits and the age.",
)

CV_INFO_ELF = Structure(
    "CV_INFO_ELF",
    [
        Field("CvSignature", ULONG32, "0x4270454C, the bytes LEpB", values=CV_SIGNATURE),
        Field("BuildId", UCHAR, "the module's build id, usually 20 bytes; it ends with the record", BYTES, count=0),
    ],
    source="google/breakpad minidump_format.h",
    meaning="The build id of an ELF module.",
)

IMAGE_DEBUG_MISC = Structure(
    "IMAGE_DEBUG_MISC",
    [
        Field("DataType", ULONG32, "what the data is", values=IMAGE_DEBUG_MISC_TYPE),
        Field("Length", ULONG32, "length of the record with its data, rounded up to 4", SIZE, unit="bytes"),
        Field("Unicode", UCHAR, "not 0: the data is UTF-16"),
        Field("Reserved", UCHAR, "reserved", BYTES, count=3),
        Field("Data", UCHAR, "the name, ended by a NUL", TEXT, count=0),
    ],
    source=_WINNT,
    meaning="Where the symbols of an old image are: the name of a .dbg file.",
)
