"""Which program it was, of which version, and what carries it: browser engine, game engine, crash reporter, database."""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple, Optional, Tuple

from ...dump.absence import Absent
from ...dump.minidump import Minidump
from ...dump.source import Window
from ...dump.streams.crashpad import STRING, CrashpadInfo
from ...dump.streams.modules import Module, version_text
from ...dump.streams.protobuf import varint
from ...dump.streams.unreal import UnrealContext, read_unreal
from ...dump.strings import quoted_name
from ...format.streams import STREAMS, kMinidumpStreamTypeCrashpadInfo
from ..evidence import Proof
from ..facts import Facts
from .places import is_system
from .statement import CERTAIN, LIKELY, NOTE, PRODUCT, Statement
from .words import value_offset

LOOKED_AT = 4000
"""Modules that are looked through."""
SEARCHED = 1 << 24
"""Bytes of captured memory that are looked through for the name of a crash reporter."""

_SERVER = "MySQL or MariaDB server"
_ENGINES = {
    "libcef.dll": "Chromium Embedded Framework (CEF)",
    "chrome.dll": "Chromium",
    "msedge.dll": "Microsoft Edge (Chromium)",
    "msedgewebview2.exe": "WebView2 (Chromium)",
    "electron.exe": "Electron (Chromium)",
    "qtwebengineprocess.exe": "Qt WebEngine (Chromium)",
    "qt5webenginecore.dll": "Qt WebEngine (Chromium)",
    "qt6webenginecore.dll": "Qt WebEngine (Chromium)",
    "xul.dll": "Mozilla Gecko",
    "unityplayer.dll": "Unity",
    "coreclr.dll": ".NET",
    "clr.dll": ".NET Framework",
    "jvm.dll": "Java",
    "node.exe": "Node.js",
    "mysqld.exe": _SERVER,
    "mariadbd.exe": "MariaDB server",
    "sqlservr.exe": "SQL Server",
    "postgres.exe": "PostgreSQL",
    "mongod.exe": "MongoDB",
}
"""Modules that tell what a program is built on."""
_REPORTERS = {"sentry.dll": "sentry-native", "crashrpt.dll": "CrashRpt", "bugsplat.dll": "BugSplat", "bugsplat64.dll": "BugSplat", "backtrace.dll": "Backtrace"}
_UNREAL_FILE = re.compile(r"(?i)^(?:UE4Editor|UnrealEditor|UE4Game|UnrealGame)(?:-.+)?[.]exe$|.+-Win(?:64|32|GDK)-(?:Shipping|Test|DebugGame)[.]exe$")
"""Names that Unreal Engine's build tool gives to programs."""
_EMULATORS = {
    "xtajit64.dll": "the program is an x64 one, emulated on an ARM64 machine",
    "xtajit64se.dll": "the program is an x64 one, emulated on an ARM64 machine",
    "xtajit.dll": "the program is an x86 one, emulated on an ARM64 machine",
    "xtajitf.dll": "the program is an x86 one, emulated on an ARM64 machine",
}
"""Emulators of Windows on ARM64, by the module that is in the process."""


class _Named(NamedTuple):
    name: str
    version: str
    proof: Proof
    source: str


def products(facts: Facts) -> Iterator[Statement]:
    """The program, what it is built on, and how its crash reporter is called."""
    dump = facts.dump
    named = _from_crashpad(dump) or _from_unreal(dump)
    main = _main(facts)
    if named is not None:
        text = f"{named.name} {named.version}".strip()
        yield Statement(PRODUCT, text, CERTAIN, (named.proof,), named.source)
    if main is not None and (named is None or main[0].file_name.lower().rsplit(".", 1)[0] not in named.name.lower()):
        module, proof, how = main
        version = f" {version_text(module.file_version)}" if module.file_version else ""
        kind = _ENGINES.get(module.file_name.lower(), "")
        if kind == _SERVER and ("mariadb" in module.path.lower() or dump.modules.named("server.dll")):
            kind = _ENGINES["mariadbd.exe"]  # MySQL has no server.dll
        yield Statement(PRODUCT, f"{quoted_name(module.file_name)}{version}" + (f", {kind}" if kind else ""), CERTAIN, (proof,), how)
    yield from _built_on(facts, -1 if main is None else main[0].index)
    yield from _reporter(facts)
    yield from _profile(dump)
    emulator = facts.named(_EMULATORS, LOOKED_AT)
    if emulator is not None:
        words = _EMULATORS[emulator.file_name.lower()]
        yield Statement(NOTE, words, CERTAIN, (Proof(f"module {emulator.index}", emulator.path, emulator.offset),))


def _main(facts: Facts) -> Optional[Tuple[Module, Proof, str]]:
    """The program's own file, what proves it, and how it was chosen: the first module, unless that is a DLL or the system's."""
    dump = facts.dump
    if not len(dump.modules):
        return None
    module, how = dump.modules[0], "first module"
    if module.file_name.lower().endswith(".dll"):
        found = next((item for item in facts.modules(LOOKED_AT) if item.file_name.lower().endswith(".exe")), None)
        module, how = (found, "first .exe of the modules") if found is not None else (module, how)
    elif is_system(module) and not module.file_name.lower().endswith(".exe"):
        found = next((item for item in facts.modules(LOOKED_AT) if not is_system(item)), None)
        module, how = (found, "first module that is not the system's") if found is not None else (module, how)
    return (module, Proof(f"module {module.index}", module.path, module.offset), how) if module.file_name else None


def _annotation(dump: Minidump, info: CrashpadInfo, *names: str) -> Tuple[str, Optional[int]]:
    """The first annotation of these names that has a text, and where it stands."""
    for name in names:
        if info.simple.get(name):
            return info.simple[name], info.offset
        for module in info.modules[:512]:
            if module.simple.get(name):
                return module.simple[name], module.offset
            for item in module.objects:
                if item.name == name and item.type == STRING and item.text:
                    return item.text, value_offset(dump, item)
    return "", None


def _from_crashpad(dump: Minidump) -> Optional[_Named]:
    """Product and version as Crashpad's annotations have them: prod and ver; Electron's program under names of its own."""
    info = dump.annotations
    if isinstance(info, Absent):
        return None
    name, offset = _annotation(dump, info, "prod", "product", "ProductName")
    version = _annotation(dump, info, "ver", "version", "ProductVersion")[0] if name else ""
    own, own_offset = _annotation(dump, info, "_productName")
    if own:
        own_version = _annotation(dump, info, "_version")[0]
        carrier = f" ({name} {version})" if name and name != own else ""
        return _Named(own, f"{own_version}{carrier}".strip(), Proof("annotation _productName", own, own_offset), "Crashpad annotations")
    if not name:
        return None
    parts: List[str] = []
    kind = _annotation(dump, info, "ptype", "process_type")[0]
    channel = _annotation(dump, info, "channel")[0]
    parts.extend(text for text in (channel, f"{kind} process" if kind else "") if text)
    return _Named(
        name,
        f"{version}{f' ({chr(44).join(parts)})' if parts else ''}".strip().replace(",", ", "),
        Proof("annotation prod", name, offset),
        "Crashpad annotations",
    )


def _from_unreal(dump: Minidump) -> Optional[_Named]:
    context = read_unreal(dump)
    if isinstance(context, Absent):
        return None
    return _unreal_name(context)


def _unreal_name(context: UnrealContext) -> Optional[_Named]:
    key = next((name for name in ("GameName", "ExecutableName", "EngineVersion") if context.get(name)), "")
    if not key:
        return None
    name = context.get("GameName") or context.get("ExecutableName")
    engine = context.get("EngineVersion")
    build = context.get("BuildConfiguration")
    version = f"Unreal Engine {engine}" if engine else "Unreal Engine"
    more = f" ({build})" if build else ""
    found = context.properties[key]
    name = name[3:] if name.startswith(("UE-", "UE4-")) and name[3:] else name
    return _Named(f"{name}," if name else "", f"{version}{more}", Proof(key, found.text, found.offset), "crash context of Unreal Engine")


def _built_on(facts: Facts, program: int) -> Iterator[Statement]:
    """What the program, itself the module of this index, is built on, with the version of that module; two at the most."""
    dump = facts.dump
    seen: List[str] = []
    for module in facts.modules(LOOKED_AT) if facts.named(_ENGINES, LOOKED_AT) is not None else ():
        name = _ENGINES.get(module.file_name.lower())
        if name is None or name in seen or module.index == program:
            continue
        if "Chromium" in name and any("Gecko" in other for other in seen):
            continue  # Gecko had a chrome.dll of its own
        seen.append(name)
        version = f" {version_text(module.product_version or module.file_version)}" if module.file_version or module.product_version else ""
        proof = Proof(f"module {module.index}", module.path, module.offset)
        yield Statement(PRODUCT, f"built on {name}{version}", CERTAIN if module.file_version else LIKELY, (proof,), f"{module.file_name} is loaded")
        if len(seen) >= 2:
            return
    if not len(dump.modules):
        return
    first = dump.modules[0]
    if _UNREAL_FILE.match(first.file_name) and isinstance(read_unreal(dump), Absent):
        yield Statement(PRODUCT, "built on Unreal Engine", LIKELY, (Proof("module 0", first.path, first.offset),), "name of the program's file")


def _reporter(facts: Facts) -> Iterator[Statement]:
    """The product around Crashpad or Breakpad, where something tells."""
    dump = facts.dump
    own = facts.named(_REPORTERS, LOOKED_AT)
    if own is not None:
        version = f" {version_text(own.file_version)}" if own.file_version else ""
        words = f"its crash reporter is {_REPORTERS[own.file_name.lower()]}{version}"
        yield Statement(NOTE, words, LIKELY, (Proof(f"module {own.index}", own.path, own.offset),))
        return
    for module in facts.modules(LOOKED_AT)[:200]:
        record = module.codeview
        if not isinstance(record, Absent) and "sentry-native" in record.path:
            yield Statement(NOTE, "its crash reporter is sentry-native", LIKELY, (Proof(f"symbol file of module {module.index}", record.path, record.offset),))
            return
    if dump.stream(kMinidumpStreamTypeCrashpadInfo) is None and not dump.breakpad:
        return
    hit = _find(dump, (b"sentry.native", b"sentry-native", "sentry.native".encode("utf-16-le"), "sentry-native".encode("utf-16-le")))
    if hit is not None:
        yield Statement(NOTE, "its crash reporter is sentry-native", LIKELY, (Proof("text in the memory of the process", hit[0], hit[1]),))


def _find(dump: Minidump, needles: Tuple[bytes, ...]) -> Optional[Tuple[str, int]]:
    """The first of these texts in the captured memory, and its offset in the file; SEARCHED bytes are looked through."""
    left = SEARCHED
    window = Window(dump.source)  # writers lay most ranges one after the other
    seen, found = b"", list(needles)  # what was read last, and which of the texts are anywhere in it
    for start, end, rva in dump.memory.spans():
        size = min(end - start, left)
        data, low = window.see(rva, size)
        high = min(low + size, len(data))
        if data is not seen:
            seen, found = data, [needle for needle in needles if needle in data]
        for needle in found:
            at = data.find(needle, low, high)
            if at >= 0:
                return needle.replace(b"\0", b"").decode("ascii"), rva + at - low
        left -= high - low
        if left <= 0:
            return None
    return None


def _profile(dump: Minidump) -> Iterator[Statement]:
    """The version that Chromium's system profile has: field 2 of SystemProfileProto, app_version."""
    stream = dump.stream(0x4B6B0003)
    if stream is None:
        return
    version = protobuf_text(dump.source.some(stream.rva, min(stream.size, 1 << 16)), 2)
    if version:
        name = STREAMS[stream.type].name
        yield Statement(
            NOTE, f"version of the browser: {version[:80]}", LIKELY, (Proof(name, version[:80], stream.rva),), f"{name}: app_version of SystemProfileProto"
        )


def protobuf_text(data: bytes, field: int) -> str:
    """The first text of a field of a protocol buffer's outermost message; an empty string without one."""
    position = 0
    for _ in range(256):
        key, position = varint(data, position)
        if position < 0:
            return ""
        kind = key & 7
        if kind == 2:
            size, position = varint(data, position)
            if position < 0 or position + size > len(data):
                return ""
            if key >> 3 == field:
                text = data[position : position + size].decode("utf-8", "replace")
                return text if text.isprintable() else ""
            position += size
        elif kind == 0:
            position = varint(data, position)[1]
            if position < 0:
                return ""
        elif kind in (1, 5):
            position += 8 if kind == 1 else 4
        else:
            return ""
    return ""
