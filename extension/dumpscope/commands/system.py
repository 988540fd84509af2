"""``system``, ``process``, ``tokens``: the machine, the process, and on whose behalf it ran."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Sequence, Tuple, Union

from ..dump.absence import NOT_THERE, Absent
from ..dump.minidump import Minidump
from ..dump.streams.counters import Counter, Counters
from ..dump.streams.misc import Date, MiscInfo, TimeZone
from ..dump.streams.proc import ProcFiles
from ..dump.streams.system import SystemInfo
from ..dump.streams.tokens import Sid, Token
from ..format.counted import counted
from ..format.layout import ADDRESS, DURATION, HEX
from ..format.misc import EXECUTE_FLAGS, INTEGRITY_LEVEL, TIME_ZONE_ID
from ..format.system import PLATFORM_ID, PROCESSOR_ARCHITECTURE, PRODUCT_TYPE, PRODUCT_WORDS, SUITE_MASK, X86_FEATURES, processor_features
from ..format.tokens import GROUP_ATTRIBUTES, PRIVILEGES, SECURITY_IMPERSONATION_LEVEL, TOKEN_TYPE, sid_name
from ..session.missing import missing, why_empty
from ..session.registry import arg, command
from ..session.session import Session
from ..view.blocks import Block, Column, Data, Fields, Item, Note, Table
from ..view.kinds import address_kind, duration_text, size_text
from ..wording.usage import peb_address

NEVER = 0x7FFFFFFFFFFFFFFF
"""The expiration time of a token that does not expire."""

# -- system ------------------------------------------------------------------------------------------------------------------


def _member(owner: Any, name: str) -> Any:
    """An attribute, or why its owner is not there."""
    return owner if isinstance(owner, Absent) else getattr(owner, name)


def _cpu_items(system: SystemInfo) -> Iterator[Item]:
    cpu = system.cpu
    if cpu.vendor or system.architecture == 0:
        yield Item("cpu_vendor", "vendor", cpu.vendor or None, "text")
        yield Item("cpu_version", "CPUID 1 EAX", cpu.version, "code")
        yield Item("cpu_features", "features", X86_FEATURES.labels(cpu.features) if cpu.features else [], "words")
        yield Item("cpu_feature_mask", "CPUID 1 EDX", cpu.features, "mask", hidden=True)
        yield Item("amd_features", "CPUID 80000001 EDX", cpu.amd_features, "mask", hidden=not cpu.amd_features)
    elif cpu.processor_features:
        names = processor_features(cpu.processor_features[0], cpu.processor_features[1] if len(cpu.processor_features) > 1 else 0)
        yield Item("cpu_feature_words", "feature bits", [f"0x{word:x}" for word in cpu.processor_features], "words", hidden=True)
        yield Item("cpu_features", "features", names, "words", text=", ".join(_short_feature(name) for name in names) or "none")
    else:
        yield Item("cpu_version", "CPU id", cpu.version, "hex")
        yield Item("cpu_features", "ELF capabilities", cpu.features, "mask")


def _short_feature(name: str) -> str:
    """``PF_AVX2_INSTRUCTIONS_AVAILABLE`` as ``AVX2``."""
    for suffix in ("_INSTRUCTIONS_AVAILABLE", "_INSTRUCTION_AVAILABLE", "_AVAILABLE"):
        if name.endswith(suffix):
            name = name[: -len(suffix)]
    return name[3:] if name.startswith("PF_") else name


def _system_items(dump: Minidump, system: SystemInfo) -> Iterator[Item]:
    architecture = PROCESSOR_ARCHITECTURE.label(system.architecture) or "no name is known"
    yield Item("os", "system", system.os_name, "text")
    yield Item("architecture", "processor", system.architecture_name, "type", note=f"0x{system.architecture:04x} {architecture}")
    yield Item("processors", "processors", system.processors, "count", note="counted modulo 256" if system.processors == 0 else "")
    family = f"family {system.level}, model {system.revision >> 8}, stepping {system.revision & 0xFF}"
    shown = system.architecture in (0, 9)
    yield Item("level", "level", system.level, "int", note=family if shown else "")
    yield Item("revision", "revision", system.revision, "hex")
    yield from _cpu_items(system)
    yield Item("major_version", "", system.major, "int", hidden=True)
    yield Item("minor_version", "", system.minor, "int", hidden=True)
    yield Item("build", "", system.build, "int", hidden=True)
    yield Item("version", "version", f"{system.major}.{system.minor}.{system.build}", "text")
    yield Item("platform", "platform", system.platform, "hex", note=PLATFORM_ID.label(system.platform) or "no name is known")
    yield Item("service_pack", "service pack", system.csd or None, "text", note="" if system.csd else "none")
    product = PRODUCT_WORDS.get(system.product_type) or PRODUCT_TYPE.label(system.product_type) or "unknown"
    meaning = PRODUCT_TYPE.meaning(system.product_type)
    yield Item("product_type", "product", system.product_type, "int", text=product, note=meaning)
    words = [SUITE_MASK.meaning(bit) for bit in SUITE_MASK.split(system.suite_mask)[0]]
    yield Item("suite_mask", "suite", system.suite_mask, "mask", note=" ".join(words))
    yield Item("suites", "", SUITE_MASK.labels(system.suite_mask) if system.suite_mask else [], "words", hidden=True)
    misc = dump.misc
    yield Item("build_string", "build", _member(misc, "build_string"), "text")


def _date_words(date: Date) -> str:
    """A time zone's rule: ``the last Sunday of March, 2:00``; an empty string when there is none."""
    year, month, weekday, day, hour, minute = date[:6]
    if not 1 <= month <= 12:
        return ""
    name = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")[month - 1]
    if year:
        return f"{day} {name} {year}, {hour}:{minute:02d}"
    week = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")[weekday % 7]
    which = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "last"}.get(day, str(day))
    return f"the {which} {week} of {name}, {hour}:{minute:02d}"


def _zone_items(zone: Union[TimeZone, Absent]) -> Iterator[Item]:
    if isinstance(zone, Absent):
        yield Item("time_zone", "time zone", zone)
        return
    bias = zone.current_bias
    sign = "-" if bias > 0 else "+"
    yield Item(
        "time_zone",
        "",
        {
            "id": zone.id,
            "bias": zone.bias,
            "current_bias": bias,
            "standard_name": zone.standard_name,
            "standard_date": list(zone.standard_date),
            "standard_bias": zone.standard_bias,
            "daylight_name": zone.daylight_name,
            "daylight_date": list(zone.daylight_date),
            "daylight_bias": zone.daylight_bias,
        },
        "data",
        hidden=True,
    )
    name = zone.daylight_name if zone.id == 2 else zone.standard_name
    period = TIME_ZONE_ID.meaning(zone.id)
    yield Item("", "time zone", name or "without a name", "text", note=f"UTC{sign}{abs(bias) // 60}:{abs(bias) % 60:02d}" + (f", {period}" if period else ""))
    for label, date in (("daylight time from", zone.daylight_date), ("standard time from", zone.standard_date)):
        words = _date_words(date)
        if words:
            yield Item("", label, words, "text")


def _power_items(misc: Union[MiscInfo, Absent]) -> Iterator[Item]:
    maximum = _member(misc, "processor_max_mhz")
    if isinstance(maximum, Absent):
        yield Item("processor_max_mhz", "frequency", maximum)
        return
    current, limit = _member(misc, "processor_current_mhz"), _member(misc, "processor_mhz_limit")
    shown, now = maximum, current
    note = ""
    if isinstance(current, int) and current > maximum:  # Crashpad fills the two the wrong way round
        shown, now, note = current, maximum, "; the writer stored the two the wrong way round"
    words = f"{now} MHz at the time of the dump" + (f", limited to {limit} MHz" if limit and not isinstance(limit, Absent) else ", its limit is not filled in")
    yield Item("processor_max_mhz", "frequency", maximum, "int", text=f"{shown} MHz" if shown else "not filled in", note=words + note if shown else "")
    yield Item("processor_current_mhz", "", current, "int", hidden=True)
    yield Item("processor_mhz_limit", "", limit, "int", hidden=True)
    yield Item("processor_max_idle_state", "", _member(misc, "processor_max_idle_state"), "int", hidden=True)
    yield Item("processor_current_idle_state", "", _member(misc, "processor_current_idle_state"), "int", hidden=True)


def counter_words(counter: Counter, page: int) -> str:
    """A counter's value in its unit, with bytes for pages."""
    value = counter.value
    if isinstance(value, Absent):
        return "-"
    unit = counter.field.unit
    if unit == "pages":
        return f"{value:,} pages, {size_text(value * page).partition('(')[2].rstrip(')') or f'{value * page} bytes'}"
    if unit == "bytes":
        return size_text(value)
    if counter.field.kind == DURATION or unit == "100 ns":
        return duration_text(value) if value >= 10_000_000 else f"{value / 10_000:.3f} ms"
    if counter.field.kind in (ADDRESS, HEX):
        return f"0x{value:x}"
    return f"{value:,}" + (f" {unit}" if unit else "")


def counter_blocks(key: str, counters: Counters, title: str, page: int, shown: bool) -> Iterator[Block]:
    """The counters: a table for each part of the structure if ``shown``; in JSON always."""
    values = {name: None if isinstance(value, Absent) else value for name, value in counters.as_dict().items()}
    yield Data(key, {"revision": counters.revision, "flags": f"0x{counters.flags:x}", "size": counters.held, "offset": counters.offset, **values})
    if not shown:
        return
    columns = [Column("", "counter", "text", role="label"), Column("", "value", "text", role="number", left=False), Column("", "meaning", "text", role="dim")]
    parts: Dict[str, List[Sequence[Any]]] = {}
    for counter in counters:
        part, _, name = counter.name.rpartition(".")
        reason = counter.value.message if isinstance(counter.value, Absent) else ""
        parts.setdefault(part, []).append((name, counter_words(counter, page), reason or counter.field.meaning))
    for part, rows in parts.items():
        yield Table("", columns, rows, title=f"{title}: {part}" if part else title)


@command(
    "system",
    summary="the machine: Windows version, processor and its features, time zone, memory",
    category="process",
    arguments=[arg("--all", switch=True, help="every counter of the machine, also those that are 0 or not valid")],
    examples=[("system", "the machine"), ("system --all", "with every counter")],
    spellings=["vertarget", "!cpuinfo"],
)
def system(session: Session, args: Any) -> Iterator[Block]:
    """The machine."""
    dump = session.dump
    info = dump.system
    if isinstance(info, Absent):
        yield from missing(session, "system", info, "vertarget")
    else:
        yield Fields("system", list(_system_items(dump, info)), title="system")
        if info.held < 56:
            yield Note(f"SystemInfoStream is cut: it has {info.held} of 56 bytes, the rest is taken as zeros", "warning")
    misc = dump.misc
    yield Fields("clock", [*_power_items(misc), *_zone_items(_member(misc, "time_zone"))], title="clock")
    counters = dump.system_memory
    if isinstance(counters, Absent):
        yield Data("system_memory", None)
        yield Data("system_memory_reason", {"kind": counters.kind, "message": counters.message})
        yield Note(f"{counters.message}: Windows 10 and later write it" if counters.kind == NOT_THERE else counters.message, "hint")
        return
    yield from _machine_memory(counters)
    page = counters.get("BasicInfo.PageSize")
    yield from counter_blocks("system_memory", counters, "counters of the machine", page if isinstance(page, int) and page else 4096, args.all)
    if not args.all:
        yield Note("--all shows every counter of the machine", "hint")


def _machine_memory(counters: Counters) -> Iterator[Block]:
    """Physical memory and commit charge: what a machine out of memory shows."""
    page = counters.get("BasicInfo.PageSize")
    if isinstance(page, Absent) or not page:
        return
    items: List[Item] = []

    def item(key: str, label: str, name: str, other: str = "") -> None:
        pages = counters.get(name)
        if isinstance(pages, Absent):
            pages = counters.get(other) if other else pages
        if isinstance(pages, Absent):
            return
        items.append(Item(key, label, pages * page, "size"))

    item("physical_bytes", "physical memory", "BasicInfo.NumberOfPhysicalPages")
    item("available_bytes", "available", "BasicPerfInfo.AvailablePages", "PerfInfo.AvailablePages")
    item("committed_bytes", "committed", "BasicPerfInfo.CommittedPages", "PerfInfo.CommittedPages")
    item("commit_limit_bytes", "commit limit", "BasicPerfInfo.CommitLimit", "PerfInfo.CommitLimit")
    item("peak_commit_bytes", "peak commit", "BasicPerfInfo.PeakCommitment", "PerfInfo.PeakCommitment")
    yield Fields("machine_memory", items, title="memory of the machine")
    values = {entry.key: entry.value for entry in items}
    limit, used = values.get("commit_limit_bytes"), values.get("committed_bytes")
    if limit and used is not None and used * 100 >= limit * 95:
        yield Note(f"{used * 100 // limit} % of what can be committed was committed: allocations may have failed for that", "warning")


# -- process -----------------------------------------------------------------------------------------------------------------


def _misc_items(dump: Minidump) -> Iterator[Item]:
    misc = dump.misc
    created = _member(misc, "process_create_time")
    yield Item(
        "process_id",
        "process id",
        _member(misc, "process_id"),
        "id",
        note="" if isinstance(misc, Absent) or isinstance(misc.process_id, Absent) else f"decimal {misc.process_id}",
    )
    yield Item("create_time", "started", created, "time")
    if not isinstance(created, Absent):
        yield Item("uptime", "ran for", max(0, dump.header.timestamp - created), "seconds")
    yield Item("kernel_time", "kernel time", _member(misc, "process_kernel_time"), "seconds")
    yield Item("user_time", "user time", _member(misc, "process_user_time"), "seconds")
    level = _member(misc, "integrity_level")
    yield Item("integrity_level", "integrity", level, "hex", note="" if isinstance(level, Absent) else INTEGRITY_LEVEL.meaning(level))
    flags = _member(misc, "execute_flags")
    names = [] if isinstance(flags, Absent) else [EXECUTE_FLAGS.meaning(bit) for bit in EXECUTE_FLAGS.split(flags)[0]]
    yield Item("execute_flags", "execute flags", flags, "mask", note="; ".join(names))
    yield Item("protected", "protected", _member(misc, "protected"), "bool")
    yield Item("process_cookie", "cookie", _member(misc, "process_cookie"), "hex")


def _peb_items(dump: Minidump) -> Iterator[Item]:
    kind = address_kind(dump.pointer_size)
    process = dump.process
    image = dump.modules[0].path if len(dump.modules) else dump.modules.absence
    yield Item("image", "image", image, "path")
    peb = process.peb
    yield Item("peb", "PEB", peb_address(dump), kind, link="address {}")
    yield Item("image_base", "image base", _member(peb, "image_base"), kind, link="address {}")
    yield Item("being_debugged", "being debugged", _member(peb, "being_debugged"), "bool")
    yield Item("session_id", "session", _member(peb, "session_id"), "int")
    yield Item("nt_global_flag", "NtGlobalFlag", _member(peb, "nt_global_flag"), "mask")
    heaps = _member(peb, "heaps")
    yield Item(
        "heaps",
        "heaps",
        heaps if isinstance(heaps, Absent) else [f"0x{heap:x}" for heap in heaps],
        "words",
        text=None if isinstance(heaps, Absent) else str(len(heaps)),
    )
    yield Item("image_path", "image path", process.image_path, "path")
    yield Item("command_line", "command line", process.command_line, "text")
    yield Item("current_directory", "current directory", process.current_directory, "path")
    yield Item("window_title", "window title", process.window_title, "text")
    yield Item("wow64", "WOW64", process.is_wow64, "bool")


@command(
    "process",
    summary="the process: id, times, command line, environment, counters, loaded modules",
    category="process",
    arguments=[
        arg("--env", switch=True, help="the environment variables"),
        arg("--var", metavar="NAME", help="one environment variable, such as PATH (case does not matter); a pattern such as 'PROC*' shows those that match"),
        arg("--modules", switch=True, help="the modules in the order in which the loader has them"),
        arg("--all", switch=True, help="every counter, also those that are 0 or not valid"),
    ],
    examples=[
        ("process", "the process"),
        ("process --env", "with its environment"),
        ("process --var PATH", "one variable, as !envvar PATH"),
    ],
    spellings=["!peb", "|", ".time"],
)
def process(session: Session, args: Any) -> Iterator[Block]:
    """The process."""
    dump = session.dump
    files = ProcFiles(dump.breakpad)
    if args.var:
        yield from _variables(session, files, args.var)
        return
    if isinstance(dump.misc, Absent) and isinstance(dump.process.peb, Absent) and not files:
        session.not_in_dump()
    yield from _together("process", _from_files(files, [*_misc_items(dump), *_peb_items(dump)]))
    if files:
        yield Fields("proc", list(_proc_items(files)), title="as the files of /proc say")
        yield Note("`annotations` shows the files themselves", "hint")
    yield from _environment(session, files, args.env)
    yield from _loader_modules(session, args.modules)
    counters = dump.vm_counters
    if isinstance(counters, Absent):
        yield Data("vm_counters", None)
        yield Data("vm_counters_reason", {"kind": counters.kind, "message": counters.message})
    else:
        if not args.all:
            yield Fields("", list(_memory_items(counters)), title="memory of the process")
        yield from counter_blocks("vm_counters", counters, "memory of the process", 4096, args.all)


def _from_files(files: ProcFiles, items: List[Item]) -> List[Item]:
    """What the streams of the format do not say and the copied files of /proc do, with where it is from."""
    known: Dict[str, Tuple[Any, str]] = {}
    pid = files.number("Pid")
    if pid is not None:
        known["process_id"] = (pid, f"decimal {pid}; from /proc/PID/status")
    if files.arguments:
        known["command_line"] = (" ".join(files.arguments), "from /proc/PID/cmdline, which separates the arguments by NULs")
    if files.parent is not None:
        items.insert(1, Item("parent_id", "parent", files.parent, "id", note=f"decimal {files.parent}"))
    return [
        item._replace(value=known[item.key][0], note=known[item.key][1]) if item.key in known and isinstance(item.value, Absent) else item for item in items
    ]


def _proc_items(files: ProcFiles) -> Iterator[Item]:
    """The fields of /proc/PID/status that people look at."""
    status = files.status
    for key, label, name in (("name", "name", "Name"), ("state", "state", "State"), ("uid", "user ids", "Uid"), ("gid", "group ids", "Gid")):
        if name in status:
            yield Item(key, label, status[name].replace("\t", " "), "text")
    if files.number("Threads") is not None:
        yield Item("threads", "threads", files.number("Threads"), "count")
    tracer = files.number("TracerPid")
    if tracer:
        yield Item("tracer_id", "traced by", tracer, "id", note=f"decimal {tracer}: a debugger, or the writer of this dump")
    for key, label, name, most in (("virtual_bytes", "virtual size", "VmSize", "VmPeak"), ("resident_bytes", "resident", "VmRSS", "VmHWM")):
        size, peak = files.size(name), files.size(most)
        if size is not None:
            yield Item(key, label, size, "size", note="" if peak is None else f"peak {size_text(peak)}")


def _memory_items(counters: Counters) -> Iterator[Item]:
    """The counters that people look at, with their peaks."""
    pairs = (
        ("working set", "WorkingSetSize", "PeakWorkingSetSize"),
        ("private bytes", "PrivateUsage", ""),
        ("commit charge", "PagefileUsage", "PeakPagefileUsage"),
        ("virtual size", "VirtualSize", "PeakVirtualSize"),
        ("job commit limit", "JobTotalCommitLimit", ""),
    )
    for label, name, peak in pairs:
        value, most = counters.get(name), counters.get(peak) if peak else Absent(NOT_THERE, "")
        if not isinstance(value, Absent) and (value or not label.startswith("job")):
            yield Item("", label, value, "size", note="" if isinstance(most, Absent) else f"peak {size_text(most)}")
    faults = counters.get("PageFaultCount")
    yield Item("", "page faults", faults, "count")


def _together(key: str, items: List[Item]) -> Iterator[Block]:
    """Labelled values; those that are missing for one and the same reason are named together, with the reason said once."""
    reasons: Dict[str, List[str]] = {}
    for item in items:
        if isinstance(item.value, Absent):
            reasons.setdefault(item.value.message, []).append(item.label)
    shared = {message for message, labels in reasons.items() if len(labels) > 2}
    yield Fields(key, [item._replace(hidden=True) if isinstance(item.value, Absent) and item.value.message in shared else item for item in items], title=key)
    for message in reasons:
        if message in shared:
            yield Note(f"{', '.join(reasons[message])}: {message}", "hint")


def _variables_of(session: Session, files: ProcFiles) -> Union[Dict[str, str], Absent]:
    """The environment: of the PEB, or of a copied /proc/PID/environ."""
    found = session.dump.process.environment
    if isinstance(found, Absent) and files.environment is not None:
        return files.environment
    return found if isinstance(found, Absent) else dict(found)


def _variables(session: Session, files: ProcFiles, wanted: str) -> Iterator[Block]:
    """One variable of the environment, or those whose names match."""
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    found = _variables_of(session, files)
    if isinstance(found, Absent):
        yield from missing(session, "environment", found, "!peb")
        return
    pattern = wanted.casefold()
    rows = [(name, value) for name, value in found.items() if name.casefold() == pattern or fnmatchcase(name.casefold(), pattern)]
    if not rows:
        yield from missing(session, "environment", Absent(NOT_THERE, f"no variable {wanted!r} is among the {len(found)} of the environment"))
        names = {name.casefold(): name for name in found}
        near = [names[name] for name in get_close_matches(pattern, names, 3)]
        if near:
            yield Note(f"did you mean {', '.join(near)}?", "hint")
        return
    yield Data("environment", dict(rows))
    yield Table("", [Column("", "variable", "name", role="label"), Column("", "value", "text")], rows)


def _environment(session: Session, files: ProcFiles, shown: bool) -> Iterator[Block]:
    """The environment variables, or how many there are."""
    found = _variables_of(session, files)
    if isinstance(found, Absent):
        yield Data("environment", None)
        yield Data("environment_reason", {"kind": found.kind, "message": found.message})
        if shown:
            session.not_in_dump()
            yield Note(f"no environment: {found.message}", "warning")
        return
    yield Data("environment", found)
    if shown:
        yield Table("", [Column("", "variable", "name", role="label"), Column("", "value", "text")], list(found.items()), title="environment")
    else:
        yield Note(f"{counted(len(found), 'environment variable')}: --env shows them", "hint")


def _loader_modules(session: Session, shown: bool) -> Iterator[Block]:
    """The loader's lists, which can know modules that the module list does not, and the other way round."""
    process = session.dump.process
    lists = [("loaded_modules", process.loaded_modules, "modules in load order, as the loader has them")]
    if process.is_wow64:
        lists.append(("wow64_loaded_modules", process.wow64_loaded_modules, "modules of the 32-bit side, as its loader has them"))
    for key, found, title in lists:
        if isinstance(found, Absent):
            yield Data(key, None)
            yield Data(key + "_reason", {"kind": found.kind, "message": found.message})
            if shown:
                session.not_in_dump()
                yield Note(f"no loader list: {found.message}", "warning")
            continue
        kind = address_kind(4 if key.startswith("wow64") else session.dump.pointer_size)
        columns = [
            Column("base", "start", kind, index=0, link="address {}"),
            Column("size", "size", "bytes", index=2),
            Column("entry_point", "entry point", kind, index=1, hidden=True),
            Column("flags", "flags", "mask", index=5, hidden=True),
            Column("load_count", "load count", "int", index=6, hidden=True),
            Column("timestamp", "time stamp", "int", index=8, hidden=True),
            Column("name", "name", "name", index=4, hidden=True),
            Column("address", "entry", kind, index=9, hidden=True),
            Column("path", "path", "path", index=3),
        ]
        if shown:
            yield Table(key, columns, found, title=title)
        else:
            yield Table(key, [column._replace(hidden=True) for column in columns], found)
        if found.incomplete is not None:
            yield Note(f"{key.replace('_', ' ')}: the list is not complete: {found.incomplete.message}", "hint")


# -- tokens ------------------------------------------------------------------------------------------------------------------


def _sid_json(sid: Union[Sid, Absent]) -> Any:
    if isinstance(sid, Absent):
        return None
    return {
        "sid": sid.text,
        "name": sid_name(sid.text) or None,
        "attributes": f"0x{sid.attributes:x}",
        "attribute_names": _attributes(sid.attributes),
        "offset": sid.offset,
    }


def _attributes(value: int) -> List[str]:
    return [name.replace("SE_GROUP_", "") for name in GROUP_ATTRIBUTES.labels(value)] if value else []


def _group_words(value: int) -> List[str]:
    """What is out of the ordinary with a group; most are mandatory and enabled."""
    words = [word for bit, word in ((0x8, "owner"), (0x10, "deny only"), (0x20, "integrity"), (0xC0000000, "logon id")) if value & bit == bit]
    return words if value & 0x34 else [*words, "disabled"]


def _privilege(luid: int) -> Tuple[str, str]:
    return PRIVILEGES.get(luid & 0xFFFFFFFF, (f"privilege {luid:x}", "")) if luid >> 32 == 0 else (f"privilege {luid:x}", "")


def _token_json(token: Token) -> Dict[str, Any]:
    statistics = token.statistics
    return {
        "index": token.index,
        "id": token.id,
        "handle": f"0x{token.handle:x}",
        "size": token.size,
        "session": None if isinstance(token.session, Absent) else token.session,
        "user": _sid_json(token.user),
        "primary_group": _sid_json(token.primary_group),
        "integrity": None if token.integrity is None else f"0x{token.integrity:x}",
        "groups": [_sid_json(sid) for sid in token.groups],
        "restricted": [_sid_json(sid) for sid in token.restricted],
        "privileges": [
            {"luid": item.luid, "name": _privilege(item.luid)[0], "enabled": item.enabled, "attributes": f"0x{item.attributes:x}"} for item in token.privileges
        ],
        "type": None if isinstance(statistics, Absent) else TOKEN_TYPE.label(statistics.type),
        "authentication_id": None if isinstance(statistics, Absent) else f"0x{statistics.authentication_id:x}",
        "impersonation_level": None if isinstance(statistics, Absent) else statistics.impersonation_level,
        "expiration": None if isinstance(statistics, Absent) else statistics.expiration,
        "offset": token.offset,
    }


def _owner(dump: Minidump, identity: int) -> str:
    misc = dump.misc
    if not isinstance(misc, Absent) and misc.process_id == identity:
        return "the process"
    thread = dump.threads.find(identity)
    return f"thread {thread.index}" if thread is not None else "a process or thread that is not in the dump"


@command(
    "tokens",
    summary="access tokens: user, groups, privileges, integrity, session",
    category="process",
    examples=[("tokens", "on whose behalf the process ran")],
    spellings=["!token"],
)
def tokens(session: Session, args: Any) -> Iterator[Block]:
    """The access tokens."""
    dump = session.dump
    table = dump.tokens
    if not len(table):
        yield from missing(session, "tokens", why_empty(table, "the token stream"), "!token")
        return
    yield Data("tokens", [_token_json(token) for token in table])
    for token in table:
        yield from _token(dump, token)
    for wrong in table.damage:
        yield Note(wrong.message, "warning")


def _named(sid: Union[Sid, Absent], key: str, label: str) -> Item:
    return Item(key, label, sid if isinstance(sid, Absent) else sid.text, "text", note="" if isinstance(sid, Absent) else sid_name(sid.text))


def _token(dump: Minidump, token: Token) -> Iterator[Block]:
    """One token."""
    items = [
        Item("", "of", token.id, "id", note=_owner(dump, token.id)),
        _named(token.user, "", "user"),
        _named(token.primary_group, "", "primary group"),
        Item("", "session", token.session, "int"),
    ]
    if token.integrity is not None:
        items.append(Item("", "integrity", token.integrity, "hex", note=INTEGRITY_LEVEL.meaning(token.integrity)))
    statistics = token.statistics
    if isinstance(statistics, Absent):
        items.append(Item("", "statistics", statistics))
    else:
        level = SECURITY_IMPERSONATION_LEVEL.label(statistics.impersonation_level) if statistics.type == 2 else ""
        items.append(Item("", "type", TOKEN_TYPE.label(statistics.type) or f"{statistics.type}", "text", note=level or TOKEN_TYPE.meaning(statistics.type)))
        items.append(Item("", "logon session", statistics.authentication_id, "hex"))
        if statistics.expiration not in (0, NEVER, -1):
            items.append(Item("", "expires", statistics.expiration, "filetime"))
    items.append(Item("", "record", token.offset, "offset", note=f"0x{token.size:x} bytes"))
    yield Fields("", items, title=f"token {token.index}")
    for title, sids in (("groups", token.groups), ("restricted SIDs", token.restricted)):
        if sids:
            columns = [Column("", "name", "name"), Column("", "SID", "text"), Column("", "attributes", "words", role="dim")]
            rows = [(sid_name(sid.text) or None, sid.text, _group_words(sid.attributes)) for sid in sids]
            yield Table("", columns, rows, title=title)
    if token.privileges:
        columns = [Column("", "privilege", "name"), Column("", "state", "text"), Column("", "meaning", "text", role="dim")]
        held = [(_privilege(item.luid)[0], "enabled" if item.enabled else "disabled", _privilege(item.luid)[1] or None) for item in token.privileges]
        yield Table("", columns, held, title="privileges")
    for wrong in token.damage:
        yield Note(wrong.message, "warning")
