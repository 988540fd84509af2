"""Error numbers of POSIX systems, as their tools print them: errno of the C library, on Linux and macOS alike where it is in this table.

Source: asm-generic/errno-base.h of Linux, which macOS shares up to 34 (11 is EDEADLK there), and what strerror() says of them.
"""

from __future__ import annotations

from typing import Dict, NamedTuple


class Errno(NamedTuple):
    """One number: its symbol, and what strerror() says of it."""

    symbol: str
    phrase: str


ERRNO: Dict[int, Errno] = {
    1: Errno("EPERM", "Operation not permitted"),
    2: Errno("ENOENT", "No such file or directory"),
    3: Errno("ESRCH", "No such process"),
    4: Errno("EINTR", "Interrupted system call"),
    5: Errno("EIO", "Input/output error"),
    6: Errno("ENXIO", "No such device or address"),
    7: Errno("E2BIG", "Argument list too long"),
    8: Errno("ENOEXEC", "Exec format error"),
    9: Errno("EBADF", "Bad file descriptor"),
    10: Errno("ECHILD", "No child processes"),
    11: Errno("EAGAIN", "Resource temporarily unavailable"),
    12: Errno("ENOMEM", "Cannot allocate memory"),
    13: Errno("EACCES", "Permission denied"),
    14: Errno("EFAULT", "Bad address"),
    16: Errno("EBUSY", "Device or resource busy"),
    17: Errno("EEXIST", "File exists"),
    18: Errno("EXDEV", "Invalid cross-device link"),
    19: Errno("ENODEV", "No such device"),
    20: Errno("ENOTDIR", "Not a directory"),
    21: Errno("EISDIR", "Is a directory"),
    22: Errno("EINVAL", "Invalid argument"),
    23: Errno("ENFILE", "Too many open files in system"),
    24: Errno("EMFILE", "Too many open files"),
    25: Errno("ENOTTY", "Inappropriate ioctl for device"),
    26: Errno("ETXTBSY", "Text file busy"),
    27: Errno("EFBIG", "File too large"),
    28: Errno("ENOSPC", "No space left on device"),
    29: Errno("ESPIPE", "Illegal seek"),
    30: Errno("EROFS", "Read-only file system"),
    32: Errno("EPIPE", "Broken pipe"),
    36: Errno("ENAMETOOLONG", "File name too long"),
    38: Errno("ENOSYS", "Function not implemented"),
    110: Errno("ETIMEDOUT", "Connection timed out"),
    111: Errno("ECONNREFUSED", "Connection refused"),
    122: Errno("EDQUOT", "Disk quota exceeded"),
}
