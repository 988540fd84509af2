"""One test for many small cases: a case then costs what it does, and not what pytest needs for each test."""

from __future__ import annotations

import functools
import inspect
import os
import traceback
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple, Union

import pytest

APART = os.environ.get("DUMPSCOPE_CASES") == "apart"
"""Whether each case is a test of its own after all, so that one can be chosen by its name, or its lines be known (``tests/mutants``)."""

SHOWN = 12
"""So many wrong cases are shown with what is wrong, the others by their names."""

LINES = 40
"""So many lines are shown of what is wrong with a case."""

Test = Callable[..., None]
Case = Tuple[str, Dict[str, Any]]
Ids = Union[None, Callable[[Any], object], Sequence[Union[str, int]]]


def each(names: Union[str, Tuple[str, ...]], cases: Iterable[Any], ids: Ids = None) -> Callable[[Test], Test]:
    """Make one test of a function and its cases, which are written as for ``pytest.mark.parametrize``.

    It goes through all of them, also behind one that fails, and then fails with the name of each wrong case and what was found. What fixtures
    give is the same for all cases: a case must not leave anything there that the next one would see. A case to which the test does not apply
    returns: one that skipped would skip all others.
    """
    given = list(cases)
    if not given:
        raise ValueError("no cases: such a test could not fail")
    arguments, rows = ((names,), [(value,) for value in given]) if isinstance(names, str) else (names, given)
    if any(len(values) != len(arguments) for values in rows):
        raise ValueError(f"each case has {len(arguments)} values: {', '.join(arguments)}")
    own: List[Case] = [(named(values, number, ids), dict(zip(arguments, values))) for number, values in enumerate(rows)]

    def together(test: Test) -> Test:
        if APART:
            apart: Test = pytest.mark.parametrize(names, given, ids=ids)(test)
            return apart
        inner: List[Case] = getattr(test, "cases", [])
        all_cases = [(f"{name}-{more}", {**values, **others}) for name, values in own for more, others in inner] if inner else own
        check: Test = getattr(test, "check", test)

        @functools.wraps(test)
        def through_all(**fixtures: Any) -> None:
            __tracebackhide__ = True
            wrong: List[Tuple[str, str]] = []
            first: Optional[BaseException] = None
            for name, values in all_cases:
                try:
                    check(**values, **fixtures)
                except pytest.skip.Exception as skipped:
                    raise TypeError(f"{name}: a case that does not apply returns; skipping it would skip the others") from skipped
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - told below
                    wrong.append((name, told(error, check)))
                    first = error if first is None else first
            if wrong:
                fail(wrong, len(all_cases), first)

        signature = inspect.signature(test)
        left = [parameter for name, parameter in signature.parameters.items() if name not in arguments]
        through_all.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        through_all.check, through_all.cases = check, all_cases  # type: ignore[attr-defined]
        return through_all

    return together


def fail(wrong: Sequence[Tuple[str, str]], of: int, first: Optional[BaseException]) -> None:
    """Say what is wrong, behind the traceback of the first wrong case."""
    raise AssertionError(summary(wrong, of)) from first


def named(values: Sequence[Any], number: int, ids: Ids) -> str:
    """What a case is called: by ``ids``, else by its values."""
    if callable(ids):
        return "-".join(str(ids(value)) for value in values)
    if ids is not None:
        return str(ids[number])
    return "-".join(short(value if isinstance(value, str) else repr(value)) for value in values)


def told(error: BaseException, test: Test) -> str:
    """What is wrong, and in which line of the test."""
    file = inspect.unwrap(test).__code__.co_filename
    lines = [str(frame.lineno) for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    words = str(error) if isinstance(error, (AssertionError, pytest.fail.Exception)) else f"{type(error).__name__}: {error}"
    return f"{words}\n(line {lines[-1]})" if lines else words


def summary(wrong: Sequence[Tuple[str, str]], of: int) -> str:
    """The wrong cases, one below the other."""
    lines = [f"{len(wrong)} of {of} cases are wrong:"]
    for name, words in wrong[:SHOWN]:
        lines.append(f"{name}:")
        said = words.splitlines()
        lines += ["    " + line for line in (said if len(said) <= LINES else [*said[: LINES - 2], "…", said[-1]])]
    if wrong[SHOWN:]:
        lines.append("and " + ", ".join(name for name, _ in wrong[SHOWN:]))
    return "\n".join(lines)


def short(text: str, most: int = 100) -> str:
    """A text that fits a line."""
    return text if len(text) <= most else text[: most - 1] + "…"
