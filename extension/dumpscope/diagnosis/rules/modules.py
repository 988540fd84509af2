"""Modules that were unloaded, have no name or path, or run 32-bit or managed code."""

from __future__ import annotations

from typing import Optional

from ...dump.absence import Absent
from ...format.flags import (
    MiniDumpFilterModulePaths,
    MiniDumpWithFullAuxiliaryState,
    MiniDumpWithFullMemory,
    MiniDumpWithPrivateReadWriteMemory,
    MiniDumpWithUnloadedModules,
)
from ...format.modules import MINIDUMP_MODULE, MINIDUMP_UNLOADED_MODULE
from ...format.streams import Memory64ListStream, UnloadedModuleListStream
from ..evidence import Proof
from ..facts import Facts
from .rule import INFERRED, INFO, PROVEN, WARNING, Match, Rule

SOS_COMMANDS = ("!clrstack", "!clrthreads", "!dumpheap", "!eeheap", "!pe", "!syncblk")
_OBSERVED = "observed: dbgeng 10.0.15063 on edited dumps"
_NAME = MINIDUMP_MODULE.offset_of("ModuleNameRva")
_UNLOADED_NAME = MINIDUMP_UNLOADED_MODULE.offset_of("ModuleNameRva")
_LOOK = 20_000


def _not_asked(facts: Facts) -> Optional[Match]:
    if facts.stream(UnloadedModuleListStream) is not None or facts.asked(MiniDumpWithUnloadedModules) or not facts.flags_count:
        return None
    return Match((facts.flags_proof(MiniDumpWithUnloadedModules), facts.directory_proof(UnloadedModuleListStream)))


def _none_unloaded(facts: Facts) -> Optional[Match]:
    if facts.stream(UnloadedModuleListStream) is not None or not facts.asked(MiniDumpWithUnloadedModules):
        return None
    return Match((facts.flags_proof(MiniDumpWithUnloadedModules), facts.directory_proof(UnloadedModuleListStream)))


def _unloaded_nameless(facts: Facts) -> Optional[Match]:
    for module in facts.dump.unloaded_modules.walk(0, _LOOK):
        if not module.name:
            return Match(
                (Proof(f"unloaded module at 0x{module.base:x}", f"ModuleNameRva 0x{module.name_rva:x}", module.offset + _UNLOADED_NAME),),
                {"address": f"{module.base:016x}" if facts.is_64 else f"{module.base:08x}"},
            )
    return None


def _nameless(facts: Facts) -> Optional[Match]:
    for module in facts.modules(_LOOK):
        if not module.path:
            return Match(
                (Proof(f"module at 0x{module.base:x}", f"ModuleNameRva 0x{module.name_rva:x}", module.offset + _NAME),), {"base": f"0x{module.base:x}"}
            )
    return None


def _bare(facts: Facts) -> Optional[Match]:
    if not facts.writer.is_microsoft:
        return None
    modules = [module for module in facts.modules(256) if module.path]
    if not modules or any("\\" in module.path or "/" in module.path for module in modules):
        return None
    first = modules[0]
    return Match((facts.flags_proof(MiniDumpFilterModulePaths), Proof("name of the first module", first.path, first.name_rva)))


_WOW64 = ("wow64.dll", "wow64cpu.dll", "wow64win.dll")


def _wow64(facts: Facts) -> Optional[Match]:
    system = facts.dump.system
    if isinstance(system, Absent) or system.architecture not in (9, 12):
        return None
    if facts.named(_WOW64, _LOOK) is None:
        return None
    names = {module.file_name.lower(): module for module in facts.modules(_LOOK)}
    found = [names[name] for name in _WOW64 if name in names]
    main = facts.dump.modules[0]
    proofs = [Proof("SystemInfo.ProcessorArchitecture", f"{system.architecture} ({system.architecture_name})", system.offset)]
    proofs.extend(Proof("module", module.path, module.offset) for module in found)
    proofs.append(Proof("main module", f"{main.file_name} at 0x{main.base:x}", main.offset))
    return Match(tuple(proofs))


_RUNTIMES = ("coreclr.dll", "clr.dll", "mscorwks.dll")


def _managed(facts: Facts) -> Optional[Match]:
    if facts.stream(Memory64ListStream) is not None or facts.asked(MiniDumpWithPrivateReadWriteMemory) or facts.asked(MiniDumpWithFullAuxiliaryState):
        return None
    module = facts.named(_RUNTIMES, _LOOK)
    if module is None:
        return None
    return Match((Proof("module", module.path, module.offset), facts.flags_proof(MiniDumpWithFullMemory)), {"runtime": module.file_name})


def _no_key(facts: Facts) -> Optional[Match]:
    without = []
    for module in facts.modules(_LOOK):
        view = module.codeview
        if isinstance(view, Absent) or not view.key:
            without.append(module)
    if not without:
        return None
    first = without[0]
    where = MINIDUMP_MODULE.offset_of("CvRecord")
    zero = "" if isinstance(first.codeview, Absent) else ", of which GUID or build id are zero"
    return Match(
        (Proof(f"CvRecord of {first.name or 'a module'}", f"size 0x{first.cv_size:x}, RVA 0x{first.cv_rva:x}{zero}", first.offset + where),),
        {"count": len(without), "all": len(facts.dump.modules)},
    )


RULES = (
    Rule(
        code="MOD001",
        severity=INFO,
        title="unloaded modules were not asked for",
        symptoms=("Mini Dump does not contain unloaded driver list",),
        commands=("lm",),
        checks="no UnloadedModuleListStream, flag 0x20 clear",
        verdict="Nobody asked for the list of unloaded modules, so an address in a DLL that was gone stays without a name.",
        confidence=PROVEN,
        remedy=("write the dump again with 0x20: `.dump /mu FILE` or `/ma`",),
        sources=("Microsoft Learn: lm; MINIDUMP_TYPE",),
        fires="stacks-only",
        silent="unloaded-modules",
        test=_not_asked,
    ),
    Rule(
        code="MOD002",
        severity=INFO,
        title="nothing had been unloaded",
        symptoms=("lm shows no Unloaded modules",),
        commands=("lm",),
        checks="no UnloadedModuleListStream, flag 0x20 set",
        verdict="Unloaded modules were asked for and there is no list: Microsoft's writer leaves it out when nothing had been unloaded.",
        confidence=INFERRED,
        remedy=("nothing is wrong",),
        sources=("observed: 6 of 12 public dumps with flag 0x20",),
        fires="unloaded-modules-none",
        silent="unloaded-modules",
        test=_none_unloaded,
    ),
    Rule(
        code="MOD003",
        severity=WARNING,
        title="an unloaded module has no name",
        symptoms=(
            "ERROR: Invalid Rva value 0, it should larger than the dump header (20).",
            "Missing image name, possible paged-out or corrupt data.",
            "Unknown_Module_",
        ),
        commands=("lm",),
        checks="ModuleNameRva of each unloaded module",
        verdict="An unloaded module's name could not be stored; the debugger prints an error and calls it Unknown_Module_{address}.",
        confidence=PROVEN,
        remedy=("nothing to repair",),
        sources=(_OBSERVED,),
        fires="unloaded-module-without-name",
        silent="unloaded-modules",
        test=_unloaded_nameless,
    ),
    Rule(
        code="MOD004",
        severity=WARNING,
        title="a module has no name",
        symptoms=("Missing image name, possible paged-out or corrupt data.", "Unknown_Module_"),
        commands=("lm", "k"),
        checks="ModuleNameRva of each module",
        verdict="The module at {base} has no name that can be read; the debugger makes one up and finds no symbols for it.",
        confidence=PROVEN,
        remedy=("its time stamp and size identify it: `modules` shows the key for a symbol server",),
        sources=(_OBSERVED,),
        fires="module-without-name",
        silent="unloaded-modules",
        test=_nameless,
    ),
    Rule(
        code="MOD005",
        severity=INFO,
        title="module paths were left out",
        symptoms=("Unable to load image app.exe, Win32 error 0n2",),
        commands=("lm", "u"),
        checks="folders in the names of the modules, flag 0x80, a Microsoft writer",
        verdict="The module list has file names without folders (MiniDumpFilterModulePaths, for privacy), so the debugger does not look in the place "
        "where a binary was.",
        confidence=PROVEN,
        remedy=("`.exepath+ FOLDER` names the folder of the binaries",),
        sources=("Microsoft Learn: MINIDUMP_TYPE",),
        fires="module-paths-filtered",
        silent="unloaded-modules",
        test=_bare,
    ),
    Rule(
        code="MOD006",
        severity=WARNING,
        title="a 32-bit program, dumped by a 64-bit tool",
        symptoms=("Wrong architecture", "SOS does not support the current target architecture", "wow64cpu!CpupSyscallStub"),
        commands=("k", "SOS", "r", "!heap", "!wow64exts.sw", *SOS_COMMANDS),
        checks="SystemInfo says AMD64, and wow64.dll is loaded",
        verdict="This is the 64-bit side of a 32-bit process: stacks show wow64cpu, and 32-bit registers are hidden in the TLS of each thread.",
        confidence=PROVEN,
        remedy=(
            "`!wow64exts.sw` or `.effmach x86` switches to the 32-bit side; `threads TID` of dumpscope shows its registers where they are captured",
            "for .NET take the dump again with a 32-bit tool: %windir%\\SysWOW64\\taskmgr.exe, procdump without -64",
        ),
        sources=("fremag/MemoScope.Net issue 206, goldshtn/msos issue 69", "Microsoft Learn: WOW64 debugging"),
        fires="process-thread-data-wow64",
        silent="process-thread-data",
        test=_wow64,
    ),
    Rule(
        code="MOD007",
        severity=WARNING,
        title="a .NET process without the memory that SOS needs",
        symptoms=("Failed to load data access DLL", "Unable to load the DAC", "The garbage collector data structures are not in a valid state for traversal"),
        commands=("SOS", *SOS_COMMANDS),
        checks="a runtime among the modules; full memory, flags 0x200 and 0x8000",
        verdict="{runtime} is loaded, and the dump has neither full memory nor the runtime's auxiliary data: SOS can show next to nothing.",
        confidence=INFERRED,
        remedy=("`dotnet-dump collect --type Heap` (or Full), `procdump -ma`, `.dump /ma`",),
        sources=("dotnet/diagnostics issue 3065", "Microsoft Learn: dotnet-dump"),
        fires="managed-stacks-only",
        silent="managed-full-memory",
        test=_managed,
    ),
    Rule(
        code="MOD008",
        severity=INFO,
        title="modules without a symbol key",
        symptoms=("*** ERROR: Module load completed but symbols could not be loaded for",),
        commands=("lm", "k", "dt"),
        checks="the CodeView record of each module",
        verdict="{count} of {all:module|modules} {count:=has|have} no CodeView record that says which PDB is {count:=its own|theirs}; the debugger "
        "must read it from the binary.",
        confidence=PROVEN,
        remedy=("`.exepath+` to the binaries, or `.reload /f /i`",),
        sources=("minidumpapiset.h: MINIDUMP_MODULE.CvRecord",),
        fires="modules-codeview-kinds",
        silent="exception-write-violation",
        test=_no_key,
    ),
)
