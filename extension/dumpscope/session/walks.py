"""The walker of a session: images and symbols are looked for once, with the paths that were given last."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..dump.absence import Absent
from ..dump.streams.modules import Module
from ..dump.streams.threads import Thread
from ..stacks.frames import LIMIT, Frame, Proof, Stack, frame_values
from ..stacks.walk import Walker
from ..symbols.breakpad import SymbolFile, WinFrame
from ..symbols.download import Download
from ..symbols.files import NativeSymbols
from ..symbols.images import Images
from ..symbols.names import Name, Namer
from ..symbols.path import usable
from ..symbols.search import UNREADABLE, Tried
from .session import Live, Session

KEPT_STACKS = 64
"""Threads whose stacks are kept."""


class Row(NamedTuple):
    """One line of a stack as the debugger counts them: functions that were put inline have lines of their own."""

    number: int
    frame: Frame
    name: Optional[Name]
    inline: bool
    child: int
    """Child-SP, or ChildEBP on x86: where the frame below would have saved the frame pointer."""

    @property
    def place(self) -> str:
        """``module!function+0x12``; the address itself outside all modules."""
        return str(self.name) if self.name is not None else f"0x{self.frame.ip:x}"

    @property
    def line(self) -> str:
        """`` [file @ line]``, or an empty string."""
        if self.name is None or not self.name.file:
            return ""
        return f" [{self.name.file} @ {self.name.line}]"


class DebuggerNames:
    """Names from the debugger that has the same dump open. It tells nothing of functions that were put inline."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def names_at(self, address: int) -> List[Name]:
        """The debugger's name of an address, none if it has none or only one that lies after the address."""
        found = self._live.symbol(address)
        if found is None:
            return []
        module, symbol, displacement, file, line = found
        return [Name(module, symbol, displacement, file, line, provider="debugger")] if symbol and displacement >= 0 else []


class Walks:
    """Walks stacks for commands and names their frames; keeps what it finds."""

    def __init__(self, session: Session, image_paths: Tuple[str, ...], symbol_paths: Tuple[str, ...], loose: bool, scan: bool, download: bool) -> None:
        self.key = (image_paths, symbol_paths, loose, scan, download)
        fetcher = Download(session.progress) if download else None
        # The debugger looks for images along the symbol path, too.
        self.images = Images(session.dump, (*image_paths, *symbol_paths), loose, fetcher)
        others = () if session.live is None else (DebuggerNames(session.live),)
        self.namer = Namer(session.dump, self.images, symbol_paths, loose, fetcher, others=others)
        self.walker = Walker(session.dump, self.images, self._records, scan=scan)
        self.refused: List[Tried] = []
        """Elements of the environment's paths that cannot be read."""
        self._dump = session.dump
        self._names: Dict[Tuple[int, bool], List[Name]] = {}
        self._stacks: Dict[int, Dict[int, Stack]] = {}

    def close(self) -> None:
        """Close the files that were opened."""
        self.images.close()

    def _records(self, module: Module) -> Union[SymbolFile, Absent]:
        """The STACK records of a module's symbol file."""
        symbols = self.namer.symbols(module)
        return symbols if isinstance(symbols, Absent) else symbols.unwind_records()

    def frame_data(self, frame: Frame) -> Optional[WinFrame]:
        """The STACK WIN record of the function of an x86 frame."""
        look = frame.ip - frame.calls
        module = self._dump.modules.at(look)
        records = None if module is None else self._records(module)
        return None if module is None or not isinstance(records, SymbolFile) else records.win(look - module.base)

    def convention(self, row: Row) -> str:
        """The calling convention of the function of a line, as a PDB has it; an empty string where none does."""
        look = row.frame.ip - row.frame.calls
        module = self._dump.modules.at(look)
        symbols = None if module is None else self.namer.symbols(module)
        if module is None or not isinstance(symbols, NativeSymbols):
            return ""
        return symbols.convention(look - module.base, row.name.symbol if row.inline and row.name is not None else "")

    def stack(self, thread: Optional[Thread], limit: int) -> Stack:
        """The stack of a thread; without one that of the exception. The last few are kept; one that ended before its limit serves for a higher one."""
        key = -1 if thread is None else thread.index
        if key not in self._stacks and len(self._stacks) >= KEPT_STACKS:
            self._stacks.clear()
        kept = self._stacks.setdefault(key, {})
        found = kept.get(limit) or next((stack for lower, stack in kept.items() if lower < limit and stack.end.kind != LIMIT), None)
        if found is None:
            found = kept[limit] = self.walker.exception(limit) if thread is None else self.walker.thread(thread, limit)
        return found

    def names(self, address: int, caller: bool) -> List[Name]:
        """Who is at an address."""
        key = (address, caller)
        found = self._names.get(key)
        if found is None:
            if len(self._names) >= 1 << 16:
                self._names.clear()
            found = self._names[key] = self.namer.name(address, caller)
        return found

    def rows(self, stack: Stack) -> Iterator[Row]:
        """The lines of a stack."""
        number = 0
        frames = stack.frames
        for index, frame in enumerate(frames):
            child = frame.sp
            if stack.architecture == "x86":
                above = frames[index + 1].place if index + 1 < len(frames) else stack.end.place
                child = (frame.sp if above is None else above) - 4
            names = self.names(frame.ip, frame.calls)
            for name in names[:-1]:
                yield Row(number, frame, name, True, child)
                number += 1
            yield Row(number, frame, names[-1] if names else None, False, child)
            number += 1


def split_path(text: str) -> List[str]:
    """The folders of a search path, which ``;`` separates."""
    return [part.strip() for part in text.split(";") if part.strip()]


def _of_environment(name: str, refused: List[Tried]) -> Tuple[str, ...]:
    """The elements of a path of the environment. One that cannot be read is told, and does not fail each command."""
    good, bad = usable([os.environ.get(name, "")], os.environ)
    refused += [Tried("", "path", name, UNREADABLE, f"{error.message}: {error.hint}") for error in bad]
    return tuple(good)


def walks_of(
    session: Session, image_path: Sequence[str] = (), symbol_path: Sequence[str] = (), loose: bool = False, *, scan: bool = False, download: bool = False
) -> Walks:
    """The session's walker. Paths that are given hold for the commands that follow as well; else those of the environment count."""
    known = session.memo.get("walks")
    if not (image_path or symbol_path or loose or scan or download) and isinstance(known, Walks):
        return known
    images = tuple(part for text in image_path for part in split_path(text))
    symbols = tuple(symbol_path)
    refused: List[Tried] = []
    if not images:
        images = _of_environment("_NT_EXECUTABLE_IMAGE_PATH", refused)
    if not symbols:
        symbols = _of_environment("_NT_SYMBOL_PATH", refused)
    if isinstance(known, Walks):
        if known.key == (images, symbols, loose, scan, download):
            return known
        known.close()
    made = Walks(session, images, symbols, loose, scan, download)
    made.refused = refused
    session.dump.source.close_with(made.close)
    session.memo["walks"] = made
    return made


def proof_json(proof: Proof) -> Dict[str, Any]:
    """A proof as plain values."""
    members: Dict[str, Any] = {"what": proof.what, "value": proof.value, "file": proof.file or None}
    members["offset"] = proof.offset
    members["address"] = None if proof.address is None else f"0x{proof.address:x}"
    return members


def proofs_of(walks: Walks, stack: Stack, frame: Frame) -> List[Proof]:
    """What a frame stands on: where its return address was read, and the facts behind it."""
    found: List[Proof] = []
    if frame.place is not None:
        where = walks.walker.place(frame.place)
        found.append(Proof("return address", f"0x{frame.ip:x}", "", where, frame.place))
    return found + frame.origin.proofs()


def stack_json(walks: Walks, stack: Stack, *, registers: bool, more: Optional[Callable[[Row], Dict[str, Any]]] = None) -> List[Dict[str, Any]]:
    """The frames of a stack as plain values. ``more`` gives further members of a line."""
    found = []
    for row in walks.rows(stack):
        frame, name = row.frame, row.name
        back = frame.return_address
        members: Dict[str, Any] = {
            "frame": row.number,
            "child_sp": f"0x{row.child:x}",
            "return_address": None if back is None else f"0x{back:x}",
            "ip": f"0x{frame.ip:x}",
            "module": name.module if name is not None else None,
            "symbol": (name.symbol or None) if name is not None else None,
            "displacement": f"0x{name.displacement:x}" if name is not None else None,
            "file": (name.file or None) if name is not None else None,
            "line": (name.line or None) if name is not None else None,
            "provider": name.provider if name is not None else None,
            "inline": row.inline,
            "found_by": frame.found_by,
            "certain": frame.certain,
            "evidence": [proof_json(proof) for proof in proofs_of(walks, stack, frame)],
        }
        if registers:
            members["registers"] = {name: f"0x{value:x}" for name, value in frame_values(stack, frame)}
        if more is not None:
            members.update(more(row))
        found.append(members)
    return found


def end_json(stack: Stack) -> Dict[str, Any]:
    """Why a stack ends, as plain values."""
    end = stack.end
    address = None if end.address is None else f"0x{end.address:x}"
    return {"kind": end.kind, "message": end.message, "address": address, "module": end.module or None}


def absence_of(stack: Stack) -> Optional[Absent]:
    """Why a stack has no frame at all."""
    return None if stack.frames else Absent("not-there", stack.end.message)
