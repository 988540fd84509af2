"""The mutants of a module: cosmic-ray's operators, and one of ours that takes a statement away."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import parso.python.tree as tree
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.operators.provider import OperatorProvider

NEEDS_NAMES = ("VariableReplacer", "VariableInserter")
"""Operators of cosmic-ray that want the names of variables from a configuration: they are off by default there too."""


class RemoveStatement(Operator):
    """Takes away a statement that is there for its effect: a call, a ``yield``, ``x += …``, ``x[…] = …``. Docstrings stay."""

    def mutation_positions(self, node: Any) -> Iterator[Tuple[Tuple[int, int], Tuple[int, int]]]:
        if _has_effect(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        first = node.children[0].get_first_leaf()
        node.children[0] = tree.Keyword("pass", first.start_pos, first.prefix)
        return node

    @classmethod
    def examples(cls) -> Tuple[Example, ...]:
        return (
            Example("def f():\n    rows.append(1)\n", "def f():\n    pass\n"),
            Example("x = 1\nx += 2\n", "x = 1\npass\n"),
            Example("def f():\n    yield 1\n    yield 2\n", "def f():\n    yield 1\n    pass\n", occurrence=1),
            Example('row["a"] = 1\n', "pass\n"),
        )


def _has_effect(node: Any) -> bool:
    if node.type != "simple_stmt":
        return False
    first = node.children[0]
    if first.type in ("yield_expr",) or (first.type == "atom_expr" and first.children[-1].type == "trailer"):
        return True
    if first.type != "expr_stmt" or len(first.children) < 2:
        return False
    sign = first.children[1]
    if isinstance(sign, tree.Operator):
        return first.children[0].type == "atom_expr"
    return bool(getattr(sign, "value", "") not in ("", "=") and sign.type == "operator")


OPERATORS: Dict[str, type] = {name: OperatorProvider()[name] for name in OperatorProvider() if name not in NEEDS_NAMES}
OPERATORS["RemoveStatement"] = RemoveStatement


class Mutant(NamedTuple):
    """One change of one module: the operator, its arguments, the how-manieth of its places, and where that is (lines from 1, columns from 0)."""

    path: str
    operator: str
    arguments: Tuple[Tuple[str, Any], ...]
    occurrence: int
    start: Tuple[int, int]
    end: Tuple[int, int]

    @property
    def name(self) -> str:
        """A short name that finds it again: ``commands/handles.py:41:8 AddNot``."""
        words = "".join(f" {value}" for _name, value in self.arguments)
        return f"{self.path}:{self.start[0]}:{self.start[1]} {self.operator}{words}#{self.occurrence}"

    def source(self, root: Path) -> Optional[str]:
        """The module with this change; None if it is no program, or the same to Python (an annotation, a bracket)."""
        text = (root / self.path).read_text("utf-8")
        changed = mutate_code(text, OPERATORS[self.operator](**dict(self.arguments)), self.occurrence)
        try:
            return None if changed is None or _tree(text) == _bare(changed) else str(changed)
        except SyntaxError:
            return None


def mutants(root: Path, path: str) -> List[Mutant]:
    """Every mutant of a module, in the order of operators and places."""
    nodes = list(ast_nodes(get_ast((root / path).read_text("utf-8"))))
    signs = [node for node in nodes if isinstance(node, tree.Operator)]
    found: List[Mutant] = []
    for name, operator in OPERATORS.items():
        made = operator()
        among = signs if name.startswith("ReplaceBinaryOperator") else nodes
        positions = [position for node in among for position in made.mutation_positions(node)]
        found += [Mutant(path, name, (), number, start, end) for number, (start, end) in enumerate(positions)]
    return found


@lru_cache(maxsize=8)
def _tree(text: str) -> str:
    return _bare(text)


def _bare(text: str) -> str:
    return ast.dump(_Bare().visit(ast.parse(text)))


class _Bare(ast.NodeTransformer):
    """Takes the annotations away: with ``from __future__ import annotations`` they are texts that nothing evaluates while the program runs."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        node.annotation = ast.Constant(None)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        return node


class Place(NamedTuple):
    """Where a mutant stands: the lines whose tests can see it, and the function it is in if it is in the body of one."""

    lines: range
    function: Optional[Tuple[str, int]]
    whole: bool


def place(text: str, start: Tuple[int, int]) -> Place:
    """The statement around a position. ``function`` (name, first line) if it stands in the body of a function; ``whole``: all of the module may use it."""
    line = start[0]
    inside: Optional[ast.AST] = None
    body: List[ast.stmt] = _parsed(text).body
    while True:
        node = next((node for node in body if _first(node) <= line <= (node.end_lineno or 0)), None)
        if node is None:
            return Place(range(line, line + 1), None, True)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if line < node.body[0].lineno or start < (node.body[0].lineno, node.body[0].col_offset):
                return Place(range(node.body[0].lineno, (node.end_lineno or 0) + 1), None, False)
            inside = node
            break
        if isinstance(node, ast.ClassDef):
            body = node.body
            if not any(_first(part) <= line <= (part.end_lineno or 0) for part in body):
                return Place(range(_first(node), (node.end_lineno or 0) + 1), None, True)
            if not isinstance(next(part for part in body if _first(part) <= line <= (part.end_lineno or 0)), (ast.FunctionDef, ast.ClassDef)):
                return Place(range(_first(node), (node.end_lineno or 0) + 1), None, True)
            continue
        return Place(range(line, line + 1), None, True)
    assert isinstance(inside, (ast.FunctionDef, ast.AsyncFunctionDef))
    statement: ast.stmt = inside.body[0]
    for node in ast.walk(inside):
        if isinstance(node, ast.stmt) and node is not inside and node.lineno <= line <= (node.end_lineno or 0) and node.lineno >= statement.lineno:
            statement = node
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    if hasattr(statement, "body"):  # the head of a compound statement
        last = max(first, min(part.lineno for part in statement.body) - 1)
    return Place(range(first, max(last, line) + 1), (inside.name, _first(inside)), False)


@lru_cache(maxsize=4)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _first(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
