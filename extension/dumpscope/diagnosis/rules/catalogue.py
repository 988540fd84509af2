"""Every rule there is, by code. Families of rules are modules of :mod:`dumpscope.diagnosis.rules`."""

from __future__ import annotations

from importlib import import_module
from typing import Dict, Iterator, List, Tuple

from .plugins import plugin_rules
from .rule import INFERRED, PROVEN, SEVERITIES, Rule

FAMILIES: Tuple[Tuple[str, str, str], ...] = (
    # prefix, module, what it is about
    ("OPN", "opening", "files that do not open"),
    ("HND", "handles", "handles"),
    ("THR", "threads", "threads, times and registers"),
    ("EXC", "exceptions", "the exception record"),
    ("MEM", "memory", "memory, TEB and PEB"),
    ("MOD", "modules", "modules, unloaded modules, managed code and WOW64"),
    ("SYS", "system", "system and process information"),
    ("WRT", "writing", "failures while a dump is written"),
    ("FLG", "flags", "what the header's flags promise"),
)


def _is_code(text: str) -> bool:
    """Whether it is three capitals and three digits."""
    return len(text) == 6 and text.isascii() and text[:3].isalpha() and text[:3].isupper() and text[3:].isdigit()


def check_rule(rule: Rule) -> None:
    """Raise ValueError for a rule that leaves out what people need of it."""
    for name in ("title", "symptoms", "commands", "checks", "verdict", "remedy", "sources", "fires", "silent"):
        if not getattr(rule, name):
            raise ValueError(f"rule {rule.code}: {name} is missing")
    if not _is_code(rule.code) or rule.severity not in SEVERITIES or rule.confidence not in (PROVEN, INFERRED):
        raise ValueError(f"rule {rule.code}: code, severity or confidence is none of those known")


_loaded: Dict[str, Tuple[Rule, ...]] = {}


def family(prefix: str) -> Tuple[Rule, ...]:
    """The rules whose codes begin with ``prefix``, in order. Raises KeyError."""
    if prefix not in _loaded:
        for known, module, _ in FAMILIES:
            if known == prefix:
                rules: Tuple[Rule, ...] = import_module(f"dumpscope.diagnosis.rules.{module}").RULES
                for rule in rules:
                    check_rule(rule)
                    if not rule.code.startswith(prefix):
                        raise ValueError(f"rule {rule.code} stands among the {prefix} rules")
                _loaded[prefix] = rules
                break
        else:
            raise KeyError(prefix)
    return _loaded[prefix]


def all_rules() -> Iterator[Rule]:
    """Every rule, by family; those of plug-ins last."""
    for prefix, _, _ in FAMILIES:
        yield from family(prefix)
    yield from added_rules()


def added_rules() -> Tuple[Rule, ...]:
    """The rules of plug-ins."""
    return plugin_rules(check_rule, tuple(prefix for prefix, _, _ in FAMILIES))


def find_rule(code: str) -> Rule:
    """The rule with this code, case not significant. Raises KeyError."""
    wanted = code.upper()
    ours = any(prefix == wanted[:3] for prefix, _, _ in FAMILIES)
    for rule in family(wanted[:3]) if ours else added_rules():
        if rule.code == wanted:
            return rule
    raise KeyError(code)


def rules_for(command: str) -> List[Rule]:
    """Rules that explain a debugger command, such as ``!handle``."""
    return [rule for rule in all_rules() if command in rule.commands]
