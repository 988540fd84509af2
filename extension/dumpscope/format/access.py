"""Access masks: what the bits of GrantedAccess mean for each type of object.

The low 16 bits mean something else for every type, bits 16 to 20 are standard rights, bits 24 and 25 system rights, bits 28 to
31 generic ones. Generic rights are turned into specific ones when a handle is opened, so a dump hardly ever has them.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Tuple

from .layout import FlagSet

_WINNT = "winnt.h (Windows SDK 10.0.26100)"
_NATIVE = "ntifs.h, wdm.h (WDK) and the phnt headers"

STANDARD_RIGHTS = FlagSet(
    "standard rights",
    {
        0x00010000: ("DELETE", "delete the object"),
        0x00020000: ("READ_CONTROL", "read its security descriptor"),
        0x00040000: ("WRITE_DAC", "change who may do what with it"),
        0x00080000: ("WRITE_OWNER", "change its owner"),
        0x00100000: ("SYNCHRONIZE", "wait for it"),
        0x01000000: ("ACCESS_SYSTEM_SECURITY", "read and change its audit list"),
        0x02000000: ("MAXIMUM_ALLOWED", "whatever the caller may have"),
        0x10000000: ("GENERIC_ALL", "everything"),
        0x20000000: ("GENERIC_EXECUTE", "what executing needs"),
        0x40000000: ("GENERIC_WRITE", "what writing needs"),
        0x80000000: ("GENERIC_READ", "what reading needs"),
    },
    _WINNT,
)

STANDARD_DEBUGGER_NAMES: Dict[int, str] = {
    0x00010000: "Delete",
    0x00020000: "ReadControl",
    0x00040000: "WriteDac",
    0x00080000: "WriteOwner",
    0x00100000: "Synch",
}
"""How ``!handle`` spells the standard rights."""

_Rights = Mapping[int, Tuple[str, str]]


def _file(third: str, sixth: str) -> Dict[int, Tuple[str, str]]:
    return {
        0x001: ("FILE_READ_DATA", "read its data, or list a directory"),
        0x002: ("FILE_WRITE_DATA", "write its data, or add a file to a directory"),
        0x004: (third, "append to it, or add a folder to a directory"),
        0x008: ("FILE_READ_EA", "read extended attributes"),
        0x010: ("FILE_WRITE_EA", "write extended attributes"),
        0x020: (sixth, "execute it, or pass through a directory"),
        0x040: ("FILE_DELETE_CHILD", "delete what is in a directory"),
        0x080: ("FILE_READ_ATTRIBUTES", "read attributes"),
        0x100: ("FILE_WRITE_ATTRIBUTES", "change attributes"),
    }


_QUERY_MODIFY = "query its state"

_SPECIFIC: Dict[str, _Rights] = {
    "File": _file("FILE_APPEND_DATA", "FILE_EXECUTE"),
    "Event": {0x1: ("EVENT_QUERY_STATE", _QUERY_MODIFY), 0x2: ("EVENT_MODIFY_STATE", "set and reset it")},
    "Mutant": {0x1: ("MUTANT_QUERY_STATE", _QUERY_MODIFY)},
    "Semaphore": {0x1: ("SEMAPHORE_QUERY_STATE", _QUERY_MODIFY), 0x2: ("SEMAPHORE_MODIFY_STATE", "release it")},
    "Section": {
        0x01: ("SECTION_QUERY", "query it"),
        0x02: ("SECTION_MAP_WRITE", "map it for writing"),
        0x04: ("SECTION_MAP_READ", "map it for reading"),
        0x08: ("SECTION_MAP_EXECUTE", "map it for executing"),
        0x10: ("SECTION_EXTEND_SIZE", "make it larger"),
        0x20: ("SECTION_MAP_EXECUTE_EXPLICIT", "map it for executing, asked for by name"),
    },
    "Key": {
        0x001: ("KEY_QUERY_VALUE", "read values"),
        0x002: ("KEY_SET_VALUE", "write values"),
        0x004: ("KEY_CREATE_SUB_KEY", "create a key below it"),
        0x008: ("KEY_ENUMERATE_SUB_KEYS", "list the keys below it"),
        0x010: ("KEY_NOTIFY", "be told of changes"),
        0x020: ("KEY_CREATE_LINK", "make it a link"),
        0x100: ("KEY_WOW64_64KEY", "the 64-bit view"),
        0x200: ("KEY_WOW64_32KEY", "the 32-bit view"),
    },
    "Process": {
        0x0001: ("PROCESS_TERMINATE", "end it"),
        0x0002: ("PROCESS_CREATE_THREAD", "start a thread in it"),
        0x0004: ("PROCESS_SET_SESSIONID", "change its session"),
        0x0008: ("PROCESS_VM_OPERATION", "change its address space"),
        0x0010: ("PROCESS_VM_READ", "read its memory"),
        0x0020: ("PROCESS_VM_WRITE", "write its memory"),
        0x0040: ("PROCESS_DUP_HANDLE", "duplicate its handles"),
        0x0080: ("PROCESS_CREATE_PROCESS", "be the parent of a process"),
        0x0100: ("PROCESS_SET_QUOTA", "set its memory limits"),
        0x0200: ("PROCESS_SET_INFORMATION", "set its priority and more"),
        0x0400: ("PROCESS_QUERY_INFORMATION", "query it"),
        0x0800: ("PROCESS_SUSPEND_RESUME", "suspend and resume it"),
        0x1000: ("PROCESS_QUERY_LIMITED_INFORMATION", "query a little of it"),
        0x2000: ("PROCESS_SET_LIMITED_INFORMATION", "set a little of it"),
    },
    "Thread": {
        0x0001: ("THREAD_TERMINATE", "end it"),
        0x0002: ("THREAD_SUSPEND_RESUME", "suspend and resume it"),
        0x0004: ("THREAD_ALERT", "alert it"),
        0x0008: ("THREAD_GET_CONTEXT", "read its registers"),
        0x0010: ("THREAD_SET_CONTEXT", "write its registers"),
        0x0020: ("THREAD_SET_INFORMATION", "set its priority and more"),
        0x0040: ("THREAD_QUERY_INFORMATION", "query it"),
        0x0080: ("THREAD_SET_THREAD_TOKEN", "set its impersonation token"),
        0x0100: ("THREAD_IMPERSONATE", "use its security"),
        0x0200: ("THREAD_DIRECT_IMPERSONATION", "let it be impersonated"),
        0x0400: ("THREAD_SET_LIMITED_INFORMATION", "set a little of it"),
        0x0800: ("THREAD_QUERY_LIMITED_INFORMATION", "query a little of it"),
        0x1000: ("THREAD_RESUME", "resume it"),
    },
    "Token": {
        0x001: ("TOKEN_ASSIGN_PRIMARY", "give it to a process"),
        0x002: ("TOKEN_DUPLICATE", "duplicate it"),
        0x004: ("TOKEN_IMPERSONATE", "impersonate with it"),
        0x008: ("TOKEN_QUERY", "query it"),
        0x010: ("TOKEN_QUERY_SOURCE", "query its source"),
        0x020: ("TOKEN_ADJUST_PRIVILEGES", "enable and disable privileges"),
        0x040: ("TOKEN_ADJUST_GROUPS", "enable and disable groups"),
        0x080: ("TOKEN_ADJUST_DEFAULT", "change its defaults"),
        0x100: ("TOKEN_ADJUST_SESSIONID", "change its session"),
    },
    "Job": {
        0x01: ("JOB_OBJECT_ASSIGN_PROCESS", "add a process to it"),
        0x02: ("JOB_OBJECT_SET_ATTRIBUTES", "set its limits"),
        0x04: ("JOB_OBJECT_QUERY", "query it"),
        0x08: ("JOB_OBJECT_TERMINATE", "end its processes"),
        0x10: ("JOB_OBJECT_SET_SECURITY_ATTRIBUTES", "set security limits"),
        0x20: ("JOB_OBJECT_IMPERSONATE", "impersonate with it"),
    },
    "Timer": {0x1: ("TIMER_QUERY_STATE", _QUERY_MODIFY), 0x2: ("TIMER_MODIFY_STATE", "set and cancel it")},
    "Directory": {
        0x1: ("DIRECTORY_QUERY", "list it"),
        0x2: ("DIRECTORY_TRAVERSE", "look names up in it"),
        0x4: ("DIRECTORY_CREATE_OBJECT", "create an object in it"),
        0x8: ("DIRECTORY_CREATE_SUBDIRECTORY", "create a directory in it"),
    },
    "SymbolicLink": {0x1: ("SYMBOLIC_LINK_QUERY", "read where it leads"), 0x2: ("SYMBOLIC_LINK_SET", "change where it leads")},
    "IoCompletion": {0x1: ("IO_COMPLETION_QUERY_STATE", _QUERY_MODIFY), 0x2: ("IO_COMPLETION_MODIFY_STATE", "post to it and take from it")},
    "TpWorkerFactory": {
        0x01: ("WORKER_FACTORY_RELEASE_WORKER", "wake a worker"),
        0x02: ("WORKER_FACTORY_WAIT", "wait as a worker"),
        0x04: ("WORKER_FACTORY_SET_INFORMATION", "set its limits"),
        0x08: ("WORKER_FACTORY_QUERY_INFORMATION", "query it"),
        0x10: ("WORKER_FACTORY_READY_WORKER", "tell that a worker is ready"),
        0x20: ("WORKER_FACTORY_SHUTDOWN", "shut it down"),
    },
    "Desktop": {
        0x001: ("DESKTOP_READOBJECTS", "read its objects"),
        0x002: ("DESKTOP_CREATEWINDOW", "create a window on it"),
        0x004: ("DESKTOP_CREATEMENU", "create a menu on it"),
        0x008: ("DESKTOP_HOOKCONTROL", "set hooks"),
        0x010: ("DESKTOP_JOURNALRECORD", "record input"),
        0x020: ("DESKTOP_JOURNALPLAYBACK", "play back input"),
        0x040: ("DESKTOP_ENUMERATE", "be listed"),
        0x080: ("DESKTOP_WRITEOBJECTS", "write its objects"),
        0x100: ("DESKTOP_SWITCHDESKTOP", "switch to it"),
    },
    "WindowStation": {
        0x001: ("WINSTA_ENUMDESKTOPS", "list its desktops"),
        0x002: ("WINSTA_READATTRIBUTES", "read its attributes"),
        0x004: ("WINSTA_ACCESSCLIPBOARD", "use the clipboard"),
        0x008: ("WINSTA_CREATEDESKTOP", "create a desktop"),
        0x010: ("WINSTA_WRITEATTRIBUTES", "write its attributes"),
        0x020: ("WINSTA_ACCESSGLOBALATOMS", "use global atoms"),
        0x040: ("WINSTA_EXITWINDOWS", "log off"),
        0x100: ("WINSTA_ENUMERATE", "be listed"),
        0x200: ("WINSTA_READSCREEN", "read the screen"),
    },
    "ALPC Port": {0x1: ("PORT_CONNECT", "connect to it")},
    "KeyedEvent": {0x1: ("KEYEDEVENT_WAIT", "wait on a key"), 0x2: ("KEYEDEVENT_WAKE", "wake those who wait on a key")},
    "EtwRegistration": {
        0x0001: ("WMIGUID_QUERY", "query it"),
        0x0002: ("WMIGUID_SET", "set it"),
        0x0004: ("WMIGUID_NOTIFICATION", "be notified"),
        0x0008: ("WMIGUID_READ_DESCRIPTION", "read its description"),
        0x0010: ("WMIGUID_EXECUTE", "execute its methods"),
        0x0020: ("TRACELOG_CREATE_REALTIME", "start a real-time session"),
        0x0040: ("TRACELOG_CREATE_ONDISK", "start a session to a file"),
        0x0080: ("TRACELOG_GUID_ENABLE", "enable a provider"),
        0x0100: ("TRACELOG_ACCESS_KERNEL_LOGGER", "use the kernel logger"),
        0x0200: ("TRACELOG_LOG_EVENT", "log an event"),
        0x0400: ("TRACELOG_ACCESS_REALTIME", "read a session as it runs"),
        0x0800: ("TRACELOG_REGISTER_GUIDS", "register as a provider"),
        0x1000: ("TRACELOG_JOIN_GROUP", "join a provider group"),
    },
    "DebugObject": {
        0x1: ("DEBUG_READ_EVENT", "wait for events"),
        0x2: ("DEBUG_PROCESS_ASSIGN", "attach to a process"),
        0x4: ("DEBUG_SET_INFORMATION", "set its behaviour"),
        0x8: ("DEBUG_QUERY_INFORMATION", "query it"),
    },
    "Session": {0x1: ("SESSION_QUERY_ACCESS", "query it"), 0x2: ("SESSION_MODIFY_ACCESS", "change it")},
    "Partition": {0x1: ("MEMORY_PARTITION_QUERY_ACCESS", "query it"), 0x2: ("MEMORY_PARTITION_MODIFY_ACCESS", "change it")},
    "Profile": {0x1: ("PROFILE_CONTROL", "start and stop it")},
    "PowerRequest": {},
    "WaitCompletionPacket": {0x1: ("WAIT_COMPLETION_PACKET_MODIFY_STATE", "associate and cancel it")},
    "TmTm": {
        0x01: ("TRANSACTIONMANAGER_QUERY_INFORMATION", "query it"),
        0x02: ("TRANSACTIONMANAGER_SET_INFORMATION", "set it"),
        0x04: ("TRANSACTIONMANAGER_RECOVER", "recover it"),
        0x08: ("TRANSACTIONMANAGER_RENAME", "rename it"),
        0x10: ("TRANSACTIONMANAGER_CREATE_RM", "create a resource manager"),
        0x20: ("TRANSACTIONMANAGER_BIND_TRANSACTION", "bind a transaction"),
    },
    "TmTx": {
        0x01: ("TRANSACTION_QUERY_INFORMATION", "query it"),
        0x02: ("TRANSACTION_SET_INFORMATION", "set it"),
        0x04: ("TRANSACTION_ENLIST", "enlist in it"),
        0x08: ("TRANSACTION_COMMIT", "commit it"),
        0x10: ("TRANSACTION_ROLLBACK", "roll it back"),
        0x20: ("TRANSACTION_PROPAGATE", "propagate it"),
    },
    "TmRm": {
        0x01: ("RESOURCEMANAGER_QUERY_INFORMATION", "query it"),
        0x02: ("RESOURCEMANAGER_SET_INFORMATION", "set it"),
        0x04: ("RESOURCEMANAGER_RECOVER", "recover it"),
        0x08: ("RESOURCEMANAGER_ENLIST", "enlist with it"),
        0x10: ("RESOURCEMANAGER_GET_NOTIFICATION", "take notifications"),
        0x20: ("RESOURCEMANAGER_REGISTER_PROTOCOL", "register a protocol"),
        0x40: ("RESOURCEMANAGER_COMPLETE_PROPAGATION", "complete a propagation"),
    },
    "TmEn": {
        0x01: ("ENLISTMENT_QUERY_INFORMATION", "query it"),
        0x02: ("ENLISTMENT_SET_INFORMATION", "set it"),
        0x04: ("ENLISTMENT_RECOVER", "recover it"),
        0x08: ("ENLISTMENT_SUBORDINATE_RIGHTS", "act as a subordinate"),
        0x10: ("ENLISTMENT_SUPERIOR_RIGHTS", "act as a superior"),
    },
}

ALIASES: Dict[str, str] = {
    "Mutex": "Mutant",
    "Device": "File",
    "Driver": "File",
    "IRTimer": "Timer",
    "EtwConsumer": "EtwRegistration",
    "EtwSessionDemuxEntry": "EtwRegistration",
    "WmiGuid": "EtwRegistration",
    "Port": "ALPC Port",
    "WaitablePort": "ALPC Port",
    "IoCompletionReserve": "IoCompletion",
    "UserApcReserve": "IoCompletion",
}
"""Type names whose rights are those of another type."""

ACCESS_RIGHTS: Dict[str, FlagSet] = {
    name: FlagSet(f"{name} access rights", rights, _WINNT if name in ("File", "Event", "Key", "Process", "Thread", "Token", "Job") else _NATIVE)
    for name, rights in _SPECIFIC.items()
}
"""Specific rights by the type's name, as it stands in a dump."""

_PREFIXES = (
    "EVENT_",
    "MUTANT_",
    "SEMAPHORE_",
    "SECTION_",
    "KEY_",
    "PROCESS_",
    "THREAD_",
    "TOKEN_",
    "JOB_OBJECT_",
    "TIMER_",
    "DIRECTORY_",
    "SYMBOLIC_LINK_",
    "IO_COMPLETION_",
    "WORKER_FACTORY_",
    "DESKTOP_",
    "WINSTA_",
    "PORT_",
    "KEYEDEVENT_",
    "FILE_",
    "DEBUG_",
)


def rights_of(type_name: str) -> FlagSet:
    """The specific rights of a type of object; an empty set for a type that is not known. Case does not matter."""
    found = ACCESS_RIGHTS.get(type_name) or ACCESS_RIGHTS.get(ALIASES.get(type_name, ""))
    if found is not None:
        return found
    wanted = type_name.casefold()
    for name, rights in ACCESS_RIGHTS.items():
        if name.casefold() == wanted:
            return rights
    for name, other in ALIASES.items():
        if name.casefold() == wanted:
            return ACCESS_RIGHTS[other]
    return _NOTHING


_NOTHING = FlagSet("access rights", {})


def describe_access(type_name: str, mask: int) -> Tuple[List[str], List[str], int]:
    """Names of the standard rights and of the type's own rights in a mask, and the bits that have no name."""
    standard, rest = STANDARD_RIGHTS.split(mask)
    rights = rights_of(type_name)
    specific, rest = rights.split(rest)
    return [STANDARD_RIGHTS.members[bit][0] for bit in standard], [rights.members[bit][0] for bit in specific], rest


def debugger_access(type_name: str, mask: int) -> Tuple[str, str]:
    """The two rows that ``!handle`` prints under GrantedAccess: standard rights, then the type's own; ``None`` for a row without any."""
    standard = [name for bit, name in STANDARD_DEBUGGER_NAMES.items() if mask & bit]
    _, specific, _ = describe_access(type_name, mask)
    words = []
    for name in specific:
        for prefix in _PREFIXES:
            if name.startswith(prefix):
                name = name[len(prefix) :]
                break
        words.append("".join(part.capitalize() for part in name.split("_")))
    return ",".join(standard) or "None", ",".join(words) or "None"
