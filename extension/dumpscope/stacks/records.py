"""Unwinding by the STACK records of symbol files, by frame pointers, and, where it is asked for, by a scan."""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Optional, Protocol, Sequence, Tuple, Union

from ..dump.absence import Absent
from ..dump.contexts import Registers
from ..dump.minidump import Minidump
from ..dump.streams.modules import Module
from ..dump.streams.threads import Thread
from ..format.counted import counted
from ..format.unwind import X64_NONVOLATILE
from ..symbols.breakpad import CfiRow, SymbolFile, WinFrame
from .code import Code
from .frames import CFI, DAMAGED, FRAME_POINTER, NO_MODULE, NO_UNWIND_DATA, NOT_A_CALL, NOT_CAPTURED, SCAN, End, Origin, Proof, Step
from .memory import StackMemory
from .programs import BadProgram, Unreadable, evaluate, run

SCANNED = 128
"""Words of the stack that a scan looks at for one frame."""
SEARCHED = 3
"""Words above the place that STACK WIN computes at which a return address is looked for (google-breakpad: ScanForReturnAddress)."""
SEARCHED_WITH_CODE = 32
"""The same where the code before a value shows whether it follows a call."""

DEBUGGERS_WARNING = "Stack unwind information not available. Following frames may be wrong."
"""What the debugger says before frames that it takes from frame pointers alone (observed: dbgeng 10.0.15063)."""


Finder = Callable[[Module], Union[SymbolFile, Absent]]


class Machine(NamedTuple):
    """The registers of a processor as stacks need them: ``names`` are the dump's, ``spelled`` how symbol files write each."""

    names: Tuple[str, ...]
    spelled: Tuple[str, ...]
    preserved: Tuple[int, ...]
    ip: int
    sp: int
    fp: int
    size: int


def _machine(names: str, spelled: str, preserved: str, ip: str, sp: str, fp: str, size: int) -> Machine:
    all_names = tuple(names.split())
    place = all_names.index
    return Machine(all_names, tuple(spelled.split()), tuple(map(place, preserved.split())), place(ip), place(sp), place(fp), size)


_X86 = "eax ecx edx ebx esp ebp esi edi eip"
_AMD64 = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15 rip"
_ARM = " ".join(f"r{n}" for n in range(13)) + " sp lr pc"
_ARM64 = " ".join(f"x{n}" for n in range(29)) + " fp lr sp pc"
MACHINES: Dict[str, Machine] = {
    "x86": _machine(_X86, " ".join("$" + name for name in _X86.split()), "ebx ebp esi edi esp eip", "eip", "esp", "ebp", 4),
    "AMD64": _machine(_AMD64, " ".join("$" + name for name in _AMD64.split()), "rbx rbp r12 r13 r14 r15 rsp rip", "rip", "rsp", "rbp", 8),
    "ARM": _machine(_ARM, _ARM, "r4 r5 r6 r7 r8 r9 r10 r11 sp pc", "pc", "sp", "r11", 4),
    "ARM64": _machine(
        _ARM64,
        " ".join(f"x{n}" for n in range(31)) + " sp pc",
        " ".join(f"x{n}" for n in range(19, 29)) + " fp sp pc",
        "pc",
        "sp",
        "fp",
        8,
    ),
}


class RecordOrigin(Origin):
    """A frame that a STACK record gave."""

    def __init__(self, kind: str, module: str, path: str, offset: int, rules: str) -> None:
        self.found_by = CFI
        self._kind = kind
        self._module = module
        self._path = path
        self._offset = offset
        self._rules = rules

    @property
    def words(self) -> str:
        return f"{self._kind} of {self._module}"

    def proofs(self) -> List[Proof]:
        return [Proof(self._kind, self._rules, self._path, self._offset)]


class GuessOrigin(Origin):
    """A frame that nothing proves: from the chain of frame pointers, or from a scan."""

    certain = False

    def __init__(self, found_by: str, note: str) -> None:
        self.found_by = found_by
        self.note = note

    @property
    def words(self) -> str:
        return f"{self.found_by}: {self.note}"

    def proofs(self) -> List[Proof]:
        return [Proof(self.found_by, self.note)]


class NativeUnwinder(Protocol):
    """Unwinds by the unwind data of images."""

    def begin(self, registers: Registers, thread: Optional[Thread]) -> List[int]:
        """The registers of frame 0."""

    def caller(self, registers: Sequence[int], first: bool) -> Union[Step, End, None]:
        """The frame that called this one; None where there is nothing to say."""

    def interrupted(self, step: Step) -> bool:
        """Whether the frame that was found had been interrupted."""


class RecordUnwinder:
    """Unwinds by the image's own unwind data first where ``native`` is given, then by STACK records, then by what is left."""

    def __init__(
        self, dump: Minidump, code: Code, architecture: str, records: Optional[Finder], native: Optional[NativeUnwinder], *, chain: bool, scan: bool
    ) -> None:
        self._dump = dump
        self._code = code
        self.architecture = architecture
        self.machine = MACHINES[architecture]
        self.names = self.machine.names
        self.preserved = self.machine.preserved
        self.ip, self.sp = self.machine.ip, self.machine.sp
        if architecture == "AMD64" and native is not None:  # Windows preserves rsi and rdi, too
            self.preserved = (*X64_NONVOLATILE, self.sp, self.ip)
        self._mask = (1 << 8 * self.machine.size) - 1
        self._records = records
        self._native = native
        self._chain = chain
        self._scan = scan
        self._parameters = 0  # bytes that the callee pops, from its STACK WIN record
        self.memory = StackMemory(dump, self.machine.size)

    def begin(self, registers: Registers, thread: Optional[Thread]) -> List[int]:
        """The registers of frame 0. Says whose stack is walked."""
        self.memory.enter(thread)
        self._parameters = 0
        if self._native is not None:
            self._native.begin(registers, thread)
        values = registers.values
        return [values[name] for name in self.names]

    def interrupted(self, step: Step) -> bool:
        """Whether the frame that was found had been interrupted, and had not called."""
        return self._native is not None and self._native.interrupted(step)

    def caller(self, registers: Sequence[int], first: bool) -> Union[Step, End]:
        """The frame that called this one, or why it is not known."""
        end: Optional[End] = None
        if self._native is not None:
            found = self._native.caller(registers, first)
            if isinstance(found, Step):
                self._parameters = self._popped(registers[self.ip])
                return found
            end = found
        ip = registers[self.ip]
        module = self._dump.modules.at(ip if first else ip - 1)
        if module is not None:
            step = self._by_records(module, registers, ip if first else ip - 1)
            if isinstance(step, Step):
                return step
            end = step or end
        if self._chain:
            linked = self._by_frame_pointer(registers)
            if isinstance(linked, Step):
                return linked
            end = end or linked
        if self._scan:
            scanned = self._by_scan(registers)
            if scanned is not None:
                return scanned
        if end is not None:
            return end
        if module is None:
            return End(NO_MODULE, f"0x{ip:x} is in no module", ip)
        return End(NO_UNWIND_DATA, f"no unwind data for 0x{ip:x} in {module.name}: its symbol file would have them", ip, module.name)

    # -- STACK records -----------------------------------------------------------------------------------------------------------

    def _popped(self, ip: int) -> int:
        """Bytes of parameters that the function at ``ip`` has, by its STACK WIN record."""
        module = self._dump.modules.at(ip) if self.architecture == "x86" and self._records is not None else None
        records = self._records(module) if module is not None and self._records is not None else None
        win = records.win(ip - module.base) if module is not None and records is not None and not isinstance(records, Absent) else None
        return 0 if win is None else win.parameters

    def _by_records(self, module: Module, registers: Sequence[int], look: int) -> Union[Step, End, None]:
        records = None if self._records is None else self._records(module)
        if records is None or isinstance(records, Absent):
            return None
        rva = look - module.base
        try:
            if self.architecture == "x86":
                win = records.win(rva)
                if win is not None:
                    return self._by_win(module, records, win, registers)
            cfi = records.cfi(rva)
            return None if cfi is None else self._by_cfi(module, records, cfi, registers)
        except Unreadable as missing:
            return End(NOT_CAPTURED, str(missing), missing.address, "")
        except BadProgram as bad:
            return End(DAMAGED, f"{records.path}: {bad}", look, module.name)

    def _variables(self, registers: Sequence[int]) -> Dict[str, int]:
        found = dict(zip(self.machine.spelled, registers))
        if self.architecture == "ARM":
            found.update(r13=registers[13], r14=registers[14], r15=registers[15])
        return found

    def _by_cfi(self, module: Module, records: SymbolFile, row: CfiRow, registers: Sequence[int]) -> Step:
        values = self._variables(registers)
        rules = row.rules
        if ".cfa" not in rules or ".ra" not in rules:
            raise BadProgram("STACK CFI without .cfa or .ra")
        cfa = evaluate(rules[".cfa"], dict(values), self.memory.word, self._mask)
        seen = {**values, ".cfa": cfa}
        found = list(registers)
        found[self.ip] = evaluate(rules[".ra"], dict(seen), self.memory.word, self._mask)
        found[self.sp] = cfa
        for index, name in enumerate(self.machine.spelled):
            if name in rules and index != self.ip:
                found[index] = evaluate(rules[name], dict(seen), self.memory.word, self._mask)
        place = None
        if rules[".ra"].endswith(" ^"):
            place = evaluate(rules[".ra"][:-2], dict(seen), self.memory.word, self._mask)
        text = " ".join(f"{name}: {rule}" for name, rule in rules.items())
        return Step(found, RecordOrigin("STACK CFI", module.name, records.path, row.offset, text), place, self._plausible(found[self.ip]))

    def _by_win(self, module: Module, records: SymbolFile, win: WinFrame, registers: Sequence[int]) -> Step:
        word = self.memory.word
        sp = registers[self.sp]
        start = sp + self._parameters + win.locals + win.saved & self._mask
        place = self._search(start)
        values = {name: value for name, value in self._variables(registers).items() if name in ("$ebp", "$esp", "$eip", "$ebx")}
        values.update({".cbCalleeParams": self._parameters, ".cbSavedRegs": win.saved, ".cbLocals": win.locals, ".cbParams": win.parameters})
        values.update({".raSearchStart": place, ".raSearch": place})
        program = win.program
        if win.kind == 0 or not program:
            program = "$eip .raSearchStart ^ = $esp .raSearchStart 4 + ="
            if win.uses_frame_pointer:
                program = "$eip .raSearchStart ^ = $ebp $esp .cbCalleeParams + .cbSavedRegs + 8 - ^ = $esp .raSearchStart 4 + ="
        run(program, values, word, self._mask)
        found = list(registers)
        for index, name in enumerate(self.machine.spelled):
            if name in values and name not in ("$eax", "$ecx", "$edx"):
                found[index] = values[name]
        back = found[self.ip]
        return_place = found[self.sp] - 4 & self._mask
        self._parameters = win.parameters
        origin = RecordOrigin("STACK WIN", module.name, records.path, win.offset, program)
        return Step(found, origin, return_place if word(return_place) == back else None, self._plausible(back))

    def _search(self, start: int) -> int:
        """Where the return address stands: at ``start``, or above it where more was pushed than the record tells, as for a call that is being prepared.

        It is the first value that follows a call; where no code is at hand, the first of a few that points into a module.
        """
        for at in range(start, start + 4 * (SEARCHED_WITH_CODE + 1), 4):
            value = self.memory.word(at)
            if value is None or self._dump.modules.at(value) is None:
                continue
            seen = self._code.follows_call(value)
            if seen or (seen is None and at <= start + 4 * SEARCHED):
                return at
        return start

    def _plausible(self, address: int) -> bool:
        """Whether a return address lies in a module at all, or is the 0 at the bottom."""
        return address == 0 or self._dump.modules.at(address) is not None

    # -- guesses -----------------------------------------------------------------------------------------------------------------

    def _by_frame_pointer(self, registers: Sequence[int]) -> Union[Step, End]:
        size = self.machine.size
        fp = registers[self.machine.fp]
        if fp < registers[self.sp] - size or fp % size:
            return End(NO_UNWIND_DATA, f"no unwind data, and the frame pointer 0x{fp:x} does not point into the stack above 0x{registers[self.sp]:x}", fp)
        above, back = self.memory.word(fp), self.memory.word(fp + size)
        if above is None or back is None:
            return End(NOT_CAPTURED, f"no unwind data, and the frame pointer's place 0x{fp:x} is not in the dump", fp)
        if not self._plausible(back):
            return End(NOT_A_CALL, f"no unwind data, and 0x{back:x}, found by the frame pointer at 0x{fp + size:x}, is in no module", fp)
        found = list(registers)
        found[self.machine.fp] = above
        found[self.ip] = back
        found[self.sp] = fp + 2 * size
        return Step(found, GuessOrigin(FRAME_POINTER, DEBUGGERS_WARNING), fp + size)

    def _by_scan(self, registers: Sequence[int]) -> Optional[Step]:
        size = self.machine.size
        start = registers[self.sp]
        for count in range(SCANNED):
            at = start + count * size
            value = self.memory.word(at)
            if value is None:
                return None
            module = self._dump.modules.at(value - 1) if value else None
            if module is not None and value - 1 > module.base + 0x1000:
                found = list(registers)
                found[self.ip] = value
                found[self.sp] = at + size
                words = f"{counted(count, 'word')} above the stack pointer a value points into {module.name}"
                return Step(found, GuessOrigin(SCAN, words), at)
        return None


__all__ = ["MACHINES", "Finder", "Machine", "RecordUnwinder"]
