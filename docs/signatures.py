"""The page about signatures, made of their rules."""

from __future__ import annotations

import json
from typing import Iterator, Sequence, Tuple

from dumpscope.fleet.signature import DEFAULT, LEAD, MEANINGS, NO_FRAMES, OUTSIDE, SKIP, SKIPPED, Maker

from .markdown import code

_AV = 0xC0000005
EXAMPLES: Sequence[Tuple[str, Sequence[Tuple[str, bool]], int, str]] = (
    (
        "the machinery is skipped",
        (("ntdll.dll+0x9d3e4", False), ("kernelbase.dll+0x3a8de", False), ("app.exe+0x145c", False), ("app.exe+0x20", False)),
        _AV,
        "",
    ),
    ("a helper leads on", (("app!memcpy", True), ("app!std::vector<int>::insert", True), ("app!Cache::add", True), ("app!main", True)), _AV, ""),
    ("a call through a bad pointer", ((OUTSIDE, False), ("app.exe+0x145c", False)), _AV, ""),
    ("nothing but the machinery", (("kernelbase.dll+0x3a8de", False), ("ntdll.dll+0x9d3e4", False)), 0xE06D7363, "std::runtime_error"),
    ("a hang", (("ntdll.dll+0x9d3e4", False), ("app.exe+0x145c", False)), DEFAULT.hang[0], ""),
    ("no memory", (("app!OnOutOfMemory", True), ("app!Cache::add", True)), DEFAULT.out_of_memory[0], ""),
)
"""What each shows, frames with whether they have a function, exception code, and type of a C++ exception."""


def signatures_page(made: str) -> str:
    """docs/signatures.md."""
    return "\n".join(_lines(made)) + "\n"


def _lines(made: str) -> Iterator[str]:
    yield "# Signatures"
    yield ""
    yield made
    yield ""
    yield (
        "A signature is a short text that is equal for dumps of one crash. `triage` groups dumps by it. It is made of the frames of the thread that\n"
        "raised the exception, innermost first: a frame whose function is known from a symbol file is `module!function`, any other one is\n"
        f"`module+0xoffset`. The address at which a module was loaded does not enter. A frame outside all modules is `{OUTSIDE}`."
    )
    yield ""
    yield "1. Each frame is matched, whole and without regard to case, with the expressions under **Skipped**. A frame that matches is left out."
    yield "2. Any other frame stays. If it matches an expression under **Leading on**, or is outside all modules, its caller is looked at, too."
    yield f"3. The first other frame ends the signature. So does the {DEFAULT.frames}th that stays (`frames`)."
    yield f"4. Where all frames are skipped, the innermost one is the signature (`{SKIPPED}`)."
    yield "5. A signature that says nothing alone gets the exception's code in front, and the type of a C++ exception where the dump has it:"
    yield f"   those of step 4, those that are only `{OUTSIDE}`, and those of dumps without a frame (`{NO_FRAMES}`)."
    yield ""
    yield (
        "Where the exception names an address in a module that the registers are not at, as in a 32-bit program on 64-bit Windows, that address is the\n"
        "innermost frame. Frames that were found by a scan of the stack, and all above them, never enter. Without symbols a signature is made of\n"
        "offsets, which differ between builds; the column `signature_why` says what it is made of. Images (`-i`) and symbols (`-y`) let the walk go\n"
        "further. Kernel dumps go by bug check, and the driver that a parameter of it points into. Dumps without an exception have no signature."
    )
    for title, name, rows in (("Skipped", "skip", SKIP), ("Leading on", "lead", LEAD)):
        yield from ("", f"## {title}", "", f"`{name}`: {MEANINGS[name]}.", "", "| expression | why |", "|---|---|")
        for expression, why in rows:
            yield f"| {code(expression)} | {why} |"
    yield from ("", "## Other rules", "", "| rule | what it does | as it is |", "|---|---|---|")
    for name in ("frames", "hang", "out_of_memory", "stack_overflow"):
        value = getattr(DEFAULT, name)
        shown = ", ".join(f"`0x{item:08X}`" for item in value) if isinstance(value, tuple) else f"`{value}`"
        yield f"| `{name}` | {MEANINGS[name]} | {shown} |"
    yield from ("", "## Examples", "", "| what | frames, innermost first | code | signature | made of |", "|---|---|---|---|---|")
    for what, frames, number, detail in EXAMPLES:
        one = Maker().of_frames(frames, number, detail)
        yield f"| {what} | {', '.join(code(text) for text, _ in frames)} | `0x{number:08x}` | {code(one.text)} | {one.words} |"
    example = json.dumps({"skip": [*DEFAULT.skip[:1], "logging!.*"], "frames": 2}, indent=2)
    yield from ("", "## Rules of your own: `--rules FILE`", "")
    yield "A JSON object with any of the members above. A member takes the place of ours; members that are left out stay as they are. Codes are numbers or"
    yield 'text such as `"0xC0000017"`. A file of more than 1 MiB, a member that is not known, and an expression that is none, are refused.'
    yield ""
    yield from ("    " + line for line in example.split("\n"))
