"""What ``why`` says to a pasted message: what kind of message it is, and what this file, or the writing of it, has to do with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Iterator, List, NamedTuple, Sequence, Tuple

from ..diagnosis.audit import apply, audit
from ..diagnosis.engine.answers import FAILS, WORKS
from ..diagnosis.facts import Facts
from ..diagnosis.messages import Reading, extension_in, looks_like_code, near_commands, read_message, rules_of_codes
from ..diagnosis.pasted.catalogue import known_in
from ..diagnosis.pasted.debugger import OPENING_CODES
from ..diagnosis.pasted.errnos import errnos_in
from ..diagnosis.pasted.known import KERNEL, LIVE, MANAGED, OPENING, SYMBOLS, WRITING, Known
from ..diagnosis.pasted.numbers import codes_in, one_number
from ..diagnosis.pasted.stops import Stop, stop_in
from ..diagnosis.pasted.writers import ELSEWHERE, WRITE_CODES
from ..diagnosis.rules.catalogue import all_rules, family, find_rule
from ..diagnosis.rules.rule import ERROR, INFO, SEVERITIES, WARNING, Rule
from ..diagnosis.rules.rule import Finding as RuleFinding
from ..dump.absence import Absent
from ..dump.kernel.kerneldump import KernelDump, is_kernel_dump
from ..format.codes.bugcheck import bug_check
from ..session.missing import facts_of, finding_block, rule_table
from ..session.session import Session
from ..view.blocks import Column, Data, Fields, Item, Note, Table
from .bugcheck import bugcheck_blocks

if TYPE_CHECKING:
    from ..view.blocks import Block

_SPEAKS = {
    "opening": "a file that was not opened",
    "reading": "something in the file that a reader misses",
    "writing": "a dump that was not written",
    "managed": "the .NET side of a dump",
    "symbols": "symbols and images",
    "kernel": "a dump of a whole machine",
    "live": "the debugger or a running process, not a dump",
}
MOST_TEXT = 20_000
"""Characters of a pasted text that are looked at: a log of a whole session is longer than what it ends in."""
_NO_SUCH_PATH = (2, 3)
"""Win32 errors of a path at which there is no file."""
MOST_FINDINGS = 8
"""Findings of plain ``why`` that are shown beside a message that nobody knows."""


class Said(NamedTuple):
    """A pasted text as it was understood."""

    text: str
    code: Any
    """The number, where the whole text is one code."""
    reading: Reading
    known: Tuple[Known, ...]

    @property
    def kind(self) -> str:
        """What the text is about; empty where no known message is in it."""
        if self.known:
            return self.known[0].kind
        if self.code is not None:
            return ""
        refusals = [rule for rule in self.reading.rules if rule.code.startswith("OPN") and ".opendump" in rule.commands]
        return OPENING if refusals and self.reading.rules and self.reading.rules[0] in refusals else ""

    @property
    def numbers(self) -> List[int]:
        """Its codes, each as the number that stands for all spellings."""
        return [one_number(code) for code in self.reading.codes]


def understand(text: str) -> Said:
    """Read a pasted text."""
    text = text[:MOST_TEXT]
    code = looks_like_code(text)
    if code is not None:
        return Said(text, code, Reading([code], [], rules_of_codes([code]), False), tuple(known_in(text)))
    reading = read_message(text)
    known = known_in(text)
    if reading.taken_as and errnos_in(text):
        reading = reading._replace(rules=[], scores={}, taken_as="")  # the words of the C library come near many
    if reading.commands and extension_in(text):
        # What an extension says stands among lines about symbols in every log of a session.
        known = [item for item in known if item.kind not in (SYMBOLS, LIVE)]
    return Said(text, None, reading, tuple(known))


def message_blocks(session: Session, text: str) -> Iterator[Block]:
    """The answer to a pasted message or code, with or without a file."""
    said = understand(text)
    codes = list(_codes(said))
    yield from codes
    yield from _speakers(said)
    facts = facts_of(session) if session.has_file else None
    stop = stop_in(said.text) if said.kind in ("", KERNEL) else None
    if stop is not None:
        yield from _stopped(stop, facts)
        return
    if said.code is not None and one_number(said.code) in _NO_SUCH_PATH and not said.known:
        yield from _cause_notes(said)
    if said.kind == WRITING:
        yield from _writing(said, facts)
    elif said.kind == OPENING:
        yield from _opening(said, facts)
    elif said.known or said.reading.rules or said.reading.commands:
        yield from _content(said, facts)
    elif said.code is not None and codes:
        yield from _refusal(facts, said)
    else:
        session.not_in_dump()
        yield from _unknown(said, facts, bool(codes))


def _stopped(stop: Stop, facts: Any) -> Iterator[Block]:
    """A stop code: explained, or compared with that of the kernel dump that is open, which is explained after it."""
    if facts is not None and is_kernel_dump(facts.source.some(0, 8)):
        own = KernelDump(facts.source).code
        if own != stop.code:
            name, words = bug_check(stop.code).name, " ".join(f"{value:x}" for value in (stop.code, *stop.parameters))
            yield Note(f"The message is of bug check 0x{stop.code:x}, {name}: of another stop than this dump (`bugcheck {words}` explains it).", "warning")
        return
    yield from bugcheck_blocks(stop.code, stop.parameters, None)
    if facts is not None:
        yield Note("This file is a dump of one process, not of a machine: the message is about another file.", "warning")
    where = "in C:\\Windows\\Minidump, or C:\\Windows\\MEMORY.DMP"
    yield Note(f"`bugcheck DUMP` on the kernel dump of that stop ({where}) names the driver that is most likely meant", "hint")


def _codes(said: Said) -> Iterator[Block]:
    """The codes of the text, each with all of its readings."""
    from ..format.codes import HRESULT, describe_code, name_words
    from ..format.codes.errno import ERRNO

    words = set(re.findall(r"\w+", said.text.upper()))
    rows = []
    for value in said.reading.codes:
        meanings = describe_code(value)
        named = [meaning for meaning in meanings if meaning.symbol in words]
        # Small numbers are Win32 errors and NTSTATUS values that have nothing to do with each other: a name says which is meant.
        for meaning in named if named and value <= 0xFFFF else meanings:
            # An HRESULT with a name of its own means what the Win32 error in it means.
            inner = next((item.text for item in meanings if item.kind.startswith("HRESULT of") and meaning.kind == HRESULT), "")
            own = name_words(meaning.symbol)
            rows.append((value, meaning.kind, meaning.symbol, meaning.text or inner or (f"{own} (the words of its name)" if own else "")))
    if said.code is not None and re.fullmatch(r"0x0{4,6}[0-9a-f]{2,4}", said.text.strip(), re.IGNORECASE) and bug_check(said.code).name:
        rows.append((said.code, "bug check", bug_check(said.code).name, bug_check(said.code).meaning))  # eight digits, as a blue screen shows it
    for number in dict.fromkeys(item.value for item in errnos_in(said.text)):
        known = ERRNO.get(number)
        rows.append((number, "errno (C library)", known.symbol if known else "", known.phrase if known else ""))
    if rows:
        columns = [Column("value", "code", "hresult"), Column("kind", "as"), Column("symbol", "symbol", "type"), Column("text", "means")]
        yield Table("codes", columns, rows, title="codes")
    for code in codes_in(said.text) if said.code is None else ():
        if code.mended:
            yield Note(f"{said.text[code.start : code.end]} has a digit too few: it is taken for 0x{code.value:08x}", "hint")


def _speakers(said: Said) -> Iterator[Block]:
    """Who says it, what it is about, and what it means."""
    if said.reading.taken_as and not said.known:
        yield Note("Nearest known message: " + " ".join(said.reading.taken_as.split()))
    for item in [item for item in said.known if item.kind == said.kind][:1]:
        first = item.means.split()[0]
        plain = (first == "A" or first[1:].islower()) and not item.means.startswith(item.who)  # no name of a function or a product
        means = item.means[:1].lower() + item.means[1:] if plain else item.means
        told = f"This is a message of {item.who}, about {_about(item)}"
        yield Note(f"{told}." if _repeats(item) else f"{told}: {means}.")
    if said.known:
        yield Data(
            "messages",
            [{"who": item.who, "kind": item.kind, "means": item.means, "rules": list(item.rules), "remedy": list(item.remedy)} for item in said.known],
        )


def _about(item: Known) -> str:
    """What a message speaks of. A general one is of any program that is debugged, and a dump can be what is debugged."""
    return "the program, which runs in the debugger or is in a dump" if item.kind == LIVE and item.general else _SPEAKS[item.kind]


def _repeats(item: Known) -> bool:
    """Whether a message's meaning says no more than its kind does."""
    own, kind = (set(re.findall(r"\w+", text.lower())) for text in (item.means, _about(item)))
    return own <= kind | {"a", "the", "message", "about"}


def _steps(steps: Sequence[str], title: str = "what to do") -> Iterator[Block]:
    unique = list(dict.fromkeys(steps))
    if unique:
        yield Fields("", [Item("", "", "- " + step) for step in unique], title=title)


def _rules(codes: Sequence[str]) -> List[Rule]:
    return [find_rule(code) for code in dict.fromkeys(codes)]


def _wanted(said: Said) -> List[Rule]:
    """The rules that the text belongs to: those of the known messages first, then by its words, then those of the commands that it names."""
    rules = _rules([code for item in said.known for code in item.rules])
    rules += [rule for rule in said.reading.rules if rule not in rules and (not rule.when_asked or said.reading.asks_about(rule))]
    names = [*said.reading.commands, *(name for item in said.known for name in item.commands)]
    if not said.known or said.reading.commands:
        rules += [rule for rule in all_rules() if rule not in rules and any(name in rule.commands for name in names)]
    return rules


def _refuses(facts: Facts) -> bool:
    """Whether the debugger does not open the file as a dump of one process."""
    return facts.opened is None or not facts.engine.opening.ok


def _opening_findings(facts: Facts, first: Sequence[str] = ()) -> List[RuleFinding]:
    """What is found about opening the file: what the message points to first, then the worst."""
    found = apply(family("OPN"), facts)
    if _refuses(facts):
        found = [item for item in found if item.rule.severity == ERROR] or found
    order = list(first)
    return sorted(found, key=lambda item: (item.code not in order, order.index(item.code) if item.code in order else 0, SEVERITIES.index(item.rule.severity)))


def _refusal(facts: Any, said: Said) -> Iterator[Block]:
    """For a code or a message without a rule of its own: that the debugger refuses the file, and why; nothing where it opens it."""
    if facts is None or not _refuses(facts):
        return
    found = _opening_findings(facts)
    if found:
        yield Note("The debugger does not open this file as a dump of a process:", "warning")
        for item in found:
            yield finding_block(item)


# -- messages about opening ----------------------------------------------------------------------------------------------


def _opening(said: Said, facts: Any) -> Iterator[Block]:
    wanted = [rule.code for rule in _wanted(said)]
    steps = [step for item in said.known[:1] for step in item.remedy]
    causes = [OPENING_CODES[number] for number in dict.fromkeys(said.numbers) if number in OPENING_CODES]
    if facts is None:
        yield from _cause_notes(said)
        if said.numbers and all(number in _NO_SUCH_PATH for number in said.numbers):
            yield from _steps([*(step for cause in causes for step in cause.remedy), *steps])
            return  # no file was read, so that none is to blame
        yield from _known_causes(wanted or [rule.code for rule in family("OPN") if ".opendump" in rule.commands], "Known causes, in the file:")
        yield from _steps([*(step for cause in causes for step in cause.remedy), *steps])
        yield Note("`dumpscope why DUMP 'MESSAGE'` looks at the file", "hint")
        return
    found = _opening_findings(facts, wanted)
    if _refuses(facts) and not facts.engine.opening.ok:
        opening = facts.engine.opening
        yield Data("opens", {"ok": False, "hresult": f"0x{opening.hresult:08x}", "message": opening.message})
        yield Note(f"The debugger does not open this file: HRESULT 0x{opening.hresult:08x}, {opening.line}", "error")
        if not found:
            yield Note("No rule of dumpscope says why", "warning")
    elif facts.opened is None:
        yield Note("The debugger opens this file, as something else than a dump of one process.")
    else:
        yield from _opens(said, facts)
        yield from _cause_notes(said)
    if found:
        yield Note("On this dump it means:" if _refuses(facts) else "What it finds in opening it:")
        for item in found:
            yield finding_block(item)
    if facts.opened is None and facts.engine.opening.ok:
        yield from _cause_notes(said)
    if not _refuses(facts):
        yield from _steps([*(step for cause in causes for step in cause.remedy), *steps])
    yield Note("`why` without a message says everything that is found in the file", "hint")


def _opens(said: Said, facts: Facts) -> Iterator[Block]:
    """That the file opens, and what follows."""
    opening = facts.engine.opening
    yield Data("opens", {"ok": True, "hresult": f"0x{opening.hresult:08x}", "message": opening.message})
    if any(number in _NO_SUCH_PATH for number in said.numbers):
        yield Note("The debugger opens this file: the message is about the path, not about the file.")
    else:
        yield Note(
            "The debugger opens this file: the message was about another file or another state of it, or the reader that says it takes less than the debugger."
        )
        yield Note("Compare the size of the file with that of the one that was refused: a copy may have been cut, or was not finished.", "hint")


def _cause_notes(said: Said) -> Iterator[Block]:
    """What the codes mean where a file was not opened."""
    for value in said.reading.codes:
        cause = OPENING_CODES.get(one_number(value))
        if cause is not None:
            yield Note(f"0x{value:08x} in opening a file: {cause.means}.")


# -- messages about writing ----------------------------------------------------------------------------------------------


def _writing(said: Said, facts: Any) -> Iterator[Block]:
    faults = [(value, WRITE_CODES[one_number(value)]) for value in said.reading.codes if one_number(value) in WRITE_CODES]
    for value, fault in faults:
        yield Note(f"0x{value:08x} in writing a dump: {fault.means}.")
    named = [code for _, fault in faults for code in fault.rules]
    named += [code for item in said.known if item.kind == WRITING for code in item.rules]
    if not faults:
        named += [rule.code for rule in said.reading.rules if rule.code.startswith("WRT")]
    rules = _rules(named)
    fired = apply(rules, facts) if facts is not None else []
    if fired:
        yield Note("This file shows it:")
        for item in fired:
            yield finding_block(item)
    rest = [rule for rule in rules if rule not in [item.rule for item in fired]]
    if rest:
        yield from _known_causes([rule.code for rule in rest], "What dumpscope knows about it:")
    steps = [step for _, fault in faults for step in fault.remedy]
    steps += [step for rule in rest for step in rule.remedy if "{" not in step]
    steps += [step for item in said.known[:1] for step in item.remedy]
    yield from _steps([*steps, ELSEWHERE])
    if facts is not None and not fired:
        if facts.opened is not None and facts.engine.opening.ok:
            yield Note("This file was written, and the debugger opens it: the message is about another attempt.")
        else:
            yield from _refusal(facts, said)


# -- messages about what is in a dump ------------------------------------------------------------------------------------


def _content(said: Said, facts: Any) -> Iterator[Block]:
    """Messages about something in the file, or about no file at all."""
    rules = _wanted(said)
    steps = [step for item in said.known if item.kind == said.kind for step in item.remedy]
    if facts is None:
        yield from _known_causes([rule.code for rule in rules], "Known causes of this message:")
        yield from _steps(steps)
        return
    if facts.opened is not None:
        rules = [rule for rule in rules if rule.needs_dump]
    scores = said.reading.scores
    fired = apply(rules, facts)
    own = [rule.code for rule in rules]
    if said.known:
        fired.sort(key=lambda item: own.index(item.code))
    else:
        fired.sort(key=lambda item: (-scores.get(item.code, 0.0), SEVERITIES.index(item.rule.severity)))
    if said.known and any(item.rule.severity != INFO for item in fired):
        fired = [item for item in fired if item.rule.severity != INFO or item.code == own[0]]
    if _refuses(facts):
        first = [item for item in _opening_findings(facts) if item not in fired]
        fired = [*[item for item in fired if item.code.startswith("OPN")], *first, *[item for item in fired if not item.code.startswith("OPN")]]
    if said.reading.commands and not said.known:
        fired, notes = _of_command(said.reading.commands[0], fired, facts)
        yield from notes
    if said.kind == MANAGED and facts.opened is not None:
        yield from _managed(facts)
    if fired:
        yield Note("On this dump it means:")
        for item in fired:
            yield finding_block(item)
    elif said.kind == KERNEL:
        yield Note("This file is a dump of one process, not of a machine: the message is about another file.", "warning")
    elif said.kind != LIVE and rules:
        particular = [rule.code for rule in rules if not rule.code.startswith("FLG")]
        yield from _known_causes(particular, "None of the known causes is found in this dump; they are:")
        if said.known:
            yield from _rest(facts)
    if said.kind == KERNEL and not fired:
        yield from _steps(steps, "what to do with the kernel dump that the message is about")
    else:
        yield from _steps(steps)


def _of_command(name: str, fired: List[RuleFinding], facts: Facts) -> Tuple[List[RuleFinding], List[Block]]:
    """The findings without those about flags in general, and a word where the command works on this dump."""
    own = [item for item in fired if not item.code.startswith("FLG")]
    answer = facts.engine.commands.get(name)
    if answer is None or any(item.rule.severity != INFO for item in own):
        return own or fired, []
    if answer.outcome != WORKS:
        serious = [item for item in _opening_findings(facts) if item.rule.severity == ERROR and item not in own]
        return [*serious, *own], [Note(f"{name} on this dump: {answer.why}.", "warning")] if answer.why else []
    return own, [Note(f"{name} will work on this dump: the message is of another dump, or the trouble is on the debugger's side.")]


def _managed(facts: Facts) -> Iterator[Block]:
    """What SOS has to do with on this dump: the processor, and whether a runtime and its data are there."""
    system = facts.dump.system
    if not isinstance(system, Absent):
        yield Note(f"This is a dump of a process on {system.architecture_name}: debugger, SOS and dotnet-dump must be of that kind.")
    answer = facts.engine.commands.get("SOS")
    if answer is not None and answer.why:
        yield Note(f"SOS on this dump: {answer.why}.", "warning" if answer.outcome == FAILS else "info")


def _known_causes(codes: Sequence[str], title: str) -> Iterator[Block]:
    """Rules as a table, where none of them is found in a file or there is none."""
    rules = _rules(codes)
    if rules:
        yield Note(title)
        yield rule_table(rules)


# -- what nobody knows ---------------------------------------------------------------------------------------------------


def _unknown(said: Said, facts: Any, codes: bool) -> Iterator[Block]:
    """What to say to a text that is nothing known: that it is not, and what plain ``why`` finds."""
    text = said.text
    single = len(text.split()) == 1
    near = near_commands(text) if single else []
    command = single and text[0] in "!."
    if command or single:
        yield Note(f"{text!r} is no {'debugger command' if command else 'message'} that dumpscope knows", "warning")
    else:
        shown = text if len(text) <= 120 else text[:117] + "…"
        yield Note(f"dumpscope does not know this message: {shown!r}" + ("; its code alone says nothing about the file" if codes else ""), "warning")
    if near:
        yield Note(f"did you mean {' or '.join(near)}?", "hint")
    elif single:
        yield Note("`rules` lists the messages and causes that it knows; `why '!handle'` asks about a command", "hint")
    if facts is not None and not single:
        yield from _rest(facts)


def _rest(facts: Facts) -> Iterator[Block]:
    """What plain ``why`` finds in the file, in short."""
    opening = facts.engine.opening
    yield Note(
        "The debugger opens this file." if opening.ok else f"The debugger does not open this file: HRESULT 0x{opening.hresult:08x}.",
        "info" if opening.ok else "error",
    )
    found = [item for item in audit(facts) if item.rule.severity in (ERROR, WARNING)]
    if not found:
        yield Note("`why` finds nothing wrong with this file.")
        return
    yield Note("What `why` finds in this file:")
    for item in found[:MOST_FINDINGS]:
        yield finding_block(item, brief=True)
    if len(found) > MOST_FINDINGS:
        yield Note(f"and {len(found) - MOST_FINDINGS} more: `why` without a message shows them in full", "hint")


__all__ = ["Said", "message_blocks", "understand"]
