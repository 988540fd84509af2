"""The planner: the smallest set of flags with which given debugger commands will work, and how to ask each tool for it."""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Sequence, Tuple

from ..format.flags import DUMP_ALWAYS, DUMP_LETTERS, MINIDUMP_TYPE, normalise

QUERY = "PROCESS_QUERY_INFORMATION"
READ = "PROCESS_VM_READ"
DUPLICATE = "PROCESS_DUP_HANDLE"
THREAD = "THREAD_ALL_ACCESS on each thread"


class Need(NamedTuple):
    """What one debugger command needs: flags, whether an exception record must be passed, and what no flag can give."""

    flags: int
    why: str
    exception: bool = False
    limits: Tuple[str, ...] = ()


_BITNESS = "the bitness of debugger and process must agree"

NEEDS: Dict[str, Need] = {
    "!handle": Need(0x4, "the handle table", limits=("names of File handles are never written",)),
    "!htrace": Need(0x4, "the handle trace", limits=("Application Verifier's handle checks must be on before the process starts",)),
    "!runaway": Need(0x1000, "thread times"),
    ".ttime": Need(0x1000, "thread times"),
    "~*": Need(0x1000, "start addresses and affinity of the threads"),
    "~": Need(0, "the thread list, which every dump has"),
    ".time": Need(0, "process times, which every dump has", limits=("System Uptime needs full memory, or a writer that adds the shared user data page",)),
    ".ecxr": Need(0, "the exception", True),
    ".exr -1": Need(0, "the exception", True),
    ".lastevent": Need(0, "the exception", True),
    "!analyze": Need(0x20 | 0x100, "the exception, unloaded modules, and TEB and PEB", True),
    "k": Need(0, "thread contexts and stacks, which every dump has"),
    "r": Need(0, "thread contexts, which every dump has"),
    "!peb": Need(0x100, "PEB, process parameters and environment"),
    "!dlls": Need(0x100, "the loader's lists"),
    "!teb": Need(0x100, "the TEBs"),
    "!gle": Need(0x100, "the last error in the TEB"),
    ".tls": Need(0x100, "thread local storage"),
    "!address": Need(0x800, "the map of the address space"),
    "!vprot": Need(0x800, "the map of the address space"),
    "!mapped_file": Need(0x800, "the map of the address space"),
    "!heap": Need(0x2 | 0x800, "the heaps' memory", limits=("symbols of ntdll must match",)),
    "!locks": Need(0x2, "critical sections and their debug information"),
    "!cs": Need(0x2, "critical sections and their debug information"),
    "!token": Need(0x40000, "the tokens", limits=("the debugger itself does not show them for user dumps: `tokens` of dumpscope does",)),
    "lm": Need(0x20, "unloaded modules"),
    "dt": Need(0x1, "global variables"),
    "dv": Need(0x40, "what local variables point to"),
    "u": Need(0x2000, "code, where the binaries are not at hand"),
    "SOS": Need(0x2, "the managed heap", limits=(_BITNESS,)),
    "!clrstack": Need(0x2, "the managed heap and the runtime's data"),
    "!clrthreads": Need(0x2, "the runtime's own data (SOS)", limits=(_BITNESS,)),
    "!dumpheap": Need(0x2, "the managed heap (SOS)", limits=(_BITNESS,)),
    "!eeheap": Need(0x2, "the managed heap and the runtime's own data (SOS)", limits=(_BITNESS,)),
    "!pe": Need(0x2, "managed exceptions, which are objects of the managed heap (SOS)", limits=(_BITNESS,)),
    "!syncblk": Need(0x2, "the runtime's own data (SOS)", limits=(_BITNESS,)),
    "!wow64exts.sw": Need(0x100, "the 32-bit registers after the TEBs of a 32-bit process that a 64-bit tool has dumped"),
}
"""By debugger command as it is typed."""

SPELLINGS: Dict[str, str] = {
    "handle": "!handle",
    "handles": "!handle",
    "htrace": "!htrace",
    "runaway": "!runaway",
    "threads": "~*",
    "address": "!address",
    "vprot": "!vprot",
    "peb": "!peb",
    "teb": "!teb",
    "gle": "!gle",
    "heap": "!heap",
    "dlls": "!dlls",
    "locks": "!locks",
    "token": "!token",
    "tokens": "!token",
    "analyze": "!analyze",
    "!analyze -v": "!analyze",
    "ecxr": ".ecxr",
    ".exr": ".exr -1",
    "exr": ".exr -1",
    "time": ".time",
    "ttime": ".ttime",
    "~*k": "k",
    "kb": "k",
    "kp": "k",
    "kn": "k",
    "stack": "k",
    "stacks": "k",
    "uf": "u",
    "ub": "u",
    "!sos": "SOS",
    "sos": "SOS",
    "!sw": "!wow64exts.sw",
    ".effmach x86": "!wow64exts.sw",
    "!printexception": "!pe",
    "!dumpexceptions": "!pe",
    "!threads": "!clrthreads",
    "clrthreads": "!clrthreads",
    "clrstack": "!clrstack",
    "!dumpstack": "!clrstack",
    "!eestack": "!clrstack",
    "!dso": "!clrstack",
    "!dumpstackobjects": "!clrstack",
    "dumpheap": "!dumpheap",
    "eeheap": "!eeheap",
    "syncblk": "!syncblk",
    "!do": "!dumpheap",
    "!dumpobj": "!dumpheap",
    "!dumparray": "!dumpheap",
    "!gcroot": "!dumpheap",
    "!gcwhere": "!dumpheap",
    "!verifyheap": "!dumpheap",
    "!objsize": "!dumpheap",
    "!finalizequeue": "!dumpheap",
    "!gchandles": "!dumpheap",
    "!dumpasync": "!dumpheap",
    "!heapstat": "!eeheap",
    "!dumpdomain": "!eeheap",
    "!dumpmt": "!eeheap",
    "!eeversion": "SOS",
    "!threadpool": "SOS",
    "!name2ee": "SOS",
    "!ip2md": "SOS",
    "!dumpmodule": "SOS",
    ".cordll": "SOS",
    ".unloaded": "lm",
    "unloaded": "lm",
}

_MODULE = re.compile(r"^!(?:ext|exts|uext|ntsdexts|kdexts|sos|clr10\\sos)\.(?=\w)", re.IGNORECASE)
"""An extension DLL's name before one of its commands, as in ``!ext.handle``."""

_LETTER_ORDER = "fhFutipwdcrRy"


def canonical(command: str) -> str:
    """The command as :data:`NEEDS` spells it, an empty string for one that is not known."""
    text = _MODULE.sub("!", " ".join(command.split()))
    for name in (text, SPELLINGS.get(text, ""), text.lower(), SPELLINGS.get(text.lower(), "")):
        if name in NEEDS:
            return name
    head = text.split(" ")[0].lower()
    if head in NEEDS:
        return head
    return SPELLINGS.get(head, "")


class Recipe(NamedTuple):
    """One tool's line. ``note`` says what it does beyond what was asked, or leaves out."""

    tool: str
    line: str
    note: str = ""


class Plan(NamedTuple):
    """``flags`` to ask for, ``header`` as the file will then show them, the rights, one line for each tool, and the limits."""

    commands: Tuple[str, ...]
    flags: int
    header: int
    reasons: Tuple[str, ...]
    exception: bool
    process_rights: Tuple[str, ...]
    thread_rights: Tuple[str, ...]
    recipes: Tuple[Recipe, ...]
    limits: Tuple[str, ...]


def rights(flags: int) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """Rights on the process and on its threads that writing with these flags takes (Microsoft Learn: MiniDumpWriteDump)."""
    process = [QUERY, READ]
    if flags & 0x4:
        process.append(DUPLICATE)
    return tuple(process), (THREAD,)


def letters(flags: int) -> Tuple[str, int]:
    """Options of ``.dump /m`` that ask for these flags, and the bits that no option asks for."""
    text = ""
    rest = flags & ~DUMP_ALWAYS
    if rest & DUMP_LETTERS["A"] == DUMP_LETTERS["A"]:  # the only option that asks for 0x20000
        text, rest = "A", rest & ~DUMP_LETTERS["A"]
    for letter in _LETTER_ORDER:
        bits = DUMP_LETTERS[letter]
        if rest & bits == bits:
            text += letter
            rest &= ~bits
    return text, rest


def recipes(flags: int, exception: bool = False) -> List[Recipe]:
    """The ready line for each tool."""
    options, rest = letters(flags)
    names = MINIDUMP_TYPE.labels(flags) if flags else ["MiniDumpNormal"]
    left = f"has no option for 0x{rest:x}" if rest else ""
    full = bool(flags & 0x2)
    lines = [Recipe("WinDbg, cdb", f".dump /m{options} C:\\dumps\\app.dmp", left)]
    if exception:
        procdump = f"procdump -e {'-ma' if full else f'-mc {flags:x}'} PID C:\\dumps\\app.dmp"
        note = "waits for the unhandled exception, so that the dump holds it"
    else:
        procdump = f"procdump {'-ma' if full else f'-mc {flags:x}'} PID C:\\dumps\\app.dmp"
        note = ""
    lines.append(Recipe("procdump", procdump, note))
    key = r"HKLM\SOFTWARE\Microsoft\Windows\Windows Error Reporting\LocalDumps\app.exe"
    lines.append(
        Recipe(
            "WER LocalDumps",
            f'reg add "{key}" /v DumpType /t REG_DWORD /d 0 /f\nreg add "{key}" /v CustomDumpFlags /t REG_DWORD /d 0x{flags:x} /f',
            "written when the program crashes; always holds the exception",
        )
    )
    types = " | ".join(names)
    pointer = "&exception_information" if exception else "NULL"
    lines.append(
        Recipe(
            "C",
            f"MiniDumpWriteDump(process, GetProcessId(process), file, (MINIDUMP_TYPE)(0x{flags:x}), {pointer}, NULL, NULL);  // {types}",
            "check the result; GetLastError() then holds an HRESULT",
        )
    )
    lines.append(
        Recipe(
            "Python (ctypes)",
            f"ctypes.WinDLL('dbghelp').MiniDumpWriteDump(process, pid, file, 0x{flags:x}, None, None, None)",
            "process and file as wintypes.HANDLE",
        )
    )
    lines.append(
        Recipe(
            "PowerShell",
            'Add-Type -Namespace Dump -Name Native -MemberDefinition \'[DllImport("dbghelp.dll")] public static extern bool MiniDumpWriteDump('
            "IntPtr process, int pid, IntPtr file, int flags, IntPtr exception, IntPtr streams, IntPtr callback);'\n"
            "$id = PID\n$p = Get-Process -Id $id; $f = [IO.File]::Create('C:\\dumps\\app.dmp')\n"
            f"[Dump.Native]::MiniDumpWriteDump($p.Handle, $p.Id, $f.SafeFileHandle.DangerousGetHandle(), 0x{flags:x}, 0, 0, 0); $f.Close()",
        )
    )
    lines.append(Recipe("writedump.py", f"python scripts\\writedump.py PID C:\\dumps\\app.dmp --flags 0x{flags:x}", "Windows only; explains what it wrote"))
    return lines


def plan(commands: Sequence[str]) -> Plan:
    """The plan for debugger commands. Raises KeyError with the first one that is not known."""
    flags = 0
    exception = False
    names: List[str] = []
    reasons: List[str] = []
    limits: List[str] = []
    for command in commands:
        name = canonical(command)
        if not name:
            raise KeyError(command)
        if name in names:
            continue
        need = NEEDS[name]
        names.append(name)
        flags |= need.flags
        exception = exception or need.exception
        reasons.append(f"{name}: {need.why}" + (f" (0x{need.flags:x})" if need.flags else ""))
        limits.extend(f"{name}: {limit}" for limit in need.limits)
    if flags & 0x2:
        flags |= 0x20000  # one page that cannot be read must not end the writing
        reasons.append("0x20000: go on where a page cannot be read")
    process, threads = rights(flags)
    return Plan(tuple(names), flags, normalise(flags)[0], tuple(reasons), exception, process, threads, tuple(recipes(flags, exception)), tuple(limits))
