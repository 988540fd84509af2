"""The console window of Windows: whether it was made for this program alone, and closes when the program ends."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Collection, List, Optional, Set

MOST = 16
"""Processes of a console that are looked at; where there are more, somebody else is among them."""
PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
PATH_SIZE = 32768


def own_programs(argv0: str, executable: str, *, environment: bool) -> Set[str]:
    """Programs that stand between the user and this process, in lower case: the launcher that pip makes of a script, and the ``python.exe`` of a
    virtual environment, which starts the real one. Both stay until this process ends, and are attached to the same console."""
    found = {f"{argv0}.exe", argv0}
    if environment:
        found.add(executable)
    return {_plain(path) for path in found if path.lower().endswith(".exe")}


def made_for_us(processes: Collection[int], image: Callable[[int], str], me: int, own: Collection[str]) -> bool:
    """Whether no process but this one and its launchers is attached to the console: then no shell waits there, and the window closes."""
    if me not in processes or len(processes) > MOST:
        return False
    return all(_plain(image(number)) in own for number in processes if number != me)


def _plain(path: str) -> str:
    return path.replace("/", "\\").lower()


def is_own(kernel: Optional[Any] = None) -> bool:
    """Whether the console window is there for this program alone. False on other systems, without a console, and where Windows does not say."""
    import ctypes

    if kernel is None:
        loader = getattr(ctypes, "WinDLL", None)  # absent on other systems
        if loader is None:
            return False
        kernel = loader("kernel32", use_last_error=True)
    try:
        own = own_programs(os.path.abspath(sys.argv[0]), sys.executable or "", environment=sys.prefix != sys.base_prefix)
        return made_for_us(_processes(kernel), lambda number: _image(kernel, number), os.getpid(), own)
    except (OSError, AttributeError, ValueError, IndexError):
        return False


def _processes(kernel: Any) -> List[int]:
    """Process ids of the console, from GetConsoleProcessList. Empty without a console."""
    import ctypes

    room = (ctypes.c_uint32 * (MOST + 1))()
    count = int(kernel.GetConsoleProcessList(room, len(room)))
    return list(room)[: min(count, len(room))]


def _image(kernel: Any, number: int) -> str:
    """Path of a process's program, from QueryFullProcessImageNameW. Empty where it is not told."""
    import ctypes

    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, number)
    if not handle:
        return ""
    try:
        text, size = ctypes.create_unicode_buffer(PATH_SIZE), ctypes.c_uint32(PATH_SIZE)
        done = kernel.QueryFullProcessImageNameW(ctypes.c_void_p(handle), 0, text, ctypes.byref(size))
        return text.value if done else ""
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))


__all__ = ["is_own", "made_for_us", "own_programs"]
