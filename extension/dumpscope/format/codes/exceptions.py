"""Exception codes as they stand in dumps: symbol, the debugger's words, and what the parameters mean."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Tuple

from .symbols import ntstatus_name


class ExceptionCode(NamedTuple):
    """One code: its symbol, the debugger's own words, what it means to people, and what its parameters are."""

    symbol: str
    debugger: str
    words: str
    parameters: Tuple[str, ...] = ()


_ACCESS = ("what was tried: 0 read, 1 write, 8 execute", "the address")

EXCEPTIONS: Dict[int, ExceptionCode] = {
    0x40010005: ExceptionCode("DBG_CONTROL_C", "Control-C exception", "Ctrl+C was pressed"),
    0x40010006: ExceptionCode("DBG_PRINTEXCEPTION_C", "Debugger print C++ exception", "OutputDebugStringA", ("length", "address of the text")),
    0x40010008: ExceptionCode("DBG_CONTROL_BREAK", "Control-Break exception", "Ctrl+Break was pressed"),
    0x4001000A: ExceptionCode("DBG_PRINTEXCEPTION_WIDE_C", "Debugger print wide exception", "OutputDebugStringW", ("length", "address of the text")),
    0x40010009: ExceptionCode("DBG_COMMAND_EXCEPTION", "Debugger command exception", "a command for the debugger"),
    0x40080201: ExceptionCode("RO_ORIGINATEERROR", "Windows Runtime Originate Error", "a Windows Runtime error was raised", ("the HRESULT",)),
    0x40080202: ExceptionCode(
        "RO_TRANSFORMERROR", "Windows Runtime Transform Error", "a Windows Runtime error became another", ("the old HRESULT", "the new HRESULT")
    ),
    0x406D1388: ExceptionCode(
        "MS_VC_EXCEPTION", "Visual C++ exception", "an old way to name a thread for the debugger", ("0x1000", "address of the name", "thread id", "flags")
    ),
    0x4000001F: ExceptionCode("STATUS_WX86_BREAKPOINT", "WOW64 breakpoint", "a breakpoint in 32-bit code"),
    0x4000001E: ExceptionCode("STATUS_WX86_SINGLE_STEP", "WOW64 single step exception", "a single step in 32-bit code"),
    0x80000001: ExceptionCode("STATUS_GUARD_PAGE_VIOLATION", "Guard page violation", "a guard page was touched", _ACCESS),
    0x80000002: ExceptionCode("STATUS_DATATYPE_MISALIGNMENT", "Data misaligned", "data was not aligned as the instruction needs"),
    0x80000003: ExceptionCode("STATUS_BREAKPOINT", "Break instruction exception", "a breakpoint: int 3, DebugBreak, or an assertion"),
    0x80000004: ExceptionCode("STATUS_SINGLE_STEP", "Single step exception", "one instruction was stepped"),
    0x80000007: ExceptionCode("STATUS_WAKE_SYSTEM_DEBUGGER", "Wake debugger", "the debugger was broken in, or wrote the dump itself: no crash"),
    0xC0000005: ExceptionCode("STATUS_ACCESS_VIOLATION", "Access violation", "memory was used that may not be", _ACCESS),
    0xC0000006: ExceptionCode("STATUS_IN_PAGE_ERROR", "In-page I/O error", "a page could not be read from its file", (*_ACCESS, "the NTSTATUS of the read")),
    0xC0000008: ExceptionCode("STATUS_INVALID_HANDLE", "Invalid handle", "a handle that is not open was used", ("the handle",)),
    0xC000000D: ExceptionCode("STATUS_INVALID_PARAMETER", "Invalid parameter", "a parameter is wrong"),
    0xC0000017: ExceptionCode("STATUS_NO_MEMORY", "Not enough memory", "an allocation failed"),
    0xC000001C: ExceptionCode("STATUS_INVALID_SYSTEM_SERVICE", "Invalid system call", "there is no such system call"),
    0xC000001D: ExceptionCode("STATUS_ILLEGAL_INSTRUCTION", "Illegal instruction", "the processor does not know the instruction"),
    0xC000001E: ExceptionCode("STATUS_INVALID_LOCK_SEQUENCE", "Invalid lock sequence", "a LOCK prefix where none may be"),
    0xC0000025: ExceptionCode("STATUS_NONCONTINUABLE_EXCEPTION", "Noncontinuable exception", "a handler went on after an exception that forbids it"),
    0xC0000026: ExceptionCode("STATUS_INVALID_DISPOSITION", "Invalid disposition", "a handler answered nonsense"),
    0xC0000037: ExceptionCode("STATUS_PORT_DISCONNECTED", "Port disconnected", "the other end of a port is gone"),
    0xC000008C: ExceptionCode("STATUS_ARRAY_BOUNDS_EXCEEDED", "Array bounds exceeded", "an index is out of bounds"),
    0xC000008D: ExceptionCode("STATUS_FLOAT_DENORMAL_OPERAND", "Floating-point denormal operand", "a denormal operand"),
    0xC000008E: ExceptionCode("STATUS_FLOAT_DIVIDE_BY_ZERO", "Floating-point divide by zero", "floating-point division by zero"),
    0xC000008F: ExceptionCode("STATUS_FLOAT_INEXACT_RESULT", "Floating-point inexact result", "an inexact result"),
    0xC0000090: ExceptionCode("STATUS_FLOAT_INVALID_OPERATION", "Floating-point invalid operation", "an invalid operation"),
    0xC0000091: ExceptionCode("STATUS_FLOAT_OVERFLOW", "Floating-point overflow", "an overflow"),
    0xC0000092: ExceptionCode("STATUS_FLOAT_STACK_CHECK", "Floating-point stack check", "the x87 stack over- or underflowed"),
    0xC0000093: ExceptionCode("STATUS_FLOAT_UNDERFLOW", "Floating-point underflow", "an underflow"),
    0xC0000094: ExceptionCode("STATUS_INTEGER_DIVIDE_BY_ZERO", "Integer divide-by-zero", "integer division by zero"),
    0xC0000095: ExceptionCode("STATUS_INTEGER_OVERFLOW", "Integer overflow", "an integer overflow that is checked"),
    0xC0000096: ExceptionCode("STATUS_PRIVILEGED_INSTRUCTION", "Privileged instruction", "an instruction that only the kernel may run"),
    0xC000027B: ExceptionCode(
        "STATUS_STOWED_EXCEPTION",
        "Stowed exception",
        "the program ended itself because of errors that were put aside before (stowed exceptions, Windows Runtime)",
        ("address of the pointers to the stowed exceptions", "how many there are"),
    ),
    0xC00000FD: ExceptionCode("STATUS_STACK_OVERFLOW", "Stack overflow", "the stack is used up: endless recursion, mostly", _ACCESS),
    0xC0000135: ExceptionCode("STATUS_DLL_NOT_FOUND", "DLL not found", "a DLL is missing"),
    0xC0000138: ExceptionCode("STATUS_ORDINAL_NOT_FOUND", "Ordinal not found", "a DLL lacks an ordinal"),
    0xC0000139: ExceptionCode("STATUS_ENTRYPOINT_NOT_FOUND", "Entry point not found", "a DLL lacks a function"),
    0xC000013A: ExceptionCode("STATUS_CONTROL_C_EXIT", "Control-C exit", "ended by Ctrl+C"),
    0xC0000142: ExceptionCode("STATUS_DLL_INIT_FAILED", "DLL initialization failed", "a DLL's DllMain refused"),
    0xC0000194: ExceptionCode("STATUS_POSSIBLE_DEADLOCK", "Possible deadlock", "a critical section was waited for too long"),
    0xC00002B4: ExceptionCode("STATUS_FLOAT_MULTIPLE_FAULTS", "Floating-point multiple faults", "several floating-point faults (SSE)"),
    0xC00002B5: ExceptionCode("STATUS_FLOAT_MULTIPLE_TRAPS", "Floating-point multiple traps", "several floating-point traps (SSE)"),
    0xC00002C9: ExceptionCode("STATUS_REG_NAT_CONSUMPTION", "Register NaT consumption", "an Itanium register without a value was used"),
    0xC0000374: ExceptionCode("STATUS_HEAP_CORRUPTION", "Heap corruption", "the heap found itself overwritten"),
    0xC0000409: ExceptionCode(
        "STATUS_STACK_BUFFER_OVERRUN",
        "Security check failure or stack buffer overrun",
        "the program ended itself at once (__fastfail): the first parameter says why",
        ("the fast-fail code",),
    ),
    0xC0000417: ExceptionCode("STATUS_INVALID_CRUNTIME_PARAMETER", "Invalid C runtime parameter", "the C runtime was called with a wrong argument"),
    0xC0000420: ExceptionCode("STATUS_ASSERTION_FAILURE", "Assertion failure", "an assertion failed"),
    0xC000041D: ExceptionCode("STATUS_FATAL_USER_CALLBACK_EXCEPTION", "Exception in a user callback", "an exception was not handled inside a window procedure"),
    0xC0000421: ExceptionCode("STATUS_VERIFIER_STOP", "Verifier stop", "Application Verifier found a mistake", ("the stop code",)),
    0xC0000602: ExceptionCode("STATUS_FAIL_FAST_EXCEPTION", "Fail-fast exception", "RaiseFailFastException was called"),
    0xC06D007E: ExceptionCode("VCPP_EXCEPTION_MOD_NOT_FOUND", "Delay-load module not found", "a delay-loaded DLL is missing", ("address of DelayLoadInfo",)),
    0xC06D007F: ExceptionCode(
        "VCPP_EXCEPTION_PROC_NOT_FOUND", "Delay-load procedure not found", "a delay-loaded function is missing", ("address of DelayLoadInfo",)
    ),
    0xCFFFFFFF: ExceptionCode("STATUS_APPLICATION_HANG", "Application hang", "Windows Error Reporting found the application not answering: no crash"),
    0xE0434352: ExceptionCode(
        "CLR_EXCEPTION", "CLR exception", "a .NET exception was not handled", ("the HRESULT", "", "", "", "base of the runtime's module")
    ),
    0xE0434F4D: ExceptionCode("CLR_EXCEPTION_V2", "CLR exception", "a .NET exception of runtime 1 to 3.5 was not handled", ("the HRESULT",)),
    0xE0444143: ExceptionCode("CLRDBG_NOTIFICATION_EXCEPTION_CODE", "CLR notification exception", "the .NET runtime tells the debugger something"),
    0xE06D7363: ExceptionCode(
        "CPP_EXCEPTION",
        "C++ EH exception",
        "a C++ exception was not handled",
        ("magic number 0x19930520 to 0x19930522", "address of the thrown object", "address of its type description", "base of the throwing module (64 bit)"),
    ),
    0xE0000001: ExceptionCode("E_BREAKPAD_ASSERTION", "Unknown exception", "an assertion or pure virtual call reported by a crash handler"),
    0x000006BA: ExceptionCode("RPC_S_SERVER_UNAVAILABLE", "RPC server unavailable", "an RPC server could not be reached"),
}
"""Exception codes by number. The debugger's words are those of its own list; others are ours."""

FAST_FAIL: Dict[int, Tuple[str, str]] = {
    0: ("FAST_FAIL_LEGACY_GS_VIOLATION", "a stack buffer was overwritten (old style check)"),
    1: ("FAST_FAIL_VTGUARD_CHECK_FAILURE", "a virtual table was overwritten"),
    2: ("FAST_FAIL_STACK_COOKIE_CHECK_FAILURE", "a stack buffer was overwritten"),
    3: ("FAST_FAIL_CORRUPT_LIST_ENTRY", "a linked list was overwritten"),
    4: ("FAST_FAIL_INCORRECT_STACK", "the stack pointer is outside the thread's stack"),
    5: ("FAST_FAIL_INVALID_ARG", "an argument is wrong"),
    6: ("FAST_FAIL_GS_COOKIE_INIT", "the security cookie could not be set up"),
    7: ("FAST_FAIL_FATAL_APP_EXIT", "the program called abort or std::terminate"),
    8: ("FAST_FAIL_RANGE_CHECK_FAILURE", "an index is out of range"),
    9: ("FAST_FAIL_UNSAFE_REGISTRY_ACCESS", "a registry key was used unsafely"),
    10: ("FAST_FAIL_GUARD_ICALL_CHECK_FAILURE", "Control Flow Guard refused the target of an indirect call"),
    11: ("FAST_FAIL_GUARD_WRITE_CHECK_FAILURE", "a guarded write went wrong"),
    12: ("FAST_FAIL_INVALID_FIBER_SWITCH", "a fiber was switched to wrongly"),
    13: ("FAST_FAIL_INVALID_SET_OF_CONTEXT", "a thread's registers were set to something forbidden"),
    14: ("FAST_FAIL_INVALID_REFERENCE_COUNT", "a reference count went wrong"),
    18: ("FAST_FAIL_INVALID_JUMP_BUFFER", "longjmp was given a wrong buffer"),
    19: ("FAST_FAIL_MRDATA_MODIFIED", "read-only data of the loader were overwritten"),
    20: ("FAST_FAIL_CERTIFICATION_FAILURE", "a certificate failed"),
    21: ("FAST_FAIL_INVALID_EXCEPTION_CHAIN", "the chain of exception handlers is broken"),
    22: ("FAST_FAIL_CRYPTO_LIBRARY", "the cryptographic library failed its own test"),
    23: ("FAST_FAIL_INVALID_CALL_IN_DLL_CALLOUT", "a forbidden call inside DllMain"),
    24: ("FAST_FAIL_INVALID_IMAGE_BASE", "a module's base is wrong"),
    25: ("FAST_FAIL_DLOAD_PROTECTION_FAILURE", "delay-load data were overwritten"),
    26: ("FAST_FAIL_UNSAFE_EXTENSION_CALL", "an unsafe extension was called"),
    27: ("FAST_FAIL_DEPRECATED_SERVICE_INVOKED", "a service that is gone was called"),
    28: ("FAST_FAIL_INVALID_BUFFER_ACCESS", "a buffer was used wrongly"),
    29: ("FAST_FAIL_INVALID_BALANCED_TREE", "a balanced tree was overwritten"),
    30: ("FAST_FAIL_INVALID_NEXT_THREAD", "the scheduler found a wrong thread"),
    31: ("FAST_FAIL_GUARD_ICALL_CHECK_SUPPRESSED", "Control Flow Guard refused a suppressed target"),
    32: ("FAST_FAIL_APCS_DISABLED", "APCs were disabled when they may not be"),
    33: ("FAST_FAIL_INVALID_IDLE_STATE", "a processor's idle state is wrong"),
    34: ("FAST_FAIL_MRDATA_PROTECTION_FAILURE", "read-only data of the loader could not be protected"),
    35: ("FAST_FAIL_UNEXPECTED_HEAP_EXCEPTION", "the heap raised an exception of its own"),
    36: ("FAST_FAIL_INVALID_LOCK_STATE", "a lock is in a wrong state"),
    37: ("FAST_FAIL_GUARD_JUMPTABLE", "a guarded jump table is wrong"),
    38: ("FAST_FAIL_INVALID_LONGJUMP_TARGET", "longjmp to a forbidden place"),
    39: ("FAST_FAIL_INVALID_DISPATCH_CONTEXT", "an exception's dispatch context is wrong"),
    40: ("FAST_FAIL_INVALID_THREAD", "a thread is wrong"),
    41: ("FAST_FAIL_INVALID_SYSCALL_NUMBER", "a system call number is wrong"),
    42: ("FAST_FAIL_INVALID_FILE_OPERATION", "a file operation is wrong"),
    43: ("FAST_FAIL_LPAC_ACCESS_DENIED", "an app container lacks a right"),
    44: ("FAST_FAIL_GUARD_SS_FAILURE", "the shadow stack disagrees with the stack"),
    45: ("FAST_FAIL_LOADER_CONTINUITY_FAILURE", "an image failed the loader's integrity check"),
    46: ("FAST_FAIL_GUARD_EXPORT_SUPPRESSION_FAILURE", "a suppressed export was called"),
    47: ("FAST_FAIL_INVALID_CONTROL_STACK", "the shadow stack is wrong"),
    48: ("FAST_FAIL_SET_CONTEXT_DENIED", "setting a thread's registers was denied"),
    49: ("FAST_FAIL_INVALID_IAT", "an import table is wrong"),
    50: ("FAST_FAIL_HEAP_METADATA_CORRUPTION", "the heap's own data were overwritten"),
    51: ("FAST_FAIL_PAYLOAD_RESTRICTION_VIOLATION", "Exploit Guard stopped it"),
    52: ("FAST_FAIL_LOW_LABEL_ACCESS_DENIED", "access from a low integrity level was denied (reported only)"),
    53: ("FAST_FAIL_ENCLAVE_CALL_FAILURE", "a call into an enclave failed"),
    54: ("FAST_FAIL_UNHANDLED_LSS_EXCEPTON", "an exception of a Linux process was not handled"),
    55: ("FAST_FAIL_ADMINLESS_ACCESS_DENIED", "access without an administrator was denied (reported only)"),
    56: ("FAST_FAIL_UNEXPECTED_CALL", "a function was called that may not be"),
    57: ("FAST_FAIL_CONTROL_INVALID_RETURN_ADDRESS", "the shadow stack refused a return address"),
    58: ("FAST_FAIL_UNEXPECTED_HOST_BEHAVIOR", "the host of the virtual machine did something unexpected"),
    59: ("FAST_FAIL_FLAGS_CORRUPTION", "flags were overwritten"),
    60: ("FAST_FAIL_VEH_CORRUPTION", "the list of vectored handlers was overwritten"),
    61: ("FAST_FAIL_ETW_CORRUPTION", "event tracing data were overwritten"),
    62: ("FAST_FAIL_RIO_ABORT", "registered I/O gave up"),
    63: ("FAST_FAIL_INVALID_PFN", "a page frame number is wrong"),
    64: ("FAST_FAIL_GUARD_ICALL_CHECK_FAILURE_XFG", "eXtended Flow Guard refused the target of an indirect call"),
    65: ("FAST_FAIL_CAST_GUARD", "an object was cast to a class that it is not of"),
    66: ("FAST_FAIL_HOST_VISIBILITY_CHANGE", "what the host may see could not be changed"),
    67: ("FAST_FAIL_KERNEL_CET_SHADOW_STACK_ASSIST", "the kernel's shadow stack needed help"),
    68: ("FAST_FAIL_PATCH_CALLBACK_FAILED", "a callback of a hot patch failed"),
    69: ("FAST_FAIL_NTDLL_PATCH_FAILED", "ntdll could not be patched"),
    70: ("FAST_FAIL_INVALID_FLS_DATA", "fiber-local data are wrong"),
    0xFFFFFFFF: ("FAST_FAIL_INVALID_FAST_FAIL_CODE", "the fast-fail code itself is wrong"),
}
"""First parameter of c0000409 (winnt.h)."""


def exception_name(code: int) -> str:
    """The debugger's words for an exception code, those of the program that made it up, its NTSTATUS symbol, or ``Unknown exception``."""
    known = EXCEPTIONS.get(code)
    if known is not None:
        return known.debugger
    from .foreign import foreign_code

    foreign = foreign_code(code)
    if foreign is not None:
        # A short code says little of whose it is: other programs may raise it too.
        return f"{foreign.owner}: {foreign.words}" if code > 0xFFFF else f"as {foreign.owner} uses it: {foreign.words}"
    return ntstatus_name(code) or "Unknown exception"


def describe_parameters(code: int, parameters: Sequence[int]) -> List[str]:
    """What each parameter of an exception means, in words; an empty string where nothing is known."""
    from .foreign import foreign_code

    known = EXCEPTIONS.get(code) or foreign_code(code)
    words = [known.parameters[at] if known is not None and at < len(known.parameters) else "" for at in range(len(parameters))]
    if code in (0xC0000005, 0xC0000006, 0x80000001, 0xC00000FD) and parameters:
        words[0] = {0: "read", 1: "write", 8: "execute"}.get(parameters[0], words[0])
    if code == 0xC0000409 and parameters and parameters[0] in FAST_FAIL:
        words[0] = " ".join(FAST_FAIL[parameters[0]])
    if code == 0xC0000006 and len(parameters) > 2:
        words[2] = ntstatus_name(parameters[2] & 0xFFFFFFFF) or words[2]
    return words
