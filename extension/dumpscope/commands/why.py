"""``why``, ``explain`` and ``rules``: why a debugger command fails on this dump, with the evidence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Sequence, Tuple

from ..diagnosis.audit import apply, audit
from ..diagnosis.engine.answers import FAILS, WORKS, CommandAnswer
from ..diagnosis.facts import Facts
from ..diagnosis.messages import looks_like_code, looks_like_rule
from ..diagnosis.plan import NEEDS, canonical
from ..diagnosis.promises import promises
from ..diagnosis.rules.catalogue import FAMILIES, all_rules, find_rule
from ..diagnosis.rules.plugins import BROKEN
from ..diagnosis.rules.rule import ERROR, WARNING, Rule, sample_file
from ..diagnosis.rules.rule import Finding as RuleFinding
from ..errors import UsageError
from ..session.account import account
from ..session.mending import mend_note, remedy_of, with_mend
from ..session.missing import facts_of, finding_block, rule_table
from ..session.registry import DUMP_ANY, DUMP_NONE, arg, command
from ..session.session import Session
from ..session.stack_words import stack_needs, stack_summary
from ..session.waiting import deadlock_notes
from ..view.blocks import Block, Column, Data, Fields, Item, Lines, Note, Table

if TYPE_CHECKING:
    from ..diagnosis.engine.view import EngineView


def _broken() -> Iterator[Block]:
    """The plug-ins that could not be used so far."""
    for item in BROKEN:
        yield Note(item.words, "warning")


def _opening(facts: Facts) -> Iterator[Block]:
    opening = facts.engine.opening
    yield Data("opens", {"ok": opening.ok, "hresult": f"0x{opening.hresult:08x}", "message": opening.message})
    if opening.ok:
        yield Note("The debugger opens this file." if facts.source.fault is None else f"The debugger opens this file. {_taken(facts)}")
    else:
        yield Note(f"The debugger does not open this file: HRESULT 0x{opening.hresult:08x}.", "error")
        for line in opening.message.splitlines():
            yield Note(line)


def _taken(facts: Facts) -> str:
    """What the debugger takes out of an archive of which nothing is read here."""
    from ..diagnosis.engine.archives import given

    found = given(facts.source)
    return f"{found.words}." if found is not None else ""


def _flag_rows(facts: Facts) -> Iterator[Tuple[Any, ...]]:
    for item in promises(facts):
        yield item.bit, item.name, item.asked, item.delivered, item.note, item.offset


def _flag_table(facts: Facts) -> Iterator[Block]:
    columns = [
        Column("bit", "bit", "mask", link="flags {}"),
        Column("name", "flag", "type"),
        Column("asked", "asked", "bool"),
        Column("delivered", "there"),
        Column("offset", "at", "offset", hidden=True, index=5),
        Column("note", "known by", role="dim", index=4),
    ]
    rows = list(_flag_rows(facts))
    shown = [row for row in rows if row[2] or row[3] in ("yes", "partial")]
    yield Table("", columns, shown, title="asked for, and there")
    if shown and not facts.flags_count:
        who = "the writer" if facts.writer.name == "unknown" else facts.writer.name
        yield Note(f"the flags do not say what {who} was asked for: `asked` shows the bits of the header, `there` is what counts", "hint")
    yield Table("flags", [column._replace(hidden=True) for column in columns], rows)


def _command_columns() -> List[Column]:
    return [
        Column("command", "command", "name", link="why {}"),
        Column("outcome", "outcome"),
        Column("hresult", "hresult", "hresult", hidden=True),
        Column("findings", "because", "words"),
        Column("message", "message", hidden=True),
        Column("why", "why"),
    ]


def _codes_for(answer: CommandAnswer, found: Sequence[RuleFinding]) -> List[str]:
    """Codes of the findings that explain a command's outcome; the flags in general only where nothing more particular does."""
    if answer.outcome == WORKS:
        return []
    codes = [item.code for item in found if answer.command in item.rule.commands]
    return [code for code in codes if not code.startswith("FLG")] or codes


def _command_rows(session: Session, facts: Facts, found: Sequence[RuleFinding]) -> List[Tuple[Any, ...]]:
    """A row for each command. The debugger walks a stack without images too, and may guess: the row of `k` says which are missing."""
    rows: List[Tuple[Any, ...]] = []
    for answer in facts.engine.commands.values():
        why = answer.why or (stack_summary(session) if answer.command == "k" and answer.outcome == WORKS else "")
        rows.append((answer.command, answer.outcome, answer.hresult, _codes_for(answer, found), answer.message, why))
    return rows


def _engine_data(facts: Facts) -> Iterator[Block]:
    if facts.source.fault is None:  # else nothing is read of what the debugger takes out
        yield Data("engine", make=lambda: _engine_json(facts.engine))


def _engine_json(engine: EngineView) -> Dict[str, Any]:
    handles, regions, exception = engine.handles, engine.regions, engine.exception
    return {
        "opens": {"hresult": f"0x{engine.opening.hresult:08x}", "wait_hresult": f"0x{engine.opening.wait_hresult:08x}"},
        "handles": {"hresult": f"0x{handles.hresult:08x}", "count": handles.count},
        "threads": [
            {"index": item.index, "tid": item.tid, "hresult": f"0x{item.hresult:08x}", "valid": f"0x{item.valid:x}", "teb": f"0x{item.teb:x}"}
            for item in engine.threads
        ],
        "regions": {
            "first_hresult": f"0x{regions.first_hresult:08x}",
            "last_hresult": f"0x{regions.last_hresult:08x}",
            "count": regions.count,
            "end": f"0x{regions.end:x}",
        },
        "exception": {
            "hresult": f"0x{exception.hresult:08x}",
            "code": None if exception.code is None else f"0x{exception.code:08x}",
            "thread_id": exception.thread_id,
        },
    }


def _audit(session: Session) -> Iterator[Block]:
    facts = facts_of(session)
    yield from account(session)
    yield from deadlock_notes(session)
    yield from _opening(facts)
    remedy = remedy_of(session, facts)
    yield from mend_note(remedy)
    found = audit(facts)
    yield from _broken()
    if facts.opened is not None:
        yield from _flag_table(facts)
    serious = [item for item in found if item.rule.severity in (ERROR, WARNING)]
    for item in serious:
        yield with_mend(finding_block(item), remedy)
    if not serious:
        yield Note("Nothing is wrong with this dump that dumpscope knows of.")
    others = [item for item in found if item not in serious]
    if others:
        yield Note("Worth knowing (`explain CODE` says more):")
        for item in others:
            yield finding_block(item, brief=True)
    if facts.source.fault is None and (facts.opened is not None or facts.engine.opening.ok):
        yield Table("commands", _command_columns(), _command_rows(session, facts, found), title="what the debugger's commands will do")
    yield from _engine_data(facts)


def _command_alone(name: str) -> Iterator[Block]:
    """One command without a dump: what it needs, and why it fails where it does."""
    need = NEEDS[name]
    flags = f"flag 0x{need.flags:x}" if need.flags else "no flag"
    yield Fields(
        "command",
        [
            Item("command", "command", name, "text", role="emphasis"),
            Item("needs", "it needs", f"{need.why}: {flags}" + (", and an exception record" if need.exception else "")),
            Item("limits", "limits", list(need.limits), "words"),
        ],
    )
    rules = [rule for rule in all_rules() if name in rule.commands]
    if rules:
        yield Note("Why it fails on a dump, as far as dumpscope knows:")
        yield rule_table(rules)
    yield Note(f"`why DUMP {name!r}` looks at a dump; `plan {name!r}` gives the flags, rights and lines for one on which it works", "hint")


def _one_command(session: Session, name: str) -> Iterator[Block]:
    if not session.has_file:
        yield from _command_alone(name)
        return
    facts = facts_of(session)
    yield from _opening(facts)
    remedy = remedy_of(session, facts)
    yield from mend_note(remedy)
    found = sorted(
        apply((rule for rule in all_rules() if name in rule.commands or rule.code.startswith("OPN")), facts),
        key=lambda item: (item.rule.severity != ERROR, item.rule.severity != WARNING),
    )
    own = [item for item in found if not item.code.startswith("FLG")]
    found = own or found  # the flags in general are of interest only where nothing more particular is known
    if facts.source.fault is not None and facts.engine.opening.ok:
        yield Note(f"{name} depends on the dump that the debugger takes out, and nothing of it is read here.")
        for item in found:
            yield finding_block(item)
        return
    answer = facts.engine.commands.get(name) or CommandAnswer(name, WORKS if facts.engine.opening.ok else FAILS, facts.engine.opening.hresult, "", "")
    words = {"works": "will work", "partial": "will work in part", "fails": "will fail"}[answer.outcome]
    level = "info" if answer.outcome == WORKS else "warning"
    yield Note(f"{name} {words} on this dump" + (f": {answer.why}" if answer.why else "."), level)
    if answer.message:
        yield Lines("", ["    " + line for line in answer.message.split("\n")], title="the debugger will say")
    yield Table(
        "commands",
        [column._replace(hidden=True) for column in _command_columns()],
        [(answer.command, answer.outcome, answer.hresult, [item.code for item in found], answer.message, answer.why)],
    )
    for item in found:
        yield with_mend(finding_block(item), remedy)
    if name == "k":
        yield from stack_needs(session)
    need = NEEDS.get(name)
    if need is not None and answer.outcome != WORKS:
        yield Note(f"`plan '{name}'` gives the flags, rights and lines for a dump on which it works", "hint")
    yield from _engine_data(facts)


def _rule(session: Session, rule: Rule) -> Iterator[Block]:
    """One rule: the finding where this dump shows it, the rule's page where it does not."""
    found = apply([rule], facts_of(session)) if session.has_file else []
    if found:
        yield Note("On this dump it means:")
        yield with_mend(finding_block(found[0]), remedy_of(session, facts_of(session)))
        return
    if session.has_file:
        yield Note(f"{rule.code} is not found in this dump; this is what it is about:")
    yield from _page(rule)


@command(
    "why",
    summary="why debugger commands fail on this dump, with the evidence and what to do",
    category="failure",
    arguments=[
        arg(
            "topic",
            nargs="*",
            metavar="TOPIC",
            help="a debugger command ('!handle'), a pasted error message, an error code, or a rule code. Without TOPIC, check the whole dump",
            completes="debugger",
        ),
        arg("--readers", switch=True, help="which readers open this file and which refuse it, with the byte that decides"),
    ],
    examples=[
        ("why", "audit the dump: flags against streams, findings, what each command will do"),
        ("why '!handle'", "one command"),
        ("why 'ERROR: !handle: extension exception 0x80004002.'", "a pasted message"),
        ("why 0x80004002", "a code"),
        ("why --readers", "who else can read it: Microsoft's engine, LLDB, Breakpad, rust-minidump, PyPI's minidump, udmp-parser"),
    ],
    spellings=["!analyze"],
    description="Without a dump, a command, a message, a code or a rule is explained in general: `dumpscope why 'MiniDumpWriteDump failed with 8007012b'`.",
    dump=DUMP_ANY,
)
def why(session: Session, args: Any) -> Iterator[Block]:
    """The audit, one command, or one message."""
    text = " ".join(args.topic).strip()
    if args.readers:
        if text or not session.has_file:
            raise UsageError("--readers is about one file, and takes no topic", "dumpscope why app.dmp --readers")
        from .readers import readers_blocks

        yield from readers_blocks(session)
        return
    if not text:
        yield from _audit(session)
        return
    name = canonical(text)
    if name and len(text.split()) <= 2 and looks_like_code(text) is None:
        yield from _one_command(session, name)
        return
    if looks_like_rule(text):
        yield from _rule(session, find_rule(text))
        return
    from .pasted import message_blocks

    yield from message_blocks(session, text)


@command(
    "rules",
    summary="the catalogue of causes: every reason for a failing command that dumpscope knows",
    category="failure",
    arguments=[arg("family", nargs="?", metavar="FAMILY", help="only codes that begin with this, such as HND")],
    examples=[("rules", "all of them"), ("rules HND", "those about handles")],
    dump=DUMP_NONE,
)
def rules(session: Session, args: Any) -> Iterator[Block]:
    """The catalogue."""
    wanted = (args.family or "").upper()
    chosen = [rule for rule in all_rules() if rule.code.startswith(wanted)]
    yield from _broken()
    if not chosen:
        raise UsageError(f"no rule begins with {args.family!r}", "families: " + ", ".join(prefix for prefix, _, _ in FAMILIES))
    yield rule_table(chosen)


def unfilled(text: str) -> str:
    """A rule's words without a dump: ``…`` for what is filled in; a sentence that only some dumps have after the others is left out."""
    words = re.sub(r"\{\w+:(=?)[^{}|]*\|([^{}]*)\}", lambda found: found[2] if found[1] else f"… {found[2]}", text)
    return re.sub(r"\{\w+\}", "…", re.sub(r"(?<=[.]) ?\{\w+\}$", "", words))


@command(
    "explain",
    summary="one rule as a page: symptom, what is checked, cause, remedy, sources",
    category="failure",
    arguments=[arg("code", metavar="CODE", help="a rule's code, such as HND002", completes="rule")],
    examples=[("explain HND002", "why !handle fails though handles were asked for")],
    dump=DUMP_NONE,
)
def explain(session: Session, args: Any) -> Iterator[Block]:
    """One rule."""
    try:
        rule = find_rule(args.code)
    except KeyError:
        from difflib import get_close_matches

        from ..diagnosis.readers.reasons import reason_of
        from .readers import reason_page

        known = reason_of(args.code)
        if known is not None:
            yield from reason_page(known)
            return
        near = get_close_matches(args.code.upper(), [item.code for item in all_rules()], 3)
        raise UsageError(f"there is no rule {args.code!r}", f"did you mean {', '.join(near)}?" if near else "`rules` lists them") from None
    yield from _page(rule)


def _page(rule: Rule) -> Iterator[Block]:
    """A rule in full."""
    remedy = [unfilled(step) for step in rule.remedy]
    yield Fields(
        "rule",
        [
            Item("code", "rule", rule.code, "text", role="code"),
            Item("title", "cause", rule.title, "text", role="emphasis"),
            Item("severity", "severity", rule.severity),
            Item("confidence", "known by", rule.confidence, text="the file proves it" if rule.confidence == "proven" else "inferred from what the file shows"),
            Item("commands", "commands", list(rule.commands), "words"),
            Item("checks", "checked", rule.checks),
            Item("verdict", "verdict", unfilled(rule.verdict)),
            Item("symptoms", "", list(rule.symptoms), "words", hidden=True),
            Item("remedy", "", remedy, "words", hidden=True),
            Item("sources", "", list(rule.sources), "words", hidden=True),
            Item("samples", "samples", [rule.fires, rule.silent], "words", text=f"{sample_file(rule.fires)} shows it, {sample_file(rule.silent)} does not"),
        ],
    )
    lines = [part for symptom in rule.symptoms for part in symptom.split("\n")]
    yield Fields("", [Item("", "", line) for line in lines], title="what the debugger prints")
    yield Fields("", [Item("", "", "- " + step) for step in remedy], title="what to do")
    yield Fields("", [Item("", "", "- " + source) for source in rule.sources], title="known from")
