"""The Windows calls behind ``writedump``. Importable anywhere; usable on Windows only."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

from ..errors import DumpscopeError, UsageError
from .results import hresult, words
from .rights import PROCESS_QUERY_LIMITED_INFORMATION, Right, mask_of, rights_for

ERROR_ACCESS_DENIED = 5
ERROR_INVALID_PARAMETER = 87
ERROR_BAD_EXE_FORMAT = 193
PARTIAL_COPY = 0x8007012B
ATTEMPTS = 5
_TH32CS_SNAPPROCESS = 2
_TOKEN_ADJUST_PRIVILEGES_QUERY = 0x28
_SE_PRIVILEGE_ENABLED = 2
_NO_HANDLE = ctypes.c_void_p(-1).value
_SEM_NOBOX = 0x8001


class Process(NamedTuple):
    """A running process. ``bits`` is 0 where it could not be asked."""

    pid: int
    parent: int
    threads: int
    bits: int
    name: str


class Opened(NamedTuple):
    """A process handle, the rights it came with, those that were refused, and whether SeDebugPrivilege was needed."""

    handle: int
    granted: List[Right]
    refused: List[Right]
    privilege: bool


class Written(NamedTuple):
    """How a dump was written."""

    size: int
    dll: str
    attempts: int


class WriteFailed(DumpscopeError):
    """The dump could not be written; nothing is left behind."""

    exit_code = 1


class _PROCESSENTRY32W(ctypes.Structure):
    _fields_ = [
        ("dwSize", ctypes.c_uint32),
        ("cntUsage", ctypes.c_uint32),
        ("th32ProcessID", ctypes.c_uint32),
        ("th32DefaultHeapID", ctypes.c_size_t),
        ("th32ModuleID", ctypes.c_uint32),
        ("cntThreads", ctypes.c_uint32),
        ("th32ParentProcessID", ctypes.c_uint32),
        ("pcPriClassBase", ctypes.c_int32),
        ("dwFlags", ctypes.c_uint32),
        ("szExeFile", ctypes.c_wchar * 260),
    ]


class _TOKEN_PRIVILEGES(ctypes.Structure):
    _fields_ = [("PrivilegeCount", ctypes.c_uint32), ("Low", ctypes.c_uint32), ("High", ctypes.c_int32), ("Attributes", ctypes.c_uint32)]


def on_windows() -> bool:
    """Whether this system can write minidumps."""
    return os.name == "nt"


def require_windows() -> None:
    """Raise UsageError, with what else can be done, on a system that is not Windows."""
    if not on_windows():
        raise UsageError(
            f"writing a dump needs Windows; this is {sys.platform}",
            "run it on the machine with the process; reading the dump works anywhere. `dumpscope plan '!handle'` names flags for other tools",
        )


def _library(name: str) -> Any:
    loader: Any = getattr(ctypes, "WinDLL", None)
    if loader is None:
        require_windows()
    return loader(name, use_last_error=True)


def _last_error() -> int:
    return int(getattr(ctypes, "get_last_error", lambda: 0)())


def _system_words(code: int) -> str:
    text = str(getattr(ctypes, "FormatError", lambda _: "")(code)).strip().rstrip(".")
    return "" if text == "<no description>" else text


def _handle(value: int) -> ctypes.c_void_p:
    return ctypes.c_void_p(value)


def processes() -> Iterator[Process]:
    """Every process that the system lists. Raises WriteFailed if it lists none."""
    kernel = _library("kernel32")
    kernel.CreateToolhelp32Snapshot.restype = ctypes.c_void_p
    snapshot = kernel.CreateToolhelp32Snapshot(_TH32CS_SNAPPROCESS, 0)
    if snapshot == _NO_HANDLE:
        raise WriteFailed(f"the processes cannot be listed: {_system_words(_last_error())}")
    try:
        entry = _PROCESSENTRY32W(dwSize=ctypes.sizeof(_PROCESSENTRY32W))
        more = kernel.Process32FirstW(_handle(snapshot), ctypes.byref(entry))
        while more:
            yield Process(entry.th32ProcessID, entry.th32ParentProcessID, entry.cntThreads, process_bits(entry.th32ProcessID), entry.szExeFile)
            more = kernel.Process32NextW(_handle(snapshot), ctypes.byref(entry))
    finally:
        kernel.CloseHandle(_handle(snapshot))


def own_bits() -> int:
    """32 or 64: of this Python."""
    return ctypes.sizeof(ctypes.c_void_p) * 8


def process_bits(pid: int) -> int:
    """32 or 64, or 0 where the process does not let itself be asked."""
    kernel = _library("kernel32")
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid)
    if not handle:
        return 0
    try:
        return _bits(kernel, handle)
    finally:
        kernel.CloseHandle(_handle(handle))


def _bits(kernel: Any, handle: int) -> int:
    wow = ctypes.c_int(0)
    if not kernel.IsWow64Process(_handle(handle), ctypes.byref(wow)):
        return 0
    if wow.value:
        return 32
    mine = ctypes.c_int(0)
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.IsWow64Process(_handle(kernel.GetCurrentProcess()), ctypes.byref(mine))
    return 64 if own_bits() == 64 or mine.value else 32


def find_process(text: str) -> Process:
    """The process that a number or a name means. Raises UsageError for none or several."""
    running = list(processes())
    if text.isdigit() or text.lower().startswith("0x"):
        try:
            pid = int(text, 0) if not text.isdigit() else int(text)
        except ValueError:
            raise UsageError(f"{text!r} is not a process id", "process ids are decimal, 0x… is hexadecimal; --list shows them") from None
        for process in running:
            if process.pid == pid:
                return process
        raise UsageError(f"there is no process {pid}", "process ids are decimal, 0x… is hexadecimal; --list shows them")
    wanted = text.lower()
    found = [process for process in running if process.name.lower() in (wanted, wanted + ".exe")]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{len(found)} processes are called {text}", "give one of the ids: " + ", ".join(str(process.pid) for process in found))
    near = sorted({process.name for process in running if wanted in process.name.lower()})
    raise UsageError(f"no process is called {text!r}", f"did you mean {', '.join(near[:5])}?" if near else "--list shows what runs")


def enable_debug_privilege() -> bool:
    """Turn on SeDebugPrivilege; false where this user does not have it."""
    kernel, advapi = _library("kernel32"), _library("advapi32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    token = ctypes.c_void_p()
    if not advapi.OpenProcessToken(_handle(kernel.GetCurrentProcess()), _TOKEN_ADJUST_PRIVILEGES_QUERY, ctypes.byref(token)):
        return False
    try:
        state = _TOKEN_PRIVILEGES(PrivilegeCount=1, Attributes=_SE_PRIVILEGE_ENABLED)
        if not advapi.LookupPrivilegeValueW(None, "SeDebugPrivilege", ctypes.byref(state, _TOKEN_PRIVILEGES.Low.offset)):
            return False
        getattr(ctypes, "set_last_error", lambda _: 0)(0)
        done = advapi.AdjustTokenPrivileges(token, 0, ctypes.byref(state), 0, None, None)
        return bool(done) and _last_error() == 0  # it succeeds and reports ERROR_NOT_ALL_ASSIGNED
    finally:
        kernel.CloseHandle(token)


def open_process(pid: int, flags: int) -> Opened:
    """Open a process with the least rights for the flags; with fewer if it refuses. Raises WriteFailed."""
    kernel = _library("kernel32")
    kernel.OpenProcess.restype = ctypes.c_void_p
    wanted = rights_for(flags)
    error = 0

    def attempt(rights: List[Right]) -> int:
        nonlocal error
        handle = kernel.OpenProcess(mask_of(rights), 0, pid)
        error = 0 if handle else _last_error()
        return int(handle or 0)

    handle = attempt(wanted)
    if handle:
        return Opened(handle, wanted, [], False)
    privilege = error == ERROR_ACCESS_DENIED and enable_debug_privilege()
    if privilege:
        handle = attempt(wanted)
        if handle:
            return Opened(handle, wanted, [], True)
    least = [right for right in wanted if right.needed]
    if error == ERROR_ACCESS_DENIED and len(least) < len(wanted):
        handle = attempt(least)
        if handle:
            return Opened(handle, least, [right for right in wanted if not right.needed], privilege)
    if error == ERROR_INVALID_PARAMETER:
        raise WriteFailed(f"process {pid} cannot be opened: it has ended, or is the system's own", "--list shows what runs")
    hint = "run it elevated; protected processes let nobody in" if error == ERROR_ACCESS_DENIED else "--list shows what runs"
    names = ", ".join(right.name for right in least)
    raise WriteFailed(f"process {pid} cannot be opened with {names}: {_system_words(error)} (error {error})", hint)


def load_writer(choice: str) -> Tuple[Any, str]:
    """The function MiniDumpWriteDump and the path of its DLL. ``choice`` is dbghelp, dbgcore, auto, or a path. Raises WriteFailed."""
    names = {"auto": ("dbgcore.dll", "dbghelp.dll"), "dbgcore": ("dbgcore.dll",), "dbghelp": ("dbghelp.dll",)}.get(choice, (choice,))
    if choice not in ("auto", "dbgcore", "dbghelp"):
        if not os.path.isfile(choice):
            raise UsageError(f"there is no DLL {choice!r}", "--dll takes dbghelp, dbgcore, or the path of a DLL")
        names = (os.path.abspath(choice),)
    tried = []
    for name in names:
        try:
            library = _library(name)
        except OSError as error:
            code = getattr(error, "winerror", None) or 0
            reason = "it is for other bits than this Python" if code == ERROR_BAD_EXE_FORMAT else f"error {code}" if code else "it was not found"
            tried.append(f"{name} does not load: {reason}")
            continue
        try:
            function = library.MiniDumpWriteDump
        except AttributeError:
            tried.append(f"{name} has no MiniDumpWriteDump")
            continue
        function.restype = ctypes.c_int
        function.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        return function, _path_of(library) or name
    raise WriteFailed("no DLL that writes dumps: " + "; ".join(tried), "--dll PATH takes one from elsewhere, such as the debugger's own dbghelp.dll")


def _path_of(library: Any) -> str:
    kernel = _library("kernel32")
    buffer = ctypes.create_unicode_buffer(1024)
    kernel.GetModuleFileNameW(_handle(library._handle), buffer, 1024)
    return buffer.value


def write_dump(handle: int, pid: int, path: str, flags: int, dll: str, *, overwrite: bool = False) -> Written:
    """Write a dump of an open process to a new file. Raises WriteFailed, and then leaves no file behind."""
    import msvcrt

    function, dll_path = load_writer(dll)
    _library("kernel32").SetErrorMode(_SEM_NOBOX)
    if os.path.exists(path) and not overwrite:
        raise UsageError(f"{path!r} exists already", "--force writes over it")
    attempts = 0
    done = False
    error = 0
    try:
        while attempts < ATTEMPTS and not done:
            attempts += 1
            try:
                file = open(path, "w+b")  # noqa: SIM115 - closed below, before the file is looked at
            except OSError as problem:
                raise UsageError(f"{path!r} cannot be written: {problem.strerror}", "give another path") from None
            try:
                os_handle = getattr(msvcrt, "get_osfhandle")(file.fileno())  # noqa: B009 - known to Windows only
                done = bool(function(handle, pid, os_handle, flags, None, None, None))
                error = 0 if done else _last_error()
            finally:
                file.close()
            if hresult(error) != PARTIAL_COPY:
                break
        size = os.path.getsize(path)
        if done and size:
            return Written(size, dll_path, attempts)
    finally:
        if not done:
            _remove(path)
    if done:
        _remove(path)
        raise WriteFailed(f"{os.path.basename(dll_path)} reports success and wrote nothing", "try the other DLL: --dll dbgcore or --dll dbghelp")
    code = hresult(error)
    meaning = words(code) or _system_words(code & 0xFFFF) or "no description of it is known"
    raise WriteFailed(f"{os.path.basename(dll_path)} did not write the dump: HRESULT 0x{code:08x}, {meaning}", "the file was removed")


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass


def close(handle: int) -> None:
    """Let go of a process."""
    _library("kernel32").CloseHandle(_handle(handle))


def dll_version(path: str) -> Optional[str]:
    """File version of a DLL, or None."""
    try:
        version = _library("version")
        size = version.GetFileVersionInfoSizeW(path, None)
        if not size:
            return None
        data = ctypes.create_string_buffer(size)
        if not version.GetFileVersionInfoW(path, 0, size, data):
            return None
        place, length = ctypes.c_void_p(), ctypes.c_uint32()
        if not version.VerQueryValueW(data, "\\", ctypes.byref(place), ctypes.byref(length)) or not place.value:
            return None
        fixed = ctypes.string_at(place.value, 16)
    except OSError:
        return None
    high, low = int.from_bytes(fixed[8:12], "little"), int.from_bytes(fixed[12:16], "little")
    return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"


__all__ = [
    "Opened",
    "Process",
    "WriteFailed",
    "Written",
    "close",
    "dll_version",
    "enable_debug_privilege",
    "find_process",
    "load_writer",
    "on_windows",
    "open_process",
    "own_bits",
    "process_bits",
    "processes",
    "require_windows",
    "write_dump",
]
