"""Unwind data of x64 code: UNWIND_INFO and its codes, as they stand in an image's .xdata or in memory."""

from __future__ import annotations

from .layout import COUNT, HEX, SIZE, UCHAR, ULONG32, USHORT, Enumeration, Field, FlagSet, Structure

_X64 = "Microsoft Learn: x64 exception handling (UNWIND_INFO, UNWIND_CODE)"

IMAGE_DIRECTORY_ENTRY_EXCEPTION = 3
"""The data directory that holds the RUNTIME_FUNCTION rows (.pdata)."""

UNWIND_FLAGS = FlagSet(
    "UNW_FLAG",
    {
        0x1: ("UNW_FLAG_EHANDLER", "an exception handler follows the codes"),
        0x2: ("UNW_FLAG_UHANDLER", "a termination handler follows the codes"),
        0x4: ("UNW_FLAG_CHAININFO", "a RUNTIME_FUNCTION of the function that this is a part of follows the codes"),
    },
    _X64,
)

UNWIND_OPS = Enumeration(
    "UNWIND_OP_CODES",
    {
        0: ("UWOP_PUSH_NONVOL", "a register was pushed"),
        1: ("UWOP_ALLOC_LARGE", "stack was allocated; its size is in the slots that follow"),
        2: ("UWOP_ALLOC_SMALL", "8 to 128 bytes of stack were allocated"),
        3: ("UWOP_SET_FPREG", "the frame register was set"),
        4: ("UWOP_SAVE_NONVOL", "a register was stored at an offset, in units of 8, in the next slot"),
        5: ("UWOP_SAVE_NONVOL_FAR", "a register was stored at an offset in the next two slots"),
        6: ("UWOP_EPILOG", "version 2: size or place of an epilogue; version 1: half of an XMM register was stored"),
        7: ("UWOP_SPARE_CODE", "version 1: half of an XMM register was stored at a far offset"),
        8: ("UWOP_SAVE_XMM128", "an XMM register was stored at an offset, in units of 16, in the next slot"),
        9: ("UWOP_SAVE_XMM128_FAR", "an XMM register was stored at an offset in the next two slots"),
        10: ("UWOP_PUSH_MACHFRAME", "the processor pushed a frame: SS, RSP, EFLAGS, CS, RIP, and an error code when the info is 1"),
    },
    _X64,
)

UNWIND_INFO = Structure(
    "UNWIND_INFO",
    [
        Field("VersionAndFlags", UCHAR, "bits 0 to 2: version, 1 or 2; bits 3 to 7: UNW_FLAG_*", HEX),
        Field("SizeOfProlog", UCHAR, "bytes of the prologue", SIZE, unit="bytes"),
        Field("CountOfCodes", UCHAR, "how many slots of 2 bytes follow", COUNT),
        Field("FrameRegisterAndOffset", UCHAR, "bits 0 to 3: frame register, 0 for none; bits 4 to 7: its offset from RSP in units of 16", HEX),
    ],
    source=_X64,
    meaning="How the frame of one x64 function is undone. UNWIND_CODE slots follow, last instruction first, rounded up to an even number.",
)

UNWIND_CODE = Structure(
    "UNWIND_CODE",
    [
        Field("CodeOffset", UCHAR, "offset in the prologue after the instruction", HEX),
        Field("UnwindOpAndInfo", UCHAR, "bits 0 to 3: UWOP_*; bits 4 to 7: register or size", HEX),
    ],
    source=_X64,
    meaning="One instruction of a prologue.",
)

UNWIND_CODE_OFFSET = Structure(
    "UNWIND_CODE_OFFSET",
    [Field("FrameOffset", USHORT, "a size or offset that belongs to the code before it", HEX)],
    source=_X64,
    meaning="A slot that belongs to the code before it.",
    pack=2,
)

UNWIND_HANDLER = Structure(
    "UNWIND_HANDLER",
    [Field("ExceptionHandler", ULONG32, "address of the handler, from the image's base; its own data follow", HEX)],
    source=_X64,
    meaning="Follows the codes when UNW_FLAG_EHANDLER or UNW_FLAG_UHANDLER is set.",
)

X64_REGISTERS = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
"""Names of the integer registers by the number that unwind codes and instructions have for them."""

X64_NONVOLATILE = (3, 5, 6, 7, 12, 13, 14, 15)
"""Registers that a function gives back as it found them, besides RSP and xmm6 to xmm15."""
