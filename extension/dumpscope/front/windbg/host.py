"""The debugger as we see it: an output object with six attributes, and pykd where this Python has it.

The only file that imports pykd, in one function. Whatever the debugger lacks becomes a sentence, never an exception.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

from ..boundary import silence

BLOCK = 4000
"""UTF-16 units that are handed to the debugger at a time: it cuts what is longer than 16 K, and each call takes time."""
_ALL_OUTPUT = 0x7  # normal, error and warning text
_DUMP_LINE = re.compile(r"\s*[.#]*\s*(?:\d+\s+)?([^:]*?dump[^:]*?): (.+)", re.IGNORECASE)
_TOKEN = re.compile(r"<[^<>]*>|&[a-z]+;|[^<&]+|.", re.DOTALL)
_TAG_NAME = re.compile(r"</?(\w+)")


def load_pykd() -> Optional[Any]:
    """The pykd module, or None where this Python has none."""
    try:
        import pykd
    except ImportError:
        return None
    return pykd


class Place(NamedTuple):
    """Where the debugger's dump is, or why there is none.

    ``problem`` is a sentence and ``hint`` what can be done; ``command`` a line of the debugger's that does it.
    """

    path: str = ""
    problem: str = ""
    hint: str = ""
    command: str = ""


class Host:
    """The debugger that runs this script, or a plain console."""

    def __init__(self, stdout: Any, engine: Optional[Any]) -> None:
        self._stdout = stdout
        self.engine = engine
        self._pending: List[str] = []
        self._size = 0
        self._mode = False
        self._aliases: Optional[str] = None

    @classmethod
    def current(cls) -> Host:
        """The host of this process."""
        return cls(sys.stdout, load_pykd())

    # -- output ----------------------------------------------------------------------------------------------------------

    @property
    def supports_dml(self) -> bool:
        """Whether the output takes markup: in the debugger always, whether or not this Python has pykd."""
        return hasattr(self._stdout, "writedml")

    @property
    def in_debugger(self) -> bool:
        """Whether a debugger runs this script."""
        return self.supports_dml or self.engine is not None

    def write(self, text: str) -> None:
        """Write plain text, gathered into blocks."""
        self._add(text, False)

    def write_dml(self, text: str) -> None:
        """Write markup, gathered into blocks; as it is: the caller has escaped what is not markup."""
        self._add(text, True)

    def _add(self, text: str, markup: bool) -> None:
        if markup != self._mode:
            self.flush()
            self._mode = markup
        self._pending.append(text)
        self._size += len(text)
        if self._size >= BLOCK:
            self._send(whole=False)

    def flush(self) -> None:
        """Send what was gathered."""
        self._send(whole=True)
        flush = getattr(self._stdout, "flush", None)
        if flush is not None:
            flush()

    def silence(self) -> None:
        """Nobody reads the output any more: keep the interpreter from complaining about it at its end."""
        self._pending.clear()
        silence(self._stdout)

    def _send(self, *, whole: bool) -> None:
        text = "".join(self._pending)
        if not whole:
            end = text.rfind("\n") + 1  # a block ends with a line, so that a tag is never cut
            if not end and not self._mode:
                end = len(text)
            text, rest = text[:end], text[end:]
        else:
            rest = ""
        self._pending = [rest] if rest else []
        self._size = len(rest)
        if text:
            for block in dml_blocks(text) if self._mode else text_blocks(text):
                self._put(block)

    def _put(self, block: str) -> None:
        stream = self._stdout
        if self._mode:
            stream.writedml(block)
            return
        try:
            stream.write(block)
        except UnicodeEncodeError:
            encoding = getattr(stream, "encoding", None) or "ascii"
            stream.write(block.encode(encoding, "backslashreplace").decode(encoding))

    # -- the debugger ----------------------------------------------------------------------------------------------------

    def execute(self, command: str) -> str:
        """What a command of the debugger prints; an empty string if it prints nothing or there is no debugger."""
        if self.engine is None:
            return ""
        try:
            return self.engine.dbgCommand(command, True, _ALL_OUTPUT) or ""
        except Exception:  # noqa: BLE001 - pykd raises its own kinds, which need pykd to be named; SystemExit is none of them
            return ""

    def _ask(self, name: str) -> Any:
        """What a pykd function answers; None if it raises."""
        try:
            return getattr(self.engine, name)()
        except Exception:  # noqa: BLE001 - see execute()
            return None

    def has_alias(self, name: str) -> bool:
        """Whether the debugger knows ``name`` as an alias."""
        if self._aliases is None:
            self._aliases = self.execute("al") if self.engine is not None else ""
        return re.search(rf"^ *{re.escape(name)} ", self._aliases, re.MULTILINE) is not None

    @property
    def py(self) -> str:
        """``!py``, with the version of this Python where the host knows how to choose one."""
        if type(self._stdout).__module__ == "pykd" or sys.version_info[1] > 9 or not self.supports_dml:
            return "!py"  # pykd's own module as an extension has one Python and no option for it
        return f"!py -{sys.version_info[0]}.{sys.version_info[1]}"

    def locate(self, name: str) -> Place:
        """The path of the dump that the debugger has open. ``name`` is the command that wants it, for the hint."""
        if self.engine is None:
            return _no_pykd(name)
        described = self._described()
        found = _DUMP_LINE.match(described)
        if self._ask("isKernelDebugging") or (found and "kernel" in found.group(1).lower()):
            return Place(
                problem="this is a kernel session, and these commands read user-mode minidumps",
                hint=f"the debugger's own commands apply: !process 0 0, !handle, !thread, !vm. A path works here too: {self.py} {name} C:\\dumps\\app.dmp",
            )
        if found is None:
            return self._no_dump(name, described)
        path = found.group(2).strip()
        if path.lower().endswith((".cab", ".zip")):
            return Place(
                problem=f"the debugger has opened the dump inside {path}, where it cannot be read from here",
                hint=f"unpack it (expand -F:*.dmp app.cab C:\\dumps) and give the path: {self.py} {name} C:\\dumps\\app.dmp",
            )
        if not os.path.exists(path):
            return Place(
                problem=f"the debugger's dump is {path}, and no such file can be seen from here",
                hint="a remote session reads the other machine's disk; a cabinet or a moved file leaves only the name. Copy the dump here and give its path",
            )
        return Place(path)

    def _described(self) -> str:
        """The current system as the debugger describes it: ``User mini dump: C:\\x.dmp``."""
        systems = [line for line in self.execute("||").splitlines() if line.strip()]
        current = [line for line in systems if line.lstrip()[:1] == "."]
        if len(systems) > 1 and current:
            return current[0]
        system = self._ask("targetSystem")
        try:
            described = str(system.desc) if system is not None else ""
        except Exception:  # noqa: BLE001 - see execute()
            described = ""
        return described or (current[0] if current else "")

    def _no_dump(self, name: str, described: str) -> Place:
        process = self._ask("getProcessSystemID")
        if not described and not process:
            return Place(
                problem="the debugger has no dump open", hint=f".opendump C:\\dumps\\app.dmp opens one; or give a path: {self.py} {name} C:\\dumps\\app.dmp"
            )
        if "remote" in described.lower():
            hint = "a dump can be written on this side: .dump /mh C:\\dumps\\app.dmp; then give its path"
            return Place(problem=f"this is a session with another machine ({described}), not a dump", hint=hint)
        image = os.path.basename(str(self._ask("getProcessExeName") or "app").replace("\\", "/"))
        stem = re.sub(r"[^A-Za-z0-9_.-]", "_", os.path.splitext(image)[0]) or "app"
        path = f"{_temporary()}\\{stem}_{process or 0}.dmp"
        return Place(
            problem="this is a live process, not a dump",
            hint=f"write one with its handles and read that: .dump /mh {path}, then {self.py} {name} {path}",
            command=f".dump /mh {path}",
        )


def _temporary() -> str:
    folder = os.environ.get("TEMP") or os.environ.get("TMP") or "C:\\dumps"
    return "C:\\dumps" if " " in folder or not folder.isascii() else folder.rstrip("\\")


def _no_pykd(name: str) -> Place:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if sys.version_info[:2] == (3, 9):
        return Place(
            problem=f"this Python ({version}) has no pykd, so the open dump is not known",
            hint=f"!pip install pykd, or give the dump's path: !py {name} C:\\dumps\\app.dmp",
        )
    return Place(problem=f"this Python ({version}) has no pykd: use !py -3.9 {name}, or give the dump's path", hint=f"!py {name} C:\\dumps\\app.dmp")


def _units(text: str) -> int:
    """UTF-16 units of a text."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def text_blocks(text: str, limit: int = BLOCK) -> Iterator[str]:
    """``text`` in pieces of at most ``limit`` UTF-16 units, cut after a line where there is one."""
    at = 0
    while at < len(text):
        end = min(len(text), at + limit // 2)  # so many characters always fit
        if end < len(text):
            cut = text.rfind("\n", at, end) + 1
            end = cut or end
        yield text[at:end]
        at = end


def dml_blocks(text: str, limit: int = BLOCK) -> Iterator[str]:
    """Markup in pieces that are well-formed each: tags that are open at a cut are closed, and opened again after it."""
    out: List[str] = []
    size = 0
    open_tags: List[Tuple[str, str]] = []
    for token in _TOKEN.findall(text):
        if token[0] == "<" and len(token) > 1:
            found = _TAG_NAME.match(token)
            name = found.group(1) if found else ""
            if token[1] == "/":
                if open_tags:
                    open_tags.pop()
            else:
                open_tags.append((name, token))
            out.append(token)
            size += _units(token)
            continue
        for piece in _pieces(token, limit // 2):
            if size + _units(piece) > limit and out:
                yield "".join(out) + "".join(f"</{name}>" for name, _ in reversed(open_tags))
                out = [tag for _, tag in open_tags]
                size = sum(_units(tag) for tag in out)
            out.append(piece)
            size += _units(piece)
    if out:
        yield "".join(out) + "".join(f"</{name}>" for name, _ in reversed(open_tags))


def _pieces(token: str, limit: int) -> Iterator[str]:
    """A run of text by its lines, and a line that is too long in parts; an entity stays whole."""
    if token[0] == "&":
        yield token
        return
    for line in token.splitlines(keepends=True):
        for at in range(0, len(line), limit):
            yield line[at : at + limit]


__all__ = ["BLOCK", "Host", "Place", "dml_blocks", "load_pykd", "text_blocks"]
