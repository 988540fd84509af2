"""Rules of other packages, loaded in this process: what is taken, what is refused, and what is said of it. test_plugins.py installs real packages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Callable, Iterator, List, Tuple

import pytest
from samples.writer import DumpBuilder

from dumpscope.diagnosis.audit import apply
from dumpscope.diagnosis.facts import Facts
from dumpscope.diagnosis.rules import catalogue, plugins
from dumpscope.diagnosis.rules.catalogue import FAMILIES, check_rule
from dumpscope.diagnosis.rules.rule import INFERRED, INFO, PROVEN, WARNING, Match, Rule, finding
from dumpscope.dump.source import Source

PREFIXES = ("HND", "THR")


def rule(code: str, test: Callable[[Facts], Any] = lambda facts: None) -> Rule:
    """A whole rule that nobody could mistake for one of ours."""
    return Rule(
        code,
        WARNING,
        title="a title",
        symptoms=("a symptom",),
        commands=(".acme",),
        checks="something",
        verdict="{count:thing|things} of {name}.",
        confidence=PROVEN,
        remedy=("do {name}", "or not"),
        sources=("a book",),
        fires="handles",
        silent="comments",
        test=test,
    )


class Point(SimpleNamespace):
    """An entry point of a package that is not there."""

    name: str

    def load(self) -> Any:
        """What the entry point leads to; an exception is raised."""
        if isinstance(self.leads_to, BaseException):
            raise self.leads_to
        return self.leads_to


def point(name: str, leads_to: Any) -> Any:
    return Point(name=name, value=f"{name}:RULES", group=plugins.GROUP, leads_to=leads_to)


@pytest.fixture(autouse=True)
def broken() -> Iterator[List[Any]]:
    """The list of what failed, empty before and as it was after."""
    before = list(plugins.BROKEN)
    plugins.BROKEN[:] = []
    yield plugins.BROKEN
    plugins.BROKEN[:] = before


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tuple[Rule, ...]]:
    """Loads plug-ins from the entry points that are given."""

    def load(*found: Any) -> Tuple[Rule, ...]:
        monkeypatch.setattr(plugins, "points", lambda group: list(found) if group == "dumpscope.rules" else [])
        return plugins.plugin_rules(lambda one: check_rule(one), PREFIXES)  # a function of its own: what was loaded before is not remembered for it

    return load


def facts() -> Facts:
    made = DumpBuilder()
    made.add_system_info()
    return Facts.of(Source.from_object(made.build()))


def kept(values: List[Any], value: Any, result: Any) -> Any:
    """Notes a value, and gives the result."""
    values.append(value)
    return result


def said(broken: List[Any]) -> List[Tuple[str, str]]:
    return [(one.name, one.why) for one in broken]


def test_rules_are_taken_in_the_order_of_entry_points(loaded: Any, broken: List[Any]) -> None:
    rules = loaded(point("a", [rule("ACM003"), rule("ACM001")]), point("b", (rule("BCM001"),)), point("c", iter([rule("ACM002")])), point("d", ()))
    assert [one.code for one in rules] == ["ACM003", "ACM001", "BCM001", "ACM002"]
    assert broken == []
    assert loaded() == ()


def test_a_rule_is_as_it_was_but_for_its_guard(loaded: Any, broken: List[Any]) -> None:
    seen: List[Facts] = []
    given = rule("ACM001", lambda one: kept(seen, one, Match((), {"count": 1, "name": "x"})))._replace(severity=INFO, when_asked=True)
    (taken,) = loaded(point("a", [given]))
    assert taken._replace(test=given.test) == given
    asked = facts()
    assert taken.test(asked) == Match((), {"count": 1, "name": "x"})
    assert seen == [asked]
    assert [one.verdict for one in apply([taken], asked)] == ["1 thing of x."]
    assert broken == []


def test_a_rule_that_does_not_fire_is_no_fault(loaded: Any, broken: List[Any]) -> None:
    (taken,) = loaded(point("a", [rule("ACM001")]))
    assert taken.test(facts()) is None
    assert broken == []


@pytest.mark.parametrize(
    ("gives", "why"),
    [
        (True, "TypeError: its test returned bool, not Match or None"),
        (False, "TypeError: its test returned bool, not Match or None"),
        (0, "TypeError: its test returned int, not Match or None"),
        ((), "TypeError: its test returned tuple, not Match or None"),
        (Match((), {"count": 1}), "KeyError: 'name'"),
        (Match((), {"name": "x"}), "KeyError: 'count'"),
    ],
)
def test_what_a_rule_may_not_give(loaded: Any, broken: List[Any], gives: Any, why: str) -> None:
    bad, good = rule("ACM001", lambda one: gives), rule("ACM002", lambda one: Match((), {"count": 2, "name": "y"}))
    rules = loaded(point("a", [bad, good]))
    for _ in range(2):
        assert [one.code for one in apply(rules, facts())] == ["ACM002"]
        assert said(broken) == [("a", f"rule ACM001 failed: {why}")], "once, however often the rule fails"
    assert (broken[0].place, broken[0].group) == ("a:RULES", "dumpscope.rules")
    assert broken[0].words == f"the plug-in a (a:RULES) is left out: rule ACM001 failed: {why}"


def test_a_rule_that_raises_ends_nothing(loaded: Any, broken: List[Any]) -> None:
    def test(_facts: Facts) -> Match:
        raise ZeroDivisionError("oh")

    (taken,) = loaded(point("a", [rule("ACM001", test)]))
    assert taken.test(facts()) is None
    assert said(broken) == [("a", "rule ACM001 failed: ZeroDivisionError: oh")]


@pytest.mark.parametrize(
    ("leads_to", "why"),
    [
        (ImportError("no such"), "ImportError: no such"),
        (SystemExit(3), "SystemExit: 3"),
        (SystemExit(), "SystemExit"),
        (5, "TypeError: 'int' object is not iterable"),
        (["text"], "TypeError: it holds a str, not a Rule"),
        ([rule("ACM002"), None], "TypeError: it holds a NoneType, not a Rule"),
        ([rule("ACM002"), rule("HND999")], "ValueError: rule HND999: HND is a family of dumpscope; take other letters"),
        ([rule("THR001")], "ValueError: rule THR001: THR is a family of dumpscope; take other letters"),
        ([rule("ACM002"), rule("ACM002")], "ValueError: rule ACM002: the code is taken by bad"),
        ([rule("ACM002"), rule("ACM001")], "ValueError: rule ACM001: the code is taken by a"),
        ([rule("ACM002")._replace(remedy=())], "ValueError: rule ACM002: remedy is missing"),
        ([rule("acm002")], "ValueError: rule acm002: code, severity or confidence is none of those known"),
    ],
)
def test_a_plugin_is_taken_whole_or_not_at_all(loaded: Any, broken: List[Any], leads_to: Any, why: str) -> None:
    rules = loaded(point("a", [rule("ACM001")]), point("bad", leads_to), point("c", [rule("ACM002")]))
    assert [one.code for one in rules] == ["ACM001", "ACM002"], "no code is taken by a plug-in that is refused"
    assert said(broken) == [("bad", why)]


def test_an_interrupt_is_not_the_plugins_fault(loaded: Any, broken: List[Any]) -> None:
    with pytest.raises(KeyboardInterrupt):
        loaded(point("a", KeyboardInterrupt()))
    assert broken == []


def test_plugins_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    groups: List[str] = []
    monkeypatch.setattr(plugins, "points", lambda group: kept(groups, group, [point("a", [rule("ACM001")])]))

    def check(one: Rule) -> None:
        check_rule(one)

    assert plugins.plugin_rules(check, PREFIXES) is plugins.plugin_rules(check, PREFIXES)
    assert groups == ["dumpscope.rules"]


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two rules of a plug-in beside ours."""
    plugins.plugin_rules.cache_clear()
    monkeypatch.setattr(
        plugins, "points", lambda group: [point("a", [rule("ACM002"), rule("ACM001"), rule("EXC001")]), point("b", [rule("ACM001"), rule("BCM001")])]
    )
    yield
    plugins.plugin_rules.cache_clear()


def test_the_catalogue_has_them_behind_ours(added: None, broken: List[Any]) -> None:
    """The first plug-in takes letters of ours: it is left out, and its codes are free."""
    own = [one.code for prefix, _, _ in FAMILIES for one in catalogue.family(prefix)]
    assert [one.code for one in catalogue.all_rules()] == [*own, "ACM001", "BCM001"]
    assert [one.code for one in catalogue.added_rules()] == ["ACM001", "BCM001"]
    assert [catalogue.find_rule(code).code for code in ("acm001", "BCM001", "hnd001")] == ["ACM001", "BCM001", "HND001"]
    assert [one.code for one in catalogue.rules_for(".acme")] == ["ACM001", "BCM001"]
    assert said(broken) == [("a", "ValueError: rule EXC001: EXC is a family of dumpscope; take other letters")]
    for code in ("ACM002", "HND999", "ACM", ""):
        with pytest.raises(KeyError):
            catalogue.find_rule(code)


# --- what makes a rule whole, and what a finding says ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["title", "symptoms", "commands", "checks", "verdict", "remedy", "sources", "fires", "silent"])
def test_a_rule_leaves_nothing_out(name: str) -> None:
    whole = rule("ACM001")
    check_rule(whole)
    empty: Any = () if isinstance(getattr(whole, name), tuple) else ""
    with pytest.raises(ValueError, match=rf"^rule ACM001: {name} is missing$"):
        check_rule(whole._replace(**{name: empty}))


@pytest.mark.parametrize(
    "code", ["", "ACM", "ACM01", "ACM0001", "acm001", "AcM001", "A1M001", "ACM00A", "AC\u00c4001", "ACM\u0661\u0662\u0663", "ACM 01", "AC-001", "001ACM"]
)
def test_a_code_is_three_capitals_and_three_digits(code: str) -> None:
    with pytest.raises(ValueError, match="code, severity or confidence is none of those known"):
        check_rule(rule(code))


@pytest.mark.parametrize("change", [{"severity": "fatal"}, {"severity": ""}, {"confidence": "sure"}, {"confidence": ""}])
def test_a_rule_has_a_severity_and_a_confidence_that_we_know(change: Any) -> None:
    with pytest.raises(ValueError, match="code, severity or confidence is none of those known"):
        check_rule(rule("ACM001")._replace(**change))


@pytest.mark.parametrize("prefix", ["", "HN", "HNDX", "hnd", "ACM"])
def test_there_is_no_family_of_other_letters(prefix: str) -> None:
    with pytest.raises(KeyError):
        catalogue.family(prefix)


@pytest.mark.parametrize(
    ("loaded_rules", "words"),
    [((rule("ACM001"),), "rule ACM001 stands among the HND rules"), ((rule("HND001")._replace(title=""),), "rule HND001: title is missing")],
)
def test_a_family_has_whole_rules_of_its_own(monkeypatch: pytest.MonkeyPatch, loaded_rules: Tuple[Rule, ...], words: str) -> None:
    """Rules are checked when the family is first asked for, and the family is not kept if one is not whole."""
    asked: List[str] = []
    monkeypatch.setattr(catalogue, "_loaded", {})
    monkeypatch.setattr(catalogue, "import_module", lambda name: kept(asked, name, SimpleNamespace(RULES=loaded_rules)))
    for _ in range(2):
        with pytest.raises(ValueError, match=f"^{words}$"):
            catalogue.family("HND")
    assert asked == ["dumpscope.diagnosis.rules.handles"] * 2
    monkeypatch.setattr(catalogue, "import_module", lambda name: kept(asked, name, SimpleNamespace(RULES=(rule("HND001"),))))
    assert catalogue.family("HND") is catalogue.family("HND")
    assert len(asked) == 3


def test_a_finding_says_what_the_match_knows() -> None:
    one = rule("ACM001")
    plain = finding(one, Match((), {"count": 2, "name": "y"}))
    assert (plain.rule, plain.code, plain.evidence) == (one, "ACM001", ())
    assert (plain.verdict, plain.confidence, plain.remedy) == ("2 things of y.", PROVEN, ("do y", "or not"))
    other = finding(one, Match((), {"count": 1, "name": "{z}"}, INFERRED, ("do {name}",)))
    assert (other.verdict, other.confidence, other.remedy) == ("1 thing of {z}.", INFERRED, ("or not",))
