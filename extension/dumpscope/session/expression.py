"""Addresses as people type them: ``ntdll+0x1234``, ``@rsp-8``, ``poi($peb+10)``. Hexadecimal unless it says otherwise."""

from __future__ import annotations

import re
from typing import Callable, Dict, Iterator, List, Optional, Tuple, Union

from ..dump.absence import NOT_CAPTURED, Absent
from ..dump.streams.threads import Thread
from ..errors import NotInDump, UsageError
from ..format.counted import counted
from ..wording.usage import peb_address
from .parsing import number
from .session import Session

MAX_LENGTH = 2000
"""Characters of an expression; with it the depth of parentheses is bounded too."""
MAX_DEPTH = 64
_MASK = (1 << 64) - 1
_NUMBER = re.compile(r"(?:0[xnty])?[0-9a-f`]+h?(?![\w$.!@])", re.IGNORECASE)
_WORD = re.compile(r"@?[$A-Za-z_?][\w$?]*")
_READERS = {"poi": 0, "by": 1, "wo": 2, "dwo": 4, "qwo": 8}
_OPERATORS: Tuple[Tuple[str, ...], ...] = (("|",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))


def current_thread(session: Session) -> Optional[Thread]:
    """The thread that ``@rip`` and ``$teb`` speak of: the one that was chosen, else the exception's, else the first."""
    dump = session.dump
    chosen = session.memo.get("thread")
    if isinstance(chosen, int) and 0 <= chosen < len(dump.threads):
        return dump.threads[chosen]
    exception = dump.exception
    if not isinstance(exception, Absent):
        found = dump.threads.find(exception.thread_id)
        if found is not None:
            return found
    return dump.threads[0] if len(dump.threads) else None


def evaluate(session: Session, text: str) -> int:
    """The 64-bit number that an expression stands for.

    Raises UsageError for an expression that cannot be understood, and NotInDump where it needs memory or registers that the
    dump does not hold.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(f"an expression of {len(text)} characters is too long")
    parser = _Parser(session, text)
    value = parser.binary(0, 0)
    parser.blanks()
    if parser.at < len(text):
        raise parser.wrong(f"{text[parser.at :]!r} is left over")
    return value


def evaluated(session: Session, text: str) -> Union[int, Absent]:
    """The address that an expression stands for, or what of it is not in the dump."""
    try:
        return evaluate(session, text)
    except NotInDump as error:
        return Absent(NOT_CAPTURED, f"{text}: {error.message}")


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, session: Session, text: str) -> None:
        self.session = session
        self.text = text
        self.at = 0
        self._modules: Optional[List[Tuple[str, int]]] = None

    def wrong(self, message: str) -> UsageError:
        """The error to raise, with what can be typed."""
        whole = "" if self.text.strip() in message else f" in {self.text!r}"
        hint = (
            "an address is hexadecimal (7ffe0000, 0n10 is decimal), module+offset, @register, $teb, $peb, poi(…), joined by + - * / & | << >> and parentheses"
        )
        return UsageError(f"{message}{whole}", hint)

    def blanks(self) -> None:
        """Step over blanks."""
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def take(self, word: str) -> bool:
        """Step over ``word`` if it comes next."""
        self.blanks()
        if self.text.startswith(word, self.at):
            self.at += len(word)
            return True
        return False

    def binary(self, level: int, depth: int) -> int:
        """Operators of one precedence, left to right."""
        if level == len(_OPERATORS):
            return self.unary(depth)
        left = self.binary(level + 1, depth)
        while True:
            operator = next((sign for sign in _OPERATORS[level] if self.take(sign)), None)
            if operator is None:
                return left
            left = self.apply(operator, left, self.binary(level + 1, depth))

    def apply(self, operator: str, left: int, right: int) -> int:
        """One operation on 64-bit numbers."""
        if operator in ("/", "%") and not right:
            raise self.wrong("division by zero")
        if operator in ("<<", ">>") and right > 63:
            return 0
        actions: Dict[str, Callable[[int, int], int]] = {
            "|": int.__or__,
            "&": int.__and__,
            "<<": int.__lshift__,
            ">>": int.__rshift__,
            "+": int.__add__,
            "-": int.__sub__,
            "*": int.__mul__,
            "/": int.__floordiv__,
            "%": int.__mod__,
        }
        return actions[operator](left, right) & _MASK

    def unary(self, depth: int) -> int:
        """A sign, a parenthesis, or a single value."""
        if depth > MAX_DEPTH:
            raise self.wrong("too many parentheses or signs")
        if self.take("-"):
            return -self.unary(depth + 1) & _MASK
        if self.take("~"):
            return ~self.unary(depth + 1) & _MASK
        if self.take("+"):
            return self.unary(depth + 1)
        if self.take("("):
            value = self.binary(0, depth + 1)
            if not self.take(")"):
                raise self.wrong("a parenthesis is not closed")
            return value
        return self.value(depth)

    def value(self, depth: int) -> int:
        """A number, a register, a pseudo-register, a module, or memory that is read."""
        self.blanks()
        text = self.text
        if self.at >= len(text):
            raise self.wrong("an address is missing" if not text.strip() else "a value is missing at the end")
        if text.startswith("!", self.at):
            return self.named_module()
        found = _NUMBER.match(text, self.at)
        if found and found.group().strip("`"):
            self.at = found.end()
            return number(found.group(), "number")
        word = _WORD.match(text, self.at)
        name = word.group() if word else ""
        if name.lower() in _READERS and text[self.at + len(name) :].lstrip()[:1] == "(":
            self.at += len(name)
            return self.memory(_READERS[name.lower()], depth)
        if name.startswith(("@", "$")):
            self.at += len(name)
            return self.register(name)
        length, base = self.module()
        if length and length >= len(name):
            self.at += length
            if text.startswith("!", self.at):
                raise self.wrong(f"{text[self.at - length :]!r} names a symbol, and there are no symbols here: use module+offset")
            return base
        if name:
            value = self.plain_register(name)
            if value is not None:
                self.at += len(name)
                return value
        rest = re.split(r"[\s+*()]", text[self.at :], maxsplit=1)[0] or text[self.at]
        raise self.wrong(f"{rest!r} is not a number, a register or a module of this dump")

    def named_module(self) -> int:
        """``!name``: a module, even where its name is a number too, as the debugger has it."""
        self.at += 1
        length, base = self.module()
        if not length:
            raise self.wrong(f"{self.text[self.at - 1 :]!r} names no module of this dump")
        self.at += length
        return base

    def memory(self, size: int, depth: int) -> int:
        """``poi(address)`` and its like."""
        self.take("(")
        address = self.binary(0, depth + 1)
        if not self.take(")"):
            raise self.wrong("a parenthesis is not closed")
        dump = self.session.dump
        return int.from_bytes(dump.memory.read(address, size or dump.pointer_size), "little")

    def module(self) -> Tuple[int, int]:
        """Length of the longest module name that comes next, and the module's base; 0 if there is none."""
        if self._modules is None:
            self._modules = sorted(_module_names(self.session), key=lambda row: -len(row[0]))
        rest = self.text[self.at : self.at + 260].lower()
        for name, base in self._modules:
            if rest.startswith(name) and not (rest[len(name) : len(name) + 1].isalnum() or rest[len(name) : len(name) + 1] in ("_", ".")):
                return len(name), base
        return 0, 0

    def register(self, name: str) -> int:
        """``@rip``, ``$teb``, ``@$peb``."""
        plain = name.lower().lstrip("@")
        if plain.startswith("$"):
            return self.pseudo(plain)
        value = self.plain_register(plain)
        if value is None:
            raise self.wrong(f"{name!r} is not a register of this processor")
        return value

    def thread(self) -> Thread:
        """The current thread. Raises NotInDump without one."""
        thread = current_thread(self.session)
        if thread is None:
            raise NotInDump("the dump has no threads, so there are no registers and no TEB")
        return thread

    def plain_register(self, name: str) -> Optional[int]:
        """A register's value, or None if the processor has no register of that name."""
        from ..wording.registers import register_names, register_value

        if name.lower() not in register_names(self.session.dump):
            return None
        return register_value(self.session.dump, self.thread(), name.lower())

    def pseudo(self, name: str) -> int:
        """``$teb``, ``$peb``, ``$ip``, ``$csp``, ``$tid``, ``$tpid``, ``$exentry``, ``$ptrsize``, ``$exr_…``."""
        from ..wording.registers import register_value

        dump = self.session.dump
        if name == "$teb":
            teb = self.thread().teb
            if not teb:
                raise NotInDump("the current thread has no TEB in this dump: the writer failed on it")
            return teb
        if name in ("$ip", "$csp", "$sp"):
            return register_value(dump, self.thread(), "ip" if name == "$ip" else "sp")
        if name == "$tid":
            return self.thread().tid
        if name == "$ptrsize":
            return dump.pointer_size
        if name == "$peb":
            peb = peb_address(dump)
            if isinstance(peb, Absent):
                raise NotInDump(peb.message)
            return peb
        if name == "$tpid":
            misc = dump.misc
            pid = misc if isinstance(misc, Absent) else misc.process_id
            if isinstance(pid, Absent):
                raise NotInDump(pid.message)
            return pid
        if name == "$exentry":
            if not len(dump.modules):
                raise NotInDump("the dump has no module list")
            module = dump.modules[0]
            head = dump.memory.read(module.base, 0x40)
            place = module.base + int.from_bytes(head[0x3C:0x40], "little")
            return module.base + int.from_bytes(dump.memory.read(place + 0x28, 4), "little")
        if name.startswith("$exr_"):
            exception = dump.exception
            if isinstance(exception, Absent):
                raise NotInDump(exception.message)
            if name == "$exr_code":
                return exception.code
            if name == "$exr_numparams":
                return exception.parameter_count
            which = name[len("$exr_param") :]
            if name.startswith("$exr_param") and which.isdigit() and len(which) < 3:
                if int(which) >= len(exception.parameters):
                    raise NotInDump(f"the exception has {counted(len(exception.parameters), 'parameter')}")
                return exception.parameters[int(which)]
        raise self.wrong(f"{name!r} is not a pseudo-register that is known here")


def _module_names(session: Session) -> Iterator[Tuple[str, int]]:
    """Every name that a module goes by, lower case, with its base: the debugger's names first, then those of files, as far as they are free."""
    names: Dict[str, int] = {}
    others: List[Tuple[str, int]] = []
    for module in session.dump.modules:
        if module.name:
            names.setdefault(module.name.lower(), module.base)
        others += [(module.file_name, module.base), (module.file_name.rpartition(".")[0], module.base)]
    for name, base in others:
        if name:
            names.setdefault(name.lower(), base)
    return iter(names.items())
