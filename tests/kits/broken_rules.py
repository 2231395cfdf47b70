"""Code with one rule broken, to show that a named law notices.

A rule is an expression or a statement of a function, compared as Python reads it: spaces, brackets
and line breaks do not matter. In it, `_1`, `_2` … match anything; in the rule's replacement they
are the same again. A rule that is not in the function, or is in it twice, is refused.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from types import FunctionType, ModuleType
from typing import NamedTuple

import pytest
from hypothesis import Phase, settings

Law = Callable[[], None]
PLACE = re.compile(r"_\d")
OURS = ("exchange", "consumers", "producers", "schemas", "tools", "tests")
SETTINGS = "_hypothesis_internal_use_settings"
SOUGHT = 1_000
"""Examples in which a broken law must fail. The first failure ends the search."""
MAKER = "_made"
UNIMPORTANT = {"ctx", "kind", "type_comment"}


class BrokenRule(NamedTuple):
    """In this function (`f`) or method (`Class.f`) of a module, this rule and its replacement."""

    module: ModuleType
    name: str
    rule: str
    instead: str


@cache
def kept(law: Law) -> None:
    """The code as it is keeps the law; checked once."""
    law()


def break_rule(patch: pytest.MonkeyPatch, broken: BrokenRule, **names: object) -> None:
    """Put the function with its broken rule wherever it is used.

    `names`: what the new code needs and the module lacks.
    """
    *owners, name = broken.name.split(".")
    owner = getattr(broken.module, owners[0]) if owners else broken.module
    honest = getattr(owner, name)
    tree = _rewritten(honest, broken)
    made: dict[str, object] = {}
    known = vars(broken.module) | names if names else vars(broken.module)
    exec(compile(_made_within(tree, name), f"<{broken.name}, broken>", "exec"), known, made)
    make: Callable[[object], object] = made[MAKER]  # type: ignore[assignment]
    new = make(owner)
    for holder, held_as in [(owner, name)] if owners else _holders(honest):
        patch.setattr(holder, held_as, new)


def _made_within(tree: ast.Module, name: str) -> ast.Module:
    """The function within another that knows its class, as `super()` asks for it."""
    within = ast.parse(f"def {MAKER}(__class__):\n    return {name}")
    [maker] = within.body
    assert isinstance(maker, ast.FunctionDef)
    maker.body = [*tree.body, *maker.body]
    return ast.fix_missing_locations(within)


def take_the_first_failure(patch: pytest.MonkeyPatch, law: Law) -> None:
    """Look longer, and for no smaller example: a broken law explains nothing to anybody."""
    if hasattr(law, SETTINGS):
        without = [phase for phase in Phase if phase not in {Phase.shrink, Phase.explain}]
        patch.setattr(law, SETTINGS, settings(getattr(law, SETTINGS), max_examples=SOUGHT, phases=without))


def notices(
    patch: pytest.MonkeyPatch,
    law: Law,
    broken: BrokenRule,
    *others: type[BaseException],
    **names: object,
) -> None:
    """Check that a law holds for the code as it is, and fails once the rule is broken.

    `others`: errors that count as a failure too. `names`: as for `break_rule`.
    """
    kept(law)
    take_the_first_failure(patch, law)
    break_rule(patch, broken, **names)
    with pytest.raises((AssertionError, pytest.fail.Exception, *others)):  # the second: an error that did not come
        law()


def _holders(function: object) -> Iterator[tuple[ModuleType, str]]:
    """Every module of ours that has the function, and under which name."""
    for module in [one for name, one in list(sys.modules.items()) if name.partition(".")[0] in OURS]:
        yield from [(module, name) for name, value in vars(module).items() if value is function]


def _rewritten(function: FunctionType, broken: BrokenRule) -> ast.Module:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    change = _Change(_parsed(broken.rule), _parsed(broken.instead))
    change.visit(tree)
    if change.found != 1:
        raise ValueError(f"{broken.name}: {broken.rule!r} is there {change.found} times")
    return ast.fix_missing_locations(tree)


def _parsed(rule: str) -> ast.AST:
    [statement] = ast.parse(rule).body
    return statement.value if isinstance(statement, ast.Expr) else statement


class _Change(ast.NodeTransformer):
    """Replaces what fits the rule, and counts how often it did."""

    def __init__(self, rule: ast.AST, instead: ast.AST) -> None:
        self.rule, self.instead, self.found = rule, instead, 0

    def visit(self, node: ast.AST) -> ast.AST:
        places: dict[str, ast.AST] = {}
        if _fits(self.rule, node, places):
            self.found += 1
            new = _Filled(places).visit(deepcopy(self.instead))
            return ast.Expr(new) if isinstance(node, ast.stmt) and isinstance(new, ast.expr) else new
        return self.generic_visit(node)


class _Filled(ast.NodeTransformer):
    def __init__(self, places: dict[str, ast.AST]) -> None:
        self.places = places

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return deepcopy(self.places.get(node.id, node))


def _fits(rule: object, node: object, places: dict[str, ast.AST]) -> bool:
    if isinstance(rule, ast.Name) and PLACE.fullmatch(rule.id) and isinstance(node, ast.expr):
        return _fits(places.setdefault(rule.id, node), node, {})
    if isinstance(rule, list) and isinstance(node, list):
        return len(rule) == len(node) and all(_fits(one, other, places) for one, other in zip(rule, node, strict=True))
    if isinstance(rule, ast.AST):
        fields = [field for field in rule._fields if field not in UNIMPORTANT]
        return type(rule) is type(node) and all(_fits(getattr(rule, f), getattr(node, f), places) for f in fields)
    return rule == node
