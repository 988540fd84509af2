"""Crashpad's own stream: ids of the report, and annotations of the program and its modules."""

from __future__ import annotations

from ..guid import GUID
from ..header import MINIDUMP_LOCATION_DESCRIPTOR
from ..layout import BYTES, COUNT, DECIMAL, HEX, RVA, SIZE, TEXT, UCHAR, ULONG32, ULONG64, USHORT, Enumeration, Field, Structure

_SOURCE = "chromium/crashpad minidump/minidump_extensions.h"

ANNOTATION_TYPE = Enumeration(
    "Annotation::Type",
    {0: ("kInvalid", "not set"), 1: ("kString", "text, UTF-8")},
    "chromium/crashpad client/annotation.h",
)
"""Types of annotation objects; 0x8000 and above are the program's own."""

USER_ANNOTATION_TYPE = 0x8000
"""The first annotation type that a program may give a meaning of its own."""

MinidumpUTF8String = Structure(
    "MinidumpUTF8String",
    [
        Field("Length", ULONG32, "length of the text without its terminator", SIZE, unit="bytes"),
        Field("Buffer", UCHAR, "UTF-8 text, ended by a NUL that is not counted", TEXT, count=0),
    ],
    source=_SOURCE,
    meaning="A counted UTF-8 string.",
)

MinidumpByteArray = Structure(
    "MinidumpByteArray",
    [Field("length", ULONG32, "how many bytes", SIZE, unit="bytes"), Field("data", UCHAR, "the bytes", BYTES, count=0)],
    source=_SOURCE,
    meaning="A counted row of bytes.",
)

MinidumpSimpleStringDictionaryEntry = Structure(
    "MinidumpSimpleStringDictionaryEntry",
    [
        Field("key", RVA, "the name", target="MinidumpUTF8String"),
        Field("value", RVA, "the value", target="MinidumpUTF8String"),
    ],
    source=_SOURCE,
    meaning="One annotation: a name and a value.",
)

MinidumpSimpleStringDictionary = Structure(
    "MinidumpSimpleStringDictionary",
    [
        Field("count", ULONG32, "how many entries follow", COUNT),
        Field("entries", MinidumpSimpleStringDictionaryEntry, "the entries", count=0),
    ],
    source=_SOURCE,
    meaning="Annotations by name.",
)

MinidumpRVAList = Structure(
    "MinidumpRVAList",
    [Field("count", ULONG32, "how many follow", COUNT), Field("children", RVA, "the texts", count=0, target="MinidumpUTF8String")],
    source=_SOURCE,
    meaning="Annotations without a name.",
)

MinidumpAnnotation = Structure(
    "MinidumpAnnotation",
    [
        Field("name", RVA, "the name", target="MinidumpUTF8String"),
        Field("type", USHORT, "what the value is", values=ANNOTATION_TYPE),
        Field("reserved", USHORT, "reserved, 0", HEX),
        Field("value", RVA, "the value", target="MinidumpByteArray"),
    ],
    source=_SOURCE,
    meaning="One annotation object: a name, a type and a value.",
)

MinidumpAnnotationList = Structure(
    "MinidumpAnnotationList",
    [Field("count", ULONG32, "how many follow", COUNT), Field("objects", MinidumpAnnotation, "the annotation objects", count=0)],
    source=_SOURCE,
    meaning="Annotation objects.",
)

MinidumpModuleCrashpadInfo = Structure(
    "MinidumpModuleCrashpadInfo",
    [
        Field("version", ULONG32, "1", DECIMAL),
        Field("list_annotations", MINIDUMP_LOCATION_DESCRIPTOR, "annotations without names", target="MinidumpRVAList"),
        Field("simple_annotations", MINIDUMP_LOCATION_DESCRIPTOR, "annotations by name", target="MinidumpSimpleStringDictionary"),
        Field("annotation_objects", MINIDUMP_LOCATION_DESCRIPTOR, "annotations with a type", target="MinidumpAnnotationList"),
    ],
    source=_SOURCE,
    meaning="What Crashpad knows of one module.",
)

MinidumpModuleCrashpadInfoLink = Structure(
    "MinidumpModuleCrashpadInfoLink",
    [
        Field("minidump_module_list_index", ULONG32, "which module of ModuleListStream", DECIMAL),
        Field("location", MINIDUMP_LOCATION_DESCRIPTOR, "what is known of it", target="MinidumpModuleCrashpadInfo"),
    ],
    source=_SOURCE,
    meaning="Which module a piece of information is about.",
)

MinidumpModuleCrashpadInfoList = Structure(
    "MinidumpModuleCrashpadInfoList",
    [Field("count", ULONG32, "how many follow", COUNT), Field("modules", MinidumpModuleCrashpadInfoLink, "the modules", count=0)],
    source=_SOURCE,
    meaning="Modules that Crashpad knows something of.",
)

MinidumpCrashpadInfo = Structure(
    "MinidumpCrashpadInfo",
    [
        Field("version", ULONG32, "1", DECIMAL),
        Field("report_id", GUID, "this crash report"),
        Field("client_id", GUID, "this installation of the program; zeros when it is not told"),
        Field("simple_annotations", MINIDUMP_LOCATION_DESCRIPTOR, "annotations of the program", target="MinidumpSimpleStringDictionary"),
        Field("module_list", MINIDUMP_LOCATION_DESCRIPTOR, "annotations of its modules", target="MinidumpModuleCrashpadInfoList"),
        Field("reserved", ULONG32, "reserved, 0", HEX, when="the stream has 0x40 bytes"),
        Field("address_mask", ULONG64, "which bits of an address count; 0: all", HEX, when="the stream has 0x40 bytes"),
    ],
    source=_SOURCE,
    meaning="Crashpad's stream. Older versions end before reserved (0x34 bytes).",
)
