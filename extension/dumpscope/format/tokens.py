"""Access tokens: list, element, and the names of what is inside.

The list's and the element's header are public; the rest of an element was worked out from dumps.
"""

from __future__ import annotations

from typing import Dict, Tuple

from .layout import BYTES, COUNT, DECIMAL, FILETIME, HEX, MINIDUMPAPISET, SIZE, UCHAR, ULONG32, ULONG64, Enumeration, Field, FlagSet, Structure

_WINNT = "winnt.h (Windows SDK 10.0.26100)"
_WORKED_OUT = "worked out from dumps of two versions of the writer; not documented"

TOKEN_TYPE = Enumeration("TOKEN_TYPE", {1: ("TokenPrimary", "a process's own"), 2: ("TokenImpersonation", "a thread acts for somebody")}, _WINNT)

SECURITY_IMPERSONATION_LEVEL = Enumeration(
    "SECURITY_IMPERSONATION_LEVEL",
    {
        0: ("SecurityAnonymous", "cannot be told who it is"),
        1: ("SecurityIdentification", "can be told who it is, cannot act as them"),
        2: ("SecurityImpersonation", "can act as them on this machine"),
        3: ("SecurityDelegation", "can act as them on other machines too"),
    },
    _WINNT,
)

TOKEN_ELEVATION_TYPE = Enumeration(
    "TOKEN_ELEVATION_TYPE",
    {
        1: ("TokenElevationTypeDefault", "the user has one token only"),
        2: ("TokenElevationTypeFull", "elevated"),
        3: ("TokenElevationTypeLimited", "the limited one of an administrator"),
    },
    _WINNT,
)

GROUP_ATTRIBUTES = FlagSet(
    "SE_GROUP",
    {
        0x00000001: ("SE_GROUP_MANDATORY", "cannot be switched off"),
        0x00000002: ("SE_GROUP_ENABLED_BY_DEFAULT", "on at first"),
        0x00000004: ("SE_GROUP_ENABLED", "on"),
        0x00000008: ("SE_GROUP_OWNER", "may own objects"),
        0x00000010: ("SE_GROUP_USE_FOR_DENY_ONLY", "counts for denials only"),
        0x00000020: ("SE_GROUP_INTEGRITY", "an integrity level"),
        0x00000040: ("SE_GROUP_INTEGRITY_ENABLED", "and it is checked"),
        0x20000000: ("SE_GROUP_RESOURCE", "a group of the local domain"),
        0xC0000000: ("SE_GROUP_LOGON_ID", "the logon session"),
    },
    _WINNT,
)

PRIVILEGE_ATTRIBUTES = FlagSet(
    "SE_PRIVILEGE",
    {
        0x00000001: ("SE_PRIVILEGE_ENABLED_BY_DEFAULT", "on at first"),
        0x00000002: ("SE_PRIVILEGE_ENABLED", "on"),
        0x00000004: ("SE_PRIVILEGE_REMOVED", "taken away"),
        0x80000000: ("SE_PRIVILEGE_USED_FOR_ACCESS", "was used"),
    },
    _WINNT,
)

PRIVILEGES: Dict[int, Tuple[str, str]] = {
    2: ("SeCreateTokenPrivilege", "make tokens"),
    3: ("SeAssignPrimaryTokenPrivilege", "give a process another token"),
    4: ("SeLockMemoryPrivilege", "lock pages in memory"),
    5: ("SeIncreaseQuotaPrivilege", "change a process's quotas"),
    6: ("SeMachineAccountPrivilege", "add computers to the domain"),
    7: ("SeTcbPrivilege", "act as part of the operating system"),
    8: ("SeSecurityPrivilege", "read and change auditing"),
    9: ("SeTakeOwnershipPrivilege", "take objects over"),
    10: ("SeLoadDriverPrivilege", "load drivers"),
    11: ("SeSystemProfilePrivilege", "profile the system"),
    12: ("SeSystemtimePrivilege", "set the clock"),
    13: ("SeProfileSingleProcessPrivilege", "profile a process"),
    14: ("SeIncreaseBasePriorityPrivilege", "raise priorities"),
    15: ("SeCreatePagefilePrivilege", "make page files"),
    16: ("SeCreatePermanentPrivilege", "make permanent objects"),
    17: ("SeBackupPrivilege", "read any file"),
    18: ("SeRestorePrivilege", "write any file"),
    19: ("SeShutdownPrivilege", "shut the machine down"),
    20: ("SeDebugPrivilege", "open any process; needed to dump those of others"),
    21: ("SeAuditPrivilege", "write to the audit log"),
    22: ("SeSystemEnvironmentPrivilege", "change firmware variables"),
    23: ("SeChangeNotifyPrivilege", "pass through folders without a right to them"),
    24: ("SeRemoteShutdownPrivilege", "shut another machine down"),
    25: ("SeUndockPrivilege", "take the machine from its dock"),
    26: ("SeSyncAgentPrivilege", "synchronise the directory"),
    27: ("SeEnableDelegationPrivilege", "trust accounts for delegation"),
    28: ("SeManageVolumePrivilege", "manage volumes"),
    29: ("SeImpersonatePrivilege", "act for a client"),
    30: ("SeCreateGlobalPrivilege", "make objects for all sessions"),
    31: ("SeTrustedCredManAccessPrivilege", "read stored credentials as a trusted caller"),
    32: ("SeRelabelPrivilege", "change integrity labels"),
    33: ("SeIncreaseWorkingSetPrivilege", "raise a process's working set"),
    34: ("SeTimeZonePrivilege", "set the time zone"),
    35: ("SeCreateSymbolicLinkPrivilege", "make symbolic links"),
    36: ("SeDelegateSessionUserImpersonatePrivilege", "act for another user of the session"),
}
"""Privileges by the low part of their LUID, which is the same on every machine: name and what it allows."""

WELL_KNOWN_SIDS: Dict[str, str] = {
    "S-1-0-0": "NULL SID",
    "S-1-1-0": "Everyone",
    "S-1-2-0": "LOCAL",
    "S-1-2-1": "CONSOLE LOGON",
    "S-1-3-0": "CREATOR OWNER",
    "S-1-3-1": "CREATOR GROUP",
    "S-1-3-4": "OWNER RIGHTS",
    "S-1-5-1": "NT AUTHORITY\\DIALUP",
    "S-1-5-2": "NT AUTHORITY\\NETWORK",
    "S-1-5-3": "NT AUTHORITY\\BATCH",
    "S-1-5-4": "NT AUTHORITY\\INTERACTIVE",
    "S-1-5-6": "NT AUTHORITY\\SERVICE",
    "S-1-5-7": "NT AUTHORITY\\ANONYMOUS LOGON",
    "S-1-5-8": "NT AUTHORITY\\PROXY",
    "S-1-5-9": "NT AUTHORITY\\ENTERPRISE DOMAIN CONTROLLERS",
    "S-1-5-10": "NT AUTHORITY\\SELF",
    "S-1-5-11": "NT AUTHORITY\\Authenticated Users",
    "S-1-5-12": "NT AUTHORITY\\RESTRICTED",
    "S-1-5-13": "NT AUTHORITY\\TERMINAL SERVER USER",
    "S-1-5-14": "NT AUTHORITY\\REMOTE INTERACTIVE LOGON",
    "S-1-5-15": "NT AUTHORITY\\This Organization",
    "S-1-5-17": "NT AUTHORITY\\IUSR",
    "S-1-5-18": "NT AUTHORITY\\SYSTEM",
    "S-1-5-19": "NT AUTHORITY\\LOCAL SERVICE",
    "S-1-5-20": "NT AUTHORITY\\NETWORK SERVICE",
    "S-1-5-33": "NT AUTHORITY\\WRITE RESTRICTED",
    "S-1-5-64-10": "NT AUTHORITY\\NTLM Authentication",
    "S-1-5-64-14": "NT AUTHORITY\\SChannel Authentication",
    "S-1-5-64-21": "NT AUTHORITY\\Digest Authentication",
    "S-1-5-65-1": "NT AUTHORITY\\This Organization Certificate",
    "S-1-5-80-0": "NT SERVICE\\ALL SERVICES",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464": "NT SERVICE\\TrustedInstaller",
    "S-1-5-83-0": "NT VIRTUAL MACHINE\\Virtual Machines",
    "S-1-5-90-0": "Window Manager\\Window Manager Group",
    "S-1-5-113": "NT AUTHORITY\\Local account",
    "S-1-5-114": "NT AUTHORITY\\Local account and member of Administrators group",
    "S-1-5-32-544": "BUILTIN\\Administrators",
    "S-1-5-32-545": "BUILTIN\\Users",
    "S-1-5-32-546": "BUILTIN\\Guests",
    "S-1-5-32-547": "BUILTIN\\Power Users",
    "S-1-5-32-548": "BUILTIN\\Account Operators",
    "S-1-5-32-549": "BUILTIN\\Server Operators",
    "S-1-5-32-550": "BUILTIN\\Print Operators",
    "S-1-5-32-551": "BUILTIN\\Backup Operators",
    "S-1-5-32-552": "BUILTIN\\Replicator",
    "S-1-5-32-554": "BUILTIN\\Pre-Windows 2000 Compatible Access",
    "S-1-5-32-555": "BUILTIN\\Remote Desktop Users",
    "S-1-5-32-556": "BUILTIN\\Network Configuration Operators",
    "S-1-5-32-558": "BUILTIN\\Performance Monitor Users",
    "S-1-5-32-559": "BUILTIN\\Performance Log Users",
    "S-1-5-32-562": "BUILTIN\\Distributed COM Users",
    "S-1-5-32-568": "BUILTIN\\IIS_IUSRS",
    "S-1-5-32-569": "BUILTIN\\Cryptographic Operators",
    "S-1-5-32-573": "BUILTIN\\Event Log Readers",
    "S-1-5-32-578": "BUILTIN\\Hyper-V Administrators",
    "S-1-5-32-579": "BUILTIN\\Access Control Assistance Operators",
    "S-1-5-32-580": "BUILTIN\\Remote Management Users",
    "S-1-5-32-581": "BUILTIN\\System Managed Accounts Group",
    "S-1-5-32-583": "BUILTIN\\Device Owners",
    "S-1-15-2-1": "APPLICATION PACKAGE AUTHORITY\\ALL APPLICATION PACKAGES",
    "S-1-15-2-2": "APPLICATION PACKAGE AUTHORITY\\ALL RESTRICTED APPLICATION PACKAGES",
    "S-1-16-0": "Mandatory Label\\Untrusted Mandatory Level",
    "S-1-16-4096": "Mandatory Label\\Low Mandatory Level",
    "S-1-16-8192": "Mandatory Label\\Medium Mandatory Level",
    "S-1-16-8448": "Mandatory Label\\Medium Plus Mandatory Level",
    "S-1-16-12288": "Mandatory Label\\High Mandatory Level",
    "S-1-16-16384": "Mandatory Label\\System Mandatory Level",
    "S-1-16-20480": "Mandatory Label\\Protected Process Mandatory Level",
    "S-1-18-1": "Authentication authority asserted identity",
    "S-1-18-2": "Service asserted identity",
}
"""Names of SIDs that are the same on every machine."""

_DOMAIN_RIDS = {500: "Administrator", 501: "Guest", 502: "krbtgt", 503: "DefaultAccount", 504: "WDAGUtilityAccount"}
_DOMAIN_GROUPS = {512: "Domain Admins", 513: "Domain Users", 514: "Domain Guests", 515: "Domain Computers", 516: "Domain Controllers"}


def sid_name(sid: str) -> str:
    """What a SID is called on every machine, or an empty string. Accounts of a machine or domain are told by their last number."""
    name = WELL_KNOWN_SIDS.get(sid)
    if name:
        return name
    parts = sid.split("-")
    if sid.startswith("S-1-5-5-") and len(parts) == 6:
        return "logon session"
    if sid.startswith("S-1-5-21-") and len(parts) == 8 and parts[7].isdigit():
        rid = int(parts[7])
        return _DOMAIN_RIDS.get(rid) or _DOMAIN_GROUPS.get(rid) or "user or group of a machine or domain"
    if sid.startswith("S-1-5-80-"):
        return "service"
    if sid.startswith("S-1-5-96-0-"):
        return "font driver host"
    if sid.startswith("S-1-5-90-0-"):
        return "window manager"
    if sid.startswith("S-1-15-2-"):
        return "app package"
    if sid.startswith("S-1-15-3-"):
        return "app capability"
    return ""


LUID = Structure(
    "LUID",
    [Field("LowPart", ULONG32, "low half", HEX), Field("HighPart", ULONG32, "high half", HEX)],
    source=_WINNT,
    meaning="A number that is unique until the machine restarts.",
)

SID = Structure(
    "SID",
    [
        Field("Revision", UCHAR, "1"),
        Field("SubAuthorityCount", UCHAR, "how many numbers follow, 15 at the most", COUNT),
        Field("IdentifierAuthority", UCHAR, "who gave it out, a big-endian number", BYTES, count=6),
        Field("SubAuthority", ULONG32, "the numbers of its text form", DECIMAL, count=0),
    ],
    source=_WINNT,
    meaning="A security identifier: a user, a group, a logon session or a level of trust.",
)

MINIDUMP_TOKEN_INFO_LIST = Structure(
    "MINIDUMP_TOKEN_INFO_LIST",
    [
        Field("TokenListSize", ULONG32, "length of the stream", SIZE, unit="bytes"),
        Field("TokenListEntries", ULONG32, "how many tokens follow", COUNT, target="MINIDUMP_TOKEN_INFO_HEADER[]"),
        Field("ListHeaderSize", ULONG32, "bytes before the first token", SIZE, unit="bytes"),
        Field("ElementHeaderSize", ULONG32, "bytes of a token's header and table of parts", SIZE, unit="bytes"),
    ],
    source=MINIDUMPAPISET,
    meaning="The head of TokenStream.",
)

MINIDUMP_TOKEN_INFO_HEADER = Structure(
    "MINIDUMP_TOKEN_INFO_HEADER",
    [
        Field("TokenSize", ULONG32, "length of this token; the next one follows", SIZE, unit="bytes"),
        Field("TokenId", ULONG32, "the process or thread whose token it is", HEX),
        Field("TokenHandle", ULONG64, "the handle by which the writer asked", HEX),
    ],
    source=MINIDUMPAPISET,
    meaning="The head of one token.",
)

TOKEN_PART = Structure(
    "TOKEN_PART",
    [
        Field("Offset", ULONG32, "where the part starts, from the token's first byte", HEX, unit="bytes"),
        Field("Size", ULONG32, "its length", SIZE, unit="bytes"),
    ],
    source=_WORKED_OUT,
    meaning="Where a part of a token is. The name is this project's.",
)

TOKEN_PARTS = Structure(
    "TOKEN_PARTS",
    [
        Field("Header", MINIDUMP_TOKEN_INFO_HEADER, "the public part"),
        Field("SessionId", TOKEN_PART, "session id, one number"),
        Field("User", TOKEN_PART, "the user: offset of the SID in the part, attributes, SID"),
        Field("Groups", TOKEN_PART, "groups: count, then offset and attributes of each, then the SIDs"),
        Field("PrimaryGroup", TOKEN_PART, "primary group: a number that is not its offset, then the SID"),
        Field("Privileges", TOKEN_PART, "privileges: count, then LUID and attributes of each"),
        Field("Statistics", TOKEN_PART, "TOKEN_STATISTICS"),
        Field("RestrictedSids", TOKEN_PART, "restricting SIDs, laid out as the groups"),
    ],
    source=_WORKED_OUT,
    meaning="The head of one token with its table of parts. The names are this project's.",
)

TOKEN_STATISTICS = Structure(
    "TOKEN_STATISTICS",
    [
        Field("TokenId", LUID, "the token's own number"),
        Field("AuthenticationId", LUID, "the logon session"),
        Field("ExpirationTime", ULONG64, "not used by Windows; the largest number means never", FILETIME, unit="100 ns since 1601 UTC"),
        Field("TokenType", ULONG32, "primary or impersonation", values=TOKEN_TYPE),
        Field("ImpersonationLevel", ULONG32, "how far it may act", values=SECURITY_IMPERSONATION_LEVEL, when="TokenType is TokenImpersonation"),
        Field("DynamicCharged", ULONG32, "memory for its default protection and primary group", SIZE, unit="bytes"),
        Field("DynamicAvailable", ULONG32, "what is left of it", SIZE, unit="bytes"),
        Field("GroupCount", ULONG32, "groups, the user not counted", COUNT),
        Field("PrivilegeCount", ULONG32, "privileges", COUNT),
        Field("ModifiedId", LUID, "changes whenever the token does"),
    ],
    source=_WINNT,
    meaning="Numbers of a token.",
)

LUID_AND_ATTRIBUTES = Structure(
    "LUID_AND_ATTRIBUTES",
    [Field("Luid", LUID, "which privilege"), Field("Attributes", ULONG32, "whether it is on", values=PRIVILEGE_ATTRIBUTES)],
    source=_WINNT,
    meaning="One privilege of a token.",
)
