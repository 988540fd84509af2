"""The debugger's spellings: ``!handle 0 f Event``, ``~3s``, ``lmvm ntdll``, ``dps @rsp L8`` as lines of ours.

A front end that takes typed lines hands them to :func:`translate` first. What the debugger has and dumpscope has not is told
apart from a typing error: :func:`not_ours` names the nearest command of ours and what ``why`` thinks of the debugger's.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..commands.index import MODULES
from ..diagnosis.plan import canonical
from ..errors import DumpscopeError, UsageError
from ..session.parsing import number, split_line
from ..session.session import Session
from ..view.blocks import Block, Column, Note, Table

SESSION_WORDS = ("open", "close", "dumps", "use", "quit", "clear")
"""Commands of a front end with a session, which translations may name; other fronts have no use for them."""


class Translation(NamedTuple):
    """Words of one of our command lines, and a remark where it is not quite the same."""

    words: List[str]
    note: str = ""


_Maker = Callable[[str, Optional[Session]], Translation]

_SIMPLE: Dict[str, Tuple[str, ...]] = {
    ".dumpdebug": ("dumpdebug",),
    ".lastevent": ("exception",),
    ".ecxr": ("exception",),
    ".time": ("process",),
    ".ttime": ("threads", "--times"),
    "!peb": ("process",),
    "!dlls": ("process", "--modules"),
    "!environment": ("process", "--env"),
    "vertarget": ("system",),
    "version": ("system",),
    "!cpuinfo": ("system",),
    "!sysinfo": ("system",),
    "!token": ("tokens",),
    "||": ("dumps",),
    "|": ("process",),
    ".help": ("help",),
    ".hh": ("help",),
    ".cls": ("clear",),
    "q": ("quit",),
    "qq": ("quit",),
    "qd": ("quit",),
    ".q": ("quit",),
    "!threads": ("threads",),
    "!lmi": ("modules",),
    ".effmach": ("system",),
    ".thread": ("threads", "."),
    "!vadump": ("regions",),
    ".reload": ("modules",),
    "!analyze": ("why",),
}
"""Debugger commands whose arguments, where they have any, are left out or mean the same."""

_KEEPS_ARGUMENTS = {"!peb": False, "!threads": False, ".ttime": False, "!analyze": False, ".reload": False}

_FORMS = {
    "db": "b",
    "dyb": "b",
    "dw": "w",
    "dd": "d",
    "dyd": "d",
    "dc": "d",
    "dq": "q",
    "dp": "p",
    "dps": "s",
    "dds": "s",
    "dqs": "s",
    "da": "a",
    "du": "u",
}
_UNITS = {"b": 1, "w": 2, "d": 4, "q": 8, "p": 0, "s": 0, "a": 1, "u": 2}
_STACK = re.compile(r"(k[bcpPvnLfdM]*)(\d[0-9a-fA-Fxn]*)?$")
_LM = re.compile(r"lm([1-9a-zA-Z]*)$")
_THREAD = re.compile(r"~(~\[(?P<tid>[^\]]+)\]|(?P<index>\d+|[.#*]))?\s*(?P<rest>.*)$")

_FOR_THREAD = re.compile(r"[eE]\s*(?=[^\s])")
_GLE = re.compile(r"!(?:ext\.|uext\.)?gle\b", re.IGNORECASE)

NEAREST: Dict[str, Tuple[str, ...]] = {
    "!heap": ("regions --summary", "process"),
    "!htrace": ("handles",),
    "!for_each_module": ("modules",),
    "!address": ("regions", "address"),
    "!mapped_file": ("address",),
    "!exchain": ("threads",),
    "!clrstack": ("threads",),
    "!list": ("read --form p",),
    "!sos": ("why SOS",),
    "!sw": ("threads",),
    "!wow64exts.sw": ("threads",),
    ".effmach": ("threads",),
    "!exploitable": ("exception",),
    "!verifier": ("handles",),
    ".dump": ("plan",),
    ".cxr": ("threads",),
    ".formats": ("evaluate",),
    ".tlist": ("process",),
    ".process": ("process",),
    ".loadby": ("modules",),
    ".load": ("modules",),
    ".chain": ("help",),
    ".symfix": ("modules",),
    ".sympath": ("modules",),
    ".opendump": ("open",),
    ".logopen": ("help", "repl"),
    "dt": ("read",),
    "dv": ("read",),
    "dx": ("help",),
    "x": ("modules",),
    "u": ("read",),
    "ub": ("read",),
    "uf": ("read",),
    "g": ("exception",),
    "p": ("threads",),
    "t": ("threads",),
    "bp": ("threads",),
    "bl": ("threads",),
    "sxe": ("exception",),
    "s": ("search",),
}
"""Debugger commands that nothing here stands for, and what comes nearest."""


def translate(line: str, session: Optional[Session] = None) -> Optional[Translation]:
    """Our words for a line in the debugger's spelling; None for a line that is not one, or that needs no translation.

    ``session`` lets ranges such as ``db START END`` and a bare ``db`` be worked out. Raises UsageError for a spelling that is
    recognised but cannot be read.
    """
    text = _bare(line)
    if not text:
        return None
    if text.startswith("?"):
        expression = text[1:].strip()
        if not expression or expression == "?":
            return Translation(["help"])
        return Translation(["evaluate", f"({expression})" if expression.startswith("-") else expression])
    if text.startswith("~"):
        return _thread(text, session)
    if text.startswith("|") and text not in ("|", "||"):
        return _systems(text)
    head, _, rest = text.partition(" ")
    rest = rest.strip()
    low = head.lower()
    maker = _MAKERS.get(low)
    if maker is not None:
        return maker(rest, session)
    if low in _FORMS:
        return _read(low, rest, session)
    if _LM.match(low) and low not in ("lmi",):
        return _modules(low, rest)
    if _STACK.match(head):
        return _stack(head, rest)
    words = _SIMPLE.get(low)
    if words is not None:
        return Translation([*words, *(split_line(rest) if _KEEPS_ARGUMENTS.get(low, True) and words[0] not in ("quit", "clear", "system", "dumps") else ())])
    plain = head.lstrip("!.")
    if head[0] in "!." and plain.lower() in (*MODULES, *SESSION_WORDS):
        return Translation([plain.lower(), *split_line(rest)])
    return None


def _bare(line: str) -> str:
    """The line without a copied prompt, ``!py``, or an extension's name before the command."""
    text = line.strip()
    text = re.sub(r"^(?:\|\|\d+:)?\d+:\d{3}(?::\w+)?> ?", "", text)
    text = re.sub(r"^!py(?:\s+-[\d.]+)?(?:\s+-g)?\s+(?:\"[^\"]*[\\/]|\S*[\\/])?(\w+)(?:\.py)?\"?(?=\s|$)", r"!\1", text)
    return re.sub(r"^!(?:ext|uext|exts|ntsdexts|wow64exts)\.(?=\w)", "!", text)


# -- one maker for each spelling with arguments of its own ---------------------------------------------------------------------


def _handle(rest: str, session: Optional[Session]) -> Translation:
    words = split_line(rest)
    if len(words) == 2 and words[0] in ("0", "-1") and words[1] in ("0", "0x0"):
        return Translation(["handles", "--summary"])
    return Translation(["handles", *words])


def _exr(rest: str, session: Optional[Session]) -> Translation:
    if rest not in ("-1", ""):
        raise UsageError(f"`.exr {rest}`: only the stored exception can be shown, which is `.exr -1`", f"`read {rest}` shows the bytes there")
    return Translation(["exception"])


def _runaway(rest: str, session: Optional[Session]) -> Translation:
    return Translation(["threads", "--sort", "time"])


def _teb(rest: str, session: Optional[Session]) -> Translation:
    if rest and session is not None and session.has_dump:
        from ..session.expression import evaluate

        address = evaluate(session, rest)
        for thread in session.dump.threads:
            if thread.teb == address:
                return Translation(["threads", str(thread.index)])
        return Translation(["read", rest, "100"], "no thread of this dump has its TEB there: these are the bytes")
    return Translation(["threads", "."])


def _gle(rest: str, session: Optional[Session]) -> Translation:
    return Translation(["threads", "--errors"] if rest.startswith("-a") else ["threads", "."])


def _environment_variable(rest: str, session: Optional[Session]) -> Translation:
    words = split_line(rest)
    return Translation(["process", "--var", words[0]] if words else ["process", "--env"])


def _address(rest: str, session: Optional[Session]) -> Translation:
    if not rest:
        return Translation(["regions"])
    if rest.startswith("-summary"):
        return Translation(["regions", "--summary"])
    if rest.startswith("-f:"):
        return _address_filter(rest[3:])
    if rest.startswith("-"):
        return Translation(["regions"], f"{rest!r} is not understood here; `regions` has --state, --type and --protect")
    return Translation(["address", rest])


def _address_filter(text: str) -> Translation:
    words = ["regions"]
    left = []
    for name in text.replace(" ", "").split(","):
        upper = name.upper()
        if upper in ("MEM_PRIVATE", "MEM_IMAGE", "MEM_MAPPED"):
            words += ["--type", upper]
        elif upper in ("MEM_COMMIT", "MEM_FREE", "MEM_RESERVE"):
            words += ["--state", upper]
        elif upper.startswith("PAGE_"):
            words += ["--protect", upper]
        elif name:
            left.append(name)
    return Translation(words, f"not filtered by {', '.join(left)}: the column `use` says what a region is for" if left else "")


def _vprot(rest: str, session: Optional[Session]) -> Translation:
    return Translation(["address", rest] if rest else ["regions"])


def _near(rest: str, session: Optional[Session]) -> Translation:
    return Translation(["address", rest or "@$ip"])


def _formats(rest: str, session: Optional[Session]) -> Translation:
    return Translation(["evaluate", f"({rest})" if rest.startswith("-") else rest] if rest else ["help", "evaluate"])


def _error(rest: str, session: Optional[Session]) -> Translation:
    if not rest:
        return Translation(["help", "why"])
    return Translation(["why", f"0x{number(split_line(rest)[0], 'code'):x}"])


def _registers(rest: str, session: Optional[Session]) -> Translation:
    name = rest.strip().rstrip(";").lstrip("@")
    if name and re.fullmatch(r"\$?\w+", name):
        return Translation(["evaluate", "@" + name])
    return Translation(["threads", "."])


def _open(rest: str, session: Optional[Session]) -> Translation:
    return Translation(["open", *split_line(rest)])


def _search(rest: str, session: Optional[Session]) -> Translation:
    """``s -a 0 L?7fffffff "text"``, ``s -b START LENGTH 4d 5a``."""
    words = split_line(rest)
    form = "b"
    while words and words[0].startswith("-"):
        option = re.sub(r"\[.*?\]", "", words.pop(0))
        form = option[1:2] or form
    if len(words) < 3:
        raise UsageError("`s` takes a range and what to look for", '`search "text"` looks through everything that was captured')
    what = words[2:]
    note = "all of the captured memory is looked through, not only the range"
    if form == "a":
        return Translation(["search", "--ascii", " ".join(what)], note)
    if form == "u":
        return Translation(["search", "--utf16", " ".join(what)], note)
    size = {"b": 1, "w": 2, "d": 4, "q": 8}.get(form, 1)
    data = b"".join((number(word) & (1 << 8 * size) - 1).to_bytes(size, "little") for word in what)
    return Translation(["search", "--bytes", data.hex()], note)


def _writemem(rest: str, session: Optional[Session]) -> Translation:
    """``.writemem FILE START L?SIZE``, ``.writemem FILE START END``; END is the last byte."""
    words = split_line(rest)
    if len(words) != 3:
        raise UsageError("`.writemem` takes a file and a range", "such as .writemem stack.bin @rsp L?1000")
    name, start, size = words
    if size[:1] not in "lL":
        first, last = number(start, "address"), number(size, "address")
        if last < first:
            raise UsageError(f"the range ends at {size}, before it begins", "L?SIZE gives a size")
        size = f"{last - first + 1:x}"
    return Translation(["extract", "--range", start, size, "-o", name])


def _unique(rest: str, session: Optional[Session]) -> Translation:
    words = ["stack", "--unique"]
    given = split_line(rest)
    for word in given:
        if not re.fullmatch(r"-[bvpn]+", word):
            raise UsageError(f"`!uniqstack` takes -b, -v, -p and -n, and no {word!r}", "`!findstack NAME` finds the stacks with a function or module")
    letters = "".join(given)
    words += _stack_kind(letters)
    return Translation(words)


def _locks(name: str, options: str) -> _Maker:
    """``!locks -v``, ``!cs -l``: options choose among locks, and `waits` shows all that it knows."""

    def make(rest: str, session: Optional[Session]) -> Translation:
        given = split_line(rest)
        for word in given:
            if not re.fullmatch(f"-[{options}]", word):
                taken = ", ".join("-" + letter for letter in options)
                raise UsageError(f"`{name}` takes {taken} here, and no {word!r}", "`waits` shows all threads that wait, and all locks that it knows of")
        return Translation(["waits"], f"`waits` shows all locks that it knows of: {' '.join(given)} changes nothing" if given else "")

    return make


def _find_stack(rest: str, session: Optional[Session]) -> Translation:
    words = split_line(rest)
    return Translation(["stack", "--find", words[0]] if words else ["help", "stack"])


_MAKERS: Dict[str, _Maker] = {
    ".frame": lambda rest, session: Translation(["frame", *split_line(rest)[-1:]]),
    "!uniqstack": _unique,
    ".writemem": _writemem,
    "!findstack": _find_stack,
    "!handle": _handle,
    "!htrace": _handle,
    "!locks": _locks("!locks", "vp"),
    "!cs": _locks("!cs", "lsotd"),
    ".exr": _exr,
    "!runaway": _runaway,
    "!teb": _teb,
    "!gle": _gle,
    "!envvar": _environment_variable,
    "!address": _address,
    "!vprot": _vprot,
    "!mapped_file": _vprot,
    "ln": _near,
    ".formats": _formats,
    "!error": _error,
    "r": _registers,
    ".opendump": _open,
    "s": _search,
}


def _modules(low: str, rest: str) -> Translation:
    words = split_line(rest)
    letters = low[2:]
    while len(words) > 1 and len(words[0]) == 1 and words[0].isalpha():
        letters += words.pop(0)
    if letters.endswith("u") or ("u" in letters and "m" not in letters):
        return Translation(["unloaded", *words[:1]])
    return Translation(["modules", *words[:1]])


def _systems(text: str) -> Translation:
    """``||1s`` makes another dump the current one; ``|0s`` has only one process to choose."""
    found = re.fullmatch(r"\|\|\s*(\d+)\s*s", text)
    if found:
        return Translation(["use", found.group(1)])
    if text.startswith("||"):
        return Translation(["dumps"])
    return Translation(["process"])


def _thread(text: str, session: Optional[Session]) -> Translation:
    found = _THREAD.match(text)
    assert found is not None
    tid, index, rest = found.group("tid"), found.group("index"), found.group("rest").strip()
    which = f"0x{number(tid, 'thread id'):x}" if tid else index or ""
    if not which and not rest:
        return Translation(["threads"])
    if rest in ("s", "S"):
        return Translation(["switch", which or "."])
    if not rest:
        return Translation(["threads"] if which == "*" else ["threads", which])
    each = _FOR_THREAD.match(rest)
    line = rest[each.end() :] if each else rest
    verb = line.split(" ")[0]
    if _STACK.match(verb):
        who = ["--all"] if which == "*" else [which] if which else []
        return Translation(["stack", *who, *_stack_words(verb, line[len(verb) :])])
    if each and _GLE.match(line):
        return Translation(["threads", "--errors"] if which == "*" else ["threads", which or "."])
    if verb == "r" and which != "*":
        return Translation(["threads", which or "."])
    told = f"`{text}`: after `~` and a thread dumpscope takes s, and k and its like, and r for one thread; after e also !gle"
    raise UsageError(f"{told}, and no {verb!r}", "`~3k` shows the stack of thread 3, `~*k` or `~*e k` all stacks, `~3` the thread")


def _stack(head: str, rest: str) -> Translation:
    return Translation(["stack", *_stack_words(head, rest)])


def _stack_kind(letters: str) -> List[str]:
    """The options for the letters behind k that choose what is shown of a frame; the debugger takes one of them."""
    for letter, option in (("P", "--parameter-lines"), ("p", "--parameters"), ("v", "--fpo"), ("b", "--arguments")):
        if letter in letters:
            return [option]
    return []


def _stack_words(head: str, rest: str) -> List[str]:
    """Our options for ``kL 20``: lines unless L says no, and a number of frames, hexadecimal as in the debugger."""
    parts = _STACK.match(head)
    assert parts is not None
    head, count = parts.groups()
    given = [*([count] if count else []), *split_line(rest)]
    behind = re.fullmatch(r"L((?:0[xnty])?[0-9a-fA-F]*)", given[0]) if given and not count else None
    if behind:
        head += "L"
        given[:1] = [behind.group(1)] if behind.group(1) else []
    words = [] if "L" in head else ["--lines"]
    words += _stack_kind(head)
    if given and given[0].startswith("="):
        raise UsageError(f"`{head} {given[0]}` walks from another stack pointer, which is not offered", "`stack` walks from the registers of a thread")
    for word in given[:1]:
        if not re.fullmatch(r"(?:0[xnty])?[0-9a-fA-F]{1,6}", word):
            raise UsageError(f"`{head}` takes a number of frames, and {word!r} is none", "`k 20` shows 0x20 frames; `~3k` shows those of thread 3")
        words += ["--limit", str(max(1, number(word)))]
    if given[1:]:
        raise UsageError(f"`{head}` takes one number of frames, and {' '.join(given[1:])!r} is too much", "`k 20` shows 0x20 frames")
    return words


def _read(low: str, rest: str, session: Optional[Session]) -> Translation:
    form = _FORMS[low]
    words = split_line(rest)
    remembered = session.memo.get("read_on") if session is not None else None
    if not words:
        if remembered is None:
            raise UsageError(f"`{low}` needs an address", f"`{low} @rsp L10`; once it had one, `{low}` alone goes on after it")
        words = [f"0x{remembered:x}"]
    length = words[1] if len(words) > 1 else ""
    if len(words) > 1 and length[:1] not in "lL":
        length = _range(form, words[0], words[1], session)
    elif len(words) > 2:
        length += words[2]  # L 10
    if session is not None and session.has_dump:
        _remember(form, words[0], length, session)
    return Translation(["read", words[0], *([length] if length else []), "--form", form])


def _range(form: str, start: str, end: str, session: Optional[Session]) -> str:
    """The bytes from a start to an end, the end's element included as in the debugger."""
    if session is None or not session.has_dump:
        raise UsageError(f"the range {start} {end} cannot be worked out without a dump", "write the length: L and how many elements")
    from ..session.expression import evaluate

    first, last = evaluate(session, start), evaluate(session, end)
    if last < first:
        raise UsageError(f"the range ends (0x{last:x}) before it begins (0x{first:x})", "a length is written L20: 0x20 elements")
    unit = _UNITS[form] or session.dump.pointer_size
    return f"{(last - first) // unit * unit + unit:x}"


def _remember(form: str, start: str, length: str, session: Session) -> None:
    """Where a bare ``db`` goes on."""
    from ..session.expression import evaluate

    unit = _UNITS[form] or session.dump.pointer_size
    try:
        size = number(length[1:].lstrip("?")) * unit if length[:1] in ("l", "L") else number(length) if length else 0x80
        session.memo["read_on"] = (evaluate(session, start) + size) & (1 << 64) - 1
    except DumpscopeError:
        session.memo.pop("read_on", None)  # the command itself will say what is wrong


# -- what is not ours ----------------------------------------------------------------------------------------------------------


def is_debuggers(word: str) -> bool:
    """Whether a command's name is one of the debugger's rather than a slip of the keyboard."""
    low = word.lower()
    return low[:1] in ("!", ".", "~", "$") or low in NEAREST or bool(canonical(low))


def _known() -> Set[str]:
    """The debugger commands that dumpscope knows of."""
    from ..diagnosis.plan import NEEDS

    return {name.split(" ")[0] for name in (*NEEDS, *_SIMPLE, *_MAKERS, *NEAREST)}


def asks_why(line: str, names: Sequence[str] = ()) -> bool:
    """Whether a line is no command but a code or a piece of a message: a question to ``why``. ``names`` are a front end's own."""
    word = line.split()[0]
    if word[0] in "-!." or is_debuggers(word) or word.lower() in (*MODULES, *names):
        return False
    from ..diagnosis.messages import is_question, looks_like_code  # the rules come with it, which a first prompt does without

    return looks_like_code(line) is not None or (not nearest(word, names) and is_question(line))


def completed(word: str) -> str:
    """The one debugger command that begins like this (``!han`` is ``!handle``); the word itself where that is not clear."""
    low = word.lower()
    names = _known()
    if low in names or len(low) < 3 or low[0] not in "!.":
        return word
    found = [name for name in names if name.startswith(low)]
    return found[0] if len(found) == 1 else word


def nearest(word: str, extra: Sequence[str] = ()) -> List[str]:
    """Our commands that come nearest to a name that is none."""
    from difflib import get_close_matches

    low = word.lower()
    if low in NEAREST:
        return list(NEAREST[low])
    made = canonical(low)
    if made in NEAREST:
        return list(NEAREST[made])
    plain = low.lstrip("!.~")
    begun = [name for name in dict.fromkeys((*MODULES, *extra)) if plain and name.startswith(plain)]
    return begun[:3] or get_close_matches(plain, [*MODULES, *extra], 3, 0.6)


def not_ours(session: Session, line: str) -> Iterator[Block]:
    """What to say to a debugger command that nothing here stands for: what is nearest, and whether it works on this dump."""
    from ..diagnosis.messages import near_commands

    word = line.split()[0]
    slip = [] if word.lower() in _known() or canonical(word) else near_commands(word)
    if slip:
        yield Note(f"there is no command {word!r}, here or in the debugger that dumpscope knows of", "warning")
        yield Note(f"did you mean {' or '.join(slip)}?", "hint")
        return
    close = nearest(word)
    found = f"; nearest here: {', '.join(f'`{item}`' for item in close)}" if close else "; `help` lists the commands"
    known = bool(canonical(line) or canonical(word) or word.lower() in _known())
    told = "is a command of the debugger's, not of dumpscope" if known else "is neither a command of dumpscope nor one of the debugger's that it knows"
    yield Note(f"{word} {told}{found}", "warning")
    yield from outlook(session, line)


def outlook(session: Session, line: str) -> Iterator[Block]:
    """Whether a command of the debugger's works on this dump, and the causes where it does not; nothing for one that is not known."""
    name = canonical(line) or canonical(line.split()[0])
    if not name or not session.has_file:
        return
    from ..diagnosis.audit import explain_command
    from ..diagnosis.engine.answers import WORKS
    from ..session.missing import facts_of

    facts = facts_of(session)
    answer = facts.engine.commands.get(name)
    works = answer is not None and answer.outcome == WORKS
    if answer is not None:
        words = {"works": "works", "partial": "works in part", "fails": "fails"}[answer.outcome]
        yield Note(f"In the debugger {name} {words} on this dump" + (f": {answer.why}" if answer.why else "."), "info" if works else "warning")
    found = explain_command(facts, name)
    rows = [(item.code, item.rule.severity, item.rule.title) for item in found if item.rule.severity != "info" or not works]
    if rows:
        columns = [Column("code", "code", role="code", link="explain {}"), Column("severity", "severity"), Column("title", "cause")]
        yield Table("causes", columns, rows)
    if rows or answer is not None:
        yield Note(f"`why {name}` says more", "hint")


__all__ = ["NEAREST", "SESSION_WORDS", "Translation", "asks_why", "completed", "is_debuggers", "nearest", "not_ours", "outlook", "translate"]
